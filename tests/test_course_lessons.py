"""Lessons are found, and say about themselves what their notebooks' metadata say."""

import nbformat
import pytest

from course_utils import lessons
from course_utils.errors import CourseError

ABOUT = {"title": "LoRA", "about": "W + BA", "question": "Why?", "group": "Adapters", "outcome": "say why", "quick": {}}


def write(folder, name, *cells, **course):
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata={"course": course} if course else {})
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def test_find_reads_all_in_the_order_of_their_names(tmp_path):
    write(tmp_path, "06_qlora_sft", **ABOUT | {"quick": {"rank": 2}})
    write(tmp_path, "01_first", **ABOUT)
    write(tmp_path, ".hidden", **ABOUT)
    first, sixth = lessons.find(tmp_path)
    assert (first.number, first.name, first.path) == ("01", "01_first", tmp_path / "01_first.ipynb")
    assert {key: getattr(first, key) for key in ABOUT} == ABOUT
    assert sixth.quick == {"rank": 2}


@pytest.mark.parametrize("key", list(ABOUT))
def test_a_notebook_that_says_nothing_is_found_and_named_where_it_should_speak(tmp_path, key):
    write(tmp_path, "01_foreign")
    (lesson,) = lessons.find(tmp_path)
    assert lesson.defaults() == {}
    with pytest.raises(CourseError, match=f"01_foreign.ipynb does not say its {key}: write "):
        getattr(lesson, key)


def test_a_directory_without_lessons(tmp_path):
    with pytest.raises(CourseError, match=f"there are no lessons in {tmp_path}"):
        lessons.find(tmp_path)


def test_defaults_are_the_literals_of_the_parameters_cell(tmp_path):
    source = "model = 'x'\nrank = 8  # 1 to 256\nlow = -1e-4\nlater = len(model)\nnames = ['a']"
    cells = [
        nbformat.v4.new_code_cell("seed = 1"),
        nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]}),
    ]
    lesson = lessons.read(write(tmp_path, "01_first", *cells))
    assert lesson.defaults() == {"model": "x", "rank": 8, "low": -1e-4, "names": ["a"]}
    assert lesson.tagged("parameters") == [1] and lesson.tagged("guard") == []


def test_lessons_are_chosen_by_number_name_and_path_once_each(tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    first, sixth = write(folder, "01_first"), write(folder, "06_qlora_sft")
    for word in ("6", "06", "06_qlora_sft", "06_qlora_sft.ipynb", "lessons/06_qlora_sft.ipynb", str(sixth)):
        assert lessons.choose(folder, [word]) == [sixth]
    assert lessons.choose(folder, []) == [first, sixth]
    assert lessons.choose(folder, ["6", "01", "06"]) == [sixth, first]
