"""Exercises of lesson 10."""

from __future__ import annotations

import math
from collections.abc import Callable

from course_utils.checks.exercise import Case, Exercise


def _log_loss(d: float) -> float:
    """-log sigmoid(d), for any d."""
    return math.log1p(math.exp(-d)) if d >= 0 else math.log1p(math.exp(d)) - d


def _overflowing(d: float) -> float:
    """The same as one writes it first; stops where d is below -709."""
    return math.log(1 + math.exp(-d))


def _either_way(sentence: str, of: Callable[[float, Callable[[float], float]], float]) -> dict[str, Callable]:
    """A mistake in the loss of a difference, made by who minds the overflow and by who does not."""
    return {
        sentence: lambda better, worse: of(better - worse, _log_loss),
        f"{sentence} (And at a large difference it will stop: math.exp(800) is more than a float holds.)": (
            lambda better, worse: of(better - worse, _overflowing)
        ),
    }


pair_loss = Exercise(
    name="pair_loss",
    answer=lambda better, worse: _log_loss(better - worse),
    cases=[
        Case(0.0, 0.0),
        Case(1.0, 0.0),
        Case(0.0, 1.0),
        Case(2.5, 0.5),
        Case(-1.0, 1.5),
        Case(400.0, -400.0),
        Case(-400.0, 400.0),  # the loss is 800: the sigmoid of -800 is no float but 0
    ],
    hint="With d = better - worse the loss is -log sigmoid(d), which is log(1 + e^-d). At d = -800 neither is "
    "computable as it stands: e^800 is more than a float holds, and the sigmoid rounds to 0, which has no logarithm. "
    "Where d is negative, -d + log(1 + e^d) is the same.",
    why="Bradley and Terry (1952): the better answer wins with probability sigmoid(better - worse), and the loss is "
    "minus the logarithm of that, as in TRL's RewardTrainer. Only the difference counts. A pair that is clearly right "
    "costs nothing, one that is clearly wrong as much as its scores lie apart.",
    mistakes={
        **_either_way("The difference is the wrong way round: better - worse.", lambda d, loss: loss(-d)),
        **_either_way(
            "That is the probability that the better answer wins; the loss is minus its logarithm.",
            lambda d, loss: math.exp(-loss(d)),
        ),
        **_either_way("The minus is missing: a loss falls as the pair comes right.", lambda d, loss: -loss(d)),
        **_either_way("Those are bits: take the natural logarithm.", lambda d, loss: loss(d) / math.log(2)),
        "That is a hinge: it gives nothing more to do once the scores are 1 apart. The sigmoid has no such edge.": (
            lambda better, worse: max(0.0, 1.0 - (better - worse))
        ),
        "The other answer's score does not appear: only the difference of both has a meaning.": (
            lambda better, worse: _log_loss(better)
        ),
        "That judges each answer by itself. A pair says only which of the two is better: one sigmoid, of the "
        "difference.": lambda better, worse: _log_loss(better) + _log_loss(-worse),
        "Right but for large differences: the sigmoid of -800 rounds to 0, and its logarithm is infinite. "
        "Where d is negative, compute -d + log(1 + e^d).": (
            lambda better, worse: math.inf if better - worse < -745 else _log_loss(better - worse)
        ),
    },
)


def _clip(value: float, width: float, around: float = 1.0) -> float:
    return max(around - width, min(value, around + width))


