"""Exercises of lesson 08."""

from __future__ import annotations

import math

from course_utils.checks.exercise import Case, Exercise

bits_from_perplexity = Exercise(
    name="bits_from_perplexity",
    answer=lambda perplexity, tokens, byte_count: tokens * math.log2(perplexity) / byte_count,
    cases=[
        Case(2.0, 1, 1),
        Case(2.0, 1, 4),
        Case(4.0, 10, 20),
        Case(256.0, 100, 100),
        Case(14.0, 19_093, 20_971),
        Case(178.6, 6_051, 20_971),
    ],
    hint="A perplexity of 2 is one bit a token, of 4 two bits. So how many bits does the whole text take, and how many "
    "is that a byte?",
    why="log2 of the perplexity is the bits a token takes; times tokens the bits of the text; divided by bytes a "
    "number that no tokenizer can move. The last two cases are one text under two tokenizers: the higher perplexity "
    "has the fewer bits per byte.",
    mistakes={
        "Those are nats: take the logarithm to base 2.": lambda perplexity, tokens, byte_count: (
            tokens * math.log(perplexity) / byte_count
        ),
        "That is bits per token: it still depends on the tokenizer.": lambda perplexity, tokens, byte_count: math.log2(
            perplexity
        ),
        "Those are the bits of the whole text: divide by its bytes.": lambda perplexity, tokens, byte_count: (
            tokens * math.log2(perplexity)
        ),
        "Perplexity is no number of bits: its logarithm is.": lambda perplexity, tokens, byte_count: (
            tokens * perplexity / byte_count
        ),
        "Tokens and bytes are the wrong way round: a text of many tokens takes many bits.": (
            lambda perplexity, tokens, byte_count: byte_count * math.log2(perplexity) / tokens
        ),
    },
)


def _means(scores: list[float], resamples: list[list[int]]) -> list[float]:
    return sorted(sum(scores[i] for i in picks) / len(picks) for picks in resamples)


def _bootstrap_interval(scores: list[float], resamples: list[list[int]], cut: float = 0.025) -> list[float]:
    means = _means(scores, resamples)
    drop = int(cut * len(means))
    return [means[drop], means[-1 - drop]]


def _unsorted(scores: list[float], resamples: list[list[int]], cut: float = 0.025) -> list[float]:
    means = [sum(scores[i] for i in picks) / len(picks) for picks in resamples]
    drop = int(cut * len(means))
    return [means[drop], means[-1 - drop]]


def _of_scores(scores: list[float], resamples: list[list[int]], cut: float = 0.025) -> list[float]:
    ordered = sorted(scores)
    drop = int(cut * len(ordered))
    return [ordered[drop], ordered[-1 - drop]]


def _both_ends_together(scores: list[float], resamples: list[list[int]], cut: float = 0.025) -> list[float]:
    return _bootstrap_interval(scores, resamples, cut / 2)


def _nothing_cut(scores: list[float], resamples: list[list[int]], cut: float = 0.025) -> list[float]:
    means = _means(scores, resamples)
    return [means[0], means[-1]]


def _one_too_far(scores: list[float], resamples: list[list[int]], cut: float = 0.025) -> list[float]:
    means = _means(scores, resamples)
    drop = int(cut * len(means))
    return [means[drop], means[-drop]]


bootstrap_interval = Exercise(
    name="bootstrap_interval",
    answer=_bootstrap_interval,
    cases=[
        Case([0, 1], [[0, 0], [0, 1], [1, 1]], 0.0),
        Case([1, 0], [[0, 0], [0, 1], [1, 1]], 0.34),
        Case([0, 1], [[1, 1], [0, 0], [0, 1], [1, 0]], 0.25),
        Case([0, 1, 1, 1], [[0, 1, 2, 3], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1], [3, 2, 1, 1]], 0.2),
        Case([1, 0], [[0] * k + [1] * (6 - k) for k in range(7)], 0.3),
        # 40 tests, the k-th of which takes a wrong answer k times out of 40: at the usual cut one mean goes at each end
        Case([0, 1], [[0] * k + [1] * (40 - k) for k in range(40)]),
    ],
    hint="The mean of each resampled test first, then sort the means. int(cut * len(means)) of them go at each end.",
    why="The scores themselves are only 0 and 1; what you want is how their *mean* would move. Each resample is a test "
    "that you might as well have drawn, and the middle of its means is the interval.",
    mistakes={
        "The means are not in order yet: sort them before you cut.": _unsorted,
        "That sorts the scores. The interval is about the means of the resampled tests.": _of_scores,
        "The share `cut` goes at each end, not half of it.": _both_ends_together,
        "Nothing is cut off: these are the smallest and the largest mean of all.": _nothing_cut,
        "The upper end is one place too far: means[-1] is the last, so means[-1 - drop] has `drop` means above "
        "it.": _one_too_far,
    },
)


