"""Reviews of things and places, each with a known label: positive or negative.

A review is put together from what can be said of one kind of thing and what can be said of many. With ``part`` set,
the kind and every phrase come from that part alone, so that a held-out review shares no sentence with a train one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from course_utils.errors import CourseError
from course_utils.world.grammar import Scribe, capital, fill
from course_utils.world.lexicon import DAYS, MONTHS, NAMES, SEASONS
from course_utils.world.remarks import remark
from course_utils.world.tables import Table, part_of, phrases, rows

LABELS = ("positive", "negative")
LENGTH = (8, 45)  # in words: the shortest and the longest review


class Thing(NamedTuple):
    """Something that people review, as in things.csv. ``groups`` names the phrases that suit it, the widest first."""

    noun: str
    groups: tuple[str, ...]
    aspects: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A thing with its own sentences. Each is a whole statement that tells by itself whether the writer is content."""

    noun: str
    groups: tuple[str, ...]
    aspects: tuple[str, ...]
    positive: Table[str]
    negative: Table[str]


PHRASES = {label: phrases("reviews/phrases.txt", label) for label in LABELS}  # by group and what they are about
NOTES = {label: phrases("reviews/sentences.txt", "notes", label) for label in LABELS}  # by group, as the next two are
CONCESSIONS = {label: phrases("reviews/sentences.txt", "concessions", label) for label in LABELS}
BACKGROUND = phrases("reviews/sentences.txt", "background")
FRAMES = phrases("reviews/sentences.txt", "frames")
HEADINGS = phrases("reviews/sentences.txt")["headings"]
CONNECTIVES = phrases("reviews/sentences.txt")["connectives"]
VERDICTS = phrases("reviews/talk.txt", "verdicts")
FORUM = phrases("reviews/talk.txt", "forum")
TALK = phrases("reviews/talk.txt", "talk")
WORDS = phrases("reviews/words.txt")


def _kinds() -> Table[Kind]:
    things = rows("reviews/things.csv", Thing)
    groups = {group for label in LABELS for group, _ in PHRASES[label]} | set(BACKGROUND)
    for thing in things:
        for group in thing.groups:
            if group not in groups:
                known = ", ".join(sorted(groups))
                raise CourseError(
                    f"reviews/things.csv, {thing.noun}: {group!r} is no group of phrases; there are: {known}"
                )
    sentences = phrases("reviews/things.txt")
    return Table(
        (Kind(*thing, *(sentences[thing.noun, label] for label in LABELS)) for thing in things), things.heldout
    )


KINDS = _kinds()


STARS = {"positive": (("four stars", "4"), ("five stars", "5")), "negative": (("one star", "1"), ("two stars", "2"))}


# fmt: off
# A sentence that begins like this goes on being a sentence after "but" or "although".
CLAUSE_STARTS = {
    "I", "It", "We", "They", "The", "You", "Everything", "Nobody", "Nothing", "Everybody", "Somebody", "There", "My",
    "Our", "He", "She", "{relative:C}", "{child:C}", "{name}", "Each", "Every", "People", "Its", "This",
}
# fmt: on

_KEEPS_CAPITAL = {"I", *DAYS, *MONTHS, *(name for name, _ in NAMES)}


@dataclass(frozen=True)
class Review:
    text: str
    label: str
    kind: str


def review(scribe: Scribe, label: str | None = None, part: str | None = None, sentences: int | None = None) -> Review:
    """A review of 8 to 45 words.

    Args:
        scribe: writes it.
        label: ``"positive"`` or ``"negative"``; by default one of them at random.
        part: the part of the instruction data that kind and phrases come from; see ``tables.part_of``.
        sentences: how many sentences, 1 to 4; by default a random number.
    """
    label = label or scribe.choice(LABELS)
    return _review_of(scribe, scribe.choice(part_of(KINDS, part)), label, part, sentences)


def document(scribe: Scribe) -> str:
    """A pretraining document: a review, mostly with a verdict on it; several reviews; or a talk about a thing."""
    writers = (_alone, _with_verdict, _several, _talk)
    return scribe.random.choices(writers, (0.12, 0.60, 0.13, 0.15))[0](scribe)


# --- one review ------------------------------------------------------------------------------------------------------


def _review_of(scribe: Scribe, kind: Kind, label: str, part: str | None, sentences: int | None) -> Review:
    shortest, longest = LENGTH
    while True:
        # A draft counts its bytes apart, so that only a review that is kept adds to the scribe's count.
        draft = Scribe(scribe.random.getrandbits(64))
        count = sentences or draft.random.choices((1, 2, 3, 4), (0.2, 0.35, 0.3, 0.15))[0]
        text = _compose(draft, kind, label, part, count)
        if shortest <= len(text.split()) <= longest:
            scribe.bytes_by_pattern.update(draft.bytes_by_pattern)
            return Review(text, label, kind.noun)


