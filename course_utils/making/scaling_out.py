"""One card, DDP, FSDP 1 and FSDP 2 by the same recipe, through SFTTrainer and torchrun. Lesson 13's receipt.

    python -m course_utils.making.scaling_out --out scaling_out.json --gpus 0 1 --seconds 560    # of 80 GB, one host
    python -m course_utils.making.scaling_out --out /tmp/scaling.json --quick     # the same path, small, two CPU cores

Weights are random, have the published shapes, and are made on each card from the same seed. A case is a training under
torchrun: steps to warm up, three timed blocks, the adapter saved. Then one process loads what was saved beside the same
base, compares it with what was trained, number by number, merges it, and certifies the merge. 70B never stands whole on
a card: it is kept in the host's memory, in 4 bits, and each card takes its part; its cards are held to 24 GB.
The next case's processes import their libraries while the cards are busy, and touch the cards when they are free. The
receipt is written after each case, what ended well is not run again, and none is begun that would not end within
``--seconds``. With four GPUs two cases run at a time, and then those that want all four.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from course_utils import environment, memory, ranks
from course_utils.errors import CourseError
from course_utils.making import memory_peaks

LENGTH = 512  # tokens of a row
ROWS = 16  # of a step, over all cards
RANK, ALPHA, RATE = 16, 32, 1e-3
BLOCKS = 3  # timed, each of some steps
SHAPES: dict[str, Any] = {
    "pocket": "pocket-llama", "tinyllama": "tinyllama", "7b": "llama-2-7b", "70b": "llama-2-70b",
    "tiny": memory_peaks.SHAPES["tiny"] | {"vocab_size": 4096},  # as many as the tokenizer that certifies
}  # fmt: skip
EXACT = "FSDP 2, exact"  # what FSDP 2 has to be told so that it leaves 4-bit codes alone; see `gathered`
WAYS = ("one card", "DDP", "FSDP 1", "FSDP 2", EXACT, "FSDP 2, offloaded", "FSDP 2, its own checkpointing", "gathered")
# How 4-bit codes and what is trained beside them are stored, and whether FSDP 2 is given a mixed precision of bf16, as
# accelerate gives it where a trainer says `bf16=True`.
STORAGES = {
    "bf16 codes, bf16 adapters": ("bfloat16", "bfloat16", False),
    "bf16 codes, float32 adapters": ("bfloat16", "float32", False),
    "bf16 codes, float32 adapters, mixed precision": ("bfloat16", "float32", True),
    "float32 codes, bf16 adapters": ("float32", "bfloat16", False),
    "uint8 codes, bf16 adapters": ("uint8", "bfloat16", False),
    "uint8 codes, bf16 adapters, mixed precision": ("uint8", "bfloat16", True),
}
HELD = 24 * 2**30  # bytes of a "24 GB" card, which a 70B training may take, the driver's own included
REDUCED = 256 * 2**20  # bytes that an all-reduce is timed with
WHAT = (
    "training steps through SFTTrainer on random weights of published shapes, r 16 on all linear layers, rows of 512 "
    "tokens; tokens a second over all cards, median and spread of three blocks; bytes a card; the adapter that was "
    "saved beside the one that was trained"
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One training, over one or more cards."""

    shape: str
    stored: str  # "nf4 + double" or "dense", in bf16
    way: str
    cards: int
    rows: int = ROWS  # of a step, over all cards
    checkpointing: bool = False
    warmup: int = 3
    block: int = 4  # steps
    held_to: float = 0  # bytes of a card; 0 leaves it all

    @property
    def name(self) -> str:
        parts = [self.shape, "QLoRA" if self.stored != "dense" else "LoRA", self.way, f"{self.rows} rows"]
        parts += [f"{self.cards} cards"] * (self.cards > 1)
        return ", ".join(parts)

    @property
    def reserve(self) -> float:
        """Seconds that the case takes at most, its certificate included, as far as is known."""
        return {"tiny": 150, "pocket": 120, "tinyllama": 55, "7b": 90, "70b": 240}[self.shape]

    @property
    def certified(self) -> bool:
        """Whether one process can hold the base, the merged model and what comparing them takes."""
        return self.shape != "70b" and self.way != "gathered"

    @property
    def launched(self) -> list[str]:
        """What starts the case's processes."""
        if self.way == "one card":
            return [sys.executable]
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        return [*torchrun, f"--nproc-per-node={self.cards}"]


