"""Run lessons as a reader would, and report what happened: time, memory, results and every error.

Each lesson runs in a papermill process of its own, so a lesson that fails, hangs or runs out of memory harms no other.
Everything that can be wrong with the input is found before the first lesson starts and before anything is written.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import html
import io
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
import psutil
from tqdm import tqdm

from course_utils import results
from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "trl", "datasets", "accelerate")
SAMPLE_EVERY = 0.2  # seconds between two looks at memory and progress
PAPERMILL_TAGS = {"injected-parameters", "papermill-error-cell-tag"}  # cells that papermill adds to a notebook
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

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
class Lesson:
    """A notebook that was chosen, and the values that the command line gives its parameters."""

    path: Path
    cells: list[nbformat.NotebookNode]
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def label(self) -> str:
        return f"lesson {self.name.split('_')[0]}"

    def source(self, tag: str) -> str:
        """The code of the cells with this tag; empty if there is none."""
        return "\n".join(cell.source for cell in self.cells if tag in cell.metadata.get("tags", []))

    def defaults(self) -> dict[str, Any]:
        """Name and value of each literal that the parameters cell assigns."""
        try:
            body = ast.parse(self.source("parameters")).body
        except SyntaxError:
            return {}  # running the lesson shows the error with its place
        found = {}
        for statement in body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                with contextlib.suppress(ValueError):  # not a literal: the lesson's own business
                    found[statement.targets[0].id] = ast.literal_eval(statement.value)
        return found


@dataclass
class Run:
    """How the process of one lesson went."""

    ending: str = "finished"  # or "timeout" or "interrupted"
    seconds: float = 0.0
    peak_bytes: int = 0
    exit_code: int | None = None
    log: str = ""
    notebook: nbformat.NotebookNode | None = None  # as executed, as far as it came


# ---- the command ----------------------------------------------------------------------------------------------------


def main(wanted: list[str], parameters: list[list[str]], output: Path, timeout: float, notebooks: Path) -> int:
    """Check everything, run the lessons one after another, write the report; returns the exit code."""
    lessons = [read_lesson(path) for path in find_lessons(notebooks, wanted)]
    set_parameters(lessons, parameters)
    for lesson in lessons:
        check_guard(lesson)
    output = output.absolute()
    prepare_output(output)

    # A stopped job or a closed terminal must not leave kernels behind any more than Ctrl-C does.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # nohup asks for SIGHUP to be ignored
            signal.signal(number, signal.default_int_handler)
    course = {"seconds": 0.0, "versions": versions(), "hardware": hardware()}
    entries: dict[str, dict] = {}
    started = time.monotonic()
    interrupted = False
    try:
        for lesson in lessons:
            run = run_lesson(lesson, timeout)
            interrupted = run.ending == "interrupted"
            entries[lesson.name] = describe(lesson, run, timeout)
            print(summary_line(lesson.name, entries[lesson.name]), flush=True)
            if run.notebook and not interrupted:
                replace_file(output / "notebooks" / lesson.path.name, nbformat.writes(tidied(run.notebook)) + "\n")
            if interrupted:
                break
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interrupted = True
    course["seconds"] = round(time.monotonic() - started, 2)
    write_report(output, {"course": course, "lessons": entries}, [lesson.name for lesson in lessons])
    print(f"report: {output / 'report.html'}", flush=True)
    if interrupted:
        return 130
    return 0 if all(entry["status"] == "ok" for entry in entries.values()) else 1


def summary_line(name: str, entry: dict) -> str:
    line = f"{name}: {entry['status']}, {duration(entry['seconds'])}, {memory(entry['peak_rss_mb'])}"
    if entry["error"]:
        line += f", {place(entry['error'])}: {entry['error']['exception']}: {entry['error']['message']}"
    return line


# ---- what was asked for ---------------------------------------------------------------------------------------------


def find_lessons(directory: Path, wanted: list[str]) -> list[Path]:
    """The notebooks that the words mean, each once, in the order given; all of them for no words."""
    paths = sorted(directory.glob("[!.]*.ipynb"))
    if not paths:
        raise CourseError(f"there are no lessons in {directory}")
    chosen = [find_lesson(directory, paths, word) for word in wanted] or paths
    return list(dict.fromkeys(chosen))


def find_lesson(directory: Path, paths: list[Path], word: str) -> Path:
    """One lesson by its number, its name or its path."""
    stem = Path(word).name.removesuffix(".ipynb")
    number = stem.zfill(2)
    # A path to a notebook elsewhere must not quietly run the course's own notebook of that name.
    folder = Path(word).parent
    here = folder == Path() or directory.resolve() in (folder.resolve(), (directory.parent / folder).resolve())
    for path in paths:
        if stem and here and (path.stem == stem or path.stem.split("_")[0] == number):
            return path
    names = [path.stem for path in paths]
    near = difflib.get_close_matches(stem, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    raise CourseError(f"there is no lesson {word!r}; {hint}The lessons are {', '.join(names)}")


def read_lesson(path: Path) -> Lesson:
    try:
        return Lesson(path.resolve(), nbformat.read(path, as_version=4).cells)
    except Exception as error:  # nbformat raises many kinds for a file that is no notebook
        raise CourseError(f"{path} cannot be read as a notebook: {type(error).__name__}: {error}") from error


def set_parameters(lessons: list[Lesson], parameters: list[list[str]]) -> None:
    """Give each lesson the values for the parameters that it has; a name that no chosen lesson has is an error."""
    known = sorted({name for lesson in lessons for name in lesson.defaults()})
    for name, text in parameters:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            listed = f"The parameters are {', '.join(known)}" if known else "There are no parameters"
            raise CourseError(f"no chosen lesson has a parameter {name!r}; {hint}{listed}")
        for lesson in lessons:
            defaults = lesson.defaults()
            if name in defaults:
                lesson.overrides[name] = parse_value(f"{lesson.label}: {name}", text, defaults[name])


def parse_value(name: str, text: str, default: Any) -> Any:
    """The text from the command line as a value of the same kind as the default."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if default is None:
        return value
    if isinstance(default, str):
        return value if isinstance(value, str) else text  # 2024 given for a text stays "2024"
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if type(value) is type(default):
        return value
    kinds = {bool: "True or False", int: "a whole number", float: "a number"}
    kind = kinds.get(type(default), f"a {type(default).__name__}")
    raise CourseError(f"{name} = {text!r} is not {kind}, as its default {default!r} is")


