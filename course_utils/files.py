"""The bytes of a data file: unpacked where they are compressed, and refused in one line where they hold no rows.

And texts written whole or not at all.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import io
import json
import lzma
import os
import zipfile
import zlib
from pathlib import Path

from course_utils.errors import CourseError

LARGEST = 1_000_000_000  # bytes of a file, which is read whole
PARQUET = b"PAR1"
UNPACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\0": lzma.decompress}
# How files of other kinds begin, what they are, and what to do with them.
OTHERS = (
    (b"version https://git-lfs.github.com/", "a Git LFS pointer, not the data", "fetch the file with `git lfs pull`"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it with `unzstd` first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and give the file in it"),
    (b"SQLite format 3\0", "an SQLite database", "write its table as CSV or JSON Lines"),
    (b"ARROW1", "an Arrow file", "read it with datasets.Dataset.from_file, whose rows data.check takes as they are"),
    (b"%PDF-", "a PDF", "give the rows as JSON Lines"),
    (b"<!doctype html", "a web page", "the download gave a page in the data's place: fetch the file itself"),
    (b"<html", "a web page", "the download gave a page in the data's place: fetch the file itself"),
)


def read_bytes(path: str | Path) -> bytes:
    """What is in a file; of a file compressed by gzip, bzip2 or xz, what it unpacks to.

    Raises:
        CourseError: there is no such file, it cannot be read or unpacked, it is empty, or of a kind without rows.
    """
    path = Path(path)
    if path.is_dir():
        if (path / "dataset_info.json").exists():
            raise CourseError(f"{path} is a saved data set: read it with datasets.load_from_disk")
        raise CourseError(f"{path} is a directory: give the file in it")
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise CourseError(
                f"{path} has {size / 1e9:.1f} GB and would be read whole into memory: give a part of it, such as its "
                "first 100,000 lines (head -n 100000)"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"there is no file {path}: check its name, and the directory you are in") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): check its permissions") from None
    for magic, unpack in UNPACKED.items():
        if data.startswith(magic):
            try:
                data = unpack(data)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise CourseError(f"{path} is compressed and damaged ({error}): fetch it again") from None
            break
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise CourseError(f"{path} is empty: it has to hold rows, such as one JSON object a line")
    if not data.strip(b"\0"):
        raise CourseError(f"{path} holds nothing but zero bytes: its content was lost, fetch or write it again")
    _refuse_other_kinds(path, data)
    return data


def _refuse_other_kinds(path: Path, data: bytes) -> None:
    if data.startswith(b"PK\x03\x04"):
        held = _names_in(data)
        if "xl/workbook.xml" in held:
            raise CourseError(f"{path} is an Excel workbook: save the sheet as CSV, and read that with data.load")
        within = f" that holds {', '.join(held[:3])}{', …' if held[3:] else ''}" if held else ""
        raise CourseError(f"{path} is a zip archive{within}: unpack it and give the file in it")
    begin = data[:64].lstrip().lower()
    for magic, what, remedy in OTHERS:
        if begin.startswith(magic.lower()):
            raise CourseError(f"{path} is {what}: {remedy}")


def _names_in(archive: bytes) -> list[str]:
    try:
        return zipfile.ZipFile(io.BytesIO(archive)).namelist()
    except zipfile.BadZipFile:
        return []


def as_utf8(path: str | Path, data: bytes) -> bytes:
    """A text file's bytes in UTF-8, without a byte-order mark. Only UTF-16 and UTF-32 are converted.

    Bytes that are UTF-8 in part stay as they are: which line is at fault, those who read the lines can say.

    Raises:
        CourseError: the file begins as UTF-16 or UTF-32 and is not.
    """
    # Without a mark a text in UTF-16 shows by its zero bytes: both of its first two characters are ASCII.
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)) and data[:4].count(0) < 2:
        return data.removeprefix(codecs.BOM_UTF8)
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeError as error:
        name = encoding.upper()
        raise CourseError(f"{path} begins as {name} and does not go on so ({error}): write it again as UTF-8") from None


def replace_file(path: Path, text: str) -> None:
    """Write the file in one step: until the new text is complete on the disk, the old one stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
