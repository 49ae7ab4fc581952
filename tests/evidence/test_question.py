"""Questions: each is asked once, has rows, and is pooled as those rows allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tamarisk.errors import TableError
from tamarisk.evidence import question as module
from tamarisk.evidence.effect import effects
from tamarisk.evidence.question import KINDS, POOLINGS, questions
from tamarisk.evidence.trial import trials
from tamarisk.study.pooled_evidence import pool_evidence

HEAD = "key\ttext\tcomponent\tkind\tpooling\twhy\n"


def test_every_question_of_the_issue_is_asked() -> None:
    """Golden: the questions of issue 5, item 4; a list has no tolerance."""
    asked = ("PIK3CA", "PTEN", "HER2-prognostic", "HER2-predictive", "pAKT", "mTOR-activation", "GLI1", "CCND1", "FGFR1", "EGFR")
    more = (
        "PGR-prognostic",
        "PGR-predictive",
        "mTOR-trials",
        "CDK4/6-trials",
        "PI3K-trials",
        "AKT-trials",
        "HER2-trials",
        "SRC-trials",
    )
    assert {*asked, *more} <= set(questions())


def test_every_question_is_one() -> None:
    """Law: it ends with a question mark, has a kind and a way of pooling, and says why its main rows are the main ones."""
    for one in questions().values():
        assert one.text.endswith("?") and one.why.endswith("."), one.key
        assert one.kind in KINDS and one.pooling in POOLINGS, one.key


def test_every_question_has_rows_of_its_kind() -> None:
    """Law: a treatment question is answered by trials, any other by effects, and none is empty."""
    for one in questions().values():
        of_trials = any(trial.question == one.key for trial in trials().values())
        of_effects = any(effect.question == one.key for effect in effects().values())
        assert (of_trials, of_effects) == (one.kind == "treatment", one.kind != "treatment"), one.key


def test_questions_are_pooled_as_their_rows_allow() -> None:
    """Law: two sets of patients or more are pooled, one is shown alone, and where there is none a published pool may stand."""
    for one in questions().values():
        published = any(effect.question == one.key and effect.role == "published pool" for effect in effects().values())
        main = pool_evidence(one.key).main
        count = main.k if main else 0
        expected = "random effects" if count > 1 else "one study" if count else "published pool" if published else "none"
        assert one.pooling == expected, one.key


def test_predictive_questions_compare_two_effects() -> None:
    """Law: a main row of a predictive question is a ratio of ratios, of any other question it is none."""
    for effect in effects().values():
        if effect.role in ("main", "part"):
            assert (effect.measure == "RHR") == (questions()[effect.question].kind == "predictive"), effect.id


BAD = {
    "row 2, column text: it is no question: the question mark is missing": "A\tWhy.\tPTEN\tprognostic\tnone\tSo.\n",
    "row 2, column kind: 'odd' is none of prognostic, predictive, treatment": "A\tWhy?\tPTEN\todd\tnone\tSo.\n",
    "row 2, column component: 'Pten' is no HGNC symbol; separate several with ';'": "A\tWhy?\tPten\tprognostic\tnone\tSo.\n",
    "row 2, column why: the cell is empty": "A\tWhy?\tPTEN\tprognostic\tnone\t\n",
    "row 3, column key: 'A' stands already in row 2": "A\tWhy?\tPTEN\tprognostic\tnone\tSo.\n" * 2,
}


@pytest.mark.parametrize("message", BAD)
def test_bad_questions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    """Refusal: no question, another kind, no reason, and a key that stands twice."""
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "questions.tsv").write_text(HEAD + BAD[message], encoding="utf-8")
    monkeypatch.setattr(module, "CONTENT", tmp_path)
    with pytest.raises(TableError) as caught:
        questions.__wrapped__()
    assert str(caught.value) == f"questions.tsv, {message}"