def check_guard(lesson: Lesson) -> None:
    """Run the lesson's own checks of its parameters here, so that a bad value is found before anything runs."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(lesson.source("parameters"), namespace)
            namespace.update(lesson.overrides)
            exec(lesson.source("guard"), namespace)
    except CourseError as error:
        raise CourseError(f"{lesson.label}: {error}") from error
    except Exception:
        # Any other error is a fault of the notebook, not of the input: the run shows it with its place.
        return


def prepare_output(output: Path) -> None:
    """Make the directories, and prove by a file that they can be written to."""
    try:
        for directory in (output, output / "notebooks"):
            directory.mkdir(parents=True, exist_ok=True)
            probe = directory / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        for name in ("report.html", "report.json"):
            if (output / name).is_dir():
                raise IsADirectoryError(0, "a directory is in the way", str(output / name))
    except OSError as error:
        raise CourseError(f"cannot write to {error.filename}: {error.strerror}; give another --output") from error


# ---- running a lesson -----------------------------------------------------------------------------------------------


def run_lesson(lesson: Lesson, timeout: float) -> Run:
    """Run the notebook by papermill in a process of its own; on a timeout or Ctrl-C nothing of it stays alive."""
    run = Run()
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        executed = Path(scratch) / lesson.path.name
        job = {
            "input_path": str(lesson.path),
            "output_path": str(executed),
            "parameters": lesson.overrides,
            "kernel_name": "python3",
            "language": "python",
            "cwd": str(lesson.path.parent),
            "progress_bar": False,
        }
        # Unix sockets, whose paths must be short, work even where the network, and with it TCP to oneself, is down.
        sockets = os.name == "posix" and len(scratch) < 80
        kernel = {"transport": "ipc" if sockets else "tcp", "connection_file": str(Path(scratch) / "kernel.json")}
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's python3 kernel, not one of the user's own
            "TOKENIZERS_PARALLELISM": "false",
            "COURSE_HEADLESS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        log = Path(scratch) / "log"
        with log.open("wb") as stream:
            # A session of its own: Ctrl-C in the terminal reaches only this process, which then ends the tree in order.
            process = subprocess.Popen(
                [sys.executable, "-c", PAPERMILL, json.dumps(job), json.dumps(kernel)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment,
                cwd=scratch,
                start_new_session=True,
            )
            watch(process, lesson, executed, timeout, run)
        run.exit_code = process.returncode
        run.log = log.read_text(errors="replace")
        run.notebook = read_executed(executed) or run.notebook
    return run


def watch(process: subprocess.Popen, lesson: Lesson, executed: Path, timeout: float, run: Run) -> None:
    """Wait for the process, show its progress and measure it; end it and all it started when its time is over."""
    started = time.monotonic()
    root = psutil.Process(process.pid)
    tree = {root}  # grows: a process whose parent has died is no longer found among the children, but is kept here
    last_change = 0
    try:
        # tqdm draws nothing in a terminal that says it is 0 by 0, as build machines have; shutil makes that 80 by 24.
        columns, lines = shutil.get_terminal_size()
        with tqdm(total=len(lesson.cells), desc=lesson.name, unit="cell", ncols=columns, nrows=lines) as bar:
            while process.poll() is None:
                run.seconds = time.monotonic() - started
                if run.seconds > timeout:
                    run.ending = "timeout"
                    break
                with contextlib.suppress(psutil.Error):
                    tree.update(root.children(recursive=True))
                run.peak_bytes = max(run.peak_bytes, sum(map(resident_bytes, tree)))
                change = executed.stat().st_mtime_ns if executed.exists() else 0
                notebook = read_executed(executed) if change != last_change else None
                if notebook:
                    run.notebook, last_change = notebook, change
                    bar.n = cells_done(notebook)
                if notebook or sys.stderr.isatty():  # a log file needs no line for every tick of the clock
                    bar.set_postfix_str(memory(run.peak_bytes / 1e6))
                time.sleep(SAMPLE_EVERY)
            else:
                bar.n = cells_done(read_executed(executed) or run.notebook)
                bar.refresh()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not cut the tidying up short
        run.ending = "interrupted"
    finally:
        run.seconds = time.monotonic() - started
        for member in [root, *tree]:
            end_tree(member)
        process.wait()


def end_tree(process: psutil.Process) -> None:
    """Kill a process and all below it. Each is stopped before its children are listed, so that none can slip out."""
    with contextlib.suppress(psutil.Error):
        process.suspend()
        for child in process.children():
            end_tree(child)
        process.kill()


def resident_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


# ---- reading an executed notebook -----------------------------------------------------------------------------------


def read_executed(path: Path) -> nbformat.NotebookNode | None:
    """The notebook as papermill last saved it; None while it is being written."""
    try:
        return nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def own_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells of the lesson itself, so that their indices are those of the source notebook."""
    return [cell for cell in notebook.cells if PAPERMILL_TAGS.isdisjoint(cell.metadata.get("tags", []))]


