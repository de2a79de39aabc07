"""Reading a data file of any common kind: JSON Lines, JSON, CSV, TSV or Parquet, compressed or not."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from course_utils import files
from course_utils.errors import CourseError
from course_utils.jsonl import Problem, Rows, read_json

TABLES = {".csv": ",;\t|", ".tsv": "\t"}  # by the file's name, and what may part the fields
COMPRESSED = (".gz", ".bz2", ".xz")


def load(path: str | Path) -> Rows:
    """The rows of a file, whose kind is seen from its content; only CSV and TSV are known by the end of the name.

    Read are JSON Lines; JSON, as a list of objects or as objects over several lines; CSV and TSV, whose first line
    names the columns and whose values are strings; Parquet; and each of them compressed by gzip, bzip2 or xz.

    Returns:
        The rows as they stand there, with their lines (of Parquet their numbers) and what could not be read.

    Raises:
        CourseError: there is no such file, or it is of another kind.
    """
    data = files.read_bytes(path)
    if data.startswith(files.PARQUET):
        return _parquet(path, data)
    name = PurePath(path).name.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    if (kind := PurePath(name).suffix) in TABLES:
        return _table(path, files.as_utf8(path, data), TABLES[kind])
    rows, _ = read_json(path, data, any_form=True)
    return rows


def _parquet(path: str | Path, data: bytes) -> Rows:
    import pyarrow
    from pyarrow import parquet

    try:
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CourseError(f"{path} is a Parquet file that is damaged ({reason}): fetch it again") from None
    return Rows(rows, range(1, len(rows) + 1))


def _table(path: str | Path, data: bytes, delimiters: str) -> Rows:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"line {line} of {path} is not UTF-8 (byte 0x{data[error.start]:02X})"
        raise CourseError(f"{what}: save the table as UTF-8, which Excel calls CSV UTF-8") from None
    header = text.lstrip().partition("\n")[0]
    delimiter = max(delimiters, key=header.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, names, line = Rows(), None, 1
    with _long_fields():
        try:
            for fields in lines:
                if not any(fields):
                    pass  # a blank line, counted and skipped
                elif names is None:
                    names = _names(path, fields)
                elif len(fields) == len(names):
                    rows.add(dict(zip(names, fields, strict=True)), line, [])
                else:
                    what = f"there are {len(fields)} fields where the first line names {len(names)}"
                    remedy = f"put a field that holds {delimiter!r} or a line end in double quotes"
                    rows.problems.append(Problem(line, "not_row", what, remedy))
                line = lines.line_num + 1
        except csv.Error as error:
            remedy = "a field with quotes in it is quoted itself, and its own quotes are doubled"
            raise CourseError(
                f"{path} is no {delimiter!r}-separated table from line {line} on ({error}): {remedy}"
            ) from None
    return rows


def _names(path: str | Path, fields: list[str]) -> list[str]:
    names = [field.strip() for field in fields]
    if len(set(names)) < len(names) or not all(names):
        raise CourseError(f"the first line of {path} has to name each column once, and is {', '.join(names)}")
    return names


@contextmanager
def _long_fields() -> Iterator[None]:
    limit = csv.field_size_limit(sys.maxsize)  # an answer may be longer than csv's 131,072 characters
    try:
        yield
    finally:
        csv.field_size_limit(limit)
