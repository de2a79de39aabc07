"""Worksheets: one kind of thing asked of several items, in one layout from top to bottom.

Within a sheet nothing but the answer is left open, so its few words are where all the learning is. In running text the
same question comes once, in ever other words, and most of what there is to predict is how it will be put.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from course_utils.world import facts, passages, reviews, tenses, topics
from course_utils.world.grammar import Scribe, capital, fill
from course_utils.world.lexicon import CATEGORIES, DAYS, OPPOSITES, number_word
from course_utils.world.tables import phrases, rows

Item = tuple[str, str]  # what is given, and the answer


class Opinion(NamedTuple):
    """Two words for two opinions."""

    positive: str
    negative: str


Side = Literal["person", "object", "animal", "place", "food", "job", "day", "colour"]


class Relation(NamedTuple):
    """A relation between ``{a}`` and ``{b}``, and which words these are; its sentences stand under its name."""

    relation: str
    a: Side
    b: Side


LAYOUTS = phrases("sheets/layouts.txt")
HEADINGS = phrases("sheets/headings.txt")
OPINIONS = rows("sheets/opinions.csv", Opinion)
RELATIONS = rows("sheets/relations.csv", Relation)
SENTENCES = phrases("sheets/relations.txt")
_SENTENCE_LAYOUTS = (*LAYOUTS["two lines"], *LAYOUTS["same line"])
JOINTS = ((", ", " and "), (", ", ", and "), (". ", ". "), (", ", ", but "), ("; ", "; "), (", while ", ", and "))


def _frame(scribe: Scribe, layout: str, item: Item) -> str:
    """An item in its layout. Only the layout's own bytes are counted: the parts were counted when they were written."""
    given, answer = item
    text = fill(layout, given=given, answer=answer)
    scribe.bytes_by_pattern[layout] += len(text.encode()) - len(given.encode()) - len(answer.encode()) + 1
    return text


def _count(scribe: Scribe, kind: str, text: str) -> str:
    """Counts text that no pattern wrote (numbers, bare words) under its kind of sheet, apart for each length."""
    scribe.bytes_by_pattern[f"{kind} of {len(text.split())} words"] += len(text.encode())
    return text


