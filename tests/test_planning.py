"""Splits by group, what a test can show, and the power law of a curve."""

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from course_utils import planning
from course_utils.errors import CourseError


@given(st.lists(st.integers(0, 30), min_size=4, max_size=200), st.floats(0.1, 0.5), st.integers(0, 5))
def test_a_split_cuts_no_group_and_loses_no_row(groups, share, seed):
    try:
        first, second = planning.split(groups, share, seed)
    except CourseError:
        assume(False)
    assert sorted(first + second) == list(range(len(groups)))
    assert not {groups[i] for i in first} & {groups[i] for i in second}
    largest = max(groups.count(group) for group in set(groups))
    assert abs(len(second) - share * len(groups)) <= largest


def test_a_split_is_the_seeds():
    groups = list(range(100))
    assert planning.split(groups, 0.2, 0) == planning.split(groups, 0.2, 0) != planning.split(groups, 0.2, 1)
    assert len(planning.split(groups, 0.2, 0)[1]) == 20


def test_one_group_of_everything_cannot_be_parted():
    with pytest.raises(CourseError, match="100 rows in 1 groups cannot be parted into 20%"):
        planning.split([0] * 100, 0.2)


@pytest.mark.parametrize(("rows", "differ"), [(60, 0.3), (200, 0.2), (1000, 0.2), (200, 0.5)])
def test_the_smallest_difference_is_seen_four_times_in_five(rows, differ):
    """By throwing the questions: McNemar's test finds a difference of that size in about 80 % of tests."""
    difference = planning.smallest_difference(rows, differ)
    drawn, seen, times = random.Random(0), 0, 1500
    for _ in range(times):
        only = [drawn.random() < (differ + difference) / (2 * differ) for _ in range(_binomial(drawn, rows, differ))]
        seen += bool(only) and stats.binomtest(sum(only), len(only)).pvalue < 0.05
    assert 0.68 < seen / times < 0.88  # the exact test is a little stricter than the formula


def _binomial(drawn, rows, share):
    return sum(drawn.random() < share for _ in range(rows))


def test_more_rows_show_less_and_few_show_nothing():
    values = [planning.smallest_difference(n, 0.2) for n in (50, 100, 1000, 10_000)]
    assert values == sorted(values, reverse=True) and values[-1] < 0.02
    assert planning.smallest_difference(10, 0.2) == math.inf
    for rows, differ in ((0, 0.2), (10, 0.0), (10, 1.5)):
        with pytest.raises(CourseError, match="give at least 1 row"):
            planning.smallest_difference(rows, differ)


@given(st.floats(0.1, 2), st.floats(0.1, 1.5))
def test_a_power_law_is_found_again(a, b):
    counts = [50, 100, 200, 400]
    found = planning.power_law(counts, [a * n**-b for n in counts])
    if a * 400**-b > 1e-3:
        assert found == (pytest.approx(a, rel=1e-6), pytest.approx(b, rel=1e-6))


def test_a_curve_of_one_point_is_refused():
    with pytest.raises(CourseError, match="two counts"):
        planning.power_law([100, 100], [0.1, 0.2])


def test_too_few_rows_are_refused_in_one_line():
    planning.require_rows(24, "rows.jsonl")
    with pytest.raises(CourseError, match=r"rows.jsonl holds 1 row that can be used: 24 are the least"):
        planning.require_rows(1, "rows.jsonl")
