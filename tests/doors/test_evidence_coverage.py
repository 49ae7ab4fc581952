"""`tamarisk evidence coverage`: reactions by support, and the flow of studies as a table and a diagram."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tamarisk.doors.flow import flow_diagram
from tamarisk.evidence.screening import Stage, stages
from tamarisk.model.antimony import read_model
from tamarisk.study.support import coverage

SVG = "{http://www.w3.org/2000/svg}"


def words(path: Path) -> str:
    """The text of a picture."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 -- our own file
    return " ".join("".join(one.itertext()).strip() for one in root.iter(f"{SVG}text"))


def test_json_holds_every_reaction_and_every_stage(told: Callable[..., dict[str, Any]]) -> None:
    """Law: as the library counts; the bars of issue 5 are in it."""
    record, found = told("evidence", "coverage"), coverage(read_model())
    assert record["reactions"] == len(found.reactions) == len(record["support"])
    assert record["with_evidence"] + record["assumed"] == record["reactions"]
    assert record["share"] >= 0.95
    assert record["cited_but_not_in_store"] == []
    assert [one["stage"] for one in record["flow"]] == [one.name for one in stages()]
    assert record["flow"][0]["count"] is None


def test_people_read_the_same(said: Callable[..., str]) -> None:
    """Law: the flow, the counts in a sentence, and a line for every reaction."""
    page, found = said("evidence", "coverage"), coverage(read_model())
    assert f"{len(found.reactions)} reactions: {found.count('evidence')} rest on publications" in page
    assert "not stated" in page
    lines = {line.split()[0] for line in page.splitlines() if line.split()}
    assert {one.reaction for one in found.reactions} <= lines


def test_the_diagram_holds_every_count(said: Callable[..., str], place: Path) -> None:
    """Law: every count is drawn, a stage without one says so, and the phases stand at the side."""
    said("evidence", "coverage", "--plot", "flow.svg")
    text = words(place / "flow.svg")
    for one in stages():
        assert (f"n = {one.count}" if one.count is not None else "not stated") in text
    assert all(phase in text for phase in ("Identification", "Screening", "Eligibility", "Included"))


def test_boxes_stand_below_what_they_are_part_of() -> None:
    """Law: no box covers another, each is below the one it comes from, and a parent stands over the middle of its parts."""
    chain = (
        Stage("found", "", "records", None, ""),
        Stage("eligible", "found", "publications", 10, "counted here"),
        Stage("cells", "eligible", "studies in cells", 6, "counted here"),
        Stage("patients", "eligible", "studies in patients", 4, "counted here"),
    )
    axes = flow_diagram(chain).axes[0]
    frames = [patch.get_bbox() for patch in axes.patches if hasattr(patch, "get_boxstyle")]
    found, eligible, cells, patients = frames
    assert found.y1 < eligible.y0
    assert eligible.y1 < cells.y0 == patients.y0
    assert cells.x1 < patients.x0
    assert eligible.x0 == found.x0 == pytest.approx((cells.x0 + patients.x0) / 2)


def test_bad_input_is_one_sentence(refused: Callable[..., None]) -> None:
    """Refusal: another kind of figure, and a file that is there already."""
    refused("evidence coverage --plot flow.gif", "flow.gif: '.gif' is no kind of figure; end the name in .svg or .png")
    sentence = "flow.svg: the file exists already; name another; nothing was overwritten"
    refused("evidence coverage --plot flow.svg", sentence, {"flow.svg": "mine"})
