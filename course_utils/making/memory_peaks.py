"""What training steps really take of a GPU's memory, at the shapes of published models. Lesson 03's receipt.

    python -m course_utils.making.memory_peaks --out memory_peaks.json         # on one GPU of 80 GB, eight minutes
    python -m course_utils.making.memory_peaks --out peaks.json --quick        # the same path, a small model, a CPU

The weights are random and made on the GPU in the format in which they stay: memory does not ask what a weight says.
Each case is a warm-up step, which makes the optimizer's states, and a measured one. ``--out`` is written after each
case, and what it holds already is not run again. bitsandbytes never gives managed memory back: for clean figures of
the process, run ``--only 65B`` and ``--only paged`` first, into the same file. On a CPU, which counts no memory,
``memory_watch.Watch`` does.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import itertools
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course_utils import environment, memory, memory_watch, model_files, models
from course_utils.errors import CourseError
from course_utils.lora import LINEAR

# By size: what is quickly done comes first, and 65B, which is held to less than the card, last.
SHAPES: dict[str, Any] = {
    "pocket": "pocket-llama", "tinyllama": "tinyllama", "7b": "llama-2-7b", "13b": "llama-2-13b",
    "70b": "llama-2-70b", "65b": "llama-65b",
    "tiny": {
        "vocab_size": 256, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": False,
    },
}  # fmt: skip
HIGHEST = 76e9  # bytes: a case of which more is expected is not tried
STORED = ("dense", "nf4", "nf4 + double")  # formats of the blocks' linear layers, in the order of loading


@dataclasses.dataclass(frozen=True)
class Case:
    """One training step: what is trained, how, and on how many tokens."""

    entry: str  # the question that it belongs to
    shape: str
    method: str
    checkpointing: bool
    seq_len: int
    batch: int
    rank: int = 16
    targets: tuple[str, ...] = LINEAR
    optimizer: str = "adamw_torch"
    precision: str = "bf16"
    logits: str = "full"
    double_quant: bool = True
    compiled: bool = False  # each block, which memory.estimate does not foresee: the compiler decides what is kept
    held_to: float = 0  # bytes that the whole process may take of the card; 0 leaves it all

    @property
    def name(self) -> str:
        """Tells the case from all others."""
        parts = [self.shape, self.method, f"{self.batch} x {self.seq_len}"]
        parts += ["checkpointing"] * self.checkpointing + [f"r {self.rank}"] * (self.method != "full")
        parts += ["q and v only"] * (self.targets != LINEAR) + [self.optimizer, self.precision, f"{self.logits} logits"]
        parts += ["no double quantization"] * (self.method == "qlora" and not self.double_quant)
        parts += ["compiled"] * self.compiled
        return f"{self.entry}: {', '.join(parts)}"

    @property
    def stored(self) -> str:
        """The format in which the base's linear layers are kept."""
        if self.method != "qlora":
            return "dense"
        return "nf4 + double" if self.double_quant else "nf4"

    @property
    def base_bytes(self) -> int:
        """Bytes of a number of the base that is not in 4 bits."""
        trained, frozen, _ = memory.PRECISIONS[self.precision]
        return trained if self.method == "full" else frozen

    @property
    def base(self) -> tuple[int, int, int, float]:
        """Cases with the same base share a loaded model; sorted by it, they come in the order of sizes."""
        return list(SHAPES).index(self.shape), STORED.index(self.stored), self.base_bytes, self.held_to

    @property
    def adapter(self) -> tuple[Any, ...]:
        """Cases with the same adapter share that too; () for none."""
        return () if self.method == "full" else (self.precision, self.rank, self.targets)

    def predicted(self) -> memory.MemoryBudget:
        return memory.estimate(
            SHAPES[self.shape], self.method, self.rank, self.batch, self.seq_len, self.checkpointing, self.optimizer,
            precision=self.precision, logits=self.logits, double_quant=self.double_quant, targets=self.targets,
            device=models.hardware().device,
        )  # fmt: skip


