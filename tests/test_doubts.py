"""Rows to read again: labels, spellings, strange words, and answers that a model contradicts."""

import pytest
import torch

from course_utils import data, doubts, models, planted


def rows_of(*answers):
    return [data.row_of("yours", f"question {i}", answer) for i, answer in enumerate(answers)]


def test_labels_come_again_and_again_and_cover_most_rows():
    assert doubts.labels(rows_of(*["yes"] * 6, *["no"] * 5, "perhaps")) == ["no", "yes"]
    assert doubts.labels(rows_of(*["yes"] * 6, *map(str, range(10)))) == []
    assert doubts.labels(rows_of(*map(str, range(30)))) == []
    assert doubts.labels([]) == []


def test_spellings_are_grouped():
    found = doubts.spellings(rows_of("Yes", "yes", "yes.", "no", "No", "maybe"))
    assert found == [["Yes", "yes", "yes."], ["No", "no"]]


@pytest.mark.parametrize(
    ("answer", "text", "stands"),
    [
        ("six", "Is it six or eight?", True),
        ("red", "What colour is it?", False),
        ("a liquid", "solid or liquid?", True),
    ],
)
def test_an_answer_stands_in_a_text_as_whole_words(answer, text, stands):
    assert doubts.stands_in(answer, text) is stands


@pytest.fixture(scope="module")
def pocket():
    return models.load_4bit("pocket-llama").eval(), models.load_tokenizer("pocket-llama")


@pytest.mark.parametrize("seed", range(4))
def test_what_the_model_has_never_met_is_strange_and_what_it_knows_is_not(pocket, seed):
    made = planted.desks(seed=seed)
    found = {word.place + 1 for word in doubts.strange(*pocket, [row["prompt"] for row in made.rows])}
    unknown, private = set(made.faults["unknown"]), set(made.faults["private"])
    assert found >= unknown and not found - unknown - private


def test_words_are_of_letters_and_begin_no_sentence(pocket):
    texts = [
        "Zworklpt is here.",
        "It is here. Zworklpt too.",
        "This zworklpt is here.",
        "See zw0rk-lpt@example.org.",
        "",
    ]
    assert [word[:2] for word in doubts.strange(*pocket, texts)] == [(2, "zworklpt")]


class Sure:
    """Stands in for a model that finds one label likely, whatever is asked."""

    def __init__(self, tokenizer, label):
        self.device, self.label = torch.device("cpu"), set(tokenizer(label, add_special_tokens=False)["input_ids"])
        self.size = len(tokenizer)

    def __call__(self, input_ids, use_cache):
        logits = torch.zeros(*input_ids.shape, self.size)
        logits[..., list(self.label)] = 9.0
        return type("Out", (), {"logits": logits})


def test_a_row_is_doubted_where_the_model_is_sure_of_another_label(pocket):
    tokenizer = pocket[1]
    rows = rows_of("zoo", "sky", "none of them")
    found = doubts.of_labels(Sure(tokenizer, "zoo"), tokenizer, rows, ["sky", "zoo"])
    assert [(doubt.place, doubt.instead) for doubt in found] == [(1, "zoo")] and found[0].probability > 0.9
    assert doubts.of_labels(Sure(tokenizer, "zoo"), tokenizer, rows, ["sky", "zoo"], sure=1.1) == []
    assert doubts.of_labels(Sure(tokenizer, "zoo"), tokenizer, rows, []) == []