def _compose(scribe: Scribe, kind: Kind, label: str, part: str | None, count: int) -> str:
    slots = _slots(scribe, kind)
    styles = ("plain", "mixed", "general", "notes", "remarks")
    style = scribe.random.choices(styles, (0.32, 0.14, 0.08, 0.06, 0.40))[0]
    if style == "remarks":
        return " ".join(remark(scribe, label, part) for _ in range(count))
    phrases = _phrases(kind, label, part)
    own = part_of(getattr(kind, label), part)
    background: list[str] = []
    body: list[str] = []
    if style == "mixed":
        text, count = _mixed(scribe, kind, label, part, count, slots)
        body.append(text)
    elif style == "notes":
        body.append(_notes(scribe, kind, label, part, slots))
        count -= 1
    elif style == "plain":
        if count > 1 and scribe.chance(0.3):
            background.append(scribe.write(_suiting(BACKGROUND, kind, part), **slots))
            count -= 1
        for pattern in scribe.sample(own, min(count, len(own), 2 if scribe.chance(0.4) else 1)):
            body.append(scribe.write([pattern], **slots))
            count -= 1
    used: set[str] = set()
    for _ in range(count):
        topic, pattern = scribe.choice([phrase for phrase in phrases if phrase[0] not in used])
        used.add(topic)
        if body and _is_clause(pattern) and scribe.chance(0.18):
            clause = _clause(scribe.write([pattern], **slots))
            body.append(_around(scribe, CONNECTIVES, clause=clause))
        elif body and scribe.chance(0.3):
            body.insert(0, scribe.write([pattern], **slots))
        else:
            body.append(scribe.write([pattern], **slots))
    return " ".join([*background, *body])


def _mixed(
    scribe: Scribe, kind: Kind, label: str, part: str | None, count: int, slots: dict[str, str]
) -> tuple[str, int]:
    """A concession and the verdict, and how many sentences are still to be written."""
    frames = [
        frame for side in ("both", label) for frame in part_of(FRAMES[side], part) if _sentence_count(frame) <= count
    ]
    frame = scribe.choice(frames)
    concessions = _suiting(CONCESSIONS[label], kind, part)
    own = [pattern for pattern in part_of(getattr(kind, label), part) if _is_clause(pattern)]
    general = [
        pattern
        for topic, pattern in _phrases(kind, label, part)
        if topic in ("use", "again", "comfort") and _is_clause(pattern)
    ]
    verdicts = own if own and scribe.chance(0.7) else general
    minor = scribe.write(concessions, **slots)
    verdict = _clause(scribe.write(verdicts, **slots))
    return _around(scribe, [frame], minor=minor, verdict=verdict), count - _sentence_count(frame)


def _notes(scribe: Scribe, kind: Kind, label: str, part: str | None, slots: dict[str, str]) -> str:
    """Two to four short notes with commas between them."""
    patterns = _suiting(NOTES[label], kind, part)
    chosen = scribe.sample(patterns, min(len(patterns), scribe.choice((2, 3, 3, 4))))
    return capital(", ".join(scribe.write([pattern], **slots) for pattern in chosen)) + "."


def _phrases(kind: Kind, label: str, part: str | None) -> list[tuple[str, str]]:
    """The general phrases that suit a kind, each with its topic."""
    return [
        (topic, pattern)
        for (group, topic), patterns in PHRASES[label].items()
        if group == "any" or group in kind.groups
        for pattern in part_of(patterns, part)
    ]


def _suiting(tables: dict[str, Table[str]], kind: Kind, part: str | None) -> list[str]:
    """The entries of one part that suit a kind."""
    return [pattern for group in kind.groups if group in tables for pattern in part_of(tables[group], part)]


def _slots(scribe: Scribe, kind: Kind) -> dict[str, str]:
    small = "media" in kind.groups or "food" in kind.groups
    return {
        "thing": kind.noun,
        "aspect": scribe.choice(kind.aspects),
        "relative": scribe.choice(WORDS["relatives"]),
        "child": scribe.choice(WORDS["children"]),
        "name": scribe.choice(NAMES)[0],
        "long": scribe.choice(WORDS["long times"]),
        "short": scribe.choice(WORDS["short times"]),
        "wait": scribe.choice(WORDS["waits"]),
        "event": scribe.choice(WORDS["events"]),
        "room": scribe.choice(WORDS["rooms"]),
        "number": scribe.choice(WORDS["numbers"]),
        "price": scribe.choice(WORDS["small prices" if small else "prices"]) + " pounds",
        "day": scribe.choice(DAYS),
        "month": scribe.choice(MONTHS),
        "season": scribe.choice(SEASONS),
    }


def _is_clause(pattern: str) -> bool:
    return pattern.split(" ")[0] in CLAUSE_STARTS and pattern.endswith(".") and _sentence_count(pattern) == 1


def _sentence_count(pattern: str) -> int:
    return 1 + pattern.count(". ") + pattern.count("? ")


def _clause(sentence: str) -> str:
    """A sentence as it stands in the middle of another one."""
    first = sentence.split(" ")[0]
    return (sentence if first in _KEEPS_CAPITAL else sentence[:1].lower() + sentence[1:]).removesuffix(".")


