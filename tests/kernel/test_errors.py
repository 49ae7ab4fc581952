"""Errors: sentences that say where, what and what next."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tamarisk import errors
from tamarisk.errors import DataError, Issue, SimulationError, TamariskError, UnknownNameError, listed

LAW = settings(deadline=None, max_examples=60, derandomize=True)
KINDS = [
    one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, TamariskError) and one is not TamariskError
]
WORDS = some.text(alphabet="abcdef ", max_size=8)


@pytest.mark.parametrize(
    ("where", "hint", "sentence"),
    [
        ("", "", "no dose"),
        ("plate.tsv, row 2", "", "plate.tsv, row 2: no dose"),
        ("", "write one", "no dose; write one"),
        ("plate.tsv, row 2", "write one", "plate.tsv, row 2: no dose; write one"),
    ],
)
def test_the_parts_make_one_sentence(where: str, hint: str, sentence: str) -> None:
    """Refusal: the place comes first, the fault next and the advice last; what is not given leaves no mark."""
    with pytest.raises(DataError) as refused:
        raise DataError("no dose", where=where, hint=hint)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_is_caught_by_its_base_and_by_a_builtin(kind: type[TamariskError]) -> None:
    """Law: a program that knows nothing of Tamarisk can still catch its errors."""
    assert issubclass(kind, RuntimeError if kind is SimulationError else ValueError)


def test_there_are_seven_kinds() -> None:
    """Golden: seven kinds and one base, as STYLE.md section 4 has it; a count has no tolerance."""
    assert len(KINDS) == 7


@LAW
@given(what=WORDS, where=WORDS, hint=WORDS)
def test_an_error_travels_between_processes(what: str, where: str, hint: str) -> None:
    """Law: an error sent home by a worker says the same and keeps its parts."""
    sent = UnknownNameError(what, where=where, hint=hint)
    arrived = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes
    assert str(arrived) == str(sent)
    assert (arrived.what, arrived.where, arrived.hint) == (what, where, hint)


@LAW
@given(faults=some.lists(some.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_no_issue_is_lost_in_a_list(faults: list[tuple[str, str]]) -> None:
    """Law: a list of issues has one line for each, in order."""
    issues = [Issue(where, what) for where, what in faults]
    assert listed(issues).split("\n") == [str(issue) for issue in issues]
