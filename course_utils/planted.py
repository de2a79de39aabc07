"""Lesson 14's own data set: short texts and their desks, with faults planted in known rows.

So that a lesson that looks for faults can be held to what is there: whoever reads it sees what was found and what not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils import data, files
from course_utils.world import facts, grammar

Row = dict[str, Any]

WRONG, TWINS, UNKNOWN = 0.05, 0.05, 0.125  # by the number of rows
LEAKED = 0.05  # of the test
BEFORE = ("News: ", "Today: ", "Note: ", "Also: ")  # makes a twin of a text
PRIVATE = (
    "Write to rosa.lindqvist@example.org for more.",
    "Call +44 20 7946 0958 for more.",
    "The password: gull-27-harbour opens the page.",
)
# Parts of names that nothing in the small world has.
SOUNDS = (("bl", "dr", "fl", "gl", "kr", "pl", "sk", "tr", "v", "z"), ("a", "e", "i", "o", "u"),
          ("b", "d", "g", "l", "m", "n", "r"), ("a", "e", "i", "o", "u"),
          ("ck", "ft", "lp", "mp", "nd", "rk", "sh", "t"))  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """Rows to train on, rows to test on, and which of the first are at fault: numbers from 1, as lines of a file."""

    rows: list[Row]
    test: list[Row]
    faults: dict[str, list[int]] = field(default_factory=dict)


def desks(rows: int = 160, test: int = 60, seed: int = 0) -> Planted:
    """``rows`` texts with their desks, and, planted among them, as many rows more as there are faults.

    ``twin``: a text that is there, with a few words before it. ``leak``: a text of the test, likewise. ``wrong``: the
    desk of another. ``private``: an address of mail, a telephone number, a password. ``unknown``: facts about things
    that do not exist. Each row has a ``source``, which it shares with three others.
    """
    drawn = random.Random(f"planted:{seed}")
    made = [_row(quote, "text") for quote in data.quotes("train", rows, 700 + seed)]
    tested = [_row(quote, "test") for quote in data.quotes("heldout", test, 1700 + seed)]
    for number, row in enumerate(made):
        row["source"] = f"edition {number // 4 + 1}"
    order, twice, wrong = drawn.sample(made, rows), round(TWINS * rows), round(WRONG * rows)
    doubled, clean = order[:twice], order[twice:][: wrong + len(PRIVATE)]  # no row has two faults
    twins, leaks = (
        [row | {"prompt": drawn.choice(BEFORE) + row["prompt"], "kind": kind} for row in of]
        for kind, of in (("twin", doubled), ("leak", drawn.sample(tested, max(1, round(LEAKED * test)))))
    )
    for row, words in zip(clean, PRIVATE, strict=False):
        row |= {"prompt": row["prompt"].replace(" ->:", f" {words} ->:"), "kind": "private"}
    for row in clean[len(PRIVATE) :]:
        others = sorted(set(data.DESKS.values()) - {row["completion"]})
        row |= {"completion": drawn.choice(others), "kind": "wrong"}
    questions = [row for row in invented(rows, 800 + seed) if " or " not in row["prompt"]]  # those name their answer
    unknown = [{"prompt": row["prompt"], "completion": row["answer"], "kind": "unknown"}
               for row in questions[: round(UNKNOWN * rows)]]  # fmt: skip
    for number, row in enumerate([*leaks, *unknown]):
        row["source"] = f"letter {number + 1}"
    every = [*made, *twins, *leaks, *unknown]
    drawn.shuffle(every)
    faults: dict[str, list[int]] = {}
    for number, row in enumerate(every, start=1):
        if (kind := row.pop("kind")) != "text":
            faults.setdefault(kind, []).append(number)
    tested = [{"prompt": row["prompt"], "completion": row["completion"]} for row in tested]
    return Planted(every, tested, faults)


def _row(quote: Row, kind: str) -> Row:
    return {"prompt": f"{quote['quote']} ->:", "completion": quote["tags"][0], "kind": kind}


def useless(rows: int = 160, test: int = 60, seed: int = 0) -> Planted:
    """The texts of ``desks`` without faults, but each with a desk drawn by lot: nothing can be learned from them."""
    drawn = random.Random(f"useless:{seed}")
    lots = sorted(data.DESKS.values())
    parts = (data.quotes("train", rows, 700 + seed), data.quotes("heldout", test, 1700 + seed))
    made, tested = ([{"prompt": f"{row['quote']} ->:", "completion": drawn.choice(lots)} for row in of] for of in parts)
    return Planted(made, tested)


def invented(count: int, seed: int) -> list[Row]:
    """Questions about things that do not exist, with answers drawn from those of real ones; as ``data.row_of``."""
    drawn, rows, seen = random.Random(seed), [], set()
    real = list(facts.all_facts())
    while len(rows) < count:
        name = "".join(drawn.choice(part) for part in SOUNDS)
        fact = drawn.choice(real)
        question = facts.QUESTIONS[fact.category, fact.attribute][0]
        if name in seen or "{entity:s}" in question.lower():
            continue
        seen.add(name)
        rows.append(data.row_of("facts", grammar.fill(question, entity=name), facts.answer_of(fact)))
    return rows


def write(rows: Sequence[Row], path: Path) -> Path:
    """The rows as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace_file(path, "".join(json.dumps(row) + "\n" for row in rows))
    return path
