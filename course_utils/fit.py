"""What can be trained on a card: ``memory.estimate``'s prediction, with the error that it had on a real one.

The receipt ``memory_peaks`` holds what training steps took on a GPU. The formulas were corrected by two thirds of its
cases; every third of each shape, in the receipt's order, was held back to be predicted only.
"""

from __future__ import annotations

import collections
import dataclasses
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from course_utils import memory, receipts

__all__ = ["CARDS", "Margins", "Measured", "Plan", "compiled", "largest_batch", "margins", "measured", "plan", "report"]

CARDS = (8, 16, 24, 48, 80)  # GB, of 10^9 bytes
HELD_BACK = 3  # each third case of a shape
LENGTHS = 64  # tokens: rows are made longer in steps of so many
MOST_ROWS, MOST_TOKENS = 1024, 32768  # of a step, and of a row where the model's configuration names no longest one
ENOUGH = 2048  # tokens of a step that keep a GPU busy: with as many, checkpointing would only cost time
# As a trainer with bf16=True does it: everything in 16 bits where all is trained, adapters in 32 beside a 16- or 4-bit
# base; TRL's loss; transformers' own choice of optimizer.
SETTINGS: dict[str, dict[str, str]] = {
    method: {
        "precision": "bf16" if method == "full" else "mixed", "logits": "chunked", "optimizer": "adamw_torch_fused",
    }
    for method in memory.METHODS
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Measured:
    """A case of the receipt beside today's prediction; bytes."""

    run: dict[str, Any]  # the receipt's entry
    budget: memory.MemoryBudget
    held_back: bool  # the formulas were not corrected by it

    @property
    def peak(self) -> int:
        """What the allocator handed out at the fullest moment."""
        return self.run["peak_bytes"]

    @property
    def error(self) -> float:
        """How far the prediction is off, as a share of what was measured; below 0 it was too low."""
        return self.budget.total / self.peak - 1


def measured(path: str | Path = "") -> list[Measured]:
    """The cases that the receipt has a peak of and that ``memory.estimate`` foresees, in its order.

    Args:
        path: another receipt than the course's own.
    """
    found, of_shape = [], collections.Counter[str]()
    for run in receipts.load("memory_peaks", path)["runs"]:
        if "peak_bytes" not in run or run.get("compiled"):
            continue
        of_shape[run["shape"]] += 1
        names = ("model", "method", "rank", "batch", "seq_len", "checkpointing", "optimizer")
        options = ("precision", "logits", "double_quant", "targets")
        budget = memory.estimate(*(run[name] for name in names), **{name: run[name] for name in options})
        found.append(Measured(run, budget, of_shape[run["shape"]] % HELD_BACK == 0))
    return found


def compiled(path: str | Path = "") -> list[dict[str, Any]]:
    """The receipt's entries of compiled blocks: what a compiler keeps is measured, not foreseen."""
    return [run for run in receipts.load("memory_peaks", path)["runs"] if run.get("compiled") and "peak_bytes" in run]


@dataclasses.dataclass(frozen=True)
class Margins:
    """What a prediction needs beside it, from what was measured."""

    low: float  # measured peaks lay between so many times the predicted one,
    high: float  # and so many: the range that holds 95 % of them
    reserve: float  # of its peak the allocator held as much again, in half of the cases; it gives some back if pressed
    context: int  # bytes of the driver and of loaded kernels, outside the allocator


def margins(cases: Sequence[Measured]) -> Margins:
    beside = [case.run["beside_allocator_bytes"] for case in cases if "beside_allocator_bytes" in case.run]
    cuts = statistics.quantiles([case.peak / case.budget.total for case in cases], n=40)  # 2.5 % between two
    return Margins(
        low=cuts[0],
        high=cuts[-1],
        reserve=statistics.median(case.run["reserved_bytes"] / case.peak - 1 for case in cases),
        context=int(statistics.median(beside)),
    )


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a method fits on a card."""

    card: float  # GB
    method: str
    checkpointing: bool
    length: int  # tokens of a row
    rows: int  # that fit, of this length
    longest: int  # tokens of the longest row that fits, alone
    budget: memory.MemoryBudget  # of all the rows

    @property
    def tokens(self) -> int:
        return self.rows * self.length


def needed(budget: memory.MemoryBudget, margin: Margins) -> float:
    """Bytes that a card has to have: the peak at its upper end, the allocator's reserve, the driver's context."""
    return budget.total * (margin.high + margin.reserve) + budget.paged + margin.context


def largest_batch(
    model: Any, method: str, card: float, length: int, rank: int, margin: Margins, checkpointing: bool
) -> int:
    """How many rows of ``length`` tokens a card of ``card`` GB holds; 0 if not even one."""
    return _largest(lambda rows: _fits(model, method, card, rows, length, rank, margin, checkpointing), MOST_ROWS)


def plan(model: Any, method: str, card: float, length: int, rank: int, margin: Margins) -> Plan | None:
    """The largest step of a method on a card, without checkpointing if that leaves room for ``ENOUGH`` tokens.

    Returns:
        None if not even one row fits.
    """
    most = memory.longest_row(model) or MOST_TOKENS

    def with_checkpointing(checkpointing: bool) -> Plan | None:
        rows = largest_batch(model, method, card, length, rank, margin, checkpointing)
        if not rows:
            return None
        longest = LENGTHS * _largest(
            lambda steps: _fits(model, method, card, 1, LENGTHS * steps, rank, margin, checkpointing), most // LENGTHS
        )
        budget = memory.estimate(model, method, rank, rows, length, checkpointing, **SETTINGS[method])
        return Plan(card, method, checkpointing, length, rows, max(longest, length), budget)

    plain = with_checkpointing(False)
    return plain if plain and plain.tokens >= ENOUGH else with_checkpointing(True)


def _fits(
    model: Any, method: str, card: float, rows: int, length: int, rank: int, margin: Margins, checkpointing: bool
) -> bool:
    budget = memory.estimate(model, method, rank, rows, length, checkpointing, **SETTINGS[method])
    return needed(budget, margin) <= card * 1e9


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number up to ``most`` that fits, where all smaller ones fit too; 0 if none does."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def first_change(model: Any, method: str, card: float, length: int, rank: int, margin: Margins) -> str:
    """What to change first where a method does not fit."""
    if method != "qlora" and plan(model, "qlora", card, length, rank, margin):
        return "--method qlora fits"

    def fits(tokens: int, of_rank: int) -> bool:
        return plan(model, method, card, tokens, of_rank, margin) is not None

    if shorter := LENGTHS * _largest(lambda steps: fits(LENGTHS * steps, rank), (length - 1) // LENGTHS):
        return f"--length {shorter} fits"
    shortest = min(length, LENGTHS)
    if method != "full" and (lower := _largest(lambda of_rank: fits(shortest, of_rank), rank)):
        return f"--rank {lower} with --length {shortest} fits"
    least = needed(memory.estimate(model, "qlora", 1, 1, shortest, True, **SETTINGS["qlora"]), margin)
    return f"take a smaller model or a larger card: QLoRA of rank 1 on {shortest} tokens needs {least / 1e9:.1f} GB"


def report(
    model: str, cards: Iterable[float] = CARDS, methods: Iterable[str] = (), length: int = 512, rank: int = 16
) -> str:
    """A table of what fits on each card.

    Args:
        model: as for ``memory.shape_of``.
        cards: their GB.
        methods: some of ``memory.METHODS``; none means all.
        length: tokens of a row.
        rank: of the adapters.

    Raises:
        CourseError: the model is unknown, or a number is out of range.
    """
    methods, cases = tuple(methods), measured()
    margin = margins(cases)
    memory.estimate(model, rank=rank, seq_len=length)  # says what is wrong with them
    count = memory.shape_of(model).parameters
    size = f"{count / 1e9:.2f} billion" if count >= 1e9 else f"{count / 1e6:.0f} million"
    lines = [
        f"{model}: {size} weights; rank {rank}, rows of {length} tokens",
        "",
        f"{'card':>5}  {'method':6}  {'checkpointing':13}  {'rows':>5}  {'longest row':>11}  expected peak (95 %)",
    ]
    for card in cards:
        plans = [plan(model, method, card, length, rank, margin) for method in methods or memory.METHODS]
        lines += [_line(each, margin) for each in plans if each]
        if not any(plans):
            change = first_change(model, methods[-1] if methods else "qlora", card, length, rank, margin)
            lines.append(f"{card:5g}  nothing fits; {change}")
    lines += [
        "",
        "Cards in GB of 10^9 bytes, as is all here. full: all in bf16; lora, qlora: adapters in fp32, a bf16 or NF4 "
        "base.",
        "Fused AdamW and TRL's chunked loss. Checkpointing only where fewer than "
        f"{ENOUGH:,} tokens a step would fit without.",
        f"A card needs besides {margin.context / 1e9:.1f} GB for CUDA and about {margin.reserve:.0%} of the peak for "
        "the allocator's reserve: both are counted.",
        f"Of {len(cases)} steps on a GPU, 95 % took {margin.low:.3f} to {margin.high:.3f} times the expected peak.",
    ]
    return "\n".join(lines)


def _line(found: Plan, margin: Margins) -> str:
    peak = found.budget.total / 1e9
    rows = f"{found.rows}{'+' if found.rows == MOST_ROWS else ''}"
    return (
        f"{found.card:5g}  {found.method:6}  {'on' if found.checkpointing else 'off':13}  {rows:>5}  "
        f"{found.longest:>11,}  {peak:.1f} GB ({peak * margin.low:.1f} to {peak * margin.high:.1f})"
    )
