"""A long piece of work in stages, each of which is done once: after a kill, the next call goes on where it stopped."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from course_utils import files
from course_utils.errors import CourseError


class Stages:
    """What was finished of a piece of work, in a directory of its own.

        work = Stages(directory, key={"file": checksum, "seed": 0})
        score = work.once("score", lambda: measure())

    Args:
        directory: where the results are kept; None keeps nothing, so that each stage is done anew.
        key: what the work depends on; with another one nothing of an earlier work is taken over.
    """

    def __init__(self, directory: str | Path | None, key: Any = None):
        self.directory = Path(directory) / fingerprint(key) if directory is not None else None

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """The result of a stage, in JSON's types; it is made only if it is not there yet.

        Raises:
            CourseError: it cannot be kept, as on a full disk; what is there already stays.
        """
        if self.directory is None:
            return make()
        file = self.directory / f"{name}.json"
        with contextlib.suppress(OSError, ValueError):  # none yet, or torn by a crash of the whole machine
            return json.loads(file.read_text(encoding="utf-8"))["result"]
        # Through JSON and back, so that what is made now is what a later call would read.
        text = json.dumps({"result": make()})
        with keeping(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            files.replace_file(file, text)
        return json.loads(text)["result"]

    def place(self, name: str) -> Path | None:
        """A path beside the results, for what is no JSON; None if nothing is kept."""
        return self.directory / name if self.directory else None


def fingerprint(key: Any) -> str:
    """Sixteen characters that differ as soon as anything in ``key`` does."""
    return hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()[:16]


@contextlib.contextmanager
def keeping(directory: Path) -> Iterator[None]:
    """Turns what a disk refuses into one line that says what to do."""
    try:
        yield
    except OSError as error:
        what = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
        raise CourseError(
            f"cannot write to {directory}: {what}; make room there and run it again, what is finished is kept"
        ) from error
