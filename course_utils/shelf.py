"""The data sets of the tutorials this course replaces: the real ones where the hub can be reached, else stand-ins.

A stand-in is a small file of the same columns and types, written for this course. It shows the form of a set, and is
far too small to learn from.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

ASSETS = Path(__file__).parent / "assets" / "shelf"
PATIENCE = 3  # seconds to wait for the hub


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a set is on the hub, and how the tutorials take their rows from it."""

    repository: str
    split: str
    files: str | None = None  # of this split only: load_dataset fetches all splits of a set, of the first one 1.6 GB
    shuffle_seed: int | None = None
    rows: int | None = None
    label_names: tuple[str, ...] = ()


SOURCES = {
    "ultrachat": Source("HuggingFaceH4/ultrachat_200k", "test_sft", "data/test_sft-*", shuffle_seed=42, rows=3000),
    # These two have no other split, so that there is nothing to leave out.
    "english_quotes": Source("Abirate/english_quotes", "train"),
    "python-codes": Source("flytech/python-codes-25k", "train"),
    "sentiment": Source(
        "cornell-movie-review-data/rotten_tomatoes", "train", "**/*train*.parquet", label_names=("neg", "pos")
    ),
}


def shelf(name: str, rows: int | None = None, take_from: str = "either") -> tuple[Any, str]:
    """One of the tutorials' data sets, or its stand-in, and a sentence that says which of the two it is.

    Args:
        name: ``"ultrachat"``, ``"english_quotes"``, ``"python-codes"`` or ``"sentiment"``.
        rows: at most so many; by default as many as the tutorial takes.
        take_from: ``"hub"``, ``"stand-ins"``, or ``"either"``: the hub where it can be reached.

    Returns:
        A ``datasets.Dataset`` and the sentence.

    Raises:
        CourseError: for a name that is not on the shelf, or where the hub is asked for and does not give the set.
    """
    if name not in SOURCES:
        raise CourseError(f"there is no data set {name!r} on the shelf: take one of {', '.join(SOURCES)}")
    if rows is not None and (not isinstance(rows, int) or rows < 1):
        raise CourseError(f"rows = {rows!r} is not a number of rows: give a whole number from 1, or None")
    if take_from not in ("either", "hub", "stand-ins"):
        raise CourseError(f"take_from = {take_from!r} is none of either, hub, stand-ins")
    source = SOURCES[name]
    reason = "that is what was asked for" if take_from == "stand-ins" else _why_not_the_hub()
    if not reason:
        try:
            dataset = _real(source)
        except _failures() as error:
            reason = f"the hub did not give it ({type(error).__name__})"
        else:
            dataset = _first(dataset, rows or source.rows)
            return dataset, f"{dataset.num_rows:,} rows of the real {source.repository}, split {source.split}."
    if take_from == "hub":
        raise CourseError(f"{source.repository} is not to be had: {reason}; the stand-ins need no network")
    dataset = _first(_stand_in(name, source), rows)
    return dataset, (
        f"A stand-in of {dataset.num_rows} rows with the columns of {source.repository}, written for this course: "
        f"{reason}."
    )


def _first(dataset: Any, rows: int | None) -> Any:
    return dataset if rows is None else dataset.select(range(min(rows, dataset.num_rows)))


def _why_not_the_hub() -> str:
    """Why the hub is not asked, or an empty string."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE", "").upper() in constants.ENV_VARS_TRUE_VALUES:
        return "HF_HUB_OFFLINE is set"
    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    except _failures():
        return "the hub cannot be reached"
    return ""


def _failures() -> tuple[type[Exception], ...]:
    """What a missing network, a missing set or a broken download raises."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HfHubHTTPError

    # The HTTP library's own errors share no public base with OSError; the hub's error derives from theirs.
    http = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    return OSError, DatasetsError, http


def _real(source: Source) -> Any:
    from datasets import load_dataset

    options: dict[str, Any] = {}
    if source.files:
        # The set's card counts the rows of all its splits, so that a part of them is not to be checked against it.
        options = {"data_files": {source.split: source.files}, "verification_mode": "no_checks"}
    dataset = load_dataset(source.repository, split=source.split, **options)
    return dataset if source.shuffle_seed is None else dataset.shuffle(seed=source.shuffle_seed)


def _stand_in(name: str, source: Source) -> Any:
    from datasets import ClassLabel, Features, Value, load_dataset

    path = ASSETS / f"{name}.jsonl"
    if not path.exists():
        raise CourseError(f"{path.name} is missing: restore it with `git checkout -- course_utils/assets/shelf`")
    features = None  # as found in the file, which cannot say that a number is a label
    if source.label_names:
        features = Features({"text": Value("string"), "label": ClassLabel(names=list(source.label_names))})
    with _no_progress_bars():
        return load_dataset("json", data_files=str(path), split="train", features=features)


@contextlib.contextmanager
def _no_progress_bars() -> Iterator[None]:
    import datasets

    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