def cells_done(notebook: nbformat.NotebookNode | None) -> int:
    cells = own_cells(notebook) if notebook else []
    return sum(bool(cell.metadata.get("papermill", {}).get("end_time")) for cell in cells)


def last_started(notebook: nbformat.NotebookNode | None) -> int | None:
    """Index of the cell that ran last; None before the first."""
    cells = own_cells(notebook) if notebook else []
    started = [bool(cell.metadata.get("papermill", {}).get("start_time")) for cell in cells]
    return max((index for index, ran in enumerate(started) if ran), default=None)


def describe(lesson: Lesson, run: Run, timeout: float) -> dict:
    """The report's entry for a lesson."""
    figures: dict[str, Any] = {}
    for cell in own_cells(run.notebook) if run.notebook else []:
        for output in cell.get("outputs", []):
            figures |= output.get("data", {}).get(results.MIME, {})
    widget_errors = list(find_widget_errors(run.notebook)) if run.notebook else []
    error = find_error(run, timeout, widget_errors)
    status = "timeout" if run.ending == "timeout" else "failed" if error else "ok"
    return {
        "status": status,
        "seconds": round(run.seconds, 2),
        "peak_rss_mb": round(run.peak_bytes / 1e6, 1),
        "widget_errors": len(widget_errors),
        "error": error,
        "results": figures,
    }


def find_error(run: Run, timeout: float, widget_errors: list[tuple[int | None, dict]]) -> dict | None:
    """What went wrong, as the report shows it: the first of what ended the run, an error in a cell or in a widget."""
    running = last_started(run.notebook)
    if run.ending == "interrupted":
        return make_error(running, "KeyboardInterrupt", "stopped by Ctrl-C")
    if run.ending == "timeout":
        return make_error(running, "TimeoutError", f"stopped after {timeout:g} s; --timeout gives more time")
    for index, cell in enumerate(own_cells(run.notebook) if run.notebook else []):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return make_error(index, output.ename, output.evalue)
    if run.exit_code:
        # No cell holds an error: the kernel died or did not start. The log ends with the exception's own line.
        lines = [line for line in run.log.splitlines() if line.strip()]
        match = re.fullmatch(r"(?:\w+\.)*(\w+): (.*)", lines[-1]) if lines else None
        name, message = match.groups() if match else ("RuntimeError", f"papermill ended with code {run.exit_code}")
        if name == "DeadKernelError":
            message += " (often because the machine ran out of memory)"
        return make_error(running, name, message)
    if widget_errors:
        index, output = widget_errors[0]
        more = f" (and {len(widget_errors) - 1} more)" if len(widget_errors) > 1 else ""
        return make_error(index, output["ename"], f"in a widget's callback: {output['evalue']}{more}")
    return None


