"""``python -m course_utils validate`` on tiny notebooks made here."""

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import psutil
import pytest

from course_utils import __main__ as command
from course_utils import validate as validating
from course_utils.running import fingerprint
from course_utils.running import report as reporting
from course_utils.running.process import Run

ROOT = Path(__file__).resolve().parent.parent

PARAMETERS = 'model = "pocket-llama"\nseed = 0  # any\nrank = 8  # 1 to 256\nlearning_rate = 2e-4\npacked = True'
SETUP = """import sys; sys.path.append("..")
from course_utils.start import build"""
GUARD = """from course_utils import results
results.require(rank=(rank, 1, 256), learning_rate=(learning_rate, 1e-6, 1e-1))"""
RECORD = """import os
results.record(rank=rank, learning_rate=learning_rate, kind=type(learning_rate).__name__, model=model,
               headless=os.environ["COURSE_HEADLESS"], folder=os.path.basename(os.getcwd()), build=build.name)"""
SLIDER = """import ipywidgets
from IPython.display import display
def draw(rank):
    if rank > 4:
        raise ValueError(f"no figure for rank {rank}")
explorer = ipywidgets.interactive(draw, rank=ipywidgets.IntSlider(value=1, min=0, max=9))"""
# Three processes have to be gone in the end: the kernel, one that it starts, and one whose parent ends before.
HANG = """import os, pathlib, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
child = subprocess.Popen(sleep, start_new_session=True)
start = f"import subprocess, time; print(subprocess.Popen({sleep}, stdout=subprocess.DEVNULL).pid); time.sleep(1)"
orphan = subprocess.run([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True).stdout
pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid} {orphan}")
time.sleep(300)"""


