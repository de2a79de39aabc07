"""What a word on the command line means for a lesson's parameter: above all, whether it is a path."""

import os
from pathlib import Path

import nbformat
import pytest

from course_utils.errors import CourseError
from course_utils.lessons import Lesson
from course_utils.running.parameters import check_guard, parse_value, resolve, values_for


def lesson(parameters, guard="", path="/x/01_first.ipynb"):
    tagged = {"parameters": parameters, "guard": guard}
    return Lesson(Path(path), [nbformat.v4.new_code_cell(tagged[t], metadata={"tags": [t]}) for t in tagged])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The directory in which the command is given: a model, an adapter, plain directories and a file."""
    for folder in ("my-model", "runs/my-adapter", "org/merged", "pocket-llama", "world", "org/notes"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("my-model/config.json", "org/merged/config.json", "pocket-llama/config.json"):
        (tmp_path / file).write_text("{}")
    (tmp_path / "runs/my-adapter/adapter_config.json").write_text("{}")
    (tmp_path / "rows.jsonl").write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("my-model", "my-model"),
        ("my-model/", "my-model"),
        ("./my-model", "my-model"),
        ("./missing", "missing"),
        ("runs/../missing", "missing"),
        ("../elsewhere", "../elsewhere"),
        ("runs/my-adapter", "runs/my-adapter"),
        ("runs/my-adapter/missing", "runs/my-adapter/missing"),
        ("org/merged", "org/merged"),
        ("rows.jsonl", "rows.jsonl"),
        ("~/models/mine", "home/models/mine"),
        ("./pocket-llama", "pocket-llama"),
        ("/x/../y", "/y"),
    ],
)
def test_a_path_counts_from_where_the_command_is_given(here, text, where):
    assert resolve(text, "pocket-llama") == os.path.normpath(here / where)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pocket-llama",
        "tinyllama",
        "smollm2",
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        "org/missing",
        "org/notes",
        "world",
        "missing",
        "What is this/that, and why?",
        "one\n./two",
        "x" * 5000,
        "nul\0byte",
    ],
)
def test_any_other_text_stays_as_it_is(here, text):
    assert resolve(text, "stand-ins") == text


def test_where_the_default_is_empty_any_directory_is_a_path(here):
    assert resolve("world", "") == str(here / "world")
    assert resolve("missing", "") == "missing"


def test_the_default_itself_is_a_name(here):
    assert resolve("rows.jsonl", "rows.jsonl") == "rows.jsonl"


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("-1e-4", 2e-4, -1e-4),
        ("-3", 8, -3),
        ("-1", 1.0, -1.0),
        ("2024", "text", "2024"),
        ("-x", "text", "-x"),
        ("None", 8.0, CourseError),
        ("8", None, 8),
        ("[1, 2]", (3,), (1, 2)),
    ],
)
def test_a_value_is_of_its_defaults_kind(text, default, value):
    if value is CourseError:
        with pytest.raises(CourseError, match="is not a number, as its default 8.0 is"):
            parse_value("rank", text, default)
    else:
        parsed = parse_value("rank", text, default)
        assert parsed == value and type(parsed) is type(value)


def test_a_parameter_goes_only_to_the_lessons_that_have_it():
    both = [lesson("rate = 0.5"), lesson("rate = 0.5\nbatch_size = 4")]
    found = values_for(both, [("batch_size", "2"), ("rate", "1")], quick=False)
    assert found == [{"rate": 1.0}, {"rate": 1.0, "batch_size": 2}]


def test_guard_and_command_agree_on_a_path_from_another_directory(here):
    """The guard runs in the lesson's directory, and finds what the command line means in the caller's."""
    (here / "lessons").mkdir()
    guard = "from pathlib import Path\nfrom course_utils.errors import CourseError\n"
    guard += "if not Path(adapter).is_dir():\n    raise CourseError(f'no adapter in {adapter} from {Path.cwd()}')"
    own = lesson("adapter = ''", guard, here / "lessons" / "01_first.ipynb")
    (values,) = values_for([own], [("adapter", "runs/my-adapter")], quick=False)
    assert check_guard(own, values, here) is None
    (values,) = values_for([own], [("adapter", "./runs/missing")], quick=False)
    with pytest.raises(CourseError, match=f"no adapter in {here}/runs/missing from {here}/lessons"):
        check_guard(own, values, here)
    assert Path.cwd() == here


def test_set_up_that_only_a_kernel_can_run_is_left_to_the_kernel(here):
    cells = [
        nbformat.v4.new_code_cell("%pip install x", metadata={"tags": ["setup"]}),
        nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["guard"]}),
    ]
    assert check_guard(Lesson(here / "01_first.ipynb", cells), {}, here) is None
