"""Sentence patterns: how every generator of the small world writes its text.

A pattern is a ``str.format`` string. Its slots take a little English grammar after the colon:

========  ==========================================  =================
spec      what it writes                              ``animal="fox"``
========  ==========================================  =================
(none)    the word                                    fox
``a``     with its indefinite article                 a fox
``A``     the same, at the start of a sentence        A fox
``s``     plural                                      foxes
``S``     plural, at the start of a sentence          Foxes
``C``     first letter capital                        Fox
========  ==========================================  =================
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from course_utils.world.tables import rows

T = TypeVar("T")


class Plural(NamedTuple):
    singular: str
    plural: str


IRREGULAR_PLURALS: dict[str, str] = dict(rows("plurals.csv", Plural))

# Words whose first sound is not what their first letter promises.
_AN = ("hour", "honest", "heir", "honour")
_A = ("uni", "use", "usu", "one", "once", "euro", "ewe", "uku")


def article(noun: str) -> str:
    """``"a"`` or ``"an"``, whichever ``noun`` takes."""
    word = noun.lower()
    if word.startswith(_AN):
        return "an"
    if word.startswith(_A):
        return "a"
    return "an" if word[:1] in "aeiou" else "a"


def plural(noun: str) -> str:
    """The plural of a noun; of a compound such as ``"polar bear"``, of its last word."""
    *front, last = noun.split(" ")
    if last in IRREGULAR_PLURALS:
        last = IRREGULAR_PLURALS[last]
    elif last.endswith("fish") or last.endswith("craft"):
        pass
    elif last.endswith(("woman", "man")) and last != "human":
        last = last[:-3] + "men"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last in ("potato", "tomato", "mango", "hero", "echo", "mosquito", "volcano", "buffalo"):
        last += "es"
    else:
        last += "s"
    return " ".join([*front, last])


def capital(text: str) -> str:
    """``text`` with its first letter capital and the rest untouched."""
    return text[:1].upper() + text[1:]


class _Grammar(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        word = str(value)
        match format_spec:
            case "a":
                return f"{article(word)} {word}"
            case "A":
                return f"{capital(article(word))} {word}"
            case "s":
                return plural(word)
            case "S":
                return capital(plural(word))
            case "C":
                return capital(word)
            case "":
                return word
        raise ValueError(f"no such grammar spec in a pattern: {format_spec!r}")


_GRAMMAR = _Grammar()


def fill(pattern: str, **slots: Any) -> str:
    """``pattern`` with its slots filled in. A slot nobody gave raises ``KeyError``."""
    return _GRAMMAR.format(pattern, **slots)


class Scribe:
    """Writes sentences with one seeded stream of choices, and counts the bytes each pattern has made.

    The count is what lets a test say that no pattern makes more than one per cent of the text.
    """

    def __init__(self, seed: int | str):
        self.random = random.Random(seed)
        self.bytes_by_pattern: Counter[str] = Counter()

    def write(self, patterns: Sequence[str], **slots: Any) -> str:
        """One of ``patterns``, chosen at random, with its slots filled in."""
        pattern = self.random.choice(patterns)
        text = fill(pattern, **slots)
        self.bytes_by_pattern[pattern] += len(text.encode()) + 1  # and the space or line end after it
        return text

    def choice(self, items: Sequence[T]) -> T:
        """One of ``items``."""
        return self.random.choice(items)

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """``count`` different ones of ``items``, in random order."""
        return self.random.sample(list(items), count)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """``items`` in random order."""
        return self.random.sample(list(items), len(items))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.random.random() < probability
