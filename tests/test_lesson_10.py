"""Lesson 10 by papermill: what its methods gain and lose, its receipt's claims, and the graders."""

import math
import statistics

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lessons import NO_MODEL, refusal

from course_utils import checks, receipts

PLANE = receipts.load("preference_plane")


def of(method):
    return [run for run in PLANE["runs"] if run["method"] == method]


def ends(method, column="gold", mark=-1):
    """The mean of each seed, at the end or half-way (0)."""
    return [statistics.mean(run["marks"][mark][column]) for run in of(method)]


def interval(values):
    """Student's 95 % interval of the mean of five values."""
    assert len(values) == 5
    half = 2.776 * statistics.stdev(values) / 5**0.5
    return statistics.mean(values) - half, statistics.mean(values) + half


@pytest.mark.slow
def test_a_method_gains_while_the_reader_watches(report):
    gain = report["results"]["gain"]
    assert gain.keys() == {"PPO", "DPO", "GRPO"}
    assert any(low > 0 for _, low, _ in gain.values())
    assert gain["GRPO"][1] > 0  # on its own: the interval over prompts excludes no gain


@pytest.mark.slow
def test_the_judge_is_right_about_new_prompts(report):
    assert report["results"]["judge"]["right"] > 0.75


@pytest.mark.slow
def test_dpo_pushes_the_worse_lines_down_further_than_the_better(report):
    dpo = report["results"]["dpo"]
    assert dpo["rejected"] < -3 and dpo["rejected"] < dpo["chosen"] - 3


# --- what the receipt has to show for the lesson's sentences to be true -----------------------------------------------


START = {run["seed"]: run["best"]["gold"][0] for run in of("best of n")}
TRAINED = sorted({run["method"] for run in PLANE["runs"]} - {"best of n"})
FALL = {"DPO, beta 0.03", "DPO, beta 0.1", "PPO, no KL", "PPO, no clip", "PPO on a judge of 24 pairs, no KL"}


@pytest.mark.parametrize("method", [name for name in TRAINED if name not in FALL])
def test_every_method_but_those_that_show_a_fault_gains(method):
    gains = [end - START[run["seed"]] for end, run in zip(ends(method), of(method), strict=True)]
    assert interval(gains)[0] > 0


def test_without_an_sft_term_both_log_probabilities_fall():
    for beta in ("0.03", "0.1"):
        for run in of(f"DPO, beta {beta}"):
            assert run["log"]["chosen"][-1] < 0 and run["log"]["rejected"][-1] < run["log"]["chosen"][-1]
    assert interval(ends("DPO, beta 0.1"))[1] < interval(ends("DPO with SFT"))[0]
    assert min(run["log"]["chosen"][-1] for run in of("DPO with SFT")) > 0


def test_a_judge_without_a_leash_is_fooled_and_with_it_is_not():
    kept, fooled = "PPO on a judge of 24 pairs", "PPO on a judge of 24 pairs, no KL"
    assert interval([a - b for a, b in zip(ends(kept), ends(fooled), strict=True)])[0] > 0
    # The judge does not see it: it likes the fooled policies' lines nearly as well as those of the others.
    assert min(run["marks"][-1]["judged"]["few"] for run in of(fooled)) > 3
    assert statistics.mean(run["judges"]["few"]["right"] for run in of("best of n")) > 0.9
    assert interval(ends(fooled, "kl"))[0] > interval(ends(kept, "kl"))[0]


def fooled(log):
    """As the lesson counts it: rounds with a content judge and at most a fifth of the lines right."""
    return [n for n, score in enumerate(log["reward"]) if score > 0.9 * max(log["reward"]) and log["gold"][n] <= 0.2]


def test_the_leash_makes_fooled_rounds_rarer_and_does_not_rule_them_out():
    kept, free, many = (
        sum(len(fooled(run["log"])) for run in of(f"PPO on a judge{which}"))
        for which in (" of 24 pairs", " of 24 pairs, no KL", "")
    )
    assert free > 2 * kept > 0 and many > 0


