"""Reading JSON Lines: one object a line, and for each line that cannot be read its number, the fault and a remedy."""

from __future__ import annotations

import codecs
import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course_utils import files
from course_utils.errors import CourseError

BRACKETS = re.compile(rb"\s*[\[{][\s\[{]*\n")  # a first line of nothing but brackets: what follows is indented
SPACE = re.compile(r"[ \t\r\n]*")


@dataclasses.dataclass(frozen=True)
class Problem:
    """One fault of one row.

    ``row`` counts from 1; of rows read from a file it is the line of the file. ``kind`` is one word to sort by,
    ``what`` says what is wrong and ``remedy`` what to do.
    """

    row: int
    kind: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.what}; {self.remedy}"


class Rows(list):
    """The rows of a file, each as it stands there.

    ``lines`` holds the line at which each row begins, ``problems`` the lines that could not be read or can be read
    in two ways. A slice is a plain list.
    """

    def __init__(self, rows: Iterable[dict] = (), lines: Iterable[int] = (), problems: Iterable[Problem] = ()):
        super().__init__(rows)
        self.lines = list(lines)
        self.problems = list(problems)

    def add(self, row: dict, line: int, repeated: list[str]) -> None:
        """Puts a row at the end; ``repeated`` are the names that stand in one of its objects more than once."""
        self.append(row)
        self.lines.append(line)
        if repeated:
            names = ", ".join(map(repr, repeated))
            what = f"one object gives {names} more than once, and JSON readers keep the last value"
            self.problems.append(Problem(line, "repeated_name", what, "keep one of them, or give the other its name"))


