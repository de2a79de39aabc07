"""Tiny stories: a hero with an object at a place meets a trouble, gets help, and all ends well.

Every plot is a family of patterns that fit together in any choice: ``begin`` names the hero, the animal, the object
and the place in one sentence; an opening with a ``setup`` does the same in two. The head of plots.txt
explains their slots.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from course_utils.world.grammar import Scribe, fill
from course_utils.world.tables import Table, part_of, phrases, rows


class Hero(NamedTuple):
    """A name and its pronoun, ``None`` where it may be either."""

    name: str
    pronoun: Literal["he", "she"] | None


class Object(NamedTuple):
    """``skill`` is what one does with it, "fly {it}"; ``mendable`` is what can break and be mended."""

    name: str
    skill: str | None
    mendable: bool


class PlotRow(NamedTuple):
    """What stands of a plot in plots.csv; its patterns stand under its name in plots.txt."""

    plot: str
    home: bool
    sky: bool
    asks: bool
    sad: bool
    closings: str
    objects: Literal["mendable", "skill"] | None


class Question(NamedTuple):
    plot: str | None
    question: str
    answer: str


@dataclass(frozen=True)
class Plot:
    """One family of patterns; see the head of this file."""

    home: bool  # the hero may live at the place
    sky: bool  # fair weather may be told of
    asks: bool  # the helper may ask what is wrong
    sad: bool  # the trouble makes the hero sad
    closings: Table[str]
    objects: frozenset[str] | None  # the only objects that fit; None: all
    questions: list[Question]
    begin: Table[str]  # names the hero, the animal, the object and the place
    setup: Table[str]  # comes after an opening; names the object, and the place unless ``home``
    trouble: Table[str]
    effort: Table[str]  # what the hero tries alone, in long stories
    help: Table[str]
    talk: Table[str]  # what the helper says, in long stories
    ending: Table[str]
    gists: Table[str]  # fit after "who"


WORDS = phrases("stories/words.txt")
NAMES = rows("stories/names.csv", Hero)
OBJECTS = rows("stories/objects.csv", Object)
SENTENCES = phrases("stories/sentences.txt")
QUESTIONS = rows("stories/questions.csv", Question, 2)
_PRONOUNS = dict(NAMES)
_SKILLS = {object.name: object.skill for object in OBJECTS if object.skill}
_FITTING = {
    None: None,
    "mendable": frozenset(object.name for object in OBJECTS if object.mendable),
    "skill": frozenset(_SKILLS),
}


def _plot(row: PlotRow) -> Plot:
    patterns = phrases("stories/plots.txt", row.plot)
    names = ("begin", "setup", "trouble", "effort", "help", "talk", "ending", "gists")
    return Plot(
        home=row.home,
        sky=row.sky,
        asks=row.asks,
        sad=row.sad,
        closings=SENTENCES[row.closings],
        objects=_FITTING[row.objects],
        questions=_questions_of(row.plot),
        **{name: patterns[name] for name in names},
    )


def _questions_of(plot: str | None) -> list[Question]:
    return [question for question in QUESTIONS if question.plot == plot]


PLOTS = tuple(map(_plot, rows("stories/plots.csv", PlotRow)))
_GENERAL = _questions_of(None)


@dataclass(frozen=True)
class Story:
    """A story and the four things that it was asked to be about."""

    text: str
    name: str
    animal: str
    object: str
    place: str


_LENGTH = {"short": (45, 65), "long": (110, 220)}
_SENTENCES = {"short": (4, 5), "long": (9, 16)}
_SENTENCE_END = re.compile(r"[.!?]\"?(?=\s+[A-Z\"]|\s*$)")


def _is_male(scribe: Scribe, name: str) -> bool:
    """True if the one called ``name`` is a he."""
    pronoun = _PRONOUNS.get(name)
    return pronoun == "he" if pronoun else scribe.chance(0.5)


def _plots_for(object: str) -> list[Plot]:
    return [plot for plot in PLOTS if plot.objects is None or object in plot.objects]


def _cast(
    scribe: Scribe,
    name: str,
    animal: str,
    object: str,
    place: str,
    names: list[str],
    animals: tuple[str, ...],
    length: str,
) -> dict[str, Any]:
    """The slots of one story. The helper is a she when the hero is a he, so that no pronoun is ever unclear."""
    male = _is_male(scribe, name)
    same = "he" if male else "she"
    helper = scribe.choice([other for other in names if _PRONOUNS[other] != same and other[:2] != name[:2]])
    friend, other = scribe.sample([kind for kind in animals if kind != animal and kind not in object], 2)
    if length == "long":
        aid = pal = helper
    elif scribe.chance(0.3):
        aid, pal = f"{helper} the {friend}", helper
    else:
        aid, pal = fill(scribe.choice(WORDS["helpers"]), friend=friend), f"the {friend}"
    skill = _SKILLS.get(object, "")
    he, she = (("he", "him", "his"), ("she", "her", "her"))[:: 1 if male else -1]
    return {
        "name": name, "animal": animal, "object": object, "place": place, "helper": helper, "friend": friend,
        "other": other, "aid": aid, "pal": pal, "he": he[0], "him": he[1], "his": he[2], "she": she[0], "her": she[1],
        "hers": she[2], "himself": "himself" if male else "herself", "when": scribe.choice(WORDS["times"]),
        "skill": skill.format(it=f"the {object}"), "skill_a": skill.format(it=fill("{object:a}", object=object)),
        "skill_it": skill.format(it="it"),
    }  # fmt: skip


def _start(scribe: Scribe, plot: Plot) -> list[str]:
    if scribe.chance(0.5):
        return [scribe.choice(plot.begin)]
    return [scribe.choice(SENTENCES["home openings" if plot.home else "openings"]), scribe.choice(plot.setup)]


def _short_draft(scribe: Scribe, plot: Plot) -> list[list[str]]:
    patterns = [*_start(scribe, plot), *map(scribe.choice, (plot.trouble, plot.help, plot.ending))]
    if len(patterns) == 4 and scribe.chance(0.5):
        patterns.append(scribe.choice(plot.closings))
    return [patterns]


def _long_draft(scribe: Scribe, plot: Plot) -> list[list[str]]:
    """Four paragraphs of patterns: the beginning, the trouble, the help, the ending."""
    beginning = _start(scribe, plot)
    if scribe.chance(0.6):
        beginning.insert(1, scribe.choice(SENTENCES["traits"]))
    trouble = [scribe.choice(plot.trouble), *scribe.sample(plot.effort, scribe.choice((1, 2)))]
    if plot.sky and scribe.chance(0.25):
        beginning.insert(0, scribe.choice(SENTENCES["skies"]))
    if plot.sad and scribe.chance(0.7):
        trouble.append(scribe.choice(SENTENCES["feelings"]))
    help = [scribe.choice(SENTENCES["meetings"])]
    if plot.asks and plot.sad and scribe.chance(0.6):
        help.append(scribe.choice(SENTENCES["askings"]))
    help += [scribe.choice(plot.talk), scribe.choice(plot.help)]
    ending = [scribe.choice(plot.ending), *scribe.sample(plot.closings, scribe.choice((0, 1, 1, 2)))]
    return [beginning, trouble, help, ending]


def _fits(patterns: list[str], slots: dict[str, Any], length: str) -> bool:
    """Whether a draft has the right length and names the hero, the animal, the object and the place."""
    # A second key in the story of a key would only confuse.
    taken = "|".join(re.escape(slots[slot]) for slot in ("object", "place", "animal", "friend", "other"))
    if any(re.search(rf"\b(?:{taken})(?:s|es)?\b", re.sub(r"{.*?}", "", pattern)) for pattern in patterns):
        return False
    text = " ".join(fill(pattern, **slots) for pattern in patterns)
    fewest, most = _LENGTH[length]
    if not fewest <= len(text.split()) <= most:
        return False
    fewest, most = _SENTENCES[length]
    if not fewest <= len(_SENTENCE_END.findall(text)) <= most:
        return False
    if len(re.findall(rf"\b{re.escape(slots['name'])}\b", text)) < 2:
        return False
    return all(re.search(rf"\b{re.escape(slots[slot])}\b", text) for slot in ("animal", "object", "place"))


def _tell(
    scribe: Scribe, name: str | None, animal: str | None, object: str | None, place: str | None, part: str | None,
    length: str,
) -> tuple[Story, Plot, dict[str, Any]]:  # fmt: skip
    """A story with its plot and slots, which the questions about it need."""
    if length not in _LENGTH:
        raise ValueError(f"length is 'short' or 'long', not {length!r}")
    names, animals = [hero.name for hero in part_of(NAMES, part)], part_of(WORDS["animals"], part)
    name = name or scribe.choice(names)
    animal = animal or scribe.choice(animals)
    object = object or scribe.choice(part_of(OBJECTS, part)).name
    place = place or scribe.choice(part_of(WORDS["places"], part))
    plots = _plots_for(object)
    draft = _short_draft if length == "short" else _long_draft
    for _ in range(1000):
        plot = scribe.choice(plots)
        slots = _cast(scribe, name, animal, object, place, names, animals, length)
        paragraphs = draft(scribe, plot)
        if _fits(sum(paragraphs, []), slots, length):
            break
    else:
        raise ValueError(f"no plot fits {name!r}, {animal!r}, {object!r} and {place!r}")
    written = (" ".join(scribe.write((pattern,), **slots) for pattern in patterns) for patterns in paragraphs)
    return Story("\n\n".join(written), name, animal, object, place), plot, slots


def story(
    scribe: Scribe,
    name: str | None = None,
    animal: str | None = None,
    object: str | None = None,
    place: str | None = None,
    part: str | None = None,
    length: str = "short",
) -> Story:
    """A ``"short"`` story (4 or 5 sentences) or a ``"long"`` one (9 to 16); what is not given is chosen."""
    return _tell(scribe, name, animal, object, place, part, length)[0]


def _questions(scribe: Scribe, plot: Plot, slots: dict[str, Any]) -> list[tuple[str, str]]:
    """Two to four questions about a story with their answers."""
    general, special = scribe.choice((1, 1, 2)), scribe.choice((1, 2))
    pairs = scribe.sample(_GENERAL, general) + scribe.sample(plot.questions, special)
    return [
        (scribe.write((pair.question,), **slots), scribe.write((pair.answer,), **slots))
        for pair in scribe.shuffled(pairs)
    ]


def document(scribe: Scribe) -> str:
    """A document for pretraining: a story, often with a title, a lead or reading questions."""
    length = "long" if scribe.chance(0.55) else "short"
    told, plot, slots = _tell(scribe, None, None, None, None, None, length)
    blocks = [told.text]
    if scribe.chance(0.45):
        gist = fill(scribe.choice(plot.gists), **slots)
        blocks.insert(0, scribe.write(SENTENCES["leads"], gist=gist, **slots))
    if scribe.chance(0.3):
        blocks.insert(0, scribe.write(SENTENCES["titles"], **slots))
    if scribe.chance(0.33):
        pairs = _questions(scribe, plot, slots)
        joint = scribe.choice((" ", "\n"))
        if scribe.chance(0.25):
            blocks.insert(len(blocks) - 1, joint.join(ask for ask, _ in pairs))
            blocks.append(joint.join(answer for _, answer in pairs))
        else:
            blocks.append(joint.join(f"{ask} {answer}" for ask, answer in pairs))
    return "\n\n".join(blocks)
