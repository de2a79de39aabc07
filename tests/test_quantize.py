"""Quantization, against bitsandbytes to the last bit and against published and integrated figures."""

import math

import bitsandbytes.functional as bnb_functional
import pytest
import torch

from course_utils import quantize
from course_utils.errors import CourseError

CODEBOOKS = {"nf4": quantize.nf4_codebook(), "fp4": quantize.fp4_codebook()}
DTYPES = [torch.float32, torch.bfloat16, torch.float16]
BLOCK_SIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096]
kinds = pytest.mark.parametrize("kind", ["nf4", "fp4"])
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
block_sizes = pytest.mark.parametrize("block_size", BLOCK_SIZES)


@pytest.fixture(autouse=True)
def plain_torch():
    """bitsandbytes runs some sizes through torch.compile, which would take longer than all tests together."""
    with torch.compiler.set_stance("force_eager"):
        yield


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def same(ours, theirs):
    """Equal in dtype and in every bit, signs of zeros included; NaN is NaN, whatever its other bits."""
    assert ours.dtype == theirs.dtype
    assert torch.equal(ours.isnan(), theirs.isnan())
    as_int = {1: torch.uint8, 2: torch.int16, 4: torch.int32}[ours.element_size()]
    return torch.equal(ours.nan_to_num().view(as_int), theirs.nan_to_num().view(as_int))


def assert_as_bitsandbytes(x, kind, block_size, one_row=False):
    """Codes, constants and dequantized values equal those of bitsandbytes."""
    packed, state = bnb_functional.quantize_4bit(x, blocksize=block_size, quant_type=kind)
    codes, absmax = quantize.quantize_blockwise(x, CODEBOOKS[kind], block_size)
    assert torch.equal(quantize.unpack(packed, x.numel()), codes)
    assert same(absmax, state.absmax)
    if one_row:
        state.shape = (1, x.numel())
    theirs = bnb_functional.dequantize_4bit(packed, state).reshape(x.shape)
    if kind == "fp4":
        theirs = theirs + 0.0  # its code 8 comes back as 0 or as -0, depending on the length of a row
    ours = quantize.dequantize_blockwise(codes, absmax, CODEBOOKS[kind], x.shape, block_size)
    assert same(ours.to(x.dtype), theirs)


# Codebooks


def test_codebooks_of_bitsandbytes_to_the_last_bit():
    assert same(CODEBOOKS["nf4"], bnb_functional.get_4bit_type("nf4", device="cpu"))
    assert same(CODEBOOKS["fp4"], bnb_functional.get_4bit_type("fp4", device="cpu"))
    assert same(quantize.dynamic_codebook(), bnb_functional.create_dynamic_map())


def test_nf4_has_seven_negatives_zero_and_eight_positives():
    levels = quantize.nf4_codebook()
    published = [-1, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0, 0.0796, 0.1609, 0.2461, 0.3379, 0.4407,
                 0.5626, 0.7230, 1]  # fmt: skip
    assert levels.tolist() == pytest.approx(published, abs=5e-5)
    assert (levels < 0).sum() == 7 and (levels == 0).sum() == 1 and (levels > 0).sum() == 8


# Blockwise, as bitsandbytes


@kinds
@dtypes
@block_sizes
def test_blockwise_is_bitsandbytes(kind, dtype, block_size):
    assert_as_bitsandbytes(randn(6, block_size).to(dtype), kind, block_size)
    for count in (1, 2, block_size - 1, 3 * block_size, 3 * block_size + 1, 2 * block_size + 16, 2 * block_size + 18):
        assert_as_bitsandbytes(randn(count, seed=count).to(dtype), kind, block_size)
    assert_as_bitsandbytes(randn(7, 33).to(dtype), kind, block_size)
    assert_as_bitsandbytes(randn(block_size, 6).to(dtype).t(), kind, block_size, one_row=True)


@kinds
@dtypes
@block_sizes
def test_blockwise_is_bitsandbytes_on_odd_values(kind, dtype, block_size):
    x = randn(5, block_size)
    x[0] = 0.0
    x[1] = -0.0
    x[2, 3] = 1e4  # an outlier beside which all others are nothing
    x[3, ::2] = -1e-4  # rounds to zero from below
    x[3, 1::4] = 1e-4  # and from above
    assert_as_bitsandbytes(x.to(dtype), kind, block_size)
    assert_as_bitsandbytes(torch.zeros(2 * block_size + 8).to(dtype), kind, block_size)
    for value in (math.nan, math.inf, -math.inf):
        x = randn(3, block_size)
        x[1, 5] = value
        assert_as_bitsandbytes(x.to(dtype), kind, block_size)
    assert_as_bitsandbytes((randn(3, block_size) * 1e-34).to(dtype), kind, block_size)


