"""Whatever is wrong with the words that were typed: one sentence on the error stream, exit code 2, and nothing written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

import tamarisk as lab
from tamarisk.doors.cli.main import COMMANDS

Files = Mapping[str, str]
Bad = (
    tuple[str, str, str] | tuple[str, str, str, Files]
)  # a name, the command line, the sentence, and files that lie there before

DOSE = "write NAME=DOSEunit[@FROM[-TO]], as fulvestrant=100nM@24h-72h"
NUMBER = "write a number with its unit, as"
MOLAR = "use one of fM, pM, nM, uM, mM, M"
LESS = "nothing can be less than none"
LONG = "longer than any culture is kept; give at most 24mo"
OURS = "the folder holds files that are not ours; name an empty or a new one"
WRITE = "nothing can be written here; name another place"
EXISTS = "the file exists already; name another; nothing was overwritten"
THEIRS = {"theirs/notes.txt": "mine"}
A_FILE = {"a.txt": "mine"}
A_MODULE = {"mine/receptor.ant": "mine"}


def _known(names: Mapping[str, object]) -> str:
    return f"known: {', '.join(names)}"


FRONT: list[Bad] = [
    ("no such command", "simulat", "no command 'simulat'; did you mean 'simulate'?"),
    ("nothing like a command", "xyzzy", f"no command 'xyzzy'; {_known(COMMANDS)}"),
    ("no such option", "simulate --medim E2", "no option '--medim'; did you mean --medium?"),
    ("nothing like an option", "doctor --xyzzy", "No such option '--xyzzy'"),
    ("option without its value", "simulate --drug", "Option '--drug' requires an argument"),
    ("one word too many", "doctor now", "Got unexpected extra argument (now)"),
    (
        "list of nothing",
        "list",
        "nothing to list is named; choose contexts, drugs, media, readouts, genes, arrows, findings or parameters",
    ),
    ("no such list", "list drugz --json", "no list 'drugz'; did you mean 'drugs'?"),
    ("no such ruler", "measure growht cells.csv", "no ruler 'growht'; did you mean 'growth'?"),
    ("no such question", "evidence serch PTEN", "no command 'serch'; did you mean 'search'?"),
    ("no such suite", "suite none.zip --out new", "none.zip: no such file; check the path"),
]

NAMES: list[Bad] = [
    ("drug", "simulate --drug fulvestrnt=1nM --out new", "no drug 'fulvestrnt'; did you mean 'fulvestrant'?"),
    ("drug like no other", "simulate --drug xyzzy=1uM --json", f"no drug 'xyzzy'; {_known(lab.substances())}"),
    ("context", "simulate --context ZR-75-2 --out new", "no context 'ZR-75-2'; did you mean 'ZR-75-1'?"),
    ("edit", "simulate --context 'MCF-7 + PTEN-knokdown'", "no context 'PTEN-knokdown'; did you mean 'PTEN-knockdown'?"),
    (
        "edit without line",
        "simulate --context PTEN-knockdown --json",
        "'PTEN-knockdown' is an edit, not a line; write a line first, as 'MCF-7 + PTEN-knockdown'",
    ),
    (
        "line after +",
        "simulate --context 'MCF-7 + T47D'",
        "'T47D' is a line and cannot be added to 'MCF-7'; only edits come after +",
    ),
    (
        "nothing after +",
        "simulate --context 'MCF-7 +'",
        "'MCF-7 +' ends in a +; write an edit after it, as 'MCF-7 + PTEN-knockdown'",
    ),
    (
        "+ without blanks",
        "simulate --context MCF-7+PTEN-knockdown",
        "no context 'MCF-7+PTEN-knockdown'; did you mean 'MCF-7 + PTEN-knockdown'?",
    ),
    ("medium", "simulate --medium strippd --json", "no medium 'strippd'; did you mean 'stripped'?"),
    ("medium without name", "simulate --medium ''", f"no medium ''; {_known(lab.media())}"),
    ("medium of a rest", "simulate --rest starvd=24h", "no medium 'starvd'; did you mean 'starved'?"),
    ("readout", "simulate --readout apoptosi --out new", "no readout 'apoptosi'; did you mean 'apoptosis'?"),
    ("readout beside all", "simulate --readout all --readout pERK", "'all' reads everything; leave out the other readouts"),
    ("gene", "simulate --genes GADD45 --until 24h", "no gene 'GADD45'; did you mean 'GADD45A'?"),
    ("genes without name", "simulate --genes '' --until 24h", "no gene is named; write --genes all or --genes NAME,NAME"),
]

DOSES: list[Bad] = [
    ("dose without unit", "simulate --drug 4OHT=100", "dose of 4OHT: the dose '100' has no unit; write it as 100nM"),
    ("dose in mg", "simulate --drug 4OHT=1mg", f"dose of 4OHT: unknown unit 'mg' in '1mg'; {MOLAR}"),
    ("dose below zero", "simulate --drug 4OHT=-1uM", f"dose of 4OHT: the dose '-1uM' is negative; {LESS}"),
    ("dose that is no number", "simulate --drug 4OHT=nanuM", "dose of 4OHT: the dose 'nanuM' is not a finite number"),
    ("dose without end", "simulate --drug '4OHT=inf uM'", "dose of 4OHT: the dose 'inf uM' is not a finite number"),
    ("dose beyond numbers", "simulate --drug 4OHT=1e300M", "dose of 4OHT: the dose '1e300M' is not a finite number"),
    ("decimal comma", "simulate --drug 4OHT=1,5uM", f"dose of 4OHT: '1,5uM' is no dose; {NUMBER} 100nM"),
    ("drug without dose", "simulate --drug 4OHT --out new", f"'4OHT' is no dose; {DOSE}"),
    ("dose without drug", "simulate --drug =1uM", f"'=1uM' is no dose; {DOSE}"),
    (
        "window that ends first",
        "simulate --drug 4OHT=1uM@72h-24h",
        "the dose '4OHT=1uM@72h-24h' ends at 24 h, not after its start at 72 h",
    ),
    ("window without unit", "simulate --drug 4OHT=1uM@24-72h", "dose of 4OHT: the time '24' has no unit; write it as 24h"),
    ("window without times", "simulate --drug 4OHT=1uM@", f"'4OHT=1uM@' is no dose; {DOSE}"),
    ("window before time 0", "simulate --drug 4OHT=1uM@-24h", f"'4OHT=1uM@-24h' is no dose; {DOSE}"),
    ("window left open", "simulate --drug 4OHT=1uM@24h-", f"dose of 4OHT: '' is no time; {NUMBER} 24h"),
    ("overlap", "simulate --drug 4OHT=1uM --drug 4OHT=1nM@24h", "two doses of 4OHT overlap from 24 h; give one dose at a time"),
    (
        "overlap under two names",
        "simulate --drug rapamycin=20nM@0h-48h --drug sirolimus=1nM@36h-72h",
        "two doses of rapamycin overlap from 36 h; give one dose at a time",
    ),
    ("start in words", "simulate --from soon", f"from: 'soon' is no time; {NUMBER} 24h"),
    ("start below zero", "simulate --from -1h --drug 4OHT=1uM", f"from: the time '-1h' is negative; {LESS}"),
    ("rest without time", "simulate --rest starved", "'starved' is no rest; write MEDIUM=TIME, as starved=24h"),
    ("rest without unit", "simulate --rest starved=24", "rest in starved: the time '24' has no unit; write it as 24h"),
]

TIMES: list[Bad] = [
    ("no time at all", "simulate --until 0h --out new", "until: the experiment has no duration; give a time such as 144h"),
    ("time without unit", "simulate --until 24", "until: the time '24' has no unit; write it as 24h"),
    ("time in words", "simulate --until soon", f"until: 'soon' is no time; {NUMBER} 24h"),
    ("lifetimes", "simulate --until 1000mo", f"until: 1000mo is {LONG}"),
    (
        "evolution of days",
        "evolve --drug 4OHT=1uM --until 6d --out new",
        "until: 6d is less than a week; cells evolve over weeks; simulate does days",
    ),
    ("evolution of lifetimes", "evolve --drug 4OHT=1uM --until 1000mo", f"until: 1000mo is {LONG}"),
]

SCREENS: list[Bad] = [
    ("screen of nothing", "screen --out new", "Missing option '--drug'"),
    (
        "three drugs",
        "screen --drug 4OHT --drug rapamycin --drug lapatinib",
        "drugs: 3 drugs were given; screen one drug, or two for a surface",
    ),
    (
        "one drug twice",
        "screen --drug fulvestrant --drug Faslodex",
        "drugs: fulvestrant was given twice; name two different drugs",
    ),
    (
        "range that falls",
        "screen --drug 4OHT=1uM-1nM --out new",
        "4OHT: the range 1uM-1nM does not rise from above zero; write the lower dose first",
    ),
    ("range below zero", "screen --drug 4OHT=-1nM-1uM", f"range of 4OHT: the dose '-1nM' is negative; {LESS}"),
    ("range without units", "screen --drug 4OHT=100-1000", "range of 4OHT: the dose '100' has no unit; write it as 100nM"),
    ("dose for a range", "screen --drug 4OHT=1nM", "4OHT: '1nM' is no range; write LOW-HIGH, as 1nM-10uM"),
    ("range of three", "screen --drug 4OHT=1nM-10nM-1uM", "4OHT: '1nM-10nM-1uM' is no range; write LOW-HIGH, as 1nM-10uM"),
    (
        "nutrient",
        "screen --drug 'amino acids'",
        "amino acids is a nutrient and has no concentration; screen a drug, hormone or ligand",
    ),
    ("too few points", "screen --drug 4OHT --points 4 --out new", "points: 4 doses make no curve; ask for at least five"),
    ("too many points", "screen --drug 4OHT --points 101", "points: 101 doses are more than a curve needs; ask for at most 100"),
    ("points in words", "screen --drug 4OHT --points many", "Invalid value for '--points': 'many' is not a valid integer"),
    ("companion without dose", "screen --drug 4OHT --with rapamycin", f"'rapamycin' is no dose; {DOSE}"),
    ("evolution in nothing", "evolve --out new", "Missing option '--drug'"),
    ("reversal of nothing", "reverse --context MCF7-TamR", "Missing option '--therapy'"),
    (
        "hormone for a therapy",
        "reverse --therapy E2 --out new",
        "E2 is a hormone, not a therapy; name a drug, as 4OHT or fulvestrant=100nM",
    ),
    ("unknown therapy", "reverse --therapy fulvestrnt --json", "no drug 'fulvestrnt'; did you mean 'fulvestrant'?"),
    ("therapy of nothing", "reverse --therapy 4OHT=0nM --singles", "4OHT: a dose of 0nM is no therapy; give a dose above zero"),
    (
        "therapy for a while",
        "reverse --therapy 4OHT=1uM@24h --singles",
        "4OHT: '1uM@24h' is no dose of a therapy; write NAME=DOSEunit, as fulvestrant=100nM",
    ),
    ("negative explain", "reverse --therapy 4OHT --singles --explain -1", f"explain: -1 is negative; {LESS}"),
    ("negative top", "reverse --therapy 4OHT --singles --top -1", f"top: -1 is negative; {LESS}"),
    ("top in words", "reverse --therapy 4OHT --top five", "Invalid value for '--top': 'five' is not a valid integer"),
]

PLACES: list[Bad] = [
    ("no such row", "reproduce --only G44 --out new", "no finding 'G44'; did you mean 'G4'?"),
    ("row in words", "reproduce --only tamoxifen --out new --json", f"no finding 'tamoxifen'; {_known(lab.findings())}"),
    ("report into others' files", "reproduce --only G4 --out theirs", f"theirs: {OURS}", THEIRS),
    (
        "report onto a file",
        "reproduce --only G4 --out a.txt",
        "Invalid value for '--out': Directory 'a.txt' is a file",
        A_FILE,
    ),
    ("report under a file", "reproduce --only G4 --out a.txt/new", f"a.txt/new: {WRITE}", A_FILE),
    ("simulation into others' files", "simulate --out theirs", f"theirs: {OURS}", THEIRS),
    (
        "simulation onto a file",
        "simulate --out a.txt",
        "Invalid value for '--out': Directory 'a.txt' is a file",
        A_FILE,
    ),
    ("simulation under a file", "simulate --out a.txt/new --json", f"a.txt/new: {WRITE}", A_FILE),
    ("simulation nowhere", "simulate --out ''", "Invalid value for '--out': the name is empty"),
    ("screen into others' files", "screen --drug 4OHT --points 5 --out theirs", f"theirs: {OURS}", THEIRS),
    ("evolution into others' files", "evolve --drug 4OHT=1uM --until 2wk --out theirs", f"theirs: {OURS}", THEIRS),
    (
        "reversal into others' files",
        "reverse --context MCF7-TamR --therapy 4OHT --singles --explain 0 --out theirs --json",
        f"theirs: {OURS}",
        THEIRS,
    ),
    ("export of nothing", "export --context MCF7-TamR", "nothing to write; give --sbml FILE or --antimony DIR"),
    ("export of unknown cells", "export --context ZR-75-2 --sbml new.xml", "no context 'ZR-75-2'; did you mean 'ZR-75-1'?"),
    ("modules of unknown cells", "export --context ZR-75-2 --antimony new", "no context 'ZR-75-2'; did you mean 'ZR-75-1'?"),
    ("export onto a file", "export --sbml a.xml --json", f"a.xml: {EXISTS}", {"a.xml": "mine"}),
    ("export onto a folder", "export --sbml empty", "Invalid value for '--sbml': File 'empty' is a directory", {"empty/": ""}),
    ("export under a file", "export --sbml a.txt/new.xml", f"a.txt/new.xml: {WRITE}", A_FILE),
    (
        "modules onto a file",
        "export --antimony a.txt",
        "Invalid value for '--antimony': Directory 'a.txt' is a file",
        A_FILE,
    ),
    ("modules onto a module", "export --antimony mine", f"mine/receptor.ant: {EXISTS}", A_MODULE),
    ("modules into others' files", "export --antimony theirs", f"theirs: {OURS}", THEIRS),
    (
        "both, one of them there",
        "export --sbml new.xml --antimony mine",
        f"mine/receptor.ant: {EXISTS}",
        A_MODULE,
    ),
    ("modules under a file", "export --antimony a.txt/new", f"a.txt/new: {WRITE}", A_FILE),
]

TABLE = [*FRONT, *NAMES, *DOSES, *TIMES, *SCREENS, *PLACES]


@pytest.mark.parametrize("bad", TABLE, ids=[bad[0].replace(" ", "-") for bad in TABLE])
def test_bad_words_are_one_sentence(refused: Callable[..., None], bad: Bad) -> None:
    """Refusal: exit code 2, standard output empty, the error stream holds the sentence alone, and no file appears or changes."""
    _, words, sentence, *files = bad
    refused(words, sentence, *files)


def test_every_command_is_asked_wrongly() -> None:
    """Law: the table above leaves out no command."""
    assert {bad[1].split()[0] for bad in TABLE} >= set(COMMANDS)
