"""What this machine is, which model and precision suit it and why, and what is missing; in one screen."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path

from course_utils import environment, models
from course_utils.errors import CourseError

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"
NEEDED_DISK = 2 * 2**30  # bytes: adapters, executed notebooks, merged pocket models


@dataclasses.dataclass(frozen=True)
class Size:
    """A model: its weights in number, its files to fetch in bytes, the GPU memory in bytes from which it trains."""

    weights: float
    download: float
    training: float
    note: str


# The largest first. The memory leaves room for the batches of lesson 06.
SIZES = {
    "llama-2-7b": Size(6.74e9, 13.5e9, 14 * 2**30, "; it is gated"),
    "tinyllama": Size(1.10e9, 4.4e9, 4 * 2**30, ""),
}


@dataclasses.dataclass(frozen=True)
class Need:
    """What a lesson takes at its worst moment, in bytes for each weight of the model."""

    gpu: float
    memory: float = 0.0
    disk: float = 0.0


# For each weight of the model. 01 to 05: the peak of a run at TinyLlama's shape on one GPU, the largest gradients,
# Hessians and copies included; 04 takes less of a model with more blocks, of which it tunes eight. 07 and 08: what they
# hold at once. Lesson 07 saves two models in 16 bits and one in 4, and runs one on the CPU, in two processes.
NEEDS = {
    "01": Need(8.1),
    "02": Need(15.2),
    "04": Need(22),
    "05": Need(13.2),
    "07": Need(5.5, memory=4, disk=4.6),
    "08": Need(3.8),
}


def suitable_model(machine: models.Hardware, disk: float) -> models.Choice:
    """The largest model of the course that this machine fine-tunes in reasonable time; ``disk``: bytes that are free.

    What it trains in lesson 06 is not for every lesson: see ``too_large``.
    """
    if machine.device != "cuda":
        return models.Choice("pocket-llama", "made for a CPU; a billion parameters would take days here")
    gpu = machine.gpu_memory / 2**30
    reasons: list[str] = []
    for name, size in SIZES.items():
        if machine.gpu_memory < size.training:
            reasons.append(f"{gpu:.0f} GiB of GPU memory are too little for {name}")
        elif disk < size.download + NEEDED_DISK:
            reasons.append(f"{disk / 1e9:.0f} GB of disk are too little to fetch {name}, {size.download / 1e9:.0f} GB")
        else:
            packed = size.weights * 0.6 / 2**30  # about 4.8 bits a weight: not all of them are quantized
            reasons.insert(0, f"its weights take {packed:.1f} GiB of your {gpu:.0f} in 4 bits{size.note}")
            return models.Choice(name, "; ".join(reasons))
    return models.Choice("pocket-llama", "; ".join(reasons))


def too_large(model: str, machine: models.Hardware, disk: float) -> list[str]:
    """The lessons that need more than this machine has with ``model``, each with what it needs; memory in GB."""
    if model not in SIZES:
        return []
    lines, weights = [], SIZES[model].weights
    for lesson, need in NEEDS.items():
        wanted = {
            "of GPU memory": (need.gpu * weights, machine.gpu_memory),
            "of memory": (need.memory * weights, machine.memory),
            "of disk": (need.disk * weights, disk - SIZES[model].download),
        }
        short = [f"{asked / 1e9:.0f} GB {kind}" for kind, (asked, there) in wanted.items() if asked > there]
        if short:
            lines.append(f"{lesson} ({', '.join(short)})")
    return lines


def threads() -> str:
    """What torch's threads do while they wait, and who has set it."""
    if platform.system() != "Linux":
        return "as torch sets them; what the course sets on Linux has no effect here"
    theirs = {name: os.environ[name] for name in environment.USERS_CHOICE if name in os.environ}
    if theirs and theirs != environment.SPIN:
        return f"{', '.join(f'{name}={value}' for name, value in theirs.items())}: your own setting, kept"
    ((name, value),) = environment.SPIN.items()
    return f"{name}={value}, set by the course: a thread that waits leaves the processor to others"


def visible_gpus() -> str:
    """Which GPUs a lesson sees, and who has set it."""
    chosen = environment.settings().get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return f"CUDA_VISIBLE_DEVICES={chosen}, set by the course: SFTTrainer refuses a notebook that sees several"
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return f"CUDA_VISIBLE_DEVICES={os.environ['CUDA_VISIBLE_DEVICES']}"
    return "those of the process that a launcher has started"


def about_system(system: str, machine: str) -> str | None:
    """What to know of a system on which the course is not tested, None on Linux; as ``platform`` names the two."""
    if system == "Linux":
        return None
    if system == "Darwin" and machine != "arm64":
        return "a Mac with an Intel processor: this torch and bitsandbytes are not made for it"
    if system == "Darwin":
        return "not tried on a Mac. Lessons compute on the CPU; Apple's GPU (MPS) is not used"
    if system == "Windows":
        return "not tried on Windows. Its packages exist, for CPU and CUDA; Linux inside it (WSL 2) is like Linux"
    return f"not tried on {system}, and not known whether its packages exist"


def missing_packages() -> list[str]:
    """The requirements that are not installed, or older than the course needs, each with what to do."""
    from packaging.requirements import Requirement

    lines = []
    for line in REQUIREMENTS.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        requirement = Requirement(line)
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{requirement.name} is not installed")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            lines.append(f"{requirement.name} {version} is installed, {requirement.specifier} is needed")
    return lines


def report() -> str:
    """The whole report as text."""
    missing = missing_packages()
    disk = shutil.disk_usage(environment.workspace()).free
    rows = [("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    if note := about_system(platform.system(), platform.machine()):
        rows.append(("System", note))
    if not any(line.startswith(("torch ", "bitsandbytes ", "psutil ")) for line in missing):
        machine = models.hardware()
        model = suitable_model(machine, disk)
        rows += [("Machine", str(machine)), ("Model", str(model))]
        if beyond := too_large(model.value, machine, disk):
            rows.append(("Too large", f"{model.value} in lesson {', '.join(beyond)}: take a smaller model there"))
        rows += [
            ("Precision", str(models.choose_dtype(machine))),
            ("Attention", str(models.choose_attention())),
            ("Threads", threads()),
        ]
        if machine.device == "cuda":
            rows.append(("GPUs", visible_gpus()))
    try:
        models.check("pocket-llama")
        rows.append(("Weights", "pocket-llama is complete and its checksums agree"))
    except CourseError as error:
        missing.append(str(error))
    rows.append(("Disk", f"{disk / 2**30:.0f} GiB free"))
    if disk < NEEDED_DISK:
        missing.append(f"free some disk space: the course writes up to {NEEDED_DISK / 2**30:.0f} GiB")
    lines = [f"{name:<10}  {text}" for name, text in rows]
    if missing:
        lines += ["", "What is missing:", *(f"  - {line}" for line in missing)]
        if any("install" in line for line in missing):
            lines.append(f"  Install with: {sys.executable} -m pip install -r requirements.txt")
    else:
        lines += ["", "Nothing is missing. Open the lessons with: python -m course_utils lab"]
    return "\n".join(lines)
