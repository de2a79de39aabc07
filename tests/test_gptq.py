"""GPTQ against what it minimizes, against its steps carried out as the paper writes them, and its file format."""

import pytest
import torch

from course_utils import gptq


@pytest.fixture(scope="module")
def layer():
    """A weight, inputs that go together, and others of the same kind."""
    torch.manual_seed(0)
    mix = torch.randn(128, 128)
    return torch.randn(48, 128) * 0.05, torch.randn(1500, 128) @ mix, torch.randn(500, 128) @ mix


def loss(stored, weight, inputs):
    return ((inputs @ (stored - weight).T).norm() / (inputs @ weight.T).norm()).item()


def as_written(weight, H, group_size=64, damping=0.01):
    """Round a column, move the others, strike it from H, and go on with the inverse of what is left."""
    inverse = torch.linalg.inv(H + damping * H.diagonal().mean() * torch.eye(len(H), dtype=H.dtype))
    work, stored = weight.double().clone(), torch.empty(weight.shape, dtype=torch.float64)
    for j in range(weight.shape[1]):
        if j % group_size == 0:
            scale, zero = gptq.grid(work[:, j : j + group_size])
        stored[:, j] = ((work[:, j] / scale + zero).round().clamp(0, 15) - zero) * scale
        change = work[:, j] - stored[:, j]
        work[:, j + 1 :] -= torch.outer(change / inverse[j, j], inverse[j, j + 1 :])
        inverse = inverse - torch.outer(inverse[:, j], inverse[j]) / inverse[j, j]
    return stored


def test_it_is_what_the_paper_writes(layer):
    weight, inputs, _ = layer
    H = gptq.hessian(inputs)
    ours = gptq.dequantize(*gptq.quantize(weight, H)).double()
    same = torch.isclose(ours, as_written(weight, H), atol=1e-5)
    assert same.all(1).float().mean() > 0.9  # rows are independent; a tie may fall the other way in one of them


def test_without_correlation_it_rounds_to_nearest(layer):
    weight, _, _ = layer
    codes, scales, zeros = gptq.quantize(weight, torch.eye(128, dtype=torch.float64))
    back = gptq.dequantize(codes, scales, zeros)
    step = scales.repeat_interleave(64, 1)
    assert ((back - weight).abs() <= step / 2 * (1 + 1e-5)).all()
    assert codes.dtype == torch.uint8 and codes.max() == 15 and codes.min() == 0


def test_it_keeps_the_output_on_inputs_that_it_has_not_seen(layer):
    weight, inputs, fresh = layer
    nearest = gptq.dequantize(*gptq.quantize(weight, torch.eye(128, dtype=torch.float64)))
    moved = gptq.dequantize(*gptq.quantize(weight, gptq.hessian(inputs)))
    assert loss(moved, weight, fresh) < 0.85 * loss(nearest, weight, fresh)
    assert (moved - weight).norm() > (nearest - weight).norm()


def test_packed_and_unpacked_it_is_the_same(layer):
    weight, inputs, _ = layer
    codes, scales, zeros = gptq.quantize(weight, gptq.hessian(inputs))
    tensors = gptq.pack(codes, scales, zeros)
    assert {name: (tuple(t.shape), t.dtype) for name, t in tensors.items()} == {
        "qweight": ((16, 48), torch.int32), "qzeros": ((2, 6), torch.int32), "scales": ((2, 48), torch.float16),
        "g_idx": ((128,), torch.int32),
    }  # fmt: skip
    again, half, zeros_again = gptq.unpack(tensors)
    assert torch.equal(again, codes) and torch.equal(zeros_again, zeros)
    assert torch.allclose(half, scales, rtol=1e-3)
    # The first output's first eight codes stand in one number, the first in its lowest four bits; zero points less one.
    number = int(tensors["qweight"][0, 0]) & 0xFFFFFFFF
    assert [number >> 4 * i & 15 for i in range(8)] == codes[0, :8].tolist()
    assert int(tensors["qzeros"][0, 0]) & 15 == (int(zeros[0, 0]) - 1) % 16
