"""A file of one's own through lesson 14, from the command line: ``python -m course_utils tune FILE``.

The notebook does the work and this only runs it, so that both say the same. Beside the memo stands ``results.json``,
its numbers for programs. Each stage is kept below ``--out``: after a kill, a crash or a full disk the same command goes
on where it stopped, and ends in the same memo.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from course_utils import data, environment, files, lessons, models, planning, scoring, stages
from course_utils.errors import CourseError
from course_utils.running import executed, parameters, report
from course_utils.running.process import run_lesson, stoppable, tell

LESSON = environment.ROOT / "notebooks" / "14_your_data.ipynb"
DAY = 86_400.0  # seconds that a run may take beyond its hours of training


def main(file: Path, out: Path | None = None, **given: Any) -> int:
    """Runs the lesson with a file; returns the exit code: 0 if there is a memo, whatever it says.

    Args:
        file: the rows.
        out: the memo's directory; ``build/tune/NAME`` if None.
        given: further parameters of the lesson; one that is None stays the lesson's own.

    Raises:
        CourseError: the input is wrong, or another run is at work in the directory; nothing was run.
    """
    file = file.expanduser().absolute()
    data.load(file)
    if given.get("test_file"):
        given["test_file"] = str(Path(given["test_file"]).expanduser().absolute())
        data.load(given["test_file"])
    given["scorer"] = _scorer(given.get("scorer"))
    out = (out or environment.workspace() / "tune" / file.stem).expanduser().absolute()
    lesson = lessons.read(LESSON)
    values = {name: value for name, value in given.items() if value is not None}
    values |= {"data_file": str(file), "out": str(out)}
    fault = parameters.check_guard(lesson, values, out)
    if fault:
        raise CourseError(f"{fault['exception']}: {fault['message']}")
    rows, _ = data.usable(file, models.load_tokenizer(values.get("model") or lesson.defaults()["model"]))
    planning.require_rows(len(rows), file)
    with stages.keeping(out):
        out.mkdir(parents=True, exist_ok=True)
    with only_one(out), stoppable() as stop:
        run = run_lesson(lesson, values, out, DAY + 3600 * values.get("hours", 0.0), stop, 1)
    entry = report.describe(run, DAY, stop.signal)
    if run.notebook:
        with stages.keeping(out):
            files.replace_file(out / "notebook.ipynb", nbformat.writes(executed.tidied(run.notebook)) + "\n")
    if entry["status"] != "ok":
        again = "the same command goes on where it stopped"
        error = (entry["error"] or {}).get("message", "it was stopped")
        raise CourseError(f"{error} ({again})" if stop.signal else error)
    with stages.keeping(out):
        files.replace_file(out / "results.json", json.dumps(entry["results"], indent=1) + "\n")
    tell(f"{entry['results']['verdict']}: {out / 'memo.html'}")
    return 0


def _scorer(name: str | None) -> str | None:
    """The scorer's name with its file as seen from anywhere; checked, so that a slip is known at once."""
    if name is None:
        return None
    if name.startswith(scoring.HARNESS):
        return scoring.HARNESS + str(Path(name.removeprefix(scoring.HARNESS)).expanduser().absolute())
    scoring.scorer(name)
    place, _, function = name.rpartition(":")
    own = place.endswith(".py") and not name.startswith("regex:")
    return f"{Path(place).expanduser().absolute()}:{function}" if own else name


@contextlib.contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Two runs in one directory would take each other's stages for their own."""
    import psutil

    lock = directory / "running.json"
    if (other := _alive(lock)) not in (None, os.getpid()):
        raise CourseError(
            f"another run is at work in {directory} (process {other}): wait for it, or give another --out"
        )
    with stages.keeping(directory):
        own = {"process": os.getpid(), "begun": psutil.Process().create_time()}
        files.replace_file(lock, json.dumps(own))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()


def _alive(lock: Path) -> int | None:
    """The process that wrote the file, if it is still there: another of the same number began at another time."""
    import psutil

    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        other = json.loads(lock.read_text(encoding="utf-8"))
        if abs(psutil.Process(other["process"]).create_time() - other["begun"]) < 1:
            return other["process"]
    return None