def code(source: str, *tags: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def write_lesson(
    folder: Path, name: str, *cells: str, guard: str = GUARD, parameters: str = PARAMETERS, **course
) -> Path:
    """A lesson with the course's first cells and then these; ``course`` is what its metadata say."""
    folder.mkdir(exist_ok=True)
    start = [code(SETUP, "setup"), code(parameters, "parameters"), code(guard, "guard")]
    path = folder / f"{name}.ipynb"
    notebook = nbformat.v4.new_notebook(
        cells=[*start, *map(code, cells)], metadata={"course": course} if course else {}
    )
    nbformat.write(notebook, path)
    return path


def words_for(folder: Path, *words: str) -> list[str]:
    return ["validate", "--notebooks", str(folder / "lessons"), "--output", str(folder / "out"), *words]


def validate(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """The command, run in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = command.main(words_for(folder, *words))
    return subprocess.CompletedProcess(words, code, stdout.getvalue(), stderr.getvalue())


def start(folder: Path, *words: str, **options) -> subprocess.Popen:
    """The command as a user starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "course_utils", *words_for(folder, *words)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background may have SIGINT ignored, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def read_report(folder: Path) -> dict:
    return json.loads((folder / "out" / "report.json").read_text())


def wait_until_gone(pids: list[int], seconds: float = 5) -> list[int]:
    """Those of the processes that still run after this time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(map(running, pids)):
        time.sleep(0.05)
    return [pid for pid in pids if running(pid)]


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """One run of a failing lesson, one whose slider fails and one that is right."""
    folder = tmp_path_factory.mktemp("mixed")
    write_lesson(
        folder / "lessons", "01_breaks", "results.record(before=1)", "{}['<b>gone</b>']", "results.record(after=1)"
    )
    write_lesson(folder / "lessons", "02_slides", SLIDER, "display(explorer)\nexplorer.children[0].value = 7", "1 + 1")
    write_lesson(folder / "lessons", "03_works", RECORD, "results.record(accuracy=0.5)", SLIDER, "display(explorer)")
    done = validate(folder, "-p", "rank", "16", "-p", "learning_rate", "1e-5", "-p", "model", "123")
    return folder, done, read_report(folder)


def test_one_failing_lesson_does_not_stop_the_others(mixed):
    _, done, report = mixed
    assert done.returncode == 1
    assert {name: entry["status"] for name, entry in report["lessons"].items()} == {
        "01_breaks": "failed",
        "02_slides": "failed",
        "03_works": "ok",
    }
    assert "01_breaks: failed" in done.stdout and "KeyError" in done.stdout and "03_works: ok" in done.stdout


def test_a_failing_cell_is_named_and_what_was_recorded_before_is_kept(mixed):
    entry = mixed[2]["lessons"]["01_breaks"]
    assert entry["error"] == {"cell": 4, "exception": "KeyError", "message": "'<b>gone</b>'"}
    assert entry["results"] == {"before": 1}


def test_a_failing_slider_fails_the_lesson_although_every_cell_succeeds(mixed):
    entry = mixed[2]["lessons"]["02_slides"]
    assert entry["widget_errors"] == 1
    assert entry["error"]["cell"] == 4 and entry["error"]["exception"] == "ValueError"
    assert "no figure for rank 7" in entry["error"]["message"]


def test_a_good_lesson_is_reported_with_parameters_time_memory_and_results(mixed):
    entry = mixed[2]["lessons"]["03_works"]
    assert entry["error"] is None and entry["widget_errors"] == 0
    assert entry["results"] == {
        "rank": 16,
        "learning_rate": 1e-5,
        "kind": "float",
        "model": "123",
        "headless": "1",
        "folder": "lessons",
        "build": "out",
        "accuracy": 0.5,
    }
    assert 0.5 < entry["seconds"] < 60
    assert 50 < entry["peak_rss_mb"] < 2000  # papermill and a kernel: less would mean that only one was counted


def test_the_report_names_the_machine_and_has_the_agreed_form(mixed):
    report = mixed[2]
    assert set(report) == {"course", "lessons"} and set(report["course"]) == {"seconds", "versions", "hardware"}
    assert report["course"]["versions"]["python"].startswith("3.")
    assert set(report["course"]["versions"]) >= {"torch", "transformers", "peft", "bitsandbytes", "trl"}
    assert " CPU cores, " in report["course"]["hardware"]
    total = sum(entry["seconds"] for entry in report["lessons"].values())
    assert total <= report["course"]["seconds"] < total + 20
    keys = {"status", "seconds", "peak_rss_mb", "widget_errors", "error", "results", "fingerprint", "date", "unchanged"}
    assert all(set(entry) == keys for entry in report["lessons"].values())


def test_the_progress_bar_counts_cells(mixed):
    stderr = mixed[1].stderr
    assert "03_works: 100%" in stderr and "7/7" in stderr
    assert "01_breaks: 100%" not in stderr and "5/6" in stderr


def test_executed_notebooks_are_kept_without_widget_state(mixed):
    folder = mixed[0]
    names = sorted(path.name for path in (folder / "out" / "notebooks").iterdir())
    assert names == ["01_breaks.ipynb", "02_slides.ipynb", "03_works.ipynb"]
    for name in names:
        text = (folder / "out" / "notebooks" / name).read_text()
        nbformat.validate(nbformat.reads(text, as_version=4))
        assert "widget" not in nbformat.reads(text, as_version=4).metadata
        assert "widget-state" not in text and "widget-view" not in text and str(folder) not in text
    slider = nbformat.read(folder / "out" / "notebooks" / "02_slides.ipynb", as_version=4)
    errors = [output for cell in slider.cells for output in cell.get("outputs", []) if output.output_type == "error"]
    assert [error.evalue for error in errors] == ["no figure for rank 7"]  # which the state alone held
    assert "rank = 16" in text and '"accuracy": 0.5' in text  # of 03_works, the last


class Page(HTMLParser):
    """Collects the text of a page, and everything it would load."""

    def __init__(self, source: str):
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and not value.startswith("#")]

    def handle_data(self, data):
        self.text += data


def test_the_page_says_it_all_escaped_and_loads_nothing(mixed):
    source = (mixed[0] / "out" / "report.html").read_text()
    page = Page(source)
    assert page.loads == [] and "script" not in page.tags and "url(" not in source and "@import" not in source
    assert "b" not in page.tags and "'<b>gone</b>'" in page.text
    assert "2 of 3 lessons failed" in page.text
    for text in ("no figure for rank 7", "accuracy", "learning_rate", "1e-05", "✓ ok", "✗ failed", "transformers"):
        assert text in page.text, text
    assert "prefers-color-scheme: dark" in source and '<html lang="en">' in source


def test_a_timeout_ends_the_whole_tree(tmp_path):
    write_lesson(tmp_path / "lessons", "01_hangs", "results.record(before=1)", HANG)
    write_lesson(tmp_path / "lessons", "02_works")
    done = validate(tmp_path, "--timeout", "8")
    pids = [int(pid) for pid in (tmp_path / "lessons" / "pids").read_text().split()]
    assert len(pids) == 3 and wait_until_gone(pids) == []
    assert done.returncode == 1
    lessons = read_report(tmp_path)["lessons"]
    assert lessons["01_hangs"]["status"] == "timeout" and lessons["02_works"]["status"] == "ok"
    assert 8 <= lessons["01_hangs"]["seconds"] < 12
    assert lessons["01_hangs"]["error"]["cell"] == 4
    assert lessons["01_hangs"]["results"] == {"before": 1}


@pytest.mark.parametrize("names", ["TERM TERM", "TERM HUP", "INT TERM"])
def test_after_any_signals_the_whole_tree_has_ended_and_what_ran_is_reported(tmp_path, names):
    write_lesson(tmp_path / "lessons", "01_works", "results.record(done=1)")
    write_lesson(tmp_path / "lessons", "02_hangs", HANG)
    write_lesson(tmp_path / "lessons", "03_waits")
    old = tmp_path / "out" / "notebooks" / "02_hangs.ipynb"
    old.parent.mkdir(parents=True)
    old.write_text("an older run")
    pids = tmp_path / "lessons" / "pids"
    process = start(tmp_path, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (pids.exists() and len(pids.read_text().split()) == 3):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        tree = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        for name in names.split():
            process.send_signal(signal.Signals[f"SIG{name}"])
            time.sleep(0.01)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    assert wait_until_gone([*tree, *map(int, pids.read_text().split())]) == []
    assert process.returncode == 130
    assert "Traceback" not in stderr
    lessons = read_report(tmp_path)["lessons"]
    assert set(lessons) == {"01_works", "02_hangs"}
    assert lessons["01_works"]["status"] == "ok" and lessons["01_works"]["results"] == {"done": 1}
    assert lessons["02_hangs"]["status"] == "failed"
    by = {"INT": "Ctrl-C", "TERM": "SIGTERM", "HUP": "SIGHUP"}[names.split()[0]]
    assert lessons["02_hangs"]["error"] == {"cell": 3, "exception": "KeyboardInterrupt", "message": f"stopped by {by}"}
    assert "Not run: 03_waits" in Page((tmp_path / "out" / "report.html").read_text()).text
    assert old.read_text() == "an older run"


@pytest.mark.parametrize("listener", ["gone from stdout", "gone from stderr", "a full disk"])
def test_what_ran_is_reported_although_nobody_listens(tmp_path, listener):
    write_lesson(tmp_path / "lessons", "01_works", "results.record(done=1)")
    read, write = os.pipe()
    os.close(read)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with open("/dev/full", "w") as full, os.fdopen(write, "w") as pipe:
        streams |= {name: pipe for name in streams if listener.endswith(name)}
        streams |= dict.fromkeys(streams, full) if "disk" in listener else {}
        words = [sys.executable, "-m", "course_utils", *words_for(tmp_path)]
        done = subprocess.run(words, cwd=ROOT, text=True, timeout=120, **streams)
    assert done.returncode == 0
    assert "Traceback" not in (done.stderr or "") and "Exception" not in (done.stderr or "")
    assert read_report(tmp_path)["lessons"]["01_works"]["results"] == {"done": 1}


def full_disk(monkeypatch, is_full):
    """From now on, files for which ``is_full(path)`` cannot be written."""
    replace_file = reporting.replace_file

    def refuse(path, text):
        if is_full(path):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        replace_file(path, text)

    monkeypatch.setattr(reporting, "replace_file", refuse)


def test_a_notebook_that_cannot_be_written_costs_neither_the_report_nor_the_next_lesson(tmp_path, monkeypatch):
    write_lesson(tmp_path / "lessons", "01_works", "results.record(done=1)")
    write_lesson(tmp_path / "lessons", "02_works", "results.record(done=2)")
    full_disk(monkeypatch, lambda path: path.name == "01_works.ipynb")
    done = validate(tmp_path)
    assert done.returncode == 1
    assert f"cannot write {tmp_path / 'out' / 'notebooks' / '01_works.ipynb'}: No space left on device" in done.stdout
    assert [entry["results"] for entry in read_report(tmp_path)["lessons"].values()] == [{"done": 1}, {"done": 2}]
    assert (tmp_path / "out" / "notebooks" / "02_works.ipynb").exists()


def test_a_report_that_cannot_be_written_goes_elsewhere(tmp_path, monkeypatch):
    write_lesson(tmp_path / "lessons", "01_works", "results.record(done=1)")
    full_disk(monkeypatch, lambda path: path.name == "report.html" and path.parent == tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(reporting.tempfile, "tempdir", str(tmp_path / "elsewhere"))
    done = validate(tmp_path)
    assert done.returncode == 1 and "make room there" in done.stdout
    page = Path(done.stdout.splitlines()[-1].removeprefix("report: "))
    assert page.is_relative_to(tmp_path / "elsewhere") and "01_works" in Page(page.read_text()).text
    assert json.loads(page.with_suffix(".json").read_text())["lessons"]["01_works"]["results"] == {"done": 1}


def test_a_dead_kernel_is_reported_with_its_cell(tmp_path):
    write_lesson(
        tmp_path / "lessons", "01_dies", "1 + 1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "2"
    )
    assert validate(tmp_path).returncode == 1
    error = read_report(tmp_path)["lessons"]["01_dies"]["error"]
    assert error["cell"] == 4 and error["exception"] == "DeadKernelError" and "memory" in error["message"]


@pytest.fixture
def course(tmp_path):
    """Two lessons that must not be run, since each leaves a trace, and an older report."""
    write_lesson(tmp_path / "lessons", "01_first", "open('trace', 'w')")
    path = write_lesson(tmp_path / "lessons", "06_qlora_sft", "open('trace', 'w')")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source += "\nbatch_size = 4"
    nbformat.write(notebook, path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("an older report")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["07"], "there is no lesson '07'; "),
        (["06_qlora"], "did you mean 06_qlora_sft?"),
        (["elsewhere/06_qlora_sft.ipynb"], "there is no lesson 'elsewhere/06_qlora_sft.ipynb'"),
        (["-p", "learning_rat", "1e-3"], "a parameter 'learning_rat'; did you mean learning_rate? The parameters are "),
        (["01", "-p", "batch_size", "2"], "no chosen lesson has a parameter 'batch_size'"),
        (["6", "-p", "rank", "900"], "error: lesson 06: rank = 900 is out of range: it goes from 1 to 256"),
        (["6", "-p", "rank", "3.5"], "error: lesson 06: rank = '3.5' is not a whole number, as its default 8 is"),
        (["6", "-p", "rank", "abc"], "error: lesson 06: rank = 'abc' is not a whole number"),
        (["6", "-p", "rank", "True"], "error: lesson 06: rank = 'True' is not a whole number"),
        (["6", "-p", "learning_rate", "fast"], "error: lesson 06: learning_rate = 'fast' is not a number"),
        (["6", "-p", "packed", "1"], "error: lesson 06: packed = '1' is not True or False"),
        (["-p", "rank"], "argument -p: expected 2 arguments"),
        (["-p", "rank", "--timeout", "5"], "argument -p: expected 2 arguments"),
        (["-p", "learning_rate", "-1e-4"], "lesson 01: learning_rate = -0.0001 is out of range: it goes from 1e-06"),
        (["-p", "rank", "-3"], "lesson 01: rank = -3 is out of range"),
        (["--timeout", "0"], "'0' is not a number of seconds above 0"),
        (["--timeout", "soon"], "'soon' is not a number of seconds above 0"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_bad_input_gets_one_line_and_touches_nothing(course, words, message):
    done = validate(course, *words)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert not (course / "lessons" / "trace").exists()
    assert [path.name for path in (course / "out").iterdir()] == ["report.json"]
    assert (course / "out" / "report.json").read_text() == "an older report"


@pytest.mark.parametrize("blocked", ["out", "out/notebooks"])
def test_a_file_in_the_way_of_the_output_is_kept(course, blocked):
    (course / "out" / "report.json").rename(course / "report.json")
    (course / "out").rmdir()
    (course / blocked).parent.mkdir(exist_ok=True)
    (course / blocked).write_text("precious")
    done = validate(course)
    assert done.returncode == 2
    assert f"error: cannot write to {course / blocked}: File exists" in done.stderr and done.stderr.count("\n") == 1
    assert (course / blocked).read_text() == "precious"
    assert not (course / "lessons" / "trace").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_directory_without_permission(course):
    (course / "out").chmod(0o555)
    done = validate(course)
    assert done.returncode == 2 and "Permission denied" in done.stderr and done.stderr.count("\n") == 1
    assert not (course / "lessons" / "trace").exists()


def test_a_file_that_is_no_notebook(course):
    (course / "lessons" / "06_qlora_sft.ipynb").write_text("not JSON")
    done = validate(course, "06")
    assert done.returncode == 2 and "06_qlora_sft.ipynb cannot be read as a notebook" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("word", ["-1e-4", "--colour", "- and --"])
def test_a_value_may_begin_with_a_dash(word):
    arguments = ["validate", "06", "-p", "question", word, "--quick"]
    taken = command.take_parameters(command.make_parser(), arguments)
    assert taken == ([("question", word)], ["validate", "06", "--quick"])


# ---- guards ---------------------------------------------------------------------------------------------------------


def test_a_guard_sees_what_the_set_up_cell_named(tmp_path):
    guard = "from course_utils import results\nif rank > len(sys.path) + 10**6 or not build:\n    0"
    guard += "\nresults.require(rank=(rank, 1, len(str(build)) * 0 + 256))"
    write_lesson(tmp_path / "lessons", "01_first", "open('trace', 'w')", guard=guard)
    path = list(sys.path)
    done = validate(tmp_path, "-p", "rank", "900")
    assert done.returncode == 2 and "lesson 01: rank = 900 is out of range: it goes from 1 to 256" in done.stderr
    assert not (tmp_path / "lessons" / "trace").exists() and not (tmp_path / "out").exists()
    assert sys.path == path


def test_a_misspelt_name_in_a_guard_lets_nothing_through(tmp_path):
    write_lesson(tmp_path / "lessons", "01_first", "open('trace', 'w')", guard="result.require(rank=(rank, 1, 256))")
    write_lesson(tmp_path / "lessons", "02_second", "results.record(done=2)")
    done = validate(tmp_path, "-p", "rank", "16")
    assert done.returncode == 1
    first, second = read_report(tmp_path)["lessons"].values()
    error = {"cell": 2, "exception": "NameError", "message": "in the guard: name 'result' is not defined"}
    assert first["status"] == "failed" and first["error"] == error
    assert second["status"] == "ok" and second["results"] == {"done": 2}
    assert not (tmp_path / "lessons" / "trace").exists()


def test_a_guard_that_stumbles_over_a_given_value_stops_the_command(tmp_path):
    guard = "if rank > 100:\n    resluts.require(rank=(rank, 1, 100))"
    write_lesson(tmp_path / "lessons", "01_first", "open('trace', 'w')", guard=guard)
    done = validate(tmp_path, "-p", "rank", "101")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "lesson 01: its guard stops at rank = 101 with NameError: in the guard: name 'resluts'" in done.stderr
    assert not (tmp_path / "lessons" / "trace").exists() and not (tmp_path / "out").exists()


# Leaves a note and waits for the other lesson's, which comes only if both run at once.
MEET = """import os, time
notes = build / "notes"
notes.mkdir(exist_ok=True)
(notes / str(os.getpid())).touch()
end = time.monotonic() + 60
while len(list(notes.iterdir())) < 2:
    assert time.monotonic() < end, "alone"
    time.sleep(0.1)
results.record(threads=os.environ["OMP_NUM_THREADS"])"""


def test_several_lessons_at_a_time_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for name in ("01_one", "02_two"):
        write_lesson(tmp_path / "lessons", name, MEET)
    done = validate(tmp_path, "--jobs", "2")
    assert done.returncode == 0, done.stdout
    lessons = read_report(tmp_path)["lessons"]
    assert list(lessons) == ["01_one", "02_two"]
    share = str(max(1, os.cpu_count() // 2))
    assert [lesson["results"] for lesson in lessons.values()] == [{"threads": share}] * 2


@pytest.mark.parametrize("word", ["0", "-1", "two"])
def test_a_number_of_jobs_that_is_none(tmp_path, word):
    done = start(tmp_path, "--jobs", word)
    assert done.wait(60) == 2
    assert f"'{word}' is not a number of lessons from 1" in done.stderr.read()


# ---- quick parameters, and lessons that need not be repeated --------------------------------------------------------


def test_quick_runs_with_the_lessons_own_values_and_a_given_one_wins(tmp_path):
    course = {"quick": {"rank": 2, "learning_rate": 1e-3}}
    write_lesson(tmp_path / "lessons", "01_first", RECORD, **course)
    assert validate(tmp_path, "--quick", "-p", "rank", "3").returncode == 0
    results = read_report(tmp_path)["lessons"]["01_first"]["results"]
    assert (results["rank"], results["learning_rate"]) == (3, 1e-3)


@pytest.mark.parametrize(
    ("course", "message"),
    [
        ({}, '01_first.ipynb does not say its quick: write "quick" under "course" in its metadata'),
        ({"quick": {"ranks": 2}}, "lesson 01: its quick parameters name 'ranks', which is none of its parameters"),
        ({"quick": {"rank": 900}}, "lesson 01: rank = 900 is out of range"),
    ],
)
def test_quick_parameters_that_cannot_be_used(tmp_path, course, message):
    write_lesson(tmp_path / "lessons", "01_first", **course)
    done = validate(tmp_path, "--quick")
    assert done.returncode == 2 and message in done.stderr and not (tmp_path / "out").exists()


@pytest.fixture
def ran(monkeypatch):
    """The ranks with which lessons were run; nothing really runs. Below 1 a run fails."""
    ranks = []

    def run_lesson(lesson, values, *_):
        ranks.append(values["rank"])
        return Run(exit_code=int(values["rank"] < 1), notebook=nbformat.v4.new_notebook())

    monkeypatch.setattr(validating, "run_lesson", run_lesson)
    return ranks


def test_only_what_has_changed_runs_again(tmp_path, ran):
    data = tmp_path / "data.jsonl"
    data.write_text("one")
    path = write_lesson(tmp_path / "lessons", "01_first", "1 + 1", parameters=PARAMETERS + '\ndata_file = ""')

    def runs(rank, *words):
        before = len(ran)
        assert validate(tmp_path, "-p", "data_file", str(data), "-p", "rank", str(rank), *words).returncode == 0
        return len(ran) > before

    assert runs(4, "--changed")  # there is no report yet
    first = read_report(tmp_path)["lessons"]["01_first"]
    assert not runs(4, "--changed")
    assert read_report(tmp_path)["lessons"]["01_first"] == first | {"unchanged": True}
    assert f"ok, unchanged since {first['date']}" in Page((tmp_path / "out" / "report.html").read_text()).text
    assert not runs(4, "--changed")  # what was carried over is carried over again
    assert runs(4)
    data.write_text("two")
    assert runs(4, "--changed")
    assert runs(5, "--changed")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="an output is no change")]
    nbformat.write(notebook, path)
    assert not runs(5, "--changed")
    notebook.cells[3].source += "  # a source is"
    nbformat.write(notebook, path)
    assert runs(5, "--changed")
    (tmp_path / "out" / "notebooks" / "01_first.ipynb").unlink()
    assert runs(5, "--changed")
    (tmp_path / "out" / "report.json").write_text("damaged")
    assert runs(5, "--changed")


@pytest.mark.parametrize("what", ["_package", "_installed", "machine"])
def test_another_package_version_or_machine_runs_again(tmp_path, ran, monkeypatch, what):
    write_lesson(tmp_path / "lessons", "01_first")
    assert validate(tmp_path, "-p", "rank", "4").returncode == 0
    if what == "machine":
        monkeypatch.setattr(validating, "hardware", lambda: "another machine")
    else:
        monkeypatch.setattr(fingerprint, what, lambda: ["another"])
    assert validate(tmp_path, "-p", "rank", "4", "--changed").returncode == 0
    assert ran == [4, 4]


def test_a_lesson_that_failed_is_run_again(tmp_path, ran):
    write_lesson(tmp_path / "lessons", "01_first", guard="")
    for _ in range(2):
        assert validate(tmp_path, "-p", "rank", "0", "--changed").returncode == 1
    assert ran == [0, 0]


# ---- the other commands ---------------------------------------------------------------------------------------------


def test_lab_opens_the_lessons_with_the_courses_settings(monkeypatch, tmp_path):
    from jupyterlab import labapp

    from course_utils import environment

    seen = {}
    monkeypatch.setattr(labapp, "main", lambda words: seen.update(words=words, cwd=os.getcwd(), env=dict(os.environ)))
    monkeypatch.setattr(environment, "settings", lambda: {"COURSE_TEST": "set"})
    monkeypatch.setenv("COURSE_TEST", "before")
    monkeypatch.chdir(tmp_path)
    assert command.main(["lab", "--no-browser", "--port", "9"]) == 0
    assert seen["words"] == ["--FileContentsManager.preferred_dir=notebooks", "--no-browser", "--port", "9"]
    assert seen["cwd"] == str(ROOT) and seen["env"]["COURSE_TEST"] == "set"


def test_the_command_line_helps_without_loading_heavy_libraries():
    script = (
        "import sys, runpy\nsys.argv = ['course_utils']\ntry: runpy.run_module('course_utils', run_name='__main__')\n"
    )
    script += "except SystemExit as end: print(end.code, {'torch', 'IPython', 'nbformat'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("usage: python -m course_utils") and done.stdout.endswith("0 set()\n")
    assert all(word in done.stdout for word in ("validate", "doctor", "figures", "lab"))
