"""The plotting style, the two charts, and the alt text."""

import base64
import io
import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from course_utils import plots
from course_utils.errors import CourseError

DATA_ROLES = ("base", "adapter", "quantized", "before", "after", "accent")

# Machado, Oliveira, Fernandes 2009: what is left of linear RGB at full severity.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast_on_white(colour):
    return 1.05 / (linear(colour) @ [0.2126, 0.7152, 0.0722] + 0.05)


@pytest.mark.parametrize("vision", VISION)
def test_data_colours_stay_apart(vision):
    for a, b in itertools.combinations(DATA_ROLES, 2):
        seen = [lab(VISION[vision] @ linear(plots.COLOURS[role])) for role in (a, b)]
        assert np.linalg.norm(seen[0] - seen[1]) > 14, (a, b)


def test_contrast_on_paper():
    assert min(contrast_on_white(plots.COLOURS[role]) for role in DATA_ROLES) >= 3
    assert min(contrast_on_white(plots.COLOURS[role]) for role in ("ink", "muted", "after")) >= 4.5


def test_alt_is_an_image_of_twice_the_density_with_its_text():
    figure, axes = plots.figure(4, 2)
    axes.plot([0, 1], [0, 1])
    shown = plots.alt(figure, 'rank 4 < rank 8, "so far"')
    image = ElementTree.fromstring(shown._repr_html_().replace("></figure>", "/></figure>")).find("img")
    assert image.get("alt") == 'rank 4 < rank 8, "so far"'
    assert (image.get("width"), image.get("height")) == ("400", "200")
    from PIL import Image

    png = base64.b64decode(image.get("src").removeprefix("data:image/png;base64,"))
    opened = Image.open(io.BytesIO(png))
    assert opened.size == (800, 400)
    assert opened.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255), "the paper is not white"
    assert "rank 4" in repr(shown)


def test_a_figure_laid_out_ahead_is_drawn_like_any_other_and_given_once():
    def draw(values):
        figure, (left, right) = plots.figure(7, 3, 1, 2, width_ratios=[2, 1])
        left.plot(values)
        plots.log_axis(left, "y")
        right.bar(["a", "b"], values[:2])
        right.tick_params(axis="x", labelsize=7)
        return figure

    first = plots.alt(draw([1, 20, 300]), "one")
    plots.lay_out_ahead()
    ahead = draw([1, 20, 300])
    assert plots.alt(ahead, "one").png == first.png
    assert draw([1, 20, 300]) is not ahead
    plots.lay_out_ahead()
    assert plots.figure(7, 3, 1, 2)[0].axes[0].get_position().width < ahead.axes[0].get_position().width


def test_alt_needs_words_and_closes_a_pyplot_figure():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure = plt.figure()
    with pytest.raises(CourseError, match="alt text is empty"):
        plots.alt(figure, "  ")
    plots.alt(figure, "nothing drawn")
    assert not plt.fignum_exists(figure.number)


def test_figure_too_small_for_its_panels():
    with pytest.raises(CourseError, match="1 × 4 panels"):
        plots.figure(4, 3, 1, 4)


def test_log_axis_has_plain_numbers_and_no_minor_ticks():
    figure, axes = plots.figure(5, 3)
    axes.plot([1, 64], [0.05, 20])
    plots.log_axis(axes, "x", base=2)
    plots.log_axis(axes, "y")
    figure.draw_without_rendering()
    assert {"1", "4", "64"} <= {t.get_text() for t in axes.get_xticklabels()}
    assert {"0.1", "1", "10"} <= {t.get_text() for t in axes.get_yticklabels()}
    assert len(axes.xaxis.get_minorticklocs()) == len(axes.yaxis.get_minorticklocs()) == 0
    with pytest.raises(CourseError, match='"x" or "y"'):
        plots.log_axis(axes, "z")


def test_bars_are_those_of_matplotlib_drawn_as_one_shape():
    """The same pixels and the same limits as `axes.bar`, whose bars are objects of their own."""
    from PIL import Image

    places, heights = [0, 1, 2, 5], [3.0, 0.0, 1.5, 2.0]
    pixels, limits = [], []
    for one in (True, False):
        figure, axes = plots.figure(4, 2.5)
        if one:
            plots.bars(axes, places, heights, color=plots.COLOURS["base"])
            assert len(axes.collections) == 1 and not axes.patches
        else:
            axes.bar(places, heights, 0.8, color=plots.COLOURS["base"], edgecolor="none")
        limits.append((*axes.get_xlim(), *axes.get_ylim()))
        pixels.append(np.asarray(Image.open(io.BytesIO(plots.alt(figure, "bars").png)).convert("RGB"), dtype=int))
    assert limits[0] == pytest.approx(limits[1])
    assert np.abs(pixels[0] - pixels[1]).max(axis=2).astype(bool).mean() < 0.002  # rounded edges of a bar may differ


def test_an_axis_makes_no_tick_that_it_does_not_show():
    figure, axes = plots.figure(4, 3)
    axes.plot([0.3, 77], [2, 900])
    plots.log_axis(axes, "y")
    axes.set(xlim=(0.1, 79), ylim=(2, 900))
    assert axes.get_xticks().tolist() == [20, 40, 60]
    assert axes.get_yticks().tolist() == [10, 100]


