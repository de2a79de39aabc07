"""Exercises of lesson 06."""

from __future__ import annotations

import math

from course_utils.checks.exercise import Case, Exercise

IGNORED = -100  # torch's cross-entropy leaves positions with this label out of the loss


def _lora_scale(rank: int, alpha: float, rslora: bool = False) -> float:
    return alpha / math.sqrt(rank) if rslora else alpha / rank


lora_scale = Exercise(
    name="lora_scale",
    answer=_lora_scale,
    cases=[
        Case(4, 8),
        Case(4, 8, rslora=True),
        Case(16, 16),
        Case(64, 16),
        Case(64, 16, rslora=True),
        Case(8, 12),
        Case(3, 16),
    ],
    hint="Return the number that B(Ax) is multiplied by. LoRA divides alpha by the rank; rsLoRA by its square root.",
    why="LoRA multiplies B(Ax) by alpha / rank, rsLoRA by alpha / √rank. Doubling alpha doubles the update; with alpha "
    "held, a larger rank is scaled down, in rsLoRA less strongly.",
    mistakes={
        "alpha alone is not the scale: it is divided by the rank.": lambda rank, alpha, rslora=False: alpha,
        "The square root belongs to rsLoRA only; plain LoRA divides by the rank itself.": (
            lambda rank, alpha, rslora=False: alpha / math.sqrt(rank)
        ),
        "The division is upside down: alpha stands above, the rank below.": (
            lambda rank, alpha, rslora=False: math.sqrt(rank) / alpha if rslora else rank / alpha
        ),
        "Right for plain LoRA, but rslora=True is not looked at.": lambda rank, alpha, rslora=False: alpha / rank,
    },
)


def _lora_parameters(shapes: list[tuple[int, int]], rank: int) -> int:
    return sum(rank * (inputs + outputs) for inputs, outputs in shapes)


lora_parameters = Exercise(
    name="lora_parameters",
    answer=_lora_parameters,
    cases=[
        Case([(2, 3)], 1),
        Case([(2, 3)], 4),
        Case([(2, 3), (3, 5)], 2),
        Case([(384, 384), (384, 128), (384, 128), (384, 384)], 16),
        Case([], 8),
    ],
    hint="Each layer gets A of rank × in_features and B of out_features × rank. Count the entries of both, over all "
    "layers.",
    why="A holds rank × in_features numbers and B out_features × rank, so a layer costs rank × (in + out) instead of "
    "in × out. The scale alpha / rank is a constant and is not trained.",
    mistakes={
        "That is the size of the frozen weights: LoRA does not train them.": (
            lambda shapes, rank: sum(i * o for i, o in shapes)
        ),
        "That counts A only: B, of out_features × rank, is trained too.": (
            lambda shapes, rank: sum(rank * i for i, _ in shapes)
        ),
        "That counts B only: A, of rank × in_features, is trained too.": (
            lambda shapes, rank: sum(rank * o for _, o in shapes)
        ),
        "The two matrices are counted one after the other: add in and out, do not multiply them.": (
            lambda shapes, rank: sum(rank * i * o for i, o in shapes)
        ),
        "alpha is a setting, not a parameter: there is nothing to count for it.": (
            lambda shapes, rank: sum(rank * (i + o) + 1 for i, o in shapes)
        ),
        "That is the first layer only: add up all of them.": (
            lambda shapes, rank: rank * sum(shapes[0]) if shapes else 0
        ),
    },
)