def cases(quick: bool) -> list[Case]:
    """All of them, those that share a loaded model beside each other."""
    shapes = ("tiny",) if quick else ("pocket", "tinyllama", "7b", "13b", "70b")
    lengths, batches = ((32, 64), (2,)) if quick else ((512, 2048), (1, 4))
    several, long, small = ("tiny", 64, 32) if quick else ("7b", 2048, 512)
    found = [
        Case("grid", shape, method, checkpointing, seq_len, batch)
        for shape, method, checkpointing in itertools.product(shapes, memory.METHODS, (False, True))
        for seq_len, batch in itertools.product(lengths, batches)
    ]
    # As SFTTrainer does it: adapters in float32, autocast, and the loss in chunks.
    found += [
        Case("SFTTrainer", shape, method, checkpointing, seq_len, 4, precision="mixed", logits="chunked")
        for shape in (("tiny",) if quick else ("tinyllama", "7b"))
        for method, checkpointing in itertools.product(memory.METHODS, (False, True))
        for seq_len in ((small,) if quick else (small, long))
    ]
    found += [
        Case("the paper's 7B", several, "qlora", checkpointing, small, 1, rank=64) for checkpointing in (False, True)
    ]
    # Its rows are Alpaca's, of which the longest has 1,304 tokens of Llama's.
    table = {"rank": 8, "targets": ("q_proj", "v_proj")}
    found += [Case("litgpt's table", several, "lora", False, small if quick else 1304, 1, **table)]
    found += [
        Case("litgpt's table", several, "qlora", False, small if quick else 1304, 1, double_quant=double, **table)
        for double in (False, True)
    ]
    found += [
        Case("optimizers", several, "qlora", True, small, 4, rank=64, optimizer=optimizer)
        for optimizer in memory.OPTIMIZERS
        if optimizer != "adamw_master"
    ]
    found += [Case("optimizers", several, "full", True, small, 1, optimizer="adamw_8bit")]
    # The rungs of lesson 03's ladder that are not among the others.
    found += [
        Case("ladder", several, "full", False, small, 4, optimizer="adamw_8bit"),
        Case("ladder", several, "lora", False, small, 4, precision="mixed"),
        Case("ladder", several, "qlora", False, small, 4, precision="mixed", double_quant=False),
        Case("ladder", several, "qlora", False, small, 4, precision="mixed"),
        Case("ladder", several, "qlora", True, small, 1, precision="mixed", logits="chunked"),
    ]
    found += [
        Case("compiled", shape, "lora", False, seq_len, 4, precision="mixed", logits="chunked", compiled=True)
        for shape in (("tiny",) if quick else ("tinyllama", "7b"))
        for seq_len in ((small,) if quick else (small, long))
    ]
    if not quick:
        found += [
            Case("65B in 48 GB", "65b", "qlora", True, 512, 1, rank=64, optimizer="paged_adamw_32bit", held_to=48e9)
        ]
    return sorted(found, key=lambda case: (case.base, case.method != "full", case.adapter))


class GpuMeter(contextlib.nullcontext):
    """What torch's allocator and the driver say; bytes."""

    def settle(self) -> None:
        import torch

        torch.cuda.synchronize()

    def reset(self) -> None:
        import torch

        torch.cuda.reset_peak_memory_stats()

    def live(self) -> int:
        import torch

        return torch.cuda.memory_allocated()

    def peak(self) -> int:
        import torch

        return torch.cuda.max_memory_allocated()

    def beside(self) -> dict[str, int]:
        """What the allocator has taken from the driver, and what the driver has given away in all."""
        import torch

        free, card = torch.cuda.mem_get_info()
        return {"reserved_bytes": torch.cuda.max_memory_reserved(), "process_bytes": card - free}


class CpuMeter:
    """The same questions, answered by ``memory_watch.Watch``."""

    def __init__(self, tensors: Iterable[Any] = ()):
        self._watch = memory_watch.Watch(tensors)

    def __enter__(self) -> None:
        self._watch.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._watch.__exit__(*error)

    def settle(self) -> None:
        """A CPU has done what it was told to when the call returns."""

    def reset(self) -> None:
        self._watch.reset()

    def live(self) -> int:
        return self._watch.live

    def peak(self) -> int:
        return self._watch.peak

    def beside(self) -> dict[str, int]:
        return {}


def on_gpu() -> bool:
    return models.hardware().device == "cuda"


def meter_of(tensors: Iterable[Any] = ()) -> GpuMeter | CpuMeter:
    """The meter of this machine; one on a CPU has to be told which tensors are there already."""
    return GpuMeter() if on_gpu() else CpuMeter(tensors)


