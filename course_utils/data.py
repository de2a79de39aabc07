"""The instruction data of the course, as the ``datasets`` rows that trainers take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_utils.conversations import to_messages
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
    "row_of",
    "shelf",
    "summary",
    "to_messages",
]

HANDWRITTEN = Path(__file__).parent / "assets" / "handwritten_reviews.jsonl"


def instructions(part: str = "train", rows: int = 3000, seed: int = 0, balanced: bool = False) -> Any:
    """Instruction rows of one part, made by the small world's generator.

    Args:
        part: ``"train"`` or ``"heldout"``; they share neither entities nor phrasings.
        rows: how many.
        seed: another seed gives other rows.
        balanced: the same number of rows from every family of tasks, to within one. Without it the families take
            turns, and one that has no more new rows stands back.

    Returns:
        A ``datasets.Dataset`` with the columns ``task``, ``prompt``, ``answer``, ``required`` (the words that a
        story has to hold, else empty) and ``messages`` (prompt and answer as a user's and an assistant's turn).
    """
    from datasets import Dataset

    made = tasks.examples(part, rows, seed, balanced)
    return Dataset.from_list(
        [row_of(example.task, example.prompt, example.answer, example.required) for example in made]
    )


def row_of(task: str, prompt: str, answer: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """One instruction row."""
    return {
        "task": task,
        "prompt": prompt,
        "answer": answer,
        "required": list(required),
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}],
    }


def handwritten_reviews() -> list[dict[str, Any]]:
    """Sixty reviews written by hand, asked in held-out phrasings; rows as in ``instructions``."""
    try:
        lines = HANDWRITTEN.read_text("utf-8").splitlines()
    except OSError:
        raise CourseError(f"{HANDWRITTEN} is missing: restore it with `git checkout -- course_utils/assets`") from None
    reviews = [json.loads(line) for line in lines]
    prompts = tasks.sentiment_prompts([review["text"] for review in reviews], part="heldout")
    return [row_of("sentiment", prompt, review["label"]) for prompt, review in zip(prompts, reviews, strict=True)]