clipped_gain = Exercise(
    name="clipped_gain",
    answer=lambda ratio, advantage, width=0.2: min(ratio * advantage, _clip(ratio, width) * advantage),
    cases=[
        Case(1.0, 1.0),
        Case(1.5, 1.0),
        Case(0.5, 1.0),  # a good token has become rare: the way back stays open
        Case(1.5, -1.0),  # a bad one has become likely: likewise
        Case(0.5, -1.0),
        Case(1.1, 2.0),
        Case(1.5, 2.0, 0.25),
        Case(3.0, -0.5, 0.1),
        Case(0.25, -3.0, 0.5),
    ],
    hint="Two products: the ratio times the advantage, and the ratio clipped to 1 - width … 1 + width times the "
    "advantage. The objective is the smaller of the two, whatever the sign of the advantage.",
    why="A ratio of 1 is a token as likely as when it was sampled. Further than width in the rewarded direction there "
    "is nothing more to gain, so no gradient. In the other direction the minimum leaves the ratio as it is: a good "
    "token that became rare (0.5, advantage 1) and a bad one that became likely (1.5, advantage -1) are still put "
    "right. TRL's GRPOTrainer takes this minimum for each token, and minus it as the loss.",
    mistakes={
        "That is always clipped: where the policy went the wrong way, nothing would bring it back. Take the smaller of "
        "the clipped and the unclipped product.": lambda ratio, advantage, width=0.2: _clip(ratio, width) * advantage,
        "The smaller of the two, not the larger: this is to be maximized, and may not promise too much.": (
            lambda ratio, advantage, width=0.2: max(ratio * advantage, _clip(ratio, width) * advantage)
        ),
        "It is the ratio that is clipped, not its product with the advantage.": (
            lambda ratio, advantage, width=0.2: min(ratio * advantage, _clip(ratio * advantage, width))
        ),
        "It is the ratio that is clipped, not its product with the advantage; and then take the smaller of the "
        "clipped and the unclipped product.": lambda ratio, advantage, width=0.2: _clip(ratio * advantage, width),
        "That clips above only, also where the advantage is negative: there a ratio above 1 + width counts in full, "
        "and one below 1 - width is clipped.": (lambda ratio, advantage, width=0.2: min(ratio, 1 + width) * advantage),
        "The ratio is clipped below, too: with a negative advantage, 1 - width is where it matters.": (
            lambda ratio, advantage, width=0.2: min(ratio * advantage, min(ratio, 1 + width) * advantage)
        ),
        "That is the loss. Asked for is what is to be maximized: without the minus.": (
            lambda ratio, advantage, width=0.2: -min(ratio * advantage, _clip(ratio, width) * advantage)
        ),
        "Nothing is clipped: that is the objective without its limits.": (
            lambda ratio, advantage, width=0.2: ratio * advantage
        ),
        "The ratio of a token that did not change is 1: clip it to 1 - width … 1 + width, not to -width … width.": (
            lambda ratio, advantage, width=0.2: min(ratio * advantage, _clip(ratio, width, around=0.0) * advantage)
        ),
        "The width is an argument: it is not always 0.2.": (
            lambda ratio, advantage, width=0.2: min(ratio * advantage, _clip(ratio, 0.2) * advantage)
        ),
    },
)


def _log_ratio(policy: list[float], reference: list[float], answer: list[int]) -> float:
    """The sum over the answer's tokens of how much likelier the policy finds them, as a logarithm."""
    return sum(p - r for p, r, a in zip(policy, reference, answer, strict=True) if a)


def _to_the_end(policy: list[float], reference: list[float], answer: list[int], beta: float = 0.1) -> float:
    first = answer.index(1)
    return beta * (sum(policy[first:]) - sum(reference[first:]))


