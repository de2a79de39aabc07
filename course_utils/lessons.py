"""The lessons as they lie on the disk: which there are, and what each notebook says about itself.

A lesson's notebook carries, under ``course`` in its metadata: ``title``, ``about``, ``question``, ``group``,
``outcome`` ("afterwards you can …") and ``quick``, the parameter values with which it runs in seconds.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from course_utils.errors import CourseError


@dataclass(frozen=True)
class Lesson:
    """A notebook. What it does not say about itself raises ``CourseError`` where somebody asks for it."""

    path: Path
    cells: list[nbformat.NotebookNode]
    course: dict[str, Any] = field(default_factory=dict)  # what its metadata hold under "course"

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def number(self) -> str:
        return self.name.split("_")[0]

    @property
    def title(self) -> str:
        return self._said("title")

    @property
    def about(self) -> str:
        return self._said("about")

    @property
    def question(self) -> str:
        return self._said("question")

    @property
    def group(self) -> str:
        return self._said("group")

    @property
    def outcome(self) -> str:
        return self._said("outcome")

    @property
    def quick(self) -> dict[str, Any]:
        """Parameter values with which the lesson runs in seconds."""
        return dict(self._said("quick"))

    def _said(self, key: str) -> Any:
        if key not in self.course:
            raise CourseError(f'{self.path.name} does not say its {key}: write "{key}" under "course" in its metadata')
        return self.course[key]

    def tagged(self, *tags: str) -> list[int]:
        """Indices of the code cells that have one of these tags."""
        found = [set(tags) & set(cell.metadata.get("tags", [])) for cell in self.cells]
        return [i for i, cell in enumerate(self.cells) if cell.cell_type == "code" and found[i]]

    def defaults(self) -> dict[str, Any]:
        """Name and value of each literal that the parameters cell assigns."""
        try:
            body = ast.parse("\n".join(self.cells[i].source for i in self.tagged("parameters"))).body
        except SyntaxError:
            return {}  # running the lesson shows the error with its place
        found = {}
        for statement in body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                with contextlib.suppress(ValueError):  # not a literal: the lesson's own business
                    found[statement.targets[0].id] = ast.literal_eval(statement.value)
        return found


def find(directory: Path) -> list[Lesson]:
    """The lessons in a directory, in the order of their names.

    Raises:
        CourseError: there are none, or one cannot be read.
    """
    return [read(path) for path in paths(directory)]


def read(path: Path) -> Lesson:
    """One lesson.

    Raises:
        CourseError: the file is not a notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        return Lesson(path.resolve(), notebook.cells, notebook.metadata.get("course", {}))
    except Exception as error:  # nbformat raises many kinds for a file that is no notebook
        raise CourseError(f"{path} cannot be read as a notebook: {type(error).__name__}: {error}") from error


def paths(directory: Path) -> list[Path]:
    """The notebooks in a directory."""
    found = sorted(directory.glob("[!.]*.ipynb"))
    if not found:
        raise CourseError(f"there are no lessons in {directory}")
    return found


def choose(directory: Path, words: list[str]) -> list[Path]:
    """The notebooks that the words mean, each once, in the order given; all of them for no words."""
    present = paths(directory)
    chosen = [_choose_one(directory, present, word) for word in words] or present
    return list(dict.fromkeys(chosen))


def _choose_one(directory: Path, present: list[Path], word: str) -> Path:
    """One lesson by its number, its name or its path."""
    stem = Path(word).name.removesuffix(".ipynb")
    number = stem.zfill(2)
    # A path to a notebook elsewhere must not quietly run the course's own notebook of that name.
    folder = Path(word).parent
    here = folder == Path() or directory.resolve() in (folder.resolve(), (directory.parent / folder).resolve())
    for path in present:
        if stem and here and (path.stem == stem or path.stem.split("_")[0] == number):
            return path
    names = [path.stem for path in present]
    near = difflib.get_close_matches(stem, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    raise CourseError(f"there is no lesson {word!r}; {hint}The lessons are {', '.join(names)}")
