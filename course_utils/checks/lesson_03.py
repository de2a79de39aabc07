"""Exercises of lesson 03."""

from __future__ import annotations

import math

from course_utils.checks.exercise import Case, Exercise

BLOCK, SMALLEST = 256, 4096


def _in_8(count: int, bits: int) -> bool:
    return bits == 8 and count >= SMALLEST


def _adam(count: int, bits: int, blocks: float | None = None, smallest: int = SMALLEST, averages: int = 2) -> float:
    if bits == 32 or count < smallest:
        return averages * 4 * count
    return averages * (count + 4 * (math.ceil(count / BLOCK) if blocks is None else blocks))


adam_bytes = Exercise(
    name="adam_bytes",
    answer=lambda count, bits=32: _adam(count, bits),
    cases=[
        Case(1000),
        Case(1000, 8),  # too small for 8 bits
        Case(4096, 8),
        Case(5000, 8),  # the last block is not full
        Case(65536),
        Case(65536, 8),
        Case(45_088_768, 8),
    ],
    hint="Two averages of count numbers. In 32 bits each number takes 4 bytes; in 8 bits 1 byte, and each average has "
    "4 bytes more for every 256 numbers begun. Below 4,096 numbers bits makes no difference.",
    why="A number costs 8 bytes of state in 32 bits and a little over 2 in 8: 1/64 of a byte for each constant, twice. "
    "bitsandbytes leaves small tensors, such as norms, in 32 bits: they weigh nothing, and matter.",
    mistakes={
        "Adam keeps two averages, of the gradient and of its square.": lambda count, bits=32: _adam(
            count, bits, averages=1
        ),
        "The float32 copy of the weight and the gradient are no states of Adam: count its two averages.": (
            lambda count, bits=32: _adam(count, bits) + (8 * count if bits == 32 or count < SMALLEST else 0)
        ),
        "The constants are missing: 4 bytes for every 256 numbers, in each average.": (
            lambda count, bits=32: _adam(count, bits, blocks=0)
        ),
        "A block that is begun needs its constant: round the number of blocks up.": (
            lambda count, bits=32: _adam(count, bits, blocks=count // BLOCK)
        ),
        "There is no part of a constant: round the number of blocks up.": (
            lambda count, bits=32: _adam(count, bits, blocks=count / BLOCK)
        ),
        "Each of the two averages has constants of its own.": (
            lambda count, bits=32: _adam(count, bits) - (4 * math.ceil(count / BLOCK) if _in_8(count, bits) else 0)
        ),
        "A tensor with fewer than 4,096 numbers stays in 32 bits.": (
            lambda count, bits=32: _adam(count, bits, smallest=0)
        ),
        "With 4,096 numbers a tensor is large enough: only fewer stay in 32 bits.": (
            lambda count, bits=32: _adam(count, bits, smallest=SMALLEST + 1)
        ),
        "Those are bits: divide by 8.": lambda count, bits=32: 8 * _adam(count, bits),
    },
)


def _instead(tokens: int, block: int, kv_heads: int, head_dim: int) -> int:
    return tokens * block // (4 * kv_heads * head_dim)


cached_instead = Exercise(
    name="cached_instead",
    answer=_instead,
    cases=[
        Case(1, 8, 1, 2),
        Case(3, 8, 1, 2),
        Case(1, 12, 1, 2),  # half a token is no token
        Case(1, 96, 3, 4),
        Case(512, 5_700, 2, 64),
        Case(2048, 170_344, 32, 128),
        Case(2048, 364_600, 8, 128),
    ],
    hint="A token in the cache takes 2 tensors (keys and values) x 2 bytes x kv_heads x head_dim in each block. Divide "
    "what the block kept of the step by that, and round down.",
    why="The number of blocks cancels: both are kept in each. A block of Llama 2 7B keeps for one token that is "
    "trained what ten take in a cache; the 70B model, with 8 pairs of keys and values for 64 heads, nearly ninety.",
    mistakes={
        "Keys and values are two tensors: each token has both.": lambda t, b, h, d: t * b // (2 * h * d),
        "A number in the cache takes 2 bytes, and keys and values are two tensors.": lambda t, b, h, d: (
            t * b // (h * d)
        ),
        "The cache is in 16 bits: 2 bytes a number, not 4.": lambda t, b, h, d: t * b // (8 * h * d),
        "That compares bytes with bits: leave the 8 out.": lambda t, b, h, d: t * b // (32 * h * d),
        "A part of a token is no token: round down.": lambda t, b, h, d: t * b / (4 * h * d),
        "Round down: a token that does not fit whole does not fit.": lambda t, b, h, d: -(-t * b // (4 * h * d)),
        "The block kept that many bytes of each of the step's tokens.": lambda t, b, h, d: b // (4 * h * d),
        "Each head has keys and values of its own: count kv_heads.": lambda t, b, h, d: t * b // (4 * d),
        "It is the other way round: what was kept, divided by what a token of the cache takes.": (
            lambda t, b, h, d: 4 * h * d // (t * b)
        ),
    },
)


largest_batch = Exercise(
    name="largest_batch",
    answer=lambda card, fixed, per_token, length: max(0, (card - fixed) // (per_token * length)),
    cases=[
        Case(10, 4, 1, 2),
        Case(11, 4, 1, 2),  # half a row is no row
        Case(10, 9, 1, 2),
        Case(10, 20, 1, 2),  # the model alone does not fit
        Case(10, 4, 3, 2),
        Case(24_000_000_000, 5_200_000_000, 1_700_000, 512),
        Case(8_000_000_000, 5_200_000_000, 6_000_000, 512),
    ],
    hint="What is left of the card, divided by what a whole row takes, rounded down; and where nothing is left, 0.",
    why="Two numbers decide: what stands there whatever you do, and the bytes of a token. Halve the row and the batch "
    "doubles: for memory only the tokens of a step count.",
    mistakes={
        "A part of a row is no row: round down.": lambda card, fixed, per_token, length: max(
            0, (card - fixed) / (per_token * length)
        ),
        "Round down: a row that does not fit whole does not fit.": (
            lambda card, fixed, per_token, length: max(0, -(-(card - fixed) // (per_token * length)))
        ),
        "Round down, not to the nearest: a row that does not fit whole does not fit.": (
            lambda card, fixed, per_token, length: max(0, round((card - fixed) / (per_token * length)))
        ),
        "If the fixed part alone is too large, no row fits: 0, not less.": (
            lambda card, fixed, per_token, length: (card - fixed) // (per_token * length)
        ),
        "The fixed part is taken once: subtract it from the card first.": (
            lambda card, fixed, per_token, length: card // (fixed + per_token * length)
        ),
        "The fixed part is missing.": lambda card, fixed, per_token, length: card // (per_token * length),
        "That is the number of tokens; a row has `length` of them.": (
            lambda card, fixed, per_token, length: max(0, (card - fixed) // per_token)
        ),
    },
)


def _cuts(layers: int, every: int, block: int, boundary: int) -> int:
    return math.ceil(layers / every) * boundary + min(every, layers) * block


kept_with_cuts = Exercise(
    name="kept_with_cuts",
    answer=_cuts,
    cases=[
        Case(1, 1, 10, 1),
        Case(4, 1, 10, 1),
        Case(4, 2, 10, 1),
        Case(5, 2, 10, 1),  # the last segment has one block
        Case(4, 8, 10, 1),  # one segment, with all there are
        Case(32, 1, 170_344, 8192),
        Case(32, 6, 170_344, 8192),
        Case(80, 9, 364_600, 16_384),
    ],
    hint="Cuts: the first block, and every `every`-th after it: layers / every, rounded up. Segment: `every` blocks, "
    "or all, if there are fewer.",
    why="Few cuts mean long segments, which stand there whole when they are computed again. What is least depends on "
    "how much larger a block is than its input. Where both are alike, segments of the square root are best (Chen et "
    "al. 2016); in a transformer a block keeps some twenty times its input, and cutting at each is.",
    mistakes={
        "While a segment goes backward its blocks are there: they are computed again.": (
            lambda layers, every, block, boundary: math.ceil(layers / every) * boundary
        ),
        "A segment that is computed again is there with all of its blocks.": (
            lambda layers, every, block, boundary: math.ceil(layers / every) * boundary + block
        ),
        "The last segment may be shorter, and is cut off too: round the number of cuts up.": (
            lambda layers, every, block, boundary: layers // every * boundary + min(every, layers) * block
        ),
        "There are whole cuts only: round up.": (
            lambda layers, every, block, boundary: layers / every * boundary + min(every, layers) * block
        ),
        "A segment has no more blocks than the model.": (
            lambda layers, every, block, boundary: math.ceil(layers / every) * boundary + every * block
        ),
        "That keeps every block's input. Only those at the cuts are kept.": (
            lambda layers, every, block, boundary: layers * boundary + min(every, layers) * block
        ),
        "That is what is kept without any cuts.": lambda layers, every, block, boundary: layers * block,
        "That keeps all blocks. Only one segment is there at a time.": (
            lambda layers, every, block, boundary: math.ceil(layers / every) * boundary + layers * block
        ),
    },
)
