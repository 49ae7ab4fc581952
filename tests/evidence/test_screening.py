"""The way from records to numbers: counted where the tables know, not stated where nobody said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tamarisk.errors import TableError
from tamarisk.evidence.effect import effects
from tamarisk.evidence.screening import COUNTED, read_stages, stages
from tamarisk.evidence.study import studies
from tamarisk.evidence.trial import trials

HEAD = "name\tafter\ttext\tnumber\tcounted\tcategory\twhere\n"
NAMED = {one.name: one for one in stages()}


def written(folder: Path, *rows: str) -> Path:
    """A file of stages."""
    path = folder / "mine.tsv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_the_flow_is_in_order() -> None:
    """Law: the first stage follows none, each other one follows a stage above it, and a part is no more than its whole."""
    assert [one.name for one in stages() if not one.after] == ["found"]
    seen: list[str] = []
    for one in stages():
        assert one.after in (*seen, ""), one.name
        seen.append(one.name)
    for part, whole in (
        ("with numbers", "studies"),
        ("with intervals", "with numbers"),
        ("identified", "studies"),
        ("eligible", "studies"),
    ):
        assert (NAMED[part].count or 0) <= (NAMED[whole].count or 0)


def test_categories_add_up() -> None:
    """Law: studies per category are all the studies."""
    assert sum(NAMED[name].count or 0 for name in ("cell line", "animal", "clinical")) == len(studies()) == NAMED["studies"].count


def test_counts_are_those_of_the_tables() -> None:
    """Reference: counted again here."""
    assert NAMED["eligible"].count == len({one.reference for one in studies().values()})
    assert NAMED["animal"].count == sum(one.category == "animal" for one in studies().values())
    assert NAMED["with numbers"].count == sum(one.estimate is not None for one in studies().values())
    assert NAMED["effects"].count == len(effects())
    assert NAMED["poolable effects"].count == sum(one.poolable for one in effects().values())
    assert NAMED["trials"].count == len({one.trial for one in trials().values()})


def test_what_nobody_said_is_not_stated() -> None:
    """Golden: nobody counted records where we saw; the founding review has about 50 articles (DESIGN.md section 2)."""
    assert [NAMED[name].count for name in ("found", "screened", "founding")] == [None, None, 50]
    assert NAMED["found"].shown == "not stated" and NAMED["founding"].where
    assert NAMED["eligible"].where == "counted here" and NAMED["eligible"].shown.isdecimal()


def test_a_file_of_stages(tmp_path: Path) -> None:
    """Reference: by hand; a number, a count and neither."""
    found = read_stages(written(tmp_path, "a\t\tall\t7\t\t\ta book", "b\ta\tanimals\t\tstudies\tanimal\t", "c\tb\tnone\t\t\t\t"))
    assert [one.count for one in found] == [7, NAMED["animal"].count, None]
    assert [one.where for one in found] == ["a book", "counted here", ""]


BAD = {
    "row 3, column name: 'a' stands already in row 2": ("a\t\tall\t\t\t\t", "a\t\tmore\t\t\t\t"),
    "row 2, column after: 'z' is no stage above this one": ("a\tz\tall\t\t\t\t",),
    "row 2, column text: the cell is empty": ("a\t\t\t\t\t\t",),
    "row 2, column number: leave it empty: studies are counted in the tables": ("a\t\tall\t7\tstudies\t\ta book",),
    "row 2, column number: 7.5 is no whole number": ("a\t\tall\t7.5\t\t\ta book",),
    "row 2, column where: the cell is empty, but there is a number; say where it was seen": ("a\t\tall\t7\t\t\t",),
    "row 2, column where: 'a book' stands without a number": ("a\t\tall\t\t\t\ta book",),
    f"row 2, column counted: 'papers' is none of {', '.join(COUNTED)}": ("a\t\tall\t\tpapers\t\t",),
    "row 2, column category: 'animal' says something only where studies, publications, identified, numbers, intervals are "
    "counted": ("a\t\tall\t\ttrials\tanimal\t",),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_stages_are_refused(tmp_path: Path, message: str) -> None:
    """Refusal: one fault, one sentence, with its row and column."""
    with pytest.raises(TableError) as caught:
        read_stages(written(tmp_path, *BAD[message]))
    assert str(caught.value) == f"mine.tsv, {message}"
