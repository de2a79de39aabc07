"""Sliders that cannot fail in silence: `explore(draw, rank=(1, 64), ...)`.

The figure is an ordinary cell output, drawn by a plain call before any slider exists; a slider only replaces that
output. So an error in the first drawing is the cell's own error, the saved notebook keeps its figure, and no widget
state has to be stored with it.
"""

from __future__ import annotations

import asyncio
import gc
import html
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from course_utils import plots
from course_utils.errors import CourseError

# Drawings slower than this are redrawn when a slider is let go, not while it moves.
SLOW_SECONDS = 0.3

# Once a new figure is on its way to the browser, so long the kernel leaves it the processor.
TIDY_SECONDS = 0.03

# What went wrong while sliders were moved, oldest first: {"draw": name, "values": {...}, "error": "Type: message"}.
ERRORS: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Range:
    """One slider's specification, understood."""

    kind: str  # "int", "float", "log", "choice" (ordered numbers), "menu" (anything else), "switch"
    values: tuple  # low and high; for "choice", "menu" and "switch" every value
    start: Any

    @property
    def ends(self) -> tuple:
        """The values a test run tries: both ends; for a menu or a switch, which have no order, every value."""
        return self.values if self.kind in ("menu", "switch") else (self.values[0], self.values[-1])


def parse(name: str, spec: Any, starts: Mapping[str, Any] | None = None) -> Range:
    """Understand a slider's specification; raise `CourseError`, naming the slider, for anything else.

    | specification | slider | start, unless `starts` names one |
    |---|---|---|
    | `(1, 64)` | whole numbers | the middle, rounded down |
    | `(0.0, 1.0)` | a hundred steps | the middle |
    | `(1e-5, 1e-2, "log")` | twenty steps a decade | the geometric middle |
    | `[1, 2, 4, 8]` | one of these numbers, in order | the first |
    | `["nf4", "fp4"]`, also lists, tuples or dicts in a list | a menu | the first |
    | `True`, `False` | a switch | as given |
    """
    if isinstance(spec, bool):
        kind, values, start = "switch", (False, True), spec
    elif isinstance(spec, list):
        kind, values, start = _choices(name, spec)
    elif isinstance(spec, tuple) and len(spec) >= 2:
        kind, values, start = _span(name, spec)
    else:
        raise CourseError(f"slider {name}: {spec!r} is none of (low, high), (low, high, 'log'), [choices], True, False")
    start = (starts or {}).get(name, start)
    if kind == "int" and not _is_whole(start):
        raise CourseError(f"slider {name}: the start {start!r} is no whole number, but both ends are")
    if kind in ("int", "float", "log"):
        if not _is_number(start) or not values[0] <= start <= values[1]:
            raise CourseError(f"slider {name}: the start {start!r} lies outside {values[0]} to {values[1]}")
    elif not any(start == value for value in values):
        raise CourseError(f"slider {name}: the start {start!r} is none of {', '.join(map(repr, values))}")
    return Range(kind, values, start)


def _choices(name: str, spec: list) -> tuple[str, tuple, Any]:
    """Kind, values and start of a list of choices."""
    if not spec:
        raise CourseError(f"slider {name}: the list of choices is empty")
    kind = "choice" if all(map(_is_number, spec)) else "menu"
    try:  # a control finds its value among the choices by ==
        [bool(value == spec[0]) for value in spec]
        found = all(bool(value == value) for value in spec)
    except (ValueError, RuntimeError, TypeError):
        found = False
    if not found:
        raise CourseError(
            f"slider {name}: its choices cannot be told apart by ==, as arrays and nan cannot: "
            "give names or numbers, and look up by them in the drawing"
        )
    return kind, tuple(spec), spec[0]


def _span(name: str, spec: tuple) -> tuple[str, tuple, Any]:
    """Kind, ends and middle of a range of numbers."""
    low, high, *more = spec
    log = more == ["log"]
    if not _is_number(low) or not _is_number(high) or (more and not log and not _is_number(more[0])) or len(more) > 1:
        raise CourseError(
            f"slider {name}: {spec!r} is neither (low, high) nor (low, high, 'log'); choices stand in a list"
        )
    if more and not log:
        raise CourseError(
            f"slider {name}: is {more[0]!r} in {spec!r} the start or a step? A start is named: "
            f"{name}=({low!r}, {high!r}), start={{{name!r}: {more[0]!r}}}; for steps, list the choices"
        )
    if not _has_ends(low, high):
        raise CourseError(f"slider {name}: {low} to {high} has no end: give two finite numbers")
    if not low < high:
        raise CourseError(f"slider {name}: the low end {low} is not below the high end {high}")
    if log and low <= 0:
        raise CourseError(f"slider {name}: a log slider needs a low end above 0, not {low}")
    if log:
        return "log", (low, high), math.sqrt(low) * math.sqrt(high)
    if _is_whole(low) and _is_whole(high):
        return "int", (low, high), (low + high) // 2
    return "float", (low, high), (low + high) / 2


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _has_ends(low: Any, high: Any) -> bool:
    try:
        return math.isfinite(high - low)
    except OverflowError:  # a whole number beyond the largest float
        return False