def quote(text: str, around: int = 0, width: int = 40) -> str:
    """A piece of ``text`` near position ``around``, in quotes and on one line, whatever characters are in it."""
    start = max(0, min(around - width // 2, len(text) - width))
    piece = text[start : start + width]
    before, after = "…" if start else "", "…" if start + width < len(text) else ""
    return f"{before}{piece!r}{after}"


def one_line(text: str) -> str:
    """The text as it can be printed: names of columns and roles may hold anything."""
    return " ".join(text.splitlines()).encode("utf-8", "backslashreplace").decode("utf-8")


def load_jsonl(path: str | Path) -> Rows:
    """Read a file of JSON Lines, compressed or not. Blank lines are skipped, but counted.

    The text is UTF-8, with or without a byte-order mark, or UTF-16 or UTF-32 by their marks.

    Raises:
        CourseError: there is no such file, or it holds something other than JSON Lines.
    """
    data = files.read_bytes(path)
    if data.startswith(files.PARQUET):
        raise CourseError(f"{path} is a Parquet file, which is binary and not JSON Lines: read it with data.load")
    rows, form = read_json(path, data)
    if form:
        remedy = "read it with data.load, or write each row with json.dumps on a line of its own"
        raise CourseError(f"{path} is not JSON Lines but {form}: {remedy}")
    return rows


def read_json(path: str | Path, data: bytes, any_form: bool = False) -> tuple[Rows, str]:
    """The objects in a text of JSON, and its form in words, which is empty for JSON Lines.

    A few lines that fail among more that do not are taken for bad lines, unless ``any_form`` of JSON will do.

    Raises:
        CourseError: nothing in the text is JSON.
    """
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    data = files.as_utf8(path, data)
    rows = _by_lines(data, mark)
    failed = sum(problem.kind != "repeated_name" for problem in rows.problems)
    if failed and (any_form or failed >= len(rows)):
        form, broken = "", 0
        try:
            objects, form = _by_objects(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            broken = getattr(error, "lineno", 0)
        if form:
            _refuse_lost_characters(path, data, form)
            return objects, form
        if broken and not rows and BRACKETS.match(data):
            remedy = "mend it there, or fetch it again if it was cut short"
            raise CourseError(f"{path} is JSON over several lines that fails in line {broken:,}: {remedy}")
        if not rows and all(problem.kind in ("not_json", "not_utf8") for problem in rows.problems):
            _refuse_other_text(path, data)
    return rows, ""


def _refuse_lost_characters(path: str | Path, data: bytes, form: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"{path} is {form}, and in line {line} it is not UTF-8 (byte 0x{data[error.start]:02X})"
        raise CourseError(f"{what}: save it as UTF-8") from None


def _by_lines(data: bytes, offset: int) -> Rows:
    rows = Rows()
    # Only a line feed ends a line: str.splitlines would also cut at characters that may stand inside a text. A file
    # without one may have the carriage returns of an old Mac; inside of a JSON string neither can stand.
    ending = b"\n" if b"\n" in data else b"\r"
    for number, line in enumerate(data.split(ending), start=1):
        if line.strip():
            row, repeated, fault = _read(line, offset)
            if fault:
                rows.problems.append(Problem(number, *fault))
            else:
                rows.add(row, number, repeated)
        offset += len(line) + 1
    return rows


def _by_objects(text: str) -> tuple[Rows, str]:
    """Objects in a list, or with commas between them, or each over several lines; and in words which it is.

    The form is empty where several objects stand on a line.

    Raises:
        ValueError: the text is something else; as a ``JSONDecodeError`` it says where.
    """
    rows, line, at = Rows(), 1, SPACE.match(text).end()
    listed = text.startswith("[", at)
    end = at + listed
    commas = lines = 0
    while True:
        begin = SPACE.match(text, end).end()
        if text.startswith(",", begin) and len(rows) > commas:
            commas, begin = commas + 1, SPACE.match(text, begin + 1).end()
        if begin == len(text) or (listed and text[begin] == "]"):
            break
        row, end, repeated = _decoded(text, begin)
        if not isinstance(row, dict):
            raise json.JSONDecodeError("Expecting an object", text, begin)
        line += text.count("\n", at, begin)
        rows.add(row, line, repeated)
        lines += text.count("\n", begin, end)
        at = begin
    if not rows or (listed and text[begin:].strip() != "]"):
        raise json.JSONDecodeError("Expecting objects and the end of their list", text, begin)
    objects = "1 object" if len(rows) == 1 else f"{len(rows):,} objects"
    if listed:
        last = ", with a comma after the last" if commas == len(rows) else ""
        return rows, f"one JSON document, a list of {objects}{last}"
    if commas:
        return rows, f"{objects} with commas between them"
    return rows, f"{objects} over several lines" if lines else ""


def _decoded(text: str, start: int = 0) -> tuple[Any, int, list[str]]:
    """The value that begins at ``start``, where it ends, and the names given twice in one object."""
    repeated: list[str] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            repeated.extend(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return made

    value, end = json.JSONDecoder(object_pairs_hook=object_of).raw_decode(text, start)
    return value, end, repeated


def _refuse_other_text(path: str | Path, data: bytes) -> None:
    """Raises ``CourseError`` where no line so much as begins like a row: its faults would be said of every line."""
    if re.search(rb"^\s*[\[{]", data, re.MULTILINE):
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"no line of {path} is JSON, nor is it text in UTF-8 (byte 0x{data[error.start]:02X})"
        remedy = "it is binary, or in another encoding; save the rows as JSON Lines in UTF-8"
        raise CourseError(f"{what}: {remedy}") from None
    raise CourseError(
        f"no line of {path} is JSON; it begins with {quote(text.lstrip())}: give rows as JSON Lines, or a table whose "
        "name ends in .csv or .tsv to data.load"
    )


def _read(line: bytes, offset: int) -> tuple[Any, list[str], tuple[str, str, str] | None]:
    """The object on a line and its repeated names, or the kind, the description and the remedy of what is wrong."""
    try:
        # A byte-order mark begins a line where files that have one were joined.
        text = line.decode("utf-8").removesuffix("\r").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        return None, [], _not_utf8(line, offset, error)
    try:
        row, end, repeated = _decoded(text, SPACE.match(text).end())
        if text[end:].strip():
            raise json.JSONDecodeError("Extra data", text, SPACE.match(text, end).end())
    except (ValueError, RecursionError) as error:
        return None, [], _not_json(text, error)
    if not isinstance(row, dict):
        what = f"this is JSON, but {_json_type(row)} and not an object: {quote(text.strip())}"
        twice = isinstance(row, str) and row.lstrip().startswith("{")
        remedy = "it was written by json.dumps twice: once is enough"
        if not twice:
            remedy = 'write an object with names, such as {"messages": [...]}'
        return None, [], ("not_object", what, remedy)
    return row, repeated, None


def _not_utf8(line: bytes, offset: int, error: UnicodeDecodeError) -> tuple[str, str, str]:
    at, byte = error.start, line[error.start]
    what = f"this is not UTF-8: byte 0x{byte:02X} at byte {at} of the line (byte {offset + at} of the file)"
    for encoding in ("cp1252", "latin-1"):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue  # five bytes mean nothing in cp1252; in Latin-1 each byte is a character
        # Both encodings give one character a byte, so the position carries over.
        return "not_utf8", what, f"as {encoding} it reads {quote(text, at)}: if that is right, save the line as UTF-8"
    raise AssertionError("Latin-1 decodes any bytes")


def _not_json(text: str, error: Exception) -> tuple[str, str, str]:
    if isinstance(error, RecursionError):
        return "not_json", "this is not JSON that can be read: it is nested too deeply", "flatten it"
    if not isinstance(error, json.JSONDecodeError):  # Python reads whole numbers of up to 4,300 digits
        return "not_json", "this holds a whole number too long to be read", "write it as a string"
    at = error.pos
    reason = error.msg.removesuffix(" at")
    what = f"this is not JSON: {reason} at character {at + 1} of the line, near {quote(text, at, 24)}"
    if "\0" in text:
        remedy = "take the zero bytes out: they are no text, and often what a crash left"
    elif text.lstrip().startswith("{'"):
        remedy = "it looks like a printed Python dict: write rows with json.dumps, which uses double quotes"
    elif error.msg == "Extra data":
        remedy = "two values on one line: give each its own"
        if text[at:].strip() == ",":
            remedy = "take off the comma that ends the line"
        elif text[:at].rstrip(" \t").endswith("\r"):
            remedy = "a carriage return ends a line here, and line feeds end others: save the file with one kind"
    elif at >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        remedy = "the line breaks off: was the file cut short, or does a line end stand inside a text?"
    else:
        remedy = "mend the line, or write it again with json.dumps"
    return "not_json", what, remedy


def _json_type(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
