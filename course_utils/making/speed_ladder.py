"""From the book's QLoRA recipe to the fastest one found, a change a rung, through SFTTrainer. Lesson 11's receipt.

    python -m course_utils.making.speed_ladder --out speed_ladder.json --gpus 0 1 2 --seconds 560    # of 80 GB
    python -m course_utils.making.speed_ladder --out /tmp/ladder.json --quick      # the same path, a small model, a CPU

Weights are random and have the true shapes, made on the card in NF4 with double quantization. A case is one process on
one GPU: some steps to warm up, then three timed blocks of steps. What is trained are the tokens that are no padding.
The next case's process imports its libraries while a card is busy and touches the card when it is free. The receipt is
written after each case, what ended well is not run again, and none is begun that would not end within ``--seconds``.
``--place`` keeps what was compiled, for the next call. ``--peer-site`` names a directory with another tool's packages:
then our fastest recipe and the tool's run by turns on the same card, see ``speed_peer``.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from course_utils import environment, memory
from course_utils.errors import CourseError
from course_utils.making import memory_peaks

LENGTH = 512  # tokens of a row at most
RANK = 64
BLOCKS = 3  # timed, each of some steps
SHAPES: dict[str, Any] = {"tinyllama": "tinyllama", "llama-2-7b": "llama-2-7b", "tiny": memory_peaks.SHAPES["tiny"]}
NAMES = {"tinyllama": "TinyLlama", "llama-2-7b": "7B", "tiny": "tiny", "pocket-llama": "pocket-llama"}
WHAT = (
    "training steps through SFTTrainer on random weights of published shapes, NF4 with double quantization, r 64 on "
    "all linear layers: trained tokens (no padding) a second, median and spread of three blocks; bytes; the share of "
    "the ceiling is of 4 operations a weight and token at the bf16 matrix product measured in the same process"
)
CEILING_SIZE = 8192  # of the square matrices whose product is the ceiling
PROFILED = 2  # steps


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a step is made; the defaults are the book's."""

    batch: int = 2
    accumulation: int = 4
    precision: str = "fp16"  # of products by autocast; "fp32"; or "bf16 throughout", without autocast
    adapters: str = "fp32"  # what SFTTrainer makes bf16 of
    dropout: float = 0.1
    checkpointing: str = "all"  # "none", "every second", or "but attention": its output is kept
    packing: str = ""  # "end to end" as TRL lays rows, or "side by side"; of the peer also "as it comes"
    attention: str = "sdpa"  # which picks a kernel; "flash" and "cudnn" name it; "flex_attention"; "varlen"; "eager"
    optimizer: str = "paged_adamw_32bit"
    compiled: str = ""  # each layer by itself: "static", "dynamic", or "CUDA graphs"
    offloading: bool = False  # activations wait in the host's memory
    multiple: int = 0  # rows are padded to a multiple of so many tokens
    sampling: str = "random"
    mask: bool = True  # padded rows say where they end; without, causal attention alone keeps padding out
    liger: bool = False
    base: str = "nf4 + double"

    def but(self, **changes: Any) -> Recipe:
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass(frozen=True)
class Case:
    """What one process measures. ``entry`` is the table that it belongs to, ``rung`` its name there."""

    entry: str
    rung: str
    shape: str
    rows: str = ""
    recipe: Recipe = Recipe()
    warmup: int = 2
    block: int = 2  # steps
    profiled: bool = False
    turn: int = 0  # where a case is run more than once

    @property
    def name(self) -> str:
        parts = [self.entry, NAMES[self.shape], self.rows, self.rung, f"turn {self.turn}" if self.turn else ""]
        return ": ".join(filter(None, parts))

    @property
    def kind(self) -> str:
        return {"loss": "loss", "inference": "inference", "peer": "peer"}.get(self.entry, "training")

    @property
    def reserve(self) -> float:
        """Seconds that such a case takes of a card at most, as far as is known."""
        if self.entry == "unequal rows" and self.recipe.compiled and not self.recipe.packing:
            return 120  # many shapes, each compiled
        if self.kind == "peer":
            return 150 if self.shape == "llama-2-7b" else 90
        if self.kind == "inference":
            return 120 if "compiled" in self.rung else 70
        large = 20 if self.shape == "llama-2-7b" else 0
        return 30 + large + (35 if self.recipe.compiled else 0) + (20 if self.recipe.batch == 2 else 0)


# --- the rungs -------------------------------------------------------------------------------------------------------

# Rows of a step at once; what fits an 80 GB card without recomputation, and what fits once layers are compiled.
BATCHES = {
    ("tinyllama", "long"): (64, 64), ("llama-2-7b", "long"): (16, 24),
    ("tinyllama", "short"): (32, 64), ("llama-2-7b", "short"): (16, 24),
    ("tinyllama", "real"): (16, 64), ("llama-2-7b", "real"): (16, 24),
    ("tiny", "long"): (4, 4), ("tiny", "short"): (4, 4), ("tiny", "real"): (4, 4),
}  # fmt: skip
PACKED = {"packing": "side by side", "attention": "flex_attention"}


