"""Sliders: what they mean, that an error is never silent, that the notebook keeps a static figure."""

import math

import IPython.display
import nbformat
import numpy
import pytest

from course_utils import plots, widgets
from course_utils.errors import CourseError


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    monkeypatch.setattr(widgets, "ERRORS", [])


def line(rank=8, **_):
    figure, axes = plots.figure(4, 2)
    axes.plot([0, rank])
    axes.set(xlabel="step", ylabel="rank")
    axes.set_title(f"rank {rank}")
    return figure


@pytest.mark.parametrize(
    "spec, begin, kind, start, ends",
    [
        ((1, 64), None, "int", 32, (1, 64)),
        ((1, 64), 8, "int", 8, (1, 64)),
        ((0.0, 1.0), None, "float", 0.5, (0.0, 1.0)),
        ((0, 1.0), 0.1, "float", 0.1, (0, 1)),
        ((1e-4, 1e-2, "log"), None, "log", 1e-3, (1e-4, 1e-2)),
        ((1e-5, 1e-2, "log"), 2e-4, "log", 2e-4, (1e-5, 1e-2)),
        ((numpy.int64(1), numpy.int64(9)), numpy.int64(2), "int", 2, (1, 9)),
        ([4, 8, 16], None, "choice", 4, (4, 16)),
        ([numpy.int64(4), 8, 16], 8, "choice", 8, (4, 16)),
        (["nf4", "fp4", "int4"], None, "menu", "nf4", ("nf4", "fp4", "int4")),
        (["nf4", None, "int4"], "int4", "menu", "int4", ("nf4", None, "int4")),
        (True, None, "switch", True, (False, True)),
        (True, False, "switch", False, (False, True)),
    ],
)
def test_parse_and_control(spec, begin, kind, start, ends):
    r = widgets.parse("x", spec, {} if begin is None else {"x": begin})
    assert (r.kind, r.ends) == (kind, ends) and r.start == pytest.approx(start)
    control = widgets.control(r, "rank r")
    assert control.description == "rank r" and control.value == pytest.approx(start)
    for value in ends:  # the control can reach what a test run draws
        control.value = value
        assert control.value == pytest.approx(value)


# A list of pairs means (name, value) to ipywidgets, and only a part of them is drawn headless if they must be hashed.
MENUS = [
    [(8, 16), (16, 32)],
    [("q_proj", "v_proj"), ("q_proj", "k_proj")],
    [[1, 2], [3, 4]],
    [{"r": 1}, {"r": 2}, {"r": 4}],
    ["all", ("q_proj", "v_proj")],
]


@pytest.mark.parametrize("choices", MENUS, ids=str)
def test_a_menu_of_pairs_lists_or_dicts_gives_each_of_them_whole(choices, monkeypatch):
    drawn = []
    draw = lambda x: drawn.append(x) or repr(x)  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setenv("COURSE_HEADLESS", "1")
        widgets.explore(draw, x=choices)
    assert drawn == choices

    drawn.clear()
    screen = Screen(monkeypatch)
    widgets.explore(draw, x=choices, start={"x": choices[1]})
    (menu,) = screen.controls
    for place in (*range(2, len(choices)), 0):
        menu.index = place
    assert drawn == [choices[1], *choices[2:], choices[0]]


@pytest.mark.parametrize(
    "spec, begin",
    [
        ((0.9, 0.998), 0.9677083),
        ((0.0, 1.0), 0.5),
        ((0.0, 1.0), 1.0),
        ((1e-3, 1e3, "log"), 8.0),
        ((1.0, 2.0, "log"), 1.0),
        ((1.0, 200.0, "log"), 1.0),
    ],
)
def test_a_slider_starts_on_one_of_its_steps(spec, begin):
    """Elsewhere the browser would move it to the nearest step, away from the value that the lesson speaks of."""
    r = widgets.parse("x", spec, {"x": begin})
    control = widgets.control(r, "x")
    start = math.log10(r.start) if r.kind == "log" else r.start
    steps = (start - control.min) / control.step
    assert steps == pytest.approx(round(steps), abs=1e-9)
    usual = 0.05 if r.kind == "log" else (control.max - control.min) / 100
    assert control.step == pytest.approx(usual, rel=0.34)


