"""Exercises of lesson 11."""

from __future__ import annotations

import math
from collections.abc import Sequence

from course_utils.checks.exercise import Case, Exercise

Matrix = Sequence[Sequence[float]]

operations_a_token = Exercise(
    name="operations_a_token",
    answer=lambda layers, rank: sum(4 * i * o + 6 * rank * (i + o) for i, o in layers),
    cases=[
        Case([(2, 3)], 1),
        Case([(2, 3)], 2),
        Case([(4, 4), (4, 2)], 1),
        Case([(4096, 4096), (4096, 11008), (11008, 4096)], 64),
    ],
    hint="A frozen weight takes 2 operations forward and 2 backward, a trained one 2 more. A has rank x inputs weights "
    "and B outputs x rank.",
    why="Four operations for each frozen weight, six for each that learns. Beside a large model an adapter is a few "
    "hundredths of the work, so 4N is a good bound.",
    mistakes={
        "The base is frozen: it needs no gradients of its weights, so 4 a weight, not 6.": (
            lambda layers, rank: sum(6 * (i * o + rank * (i + o)) for i, o in layers)
        ),
        "The adapter learns: its weights need gradients of their own, so 6 a weight, not 4.": (
            lambda layers, rank: sum(4 * (i * o + rank * (i + o)) for i, o in layers)
        ),
        "The adapter is missing: rank x (inputs + outputs) weights a layer.": (
            lambda layers, rank: sum(4 * i * o for i, o in layers)
        ),
        "Those are multiplications only: each comes with an addition.": (
            lambda layers, rank: sum(2 * i * o + 3 * rank * (i + o) for i, o in layers)
        ),
        "That is the forward pass alone.": lambda layers, rank: sum(2 * (i * o + rank * (i + o)) for i, o in layers),
        "It is the other way round: the base takes 4 a weight, the adapter 6.": (
            lambda layers, rank: sum(6 * i * o + 4 * rank * (i + o) for i, o in layers)
        ),
        "An adapter is two thin matrices, not rank matrices of the base's size.": (
            lambda layers, rank: sum(4 * i * o + 6 * rank * i * o for i, o in layers)
        ),
    },
)


def _times(a: Matrix, b: Matrix) -> list[list[float]]:
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]


def _turned(a: Matrix) -> list[list[float]]:
    return [list(column) for column in zip(*a, strict=True)]


def _scaled(a: Matrix, factor: float) -> list[list[float]]:
    return [[factor * x for x in row] for row in a]


def _added(a: Matrix, b: Matrix) -> list[list[float]]:
    return [[x + y for x, y in zip(one, other, strict=True)] for one, other in zip(a, b, strict=True)]


def _gradients(x: Matrix, W: Matrix, A: Matrix, B: Matrix, scale: float, G: Matrix) -> list:
    """Of x, A and B, for y = x W^T + scale (x A^T) B^T."""
    narrow = _scaled(_times(G, B), scale)
    of_x = _added(_times(G, W), _times(narrow, A))
    of_b = _scaled(_times(_turned(G), _times(x, _turned(A))), scale)
    return [of_x, _times(_turned(narrow), x), of_b]


def _but(place: int, change):
    """The gradients with one of the three in another way."""

    def answer(x, W, A, B, scale, G):
        found = _gradients(x, W, A, B, scale, G)
        found[place] = change(x, W, A, B, scale, G)
        return found

    return answer


