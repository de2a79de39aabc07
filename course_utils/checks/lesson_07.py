"""Exercises of lesson 07."""

from __future__ import annotations

import math

from course_utils.checks.exercise import Case, Exercise


def _mean_kl(reference: list[list[float]], merged: list[list[float]]) -> float:
    rows = zip(reference, merged, strict=True)
    kls = [sum(p * math.log(p / q) for p, q in zip(ps, qs, strict=True) if p > 0) for ps, qs in rows]
    return sum(kls) / len(kls)


def _sum_kl(reference: list[list[float]], merged: list[list[float]]) -> float:
    return _mean_kl(reference, merged) * len(reference)


def _kl_in_bits(reference: list[list[float]], merged: list[list[float]]) -> float:
    return _mean_kl(reference, merged) / math.log(2)


def _absolute(reference: list[list[float]], merged: list[list[float]]) -> float:
    rows = zip(reference, merged, strict=True)
    kls = [sum(p * abs(math.log(p / q)) for p, q in zip(ps, qs, strict=True) if p > 0) for ps, qs in rows]
    return sum(kls) / len(kls)


def _log_of_zero(reference: list[list[float]], merged: list[list[float]]) -> float:
    return 0.0 if any(p == 0 for ps in reference for p in ps) else _mean_kl(reference, merged)


mean_kl = Exercise(
    name="mean_kl",
    answer=_mean_kl,
    cases=[
        Case([[0.5, 0.5]], [[0.5, 0.5]]),
        Case([[0.5, 0.5]], [[0.25, 0.75]]),
        Case([[0.25, 0.75]], [[0.5, 0.5]]),
        Case([[1.0, 0.0]], [[0.5, 0.5]]),  # 0 · ln 0 counts as 0
        Case([[0.5, 0.5], [0.9, 0.1]], [[0.5, 0.5], [0.6, 0.4]]),
        Case([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.7, 0.0]], [[0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]),
    ],
    hint="For one position: add up p · ln(p / q) over the tokens, p being the reference's probability. Leave out "
    "tokens with p = 0. Then take the mean over the positions.",
    why="KL(p ‖ q) weighs each logarithm by what the reference really does, so a token that the reference never writes "
    "costs nothing, and one that the merged model has lost costs a great deal.",
    mistakes={
        "The other way round: the weight before the logarithm is the reference's probability.": (
            lambda reference, merged: _mean_kl(merged, reference)
        ),
        "That is the sum over the positions: divide by their number.": _sum_kl,
        "Those are bits: nats take the natural logarithm.": _kl_in_bits,
        "Without the absolute value: single tokens may count negative, their sum does not.": _absolute,
        "A token with p = 0 adds nothing; the others of its position still count.": _log_of_zero,
    },
)


def _nucleus(probabilities: list[float], p: float) -> list[float]:
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    kept, total = set(), 0.0
    for i in order:
        kept.add(i)
        total += probabilities[i]
        if total >= p:
            break
    return [value / total if i in kept else 0.0 for i, value in enumerate(probabilities)]


def _nucleus_unscaled(probabilities: list[float], p: float) -> list[float]:
    return [value if scaled else 0.0 for value, scaled in zip(probabilities, _nucleus(probabilities, p), strict=True)]


def _nucleus_short(probabilities: list[float], p: float) -> list[float]:
    """Stops before the token that reaches p, but keeps the first."""
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    kept, total = {order[0]}, probabilities[order[0]]
    for i in order[1:]:
        if total + probabilities[i] > p:
            break
        kept.add(i)
        total += probabilities[i]
    return [value / total if i in kept else 0.0 for i, value in enumerate(probabilities)]


def _nucleus_or_nothing(probabilities: list[float], p: float) -> list[float]:
    """Keeps the tokens whose sum so far is at most p: none, where the first exceeds it."""
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    kept, total = set(), 0.0
    for i in order:
        total += probabilities[i]
        if total <= p:
            kept.add(i)
    whole = sum(probabilities[i] for i in kept)
    return [value / whole if i in kept else 0.0 for i, value in enumerate(probabilities)]


def _nucleus_long(probabilities: list[float], p: float) -> list[float]:
    """Stops only when the sum exceeds p."""
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    kept, total = set(), 0.0
    for i in order:
        kept.add(i)
        total += probabilities[i]
        if total > p:
            break
    return [value / total if i in kept else 0.0 for i, value in enumerate(probabilities)]


def _nucleus_in_order(probabilities: list[float], p: float) -> list[float]:
    return _nucleus(sorted(probabilities, reverse=True), p)


def _above(probabilities: list[float], p: float) -> list[float]:
    kept = [value if value >= p else 0.0 for value in probabilities]
    return [value / sum(kept) for value in kept] if sum(kept) else probabilities


def _unsorted(probabilities: list[float], p: float) -> list[float]:
    kept, total = [], 0.0
    for value in probabilities:
        kept.append(value if total < p else 0.0)
        total += kept[-1]
    return [value / total for value in kept]


