"""Exercises of lesson 14."""

from __future__ import annotations

import math
from collections.abc import Sequence

from course_utils.checks.exercise import Case, Exercise


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


leaked_rows = Exercise(
    name="leaked_rows",
    answer=lambda train, test: sum(_plain(text) in {_plain(seen) for seen in train} for text in test),
    cases=[
        Case(["a"], ["b"]),
        Case(["When?"], ["When?"]),
        Case(["When?"], ["when?"]),
        Case(["open  on Sunday"], [" open on\nSunday "]),
        Case(["a", "a", "b"], ["a", "c"]),  # twice in the training is still one test row
        Case(["a", "b"], ["a", "a", "b", "c"]),
        Case(["opening hours"], ["hours"]),  # a part of a row is another row
    ],
    hint='Make both alike first, " ".join(text.lower().split()), and keep the training ones in a set.',
    why="Leaks are seldom letter for letter. Lower case and single spaces catch the lazy ones; likeness, as above, "
    "those with a word more.",
    mistakes={
        "Capitals hide a leak: compare in lower case.": lambda train, test: sum(
            " ".join(text.split()) in {" ".join(seen.split()) for seen in train} for text in test
        ),
        "Spaces hide a leak: make every run of spaces one.": lambda train, test: sum(
            text.lower() in {seen.lower() for seen in train} for text in test
        ),
        "Only rows that are equal letter for letter are counted.": lambda train, test: sum(
            text in train for text in test
        ),
        "Count the test's rows, not the training's.": lambda train, test: sum(
            _plain(text) in {_plain(seen) for seen in test} for text in train
        ),
        "A question that stands in the test twice is two leaked rows: do not make the test a set.": (
            lambda train, test: len({_plain(text) for text in train} & {_plain(text) for text in test})
        ),
        "A test row has to be a whole training row, not a part of one.": lambda train, test: sum(
            any(_plain(text) in _plain(seen) for seen in train) for text in test
        ),
    },
)


def _runs(text: str, n: int) -> set[str]:
    return {text[i : i + n] for i in range(len(text) - n + 1)}


jaccard = Exercise(
    name="jaccard",
    answer=lambda one, other, n: len(_runs(one, n) & _runs(other, n)) / len(_runs(one, n) | _runs(other, n)),
    cases=[
        Case("abc", "abc", 2),
        Case("abc", "xyz", 2),
        Case("abc", "abcd", 2),
        Case("aaaa", "aaab", 2),  # a run that comes often is one run
        Case("walk slowly", "walk slow", 3),
        Case("abab", "ba", 1),
    ],
    hint="Make the set of all pieces of n characters of each text; divide the size of what both have by the size of "
    "what either has.",
    why="Sets, so that a run counts once however often it comes; by the union, so that a short text within a long one "
    "is not taken for its twin. MinHash estimates just this number.",
    mistakes={
        "Divide by all runs of both together, not by the first text's.": lambda one, other, n: (
            len(_runs(one, n) & _runs(other, n)) / len(_runs(one, n))
        ),
        "That is the overlap coefficient: a part of a text would be its twin. Divide by the union.": (
            lambda one, other, n: len(_runs(one, n) & _runs(other, n)) / min(len(_runs(one, n)), len(_runs(other, n)))
        ),
        "That is Dice's coefficient, twice the common over the sum; Jaccard's divides by the union.": (
            lambda one, other, n: 2 * len(_runs(one, n) & _runs(other, n)) / (len(_runs(one, n)) + len(_runs(other, n)))
        ),
        "The last run is missing: there are len(text) - n + 1 of them.": lambda one, other, n: (
            len({one[i : i + n] for i in range(len(one) - n)} & {other[i : i + n] for i in range(len(other) - n)})
            / len({one[i : i + n] for i in range(len(one) - n)} | {other[i : i + n] for i in range(len(other) - n)})
        ),
        "How unlike they are is one minus that.": lambda one, other, n: (
            1 - len(_runs(one, n) & _runs(other, n)) / len(_runs(one, n) | _runs(other, n))
        ),
    },
)


def _slope(n1: float, e1: float, n2: float, e2: float) -> float:
    return math.log(e1 / e2) / math.log(n2 / n1)


