"""Quantization in readable form: codebooks, blockwise, double quantization, absmax.

Formulas: QLoRA (arXiv 2305.14314) for NF4, blocks and double quantization; LLM.int8 (arXiv 2208.07339) for absmax;
8-bit optimizers (arXiv 2110.02861) for blocks and the dynamic map. It is done to the last bit as bitsandbytes does it
on the device where the numbers are. Nothing here carries gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from course_utils.errors import CourseError

__all__ = [
    "absmax_dequantize",
    "absmax_quantize",
    "dequantize_blockwise",
    "double_dequantize",
    "double_quantize",
    "dynamic_codebook",
    "fp4_codebook",
    "nf4_codebook",
    "quantize_blockwise",
    "unpack",
]

NF4_LARGEST_QUANTILE = 0.9677083  # the mean of 1 - 1/30 and 1 - 1/32, to the digits that bitsandbytes keeps
SMALLEST_ABSMAX = 1e-38  # bitsandbytes divides a block by no less, so that a block of zeros gives no NaN


def nf4_codebook() -> torch.Tensor:
    """The 16 levels of NormalFloat4 in rising order: 7 negative, zero, 8 positive, from -1 to 1; float32 [16].

    Each half is evenly spaced in probability from the largest quantile inwards to one half, passed through the inverse
    of the normal distribution, and divided by the largest level. (Equation 4 of arXiv 2305.14314, taken literally,
    has infinite end terms; this is what its authors' code does.) The even steps and the division are in float32 and
    the quantiles in float64: with these, the table published in bitsandbytes comes out to the last bit.
    """

    def half(count: int) -> torch.Tensor:
        steps = torch.linspace(NF4_LARGEST_QUANTILE, 0.5, count + 1)[:-1]  # the last step is zero, given once
        return torch.special.ndtri(steps.double()).float()

    levels = torch.cat([-half(7), torch.zeros(1), half(8).flip(0)])
    return levels / levels.max()


def fp4_codebook() -> torch.Tensor:
    """bitsandbytes' own FP4, which is not OCP's E2M1; float32 [16], code after code and so in no rising order.

    The highest bit of a code is the sign. The other three stand for 0, 1/16, 8, 12, 4, 6, 2, 3 (its exponent counts
    downwards), divided by 12; the table of bitsandbytes holds zero twice, as code 0 and as code 8.
    """
    magnitudes = torch.tensor([0, 0.0625, 8, 12, 4, 6, 2, 3])
    return torch.cat([magnitudes, 0 - magnitudes]) / 12


def dynamic_codebook() -> torch.Tensor:
    """bitsandbytes' signed 8-bit dynamic map in rising order, from -.993 to 1; float32 [256].

    Seven decades from 1e-6 to 1: the i-th is cut into 2^i even parts, whose middles are levels (arXiv 2110.02861,
    section 1.3); the negatives of all these; zero; and 1.
    """
    levels = []
    for i in range(7):
        edges = torch.linspace(0.1, 1, 2**i + 1)
        levels.append(10.0 ** (i - 6) * ((edges[:-1] + edges[1:]) / 2))
    positive = torch.cat(levels)
    return torch.cat([-positive, torch.zeros(1), positive, torch.ones(1)]).sort().values


def _nearest(values: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    """The code of the nearest level for each value; half way between two levels it is the lower one; uint8."""
    # FP4 has zero twice. The border between the two is zero itself, so in bitsandbytes a positive value that rounds to
    # zero gets code 8, and zero or a negative one gets code 0. NaN sorts above all: it gets the highest level's code.
    order = codebook.argsort(stable=True)
    levels = codebook[order]
    borders = (levels[:-1] + levels[1:]) / 2
    return order[torch.bucketize(values, borders)].to(torch.uint8)


def quantize_blockwise(
    x: torch.Tensor, codebook: torch.Tensor, block_size: int = 64
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each block of ``block_size`` values divided by its largest magnitude, then rounded to the nearest level.

    The tensor is read row after row, so a block may span rows. The last block may be shorter.

    Args:
        x: floating-point numbers, any shape, n of them. They are taken to float32 first.
        codebook: the levels, from -1 to 1, at most 256.
        block_size: values that share one constant.

    Returns:
        The codes, uint8 [n], and each block's largest magnitude ("absmax"), float32 [ceil(n / block_size)].
        A NaN makes its whole block NaN.

    Raises:
        CourseError: ``x`` is not floating-point, or the codebook or block size is out of range.
    """
    _check_float(x, "x")
    _check_codebook(codebook)
    _check_block_size(block_size)
    flat = x.detach().reshape(-1).float()
    codebook = codebook.to(flat.device)
    whole = flat.numel() - flat.numel() % block_size
    blocks = flat[:whole].reshape(-1, block_size)
    absmax = blocks.abs().amax(1)
    scaled = (blocks * (1 / absmax.clamp(min=SMALLEST_ABSMAX)).unsqueeze(1)).reshape(-1)
    if whole < flat.numel():
        # bitsandbytes divides the short last block where it multiplies whole ones by the reciprocal (which may round
        # differently), and for a short block of zeros it keeps 1e-38 rather than 0 as the constant.
        largest = flat[whole:].abs().max().clamp(min=SMALLEST_ABSMAX)
        absmax = torch.cat([absmax, largest.unsqueeze(0)])
        scaled = torch.cat([scaled, flat[whole:] / largest])
    return _nearest(scaled.clamp(-1, 1), codebook), absmax


def dequantize_blockwise(
    codes: torch.Tensor, absmax: torch.Tensor, codebook: torch.Tensor, shape: Sequence[int], block_size: int = 64
) -> torch.Tensor:
    """Levels times constants: the float32 tensor of ``shape`` that ``quantize_blockwise`` stored.

    bitsandbytes casts the same product to the dtype of the original; so does ``.to(dtype)``. On a CPU with AVX-512,
    bitsandbytes 0.50 differs in two ways that are not reproduced here. It takes constants of the wrong blocks if there
    are several rows and their length is a multiple of 16, but not of the block size (below 2048); dequantizing the
    same bytes as one row gives the right values. And bfloat16 results below 1.2e-38 become zero. Elsewhere it makes
    -0 of FP4's code 8, which is 0 here.

    Args:
        codes: uint8 [n], as from ``quantize_blockwise`` or ``unpack``.
        absmax: float32 [ceil(n / block_size)].
        codebook: the levels with which the codes were made.
        shape: of the original, n elements.
        block_size: as in quantizing.

    Raises:
        CourseError: the sizes do not fit one another, or a code has no level.
    """
    _check_codes(codes)
    _check_codebook(codebook)
    _check_block_size(block_size)
    codes = codes.reshape(-1)
    if math.prod(shape) != codes.numel():
        raise CourseError(f"{codes.numel()} codes do not fill the shape {tuple(shape)}")
    if absmax.numel() != -(-codes.numel() // block_size):
        raise CourseError(
            f"{codes.numel()} codes in blocks of {block_size} need {-(-codes.numel() // block_size)} constants, "
            f"not {absmax.numel()}: use the block size of quantizing"
        )
    if codes.numel() and int(codes.max()) >= codebook.numel():
        raise CourseError(
            f"code {codes.max()} has no level in a codebook of {codebook.numel()}: use the one it is from"
        )
    constants = absmax.reshape(-1).float().repeat_interleave(block_size)[: codes.numel()]
    return (codebook.to(codes.device)[codes.long()] * constants).reshape(tuple(shape))


def double_quantize(absmax: torch.Tensor, block_size: int = 256) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The constants, quantized themselves: their mean taken off, then 8 bits each by the dynamic map, in blocks.

    One constant for 64 weights costs 32/64 = .5 bits a weight; this makes it 8/64 + 32/(64*256) = .127.

    Args:
        absmax: float32 [m], as from ``quantize_blockwise``.
        block_size: constants that share one second constant.

    Returns:
        The codes, uint8 [m]; the second constants, float32 [ceil(m / block_size)]; the mean, float32, no dimension.

    Raises:
        CourseError: ``absmax`` is empty or not floating-point, or the block size is out of range.
    """
    _check_float(absmax, "absmax")
    _check_block_size(block_size)
    if not absmax.numel():
        raise CourseError("there is no constant to quantize: absmax is empty")
    flat = absmax.detach().reshape(-1).float()
    mean = flat.mean()
    blocks = torch.nn.functional.pad(flat - mean, (0, -flat.numel() % block_size)).reshape(-1, block_size)
    # One NaN makes the mean NaN and so, once dequantized, the whole tensor; bitsandbytes then stores 0 as constants.
    second = blocks.abs().nan_to_num(0.0, posinf=math.inf).amax(1)
    # NaN, as from a block all equal to the mean, gives code 0.
    scaled = (blocks * (1 / second).unsqueeze(1)).clamp(-1, 1).nan_to_num(-1.0)
    if flat.device.type == "cpu":
        # There bitsandbytes looks codes up in a table of 65,536 even steps from -1 to 1: a value is first rounded to
        # a step (none of which is 0), then the step to a level. On a GPU it searches for the nearest level itself.
        scaled = -1 + 2 * ((scaled + 1) * 0.5 * 65535 + 0.5).floor() / 65535
    codes = _nearest(scaled, dynamic_codebook().to(flat.device))
    return codes.reshape(-1)[: flat.numel()], second, mean


def double_dequantize(
    codes: torch.Tensor, second: torch.Tensor, mean: torch.Tensor, block_size: int = 256
) -> torch.Tensor:
    """The constants that ``double_quantize`` stored, float32 [m]. Raises ``CourseError`` if the sizes do not fit."""
    return dequantize_blockwise(codes, second, dynamic_codebook(), codes.shape, block_size) + mean


def unpack(packed: torch.Tensor, count: int) -> torch.Tensor:
    """The first ``count`` 4-bit codes of what bitsandbytes packed, two a byte, the high half first; uint8 [count].

    Raises:
        CourseError: the bytes are not uint8, or do not hold ``count`` codes.
    """
    _check_codes(packed)
    if -(-count // 2) != packed.numel():
        raise CourseError(f"{packed.numel()} bytes do not hold {count} codes of 4 bits")
    flat = packed.reshape(-1)
    return torch.stack([flat >> 4, flat & 15], dim=1).reshape(-1)[:count]


def absmax_quantize(x: torch.Tensor, per_row: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """8-bit integers from -127 to 127: x times 127 / absmax, rounded to even at ties (arXiv 2208.07339, section 2.1).

    Args:
        x: finite floating-point numbers, [..., columns].
        per_row: one constant for each row, the last dimension, rather than one for the tensor.

    Returns:
        The codes, int8 and shaped like ``x``, and the largest magnitudes, float32 [..., 1] or of no dimension.

    Raises:
        CourseError: ``x`` is empty, not floating-point or not finite.
    """
    _check_numbers(x)
    x = x.detach().float()
    absmax = x.abs().amax(-1, keepdim=True) if per_row else x.abs().amax()
    return (x * (127 / absmax.clamp(min=1e-36))).round().to(torch.int8), absmax  # the bound keeps zeros zeros


def absmax_dequantize(codes: torch.Tensor, absmax: torch.Tensor) -> torch.Tensor:
    """What ``absmax_quantize`` stored, float32 and shaped like ``codes``."""
    return codes * (absmax / 127)


def _check_float(x: torch.Tensor, name: str) -> None:
    if not x.is_floating_point():
        raise CourseError(f"{name} has to be floating-point, not {x.dtype}: convert it with .float()")


def _check_numbers(x: torch.Tensor) -> None:
    _check_float(x, "x")
    if not x.numel():
        raise CourseError("there is nothing to quantize: x is empty")
    if not x.isfinite().all():
        raise CourseError("x holds NaN or infinity, for which there is no integer: look where they come from")


def _check_codes(codes: torch.Tensor) -> None:
    if codes.dtype != torch.uint8:
        raise CourseError(f"codes have to be uint8, not {codes.dtype}")


def _check_codebook(codebook: torch.Tensor) -> None:
    if codebook.dim() != 1 or not 2 <= codebook.numel() <= 256:
        raise CourseError(f"a codebook has one dimension of 2 to 256 levels, not {list(codebook.shape)}")


def _check_block_size(block_size: int) -> None:
    if not isinstance(block_size, int) or block_size < 1:
        raise CourseError(f"block_size has to be a whole number from 1 up, not {block_size!r}")
