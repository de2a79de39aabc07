"""Short everyday texts with questions whose answers stand in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from course_utils.errors import CourseError
from course_utils.world.grammar import Scribe, fill
from course_utils.world.lexicon import Name
from course_utils.world.tables import Table, part_of, phrases, rows


@dataclass(frozen=True)
class Passage:
    """A text and its questions: (type, question, answer), the answer word for word as in the text."""

    text: str
    questions: tuple[tuple[str, str, str], ...]


class Slot(NamedTuple):
    """A slot of one kind of fact, as in facts.csv: which table fills it, and how it can be asked for."""

    fact: str
    slot: str
    words: str  # "name", or a heading of words.txt
    asks: Literal["who", "where", "what", "when"] | None
    answer: str | None


class Asked(NamedTuple):
    """What can be asked of one slot: a "who" with the pattern of its answer, ways to ask and answers in full."""

    type: str
    answer: str
    questions: Table[str]
    full_answers: Table[str]


@dataclass(frozen=True)
class Kind:
    """One kind of fact, such as somebody's putting a thing somewhere.

    ``slots`` says from which table each slot is filled. ``one`` are sentences with one fact, ``two`` sentences with
    two facts of the kind (the slots of the second end in 2).
    """

    slots: dict[str, str]
    one: Table[str]
    two: Table[str]
    questions: tuple[Asked, ...]


NAMES = rows("passages/names.csv", Name)
_GENDERS = dict(NAMES)
_TABLES = {
    **phrases("passages/words.txt"),
    "name": Table((name.name for name in NAMES), NAMES.heldout),
}
OBJECTS, ANIMALS, COLOURS = _TABLES["object"], _TABLES["animal"], _TABLES["colour"]
SENTENCES = phrases("passages/sentences.txt")


def _kind(fact: str) -> Kind:
    patterns = phrases("passages/facts.txt", fact)
    slots = {slot.slot: slot for slot in rows("passages/facts.csv", Slot, 2) if slot.fact == fact}
    for slot in slots.values():
        if slot.words not in _TABLES:
            known = ", ".join(_TABLES)
            raise CourseError(f"passages/facts.csv, {fact}: nothing is called {slot.words!r}; there are: {known}")
    asked = [heading[0] for heading in patterns if isinstance(heading, tuple) and heading[1] == "questions"]
    return Kind(
        {name: slot.words for name, slot in slots.items()},
        patterns["one"],
        patterns["two"],
        tuple(
            Asked(slots[name].asks, slots[name].answer, patterns[name, "questions"], patterns[name, "answers"])
            for name in asked
        ),
    )


KINDS = tuple(map(_kind, dict.fromkeys(slot.fact for slot in rows("passages/facts.csv", Slot, 2))))

# fmt: off
_LITTLE_WORDS = {
    "a", "an", "and", "at", "after", "before", "behind", "beside", "between", "by", "during", "early", "first", "for",
    "from", "front", "had", "half", "his", "in", "inside", "last", "late", "near", "new", "next", "o'clock", "of",
    "old", "on", "outside", "past", "small", "the", "to", "under",
    "mr", "mrs", "miss", "aunt", "uncle", "grandpa", "grandma",
}
# fmt: on


def _content(words: str) -> set[str]:
    return set(words.lower().split()) - _LITTLE_WORDS


def _pick(scribe: Scribe, table: Table[str], part: str | None, taken: set[str]) -> str:
    """A phrase of ``table`` that shares no word of meaning with those already in the text; empty if none is left."""
    fresh = [phrase for phrase in part_of(table, part) if not _content(phrase) & taken]
    phrase = scribe.choice(fresh or [""])
    taken |= _content(phrase)
    return phrase


_PRONOUNS = {"he": {"he": "he", "him": "him", "his": "his"}, "she": {"he": "she", "him": "her", "his": "her"}}


def _fact(scribe: Scribe, kind: Kind, part: str | None, taken: set[str], colours: list[str]) -> dict[str, str]:
    """The words of one fact."""
    fact: dict[str, str] = {}
    for slot, table in kind.slots.items():
        fact[slot] = _pick(scribe, _TABLES[table], part, taken)
        if table == "object" and colours:
            fact[slot] = f"{colours.pop()} {fact[slot]}"
    if "name" in fact:
        fact |= _PRONOUNS[_GENDERS.get(fact["name"], "he")]
    return fact


def _same_noun(scribe: Scribe, fact: dict[str, str], facts: list[tuple[Kind, dict[str, str]]]) -> None:
    """Sometimes makes a blue cup out of a blue hat, where a red cup stands in the text already."""
    for kind, earlier in facts:
        if kind.slots.get("thing") == "object" and scribe.chance(0.4):
            fact["thing"] = fact["thing"].split()[0] + " " + earlier["thing"].split(" ", 1)[1]
            return


def _draft(scribe: Scribe, part: str | None, sentences: int) -> tuple[list, list]:
    """The patterns and words of a text, and its facts; nothing is written yet."""
    main = scribe.choice(KINDS)
    other = scribe.choice(KINDS) if scribe.chance(0.35) else main
    taken: set[str] = set()
    colours = scribe.sample(COLOURS, 8) if scribe.chance(0.5) else []
    lines: list[tuple[str, dict[str, str]]] = []
    facts: list[tuple[Kind, dict[str, str]]] = []

    def new_fact(kind: Kind) -> dict[str, str]:
        fact = _fact(scribe, kind, part, taken, colours)
        if colours and kind.slots.get("thing") == "object":
            _same_noun(scribe, fact, facts)
        facts.append((kind, fact))
        return fact

    for i in range(sentences):
        kind = other if i else main
        if i > 0 and i == sentences - 1 and scribe.chance(0.3):
            lines.append((scribe.choice(SENTENCES["scenes"]), {}))
        elif scribe.chance(0.35 if sentences < 4 else 0.1):
            first, second = new_fact(kind), new_fact(kind)
            lines.append((scribe.choice(kind.two), first | {slot + "2": word for slot, word in second.items()}))
        else:
            lines.append((scribe.choice(kind.one), new_fact(kind)))
    if scribe.chance(0.1):
        lines.insert(0, lines.pop())
    return lines, facts


def _stands_in(text: str, pattern: str, fact: dict[str, str]) -> bool:
    """Whether ``text`` says everything that a question or an answer speaks of."""
    words = [word for slot, word in fact.items() if f"{{{slot}" in pattern and slot not in _PRONOUNS["he"]]
    return all(word.lower() in text.lower() for word in words)


def _askable(scribe: Scribe, text: str, facts: list[tuple[Kind, dict[str, str]]], part: str | None) -> list[tuple]:
    """The questions the text can answer, in random order: type, question pattern, answer, full answer, words."""
    found = []
    for kind, fact in facts:
        for question_type, pattern, questions, full_answers in kind.questions:
            offered = [question for question in part_of(questions, part) if _stands_in(text, question, fact)]
            answer = fill(pattern, **fact)
            # A pattern may leave a phrase out, or begin a sentence with it.
            if answer not in text or not offered:
                continue
            question = scribe.choice(offered)
            sayable = [full for full in full_answers if _stands_in(text, full, fact)]
            if "{name}" not in question:
                sayable = [full for full in sayable if "{he" not in full]
            found.append((question_type, question, answer, scribe.choice(sayable), fact))
    return scribe.shuffled(found)


def _write(scribe: Scribe, part: str | None, sentences: int | None, most: int) -> tuple[str, list[tuple]]:
    """A text and up to ``most`` questions: type, question, answer, and pattern and words of a full answer."""
    while True:
        lines, facts = _draft(scribe, part, sentences or scribe.choice((2, 2, 3, 3, 4)))
        if len(facts) < 2 or not all(all(fact.values()) for _, fact in facts):
            continue
        text = " ".join(fill(pattern, **words) for pattern, words in lines)
        if not 15 <= len(text.split()) <= 45 or len({pattern for pattern, _ in lines}) < len(lines):
            continue
        askable = _askable(scribe, text, facts, part)[:most]
        if askable:
            break
    text = " ".join(scribe.write((pattern,), **words) for pattern, words in lines)
    return text, [
        (question_type, scribe.write((question,), **fact), answer, full, fact)
        for question_type, question, answer, full, fact in askable
    ]


def passage(scribe: Scribe, part: str | None = None, sentences: int | None = None) -> Passage:
    """A text of 2 to 4 sentences (as many as asked for, or a random number) with up to four questions."""
    text, asked = _write(scribe, part, sentences, 4)
    return Passage(text, tuple((question_type, question, answer) for question_type, question, answer, *_ in asked))


def _dialogue(scribe: Scribe, asked: list[tuple]) -> list[str]:
    """Somebody asks about the text, somebody answers."""
    lines = []
    speakers = scribe.choice(SENTENCES["asked"]), scribe.choice(SENTENCES["said"])
    for i, (_, question, answer, full, fact) in enumerate(asked):
        reply = scribe.write((full,) if scribe.chance(0.4) else SENTENCES["short answers"], answer=answer, **fact)
        if i == 0 or scribe.chance(0.3):
            asks, says = (scribe.write((tag,)) for tag in speakers)
            lines.append(f'"{question}" {asks} "{reply[:-1]}," {says}')
        else:
            lines += [f'"{question}"', f'"{reply}"']
    return lines


def _answers(scribe: Scribe, asked: list[tuple]) -> list[str]:
    """Questions with their answers, all in one layout."""
    layout = scribe.choice(("short", "below", "full", "paragraph", "numbered"))
    lines = []
    for number, (_, question, answer, full, fact) in enumerate(asked, 1):
        if layout in ("full", "paragraph"):
            lines.append(f"{question} {scribe.write((full,), **fact)}")
        elif layout == "numbered":
            lines.append(f"{number}. {question} {scribe.write(('{answer:C}.',), answer=answer)}")
        else:
            reply = scribe.write(SENTENCES["short answers"], answer=answer)
            lines.append(f"{question}\n{reply}" if layout == "below" else f"{question} {reply}")
    return [" ".join(lines)] if layout == "paragraph" else lines


def document(scribe: Scribe) -> str:
    """A passage with one to three questions and their answers, in one of many layouts."""
    text, asked = _write(scribe, None, None, scribe.choice((1, 2, 2, 3, 3)))
    lines = [scribe.write(SENTENCES["titles"])] if scribe.chance(0.2) else []
    lines.append(text)
    if scribe.chance(0.25):
        lines.append(scribe.write(SENTENCES["bridges"]))
    return "\n".join(lines + (_dialogue if scribe.chance(0.25) else _answers)(scribe, asked))
