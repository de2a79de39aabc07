"""Whether a lesson would run again just as it did: a hash of all that its run depends on."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from course_utils import environment
from course_utils.environment import ROOT
from course_utils.lessons import Lesson


def fingerprint(lesson: Lesson, values: dict[str, Any], machine: str) -> str:
    """A hash of the notebook's sources, its parameters, the package, all installed versions and the machine.

    A file or directory that a parameter names counts with its content. Not covered: what other lessons leave in
    ``build/``, such as lesson 06's adapter, and what changes on a hub under the same name.
    """
    cells = [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in lesson.cells]
    named = {value: _digest(Path(value)) for value in values.values() if _is_path(value)}
    told = [lesson.name, cells, values, named, _package(), _installed(), sys.version, machine]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and Path(value).is_absolute() and Path(value).exists()


def _digest(path: Path) -> dict[str, str]:
    """Name and checksum of each file at or below a path, less what Python leaves there."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = {}
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            with file.open("rb") as stream:
                found[str(file.relative_to(path))] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


@functools.cache
def _package() -> dict[str, str]:
    return _digest(ROOT / "course_utils")


@functools.cache
def _installed() -> list[str]:
    return sorted(f"{found.name}=={found.version}" for found in metadata.distributions())


@functools.cache
def hardware() -> str:
    """One line: the machine as a lesson sees it.

    It is asked in a process of its own: this one loads no torch, and takes no memory of the GPU from the lessons.
    """
    ask = [sys.executable, "-c", "from course_utils import models; print(models.hardware())"]
    settings = os.environ | environment.settings()
    # A session of its own, as a lesson has: Ctrl-C is this process's business.
    done = subprocess.run(ask, cwd=ROOT, env=settings, capture_output=True, text=True, start_new_session=True)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or ["no answer"]
    return lines[-1] if done.returncode == 0 else f"not known ({lines[-1]})"
