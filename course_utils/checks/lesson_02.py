"""Exercises of lesson 02."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

from course_utils.checks.exercise import Case, Exercise

EVEN = [-1.0, -0.5, 0.0, 0.5, 1.0]
UNEVEN = [-1.0, -0.3, 0.0, 0.2, 1.0]


def _nearest(value: float, levels: list[float]) -> float:
    return min(levels, key=lambda level: abs(level - value))


def _round_trip(values: list[float], levels: list[float], block_size: int) -> list[float]:
    stored = []
    for start in range(0, len(values), block_size):
        block = values[start : start + block_size]
        absmax = max(abs(value) for value in block)
        stored += [_nearest(value / absmax, levels) * absmax if absmax else 0.0 for value in block]
    return stored


def _one_constant(values: list[float], levels: list[float], block_size: int) -> list[float]:
    return _round_trip(values, levels, len(values))


def _not_multiplied_back(values: list[float], levels: list[float], block_size: int) -> list[float]:
    stored = []
    for start in range(0, len(values), block_size):
        block = values[start : start + block_size]
        absmax = max(abs(value) for value in block)
        stored += [_nearest(value / absmax, levels) if absmax else 0.0 for value in block]
    return stored


def _not_divided(values: list[float], levels: list[float], block_size: int) -> list[float]:
    return [_nearest(value, levels) for value in values]


def _largest_not_magnitude(values: list[float], levels: list[float], block_size: int) -> list[float]:
    stored = []
    for start in range(0, len(values), block_size):
        block = values[start : start + block_size]
        largest = max(block)
        stored += [_nearest(value / largest, levels) * largest if largest else 0.0 for value in block]
    return stored


def _short_block_lost(values: list[float], levels: list[float], block_size: int) -> list[float]:
    return _round_trip(values[: len(values) // block_size * block_size], levels, block_size)


def _short_block_kept(values: list[float], levels: list[float], block_size: int) -> list[float]:
    whole = len(values) // block_size * block_size
    return _round_trip(values[:whole], levels, block_size) + values[whole:]


def _even_steps(values: list[float], levels: list[float], block_size: int) -> list[float]:
    return _round_trip(values, [i / (len(levels) // 2) - 1 for i in range(len(levels))], block_size)


round_trip_in_blocks = Exercise(
    name="round_trip_in_blocks",
    answer=_round_trip,
    cases=[
        Case([2.0, 0.9], EVEN, 2),
        Case([-2.0, 0.9], EVEN, 2),
        Case([1.0, 0.3, 10.0, 3.0], EVEN, 2),
        Case([0.0, 0.0, 4.0, 1.5], EVEN, 2),
        Case([4.0, 1.5, 0.6], EVEN, 2),
        Case([4.0, 1.5, 2.0, 0.6, 0.5], EVEN, 3),
        Case([4.0, 0.5, -1.0, 3.0, -0.2, 0.1, -0.08], UNEVEN, 3),
        Case([1.234567, 0.345678, -1.0, 0.1], EVEN, 4),
    ],
    hint="Go through the list block by block. Take the block's largest magnitude, divide, take the nearest level, "
    "multiply back.",
    why="Each block is stretched to -1 to 1 by its own constant, so a large number spoils its own block only.",
    mistakes={
        "That is one constant for the whole list: each block has its own.": _one_constant,
        "These are levels, not values: each has to be multiplied by its block's constant again.": _not_multiplied_back,
        "The levels go from -1 to 1: divide by the block's constant before you look for the nearest.": _not_divided,
        "The constant is the largest magnitude: a large negative number counts, too.": _largest_not_magnitude,
        "The last block may be shorter than the others, and has to be stored all the same.": _short_block_lost,
        "The short last block is quantized like the others, with its own constant.": _short_block_kept,
        "The levels need not be even: look for the nearest one in the list.": _even_steps,
    },
)


def _columns(test: Callable[[list[float], float], bool]) -> Callable[[list[list[float]], float], list[int]]:
    """The columns whose numbers, with the threshold, pass the test."""
    return lambda activations, threshold: [
        j for j, column in enumerate(zip(*activations, strict=True)) if test(list(column), threshold)
    ]


def _rows(activations: list[list[float]], threshold: float) -> list[int]:
    return [i for i, row in enumerate(activations) if any(abs(value) >= threshold for value in row)]


outlier_columns = Exercise(
    name="outlier_columns",
    answer=_columns(lambda column, threshold: any(abs(value) >= threshold for value in column)),
    cases=[
        Case([[1.0, 7.0]], 6.0),
        Case([[1.0, 2.0]], 6.0),
        Case([[-8.0, 2.0]], 6.0),
        Case([[6.0, 5.9]], 6.0),
        Case([[20.0, 1.0], [1.0, 1.0]], 6.0),
        Case([[7.0, 1.0], [8.0, 1.0]], 6.0),
        Case([[1.0, 7.0], [7.0, 1.0]], 6.0),
        Case([[0.5, 9.0, 1.0], [0.1, -0.2, 0.3]], 6.0),
        Case([[4.0, 1.0, 0.0], [4.0, 1.0, -7.0], [4.0, 1.0, 0.5]], 6.0),
        Case([[2.0, 1.0, -3.0, 0.0], [0.0, 1.0, 0.0, 2.5]], 2.0),
    ],
    hint="For each column look at all of its rows: does one of them hold a magnitude of the threshold or more?",
    why="One large activation makes its whole column an outlier. It is taken out for all tokens of the batch, so that "
    "the integer product stays one product.",
    mistakes={
        "These are the rows. An outlier takes its column out, for the constants belong to the rows.": _rows,
        "Each column once, in rising order: this lists a column for every outlier in it.": (
            lambda activations, threshold: [
                j for row in activations for j, value in enumerate(row) if abs(value) >= threshold
            ]
        ),
        "The columns come in rising order.": lambda activations, threshold: list(
            dict.fromkeys(j for row in activations for j, value in enumerate(row) if abs(value) >= threshold)
        ),
        "A large negative activation is an outlier, too: compare magnitudes.": _columns(
            lambda column, threshold: max(column) >= threshold
        ),
        "The threshold itself counts as an outlier.": _columns(
            lambda column, threshold: any(abs(value) > threshold for value in column)
        ),
        "One outlier is enough; it need not be in every row.": _columns(
            lambda column, threshold: all(abs(value) >= threshold for value in column)
        ),
        "It is not the mean that counts: one outlier is enough.": _columns(
            lambda column, threshold: sum(map(abs, column)) / len(column) >= threshold
        ),
    },
)


def _levels(shares: Callable[[int, float], list[float]]) -> Callable[[int, float], list[float]]:
    """Quantiles of the shares, divided by the largest."""

    def levels(count: int, largest: float) -> list[float]:
        quantiles = [NormalDist().inv_cdf(share) for share in shares(count, largest)]
        return [quantile / max(quantiles) for quantile in quantiles]

    return levels


def _shares(count: int, largest: float) -> list[float]:
    return [0.5 + (largest - 0.5) * i / count for i in range(1, count + 1)]


def _shares_with_half(count: int, largest: float) -> list[float]:
    return [0.5 + (largest - 0.5) * i / (count - 1) for i in range(count)] if count > 1 else [largest]


def _half_kept(count: int, largest: float) -> list[float]:
    return [0.5, *_shares(count, largest)]


def _not_scaled(count: int, largest: float) -> list[float]:
    return [NormalDist().inv_cdf(share) for share in _shares(count, largest)]


def _even_quantiles(count: int, largest: float) -> list[float]:
    return [i / count for i in range(1, count + 1)]


def _by_cdf(count: int, largest: float) -> list[float]:
    values = [NormalDist().cdf(share) for share in _shares(count, largest)]
    return [value / values[-1] for value in values]


_right_levels = _levels(_shares)
normal_levels = Exercise(
    name="normal_levels",
    answer=_right_levels,
    cases=[Case(1, 0.9), Case(2, 0.9), Case(2, 0.99), Case(4, 0.95), Case(8, 0.9677083)],
    hint="Take the shares 0.5 + (largest - 0.5) · i / count for i from 1 to count, and the quantile of each.",
    why="Even steps in share, so that each level would stand for as many weights of a normal distribution as the next; "
    "the division brings the largest to 1, where absmax puts the largest weight. With 8 and 0.9677083 you have the "
    "positive half of NF4.",
    mistakes={
        "One half itself is left out: its quantile is zero, which is a level already.": _half_kept,
        "Those steps begin at one half itself, whose quantile is zero. The first level is one step above it.": (
            _levels(_shares_with_half)
        ),
        "The largest level has to be 1: divide by it.": _not_scaled,
        "In rising order, please.": lambda count, largest: _right_levels(count, largest)[::-1],
        "These levels are even. It is the shares that go in even steps; the levels are their quantiles.": (
            _even_quantiles
        ),
        "That is the share below a value. A quantile is the other way round, inv_cdf.": _by_cdf,
    },
)


def _bits(block_size: int, second_block: int | None = None) -> float:
    if second_block is None:
        return 4 + 32 / block_size
    return 4 + 8 / block_size + 32 / (block_size * second_block)


bits_per_weight = Exercise(
    name="bits_per_weight",
    answer=_bits,
    cases=[Case(64), Case(32), Case(4096), Case(64, 256), Case(64, 1), Case(128, 512)],
    hint="4 bits for the code, and the bits of each constant, divided by the number of weights that share it. A second "
    "constant is shared by block_size · second_block weights.",
    why="4.5 bits in blocks of 64, and 4.127 once the constants are quantized: a second constant is shared by 64 · 256 "
    "weights and hardly counts.",
    mistakes={
        "The code itself takes 4 bits; you gave the constants alone.": lambda block_size, second_block=None: (
            _bits(block_size, second_block) - 4
        ),
        "With double quantization a constant has 8 bits, not 32.": lambda block_size, second_block=None: (
            4 + 32 / block_size + (32 / (block_size * second_block) if second_block else 0)
        ),
        "The second constants have to be stored as well: 32 bits each.": lambda block_size, second_block=None: (
            4 + (8 if second_block else 32) / block_size
        ),
        "A second constant is shared by second_block constants, each of which serves block_size weights.": (
            lambda block_size, second_block=None: (
                4 + (8 / block_size + 32 / second_block if second_block else 32 / block_size)
            )
        ),
        "Without a second block, the constants have 32 bits.": lambda block_size, second_block=None: (
            4 + 8 / block_size + (32 / (block_size * second_block) if second_block else 0)
        ),
    },
)
