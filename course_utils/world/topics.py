"""Texts on four topics: animals, food, sport and weather."""

from __future__ import annotations

from typing import NamedTuple

from course_utils.world.grammar import Scribe, fill
from course_utils.world.lexicon import DAYS
from course_utils.world.tables import Table, part_of, phrases, rows

TOPICS = ("animals", "food", "sport", "weather")


class WildAnimal(NamedTuple):
    animal: str
    home: str
    meal: str
    young: str


WILD_ANIMALS = rows("topics/wild_animals.csv", WildAnimal)
WORDS = phrases("topics/words.txt")
SENTENCES = {topic: phrases("topics/sentences.txt", topic) for topic in TOPICS}  # by kind of text
LABELS = phrases("topics/labels.txt")

# How a label can name a topic: as it is, after a preposition, and in front of another noun.
_NAMES = {
    "animals": {"topic": "animals", "about": "animals", "page": "animal"},
    "food": {"topic": "food", "about": "food", "page": "food"},
    "sport": {"topic": "sport", "about": "sport", "page": "sports"},
    "weather": {"topic": "weather", "about": "the weather", "page": "weather"},
}  # fmt: skip


def _slots(scribe: Scribe, topic: str, part: str | None) -> dict[str, str]:
    """The words of one text: all its sentences are about the same animal, dish, team or town."""

    def pick(*slots: str) -> dict[str, str]:
        return {slot: scribe.choice(part_of(WORDS[slot], part)) for slot in slots}

    slots = {**pick("person", "town"), "day": scribe.choice(DAYS)}
    if topic == "animals":
        slots |= scribe.choice(part_of(WILD_ANIMALS, part))._asdict()
        slots |= pick("pet", "petname", "farm", "garden", "zoo")
    elif topic == "food":
        slots |= pick("dish", "savoury", "cake", "fruit", "vegetable", "staple", "spice")
    elif topic == "sport":
        slots["team"], slots["team2"] = scribe.sample(part_of(WORDS["team"], part), 2)
        slots |= pick("game", "score", "racket", "race", "distance")
    elif topic == "weather":
        slots |= pick("sky", "wind", "degrees", "warning", "month")
    else:
        raise ValueError(f"no such topic: {topic!r}")
    return slots


def _patterns(scribe: Scribe, topic: str, part: str | None, count: int) -> list[str]:
    """``count`` different sentence patterns, mostly of one register."""
    registers = SENTENCES[topic]
    if scribe.chance(0.8):
        return scribe.sample(part_of(scribe.choice(list(registers.values())), part), count)
    return scribe.sample([pattern for table in registers.values() for pattern in part_of(table, part)], count)


def topic_text(scribe: Scribe, topic: str, part: str | None = None) -> str:
    """One or two sentences on ``topic``, 10 to 30 words."""
    while True:
        slots = _slots(scribe, topic, part)
        patterns = _patterns(scribe, topic, part, 1 + scribe.chance(0.5))
        words = sum(len(fill(pattern, **slots).split()) for pattern in patterns)
        if 10 <= words <= 30:
            return " ".join(scribe.write((pattern,), **slots) for pattern in patterns)


def _long_text(scribe: Scribe, topic: str, least: int, most: int) -> str:
    """A text of ``least`` to ``most`` sentences on ``topic``, sometimes with a line for each."""
    slots = _slots(scribe, topic, None)
    count = scribe.choice(range(least, most + 1))
    people = scribe.sample(WORDS["person"], 2)
    sentences = [
        scribe.write((pattern,), **{**slots, "person": scribe.choice(people)})
        for pattern in _patterns(scribe, topic, None, count)
    ]
    return ("\n" if scribe.chance(0.15) else " ").join(sentences)


def _label(scribe: Scribe, labels: Table[str], topic: str) -> str:
    other = scribe.choice([name for name in TOPICS if name != topic])
    return scribe.write(labels, other=_NAMES[other]["about"], **_NAMES[topic])


def _one_topic(scribe: Scribe) -> str:
    topic = scribe.choice(TOPICS)
    text = _long_text(scribe, topic, 3, 7)
    form = scribe.choice(("bare", "before", "before", "after", "after"))
    if form == "before":
        return _label(scribe, LABELS["before"], topic) + "\n" + text
    if form == "after":
        return text + scribe.choice(("\n", " ")) + _label(scribe, LABELS["after"], topic)
    return text


def _two_topics(scribe: Scribe) -> str:
    first, second = scribe.sample(TOPICS, 2)
    text, other_text = _long_text(scribe, first, 1, 4), _long_text(scribe, second, 1, 4)
    form = scribe.choice(("before", "after", "both"))
    if form == "before":
        parts = [_label(scribe, LABELS["before"], first), text, _label(scribe, LABELS["before"], second), other_text]
    elif form == "after":
        parts = [text, _label(scribe, LABELS["after"], first), other_text, _label(scribe, LABELS["after"], second)]
    else:
        parts = [text, scribe.write(LABELS["between"]), other_text]
        parts.append(scribe.write(LABELS["both"], first=_NAMES[first]["about"], second=_NAMES[second]["about"]))
    return "\n".join(parts)


def document(scribe: Scribe) -> str:
    """A longer text on one topic, or two texts on two topics, mostly with a label that says the topic."""
    return _two_topics(scribe) if scribe.chance(0.35) else _one_topic(scribe)
