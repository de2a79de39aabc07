"""Where a training step's time goes: ways timed by turns, a profile taken apart, threads in company.

The cases of the receipt ``speed_ladder`` are found here too.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from course_utils import environment, models, receipts
from course_utils.errors import CourseError

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler's own lines would stand in the middle of a page
NOTHING = 0.02  # a difference that nobody should act upon

# --- by turns --------------------------------------------------------------------------------------------------------


def by_turns(ways: Mapping[str, Callable[[], Any]], turns: int) -> dict[str, list[float]]:
    """Seconds that each way takes, in each of ``turns``.

    Each way runs once before, which does not count. Then all of them run in turn, every second time in the opposite
    order: what slows the machine for a while slows them all, not the one that happens to run.
    """
    for run in ways.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns):
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            settle()
            began = time.perf_counter()
            ways[name]()
            settle()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def settle() -> None:
    """Waits for what a GPU still has to do."""
    import torch

    if models.hardware().device == "cuda":
        torch.cuda.synchronize()


def ratio(slow: Sequence[float], fast: Sequence[float]) -> tuple[float, float, float]:
    """How many times as long ``slow`` takes: the median of the turns' quotients, the least and the largest."""
    quotients = [a / b for a, b in zip(slow, fast, strict=True)]
    return statistics.median(quotients), min(quotients), max(quotients)


def rates(count: int, seconds: Sequence[float]) -> tuple[float, float, float]:
    """``count`` things a second: in the median turn, in the slowest, and in the fastest."""
    return count / statistics.median(seconds), count / max(seconds), count / min(seconds)


def verdict(quotient: Sequence[float]) -> str:
    """A ``ratio`` in words: a gain or a loss is only what all turns show, by more than ``NOTHING``."""
    middle, low, high = quotient
    span = f"{middle:.2f} times as fast ({low:.2f} to {high:.2f})"
    if low > 1 + NOTHING:
        return span
    return f"slower, {span}" if high < 1 - NOTHING else f"not clearly faster or slower, {span}"


# --- a step taken apart ----------------------------------------------------------------------------------------------

PARTS = (
    "base, forward", "base, backward", "dequantize", "adapter", "output head", "attention", "loss", "optimizer", "data",
    "norms, rotation, SwiGLU, sums", "between operations",
)  # fmt: skip
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm", "aten::addmm_", "aten::baddbmm")


def parts_of(profile: Any, seconds: float, rank: int, vocabulary: int) -> dict[str, float]:
    """Milliseconds of a profiled step by ``PARTS``.

    Args:
        profile: a ``torch.profiler.profile`` with shapes, of one step, in which ``record_function`` marks "data" and
            "loss". Attention is torch's own.
        seconds: that the step took.
        rank: the adapter's, by which its products are told from others; no other side of a matrix may be as long.
        vocabulary: tokens that the output head knows, likewise.
    """
    on_gpu = models.hardware().device == "cuda"
    found = dict.fromkeys(PARTS, 0.0)
    for event in profile.events():
        spent = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        if spent and event.device_type.name == "CPU":
            found[_part_of(event, rank, vocabulary)] += spent / 1e3
    found["between operations"] = max(0.0, 1e3 * seconds - sum(found.values()))
    return found


def _part_of(event: Any, rank: int, vocabulary: int) -> str:
    names, above = [event.name], event.cpu_parent
    while above is not None:
        names.append(above.name)
        above = above.cpu_parent
    path = " ".join(names)
    for part, words in (
        ("data", r"\bdata\b"), ("optimizer", "Optimizer|_foreach|adam"), ("dequantize", "dequantize"),
        ("attention", "scaled_dot_product|ScaledDotProduct"),
    ):  # fmt: skip
        if re.search(words, path):
            return part
    if event.name in PRODUCTS:
        sides = {side for shape in event.input_shapes if isinstance(shape, (list, tuple)) for side in shape}
        if rank in sides:
            return "adapter"
        if vocabulary in sides:
            return "output head"
        return "base, backward" if "autograd::engine" in path else "base, forward"
    return "loss" if re.search(r"\bloss\b|NllLoss|LogSoftmax", path) else "norms, rotation, SwiGLU, sums"


# --- threads that wait -----------------------------------------------------------------------------------------------

