"""The values that the command line gives a lesson's parameters, and the lesson's own check of them."""

from __future__ import annotations

import ast
import contextlib
import difflib
import io
import os
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils import models
from course_utils.errors import CourseError
from course_utils.lessons import Lesson

START = "course_utils.start"  # what each set-up cell imports `build` from
MODEL_FILES = ("config.json", "adapter_config.json")


def label(lesson: Lesson) -> str:
    return f"lesson {lesson.number}"


def values_for(lessons: list[Lesson], given: list[tuple[str, str]], quick: bool) -> list[dict[str, Any]]:
    """The values for each lesson: its quick ones if asked for, then those given that it has a parameter for.

    Raises:
        CourseError: no chosen lesson has a parameter of a given name, or a value is not of the parameter's kind.
    """
    defaults = [lesson.defaults() for lesson in lessons]
    found = [_quick_values(*pair) if quick else {} for pair in zip(lessons, defaults, strict=True)]
    known = sorted(set().union(*defaults))
    for name, text in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            listed = f"The parameters are {', '.join(known)}" if known else "There are no parameters"
            raise CourseError(f"no chosen lesson has a parameter {name!r}; {hint}{listed}")
        for lesson, own, values in zip(lessons, defaults, found, strict=True):
            if name in own:
                values[name] = parse_value(f"{label(lesson)}: {name}", text, own[name])
    return found


def _quick_values(lesson: Lesson, defaults: dict[str, Any]) -> dict[str, Any]:
    for name in lesson.quick:
        if name not in defaults:
            raise CourseError(f"{label(lesson)}: its quick parameters name {name!r}, which is none of its parameters")
    return lesson.quick


def parse_value(name: str, text: str, default: Any) -> Any:
    """The text from the command line as a value of the same kind as the default."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        value = text
    if default is None:
        return resolve(value, "") if isinstance(value, str) else value
    if isinstance(default, str):
        return resolve(value if isinstance(value, str) else text, default)  # 2024 given for a text stays "2024"
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if type(value) is type(default):
        return value
    kinds = {bool: "True or False", int: "a whole number", float: "a number"}
    kind = kinds.get(type(default), f"a {type(default).__name__}")
    raise CourseError(f"{name} = {text!r} is not {kind}, as its default {default!r} is")


def resolve(text: str, default: str) -> str:
    """A text that means a file or directory as an absolute path; any other as it is.

    A path on the command line counts from where the command is given, and a lesson runs in its own directory.

    - ``~/x``, ``./x`` and ``../x`` are paths, whether there is such a file or not.
    - The course's names for models, and the parameter's own default, are names, whatever lies here.
    - An existing file is a path. So is an existing directory that holds a model or an adapter, and any directory
      where the default is empty: ``data`` for a parameter that is a choice of words stays a word.
    - ``org/name`` that is not here is a hub id. With more parts, or where it cannot be a hub id, it is a path if it
      begins with a directory that is here.
    """
    if not text or "\n" in text or text == default or text in models.NAMES:
        return text
    expanded = Path(text).expanduser() if text.startswith("~") and "~" not in text[1:] else Path(text)
    parts = re.split(r"[/\\]" if os.sep == "\\" else "/", text)
    path = Path(os.path.abspath(expanded))
    try:
        is_path = parts[0] in (".", "..") or expanded.is_absolute() or path.is_file()
        if path.is_dir():
            is_path = is_path or not default or any((path / name).is_file() for name in MODEL_FILES)
        elif len(parts) > 1 and not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
            is_path = is_path or Path(parts[0]).is_dir()
    except (OSError, ValueError):  # such as a text longer than a path may be
        return text
    return str(path) if is_path else text


# ---- the guard ------------------------------------------------------------------------------------------------------


def check_guard(lesson: Lesson, values: dict[str, Any], build: Path) -> dict | None:
    """Run the lesson's own check of its parameters here, so that a bad value is found before anything runs.

    Returns None, or, where the check itself is at fault, the error as a report shows it.

    Raises:
        CourseError: the check refuses a value, or stumbles over one that it does not stumble over by default.
    """
    try:
        fault = _run_guard(lesson, values, build)
        if fault and values and not _run_guard(lesson, {}, build):
            given = ", ".join(f"{name} = {value!r}" for name, value in values.items())
            raise CourseError(f"its guard stops at {given} with {fault['exception']}: {fault['message']}")
    except CourseError as error:
        raise CourseError(f"{label(lesson)}: {error}") from error
    return fault


def _run_guard(lesson: Lesson, values: dict[str, Any], build: Path) -> dict | None:
    """The set-up, parameters and guard cells in one namespace; the guard's own error, if it has one."""
    guard = lesson.tagged("guard")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with _as_in_the_lesson(lesson.path.parent, build):
        for index in lesson.tagged("setup", "parameters", "guard") if guard else ():
            tags = lesson.cells[index].metadata["tags"]
            try:
                exec(compile(lesson.cells[index].source, f"{lesson.path.name}, cell {index}", "exec"), namespace)
            except CourseError:
                raise
            except (Exception, SystemExit) as error:
                if index not in guard:
                    # Set-up that only a kernel can run, or that cannot be run at all: the lesson's first cells show it.
                    return None
                return {"cell": index, "exception": type(error).__name__, "message": f"in the guard: {error}"}
            if "parameters" in tags:
                namespace.update(values)
    return None


@contextlib.contextmanager
def _as_in_the_lesson(directory: Path, build: Path) -> Iterator[None]:
    """The lesson's directory and ``build``, without what a set-up cell does to the process, and nothing printed."""
    start = types.ModuleType(START)
    start.build = build
    before, path = sys.modules.get(START), list(sys.path)
    sys.modules[START] = start
    try:
        with contextlib.chdir(directory), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.path[:] = path
        del sys.modules[START]
        if before:
            sys.modules[START] = before
