"""Instructions with ground truth: eight families of tasks, made from the small world.

The train and the held-out part share neither entities (animals, names, products, words, ...) nor phrasings: the files
of words and phrases mark what is held out (``tables.part_of``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from course_utils.errors import CourseError
from course_utils.world import facts, lexicon, passages, reviews, stories, tenses, topics
from course_utils.world.grammar import Scribe, fill
from course_utils.world.tables import part_of, phrases

PARTS = ("train", "heldout")


@dataclasses.dataclass(frozen=True)
class Example:
    """One instruction. ``required`` holds the words that a story must have; other answers are exact."""

    task: str
    prompt: str
    answer: str
    required: tuple[str, ...] = ()


PHRASINGS = phrases("instructions.txt")


def _sentiment(scribe: Scribe, part: str) -> Example:
    review = reviews.review(scribe, part=part)
    return Example("sentiment", scribe.write(part_of(PHRASINGS["sentiment"], part), text=review.text), review.label)


def _story(scribe: Scribe, part: str) -> Example:
    story = stories.story(scribe, part=part, length="short")
    slots = {"name": story.name, "animal": story.animal, "object": story.object, "place": story.place}
    return Example("story", scribe.write(part_of(PHRASINGS["story"], part), **slots), story.text, tuple(slots.values()))


def _facts_of(part: str) -> list[facts.Fact]:
    entities = {
        (category, thing.name) for category, things in lexicon.CATEGORIES.items() for thing in part_of(things, part)
    }
    return [fact for fact in facts.all_facts() if (fact.category, fact.entity) in entities]


def _fact(scribe: Scribe, part: str) -> Example:
    fact = scribe.choice(_FACTS[part])
    question = scribe.write(part_of(facts.QUESTIONS[fact.category, fact.attribute], part), entity=fact.entity)
    return Example("facts", scribe.write(part_of(PHRASINGS["facts"], part), text=question), facts.answer_of(fact))


def _opposite(scribe: Scribe, part: str) -> Example:
    pair = scribe.shuffled(scribe.choice(part_of(lexicon.OPPOSITES, part)))
    return Example("opposites", scribe.write(part_of(PHRASINGS["opposites"], part), word=pair[0]), pair[1])


def _find(scribe: Scribe, part: str) -> Example:
    passage = passages.passage(scribe, part=part)
    _, question, answer = scribe.choice(passage.questions)
    return Example("find", scribe.write(part_of(PHRASINGS["find"], part), text=passage.text, question=question), answer)


def _list(scribe: Scribe, part: str) -> Example:
    if scribe.chance(0.5):
        numbers = scribe.sample(range(1, 31), scribe.choice((3, 4)))
        # A fixed third of all number sets is held out, whatever their order.
        while (sum(sorted(numbers)) % 3 == 0) != (part == "heldout"):
            numbers = scribe.sample(range(1, 31), len(numbers))
        asked = scribe.write(part_of(PHRASINGS["sort"], part), items=", ".join(map(str, numbers)))
        return Example("lists", asked, ", ".join(map(str, sorted(numbers))))
    names = [thing.name for thing in part_of(lexicon.CATEGORIES["object"], part)]
    items = scribe.sample(names, scribe.choice(range(2, 8)))
    asked = scribe.write(part_of(PHRASINGS["count"], part), items=", ".join(items))
    return Example("lists", asked, lexicon.number_word(len(items)))


def _rewrite(scribe: Scribe, part: str) -> Example:
    rewriting = tenses.rewriting(scribe, part=part)
    if scribe.chance(0.5):
        return Example(
            "rewrite", scribe.write(part_of(PHRASINGS["past"], part), text=rewriting.present), rewriting.past
        )
    return Example(
        "rewrite", scribe.write(part_of(PHRASINGS["question"], part), text=rewriting.present), rewriting.question
    )


def _topic(scribe: Scribe, part: str) -> Example:
    topic = scribe.choice(topics.TOPICS)
    text = topics.topic_text(scribe, topic, part=part)
    return Example("topic", scribe.write(part_of(PHRASINGS["topic"], part), text=text), topic)


FAMILIES: dict[str, Callable[[Scribe, str], Example]] = {
    "sentiment": _sentiment,
    "story": _story,
    "facts": _fact,
    "opposites": _opposite,
    "find": _find,
    "lists": _list,
    "rewrite": _rewrite,
    "topic": _topic,
}
# How often each stands in the part to train on. Stories are long, and a few dozen teach their form; to tell glad from
# angry in any words, and to find who has what, takes many examples.
TRAINING = {
    "sentiment": 4, "story": 1, "facts": 2, "opposites": 2, "find": 4, "lists": 2, "rewrite": 2, "topic": 1,
}  # fmt: skip
_FACTS = {part: _facts_of(part) for part in PARTS}


def examples(part: str, rows: int, seed: int = 0, balanced: bool = False) -> list[Example]:
    """``rows`` different examples of one part, in mixed order.

    The families take turns, in the part to train on as often as ``TRAINING`` says. Some have few different examples:
    from about a thousand held-out rows on, opposites come to fewer than the others, unless ``balanced``.

    Args:
        part: ``"train"`` or ``"heldout"``.
        rows: how many.
        seed: another seed gives other rows.
        balanced: the same numbers of every family, to within one; of each the first that come in their turns.

    Raises:
        ValueError: if ``part`` is neither ``"train"`` nor ``"heldout"``, or ``rows`` is not positive.
        CourseError: if a family has not so many different examples as ``balanced`` rows would need.
    """
    if part not in PARTS:
        raise ValueError(f"part is 'train' or 'heldout', not {part!r}")
    if rows < 1:
        raise ValueError(f"rows = {rows}: ask for at least one row")
    scribe = Scribe(f"tasks:{part}:{seed}")
    makers = [make for task, make in FAMILIES.items() for _ in range(TRAINING[task] if part == "train" else 1)]
    room = _even_shares(part, rows) if balanced else dict.fromkeys(FAMILIES, rows)
    made: dict[str, Example] = {}
    tries = 0
    while len(made) < rows:
        example = makers[tries % len(makers)](scribe, part)
        tries += 1
        if example.prompt not in made and room[example.task]:
            made[example.prompt] = example
            room[example.task] -= 1
    return scribe.shuffled(list(made.values()))


def _even_shares(part: str, rows: int) -> dict[str, int]:
    """How many of ``rows`` each family gets; the first ones get what is left over."""
    each, over = divmod(rows, len(FAMILIES))
    shares = {task: each + (i < over) for i, task in enumerate(FAMILIES)}
    for task, prompts in _few(part).items():
        if shares[task] > len(prompts):
            most = len(prompts) * len(FAMILIES) + list(FAMILIES).index(task)
            raise CourseError(
                f"{rows} balanced rows take {shares[task]} of {task}, and the {part} part has {len(prompts)}: "
                f"ask for at most {most} rows"
            )
    return shares


def _few(part: str) -> dict[str, set[str]]:
    """All prompts of the families that can run out of them."""
    words = [word for pair in part_of(lexicon.OPPOSITES, part) for word in pair]
    questions = [
        fill(question, entity=fact.entity)
        for fact in _FACTS[part]
        for question in part_of(facts.QUESTIONS[fact.category, fact.attribute], part)
    ]
    return {
        "opposites": {fill(ask, word=word) for ask in part_of(PHRASINGS["opposites"], part) for word in words},
        "facts": {fill(ask, text=question) for ask in part_of(PHRASINGS["facts"], part) for question in questions},
    }


def sentiment_prompts(texts: Sequence[str], part: str, seed: int = 0) -> list[str]:
    """The question for the sentiment of each of ``texts``, in phrasings of one part."""
    scribe = Scribe(f"sentiment:{part}:{seed}")
    return [scribe.write(part_of(PHRASINGS["sentiment"], part), text=text) for text in texts]


def tagged(part: str, rows: int, seed: int = 0) -> list[tuple[str, str]]:
    """``rows`` different short texts of one part, each with its topic; nothing asks for it."""
    scribe = Scribe(f"tagged:{part}:{seed}")
    made: dict[str, str] = {}
    while len(made) < rows:
        topic = topics.TOPICS[len(made) % len(topics.TOPICS)]
        made[topics.topic_text(scribe, topic, part=part)] = topic
    return scribe.shuffled(list(made.items()))
