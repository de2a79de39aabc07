"""Graders of the exercises: each is an `Exercise` that takes an attempt and returns a `Verdict`.

    checks.lora_scale(attempt)

An exercise is declared by a right answer, cases in order of size, a hint, the reason why the answer is right, and the
typical mistakes. The attempt is called on every case; the first case that it gets wrong is the counter-example, and
where it agrees with a known mistake on every case, the verdict says which.
"""

from __future__ import annotations

import copy
import html
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils import plots

# (symbol, words, role of the colour): the words say it all, the colour only repeats it.
LOOK = {True: ("✓", "Right.", "after"), False: ("✗", "Not yet.", "adapter"), None: ("…", "Not tried yet.", "before")}


@dataclass(frozen=True)
class Verdict:
    """What a grader says. `ok` is True (right), False (wrong) or None (not tried)."""

    ok: bool | None
    message: str
    counterexample: str = ""

    def __str__(self) -> str:
        symbol, words, _ = LOOK[self.ok]
        return f"{symbol} {words} {self.message}" + (f"\n  {self.counterexample}" if self.counterexample else "")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        symbol, words, role = LOOK[self.ok]
        colour = plots.COLOURS[role]
        example = ""
        if self.counterexample:
            style = "margin:.5em 0 0;white-space:pre-wrap;overflow-wrap:anywhere"
            example = f'<pre style="{style}">{html.escape(self.counterexample)}</pre>'
        # The text keeps the page's own colour: readable in a light and in a dark theme.
        return (
            f'<div role="status" style="border-left:5px solid {colour};padding:.3em 0 .3em .9em;max-width:46em">'
            f"<strong>{symbol} {words}</strong> {html.escape(self.message)}{example}</div>"
        )


class Case:
    """The arguments of one call of the attempt, kept as they will be passed."""

    def __init__(self, *args: Any, **kwargs: Any):
        self.args = args
        self.kwargs = kwargs

    def call(self, function: Callable) -> Any:
        """The function's result on a copy of the arguments, so that it cannot spoil them for the next call."""
        return function(*copy.deepcopy(self.args), **copy.deepcopy(self.kwargs))

    def shown(self, exercise: Exercise) -> str:
        """The call as the reader would type it, each argument with its name."""
        bound = inspect.signature(exercise.answer).bind(*self.args, **self.kwargs)
        return f"{exercise.name}({', '.join(f'{k}={v!r}' for k, v in bound.arguments.items())})"


@dataclass(frozen=True)
class Exercise:
    """A grader. Call it with the attempt, a function of the same parameters as `answer`."""

    name: str
    answer: Callable
    cases: Sequence[Case]  # smallest first
    hint: str
    why: str
    mistakes: dict[str, Callable] = field(default_factory=dict)  # what it does wrong: a function that does it

    def __call__(self, attempt: Any) -> Verdict:
        if attempt is ...:
            return Verdict(None, self.hint)
        if not callable(attempt):
            return Verdict(
                False,
                f"This grader takes the function itself: checks.{self.name}({self.name}), not a value.",
                f"it was given {_short(attempt)}",
            )
        results = []
        for case in self.cases:
            try:
                result = case.call(attempt)
            except NotImplementedError:
                return Verdict(None, self.hint)
            except Exception as error:
                return Verdict(False, f"It stops with {type(error).__name__}: {_line(error)}", f"at {case.shown(self)}")
            if result is ...:
                return Verdict(None, self.hint)
            results.append(_plain(result))
        if all(result is None for result in results):
            return Verdict(None, f"Nothing is returned yet. {self.hint}")

        for case, got in zip(self.cases, results, strict=True):
            want = case.call(self.answer)
            if not same(got, want):
                example = f"{case.shown(self)}\n  gives     {_short(got)}\n  should be {_short(want)}"
                return Verdict(False, self._diagnosis(results), example + _place(got, want))
        return Verdict(True, self.why)

    def _diagnosis(self, results: list[Any]) -> str:
        """The known mistake that gives just these results; else a plain sentence."""
        for sentence, mistake in self.mistakes.items():
            if all(same(got, case.call(mistake)) for case, got in zip(self.cases, results, strict=True)):
                return sentence
        return "Here is the smallest case where it differs."


def same(got: Any, want: Any, tolerance: float = 1e-6) -> bool:
    """Equal as a reader means it: numbers to a relative 1e-6 whatever their type, sequences item by item. A bool is no
    number, and NaN equals nothing."""
    if isinstance(want, list | tuple):
        return isinstance(got, list) and len(got) == len(want) and all(map(same, got, want))
    if _is_number(want):
        return _is_number(got) and math.isclose(got, want, rel_tol=tolerance, abs_tol=1e-12)
    return type(got) is type(want) and got == want


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    """Tensors and arrays, also those within a list, as numbers and nested lists; anything else as it is."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _short(value: Any, limit: int = 200) -> str:
    """The value in one line; a float in six digits."""
    text = f"{value:.6g}" if isinstance(value, float) else repr(value).replace("\n", " ")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _line(error: Exception) -> str:
    """The first line of an exception's message."""
    return (str(error).strip() or "(no message)").splitlines()[0]


