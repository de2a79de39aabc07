"""A lesson's parameters are checked here, and its figures are shown and handed to ``validate`` from here."""

from __future__ import annotations

import difflib
import html
import math
import re
import string
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Number, Real
from typing import Any

from course_utils.errors import CourseError

MIME = "application/vnd.course.results+json"
RECORDED: dict[str, Any] = {}  # the figures of the lesson that runs in this kernel, for the test in the browser
CELL = "padding:.25em .9em;text-align:{};border-bottom:1px solid rgba(128,128,128,.35)"


class ParameterError(CourseError):
    """A parameter has a value that the lesson cannot work with."""


def require(**checks: tuple) -> None:
    """Stop with a ``ParameterError`` at the first value that is out of its range.

    ``rank=(rank, 1, 256)`` is a range with both ends allowed; two whole ends ask for a whole number.
    ``quant_type=(quant_type, ["nf4", "fp4"])`` is a choice.
    """
    for name, (value, *allowed) in checks.items():
        if len(allowed) == 1:
            _require_choice(name, value, allowed[0])
        else:
            _require_range(name, value, *allowed)


def _require_choice(name: str, value: Any, choices: list[str]) -> None:
    if value in choices:
        return
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ParameterError(f"{name} = {value!r} is not one of {', '.join(map(repr, choices))}{hint}")


def _require_range(name: str, value: Any, low: float, high: float) -> None:
    span = f"it goes from {low} to {high}"
    # True is an Integral to Python, but a switch given for a number is a slip.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ParameterError(f"{name} = {value!r} is not a number: {span}")
    if isinstance(low, int) and isinstance(high, int) and not isinstance(value, Integral):
        raise ParameterError(f"{name} = {value} is not a whole number: {span}")
    if not low <= value <= high:  # also catches nan, which compares false with everything
        raise ParameterError(f"{name} = {value} is out of range: {span}")


def record(**figures: Any) -> None:
    """Show the figures of a lesson as a small table, and leave them in the notebook for ``validate`` to collect.

    They are also in ``RECORDED``, as long as the notebook's kernel lives.
    """
    if not figures:
        raise ValueError("nothing to record: give at least one figure, such as accuracy=0.9")
    for name in figures:
        if not name.isidentifier():
            raise ValueError(f"{name!r} cannot be the name of a figure: use letters, digits and underscores")
    values = {name: _plain(name, value) for name, value in figures.items()}
    RECORDED.update(values)
    lines = table_rows(values)
    width = max(len(label) for label, _ in lines)
    text = "\n".join(f"{label:<{width}}  {shown}" for label, shown in lines)
    _show({"text/plain": text, "text/html": _html_table(lines), MIME: values})


def say(markdown: str, /, **values: Any) -> None:
    """Show a paragraph of Markdown: prose whose numbers come from the run.

    Without values the text is taken as it stands. With values, as in ``say("It says “{answer}” at {share:.0%}.",
    answer=answer, share=0.9)``, it is a template of ``str.format``, and what is put in is shown as it is, whatever
    Markdown, HTML or formula it looks like: for everything that the cell itself did not write, such as a model's
    answer, a token, a path.

    Raises ``CourseError`` for a field without its value, a value without its field, and a brace that is no field.
    """
    shown = plain = markdown
    if values:
        try:
            shown = _Fields(_in_markdown).vformat(_code_as_html(markdown), (), values)
            plain = _Fields(str).vformat(markdown, (), values)
        except ValueError as error:
            raise CourseError(f"say: {error}; with values given, a brace that is no field is written twice") from error
    _show({"text/plain": plain, "text/markdown": shown})


def _code_as_html(template: str) -> str:
    """The template with each `code` that holds a field as a <code> element: Markdown reads no numbered character
    between backticks, so that an escaped value would stand there as its numbers."""

    def element(found: re.Match) -> str:
        code = found[1]
        if "{" not in code or "{{" in code or "}}" in code:
            return found[0]
        parts = re.split(r"(\{[^{}]*\})", code)
        return f"<code>{''.join(p if p.startswith('{') else _in_markdown(p) for p in parts)}</code>"

    return re.sub(r"(?<!`)`([^`]+)`(?!`)", element, template)


class _Fields(string.Formatter):
    """``str.format`` that passes each value but numbers through ``escape``, and uses all values."""

    def __init__(self, escape: Callable[[str], str]):
        self.escape = escape

    def get_value(self, key: str | int, args: Any, kwargs: Mapping[str, Any]) -> Any:
        if key not in kwargs:
            raise CourseError(f"say: the text has the field {{{key}}}, but no value of that name is given")
        return kwargs[key]

    def format_field(self, value: Any, format_spec: str) -> str:
        text = format(value, format_spec)
        return text if isinstance(value, Number) else self.escape(text)

    def check_unused_args(self, used_args: Any, args: Any, kwargs: Any) -> None:
        unused = sorted(set(kwargs) - set(used_args))
        if unused:
            raise CourseError(f"say: the value {unused[0]} is given, but the text has no field {{{unused[0]}}}")


