"""Which model, in which precision, on this machine, and why; and loading it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import logging
import os
import platform
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError
from course_utils.templates import CHAT_TEMPLATE

POCKET = Path(__file__).parent / "assets" / "pocket-llama"

# The names lessons take for `model`. Anything else is a local directory or a hub id.
NAMES = {
    "pocket-llama": str(POCKET),
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
    # Its notice that optional kernels are not installed is about a package that nothing here needs.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
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


def choose_attention(machine: Hardware | None = None) -> Choice:
    """The attention implementation to ask transformers for."""
    machine = machine or hardware()
    if machine.device == "cuda":
        return Choice("sdpa", "torch picks its own flash kernel where the mask allows it, and nothing has to be built")
    return Choice("sdpa", "torch's fused attention also runs on a CPU")


def locate(model: str) -> str:
    """The directory or hub id behind ``model``: a name of ``NAMES``, a local directory or a hub id."""
    return NAMES.get(model, model)


def _verify_checksums(directory: Path) -> None:
    listing = directory / "SHA256SUMS"
    restore = f"restore it with `git checkout -- {Path(*directory.parts[-3:])}`"
    if not listing.exists():
        raise CourseError(f"pocket-llama is incomplete (SHA256SUMS is missing): {restore}")
    for line in listing.read_text().splitlines():
        expected, name = line.split()
        path = directory / name
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            what = "is damaged" if path.exists() else "is missing"
            raise CourseError(f"{name} of pocket-llama {what} (its checksum is not the published one): {restore}")


def check(model: str) -> None:
    """Raises ``CourseError``, in one line that says what to do, if ``model`` cannot be loaded.

    Of a hub model only the configuration is fetched, so a wrong name, a missing licence or a missing network is
    known before anything long begins.
    """
    if not isinstance(model, str) or not model.strip():
        raise CourseError(f"model = {model!r} is not a model: give {', '.join(NAMES)}, a directory or a hub id")
    if model == "pocket-llama":
        return _verify_checksums(POCKET)
    where = locate(model)
    if Path(where).is_dir():
        if not (Path(where) / "config.json").exists():
            raise CourseError(f"the directory {where} holds no model: it has no config.json")
        return None
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
            raise CourseError(
                f"{repository} is not on this machine and the hub cannot be reached: connect to the network, or use "
                f'model = "pocket-llama", which needs none'
            ) from None
        raise CourseError(f"{repository} holds no transformers model: it has no config.json") from None
    except (errors.HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CourseError(f"the hub did not give {repository} ({reason}): try again, or use pocket-llama") from None


def check_adapter(directory: str | Path, model: str) -> None:
    """Raises ``CourseError`` if the adapter in ``directory`` was not trained on ``model``."""
    from safetensors import safe_open
    from transformers import AutoConfig

    directory = Path(directory)
    settings, weights = directory / "adapter_config.json", directory / "adapter_model.safetensors"
    if not settings.exists() or not weights.exists():
        raise CourseError(f"{directory} holds no adapter: it lacks {settings.name} or {weights.name}")
    base = json.loads(settings.read_text()).get("base_model_name_or_path") or "an unnamed model"
    hidden = AutoConfig.from_pretrained(locate(model)).hidden_size
    with safe_open(weights, "pt") as file:
        widths = {file.get_slice(key).get_shape()[1] for key in file.keys() if "q_proj.lora_A" in key}  # noqa: SIM118
    if widths - {hidden} or not _same_model(base, model):
        raise CourseError(
            f"the adapter {directory} belongs to {_short(base)}, not to {_short(model)}: load it with its own base, "
            "or train a new one"
        )


def _short(model: str) -> str:
    for name, where in NAMES.items():
        if model in (name, where):
            return name
    return Path(model).name if Path(model).is_absolute() else model


def _same_model(one: str, other: str) -> bool:
    return _short(one) == _short(other)


def load_tokenizer(model: str) -> Any:
    """The tokenizer of ``model``, with a chat template and a padding token of its own.

    A base model's tokenizer brings no chat template: it gets TinyLlama's, as pocket-llama has it. Where padding is
    missing or is ``</s>`` itself, ``<unk>`` pads, which Llama's byte fallback leaves unused.
    """
    from transformers import AutoTokenizer

    check(model)
    tokenizer = AutoTokenizer.from_pretrained(locate(model))
    if tokenizer.chat_template is None:
        tokenizer.chat_template = CHAT_TEMPLATE
    if tokenizer.pad_token is None or tokenizer.pad_token == tokenizer.eos_token:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def load_base(model: str, dtype: Any = None) -> Any:
    """The base model in ``dtype``, by default the one that ``choose_dtype`` gives for this machine."""
    from transformers import AutoModelForCausalLM

    check(model)
    return AutoModelForCausalLM.from_pretrained(
        locate(model), dtype=dtype or choose_dtype().value, attn_implementation=choose_attention().value,
        device_map={"": 0} if hardware().device == "cuda" else None,
    )  # fmt: skip


def load_4bit(model: str, quant_type: str = "nf4", double_quant: bool = True) -> Any:
    """The base model with its linear layers in 4 bits, as ``BitsAndBytesConfig`` loads it, made safe for CPUs."""
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    check(model)
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
    """
    import bitsandbytes as bnb

    for layer in model.modules():
        if isinstance(layer, bnb.nn.Linear4bit):
            if getattr(layer.weight.quant_state, "packing_format_for_cpu", False):
                raise CourseError("this model's 4-bit weights are repacked already: load it again")
            layer.support_avx512bf16_for_cpu = False
    return model