def _mcnemar_p(only_a: int, only_b: int) -> float:
    n = only_a + only_b
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1)) / 2**n)


def _one_side(only_a: int, only_b: int) -> float:
    return sum(math.comb(only_a + only_b, k) for k in range(min(only_a, only_b) + 1)) / 2 ** (only_a + only_b)


def _just_this_split(only_a: int, only_b: int) -> float:
    return min(1.0, 2 * math.comb(only_a + only_b, min(only_a, only_b)) / 2 ** (only_a + only_b))


def _above_one(only_a: int, only_b: int) -> float:
    return 2 * _one_side(only_a, only_b)


def _more_uneven(only_a: int, only_b: int) -> float:
    n = only_a + only_b
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(min(only_a, only_b))) / 2**n)


def _chi_squared(only_a: int, only_b: int) -> float:
    n = only_a + only_b
    return math.erfc(abs(only_a - only_b) / math.sqrt(2 * n)) if n else 1.0


mcnemar_p = Exercise(
    name="mcnemar_p",
    answer=_mcnemar_p,
    cases=[
        Case(0, 1),
        Case(1, 1),
        Case(3, 0),
        Case(5, 1),
        Case(2, 2),
        Case(6, 19),
        Case(4, 4),
        Case(0, 0),
        Case(30, 12),
    ],
    hint="Of n = only_a + only_b tosses, add up the ways to get at most min(only_a, only_b) heads, divide by all 2**n "
    "ways, and count both directions. No probability exceeds 1.",
    why="Questions on which both models agree do not appear at all: only the ones that tell the models apart count. "
    "19 against 6 is rare for a coin; 4 against 4 is nothing.",
    mistakes={
        "That is one direction only: a split as uneven the other way would have surprised you as much.": _one_side,
        "That is the probability of just this split. Add all that are more uneven.": _just_this_split,
        "A probability cannot exceed 1: at an even split both sides contain the middle.": _above_one,
        "The split that was seen counts as well: at least as uneven, not more uneven.": _more_uneven,
        "That is the normal approximation. With few questions it is too sure of itself; count exactly.": _chi_squared,
    },
)


def _swapped_win_rate(a_first: list[str], b_first: list[str]) -> float:
    return (a_first.count("first") + b_first.count("second")) / (len(a_first) + len(b_first))


def _both_times(a_first: list[str], b_first: list[str]) -> float:
    both = [one == "first" and two == "second" for one, two in zip(a_first, b_first, strict=True)]
    return sum(both) / len(both)


def _consistent_only(a_first: list[str], b_first: list[str]) -> float:
    clear = [one == "first" for one, two in zip(a_first, b_first, strict=True) if one != two]
    return sum(clear) / len(clear) if clear else 0.5


swapped_win_rate = Exercise(
    name="swapped_win_rate",
    answer=_swapped_win_rate,
    cases=[
        Case(["first"], ["second"]),
        Case(["first"], ["first"]),  # a judge who always names the first place
        Case(["second"], ["first"]),
        Case(["first", "first"], ["first", "second"]),
        Case(["first", "second", "first", "second"], ["second", "second", "first", "first"]),
        Case(["first", "first", "second"], ["second", "second", "second"]),
    ],
    hint='With A shown first, "first" is a verdict for A. With B shown first, "second" is. A question with one verdict '
    "for A and one for B counts a half.",
    why="A judge who goes by the place alone contradicts himself on every question and gives exactly one half, "
    "whatever the models are.",
    mistakes={
        'Where B stands first, A is the "second": turn those verdicts round.': lambda a_first, b_first: (
            (a_first.count("first") + b_first.count("first")) / (2 * len(a_first))
        ),
        "That uses the verdicts with A first only, the place bias included.": lambda a_first, b_first: (
            a_first.count("first") / len(a_first)
        ),
        "That uses the verdicts with B first only, the place bias included.": lambda a_first, b_first: (
            b_first.count("second") / len(b_first)
        ),
        "A question on which the judge contradicts himself counts a half, not 0.": _both_times,
        "Questions on which the judge contradicts himself are left out; they count a half.": _consistent_only,
        "That is B's win rate.": lambda a_first, b_first: 1 - _swapped_win_rate(a_first, b_first),
    },
)
