"""Exercises of lesson 01."""

from __future__ import annotations

import math
from collections.abc import Callable

from course_utils.checks.exercise import Case, Exercise

FP16_MAX = 65504.0


def _e4m3_value(byte: int, bias: int = 7, hidden_at_zero: int = 0) -> float:
    sign, exponent, mantissa = byte >> 7, byte >> 3 & 15, byte & 7
    significand = mantissa / 8 + (1 if exponent else hidden_at_zero)
    return (-1) ** sign * significand * 2.0 ** (max(exponent, 1) - bias)


def _formula_everywhere(byte: int) -> float:
    return (-1) ** (byte >> 7) * (1 + (byte & 7) / 8) * 2.0 ** ((byte >> 3 & 15) - 7)


def _subnormals_halved(byte: int) -> float:
    return _e4m3_value(byte) / (1 if byte >> 3 & 15 else 2)


def _infinity_at_the_top(byte: int) -> float:
    return (-1) ** (byte >> 7) * math.inf if byte >> 3 & 15 == 15 else _e4m3_value(byte)


e4m3_value = Exercise(
    name="e4m3_value",
    answer=_e4m3_value,
    cases=[
        Case(0b0_0111_000),  # 1
        Case(0b0_0000_000),
        Case(0b1_0111_000),
        Case(0b0_0111_100),
        Case(0b0_0000_001),
        Case(0b0_0000_111),
        Case(0b0_0001_000),
        Case(0b1_1010_101),
        Case(0b0_1111_110),  # 448, the largest
    ],
    hint="Cut out the fields with >> and &: 1 sign bit, 4 exponent bits, 3 mantissa bits. Exponent field 0 has no "
    "hidden one.",
    why="A hidden one for every exponent field but 0, whose numbers share the power of two of field 1; and no "
    "infinity: exponent field 15 counts like any other, so the largest number is 448.",
    mistakes={
        "Exponent field 0 is subnormal: it has no hidden one, and the power of two of exponent field 1.": (
            _formula_everywhere
        ),
        "Exponent field 0 takes the power of two of field 1, 2^(1 - 7), or a hole opens below the smallest normal "
        "number.": _subnormals_halved,
        "Exponent field 0 has no hidden one.": lambda byte: _e4m3_value(byte, hidden_at_zero=1),
        "That is the sign bit ignored.": lambda byte: abs(_e4m3_value(byte)),
        "The bias is 2^(4 - 1) - 1 = 7.": lambda byte: _e4m3_value(byte, bias=8),
        "E4M3 has no infinity: exponent field 15 holds numbers, up to 448.": _infinity_at_the_top,
    },
)


def _gap_above(value: float, exponent_bits: int, mantissa_bits: int) -> float:
    smallest = 2 - 2 ** (exponent_bits - 1)
    return 2.0 ** (max(math.frexp(value)[1] - 1, smallest) - mantissa_bits)


gap_above = Exercise(
    name="gap_above",
    answer=_gap_above,
    cases=[
        Case(1.0, 5, 10),
        Case(2.0, 5, 10),
        Case(1.75, 5, 10),
        Case(0.5, 8, 7),
        Case(3.0, 8, 7),
        Case(40960.0, 5, 10),
        Case(2.0**-14, 5, 10),
        Case(2.0**-16, 5, 2),  # subnormal
        Case(2.0**-20, 5, 10),  # subnormal
    ],
    hint="The gap is 2^(e - mantissa_bits), where 2^e is the largest power of two that is not above the value; e does "
    "not fall below that of the smallest normal number, 2 - 2^(exponent_bits - 1).",
    why="Within a power of two the numbers are evenly spaced, 2^mantissa_bits of them; below the smallest normal "
    "number the subnormals keep the spacing they find there.",
    mistakes={
        "That is epsilon, the gap after 1: it grows and shrinks with the value.": (
            lambda value, exponent_bits, mantissa_bits: 2.0**-mantissa_bits
        ),
        "The gap does not grow with the value itself but with the power of two below it.": (
            lambda value, exponent_bits, mantissa_bits: value * 2.0**-mantissa_bits
        ),
        "Right for normal numbers. Among the subnormals the gap shrinks no further.": (
            lambda value, exponent_bits, mantissa_bits: 2.0 ** (math.frexp(value)[1] - 1 - mantissa_bits)
        ),
        "Twice too large: math.frexp takes the significand from 0.5 to 1, so its exponent is one too high.": (
            lambda value, exponent_bits, mantissa_bits: 2 * _gap_above(value, exponent_bits, mantissa_bits)
        ),
        "Take the power of two below the value, not the nearest: round the logarithm down.": (
            lambda value, exponent_bits, mantissa_bits: (
                2.0 ** (max(round(math.log2(value)), 2 - 2 ** (exponent_bits - 1)) - mantissa_bits)
            )
        ),
    },
)