@kinds
def test_ties_go_where_bitsandbytes_sends_them(kind):
    levels = CODEBOOKS[kind].sort().values
    borders = (levels[:-1] + levels[1:]) / 2
    above, below = borders.nextafter(torch.tensor(2.0)), borders.nextafter(torch.tensor(-2.0))
    x = torch.cat([torch.ones(1), levels, borders, above, below])[:64]
    assert_as_bitsandbytes(x, kind, 64)
    codes, _ = quantize.quantize_blockwise(x, CODEBOOKS[kind])
    got = CODEBOOKS[kind][codes[1:].long()]
    assert torch.equal(got[:16], levels) and torch.equal(got[16:31], levels[:-1])


@kinds
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_every_half_precision_number_from_minus_one_to_one(kind, dtype):
    x = torch.arange(-32768, 32768).to(torch.int16).view(dtype)
    x = x[(x.abs() <= 1) & ((x.abs() > 1e-36) | (x == 0))]
    blocks = x[: x.numel() // 63 * 63].reshape(-1, 63)
    x = torch.cat([torch.ones_like(blocks[:, :1]), blocks], dim=1)  # so that every block's constant is 1
    assert_as_bitsandbytes(x, kind, 64)


@kinds
@pytest.mark.parametrize(("shape", "block_size"), [((6, 384), 256), ((6, 384), 1024), ((4, 96), 64), ((8, 48), 64)])
def test_blocks_that_span_rows(kind, shape, block_size):
    x = randn(*shape) * torch.logspace(-1, 1, shape[0]).unsqueeze(1)
    # As one row, for bitsandbytes mixes up the constants of several such rows on a CPU with AVX-512.
    assert_as_bitsandbytes(x, kind, block_size, one_row=True)


@kinds
def test_fp4_and_only_fp4_has_two_codes_for_zero(kind):
    x = torch.tensor([1.0, 1e-4, -1e-4, 0.0, -0.0])
    codes, _ = quantize.quantize_blockwise(x, CODEBOOKS[kind])
    assert codes[1:].tolist() == {"nf4": [7, 7, 7, 7], "fp4": [8, 0, 0, 0]}[kind]


def test_a_short_block_of_zeros_keeps_a_constant_and_a_whole_one_does_not():
    _, absmax = quantize.quantize_blockwise(torch.zeros(70), CODEBOOKS["nf4"])
    assert absmax.tolist() == pytest.approx([0, 1e-38], rel=1e-6)


@kinds
def test_quantizing_again_changes_nothing(kind):
    codes, absmax = quantize.quantize_blockwise(randn(100, 64), CODEBOOKS[kind])
    back = quantize.dequantize_blockwise(codes, absmax, CODEBOOKS[kind], (100, 64))
    again, absmax_again = quantize.quantize_blockwise(back, CODEBOOKS[kind])
    assert torch.equal(CODEBOOKS[kind][again.long()], CODEBOOKS[kind][codes.long()])
    assert torch.equal(absmax_again, absmax)


def test_an_empty_tensor_has_no_codes():
    codes, absmax = quantize.quantize_blockwise(torch.empty(0, 4), CODEBOOKS["nf4"])
    assert codes.shape == absmax.shape == (0,)
    assert quantize.dequantize_blockwise(codes, absmax, CODEBOOKS["nf4"], (0, 4)).shape == (0, 4)


# Double quantization


@kinds
@dtypes
@pytest.mark.parametrize("block_size", [64, 256])
def test_double_quantization_is_bitsandbytes(kind, dtype, block_size):
    x = (randn(1030, block_size) * torch.linspace(0.5, 2, 1030).unsqueeze(1)).to(dtype)
    packed, state = bnb_functional.quantize_4bit(x, blocksize=block_size, quant_type=kind, compress_statistics=True)
    codes, absmax = quantize.quantize_blockwise(x, CODEBOOKS[kind], block_size)
    absmax_codes, second, mean = quantize.double_quantize(absmax)
    assert torch.equal(absmax_codes, state.absmax)
    assert same(second, state.state2.absmax) and same(mean, state.offset)
    constants = quantize.double_dequantize(absmax_codes, second, mean)
    ours = quantize.dequantize_blockwise(codes, constants, CODEBOOKS[kind], x.shape, block_size)
    assert same(ours.to(dtype), bnb_functional.dequantize_4bit(packed, state))


def odd_constants():
    yield from (torch.rand(count, generator=torch.Generator().manual_seed(count)) for count in (1, 2, 255, 256, 257))
    yield torch.rand(200_000, generator=torch.Generator().manual_seed(0))
    yield torch.full((300,), 0.5)
    yield torch.zeros(300)
    for value in (math.nan, math.inf, 1e30, 1e-30):
        constants = torch.rand(600, generator=torch.Generator().manual_seed(1))
        constants[3] = value
        yield constants


@pytest.mark.parametrize("absmax", odd_constants(), ids=lambda absmax: f"{absmax.numel()} of {absmax[0]:.2g}")
def test_double_quantization_is_bitsandbytes_on_odd_constants(absmax):
    mean = absmax.mean()
    theirs, state = bnb_functional.quantize_blockwise(absmax - mean, blocksize=256)
    codes, second, ours_mean = quantize.double_quantize(absmax)
    assert torch.equal(codes, theirs)
    assert same(second, state.absmax) and same(ours_mean, mean)
    restored = quantize.double_dequantize(codes, second, ours_mean)
    assert same(restored, bnb_functional.dequantize_blockwise(theirs, state) + mean)


def test_double_quantization_rounds_to_even_steps_first():
    absmax = torch.rand(100_000, generator=torch.Generator().manual_seed(0))
    codes, second, mean = quantize.double_quantize(absmax)
    nearest, _ = quantize.quantize_blockwise(absmax - mean, quantize.dynamic_codebook(), 256)
    apart = (codes.int() - nearest.int()).abs()
    assert apart.max() == 1 and 0 < (apart > 0).float().mean() < 0.005


def test_bits_of_the_constants():
    weights = torch.zeros(64 * 256 * 3)
    _, absmax = quantize.quantize_blockwise(weights, CODEBOOKS["nf4"])
    assert absmax.nbytes * 8 / weights.numel() == 0.5
    codes, second, _ = quantize.double_quantize(absmax)
    bits = (codes.nbytes + second.nbytes) * 8 / weights.numel()
    assert bits == 8 / 64 + 32 / (64 * 256) and round(bits, 3) == 0.127


# Published figures


def expected(codebook, block_size):
    """Relative RMSE, entropy in bits and shares of the end codes on independent Gaussian values, by integration.

    Given a block's largest magnitude m, which is stored exactly, the others follow a normal distribution cut at m.
    """
    levels = codebook.double().sort().values
    borders = (levels[:-1] + levels[1:]) / 2
    end = torch.ones(1, dtype=torch.float64)
    m = torch.linspace(1e-4, 8, 4001, dtype=torch.float64).unsqueeze(1)
    inside = 2 * torch.special.ndtr(m) - 1
    weight = inside ** (block_size - 1) * torch.exp(-m * m / 2)
    weight /= weight.sum()
    low, high, level = torch.cat([-end, borders]) * m, torch.cat([borders, end]) * m, levels * m
    density_low, density_high = (torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) for z in (low, high))
    share = torch.special.ndtr(high) - torch.special.ndtr(low)
    first = density_low - density_high
    second = share + low * density_low - high * density_high
    error = (second - 2 * level * first + level**2 * share).sum(1, keepdim=True) / inside
    others = (block_size - 1) / block_size
    shares = (weight * share / inside).sum(0) * others
    shares[0] += 0.5 / block_size
    shares[-1] += 0.5 / block_size
    occurring = shares[shares > 0]
    entropy = -(occurring * occurring.log2()).sum().item()
    return math.sqrt((weight * error).sum() * others), entropy, shares[0].item(), shares[-1].item()


