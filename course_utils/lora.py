"""LoRA in readable form: the layer, its merge, rsLoRA's scale; and putting it into a model.

Formulas: LoRA (arXiv 2106.09685), section 4.1; rsLoRA (arXiv 2312.03732). The order of the operations is that of peft,
so in float32 the results are peft's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.errors import CourseError

__all__ = [
    "FEED_FORWARD",
    "LINEAR",
    "LoRALinear",
    "add_lora",
    "lora_layers",
    "merge_lora",
]

FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", *FEED_FORWARD)  # the seven linear layers of a Llama block


class LoRALinear(nn.Module):
    """A frozen linear layer and a low-rank update beside it: y = W x + b + scale * B(A(dropout(x))).

    A, [rank, in], starts as ``nn.Linear`` starts its weight (kaiming_uniform with a = sqrt(5), which is uniform up to
    1 / sqrt(in)); B, [out, rank], starts at zero, so that the layer first computes what its base computes. Both are
    float32 whatever the base is: small optimizer steps get lost in 16 bits. The output has the base's dtype.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0, rslora: bool = False):
        """Puts the adapter beside ``base``, which is frozen and kept, not copied.

        Args:
            base: any ``nn.Linear``, also one of bitsandbytes (which then cannot be merged here).
            rank: rows of A and columns of B.
            alpha: the scale is alpha / rank, or alpha / sqrt(rank) with ``rslora``.
            dropout: the share of the adapter's inputs set to zero in training; the base sees all of them.
            rslora: whether the scale is that of rsLoRA.

        Raises:
            CourseError: ``base`` is no linear layer, or a number is out of range.
        """
        super().__init__()
        if not isinstance(base, nn.Linear):
            raise CourseError(f"LoRALinear goes beside an nn.Linear, not a {type(base).__name__}")
        if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
            raise CourseError(f"rank has to be a whole number from 1 up, not {rank!r}")
        if not alpha > 0:
            raise CourseError(f"alpha has to be above 0, not {alpha!r}")
        if not 0 <= dropout < 1:
            raise CourseError(f"dropout has to be from 0 up to, but not including, 1, not {dropout!r}")
        self.base = base.requires_grad_(False)
        self.rank, self.alpha = rank, alpha
        self.scale = alpha / (math.sqrt(rank) if rslora else rank)
        self.dropout = nn.Dropout(dropout)
        where = {"device": base.weight.device, "dtype": torch.float32}
        self.A = nn.Parameter(torch.empty(rank, base.in_features, **where))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank, **where))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))

    def delta(self) -> torch.Tensor:
        """What is added to the weight: scale * B A, [out, in]."""
        return self.B @ self.A * self.scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [..., in] to [..., out]."""
        out = self.base(x)
        low = F.linear(self.dropout(x.to(self.A.dtype)), self.A)
        return (out + F.linear(low, self.B) * self.scale).to(out.dtype)

    @torch.no_grad()
    def merge(self) -> nn.Linear:
        """One plain layer that computes the same: W + scale * B A, summed in float32 and rounded once to W's dtype.

        Raises:
            CourseError: the base does not hold its weight as floating-point numbers [out, in].
        """
        base = self.base
        if not base.weight.is_floating_point() or base.weight.shape != (base.out_features, base.in_features):
            raise CourseError(f"the weight of this {type(base).__name__} is quantized: dequantize the model first")
        merged = nn.Linear(base.in_features, base.out_features, base.bias is not None, device="meta")
        weight = (base.weight.float() + self.delta()).to(base.weight.dtype)
        merged.weight = nn.Parameter(weight, requires_grad=False)
        if base.bias is not None:
            merged.bias = nn.Parameter(base.bias.detach().clone(), requires_grad=False)
        return merged

    def extra_repr(self) -> str:
        return f"rank={self.rank}, alpha={self.alpha}, scale={self.scale:g}"


def add_lora(model: nn.Module, rank: int, alpha: float, targets: Sequence[str] = LINEAR) -> nn.Module:
    """Freezes the model and puts an adapter beside each linear layer whose name ends in one of ``targets``.

    The model is changed in place and returned. A's are drawn in the order of the modules from torch's random state.

    Raises:
        CourseError: no layer has such a name, or the model has adapters already.
    """
    model.requires_grad_(False)
    if next(lora_layers(model), None):
        raise CourseError("this model has adapters already: merge them first, or load it again")
    found = [name for name, _ in model.named_modules() if name.rpartition(".")[2] in targets]
    if not found:
        raise CourseError(f"no layer of the model is named {' or '.join(targets)}")
    for name in found:
        _replace(model, name, LoRALinear(model.get_submodule(name), rank, alpha))
    return model


def lora_layers(model: nn.Module) -> Iterator[tuple[str, LoRALinear]]:
    """Name and module of each adapted layer of the model, in the order of its modules."""
    return ((name, module) for name, module in model.named_modules() if isinstance(module, LoRALinear))


def merge_lora(model: nn.Module) -> nn.Module:
    """Puts the merged plain layer in the place of each adapted one. The model is changed in place and returned."""
    for name, layer in list(lora_layers(model)):
        _replace(model, name, layer.merge())
    return model


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, module)
