"""One lesson in a process of its own, measured; whatever ends it, nothing of it stays alive."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import nbformat
import psutil
from tqdm import tqdm

from course_utils import environment
from course_utils.lessons import Lesson
from course_utils.running import executed

SAMPLE_EVERY = 0.2  # seconds between two looks at memory, progress and signals

# What the process of a lesson runs. papermill's own command line can neither choose how the kernel is reached
# nor take 1e-05 for a number.
PAPERMILL = """
import json, sys
import papermill
from traitlets.config import Config
job, kernel = map(json.loads, sys.argv[1:])
papermill.execute_notebook(**job, config=Config(KernelManager=kernel))
"""


@dataclass
class Run:
    """How the process of one lesson went."""

    ending: str = "finished"  # or "timeout" or "interrupted"
    seconds: float = 0.0
    peak_bytes: int = 0
    exit_code: int | None = None
    log: str = ""
    notebook: nbformat.NotebookNode | None = None  # as executed, as far as it came


class Stop:
    """The first signal that asked the command to stop; None while there was none."""

    signal: str | None = None


@contextlib.contextmanager
def stoppable() -> Iterator[Stop]:
    """Ctrl-C, a stopped job and a closed terminal only leave a note here.

    A handler that raised could cut the tidying up short at a second signal, between stopping a process and killing it.
    """
    stop = Stop()

    def note(number: int, _frame: Any) -> None:
        stop.signal = stop.signal or ("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)

    old = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number and signal.getsignal(number) is not signal.SIG_IGN:  # nohup asks for SIGHUP to be ignored
                old[number] = signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def lesson_environment(build: Path, jobs: int) -> dict[str, str]:
    """The environment variables of a lesson's process, which writes below ``build``, ``jobs`` of them at a time."""
    paths = [str(environment.ROOT), os.environ.get("PYTHONPATH", "")]
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs))} if jobs > 1 else {}
    return (
        threads
        | os.environ
        | environment.settings()
        | {
            "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's python3 kernel, not one of the user's own
            "TOKENIZERS_PARALLELISM": "false",
            "COURSE_HEADLESS": "1",
            "COURSE_BUILD": str(build),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
    )


def run_lesson(lesson: Lesson, values: dict[str, Any], build: Path, timeout: float, stop: Stop, jobs: int) -> Run:
    """Run the notebook by papermill in a process of its own, for at most ``timeout`` seconds or until ``stop``.

    It takes the processor cores for its own that ``jobs`` such runs leave each other.
    """
    run = Run()
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        output = Path(scratch) / lesson.path.name
        job = {
            "input_path": str(lesson.path),
            "output_path": str(output),
            "parameters": values,
            "kernel_name": "python3",
            "language": "python",
            "cwd": str(lesson.path.parent),
            "progress_bar": False,
        }
        # Unix sockets, whose paths must be short, work even where the network, and with it TCP to oneself, is down.
        sockets = os.name == "posix" and len(scratch) < 80
        kernel = {"transport": "ipc" if sockets else "tcp", "connection_file": str(Path(scratch) / "kernel.json")}
        log = Path(scratch) / "log"
        with log.open("wb") as stream:
            # A session of its own: Ctrl-C in the terminal reaches only this process, which then ends the tree in order.
            process = subprocess.Popen(
                [sys.executable, "-c", PAPERMILL, json.dumps(job), json.dumps(kernel)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=lesson_environment(build, jobs),
                cwd=scratch,
                start_new_session=True,
            )
            _watch(process, lesson, output, timeout, stop, run)
        run.exit_code = process.returncode
        run.log = log.read_text(errors="replace")
        run.notebook = executed.read_executed(output) or run.notebook
    return run


def _watch(process: subprocess.Popen, lesson: Lesson, output: Path, timeout: float, stop: Stop, run: Run) -> None:
    """Wait for the process, show its progress and measure it; then end it and all it started."""
    started = time.monotonic()
    root = psutil.Process(process.pid)
    tree = {root}  # grows: a process whose parent has died is no longer found among the children, but is kept here
    last_change = 0
    try:
        # tqdm draws nothing in a terminal that says it is 0 by 0, as build machines have; shutil makes that 80 by 24.
        columns, lines = shutil.get_terminal_size()
        with Bar(total=len(lesson.cells), desc=lesson.name, unit="cell", ncols=columns, nrows=lines) as bar:
            while process.poll() is None:
                run.seconds = time.monotonic() - started
                if stop.signal or run.seconds > timeout:
                    run.ending = "interrupted" if stop.signal else "timeout"
                    break
                with contextlib.suppress(psutil.Error):
                    tree.update(root.children(recursive=True))
                run.peak_bytes = max(run.peak_bytes, sum(map(resident_bytes, tree)))
                change = output.stat().st_mtime_ns if output.exists() else 0
                notebook = executed.read_executed(output) if change != last_change else None
                if notebook:
                    run.notebook, last_change = notebook, change
                    bar.n = executed.cells_done(notebook)
                if notebook or sys.stderr.isatty():  # a log file needs no line for every tick of the clock
                    bar.set_postfix_str(memory(run.peak_bytes / 1e6))
                time.sleep(SAMPLE_EVERY)
            else:
                bar.n = executed.cells_done(executed.read_executed(output) or run.notebook)
                bar.refresh()
    finally:
        run.seconds = time.monotonic() - started
        for member in [root, *tree]:
            end_tree(member)
        process.wait()


def end_tree(process: psutil.Process) -> None:
    """Kill a process and all below it. Each is stopped before its children are listed, so that none can slip out."""
    with contextlib.suppress(psutil.Error):
        process.suspend()
        try:
            for child in process.children():
                end_tree(child)
        finally:
            process.kill()


def resident_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


# ---- what is said while lessons run ---------------------------------------------------------------------------------


class Bar(tqdm):
    """A progress bar that nobody has to be reading."""

    def display(self, *args: Any, **options: Any) -> None:
        with heard(sys.stderr):
            super().display(*args, **options)

    def close(self) -> None:
        with heard(sys.stderr):
            super().close()


def tell(line: str) -> None:
    with heard(sys.stdout), Bar.external_write_mode(sys.stdout):  # the bars of other lessons step aside
        print(line, flush=True)


@contextlib.contextmanager
def heard(stream: TextIO) -> Iterator[None]:
    """Writing to a pipe whose reader has gone, or to a full disk, must not end the run: the rest goes nowhere."""
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def memory(megabytes: float) -> str:
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
