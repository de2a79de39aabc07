"""Instructions with ground truth: eight families of tasks, made from the small world.

The train and the held-out part share neither entities (animals, names, products, words, ...) nor phrasings: of every
table, each fourth entry is held out (``grammar.part_of``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from course_utils.world import facts, lexicon, passages, reviews, stories, tenses, topics
from course_utils.world.grammar import Scribe, part_of

PARTS = ("train", "heldout")


@dataclasses.dataclass(frozen=True)
class Example:
    """One instruction. ``required`` holds the words that a story must have; other answers are exact."""

    task: str
    prompt: str
    answer: str
    required: tuple[str, ...] = ()


SENTIMENT = (
    "Is this review positive or negative?\n{text}",
    "{text}\nIs this review positive or negative?",
    "Read the review and say whether it is positive or negative.\n{text}",
    "Was the writer of this review happy? Answer positive or negative.\n{text}",
    "What is the sentiment of this review, positive or negative? {text}",
    "{text}\nWhat is the sentiment of this review?",
    "Here is a review: {text} Is it positive or negative?",
    "Which one is it, a positive or a negative review?\n{text}",
    "Give the sentiment of the review in one word.\n{text}",
    "Is the writer of this review pleased (positive) or not (negative)?\n{text}",
    "Review: {text}\nSentiment, positive or negative?",
    "{text}\nPositive or negative?",
    "Tell me if the review is positive or negative: {text}",
    "Decide whether this review is positive or negative.\n{text}",
    "Positive or negative? Here is what someone wrote: {text}",
    "A customer wrote this review. Is it positive or negative?\n{text}",
)
STORY = (
    "Write a story about {animal:a} named {name}, {object:a} and the {place}.",
    "Tell me a story about {name} the {animal}. It should have {object:a} and the {place} in it.",
    "Write a short story. The hero is {animal:a} called {name}. Use {object:a} and the {place}.",
    "Please tell a story in which {animal:a} named {name} has something to do with {object:a} at the {place}.",
    "Make up a story with {animal:a} named {name}, {object:a} and the {place}.",
    "I would like a story about {animal:a}. The name is {name}. There should be {object:a} and the {place}.",
    "Tell a little story about {object:a}, the {place} and {animal:a} called {name}.",
    "Can you invent a story for children about {name} the {animal}, {object:a} and the {place}?",
    "Write a story with these things: {name} the {animal}, {object:a}, the {place}.",
    "A story, please: {animal:a} called {name}, the {place}, {object:a}.",
    "Write a tale for my child about {name}, who is {animal:a}, with {object:a} at the {place}.",
    "Write a few sentences about {animal:a} named {name}. Put {object:a} and the {place} into the story.",
)
OPPOSITE = (
    "What is the opposite of {word}?",
    "Give the opposite of {word}.",
    "Which word means the opposite of {word}?",
    "Tell me the opposite of the word {word}.",
    "I say {word}. What is the opposite?",
    'What is the opposite of "{word}"?',
    "Name the opposite of {word}.",
    "Write the opposite of this word: {word}",
    "The opposite of {word} is what?",
    "Opposite of {word}?",
    "Find a word that is the opposite of {word}.",
    "Say the opposite: {word}",
)
FACT = (
    "{text}",
    "{text} Answer in a few words.",
    "Answer this question: {text}",
    "Please tell me the answer: {text}",
    "{text}",
    "A question about the world: {text}",
    "Give a short answer. {text}",
    "I have a question for you. {text}",
)
FIND = (
    "{text}\n{question}",
    "Read the text and answer the question.\n{text}\n{question}",
    "{question}\n{text}",
    "Text: {text}\nQuestion: {question}",
    "Answer from the text. {text} {question}",
    "Find the answer in this text: {text}\n{question}",
    "{text} {question}",
    "Here is a short text. {text}\nNow answer this: {question}",
)
SORT = (
    "Sort these numbers from small to large: {items}",
    "Put these numbers in order, the smallest first: {items}",
    "Order the numbers {items} from small to large.",
    "Write these numbers from the smallest to the largest: {items}",
    "Here are some numbers: {items}. Sort them.",
    "Sort the list: {items}",
    "Arrange {items} from the smallest number to the largest.",
    "Bring these numbers into order, smallest first: {items}",
)
COUNT = (
    "How many things are in this list: {items}?",
    "Count the things: {items}",
    "How many things do you see here? {items}",
    "Count the things in this list and say how many there are: {items}",
    "{items:C}. How many things is that?",
    "In my bag are these things: {items}. How many are they?",
    "List: {items}\nHow many things are in the list?",
    "How many things did I name? {items}",
)
PAST = (
    "Write this sentence in the past tense: {text}",
    "Put this into the past: {text}",
    "Change the sentence to the past tense.\n{text}",
    "How do you say this about yesterday? {text}",
    "{text}\nRewrite this in the past tense.",
    "Say this in the past tense: {text}",
    "Turn the sentence into the past tense: {text}",
    "Rewrite the sentence so that it tells of the past: {text}",
)
QUESTION = (
    "Turn this sentence into a question: {text}",
    "Make a question out of this: {text}",
    "Rewrite this as a question.\n{text}",
    "Change the sentence into a yes or no question: {text}",
    "{text}\nMake this a question.",
    "Write this sentence as a question: {text}",
    "Ask this as a question: {text}",
    "How do you ask that? Make a question of this sentence: {text}",
)
TOPIC = (
    "Is this text about animals, food, sport or weather?\n{text}",
    "{text}\nWhat is this text about: animals, food, sport or weather?",
    "Which topic fits this text: weather, sport, food or animals? {text}",
    "Put the text in one of these topics: food, animals, weather, sport.\n{text}",
    "What is the topic, sport, weather, animals or food?\n{text}",
    "Topics: animals, food, sport, weather. Which one is this text about?\n{text}",
    "{text}\nTopic (animals, food, sport or weather)?",
    "Say what the text is about: sport, food, weather or animals.\n{text}",
)


def _sentiment(scribe: Scribe, part: str) -> Example:
    review = reviews.review(scribe, part=part)
    return Example("sentiment", scribe.write(part_of(SENTIMENT, part), text=review.text), review.label)


def _story(scribe: Scribe, part: str) -> Example:
    story = stories.story(scribe, part=part, length="short")
    slots = {"name": story.name, "animal": story.animal, "object": story.object, "place": story.place}
    return Example("story", scribe.write(part_of(STORY, part), **slots), story.text, tuple(slots.values()))


def _facts_of(part: str) -> list[facts.Fact]:
    entities = {
        (category, thing.name) for category, things in lexicon.CATEGORIES.items() for thing in part_of(things, part)
    }
    return [fact for fact in facts.all_facts() if (fact.category, fact.entity) in entities]


def _fact(scribe: Scribe, part: str) -> Example:
    fact = scribe.choice(_FACTS[part])
    question = scribe.write(part_of(facts.QUESTIONS[fact.category, fact.attribute], part), entity=fact.entity)
    return Example("facts", scribe.write(part_of(FACT, part), text=question), facts.answer_of(fact))


def _opposite(scribe: Scribe, part: str) -> Example:
    pair = scribe.shuffled(scribe.choice(part_of(lexicon.OPPOSITES, part)))
    return Example("opposites", scribe.write(part_of(OPPOSITE, part), word=pair[0]), pair[1])


def _find(scribe: Scribe, part: str) -> Example:
    passage = passages.passage(scribe, part=part)
    _, question, answer = scribe.choice(passage.questions)
    return Example("find", scribe.write(part_of(FIND, part), text=passage.text, question=question), answer)


def _list(scribe: Scribe, part: str) -> Example:
    if scribe.chance(0.5):
        numbers = scribe.sample(range(1, 31), scribe.choice((3, 4)))
        # A fixed third of all number sets is held out, whatever their order.
        while (sum(sorted(numbers)) % 3 == 0) != (part == "heldout"):
            numbers = scribe.sample(range(1, 31), len(numbers))
        asked = scribe.write(part_of(SORT, part), items=", ".join(map(str, numbers)))
        return Example("lists", asked, ", ".join(map(str, sorted(numbers))))
    names = [thing.name for thing in part_of(lexicon.OBJECTS, part)]
    items = scribe.sample(names, scribe.choice(range(2, 8)))
    asked = scribe.write(part_of(COUNT, part), items=", ".join(items))
    return Example("lists", asked, lexicon.number_word(len(items)))


def _rewrite(scribe: Scribe, part: str) -> Example:
    rewriting = tenses.rewriting(scribe, part=part)
    if scribe.chance(0.5):
        return Example("rewrite", scribe.write(part_of(PAST, part), text=rewriting.present), rewriting.past)
    return Example("rewrite", scribe.write(part_of(QUESTION, part), text=rewriting.present), rewriting.question)


def _topic(scribe: Scribe, part: str) -> Example:
    topic = scribe.choice(topics.TOPICS)
    text = topics.topic_text(scribe, topic, part=part)
    return Example("topic", scribe.write(part_of(TOPIC, part), text=text), topic)


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


def examples(part: str, rows: int, seed: int = 0) -> list[Example]:
    """``rows`` different examples of one part, in mixed order.

    In the held-out part the families stand in equal numbers, in the part to train on in those of ``TRAINING``.

    Raises:
        ValueError: if ``part`` is neither ``"train"`` nor ``"heldout"``, or ``rows`` is not positive.
    """
    if part not in PARTS:
        raise ValueError(f"part is 'train' or 'heldout', not {part!r}")
    if rows < 1:
        raise ValueError(f"rows = {rows}: ask for at least one row")
    scribe = Scribe(f"tasks:{part}:{seed}")
    makers = [make for task, make in FAMILIES.items() for _ in range(TRAINING[task] if part == "train" else 1)]
    made: dict[str, Example] = {}
    tries = 0
    while len(made) < rows:
        example = makers[tries % len(makers)](scribe, part)
        made.setdefault(example.prompt, example)
        tries += 1
    return scribe.shuffled(list(made.values()))


def sentiment_prompts(texts: Sequence[str], part: str, seed: int = 0) -> list[str]:
    """The question for the sentiment of each of ``texts``, in phrasings of one part."""
    scribe = Scribe(f"sentiment:{part}:{seed}")
    return [scribe.write(part_of(SENTIMENT, part), text=text) for text in texts]