def rungs(shape: str, rows: str) -> list[tuple[str, Recipe]]:
    """The ladder: each rung's name and recipe, a change a rung."""
    batch, larger = BATCHES[shape, rows]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("the book's", {}),
        ("bf16", {"precision": "bf16"}),
        ("no dropout", {"dropout": 0.0}),
        (f"{batch} rows at once", {"batch": batch, "accumulation": 1}),
        ("nothing computed twice", {"checkpointing": "none"}),
    ]
    if rows != "long":  # full rows leave nothing to pack
        steps += [
            ("packed, end to end", {"packing": "end to end"}),
            ("packed, side by side", {"packing": "side by side"}),
            ("flex attention", {"attention": "flex_attention"}),
        ]
    steps += [("fused Adam", {"optimizer": "adamw_torch_fused"}), ("layers compiled", {"compiled": "static"})]
    steps += [(f"{larger} rows at once", {"batch": larger})] * (larger != batch)
    found, recipe = [], Recipe()
    for name, changes in steps:
        recipe = recipe.but(**changes)
        found.append((name, recipe))
    return found


def top(shape: str, rows: str) -> Recipe:
    return rungs(shape, rows)[-1][1]


def ladder(shape: str, rows: str) -> list[Case]:
    """The last rung is profiled where rows are full. Slow rungs get few steps."""
    found = []
    for name, recipe in rungs(shape, rows):
        slow = recipe.batch == 2 or recipe.packing == "end to end"
        steps = {"warmup": 2, "block": 2} if slow else {"warmup": 3, "block": 4}
        found.append(Case("ladder", name, shape, rows, recipe, **steps))
    found[-1] = dataclasses.replace(found[-1], profiled=rows == "long")
    return found


