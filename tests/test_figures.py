"""The SVGs: those that code writes are what it writes, and each reads well and says what it shows."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from course_utils import contents, figures, plots
from course_utils.contents import Entry
from course_utils.errors import CourseError

SVG = "{http://www.w3.org/2000/svg}"
IMAGES = sorted(figures.IMAGES.glob("*.svg"))


def test_the_committed_figures_are_what_the_code_writes(tmp_path):
    written = figures.write_all(tmp_path / "new")
    assert len(written) == 4
    for path in written:
        committed = figures.IMAGES / path.name
        assert committed.read_bytes() == path.read_bytes(), f"{path.name} is stale: run `make figures`"


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.stem)
def test_each_figure_says_what_it_shows_and_stays_on_its_card(path):
    words = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(words)
    assert len(root.find(SVG + "title").text) > 5 and len(root.find(SVG + "desc").text) > 60
    width, height = float(root.get("width")), float(root.get("height"))
    for rect in root.iter(SVG + "rect"):
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
    colours = {"#" + c for c in re.findall(r'(?:fill|stroke)="#([0-9A-F]{6})"', words)}
    named = set(plots.COLOURS.values())
    assert colours <= named | {figures.tint(c, share) for c in named for share in (0.1, 0.14)}


# --- the course map --------------------------------------------------------------------------------------------------


def boxes(drawing):
    """Number, place and dash of each lesson's box, by what stands in it."""
    root = ElementTree.fromstring(drawing)
    card, *rects = root.iter(SVG + "rect")
    found = {}
    for rect in rects:
        x, y = float(rect.get("x")), float(rect.get("y"))
        right, bottom = x + float(rect.get("width")), y + float(rect.get("height"))
        inside = [
            t.text for t in root.iter(SVG + "text") if x < float(t.get("x")) < right and y < float(t.get("y")) < bottom
        ]
        found[inside[0]] = (inside[1:], (x, y), rect.get("stroke-dasharray") is not None)
        assert right <= float(root.get("width")) and bottom <= float(root.get("height"))
    return found


def lesson(number, group="Numbers", title="title", written=True):
    return Entry(
        number, f"{title} {number}", f"about {number}", group, "What?", file=f"{number}.ipynb" if written else ""
    )


def test_the_map_shows_each_lesson_once_and_which_are_not_written():
    drawn = boxes(figures.course_map([lesson("00", "Start"), lesson("01"), lesson("02", written=False)]))
    assert {number: words for number, (words, _, _) in drawn.items()} == {
        n: [f"title {n}", f"about {n}"] for n in ("00", "01", "02")
    }
    assert {number: dashed for number, (_, _, dashed) in drawn.items()} == {"00": False, "01": False, "02": True}
    drawing = figures.course_map([lesson("00", "Start"), lesson("01")])
    assert "not written" not in drawing and "Not written" not in drawing and ">2 lessons;" in drawing


def test_a_group_stays_in_one_row_where_it_fits():
    groups = ["Start"] + 3 * ["Numbers"] + 2 * ["Adapters"] + 3 * ["Beyond"] + 5 * ["After training"]
    drawn = boxes(figures.course_map([lesson(f"{i:02d}", group) for i, group in enumerate(groups)]))
    places = [place for _, place, _ in drawn.values()]
    assert len(set(places)) == len(groups) == len(drawn)
    rows = [y for _, y in places]
    assert [rows.count(y) for y in sorted(set(rows))] == [4, 2, 3, 4, 1]


def test_the_courses_groups_follow_each_other():
    groups = [entry.group for entry in contents.entries()]
    assert groups == sorted(groups, key=list(figures.GROUPS).index)


def test_a_title_too_long_for_its_box_gets_smaller_letters_or_is_refused():
    sizes = []
    for count in (4, 16):
        drawing = figures.course_map([lesson("01", title="n" * count)])
        (found,) = re.findall(r'font-size="([\d.]+)"[^>]*>n+ 01<', drawing)
        sizes.append(float(found))
    assert sizes[0] == 15 and 11 <= sizes[1] < 15
    with pytest.raises(CourseError, match="does not fit"):
        figures.course_map([lesson("01", title="n" * 30)])


def test_a_misspelt_group_is_named():
    with pytest.raises(CourseError, match="lesson 01: there is no group 'Numbrs', only Start, Numbers"):
        figures.course_map([lesson("01", "Numbrs")])
