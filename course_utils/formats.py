"""Floating-point formats taken apart: their fields, their values, and rounding to them.

A float is a sign, an exponent field E and a mantissa field M. With b the bias and m the width of the mantissa it means

    (-1)^sign × (1 + M / 2^m) × 2^(E - b)      normal, E > 0
    (-1)^sign × (0 + M / 2^m) × 2^(1 - b)      subnormal, E = 0: no hidden one

What the highest exponent field means is where formats differ: see `FloatFormat.specials`.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
from typing import NamedTuple

import torch

from course_utils.errors import CourseError


@dataclasses.dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format.

    `specials` says which patterns are not numbers:
    "ieee": the highest exponent field holds infinity (mantissa 0) and NaN (any other mantissa);
    "nan": only the pattern of all ones is NaN, and there is no infinity;
    "none": every pattern is a number.

    `saturates` says what becomes of a value too large for the format: the largest finite value, or else infinity
    (where the format has none: NaN).
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    specials: str = "ieee"
    saturates: bool = False
    dtype: torch.dtype | None = None  # torch's type for it, where torch can convert to it

    @property
    def bits(self) -> int:
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bias(self) -> int:
        """What is subtracted from the exponent field."""
        return 2 ** (self.exponent_bits - 1) - 1

    @property
    def has_infinity(self) -> bool:
        return self.specials == "ieee"

    @property
    def has_nan(self) -> bool:
        return self.specials != "none"

    @property
    def top(self) -> int:
        """The pattern of the largest finite value."""
        if self.specials == "ieee":
            return self.infinity - 1
        return 2 ** (self.bits - 1) - (2 if self.specials == "nan" else 1)

    @property
    def infinity(self) -> int:
        """In an "ieee" format the pattern of infinity: highest exponent field, mantissa 0."""
        return (2**self.exponent_bits - 1) << self.mantissa_bits

    @property
    def max(self) -> float:
        return value_of(_fields(self.top, self), self)

    @property
    def min_exponent(self) -> int:
        """The exponent of the smallest normal value, and of all subnormal ones."""
        return 1 - self.bias

    @property
    def min_normal(self) -> float:
        return 2.0**self.min_exponent

    @property
    def min_subnormal(self) -> float:
        return 2.0 ** (self.min_exponent - self.mantissa_bits)

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next larger value."""
        return 2.0**-self.mantissa_bits


FORMATS = {
    fmt.name: fmt
    for fmt in (
        FloatFormat("fp32", 8, 23, dtype=torch.float32),
        FloatFormat("tf32", 8, 10),
        FloatFormat("bf16", 8, 7, dtype=torch.bfloat16),
        FloatFormat("fp16", 5, 10, dtype=torch.float16),
        # As torch converts since 2.12. Before, what was too large for E4M3 became NaN: `round_to(..., saturate=False)`.
        FloatFormat("fp8_e4m3", 4, 3, "nan", saturates=True, dtype=torch.float8_e4m3fn),
        FloatFormat("fp8_e5m2", 5, 2, dtype=torch.float8_e5m2),
        FloatFormat("fp4_e2m1", 2, 1, "none", saturates=True),
    )
}


class Bits(NamedTuple):
    """The three fields of a float, each as a whole number."""

    sign: int
    exponent: int
    mantissa: int


class Parts(NamedTuple):
    """A float as (-1)^sign × significand × 2^exponent, and its kind: "normal", "subnormal", "zero", "infinity", "NaN".

    The significand is below 2, and at least 1 for a normal value. Infinity and NaN have the exponent 0.
    """

    sign: int
    significand: float
    exponent: int
    kind: str