lora_backward = Exercise(
    name="lora_backward",
    answer=_gradients,
    cases=[
        Case([[2.0]], [[3.0]], [[5.0]], [[7.0]], 1.0, [[1.0]]),
        Case([[2.0]], [[3.0]], [[5.0]], [[7.0]], 0.5, [[4.0]]),
        Case([[1.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[1.0, -1.0]], [[1.0], [0.0], [2.0]], 2.0,
             [[1.0, 2.0, 3.0]]),
        Case([[1.0, 2.0], [0.5, -1.0]], [[1.0, 3.0], [2.0, 1.0]], [[1.0, -1.0], [0.0, 4.0]], [[1.0, 2.0], [3.0, -2.0]],
             0.25, [[1.0, 2.0], [-2.0, 4.0]]),
    ],
    hint="Begin with scale x G B, which is as narrow as the rank. Times A it is the adapter's part of x's gradient; "
    "turned and times x it is A's gradient. B's is scale x (G turned) times (x A^T).",
    why="Five products, and none as large as W but the one through W itself: the order of the factors keeps it so. "
    "Kept for it are x and the narrow x A^T, nothing as wide as the output.",
    mistakes={
        "The scale is missing: the adapter's part is scale x (x A^T) B^T, and so are its gradients.": (
            lambda x, W, A, B, scale, G: _gradients(x, W, A, B, 1.0, G)
        ),
        "x's gradient has two parts: one comes back through W, one through the adapter.": (
            _but(0, lambda x, W, A, B, scale, G: _times(_scaled(_times(G, B), scale), A))
        ),
        "x's gradient also comes back through the adapter: add scale x (G B) A.": (
            _but(0, lambda x, W, A, B, scale, G: _times(G, W))
        ),
        "The scale is missing in x's gradient.": (
            _but(0, lambda x, W, A, B, scale, G: _gradients(x, W, A, B, 1.0, G)[0])
        ),
        "The scale is missing in A's gradient.": (
            _but(1, lambda x, W, A, B, scale, G: _gradients(x, W, A, B, 1.0, G)[1])
        ),
        "The scale is missing in B's gradient.": (
            _but(2, lambda x, W, A, B, scale, G: _gradients(x, W, A, B, 1.0, G)[2])
        ),
        "The gradients of A and B stand in each other's place: return x's, A's, B's.": (
            lambda x, W, A, B, scale, G: [_gradients(x, W, A, B, scale, G)[i] for i in (0, 2, 1)]
        ),
        "A gradient has the shape of its matrix: A's and B's are turned here.": (
            lambda x, W, A, B, scale, G: [
                _turned(each) if i else each for i, each in enumerate(_gradients(x, W, A, B, scale, G))
            ]
        ),
    },
)  # fmt: skip


def _padding(lengths: Sequence[int], at_once: int, multiple: int = 1, reach=max) -> float:
    batches = [lengths[i : i + at_once] for i in range(0, len(lengths), at_once)]
    places = sum(len(batch) * multiple * math.ceil(reach(batch) / multiple) for batch in batches)
    return 1 - sum(lengths) / places


padding_share = Exercise(
    name="padding_share",
    answer=_padding,
    cases=[
        Case([3, 3], 2),
        Case([1, 3], 2),
        Case([1, 3, 2], 2),
        Case([1, 3, 3, 5, 2], 2, 4),
        Case([40, 12, 33, 90, 17, 64, 128], 3, 32),
    ],
    hint="Each batch is as long as its longest row, rounded up to the multiple; all its rows are filled up to that. "
    "The share is padding by all places, not by tokens.",
    why="Padding is computed like any token, and thrown away. Rows of like length together, or several rows in one "
    "(packing), make it small; rounding up costs a little and leaves the compiler fewer lengths.",
    mistakes={
        "Each batch has its own longest row: not all rows are filled up to the longest of all.": (
            lambda lengths, at_once, multiple=1: _padding(lengths, len(lengths), multiple)
        ),
        "The length of a batch is to be rounded up to the multiple.": (
            lambda lengths, at_once, multiple=1: _padding(lengths, at_once)
        ),
        "Rounded down, a batch has no room for its longest row: round up.": (
            lambda lengths, at_once, multiple=1: (
                1
                - sum(lengths)
                / sum(
                    len(lengths[i : i + at_once]) * max(1, max(lengths[i : i + at_once]) // multiple) * multiple
                    for i in range(0, len(lengths), at_once)
                )
            )
        ),
        "That is padding for each token. Asked is its share of all places.": (
            lambda lengths, at_once, multiple=1: (
                _padding(lengths, at_once, multiple) / (1 - _padding(lengths, at_once, multiple))
            )
        ),
        "That is the share of the tokens. The padding is the rest.": (
            lambda lengths, at_once, multiple=1: 1 - _padding(lengths, at_once, multiple)
        ),
        "The last batch may have fewer rows: nothing is padded where there is no row.": (
            lambda lengths, at_once, multiple=1: (
                1
                - sum(lengths)
                / sum(
                    at_once * multiple * math.ceil(max(lengths[i : i + at_once]) / multiple)
                    for i in range(0, len(lengths), at_once)
                )
            )
        ),
        "A row is filled up to the length of its batch, not to a multiple of its own.": (
            lambda lengths, at_once, multiple=1: (
                1 - sum(lengths) / sum(multiple * math.ceil(length / multiple) for length in lengths)
            )
        ),
    },
)


def _whole(parts: Sequence[float], which: int, factor: float) -> float:
    return sum(parts) / (sum(parts) - parts[which] + parts[which] / factor)


whole_gain = Exercise(
    name="whole_gain",
    answer=_whole,
    cases=[
        Case([1.0], 0, 2.0),
        Case([1.0, 1.0], 0, 2.0),
        Case([6.0, 3.0, 1.0], 2, 10.0),
        Case([333.0, 68.0, 19.0, 14.0], 1, math.inf),
        Case([5.0, 3.0], 1, 0.5),
    ],
    hint="The part takes parts[which] / factor from now on, the others what they took. The gain is the old sum by the "
    "new sum.",
    why="Amdahl's law. A part that takes a tenth cannot give more than 1.11, even if it vanishes: so take the step "
    "apart before you write a kernel.",
    mistakes={
        "That is the part's own gain; the others take as long as before.": lambda parts, which, factor: factor,
        "Upside down: how many times as fast is the old time by the new one.": (
            lambda parts, which, factor: 1 / _whole(parts, which, factor)
        ),
        "That is the share of the time that is saved. Asked is how many times as fast the step is.": (
            lambda parts, which, factor: 1 - 1 / _whole(parts, which, factor)
        ),
        "The part does not vanish: it still takes parts[which] / factor.": (
            lambda parts, which, factor: sum(parts) / (sum(parts) - parts[which]) if len(parts) > 1 else math.inf
        ),
        "A share of the gain is not what is left: add times, then divide.": (
            lambda parts, which, factor: 1 + parts[which] / sum(parts) * (factor - 1)
        ),
    },
)


def _repaid(warm_up: float, before: float, after: float) -> int | None:
    return math.floor(warm_up / (before - after)) + 1 if after < before else None


steps_to_repay = Exercise(
    name="steps_to_repay",
    answer=_repaid,
    cases=[
        Case(10.0, 2.0, 1.0),
        Case(10.0, 1.0, 1.0),
        Case(1.0, 3.0, 1.0),
        Case(16.0, 0.75, 0.5),
        Case(20.0, 0.5, 0.75),
    ],
    hint="Each step saves before - after seconds. It is ahead at the first whole step at which the savings are more "
    "than the warm-up; equal is not yet ahead. If nothing is saved, it never is: None.",
    why="Compiling pays in a run that is long enough: a training of thousands of steps, not a lesson of twenty.",
    mistakes={
        "Equal is not ahead yet: one step more.": (
            lambda warm_up, before, after: math.ceil(warm_up / (before - after)) if after < before else None
        ),
        "A step still takes its new time: what it saves is before - after, not before.": (
            lambda warm_up, before, after: math.floor(warm_up / before) + 1 if after < before else None
        ),
        "Steps are whole.": (
            lambda warm_up, before, after: warm_up / (before - after) if after < before else None
        ),
        "Where a step gets no shorter, the warm-up never comes back: None.": (
            lambda warm_up, before, after: math.floor(warm_up / abs(before - after)) + 1 if after != before else None
        ),
        "The two times are in each other's place.": (
            lambda warm_up, before, after: math.floor(warm_up / (after - before)) + 1 if after > before else None
        ),
    },
)  # fmt: skip