def plan(quick: bool, cards: int) -> list[list[Case]]:
    """All cases, what matters most first. Those of one inner list use a card each, and run side by side."""
    if quick:
        small = {"rows": 4, "warmup": 1, "block": 1}
        found = [Case("tiny", "nf4 + double", "one card", 1, **small)]
        return [found] + [
            [Case(shape, stored, way, 2, **small)]
            for shape, stored, way in (
                ("tiny", "nf4 + double", EXACT),
                ("tiny", "dense", "DDP"),
                ("pocket", "nf4 + double", "gathered"),
            )
        ]

    def sharded(shape: str, stored: str, *ways: str) -> list[list[Case]]:
        return [[Case(shape, stored, way, 2)] for way in ways]

    def alone(shape: str, stored: str) -> list[list[Case]]:
        """With the two cards' rows, and with those of one of them."""
        return [[Case(shape, stored, "one card", 1, rows) for rows in (ROWS, ROWS // 2)]]

    few = {"rows": 2, "checkpointing": True, "warmup": 2, "block": 1, "held_to": HELD}
    nf4 = "nf4 + double"
    found = sharded("pocket", nf4, "gathered") + sharded("7b", nf4, EXACT) + sharded("tinyllama", nf4, EXACT)
    found += sharded("7b", nf4, "DDP", "FSDP 2") + alone("7b", nf4)
    found += [[Case("70b", nf4, "FSDP 2", 2, **few)]]
    found += sharded("tinyllama", nf4, "DDP", "FSDP 2") + alone("tinyllama", nf4)
    found += sharded("7b", "dense", "DDP", "FSDP 2") + alone("7b", "dense")
    found += sharded("7b", nf4, "FSDP 1") + sharded("tinyllama", nf4, "FSDP 1", "FSDP 2, its own checkpointing")
    found += [[Case("70b", nf4, "FSDP 2, offloaded", 2, **few)]]
    found += sharded("tinyllama", "dense", "DDP", "FSDP 2") + alone("tinyllama", "dense")
    found += sharded("7b", "dense", "FSDP 1") + sharded("tinyllama", "dense", "FSDP 1")
    if cards >= 4:
        found += [[Case("7b", nf4, way, 4)] for way in ("DDP", "FSDP 2")] + [[Case("tinyllama", nf4, "DDP", 4)]]
        found += [[Case("7b", nf4, "DDP", 4, 2 * ROWS)], [Case("7b", "dense", "FSDP 2", 4)]]
    return found


# --- a training ------------------------------------------------------------------------------------------------------


def base(case: Case) -> Any:
    """The model that a case trains an adapter for: the same numbers in each process, whatever the number of them."""
    import torch

    torch.manual_seed(0)
    kept_on = "cpu" if case.shape == "70b" else ""
    net = memory_peaks.load(SHAPES[case.shape], case.stored, 2, torch.bfloat16, kept_on)
    torch.manual_seed(0)  # the adapter's first numbers too
    return net


def fingerprint(net: Any) -> list[int]:
    """Of a base: sums over the bytes of a layer's weight and of the head, by which two of them are told apart."""
    import torch

    return [
        module.weight.data.contiguous().view(torch.uint8).sum(dtype=torch.int64).item()
        for module in (net.model.layers[-1].mlp.down_proj, net.lm_head)
    ]


def rows_of(case: Case) -> Any:
    """Full rows of random tokens, as many as the case's steps take."""
    from datasets import Dataset

    chance, length = random.Random(0), 64 if case.shape == "tiny" else LENGTH
    vocabulary = memory.shape_of(SHAPES[case.shape]).vocab_size
    count = case.rows * (case.warmup + BLOCKS * case.block)
    rows = [[chance.randrange(10, vocabulary) for _ in range(length)] for _ in range(count)]
    return Dataset.from_dict({"input_ids": rows, "labels": rows})


def sharding(case: Case) -> dict[str, Any]:
    """What a reader adds to ``SFTConfig`` for the case's way of using several cards."""
    if not case.way.startswith("FSDP"):
        return {"ddp_find_unused_parameters": False} if case.way == "DDP" else {}
    settings: dict[str, Any] = {"version": 1 if case.way == "FSDP 1" else 2}
    settings |= {"transformer_layer_cls_to_wrap": ["LlamaDecoderLayer"], "cpu_ram_efficient_loading": False}
    # Each process makes the same numbers itself; and to send them round, version 1 wants a GPU.
    settings |= {"sync_module_states": False} if case.way == "FSDP 1" else {}
    settings |= {"cpu_offload": True} if "offloaded" in case.way else {}
    settings |= {"activation_checkpointing": True} if "checkpointing" in case.way else {}
    return {"fsdp": True, "fsdp_config": settings}


def trainer_of(case: Case, net: Any, place: Path) -> Any:
    from accelerate import DistributedType, PartialState
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    from course_utils import models

    on_gpu = memory_peaks.on_gpu()
    if "offloaded" in case.way:  # as `accelerate launch` says it: gradients on the host are reduced by gloo
        os.environ |= {"ACCELERATE_USE_FSDP": "true", "FSDP_OFFLOAD_PARAMS": "true"}
    settings = SFTConfig(
        output_dir=str(place / "runs"), max_length=LENGTH, max_steps=case.warmup + BLOCKS * case.block,
        per_device_train_batch_size=case.rows // case.cards, learning_rate=RATE, lr_scheduler_type="constant",
        optim="adamw_torch_fused", activation_checkpointing=case.checkpointing, bf16=case.way != EXACT,
        use_cpu=not on_gpu,
        activation_checkpointing_kwargs={"use_reentrant": False}, logging_steps=1, save_strategy="no",
        report_to="none", disable_tqdm=True, seed=0, **sharding(case),
    )  # fmt: skip
    if case.way.startswith("FSDP") and not on_gpu:
        # accelerate 1.15 shards on every kind of machine but a CPU, where it goes on with DDP without a word.
        PartialState()._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    trainer = SFTTrainer(
        model=net, args=settings, train_dataset=rows_of(case), processing_class=models.load_tokenizer("pocket-llama"),
        peft_config=LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    if case.way == EXACT:
        for parameter in trainer.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
    return trainer


def clock(case: Case) -> Any:
    """A callback that takes the time at the end of the warm-up and of each block."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.stamps: list[float] = []

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            step = state.global_step - case.warmup
            if step >= 0 and step % case.block == 0:
                settle()
                self.stamps.append(time.perf_counter())

    return Clock()


def settle() -> None:
    import torch

    if memory_peaks.on_gpu():
        torch.cuda.synchronize()


def wire() -> dict[str, float]:
    """Bytes a second of a card's link in collective operations, as NCCL's own tests count them ("bus bandwidth")."""
    import torch
    import torch.distributed as dist

    on_gpu, n = memory_peaks.on_gpu(), dist.get_world_size()
    gather = getattr(dist, "all_gather_single", dist.all_gather_into_tensor)  # its name from torch 2.13 on
    numbers = torch.zeros((REDUCED if on_gpu else 2**20) // 2, dtype=torch.bfloat16, device="cuda" if on_gpu else "cpu")
    part = numbers[: len(numbers) // n]
    size = numbers.numel() * numbers.element_size()
    kinds = {
        "all_reduce": (lambda: dist.all_reduce(numbers), 2 * (n - 1) / n),
        "all_gather": (lambda: gather(numbers, part.clone()), (n - 1) / n),
    }
    found = {}
    for name, (operation, share) in kinds.items():
        seconds = []
        for _ in range(6):
            settle()
            began = time.perf_counter()
            operation()
            settle()
            seconds.append(time.perf_counter() - began)
        found[name] = share * size / statistics.median(seconds[1:])
    return found


def hold(case: Case) -> None:
    """Lets this process take no more of its card than the case says, and fail otherwise."""
    if case.held_to and memory_peaks.on_gpu():
        memory_peaks.release()
        memory_peaks.hold(case.held_to - memory_peaks.beside_the_allocator())


def trained_tensors(model: Any) -> dict[str, Any]:
    """The trained tensors, whole, on the CPU, by the names that an adapter's file has. To be called by each process."""
    import torch
    from torch.distributed.fsdp import FullyShardedDataParallel
    from torch.distributed.tensor import DTensor

    if isinstance(model, FullyShardedDataParallel):
        with FullyShardedDataParallel.summon_full_params(model, writeback=False):
            return trained_tensors(model.module)
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            whole = parameter.full_tensor() if isinstance(parameter, DTensor) else parameter.detach()
            for added in ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", ".default"):
                name = name.replace(added, "")
            found[name] = whole.to("cpu", copy=True)
    assert all(isinstance(each, torch.Tensor) for each in found.values())
    return found


def held_bytes(model: Any) -> dict[str, int]:
    """Bytes of this process's own part: of the model's tensors that are frozen, and of those that are trained.

    Constants of 4-bit codes belong to no parameter; they are counted apart.
    """
    import bitsandbytes as bnb
    from torch.distributed.tensor import DTensor

    found = {"frozen": 0, "trained": 0, "constants": 0}
    for parameter in model.parameters():
        own = parameter.to_local() if isinstance(parameter, DTensor) else parameter
        found["trained" if parameter.requires_grad else "frozen"] += own.numel() * own.element_size()
    for module in model.modules():
        state = getattr(module, "quant_state", None) if isinstance(module, bnb.nn.Linear4bit) else None
        for tensor in (state.absmax, state.state2.absmax) if state else ():
            found["constants"] += tensor.numel() * tensor.element_size()
    return found


def codes_of(layer: Any) -> Any:
    """The bytes of a 4-bit layer's codes as they stand now, whole, in memory of their own."""
    import torch

    return layer.weight.data.detach().clone().view(torch.uint8).flatten()


def changed_codes(model: Any, first: Any) -> float | None:
    """The share of a layer's code bytes that are not what they were, once FSDP 2 has gathered them; else None."""
    from torch.distributed.fsdp import FSDPModule

    block = model.get_base_model().model.layers[0] if hasattr(model, "get_base_model") else None
    if first is None or not isinstance(block, FSDPModule):
        return None
    block.unshard()
    now = codes_of(block.mlp.down_proj.base_layer)
    block.reshard()
    return (now != first.to(now.device)).float().mean().item()


def gathered(case: Case) -> dict[str, Any]:
    """pocket-llama by `fully_shard`: 4-bit codes before and after they were gathered, and the gradients.

    FSDP 2 copies what it gathers. Where all parameters of a layer have one dtype of 16 bits, torch's copy on a GPU goes
    through float32, in which all that is no number becomes the same: codes that look like one are changed. Of each way
    to store them: the share of code bytes that changed, how much of the weight that is, and how far the gradients are
    from those of this one process with all rows.
    """
    import torch
    import torch.distributed as dist
    from bitsandbytes.functional import dequantize_4bit
    from torch.distributed.fsdp import MixedPrecisionPolicy

    device = f"cuda:{os.environ['LOCAL_RANK']}" if memory_peaks.on_gpu() else "cpu"
    if not dist.is_initialized():
        dist.init_process_group("nccl" if memory_peaks.on_gpu() else "gloo")
    torch.manual_seed(1)
    tokens = torch.randint(10, 4096, (4, 64), device=device)
    mine = tokens.chunk(case.cards)[dist.get_rank()]
    found: dict[str, Any] = {}
    for name, (storage, adapters, mixed) in STORAGES.items():
        net = real_model(getattr(torch, storage), getattr(torch, adapters), device)
        net(input_ids=tokens, labels=tokens, use_cache=False).loss.backward()
        expected = {name: p.grad.float() for name, p in net.named_parameters() if p.requires_grad}
        net.zero_grad()
        layer = net.get_base_model().model.layers[0].mlp.down_proj.base_layer
        first, weight = codes_of(layer), dequantize_4bit(layer.weight.data, layer.quant_state).float()
        kinds = {"param_dtype": torch.bfloat16, "output_dtype": torch.bfloat16} if mixed else {}
        shard(net, MixedPrecisionPolicy(**kinds))
        net(input_ids=mine, labels=mine, use_cache=False).loss.backward()
        far = {
            name: ((p.grad.full_tensor().float() - expected[name]).norm() / expected[name].norm()).item()
            for name, p in net.named_parameters()
            if p.requires_grad
        }
        share = changed_codes(net, first)
        block = net.get_base_model().model.layers[0]
        block.unshard()
        error = (dequantize_4bit(layer.weight.data, layer.quant_state).float() - weight).norm() / weight.norm()
        block.reshard()
        found[name] = {
            "changed_bytes": share, "weight_error": error.item(), "gradients_apart": statistics.median(far.values())
        }  # fmt: skip
    return {"storages": found}


def shard(net: Any, policy: Any) -> None:
    """What accelerate does with a model under FSDP 2: each layer, and what is left."""
    from torch.distributed.fsdp import fully_shard

    for layer in net.get_base_model().model.layers:
        fully_shard(layer, mp_policy=policy)
    fully_shard(net, mp_policy=policy)


def real_model(storage: Any, adapters: Any, device: str) -> Any:
    """pocket-llama in 4 bits, all else in bf16, with an adapter that changes something."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    from course_utils import models

    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16, bnb_4bit_quant_storage=storage,
    )  # fmt: skip
    net = AutoModelForCausalLM.from_pretrained(
        models.locate("pocket-llama"), dtype=torch.bfloat16, quantization_config=quantization, device_map={"": device}
    )
    torch.manual_seed(0)
    net = get_peft_model(
        models.keep_4bit_layout(net), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear")
    )  # fmt: skip
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(adapters)
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.02)
    return net.train()


def train(case: Case, place: Path) -> dict[str, Any]:
    """What one process of a case does and finds; all of them together save the adapter."""
    import torch
    import torch.distributed as dist
    from safetensors.torch import save_file

    local = int(os.environ.get("LOCAL_RANK", 0))
    if memory_peaks.on_gpu():
        torch.cuda.set_device(local)
        torch.zeros(1, device="cuda")
    if case.way == "gathered":
        found = gathered(case)
        dist.destroy_process_group()
        return found
    hold(case)
    began = time.perf_counter()
    net = base(case)
    first = codes_of(net.model.layers[0].mlp.down_proj) if case.stored != "dense" else None
    found: dict[str, Any] = {"base": fingerprint(net), "load_seconds": round(time.perf_counter() - began, 1)}
    found["loaded_bytes"] = sum(parameter.numel() * parameter.element_size() for parameter in net.parameters())
    trainer = trainer_of(case, net, place)
    if case.cards > 1:
        found["wire"] = wire()
    hold(case)
    watch = clock(case)
    trainer.add_callback(watch)
    if memory_peaks.on_gpu():
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    trainer.train()
    settle()
    found["train_seconds"] = round(time.perf_counter() - began, 1)
    model = trainer.model
    if memory_peaks.on_gpu():
        found |= {"peak_bytes": torch.cuda.max_memory_allocated(), "reserved_bytes": torch.cuda.max_memory_reserved()}
        if case.held_to:  # of others nobody else is on the card
            found |= memory_peaks.GpuMeter().beside()
    found["held_bytes"] = held_bytes(model)
    if case.way.startswith("FSDP") and 1.5 * found["held_bytes"]["frozen"] > found["loaded_bytes"]:
        raise CourseError("each process still holds the whole model: nothing was sharded")
    history = trainer.state.log_history
    found["losses"] = [float(each["loss"]) for each in history if "loss" in each]
    found["norms"] = [round(float(each["grad_norm"]), 5) for each in history if "grad_norm" in each]
    tokens = case.rows * case.block * len(trainer.train_dataset[0]["input_ids"])
    rates = [tokens / (after - before) for before, after in zip(watch.stamps, watch.stamps[1:], strict=False)]
    found |= {"tokens_a_second": statistics.median(rates), "spread": [min(rates), max(rates)]}
    if (share := changed_codes(model, first)) is not None:
        found["changed_codes"] = share
    began = time.perf_counter()
    trainer.save_model(str(place / "adapter"))
    found["save_seconds"] = round(time.perf_counter() - began, 2)
    whole = trained_tensors(model)
    if local == 0:
        save_file(whole, place / "trained.safetensors")
    if case.cards > 1:
        everyone: list[Any] = [None] * case.cards
        dist.all_gather_object(everyone, found)
        found["each"] = [{key: one.get(key) for key in ("base", "peak_bytes", "held_bytes")} for one in everyone]
        found["peak_bytes"] = max(one.get("peak_bytes", 0) for one in everyone)
        if any(one["base"] != found["base"] for one in everyone):
            raise CourseError("the processes made different bases from the same seed: their adapter fits none of them")
        dist.barrier()
        dist.destroy_process_group()
    return found


# --- what was saved, in one process ----------------------------------------------------------------------------------


def in_16_bits(net: Any) -> Any:
    """The same model with each 4-bit layer's weight taken out of its 4 bits."""
    import bitsandbytes as bnb
    import torch
    from peft.utils.integrations import dequantize_module_weight

    for name, layer in list(net.model.layers.named_modules()):
        if isinstance(layer, bnb.nn.Linear4bit):
            new = torch.nn.Linear(layer.in_features, layer.out_features, bias=False, device="meta")
            new.weight = torch.nn.Parameter(dequantize_module_weight(layer).to(torch.bfloat16), requires_grad=False)
            net.model.layers.set_submodule(name, new)
    net.is_loaded_in_4bit = False
    return net


def compare(saved: dict[str, Any], trained: dict[str, Any]) -> dict[str, Any]:
    """How a file's tensors differ from those that were trained."""
    shared = [name for name in trained if name in saved and saved[name].shape == trained[name].shape]
    return {
        "saved_tensors": len(saved),
        "trained_tensors": len(trained),
        "missing": len(trained) - len(shared),
        "different": sum(not saved[name].float().equal(trained[name].float()) for name in shared),
    }


def loss_of(model: Any, case: Case) -> float:
    """The loss on the rows of the case's first step, computed the same way whatever the training's was."""
    import torch

    losses = []
    for row in rows_of(case)[: case.rows]["input_ids"]:
        tokens = torch.tensor([row], device=model.device)
        losses.append(model(input_ids=tokens, labels=tokens, use_cache=False).loss.float().item())
    return statistics.mean(losses)


def certify(case: Case, place: Path, expected: list[int]) -> dict[str, Any]:
    """Counts what was saved, loads it in this one process beside the same base, merges, and certifies the merge.

    The certificate's reference is the base with the tensors as they were trained, put there one by one: an adapter that
    was saved wrongly is a merge that is another model.
    """
    from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
    from safetensors.torch import load_file

    from course_utils import data, evaluate, models

    file = place / "adapter" / "adapter_model.safetensors"
    saved, trained = load_file(file) if file.exists() else {}, load_file(place / "trained.safetensors")
    found = compare(saved, trained) | {"saved_bytes": file.stat().st_size if file.exists() else 0}
    if not case.certified:
        return found
    net = base(case)
    if fingerprint(net) != expected:
        raise CourseError("this process made another base than the training from the same seed")
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM")
    reference = get_peft_model(net, lora)
    taken = set_peft_model_state_dict(reference, trained)
    if taken.unexpected_keys or any("lora" in name for name in taken.missing_keys):
        raise CourseError("the trained tensors do not fit the adapter that they were trained in")
    merged = PeftModel.from_pretrained(in_16_bits(base(case)), str(place / "adapter")).merge_and_unload()
    found["loss_after"] = loss_of(reference.eval(), case)
    talks = data.instructions("heldout", 48, 0)["messages"]
    tokenizer = models.load_tokenizer("pocket-llama")
    told = evaluate.merge_certificate(reference.eval(), merged.eval(), tokenizer, talks)
    numbers = {key: value for key, value in dataclasses.asdict(told).items() if key != "worst"}
    return found | {"certificate": numbers | {"kind": told.kind, "ratio": told.ratio, "faint": told.faint}}


# --- all cases -------------------------------------------------------------------------------------------------------


def wait_for(go: Path, seconds: float) -> None:
    """Returns once a file is there.

    Raises:
        CourseError: it does not come; whoever was to write it is gone.
    """
    end = time.monotonic() + seconds
    while not go.exists():
        if time.monotonic() > end:
            raise CourseError(f"nobody wrote {go.name}")
        time.sleep(0.1)


def alone(case: Case, task: str, place: Path, seconds: float) -> int:
    """What a process of a case does: it gets ready, waits for its card, works, and writes down what it found."""
    out = place / f"{task}.json"
    try:
        import bitsandbytes  # noqa: F401
        import datasets  # noqa: F401
        import peft  # noqa: F401
        import torch
        import trl  # noqa: F401

        wait_for(place / f"{task}.go", seconds)
        began = time.perf_counter()
        if task == "train":
            entry = train(case, place)
        else:
            with torch.no_grad():
                entry = certify(case, place, json.loads((place / "train.json").read_text())["base"])
        entry[f"{task}_process_seconds"] = round(time.perf_counter() - began, 1)
        entry["machine"] = machine()
    except Exception as error:  # whatever it is, it must not be lost
        traceback.print_exc()
        entry = {"error": memory_peaks.line_of(error)}
    if int(os.environ.get("LOCAL_RANK", 0)) == 0 or "error" in entry:
        partial = out.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(entry))
        partial.replace(out)
    return int("error" in entry)


def machine() -> dict[str, Any]:
    import importlib.metadata

    from course_utils import models

    names = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate")
    return {"hardware": str(models.hardware()), "versions": {name: importlib.metadata.version(name) for name in names}}


class Processes:
    """The processes of a case on its cards: those that train, then one that certifies."""

    def __init__(self, case: Case, gpus: list[str], given: argparse.Namespace, place: Path, end: float):
        self.case, self.gpus, self.end, self.quick = case, gpus, end, given.quick
        self.place = place / re.sub(r"[^A-Za-z0-9]+", "-", case.name)
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        own = ["-m", "course_utils.making.scaling_out", "--case", case.name, "--place", str(self.place)]
        own += ["--out", str(given.out), "--seconds", str(given.seconds)] + ["--quick"] * given.quick
        own += ["--gpus", *given.gpus]
        self.commands = {
            "train": ([*case.launched, *own, "--task", "train"], gpus),
            "certify": ([sys.executable, *own, "--task", "certify"], gpus[:1]),
        }
        if case.way == "gathered":
            del self.commands["certify"]
        # A process that waits has a driver's context on the card already. One that counts the whole card's bytes has
        # it to itself.
        self.started = {task: self._start(task) for task in self.commands if not case.held_to or task == "train"}

    def _start(self, task: str) -> subprocess.Popen:
        command, gpus = self.commands[task]
        around = {name: value for name, value in os.environ.items() if name not in ("LOCAL_RANK", "RANK", "WORLD_SIZE")}
        around |= {
            "CUDA_VISIBLE_DEVICES": ",".join(gpus), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false",
            "COURSE_BUILD": str(self.place / "build"), "OMP_NUM_THREADS": "1" if self.quick else "4",
        }  # fmt: skip
        if self.case.held_to:
            around["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"
        with (self.place / f"{task}.log").open("w") as log:
            return subprocess.Popen(
                command, cwd=environment.ROOT, env=around, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def finish(self) -> dict[str, Any]:
        """Lets them begin, one after the other, and gives back what they found."""
        began, found = time.monotonic(), {}
        for task in self.commands:
            if "error" in found:
                break
            process = self.started[task] = self.started.get(task) or self._start(task)
            (self.place / f"{task}.go").touch()
            most = max(1.0, min(self.end - time.monotonic(), self.case.reserve + began - time.monotonic()))
            try:
                process.wait(most)
            except subprocess.TimeoutExpired:
                found["error"] = f"the processes that {task} had not ended after {time.monotonic() - began:.0f} s"
                break
            out = self.place / f"{task}.json"
            if not out.exists():
                found["error"] = f"a process that should {task} ended with {process.returncode} and wrote nothing"
            else:
                found |= json.loads(out.read_text())
        self.stop()
        return found | {"case_seconds": round(time.monotonic() - began, 1)}

    def stop(self) -> None:
        """Ends what has not ended, and takes the large files away."""
        for process in self.started.values():
            ranks.end(process)
        for path in self.place.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
        (self.place / "trained.safetensors").unlink(missing_ok=True)


class Lane(threading.Thread):
    """Some cards, and the cases that run on them: while some run, the processes of the next get ready."""

    def __init__(self, desk: Desk, gpus: list[str], given: argparse.Namespace, place: Path, end: float):
        super().__init__()
        self.desk, self.gpus, self.given, self.place, self.end = desk, gpus, given, place, end

    def start_next(self, after: float = 0) -> list[Processes]:
        """Processes of the next cases that would end in time if they begin ``after`` so many seconds."""
        cases = self.desk.take(len(self.gpus), self.end - time.monotonic() - after)
        started, free = [], list(self.gpus)
        for case in cases:
            gpus, free = free[: case.cards], free[case.cards :]
            started.append(Processes(case, gpus, self.given, self.place, self.end))
        return started

    def run(self) -> None:
        now = self.start_next()
        while now:
            held = any(each.case.held_to for each in now)
            following = [] if held else self.start_next(max(each.case.reserve for each in now))
            waiting = [threading.Thread(target=self.desk.keep, args=(each, each.finish)) for each in now]
            for thread in waiting:
                thread.start()
            for thread in waiting:
                thread.join()
            now = following or self.start_next()


class Desk:
    """Hands cases out to the lanes, and keeps the receipt."""

    def __init__(self, groups: list[list[Case]], out: Path, receipt: dict[str, Any]):
        self.groups, self.out, self.receipt, self.lock = groups, out, receipt, threading.Lock()

    def take(self, cards: int, left: float) -> list[Case]:
        """The next cases for so many cards that would end within ``left`` seconds; none if there are none."""
        with self.lock:
            for group in self.groups:
                needed = sum(case.cards for case in group)
                wanted = max(case.cards for case in group)
                if needed <= cards and (wanted > 2) == (cards > 2) and max(case.reserve for case in group) <= left:
                    self.groups.remove(group)
                    return group
        return []

    def keep(self, of: Processes, finish: Any) -> None:
        """Waits for a case, writes its entry down, and tells it in one line."""
        found = finish()
        of_machine = found.pop("machine", {})
        entry = {"name": of.case.name, **dataclasses.asdict(of.case), "gpus": of.gpus} | found
        with self.lock:
            self.receipt.update({name: value for name, value in of_machine.items() if name not in self.receipt})
            if of_machine and of_machine["hardware"] != self.receipt["hardware"]:
                entry["hardware"] = of_machine["hardware"]
            kept = [run for run in self.receipt.pop("runs") if run["name"] != of.case.name]
            self.receipt["runs"] = [*kept, entry]
            self.out.write_text(memory_peaks.text_of(self.receipt))
            print(told(entry), flush=True)


def told(entry: dict[str, Any]) -> str:
    """An entry in one line."""
    said = [entry["name"]]
    if "tokens_a_second" in entry:
        low, high = entry["spread"]
        said.append(f"{entry['tokens_a_second']:,.0f} tokens/s ({low:,.0f} to {high:,.0f})")
    if entry.get("peak_bytes"):
        said.append(f"{entry['peak_bytes'] / 2**30:.2f} GiB a card")
    if entry.get("losses"):
        said.append(f"loss {entry['losses'][0]:.4f} to {entry['losses'][-1]:.4f}")
    if "wire" in entry:
        said.append(f"all-reduce {entry['wire']['all_reduce'] / 1e9:.1f} GB/s")
    if "saved_tensors" in entry:
        said.append(f"{entry['saved_tensors']} of {entry['trained_tensors']} tensors saved")
    if isinstance(entry.get("certificate"), dict):
        said.append(f"merge: {entry['certificate']['kind']} ({entry['certificate']['ratio']:.2g})")
    if "changed_codes" in entry:
        said.append(f"{entry['changed_codes']:.3%} of the codes changed")
    for name, each in entry.get("storages", {}).items():
        apart = f"{each['weight_error']:.2g} of the weight, gradients {each['gradients_apart']:.2g} apart"
        said.append(f"{name}: {each['changed_bytes']:.3%} changed, {apart}")
    if "error" in entry:
        said.append(f"error: {entry['error']}")
    return ", ".join([*said, f"{entry['case_seconds']:.0f} s in all"])


def open_receipt(out: Path, quick: bool) -> dict[str, Any]:
    """The receipt that ``out`` holds already, or a new one."""
    from course_utils import model_files

    command = "python -m course_utils.making.scaling_out --out FILE" + (" --quick" if quick else "")
    if not out.is_file():
        return {"command": command, "what": WHAT, "date": time.strftime("%Y-%m-%d"), "runs": []}
    receipt = model_files.read_json(out)
    if receipt.get("command") != command:
        raise CourseError(f"{out} is not from `{command}`: give a new file")
    return receipt


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each case")
    parser.add_argument("--gpus", nargs="+", default=["0", "1"], help="two or four, by their numbers")
    parser.add_argument("--seconds", type=float, default=3600, help="no case is begun that would not end within them")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the cases' names")
    parser.add_argument("--list", action="store_true", help="print the cases that are to be run, and end")
    parser.add_argument("--place", type=Path, help="keeps the cases' logs here")
    parser.add_argument("--quick", action="store_true", help="a small shape, two processes on a CPU")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--task", choices=("train", "certify"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    groups = plan(given.quick, len(given.gpus))
    if given.case:
        (case,) = (case for group in groups for case in group if case.name == given.case)
        environment.prepare()
        return alone(case, given.task, given.place, given.seconds)
    receipt = open_receipt(given.out, given.quick)
    done = {run["name"] for run in receipt["runs"] if "error" not in run}
    for group in groups:
        group[:] = [
            case for case in group if case.name not in done and any(part in case.name for part in given.only)
        ]  # fmt: skip
    groups = [group for group in groups if group]
    if given.list:
        print(*(f"{case.reserve:>4.0f} s  {case.name}" for group in groups for case in group), sep="\n")
        return 0
    if len(given.gpus) not in (2, 4):
        raise CourseError(f"--gpus names {len(given.gpus)}: give two or four")
    end = time.monotonic() + given.seconds
    lanes = [given.gpus[i : i + 2] for i in range(0, len(given.gpus), 2)]
    with tempfile.TemporaryDirectory() as directory:
        place, desk = given.place or Path(directory), Desk(groups, given.out, receipt)
        for together in (lanes, [given.gpus]) if len(given.gpus) == 4 else (lanes,):
            threads = [Lane(desk, gpus, given, place, end) for gpus in together]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