implicit_reward = Exercise(
    name="implicit_reward",
    answer=lambda policy, reference, answer, beta=0.1: beta * _log_ratio(policy, reference, answer),
    cases=[
        Case([-1.0], [-1.0], [1]),  # before the first step the policy is the reference
        Case([-1.0], [-2.0], [1]),
        Case([-1.0], [-2.0], [1], 0.5),
        Case([-1.0, -0.5], [-2.0, -1.0], [1, 1]),
        Case([-3.0, -1.0], [-2.5, -1.5], [0, 1]),
        Case([-2.0, -1.5, -3.0], [-2.25, -0.5, -1.25], [0, 1, 1], 0.25),
        Case([-4.0, -1.0, -0.5, -2.0, -6.0], [-5.0, -1.5, -0.25, -3.0, -7.5], [0, 1, 1, 1, 0], 0.05),  # then padding
    ],
    hint="For each token whose flag is 1: the policy's log-probability minus the reference's. Add these up and "
    "multiply by beta.",
    why="The logarithm of a quotient is a difference, and that of a product a sum: together this is "
    "beta · log(policy(answer) / reference(answer)). DPO needs no reward model because the policy itself is one: what "
    "it has made likelier than the reference, it holds for better. It is a sum over tokens, so a long answer can "
    "earn, or lose, more than a short one.",
    mistakes={
        "That is a mean over the answer's tokens. The probability of an answer is a product, so its logarithm is the "
        "sum.": lambda policy, reference, answer, beta=0.1: beta * _log_ratio(policy, reference, answer) / sum(answer),
        "Divided by the number of all tokens: it is a sum, not a mean.": (
            lambda policy, reference, answer, beta=0.1: beta * _log_ratio(policy, reference, answer) / len(answer)
        ),
        "The prompt's tokens are counted: only those with flag 1 belong to the answer.": (
            lambda policy, reference, answer, beta=0.1: beta * (sum(policy) - sum(reference))
        ),
        "Everything from the answer's first token on is counted, the padding after it included. Go by the flags.": (
            _to_the_end
        ),
        "The reference is forgotten: the reward is how much likelier the answer has become, not how likely it is.": (
            lambda policy, reference, answer, beta=0.1: beta * _log_ratio(policy, [0.0] * len(policy), answer)
        ),
        "The other way round: the policy's minus the reference's.": (
            lambda policy, reference, answer, beta=0.1: beta * _log_ratio(reference, policy, answer)
        ),
        "beta is missing: it scales the sum.": (
            lambda policy, reference, answer, beta=0.1: _log_ratio(policy, reference, answer)
        ),
        "Multiply by beta, do not divide: a large beta makes a small departure from the reference count for much.": (
            lambda policy, reference, answer, beta=0.1: _log_ratio(policy, reference, answer) / beta
        ),
        "beta is an argument: it is not always 0.1.": (
            lambda policy, reference, answer, beta=0.1: 0.1 * _log_ratio(policy, reference, answer)
        ),
        "That is beta times the quotient of the probabilities; the reward is beta times its logarithm.": (
            lambda policy, reference, answer, beta=0.1: beta * math.exp(_log_ratio(policy, reference, answer))
        ),
        "That is the quotient of the probabilities to the power of beta; the reward is its logarithm.": (
            lambda policy, reference, answer, beta=0.1: math.exp(beta * _log_ratio(policy, reference, answer))
        ),
        "They are logarithms already: the logarithm of a quotient is their difference, not their quotient.": (
            lambda policy, reference, answer, beta=0.1: (
                beta * sum(p / r for p, r, a in zip(policy, reference, answer, strict=True) if a)
            )
        ),
        "They are logarithms already: subtract them, and take no further logarithm.": (
            lambda policy, reference, answer, beta=0.1: (
                beta * sum(math.log(p / r) for p, r, a in zip(policy, reference, answer, strict=True) if a)
            )
        ),
    },
)


dpo_pair_loss = Exercise(
    name="dpo_pair_loss",
    answer=lambda chosen, rejected, beta=0.1: _log_loss(beta * (chosen - rejected)),
    cases=[
        Case(0.0, 0.0),
        Case(1.0, 0.0),
        Case(0.0, 1.0),
        Case(2.0, -1.5),
        Case(-3.0, 4.0, 0.5),
        Case(-8.0, -20.0),  # both answers became rarer, the rejected one more so
        Case(12.0, -8.0),
        Case(-40.0, -15.0, 0.05),
    ],
    hint="It is the loss of a pair, -log sigmoid(better - worse), and the two scores are implicit rewards: "
    "beta · chosen and beta · rejected.",
    why="beta · chosen and beta · rejected are the two implicit rewards, and this is Bradley and Terry's loss of them: "
    'TRL\'s DPOTrainer computes it under loss_type="sigmoid", its default. Before the first step both log-ratios are 0 '
    "and the loss is log 2 = 0.693. Only their difference counts: the loss also falls where both answers become rarer, "
    "as long as the rejected one does so more.",
    mistakes={
        "beta is outside the logarithm: there it only scales the loss. It belongs inside the sigmoid, to the "
        "rewards.": lambda chosen, rejected, beta=0.1: beta * _log_loss(chosen - rejected),
        "The two are exchanged: chosen - rejected.": (
            lambda chosen, rejected, beta=0.1: _log_loss(beta * (rejected - chosen))
        ),
        "beta is missing: the rewards are beta times the log-ratios.": (
            lambda chosen, rejected, beta=0.1: _log_loss(chosen - rejected)
        ),
        "Multiply by beta, do not divide.": lambda chosen, rejected, beta=0.1: _log_loss((chosen - rejected) / beta),
        "beta is an argument: it is not always 0.1.": (
            lambda chosen, rejected, beta=0.1: _log_loss(0.1 * (chosen - rejected))
        ),
        "Those are the ratios themselves: DPO takes the difference of their logarithms, which you are given.": (
            lambda chosen, rejected, beta=0.1: _log_loss(beta * (math.exp(chosen) - math.exp(rejected)))
        ),
        "That is the probability of the right order; the loss is minus its logarithm.": (
            lambda chosen, rejected, beta=0.1: math.exp(-_log_loss(beta * (chosen - rejected)))
        ),
        "The minus is missing: a loss falls as the pair comes right.": (
            lambda chosen, rejected, beta=0.1: -_log_loss(beta * (chosen - rejected))
        ),
        "The rejected answer does not appear: DPO compares the two.": (
            lambda chosen, rejected, beta=0.1: _log_loss(beta * chosen)
        ),
        "That judges each answer by itself, with two sigmoids. DPO takes one, of the difference.": (
            lambda chosen, rejected, beta=0.1: _log_loss(beta * chosen) + _log_loss(-beta * rejected)
        ),
        'That is a hinge, TRL\'s loss_type="hinge". DPO takes -log sigmoid.': (
            lambda chosen, rejected, beta=0.1: max(0.0, 1.0 - beta * (chosen - rejected))
        ),
        "That is IPO's square: it wants a certain distance. DPO takes -log sigmoid.": (
            lambda chosen, rejected, beta=0.1: (chosen - rejected - 1 / (2 * beta)) ** 2
        ),
    },
)