stalls_at = Exercise(
    name="stalls_at",
    answer=lambda mantissa_bits: 2 ** (mantissa_bits + 1),
    cases=[Case(1), Case(2), Case(7), Case(10), Case(23)],
    hint="Where does the gap between neighbours become 2? With 7 mantissa bits you have seen the answer above.",
    why="From 2^(m + 1) on the numbers are 2 apart. One more is exactly in the middle, and the tie goes to the even "
    "mantissa, which is where the total stands.",
    mistakes={
        "At 2^m the gap is 1, so a one still counts. It is lost where the gap is 2.": lambda mantissa_bits: (
            2**mantissa_bits
        ),
        "One step too far: at half of that the gap is 2 already, and the tie goes back.": lambda mantissa_bits: (
            2 ** (mantissa_bits + 2)
        ),
        "That number cannot be reached: adding 1 to the one before it is a tie, and goes back.": lambda mantissa_bits: (
            2 ** (mantissa_bits + 1) + 1
        ),
        "That is the last total but one: the next still is a number of the format.": lambda mantissa_bits: (
            2 ** (mantissa_bits + 1) - 1
        ),
    },
)


def _power_scale(limit: float, rounding: Callable[[float], int]) -> Callable[[float], float]:
    return lambda largest: 2.0 ** rounding(math.log2(limit / largest))


largest_scale = Exercise(
    name="largest_scale",
    answer=_power_scale(FP16_MAX, math.floor),
    cases=[Case(1.0), Case(0.25), Case(65504.0), Case(0.3), Case(40000.0), Case(1e5), Case(3e-4)],
    hint="scale × largest must not exceed 65,504. Divide, then go down to the next power of two.",
    why="The largest power of two with scale × largest ≤ 65,504. In practice one stays a few powers below it, because "
    "what is computed on the way to the gradients may be larger than they are.",
    mistakes={
        "That is the right bound but no power of two: such a scale would round every gradient once more.": (
            lambda largest: FP16_MAX / largest
        ),
        "Rounded up: that scale lifts the largest gradient over 65,504.": _power_scale(FP16_MAX, math.ceil),
        "Rounded to the nearest power of two: where that is above the bound, the largest gradient overflows.": (
            _power_scale(FP16_MAX, round)
        ),
        "fp16 ends at 65,504, not at 65,536.": _power_scale(65536.0, math.floor),
        "Upside down: a small gradient bears a large scale.": (
            lambda largest: 2.0 ** math.floor(math.log2(largest / FP16_MAX))
        ),
    },
)


def _next_scale(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    if overflowed:
        return scale / 2, 0
    if good_steps + 1 == growth_interval:
        return scale * 2, 0
    return scale, good_steps + 1


def _count_kept(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    return (scale / 2, good_steps) if overflowed else _next_scale(scale, good_steps, overflowed, growth_interval)


def _never_grows(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    return (scale / 2, 0) if overflowed else (scale, good_steps + 1)


def _counts_on(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    grown, count = _next_scale(scale, good_steps, overflowed, growth_interval)
    return grown, count if overflowed else good_steps + 1


def _direction(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    grown, count = _next_scale(scale, good_steps, overflowed, growth_interval)
    return scale * scale / grown, count


next_scale = Exercise(
    name="next_scale",
    answer=_next_scale,
    cases=[
        Case(1024.0, 0, False, 3),
        Case(1024.0, 0, True, 3),
        Case(1024.0, 2, False, 3),
        Case(1024.0, 2, True, 3),
        Case(1024.0, 1, False, 3),
        Case(8.0, 0, False, 1),
        Case(65536.0, 1999, False, 2000),
    ],
    hint="Three cases: overflow (halve, count from 0), the growth_interval-th good step in a row (double, count from "
    "0), any other good step (count it).",
    why="An overflow halves the scale at once, growth takes growth_interval good steps in a row: the scale stays just "
    "below what the gradients bear.",
    mistakes={
        "After an overflow the good steps are counted from 0 again.": _count_kept,
        "The scale does not grow in time: at growth_interval good steps in a row it doubles.": _never_grows,
        "After doubling, the count starts at 0 again.": _counts_on,
        "The wrong way round: an overflow makes the scale smaller.": _direction,
    },
)