def explore(
    draw: Callable[..., Any],
    *,
    start: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    alt: str | None = None,
    **sliders: Any,
) -> None:
    """Show `draw(**values)` and, where someone can move them, a slider for each value. See `parse` for the sliders.

    `draw` returns a matplotlib figure, or anything a notebook can display. `start` says where sliders begin
    (`{"rank": 8}`), by default in the middle; `labels` gives them a longer name (`{"rank": "rank r"}`); `alt` is the
    figure's alt text, by default its title and axis labels.

    - Always: `draw` is called with the start values, and the result is displayed. An error in it is the cell's error.
    - With a live front end: sliders stand above the figure and replace it. An error in a redraw is shown in the
      figure's place and added to `ERRORS`.
    - With COURSE_HEADLESS=1: no sliders; `draw` is also called at both ends of every slider (the others at their
      start), and the first failure raises `CourseError` naming slider and value.
    """
    for what, given in (("start", start), ("labels", labels)):
        if not isinstance(given or {}, Mapping):
            raise CourseError(f"{what} names sliders, as in {what}={{'rank': ...}}; a slider cannot be called {what}")
        unknown = set(given or {}) - set(sliders)
        if unknown:
            raise CourseError(f"{what} for sliders that do not exist: {', '.join(sorted(unknown))}")
    ranges = {name: parse(name, spec, start) for name, spec in sliders.items()}
    first = {name: r.start for name, r in ranges.items()}

    began = time.perf_counter()
    shown = render(draw, first, alt)
    slow = time.perf_counter() - began > SLOW_SECONDS

    if os.environ.get("COURSE_HEADLESS") == "1":
        try_ends(draw, ranges, alt)
    from IPython.display import display

    if not ranges or not front_end():
        display(shown)
        return
    words = {name: name for name in ranges} | dict(labels or {})
    room = f"{1 + 0.6 * max(map(len, words.values())):.1f}em"
    controls = {name: control(r, words[name], slow, room) for name, r in ranges.items()}
    display(_box(controls.values()), raw=True)
    handle = display(shown, display_id=True)

    def redraw(_change: Any) -> None:
        gc.disable()  # a full collection among a loaded model's objects takes a third of a second
        try:
            handle.update(attempt(draw, {name: c.value for name, c in controls.items()}, alt))
        finally:
            when_idle(tidy)

    for c in controls.values():
        c.observe(redraw, names="value")
    when_idle(tidy)


def tidy() -> None:
    """What a redraw leaves for later: collecting garbage, and laying out the next figure."""
    gc.enable()
    plots.lay_out_ahead()


def when_idle(act: Callable[[], None]) -> None:
    """Call `act` when the kernel has had time to send what is waiting; at once where no event loop runs."""
    try:
        asyncio.get_running_loop().call_later(TIDY_SECONDS, act)
    except RuntimeError:
        act()


def render(draw: Callable[..., Any], values: dict[str, Any], alt: str | None = None) -> Any:
    """Call `draw` and turn a figure into a picture at once, so that the front end shows it at one size and no pyplot
    figure stays open, not even one that a failing `draw` had begun."""
    open_before = _open_figures()
    try:
        result = draw(**values)
        if result is None:
            raise CourseError(f"{_name(draw)} returned nothing: end it with `return figure`")
        matplotlib_figure = sys.modules.get("matplotlib.figure")
        if matplotlib_figure is not None and isinstance(result, matplotlib_figure.Figure):
            result = plots.alt(result, alt or plots.describe(result))
        return result
    finally:
        for number in _open_figures() - open_before:
            sys.modules["matplotlib.pyplot"].close(number)


