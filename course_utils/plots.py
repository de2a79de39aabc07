"""One plotting style for the whole course: colours with a meaning, readable sizes, figures with alt text.

A chart helper returns a matplotlib `Figure` that pyplot does not know, so nothing has to be closed and no cell shows a
chart twice; `alt(figure, text)` is how a cell shows one. matplotlib is imported inside the functions.
"""

from __future__ import annotations

import base64
import functools
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from course_utils.errors import CourseError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A colour has one meaning in every lesson. The six data colours stay apart under protanopia, deuteranopia and
# tritanopia and reach a contrast of 3:1 on white (tests/test_plots.py computes both).
COLOURS = {
    "base": "#004C8C",  # the frozen base model and its weights
    "adapter": "#E25600",  # LoRA's A and B, whatever is being learnt
    "quantized": "#AA3CB4",  # values as 4- or 8-bit storage holds them
    "before": "#78818C",  # measured before fine-tuning
    "after": "#0B8558",  # measured after fine-tuning
    "accent": "#6E5200",  # the one thing to look at; gradients
    "ink": "#1B2530",  # text
    "muted": "#5C6773",  # secondary text, axes
    "grid": "#E4E8EC",  # grid lines
    "panel": "#F5F7F9",  # a quiet background inside a figure
    "paper": "#FFFFFF",  # the background
}

PIXELS_PER_INCH = 100  # CSS pixels: a figure 7 inches wide stands 700 pixels wide in the notebook
DENSITY = 2  # image pixels for each CSS pixel, so that text is sharp on hi-dpi screens and at 150 % zoom

# Margins and gaps in inches. They are fixed because matplotlib's automatic layouts draw a figure twice, which costs
# about 45 ms a slider redraw.
LEFT, RIGHT, TOP, BOTTOM, GAP_X, GAP_Y = 0.85, 0.25, 0.5, 0.6, 0.95, 1.05

STYLE = {
    "font.family": "DejaVu Sans",  # matplotlib carries it, so a figure is the same on every machine
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.titley": 1.0,  # a fixed place: else matplotlib measures every tick label first, a fifth of a redraw
    "axes.titlecolor": COLOURS["ink"],
    "axes.labelsize": 10,
    "axes.labelcolor": COLOURS["muted"],
    "axes.edgecolor": COLOURS["muted"],
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "xtick.major.width": 0.7,
    "ytick.left": False,  # the grid lines lead to the numbers
    "text.color": COLOURS["ink"],
    "text.hinting": "none",  # at 200 pixels an inch letters need no fitting to the pixels, which takes time
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": COLOURS["paper"],
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": COLOURS["paper"],
    "savefig.facecolor": COLOURS["paper"],
    "axes.facecolor": COLOURS["paper"],
}


def use_style() -> None:
    """Set the course's style for every matplotlib figure made from now on, the reader's own included."""
    import matplotlib
    from cycler import cycler

    order = [COLOURS[role] for role in ("base", "adapter", "after", "quantized", "accent", "before")]
    matplotlib.rcParams.update(STYLE | {"axes.prop_cycle": cycler(color=order)})


# What `figure` was last asked for, and what `lay_out_ahead` keeps ready, by the words it would be asked for in.
_latest: dict[str, Any] = {}
_ready: dict[str, tuple[Figure, Any]] = {}