THREADS: dict[str, dict[str, str]] = {
    "torch's default": {},
    "waiting threads spin for a while": {"GOMP_SPINCOUNT": environment.SPIN["GOMP_SPINCOUNT"]},
    "waiting threads sleep": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
# A block as wide as pocket-llama's, forward and backward: dozens of small products, after each of which threads wait.
CHILD = """
import json, subprocess, sys, time, torch
block = torch.nn.TransformerEncoderLayer(384, 6, 1024, dropout=0.0, batch_first=True)
rows = torch.randn(4, 128, 384)
def rate(seconds):
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds or not done:
        block(rows).sum().backward()
        done += 1
    return done / (time.perf_counter() - began)
rate(0.2)
alone = rate(float(sys.argv[1]))
busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
try:
    print(json.dumps([alone, rate(float(sys.argv[1]))]))
finally:
    busy.kill()
"""


def in_company(settings: Mapping[str, str], seconds: float) -> tuple[float, float]:
    """Steps a second of a small block on the CPU, alone and beside a process that keeps a core busy.

    In a process of its own with the environment variables of ``settings``, since torch reads them once, as it starts.
    """
    around = {name: value for name, value in os.environ.items() if name not in environment.USERS_CHOICE}
    around |= settings | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(seconds)], env=around, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise CourseError(f"the process that was to be timed ended badly: {done.stderr.strip().splitlines()[-1]}")
    alone, beside = json.loads(done.stdout)
    return alone, beside


# --- the receipt -----------------------------------------------------------------------------------------------------


class Ladder:
    """The receipt ``speed_ladder``: what was measured on a GPU, case by case."""

    def __init__(self, path: str = ""):
        self.receipt = receipts.load("speed_ladder", path)
        self.runs = self.receipt["runs"]

    @property
    def card(self) -> str:
        """The GPU's name, without its maker's."""
        return self.receipt["hardware"].split(" (")[0].removeprefix("NVIDIA ")

    def cases(self, entry: str, shape: str = "", rows: str = "") -> dict[str, dict[str, Any]]:
        """The cases of a table by their names there, those that were measured, in the order of the receipt.

        A case that was measured once more has ", again" behind its name.
        """
        return {
            run["rung"] + ", again" * (run["turn"] > 1): run
            for run in self.runs
            if run["entry"] == entry and shape in ("", run["shape"]) and rows in ("", run["rows"])
            and not run.keys() & {"error", "skipped", "out_of_memory"}
        }  # fmt: skip

    def tops(self, shape: str, rows: str) -> list[dict[str, Any]]:
        """Every run of a ladder's last rung: the one on the ladder, and those beside the peer."""
        beside = self.cases("beside the peer", shape, rows)
        return list(self.cases("ladder", shape, rows).values())[-1:] + [
            beside[name] for name in ("our top", "our top, again") if name in beside
        ]

    def failed(self, entry: str, shape: str = "") -> dict[str, str]:
        """Why the other cases of a table were not measured, by their names there."""
        reasons = ("error", "skipped", "out_of_memory")
        return {
            run["rung"]: next(run[reason] for reason in reasons if reason in run)
            for run in self.runs
            if run["entry"] == entry and shape in ("", run["shape"]) and run.keys() & set(reasons)
        }


def pace(case: Mapping[str, Any]) -> float:
    """The tokens a second of a case."""
    return case["tokens_a_second"]


def against(case: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> tuple[float, float, float]:
    """How many times as fast a case is as several runs of one recipe: as the middle, the fastest, the slowest run."""
    quotients = [gain(case, other) for other in others]
    return statistics.median(quotients), min(quotients), max(quotients)


def gain(case: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How many times as many tokens a second ``case`` trains as ``other``."""
    return case["tokens_a_second"] / other["tokens_a_second"]


def steps(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The gain of each rung of a ladder over the one before it, by the rung's name.

    Where a rung between the two was not measured, both are named: "the first to the second".
    """

    def title(before: str, after: str) -> str:
        one, other = cases[before]["recipe"], cases[after]["recipe"]
        changed = sum(one[name] != other[name] for name in one if name != "accumulation")
        return after if changed == 1 else f"{before} to {after}"

    return {title(before, after): gain(cases[after], cases[before]) for before, after in itertools.pairwise(cases)}


def shown(case: Mapping[str, Any]) -> str:
    """The tokens a second of a case, with the spread of its blocks."""
    low, high = case["spread"]
    return f"{case['tokens_a_second']:,.0f} ({low:,.0f} to {high:,.0f})"


def largest_gap(one: Iterable[float], other: Iterable[float]) -> float:
    """The largest difference of two loss curves at the same step."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