rows_needed = Exercise(
    name="rows_needed",
    answer=lambda n1, e1, n2, e2, target: n2 * (e2 / target) ** (1 / _slope(n1, e1, n2, e2)),
    cases=[
        Case(100, 0.4, 200, 0.2, 0.1),  # halves each time: one doubling more
        Case(100, 0.4, 400, 0.2, 0.1),
        Case(50, 0.3, 500, 0.1, 0.1),
        Case(1000, 0.2, 2000, 0.19, 0.05),
    ],
    hint="First b: how often the error falls by a factor, log(e1 / e2) / log(n2 / n1). Then ask by what factor the "
    "rows have to grow for e2 to fall to the target.",
    why="A power law is a straight line on two logarithmic axes; two points give its slope. The flatter it is, the "
    "more rows a point costs: with b = 0.5 four times as many for half the error. It is a forecast, and errors have a "
    "floor: wrong answers in the test.",
    mistakes={
        "The exponent is upside down: rows grow with the 1/b-th power of the error's fall.": (
            lambda n1, e1, n2, e2, target: n2 * (e2 / target) ** _slope(n1, e1, n2, e2)
        ),
        "It is a power of the rows, not a straight line: extrapolate the logarithms.": lambda n1, e1, n2, e2, target: (
            n2 + (e2 - target) * (n2 - n1) / (e1 - e2)
        ),
        "Go on from n2, where the error is e2, not from n1.": lambda n1, e1, n2, e2, target: (
            n1 * (e2 / target) ** (1 / _slope(n1, e1, n2, e2))
        ),
        "That is by what factor the rows grow: multiply by the rows you have.": lambda n1, e1, n2, e2, target: (
            (e2 / target) ** (1 / _slope(n1, e1, n2, e2))
        ),
        "That is one over the square: b comes from the two points.": lambda n1, e1, n2, e2, target: (
            n2 * (e2 / target) ** 2
        ),
    },
)


def _group_split(groups: Sequence[str], wanted: int) -> list[int]:
    chosen: list[str] = []
    for group in dict.fromkeys(groups):
        if sum(each in chosen for each in groups) >= wanted:
            break
        chosen.append(group)
    return [i for i, group in enumerate(groups) if group in chosen]


group_split = Exercise(
    name="group_split",
    answer=_group_split,
    cases=[
        Case(["a", "b"], 1),
        Case(["a", "a", "b"], 1),  # whole sources
        Case(["a", "b", "a", "b"], 1),  # wherever their rows stand
        Case(["a", "b", "a"], 2),
        Case(["a", "b", "b", "c"], 2),
        Case(["b", "a", "b", "c", "c"], 2),
        Case(["a", "b"], 0),
    ],
    hint="Keep a list of chosen sources; add the next one as long as the rows of the chosen ones are fewer than "
    "wanted. Then return the places of all their rows.",
    why="The test gets a little more than wanted, and no source that the training has seen. Splitting by row would "
    "test how well a model recognises its sources.",
    mistakes={
        "That splits by row: a source stands on both sides.": lambda groups, wanted: list(range(wanted)),
        "A source is cut where the wanted number is reached: take it whole.": lambda groups, wanted: _group_split(
            groups, wanted
        )[:wanted],
        "Rows of a source further down are left behind: a source need not stand together.": lambda groups, wanted: [
            i for i, group in enumerate(groups) if i < wanted or (i and group == groups[i - 1] and i <= wanted)
        ],
        "Sources are taken in the order in which they first come, not by their names.": lambda groups, wanted: (
            [i for i, g in enumerate(groups) if g in {sorted(set(groups))[k] for k in range(_count(groups, wanted))}]
        ),
        "One source too many: stop as soon as there are as many rows as wanted.": lambda groups, wanted: _group_split(
            groups, wanted + 1
        ),
        "The sources are returned, not the places of their rows.": lambda groups, wanted: list(
            dict.fromkeys(groups[i] for i in _group_split(groups, wanted))
        ),
    },
)


def _count(groups: Sequence[str], wanted: int) -> int:
    """Sources in the order of their names that hold the wanted rows."""
    names = sorted(set(groups))
    return next(k for k in range(len(names) + 1) if sum(group in names[:k] for group in groups) >= wanted)