def load(shape: Any, stored: str, number_bytes: int, storage: Any = None, kept_on: str = "") -> Any:
    """A model with random weights in the format in which they stay, made on the device layer by layer.

    Args:
        shape: as for ``memory.shape_of``.
        stored: one of ``STORED``.
        number_bytes: 2 for bfloat16 or 4 for float32, of what is not in 4 bits.
        storage: the torch dtype whose numbers the 4-bit codes are laid in; uint8 if none is given.
        kept_on: ``"cpu"`` takes each layer off the device once it is made, for a model larger than the device.
    """
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    device, dtype = models.hardware().device, {2: torch.bfloat16, 4: torch.float32}[number_bytes]
    kept_on = kept_on or device
    config = LlamaConfig(**dataclasses.asdict(memory.shape_of(shape)), max_position_embeddings=4096)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")
    if stored.startswith("nf4"):
        _quantize(model, device, kept_on, dtype, stored != "nf4", storage or torch.uint8)
    made: dict[Any, Any] = {}  # a tied weight belongs to two modules
    for module in model.modules():
        for name, old in module._parameters.items():
            if old is not None and old.is_meta:
                if old not in made:
                    new = torch.empty_like(old, device=device)
                    new = new.fill_(1) if new.dim() == 1 else new.normal_(0, 0.02)
                    made[old] = torch.nn.Parameter(new.to(kept_on))
                module._parameters[name] = made[old]
    model.model.rotary_emb = type(model.model.rotary_emb)(config=config).to(kept_on)
    model.config.use_cache = False
    return model.train()


def _quantize(model: Any, device: str, kept_on: str, dtype: Any, double_quant: bool, storage: Any) -> None:
    """Puts a 4-bit layer in each block's linear layer's place, as transformers does, with random weights."""
    import bitsandbytes as bnb
    import torch

    for name, layer in list(model.model.layers.named_modules()):
        if not isinstance(layer, torch.nn.Linear):
            continue
        new = bnb.nn.Linear4bit(
            layer.in_features, layer.out_features, bias=False, compute_dtype=dtype,
            compress_statistics=double_quant, quant_type="nf4", quant_storage=storage, device="meta",
        )  # fmt: skip
        weight = torch.empty(layer.out_features, layer.in_features, dtype=dtype, device=device)
        new.weight = bnb.nn.Params4bit(
            weight.normal_(0, 0.02), requires_grad=False, quant_type="nf4", compress_statistics=double_quant,
            quant_storage=storage, module=new,
        ).to(device).to(kept_on)  # fmt: skip
        model.model.layers.set_submodule(name, new)
    model.is_loaded_in_4bit = True  # by which peft chooses its adapter's layer
    models.keep_4bit_layout(model)


def prepare(model: Any, case: Case) -> Any:
    """The model as the case trains it: all of it, or with an adapter beside the frozen rest."""
    import torch
    from peft import LoraConfig, get_peft_model

    if case.method == "full":
        return model.requires_grad_(True)
    # Cases of full fine-tuning may have left checkpointing on, for which peft would add hooks; see ``measure``.
    model.activation_checkpointing_disable()
    model.disable_input_require_grads()
    tuned = get_peft_model(
        model,
        LoraConfig(r=case.rank, lora_alpha=case.rank, target_modules=list(case.targets), task_type="CAUSAL_LM"),
        autocast_adapter_dtype=False,
    )
    trained, _, _ = memory.PRECISIONS[case.precision]
    for parameter in tuned.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.float32 if trained == 4 else torch.bfloat16)
    return tuned.train()


def optimizer_of(name: str, trained: list[Any]) -> Any:
    """The optimizer that transformers takes for a name of ``memory.OPTIMIZERS``, with a rate that changes little."""
    import bitsandbytes as bnb
    import torch

    if name == "sgd":
        return torch.optim.SGD(trained, lr=1e-6)
    if name.startswith("adamw_torch"):
        return torch.optim.AdamW(trained, lr=1e-6, **({"fused": True} if name.endswith("fused") else {}))
    bits = 8 if name.endswith("8bit") else 32
    return bnb.optim.AdamW(trained, lr=1e-6, optim_bits=bits, is_paged=name.startswith("paged"))


def compile_blocks(model: Any, compiled: bool) -> None:
    """Compiles each block by itself, or undoes it. A CPU takes the same path without its C++ compiler."""
    for layer in model.model.layers:
        layer._compiled_call_impl = None
        if compiled:
            layer.compile(dynamic=False, backend="inductor" if on_gpu() else "aot_eager")


def loss_of(model: Any, tokens: Any, case: Case) -> Any:
    """The loss; nothing of the forward pass but what autograd keeps outlives the call."""
    import torch

    casting = torch.autocast(tokens.device.type, dtype=torch.bfloat16, enabled=case.precision == "mixed")
    chunked = {"fused_lm_head": True} if case.logits == "chunked" else {}
    with casting:
        return model(input_ids=tokens, labels=tokens, use_cache=False, **chunked).loss