def _opinions(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    words = scribe.choice(OPINIONS)
    sentences = scribe.choice((1, 1, 2, None))
    items = []
    for _ in range(scribe.choice(range(4, 9))):
        review = reviews.review(scribe, sentences=sentences)
        answer = words[review.label == "negative"]
        scribe.bytes_by_pattern[f"opinion {answer}"] += len(answer)
        items.append((review.text, answer))
    return items, LAYOUTS["opinions"], "opinions"


def _find(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    sentences = scribe.choice((1, 2, 2, 3, None))
    before = scribe.chance(0.25)  # the question stands before the text
    most = scribe.choice((1, 2, 4))
    items = []
    for _ in range(scribe.choice((2, 3, 4, 5))):
        passage = passages.passage(scribe, sentences=sentences)
        asked = scribe.sample(passage.questions, min(len(passage.questions), most))
        for i, (_, question, answer) in enumerate(asked):
            given = question if i else f"{question}\n{passage.text}" if before else f"{passage.text}\n{question}"
            items.append((given, answer))
    return items, _SENTENCE_LAYOUTS, "find"


def _pairs(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    """Short texts that say one relation of two to six pairs, with every one of them asked about.

    A text in which a question's words stand beside their answer, among others of the same form, is the plainest case
    of looking something up; the passages are harder.
    """
    items = []
    for _ in range(scribe.choice((1, 2, 3))):
        relation, first, second = scribe.choice(RELATIONS)
        statements = SENTENCES[relation, "statements"]
        count = scribe.choice((2, 2, 3, 3, 4, 5, 6))
        names = _names(scribe, first, count if first != second else 2 * count)
        others = names[count:] if first == second else _names(scribe, second, count)
        pairs = list(zip(names, others, strict=False))
        alike = scribe.chance(0.5)
        patterns = [scribe.choice(statements)] * count if alike else scribe.random.choices(statements, k=count)
        parts = [scribe.write([pattern], a=a, b=b) for pattern, (a, b) in zip(patterns, pairs, strict=True)]
        between, last = scribe.choice(JOINTS)
        if between == ". ":
            parts = [capital(part) for part in parts]
        text = capital(between.join(parts[:-1]) + last + parts[-1]) + "."
        asked = []
        for a, b in scribe.shuffled(pairs):
            back = scribe.chance(0.5)
            question = scribe.write(SENTENCES[relation, "asks for a" if back else "asks for b"], a=a, b=b)
            asked.append((question, _answer(first if back else second, a if back else b)))
        items += [(f"{text}\n{asked[0][0]}", asked[0][1]), *asked[1:]]
    return items, _SENTENCE_LAYOUTS, "find"


def _names(scribe: Scribe, kind: str, count: int) -> list[str]:
    """Different words for one side of a relation."""
    words = {
        "person": [name for name, _ in passages.NAMES], "object": passages.OBJECTS, "animal": passages.ANIMALS,
        "place": [place.name for place in CATEGORIES["place"]], "food": [food.name for food in CATEGORIES["food"]],
        "job": [job.name for job in CATEGORIES["job"]], "day": DAYS, "colour": SENTENCES["colours"],
    }  # fmt: skip
    return scribe.sample(words[kind], count)


def _answer(kind: str, word: str) -> str:
    if kind in ("person", "colour"):
        return word
    return {"place": f"in the {word}", "day": f"on {word}"}.get(kind, f"the {word}")


def _opposites(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    pairs = [scribe.shuffled(pair) for pair in scribe.sample(OPPOSITES, scribe.choice(range(6, 15)))]
    return [(word, _count(scribe, "opposites", other)) for word, other in pairs], LAYOUTS["one line"], "opposites"


def _sort(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    down = scribe.chance(0.2)
    write: Callable[[int], str] = number_word if scribe.chance(0.15) else str
    highest = scribe.choice((10, 20, 30, 30, 40, 100))
    items = []
    for _ in range(scribe.choice(range(5, 10))):
        numbers = scribe.sample(range(1, highest + 1), scribe.choice((2, 3, 3, 4, 4, 5)))
        given, answer = (", ".join(map(write, row)) for row in (numbers, sorted(numbers, reverse=down)))
        items.append((_count(scribe, "sort", given), _count(scribe, "sort", answer)))
    return items, LAYOUTS["one line"], "sort down" if down else "sort up"


def _counting(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    names = [thing.name for category in ("object", "food", "animal") for thing in CATEGORIES[category]]
    write: Callable[[int], str] = str if scribe.chance(0.2) else number_word
    items = []
    for _ in range(scribe.choice(range(5, 10))):
        things = scribe.sample(names, scribe.choice(range(1, 9)))
        given = _count(scribe, "count", ", ".join(things))
        items.append((given, _count(scribe, "count", write(len(things)))))
    return items, LAYOUTS["one line"], "count"


def _rewriting(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    kind = scribe.choice(("past", "question"))
    items = []
    for _ in range(scribe.choice(range(4, 9))):
        made = tenses.rewriting(scribe)
        items.append((made.present, _count(scribe, kind, getattr(made, kind))))
    return items, [layout for layout in _SENTENCE_LAYOUTS if not layout.endswith(".")], kind


def _topics(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    items = []
    for _ in range(scribe.choice(range(3, 6))):
        topic = scribe.choice(topics.TOPICS)
        items.append((topics.topic_text(scribe, topic), _count(scribe, "topic", topic)))
    return items, LAYOUTS["topics"], "topics"


def _facts(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    asked = scribe.sample(facts.all_facts(), scribe.choice(range(4, 10)))
    items = [(facts.ask(scribe, fact), _count(scribe, "facts", facts.answer_of(fact))) for fact in asked]
    return items, _SENTENCE_LAYOUTS, "facts"


_SHEETS: tuple[tuple[Callable[[Scribe], tuple[list[Item], Sequence[str], str]], int], ...] = (
    (_opinions, 33), (_find, 20), (_pairs, 26), (_opposites, 20), (_sort, 16), (_counting, 13), (_rewriting, 12),
    (_topics, 5),
    (_facts, 8),
)  # fmt: skip


def document(scribe: Scribe) -> str:
    """A sheet of four to fifteen items of one kind, under a heading, some numbered."""
    writer = scribe.random.choices([w for w, _ in _SHEETS], [n for _, n in _SHEETS])[0]
    items, layouts, kind = writer(scribe)
    layout = scribe.choice(layouts)
    lines = [_frame(scribe, layout, item) for item in items]
    if scribe.chance(0.2):
        lines = [f"{i}. {line}" for i, line in enumerate(lines, 1)]
    gap = "\n\n" if "\n" in layout or scribe.chance(0.2) else "\n"
    if scribe.chance(0.5):
        lines = [capital(line) for line in lines]
    # Always with a heading: a story that begins like an item must not go on as a sheet.
    return gap.join([scribe.write(HEADINGS[kind]), *lines])
