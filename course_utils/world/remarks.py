"""Remarks: single sentences of praise or complaint, composed from large tables so that few are ever written twice.

The reviews' own phrases are whole sentences, which a model can learn by heart. A remark is put together from words and
events, so that a model has to learn which of them are good news and which are bad, and what "never", "far from" and
"but" do to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from course_utils.world.grammar import Scribe, fill
from course_utils.world.tables import Table, part_of, phrases, rows

LENGTH = (4, 28)  # in words: the shortest and the longest remark


class Aspect(NamedTuple):
    """Nouns that can be judged with the same adjectives. ``too``: what is a fault only in excess."""

    nouns: Table[str]
    fine: Table[str]
    poor: Table[str]
    too: Table[str]


@dataclass(frozen=True)
class Field:
    """A field of life that people review.

    Attributes:
        kind: which consequences follow (``GLAD`` and ``SORRY``).
        past: whether one tells of it in the past tense, as of a meal, or in the present, as of a kettle.
        people: whether the ones who do things are "they".
        things: what is reviewed.
        aspects: groups of what is judged about it.
        faults: what it does wrong; each begins with a verb, so that it can be negated.
        virtues: what it does right, likewise.
        bad: whole clauses of bad news.
        good: whole clauses of good news.
    """

    kind: str
    past: bool
    people: bool
    things: Table[str]
    aspects: tuple[Aspect, ...]
    faults: Table[str]
    virtues: Table[str]
    bad: Table[str]
    good: Table[str]


class FieldRow(NamedTuple):
    """What stands of a field in fields.csv; its words stand under its name in fields.txt."""

    field: str
    kind: str
    past: bool
    people: bool


class Verb(NamedTuple):
    """A verb whose forms follow no rule."""

    base: str
    past: str
    participle: str
    ing: str


def _field(row: FieldRow) -> Field:
    words = phrases("reviews/fields.txt", row.field)
    judged = dict.fromkeys(heading[0] for heading in words if isinstance(heading, tuple))
    return Field(
        kind=row.kind,
        past=row.past,
        people=row.people,
        aspects=tuple(Aspect(*(words[noun, column] for column in Aspect._fields)) for noun in judged),
        **{name: words[name] for name in ("things", "faults", "virtues", "bad", "good")},
    )


FIELDS = tuple(map(_field, rows("reviews/fields.csv", FieldRow)))
PATTERNS = phrases("reviews/remarks.txt", "patterns")
WORDS = phrases("reviews/remarks.txt", "words")
# What people do about it, by kind of field; "all" suits every one.
GLAD = phrases("reviews/remarks.txt", "glad")
SORRY = phrases("reviews/remarks.txt", "sorry")
SLOTS = phrases("reviews/remarks.txt", "slots")
PERSONS = frozenset(phrases("reviews/remarks.txt")["persons"])
VERBS = {verb.base: verb for verb in rows("reviews/irregular_verbs.csv", Verb)}

_NOT_PLURAL = ("ss", "us", "lens")
_PLURAL = ("they", "workmen", "check-in staff")
_YOU = {"me": "you", "us": "you", "my": "your", "our": "your"}
_ADVERBS = ("well", "very", "dried", "worn")


def _is_plural(noun: str) -> bool:
    return noun in _PLURAL or (noun.endswith("s") and not noun.endswith(_NOT_PLURAL))


def _ends_in_y(verb: str) -> bool:
    return verb.endswith("y") and verb[-2] not in "aeiou"


def _third(phrase: str) -> str:
    """The phrase as it goes with "it"."""
    verb, _, rest = phrase.partition(" ")
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        verb += "es"
    else:
        verb = verb[:-1] + "ies" if _ends_in_y(verb) else verb + "s"
    return f"{verb} {rest}".strip()


def _forms(phrase: str) -> list[str]:
    """Past, participle and -ing form of a phrase that begins with a verb."""
    verb, _, rest = phrase.partition(" ")
    past = verb + "d" if verb.endswith("e") else verb[:-1] + "ied" if _ends_in_y(verb) else verb + "ed"
    forms = VERBS[verb][1:] if verb in VERBS else (past, past, (verb[:-1] if verb.endswith("e") else verb) + "ing")
    return [f"{form} {rest}".strip() for form in forms]


def _before_noun(adjective: str) -> bool:
    """Whether an adjective, or a group of words, can stand before its noun."""
    first, space, _ = adjective.partition(" ")
    return (not space and adjective != "rubbish") or first in _ADVERBS or first.endswith("ly")


def _simple(adjective: str) -> bool:
    """Whether an adjective can follow "so" and "how"."""
    return " " not in adjective and "-" not in adjective


class _Drawer:
    """Draws from tables, all from the same part."""

    def __init__(self, scribe: Scribe, part: str | None):
        self.scribe, self.part = scribe, part

    def one(self, *tables: Table[str], where: Callable[[str], bool] | None = None) -> str:
        """An entry of one of the tables, its own slots filled."""
        return self.two(*tables, where=where, count=1)[0]

    def two(self, *tables: Table[str], where: Callable[[str], bool] | None = None, count: int = 2) -> list[str]:
        """Two different entries of one of the tables, their own slots filled."""
        entries = part_of(self.scribe.choice(tables), self.part)
        if where:
            entries = [entry for entry in entries if where(entry)]
        return [self.filled(entry) for entry in self.scribe.sample(entries, count)]

    def filled(self, entry: str) -> str:
        if "{" not in entry:
            return entry
        return fill(entry, **{slot: self.scribe.choice(part_of(table, self.part)) for slot, table in SLOTS.items()})


def _aspect_slots(draw: _Drawer, field: Field, aspect: Aspect, number: str) -> dict[str, str]:
    """What can be said of one noun; ``number`` tells the slots of the second noun from those of the first."""
    noun = draw.one(aspect.nouns)
    plural = _is_plural(noun)
    be = ("were" if plural else "was") if field.past else ("are" if plural else "is")
    they = plural or noun in PERSONS
    slots = {
        "noun": noun,
        "be": be,
        "isnt": be + "n't",
        "itbe": ("they were" if they else "it was") if field.past else ("they're" if they else "it's"),
        "good": draw.one(WORDS["great"], aspect.fine),
        "bad": draw.one(WORDS["awful"], aspect.poor),
        "good_before": draw.one(WORDS["great"], aspect.fine, where=_before_noun),
        "bad_before": draw.one(WORDS["awful"], aspect.poor, where=_before_noun),
        "too": draw.one(aspect.too),
    }
    slots["fine"], slots["fine_b"] = draw.two(aspect.fine)
    slots["poor"], slots["poor_b"] = draw.two(aspect.poor)
    slots["so_fine"], slots["so_poor"] = (draw.one(table, where=_simple) for table in (aspect.fine, aspect.poor))
    return {name + number: word for name, word in slots.items()}


def _action_slots(draw: _Drawer, field: Field, name: str, table: Table[str], plural: bool) -> dict[str, str]:
    """A fault or a virtue in all its forms."""
    base = draw.one(table)
    past, participle, ing = _forms(base)
    now = base if plural else _third(base)
    dont = "didn't" if field.past else "don't" if plural else "doesn't"
    return {
        name: past if field.past else now,
        f"{name}_base": base,
        f"{name}_pp": participle,
        f"{name}_ing": ing,
        f"{name}_you": " ".join(_YOU.get(word, word) for word in _third(base).split()),
        f"dont_{name}": f"{dont} {base}",
    }


def _slots(draw: _Drawer, field: Field) -> dict[str, Any]:
    thing = draw.one(field.things)
    subject = (
        draw.one(WORDS["staff"]) if field.people else draw.scribe.choice(("it", "it", f"the {thing}", f"this {thing}"))
    )
    first, second = draw.scribe.sample(field.aspects, 2)
    slots = {
        "thing": thing,
        "subj": subject,
        "pron": "they" if field.people else "it",
        "has": "have" if field.people else "has",
        "hasnt": "haven't" if field.people else "hasn't",
        "keep": "kept" if field.past else "keeps",
        "was": "was" if field.past else "is",
        "glad": draw.one(GLAD[field.kind], GLAD["all"]),
        "sorry": draw.one(SORRY[field.kind], SORRY["all"]),
        "great": draw.one(WORDS["great"]),
        "awful": draw.one(WORDS["awful"]),
        "great_before": draw.one(WORDS["great"], where=_before_noun),
        "awful_before": draw.one(WORDS["awful"], where=_before_noun),
        "relative": draw.one(SLOTS["relative"]),
    }
    for name, table in (
        ("glad_note", WORDS["glad notes"]),
        ("sorry_note", WORDS["sorry notes"]),
        ("glad_lead", WORDS["glad leads"]),
        ("sorry_lead", WORDS["sorry leads"]),
        ("minus", WORDS["not quite"]),
        ("plus", WORDS["nice enough"]),
    ):
        slots[name] = draw.one(table)
    slots["gc"], slots["gc2"] = draw.two(field.good)
    slots["bc"], slots["bc2"] = draw.two(field.bad)
    slots |= _action_slots(draw, field, "fault", field.faults, field.people)
    slots |= _action_slots(draw, field, "virtue", field.virtues, field.people)
    return slots | _aspect_slots(draw, field, first, "") | _aspect_slots(draw, field, second, "2")


def remark(scribe: Scribe, label: str, part: str | None = None) -> str:
    """A sentence, or two short ones, that tells whether the writer is content.

    Args:
        scribe: writes it.
        label: ``"positive"`` or ``"negative"``.
        part: the part of the instruction data that patterns and phrases come from; see ``tables.part_of``.
    """
    if label not in ("positive", "negative"):
        raise ValueError(f"label is 'positive' or 'negative', not {label!r}")
    patterns = part_of(PATTERNS[label], part)
    shortest, longest = LENGTH
    while True:
        # A draft counts its bytes apart, so that only a remark that is kept adds to the scribe's count.
        draft = Scribe(scribe.random.getrandbits(64))
        text = draft.write(patterns, **_slots(_Drawer(draft, part), draft.choice(FIELDS)))
        if shortest <= len(text.split()) <= longest:
            scribe.bytes_by_pattern.update(draft.bytes_by_pattern)
            return text
