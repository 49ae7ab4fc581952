"""`tamarisk list`: every name that another command takes, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tamarisk as lab
from tamarisk.model.context import changeable

Said = Callable[..., str]
Told = Callable[..., dict[str, Any]]

LISTS: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "contexts": ("name", lambda: list(lab.contexts())),
    "drugs": ("name", lambda: list(lab.substances())),
    "media": ("name", lambda: list(lab.media())),
    "readouts": ("name", lambda: list(lab.readouts())),
    "genes": ("gene", lambda: [edge.gene for edge in lab.read_regulon().edges]),
    "arrows": ("arrow", lambda: list(lab.arrows())),
    "findings": ("id", lambda: list(lab.findings())),
    "parameters": ("parameter", lambda: list(changeable())),
}


@pytest.mark.parametrize("what", LISTS)
def test_json_lists_what_the_library_knows(told: Told, what: str) -> None:
    """Law: one record per thing, in the library's order, every field filled with text."""
    key, names = LISTS[what]
    record = told("list", what)
    assert list(record) == [what]
    assert [row[key] for row in record[what]] == names()
    assert all(isinstance(cell, str) and cell for row in record[what] for cell in row.values())


@pytest.mark.parametrize("what", LISTS)
def test_names_can_be_copied_from_the_table(said: Said, what: str) -> None:
    """Law: each name stands whole on one line of the table, so that it can be copied into another command."""
    lines = {line.split("  ")[0].strip() for line in said("list", what).splitlines()}
    assert set(LISTS[what][1]()) <= lines


def test_units_stand_beside_what_is_measured(told: Told) -> None:
    """Law: readouts and parameters carry the library's unit."""
    assert {row["name"]: row["unit"] for row in told("list", "readouts")["readouts"]} == {
        name: one.unit for name, one in lab.readouts().items()
    }
    assert {row["parameter"]: row["unit"] for row in told("list", "parameters")["parameters"]} == {
        name: one.unit for name, one in changeable().items()
    }


def test_usual_doses_are_doses(told: Told) -> None:
    """Law: the usual dose that is listed is one that the commands read."""
    for row in told("list", "drugs")["drugs"]:
        assert lab.dose(f"{row['name']}={row['usual dose']}").amount > 0


def test_listed_arrows_can_be_taken_out() -> None:
    """Law: every listed arrow is one that the library takes out, and each changes the model."""
    model = lab.read_model()
    assert all(lab.without_arrow(model, name).constants != model.constants for name in lab.arrows())


def test_an_unknown_arrow_is_refused() -> None:
    """Refusal: the nearest arrow is offered."""
    with pytest.raises(lab.TamariskError) as refused:
        lab.without_arrow(lab.read_model(), "mTORC1 -> S6K")
    assert str(refused.value).startswith("no arrow 'mTORC1 -> S6K'; did you mean 'mTORC1 → S6K1'")
