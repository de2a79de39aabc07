"""What has to be set before torch is imported, and where a lesson may write."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A thread of GNU OpenMP that waits for the others spins. Alone that is fast; beside a browser or a second kernel the
# spinning takes the very processor that the others need. tests/benchmarks/threads.py measures what each value costs.
SPIN = {"GOMP_SPINCOUNT": "3000"}
# Any of these says that the user has made a choice of their own.
USERS_CHOICE = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS")


def settings() -> dict[str, str]:
    """The environment variables that the course sets, less those that the user has set.

    - Threads that wait do not spin for long (``SPIN``).
    - One GPU is visible, the first of those that the user or a scheduler left: ``SFTTrainer`` refuses to start in a
      notebook that sees several. A process that a launcher such as torchrun has started keeps its own.
    - Where the Hugging Face libraries cannot write, their home is below ``workspace()``. Models and the token that
      lie in the old one stay in use.
    """
    found: dict[str, str] = {}
    if not any(name in os.environ for name in USERS_CHOICE):
        found |= SPIN
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if "LOCAL_RANK" not in os.environ and (visible is None or "," in visible):
        found["CUDA_VISIBLE_DEVICES"] = (visible or "0").split(",")[0]
    return found | _huggingface_home()


def _huggingface_home() -> dict[str, str]:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = Path(os.environ.get("HF_HOME") or f"{cache}/huggingface").expanduser()
    if _writable(home):
        return {}
    found = {"HF_HOME": str(workspace() / "huggingface")}
    for name, part in (("HF_HUB_CACHE", "hub"), ("HF_TOKEN_PATH", "token")):
        if name not in os.environ and (home / part).exists():
            found[name] = str(home / part)
    return found


def prepare() -> None:
    """Sets ``settings()`` in this process. It has to happen before torch is imported, which reads them once."""
    if "torch" not in sys.modules:
        os.environ.update(settings())
    # trl calls functions by names that transformers is about to retire: no concern of a reader's.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")


@functools.cache
def workspace() -> Path:
    """The directory below which lessons write: ``COURSE_BUILD``, else ``build/`` beside the package.

    Where the course is read-only, a directory for this user among the temporary ones, which the next lesson finds too.
    """
    directory = Path(os.environ.get("COURSE_BUILD") or ROOT / "build")
    if not _writable(directory):
        owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
        directory = Path(tempfile.gettempdir()) / f"qlora-course-{owner}"
        directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False