def in_html(text: str) -> str:
    """Text that stands in a page as it is.

    A dollar sign or backslash gets an element of its own: MathJax reads the finished page and takes for a formula what
    lies between two of them in one element.
    """
    return re.sub(r"[$\\]", r"<span>\g<0></span>", html.escape(text))


def _in_markdown(text: str) -> str:
    """Text that stands in a paragraph, list or table of Markdown as it is.

    Written as a number, a character is never Markdown's: no emphasis, link, fence, heading or cell begins with it.
    """
    number = lambda found: "".join(f"&#{ord(character)};" for character in found[0])  # noqa: E731
    text = "<br>".join(re.split(r"\r\n?|\n", re.sub(r"[!-/:-@[-`{-~]", number, text)))
    text = re.sub(r"\t|^ +| +$|(?<=>) +| +(?=<)|  +", number, text)  # no code by indenting, no break by two spaces
    return re.sub(r"&#(36|92);", r"<span>\g<0></span>", text)  # as in in_html


def table(columns: Mapping[str, Sequence[str]], labels: Sequence[str] = ()) -> None:
    """Show texts side by side: one column for each entry of ``columns``, all of one width; ``labels`` name the rows.

    Where the page is too narrow for the longest words, the table scrolls instead of breaking them.
    """
    rows = list(zip(*columns.values(), strict=True))
    labels = list(labels) or [""] * len(rows)
    cell = "text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;padding:.4em .5em"
    heads = "".join(f'<th style="{cell}">{in_html(name)}</th>' for name in columns)
    lines = "".join(
        f'<tr><th style="{cell}">{in_html(label)}</th>'
        + "".join(f'<td style="{cell}">{in_html(str(text))}</td>' for text in row)
        + "</tr>"
        for label, row in zip(labels, rows, strict=True)
    )
    # A letter is 0.6 to 0.7 em wide, the padding 1 em. A word of more than 20 letters, such as a path, may break.
    words = [word for texts in (columns, *rows) for text in texts for word in str(text).split()]
    first = 0.65 * max(map(len, labels), default=0) + 1
    least = first + len(columns) * (0.68 * min(20, max(map(len, words), default=0)) + 1)
    page = (
        f'<div style="overflow-x:auto"><table style="table-layout:fixed;width:100%;min-width:{least:.1f}em">'
        f'<col style="width:{first:.1f}em"><thead><tr><th></th>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
    text = "\n\n".join(
        "\n".join([label, *(f"  {name}: {text}" for name, text in zip(columns, row, strict=True))])
        for label, row in zip(labels, rows, strict=True)
    )
    _show({"text/plain": text, "text/html": page})


def _plain(name: str, value: Any) -> Any:
    """The same value in JSON's own types; ``name`` is the path that an error message gives."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, (str, int)):
                raise TypeError(f"{name} has the key {key!r}: a recorded dict has text or whole numbers as keys")
        return {str(key): _plain(f"{name}.{key}", item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(f"{name}[{index}]", item) for index, item in enumerate(value)]
    if getattr(value, "ndim", 0) > 0:
        raise TypeError(f"{name} is an array or tensor of shape {tuple(value.shape)}: record numbers or lists")
    if hasattr(value, "item"):  # a scalar of numpy or torch
        return _plain(name, value.item())
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {float(value)}: only finite numbers are recorded")
        return float(value)
    raise TypeError(f"{name} is a {type(value).__name__}: record numbers, text, lists and dicts of them")


def readable(value: Any) -> str:
    """A value as a person likes to read it: four significant digits, thousands apart, a long list by its ends."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, list) and len(value) > 8:
        return f"{readable(value[0])}, {readable(value[1])}, …, {readable(value[-1])} ({len(value):,} values)"
    if isinstance(value, list):
        return ", ".join(map(readable, value)) or "none"
    if isinstance(value, dict):  # only inside a list; table_rows takes the others apart
        return "; ".join(f"{key} {readable(item)}" for key, item in value.items())
    return str(value)


def table_rows(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and readable value of each figure; a dict becomes one row for each of its entries."""
    rows = []
    for name, value in figures.items():
        if isinstance(value, dict) and value:
            rows += [(f"{name} · {label}", shown) for label, shown in table_rows(value)]
        else:
            rows.append((name, readable(value)))
    return rows


def _html_table(rows: list[tuple[str, str]]) -> str:
    """Styled in place, so that it looks the same in Jupyter, Colab and a code host's notebook view."""
    body = "".join(
        f'<tr><th scope="row" style="{CELL.format("left")};font-weight:normal">{in_html(label)}</th>'
        f'<td style="{CELL.format("right")};font-variant-numeric:tabular-nums">{in_html(shown)}</td></tr>'
        for label, shown in rows
    )
    return f'<table style="border-collapse:collapse">{body}</table>'


def _show(bundle: dict[str, Any]) -> None:
    """Display a MIME bundle; in a plain Python session, print its text."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True)
