"""Exercises of lesson 09."""

from __future__ import annotations

import math
from collections.abc import Sequence

from course_utils.checks.exercise import Case, Exercise

Numbers = Sequence[float]


def _mean_of(columns: Sequence[Numbers], of) -> list[float]:
    return [of(list(column)) for column in zip(*columns, strict=True)]


fisher_diagonal = Exercise(
    name="fisher_diagonal",
    answer=lambda gradients: _mean_of(gradients, lambda g: sum(x * x for x in g) / len(g)),
    cases=[
        Case([[2.0]]),
        Case([[1.0], [-1.0]]),  # their mean is 0, and yet the weight matters
        Case([[1.0, 0.0], [3.0, 0.0]]),
        Case([[0.5, -2.0, 0.0], [0.5, 2.0, 1.0], [0.5, 0.0, -1.0], [-0.5, 0.0, 0.0]]),
    ],
    hint="For each weight, square its gradient in each row, then take the mean over the rows.",
    why="A weight matters for the old rows if their likelihood is steep in it, either way: squares do not cancel. It "
    "is the Fisher information's diagonal where the gradients are those of log-probabilities of answers that the model "
    "itself would give; with the answers of the data it is called the empirical Fisher. (Kirkpatrick et al. 2017)",
    mistakes={
        "Square first, then take the mean: gradients of opposite sign cancel, and their weight matters all the same.": (
            lambda gradients: _mean_of(gradients, lambda g: (sum(g) / len(g)) ** 2)
        ),
        "That is the sum over the rows: take the mean, so that it does not grow with their number.": (
            lambda gradients: _mean_of(gradients, lambda g: sum(x * x for x in g))
        ),
        "The squares are missing: that is the mean gradient, which is near 0 where training has ended.": (
            lambda gradients: _mean_of(gradients, lambda g: sum(g) / len(g))
        ),
        "Squares, not absolute values.": lambda gradients: _mean_of(gradients, lambda g: sum(map(abs, g)) / len(g)),
        "Do not take the mean off first: that is the variance of the gradients.": (
            lambda gradients: _mean_of(gradients, lambda g: sum(x * x for x in g) / len(g) - (sum(g) / len(g)) ** 2)
        ),
        "No root at the end: EWC weighs with the mean square itself.": (
            lambda gradients: _mean_of(gradients, lambda g: math.sqrt(sum(x * x for x in g) / len(g)))
        ),
        "One number a weight, not one a row.": lambda gradients: [sum(x * x for x in g) / len(g) for g in gradients],
    },
)


def _moved(weights: Numbers, old: Numbers, fisher: Numbers, power: int = 2) -> list[float]:
    return [f * (w - o) ** power for w, o, f in zip(weights, old, fisher, strict=True)]


def _ewc(weights: Numbers, old: Numbers, fisher: Numbers, strength: float) -> list[float]:
    """The penalty, then its gradient in each weight."""
    return [strength / 2 * sum(_moved(weights, old, fisher)), *(strength * m for m in _moved(weights, old, fisher, 1))]


ewc = Exercise(
    name="ewc",
    answer=_ewc,
    cases=[
        Case([1.0], [1.0], [5.0], 2.0),
        Case([2.0], [1.0], [1.0], 2.0),
        Case([3.0], [1.0], [1.0], 1.0),
        Case([1.0, 1.0], [2.0, 1.5], [4.0, 0.0], 3.0),
        Case([0.5, -1.0, 2.0], [0.0, 1.0, 2.5], [2.0, 0.5, 8.0], 10.0),
    ],
    hint="The penalty is strength / 2 times the sum of fisher x (weight - old)^2. Its derivative in one weight: "
    "strength x fisher x (weight - old). Return the penalty first, then the derivatives, in one list.",
    why="A spring at each weight, as stiff as the weight is important, that pulls it back to where the old task left "
    "it. The half makes the derivative come out plain.",
    mistakes={
        "The half is missing in the penalty (or doubled in the derivative).": (
            lambda w, o, f, s: [s * sum(_moved(w, o, f)), *(s * m for m in _moved(w, o, f, 1))]
        ),
        "The derivative of a square has a factor of 2, which takes the half away.": (
            lambda w, o, f, s: [s / 2 * sum(_moved(w, o, f)), *(s / 2 * m for m in _moved(w, o, f, 1))]
        ),
        "Penalty and derivative do not belong to each other: one has the half, the other a 2.": (
            lambda w, o, f, s: [s / 2 * sum(_moved(w, o, f)), *(2 * s * m for m in _moved(w, o, f, 1))]
        ),
        "The derivative has the wrong sign: it points from the old weight to the new one.": (
            lambda w, o, f, s: [s / 2 * sum(_moved(w, o, f)), *(-s * m for m in _moved(w, o, f, 1))]
        ),
        "The Fisher information is missing: all weights are held alike (that is plain L2 to the start).": (
            lambda w, o, f, s: _ewc(w, o, [1.0] * len(f), s)
        ),
        "The weights are held where they were, not at 0: take the old ones off (weight decay does it as you did).": (
            lambda w, o, f, s: _ewc(w, [0.0] * len(o), f, s)
        ),
        "A sum over the weights, not a mean.": (
            lambda w, o, f, s: [s / 2 * sum(_moved(w, o, f)) / len(w), *(s * m for m in _moved(w, o, f, 1))]
        ),
        "The strength is missing in the derivative.": (
            lambda w, o, f, s: [s / 2 * sum(_moved(w, o, f)), *_moved(w, o, f, 1)]
        ),
    },
)


def _softmax(logits: Numbers, temperature: float = 1.0) -> list[float]:
    top = max(logits)
    powers = [math.exp((x - top) / temperature) for x in logits]
    return [x / sum(powers) for x in powers]