def find(fmt: FloatFormat | str) -> FloatFormat:
    """The format itself, or the one of this name."""
    if isinstance(fmt, FloatFormat):
        return fmt
    if fmt in FORMATS:
        return FORMATS[fmt]
    near = difflib.get_close_matches(str(fmt), FORMATS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise CourseError(f"there is no format {fmt!r}: the course knows {', '.join(FORMATS)}{hint}")


def round_to(x: torch.Tensor | float, fmt: FloatFormat | str, saturate: bool | None = None) -> torch.Tensor | float:
    """The nearest value of the format; from the middle between two, the one whose last mantissa bit is 0.

    A tensor gives a float32 tensor (float64 if it is one), a number gives a number. `saturate` overrules
    `fmt.saturates`. NaN stays NaN; in a format without NaN it becomes the largest value, as GPUs convert it.
    """
    fmt = find(fmt)
    if not isinstance(x, torch.Tensor):
        return round_to(torch.tensor(x, dtype=torch.float64), fmt, saturate).item()
    wide = x.detach().double()
    exponent = torch.frexp(wide).exponent.long() - 1  # frexp takes the significand from [0.5, 1)
    # The gap between neighbours at x; below the smallest normal value it shrinks no further.
    gap = _power_of_two(exponent.clamp(fmt.min_exponent, 1023 - fmt.mantissa_bits) - fmt.mantissa_bits)
    rounded = torch.where(wide.isfinite(), torch.round(wide / gap) * gap, wide)  # torch.round takes ties to even

    saturate = fmt.saturates if saturate is None else saturate
    over = fmt.max if saturate else math.inf if fmt.has_infinity else math.nan
    rounded = torch.where(rounded.abs() > fmt.max, torch.full_like(wide, over).copysign(wide), rounded)
    if not fmt.has_nan:
        rounded = rounded.nan_to_num(nan=fmt.max)
    return rounded.to(torch.float64 if x.dtype == torch.float64 else torch.float32)


def bits_of(value: float, fmt: FloatFormat | str) -> Bits:
    """The fields of the value, rounded to the format first. NaN is given by its pattern of all ones."""
    fmt = find(fmt)
    value = round_to(float(value), fmt)
    sign = int(math.copysign(1, value) < 0)
    if math.isnan(value):
        return Bits(0, 2**fmt.exponent_bits - 1, 2**fmt.mantissa_bits - 1)
    if math.isinf(value):
        return _fields(fmt.infinity, fmt, sign)
    significand, exponent = math.frexp(abs(value))
    exponent = max(exponent - 1, fmt.min_exponent) if significand else fmt.min_exponent
    # In units of the last mantissa bit a normal value is 2^m + M and a subnormal one M: adding E - 1 times 2^m puts
    # the exponent field in its place for both.
    units = int(math.ldexp(abs(value), fmt.mantissa_bits - exponent))
    return _fields(units + ((exponent - fmt.min_exponent) << fmt.mantissa_bits), fmt, sign)


def value_of(bits: Bits | tuple[int, int, int], fmt: FloatFormat | str) -> float:
    """The value that the fields mean."""
    fmt = find(fmt)
    for name, field, width in zip(Bits._fields, bits, (1, fmt.exponent_bits, fmt.mantissa_bits), strict=True):
        if not 0 <= field < 2**width:
            raise CourseError(f"{name} = {field} does not fit into the {width} bits it has in {fmt.name}")
    sign, exponent, mantissa = bits
    ones = exponent == 2**fmt.exponent_bits - 1
    if ones and fmt.specials == "ieee":
        magnitude = math.nan if mantissa else math.inf
    elif ones and fmt.specials == "nan" and mantissa == 2**fmt.mantissa_bits - 1:
        magnitude = math.nan
    else:
        significand = mantissa if exponent == 0 else mantissa + 2**fmt.mantissa_bits
        magnitude = math.ldexp(significand, max(exponent, 1) - fmt.bias - fmt.mantissa_bits)
    return math.copysign(magnitude, -1 if sign else 1)


def decompose(value: float, fmt: FloatFormat | str) -> Parts:
    """The value, rounded to the format, as sign, significand, exponent and kind."""
    fmt = find(fmt)
    bits = bits_of(value, fmt)
    magnitude = abs(value_of(bits, fmt))
    if not math.isfinite(magnitude):
        return Parts(bits.sign, magnitude, 0, "NaN" if math.isnan(magnitude) else "infinity")
    exponent = max(bits.exponent, 1) - fmt.bias
    kind = "normal" if bits.exponent else "subnormal" if bits.mantissa else "zero"
    return Parts(bits.sign, math.ldexp(magnitude, -exponent), exponent, kind)


def neighbours(x: float, fmt: FloatFormat | str) -> tuple[float, float]:
    """The values of the format just below and just above the one that `x` rounds to.

    Beyond the largest finite value stands infinity, or NaN where the format has none.
    """
    fmt = find(fmt)
    value = round_to(float(x), fmt)
    return -_above(-value, fmt), _above(value, fmt)


def _above(value: float, fmt: FloatFormat) -> float:
    if math.isnan(value) or value == math.inf:
        return value
    bits = bits_of(value, fmt)
    magnitude = (bits.exponent << fmt.mantissa_bits) + bits.mantissa
    if value < 0:  # the patterns of positive numbers stand in the order of the numbers, of negative ones in reverse
        return value_of(_fields(magnitude - 1, fmt, sign=1), fmt)
    if magnitude == fmt.top and not fmt.has_infinity:
        return math.nan
    return value_of(_fields(magnitude + 1, fmt), fmt)


@functools.cache
def values(fmt: FloatFormat | str) -> torch.Tensor:
    """All finite values of a format of at most 19 bits, ascending, zero once. Do not change the tensor: it is kept."""
    fmt = find(fmt)
    if fmt.bits > 19:
        raise CourseError(f"{fmt.name} has 2^{fmt.bits} patterns: too many to list")
    patterns = torch.arange(fmt.top + 1)
    exponent = patterns >> fmt.mantissa_bits
    mantissa = patterns & (2**fmt.mantissa_bits - 1)
    significand = mantissa + torch.where(exponent > 0, 2**fmt.mantissa_bits, 0)
    positive = significand * _power_of_two(exponent.clamp(min=1) - fmt.bias - fmt.mantissa_bits)
    return torch.cat([-positive[1:].flip(0), positive]).float()


def _fields(magnitude: int, fmt: FloatFormat, sign: int = 0) -> Bits:
    """The fields of a pattern without its sign bit."""
    return Bits(sign, magnitude >> fmt.mantissa_bits, magnitude & (2**fmt.mantissa_bits - 1))


def _power_of_two(exponent: torch.Tensor) -> torch.Tensor:
    """2^exponent as float64, exact: the exponent is written into the field of a double (-1022 to 1023)."""
    return ((exponent + 1023) << 52).view(torch.float64)