def _place(got: Any, want: Any) -> str:
    """Where two lists differ first, or that they differ in length; empty for anything but lists."""
    if not isinstance(want, list):
        return ""
    if not isinstance(got, list):
        return f"\n  a list was expected, not {type(got).__name__}"
    if len(got) != len(want):
        return f"\n  {len(got)} items where there should be {len(want)}"
    i = next(i for i, (a, b) in enumerate(zip(got, want, strict=True)) if not same(a, b))
    return f"\n  first difference at position {i}: {_short(got[i])}, should be {_short(want[i])}"


# Lesson 06 -----------------------------------------------------------------------------------------------------------

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


# Lesson 01 -----------------------------------------------------------------------------------------------------------

FP16_MAX = 65504.0


def _e4m3_value(byte: int, bias: int = 7, hidden_at_zero: int = 0) -> float:
    sign, exponent, mantissa = byte >> 7, byte >> 3 & 15, byte & 7
    significand = mantissa / 8 + (1 if exponent else hidden_at_zero)
    return (-1) ** sign * significand * 2.0 ** (max(exponent, 1) - bias)


def _formula_everywhere(byte: int) -> float:
    return (-1) ** (byte >> 7) * (1 + (byte & 7) / 8) * 2.0 ** ((byte >> 3 & 15) - 7)


def _subnormals_halved(byte: int) -> float:
    return _e4m3_value(byte) / (1 if byte >> 3 & 15 else 2)


def _infinity_at_the_top(byte: int) -> float:
    return (-1) ** (byte >> 7) * math.inf if byte >> 3 & 15 == 15 else _e4m3_value(byte)


e4m3_value = Exercise(
    name="e4m3_value",
    answer=_e4m3_value,
    cases=[
        Case(0b0_0111_000),  # 1
        Case(0b0_0000_000),
        Case(0b1_0111_000),
        Case(0b0_0111_100),
        Case(0b0_0000_001),
        Case(0b0_0000_111),
        Case(0b0_0001_000),
        Case(0b1_1010_101),
        Case(0b0_1111_110),  # 448, the largest
    ],
    hint="Cut out the fields with >> and &: 1 sign bit, 4 exponent bits, 3 mantissa bits. Exponent field 0 has no "
    "hidden one.",
    why="A hidden one for every exponent field but 0, whose numbers share the power of two of field 1; and no "
    "infinity: exponent field 15 counts like any other, so the largest number is 448.",
    mistakes={
        "Exponent field 0 is subnormal: it has no hidden one, and the power of two of exponent field 1.": (
            _formula_everywhere
        ),
        "Exponent field 0 takes the power of two of field 1, 2^(1 - 7), or a hole opens below the smallest normal "
        "number.": _subnormals_halved,
        "Exponent field 0 has no hidden one.": lambda byte: _e4m3_value(byte, hidden_at_zero=1),
        "That is the sign bit ignored.": lambda byte: abs(_e4m3_value(byte)),
        "The bias is 2^(4 - 1) - 1 = 7.": lambda byte: _e4m3_value(byte, bias=8),
        "E4M3 has no infinity: exponent field 15 holds numbers, up to 448.": _infinity_at_the_top,
    },
)


def _gap_above(value: float, exponent_bits: int, mantissa_bits: int) -> float:
    smallest = 2 - 2 ** (exponent_bits - 1)
    return 2.0 ** (max(math.frexp(value)[1] - 1, smallest) - mantissa_bits)


gap_above = Exercise(
    name="gap_above",
    answer=_gap_above,
    cases=[
        Case(1.0, 5, 10),
        Case(2.0, 5, 10),
        Case(1.75, 5, 10),
        Case(0.5, 8, 7),
        Case(3.0, 8, 7),
        Case(40960.0, 5, 10),
        Case(2.0**-14, 5, 10),
        Case(2.0**-16, 5, 2),  # subnormal
        Case(2.0**-20, 5, 10),  # subnormal
    ],
    hint="The gap is 2^(e - mantissa_bits), where 2^e is the largest power of two that is not above the value; e does "
    "not fall below that of the smallest normal number, 2 - 2^(exponent_bits - 1).",
    why="Within a power of two the numbers are evenly spaced, 2^mantissa_bits of them; below the smallest normal "
    "number the subnormals keep the spacing they find there.",
    mistakes={
        "That is epsilon, the gap after 1: it grows and shrinks with the value.": (
            lambda value, exponent_bits, mantissa_bits: 2.0**-mantissa_bits
        ),
        "The gap does not grow with the value itself but with the power of two below it.": (
            lambda value, exponent_bits, mantissa_bits: value * 2.0**-mantissa_bits
        ),
        "Right for normal numbers. Among the subnormals the gap shrinks no further.": (
            lambda value, exponent_bits, mantissa_bits: 2.0 ** (math.frexp(value)[1] - 1 - mantissa_bits)
        ),
        "Twice too large: math.frexp takes the significand from 0.5 to 1, so its exponent is one too high.": (
            lambda value, exponent_bits, mantissa_bits: 2 * _gap_above(value, exponent_bits, mantissa_bits)
        ),
        "Take the power of two below the value, not the nearest: round the logarithm down.": (
            lambda value, exponent_bits, mantissa_bits: (
                2.0 ** (max(round(math.log2(value)), 2 - 2 ** (exponent_bits - 1)) - mantissa_bits)
            )
        ),
    },
)