def make_error(cell: int | None, exception: str, message: str) -> dict:
    return {"cell": cell, "exception": exception, "message": re.sub(r"\x1b\[[0-9;]*m", "", message)}


def find_widget_errors(notebook: nbformat.NotebookNode) -> Iterator[tuple[int | None, dict]]:
    """Each error that an Output widget holds, with the index of the cell that shows the widget.

    An exception in a slider's callback is caught by ipywidgets and ends up only here: the cell and papermill succeed.
    """
    models = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    shown_by: dict[str, int] = {}
    for index, cell in enumerate(own_cells(notebook)):
        views = [output.get("data", {}).get(WIDGET_VIEW) for output in cell.get("outputs", [])]
        for name in reachable(models, [view["model_id"] for view in views if view]):
            shown_by.setdefault(name, index)
    # By cell; widgets that no cell shows come last.
    for name in sorted(models, key=lambda name: shown_by.get(name, len(notebook.cells))):
        for output in models[name].get("state", {}).get("outputs", []):
            if output.get("output_type") == "error":
                yield shown_by.get(name), output


def reachable(models: dict, names: Iterable[str]) -> set[str]:
    """These widgets and all inside them; a widget's state refers to others as IPY_MODEL_<name>."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in models and name not in found:
            found.add(name)
            todo += re.findall(r"IPY_MODEL_(\w+)", json.dumps(models[name]))
    return found


def tidied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The executed notebook without widget state, the views that need it, time stamps and this machine's paths.

    An error that a widget holds would go with the state: it moves to the outputs of the cell that shows the widget.
    """
    for index, error in list(find_widget_errors(notebook)):
        if index is not None:
            own_cells(notebook)[index].outputs.append(error)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill adds an empty list to each cell
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if WIDGET_VIEW not in output.get("data", {})]
    return notebook


# ---- the machine ----------------------------------------------------------------------------------------------------


