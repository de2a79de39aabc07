"""Scorers by name: when is an answer right?

``"exact"``             equal to the row's answer, up to case, punctuation and articles
``"begins"``            it begins with the row's answer, however it goes on
``"regex:PATTERN"``     what the pattern finds first is the same in both; its first group, if it has one
``"FILE.py:NAME"``      a Python function of yours: ``NAME(output, row)`` returns True or False, or a number from 0 to 1
``"lm_eval:FILE.yaml"`` a task of lm-evaluation-harness, for which see ``harness``
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from course_utils import evaluate
from course_utils.errors import CourseError

NAMES = ("exact", "begins")
HARNESS = "lm_eval:"
Scorer = Callable[[str, Mapping[str, Any]], float]


def scorer(name: str) -> Scorer:
    """The function behind a name: it takes a model's output and the row, and gives 0 to 1.

    Raises:
        CourseError: there is no such scorer, the pattern is none, or the file holds no such function.
    """
    if name in NAMES:
        judge = evaluate.exact_match if name == "exact" else evaluate.begins_right
        return lambda output, row: float(judge([output], [row])[0])
    if name.startswith("regex:"):
        return _by_pattern(name.removeprefix("regex:"))
    file, colon, function = name.rpartition(":")
    if colon and file.endswith(".py"):
        return _own(Path(file).expanduser(), function)
    raise CourseError(
        f"scorer = {name!r} is none of {', '.join(NAMES)}, regex:PATTERN, FILE.py:NAME and {HARNESS}FILE.yaml"
    )


def scores(score: Scorer, outputs: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[float]:
    """What each output is worth, 0 to 1.

    Raises:
        CourseError: a scorer of one's own stops, or gives something else.
    """
    found = []
    for number, (output, row) in enumerate(zip(outputs, rows, strict=True), start=1):
        try:
            value = float(score(output, row))
        except Exception as error:
            raise CourseError(
                f"the scorer stops at test row {number} with {type(error).__name__}: {error}; try it on that row first"
            ) from error
        if not 0 <= value <= 1:
            raise CourseError(f"the scorer gives {value} for test row {number}: a score goes from 0 to 1")
        found.append(value)
    return found


def _by_pattern(pattern: str) -> Scorer:
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise CourseError(f"the scorer's pattern {pattern!r} is no regular expression ({error})") from None

    def found(text: str) -> str | None:
        match = compiled.search(text)
        return match and match[min(1, compiled.groups)].casefold()

    def score(output: str, row: Mapping[str, Any]) -> float:
        wanted = found(row["answer"])
        if wanted is None:
            raise CourseError(f"the pattern {pattern!r} finds nothing in the right answer {row['answer'][:60]!r}")
        return float(found(output) == wanted)

    return score


def _own(file: Path, name: str) -> Scorer:
    if not file.is_file():
        raise CourseError(f"the scorer's file {file} is not there: give its path as seen from where you are")
    try:
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception as error:
        raise CourseError(f"the scorer's file {file} stops with {type(error).__name__}: {error}") from error
    if not callable(function := getattr(module, name, None)):
        raise CourseError(f"{file} has no function {name!r}: the scorer is given as FILE.py:NAME")
    return function


def harness(model: Any, tokenizer: Any, file: str | Path, limit: int | None = None) -> list[float]:
    """What a task of lm-evaluation-harness gives for each of its questions, by its first metric.

    Args:
        model: a causal language model.
        tokenizer: its tokenizer, with a chat template.
        file: the task, one YAML file with ``dataset_path: json`` and ``data_files``, as in lesson 08.
        limit: only so many questions.

    Returns:
        One number for each question, in the task's order.

    Raises:
        CourseError: there is no such file, or the harness cannot run it.
    """
    file = Path(str(file).removeprefix(HARNESS)).expanduser()
    if not file.is_file():
        raise CourseError(f"the task {file} is not there: give its path as seen from where you are")
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # progress bars
            tasks = TaskManager(include_path=str(file.parent), include_defaults=False)
            wrapped = HFLM(model, tokenizer=tokenizer, batch_size=8, add_bos_token=False, softmax_dtype="float32")
            name = _task_name(file)
            report = lm_eval.simple_evaluate(
                wrapped, tasks=[name], task_manager=tasks, bootstrap_iters=0, limit=limit, apply_chat_template=True
            )
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(f"the task {file} cannot be run: {type(error).__name__}: {error}") from error
    samples = sorted(report["samples"][name], key=lambda sample: sample["doc_id"])
    return [float(sample[sample["metrics"][0]]) for sample in samples]


def _task_name(file: Path) -> str:
    found = re.search(r"^task:\s*(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise CourseError(f"the task {file} has no line `task: NAME`")
    return found[1].strip("'\"")
