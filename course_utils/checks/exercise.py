"""Graders of the exercises: each is an `Exercise` that takes an attempt and returns a `Verdict`.

    checks.lora_scale(attempt)

An exercise is declared by a right answer, cases in order of size, a hint, the reason why the answer is right, and the
typical mistakes. The attempt is called on every case. The first case that it gets wrong, or at which it stops, is the
counter-example; the verdict says which known mistake it agrees with on every case, and gives the hint if there is none.
"""

from __future__ import annotations

import contextlib
import copy
import html
import inspect
import io
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
            return UNTRIED
        if not callable(attempt):
            return Verdict(
                False,
                f"This grader takes the function itself: checks.{self.name}({self.name}), not a value.",
                f"it was given {_short(attempt)}",
            )
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            results = [_outcome(attempt, case) for case in self.cases]
        print(printed.getvalue(), end="")  # whoever looks for a mistake with print sees it

        if all(result is None for result in results):
            if not printed.getvalue():
                return Verdict(None, "Nothing is returned yet: the function ends with return and the answer.")
            return Verdict(False, "It prints and returns nothing: end it with return and the answer.")
        for case, got in zip(self.cases, results, strict=True):
            if got is ... or isinstance(got, NotImplementedError):
                return UNTRIED
            want = case.call(self.answer)
            if isinstance(got, Exception):
                stopped = f"It stops with {type(got).__name__}: {_line(got)}"
                return Verdict(False, f"{stopped}. {self._diagnosis(results)}", f"at {case.shown(self)}")
            if not same(got, want):
                example = f"{case.shown(self)}\n  gives     {_short(got)}\n  should be {_short(want)}"
                return Verdict(False, self._diagnosis(results), example + _place(got, want))
        return Verdict(True, self.why)

    def _diagnosis(self, results: list[Any]) -> str:
        """The known mistake that gives just these results; else the hint."""
        for sentence, mistake in self.mistakes.items():
            if all(_alike(got, _outcome(mistake, case)) for case, got in zip(self.cases, results, strict=True)):
                return sentence
        return self.hint


UNTRIED = Verdict(None, "Replace the ... and run the cell again. A wrong try gets a hint.")


def _outcome(function: Callable, case: Case) -> Any:
    """What the function returns for the case, as plain lists and numbers; what it raises, as the exception."""
    try:
        return _plain(case.call(function))
    except Exception as error:
        return error


def _alike(got: Any, other: Any) -> bool:
    """Two outcomes of the same mistake: equal results, or an exception each, for one divides by the zero of which
    another takes the logarithm."""
    if isinstance(got, Exception) or isinstance(other, Exception):
        return isinstance(got, Exception) and isinstance(other, Exception)
    return same(got, other)


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
