"""LoRA in readable form: the layer, its merge, rsLoRA's scale, DoRA; and putting it into a model.

Formulas: LoRA (arXiv 2106.09685), section 4.1; rsLoRA (arXiv 2312.03732); DoRA (arXiv 2402.09353), section 4. The
order of the operations is that of peft, so in float32 the results are peft's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.errors import CourseError

__all__ = [
    "ATTENTION",
    "FEED_FORWARD",
    "LINEAR",
    "DoRALinear",
    "LoRALinear",
    "add_lora",
    "lora_layers",
    "merge_lora",
    "scale",
]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
LINEAR = ATTENTION + FEED_FORWARD  # the seven linear layers of a Llama block


def scale(rank: int, alpha: float, rslora: bool = False) -> float:
    """What B(Ax) is multiplied by: alpha / rank in LoRA, alpha / sqrt(rank) in rsLoRA (arXiv 2312.03732).

    Raises:
        CourseError: the rank is no whole number from 1 up, or alpha is not above 0.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
        raise CourseError(f"rank has to be a whole number from 1 up, not {rank!r}")
    if not alpha > 0:
        raise CourseError(f"alpha has to be above 0, not {alpha!r}")
    return alpha / math.sqrt(rank) if rslora else alpha / rank


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
        if not 0 <= dropout < 1:
            raise CourseError(f"dropout has to be from 0 up to, but not including, 1, not {dropout!r}")
        self.base = base.requires_grad_(False)
        self.rank, self.alpha, self.rslora = rank, alpha, rslora
        self.scale = scale(rank, alpha, rslora)
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
        return self._plain(self._base_weight().float() + self.delta())

    def extra_repr(self) -> str:
        return f"rank={self.rank}, alpha={self.alpha}, scale={self.scale:g}"

    def _base_weight(self) -> torch.Tensor:
        weight = self.base.weight
        if not weight.is_floating_point() or weight.shape != (self.base.out_features, self.base.in_features):
            raise CourseError(f"the weight of this {type(self.base).__name__} is quantized: dequantize the model first")
        return weight

    def _plain(self, weight: torch.Tensor) -> nn.Linear:
        bias = self.base.bias
        merged = nn.Linear(self.base.in_features, self.base.out_features, bias is not None, device="meta")
        merged.weight = nn.Parameter(weight.to(self.base.weight.dtype), requires_grad=False)
        if bias is not None:
            merged.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
        return merged


class DoRALinear(LoRALinear):
    """DoRA (arXiv 2402.09353): the direction of each row of W + scale * B A, times a length m that is learned too.

    y = m / |W + scale * B A| * (W + scale * B A) x + b, the norm taken over each output's row. m starts as the norms of
    W, so the layer first computes what its base computes. As in section 4.3 of the paper, and in peft, no gradient
    goes through the norm. With dropout, the base's own output stays undropped; what DoRA adds to it is dropped.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float = 0.0, rslora: bool = False):
        super().__init__(base, rank, alpha, dropout, rslora)
        self.magnitude = nn.Parameter(torch.linalg.norm(self._base_weight().float(), dim=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [..., in] to [..., out]."""
        out = self.base(x)
        x = self.dropout(x.to(self.A.dtype))
        weight = self._base_weight().to(x.dtype)
        norm = torch.linalg.norm(weight + self.delta().detach(), dim=1)
        stretch = self.magnitude / norm
        low = F.linear(F.linear(x, self.A), self.B)
        return (out + ((stretch - 1) * F.linear(x, weight) + stretch * low * self.scale)).to(out.dtype)

    @torch.no_grad()
    def merge(self) -> nn.Linear:
        weight = self._base_weight().float() + self.delta()
        return self._plain(weight * (self.magnitude / torch.linalg.norm(weight, dim=1)).unsqueeze(1))


def add_lora(
    model: nn.Module,
    rank: int,
    alpha: float,
    targets: Sequence[str] = LINEAR,
    dropout: float = 0.0,
    rslora: bool = False,
    kind: type[LoRALinear] = LoRALinear,
) -> nn.Module:
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
        _replace(model, name, kind(model.get_submodule(name), rank, alpha, dropout, rslora))
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