def _completion_labels(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return [token if prompt_length <= i < length else IGNORED for i, token in enumerate(input_ids)]


def _mask_pad_ids(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return [IGNORED if i < prompt_length or t == pad_id else t for i, t in enumerate(input_ids)]


def _mask_eos(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return [t if prompt_length <= i < length and t != 2 else IGNORED for i, t in enumerate(input_ids)]


def _shifted(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return _completion_labels(input_ids, prompt_length, length, pad_id)[1:] + [IGNORED]


def _whole_row(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return _completion_labels(input_ids, 0, length, pad_id)


def _with_padding(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return _completion_labels(input_ids, prompt_length, len(input_ids), pad_id)


def _zeros(input_ids: list[int], prompt_length: int, length: int, pad_id: int) -> list[int]:
    return [t if prompt_length <= i < length else 0 for i, t in enumerate(input_ids)]


# The tokenizer's <unk> is 0, <s> is 1, </s> (EOS) is 2.
completion_labels = Exercise(
    name="completion_labels",
    answer=_completion_labels,
    cases=[
        Case([1, 7, 2], 2, 3, 0),
        Case([1, 7, 2, 0], 1, 3, 0),
        Case([1, 7, 2, 2], 1, 3, 2),  # padded with EOS: the first 2 ends the answer, the second is padding
        Case([1, 5, 6, 8, 9, 2, 0, 0], 3, 6, 0),
        Case([1, 5, 2, 8, 9, 2, 2, 2], 4, 6, 2),  # an EOS inside the prompt
        Case([1, 5, 0, 8, 2, 0], 2, 5, 0),  # an <unk> inside the answer, with the same id as the padding
        Case([1, 5, 8, 9], 2, 4, 0),  # cut off: no EOS, no padding
    ],
    hint="Copy input_ids, then write -100 over the first prompt_length positions and over everything from position "
    "`length` (the number of real tokens) on. The EOS that ends the answer keeps its label.",
    why="The model is graded on the answer and on ending it: the prompt and the padding carry -100, the final EOS "
    "keeps its label. Masking by position stays right even where the padding has the id of a real token.",
    mistakes={
        "Masking every pad_id is right only while no real token has that id: where padding and EOS share one, the "
        "model never learns to stop. Mask by position.": _mask_pad_ids,
        "The EOS that ends the answer must keep its label, or the model never learns to stop.": _mask_eos,
        "The labels are shifted by one. transformers shifts them inside the model: position i of the labels stands for "
        "position i of input_ids.": _shifted,
        "The prompt is still in the loss: its positions carry -100.": _whole_row,
        "The padding is still in the loss: everything from position `length` on carries -100.": _with_padding,
        "The positions to leave out carry -100; 0 is the label of a real token.": _zeros,
    },
)


def _steps_per_epoch(rows: int, per_device_batch: int, gradient_accumulation: int) -> int:
    batches = math.ceil(rows / per_device_batch)
    return math.ceil(batches / gradient_accumulation)


steps_per_epoch = Exercise(
    name="steps_per_epoch",
    answer=_steps_per_epoch,
    cases=[
        Case(4, 2, 1),
        Case(3, 2, 1),
        Case(4, 2, 2),
        Case(5, 2, 2),
        Case(6, 2, 2),
        Case(9, 2, 2),
        Case(1, 8, 4),
        Case(3000, 2, 4),
        Case(3001, 2, 4),
    ],
    hint="First count the batches: the last one may be short. Then count the optimizer steps: gradient_accumulation "
    "batches each, and the last one may again be short.",
    why="The last batch may hold fewer rows and the last step fewer batches, and the Trainer takes both: it rounds up. "
    "On one device, that is; with more of them, each sees its share of the rows.",
    mistakes={
        "Those are the batches: the optimizer moves once in gradient_accumulation of them.": (
            lambda rows, batch, accumulation: math.ceil(rows / batch)
        ),
        "Rounded down: the rows left over at the end make one more, smaller step.": (
            lambda rows, batch, accumulation: rows // (batch * accumulation)
        ),
        "The short last batch counts as well: round up when you count the batches.": (
            lambda rows, batch, accumulation: math.ceil((rows // batch) / accumulation)
        ),
        "The short last step counts as well: round up when you group the batches into steps.": (
            lambda rows, batch, accumulation: math.ceil(rows / batch) // accumulation
        ),
        "The number of steps is whole: round up.": lambda rows, batch, accumulation: rows / (batch * accumulation),
        "The batch size is missing: a step takes per_device_batch × gradient_accumulation rows.": (
            lambda rows, batch, accumulation: math.ceil(rows / accumulation)
        ),
    },
)