def measure(model: Any, case: Case) -> dict[str, Any]:
    """A warm-up step and a measured one; memory in bytes, time in seconds."""
    import torch

    inner = model.get_base_model() if case.method != "full" else model
    # Checkpointing makes the embedding's output require a gradient, by one more hook each time it is switched on, of
    # which only the last can be taken off. A hook that stays makes the first norm keep its input.
    inner.disable_input_require_grads()
    if case.checkpointing:
        inner.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    else:
        inner.activation_checkpointing_disable()
    if case.logits == "chunked" and "forward" not in vars(inner):  # once: it computes in chunks only if asked to
        from trl.trainer.utils import add_fused_lm_head

        add_fused_lm_head(inner, outputs=("log_probs", "entropy", "is_top1"))
    compile_blocks(inner, case.compiled)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = optimizer_of(case.optimizer, trained)
    device = models.hardware().device
    tokens = torch.randint(10, inner.config.vocab_size, (case.batch, case.seq_len), device=device)
    meter = meter_of([*memory_watch.tensors_of(model), tokens])
    found: dict[str, Any] = {"parts_loaded": memory_watch.at_rest(model), "loaded_bytes": meter.live()}
    with meter:
        with contextlib.nullcontext() if case.compiled else memory_watch.Saved(model) as saved:
            loss = loss_of(model, tokens, case)
        found["saved_bytes"] = saved.total if saved else None  # a compiled block saves what no hook sees
        loss.backward()
        del loss
        optimizer.step()
        optimizer.zero_grad()
        meter.settle()
        found["rest_bytes"] = meter.live()
        found["state_bytes"], found["paged_bytes"] = states(optimizer)
        peaks, seconds = {}, {}

        def phase(name: str, began: float) -> float:
            meter.settle()
            peaks[name], seconds[name] = meter.peak(), time.perf_counter() - began
            meter.reset()
            return time.perf_counter()

        meter.reset()
        began = time.perf_counter()
        loss = loss_of(model, tokens, case)
        meter.settle()
        found["kept_bytes"] = meter.live() - found["rest_bytes"]
        began = phase("forward", began)
        loss.backward()
        began = phase("backward", began)
        optimizer.step()
        phase("optimizer", began)
        optimizer.zero_grad()
    return found | {
        "peak_bytes": max(peaks.values()),
        "peaks": peaks,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        **meter.beside(),
    }


def states(optimizer: Any) -> tuple[int, int]:
    """Bytes of an optimizer's states on the device, each tensor once, and of those in managed memory."""
    own = {}
    for state in optimizer.state.values():
        for name, value in state.items():
            if hasattr(value, "untyped_storage") and name != "step":
                own[value.data_ptr()] = value
    sizes = {False: 0, True: 0}
    for value in own.values():
        sizes[getattr(value, "is_paged", False)] += value.numel() * value.element_size()
    return sizes[False], sizes[True]


def hold(bytes_allowed: float) -> None:
    """Lets the allocator take no more than ``bytes_allowed`` of the card; 0 gives it all back."""
    import torch

    if on_gpu():
        card = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, bytes_allowed / card) if bytes_allowed else 1.0)


def beside_the_allocator() -> int:
    """Bytes of the card that this process holds and torch's allocator does not: the driver's context, kernels."""
    import torch

    if not on_gpu():
        return 0
    torch.cuda.synchronize()
    free, card = torch.cuda.mem_get_info()
    return card - free - torch.cuda.memory_reserved()


def release() -> None:
    """Gives memory back that nobody holds any more."""
    import torch

    gc.collect()
    if on_gpu():
        torch.cuda.empty_cache()


def refusal(case: Case) -> str:
    """Why a case is not tried, or nothing."""
    import torch

    if not on_gpu():
        return ""
    budget = case.predicted()
    most = min(HIGHEST, 0.95 * torch.cuda.get_device_properties(0).total_memory)
    if budget.total + budget.paged > most:
        return f"{(budget.total + budget.paged) / 1e9:.1f} GB expected, more than {most / 1e9:.0f} GB"
    free, _ = torch.cuda.mem_get_info()
    if budget.paged and budget.total + budget.paged > free + torch.cuda.memory_reserved():
        return f"{budget.paged / 1e9:.1f} GB of managed memory would be more than the card then has free"
    return ""