def figure(
    width: float = 7.0, height: float = 3.5, rows: int = 1, cols: int = 1, *, left: float = LEFT, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure and its axes (one, or an array when there are several), `width` × `height` in inches, 100 pixels each.

    `left` is the margin in inches that the leftmost axis labels need; `subplots` goes to `Figure.subplots`
    (`sharey=True`, `width_ratios=[2, 1]`, …).
    """
    global _latest
    use_style()
    _latest = {"width": width, "height": height, "rows": rows, "cols": cols, "left": left} | subplots
    return _ready.pop(repr(_latest), None) or _lay_out(**_latest)


def lay_out_ahead() -> None:
    """Lay out a figure like the latest one, for the next `figure` that asks for the same.

    Empty axes and their ticks take a third of a redraw. A slider's figure finds them ready when this is called while
    nobody waits; it is a new figure each time, so nothing of one drawing can show in the next.
    """
    if not _latest or repr(_latest) in _ready:
        return
    result, axes = _lay_out(**_latest)
    for panel in result.axes:
        for axis in (panel.xaxis, panel.yaxis):
            axis.get_major_ticks(6)  # the most that `locator_params` below lets an axis have
    _ready[repr(_latest)] = result, axes


def _lay_out(width: float, height: float, rows: int, cols: int, left: float, **subplots: Any) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    panel_width = (width - left - RIGHT - (cols - 1) * GAP_X) / cols
    panel_height = (height - TOP - BOTTOM - (rows - 1) * GAP_Y) / rows
    if panel_width < 0.5 or panel_height < 0.5:
        raise CourseError(f"{rows} × {cols} panels do not fit into {width} × {height} inches: make the figure larger")
    result = Figure(figsize=(width, height))
    axes = result.subplots(rows, cols, **subplots)
    result.subplots_adjust(
        left=left / width,
        right=1 - RIGHT / width,
        top=1 - TOP / height,
        bottom=BOTTOM / height,
        wspace=GAP_X / panel_width,
        hspace=GAP_Y / panel_height,
    )
    from matplotlib.ticker import AutoLocator

    for panel in result.axes:
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(_in_view(AutoLocator)())
            axis.isDefault_majloc = True  # words as values (`axes.bar(["a", "b"], …)`) may still bring their own
        panel.locator_params(nbins=5)  # few round numbers on an axis are easier to read, and each tick costs 0.3 ms
    return result, axes


@functools.cache
def _in_view(locator: type) -> type:
    """A matplotlib locator without the ticks outside the axis, which cost what the others do and are not seen."""
    import numpy as np

    class InView(locator):
        def __call__(self):
            places = np.asarray(super().__call__())
            low, high = sorted(self.axis.get_view_interval())
            slack = 1e-9 * (high - low)
            return places[(places >= low - slack) & (places <= high + slack)]

    return InView


def log_axis(axes: Any, which: str, base: int = 10) -> None:
    """Make the "x" or "y" axis logarithmic, with plain numbers (0.1, 1, 10; 1, 2, 4 with base 2) and no minor ticks.

    matplotlib's own log axis writes powers as formulas and draws up to nine minor ticks a decade: a third slower.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if which not in ("x", "y"):
        raise CourseError(f'log_axis: the axis is "x" or "y", not {which!r}')
    axis, set_scale = (axes.xaxis, axes.set_xscale) if which == "x" else (axes.yaxis, axes.set_yscale)
    set_scale("log", base=base)
    axis.set_major_locator(_in_view(LogLocator)(base=base))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def bars(
    axes: Any,
    places: Sequence[float],
    heights: Sequence[float],
    *,
    width: float = 0.8,
    color: str,
    low: float = 0.0,
    label: str | None = None,
) -> None:
    """Bars from `low` up to `heights`, `width` wide in units of the axis, drawn as one shape, named in a legend.

    `axes.bar` makes an object for each bar, which takes a third of a millisecond apiece: too much for a slider.
    """
    from matplotlib.collections import PolyCollection

    half = width / 2
    corners = [
        [(x - half, low), (x - half, high), (x + half, high), (x + half, low)]
        for x, high in zip(map(float, places), map(float, heights), strict=True)
    ]
    shape = PolyCollection(corners, facecolors=color, edgecolors="none", label=label)
    shape.sticky_edges.y.append(low)  # no gap below the bars
    axes.add_collection(shape)
    axes.autoscale_view()


def key(axes: Any, where: str = "upper right", *, outside: bool = False) -> None:
    """Names the labelled lines of `axes` in a corner ("upper left" to "lower right"), or to the right of the panel.

    Like `axes.legend`, which takes a sixth of a slider redraw, for lines only. Call it last, when the panel has its
    size. Raises `CourseError` for a corner that does not exist and where no line has a label.
    """
    if where not in ("upper left", "upper right", "lower left", "lower right"):
        raise CourseError(f'key: a corner is "upper" or "lower" and "left" or "right", not {where!r}')
    lines = [line for line in axes.lines if not line.get_label().startswith("_")]
    if not lines:
        raise CourseError("key: no line of this panel has a label")
    width, height = axes.bbox.size / axes.figure.dpi  # inches
    row, stroke, gap, edge = 0.2, 0.28, 0.09, 0.1
    upper, on_the_right = where.startswith("upper"), where.endswith("right") and not outside
    for i, line in enumerate(lines):
        y = height - edge - row * (i + 0.5) if upper else edge + row * (len(lines) - i - 0.5)
        x = width + edge if outside else width - edge - stroke if on_the_right else edge
        look = {name: getattr(line, f"get_{name}")() for name in ("color", "alpha", "linewidth", "linestyle", "marker")}
        axes.plot(
            [x / width, (x + stroke / 2) / width, (x + stroke) / width],
            [y / height] * 3,
            transform=axes.transAxes,
            clip_on=False,
            markevery=[1],
            markersize=line.get_markersize(),
            **look,
        )
        beside, side = (x - gap, "right") if on_the_right else (x + stroke + gap, "left")
        words = {"ha": side, "va": "center_baseline", "fontsize": STYLE["legend.fontsize"]}
        axes.text(beside / width, y / height, line.get_label(), transform=axes.transAxes, **words)


def as_it_is(words: str) -> str:
    """The words for a title or label, without a formula in them: for a token, an answer, a file's name.

    matplotlib takes what stands between two dollar signs for a formula, and raises where it is none.
    """
    return words.replace("$", r"\$")


def running_mean(values: Sequence[float], window: int) -> list[float]:
    """Mean over `window` values around each one.

    At the start the window shrinks evenly on both sides, so that a steep first fall is not flattened; at the end it
    looks back only, so that the last value is a mean too and not one step's luck.
    """
    half = window // 2
    means = []
    for i in range(len(values)):
        part = values[i - min(half, i) : i + min(half, i) + 1]
        means.append(sum(part) / len(part))
    return means


def loss_curve(
    steps: Sequence[float],
    losses: Sequence[float],
    title: str,
    *,
    xlabel: str = "optimizer step",
    ylabel: str = "training loss (nats per token)",
    width: float = 7.0,
    height: float = 3.3,
) -> Figure:
    """The loss at each logged step, faint, and its running mean over a tenth of the run, bold.

    A single step's loss says more about its batch than about the model; the mean is what to read. Its first and last
    values are written at the ends. Raises `CourseError` when there is nothing to draw or the lengths differ.
    """
    if len(steps) != len(losses) or len(steps) == 0:
        given = f"{len(steps)} steps and {len(losses)} losses"
        raise CourseError(f"loss_curve needs a loss for each step, and at least one: {given}")
    result, axes = figure(width, height)
    smooth = running_mean(losses, max(1, len(losses) // 10) | 1)
    axes.plot(steps, losses, color=COLOURS["adapter"], alpha=0.28, linewidth=1.1)
    axes.plot(steps, smooth, color=COLOURS["adapter"], linewidth=2.4, marker="o" if len(steps) == 1 else None)
    axes.margins(x=0.02, y=0.1)
    for i, side in ((0, "left"), (len(steps) - 1, "right")):
        axes.annotate(
            f"{smooth[i]:.2f}",
            (steps[i], smooth[i]),
            xytext=(7, 4) if side == "left" else (0, 9),
            textcoords="offset points",
            ha=side,
            fontweight="bold",
            color=COLOURS["adapter"],
            bbox={"facecolor": COLOURS["paper"], "edgecolor": "none", "pad": 1, "alpha": 0.85},
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title)
    return result


def before_after(
    tasks: Sequence[str],
    before: Sequence[float],
    after: Sequence[float],
    intervals_before: Sequence[tuple[float, float]] | None,
    intervals_after: Sequence[tuple[float, float]] | None,
    title: str,
    *,
    xlabel: str = "exact answers (%)",
    width: float = 7.0,
) -> Figure:
    """A dumbbell for each task family, in the order given: accuracy before and after, joined by a line.

    Accuracies and the bounds of their 95 % intervals are shares between 0 and 1 and are shown in percent; the pale bars
    are the intervals (`None`: not drawn). Raises `CourseError` when lengths differ or a value is no share.
    """
    for name, values in {"before": before, "after": after}.items():
        _check_shares(name, values, len(tasks))
    for name, bounds in {"intervals_before": intervals_before, "intervals_after": intervals_after}.items():
        if bounds is not None:
            _check_shares(name, [low for low, _ in bounds], len(tasks))
            _check_shares(name, [high for _, high in bounds], len(tasks))

    name_width = max(len(task) for task in tasks) * 0.082 + 0.3
    height = TOP + BOTTOM + 0.2 + 0.42 * len(tasks)
    result, axes = figure(width, height, left=min(max(name_width, LEFT), width / 2))
    for y in range(len(tasks)):
        axes.plot([100 * before[y], 100 * after[y]], [y, y], color=COLOURS["grid"], linewidth=3, zorder=1)
        ends = []  # where the marks of this row end: its numbers stand outside of them
        for role, values, bounds in (("before", before, intervals_before), ("after", after, intervals_after)):
            value = 100 * values[y]
            low, high = (100 * bound for bound in bounds[y]) if bounds is not None else (value, value)
            bar = {"color": COLOURS[role], "alpha": 0.32, "linewidth": 7, "solid_capstyle": "butt", "zorder": 2}
            axes.plot([low, high], [y, y], **bar)
            axes.plot(value, y, "o", color=COLOURS[role], markersize=8, markeredgecolor=COLOURS["paper"], zorder=3)
            ends += [low, high, value]
        close = 100 * abs(before[y] - after[y]) < 14
        for role, values, other in (("before", before, after), ("after", after, before)):
            on_the_left = values[y] < other[y] or (values[y] == other[y] and role == "before")
            outward = {"ha": "right" if on_the_left else "left", "textcoords": "offset points", "fontsize": 9.5}
            words = {"color": COLOURS["after" if role == "after" else "muted"]}
            words["fontweight"] = "bold" if role == "after" else "normal"
            axes.annotate(
                f"{100 * values[y]:.0f} %",
                (min(ends) if on_the_left else max(ends), y),
                xytext=(-8 if on_the_left else 8, 0),
                va="center_baseline",
                bbox={"facecolor": COLOURS["paper"], "edgecolor": "none", "pad": 0.5},  # no grid line through a number
                **outward,
                **words,
            )
            if y == 0:  # the first row names the two marks
                place = outward if close else outward | {"ha": "center"}
                axes.annotate(role, (100 * values[y], y), xytext=(0, 9), **place, **words)
    axes.set_yticks(range(len(tasks)), labels=list(tasks))
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"], labelsize=10)
    axes.set_ylim(len(tasks) - 0.4, -0.8)
    axes.set_xlim(-13, 113)
    axes.set_xticks(range(0, 101, 25))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_bounds(0, 100)
    bars = "" if intervals_before is None and intervals_after is None else "; pale bars: 95 % interval"
    axes.set_xlabel(xlabel + bars)
    place = {"x": 0.012, "y": 1 - 0.3 / height, "ha": "left", "va": "center"}  # flush with the task names
    result.suptitle(title, fontsize=STYLE["axes.titlesize"], fontweight="bold", **place)
    return result


def _check_shares(name: str, values: Sequence[float], count: int) -> None:
    """Raise `CourseError` unless `values` holds `count` shares between 0 and 1, and at least one."""
    if len(values) != count or count == 0:
        raise CourseError(f"before_after: {count} tasks but {len(values)} values in {name}")
    wrong = [value for value in values if not 0 <= value <= 1]
    if wrong:
        raise CourseError(f"before_after: {name} must hold shares between 0 and 1, not {wrong[0]:g}")


class Picture:
    """A rendered figure with its alt text: PNG bytes of twice the shown resolution. Jupyter shows the HTML form."""

    def __init__(self, png: bytes, width: int, height: int, text: str):
        self.png = png
        self.width = width  # CSS pixels
        self.height = height
        self.text = text

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode("ascii")
        # decoding="sync": the browser paints the new image in the frame that removes the old one, so a slider does not
        # make the figure flicker.
        return (
            f'<figure style="margin:0"><img alt="{html.escape(self.text)}" width="{self.width}" height="{self.height}" '
            f'style="max-width:100%;height:auto" decoding="sync" src="data:image/png;base64,{data}"></figure>'
        )

    def __repr__(self) -> str:
        return f"[figure: {self.text}]"


def alt(figure: Figure, text: str) -> Picture:
    """Render `figure` once, release it, and return what a cell shows: an image with `text` as its alt text.

    `text` says what the figure shows to someone who does not see it: kind of chart, axes, the finding.
    """
    if not text.strip():
        raise CourseError("the alt text is empty: say in a sentence or two what the figure shows")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.get_size_inches())
    figure.set_dpi(PIXELS_PER_INCH * DENSITY)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    full = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    # 256 colours are more than a chart has, apart from shades at the edges of letters: the image takes a third of the
    # bytes in the notebook and on the wire, and is faster to encode than a full-colour one.
    image = full.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = image.getpalette()  # without its column of transparencies, for nothing is transparent
    corner = 3 * image.getpixel((0, 0))
    palette[corner : corner + 3] = full.getpixel((0, 0))[:3]  # the paper is mixed with its shades: 254, not 255
    image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=2)
    _release(figure)
    return Picture(buffer.getvalue(), width, height, text.strip())


def _release(figure: Figure) -> None:
    """Close the figure if pyplot holds it; figures of `figure()` are not pyplot's and need nothing."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def describe(figure: Figure) -> str:
    """An alt text from the figure's own words: titles and axis labels. Used where nobody wrote a better one."""
    parts = [figure.get_suptitle()]
    for axes in figure.axes:
        title = next((t for t in (axes.get_title(loc=side) for side in ("left", "center", "right")) if t), "")
        labels = " against ".join(label for label in (axes.get_ylabel(), axes.get_xlabel()) if label)
        parts += [": ".join(part for part in (title, labels) if part)]
    return ". ".join(part for part in parts if part) or "A figure without title or axis labels."
