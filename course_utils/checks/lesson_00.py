"""Exercises of lesson 00."""

from __future__ import annotations

from course_utils.checks.exercise import Case, Exercise

share_right = Exercise(
    name="share_right",
    answer=lambda right: sum(right) / len(right),
    cases=[
        Case([True]),
        Case([False]),
        Case([True, False]),
        Case([True, False, False]),
        Case([True, True, True, False]),
        Case([False, True, False, False, True]),
    ],
    hint="Count the right ones and divide by how many there are. Python counts True as 1, so sum(right) will do.",
    why="The share of right answers is the simplest score there is. From here on you will want to know how far chance "
    "could move it: lesson 08.",
    mistakes={
        "That is how many are right. The share is that number divided by how many there are.": lambda right: sum(right),
        "That is a percentage: the share goes from 0 to 1.": lambda right: 100 * sum(right) / len(right),
        "That is the share of wrong answers.": lambda right: 1 - sum(right) / len(right),
        "That is right against wrong; divide by all of them.": lambda right: (
            sum(right) / max(1, len(right) - sum(right))
        ),
        "That is rounded: leave the share as it is, and round when you print it.": lambda right: round(
            sum(right) / len(right), 2
        ),
    },
)

megabytes_of = Exercise(
    name="megabytes_of",
    answer=lambda weights, bits: weights * bits / 8 / 1e6,
    cases=[
        Case(1_000_000, 8),
        Case(1_000_000, 16),
        Case(2_000_000, 4),
        Case(14_162_304, 16),
        Case(7_000_000_000, 4),
    ],
    hint="Weights times bits is bits. Eight bits are a byte, a million bytes a megabyte.",
    why="7 billion weights take 14,000 MB in 16 bits and 3,500 MB in 4. That is what puts a model of this size onto "
    "one small card; what else has to fit beside it is lesson 03.",
    mistakes={
        "Those are megabits: a byte has 8 bits.": lambda weights, bits: weights * bits / 1e6,
        "Those are bytes: a megabyte has a million of them.": lambda weights, bits: weights * bits / 8,
        "That counts in units of 2**20 bytes, which are mebibytes. A megabyte is a million bytes.": (
            lambda weights, bits: weights * bits / 8 / 2**20
        ),
        "Multiply by the bits and divide by 8: you have it upside down.": lambda weights, bits: (
            weights * 8 / bits / 1e6
        ),
    },
)


def _plain(text: str) -> str:
    return text.strip().lower().removesuffix(".").rstrip()


same_answer = Exercise(
    name="same_answer",
    answer=lambda said, wanted: _plain(said) == _plain(wanted),
    cases=[
        Case("cold", "cold"),
        Case("cold", "warm"),
        Case("Cold", "cold"),
        Case(" cold ", "cold"),
        Case("cold.", "cold"),
        Case("Cold. ", "cold"),
        Case("cold", "Cold."),
        Case("colder", "cold"),
        Case("very cold", "cold"),
        Case("cold", "cold and wet"),
        Case("co ld", "cold"),
        Case("cold..", "cold"),
        Case(".cold", "cold"),
        Case("c.old", "cold"),
    ],
    hint="Make both texts plain first: strip() takes spaces off both ends, lower() the capitals, removesuffix('.') a "
    "full stop. Then compare them.",
    why="A rule like this is behind every score by exact match. It is strict on purpose: 'very cold' is not 'cold'.",
    mistakes={
        "Capitals still count.": lambda said, wanted: (
            said.strip().removesuffix(".").rstrip() == wanted.strip().removesuffix(".").rstrip()
        ),
        "The full stop still counts.": lambda said, wanted: said.strip().lower() == wanted.strip().lower(),
        "Spaces at the ends still count.": lambda said, wanted: (
            said.lower().removesuffix(".") == wanted.lower().removesuffix(".")
        ),
        "What is wanted may be written with a capital or a full stop, too.": lambda said, wanted: (
            _plain(said) == wanted
        ),
        "One full stop at the end is forgiven, not every dot that stands there.": lambda said, wanted: (
            said.strip().lower().strip(".").strip() == wanted.strip().lower().strip(".").strip()
        ),
        "Only a full stop at the end is forgiven: a dot within the text makes it another text.": lambda said, wanted: (
            said.strip().lower().replace(".", "").strip() == wanted.strip().lower().replace(".", "").strip()
        ),
        "It is not enough that one text contains the other.": lambda said, wanted: _plain(wanted) in _plain(said),
        "It is not enough that one text begins like the other.": (
            lambda said, wanted: _plain(said).startswith(_plain(wanted))
        ),
    },
)