def line_of(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


class Runner:
    """Runs cases one after the other on models that it keeps as long as they serve, and writes down each."""

    def __init__(self, receipt: dict[str, Any], out: Path):
        self.receipt, self.out = receipt, out
        self.model: Any = None
        self.tuned: Any = None
        self.base: Any = None
        self.adapter: Any = None
        self.loaded: dict[str, Any] = {}  # what loading took

    def run(self, case: Case) -> None:
        """One case: into the receipt, which is written, and in one line to the reader."""
        budget = case.predicted()
        entry = {
            "name": case.name, "model": SHAPES[case.shape], **dataclasses.asdict(case), "targets": list(case.targets),
            "predicted_bytes": budget.total, "predicted_paged_bytes": budget.paged,
        }  # fmt: skip
        entry |= self._try(case)
        self.receipt["runs"] = [run for run in self.receipt["runs"] if run["name"] != case.name] + [entry]
        self.out.write_text(text_of(self.receipt))
        print(told(entry), flush=True)

    def _try(self, case: Case) -> dict[str, Any]:
        import torch

        failed = {}
        try:
            if reason := refusal(case):
                return {"skipped": reason}
            self._get_ready(case)
            return self.loaded | {"beside_allocator_bytes": beside_the_allocator()} | measure(self.tuned, case)
        except torch.OutOfMemoryError as error:
            failed["out_of_memory"] = line_of(error)
        except Exception as error:  # one case that fails, for whatever reason, must not lose the others
            failed["error"] = line_of(error)
        finally:
            for parameter in self.model.parameters() if self.model is not None else ():
                parameter.grad = None
            release()
        return failed

    def _get_ready(self, case: Case) -> None:
        """Loads the case's model, and lays its adapter beside it, unless they are there already."""
        if self.base != case.base:
            self.drop()
            # The driver's own bytes and the states in managed memory are the process' as well.
            others = beside_the_allocator() + case.predicted().paged
            hold(case.held_to - others if case.held_to else 0)
            self.model = load(SHAPES[case.shape], case.stored, case.base_bytes)
            self.loaded = {"held_allocator_to_bytes": case.held_to - others} if case.held_to else {}
            self.base = case.base
        if self.tuned is None or self.adapter != case.adapter:
            if self.adapter:
                self.model = self.tuned.unload()
            self.tuned = None
            self.tuned, self.adapter = prepare(self.model, case), case.adapter
            release()

    def drop(self) -> None:
        """Lets go of the models."""
        self.model = self.tuned = self.base = self.adapter = None
        release()


def text_of(receipt: dict[str, Any]) -> str:
    """The receipt's file, a line for each run."""
    lines = ",\n".join("  " + json.dumps(run) for run in receipt["runs"])
    head = {name: value for name, value in receipt.items() if name != "runs"}
    return json.dumps(head | {"runs": 0}, indent=1)[: -len("0\n}")] + "[\n" + lines + "\n ]\n}\n"


def told(run: dict[str, Any]) -> str:
    """A run in one line."""
    expected = run["predicted_bytes"] / 1e9
    for key in ("skipped", "out_of_memory", "error"):
        if key in run:
            return f"{run['name']}: expected {expected:.3f} GB; {key.replace('_', ' ')}: {run[key]}"
    return (
        f"{run['name']}: expected {expected:.3f} GB, measured {run['peak_bytes'] / 1e9:.3f} "
        f"({run['predicted_bytes'] / run['peak_bytes'] - 1:+.1%}), {sum(run['seconds'].values()):.3f} s a step"
    )


def open_receipt(out: Path, quick: bool) -> dict[str, Any]:
    """The receipt that ``out`` holds already, or a new one."""
    import bitsandbytes
    import peft
    import torch
    import transformers
    import trl

    command = "python -m course_utils.making.memory_peaks --out FILE" + (" --quick" if quick else "")
    if out.is_file():
        receipt = model_files.read_json(out)
        if receipt.get("command") != command:
            raise CourseError(f"{out} is not from `{command}`: give a new file")
        return receipt
    receipt = {
        "command": command,
        "what": "memory of a training step after a warm-up step, random weights of published shapes; bytes",
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": {each.__name__: each.__version__ for each in (torch, transformers, peft, bitsandbytes, trl)},
        "runs": [],
    }
    if on_gpu():
        torch.zeros(1, device="cuda")
        receipt["cuda"] = torch.version.cuda
        receipt["card_bytes"] = torch.cuda.mem_get_info()[1]
        receipt["context_bytes"] = beside_the_allocator()  # before any kernel of a model is loaded
    return receipt


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each case")
    parser.add_argument("--quick", action="store_true", help="a small model")
    parser.add_argument("--only", default="", help="only cases whose name holds this")
    given = parser.parse_args(arguments)
    environment.prepare()
    import torch

    torch.manual_seed(0)
    receipt = open_receipt(given.out, given.quick)
    done = {run["name"] for run in receipt["runs"] if "error" not in run}
    runner = Runner(receipt, given.out)
    for case in cases(given.quick):
        if given.only in case.name and case.name not in done:
            runner.run(case)
    runner.drop()
    print("\n" + "\n".join(told(run) for run in receipt["runs"]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
