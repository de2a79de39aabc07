"""Yardsticks of forgetting: new things, what a model would say, facts to choose from, how far it has moved."""

import copy

import pytest
import torch

from course_utils import data, evaluate, forgetting, models, training
from course_utils.errors import CourseError


@pytest.mark.parametrize("kind", forgetting.NEW)
def test_parts_of_something_new_share_no_question(kind):
    train, heldout = (forgetting.new_rows(kind, part, 60, 0) for part in ("train", "heldout"))
    assert len(train) == len(heldout) == 60
    assert not {row["prompt"] for row in train} & {row["prompt"] for row in heldout}
    assert train == forgetting.new_rows(kind, "train", 60, 0) != forgetting.new_rows(kind, "train", 60, 1)
    assert all(row["messages"][-1]["content"] == row["answer"] for row in train)


def test_a_summary_holds_what_the_story_had_to():
    row = forgetting.new_rows("summary", rows=1)[0]
    (story,) = data.instructions("train", 1, 0, task="story")
    assert all(word in row["answer"] for word in story["required"]) and story["answer"] in row["prompt"]


def test_there_is_nothing_else_new():
    with pytest.raises(CourseError, match="nothing new called 'poem': there are tag, summary, verdict"):
        forgetting.new_rows("poem")


@pytest.fixture(scope="module")
def pocket():
    net = models.load_base("pocket-llama", torch.float32).eval()
    return net, models.load_tokenizer("pocket-llama")


def test_what_a_model_would_say_is_what_it_says(pocket):
    net, tokenizer = pocket
    prompts = [row["prompt"] for row in data.instructions("heldout", 6, 0)]
    said = evaluate.answer(net, tokenizer, prompts, 12)
    done = [(p, s) for p, s in zip(prompts, said, strict=True) if s and not s.endswith(evaluate.UNFINISHED)]
    rows = [data.row_of("x", p, s) for p, s in done] + [data.row_of("x", p, f"{s} indeed") for p, s in done]
    found = forgetting.would_say(net, tokenizer, rows, batch=4)
    assert found[len(done) :] == [False] * len(done)
    # Spelled alike, an answer may have been written in other tokens than it is read in.
    assert sum(found[: len(done)]) >= len(done) - 1
    assert found == [forgetting.would_say(net, tokenizer, [row])[0] for row in rows]  # padding changes nothing


def test_log_probabilities_are_means_over_the_answer(pocket):
    net, tokenizer = pocket
    row = data.row_of("x", "What is a fox?", "an animal")
    ids, labels = training.encode(tokenizer, row["messages"])
    with torch.no_grad():
        logs = net(input_ids=torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
    graded = [i for i, label in enumerate(labels[1:]) if label != training.IGNORED]
    expected = sum(logs[i, labels[i + 1]].item() for i in graded) / len(graded)
    other = data.row_of("x", "Name a colour, a very bright one that everybody knows.", "red")
    assert forgetting.log_probs(net, tokenizer, [row, other])[0] == pytest.approx(expected, abs=1e-4)


def test_choices_have_one_right_answer_and_three_of_its_kind():
    found = forgetting.choices(40, 3)
    assert len(found) == 40 and found == forgetting.choices(40, 3) != forgetting.choices(40, 4)
    for fact in found:
        assert len(set(fact.answers)) == len(fact.endings) == forgetting.CHOICES
        assert all(ending.startswith(" ") for ending in fact.endings)
    with pytest.raises(CourseError, match="ask for at most so many"):
        forgetting.choices(100_000)


def test_the_right_one_is_chosen_by_a_model_that_knows(pocket):
    net, tokenizer = pocket
    facts = forgetting.choices(30, 0)
    completed = forgetting.chosen(net, tokenizer, facts, "completed")
    assert sum(completed) >= 24  # guessing gives 7.5
    worse = [forgetting.Choice(f.question, f.answers[::-1], f.beginning, f.endings[::-1]) for f in facts]
    assert sum(forgetting.chosen(net, tokenizer, worse, "completed")) <= 6
    with pytest.raises(CourseError, match="asked or completed"):
        forgetting.chosen(net, tokenizer, facts, "sung")


def test_common_knowledge_is_two_hundred_questions_with_four_answers_each():
    found = forgetting.common_knowledge()
    assert len(found) == 200 == len({fact.question for fact in found})
    for fact in found:
        assert len(set(fact.answers)) == len(set(fact.endings)) == forgetting.CHOICES and fact.question.endswith("?")
        assert all(answer == fact.beginning + ending for answer, ending in zip(fact.answers, fact.endings, strict=True))


def test_the_divergence_has_a_direction_and_is_zero_for_equals(pocket):
    net, tokenizer = pocket
    batches = training.batches_of(tokenizer, [row["messages"] for row in forgetting.new_rows("tag", rows=4)])
    assert forgetting.divergence(net, net, batches) == pytest.approx(0, abs=1e-6)
    moved = copy.deepcopy(net)
    with torch.no_grad():
        moved.lm_head.weight.mul_(0.5)
    there, back = forgetting.divergence(net, moved, batches), forgetting.divergence(moved, net, batches)
    graded = batches[0]["labels"][:, 1:] != training.IGNORED
    with torch.no_grad():
        p, q = (training.logits_of(each, batches[0])[:, :-1][graded].log_softmax(-1) for each in (net, moved))
    assert there == pytest.approx((p.exp() * (p - q)).sum(-1).mean().item(), rel=1e-4) and there != back


class Layer(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.up_proj = torch.nn.Linear(2, 2, bias=False)
        self.up_proj.weight.data = torch.tensor(weight)


def test_a_change_has_a_length_and_a_number_of_directions():
    start = Layer([[3.0, 0.0], [0.0, 4.0]])
    one = forgetting.change(start, Layer([[4.0, 0.0], [0.0, 4.0]]))
    assert one.size == pytest.approx(0.2) and one.rank == pytest.approx(1)
    two = forgetting.change(start, Layer([[4.0, 0.0], [0.0, 5.0]]))
    assert two.size == pytest.approx(2**0.5 / 5) and two.rank == pytest.approx(2)
    assert forgetting.change(start, start) == forgetting.Change(0.0, 0.0)