@pytest.mark.parametrize(
    ("codebook", "rmse"),
    [
        (quantize.nf4_codebook(), 0.0920),
        (quantize.fp4_codebook(), 0.1219),
    ],
    ids=["nf4", "fp4"],
)
def test_error_on_gaussian_values(codebook, rmse):
    assert round(expected(codebook, 64)[0], 4) == rmse
    x = randn(1 << 20)
    codes, absmax = quantize.quantize_blockwise(x, codebook)
    back = quantize.dequantize_blockwise(codes, absmax, codebook, x.shape)
    assert ((back - x).norm() / x.norm()).item() == pytest.approx(rmse, rel=4e-3)


@pytest.mark.parametrize(("block_size", "rmse"), [(32, 0.0873), (64, 0.0920), (128, 0.0956), (4096, 0.1099)])
def test_error_grows_with_the_block(block_size, rmse):
    assert round(expected(CODEBOOKS["nf4"], block_size)[0], 4) == rmse
    x = randn(1 << 20)
    codes, absmax = quantize.quantize_blockwise(x, CODEBOOKS["nf4"], block_size)
    back = quantize.dequantize_blockwise(codes, absmax, CODEBOOKS["nf4"], x.shape, block_size)
    assert ((back - x).norm() / x.norm()).item() == pytest.approx(rmse, rel=6e-3)


