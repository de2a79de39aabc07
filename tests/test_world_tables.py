"""The files of words and phrases: what they say is read, what is wrong is named, and a mark decides the part."""

import csv
import io
import string
import subprocess
import sys
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from course_utils.errors import CourseError
from course_utils.world import (
    drills,
    facts,
    grammar,
    lexicon,
    passages,
    remarks,
    reviews,
    stories,
    tables,
    tenses,
    topics,
)
from course_utils.world.grammar import fill
from course_utils.world.tables import part_of, read_phrases, read_rows

TEXTS = sorted(tables.FOLDER.rglob("*.txt"))
RECORDS = {
    "animals.csv": lexicon.Animal, "foods.csv": lexicon.Food, "jobs.csv": lexicon.Job, "places.csv": lexicon.Place,
    "objects.csv": lexicon.Object, "stuff.csv": lexicon.Stuff, "opposites.csv": lexicon.Pair, "names.csv": lexicon.Name,
    "plurals.csv": grammar.Plural, "facts/calendar.csv": facts.CalendarFact, "facts/true_or_false.csv": facts.Verdict,
    "passages/facts.csv": passages.Slot, "passages/names.csv": lexicon.Name, "reviews/things.csv": reviews.Thing,
    "reviews/fields.csv": remarks.FieldRow, "reviews/irregular_verbs.csv": remarks.Verb,
    "sheets/opinions.csv": drills.Opinion, "sheets/relations.csv": drills.Relation, "stories/names.csv": stories.Hero,
    "stories/objects.csv": stories.Object, "stories/plots.csv": stories.PlotRow,
    "stories/questions.csv": stories.Question, "tenses/animals.csv": lexicon.Name, "tenses/people.csv": lexicon.Name,
    "tenses/verbs.csv": tenses.Verb, "topics/wild_animals.csv": topics.WildAnimal,
}  # fmt: skip
KEYS = {"passages/facts.csv": 2, "stories/questions.csv": 2}


def name(path):
    return path.relative_to(tables.FOLDER).as_posix()


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_a_new_phrase_in_front_moves_no_other_to_another_part(path, tmp_path):
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if lines and lines[-1].startswith("#") and not line.startswith(("Slots:", "Repeats:")):
            lines.append("a phrase that stands nowhere else")
        lines.append(line)
        if line.startswith(("Slots:", "Repeats:")) and lines[-2].startswith("#"):
            lines.append("a phrase that stands nowhere else")
    longer = tmp_path / path.name
    longer.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before, after = read_phrases(path), read_phrases(longer)
    assert before.keys() <= after.keys()
    for heading, table in before.items():
        assert part_of(after[heading], "heldout") == part_of(table, "heldout")
        assert part_of(after[heading], "train") == ("a phrase that stands nowhere else", *part_of(table, "train"))


@pytest.mark.parametrize("file", [file for file in RECORDS if ",part\n" in (tables.FOLDER / file).read_text()])
def test_a_new_row_in_front_moves_no_other_to_another_part(file, tmp_path):
    lines = (tables.FOLDER / file).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("#")) + 1
    row = next(csv.reader([lines[first]]))
    row[0] = "new"
    longer = tmp_path / "longer.csv"
    longer.write_text("\n".join([*lines[:first], ",".join(f'"{cell}"' for cell in row), *lines[first:]]))
    before, after = (read_rows(path, RECORDS[file]) for path in (tables.FOLDER / file, longer))
    assert part_of(after, "heldout") == part_of(before, "heldout") != ()
    assert part_of(after, "train")[1:] == part_of(before, "train") != ()


def test_the_parts_share_no_entry_and_a_quarter_is_held_out():
    marked = {(path.name, heading): table for path in TEXTS for heading, table in read_phrases(path).items()}
    marked = {place: table for place, table in marked.items() if table.heldout}
    marked.pop(("remarks.txt", ("words", "staff")))  # "they" is most of it, in both parts
    for place, table in marked.items():
        assert not set(part_of(table, "train")) & set(part_of(table, "heldout")), place
        assert part_of(table, "train"), place
    share = sum(len(table.heldout) for table in marked.values()) / sum(map(len, marked.values()))
    assert len(marked) > 300 and 0.2 < share < 0.3


def test_every_file_has_a_reader():
    code = "".join(path.read_text() for path in Path(tables.__file__).parent.glob("*.py"))
    assert {name(path) for path in tables.FOLDER.rglob("*.csv")} == RECORDS.keys()
    for path in [*TEXTS, *tables.FOLDER.rglob("*.csv")]:
        assert f'"{name(path)}"' in code, path


def test_all_that_may_stand_after_a_colon_is_grammar():
    for spec in ["", *string.ascii_letters]:
        if spec in tables.SPECS:
            assert fill(f"{{word:{spec}}}", word="fox").lower().endswith(("fox", "foxes"))
        else:
            with pytest.raises(ValueError, match="no such grammar"):
                fill(f"{{word:{spec}}}", word="fox")


def phrases_of(tmp_path, text):
    path = tmp_path / "some.txt"
    path.write_text(text, encoding="utf-8")
    return read_phrases(path)


