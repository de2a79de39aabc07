"""Exercises of lesson 13."""

from __future__ import annotations

import math

from course_utils.checks.exercise import Case, Exercise

ring_bytes = Exercise(
    name="ring_bytes",
    answer=lambda numbers, size, cards: 2 * (cards - 1) * math.ceil(numbers / cards) * size,
    cases=[
        Case(4, 1, 2),
        Case(4, 4, 2),
        Case(6, 4, 3),
        Case(7, 4, 3),  # the last piece is padded
        Case(5, 2, 1),  # nobody to send to
        Case(19_988_480, 2, 8),
        Case(6_738_415_616, 2, 64),
    ],
    hint="A card sends one piece a round: a piece has numbers / cards numbers, rounded up, of size bytes each. Count "
    "the rounds: cards - 1 to add up, and as many to hand round.",
    why="Of two cards each sends the tensor once, of three 4/3 of it, and of any number less than twice. That is why "
    "rings scale; what grows is the number of rounds, each with its delay.",
    mistakes={
        "That is the first half: the finished sums are still to be handed round.": lambda n, s, c: (
            (c - 1) * math.ceil(n / c) * s
        ),
        "A card sends one piece a round, not the whole tensor.": lambda n, s, c: 2 * (c - 1) * n * s,
        "After cards - 1 rounds a sum is complete: the last card need not pass it on.": lambda n, s, c: (
            2 * c * math.ceil(n / c) * s
        ),
        "That is what all cards send together.": lambda n, s, c: 2 * (c - 1) * math.ceil(n / c) * s * c,
        "Those are numbers: times the bytes of one.": lambda n, s, c: 2 * (c - 1) * math.ceil(n / c),
        "The pieces are of equal length: round up, the last one is padded.": lambda n, s, c: 2 * (c - 1) * (n // c) * s,
        "There is no part of a number: round the length of a piece up.": lambda n, s, c: 2 * (c - 1) * n / c * s,
        "Round the length of a piece up, not the product.": lambda n, s, c: math.ceil(2 * (c - 1) * n / c) * s,
    },
)


largest_model = Exercise(
    name="largest_model",
    answer=lambda cards, card, beside, shared, whole: max(0, card - beside) * 8 / (shared / cards + whole),
    cases=[
        Case(1, 10, 2, 8, 0),
        Case(2, 10, 2, 8, 0),
        Case(1, 10, 2, 4, 4),
        Case(2, 10, 2, 4, 4),  # what is whole is whole on each
        Case(2, 10, 12, 4, 0),  # nothing is left
        Case(1, 24e9, 3e9, 4, 0.127),
        Case(2, 24e9, 3e9, 4, 0.127),
        Case(8, 24e9, 3e9, 4, 0.127),
        Case(8, 80e9, 20e9, 128, 0),
    ],
    hint="A card has card - beside bytes, 8 bits each. On it a weight takes shared / cards + whole bits.",
    why="With n cards the shared part shrinks to nothing, and the whole part stays: however many cards of 24 GB there "
    "are, constants that each of them keeps end it at card / whole. For 4-bit weights that is far away; for an "
    "optimizer under DDP it is where you begin.",
    mistakes={
        "Every card keeps the whole part: only shared is divided among them.": lambda n, c, b, s, w: (
            max(0, c - b) * 8 / ((s + w) / n)
        ),
        "What stands beside stands there on every card: subtract it before you multiply.": lambda n, c, b, s, w: (
            max(0, n * c - b) * 8 / (s + n * w)
        ),
        "What is not shared comes off first: activations, a gathered layer.": lambda n, c, b, s, w: c * 8 / (s / n + w),
        "Those bits are bits, and the cards have bytes: times 8.": lambda n, c, b, s, w: max(0, c - b) / (s / n + w),
        "The other way round: 8 bits make a byte.": lambda n, c, b, s, w: max(0, c - b) / 8 / (s / n + w),
        "If nothing is left, no weight fits: 0, not less.": lambda n, c, b, s, w: (c - b) * 8 / (s / n + w),
        "The cards share: a weight takes a part of its bits on each.": lambda n, c, b, s, w: (
            max(0, c - b) * 8 / (s + w)
        ),
        "No rounding here.": lambda n, c, b, s, w: max(0, c - b) * 8 // (s / n + w),
    },
)


shares = Exercise(
    name="shares",
    answer=lambda tokens: [len(tokens) * own / sum(tokens) for own in tokens],
    cases=[
        Case([5]),
        Case([2, 2]),
        Case([1, 3]),
        Case([0, 4]),  # a process without any
        Case([17, 4, 9]),
        Case([100, 200, 300, 400]),
    ],
    hint="One process with all rows weighs each mean by own / sum(tokens). DDP divides by the number of processes: "
    "multiply by it, so that this is undone.",
    why="The average of the weighted losses is the sum over all tokens by their number. With equal counts each share "
    "is 1, which is why the mistake is not seen on packed rows.",
    mistakes={
        "DDP divides by the number of processes, and you have divided already: multiply by it.": lambda t: (
            [own / sum(t) for own in t]
        ),
        "That is right only if all have as many tokens.": lambda t: [1 for _ in t],
        "Upside down: who has more tokens weighs more.": lambda t: (
            [sum(t) / (len(t) * own) if own else 0.0 for own in t]
        ),
        "The losses are means already: multiplied by its tokens a process counts them, divide by all of them.": (
            lambda t: list(t)
        ),
        "The number of processes belongs above the line: DDP divides by it, and you undo that.": lambda t: (
            [own / (len(t) * sum(t)) for own in t]
        ),
        "Divide by the tokens of all processes, not by the most.": lambda t: [own / max(t) for own in t],
    },
)


def _piece(shape: list[int], cards: int, rank: int, dimension: int = 0) -> list[int]:
    found = list(shape)
    each = math.ceil(shape[dimension] / cards)
    found[dimension] = max(0, min(each, shape[dimension] - rank * each))
    return found


piece = Exercise(
    name="piece",
    answer=lambda shape, cards, rank: _piece(shape, cards, rank),
    cases=[
        Case([4], 2, 0),
        Case([4, 6], 2, 1),
        Case([8, 384], 2, 0),
        Case([384, 8], 2, 1),
        Case([5, 3], 2, 0),
        Case([5, 3], 2, 1),  # less is left for the last
        Case([8, 384], 16, 3),
        Case([8, 384], 16, 11),  # nothing is left
        Case([6, 2], 4, 3),  # 2, 2, 2 and none
        Case([98304, 1], 8, 7),  # 4-bit codes, two bytes a number
    ],
    hint="A piece has shape[0] / cards rows, rounded up. Rank r begins at row r times that; what lies beyond the end "
    "is not there. The other dimensions stay.",
    why="Rows are cut, whatever they mean: outputs of a weight, or the ranks of a LoRA's A. So the number of cards "
    "decides about the padding, and a tensor with few rows stands on few cards.",
    mistakes={
        "The first dimension is cut, not the last.": lambda s, c, r: _piece(s, c, r, len(s) - 1),
        "The first dimension is cut, not the longest.": lambda s, c, r: _piece(s, c, r, s.index(max(s))),
        "Round up: all pieces are alike, and the last ranks get what is left.": lambda s, c, r: [s[0] // c, *s[1:]],
        "The last ranks get what is left, which may be less.": lambda s, c, r: [math.ceil(s[0] / c), *s[1:]],
        "Rows are not dealt out evenly: each rank gets a full piece until none are left.": lambda s, c, r: (
            [s[0] // c + (r < s[0] % c), *s[1:]]
        ),
        "A rank beyond the last row keeps 0 rows, not fewer.": lambda s, c, r: (
            [min(math.ceil(s[0] / c), s[0] - r * math.ceil(s[0] / c)), *s[1:]]
        ),
        "Whole rows: there are no parts of one.": lambda s, c, r: [s[0] / c, *s[1:]],
        "All dimensions but the first stay.": lambda s, c, r: [math.ceil(each / c) for each in s],
        "That is the shape: return the shape of the rank's piece.": lambda s, c, r: list(s),
    },
)