def _kl(p: Numbers, q: Numbers) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


distillation = Exercise(
    name="distillation",
    answer=lambda teacher, student: _kl(_softmax(teacher), _softmax(student)),
    cases=[
        Case([0.0, 0.0], [0.0, 0.0]),
        Case([1.0, 0.0], [1.0, 0.0]),
        Case([0.0, 2.0], [0.0, 0.0]),
        Case([0.0, 0.0], [0.0, 2.0]),
        Case([3.0, 0.0, -1.0], [0.0, 1.0, 2.0]),
        Case([900.0, 0.0], [899.0, 0.0]),
    ],
    hint="Turn both into probabilities p (teacher) and q (student) by a softmax; the loss is the sum of "
    "p x log(p / q). Take off the largest logit first: e^900 is more than a float holds.",
    why="KL(teacher ‖ student): the student pays wherever the teacher would say something and it would not. That is "
    "what not to forget means. The other direction lets it drop whatever it does not care for.",
    mistakes={
        "It is the other way round: weigh with the teacher's probabilities, sum of p log(p / q).": (
            lambda t, s: _kl(_softmax(s), _softmax(t))
        ),
        "That is the cross-entropy; the teacher's own entropy has to be taken off, so that equal is 0.": (
            lambda t, s: -sum(a * math.log(b) for a, b in zip(_softmax(t), _softmax(s), strict=True))
        ),
        "The sign is turned round: log(p / q), not log(q / p).": lambda t, s: -_kl(_softmax(t), _softmax(s)),
        "Those are bits: take the natural logarithm.": lambda t, s: _kl(_softmax(t), _softmax(s)) / math.log(2),
        "Logits are no probabilities: a softmax comes first.": (
            lambda t, s: sum((a - b) ** 2 for a, b in zip(t, s, strict=True)) / len(t)
        ),
        "That is the squared distance of the probabilities. The divergence has a logarithm.": (
            lambda t, s: sum((a - b) ** 2 for a, b in zip(_softmax(t), _softmax(s), strict=True))
        ),
        "A sum over the words, not a mean.": lambda t, s: _kl(_softmax(t), _softmax(s)) / len(t),
        "It is only one direction, not the mean of both.": (
            lambda t, s: (_kl(_softmax(t), _softmax(s)) + _kl(_softmax(s), _softmax(t))) / 2
        ),
    },
)


def _path(gradients: Sequence[Numbers], steps: Sequence[Numbers]) -> list[float]:
    return [
        -sum(g * s for g, s in zip(gs, ss, strict=True))
        for gs, ss in zip(zip(*gradients, strict=True), zip(*steps, strict=True), strict=True)
    ]


def _whole(steps: Sequence[Numbers]) -> list[float]:
    return [sum(column) for column in zip(*steps, strict=True)]


def _si(gradients: Sequence[Numbers], steps: Sequence[Numbers], damping: float = 0.1) -> list[float]:
    pairs = zip(_path(gradients, steps), _whole(steps), strict=True)
    return [max(0.0, path) / (moved**2 + damping) for path, moved in pairs]


si_importance = Exercise(
    name="si_importance",
    answer=_si,
    cases=[
        Case([[-1.0]], [[1.0]]),
        Case([[-2.0], [-1.0]], [[0.5], [0.5]]),
        Case([[-2.0], [3.0]], [[1.0], [-1.0]]),  # there and back: much loss was won, and no way was made
        Case([[1.0]], [[1.0]]),  # the loss rose along it: no importance, not a negative one
        Case([[-1.0, 0.0], [-0.5, 2.0], [0.1, -1.0]], [[0.4, 0.1], [0.3, -0.2], [-0.1, 0.3]], 0.01),
    ],
    hint="For each weight: minus the sum over the steps of gradient x step is what it took off the loss. Divide by "
    "the square of its whole way plus the damping; a weight that took nothing off gets 0.",
    why="Each weight's share of the loss that was won, along the path that training took, per square of the way it "
    "went (Zenke et al. 2017). The damping keeps a weight that ended where it began from an infinite importance.",
    mistakes={
        "The sign: a step against the gradient lowers the loss, so what was won is minus their product.": (
            lambda g, s, damping=0.1: [
                max(0.0, -p) / (m**2 + damping) for p, m in zip(_path(g, s), _whole(s), strict=True)
            ]
        ),
        "The damping is missing: a weight that went there and back would be infinitely important.": (
            lambda g, s, damping=0.1: _si(g, s, 0.0)
        ),
        "The square is missing: divide by the square of the whole way, plus the damping.": (
            lambda g, s, damping=0.1: [
                max(0.0, p) / (abs(m) + damping) for p, m in zip(_path(g, s), _whole(s), strict=True)
            ]
        ),
        "The way is from the first weight to the last, not the sum of the squares of all steps.": (
            lambda g, s, damping=0.1: [
                max(0.0, p) / (sum(x * x for x in column) + damping)
                for p, column in zip(_path(g, s), zip(*s, strict=True), strict=True)
            ]
        ),
        "What was won is not divided by the way yet.": (lambda g, s, damping=0.1: [max(0.0, p) for p in _path(g, s)]),
        "An importance below 0 would push the weight away from where it was: 0 is the least.": (
            lambda g, s, damping=0.1: [p / (m**2 + damping) for p, m in zip(_path(g, s), _whole(s), strict=True)]
        ),
        "Take the path's sum with its signs: steps that lost count against steps that won.": (
            lambda g, s, damping=0.1: [
                sum(abs(x * y) for x, y in zip(gs, ss, strict=True)) / (sum(ss) ** 2 + damping)
                for gs, ss in zip(zip(*g, strict=True), zip(*s, strict=True), strict=True)
            ]
        ),
    },
)
