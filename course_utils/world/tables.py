"""Reads the words and phrases of the small world from ``assets/world``, whose README says how its files are written."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from course_utils.errors import CourseError

T = TypeVar("T")

FOLDER = Path(__file__).parent.parent / "assets" / "world"
SPECS = ("", "a", "A", "s", "S", "C")  # what may stand after a slot's colon: the grammar of ``grammar.fill``
_SLOT = re.compile(r"{(\w*)(?::(\w*))?}")


class Table(tuple[T, ...]):
    """The entries of a table in the order of its file, and which positions are marked as held out."""

    heldout: frozenset[int]
    parts: dict[str | None, tuple[T, ...]]

    def __new__(cls, entries: Iterable[T], heldout: Iterable[int] = ()) -> Table[T]:
        table = super().__new__(cls, entries)
        table.heldout = frozenset(heldout)
        table.parts = {
            None: tuple(table),
            "train": tuple(entry for i, entry in enumerate(table) if i not in table.heldout),
            "heldout": tuple(entry for i, entry in enumerate(table) if i in table.heldout),
        }
        return table


def part_of(table: Table[T], part: str | None) -> tuple[T, ...]:
    """The entries of one part of the instruction data: those marked are ``"heldout"``, the others ``"train"``.

    ``None`` gives all of them, which is what the pretraining text draws on.
    """
    if part not in table.parts:
        raise ValueError(f"part is 'train', 'heldout' or None, not {part!r}")
    return table.parts[part]


class Headings(dict):
    """The tables of one file under their headings: a title, or a tuple of several."""

    def __init__(self, path: Path, tables: dict):
        super().__init__(tables)
        self.path = path

    def __missing__(self, heading: str | tuple[str, ...]) -> Table[str]:
        titles = heading if isinstance(heading, str) else " / ".join(heading)
        raise CourseError(f"{self.path} has nothing under the heading {titles!r}, which the generators draw on")


@cache
def phrases(name: str, *above: str) -> Headings:
    """The tables of a text file, or those below the heading ``above``, keyed by the rest of their headings.

    Raises:
        CourseError: names the file and line of what cannot be read.
    """
    path = FOLDER / name
    if not above:
        return read_phrases(path)
    below = {}
    for heading, table in phrases(name).items():
        titles = (heading,) if isinstance(heading, str) else heading
        if titles[: len(above)] == above and len(titles) > len(above):
            below[_key(titles[len(above) :])] = table
    return Headings(path, below) if below else Headings(path, {})[above]


@cache
def rows(name: str, record: Callable[..., T], key: int = 1) -> Table[T]:
    """The rows of a CSV file as instances of ``record``, a class whose fields are the file's columns.

    Args:
        name: of the file.
        record: its annotations say what a cell holds: any text or none, one of several words, a list, yes or no.
        key: no two rows may agree in as many of the first fields.

    Raises:
        CourseError: names the file and line of what cannot be read.
    """
    return read_rows(FOLDER / name, record, key)


def _key(heading: tuple[str, ...]) -> str | tuple[str, ...]:
    return heading[0] if len(heading) == 1 else heading


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else "is missing"
        raise CourseError(f"{path} {what}: restore it with `git checkout -- {path.parent}`") from None


class _Checks:
    """What is wrong with an entry: its slots, or that it stands in its table already."""

    def __init__(self, path: Path):
        self.path = path
        self.slots: dict[int, list[str]] = {}  # by level of the heading that gives them; 0 is the introduction
        self.repeats = False
        self.first: dict[Any, int] = {}  # the line of every entry of the table

    def error(self, line: int, message: str) -> CourseError:
        return CourseError(f"{self.path}, line {line}: {message}")

    def open(self, level: int) -> None:
        """A heading begins: its table is empty, and only the headings above it have given slots."""
        self.slots = {above: slots for above, slots in self.slots.items() if above < level}
        self.repeats, self.first = False, {}

    def setting(self, line: str, level: int) -> bool:
        """Takes a line that says which slots are given, or that entries may repeat."""
        if line.startswith("Slots:"):
            self.slots[level] = re.findall(r"{(\w+)}", line)
            return True
        if line.startswith("Repeats:"):
            self.repeats = True
            return True
        return False

    def check(self, entry: Any, line: int, texts: Iterable[str]) -> None:
        if entry in self.first and not self.repeats:
            raise self.error(line, f"{_shown(entry)} stands in line {self.first[entry]} already: remove one of the two")
        self.first.setdefault(entry, line)
        given = self.slots[max(self.slots)] if self.slots else []
        for text in texts:
            if "{" not in text and "}" not in text:
                continue
            for slot, spec in _SLOT.findall(text):
                if slot not in given:
                    known = ", ".join(given) or "none"
                    raise self.error(line, f"nothing fills the slot {{{slot}}}; the slots here are: {known}")
                if spec not in SPECS:
                    raise self.error(line, f"{{{slot}:{spec}}}: after a colon stands one of {' '.join(SPECS[1:])}")
            if re.search("[{}]", _SLOT.sub("", text)):
                raise self.error(line, f"a brace without its partner in {text!r}")


def _shown(entry: Any) -> str:
    return repr(entry if isinstance(entry, str) else ", ".join(entry))


def read_phrases(path: Path) -> Headings:
    """As ``phrases``, from any file."""
    checks = _Checks(path)
    tables: dict[str | tuple[str, ...], tuple[list[str], list[int]]] = {}
    titles: list[str] = []
    entries: list[str] | None = None  # of the heading just read; None before the first
    heldout: list[int] = []
    for number, line in enumerate(map(str.strip, _lines(path)), 1):
        if not line or checks.setting(line, len(titles)):
            continue
        marks, _, title = line.partition(" ")
        if marks.strip("#") == "" and title:
            if len(marks) > len(titles) + 1:
                raise checks.error(number, f"a heading with {marks} needs one with {marks[1:]} above it")
            titles = [*titles[: len(marks) - 1], title.strip()]
            heading = _key(tuple(word.strip() for title in titles for word in title.split("/")))
            checks.open(len(titles))
            entries, heldout = [], []
            if heading in tables:
                raise checks.error(number, f"the heading {' / '.join(titles)!r} stands above already: join the two")
            tables[heading] = entries, heldout
        elif entries is not None:
            if line.startswith("* "):
                heldout.append(len(entries))
                line = line[2:].strip()
            if line.startswith(("*", "#")):
                raise checks.error(
                    number, f"{line[0]!r} wants a space after it, or a backslash in front to stay as it is"
                )
            entry = (line[1:] if line.startswith(("\\*", "\\#")) else line).replace("\\n", "\n")
            checks.check(entry, number, (entry,))
            entries.append(entry)
    return Headings(path, {key: Table(*table) for key, table in tables.items() if table[0]})


_YES_NO = {"yes": True, "no": False}


def _column(kind: Any) -> tuple[tuple[str, ...], bool, Callable[[str], Any]]:
    """The words a cell is one of (none: any text), whether it may be empty, and how it is read."""
    if kind is bool:
        return tuple(_YES_NO), False, _YES_NO.__getitem__
    if get_origin(kind) is tuple:
        return (), True, lambda cell: tuple(word.strip() for word in cell.split(";") if word.strip())
    choices = [choice for choice in get_args(kind) if choice is not type(None)]  # of Literal[...], or of "... | None"
    optional = len(choices) < len(get_args(kind))
    literal = choices[0] if optional else kind
    return get_args(literal), optional, lambda cell: cell or None


def read_rows(path: Path, record: Callable[..., T], key: int = 1) -> Table[T]:
    """As ``rows``, from any file."""
    checks = _Checks(path)
    lines = _lines(path)
    start = next((i for i, line in enumerate(lines) if not line.lstrip('"').startswith("#")), len(lines))
    for line in lines[:start]:
        checks.setting(line.strip('", #'), 0)
    table = csv.reader(lines[start:])
    names = _without_empty_end(next(table, []))
    columns = {name: _column(annotation) for name, annotation in get_type_hints(record).items()}
    for name in names:
        if name not in columns and name != "part":
            raise checks.error(start + 1, f"no column is called {name!r}; there are: {', '.join(columns)}, part")
    for name in columns:
        if name not in names:
            raise checks.error(start + 1, f"the column {name!r} is missing")
    columns["part"] = (("heldout",), True, str)
    entries: list[T] = []
    heldout: list[int] = []
    for number, cells in _rows_of(table, start):
        if len(cells) < len(names) or any(cells[len(names) :]):
            raise checks.error(number, f"{len(cells)} cells under {len(names)} columns: quote a cell that has a comma")
        row = dict(zip(names, map(str.strip, cells), strict=False))
        for name, cell in row.items():
            words, may_be_empty, _ = columns[name]
            if not cell and not may_be_empty:
                raise checks.error(number, f"the cell under {name} is empty")
            if cell and words and cell not in words:
                raise checks.error(number, f"{cell!r} under {name}: it is one of {', '.join(words)}")
        if row.pop("part", ""):
            heldout.append(len(entries))
        checks.check(tuple(row[name] for name in [*columns][:key]), number, row.values())
        entries.append(record(**{name: columns[name][2](cell) for name, cell in row.items()}))
    return Table(entries, heldout)


def _without_empty_end(cells: list[str]) -> list[str]:
    """The cells up to the last that holds something: a spreadsheet makes all lines as long as the longest."""
    return cells[: max((i for i, cell in enumerate(cells, 1) if cell), default=0)]


def _rows_of(table: Any, start: int) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with its line in the file."""
    for cells in table:
        if any(cells):
            yield start + table.line_num, cells
