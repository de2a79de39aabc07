"""Receipts: the figures of runs that take too long for a lesson, as scripts in ``course_utils.making`` wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course_utils import model_files
from course_utils.errors import CourseError

ASSETS = Path(__file__).parent / "assets" / "receipts"


def load(name: str, path: str | Path = "") -> dict[str, Any]:
    """A receipt with its ``"runs"``, a list of one entry or more.

    Args:
        name: the script in ``course_utils.making`` that writes such receipts, as ``"lora_grid"``.
        path: the file; empty takes the course's own.

    Raises:
        CourseError: the file is missing or damaged, or another script wrote it.
    """
    file = Path(path).expanduser() if path else ASSETS / f"{name}.json"
    make = f"`python -m course_utils.making.{name} --out FILE` makes it"
    if not file.is_file():
        raise CourseError(f"the receipt {file.name} is missing: {make}")
    try:
        receipt = model_files.read_json(file)
    except CourseError as error:
        raise CourseError(f"the receipt cannot be read: {error}; {make}") from None
    writer = f"course_utils.making.{name}"
    if writer not in str(receipt.get("command", "")).split():
        raise CourseError(f"{file} is no receipt of {writer}: {make}")
    if not isinstance(receipt.get("runs"), list) or not receipt["runs"]:
        raise CourseError(f"the receipt {file} holds no runs, it was not finished: {make}")
    return receipt