def without_one(shape: str, rows: str) -> list[Case]:
    """The top less one of its changes at a time, since what a change gives depends on the others."""
    best = top(shape, rows)
    tokens = best.batch
    changes: dict[str, dict[str, Any]] = {
        "fp16": {"precision": "fp16"},
        "dropout": {"dropout": 0.1},
        "2 rows at a time": {"batch": 2, "accumulation": tokens // 2},
        "checkpointing": {"checkpointing": "all"},
        "paged Adam": {"optimizer": "paged_adamw_32bit"},
        "not compiled": {"compiled": ""},
    }
    if rows != "long":
        changes |= {
            "padded": {"packing": "", "attention": "sdpa", "multiple": 128},
            "packed, without flex attention": {"attention": "sdpa"},
        }
    return [Case("the top but one", name, shape, rows, best.but(**change), 2, 3) for name, change in changes.items()]


def with_one_more(shape: str, rows: str) -> list[Case]:
    """The top with another candidate each."""
    best = top(shape, rows)
    wider = round(best.batch * 4 / 3)
    changes: dict[str, dict[str, Any]] = {
        "adapters in bf16": {"adapters": "bf16"},
        "bf16 throughout": {"adapters": "bf16", "precision": "bf16 throughout"},
        f"{wider} rows at once": {"batch": wider},
        "every second layer computed twice": {"checkpointing": "every second", "batch": wider},
        "all but attention computed twice": {"checkpointing": "but attention", "batch": wider},
        "a 16-bit base": {"base": "dense", "batch": 16 if shape == "llama-2-7b" else best.batch},
        "activations offloaded": {"offloading": True},
        "Liger's kernels": {"liger": True},
        "CUDA graphs": {"compiled": "CUDA graphs"},
        "dynamic shapes": {"compiled": "dynamic"},
    }
    if rows == "long":
        changes |= {"cuDNN's attention": {"attention": "cudnn"}, "flash attention": {"attention": "flash"}}
        changes |= {"flex attention": {"attention": "flex_attention"}, "plain attention": {"attention": "eager"}}
    else:
        changes = {
            "varlen attention": {"attention": "varlen"},
            "varlen attention, end to end": {"attention": "varlen", "packing": "end to end"},
            **{name: changes[name] for name in ("adapters in bf16", "bf16 throughout")},
        }
    return [
        Case("the top and one more", name, shape, rows, best.but(**change), 3, 4) for name, change in changes.items()
    ]


def unequal(shape: str) -> list[Case]:
    """Rows of unequal length: what a compiler makes of ever new shapes, and what helps."""
    padded = top(shape, "long").but(batch=16)
    ways: dict[str, Recipe] = {
        "padded": padded.but(compiled=""),
        "padded, compiled": padded,
        "padded, compiled for any length": padded.but(compiled="dynamic"),
        "padded to multiples of 128, compiled": padded.but(multiple=128),
        "the same, no mask": padded.but(multiple=128, mask=False),
        "the same, rows of like length together": padded.but(multiple=128, mask=False, sampling="group_by_length"),
        "packed, compiled": top(shape, "real").but(batch=16),
    }
    return [Case("unequal rows", name, shape, "real", recipe, 8, 8) for name, recipe in ways.items()]


def losses() -> list[Case]:
    """pocket-llama with its own weights: rungs that keep the arithmetic have to keep the curve."""
    start = Recipe(batch=8, accumulation=1, precision="fp32", dropout=0.0, checkpointing="none", packing="",
                   optimizer="adamw_torch_fused")  # fmt: skip
    packed = start.but(packing="side by side", batch=4)
    bf16, packed_bf16 = start.but(precision="bf16"), packed.but(precision="bf16")
    book = {"batch": 2, "accumulation": 4, "checkpointing": "all", "optimizer": "paged_adamw_32bit"}
    ways: dict[str, Recipe] = {
        "padded, fp32": start,
        "padded, fp32, another order of sums": start.but(batch=2, accumulation=4),
        "padded, the book's, fp16": start.but(precision="fp16", **book),
        "padded, the book's, bf16": bf16.but(**book),
        "padded, 8 rows at once": bf16.but(checkpointing="all", optimizer="paged_adamw_32bit"),
        "padded, nothing computed twice": bf16.but(optimizer="paged_adamw_32bit"),
        "padded, fused Adam": bf16,
        "padded, no mask": bf16.but(mask=False),
        "padded, layers compiled": bf16.but(compiled="static", multiple=256),
        "packed, fp32": packed,
        "packed, end to end": packed_bf16.but(packing="end to end"),
        "packed, side by side": packed_bf16,
        "packed, flex attention": packed_bf16.but(attention="flex_attention"),
        "packed, varlen attention": packed_bf16.but(attention="varlen"),
        "packed, layers compiled": packed_bf16.but(attention="flex_attention", compiled="static"),
        "packed, adapters in bf16": packed_bf16.but(attention="flex_attention", compiled="static", adapters="bf16"),
        "packed, bf16 throughout": packed_bf16.but(
            attention="flex_attention", compiled="static", adapters="bf16", precision="bf16 throughout"
        ),
        "padded, the book's, dropout": start.but(precision="fp16", **book, dropout=0.1),
    }
    return [Case("loss", name, "pocket-llama", "instructions", recipe, 40, 0) for name, recipe in ways.items()]


WAYS = ("16 bits", "NF4", "int8", "NF4, adapter beside it", "16 bits, adapter merged", "16 bits, adapter beside it")
COMPILED_WAYS = ("16 bits, compiled", "NF4, compiled")


def inference(shape: str) -> list[Case]:
    return [Case("inference", way, shape) for way in (*WAYS, *COMPILED_WAYS)]


def by_turns(shape: str, rows: str) -> list[Case]:
    """Our top and the peer's ways by turns: run on one card, one after the other."""
    ours = top(shape, rows)
    batch = {"tinyllama": 64, "llama-2-7b": 32}[shape]
    ways = {"padded": "", "as it comes": "as it comes"} | ({"packed": "end to end"} if rows == "short" else {})
    theirs = ours.but(batch=batch, compiled="", attention="its own")
    peers = [
        Case("peer", f"{batch} rows, {way}", shape, rows, theirs.but(packing=packing), 3, 4)
        for way, packing in ways.items()
    ]
    best = Case("beside the peer", "our top", shape, rows, ours, 3, 4)
    lean = ours.but(adapters="bf16", precision="bf16 throughout")
    found = [best, peers[0], Case("beside the peer", "our top, bf16 throughout", shape, rows, lean, 3, 4), *peers[1:]]
    return found + [dataclasses.replace(case, turn=2) for case in (best, peers[0])]


def plan(quick: bool, peer: bool) -> list[list[Case]]:
    """All cases, what matters most first; those of one list run on one card, in its order."""
    if quick:
        short = ladder("tiny", "short")
        best = dataclasses.replace(short[-1], block=1, profiled=True)
        return [[best], [dataclasses.replace(short[0], block=1)], [Case("inference", "NF4, adapter beside it", "tiny")]]
    if peer:
        return [by_turns(shape, rows) for rows in ("long", "short") for shape in ("llama-2-7b", "tinyllama")]
    shapes = ("llama-2-7b", "tinyllama")
    ladders = {(shape, rows): ladder(shape, rows) for rows in ("long", "short") for shape in shapes}
    found = [cases[-1] for cases in ladders.values()] + [cases[0] for cases in ladders.values()]
    found += [case for cases in ladders.values() for case in reversed(cases[1:-1])]
    found += losses()
    more = {(shape, rows): with_one_more(shape, rows) for shape in shapes for rows in ("long", "short")}
    found += more["llama-2-7b", "long"][:3] + more["tinyllama", "long"][:3] + more["tinyllama", "short"]
    found += unequal("tinyllama")
    found += [case for shape in shapes for case in without_one(shape, "long")]
    found += [case for shape in shapes for case in inference(shape)]
    found += more["tinyllama", "long"][3:] + more["llama-2-7b", "long"][3:9]
    found += without_one("tinyllama", "short") + more["llama-2-7b", "short"]
    found += [case for case in unequal("llama-2-7b") if case.rung in ("padded", "packed, compiled")]
    return [[case] for case in found]


def in_order(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A receipt's entries table by table, and each table from its first rung up, whatever was measured first."""
    cases = [case for shape, rows in BATCHES if rows != "real" for case in ladder(shape, rows)] + losses()
    for shape in ("tinyllama", "llama-2-7b"):
        for rows in ("long", "short"):
            cases += without_one(shape, rows) + with_one_more(shape, rows) + by_turns(shape, rows)
        cases += unequal(shape) + inference(shape)
    place = {case.name: number for number, case in enumerate(cases)}
    return sorted(runs, key=lambda run: place.get(run["name"], len(place)))


# --- rows ------------------------------------------------------------------------------------------------------------


def lengths(rows: str) -> Iterator[int]:
    """Tokens of row after row, without end, always the same.

    ``"long"`` are full. ``"short"`` are like Alpaca's: half of them below 134 tokens. ``"real"`` are drawn from the
    conversations on the course's shelf, each up to a tenth longer or shorter, so that there are more than a few values.
    """
    chance = random.Random(0)
    if rows == "real":
        from course_utils import models, shelf

        tokenizer = models.load_tokenizer("pocket-llama")
        talks, _ = shelf.shelf("ultrachat", take_from="stand-ins")
        seen = [len(tokenizer.apply_chat_template(talk)["input_ids"]) for talk in talks["messages"]]
    while True:
        if rows == "long":
            length = LENGTH
        elif rows == "short":
            length = round(134 * chance.lognormvariate(0, 0.6))
        else:
            length = round(chance.choice(seen) * chance.uniform(0.9, 1.1))
        yield min(max(length, 16), LENGTH)


def rows_of(case: Case) -> Any:
    """The data set that a case trains on, ``input_ids`` and ``labels``: enough rows for its steps."""
    from datasets import Dataset

    if case.shape == "pocket-llama":
        return instructions()
    recipe, chance = case.recipe, random.Random(1)
    steps = case.warmup + BLOCKS * case.block + PROFILED * case.profiled + 1
    left = steps * recipe.batch * recipe.accumulation * (LENGTH if recipe.packing else 1)
    vocabulary = memory.shape_of(SHAPES[case.shape]).vocab_size
    texts = []
    for length in lengths(case.rows):
        texts.append([chance.randrange(10, vocabulary) for _ in range(length)])
        left -= length if recipe.packing else 1
        if left <= 0:
            return Dataset.from_dict({"input_ids": texts, "labels": texts})
    raise AssertionError("lengths come without end")


def instructions() -> Any:
    """The course's instructions as pocket-llama reads them; answers alone are graded."""
    from datasets import Dataset

    from course_utils import data, models, training

    tokenizer = models.load_tokenizer("pocket-llama")
    rows = [training.encode(tokenizer, talk) for talk in data.instructions("train", 800, 0)["messages"]]
    return Dataset.from_dict({"input_ids": [ids for ids, _ in rows], "labels": [labels for _, labels in rows]})


# --- one case --------------------------------------------------------------------------------------------------------


def load(case: Case) -> Any:
    """The base model that a case asks for."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    from course_utils import models

    if case.shape == "pocket-llama":
        config = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )  # fmt: skip
        where = {"": 0} if memory_peaks.on_gpu() else None
        net = AutoModelForCausalLM.from_pretrained(
            models.locate(case.shape), dtype=torch.bfloat16, quantization_config=config, device_map=where
        )
        models.keep_4bit_layout(net)
    else:
        net = memory_peaks.load(SHAPES[case.shape], case.recipe.base, 2)
    kinds = {"fp16": torch.float16, "fp32": torch.float32}
    return in_precision(net, kinds.get(case.recipe.precision, torch.bfloat16))


def in_precision(net: Any, dtype: Any) -> Any:
    """What is not in 4 bits becomes ``dtype``, and 4-bit layers compute in it."""
    import bitsandbytes as bnb

    for module in net.modules():
        if isinstance(module, bnb.nn.Linear4bit):
            module.compute_dtype = module.weight.quant_state.dtype = dtype
            continue
        for parameter in module.parameters(recurse=False):
            parameter.data = parameter.data.to(dtype)
    return net


def set_attention(net: Any, kind: str) -> str:
    """Makes the model use an attention; says which one it really is, for a CPU has not all of them."""
    import torch
    from transformers import AttentionInterface, AttentionMaskInterface

    if not memory_peaks.on_gpu() and kind not in ("sdpa", "eager"):
        kind = "sdpa"
    if kind in ("flash", "cudnn"):
        torch.backends.cuda.enable_flash_sdp(kind == "flash")
        torch.backends.cuda.enable_cudnn_sdp(kind == "cudnn")
        torch.backends.cuda.enable_mem_efficient_sdp(False)
        torch.backends.cuda.enable_math_sdp(False)
    if kind == "varlen":
        AttentionInterface.register("varlen", varlen_attention)
        AttentionMaskInterface.register("varlen", lambda *args, **kwargs: None)
    net.set_attn_implementation({"flash": "sdpa", "cudnn": "sdpa"}.get(kind, kind))
    return kind


def varlen_attention(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, cu_seq_lens_q: Any = None,
    max_length_q: int = 0, **kwargs: Any,
) -> tuple[Any, None]:  # fmt: skip
    """torch's own attention over rows of unequal length, as transformers calls it: [batch, heads, length, size]."""
    import inspect

    from torch.nn.attention.varlen import varlen_attn

    asked = inspect.signature(varlen_attn).parameters
    causal: dict[str, Any] = {"window_size": (-1, 0)} if "window_size" in asked else {"is_causal": True}
    groups = query.shape[1] // key.shape[1]
    if groups > 1 and "enable_gqa" in asked:
        causal["enable_gqa"] = True
    elif groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    flat = [each.transpose(1, 2).flatten(0, 1) for each in (query, key, value)]
    out = varlen_attn(*flat, cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q, **causal)
    batch, heads, length, size = query.shape
    return out.view(batch, length, heads, size), None


def compile_layers(net: Any, how: str, several: bool = False) -> None:
    """Each decoder layer by itself: the layers share what is compiled. A CPU takes the same path without a compiler.

    ``several`` says that a known few lengths of rows will come.
    """
    import torch

    options: dict[str, Any] = {"dynamic": how == "dynamic"}
    if several:  # beyond eight shapes the compiler gives up and the layer runs as it is
        torch._dynamo.config.recompile_limit = 64
    if not memory_peaks.on_gpu():
        options["backend"] = "aot_eager"
    elif how == "CUDA graphs":
        options["mode"] = "reduce-overhead"
    for layer in net.model.layers:
        layer.compile(**options)


class Collator:
    """Counts the tokens that are trained, and gives a batch the form that a recipe asks for."""

    def __init__(self, inner: Any, recipe: Recipe):
        self.inner, self.recipe, self.tokens = inner, recipe, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        self.tokens.append(sum(len(row["input_ids"]) for row in rows))
        batch = self.inner(rows)
        if self.recipe.packing == "end to end" and "position_ids" in batch:
            # What fills the long row up is one conversation, where TRL makes one of each token.
            filled = batch["position_ids"].shape[1] - self.tokens[-1]
            batch["position_ids"][0, self.tokens[-1] :] = torch.arange(filled)
        if not self.recipe.mask and batch.pop("attention_mask", None) is not None:
            size, length = batch["input_ids"].shape
            batch["position_ids"] = torch.arange(length).expand(size, length).contiguous()
        if self.recipe.attention == "varlen" and "position_ids" in batch:
            size, length = batch["position_ids"].shape
            starts = (batch["position_ids"].flatten() == 0).nonzero().flatten()
            # As many entries in each batch, or a compiled layer would be compiled anew: conversations of no token.
            ends = torch.full((size * length // 16 + size + 2,), size * length, dtype=torch.int32)
            ends[: len(starts)] = starts
            batch |= {"cu_seq_lens_q": ends, "max_length_q": LENGTH}
            for name in ("cu_seq_lens_k", "max_length_k", "seq_idx"):
                batch.pop(name, None)
        return batch


def clock(case: Case, settle: Callable[[], None]) -> Any:
    """A callback that takes the time at the end of the warm-up and of each block, and then profiles."""
    import torch
    from transformers import TrainerCallback

    last = case.warmup + BLOCKS * case.block

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.began, self.stamps, self.peaks, self.profile = 0.0, [], [], None

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.began = time.perf_counter()

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if case.profiled and state.global_step == last:
                kinds = [torch.profiler.ProfilerActivity.CUDA] if memory_peaks.on_gpu() else None
                self.profile = torch.profiler.profile(activities=kinds)
                self.profile.__enter__()
                self.began_profile = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            step = state.global_step
            if case.block and case.warmup <= step <= last and (step - case.warmup) % case.block == 0:
                settle()
                self.stamps.append(time.perf_counter())
                if memory_peaks.on_gpu():
                    self.peaks.append(torch.cuda.max_memory_allocated())
                    torch.cuda.reset_peak_memory_stats()
            if self.profile and step == last + PROFILED:
                settle()
                self.profiled_ms = 1e3 * (time.perf_counter() - self.began_profile) / PROFILED
                self.profile.__exit__(None, None, None)

    return Clock()


def settle() -> None:
    import torch

    if memory_peaks.on_gpu():
        torch.cuda.synchronize()


def settings_of(case: Case, config: Any, **more: Any) -> Any:
    """The trainer's settings, for ``config``, which is an ``SFTConfig`` of whichever TRL."""
    recipe = case.recipe
    steps = case.warmup + BLOCKS * case.block + PROFILED * case.profiled
    return config(
        output_dir=str(Path(tempfile.gettempdir()) / "speed-ladder-runs"), max_length=LENGTH, max_steps=steps,
        per_device_train_batch_size=recipe.batch, gradient_accumulation_steps=recipe.accumulation,
        packing=recipe.packing in ("end to end", "side by side"), learning_rate=2e-3 if case.entry == "loss" else 2e-4,
        lr_scheduler_type="cosine", warmup_steps=2, dataloader_drop_last=True, logging_steps=1, save_strategy="no",
        optim=recipe.optimizer, bf16=recipe.precision == "bf16", fp16=recipe.precision == "fp16",
        report_to="none", disable_tqdm=True, seed=0, **more,
    )  # fmt: skip


def timed(case: Case, trainer: Any) -> dict[str, Any]:
    """Trains, and says what it took. ``seconds`` are the blocks', ``tokens`` what was trained in each."""
    import torch

    watch = clock(case, settle)
    counting = trainer.data_collator = Collator(trainer.data_collator, case.recipe)
    trainer.add_callback(watch)
    trainer.train()
    history = trainer.state.log_history
    found: dict[str, Any] = {
        "losses": [float(each["loss"]) for each in history if "loss" in each],
        "norms": [round(float(each["grad_norm"]), 4) for each in history if "grad_norm" in each],
    }
    found["compiled_graphs"] = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    if not case.block:
        return found
    each = case.recipe.accumulation
    per_block = each * case.block
    starts = [each * case.warmup + i * per_block for i in range(BLOCKS)]
    found["tokens"] = [sum(counting.tokens[start : start + per_block]) for start in starts]
    stamps = watch.stamps
    found["seconds"] = [round(after - before, 4) for before, after in zip(stamps, stamps[1:], strict=False)]
    found["warmup_seconds"] = round(stamps[0] - watch.began, 2)
    rates = [tokens / seconds for tokens, seconds in zip(found["tokens"], found["seconds"], strict=True)]
    found |= {"tokens_a_second": statistics.median(rates), "spread": [min(rates), max(rates)]}
    if watch.peaks:
        found["peak_bytes"] = max(watch.peaks[1:])
        found["peak_while_warming_bytes"] = watch.peaks[0]
    if watch.profile:
        found["profile"] = profile_of(watch.profile) | {"step_ms": watch.profiled_ms}
    return found


def share_of(tokens_a_second: float, shape: str, reached: float) -> float:
    """Which share of ``reached`` operations a second the training of so many tokens takes."""
    return 4 * memory.shape_of(SHAPES[shape]).products * tokens_a_second / reached


def ceiling(size: int = CEILING_SIZE) -> float:
    """Operations a second of a large bf16 matrix product on random numbers: the median of three blocks."""
    import torch

    device = "cuda" if memory_peaks.on_gpu() else "cpu"
    size, count = (size, 20) if device == "cuda" else (256, 2)
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    rates = []
    for _ in range(4):  # the first warms up
        began = time.perf_counter()
        for _ in range(count):
            a @ b
        settle()
        rates.append(2 * size**3 * count / (time.perf_counter() - began))
    return statistics.median(rates[1:])


KINDS = {  # of kernels by their names, the first that fits
    "elementwise": r"triton_(poi|red|per)",  # by the compiler, which names them after all that they do
    "dequantize": r"dequantize|gemv_4bit|gemm_4bit",
    "attention": r"flash|fmha|flex|attention|sdpa",
    "optimizer": r"adam|multi_tensor|foreach",
    "loss": r"log_?prob|cross_entropy|log_softmax",
    "matrix products": r"gemm|nvjet|cutlass|wgmma|xmma|cublas|splitk|aten::(mm|addmm|bmm|matmul|linear)",
    "elementwise, not fused": r"elementwise|reduce|copy|memcpy|memset|cat|scatter|gather|index|embedding|aten::",
}


def kind_of(kernel: str) -> str:
    return next((kind for kind, words in KINDS.items() if re.search(words, kernel, re.IGNORECASE)), "other")


def profile_of(profile: Any) -> dict[str, Any]:
    """Milliseconds a step by kind of kernel, and the kernels that take most. On a CPU, of operations."""
    on_gpu = memory_peaks.on_gpu()
    by_name: collections.Counter[str] = collections.Counter()
    for event in profile.key_averages():
        if on_gpu == (event.device_type.name == "CUDA"):
            spent = event.self_device_time_total if on_gpu else event.self_cpu_time_total
            by_name[event.key] += spent / 1e3 / PROFILED
    by_kind: collections.Counter[str] = collections.Counter()
    for name, spent in by_name.items():
        by_kind[kind_of(name)] += spent
    largest = [[name[:120], kind_of(name), round(spent, 3)] for name, spent in by_name.most_common(25)]
    return {"ms": {kind: round(spent, 3) for kind, spent in by_kind.most_common()}, "kernels": largest}


def train(case: Case, rows: Any) -> dict[str, Any]:
    """A case of training, through SFTTrainer as a reader would call it."""
    import torch
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from course_utils import adapters, models

    recipe, real = case.recipe, case.shape == "pocket-llama"
    if recipe.liger:
        import liger_kernel  # noqa: F401
    reached = ceiling() if case.block else None
    net = load(case)
    attention = set_attention(net, recipe.attention)
    checkpointing: dict[str, Any] = {"use_reentrant": False}
    checkpointing |= {"every_n_layers": 2} if recipe.checkpointing == "every second" else {}
    checkpointing |= {"selective": True} if recipe.checkpointing == "but attention" else {}
    length = 256 if real else LENGTH
    settings = settings_of(
        case, SFTConfig, activation_checkpointing=recipe.checkpointing != "none",
        activation_checkpointing_kwargs=checkpointing, activation_offloading=recipe.offloading,
        use_liger_kernel=recipe.liger, train_sampling_strategy=recipe.sampling, use_cpu=not memory_peaks.on_gpu(),
        pad_to_multiple_of=recipe.batch * length if recipe.packing == "end to end" else recipe.multiple or None,
    )  # fmt: skip
    settings.max_length = length
    tokenizer = models.load_tokenizer("pocket-llama")
    trainer = SFTTrainer(
        model=net, args=settings, train_dataset=rows, processing_class=tokenizer,
        peft_config=LoraConfig(
            r=16 if real else RANK, lora_alpha=32, lora_dropout=recipe.dropout, target_modules="all-linear",
            bias="none", task_type="CAUSAL_LM",
        ),
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16 if recipe.adapters == "bf16" else torch.float32)
    if recipe.packing == "side by side":
        trainer.data_collator = adapters.SideBySide(tokenizer.pad_token_id, length)
    if recipe.compiled:
        compile_layers(trainer.model.get_base_model(), recipe.compiled, bool(recipe.multiple))
    found = {"attention": attention} | timed(case, trainer)
    if reached:
        found["ceiling"] = reached
        found["share_of_ceiling"] = share_of(found["tokens_a_second"], case.shape, reached)
    return found


def in_int8(net: Any) -> Any:
    """Puts an LLM.int8 layer in each block's linear layer's place."""
    import bitsandbytes as bnb
    import torch

    for name, layer in list(net.model.layers.named_modules()):
        if isinstance(layer, torch.nn.Linear):
            new = bnb.nn.Linear8bitLt(
                layer.in_features, layer.out_features, bias=False, has_fp16_weights=False, threshold=6.0, device="meta"
            )
            codes, scales, _ = bnb.functional.int8_vectorwise_quant(layer.weight.data.half())
            new.weight = bnb.nn.Int8Params(
                codes, requires_grad=False, has_fp16_weights=False, CB=codes, SCB=scales
            )  # fmt: skip
            net.model.layers.set_submodule(name, new)
    return net


def generate(case: Case) -> dict[str, Any]:
    """Tokens that a model writes a second, for 1 row and for 32."""
    import torch
    from peft import LoraConfig, get_peft_model

    from course_utils import models

    way, device = case.rung, models.hardware().device
    net = memory_peaks.load(SHAPES[case.shape], "nf4 + double" if way.startswith("NF4") else "dense", 2)
    net = in_int8(net) if way == "int8" else net
    if "adapter" in way:
        net = get_peft_model(net, LoraConfig(r=RANK, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
    if "merged" in way:
        net = net.merge_and_unload()
    net = net.eval().requires_grad_(False)
    compiled = {"cache_implementation": "static"} if "compiled" in way else {}
    found: dict[str, Any] = {}
    for batch in (1, 32):
        new, prompt = (32, 128) if device == "cuda" else (4, 8)
        ids = torch.randint(10, net.config.vocab_size, (batch, prompt), device=device)
        rates = []
        for _ in range(BLOCKS + 1):  # the first warms up
            began = time.perf_counter()
            net.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, min_new_tokens=new,
                max_new_tokens=new, use_cache=True, pad_token_id=0, **compiled,
            )  # fmt: skip
            settle()
            rates.append(batch * new / (time.perf_counter() - began))
        measured = {"tokens_a_second": statistics.median(rates[1:]), "spread": [min(rates[1:]), max(rates[1:])]}
        found[f"batch {batch}"] = measured | {"first": rates[0]}
    if device == "cuda":
        found["peak_bytes"] = torch.cuda.max_memory_allocated()
    return found


def alone(case: Case, out: Path, place: Path) -> None:
    """What the process of a case does: it gets ready, waits for its card, measures, and writes down what it found."""
    import torch

    entry: dict[str, Any] = {}
    try:
        if case.kind == "peer":
            from course_utils.making import speed_peer

            speed_peer.get_ready(place)
        else:
            import peft  # noqa: F401
            import torch._inductor.compile_fx
            import trl  # noqa: F401
        rows = None if case.kind == "inference" else rows_of(case)
        if not sys.stdin.readline():  # whoever was to say "go" is gone
            return
        began = time.perf_counter()
        torch.manual_seed(0)
        if case.kind == "peer":
            entry = speed_peer.train(case, rows, place)
        else:
            entry = generate(case) if case.kind == "inference" else train(case, rows)
        entry["case_seconds"] = round(time.perf_counter() - began, 1)
    except torch.OutOfMemoryError as error:
        entry["out_of_memory"] = memory_peaks.line_of(error)
    except ImportError as error:
        traceback.print_exc()
        entry["skipped"] = memory_peaks.line_of(error)
    except Exception as error:  # whatever it is, it must not be lost
        traceback.print_exc()
        entry["error"] = memory_peaks.line_of(error)
    out.write_text(json.dumps(entry | {"machine": machine()}))


def machine() -> dict[str, Any]:
    """The hardware and the versions that a case ran with."""
    import importlib.metadata

    from course_utils import models

    versions = {}
    for name in ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "triton", "unsloth"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"hardware": str(models.hardware()), "versions": versions}


# --- all cases, over the cards ---------------------------------------------------------------------------------------


class Desk:
    """Hands cases out to the cards, and keeps the receipt."""

    def __init__(self, groups: list[list[Case]], out: Path, receipt: dict[str, Any]):
        self.groups, self.out, self.receipt = groups, out, receipt
        self.lock = threading.Lock()

    def take(self, own: list[Case], left: float) -> Case | None:
        """The next case that would end within ``left`` seconds: of the card's own list, else of a list not begun."""
        with self.lock:
            if not own:
                fitting = (group for group in self.groups if group[0].reserve <= left)
                if (group := next(fitting, None)) is None:
                    return None
                self.groups.remove(group)
                own.extend(group)
            return own.pop(0) if own[0].reserve <= left else None

    def keep(self, case: Case, gpu: str, found: dict[str, Any]) -> None:
        """Writes an entry down, and tells it in one line."""
        of = found.pop("machine", {})
        entry = {"name": case.name, **dataclasses.asdict(case), "kind": case.kind, "gpu": gpu} | found
        with self.lock:
            if case.kind == "peer":
                entry["versions"] = of.get("versions")
            else:
                self.receipt.update({name: value for name, value in of.items() if name not in self.receipt})
            if of and of["hardware"] != self.receipt.get("hardware", of["hardware"]):
                entry["hardware"] = of["hardware"]
            runs = [run for run in self.receipt.pop("runs") if run["name"] != case.name] + [entry]
            self.receipt["runs"] = in_order(runs)  # last, whatever was added
            self.out.write_text(memory_peaks.text_of(self.receipt))
            print(told(entry), flush=True)


def told(entry: dict[str, Any]) -> str:
    """An entry in one line."""
    said = [entry["name"]]
    for key in ("skipped", "out_of_memory", "error"):
        if key in entry:
            return f"{entry['name']}: {key.replace('_', ' ')}: {entry[key]}"
    if "tokens_a_second" in entry:
        low, high = entry["spread"]
        said.append(f"{entry['tokens_a_second']:,.0f} tokens/s ({low:,.0f} to {high:,.0f})")
        said += [f"{entry['share_of_ceiling']:.1%} of the ceiling"] if "share_of_ceiling" in entry else []
        said += [f"{entry['peak_bytes'] / 2**30:.1f} GiB"] if "peak_bytes" in entry else []
        said.append(f"warm after {entry['warmup_seconds']:.0f} s")
    said += [f"{key}: {value['tokens_a_second']:,.1f}/s" for key, value in entry.items() if key.startswith("batch ")]
    if entry.get("losses"):
        said.append(f"loss {entry['losses'][0]:.4f} to {entry['losses'][-1]:.4f}")
    return ", ".join([*said, f"{entry['case_seconds']:.0f} s in all"])


class Lane(threading.Thread):
    """One card. While a case runs on it, the next one's process gets ready."""

    def __init__(self, desk: Desk, gpu: str, given: argparse.Namespace, place: Path, end: float):
        super().__init__()
        self.desk, self.gpu, self.given, self.place, self.end = desk, gpu, given, place, end
        self.own: list[Case] = []

    def start_process(self, case: Case | None) -> tuple[Case, subprocess.Popen, Path] | None:
        if case is None:
            return None
        stem = self.place / re.sub(r"[^A-Za-z0-9]+", "-", case.name)
        out = stem.with_suffix(".json")
        out.unlink(missing_ok=True)
        around = os.environ | {
            "CUDA_VISIBLE_DEVICES": self.gpu, "TORCHINDUCTOR_CACHE_DIR": str(self.place / "inductor"),
            "TRITON_CACHE_DIR": str(self.place / "triton"), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false",
            "COURSE_BUILD": str(self.place / "build"),
        }  # fmt: skip
        if case.kind == "peer":
            around["PYTHONPATH"] = os.pathsep.join([str(self.given.peer_site.resolve()), str(environment.ROOT)])
        command = [sys.executable, "-m", "course_utils.making.speed_ladder", "--case", case.name, "--out", str(out)]
        command += ["--place", str(self.place)] + ["--quick"] * self.given.quick
        command += ["--peer-site", str(self.given.peer_site)] if self.given.peer_site else []
        where = self.place / "work" if case.kind == "peer" else environment.ROOT
        where.mkdir(parents=True, exist_ok=True)
        with stem.with_suffix(".log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=where, env=around, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )
        return case, process, out

    def left(self) -> float:
        return self.end - time.monotonic()

    def run(self) -> None:
        now = self.start_process(self.desk.take(self.own, self.left()))
        while now:
            case, process, out = now
            following = self.start_process(self.desk.take(self.own, self.left() - case.reserve))
            self.desk.keep(case, self.gpu, self.finish(process, out))
            now = following or self.start_process(self.desk.take(self.own, self.left()))

    def finish(self, process: subprocess.Popen, out: Path) -> dict[str, Any]:
        """Lets a process begin, and waits for what it writes."""
        try:
            process.communicate("go\n", timeout=max(1.0, self.left()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return {"error": "it was not done when the time was over"}
        if out.exists():
            return json.loads(out.read_text())
        lines = out.with_suffix(".log").read_text().strip().splitlines()
        return {"error": f"the process ended with {process.returncode}: {lines[-1] if lines else 'no word'}"}


def chosen(cases: Sequence[list[Case]], only: Sequence[str], done: set[str]) -> list[list[Case]]:
    """The lists without what is done and what is not asked for."""
    found = [[c for c in group if c.name not in done and any(part in c.name for part in only)] for group in cases]
    return [group for group in found if group]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each case")
    parser.add_argument("--gpus", nargs="+", default=["0"], help="by their numbers")
    parser.add_argument("--seconds", type=float, default=3600, help="no case is begun that would not end by then")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the cases' names")
    parser.add_argument("--place", type=Path, help="keeps what was compiled, and the cases' logs")
    parser.add_argument("--peer-site", type=Path, help="a directory of another tool's packages: only the comparison")
    parser.add_argument("--quick", action="store_true", help="a small model")
    parser.add_argument("--list", action="store_true", help="only names the cases")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    groups = plan(given.quick, bool(given.peer_site))
    if given.case:
        case = next(case for group in groups for case in group if case.name == given.case)
        environment.prepare()
        alone(case, given.out, given.place)
        return 0
    end = time.monotonic() + given.seconds
    command = "python -m course_utils.making.speed_ladder --out FILE" + " --quick" * given.quick
    receipt = {"command": command, "what": WHAT, "date": time.strftime("%Y-%m-%d"), "runs": []}
    if given.out.exists():
        receipt = json.loads(given.out.read_text())
        if receipt.get("command") != command:
            raise CourseError(f"{given.out} is not from `{command}`: give a new file")
    groups = chosen(groups, given.only, {run["name"] for run in receipt["runs"] if "error" not in run})
    if given.list:
        print("\n".join(f"{case.reserve:4.0f} s  {case.name}" for group in groups for case in group))
        return 0
    with tempfile.TemporaryDirectory() as directory:
        place = (given.place or Path(directory)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        desk = Desk(groups, given.out.resolve(), receipt)
        lanes = [Lane(desk, gpu, given, place, end) for gpu in given.gpus]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    left = [case.name for case in (*(c for lane in lanes for c in lane.own), *(c for g in desk.groups for c in g))]
    print(f"{len(left)} cases are left" + "".join(f"\n  {name}" for name in left))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
