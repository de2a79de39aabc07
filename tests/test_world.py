"""The generator: the same seed gives the same text, no pattern dominates, and what is held out stays held out."""

import json
import re
from collections import Counter

import pytest

from course_utils import data, world
from course_utils.errors import CourseError
from course_utils.world import documents, facts, lexicon, reviews, stories, tasks
from course_utils.world.grammar import Scribe, article, fill, plural
from course_utils.world.tables import part_of


def test_grammar():
    assert [article(w) for w in ("fox", "owl", "hour", "unicorn", "umbrella")] == ["a", "an", "an", "a", "an"]
    assert [plural(w) for w in ("fox", "berry", "polar bear", "mouse", "toy")] == [
        "foxes", "berries", "polar bears", "mice", "toys"
    ]  # fmt: skip
    assert fill("{x:A} and {y:s}", x="owl", y="fox") == "An owl and foxes"
    with pytest.raises(ValueError, match="no such grammar spec"):
        fill("{x:q}", x="owl")


def test_same_seed_same_text():
    assert [world.document(3, i) for i in range(40)] == [world.document(3, i) for i in range(40)]
    assert [world.document(3, i).text for i in range(40)] != [world.document(4, i).text for i in range(40)]
    assert tasks.examples("train", 60, 1) == tasks.examples("train", 60, 1)
    assert tasks.examples("train", 60, 1) != tasks.examples("train", 60, 2)


def test_every_kind_takes_its_share():
    count = 3000
    kinds = Counter(world.document(0, i).kind for i in range(count))
    assert sum(share for share, _ in documents.SHARES.values()) == pytest.approx(1.0)
    for kind, (share, _) in documents.SHARES.items():
        assert abs(kinds[kind] / count - share) < 4 * (share * (1 - share) / count) ** 0.5, kind


def test_no_pattern_makes_more_than_one_per_cent():
    made = world.pattern_bytes(0, 6000)
    pattern, most = made.most_common(1)[0]
    assert most / made.total() <= 0.01, pattern
    assert len(made) > 3000


def test_the_world_is_rich():
    for category in ("animal", "food", "job", "place", "object"):
        things = lexicon.CATEGORIES[category]
        assert len({thing.name for thing in things}) >= 60, category
        assert min(len(facts.facts_of(category, thing)) for thing in things) >= 3, category
    assert len(reviews.KINDS) >= 40
    words = [word for pair in lexicon.OPPOSITES for word in pair]
    assert len(words) == len(set(words)), "a word with two opposites has no single right answer"


def test_text_is_ascii_and_holds_no_chat_format():
    for i in range(1500):
        text = world.document(1, i).text
        assert text.isascii() and "{" not in text
        assert not re.search(r"<\||\[INST|assistant:|user:", text, re.I)


@pytest.mark.parametrize("part", tasks.PARTS)
def test_examples_carry_their_truth(part):
    examples = tasks.examples(part, 400, 5)
    assert Counter(e.task for e in examples).keys() == tasks.FAMILIES.keys()
    for example in examples:
        assert example.answer and example.answer == example.answer.strip()
        assert all(word in example.answer for word in example.required)
        if example.task == "find":
            assert example.answer in example.prompt
        if example.task == "topic":
            assert example.answer in ("animals", "food", "sport", "weather")
        if example.task == "lists" and example.answer[0].isdigit():
            numbers = [int(n) for n in example.answer.split(", ")]
            assert numbers == sorted(int(n) for n in re.findall(r"\d+", example.prompt))


@pytest.mark.parametrize(
    ("part", "weights"), [("train", tasks.TRAINING), ("heldout", dict.fromkeys(tasks.FAMILIES, 1))]
)
def test_families_have_their_shares(part, weights):
    counts = Counter(e.task for e in tasks.examples(part, 400, 0))
    assert counts.keys() == weights.keys()
    for task, weight in weights.items():
        assert abs(counts[task] / 400 - weight / sum(weights.values())) < 0.15 / len(weights)


