"""Lesson 10's task: lines, their gold reward, and how far a policy is from its start."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model

from course_utils import models, preferences
from course_utils.errors import CourseError

ROWS = [
    {"prompt": "Write a story about a pig named Flip, a comb and the cabin.", "required": ["Flip", "pig"]},
    {"prompt": "A story.", "required": []},
]


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


@pytest.fixture
def start(tiny_model):
    torch.manual_seed(0)
    return models.load_base(str(tiny_model), torch.float32).eval()


@pytest.fixture
def policy(start):
    torch.manual_seed(0)
    made = get_peft_model(start, LoraConfig(r=2, target_modules="all-linear"))
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter.data, std=0.3)
    return made.eval()


@pytest.fixture
def lines(tokenizer):
    answers = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("Flip the pig sat.", "No end")]
    return preferences.encode(tokenizer, ROWS, answers)


# --- the gold reward -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        ("Flip the pig sat.", 1.0),
        ("flip the PIG sat.", 1.0),
        ("Flip the pig sat", 0.0),  # it does not end
        ("Flip sat.", 0.0),  # a word is missing
        ("Flip the pigeon sat.", 0.0),  # a part of a word is not the word
        ("Flip the pig sat" + " and sat" * 5 + ".", 1.0),  # fourteen words
        ("Flip the pig sat" + " and sat" * 5 + " down.", 0.0),  # fifteen
        ("", 0.0),
    ],
)
def test_a_right_line_ends_names_all_and_is_short(text, reward):
    assert preferences.gold(text, ROWS[0]) == reward


def test_golds_follow_each_lines_own_prompt(lines):
    assert preferences.golds(lines).tolist() == [1.0, 0.0]


def test_where_nothing_is_right_half_of_the_lines_can_be(tokenizer):
    rows = [dict(ROWS[0]), dict(ROWS[0])]
    answers = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("No end", "No end in sight")]
    lines = preferences.encode(tokenizer, rows, answers)
    assert not preferences.golds(lines).any()
    preferences.ask_less(rows, lines.pick([0, 0, 1]))
    assert preferences.golds(lines).tolist() == [1.0, 0.0]


# --- lines -----------------------------------------------------------------------------------------------------------


def test_answers_begin_in_one_column_and_padding_counts_for_nothing(lines, tokenizer):
    for i, text in enumerate(("Flip the pig sat.", "No end")):
        own = lines.answer[i][lines.mask[i] > 0]
        assert tokenizer.decode(own) == text == lines.texts[i]
        assert lines.answer[i, lines.last[i]] == own[-1]
        prompt = lines.ids[i, : lines.width][lines.attention[i, : lines.width] > 0]
        turn = [{"role": "user", "content": ROWS[i]["prompt"]}]
        wanted = tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)["input_ids"]
        assert prompt.tolist() == wanted


def test_the_model_reads_lines_from_the_first_column_without_a_mask(lines, start, monkeypatch):
    """A mask that hides all from a row of padding makes gradients that are no numbers, by one kernel of GPUs."""
    seen = {}
    real = start.model.forward
    monkeypatch.setattr(start.model, "forward", lambda **inputs: seen.update(inputs) or real(**inputs))
    preferences.hidden(start, lines)
    assert seen.get("attention_mask") is None
    for ids, own, row in zip(lines.ids, lines.attention > 0, seen["input_ids"], strict=True):
        assert torch.equal(row[: int(own.sum())], ids[own])


def test_pick_takes_lines_with_all_that_belongs_to_them(lines):
    turned = lines.pick([1, 0, 1])
    assert turned.texts == [lines.texts[i] for i in (1, 0, 1)] and turned.rows[1] is lines.rows[0]
    assert torch.equal(turned.ids, lines.ids[[1, 0, 1]]) and torch.equal(turned.mask, lines.mask[[1, 0, 1]])


def test_no_line_at_all_is_one_line(tokenizer):
    with pytest.raises(CourseError, match="0 prompts and 0 answers"):
        preferences.encode(tokenizer, [], [])
    with pytest.raises(CourseError, match="2 prompts and 1 answers"):
        preferences.encode(tokenizer, ROWS, [[5]])


def test_sampling_follows_torchs_seed_and_stops_where_a_line_ends(start, tokenizer):
    def sample(seed):
        torch.manual_seed(seed)
        return preferences.sample(start, tokenizer, ROWS, each=3, batch=4, limit=6)

    one = sample(0)
    assert one.texts == sample(0).texts != sample(1).texts
    assert [row["prompt"] for row in one.rows] == [ROWS[0]["prompt"]] * 3 + [ROWS[1]["prompt"]] * 3
    stops = preferences.ends(tokenizer)
    for tokens, mask in zip(one.answer, one.mask, strict=True):
        own = tokens[mask > 0].tolist()
        assert not set(own[:-1]) & set(stops) and (own[-1] in stops or len(own) == 6)


def test_a_full_stop_ends_a_line(start, tokenizer):
    """A head that wants nothing but the full stop."""
    stop = tokenizer.convert_tokens_to_ids(".")
    start.lm_head = torch.nn.Linear(start.config.hidden_size, start.config.vocab_size)
    torch.nn.init.zeros_(start.lm_head.weight)
    start.lm_head.bias.data = 100.0 * torch.nn.functional.one_hot(torch.tensor(stop), start.config.vocab_size)
    assert preferences.sample(start, tokenizer, ROWS, limit=5).texts == [".", "."]


# --- probabilities and divergence ------------------------------------------------------------------------------------


def by_hand(model, lines, i):
    """The log-probabilities of one line's tokens, read alone and without padding."""
    own = lines.ids[i][lines.attention[i] > 0]
    count = int(lines.mask[i].sum())
    with torch.no_grad():
        logits = model(input_ids=own[None]).logits[0, -count - 1 : -1].log_softmax(-1)
    return logits, own[-count:]


