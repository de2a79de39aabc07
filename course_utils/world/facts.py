"""True facts about the small world, the ways to state and to ask them, and the factual half of the pretraining text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import NamedTuple

from course_utils.world.grammar import Scribe, capital, fill, plural
from course_utils.world.lexicon import CATEGORIES, DAYS, MONTHS, NAMES, OPPOSITES, ORDINALS, SEASONS, number_word
from course_utils.world.tables import phrases, rows


@dataclass(frozen=True)
class Fact:
    """One attribute of one entity; ``answer`` is the word as the lexicon has it, for the statements' {answer}."""

    entity: str
    category: str
    attribute: str
    answer: str


@cache
def all_facts() -> tuple[Fact, ...]:
    """Every fact of the lexicon, in its order."""
    return tuple(
        fact for category in CATEGORIES for thing in CATEGORIES[category] for fact in facts_of(category, thing)
    )


def facts_of(category: str, thing: object) -> list[Fact]:
    """The facts about one entry of the lexicon."""
    names = [field.name for field in fields(thing) if field.name not in ("name", "at")]
    return [Fact(thing.name, category, name, getattr(thing, name)) for name in names if getattr(thing, name)]


class Verdict(NamedTuple):
    """A question after a claim, and what is answered if the claim is right and if it is wrong."""

    question: str
    right: str
    wrong: str


class CalendarFact(NamedTuple):
    question: str
    answer: str
    sentence: str


# By category and attribute: ways to state a fact, to ask for it, to speak of it when its entity has been named, ...
STATEMENTS = phrases("facts/statements.txt")
QUESTIONS = phrases("facts/questions.txt")
FOLLOW_UPS = phrases("facts/sentences.txt", "follow-ups")
RIDDLE_CLUES = phrases("facts/sentences.txt", "riddles")
BOTH = phrases("facts/sentences.txt", "alike")
DIFFERENT = phrases("facts/sentences.txt", "different")
YES_NO = phrases("facts/sentences.txt", "yes or no")
CLAIMS = phrases("facts/sentences.txt", "claims")
SORTED_BY = phrases("facts/sentences.txt", "groups")
EXCLUSIVE = phrases("facts/exclusive.txt")  # by attribute and what it is an attribute of

QUIZ = phrases("facts/quiz.txt")  # questions and answers of every other kind
TALK = phrases("facts/talk.txt")  # what stands around them
VERDICTS = {verdict.question: verdict for verdict in rows("facts/true_or_false.csv", Verdict)}
CALENDAR_FACTS = rows("facts/calendar.csv", CalendarFact)

# How the short answer is written where it is not the bare word of the lexicon.
ANSWER_FORMS: dict[tuple[str, str], str] = {
    ("animal", "kind"): "{answer:a}",
    ("animal", "young"): "{answer:a}",
    ("food", "kind"): "{answer:a}",
    ("job", "work"): "to {answer}",
    ("place", "activity"): "to {answer}",
    ("place", "worker"): "{answer:a}",
    ("object", "kind"): "{answer:a}",
    ("object", "use"): "to {answer}",
    ("stuff", "kind"): "{answer:a}",
    ("stuff", "state"): "{answer:a}",
}


def answer_of(fact: Fact) -> str:
    """The short answer to a question about ``fact``, without a full stop: "a bird", "in the forest", "none"."""
    if fact.answer == "no":
        return "none"
    return fill(ANSWER_FORMS.get((fact.category, fact.attribute), "{answer}"), answer=fact.answer)


WORDS_OF_A_DOCUMENT = (45, 125)  # every document's target lies between these; one more block may go past it
Question = tuple[str, str, str]  # the question, its short answer without a full stop, and its answer as a sentence


def _words(text: str) -> int:
    return len(text.split())


def list_of(items: Sequence[str]) -> str:
    """The items as a list inside a sentence: "a cup, a hat and a pen"."""
    *front, last = items
    return f"{', '.join(front)} and {last}" if front else last


def with_articles(names: Sequence[str]) -> list[str]:
    """Each name with its indefinite article."""
    return [fill("{name:a}", name=name) for name in names]


def kinds_of(kind: str) -> str:
    """The plural of a kind, also of one such as "piece of clothing"."""
    head, of, rest = kind.partition(" of ")
    return plural(head) + of + rest


