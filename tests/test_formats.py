"""The formats equal torch's own, bit for bit, wherever torch has them."""

import math

import pytest
import torch

from course_utils import formats
from course_utils.errors import CourseError
from course_utils.formats import FORMATS, Bits, FloatFormat, bits_of, decompose, neighbours, round_to, value_of, values

CASTS = ["bf16", "fp16", "fp8_e4m3", "fp8_e5m2"]
SMALL = ["bf16", "fp16", "fp8_e4m3", "fp8_e5m2", "fp4_e2m1"]
# Before torch 2.12 what is too large for E4M3 became NaN.
E4M3_SATURATES = torch.tensor(1e4).to(torch.float8_e4m3fn).float().item() == 448


def equal(a, b):
    """Equal with the sign of zero, NaN equal to NaN."""
    a, b = a.float(), b.float()
    return bool(((a == b) & (a.signbit() == b.signbit()) | (a.isnan() & b.isnan())).all())


def all_halves():
    return torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.float16)


def random_floats(count=1_000_000):
    """Uniform bit patterns of fp32, so every exponent, subnormal, infinity and NaN occurs."""
    generator = torch.Generator().manual_seed(0)
    patterns = torch.randint(-(2**31), 2**31, (count,), generator=generator).to(torch.int32)
    return patterns.view(torch.float32)


def edges(fmt):
    """Every value of the format (of bf16 and fp16 a thinned list), the middles between them, and a hair beside each."""
    grid = values(fmt).double()
    grid = torch.cat([grid[:: max(1, len(grid) // 4096)], grid[:40], grid[-40:], grid[grid.abs() < fmt.min_normal * 4]])
    grid = grid.unique()
    limit = torch.tensor([fmt.max + (fmt.max - float(values(fmt)[-2])) / 2])  # where the next value would take over
    points = torch.cat([grid, (grid[1:] + grid[:-1]) / 2, limit, -limit, torch.tensor([0.0, -0.0])]).float()
    infinity = torch.tensor(math.inf)
    beside = [points, torch.nextafter(points, infinity), torch.nextafter(points, -infinity)]
    return torch.cat([*beside, torch.tensor([math.inf, -math.inf, math.nan, 1e38, -1e38, 1e-45, -1e-45])])


def cast(x, fmt):
    return x.to(fmt.dtype).float()


def saturate(fmt):
    return E4M3_SATURATES if fmt.name == "fp8_e4m3" else None


@pytest.mark.parametrize("name", CASTS)
@pytest.mark.parametrize("source", [all_halves, random_floats])
def test_rounding_equals_torchs_cast(name, source):
    fmt, x = FORMATS[name], source()
    assert equal(round_to(x, fmt, saturate(fmt)), cast(x, fmt))


@pytest.mark.parametrize("name", CASTS)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3])
def test_rounding_equals_torchs_cast_where_the_format_lives(name, scale):
    fmt = FORMATS[name]
    x = torch.randn(1_000_000, generator=torch.Generator().manual_seed(1)) * scale
    assert equal(round_to(x, fmt, saturate(fmt)), cast(x, fmt))


@pytest.mark.parametrize("name", CASTS)
def test_rounding_equals_torchs_cast_at_the_edges(name):
    fmt = FORMATS[name]
    x = edges(fmt)
    assert equal(round_to(x, fmt, saturate(fmt)), cast(x, fmt))
    for one in x[:7]:  # torch converts a single number by another code path than a long row
        assert equal(round_to(one, fmt, saturate(fmt)), cast(one, fmt))


def test_fp32_keeps_every_float_and_rounds_doubles_as_torch_does():
    x = random_floats()
    assert equal(round_to(x, "fp32"), x)
    doubles = torch.randn(100_000, dtype=torch.float64) * 10.0 ** torch.randint(-50, 50, (100_000,))
    assert equal(round_to(doubles, "fp32").float(), doubles.float())
    assert round_to(doubles, "fp32").dtype == torch.float64
    assert round_to(x.half(), "bf16").dtype == torch.float32  # 65504 becomes 65536, which fp16 could not hold


def test_what_is_too_large():
    big = torch.tensor([449.0, 464.0, 464.0001, 1e6, math.inf, -math.inf])
    assert round_to(big, "fp8_e4m3").tolist() == [448.0] * 5 + [-448.0]
    plain = round_to(big, "fp8_e4m3", saturate=False)
    assert plain[:2].tolist() == [448.0, 448.0] and plain[2:].isnan().all()  # 464 is a tie: 448 has the even mantissa
    assert round_to(61439.0, "fp8_e5m2") == 57344 and round_to(61440.0, "fp8_e5m2") == math.inf
    assert round_to(61440.0, "fp8_e5m2", saturate=True) == 57344
    assert round_to(-math.inf, "fp4_e2m1") == -6 and round_to(math.nan, "fp4_e2m1") == 6
    assert round_to(65519.0, "fp16") == 65504 and round_to(65520.0, "fp16") == math.inf
    assert round_to(torch.finfo(torch.float32).max, "tf32") == math.inf  # as in fp32's own range, rounded up


def test_fp4_and_tf32():
    ladder = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    assert values("fp4_e2m1").tolist() == [-v for v in ladder[:0:-1]] + ladder
    ties = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 7.0])
    assert round_to(ties, "fp4_e2m1").tolist() == [0.0, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 6.0]
    x = torch.randn(10_000)
    kept = round_to(x, "tf32")
    assert not (kept.view(torch.int32) & (2**13 - 1)).any()  # the 13 bits that tf32 drops are 0
    assert ((kept - x).abs() <= x.abs() * 2**-11).all()


