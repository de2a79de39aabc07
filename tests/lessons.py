"""How the tests run lessons and read notebooks."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import deque
from pathlib import Path
from subprocess import STDOUT, Popen
from threading import Event, Thread

import nbformat

from course_utils import __main__ as command

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# The run in the browser is the run with another model too, of random weights; but for lesson 07, which asserts how
# answers differ by padding and merge: random weights have one answer to everything.
NOT_RANDOM = ("07",)
# The lessons of which the run in the browser has to show something by `of_another_model` of their test.
CLAIMING = ("01", "02", "03", "04", "05", "06")
# The lessons that take a reader's own rows. They run with them on a public model's first layers.
OWN_ROWS = ("05", "06", "08")
NO_MODEL = f"there is no directory {Path.cwd() / 'nowhere'}"  # what is said of `-p model ./nowhere`


def number(path):
    return path.stem.split("_")[0]


def asked_for(session, fixture):
    """The numbers of the lessons whose report the collected tests take from ``fixture``, or from one made of it.

    A test asks for a lesson by standing in that lesson's module, ``test_lesson_06.py``, or by its parameter ``lesson``.
    """
    wanted = set()
    for item in session.items:
        if fixture in item.fixturenames:
            own = item.module.__name__.removeprefix("test_lesson_")
            wanted.add(item.callspec.params["lesson"] if "lesson" in item.fixturenames else own)
    return sorted(wanted)


class Lane:
    """Runs of ``python -m course_utils validate``, one after the other, beside whatever else goes on.

    Who has to wait for one of them runs what nobody has begun meanwhile: two at a time then.
    """

    def __init__(self, jobs):
        """``jobs`` holds for each run's name the lessons' numbers, the output directory and further options."""
        self.jobs, self.ended, self.stopped = jobs, {name: Event() for name in jobs}, Event()
        self.waiting, self.processes = deque(jobs), set()
        self.thread = Thread(target=self._go, daemon=True)
        self.thread.start()

    def _go(self, until=None):
        """Runs what is waiting, until there is nothing more, or before the next one once ``until`` has ended."""
        while not self.stopped.is_set() and not (until and self.ended[until].is_set()):
            try:
                name = self.waiting.popleft()
            except IndexError:
                return
            numbers, output, options = self.jobs[name]
            words = [sys.executable, "-m", "course_utils", "validate", *numbers, "--output", output, *options]
            try:
                with (output / "validate.log").open("w") as log:
                    process = Popen(words, cwd=ROOT, stdout=log, stderr=STDOUT)
                    self.processes.add(process)
                    process.wait()
                    self.processes.discard(process)
            finally:  # nobody waits for a run that could not start
                self.ended[name].set()

    def output(self, name):
        return self.jobs[name][1]

    def entries(self, name):
        """The report's entry of each lesson by number, once the run has ended."""
        self._go(until=name)
        assert self.ended[name].wait(3600), f"{name} has not ended within an hour"
        path = self.output(name) / "report.json"
        assert path.exists(), (self.output(name) / "validate.log").read_text()
        return {lesson.split("_")[0]: entry for lesson, entry in json.loads(path.read_text())["lessons"].items()}

    def stop(self):
        self.stopped.set()
        for process in [*self.processes]:
            process.terminate()  # the command ends its kernels
        self.thread.join(60)


def refusal(lesson, *options):
    """The one line with which ``validate`` refuses these options, before anything runs or is written."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = command.main(["validate", lesson, "--output", "/dev/null/nowhere", *options])
    assert code == 2
    (line,) = said.getvalue().splitlines()
    return line


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def solutions(path):
    """Name of each grader of a notebook, and the solution that the folded block after its stub gives."""
    cells = nbformat.read(path, as_version=4).cells
    found = {}
    for i, cell in enumerate(cells):
        if "exercise" in cell.metadata.get("tags", []):
            name = cell.source.rsplit("checks.", 1)[1].split("(")[0]
            found[name] = cells[i + 1].source.split("```python\n")[1].split("```")[0]
    return found
