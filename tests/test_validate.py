"""``python -m course_utils validate``, as a user starts it, on tiny notebooks made here."""

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

ROOT = Path(__file__).resolve().parent.parent

PARAMETERS = 'model = "pocket-llama"\nseed = 0  # any\nrank = 8  # 1 to 256\nlearning_rate = 2e-4\npacked = True'
GUARD = """from course_utils import results
results.require(rank=(rank, 1, 256), learning_rate=(learning_rate, 1e-6, 1e-1))"""
RECORD = """import os
results.record(rank=rank, learning_rate=learning_rate, kind=type(learning_rate).__name__, model=model,
               headless=os.environ["COURSE_HEADLESS"], folder=os.path.basename(os.getcwd()))"""
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


def write_lesson(folder: Path, name: str, *cells: str) -> Path:
    """A lesson with the course's first cells and then these."""
    folder.mkdir(exist_ok=True)
    start = [nbformat.v4.new_markdown_cell("# A lesson"), code(PARAMETERS, "parameters"), code(GUARD, "guard")]
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[*start, *map(code, cells)]), path)
    return path


def command(folder: Path, *words: str) -> list[str]:
    start = [sys.executable, "-m", "course_utils", "validate", "--notebooks", str(folder / "lessons")]
    return [*start, "--output", str(folder / "out"), *words]


def validate(folder: Path, *words: str) -> subprocess.CompletedProcess:
    done = subprocess.run(command(folder, *words), cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


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
        "accuracy": 0.5,
    }
    assert 0.5 < entry["seconds"] < 60
    assert 50 < entry["peak_rss_mb"] < 2000  # papermill and a kernel: less would mean that only one was counted


def test_the_report_names_the_machine_and_has_the_agreed_form(mixed):
    report = mixed[2]
    assert set(report) == {"course", "lessons"} and set(report["course"]) == {"seconds", "versions", "hardware"}
    assert report["course"]["versions"]["python"].startswith("3.")
    assert set(report["course"]["versions"]) >= {"torch", "transformers", "peft", "bitsandbytes", "trl"}
    assert f"{os.cpu_count()} cores" in report["course"]["hardware"]
    total = sum(entry["seconds"] for entry in report["lessons"].values())
    assert total <= report["course"]["seconds"] < total + 20
    keys = {"status", "seconds", "peak_rss_mb", "widget_errors", "error", "results"}
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_whole_tree_and_reports_what_has_run(tmp_path, number):
    write_lesson(tmp_path / "lessons", "01_works", "results.record(done=1)")
    write_lesson(tmp_path / "lessons", "02_hangs", HANG)
    write_lesson(tmp_path / "lessons", "03_waits")
    old = tmp_path / "out" / "notebooks" / "02_hangs.ipynb"
    old.parent.mkdir(parents=True)
    old.write_text("an older run")
    pids = tmp_path / "lessons" / "pids"
    process = subprocess.Popen(
        command(tmp_path),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background may have SIGINT ignored, and a child inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 60
        while not (pids.exists() and len(pids.read_text().split()) == 3):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    assert wait_until_gone([int(pid) for pid in pids.read_text().split()]) == []
    assert process.returncode == 130
    assert "Traceback" not in stderr
    lessons = read_report(tmp_path)["lessons"]
    assert set(lessons) == {"01_works", "02_hangs"}
    assert lessons["01_works"]["status"] == "ok" and lessons["01_works"]["results"] == {"done": 1}
    assert (
        lessons["02_hangs"]["status"] == "failed" and lessons["02_hangs"]["error"]["exception"] == "KeyboardInterrupt"
    )
    assert "Not run: 03_waits" in Page((tmp_path / "out" / "report.html").read_text()).text
    assert old.read_text() == "an older run"


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


def test_lessons_are_found_by_number_name_and_path_once_each(tmp_path):
    from course_utils.validate import find_lessons

    lessons = tmp_path / "lessons"
    first, sixth = write_lesson(lessons, "01_first"), write_lesson(lessons, "06_qlora_sft")
    for word in ("6", "06", "06_qlora_sft", "06_qlora_sft.ipynb", "lessons/06_qlora_sft.ipynb", str(sixth)):
        assert find_lessons(lessons, [word]) == [sixth]
    assert find_lessons(lessons, []) == [first, sixth]
    assert find_lessons(lessons, ["6", "01", "06"]) == [sixth, first]


def test_a_parameter_goes_only_to_the_lessons_that_have_it(course):
    from course_utils.validate import find_lessons, read_lesson, set_parameters

    first, sixth = (read_lesson(path) for path in find_lessons(course / "lessons", []))
    set_parameters([first, sixth], [["batch_size", "2"], ["learning_rate", "1"]])
    assert first.overrides == {"learning_rate": 1.0}
    assert sixth.overrides == {"learning_rate": 1.0, "batch_size": 2}


def test_the_command_line_helps_without_loading_heavy_libraries():
    script = (
        "import sys, runpy\nsys.argv = ['course_utils']\ntry: runpy.run_module('course_utils', run_name='__main__')\n"
    )
    script += "except SystemExit as end: print(end.code, {'torch', 'IPython', 'nbformat'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("usage: python -m course_utils") and done.stdout.endswith("0 set()\n")
    assert all(word in done.stdout for word in ("validate", "doctor", "figures"))
