"""A memo of one page: may this model go out, what speaks for it and what against. As Markdown and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import files, stages

ASSETS = Path(__file__).parent / "assets"
VERDICTS = {"yes": "It may go out", "no": "It should not go out", "unknown": "This cannot be told"}


@dataclass(frozen=True)
class Memo:
    """What is written. Each text is one or two whole sentences; a number in it has its interval beside it."""

    title: str
    verdict: str  # one of VERDICTS
    reason: str
    speaks_for: Sequence[str] = ()
    speaks_against: Sequence[str] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)  # what, and its value with its interval
    limits: Sequence[str] = ()  # what was not looked at
    next_step: str = ""  # what whoever reads it does now, and signs

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict = {self.verdict!r} is none of {', '.join(VERDICTS)}")

    def markdown(self) -> str:
        """The memo as Markdown."""
        return _render("memo.md.jinja", self)

    def html(self) -> str:
        """The memo as a page that needs nothing but itself."""
        return _render("memo.html.jinja", self)


def write(memo: Memo, directory: Path) -> Path:
    """Writes ``memo.md`` and ``memo.html``, whole or not at all; returns the page's path.

    Raises:
        CourseError: the directory cannot be written to.
    """
    with stages.keeping(directory):
        directory.mkdir(parents=True, exist_ok=True)
        files.replace_file(directory / "memo.md", memo.markdown())
        files.replace_file(directory / "memo.html", memo.html())
    return directory / "memo.html"


def _render(template: str, memo: Memo) -> str:
    import jinja2

    around = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS), autoescape=template.endswith(".html.jinja"), trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    return around.get_template(template).render(memo=memo, headline=VERDICTS[memo.verdict])