@pytest.mark.parametrize("name", CASTS + ["fp32"])
def test_the_limits_are_torchs(name):
    fmt, info = FORMATS[name], torch.finfo(FORMATS[name].dtype)
    assert (fmt.bits, fmt.max, fmt.min_normal, fmt.epsilon) == (info.bits, info.max, info.tiny, info.eps)
    assert fmt.min_subnormal == info.smallest_normal * info.eps


def test_the_limits_of_fp4_and_tf32():
    assert (FORMATS["fp4_e2m1"].bits, FORMATS["fp4_e2m1"].max, FORMATS["fp4_e2m1"].min_subnormal) == (4, 6.0, 0.5)
    assert FORMATS["tf32"].bits == 19 and FORMATS["tf32"].epsilon == FORMATS["fp16"].epsilon
    assert FORMATS["tf32"].min_normal == FORMATS["fp32"].min_normal
    assert [f for f in FORMATS if not FORMATS[f].has_infinity] == ["fp8_e4m3", "fp4_e2m1"]


@pytest.mark.parametrize("name", CASTS)
def test_every_pattern_means_what_torch_says(name):
    fmt = FORMATS[name]
    carrier = {8: torch.uint8, 16: torch.int16}[fmt.bits]
    step = 1 if fmt.bits == 8 else 7
    patterns = torch.arange(0, 2**fmt.bits, step)
    signed = patterns if fmt.bits == 8 else torch.where(patterns < 2**15, patterns, patterns - 2**16)
    theirs = signed.to(carrier).view(fmt.dtype).float()
    fields = [
        Bits(p >> (fmt.bits - 1), p >> fmt.mantissa_bits & (2**fmt.exponent_bits - 1), p & (2**fmt.mantissa_bits - 1))
        for p in patterns.tolist()
    ]
    assert equal(torch.tensor([value_of(bits, fmt) for bits in fields]), theirs)
    for bits, value in zip(fields, theirs.tolist(), strict=True):
        assert math.isnan(value) or bits_of(value, fmt) == bits


@pytest.mark.parametrize("name", SMALL)
def test_values_are_fixed_points_in_order(name):
    grid = values(name)
    assert equal(round_to(grid, name), grid)
    assert (grid[1:] > grid[:-1]).all()
    finite = {"ieee": 2 ** FORMATS[name].mantissa_bits, "nan": 1, "none": 0}[FORMATS[name].specials]
    assert len(grid) == 2 ** FORMATS[name].bits - 2 * finite - 1  # zero has two patterns


@pytest.mark.parametrize("name", ["fp8_e4m3", "fp8_e5m2", "fp4_e2m1"])
def test_neighbours_walk_along_the_values(name):
    grid = values(name).tolist()
    for i in range(1, len(grid) - 1):
        assert neighbours(grid[i], name) == (grid[i - 1], grid[i + 1])
    above = neighbours(grid[-1], name)[1]
    assert above == math.inf if FORMATS[name].has_infinity else math.isnan(above)


def test_neighbours_in_fp32_are_torchs():
    for x in (0.1, -0.1, 1.0, 2.0**-126, 3e38):
        here = torch.tensor(x)
        up, down = (torch.nextafter(here, torch.tensor(end)).item() for end in (math.inf, -math.inf))
        assert neighbours(x, "fp32") == (down, up)
    assert neighbours(0.0, "fp16") == (-(2.0**-24), 2.0**-24)
    assert neighbours(math.inf, "fp16") == (65504.0, math.inf)


def test_decompose():
    assert decompose(-6.5, "fp16") == (1, 1.625, 2, "normal")
    assert decompose(2.0**-24, "fp16") == (0, 2.0**-10, -14, "subnormal")
    assert decompose(-0.0, "bf16")[::3] == (1, "zero")
    assert decompose(1e5, "fp16").kind == "infinity" and decompose(math.nan, "fp8_e4m3").kind == "NaN"
    for x in (0.1, 3.0, 1e-6, -448.0):
        sign, significand, exponent, _ = decompose(x, "fp8_e5m2")
        assert (-1) ** sign * significand * 2.0**exponent == round_to(x, "fp8_e5m2")


def test_a_format_of_your_own():
    fmt = FloatFormat("fp6_e3m2", 3, 2, "none", saturates=True)
    assert fmt.max == 28 and fmt.min_subnormal == 0.0625 and len(values(fmt)) == 63
    assert round_to(100.0, fmt) == 28


def test_mistakes_are_one_line():
    with pytest.raises(CourseError, match="did you mean 'bf16'"):
        round_to(1.0, "bf61")
    with pytest.raises(CourseError, match="exponent = 16 does not fit"):
        value_of((0, 16, 0), "fp8_e4m3")
    with pytest.raises(CourseError, match="too many to list"):
        values("fp32")


def test_a_gradient_does_not_pass_through():
    x = torch.ones(3, requires_grad=True)
    assert not round_to(x, formats.FORMATS["bf16"]).requires_grad
