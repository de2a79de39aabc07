"""Reading JSON Lines: one object a line, and for each line that cannot be read its number, the fault and a remedy."""

from __future__ import annotations

import codecs
import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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

    ``lines`` holds the line of each row, ``problems`` the lines that could not be read. A slice is a plain list.
    """

    def __init__(self, rows: Iterable[dict] = (), lines: Iterable[int] = (), problems: Iterable[Problem] = ()):
        super().__init__(rows)
        self.lines = list(lines)
        self.problems = list(problems)


def quote(text: str, around: int = 0, width: int = 40) -> str:
    """A piece of ``text`` near position ``around``, in quotes and on one line, whatever characters are in it."""
    start = max(0, min(around - width // 2, len(text) - width))
    piece = text[start : start + width]
    before, after = "…" if start else "", "…" if start + width < len(text) else ""
    return f"{before}{piece!r}{after}"


def load_jsonl(path: str | Path) -> Rows:
    """Read a file of JSON Lines in UTF-8, with or without a byte-order mark. Blank lines are skipped, but counted.

    Raises:
        CourseError: there is no such file, it is empty, or it is one JSON document rather than one a line.
    """
    path = Path(path)
    data = _bytes_of(path)
    if data.startswith(UTF16_MARKS):
        what = f"the file is UTF-16 (it begins with the bytes {data[:2].hex(' ').upper()}), no line of it is UTF-8"
        remedy = f"save it as UTF-8: Path(new).write_text(Path({path.name!r}).read_text('utf-16'), 'utf-8')"
        return Rows(problems=[Problem(1, "not_utf8", what, remedy)])
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    rows, offset = Rows(), mark
    # Only a line feed ends a line: str.splitlines would also cut at characters that may stand inside a text.
    for number, line in enumerate(data[mark:].split(b"\n"), start=1):
        if line.strip():
            row, fault = _read(line, offset)
            if fault:
                rows.problems.append(Problem(number, *fault))
            else:
                rows.append(row)
                rows.lines.append(number)
        offset += len(line) + 1
    if rows.problems:
        _refuse_one_document(path, data[mark:])
    return rows


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        raise CourseError(f"{path} is a directory: give the JSONL file in it")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"there is no file {path}: check its name, and the directory you are in") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): check its permissions") from None
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise CourseError(f"{path} is empty: a JSONL file holds one JSON object a line")
    return data


def _read(line: bytes, offset: int) -> tuple[Any, tuple[str, str, str] | None]:
    """The object on a line, or the kind, the description and the remedy of what is wrong with the line."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, _not_utf8(line, offset, error)
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, _not_json(text, error)
    if not isinstance(row, dict):
        what = f"this is JSON, but {_json_type(row)} and not an object: {quote(text.strip())}"
        return None, ("not_object", what, 'write an object with names, such as {"messages": [...]}')
    return row, None


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
    reason = getattr(error, "msg", str(error).split(":")[0])
    at = getattr(error, "pos", 0)
    what = f"this is not JSON: {reason} at character {at + 1} of the line, near {quote(text, at, 24)}"
    if "\0" in text:
        remedy = "zero bytes suggest UTF-16: save the file as UTF-8"
    elif text.lstrip().startswith("{'"):
        remedy = "it looks like a printed Python dict: write rows with json.dumps, which uses double quotes"
    elif reason == "Extra data":
        remedy = "two values on one line: give each its own"
    else:
        remedy = "mend the line, or write it again with json.dumps"
    return "not_json", what, remedy


def _json_type(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _refuse_one_document(path: Path, data: bytes) -> None:
    """Raises ``CourseError`` if the whole file is one JSON document of rows: a common form, but not this one."""
    if data.lstrip()[:1] not in (b"[", b"{"):
        return
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return
    if isinstance(document, list) and not (document and all(isinstance(row, dict) for row in document)):
        return
    form = f"a list of {len(document)} objects" if isinstance(document, list) else "an object"
    raise CourseError(
        f"{path} is one JSON document, {form}, not JSON Lines: write each row with json.dumps on a line of its own"
    )