@pytest.mark.parametrize("spec, begin", [((1.0, 200.0, "log"), 1.0), ((0.0, 0.7), 0.0), ((0.0, 1.0), 0.45)])
def test_a_slider_ends_on_one_of_its_steps_where_there_is_one(spec, begin):
    """A last step much smaller than the others leaves the figure as it was."""
    control = widgets.control(widgets.parse("x", spec, {"x": begin}), "x")
    steps = (control.max - control.min) / control.step
    assert steps == pytest.approx(round(steps), abs=1e-6)


@pytest.mark.parametrize(
    "spec, message",
    [
        ((64, 1), "64 is not below the high end 1"),
        ((0.0, 1.0, "log"), "above 0"),
        ((0.0, math.inf), "no end"),
        ((-math.inf, 0), "no end"),
        ((1.0, math.inf, "log"), "no end"),
        ((1, 10**400), "no end"),
        ((0.0, math.nan), "no end"),
        ([], "empty"),
        ([1.0, math.nan], "told apart"),
        ([numpy.zeros(2), numpy.ones(2)], "told apart"),
        ([("a", numpy.zeros(2)), ("b", numpy.ones(2)), ("a", numpy.ones(2))], "told apart"),
        ((1,), "is none of"),
        (("a", "b"), "choices stand in a list"),
        ((1, 8, "lgo"), "choices stand in a list"),
        ((1, 8, 2, "log"), "choices stand in a list"),
        (7, "is none of"),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_a_bad_slider_is_named_live_and_headless(spec, message, live, monkeypatch):
    if live:
        Screen(monkeypatch)
    else:
        monkeypatch.setenv("COURSE_HEADLESS", "1")
    with pytest.raises(CourseError, match="slider rank.*" + message):
        widgets.explore(line, rank=spec)


@pytest.mark.parametrize("spec", [(1, 64, 8), (0.0, 1.0, 0.1), (0, 100, 100)])
def test_a_third_number_is_asked_about(spec):
    """It would be the step to whoever knows ipywidgets and the start to whoever knows this course."""
    with pytest.raises(CourseError) as caught:
        widgets.explore(line, rank=spec)
    low, high, third = spec
    assert "start or a step" in str(caught.value)
    assert f"rank=({low}, {high}), start={{'rank': {third}}}" in str(caught.value)


@pytest.mark.parametrize(
    "spec, begin, message",
    [
        ((1, 64), 65, "start 65 lies outside 1 to 64"),
        ((1, 64), 8.5, "start 8.5 is no whole number"),
        ((1, 64), True, "start True is no whole number"),
        ((0.0, 1.0), math.nan, "start nan lies outside"),
        ((0.0, 1.0), "middle", "start 'middle' lies outside"),
        ([1, 2, 4], 3, "start 3 is none of 1, 2, 4"),
        (["nf4", "fp4"], "nf5", "start 'nf5' is none of 'nf4', 'fp4'"),
        (True, "yes", "start 'yes' is none of False, True"),
    ],
)
def test_a_start_must_be_one_of_the_sliders_values(spec, begin, message):
    with pytest.raises(CourseError, match="slider rank: the " + message):
        widgets.explore(line, rank=spec, start={"rank": begin})


@pytest.mark.parametrize("what", ["start", "labels"])
def test_starts_and_labels_must_belong_to_a_slider(what):
    with pytest.raises(CourseError, match=f"{what} for sliders that do not exist: rnak"):
        widgets.explore(line, rank=(1, 64), **{what: {"rnak": 8}})
    with pytest.raises(CourseError, match=f"a slider cannot be called {what}"):
        widgets.explore(line, **{what: (1, 64)})


def test_without_a_front_end_the_figure_alone_is_shown(capsys):
    calls = []

    def draw(rank):
        calls.append(rank)
        return line(rank)

    assert widgets.explore(draw, rank=(1, 64), start={"rank": 8}) is None
    assert calls == [8]
    assert capsys.readouterr().out.strip() == "[figure: rank 8: rank against step]"


def test_an_error_in_the_first_drawing_is_the_cells_own():
    with pytest.raises(ZeroDivisionError):
        widgets.explore(lambda rank: 1 / 0, rank=(1, 64))
    with pytest.raises(CourseError, match="returned nothing"):
        widgets.explore(lambda rank: None, rank=(1, 64))


def test_headless_draws_both_ends_of_every_slider(monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    calls = []

    def draw(**values):
        calls.append(tuple(values.values()))
        return line()

    widgets.explore(draw, rank=(1, 64), kind=["nf4", "fp4"], dora=False, start={"rank": 8})
    start = (8, "nf4", False)
    assert calls == [start, (1, "nf4", False), (64, "nf4", False), (8, "fp4", False), (8, "nf4", True)]


@pytest.mark.parametrize("bad", [1, 64])
def test_headless_names_the_slider_and_the_value_that_fail(monkeypatch, bad):
    monkeypatch.setenv("COURSE_HEADLESS", "1")

    def draw(rank, alpha):
        if rank == bad:
            raise KeyError("no such rank")
        return line(rank)

    with pytest.raises(CourseError, match=rf"slider rank at {bad} \(rank={bad}, alpha=16\): KeyError") as caught:
        widgets.explore(draw, rank=(1, 64), alpha=(1, 32), start={"rank": 8})
    assert isinstance(caught.value.__cause__, KeyError)


class Screen:
    """A front end: keeps what is displayed and takes updates."""

    def __init__(self, monkeypatch):
        self.shown, self.controls = [], []
        make = widgets.control
        monkeypatch.setattr(widgets, "front_end", lambda: True)
        monkeypatch.setattr(widgets, "control", lambda *a: self.controls.append(make(*a)) or self.controls[-1])
        monkeypatch.setattr(IPython.display, "display", self.display)

    def display(self, thing, raw=False, display_id=None):
        self.shown.append(thing)
        return self if display_id else None

    def update(self, thing):
        self.shown[-1] = thing


def test_live_sliders_replace_the_figure_and_show_and_record_an_error(monkeypatch):
    screen = Screen(monkeypatch)

    def draw(rank):
        if rank == 3:
            raise ValueError("rank 3 <is> odd")
        return line(rank)

    widgets.explore(draw, rank=(1, 64), start={"rank": 8}, labels={"rank": "rank r"}, alt="A line")
    box, figure = screen.shown
    assert "application/vnd.jupyter.widget-view+json" in box and "Run this cell" in box["text/plain"]
    assert figure.text == "A line" and screen.controls[0].description == "rank r"

    screen.controls[0].value = 9
    changed = screen.shown[1]
    assert changed.png != figure.png and len(screen.shown) == 2

    screen.controls[0].value = 3
    message = screen.shown[1]
    assert "rank 3 &lt;is&gt; odd" in message._repr_html_() and 'role="alert"' in message._repr_html_()
    assert widgets.ERRORS == [{"draw": "draw", "values": {"rank": 3}, "error": "ValueError: rank 3 <is> odd"}]

    screen.controls[0].value = 9
    assert screen.shown[1].png == changed.png and len(widgets.ERRORS) == 1


def test_a_slow_drawing_waits_until_the_slider_is_let_go(monkeypatch):
    screen = Screen(monkeypatch)
    monkeypatch.setattr(widgets, "SLOW_SECONDS", 0.0)
    widgets.explore(line, rank=(1, 64))
    monkeypatch.setattr(widgets, "SLOW_SECONDS", 60.0)
    widgets.explore(line, rank=(1, 64))
    assert [c.continuous_update for c in screen.controls] == [False, True]


@pytest.mark.parametrize("fails", [False, True])
def test_no_pyplot_figure_stays_open(fails):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    mine = plt.figure()

    def draw(rank):
        figure = plt.figure()
        plt.figure()
        assert not fails
        return figure

    widgets.attempt(draw, {"rank": 1})
    assert plt.get_fignums() == [mine.number] and len(widgets.ERRORS) == fails
    plt.close(mine)


def test_in_a_real_kernel_without_anyone_to_move_sliders(tmp_path):
    """nbclient, as papermill and nbconvert use it: a static figure, no widget state; its alt text reaches the HTML."""
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    source = (
        "from course_utils import plots, widgets\n"
        "def draw(rank):\n"
        "    figure, axes = plots.figure(3, 2)\n"
        "    axes.plot([0, rank])\n"
        "    return figure\n"
        "widgets.explore(draw, rank=(1, 64), alt='A rising line')"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    # A Unix socket, so that the test also passes where there is no network at all, not even a loopback.
    kernel = Config(KernelManager={"transport": "ipc", "connection_file": str(tmp_path / "kernel.json")})
    NotebookClient(notebook, timeout=60, kernel_name="python3", config=kernel).execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data" and set(output.data) == {"text/html", "text/plain"}
    assert "widgets" not in notebook.metadata
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert 'alt="A rising line"' in html
