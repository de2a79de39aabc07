"""Texts that are nearly the same: which pairs are found, and what hangs together."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import alike, data
from course_utils.errors import CourseError

TEXTS = ["Walk slowly when you come near a horse.", "Note: walk slowly when you come near a horse.",
         "The referee sent off two players of the Rovers.", "WALK  slowly when you come near a horse"]  # fmt: skip


@given(st.text(), st.text())
def test_likeness_is_the_same_both_ways_and_one_for_the_same(one, other):
    assert alike.likeness(one, other) == alike.likeness(other, one)
    assert alike.likeness(one, one) == 1 and 0 <= alike.likeness(one, other) <= 1


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [("abcdef", "abcdef", 1), ("abcdef", "ABCDEF", 1), ("abc", "abd", 0), ("abcdef", "abcdeg", 1 / 3), ("", "", 1)],
)
def test_likeness_counts_runs_of_five(one, other, value):
    assert alike.likeness(one, other) == pytest.approx(value)


def test_pairs_are_those_above_the_threshold_and_no_others():
    assert [pair[:2] for pair in alike.pairs(TEXTS)] == [(0, 1), (0, 3), (1, 3)]
    for pair in alike.pairs(TEXTS, 0.5):
        assert pair.likeness == alike.likeness(TEXTS[pair.first], TEXTS[pair.second]) >= 0.5


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_hashing_misses_almost_none_of_the_pairs_that_counting_all_finds(threshold):
    texts = [row["quote"] for row in data.quotes("train", 240, 0)]
    texts += [f"News: {text}" for text in texts[:40]]
    all_ = {(i, j) for i, j in itertools.combinations(range(len(texts)), 2)
            if alike.likeness(texts[i], texts[j]) >= threshold}  # fmt: skip
    found = {pair[:2] for pair in alike.pairs(texts, threshold)}
    assert found <= all_ and len(found) >= 0.98 * len(all_) and len(all_) >= 40


def test_leaks_are_between_the_two_and_not_within_them():
    assert [pair[:2] for pair in alike.leaks(TEXTS[:2], TEXTS[2:])] == [(0, 1), (1, 1)]
    assert alike.leaks(TEXTS, []) == [] and alike.leaks([], TEXTS) == []


def test_groups_hang_together_by_likeness_and_by_what_they_share():
    assert alike.groups(TEXTS) == [0, 0, 2, 0]
    assert alike.groups(["one thing", "quite another", "a third"], same=["x", None, "x"]) == [0, 1, 0]
    assert alike.groups([*TEXTS, "a fifth text"], same=[None, None, "s", None, "s"]) == [0, 0, 2, 0, 2]
    assert alike.groups([]) == []


@pytest.mark.parametrize("threshold", [0, -0.1, 1.1])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(CourseError, match="it goes from above 0 to 1"):
        alike.pairs(TEXTS, threshold)
