"""What this machine is, which model and precision suit it and why, and what is missing; in one screen."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path

from course_utils import models
from course_utils.errors import CourseError

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"
NEEDED_DISK = 2 * 2**30  # adapters, executed notebooks, merged pocket models


def suitable_model(machine: models.Hardware) -> models.Choice:
    """The largest model of the course that this machine fine-tunes in reasonable time."""
    if machine.device != "cuda":
        return models.Choice("pocket-llama", "made for a CPU; a billion parameters would take days here")
    gigabytes = machine.gpu_memory / 2**30
    if gigabytes >= 14:
        return models.Choice("llama-2-7b", f"its 4-bit weights take about 4 GiB of your {gigabytes:.0f}; it is gated")
    if gigabytes >= 4:
        return models.Choice("tinyllama", f"1.1 billion parameters in 4 bits leave room in {gigabytes:.0f} GiB")
    return models.Choice("pocket-llama", f"{gigabytes:.0f} GiB of GPU memory are too little for a larger one")


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
    rows = [("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    if not any(line.startswith(("torch ", "bitsandbytes ", "psutil ")) for line in missing):
        machine = models.hardware()
        rows += [
            ("Machine", str(machine)),
            ("Model", str(suitable_model(machine))),
            ("Precision", str(models.choose_dtype(machine))),
            ("Attention", str(models.choose_attention())),
        ]
    try:
        models.check("pocket-llama")
        rows.append(("Weights", "pocket-llama is complete and its checksums agree"))
    except CourseError as error:
        missing.append(str(error))
    free = shutil.disk_usage(Path(__file__).parent).free
    rows.append(("Disk", f"{free / 2**30:.0f} GiB free"))
    if free < NEEDED_DISK:
        missing.append(f"free some disk space: the course writes up to {NEEDED_DISK / 2**30:.0f} GiB")
    lines = [f"{name:<10}  {text}" for name, text in rows]
    if missing:
        lines += ["", "What is missing:", *(f"  - {line}" for line in missing)]
        if any("install" in line for line in missing):
            lines.append(f"  Install with: {sys.executable} -m pip install -r requirements.txt")
    else:
        lines += ["", "Nothing is missing. Open the lessons with: make lab"]
    return "\n".join(lines)
