"""The words of the small world: tables of what is true of animals, foods, jobs, places and objects.

An attribute is ``None`` where it has no single short answer. Answers about a place keep their preposition ("in the
forest"), and answers that name a tool keep their article, so that every pattern can use them as they are. What there
will be no more of stands here: days, months, seasons and numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from course_utils.world.tables import Table, rows


@dataclass(frozen=True)
class Animal:
    """``legs`` is "no" where there are none; ``size`` compares the animal with a grown-up person."""

    name: str
    kind: str | None
    home: str | None
    covering: str | None
    legs: str | None
    food: str | None
    size: str | None
    young: str | None


@dataclass(frozen=True)
class Food:
    """Something to eat that can be counted; what cannot be counted is ``Stuff``."""

    name: str
    kind: str | None
    colour: str | None
    taste: str | None
    shape: str | None
    grows: str | None
    ingredient: str | None
    texture: str | None


@dataclass(frozen=True)
class Job:
    name: str
    workplace: str | None
    tool: str | None
    work: str | None
    works_with: str | None
    helps: str | None


@dataclass(frozen=True)
class Place:
    """``at`` is the preposition: in a library, at an airport, on a farm."""

    name: str
    at: str
    found: str | None
    activity: str | None
    side: str | None
    noise: str | None
    worker: str | None


@dataclass(frozen=True)
class Object:
    name: str
    kind: str | None
    use: str | None
    material: str | None
    kept: str | None
    weight: str | None


@dataclass(frozen=True)
class Stuff:
    """What cannot be counted and so takes no article: milk, gold, snow."""

    name: str
    kind: str | None
    colour: str | None
    source: str | None
    state: str | None


class Pair(NamedTuple):
    """A word and its opposite. No word stands in two pairs, so every word has one opposite."""

    word: str
    opposite: str


class Name(NamedTuple):
    """A name and its pronoun."""

    name: str
    pronoun: Literal["he", "she", "it"]


CATEGORIES: dict[str, Table] = {
    "animal": rows("animals.csv", Animal),
    "food": rows("foods.csv", Food),
    "job": rows("jobs.csv", Job),
    "place": rows("places.csv", Place),
    "object": rows("objects.csv", Object),
    "stuff": rows("stuff.csv", Stuff),
}
OPPOSITES = rows("opposites.csv", Pair)
NAMES = rows("names.csv", Name)


# fmt: off
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)

SEASONS = ("spring", "summer", "autumn", "winter")

NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)

TENS = {
    20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety",
    100: "one hundred",
}

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# fmt: on


def number_word(number: int) -> str:
    """A whole number from 0 to 100 in words."""
    if number < len(NUMBER_WORDS):
        return NUMBER_WORDS[number]
    tens, ones = divmod(number, 10)
    return TENS[number] if ones == 0 else f"{TENS[10 * tens]}-{NUMBER_WORDS[ones]}"