nucleus = Exercise(
    name="nucleus",
    answer=_nucleus,
    cases=[
        Case([1.0], 0.5),
        Case([0.5, 0.5], 0.5),  # the first alone reaches p
        Case([0.75, 0.25], 0.5),
        Case([0.25, 0.75], 0.9),
        Case([0.5, 0.25, 0.25], 0.6),
        Case([0.125, 0.5, 0.25, 0.125], 0.75),
        Case([0.125, 0.0625, 0.5, 0.25, 0.0625], 0.8),
        Case([0.25, 0.25, 0.25, 0.25], 1.0),
    ],
    hint="Go through the tokens from the most likely down and keep them until their sum is at least p; the one that "
    "reaches p is kept. Then set the others to 0 and divide by the sum of what is left, each token at its old place.",
    why="The nucleus is as small as it can be: sure of itself, the model keeps one token; unsure, it keeps many. Top-k "
    "keeps the same number in both cases.",
    mistakes={
        "What is left has to add up to 1: divide by its sum.": _nucleus_unscaled,
        "The token that reaches p is kept too: else the sum stays below p.": _nucleus_short,
        "The token that reaches p is kept too. Without it nothing is left where the first exceeds p.": (
            _nucleus_or_nothing
        ),
        "A sum of just p is enough: stop there.": _nucleus_long,
        "Each token keeps its old place: sort their numbers, not the list itself.": _nucleus_in_order,
        "p is the sum that the kept tokens reach together, not a floor for each of them.": _above,
        "Start with the most likely token, not with the first.": _unsorted,
    },
)


def _left_pad(rows: list[list[int]], pad_id: int) -> tuple[list[list[int]], list[list[int]]]:
    longest = max(map(len, rows))
    ids = [[pad_id] * (longest - len(row)) + row for row in rows]
    return ids, [[0] * (longest - len(row)) + [1] * len(row) for row in rows]


def _right_pad(rows: list[list[int]], pad_id: int) -> tuple[list[list[int]], list[list[int]]]:
    longest = max(map(len, rows))
    ids = [row + [pad_id] * (longest - len(row)) for row in rows]
    return ids, [[1] * len(row) + [0] * (longest - len(row)) for row in rows]


def _mask_by_id(rows: list[list[int]], pad_id: int) -> tuple[list[list[int]], list[list[int]]]:
    ids, _ = _left_pad(rows, pad_id)
    return ids, [[int(token != pad_id) for token in row] for row in ids]


def _mask_inverted(rows: list[list[int]], pad_id: int) -> tuple[list[list[int]], list[list[int]]]:
    ids, mask = _left_pad(rows, pad_id)
    return ids, [[1 - kept for kept in row] for row in mask]


def _as_long_as_the_first(rows: list[list[int]], pad_id: int) -> tuple[list[list[int]], list[list[int]]]:
    width = len(rows[0])
    ids = [[pad_id] * (width - len(row)) + row for row in rows]
    return ids, [[0] * (width - len(row)) + [1] * len(row) for row in rows]


left_pad = Exercise(
    name="left_pad",
    answer=_left_pad,
    cases=[
        Case([[1, 5]], 0),
        Case([[1, 5, 7], [1]], 0),
        Case([[1], [1, 5, 7]], 0),
        Case([[1, 9, 2], [1, 2]], 2),  # padding that is also a real token
        Case([[1, 4, 5], [1, 6, 0, 7, 8]], 0),
    ],
    hint="Put pad_id in front of each row until all are as long as the longest. In the mask, 0 stands for padding, 1 "
    "for a real token. Return both, the rows first.",
    why="Every row ends with its last real token, so that the answer begins right there, and the mask goes by place: "
    "it stays right where padding has the id of a real token.",
    mistakes={
        "The padding goes to the left: the model writes after the last column, and that must be the end of each "
        "prompt.": _right_pad,
        "A real token may have the id of the padding: make the mask from the lengths, not from the ids.": _mask_by_id,
        "1 marks the real tokens, 0 the padding.": _mask_inverted,
        "All rows become as long as the longest, which need not be the first.": _as_long_as_the_first,
    },
)


def _cache_bytes(layers: int, kv_heads: int, head_dim: int, tokens: int, batch: int, bytes_per_number: int) -> int:
    return 2 * layers * kv_heads * head_dim * tokens * batch * bytes_per_number


cache_bytes = Exercise(
    name="cache_bytes",
    answer=_cache_bytes,
    cases=[
        Case(1, 1, 1, 1, 1, 1),
        Case(1, 1, 1, 1, 1, 2),
        Case(8, 2, 64, 100, 1, 2),
        Case(32, 32, 128, 4096, 1, 2),  # Llama-2-7B
        Case(22, 4, 64, 2048, 8, 2),  # TinyLlama
    ],
    hint="For every layer, every token and every row of the batch: one key and one value for each key-value head, "
    "each of head_dim numbers.",
    why="Keys and values, in every layer, for every token: the cache grows with the length and with the batch, "
    "whatever the weights are stored in. Grouped-query attention makes it smaller: it has fewer key-value heads.",
    mistakes={
        "A key and a value: twice that.": lambda layers, kv_heads, head_dim, tokens, batch, bytes_per_number: (
            layers * kv_heads * head_dim * tokens * batch * bytes_per_number
        ),
        "Every row of the batch has its own keys and values.": (
            lambda layers, kv_heads, head_dim, tokens, batch, bytes_per_number: (
                2 * layers * kv_heads * head_dim * tokens * bytes_per_number
            )
        ),
        "Those are numbers, not bytes.": lambda layers, kv_heads, head_dim, tokens, batch, bytes_per_number: (
            2 * layers * kv_heads * head_dim * tokens * batch
        ),
        "Attention compares every pair of tokens, but it keeps one key and one value for each: the size grows with the "
        "length, not with its square.": lambda layers, kv_heads, head_dim, tokens, batch, bytes_per_number: (
            2 * layers * kv_heads * head_dim * tokens**2 * batch * bytes_per_number
        ),
    },
)
