"""The tables of lessons are those of the notebooks, and no link leads nowhere."""

import re

import nbformat
import pytest
from lessons import NOTEBOOKS, ROOT, number

from course_utils import contents
from course_utils.errors import CourseError

LINK = re.compile(r"\]\(([^)#:]+)\)")


def test_the_readme_lists_the_notebooks_as_they_say_of_themselves():
    assert contents.outcomes() in (ROOT / "README.md").read_text(), "run `make figures`"


def test_every_number_from_0_to_14_is_there_once():
    assert [entry.number for entry in contents.entries()] == [f"{n:02}" for n in range(15)]
    assert [entry.number for entry in contents.entries() if entry.file] == [number(path) for path in NOTEBOOKS]


def test_a_new_notebook_takes_its_place_in_each_table(tmp_path):
    course = {"title": "new", "about": "x", "group": "Numbers", "question": "Does it?", "outcome": "do it", "quick": {}}
    for path in (*NOTEBOOKS, tmp_path / "03_new.ipynb"):
        metadata = {"course": course} if path.parent == tmp_path else nbformat.read(path, as_version=4).metadata
        nbformat.write(nbformat.v4.new_notebook(metadata=metadata), tmp_path / path.name)
    assert "| [03 new](03_new.ipynb) | Does it? |" in contents.questions(tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text("before\n" + contents.MARKS[0] + "old\n" + contents.MARKS[1] + "after\n")
    contents.write_readme(readme, tmp_path)
    text = readme.read_text()
    assert "| 03 | [new](notebooks/03_new.ipynb) | do it |" in text and "old" not in text
    assert text.startswith("before\n") and text.endswith("after\n")


def test_a_notebook_that_says_nothing_of_itself_is_named(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "03_new.ipynb")
    with pytest.raises(CourseError, match="03_new.ipynb does not say its title"):
        contents.questions(tmp_path)


@pytest.mark.parametrize("path", [*NOTEBOOKS, ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_to_files(path):
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    else:
        texts = [path.read_text()]
    targets = {target.strip() for text in texts for target in LINK.findall(text) if "$" not in target}
    assert targets, "every page links something"
    assert [target for target in targets if not (path.parent / target).exists()] == []