def test_nf4_codes_are_not_equally_likely():
    _, entropy, first, last = expected(CODEBOOKS["nf4"], 64)
    assert round(entropy, 3) == 3.885
    assert (round(first, 3), round(last, 3)) == (0.019, 0.017)
    codes, _ = quantize.quantize_blockwise(randn(1 << 20), CODEBOOKS["nf4"])
    shares = codes.long().bincount(minlength=16) / codes.numel()
    assert -(shares * shares.log2()).sum().item() == pytest.approx(entropy, abs=5e-3)
    assert shares[0].item() == pytest.approx(first, rel=0.03) and shares[-1].item() == pytest.approx(last, rel=0.03)


# Packing, integers


def test_unpack_takes_the_first_code_from_the_high_half():
    assert quantize.unpack(torch.tensor([0x12, 0xF7], dtype=torch.uint8), 3).tolist() == [1, 2, 15]


@dtypes
def test_absmax_rows_are_bitsandbytes(dtype):
    x = randn(40, 128).to(dtype)
    x[3], x[4, 0] = 0, 500
    theirs, their_absmax, _ = bnb_functional.int8_vectorwise_quant(x)
    codes, absmax = quantize.absmax_quantize(x, per_row=True)
    assert torch.equal(codes, theirs) and same(absmax.flatten(), their_absmax)
    back = quantize.absmax_dequantize(codes, absmax)
    assert (back - x.float()).abs().div(absmax.clamp(min=1e-9)).max() <= 0.5 / 127 + 1e-6


def test_absmax_uses_its_range():
    x = randn(1000)
    codes, absmax = quantize.absmax_quantize(x)
    assert codes.abs().max() == 127 and absmax == x.abs().max() and absmax.dim() == 0
    assert (quantize.absmax_dequantize(codes, absmax) - x).abs().max() <= absmax / 127 / 2 * (1 + 1e-5)
    zeros, _ = quantize.absmax_quantize(torch.zeros(3))
    assert not zeros.any()


# Bad input


U8 = torch.zeros(8, dtype=torch.uint8)
ONE = torch.ones(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantize.quantize_blockwise(torch.arange(4), CODEBOOKS["nf4"]), "floating-point"),
        (lambda: quantize.quantize_blockwise(ONE, CODEBOOKS["nf4"], 0), "block_size"),
        (lambda: quantize.quantize_blockwise(ONE, CODEBOOKS["nf4"], 64.0), "block_size"),
        (lambda: quantize.quantize_blockwise(ONE, torch.zeros(4, 4)), "codebook"),
        (lambda: quantize.quantize_blockwise(ONE, torch.zeros(257)), "codebook"),
        (lambda: quantize.dequantize_blockwise(U8.int(), ONE, CODEBOOKS["nf4"], (8,)), "uint8"),
        (lambda: quantize.dequantize_blockwise(U8, ONE, CODEBOOKS["nf4"], (3, 3)), "do not fill the shape"),
        (lambda: quantize.dequantize_blockwise(U8, ONE, CODEBOOKS["nf4"], (8,), 4), "need 2 constants, not 1"),
        (lambda: quantize.dequantize_blockwise(U8 + 15, ONE, torch.linspace(-1, 1, 15), (8,)), "code 15 has no level"),
        (lambda: quantize.double_quantize(torch.empty(0)), "empty"),
        (lambda: quantize.double_quantize(ONE, block_size=-1), "block_size"),
        (lambda: quantize.double_dequantize(U8, ONE, ONE, block_size=4), "constants"),
        (lambda: quantize.unpack(U8, 17), "do not hold 17"),
        (lambda: quantize.unpack(U8.int(), 16), "uint8"),
        (lambda: quantize.absmax_quantize(ONE.int()), "floating-point"),
        (lambda: quantize.absmax_quantize(ONE / 0), "NaN or infinity"),
        (lambda: quantize.absmax_quantize(torch.empty(0)), "empty"),
    ],
)
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(CourseError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
