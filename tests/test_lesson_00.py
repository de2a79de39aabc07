"""Lesson 00 by papermill: in a minute or two, and thirty steps are enough to see the difference."""

import pytest
from lessons import ROOT, code_cells, refusal

from course_utils import checks


@pytest.mark.slow
def test_thirty_steps_are_enough_to_see_it(report):
    results = report["results"]
    assert results["accuracy_before"] <= 0.05 and results["accuracy_after"] >= 0.4
    assert results["loss_last"] < 0.6 * results["loss_first"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "steps", "1"], "steps = 1 is out of range: it goes from 2 to 1000"),
        (["-p", "questions", "5"], "questions = 5 is out of range"),
        (["-p", "question", " "], "question is empty"),
        (["-p", "stepps", "9"], "steps"),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("00", *options)


def test_the_adapter_is_left_as_it_was_trained():
    """What the slider reads was computed by turning the adapter; the last thing done is to turn it back."""
    cell = next(c for c in code_cells(ROOT / "notebooks" / "00_start_here.ipynb") if "def chances_at" in c.source)
    assert cell.source.splitlines()[-1].startswith("chances_at(1.0)")


WRONG = [
    (checks.share_right, lambda right: 1.0, "right=[False]"),
    (checks.share_right, lambda right: right[0], "right=[True]"),
    (checks.megabytes_of, lambda weights, bits: weights / 1e6, "bits=16"),
    (checks.megabytes_of, lambda weights, bits: weights * bits // 8 / 1e9, "bits=8"),
    (checks.same_answer, lambda said, wanted: said == wanted, "said='Cold'"),
    (checks.same_answer, lambda said, wanted: True, "wanted='warm'"),
    (
        checks.same_answer,
        lambda said, wanted: said.replace(" ", "").lower().strip(".") == wanted.lower().strip("."),
        "co",
    ),
]


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict


def test_other_right_answers_are_accepted():
    def by_hand(said, wanted):
        texts = [text.strip(" ").lower() for text in (said, wanted)]
        return len({(text[:-1] if text.endswith(".") else text).strip() for text in texts}) == 1

    assert checks.same_answer(by_hand).ok is True
    assert checks.share_right(lambda right: right.count(True) / len(right)).ok is True
    assert checks.megabytes_of(lambda weights, bits: weights / (8 / bits) / 1_000_000).ok is True
