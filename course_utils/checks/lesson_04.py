"""Exercises of lesson 04."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

from course_utils.checks.exercise import Case, Exercise


def _energy_rank(singular_values: list[float], share: float, power: int = 2, strictly: bool = False) -> int:
    energies = list(accumulate(s**power for s in singular_values))
    enough = [e > share * energies[-1] if strictly else e >= share * energies[-1] for e in energies]
    return 1 + enough.index(True) if any(enough) else len(energies)


energy_rank = Exercise(
    name="energy_rank",
    answer=_energy_rank,
    cases=[
        Case([2.0], 0.5),
        Case([1.0, 1.0], 0.5),  # exactly enough
        Case([2.0, 1.0], 0.7),
        Case([3.0, 2.0, 1.0], 0.9),
        Case([1.0, 1.0, 1.0, 1.0], 0.6),
        Case([4.0, 2.0, 1.0, 0.5, 0.25], 0.99),
        Case([8.0, 1.0, 1.0, 1.0, 1.0, 1.0], 0.5),
    ],
    hint="The energy of a direction is its singular value squared. Add up energies from the largest down until the "
    "sum is at least that share of the whole; return how many that took.",
    why="Squares of singular values add up to the squared size of the matrix, so the first r of them say how much of "
    "it a matrix of rank r can hold at best (Eckart and Young 1936).",
    mistakes={
        "The energy is the square of a singular value: these are sums of the values themselves.": (
            lambda singular_values, share: _energy_rank(singular_values, share, power=1)
        ),
        "One too few: that is the index of the direction, and counting starts at 1.": (
            lambda singular_values, share: _energy_rank(singular_values, share) - 1
        ),
        "One too many: stop as soon as the share is reached.": (
            lambda singular_values, share: _energy_rank(singular_values, share) + 1
        ),
        "At least the share: where it is reached exactly, that is enough.": (
            lambda singular_values, share: _energy_rank(singular_values, share, strictly=True)
        ),
        "That counts directions by their number, not by their energy.": (
            lambda singular_values, share: math.ceil(share * len(singular_values))
        ),
    },
)


def _scaled_sum(factor: Any, keep: float = 1.0) -> Any:
    """What adds `factor(A, B, alpha)` times B A to `keep` times W, as nested lists."""
    return lambda W, A, B, alpha: (keep * W + factor(A, B, alpha) * (B @ A)).tolist()


class _Matrices(Case):
    """A case of W, A, B and alpha. The matrices are kept as rows and become arrays when they are asked for: whoever
    imports the graders need not wait for numpy."""

    def __init__(self, *rows: list[list[float]], alpha: float):
        self.rows, self.alpha, self.kwargs = rows, alpha, {}

    @property
    def args(self) -> tuple:
        import numpy as np

        return (*map(np.array, self.rows), self.alpha)


merged_weight = Exercise(
    name="merged_weight",
    answer=_scaled_sum(lambda A, B, alpha: alpha / len(A)),
    cases=[
        _Matrices([[1.0]], [[2.0]], [[3.0]], alpha=1.0),
        _Matrices([[1.0]], [[2.0]], [[3.0]], alpha=2.0),
        _Matrices([[1.0]], [[2.0], [1.0]], [[3.0, 1.0]], alpha=4.0),
        _Matrices([[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0]], [[3.0], [1.0]], alpha=2.0),
        _Matrices([[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [2.0, 1.0]], [[0.0, 1.0], [1.0, 3.0]], alpha=8.0),
        _Matrices([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]], [[1.0, 2.0, 3.0]], [[1.0], [0.5]], alpha=0.5),
    ],
    hint="A has one row for each unit of rank, so the rank is A.shape[0] or len(A). The merged weight is W plus "
    "alpha / rank times B @ A.",
    why="W x + alpha / r · B(A x) is one product with W + alpha / r · B A. After merging, the adapter costs nothing; "
    "what it had is inside W.",
    mistakes={
        "The scale is alpha / rank, not alpha alone.": _scaled_sum(lambda A, B, alpha: alpha),
        "There is no alpha in it: B A is scaled by alpha / rank.": _scaled_sum(lambda A, B, alpha: 1.0),
        "The square root belongs to rsLoRA; plain LoRA divides alpha by the rank.": (
            _scaled_sum(lambda A, B, alpha: alpha / math.sqrt(len(A)))
        ),
        "That is the update alone: the frozen W has to be in the sum.": (
            _scaled_sum(lambda A, B, alpha: alpha / len(A), keep=0.0)
        ),
        "Divide by the rank, the number of rows of A, not by the number of outputs.": (
            _scaled_sum(lambda A, B, alpha: alpha / len(B))
        ),
        "Divide by the rank, the number of rows of A, not by the number of inputs.": (
            _scaled_sum(lambda A, B, alpha: alpha / A.shape[1])
        ),
    },
)


def _adapter_size(
    hidden: int,
    intermediate: int,
    layers: int,
    heads: int,
    kv_heads: int,
    rank: int,
    targets: tuple[str, ...],
    each: Any = lambda inputs, outputs, rank: rank * (inputs + outputs),
) -> int:
    grouped = hidden // heads * kv_heads
    shapes = {
        "q_proj": (hidden, hidden),
        "k_proj": (hidden, grouped),
        "v_proj": (hidden, grouped),
        "o_proj": (hidden, hidden),
        "gate_proj": (hidden, intermediate),
        "up_proj": (hidden, intermediate),
        "down_proj": (intermediate, hidden),
    }
    return layers * sum(each(*shapes[target], rank) for target in targets)


_ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

adapter_size = Exercise(
    name="adapter_size",
    answer=lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
        hidden, intermediate, layers, heads, kv_heads, rank, targets
    ),
    cases=[
        Case(4, 6, 1, 2, 2, 1, ("q_proj",)),
        Case(4, 6, 1, 2, 2, 1, ("down_proj",)),
        Case(4, 6, 1, 2, 1, 1, ("v_proj",)),
        Case(4, 6, 1, 2, 1, 3, ("q_proj", "v_proj")),
        Case(4, 6, 2, 2, 1, 3, ("k_proj", "gate_proj", "up_proj")),
        Case(2048, 5632, 22, 32, 4, 8, ("q_proj", "v_proj")),
        Case(2048, 5632, 22, 32, 4, 64, _ALL),
        Case(4096, 11008, 32, 32, 32, 64, _ALL),
    ],
    hint="Write down (inputs, outputs) of each of the seven layers. q and o are hidden → hidden, k and v go to "
    "hidden / heads · kv_heads, gate and up to intermediate, down back. Then rank · (inputs + outputs), summed over "
    "the targets, times the blocks.",
    why="A costs rank × inputs and B outputs × rank, in every block. With grouped queries k and v have fewer outputs, "
    "so their B is smaller.",
    mistakes={
        "With grouped queries, k and v have hidden / heads · kv_heads outputs, not hidden.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, layers, heads, heads, rank, targets
            )
        ),
        "That is one block: every block has its own adapters.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, 1, heads, kv_heads, rank, targets
            )
        ),
        "That counts the frozen weights: an adapter has rank · (inputs + outputs), not inputs · outputs.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, layers, heads, kv_heads, rank, targets, lambda i, o, r: i * o
            )
        ),
        "inputs and outputs are added, not multiplied.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, layers, heads, kv_heads, rank, targets, lambda i, o, r: r * i * o
            )
        ),
        "That counts A only.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, layers, heads, kv_heads, rank, targets, lambda i, o, r: r * i
            )
        ),
        "That counts B only.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, layers, heads, kv_heads, rank, targets, lambda i, o, r: r * o
            )
        ),
        "That is all seven layers, whatever the targets are.": (
            lambda hidden, intermediate, layers, heads, kv_heads, rank, targets: _adapter_size(
                hidden, intermediate, layers, heads, kv_heads, rank, _ALL
            )
        ),
    },
)


def _rate_of_b(rate: float, rank: int, alpha: float, optimizer: str) -> float:
    s = alpha / rank
    return rate * (s if optimizer == "adam" else s * s)


rate_of_b = Exercise(
    name="rate_of_b",
    answer=_rate_of_b,
    cases=[
        Case(0.1, 4, 8, "adam"),
        Case(0.1, 4, 8, "sgd"),
        Case(0.1, 4, 4, "sgd"),
        Case(2e-4, 64, 16, "adam"),
        Case(2e-4, 64, 16, "sgd"),
        Case(2e-3, 16, 32, "adam"),
    ],
    hint="Call s B a matrix of its own. Its gradient is 1 / s of B's. Adam ignores the size of a gradient, SGD "
    "does not; and whatever B does, s B does s times as much.",
    why="Adam steps B by the rate whatever the gradient's size, and s B by s times that. SGD steps B by a gradient "
    "that carries an s, and s B by another s: s². In both, alpha / r is a private learning rate for B.",
    mistakes={
        "Right for Adam. SGD's step is proportional to the gradient, which brings a second s.": (
            lambda rate, rank, alpha, optimizer: rate * alpha / rank
        ),
        "Right for SGD. Adam divides the gradient by its own size, which takes one s away.": (
            lambda rate, rank, alpha, optimizer: rate * (alpha / rank) ** 2
        ),
        "The other way round: the square belongs to SGD.": (
            lambda rate, rank, alpha, optimizer: _rate_of_b(rate, rank, alpha, "sgd" if optimizer == "adam" else "adam")
        ),
        "The scale is alpha / rank, not alpha.": (
            lambda rate, rank, alpha, optimizer: rate * (alpha if optimizer == "adam" else alpha**2)
        ),
        "Upside down: a larger alpha makes B faster.": (
            lambda rate, rank, alpha, optimizer: rate * rate / _rate_of_b(rate, rank, alpha, optimizer)
        ),
        "The scale does change how fast B moves, under both optimizers.": lambda rate, rank, alpha, optimizer: rate,
    },
)


stored_weight = Exercise(
    name="stored_weight",
    answer=lambda level, second_level, second_absmax, mean: level * (second_level * second_absmax + mean),
    cases=[
        Case(1.0, 0.5, 0.25, 0.0),
        Case(1.0, 0.0, 0.25, 0.125),
        Case(0.5, 0.5, 0.25, 0.125),
        Case(-0.25, -0.5, 0.0625, 0.125),
        Case(0.0, 0.75, 0.25, 0.5),
    ],
    hint="From the inside out: second_level times second_absmax, plus the mean, is the block's constant. The weight "
    "is its level times that constant.",
    why="That is doubleDequant: dequantize the constant, then the weight with it. The mean is in bitsandbytes and "
    "not in the paper's equation: constants are all positive, and without their mean the 8 bits serve both signs.",
    mistakes={
        "The mean belongs to the constant: add it before multiplying by the level.": (
            lambda level, second_level, second_absmax, mean: level * second_level * second_absmax + mean
        ),
        "The mean was taken off before the constants were quantized: it has to be added again.": (
            lambda level, second_level, second_absmax, mean: level * second_level * second_absmax
        ),
        "The mean is added after the 8-bit level has been scaled, not before.": (
            lambda level, second_level, second_absmax, mean: level * (second_level + mean) * second_absmax
        ),
        "It was subtracted in quantizing, so it is added in dequantizing.": (
            lambda level, second_level, second_absmax, mean: level * (second_level * second_absmax - mean)
        ),
        "That is the block's constant: the weight's own level is missing.": (
            lambda level, second_level, second_absmax, mean: second_level * second_absmax + mean
        ),
    },
)