stalls_at = Exercise(
    name="stalls_at",
    answer=lambda mantissa_bits: 2 ** (mantissa_bits + 1),
    cases=[Case(1), Case(2), Case(7), Case(10), Case(23)],
    hint="Where does the gap between neighbours become 2? With 7 mantissa bits you have seen the answer above.",
    why="From 2^(m + 1) on the numbers are 2 apart. One more is exactly in the middle, and the tie goes to the even "
    "mantissa, which is where the total stands.",
    mistakes={
        "At 2^m the gap is 1, so a one still counts. It is lost where the gap is 2.": lambda mantissa_bits: (
            2**mantissa_bits
        ),
        "One step too far: at half of that the gap is 2 already, and the tie goes back.": lambda mantissa_bits: (
            2 ** (mantissa_bits + 2)
        ),
        "That number cannot be reached: adding 1 to the one before it is a tie, and goes back.": lambda mantissa_bits: (
            2 ** (mantissa_bits + 1) + 1
        ),
        "That is the last total but one: the next still is a number of the format.": lambda mantissa_bits: (
            2 ** (mantissa_bits + 1) - 1
        ),
    },
)


def _power_scale(limit: float, rounding: Callable[[float], int]) -> Callable[[float], float]:
    return lambda largest: 2.0 ** rounding(math.log2(limit / largest))


largest_scale = Exercise(
    name="largest_scale",
    answer=_power_scale(FP16_MAX, math.floor),
    cases=[Case(1.0), Case(0.25), Case(65504.0), Case(0.3), Case(40000.0), Case(1e5), Case(3e-4)],
    hint="scale × largest must not exceed 65,504. Divide, then go down to the next power of two.",
    why="The largest power of two with scale × largest ≤ 65,504. In practice one stays a few powers below it, because "
    "what is computed on the way to the gradients may be larger than they are.",
    mistakes={
        "That is the right bound but no power of two: such a scale would round every gradient once more.": (
            lambda largest: FP16_MAX / largest
        ),
        "Rounded up: that scale lifts the largest gradient over 65,504.": _power_scale(FP16_MAX, math.ceil),
        "Rounded to the nearest power of two: where that is above the bound, the largest gradient overflows.": (
            _power_scale(FP16_MAX, round)
        ),
        "fp16 ends at 65,504, not at 65,536.": _power_scale(65536.0, math.floor),
        "Upside down: a small gradient bears a large scale.": (
            lambda largest: 2.0 ** math.floor(math.log2(largest / FP16_MAX))
        ),
    },
)


def _next_scale(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    if overflowed:
        return scale / 2, 0
    if good_steps + 1 == growth_interval:
        return scale * 2, 0
    return scale, good_steps + 1


def _count_kept(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    return (scale / 2, good_steps) if overflowed else _next_scale(scale, good_steps, overflowed, growth_interval)


def _never_grows(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    return (scale / 2, 0) if overflowed else (scale, good_steps + 1)


def _counts_on(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    grown, count = _next_scale(scale, good_steps, overflowed, growth_interval)
    return grown, count if overflowed else good_steps + 1


def _direction(scale: float, good_steps: int, overflowed: bool, growth_interval: int) -> tuple[float, int]:
    grown, count = _next_scale(scale, good_steps, overflowed, growth_interval)
    return scale * scale / grown, count


next_scale = Exercise(
    name="next_scale",
    answer=_next_scale,
    cases=[
        Case(1024.0, 0, False, 3),
        Case(1024.0, 0, True, 3),
        Case(1024.0, 2, False, 3),
        Case(1024.0, 2, True, 3),
        Case(1024.0, 1, False, 3),
        Case(8.0, 0, False, 1),
        Case(65536.0, 1999, False, 2000),
    ],
    hint="Three cases: overflow (halve, count from 0), the growth_interval-th good step in a row (double, count from "
    "0), any other good step (count it).",
    why="An overflow halves the scale at once, growth takes growth_interval good steps in a row: the scale stays just "
    "below what the gradients bear.",
    mistakes={
        "After an overflow the good steps are counted from 0 again.": _count_kept,
        "The scale does not grow in time: at growth_interval good steps in a row it doubles.": _never_grows,
        "After doubling, the count starts at 0 again.": _counts_on,
        "The wrong way round: an overflow makes the scale smaller.": _direction,
    },
)
