"""The course's contents, made from what each notebook says of itself: the README's table, lesson 00's, the map's boxes.

Lessons that are still to be written stand in ``PLANNED``; a notebook of the same number takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from course_utils import lessons

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS, README = ROOT / "notebooks", ROOT / "README.md"
MARKS = ("<!-- lessons -->\n", "<!-- /lessons -->\n")  # around the README's table


@dataclass(frozen=True)
class Entry:
    """A lesson in the contents. ``file`` is the notebook's name, empty as long as there is none."""

    number: str
    title: str
    about: str
    group: str
    question: str
    outcome: str = ""
    file: str = ""


PLANNED = (
    Entry("11", "speed", "each rung measured", "Beyond", "Where does the time go, and what makes it less?"),
    Entry("13", "scaling out", "DDP and FSDP-QLoRA", "Beyond", "How do several GPUs share the work?"),
)


def entries(directory: Path = NOTEBOOKS) -> list[Entry]:
    """Every lesson, written or planned, in the order of their numbers."""
    written = [
        Entry(one.number, one.title, one.about, one.group, one.question, one.outcome, one.path.name)
        for one in lessons.find(directory)
    ]
    numbers = {entry.number for entry in written}
    return sorted([*written, *(p for p in PLANNED if p.number not in numbers)], key=lambda entry: entry.number)


def questions(directory: Path = NOTEBOOKS) -> str:
    """A table in Markdown: each lesson, linked from a notebook beside it, and the question that it answers."""
    lines = ["| lesson | the question that it answers |", "|---|---|"]
    for entry in entries(directory):
        name = f"{entry.number} {entry.title}"
        lines.append(f"| {f'[{name}]({entry.file})' if entry.file else name} | {entry.question} |")
    return "\n".join(lines)


def outcomes(directory: Path = NOTEBOOKS) -> str:
    """A table in Markdown for the README: each lesson that is there, and what the reader can do afterwards."""
    lines = ["| # | notebook | afterwards you can |", "|---|---|---|"]
    lines += [
        f"| {entry.number} | [{entry.title}](notebooks/{entry.file}) | {entry.outcome} |"
        for entry in entries(directory)
        if entry.file
    ]
    return "\n".join(lines) + "\n"


def write_readme(path: Path = README, directory: Path = NOTEBOOKS) -> None:
    """Writes the table of ``outcomes`` between the README's two marks."""
    before, rest = path.read_text(encoding="utf-8").split(MARKS[0])
    _, after = rest.split(MARKS[1])
    path.write_text(before + MARKS[0] + outcomes(directory) + MARKS[1] + after, encoding="utf-8")