def test_what_the_lesson_calls_level_cannot_be_told_apart():
    for one, other in (("PPO", "GRPO"), ("PPO", "RLOO"), ("PPO on a judge", "PPO on a judge of 24 pairs")):
        low, high = interval([a - b for a, b in zip(ends(one), ends(other), strict=True)])
        assert low < 0 < high, (one, other)


def test_who_goes_further_forgets_more_even_without_the_furthest():
    left = {run["seed"]: run["kept"]["others"] for run in of("best of n")}
    names = ["SFT on the best", "DPO, beta 0.5", "DPO with SFT", "PPO", "PPO on a judge", "RLOO", "GRPO"]
    names += ["GRPO with KL", "Dr. GRPO"]
    lost = [statistics.mean(run["kept"]["others"] - left[run["seed"]] for run in of(name)) for name in names]
    assert statistics.correlation([statistics.mean(ends(name, "kl")) for name in names], lost) < -0.5


def test_a_computed_reward_needs_no_judge():
    for method in ("GRPO", "RLOO"):
        assert interval(ends(method))[0] > interval(ends("SFT on the best"))[1]
        assert interval(ends(method))[0] > interval([run["best"]["gold"][3] for run in of("best of n")])[1]  # of 8


def test_rank_one_learns_as_much_at_the_same_alpha_and_hardly_at_the_same_scale():
    assert interval([a - b for a, b in zip(ends("GRPO, rank 1"), ends("GRPO"), strict=True)])[0] > -0.15
    assert interval(ends("GRPO, rank 1, alpha 2"))[1] < interval(ends("GRPO, rank 1"))[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "prompts", "2"), "prompts = 2 is out of range: it goes from 8 to 1000"),
        (("-p", "heldout_prompts", "1"), "heldout_prompts = 1 is out of range: it goes from 8 to 1000"),
        (("-p", "rounds", "0"), "rounds = 0 is out of range: it goes from 1 to 50"),
        (("-p", "model", "./nowhere"), NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("10", *options)


# --- the graders -----------------------------------------------------------------------------------------------------


def pair_by_branches(better, worse):
    d = better - worse
    return math.log(1 + math.exp(-d)) if d > 0 else math.log(1 + math.exp(d)) - d


def pair_without_branches(better, worse):
    d = better - worse
    return max(0, -d) + math.log1p(math.exp(-abs(d)))


def pair_by_torch(better, worse):
    """In float32, as TRL's RewardTrainer has it."""
    return -F.logsigmoid(torch.tensor(better) - torch.tensor(worse))


def pair_overflowing(better, worse):
    return -math.log(1 / (1 + math.exp(-(better - worse))))


def pair_of_exponentials(better, worse):
    return -math.log(math.exp(better) / (math.exp(better) + math.exp(worse)))


def pair_infinite(better, worse):
    return -torch.log(torch.sigmoid(torch.tensor(better - worse)))


def clipped_by_cases(ratio, advantage, width=0.2):
    return (min(ratio, 1 + width) if advantage > 0 else max(ratio, 1 - width)) * advantage


def clipped_by_torch(ratio, advantage, width=0.2):
    """The lines of TRL's GRPOTrainer._compute_loss, without the minus."""
    coef_1 = torch.tensor(ratio)
    coef_2 = torch.clamp(coef_1, 1 - width, 1 + width)
    return torch.min(coef_1 * advantage, coef_2 * advantage)


def reward_by_arrays(policy, reference, answer, beta=0.1):
    return beta * np.dot(np.array(policy) - np.array(reference), answer)


def reward_by_two_sums(policy, reference, answer, beta=0.1):
    tokens = [i for i, flag in enumerate(answer) if flag == 1]
    return beta * (sum(policy[i] for i in tokens) - sum(reference[i] for i in tokens))


def reward_by_torch(policy, reference, answer, beta=0.1):
    mask = torch.tensor(answer)
    return beta * ((torch.tensor(policy) * mask).sum() - (torch.tensor(reference) * mask).sum())


def dpo_by_pair_loss(chosen, rejected, beta=0.1):
    return pair_by_branches(beta * chosen, beta * rejected)


def dpo_overflowing(chosen, rejected, beta=0.1):
    return -math.log(1 / (1 + math.exp(-beta * (chosen - rejected))))


def dpo_by_torch(chosen, rejected, beta=0.1):
    """TRL's DPOTrainer, loss_type="sigmoid"."""
    return -F.logsigmoid(beta * torch.tensor(chosen - rejected))


def advantages_by_statistics(rewards):
    mean, std = statistics.mean(rewards), statistics.stdev(rewards)
    return [(r - mean) / (std + 1e-4) for r in rewards]


def advantages_by_torch(rewards):
    rewards = torch.tensor(rewards)
    return (rewards - rewards.mean()) / (rewards.std() + 1e-4)


def advantages_by_trl(rewards):
    """GRPOTrainer, scale_rewards="group", of a single group."""
    from trl.trainer.utils import nanstd

    rewards, n = torch.tensor(rewards), len(rewards)
    std = nanstd(rewards.view(-1, n), dim=1).repeat_interleave(n, dim=0)
    return (rewards - torch.nanmean(rewards.view(-1, n), dim=1).repeat_interleave(n, dim=0)) / (std + 1e-4)


RIGHT = [
    (checks.pair_loss, pair_by_branches),
    (checks.pair_loss, pair_without_branches),
    (checks.pair_loss, pair_by_torch),
    (checks.pair_loss, lambda better, worse: np.logaddexp(0, worse - better)),
    (checks.clipped_gain, clipped_by_cases),
    (checks.clipped_gain, clipped_by_torch),
    (checks.clipped_gain, lambda r, a, width=0.2: min(r * a, np.clip(r, 1 - width, 1 + width) * a)),
    (checks.implicit_reward, reward_by_arrays),
    (checks.implicit_reward, reward_by_two_sums),
    (checks.implicit_reward, reward_by_torch),
    (checks.dpo_pair_loss, dpo_by_pair_loss),
    (checks.dpo_pair_loss, dpo_overflowing),  # nothing that occurs in a training overflows here
    (checks.dpo_pair_loss, dpo_by_torch),
    (checks.advantages_in_group, advantages_by_statistics),
    (checks.advantages_in_group, advantages_by_torch),
    (checks.advantages_in_group, advantages_by_trl),
    (checks.advantages_in_group, lambda r: (np.array(r) - np.mean(r)) / (np.std(r, ddof=1) + 1e-4)),
]
WRONG = [
    (checks.pair_loss, lambda better, worse: better - worse, "better=0.0, worse=0.0"),
    (checks.pair_loss, lambda better, worse: (1 - better + worse) ** 2, "should be 0.693147"),
    (checks.pair_loss, lambda b, w: min(700, pair_by_branches(b, w)), "better=-400.0, worse=400.0"),
    (checks.clipped_gain, lambda r, a, width=0.2: min(max(r, 1 - width), 1 + width), "ratio=0.5, advantage=1.0"),
    (checks.clipped_gain, lambda r, a, width=0.2: max(r, 1 - width) * a, "ratio=1.5, advantage=1.0"),
    (checks.clipped_gain, lambda r, a, width=0.2: min(r, r / (1 + width)) * a, "ratio=1.0, advantage=1.0"),
    (checks.implicit_reward, lambda p, r, a, beta=0.1: beta * (p[-1] - r[-1]), "answer=[1, 1]"),
    (checks.implicit_reward, lambda p, r, a, beta=0.1: [x - y for x, y in zip(p, r, strict=True)], "gives     [0.0]"),
    (checks.dpo_pair_loss, lambda c, r, beta=0.1: beta * (c - r), "chosen=0.0, rejected=0.0"),
    (checks.dpo_pair_loss, lambda c, r, beta=0.1: dpo_by_pair_loss(abs(c), abs(r), beta), "chosen=2.0, rejected=-1.5"),
    (checks.advantages_in_group, lambda r: sum(r) / len(r), "a list was expected"),
    (checks.advantages_in_group, lambda r: advantages_by_statistics(r)[1:], "1 items where there should be 2"),
]
NAMED = [
    # who does not mind the overflow is told the mistake that comes first
    (checks.pair_loss, lambda b, w: pair_overflowing(w, b), "wrong way round"),
    (checks.pair_loss, lambda b, w: -pair_overflowing(b, w), "The minus is missing"),
    (checks.pair_loss, lambda b, w: 1 / (1 + math.exp(w - b)), "the probability"),
    (checks.pair_loss, lambda b, w: -math.log2(1 / (1 + math.exp(w - b))), "bits"),
    (checks.pair_loss, lambda b, w: math.exp(-pair_by_branches(b, w)), "the probability"),
    (checks.pair_loss, pair_infinite, "its logarithm is infinite"),
    (checks.pair_loss, lambda b, w: torch.relu(torch.tensor(1 - (b - w))), "hinge"),
    (checks.clipped_gain, lambda r, a, width=0.2: np.clip(r, 1 - width, 1 + width) * a, "always clipped"),
    (checks.clipped_gain, lambda r, a, width=0.2: -clipped_by_cases(r, a, width), "That is the loss"),
    (checks.implicit_reward, lambda p, r, a, beta=0.1: reward_by_arrays(p, r, a, beta) / sum(a), "a mean over the"),
    (checks.implicit_reward, lambda p, r, a, beta=0.1: beta * np.dot(p, a), "The reference is forgotten"),
    (checks.implicit_reward, lambda p, r, a, beta=0.1: beta * (sum(p) - sum(r)), "The prompt's tokens"),
    (checks.dpo_pair_loss, lambda c, r, beta=0.1: -beta * F.logsigmoid(torch.tensor(c - r)), "outside the logarithm"),
    (checks.dpo_pair_loss, lambda c, r, beta=0.1: dpo_overflowing(r, c, beta), "exchanged"),
    (checks.dpo_pair_loss, lambda c, r, beta=0.1: dpo_overflowing(c, r, 1 / beta), "do not divide"),
    (checks.advantages_in_group, lambda r: (np.array(r) - np.mean(r)) / (np.std(r) + 1e-4), "divides by n:"),
    (checks.advantages_in_group, lambda r: np.array(r) - np.mean(r), "Dr. GRPO"),
    (checks.advantages_in_group, lambda r: (np.array(r) - np.mean(r)) / (np.std(r, ddof=1) + 1e-8), "adds 1e-4"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict
    assert "should be" in verdict.counterexample


@pytest.mark.parametrize("grader, attempt, said", NAMED)
def test_a_mistake_is_named_however_it_is_written(grader, attempt, said):
    verdict = grader(attempt)
    assert verdict.ok is False and said in verdict.message, verdict


@pytest.mark.parametrize("attempt, error", [(pair_overflowing, "OverflowError"), (pair_of_exponentials, "ValueError")])
def test_a_loss_that_overflows_stops_at_the_last_case_and_is_told_why(attempt, error):
    verdict = checks.pair_loss(attempt)
    assert verdict.ok is False and verdict.counterexample == "at pair_loss(better=-400.0, worse=400.0)"
    assert f"It stops with {error}" in verdict.message and "more than a float holds" in verdict.message


def test_a_division_by_zero_in_an_equal_group_is_named():
    def undefined(rewards):
        mean, std = statistics.mean(rewards), statistics.stdev(rewards)
        return [(r - mean) / std for r in rewards]

    verdict = checks.advantages_in_group(undefined)
    assert verdict.ok is False and "equal rewards is 0" in verdict.message and "[0.0, 1.0]" in verdict.counterexample


def test_a_nan_in_an_equal_group_is_refused_and_the_hint_has_the_constant():
    """torch divides by zero without a word, and a NaN equals nothing, so this mistake has no sentence of its own."""

    def undefined(rewards):
        rewards = torch.tensor(rewards)
        return (rewards - rewards.mean()) / rewards.std()

    verdict = checks.advantages_in_group(undefined)
    assert verdict.ok is False and "1e-4" in verdict.message and "[0.0, 1.0]" in verdict.counterexample


def test_the_length_of_an_answer_counts_in_the_implicit_reward():
    short, long = (checks.implicit_reward.answer([-1.0] * n, [-1.5] * n, [1] * n) for n in (2, 20))
    assert long == pytest.approx(10 * short)