def attempt(draw: Callable[..., Any], values: dict[str, Any], alt: str | None = None) -> Any:
    """`render`, or, when it raises, a short message to stand in the figure's place; the error goes into `ERRORS`."""
    try:
        return render(draw, values, alt)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        ERRORS.append({"draw": _name(draw), "values": values, "error": what})
        return Message(f"No figure for {_values(values)}. {what}")


def try_ends(draw: Callable[..., Any], ranges: dict[str, Range], alt: str | None = None) -> int:
    """Draw at both ends of every slider; raise `CourseError` at the first that fails. Returns how many were drawn."""
    start = {name: r.start for name, r in ranges.items()}
    count = 0
    for name, r in ranges.items():
        for value in r.ends:
            if value == r.start:
                continue  # drawn already
            values = start | {name: value}
            try:
                render(draw, values, alt)
            except Exception as error:
                raise CourseError(
                    f"slider {name} at {value!r} ({_values(values)}): {type(error).__name__}: {error}"
                ) from error
            count += 1
    return count


def front_end() -> bool:
    """Whether someone can move a slider here.

    papermill and nbconvert run a kernel too, but tell it that nobody can type into an `input()`; JupyterLab, Notebook,
    VS Code and Colab say that somebody can. COURSE_HEADLESS=1 overrules that.
    """
    if os.environ.get("COURSE_HEADLESS") == "1":
        return False
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and getattr(kernel, "_allow_stdin", True)


def control(r: Range, label: str, slow: bool = False, room: str = "8em") -> Any:
    """The ipywidgets control for a range, its label `room` wide. Each takes focus by Tab and moves by arrow keys."""
    import ipywidgets

    wide = {"description": label, "style": {"description_width": room}, "layout": {"width": "min(36em, 98%)"}}
    live = wide | {"continuous_update": not slow}
    if r.kind == "int":
        return ipywidgets.IntSlider(value=r.start, min=r.values[0], max=r.values[1], **live)
    if r.kind == "float":
        low, high = r.values
        step = step_through(low, r.start, high, (high - low) / 100)
        return ipywidgets.FloatSlider(value=r.start, min=low, max=high, step=step, readout_format=".3g", **live)
    if r.kind == "log":
        low, high = (math.log10(v) for v in r.values)
        step = step_through(low, math.log10(r.start), high, 0.05)
        return ipywidgets.FloatLogSlider(
            value=r.start, min=low, max=high, step=step, base=10, readout_format=".1e", **live
        )
    # A name for each choice: without, ipywidgets takes the first half of a pair for the name of the other.
    options = [(str(value), value) for value in r.values]
    if r.kind == "choice":
        return ipywidgets.SelectionSlider(value=r.start, options=options, **live)
    if r.kind == "menu":
        return ipywidgets.Dropdown(value=r.start, options=options, **wide)
    return ipywidgets.Checkbox(value=r.start, **wide)


def step_through(low: float, start: float, high: float, step: float) -> float:
    """A step near `step` that leads from `low` to `start` exactly and, where there is one, to `high` too.

    The browser moves a slider whose start lies between two steps to the nearer one, and the figure with it; at an end
    between two steps, a key press moves nothing.
    """
    most = round((start - low) / (step / 2)) or round((high - low) / (step / 2))
    reach = start - low or high - low
    counts = range(max(1, most // 4), max(1, most) + 1)  # steps of half to twice the size asked for

    def strays(count: int) -> tuple[bool, float]:
        steps = (high - low) * count / reach
        return abs(steps - round(steps)) > 1e-9, abs(math.log(reach / count / step))

    return reach / min(counts, key=strays)


def _box(controls: Any) -> dict[str, Any]:
    """The controls above each other, as display data whose text says what to do where no widget can be shown."""
    import ipywidgets

    data = ipywidgets.VBox(list(controls))._repr_mimebundle_()
    return data | {"text/plain": "Run this cell in Jupyter to get its sliders."}


class Message:
    """A line that stands where a figure could not be drawn."""

    def __init__(self, text: str):
        self.text = text

    def _repr_html_(self) -> str:
        colour = plots.COLOURS["adapter"]
        return f'<p role="alert" style="border-left:4px solid {colour};padding-left:.8em">{html.escape(self.text)}</p>'

    def __repr__(self) -> str:
        return self.text


def _values(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _name(draw: Callable[..., Any]) -> str:
    return getattr(draw, "__name__", type(draw).__name__)


def _open_figures() -> set[int]:
    """Numbers of the figures that pyplot holds open; pyplot is not imported for it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot is not None else set()