def versions() -> dict[str, str | None]:
    """Versions of Python and of the libraries, without importing any; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def hardware() -> str:
    """One line: processor, cores, memory and each NVIDIA GPU."""
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        processor = match.group(1) if match else processor
    parts = [processor, f"{os.cpu_count()} cores", f"{psutil.virtual_memory().total / 1e9:.0f} GB memory"]
    if shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
            parts += [line.replace(",", "") for line in answer.splitlines()]
    return ", ".join(parts)


# ---- the report -----------------------------------------------------------------------------------------------------


def replace_file(path: Path, text: str) -> None:
    """Write the file in one step: until the new text is complete on the disk, the old one stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise CourseError(f"cannot write {path}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_report(output: Path, report: dict, planned: list[str]) -> None:
    replace_file(output / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    replace_file(output / "report.html", render(report, planned))


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def memory(megabytes: float) -> str:
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def place(error: dict) -> str:
    return "outside any cell" if error["cell"] is None else f"cell {error['cell']}"


STYLE = """
:root { color-scheme: light dark; --page: #fbfaf7; --card: #fff; --ink: #1c2024; --soft: #59616b; --line: #dcd9d1;
  --ok: #17653a; --failed: #a3201a; --timeout: #7d5200; --code: #f3f1eb }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --card: #1d2126; --ink: #e8e6e1; --soft: #a4abb5;
  --line: #363c44; --ok: #6fd39a; --failed: #ff9a91; --timeout: #f0c060; --code: #262b32 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .6rem }
h3 { font-size: 1.05rem; margin: 0 0 .5rem }
p { margin: .4rem 0 } .soft { color: var(--soft) }
a { color: inherit; text-underline-offset: .2em } a:focus-visible { outline: 2px solid; outline-offset: 3px }
.scroll, article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem }
.scroll { overflow-x: auto } article { padding: 1rem 1.2rem; margin: 1rem 0; overflow-x: auto }
table { border-collapse: collapse } .scroll table { width: 100% }
th, td { padding: .5rem 1rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top }
tbody tr:last-child > * { border-bottom: 0 } thead th { font-size: .85rem; color: var(--soft); font-weight: 600 }
tbody th { font-weight: 500 } article th, article td { padding: .25rem 1.5rem .25rem 0 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
article .number { white-space: normal; overflow-wrap: anywhere }
.status { font-weight: 650; white-space: nowrap }
.ok { color: var(--ok) } .failed { color: var(--failed) } .timeout { color: var(--timeout) }
pre { background: var(--code); padding: .8rem 1rem; border-radius: .4rem; border-left: 4px solid var(--failed);
  white-space: pre-wrap; overflow-wrap: anywhere; font: .88rem/1.5 ui-monospace, monospace; margin: .6rem 0 }
"""
SYMBOLS = {"ok": "✓", "failed": "✗", "timeout": "◷"}


def render(report: dict, planned: list[str]) -> str:
    """The report as one page that needs nothing but itself."""
    lessons, course = report["lessons"], report["course"]
    kind, verdict = judge(lessons, planned)
    missing = [name for name in planned if name not in lessons]
    not_run = f"<p>Not run: {escape(', '.join(missing))}.</p>" if missing else ""
    rows = "".join(table_row(name, entry) for name, entry in lessons.items())
    details = "".join(lesson_card(name, entry) for name, entry in lessons.items())
    installed = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(version or "not installed")}</td></tr>'
        for name, version in course["versions"].items()
    )
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(verdict)} · QLoRA course</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header>
<h1 class="{kind}"><span aria-hidden="true">{SYMBOLS[kind]}</span> {escape(verdict)}</h1>
<p class="soft">QLoRA course · {escape(duration(course["seconds"]))} in all · {escape(when)}</p>
{not_run}
</header>
<h2 id="lessons">Lessons</h2>
<div class="scroll" role="region" aria-labelledby="lessons" tabindex="0">
<table>
<thead><tr><th scope="col">Lesson</th><th scope="col">Status</th><th scope="col" class="number">Time</th>
<th scope="col" class="number">Peak memory</th><th scope="col" class="number">Widget errors</th></tr></thead>
<tbody>{rows}</tbody>
</table>
</div>
<h2>Results</h2>
{details}
<h2>Machine</h2>
<article>
<p>{escape(course["hardware"])}</p>
<table><tbody>{installed}</tbody></table>
</article>
<p class="soft">Memory is the largest sum of resident memory over a lesson's processes, in MB of 10⁶ bytes.
Cells are counted from 0. The executed notebooks are in <code>notebooks/</code> beside this page.</p>
</main>
</body>
</html>
"""


def escape(text: str) -> str:
    return html.escape(str(text))


def judge(lessons: dict[str, dict], planned: list[str]) -> tuple[str, str]:
    """The page's verdict: the status that colours it, and its words."""
    passed = sum(entry["status"] == "ok" for entry in lessons.values())
    failed = len(lessons) - passed
    if failed:
        return "failed", "The lesson failed" if len(planned) == 1 else f"{failed} of {len(planned)} lessons failed"
    if passed < len(planned):
        return "failed", f"Interrupted after {passed} of {len(planned)} lessons"
    return "ok", "The lesson ran without an error" if passed == 1 else f"All {passed} lessons ran without an error"


def status_word(status: str) -> str:
    return f'<span class="status {status}"><span aria-hidden="true">{SYMBOLS[status]}</span> {status}</span>'


def table_row(name: str, entry: dict) -> str:
    return (
        f'<tr><th scope="row"><a href="#{escape(name)}">{escape(name)}</a></th>'
        f"<td>{status_word(entry['status'])}</td>"
        f'<td class="number">{duration(entry["seconds"])}</td>'
        f'<td class="number">{memory(entry["peak_rss_mb"])}</td>'
        f'<td class="number">{entry["widget_errors"]}</td></tr>'
    )


def lesson_card(name: str, entry: dict) -> str:
    parts = [f"<h3>{escape(name)} {status_word(entry['status'])}</h3>"]
    if entry["error"]:
        error = entry["error"]
        parts.append(f"<p>{escape(error['exception'])} in {escape(place(error))}:</p>")
        parts.append(f"<pre>{escape(error['message'])}</pre>")
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td class="number">{escape(shown)}</td></tr>'
        for label, shown in results.table_rows(entry["results"])
    )
    parts.append(f"<table><tbody>{rows}</tbody></table>" if rows else '<p class="soft">No results recorded.</p>')
    return f'<article id="{escape(name)}">{"".join(parts)}</article>'
