"""The report page: whole, self-contained, and every word from outside only a word."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tamarisk as lab
from tamarisk.calibration.target import agrees, deviation, read_targets
from tamarisk.doors.plot import inline, save
from tamarisk.doors.report import report_page
from tamarisk.model.parameters import MODEL_FOLDER, read_parameters
from tamarisk.study.figure import Axis, Bars
from tamarisk.study.finding import Answer, Figure, Reading, finding, findings
from tamarisk.study.trust import Check

Read = Callable[[str], Any]
HOSTILE = "<b>x</b> & \"quoted\" </article><script>alert('1')</script>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Makes a page of answers, with two figures for each row, and observations that the model meets exactly."""
    model, parameters = lab.read_model(), read_parameters(MODEL_FOLDER / "parameters.tsv")
    checks = [Check(one, one.value, agrees(one, one.value), deviation(one, one.value)) for one in read_targets()]
    folder = tmp_path_factory.mktemp("figures")

    def make(*answers: Answer, title: str = "Two bars", command: str = "tamarisk reproduce") -> str:
        bars = Bars(title, Axis("share"), ("a", "b"), (("V_total", (0.1, 0.9)), ("V_net", (0.2, 0.3))))
        picture = inline(save(bars, folder, "bars")[0])
        pictures = {one.finding.id: [picture, picture] for one in answers}
        return report_page(answers, pictures, model=model, parameters=parameters, checks=checks, command=command)

    return make


def _answer(name: str, holds: bool | None = True, **changes: Any) -> Answer:
    reading = Reading(0.4321, "fold", holds, f"this is why {name}", (0.4, 0.5), f"what {name} covers")
    return Answer(finding(name), replace(reading, **changes))


def test_every_row_is_told_in_full(made: Callable[..., str], page: Read) -> None:
    """Law: each row has an article with its claim, criterion, verdict, value, reason and interval, and a line in the table."""
    answers = [_answer(name, holds) for name, holds in zip(findings(), [True, False, None] * 8, strict=False)]
    read = page(made(*answers))
    assert list(read.articles) == list(findings())
    for one in answers:
        told = " ".join(read.articles[one.finding.id]).replace("\u00a0", " ")
        words = (one.finding.claim, one.finding.criterion, one.finding.did, one.finding.value_is, one.reading.verdict)
        assert [word for word in words if " ".join(word.split()) not in told] == []
        assert f"this is why {one.finding.id}" in told
        assert f"0.4 to 0.5: what {one.finding.id} covers" in told.replace(" :", ":")
        assert "0.432 fold" in told
        assert ("a", "href", f"#{one.finding.id}") in read.attributes


def test_verdicts_are_counted(made: Callable[..., str], page: Read) -> None:
    """Law: the page opens with how many rows hold, do not hold and were not computed."""
    words = page(made(_answer("R1"), _answer("R2"), _answer("G4", False), _answer("G9", None))).words
    counts = {words[place + 1]: int(words[place]) for place in range(len(words) - 1) if words[place].isdigit()}
    assert [counts[word] for word in ("holds", "does not hold", "not computed")] == [2, 1, 1]


def test_names_on_the_page_are_its_own(made: Callable[..., str], page: Read) -> None:
    """Law: no identifier stands twice, though every figure has the same shapes, and every pointer into the page has a goal."""
    text = made(_answer("R1"), _answer("G4"))
    read = page(text)
    assert [name for name in set(read.ids) if read.ids.count(name) > 1] == []
    inside = [value[1:] for _, name, value in read.attributes if name in {"href", "xlink:href"} and value.startswith("#")]
    painted = re.findall(r"url\(#([^)]+)\)", text)
    assert len(painted) > 3
    assert {*inside, *painted} - set(read.ids) == set()


def test_the_page_needs_nothing_else(made: Callable[..., str], page: Read) -> None:
    """Law: nothing on the page is fetched: no script, style sheet, frame or picture from elsewhere."""
    text = made(_answer("R1"), _answer("G4"))
    read = page(text)
    assert {"script", "link", "iframe", "object", "embed", "img", "base"} & set(read.tags) == set()
    assert [one for one in read.attributes if one[1] in {"src", "srcset", "data", "action", "poster"}] == []
    assert [one for one in read.attributes if one[1].startswith("on")] == []
    assert [one for one in read.attributes if one[1].endswith("href") and one[0] != "a" and not one[2].startswith("#")] == []
    assert re.findall(r"@import|url\(\s*['\"]?(?!#)", text) == []


def test_words_from_outside_are_only_words(made: Callable[..., str], page: Read) -> None:
    """Law: a hostile claim, reason, label, unit, title or command is shown letter by letter and changes no tag of the page."""
    plain = page(made(_answer("G4", numbers=(Figure("label", 1.0, "fold", "note"),))))
    numbers = (Figure(HOSTILE, 1.0, HOSTILE, HOSTILE),)
    answer = _answer("G4", reason=HOSTILE, covers=HOSTILE, unit=HOSTILE, numbers=numbers)
    names = ("claim", "did", "criterion", "value_is", "source")
    hostile = Answer(replace(answer.finding, **dict.fromkeys(names, HOSTILE)), answer.reading)
    read = page(made(hostile, title="<b>bold</b> & <i>", command=HOSTILE))
    assert read.tags == plain.tags
    told = " ".join(read.words)
    assert told.count(HOSTILE) >= 12
    assert "<b>bold</b> & <i>" in told


def test_numbers_that_are_none_are_no_numbers(made: Callable[..., str], page: Read) -> None:
    """Law: a value that was not computed is a dash, never nan."""
    told = " ".join(page(made(_answer("G9", None, value=math.nan, interval=None))).articles["G9"])
    assert "–" in told
    assert re.search(r"\bnan\b", told) is None


def test_the_page_says_how_it_was_made(made: Callable[..., str], page: Read) -> None:
    """Law: the command, the model's size and how far it can be trusted stand on the page."""
    told = " ".join(page(made(_answer("G4"), command="tamarisk reproduce --only G4")).words)
    model = lab.read_model()
    assert "tamarisk reproduce --only G4" in told
    assert f"{len(model.states)} states, {len(model.reactions)} reactions" in told
    fitted, held = (sum(one.held_out is out for one in read_targets()) for out in (False, True))
    assert f"fitted to {fitted} observations" in told
    assert f"{held} others" in told


def test_the_same_answers_are_the_same_page(made: Callable[..., str], tmp_path: Path) -> None:
    """Law: a page does not depend on when it was made."""
    assert made(_answer("R1"), _answer("G4")) == made(_answer("R1"), _answer("G4"))
