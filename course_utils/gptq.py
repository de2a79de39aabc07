"""GPTQ: rounding a layer's weights one input after the other, so that its output changes least; and its file format.

Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
https://arxiv.org/abs/2210.17323. Codes are whole numbers from 0 to 15; a group of ``group_size`` inputs shares a scale
and a zero point for each output: weight = (code - zero) · scale.
"""

from __future__ import annotations

import torch


def hessian(inputs: torch.Tensor) -> torch.Tensor:
    """Second derivative of a row's squared output error by its weights, a token: 2 XᵀX / tokens.

    Args:
        inputs: what the layer is given, of shape (tokens, inputs).

    Returns:
        float64 of shape (inputs, inputs).
    """
    return 2 * inputs.double().T @ inputs.double() / len(inputs)


def grid(group: torch.Tensor, bits: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and zero point of each row of a group of weights, so that its codes reach from 0 to 2^bits - 1."""
    low, high = group.amin(1).clamp(max=0), group.amax(1).clamp(min=0)
    scale = ((high - low) / (2**bits - 1)).clamp(min=1e-8)
    return scale, (-low / scale).round()


def quantize(
    weight: torch.Tensor, H: torch.Tensor, bits: int = 4, group_size: int = 64, damping: float = 0.01
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes, scales and zero points of a layer's weight by GPTQ.

    Args:
        weight: of shape (outputs, inputs).
        H: its inputs' ``hessian``; the identity makes this rounding to nearest.
        bits: of a code.
        group_size: inputs that share a scale; it has to divide their number.
        damping: what is added to the diagonal of ``H``, in shares of its mean.

    Returns:
        Codes, uint8 of the weight's shape; scales and zero points, float32 of shape (outputs, groups).
    """
    work = weight.double().clone()
    eye = torch.eye(len(H), dtype=H.dtype, device=H.device)
    U = torch.linalg.cholesky(torch.linalg.inv(H + damping * H.diagonal().mean() * eye), upper=True)
    codes = torch.empty(weight.shape, dtype=torch.uint8, device=weight.device)
    scales, zeros = [], []
    for j in range(weight.shape[1]):
        if j % group_size == 0:
            scale, zero = grid(work[:, j : j + group_size], bits)
            scales.append(scale)
            zeros.append(zero)
        code = (work[:, j] / scale + zero).round().clamp(0, 2**bits - 1)
        error = (work[:, j] - (code - zero) * scale) / U[j, j]
        work[:, j + 1 :] -= torch.outer(error, U[j, j + 1 :])  # the columns still to come make it good
        codes[:, j] = code
    return codes, torch.stack(scales, 1).float(), torch.stack(zeros, 1).float()


def dequantize(codes: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor) -> torch.Tensor:
    """The weights that codes stand for, float32 of shape (outputs, inputs)."""
    group_size = codes.shape[1] // scales.shape[1]
    spread = (part.repeat_interleave(group_size, 1) for part in (zeros, scales))
    return (codes - next(spread)) * next(spread)


def pack(codes: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor) -> dict[str, torch.Tensor]:
    """The tensors of a 4-bit GPTQ checkpoint, as AutoGPTQ wrote them and later libraries read them.

    Returns:
        ``qweight`` int32 (inputs / 8, outputs), eight codes to a number, the first in the lowest bits; ``qzeros`` int32
        (groups, outputs / 8), zero points less one, packed likewise; ``scales`` float16 (groups, outputs); ``g_idx``
        int32 (inputs), the group of each input.
    """
    inputs, groups = codes.shape[1], scales.shape[1]
    return {
        "qweight": _pack(codes.T.long()),
        "qzeros": _pack((zeros.long() - 1) & 15).T.contiguous(),
        "scales": scales.T.half().contiguous(),
        "g_idx": torch.arange(inputs, dtype=torch.int32) // (inputs // groups),
    }


def unpack(tensors: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes, scales and zero points out of the tensors of ``pack``."""
    codes = _unpack(tensors["qweight"]).T.contiguous().to(torch.uint8)
    zeros = ((_unpack(tensors["qzeros"].T) + 1) & 15).float()
    return codes, tensors["scales"].T.float(), zeros


def _pack(numbers: torch.Tensor) -> torch.Tensor:
    """Whole numbers from 0 to 15 of shape (n, m) in int32 of shape (n / 8, m)."""
    shifts = 4 * torch.arange(8, device=numbers.device)
    return (numbers.view(-1, 8, numbers.shape[1]) << shifts[:, None]).sum(1).to(torch.int32)


def _unpack(packed: torch.Tensor) -> torch.Tensor:
    shifts = 4 * torch.arange(8, device=packed.device)
    return ((packed.long()[:, None] >> shifts[:, None]) & 15).flatten(0, 1)