def _around(scribe: Scribe, frames: Sequence[str], **parts: str) -> str:
    """A frame around parts that are already written; only the frame's own bytes are counted here."""
    frame = scribe.choice(frames)
    text = fill(frame, **parts)
    scribe.bytes_by_pattern[frame] += len(text.encode()) - sum(len(part.encode()) for part in parts.values())
    return text


# --- documents -------------------------------------------------------------------------------------------------------


def _people(scribe: Scribe, count: int) -> list[dict[str, str]]:
    """Different people, each as the slots of a pattern."""
    return [
        {"name": name, "he": pronoun, "his": "his" if pronoun == "he" else "her"}
        for name, pronoun in scribe.sample(NAMES, count)
    ]


def _alone(scribe: Scribe) -> str:
    kind = scribe.choice(KINDS)
    text = _review_of(scribe, kind, scribe.choice(LABELS), None, None).text
    return f"{_heading(scribe, kind)} {text}" if scribe.chance(0.3) else text


def _heading(scribe: Scribe, kind: Kind) -> str:
    return scribe.write(HEADINGS, **_slots(scribe, kind))


def _with_verdict(scribe: Scribe) -> str:
    kind, label = scribe.choice(KINDS), scribe.choice(LABELS)
    person = _people(scribe, 1)[0]
    lines = [_review_of(scribe, kind, label, None, None).text]
    if scribe.chance(0.25):
        lines.insert(0, _heading(scribe, kind))
    where = scribe.random.choices(("before", "after", "both"), (0.22, 0.68, 0.10))[0]
    if where != "after":
        lines.insert(0, _verdict(scribe, kind, label, person, (*VERDICTS[label], *VERDICTS[f"before {label}"])))
    if where != "before":
        lines.append(_verdict(scribe, kind, label, person, (*VERDICTS[label], *VERDICTS[f"after {label}"])))
    return ("\n" if scribe.chance(0.3) else " ").join(lines)


def _verdict(scribe: Scribe, kind: Kind, label: str, person: dict[str, str], patterns: Sequence[str]) -> str:
    if scribe.chance(0.15):
        patterns = VERDICTS["labelled"]
    star_words, digit = scribe.choice(STARS[label])
    opposite = LABELS[1 - LABELS.index(label)]
    return scribe.write(
        patterns, thing=kind.noun, star_words=star_words, digit=digit, label=label, opposite=opposite, **person
    )


def _several(scribe: Scribe) -> str:
    """What two or three people think of the same thing."""
    kind, count = scribe.choice(KINDS), scribe.choice((2, 2, 3))
    labels = [scribe.choice(LABELS) for _ in range(count)]
    people = _people(scribe, count)
    lines = []
    if scribe.chance(0.5):
        lines.append(scribe.write(FORUM["opening"], thing=kind.noun, count="two" if count == 2 else "three"))
    for person, label in zip(people, labels, strict=True):
        leads = FORUM[label] if scribe.chance(0.75) else FORUM["plain"]
        lead = scribe.write(leads, thing=kind.noun, day=scribe.choice(DAYS), **person)
        text = _review_of(scribe, kind, label, None, scribe.choice((1, 2))).text
        lines.append(f'{lead} "{text}"')
    if scribe.chance(0.75):
        lines.append(_summary(scribe, kind, labels, [person["name"] for person in people]))
    return ("\n" if scribe.chance(0.5) else " ").join(lines)


def _summary(scribe: Scribe, kind: Kind, labels: Sequence[str], names: Sequence[str]) -> str:
    if len(set(labels)) == 1:
        group = "both" if len(labels) == 2 else "all"
        return scribe.write(FORUM[f"{group} {labels[0]}"], thing=kind.noun)
    glad, sad = names[labels.index("positive")], names[labels.index("negative")]
    if len(labels) == 2:
        return scribe.write(FORUM["divided"], thing=kind.noun, glad=glad, sad=sad)
    rare = min(LABELS, key=labels.count)
    return scribe.write(FORUM[f"odd {rare}"], thing=kind.noun, odd=glad if rare == "positive" else sad)


def _talk(scribe: Scribe) -> str:
    """Somebody asks, somebody tells, and it is said or asked what the teller thinks."""
    kind, label = scribe.choice(KINDS), scribe.choice(LABELS)
    person, other = _people(scribe, 2)
    slots = {**person, "asker": other["name"], "thing": kind.noun}
    text = _review_of(scribe, kind, label, None, scribe.choice((1, 1, 2, 3))).text
    lines = [
        scribe.write(TALK["ask"], day=scribe.choice(DAYS), **slots),
        f'{scribe.write(TALK["answer"], **slots)} "{text}"',
    ]
    asks = scribe.chance(0.5)
    if not asks or scribe.chance(0.4):
        lines.append(scribe.write(TALK[label], **slots))
    if asks:
        lines.append(scribe.write(TALK[f"question {label}"], **slots))
    return ("\n" if scribe.chance(0.3) else " ").join(lines)