def people(scribe: Scribe) -> dict[str, str]:
    """Two different people as slots: {name} and {other}, and {they}, {them}, {their} for the first one."""
    (name, they), (other, _) = scribe.sample(NAMES, 2)
    them, their = ("her", "her") if they == "she" else ("him", "his")
    return {"name": name, "other": other, "they": they, "them": them, "their": their}


def state(scribe: Scribe, fact: Fact) -> str:
    """A sentence that states ``fact`` and names its entity."""
    return scribe.write(STATEMENTS[fact.category, fact.attribute], entity=fact.entity, answer=fact.answer)


def follow(scribe: Scribe, fact: Fact) -> str:
    """A sentence that states ``fact`` of an entity already named."""
    return scribe.write(FOLLOW_UPS[fact.category, fact.attribute], entity=fact.entity, answer=fact.answer)


def ask(scribe: Scribe, fact: Fact) -> str:
    """A question about ``fact``."""
    return scribe.write(QUESTIONS[fact.category, fact.attribute], entity=fact.entity)


@cache
def _singular(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns after which the entity can be called "it"."""
    return tuple(pattern for pattern in patterns if "{entity:s}" not in pattern and "{entity:S}" not in pattern)


def question_about(scribe: Scribe, fact: Fact) -> Question:
    """A question about ``fact`` with its short answer and its answer as a sentence."""
    if scribe.chance(0.6):
        question = scribe.write(_singular(QUESTIONS[fact.category, fact.attribute]), entity=fact.entity)
        return question, answer_of(fact), follow(scribe, fact)
    # The first two statements are the plainest, as an answer should be.
    plain = STATEMENTS[fact.category, fact.attribute][:2]
    return ask(scribe, fact), answer_of(fact), scribe.write(plain, entity=fact.entity, answer=fact.answer)


def _of_some_category(scribe: Scribe, categories: Sequence[str] = tuple(CATEGORIES)) -> tuple[str, object]:
    """A category and an entry of it; categories with more entries come more often."""
    return scribe.choice([(category, thing) for category in categories for thing in CATEGORIES[category]])


@cache
def _entities_by(category: str, attribute: str) -> dict[str, list[str]]:
    """The entities of a category under each answer to one attribute."""
    groups: dict[str, list[str]] = {}
    for fact in all_facts():
        if (fact.category, fact.attribute) == (category, attribute):
            groups.setdefault(fact.answer, []).append(fact.entity)
    return groups


def _fact_question(scribe: Scribe) -> Question:
    return question_about(scribe, scribe.choice(all_facts()))


@cache
def _claimable_facts() -> tuple[Fact, ...]:
    """The facts that a wrong answer can be given to."""
    return tuple(f for f in all_facts() if (f.category, f.attribute) in YES_NO and _rivals(f.attribute, f.answer))


def _rivals(attribute: str, answer: str) -> list[str]:
    """The answers that ``answer`` excludes."""
    row = next((row for (name, _), row in EXCLUSIVE.items() if name == attribute and answer in row), ())
    return [rival for rival in row if rival != answer]


def _claimed_answer(scribe: Scribe, fact: Fact) -> str:
    """The answer of ``fact`` or, half of the time, a wrong one."""
    if scribe.chance(0.5):
        return fact.answer
    return scribe.choice([rival for rival in _rivals(fact.attribute, fact.answer) if rival != "no"])


def _yes_no_question(scribe: Scribe) -> Question:
    fact = scribe.choice(_claimable_facts())
    answer = _claimed_answer(scribe, fact)
    right = answer == fact.answer
    question = scribe.write(YES_NO[fact.category, fact.attribute], entity=fact.entity, answer=answer)
    truth = scribe.write(CLAIMS[fact.category, fact.attribute], entity=fact.entity, answer=fact.answer)
    sentence = scribe.write(QUIZ["yes" if right else "no"]) + " " + truth
    return question, "yes" if right else "no", sentence


def _opposite_question(scribe: Scribe) -> Question:
    word, other = scribe.shuffled(scribe.choice(OPPOSITES))
    question = scribe.write(QUIZ["opposite questions"], word=word)
    return question, other, scribe.write(QUIZ["opposite answers"], word=word, other=other)


def _cycle(scribe: Scribe) -> tuple[str, Sequence[str]]:
    return scribe.choice((("day", DAYS), ("day", DAYS), ("month", MONTHS), ("month", MONTHS), ("season", SEASONS)))


def _calendar_question(scribe: Scribe) -> Question:
    unit, names = _cycle(scribe)
    i = scribe.choice(range(len(names)))
    word, after, before = names[i], names[(i + 1) % len(names)], names[i - 1]
    kind = scribe.choice(("next", "before", "today", "place", "fact"))
    if kind == "next":
        question = scribe.write(QUIZ["next questions"], word=word, unit=unit)
        return question, after, scribe.write(QUIZ["after answers"], word=word, next=after)
    if kind == "before":
        question = scribe.write(QUIZ["before questions"], word=word, unit=unit)
        return question, before, scribe.write(QUIZ["before answers"], word=before, next=word)
    if kind == "today":
        today = scribe.choice(range(7))
        tomorrow = scribe.chance(0.5)
        question = scribe.write(QUIZ["day questions" if tomorrow else "yesterday questions"], today=DAYS[today])
        answer = DAYS[(today + 1) % 7] if tomorrow else DAYS[today - 1]
        if tomorrow:
            return question, answer, scribe.write(QUIZ["after answers"], word=DAYS[today], next=answer)
        return question, answer, scribe.write(QUIZ["before answers"], word=answer, next=DAYS[today])
    if kind == "place":
        month = scribe.choice(range(len(ORDINALS)))
        question = scribe.write(QUIZ["month place questions"], ordinal=ORDINALS[month])
        return question, MONTHS[month], scribe.write(QUIZ["month places"], month=MONTHS[month], ordinal=ORDINALS[month])
    question, answer, sentence = scribe.choice(CALENDAR_FACTS)
    return scribe.write((question,)), answer, scribe.write((sentence,))


def _sum(scribe: Scribe, in_words: bool) -> dict[str, str]:
    c = scribe.choice(range(2, 21))
    a = scribe.choice(range(1, c))
    return {key: number_word(n) if in_words else str(n) for key, n in (("a", a), ("b", c - a), ("c", c))}


def _sum_question(scribe: Scribe) -> Question:
    in_words = scribe.chance(0.5)
    numbers = _sum(scribe, in_words)
    if scribe.chance(0.35):
        questions = (
            QUIZ["taking questions"] if not in_words else [q for q in QUIZ["taking questions"] if " - " not in q]
        )
        sentences = QUIZ["takings"] if not in_words else [s for s in QUIZ["takings"] if " - " not in s]
        question, sentence = scribe.write(questions, **numbers), scribe.write(sentences, **numbers)
        return capital(question), numbers["a"], capital(sentence)
    questions = QUIZ["sum questions"] if not in_words else [q for q in QUIZ["sum questions"] if "+" not in q]
    question = scribe.write(questions, **numbers)
    return (
        capital(question),
        numbers["c"],
        capital(scribe.write(QUIZ["word sums" if in_words else "sums"], **numbers)),
    )


def _number_row(scribe: Scribe) -> list[int]:
    return scribe.sample(range(scribe.choice((11, 21, 51, 100))), scribe.choice((3, 3, 4, 4, 5)))


def _order_question(scribe: Scribe) -> Question:
    numbers = _number_row(scribe)
    write = number_word if scribe.chance(0.4) else str
    row = list_of([write(n) for n in numbers])
    kind = scribe.choice(("up", "down", "largest", "smallest", "next"))
    if kind in ("up", "down"):
        in_order = [write(n) for n in sorted(numbers, reverse=kind == "down")]
        questions, sentences = (
            (QUIZ["sort up questions"], QUIZ["small to large"])
            if kind == "up"
            else (QUIZ["sort down questions"], QUIZ["large to small"])
        )
        sentence = scribe.write(sentences, row=row, sorted=list_of(in_order), **people(scribe))
        return scribe.write(questions, row=row), ", ".join(in_order), sentence
    if kind == "next":
        question = scribe.write(QUIZ["next numbers"], number=write(numbers[0]))
        bigger = scribe.write(QUIZ["bigger numbers"], small=write(numbers[0]), large=write(numbers[0] + 1))
        return question, write(numbers[0] + 1), capital(bigger)
    largest = kind == "largest"
    answer = write(max(numbers) if largest else min(numbers))
    question = scribe.write(QUIZ["largest questions" if largest else "smallest questions"], row=row)
    return (
        question,
        answer,
        capital(scribe.write(QUIZ["largest answers" if largest else "smallest answers"], number=answer)),
    )


def _kinds(scribe: Scribe) -> tuple[str, str, list[str]]:
    """A category, one of its kinds with at least four members, and four of them."""
    category = scribe.choice(("animal", "animal", "food", "object", "object"))
    groups = _entities_by(category, "kind")
    kind = scribe.choice([kind for kind, members in groups.items() if len(members) >= 4 and kind in _clear_kinds()])
    return category, kind, scribe.sample(groups[kind], 4)


@cache
def _clear_kinds() -> frozenset[str]:
    """The kinds that exclude each other."""
    return frozenset(kind for (name, _), row in EXCLUSIVE.items() if name == "kind" for kind in row)


def _odd_one_out(scribe: Scribe) -> Question:
    category, kind, members = _kinds(scribe)
    second = scribe.choice(_rivals("kind", kind))
    odd = scribe.choice(_entities_by(category, "kind")[second])
    names = list_of(with_articles(scribe.shuffled([*members[:3], odd])))
    question = capital(scribe.write(QUIZ["odd questions"], row=names))
    reason = scribe.write(QUIZ["odd reasons"], entity=odd, answer=kind, second=second, kinds=kinds_of(kind))
    return question, f"the {odd}", f"The {odd}. {reason}"


def _shared_kind_question(scribe: Scribe) -> Question:
    _, kind, members = _kinds(scribe)
    row = list_of([plural(name) for name in members[:3]])
    question = scribe.write(QUIZ["shared questions"], row=row)
    return question, kinds_of(kind), scribe.write(QUIZ["shared answers"], kinds=kinds_of(kind))


# The share of each kind of question wherever questions are mixed.
_QUESTION_WRITERS: tuple[tuple[Callable[[Scribe], Question], int], ...] = (
    (_fact_question, 52), (_yes_no_question, 10), (_opposite_question, 10), (_calendar_question, 6),
    (_sum_question, 6), (_order_question, 5), (_odd_one_out, 6), (_shared_kind_question, 5),
)  # fmt: skip


def question_pair(scribe: Scribe) -> Question:
    """A question of any kind with its short answer and its answer as a sentence."""
    writer = scribe.random.choices([w for w, _ in _QUESTION_WRITERS], [n for _, n in _QUESTION_WRITERS])[0]
    return writer(scribe)


def _answer_text(scribe: Scribe, question: Question) -> str:
    """The answer as it stands after its question: mostly the short one."""
    _, short, sentence = question
    roll = scribe.random.random()
    if roll < 0.35:
        return sentence
    if roll < 0.54:
        return scribe.write(("{answer:C}.",), answer=short)
    if roll < 0.74:
        return scribe.write(("{answer:C}",), answer=short)
    return scribe.write(QUIZ["short answers"], answer=short)


def _lay_out(scribe: Scribe, questions: Sequence[Question]) -> str:
    """Questions with their answers, all in one layout."""
    pairs = [(question[0], _answer_text(scribe, question)) for question in questions]
    layout = scribe.choice(("line", "line", "next", "next", "next", "blank", "dash", "number", "prose"))
    if layout == "line":
        return "\n".join(f"{question} {answer}" for question, answer in pairs)
    if layout == "next":
        gap = scribe.choice(("\n", "\n\n"))
        return gap.join(f"{question}\n{answer}" for question, answer in pairs)
    if layout == "blank":
        return "\n\n".join(f"{question}\n\n{answer}" for question, answer in pairs)
    if layout == "dash":
        return "\n".join(f"{question} - {answer}" for question, answer in pairs)
    if layout == "number":
        return "\n".join(f"{i}. {question} {answer}" for i, (question, answer) in enumerate(pairs, 1))
    return " ".join(f"{q} {a if a[-1] in '.!' else a + '.'}" for q, a in pairs)


def _topic(category: str, thing: object) -> str:
    return thing.name if category == "stuff" else fill("the {name}", name=thing.name)


def _paragraph(scribe: Scribe, category: str, thing: object) -> str:
    """Several facts about one entity: the first names it, the others mostly say "it"."""
    facts = facts_of(category, thing)
    facts = scribe.sample(facts, min(len(facts), scribe.choice((3, 4, 5, 6))))
    if facts[0].attribute != "kind" and scribe.chance(0.5):
        facts.sort(key=lambda fact: fact.attribute != "kind")
    sentences = []
    for fact in facts:
        if sentences and scribe.chance(0.7):
            sentences.append(follow(scribe, fact))
        else:
            patterns = _singular(STATEMENTS[category, fact.attribute])
            sentences.append(scribe.write(patterns, entity=fact.entity, answer=fact.answer))
    if scribe.chance(0.4):
        slots = {"topic": _topic(category, thing), "day": scribe.choice(DAYS), **people(scribe)}
        sentences.insert(0, scribe.write(TALK["lesson openings"], **slots))
    return " ".join(sentences)


def _about(scribe: Scribe) -> str:
    return _paragraph(scribe, *_of_some_category(scribe))


def _reading(scribe: Scribe) -> str:
    """A paragraph about one entity, then questions on it."""
    category, thing = _of_some_category(scribe)
    text = _paragraph(scribe, category, thing)
    facts = facts_of(category, thing)
    facts = scribe.sample(facts, min(len(facts), scribe.choice((1, 2, 3))))
    questions = [question_about(scribe, fact) for fact in facts]
    return text + scribe.choice(("\n", "\n\n", "\n\n")) + _lay_out(scribe, questions)


def _comparison(scribe: Scribe) -> str:
    category = scribe.choice(("animal", "animal", "food", "job", "place", "object"))
    first, second = scribe.sample(CATEGORIES[category], 2)
    slots = {"entity": first.name, "other": second.name}
    sentences = []
    for attribute in (fact.attribute for fact in facts_of(category, first)):
        answer, other = getattr(first, attribute), getattr(second, attribute)
        patterns = (BOTH if answer == other else DIFFERENT).get((category, attribute))
        if other is not None and patterns:
            sentences.append(scribe.write(patterns, answer=answer, second=other, **slots))
    sentences = scribe.shuffled(sentences)[:5]
    pair = people(scribe)
    opening = scribe.write(TALK["comparison openings"], name=pair["name"], other_name=pair["other"], **slots)
    return " ".join([opening, *sentences])


def _speech(scribe: Scribe, text: str, tags: Sequence[str], **names: str) -> str:
    """``text`` in quotes and who says it; the tag may stand before it as a sentence of its own."""
    if text.endswith("."):
        text = text[:-1] + ","
    return f'"{text}" ' + scribe.write(tags, **names)


def _dialogue(scribe: Scribe) -> str:
    """One person asks, the other answers."""
    pair = people(scribe)
    back = {"name": pair["other"], "other": pair["name"]}
    lines = [scribe.write(TALK["settings"], **pair)]
    for turn in range(scribe.choice((1, 2, 2, 3))):
        question, short, sentence = question_pair(scribe)
        if turn:
            lines.append(scribe.write(TALK["asked again"], **pair))
        lines.append(_speech(scribe, question, TALK["asked"], **pair))
        answer = sentence if scribe.chance(0.4) else capital(short) + "."
        lines.append(_speech(scribe, answer, TALK["said"], **back))
    lines.append(scribe.write(TALK["closings"], **pair))
    return scribe.choice((" ", " ", "\n")).join(lines)


def _questions(scribe: Scribe) -> str:
    """A few mixed questions with their answers, with or without an opening line."""
    text = _lay_out(scribe, [question_pair(scribe) for _ in range(scribe.choice((2, 3, 4, 5)))])
    if scribe.chance(0.3):
        text = scribe.write(TALK["quiz openings"], day=scribe.choice(DAYS), **people(scribe)) + "\n" + text
    return text


def _riddle(scribe: Scribe) -> str:
    """Clues that fit one entity of its category only, and the answer."""
    while True:
        category, thing = _of_some_category(scribe, ("animal", "food", "job", "object"))
        facts = facts_of(category, thing)
        facts = scribe.sample(facts, min(len(facts), scribe.choice((3, 4, 5))))
        fitting = [t for t in CATEGORIES[category] if all(getattr(t, fact.attribute) == fact.answer for fact in facts)]
        if len(fitting) == 1:
            break
    lines = [scribe.write(RIDDLE_CLUES[category, fact.attribute], answer=fact.answer) for fact in facts]
    if scribe.chance(0.4):
        lines.insert(0, scribe.write(TALK["riddle openings"], **people(scribe)))
    lines.append(scribe.write(TALK["riddle ends"]))
    return " ".join(lines) + scribe.choice((" ", "\n", "\n")) + scribe.write(TALK["riddle answers"], entity=thing.name)


def _opposites(scribe: Scribe) -> str:
    lines = []
    for word, other in scribe.sample(OPPOSITES, scribe.choice((2, 3, 4))):
        word, other = scribe.shuffled((word, other))
        lines.append(scribe.write(QUIZ["opposite statements"], word=word, other=other))
    questions = [_opposite_question(scribe) for _ in range(scribe.choice((0, 1, 2, 3)))]
    return " ".join(lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _calendar(scribe: Scribe) -> str:
    lines = []
    for _ in range(scribe.choice((2, 3))):
        _, names = _cycle(scribe)
        i = scribe.choice(range(len(names)))
        lines.append(scribe.write(QUIZ["next statements"], word=names[i], next=names[(i + 1) % len(names)]))
    today = scribe.choice(range(7))
    days = {"today": DAYS[today], "tomorrow": DAYS[(today + 1) % 7], "yesterday": DAYS[today - 1]}
    lines.append(scribe.write(QUIZ["day scenes"], **days, **people(scribe)))
    questions = [_calendar_question(scribe) for _ in range(scribe.choice((0, 1, 2)))]
    return " ".join(capital(line) for line in lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _counting(scribe: Scribe) -> str:
    """Counting up and down, and putting numbers in order."""
    write = number_word if scribe.chance(0.5) else str
    lines = []
    for _ in range(scribe.choice((2, 3))):
        start, length = scribe.choice(range(1, 40)), scribe.choice(range(4, 10))
        numbers = list(range(start, start + length))
        up = scribe.chance(0.6)
        names = [write(n) for n in (numbers if up else numbers[::-1])]
        slots = {"first": names[0], "last": names[-1], "row": ", ".join(names)}
        lines.append(scribe.write(QUIZ["counting up" if up else "counting down"], **slots, **people(scribe)))
        row = _number_row(scribe)
        up = scribe.chance(0.5)
        slots = {"row": list_of([write(n) for n in row])}
        slots["sorted"] = list_of([write(n) for n in sorted(row, reverse=not up)])
        lines.append(scribe.write(QUIZ["small to large" if up else "large to small"], **slots, **people(scribe)))
    questions = [_order_question(scribe) for _ in range(scribe.choice((0, 1, 2)))]
    return scribe.choice((" ", "\n")).join(lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _sums(scribe: Scribe) -> str:
    """Sums up to twenty in digits, in words and in small stories."""
    in_words = scribe.chance(0.5)
    lines = []
    for _ in range(scribe.choice((3, 4, 5))):
        numbers = _sum(scribe, in_words)
        lines.append(
            capital(scribe.write(QUIZ["word sums"] if in_words else (*QUIZ["sums"], *QUIZ["takings"]), **numbers))
        )
    a, b = scribe.choice(range(2, 10)), scribe.choice(range(2, 10))
    numbers = {"a": number_word(a), "b": number_word(b), "c": number_word(a + b)}
    story = QUIZ["stories of more"] if scribe.chance(0.5) else QUIZ["stories of less"]
    lines.append(scribe.write(story, things=scribe.choice(QUIZ["count things"]), **numbers, **people(scribe)))
    questions = [_sum_question(scribe) for _ in range(scribe.choice((0, 1, 2, 3)))]
    return "\n".join(lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _classes(scribe: Scribe) -> str:
    """Things that share an answer, then a question on such things."""
    lines = []
    for _ in range(scribe.choice((2, 3))):
        category, attribute = scribe.choice(list(SORTED_BY))
        groups = {answer: names for answer, names in _entities_by(category, attribute).items() if len(names) >= 3}
        answer = scribe.choice(list(groups))
        names = scribe.sample(groups[answer], min(len(groups[answer]), scribe.choice((3, 3, 4, 5))))
        row = list_of([plural(name) for name in names])
        lines.append(scribe.write(SORTED_BY[category, attribute], row=row, answer=answer, kinds=kinds_of(answer)))
    writers = scribe.sample((_odd_one_out, _shared_kind_question, _odd_one_out), scribe.choice((0, 1, 2)))
    questions = [writer(scribe) for writer in writers]
    text = " ".join(capital(line) if line[-1] == "." else capital(line) + "." for line in lines)
    return text + ("\n" + _lay_out(scribe, questions) if questions else "")


def _things_in_a_box(scribe: Scribe) -> str:
    """A list of things, then questions on how many there are and which is which."""
    pool = [(thing.name, thing.kind) for category in ("object", "food") for thing in CATEGORIES[category]
            if thing.kind not in ("vehicle", "piece of furniture", "machine", "shelter")
            and thing.name not in ("piano", "ladder")]  # fmt: skip
    things = scribe.sample(pool, scribe.choice((2, 3, 3, 4, 4, 5, 6)))
    box, count = scribe.choice(QUIZ["boxes"]), number_word(len(things))
    row = list_of(with_articles([name for name, _ in things]))
    opening = capital(scribe.write(QUIZ["list openings"], box=box, count=count, row=row, **people(scribe)))
    questions: list[Question] = []
    if scribe.chance(0.7):
        question = scribe.write(QUIZ["count questions"], box=box)
        questions.append(
            (
                question,
                count,
                scribe.write(("There are {count}.", "{count:C} things.", "I count {count}."), count=count),
            )
        )
    if scribe.chance(0.6):
        i = scribe.choice(range(len(things)))
        question, name = scribe.write(QUIZ["place in list questions"], ordinal=ORDINALS[i]), things[i][0]
        questions.append((question, fill("{name:a}", name=name), fill("It is the {name}.", name=name)))
    lone = [(name, kind) for name, kind in things if kind in _clear_kinds() and [k for _, k in things].count(kind) == 1]
    if lone and scribe.chance(0.6):
        name, kind = scribe.choice(lone)
        question = scribe.write(QUIZ["kind in list questions"], kind=kind)
        questions.append((question, f"the {name}", fill("It is the {name}.", name=name)))
    return opening + ("\n" + _lay_out(scribe, scribe.shuffled(questions)) if questions else "")


def _true_or_false(scribe: Scribe) -> str:
    """Statements, some of them wrong, and whether they are true."""
    lines = []
    for fact in scribe.sample(_claimable_facts(), scribe.choice((3, 4))):
        answer = _claimed_answer(scribe, fact)
        right = answer == fact.answer
        patterns = CLAIMS[fact.category, fact.attribute]
        claim = scribe.write(patterns, entity=fact.entity, answer=answer)
        question = scribe.write(list(VERDICTS))
        verdict = scribe.write((VERDICTS[question].right if right else VERDICTS[question].wrong,))
        truth = [] if right else [scribe.write(patterns, entity=fact.entity, answer=fact.answer)]
        lines.append(" ".join([claim, question, verdict, *truth]))
    return "\n".join(lines)


_DOCUMENT_WRITERS: tuple[tuple[Callable[[Scribe], str], int], ...] = (
    (_about, 22), (_reading, 16), (_comparison, 9), (_dialogue, 18), (_questions, 18), (_riddle, 7), (_opposites, 5),
    (_calendar, 3), (_counting, 4), (_sums, 4), (_classes, 6), (_things_in_a_box, 7), (_true_or_false, 3),
)  # fmt: skip


def document(scribe: Scribe) -> str:
    """One pretraining document of about 40 to 250 words, of one kind throughout."""
    writer = scribe.random.choices([w for w, _ in _DOCUMENT_WRITERS], [n for _, n in _DOCUMENT_WRITERS])[0]
    target = scribe.choice(range(*WORDS_OF_A_DOCUMENT))
    blocks = [writer(scribe)]
    while sum(map(_words, blocks)) < target:
        blocks.append(writer(scribe))
    return "\n\n".join(blocks)