@pytest.mark.parametrize(("part", "rows"), [("heldout", 1587), ("heldout", 403), ("train", 500), ("train", 3)])
def test_balanced_families_are_equal_and_come_from_the_same_stream(part, rows):
    balanced = tasks.examples(part, rows, 2, balanced=True)
    counts = Counter(e.task for e in balanced)
    assert len(balanced) == len({e.prompt for e in balanced}) == rows
    assert {counts[task] for task in tasks.FAMILIES} <= {rows // 8, -(-rows // 8)}
    assert balanced == tasks.examples(part, rows, 2, balanced=True)


def test_balanced_rows_are_the_first_of_every_family():
    def families(examples):
        return {task: {e.prompt for e in examples if e.task == task} for task in tasks.FAMILIES}

    balanced = families(tasks.examples("train", 80, 0, balanced=True))
    for few, many in zip(balanced.values(), families(tasks.examples("train", 180, 0)).values(), strict=True):
        assert few == many if len(many) == 10 else few < many


def test_balanced_rows_that_a_family_does_not_have_are_refused():
    assert Counter(e.task for e in tasks.examples("heldout", 5000, 0))["opposites"] < 5000 / 8
    with pytest.raises(CourseError, match="625 of opposites, and the heldout part has 198: ask for at most 1587"):
        tasks.examples("heldout", 5000, 0, balanced=True)
    with pytest.raises(CourseError, match="198"):
        data.instructions("heldout", 1588, balanced=True)
    rows = data.instructions("heldout", 16, balanced=True)
    assert set(Counter(rows["task"]).values()) == {2}


def test_parts_share_no_prompt_entity_or_phrasing():
    train, heldout = tasks.examples("train", 3000, 0), tasks.examples("heldout", 800, 0)
    assert not {e.prompt for e in train} & {e.prompt for e in heldout}

    def required(examples, place):
        return {e.required[place] for e in examples if e.required}

    for place in range(4):
        assert not required(train, place) & required(heldout, place)
    opposites = [{e.answer for e in part if e.task == "opposites"} for part in (train, heldout)]
    assert not opposites[0] & opposites[1]
    for phrasings in tasks.PHRASINGS.values():
        assert not set(part_of(phrasings, "train")) & set(part_of(phrasings, "heldout"))
    told = {fact.entity for fact in tasks._FACTS["train"]} & {fact.entity for fact in tasks._FACTS["heldout"]}
    assert not told


def test_a_review_has_the_label_it_was_asked_for():
    for i in range(200):
        label = ("positive", "negative")[i % 2]
        assert reviews.review(Scribe(i), label=label).label == label
    labels = Counter(reviews.review(Scribe(i)).label for i in range(600))
    assert 0.4 < labels["positive"] / 600 < 0.6


def test_short_stories_hold_what_was_asked_for():
    for i in range(100):
        story = stories.story(Scribe(i), name="Pim", animal="fox", object="lantern", place="harbour")
        assert all(word in story.text for word in ("Pim", "fox", "lantern", "harbour"))
        assert story.text[-1] in '.!?"'


def test_unknown_part_is_refused():
    with pytest.raises(ValueError, match="'train' or 'heldout'"):
        tasks.examples("test", 3)
    with pytest.raises(ValueError, match="at least one"):
        tasks.examples("train", 0)


def test_handwritten_reviews_are_nobodys_but_their_own():
    rows = data.handwritten_reviews()
    assert Counter(row["answer"] for row in rows) == {"positive": 30, "negative": 30}

    def sentences(text):
        return {part.strip().lower() for part in re.split(r"[.!?\n]", text) if len(part.split()) > 2}

    generated = set().union(*(sentences(reviews.review(Scribe(f"overlap:{i}")).text) for i in range(8000)))
    texts = [json.loads(line)["text"] for line in data.HANDWRITTEN.read_text().splitlines()]
    assert len(generated) > 5000
    assert not generated & set().union(*map(sentences, texts))
