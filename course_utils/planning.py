"""What is decided before a training on rows of one's own: which rows test it, and what can be seen with so few."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from course_utils.errors import CourseError

POWER, SURE = 0.8416, 1.9600  # of the normal distribution: 80 % of real differences are seen, 5 % of the others


def split(groups: Sequence[object], share: float, seed: int = 0, least: int = 1) -> tuple[list[int], list[int]]:
    """Places of two parts, such that no group is in both.

    Args:
        groups: for each row its group; see ``alike.groups``.
        share: of all rows that the second part is to have, about: whole groups are taken until it has as many.
        seed: decides which.
        least: rows of each part.

    Raises:
        CourseError: a part gets fewer rows than ``least``, as where one group holds nearly all.
    """
    members: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    order = sorted(members, key=lambda group: members[group][0])
    random.Random(f"split:{seed}").shuffle(order)
    wanted, second = share * len(groups), []
    for group in order:
        # The last one is taken only if that comes nearer to what is wanted.
        if len(second) + len(members[group]) / 2 <= wanted:
            second += members[group]
    first = sorted(set(range(len(groups))) - set(second))
    if min(len(first), len(second)) < least:
        raise CourseError(
            f"{len(groups)} rows in {len(members)} groups cannot be parted into {share:.0%} and the rest with {least} "
            "rows each: more rows are needed, or rows that share less"
        )
    return first, sorted(second)


def smallest_difference(rows: int, differ: float) -> float:
    """The smallest difference of two shares that ``rows`` test rows show, four times in five, by McNemar's test.

    Args:
        rows: of the test, both models asked the same.
        differ: the share of rows on which just one of the two is right.

    Returns:
        The difference, 0 to ``differ``; infinite where even the largest possible one would not be seen. By the normal
        approximation of Connor (1987): n = (z_a √p + z_b √(p - d²))² / d².
    """
    if rows < 1 or not 0 < differ <= 1:
        raise CourseError(f"rows = {rows} and differ = {differ}: give at least 1 row, and a share above 0 up to 1")

    def needed(difference: float) -> float:
        spread = max(0.0, differ - difference**2)
        return ((SURE * math.sqrt(differ) + POWER * math.sqrt(spread)) / difference) ** 2

    if needed(differ) > rows:
        return math.inf
    low, high = 0.0, differ  # what is needed falls with the difference
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if middle and needed(middle) <= rows else (middle, high)
    return high


def power_law(counts: Sequence[float], errors: Sequence[float]) -> tuple[float, float]:
    """a and b of errors = a · counts^-b, by least squares of the logarithms; no error counts as less than 0.001."""
    points = [(math.log(n), math.log(max(e, 1e-3))) for n, e in zip(counts, errors, strict=True)]
    if len({x for x, _ in points}) < 2:
        raise CourseError("a curve needs points at two counts at least")
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / sum((x - middle_x) ** 2 for x, _ in points)
    return math.exp(middle_y - slope * middle_x), -slope


def require_rows(count: int, path: object, least: int = 24) -> None:
    """Stops where there are too few rows for a training, rows to steer by and a test.

    Raises:
        CourseError: there are fewer than ``least``.
    """
    if count < least:
        rows = "1 row that can be used" if count == 1 else f"{count} rows that can be used"
        raise CourseError(
            f"{path} holds {rows}: {least} are the least to train on, steer by and test with, and some hundreds are "
            "usual"
        )