def test_a_text_file_is_read(tmp_path):
    read = phrases_of(
        tmp_path,
        "\ufeffWhat this is.\nSlots: {a}\n\n# one\nSome {a:s}.\n* Held {a}.\n\\* A star.\nTwo\\nlines.\n"
        "# two\nSlots: {b}\n## left / up\n{b}\n## right\nSlots: {c}\n{c:A} is it.\n"
        "# staff\nRepeats: yes\nthey\n* they\n",
    )
    assert read == {
        "one": ("Some {a:s}.", "Held {a}.", "* A star.", "Two\nlines."),
        ("two", "left", "up"): ("{b}",),
        ("two", "right"): ("{c:A} is it.",),
        "staff": ("they", "they"),
    }
    assert part_of(read["one"], "heldout") == ("Held {a}.",)
    assert part_of(read["staff"], "train") == part_of(read["staff"], "heldout") == ("they",)
    assert part_of(read["one"], None) == read["one"]
    with pytest.raises(ValueError, match="not 'test'"):
        part_of(read["one"], "test")
    with pytest.raises(CourseError, match=r"some\.txt has nothing under the heading 'two / below'"):
        read["two", "below"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Slots: {a}\n# one\nA {b}.", r"line 3: nothing fills the slot \{b\}; the slots here are: a"),
        ("# one\nA {b}.", r"line 2: nothing fills .* the slots here are: none"),
        ("# one\nSlots: {a}\n{a}\n# two\nA {a}.", r"line 5: nothing fills .* none"),
        ("# one\n## up\nSlots: {a}\n{a}\n## down\nA {a}.", r"line 6: nothing fills .* none"),
        ("Slots: {a}\n# one\nA {a:x}.", r"line 3: \{a:x\}: after a colon stands one of a A s S C"),
        ("Slots: {a}\n# one\nA {a.", "line 3: a brace without its partner"),
        ("Slots: {a}\n# one\nA a}.", "line 3: a brace without its partner"),
        ("Slots: {a}\n# one\nSlots: none\nA {a}.", r"line 4: nothing fills .* none"),
        ("# one\nA.\nB.\n* A.", r"line 4: 'A\.' stands in line 2 already"),
        ("# one\nA.\n# one\nB.", "line 3: the heading 'one' stands above already"),
        ("# one\n### two\nA.", "line 2: a heading with ### needs one with ## above it"),
        ("# one\n*A.", r"line 2: '\*' wants a space after it"),
        ("# one\nA.\n#two\nB.", "line 3: '#' wants a space after it"),
    ],
)
def test_what_is_wrong_with_a_text_file_is_named(tmp_path, text, message):
    with pytest.raises(CourseError, match=rf"some\.txt, {message}") as caught:
        phrases_of(tmp_path, text)
    assert "\n" not in str(caught.value)


class Pet(NamedTuple):
    name: str
    food: str | None
    sounds: tuple[str, ...]
    size: Literal["big", "small"] | None
    tame: bool


def rows_of(tmp_path, text):
    path = tmp_path / "pets.csv"
    path.write_text(text, encoding="utf-8")
    return read_rows(path, Pet)


def test_a_csv_file_is_read(tmp_path):
    read = rows_of(
        tmp_path,
        "# A row is a pet.\n# Slots: {it}\nname,part,sounds,food,size,tame\n"
        'dog,,bark; whine,"meat, mostly",big,yes\n\nfish,heldout,,,,no\n',
    )
    assert read == (Pet("dog", "meat, mostly", ("bark", "whine"), "big", True), Pet("fish", None, (), None, False))
    assert part_of(read, "heldout") == (read[1],)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,food,sounds,size,tame,legs\n", "line 1: no column is called 'legs'; there are: name, food, sounds, "),
        ("# A pet.\nname,food,sounds,size\n", "line 2: the column 'tame' is missing"),
        (
            "name,food,sounds,size,tame\ndog,meat,mostly,,big,yes\n",
            "line 2: 6 cells under 5 columns: quote a cell that has a comma",
        ),
        ("name,food,sounds,size,tame\ndog,,,,yes\n,,,,no\n", "line 3: the cell under name is empty"),
        ("name,food,sounds,size,tame\ndog,,,,\n", "line 2: the cell under tame is empty"),
        ("name,food,sounds,size,tame\ndog,,,,true\n", "line 2: 'true' under tame: it is one of yes, no"),
        ("name,food,sounds,size,tame\ndog,,,huge,yes\n", "line 2: 'huge' under size: it is one of big, small"),
        ("name,food,sounds,size,tame,part\ndog,,,,yes,test\n", "line 2: 'test' under part: it is one of heldout"),
        ("name,food,sounds,size,tame\ndog,,,,yes\ncat,,,,no\ndog,meat,,,no\n", "line 4: 'dog' stands in line 2"),
        ("name,food,sounds,size,tame\ndog,{it},,,yes\n", r"line 2: nothing fills the slot \{it\}"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_named(tmp_path, text, message):
    with pytest.raises(CourseError, match=rf"pets\.csv, {message}") as caught:
        rows_of(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path):
    with pytest.raises(CourseError, match=r"none\.txt is missing: restore it"):
        read_phrases(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes("# caf\xe9".encode("latin-1"))
    with pytest.raises(CourseError, match=r"latin\.txt is not text in UTF-8"):
        read_phrases(tmp_path / "latin.txt")


@pytest.mark.parametrize("file", RECORDS)
def test_a_table_saved_by_a_spreadsheet_is_the_same_table(file, tmp_path):
    """It writes a byte order mark, CRLF, and every line, explanations too, with as many cells as the longest."""
    with open(tables.FOLDER / file, encoding="utf-8", newline="") as lines:
        cells = list(csv.reader(lines))
    width = max(map(len, cells))
    saved = io.StringIO(newline="")
    csv.writer(saved).writerows([*row, *[""] * (width - len(row))] for row in cells)
    (tmp_path / "saved.csv").write_text(saved.getvalue(), encoding="utf-8-sig", newline="")
    again = read_rows(tmp_path / "saved.csv", RECORDS[file], KEYS.get(file, 1))
    kept = read_rows(tables.FOLDER / file, RECORDS[file], KEYS.get(file, 1))
    assert again == kept and again.heldout == kept.heldout


def test_importing_the_package_reads_no_word():
    code = "import sys, course_utils; print('course_utils.world' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
