"""The instruction data of the course, as the ``datasets`` rows that trainers take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_utils.conversations import PARTS, conversation, to_messages
from course_utils.dataset_checks import check, summary
from course_utils.errors import CourseError
from course_utils.jsonl import Problem, Rows, load_jsonl
from course_utils.readers import load
from course_utils.shelf import shelf
from course_utils.world import tasks

__all__ = [
    "Problem",
    "Rows",
    "check",
    "handwritten_reviews",
    "instructions",
    "load",
    "load_jsonl",
    "own",
    "quotes",
    "row_of",
    "shelf",
    "summary",
    "to_messages",
    "usable",
]

HANDWRITTEN = Path(__file__).parent / "assets" / "handwritten_reviews.jsonl"


def instructions(
    part: str = "train", rows: int = 3000, seed: int = 0, balanced: bool = False, task: str | None = None
) -> Any:
    """Instruction rows of one part, made by the small world's generator.

    Args:
        part: ``"train"`` or ``"heldout"``; they share neither entities nor phrasings.
        rows: how many.
        seed: another seed gives other rows.
        balanced: the same number of rows from every family of tasks, to within one. Without it the families take
            turns, and one that has no more new rows stands back.
        task: the only family to take rows from, such as ``"sentiment"``; by default all of them.

    Returns:
        A ``datasets.Dataset`` with the columns ``task``, ``prompt``, ``answer``, ``required`` (the words that a
        story has to hold, else empty) and ``messages`` (prompt and answer as a user's and an assistant's turn).
    """
    from datasets import Dataset

    made = tasks.examples(part, rows, seed, balanced) if task is None else _of_task(part, rows, seed, task)
    return Dataset.from_list(
        [row_of(example.task, example.prompt, example.answer, example.required) for example in made]
    )


# The tags of `quotes`: a newspaper's own names for four topics, which no model can know.
DESKS = {"animals": "zoo", "food": "kitchen", "sport": "games", "weather": "sky"}


def quotes(part: str = "train", rows: int = 400, seed: int = 0) -> Any:
    """Short texts with tags, in the two columns of the data set Abirate/english_quotes, from the small world.

    Args:
        part: ``"train"`` or ``"heldout"``; they share neither the things they speak of nor the sentences.
        rows: how many.
        seed: another seed gives other rows.

    Returns:
        A ``datasets.Dataset`` with the columns ``quote`` and ``tags``, a list of one of ``DESKS``'s values.
    """
    from datasets import Dataset

    made = tasks.tagged(part, rows, seed)
    return Dataset.from_list([{"quote": text, "tags": [DESKS[topic]]} for text, topic in made])


def _of_task(part: str, rows: int, seed: int, task: str) -> list[tasks.Example]:
    """``rows`` examples of one family, out of a stream of all that is long enough."""
    if task not in tasks.FAMILIES:
        raise CourseError(f"there is no task {task!r}: there are {', '.join(tasks.FAMILIES)}")
    asked, before = 8 * rows + 400, -1
    while True:
        found = [example for example in tasks.examples(part, asked, seed) if example.task == task]
        if len(found) >= rows:
            return found[:rows]
        if len(found) == before:
            raise CourseError(f"the {part} part has {len(found)} rows of {task}: ask for at most so many")
        asked, before = 2 * asked, len(found)


def row_of(task: str, prompt: str, answer: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """One instruction row."""
    return {
        "task": task,
        "prompt": prompt,
        "answer": answer,
        "required": list(required),
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}],
    }


# Faults with which a row cannot be trained on or asked; the others (long, twice, garbled) are the owner's decision.
UNUSABLE = {"empty_turn", "form", "missing_answer", "not_json", "not_object", "not_row", "not_text", "not_utf8"}
UNUSABLE |= {"roles", "template"}


def own(path: str | Path, tokenizer: Any) -> Any:
    """The rows of a file of one's own, in any form that ``to_messages`` knows, as ``instructions`` gives them.

    Args:
        path: the file, as for ``load``.
        tokenizer: the one to train with, chat template included.

    Returns:
        A ``datasets.Dataset`` with the columns of ``instructions``; ``task`` is the file's, or else ``"yours"``. The
        answer is the last turn; ``prompt`` is what the user says before it or, where some row has more turns, the
        conversation up to there. A column ``limit`` holds the tokens that a model's answer may take.

    Raises:
        CourseError: the file cannot be read, or some row cannot be trained on; the first such row is named.
    """
    from datasets import Dataset

    made, problems = usable(path, tokenizer)
    faults = [problem for problem in problems if problem.kind in UNUSABLE]
    if faults or not made:
        first = f"{len(faults)} faults, the first in {faults[0]}" if faults else "it holds no row"
        raise CourseError(f"{path} cannot be used as it is: {first} (lesson 05 lists them all)")
    return Dataset.from_list([{name: value for name, value in row.items() if name not in ADDED} for row in made])


ADDED = ("line", "columns")  # what ``usable`` tells of a row beyond what a lesson trains on


def usable(
    path: str | Path, tokenizer: Any, max_length: int | None = None
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The rows of a file that can be trained on, and everything that is wrong with it.

    Args:
        path: the file, as for ``load``.
        tokenizer: the one to train with, chat template included.
        max_length: tokens of a row that the trainer keeps; None keeps all.

    Returns:
        The rows without those of a fault of ``UNUSABLE``, each a dict with what ``own`` gives and ``line``, where it
        begins in the file, and ``columns``, its other columns as text; and the problems, as ``check`` finds them.

    Raises:
        CourseError: the file cannot be read, or its turns have roles that the lessons do not take.
    """
    rows, _ = to_messages(load(path))
    problems = check(rows, tokenizer, max_length=max_length)
    bad = {problem.row for problem in problems if problem.kind in UNUSABLE}
    kept = [(line, row) for line, row in zip(rows.lines, rows, strict=True) if line not in bad]
    talks = [[{"role": turn["role"], "content": turn["content"]} for turn in conversation(row)[0]] for _, row in kept]
    if roles := {turn["role"] for talk in talks for turn in talk} - {"system", "user", "assistant"}:
        raise CourseError(f"{path} has turns of the role {min(roles)!r}: the lessons take user, assistant and system")
    single = all(len(talk) == 2 for talk in talks)
    made = []
    for (line, row), talk in zip(kept, talks, strict=True):
        answer, task = talk[-1]["content"], row.get("task")
        made.append(row_of(task if isinstance(task, str) else "yours", talk[0]["content"], answer))
        made[-1] |= {"prompt": talk[0]["content"] if single else talk[:-1], "messages": talk}
        made[-1]["limit"] = max(24, 8 + len(answer.encode()) // 2)  # a token has two bytes or more, on the whole
        made[-1]["line"] = line
        made[-1]["columns"] = {name: str(value) for name, value in row.items() if name not in PARTS}
    return made, problems


def handwritten_reviews() -> list[dict[str, Any]]:
    """Sixty reviews written by hand, asked in held-out phrasings; rows as in ``instructions``."""
    try:
        lines = HANDWRITTEN.read_text("utf-8").splitlines()
    except OSError:
        raise CourseError(f"{HANDWRITTEN} is missing: restore it with `git checkout -- course_utils/assets`") from None
    reviews = [json.loads(line) for line in lines]
    prompts = tasks.sentiment_prompts([review["text"] for review in reviews], part="heldout")
    return [row_of("sentiment", prompt, review["label"]) for prompt, review in zip(prompts, reviews, strict=True)]
