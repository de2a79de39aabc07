"""Graders of lesson 12."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.checks.exercise import Case, Exercise

target_modules = Exercise(
    name="target_modules",
    answer=lambda modules, head: sorted({n.split(".")[-1] for n, kind in modules if kind == "Linear" and n != head}),
    cases=[
        Case([("layers.0.c_attn", "Linear")], "lm_head"),
        Case([("layers.0.c_attn", "Linear"), ("lm_head", "Linear")], "lm_head"),
        Case([("layers.0.norm", "LayerNorm"), ("layers.0.c_attn", "Linear")], "lm_head"),
        Case([("h.0.up", "Linear"), ("h.0.down", "Linear"), ("h.1.up", "Linear"), ("h.1.down", "Linear")], "head"),
        Case([("wte", "Embedding"), ("h.0.attn.qkv", "Linear"), ("h.0.attn.out", "Linear"), ("out", "Linear")], "out"),
    ],
    hint='The last part of a name is name.split(".")[-1]; a set keeps each once.',
    why="This is what target_modules takes, and what all-linear finds by itself.",
    mistakes={
        "The output head stays out: compare the whole name with head.": (
            lambda modules, head: sorted({n.split(".")[-1] for n, kind in modules if kind == "Linear"})
        ),
        "Only linear layers can carry these adapters.": (
            lambda modules, head: sorted({n.split(".")[-1] for n, _ in modules if n != head})
        ),
        "Each name once: a set.": (
            lambda modules, head: sorted(n.split(".")[-1] for n, kind in modules if kind == "Linear" and n != head)
        ),
        "The last part of the name only, so that it fits in every block.": (
            lambda modules, head: sorted({n for n, kind in modules if kind == "Linear" and n != head})
        ),
        "Sorted, please.": (
            lambda modules, head: sorted(
                {n.split(".")[-1] for n, kind in modules if kind == "Linear" and n != head}, reverse=True
            )
        ),
        "A layer may have the same last part as the head and still belong to a block: compare the whole name.": (
            lambda modules, head: sorted(
                {n.split(".")[-1] for n, kind in modules if kind == "Linear" and n.split(".")[-1] != head}
            )
        ),
    },
)

fused_rank = Exercise(
    name="fused_rank",
    answer=lambda parts, rank, inputs: min(parts * rank, inputs),
    cases=[Case(3, 1, 64), Case(1, 8, 64), Case(3, 8, 64), Case(2, 16, 4096), Case(3, 32, 64)],
    hint="Stack the separate A: how many rows are that? And how many can be independent?",
    why="The stacked A has parts · rank rows, one for each number that the separate adapters read, and B is "
    "block-diagonal.",
    mistakes={
        "At that rank all parts share what they read; separate adapters read numbers of their own.": (
            lambda parts, rank, inputs: min(rank, inputs)
        ),
        "A layer with few inputs has no change of a higher rank than these.": lambda parts, rank, inputs: parts * rank,
        "Not every fused layer holds three: parts says how many.": lambda parts, rank, inputs: min(3 * rank, inputs),
        "Each of the parts brings its own rows, not one more in all.": (
            lambda parts, rank, inputs: min(parts + rank, inputs)
        ),
    },
)

decoder_inputs = Exercise(
    name="decoder_inputs",
    answer=lambda labels, start, pad: [start] + [pad if label == -100 else label for label in labels[:-1]],
    cases=[
        Case([7, 1], 0, 0),
        Case([7, 8, 1], 0, 0),
        Case([7, 1, -100, -100], 0, 0),
        Case([5, 6, 2, -100], 9, 3),
        Case([5, 2, -100, -100], 9, 3),
    ],
    hint="The start token first, then the labels without the last one.",
    why="At each place the decoder has read all labels before that place, and none from there on.",
    mistakes={
        "Shift: at its first place the decoder may not read the first label, which it is to guess.": (
            lambda labels, start, pad: [pad if label == -100 else label for label in labels]
        ),
        "The last label is never read: as many inputs as labels.": (
            lambda labels, start, pad: [start] + [pad if label == -100 else label for label in labels]
        ),
        "-100 is no token: the embedding has no such row.": lambda labels, start, pad: [start, *labels[:-1]],
        "It begins with start, not with pad, although they are the same in T5.": (
            lambda labels, start, pad: [pad] + [pad if label == -100 else label for label in labels[:-1]]
        ),
        "Where a label is -100, the decoder reads pad, not start.": (
            lambda labels, start, pad: [start] + [start if label == -100 else label for label in labels[:-1]]
        ),
    },
)


def _compensated(sign: float = -1.0, divide: bool = True, row_of: int = 0) -> Callable[..., list[float]]:
    def move(row: list[float], rounded: float, inverse: list[list[float]]) -> list[float]:
        step = (row[0] - rounded) / (inverse[0][0] if divide else 1)
        return [weight + sign * step * inverse[row_of][k] for k, weight in enumerate(row) if k > 0]

    return move


def _first_kept(row: list[float], rounded: float, inverse: list[list[float]]) -> list[float]:
    return [rounded, *_compensated()(row, rounded, inverse)]


def _own_diagonal(row: list[float], rounded: float, inverse: list[list[float]]) -> list[float]:
    return [row[k] - (row[0] - rounded) * inverse[0][k] / inverse[k][k] for k in range(1, len(row))]


compensate = Exercise(
    name="compensate",
    answer=_compensated(),
    cases=[
        Case([0.5, 1.0], 0.0, [[1.0, 0.0], [0.0, 1.0]]),
        Case([0.5, 1.0], 0.0, [[1.0, -0.5], [-0.5, 1.0]]),
        Case([0.5, 1.0], 1.0, [[2.0, -1.0], [-1.0, 3.0]]),
        Case([0.25, -1.0, 2.0], 0.0, [[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [-2.0, 0.5, 2.0]]),
    ],
    hint="Each other weight k moves by -(row[0] - rounded) / inverse[0][0] · inverse[0][k].",
    why="This is where the output error, a quadratic in the weights, is smallest once the first weight is fixed. If "
    "its input has nothing to do with the others, inverse[0][k] is 0 and they stay.",
    mistakes={
        "The wrong direction: the others have to undo the change of the output, not add to it.": _compensated(sign=1.0),
        "Divide by inverse[0][0].": _compensated(divide=False),
        "Return the other weights only; the first one is settled.": _first_kept,
        "The division is by the entry of the weight that was rounded, inverse[0][0], for all of them.": _own_diagonal,
        "The row of the inverse is that of the weight that was rounded, inverse[0].": _compensated(row_of=1),
        "They have to move: the output has changed by (row[0] - rounded) times the first input.": (
            lambda row, rounded, inverse: row[1:]
        ),
    },
)