def test_log_probabilities_are_those_of_the_line_alone(policy, lines):
    found = preferences.token_log_probs(policy, lines)
    for i in range(len(lines)):
        logits, tokens = by_hand(policy, lines, i)
        wanted = logits.gather(-1, tokens[:, None])[:, 0]
        assert torch.allclose(found[i, : len(tokens)], wanted, atol=1e-5)
        assert not found[i, len(tokens) :].any()


def test_the_reference_is_the_adapter_switched_off(policy, lines, tiny_model):
    fresh = models.load_base(str(tiny_model), torch.float32).eval()
    with preferences.reference(policy):
        before = preferences.token_log_probs(policy, lines)
    assert torch.allclose(before, preferences.token_log_probs(fresh, lines), atol=1e-6)
    after = preferences.token_log_probs(policy, lines)
    assert not torch.allclose(before, after, atol=1e-3) and after.requires_grad and not before.requires_grad


def test_the_divergence_is_the_sum_over_the_lines_places(policy, lines, tiny_model):
    fresh = models.load_base(str(tiny_model), torch.float32).eval()
    found = preferences.divergence(policy, lines)
    for i in range(len(lines)):
        new, old = by_hand(policy, lines, i)[0], by_hand(fresh, lines, i)[0]
        assert found[i].item() == pytest.approx((new.exp() * (new - old)).sum().item(), rel=1e-4)
    assert (found > 0).all()


def test_a_policy_that_has_learned_nothing_stands_at_its_start(start, lines):
    untouched = get_peft_model(start, LoraConfig(r=2, target_modules="all-linear")).eval()
    where = preferences.standing(untouched, lines)
    assert where.nats == pytest.approx(0, abs=1e-6) and where.right == 0.5 and where.words == [4, 2]


def test_the_divergence_estimates_the_one_between_the_policies(policy, tokenizer):
    """The whole distributions' divergences along drawn lines have the mean of log π / π0, and vary less."""
    torch.manual_seed(0)
    lines = preferences.sample(policy, tokenizer, ROWS[:1], each=400, batch=400, limit=3)
    with torch.no_grad():
        gap = preferences.token_log_probs(policy, lines).sum(1)
    with preferences.reference(policy):
        gap = gap - preferences.token_log_probs(policy, lines).sum(1)
    exact = preferences.divergence(policy, lines)
    assert abs(gap.mean() - exact.mean()) < 3 * (gap - exact).std() / math.sqrt(len(gap))
    assert exact.std() < gap.std()


# --- the best of n ---------------------------------------------------------------------------------------------------


def test_the_best_is_chosen_by_the_score_and_paid_by_the_reward():
    scores = torch.tensor([[1.0, 3.0, 2.0, 0.0]])
    rewards = torch.tensor([[10.0, 20.0, 30.0, 40.0]])
    assert preferences.best_of(scores, rewards, 1).tolist() == [[10.0, 20.0, 30.0, 40.0]]
    assert preferences.best_of(scores, rewards, 2).tolist() == [[20.0, 30.0]]
    assert preferences.best_of(scores, rewards, 4).tolist() == [[20.0]]
    with pytest.raises(CourseError, match="4 lines cannot be laid out in blocks of 3"):
        preferences.best_of(scores, rewards, 3)


@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_divergence_of_the_best_of_n_is_its_formula_where_no_two_score_alike(n, seed):
    """The exact divergence for a start of three answers is below the formula, and for one of many answers near it."""
    p = torch.rand(3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.01
    p = p / p.sum()
    best = p.cumsum(0) ** n - (p.cumsum(0) - p) ** n  # that the best of n is answer k, answers in order of their score
    assert (best * (best / p).log()).sum() <= preferences.best_of_divergence(n) + 1e-9
    fine = torch.full((20_000,), 1 / 20_000, dtype=torch.float64)
    best = fine.cumsum(0) ** n - (fine.cumsum(0) - fine).clamp(min=0) ** n
    assert (best * (best / fine).log()).sum().item() == pytest.approx(preferences.best_of_divergence(n), abs=2e-3)
