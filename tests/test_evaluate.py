"""Scores: what counts as right, intervals, bits per byte."""

import math

import pytest
import torch
from transformers.modeling_outputs import CausalLMOutputWithPast

from course_utils import evaluate, models
from course_utils.errors import CourseError


def test_normalize_forgets_case_punctuation_and_articles():
    assert evaluate.normalize("  The  Cat, sat. ") == "cat sat"
    assert evaluate.normalize("anthem") == "anthem", "only whole words are articles"


@pytest.mark.parametrize(
    ("output", "reference", "required", "right"),
    [
        ("Cold.", "cold", (), True),
        ("cold and wet", "cold", (), False),
        ("cold" + evaluate.UNFINISHED, "cold", (), False),
        ("", "cold", (), False),
        ("2, 5, 7", "2, 5, 7", (), True),
        ("2, 57", "2, 5, 7", (), False),
        ("Pim the fox took the lantern to the harbour.", "x", ("Pim", "fox", "lantern", "harbour"), True),
        ("Pim the foxes took the lantern to the harbour.", "x", ("Pim", "fox", "lantern", "harbour"), False),
        ("It was the fox's lantern, said Pim at the harbour.", "x", ("Pim", "fox", "lantern", "harbour"), True),
        ("Pim the fox was glad.", "x", ("Pim", "fox", "lantern"), False),
    ],
)
def test_is_correct(output, reference, required, right):
    assert evaluate.is_correct(output, reference, required) is right


def test_begins_right_forgives_what_follows_but_not_what_stands_before():
    rows = [{"answer": "a bird", "required": []}] * 4 + [{"answer": "x", "required": ["Pim", "fox"]}] * 2
    outputs = ["A bird. And then" + evaluate.UNFINISHED, "It is a bird.", "birdhouse", "", "Pim the fox [...]", "Pim"]
    assert evaluate.begins_right(outputs, rows) == [True, False, False, False, True, False]


def test_interval_is_wilsons():
    low, high = evaluate.interval([True] * 8 + [False] * 2)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=2e-4)  # Brown, Cai and DasGupta 2001, formula (4)
    assert evaluate.interval([False] * 10)[0] == 0.0 and evaluate.interval([False] * 10)[1] > 0.2
    assert evaluate.interval([True] * 10)[1] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no answer"):
        evaluate.interval([])


def test_by_task_keeps_order():
    assert evaluate.by_task([True, False, True], ["b", "a", "b"]) == {"b": [True, True], "a": [False]}


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def chatty(tiny_model):
    """A model that writes 7, 8 and then token 9 for ever, and closes its turns with 9 as its own settings say."""
    net, tokenizer = models.load_base(str(tiny_model), dtype=torch.float32), models.load_tokenizer("pocket-llama")

    def forward(input_ids, **kwargs):
        following = {7: 8, 8: 9, 9: 9}
        logits = torch.zeros(*input_ids.shape, 4096)
        for row, last in enumerate(input_ids[:, -1].tolist()):
            logits[row, -1, following.get(last, 7)] = 1.0
        return CausalLMOutputWithPast(logits=logits)

    net.forward = forward
    return net, tokenizer


@pytest.mark.parametrize("own", [9, [2, 9]])
def test_an_answer_ends_where_the_model_ends_its_turns(chatty, own):
    net, tokenizer = chatty
    assert evaluate.answer(net, tokenizer, ["Hi"])[0].endswith(evaluate.UNFINISHED)
    net.generation_config.eos_token_id = own
    assert evaluate.answer(net, tokenizer, ["Hi"]) == [tokenizer.decode([7, 8]).strip()]
    assert evaluate.ends_of_turn(net, tokenizer) == [2, 9]