def _advantages(rewards: list[float], less: int = 1, power: float = 0.5, small: float = 1e-4) -> list[float]:
    """Rewards minus their mean, divided by a spread: the mean square about it, of n - less, to the given power."""
    mean = sum(rewards) / len(rewards)
    variance = sum((r - mean) ** 2 for r in rewards) / (len(rewards) - less)
    return [(r - mean) / (variance**power + small) for r in rewards]


def _mean_kept(rewards: list[float]) -> list[float]:
    mean = sum(rewards) / len(rewards)
    std = math.sqrt(sum((r - mean) ** 2 for r in rewards) / (len(rewards) - 1))
    return [r / (std + 1e-4) for r in rewards]


def _undivided(rewards: list[float]) -> list[float]:
    return [r - sum(rewards) / len(rewards) for r in rewards]


def _leave_one_out(rewards: list[float]) -> list[float]:
    return [r - (sum(rewards) - r) / (len(rewards) - 1) for r in rewards]


def _zero_guarded(rewards: list[float]) -> list[float]:
    return [0.0] * len(rewards) if len(set(rewards)) == 1 else _advantages(rewards, small=0.0)


advantages_in_group = Exercise(
    name="advantages_in_group",
    answer=_advantages,
    cases=[
        Case([0.0, 1.0]),
        Case([1.0, 1.0, 1.0, 1.0]),  # no contrast: nothing to learn
        Case([0.0, 0.0, 0.0, 1.0]),
        Case([0.0, 10.0, 10.0, 10.0]),
        Case([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
        Case([0.125, 1.5, 0.5, 0.25, -0.5, 1.0, 0.75, 0.375]),
    ],
    hint="The mean of the group first, then its standard deviation: the square root of the sum of squared distances "
    "from the mean, divided by n - 1. An advantage is the distance from the mean divided by (standard deviation + "
    "1e-4); in a group of equal rewards that is 0.",
    why="So TRL 1.16's GRPOTrainer has it under scale_rewards=\"group\", its default: rewards minus their group's "
    "mean, divided by std_rewards + 1e-4, where its nanstd divides by n - 1 as torch.std does. The others of the group "
    "stand in for a critic. Rewards of 0 and 10 teach what 0 and 1 do; one success among eight counts for more than "
    "one among four; and a group of equal rewards teaches nothing.",
    mistakes={
        "The mean is not taken off: an advantage is how much better than its group an answer is.": _mean_kept,
        "That divides by the variance: take its square root.": lambda rewards: _advantages(rewards, power=1.0),
        "Nothing is divided: that is Dr. GRPO's advantage. GRPO divides by the standard deviation, too.": _undivided,
        "That standard deviation divides by n: torch, and so TRL, divides by n - 1.": (
            lambda rewards: _advantages(rewards, less=0)
        ),
        "The baseline is the mean of the others: that is RLOO. GRPO takes the mean of the whole group and divides by "
        "the standard deviation.": _leave_one_out,
        "The standard deviation of equal rewards is 0, and you would divide by it: add 1e-4 below the line.": (
            lambda rewards: _advantages(rewards, small=0.0)
        ),
        "Below the line, TRL adds 1e-4 to the standard deviation, and does so in every group.": _zero_guarded,
        "The 1e-4 is added to the standard deviation, not to the variance under the root.": (
            lambda rewards: [
                (r - sum(rewards) / len(rewards))
                / math.sqrt(sum((s - sum(rewards) / len(rewards)) ** 2 for s in rewards) / (len(rewards) - 1) + 1e-4)
                for r in rewards
            ]
        ),
    },
)
