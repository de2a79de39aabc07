"""Run lessons as a reader would, and report what happened: time, memory, results and every error.

Each lesson runs in a papermill process of its own, so a lesson that fails, hangs or runs out of memory harms no other.
Everything that can be wrong with the input is found before the first lesson starts and before anything is written.
"""

from __future__ import annotations

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat

from course_utils import lessons as course
from course_utils.errors import CourseError
from course_utils.lessons import Lesson
from course_utils.running import executed, parameters, report
from course_utils.running.fingerprint import fingerprint, hardware
from course_utils.running.process import Run, run_lesson, stoppable, tell

PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "trl", "datasets", "accelerate")


def main(
    wanted: list[str],
    given: list[tuple[str, str]],
    output: Path,
    timeout: float,
    notebooks: Path,
    quick: bool = False,
    changed: bool = False,
    jobs: int = 1,
) -> int:
    """Check everything, run the lessons, write the report; returns the exit code.

    Args:
        wanted: numbers, names or paths of lessons; none means all.
        given: name and value, as written, of parameters.
        output: directory of the report, the executed notebooks and all that lessons write.
        timeout: seconds for each lesson.
        notebooks: where the lessons are.
        quick: start from the parameters with which a lesson says that it runs in seconds.
        changed: carry over what the report in ``output`` says of a lesson that would run just as it did.
        jobs: lessons that run at a time, each with its share of the processor cores.

    Raises:
        CourseError: the input is wrong; nothing was run or written.
    """
    lessons = [course.read(path) for path in course.choose(notebooks, wanted)]
    values = parameters.values_for(lessons, given, quick)
    output = output.absolute()
    faults = [parameters.check_guard(*pair, output) for pair in zip(lessons, values, strict=True)]
    prepare_output(output, lessons)
    earlier = report.read(output) if changed else {}

    entries: dict[str, dict] = {}
    saved: list[bool] = []
    started = time.monotonic()
    with stoppable() as stop:
        machine = hardware()

        def entry_of(lesson: Lesson, own: dict[str, Any], fault: dict | None) -> dict[str, Any] | None:
            """What the report is to say of the lesson, run if it has to be; None where a stop came first."""
            if stop.signal:
                return None
            key = fingerprint(lesson, own, machine)
            entry = earlier.get(lesson.name, {})
            if entry.get("status") == "ok" and entry.get("fingerprint") == key and kept(output, lesson).exists():
                entry = entry | {"unchanged": True}
            elif fault:
                entry = report.not_started(fault) | ran_now(key)
            else:
                run = run_safely(lesson, own, output, timeout, stop, jobs)
                entry = report.describe(run, timeout, stop.signal) | ran_now(key)
                if run.notebook and run.ending != "interrupted":
                    saved.append(save_notebook(run.notebook, kept(output, lesson)))
            tell(report.summary_line(lesson.name, entry))
            return entry

        try:
            with ThreadPoolExecutor(jobs) as pool:
                for lesson, entry in zip(lessons, pool.map(entry_of, lessons, values, faults), strict=True):
                    if entry is not None:
                        entries[lesson.name] = entry
        finally:
            seconds = round(time.monotonic() - started, 2)
            about = {"seconds": seconds, "versions": versions(), "hardware": machine}
            page = save_report(output, {"course": about, "lessons": entries}, [lesson.name for lesson in lessons])
    if stop.signal:
        return 130
    fine = all(saved) and page.parent == output
    return 0 if fine and all(entry["status"] == "ok" for entry in entries.values()) else 1


def prepare_output(output: Path, lessons: list[Lesson]) -> None:
    """Make the directories, and prove by a file that they can be written to."""
    try:
        for directory in (output, output / "notebooks"):
            directory.mkdir(parents=True, exist_ok=True)
            probe = directory / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        for path in (output / "report.html", output / "report.json", *(kept(output, lesson) for lesson in lessons)):
            if path.is_dir():
                raise IsADirectoryError(0, "a directory is in the way", str(path))
    except OSError as error:
        raise CourseError(f"cannot write to {error.filename}: {error.strerror}; give another --output") from error


def kept(output: Path, lesson: Lesson) -> Path:
    """Where the executed notebook of a lesson is kept."""
    return output / "notebooks" / lesson.path.name


def ran_now(key: str) -> dict[str, Any]:
    when = datetime.now().astimezone().isoformat(" ", "minutes")
    return {"fingerprint": key, "date": when, "unchanged": False}


def run_safely(lesson: Lesson, *details: Any) -> Run:
    """The lesson's run. What keeps it from starting, such as a full disk, is an error of this lesson alone."""
    try:
        return run_lesson(lesson, *details)
    except OSError as error:
        return Run(exit_code=1, log=f"{type(error).__name__}: {error}")


def save_notebook(notebook: nbformat.NotebookNode, path: Path) -> bool:
    try:
        report.replace_file(path, nbformat.writes(executed.tidied(notebook)) + "\n")
    except OSError as error:
        tell(f"cannot write {path}: {error.strerror}")
        return False
    return True


def save_report(output: Path, content: dict, planned: list[str]) -> Path:
    try:
        page = report.write(output, content, planned)
    except OSError as error:
        raise CourseError(f"cannot write the report to {output} or elsewhere: {error.strerror}") from error
    if page.parent != output:
        tell(f"cannot write the report to {output}: make room there")
    tell(f"report: {page}")
    return page


def versions() -> dict[str, str | None]:
    """Versions of Python and of the libraries, without importing any; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found