@pytest.mark.parametrize("where", ["upper left", "upper right", "lower left", "lower right", "outside"])
def test_key_names_the_lines_inside_the_figure_and_leaves_the_limits(where):
    figure, axes = plots.figure(5, 3)
    axes.plot([1, 2], [3, 40], "o--", color="#004C8C", label="base")
    axes.plot([1, 2], [3, 4], color="#E25600", label="adapter")
    axes.plot([1, 2], [5, 5], color="#000000")
    figure.subplots_adjust(right=0.8)
    limits = axes.get_xlim(), axes.get_ylim()
    plots.key(axes, outside=True) if where == "outside" else plots.key(axes, where)
    plots.alt(figure, "x")
    assert (axes.get_xlim(), axes.get_ylim()) == limits
    assert [text.get_text() for text in axes.texts] == ["base", "adapter"]
    assert [(line.get_color(), line.get_linestyle()) for line in axes.lines[3:]] == [
        ("#004C8C", "--"),
        ("#E25600", "-"),
    ]
    inside = figure.bbox if where == "outside" else axes.bbox
    for part in [*axes.texts, *axes.lines[3:]]:
        box = part.get_window_extent()
        assert inside.x0 <= box.x0 < box.x1 <= inside.x1 and inside.y0 <= box.y0 <= box.y1 <= inside.y1
    assert axes.texts[0].get_position()[1] > axes.texts[1].get_position()[1]


def test_key_refuses():
    _, axes = plots.figure(5, 3)
    with pytest.raises(CourseError, match="no line of this panel has a label"):
        plots.key(axes)
    with pytest.raises(CourseError, match="a corner is"):
        plots.key(axes, "best")


def test_words_as_they_are_are_no_formula():
    def png(words):
        figure, axes = plots.figure(4, 2)
        axes.set_title(words)
        return plots.alt(figure, "x").png

    with pytest.raises(ValueError, match="ParseException"):
        png("The token $$")
    for words in ("$", "$$", r"\$ $", "$5 and $6", "no sign"):
        figure, axes = plots.figure(4, 2)
        axes.set_title(words, parse_math=False)
        assert png(plots.as_it_is(words)) == plots.alt(figure, "x").png


def test_running_mean_keeps_the_first_value_and_averages_the_last():
    assert plots.running_mean([4, 1, 1, 4], 3) == [4, 2, 2, 2.5]
    assert plots.running_mean([4, 1], 1) == [4, 1]


def test_loss_curve_shows_raw_and_smooth_with_units():
    axes = plots.loss_curve(range(40), [40 - i for i in range(40)], "It falls").axes[0]
    raw, smooth = (line.get_ydata() for line in axes.lines)
    assert list(raw) == [40 - i for i in range(40)] and smooth[-1] == 2
    assert "nats per token" in axes.get_ylabel() and axes.get_xlabel() == "optimizer step"
    assert axes.get_title(loc="left") == "It falls"
    with pytest.raises(CourseError, match="2 steps and 1 losses"):
        plots.loss_curve([1, 2], [1.0], "x")


def test_before_after_labels_each_value_and_draws_the_intervals():
    spans = [[(0.0, 0.1), (0.4, 0.6)], [(0.8, 1.0), (0.3, 0.5)]]
    figure = plots.before_after(["topic", "story"], [0.02, 0.5], [0.9, 0.4], *spans, "Better at topics")
    axes = figure.axes[0]
    words = {t.get_text(): t for t in axes.texts}
    assert {"2 %", "90 %", "50 %", "40 %", "before", "after"} == set(words)
    # the smaller value's number stands on the left, also where tuning made it worse
    assert words["2 %"].get_ha() == words["40 %"].get_ha() == "right" and words["50 %"].get_ha() == "left"
    assert [80.0, 100.0] in [list(line.get_xdata()) for line in axes.lines]
    assert "%" in axes.get_xlabel() and "95 % interval" in axes.get_xlabel()
    assert plots.describe(figure).startswith("Better at topics")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((["a"], [0.1, 0.2], [0.3], None, None), "1 tasks but 2 values in before"),
        ((["a"], [10.0], [0.3], None, None), "before must hold shares between 0 and 1, not 10"),
        ((["a"], [0.1], [0.3], [(-0.1, 0.2)], None), "intervals_before must hold shares"),
        (([], [], [], None, None), "0 tasks"),
    ],
)
def test_before_after_refuses(arguments, message):
    with pytest.raises(CourseError, match=message):
        plots.before_after(*arguments, "x")


# Nothing that a chart writes may be cut off at the edge or lie on another word.
@pytest.mark.parametrize("accuracy", [0.0, 0.5, 0.97, 1.0])
def test_before_after_words_are_inside_and_apart(accuracy):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    bounds = [(max(0, accuracy - 0.1), min(1, accuracy + 0.1))] * 2
    tasks = ["sort or count a short list", "topic"]
    figure = plots.before_after(tasks, [0.03, accuracy], [accuracy, 0.1], None, bounds, "A finding")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    words = [t for t in [*axes.texts, *axes.get_yticklabels(), axes.xaxis.label, figure._suptitle] if t.get_text()]
    boxes = [t.get_window_extent(canvas.get_renderer()) for t in words]
    width, height = canvas.get_width_height()
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height for b in boxes)
    for (a, word_a), (b, word_b) in itertools.combinations(zip(boxes, words, strict=True), 2):
        assert not a.overlaps(b), (word_a.get_text(), word_b.get_text())