def test_the_readers_slips_are_one_line(chatty):
    with pytest.raises(CourseError, match="letter by letter"):
        evaluate.answer(*chatty, "Hi")
    with pytest.raises(CourseError, match="2 limits for 3 prompts"):
        evaluate.answer(*chatty, ["a", "b", "c"], max_new_tokens=[4, 4])
    assert evaluate.answer(*chatty, []) == []


def test_each_prompt_keeps_its_own_limit(chatty):
    answers = evaluate.answer(*chatty, ["a", "b", "c"], max_new_tokens=[1, 3, 1])
    assert answers[0] == answers[2] != answers[1]


class Uniform(torch.nn.Module):
    """Every next token equally likely."""

    device = torch.device("cpu")

    def forward(self, input_ids, use_cache):
        logits = torch.zeros(*input_ids.shape, 4096)
        return type("Output", (), {"logits": logits})


def test_bits_of_a_uniform_model_are_known():
    tokenizer = models.load_tokenizer("pocket-llama")
    texts = ["The cat sat on the mat. " * 20, "Oh!"]
    bits, lengths = evaluate.document_bits(Uniform(), tokenizer, texts, window=16)
    tokens = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
    assert bits == pytest.approx(
        [12 * n for n in tokens]
    )  # log2(4096) bits for each token, none lost at a window's end
    assert lengths == [len(text) for text in texts]
    with pytest.raises(ValueError, match="no text"):
        evaluate.bits_per_byte(Uniform(), tokenizer, [])


def test_windows_carry_nothing_over(tiny_model):
    model = models.load_base(str(tiny_model), torch.float32)
    tokenizer = models.load_tokenizer(str(tiny_model))
    text = "One day a fox came to the river and saw a hen on the other side. " * 3
    ids = [1, *tokenizer(text, add_special_tokens=False)["input_ids"]]
    expected = 0.0
    for start in range(0, len(ids) - 1, 16):
        piece = torch.tensor([ids[start : start + 17]])
        logits = model(piece[:, :-1]).logits.double()
        expected += torch.nn.functional.cross_entropy(logits[0], piece[0, 1:], reduction="sum").item() / math.log(2)
    bits, _ = evaluate.document_bits(model, tokenizer, [text, "short"], window=16, batch_size=3)
    assert bits[0] == pytest.approx(expected, rel=1e-4)


def test_answers_do_not_depend_on_their_batch():
    model, tokenizer = models.load_base("pocket-llama", torch.float32), models.load_tokenizer("pocket-llama")
    prompts = ["Hi.", "What is the opposite of a very long and winding question?", "Cold or hot?"]
    together = evaluate.answer(model, tokenizer, prompts, max_new_tokens=8)
    alone = [evaluate.answer(model, tokenizer, [prompt], max_new_tokens=8)[0] for prompt in prompts]
    assert together == alone
    mixed = evaluate.answer(model, tokenizer, prompts, max_new_tokens=[8, 2, 8])
    assert [mixed[0], mixed[2]] == [alone[0], alone[2]] and len(mixed[1]) < len(alone[1])
    assert len(set(together)) == 3, "three empty answers would prove nothing"
    as_turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
    assert evaluate.answer(model, tokenizer, as_turns, max_new_tokens=8) == alone
    earlier = [{"role": "user", "content": "Big?"}, {"role": "assistant", "content": "Small."}, *as_turns[0]]
    assert evaluate.answer(model, tokenizer, [earlier], max_new_tokens=8) != alone[:1]
    assert model.training is False


def test_a_cut_off_answer_says_so(tiny_model):
    model = models.load_base(str(tiny_model), torch.float32)
    tokenizer = models.load_tokenizer(str(tiny_model))
    (text,) = evaluate.answer(model, tokenizer, ["Hi."], max_new_tokens=3)
    assert text.endswith(evaluate.UNFINISHED)


def test_a_row_that_brings_its_limit_gets_it():
    rows = [{"task": "story"}, {"task": "yours", "limit": 50}, {"task": "facts"}]
    assert evaluate.token_limits(rows) == [112, 50, 24]
