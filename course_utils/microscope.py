"""The loss-mask microscope: every token of a batch, marked as trained, masked, padding or end of an answer.

`look(batch, tokenizer)` takes what a trainer feeds its model, so it shows what is trained and not what was meant to be.
"""

from __future__ import annotations

import base64
import html
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from course_utils import plots, results
from course_utils.errors import CourseError

IGNORED = -100  # torch's cross-entropy leaves positions with this label out of the loss
LIMIT = 1200  # tokens that are drawn; a page with more is slow to show and nobody reads it

TRAINED, MASKED, PAD, END, END_MASKED = "trained", "masked", "padding", "end, trained", "end, masked"

# How each kind of token looks. Text keeps the page's own colour, and every kind differs in its line or box too, so the
# marks can be told apart in a light theme, in a dark one, and without colour.
LOOK = {
    TRAINED: f"background:{plots.COLOURS['adapter']}38;border-bottom:2px solid {plots.COLOURS['adapter']}",
    MASKED: "opacity:.72;border-bottom:2px solid transparent",
    PAD: "opacity:.6;border-bottom:2px dotted currentColor",
    END: f"background:{plots.COLOURS['adapter']}38;border:2px solid currentColor;font-weight:bold",
    END_MASKED: "border:2px dashed currentColor;text-decoration:line-through",
}
# The same in small: top, height, fill and line of a bar. The greys stand out on white and on black.
STRIP = {
    TRAINED: (6, 10, plots.COLOURS["adapter"], plots.COLOURS["adapter"]),
    MASKED: (10, 3, plots.COLOURS["before"], plots.COLOURS["before"]),
    PAD: (7, 8, "none", plots.COLOURS["before"]),
    END: (1, 19, plots.COLOURS["adapter"], plots.COLOURS["adapter"]),
    END_MASKED: (1, 19, "none", plots.COLOURS["before"]),
}
PLAIN = {TRAINED: "_{}_", MASKED: "{}", PAD: "·", END: "[{}]", END_MASKED: "({})"}  # the same without HTML


@dataclass(frozen=True)
class Token:
    """One place of a batch. `starts` says that a document begins here."""

    text: str
    id: int
    kind: str
    starts: bool = False


class View:
    """A batch as the microscope shows it: `rows` of tokens, and counts of each kind."""

    def __init__(self, rows: list[list[Token]], title: str = "", eos: str = "</s>"):
        self.rows = rows
        self.title = title
        self.eos = eos
        kinds = [token.kind for row in rows for token in row]
        self.counts = {kind: kinds.count(kind) for kind in LOOK}

    @property
    def summary(self) -> str:
        """What the batch trains, in one line."""
        counts, total = self.counts, sum(self.counts.values())
        trained = counts[TRAINED] + counts[END]
        ends = counts[END] + counts[END_MASKED]
        return (
            f"{trained} of {total} places are trained, {counts[PAD]} are padding; "
            f"{counts[END]} of {ends} {self.eos} are trained"
        )

    def _repr_html_(self) -> str:
        head = f"<strong>{results.in_html(self.title)}</strong><br>" if self.title else ""
        shown, rows = 0, []
        for number, row in enumerate(self.rows, 1):
            runs = itertools.groupby(row[: max(0, LIMIT - shown)], lambda token: token.kind)
            marks = "".join(_run(kind, list(run)) for kind, run in runs)
            shown += len(row)
            rows.append(f'<div style="margin:.5em 0"><small>row {number}</small><br>{marks}</div>')
        rest = f"<small>{shown - LIMIT:,} more places are not drawn</small>" if shown > LIMIT else ""
        examples = {TRAINED: "trained", MASKED: "masked", PAD: "·", END: self.eos, END_MASKED: self.eos}
        words = {PAD: "padding", END: "an end that is trained", END_MASKED: "an end that is masked"}
        legend = " &nbsp; ".join(
            f"{_mark(Token(examples[kind], -1, kind))} {words.get(kind, '')}"
            for kind, count in self.counts.items()
            if count
        )
        begins = " &nbsp; ▸ a document begins" if any(token.starts for row in self.rows for token in row) else ""
        font = "font-family:monospace;line-height:1.9;overflow-wrap:anywhere"
        return (
            f'<figure style="margin:0;max-width:62em"><figcaption>{head}{results.in_html(self.summary)}</figcaption>'
            f'{self._strip()}<div style="{font}">{"".join(rows)}</div>'
            f"{rest}<div><small>{legend}{begins}</small></div></figure>"
        )

    def _strip(self) -> str:
        """The whole batch small: a bar for each row, trained places full, padding hollow, ends tall."""
        longest = max((len(row) for row in self.rows), default=1)
        step, high = min(6.0, 720 / longest), 22
        width, bars = step * longest, []
        for y, row in enumerate(self.rows):
            x = 0.0
            for kind, run in itertools.groupby(row, lambda token: token.kind):
                long = step * len(list(run))
                top, tall, fill, line = STRIP[kind]
                place = f'x="{x + 0.5:.1f}" y="{y * high + top}" width="{max(1, long - 1):.1f}" height="{tall}"'
                bars.append(f'<rect {place} fill="{fill}" stroke="{line}"/>')
                x += long
        size = f'width="{width:.0f}" height="{high * len(self.rows)}"'
        title = f"<title>{html.escape(f'{self.title} {self.summary}')}</title>"
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{title}{"".join(bars)}</svg>'
        data = base64.b64encode(svg.encode()).decode("ascii")
        alt = html.escape(f"The batch as bars. {self.title}: {self.summary}.")
        source = f"data:image/svg+xml;base64,{data}"
        return f'<img alt="{alt}" {size} style="max-width:100%;margin:.4em 0;display:block" src="{source}">'

    def __repr__(self) -> str:
        lines = [f"{self.title}: {self.summary}" if self.title else self.summary]
        for number, row in enumerate(self.rows, 1):
            runs = itertools.groupby(row, lambda token: token.kind)
            pieces = (PLAIN[kind].format("".join(_shown(token) for token in run)) for kind, run in runs)
            lines.append(f"row {number}: {' '.join(pieces)}".replace("\n", ""))
        return "\n".join(lines)


def look(batch: Mapping[str, Any], tokenizer: Any, title: str = "", refuse: bool = True) -> View:
    """The microscope's view of one batch.

    Args:
        batch: what the trainer gives the model: `input_ids` and `labels`, (rows, length) each, and `attention_mask`
            of the same shape or `position_ids`. A place with attention 0 is padding, whatever its id.
        tokenizer: the one that made the batch; its `eos_token` is the end that is looked for.
        title: stands above the rows.
        refuse: whether a row in which no end is trained is an error.

    Raises:
        CourseError: in some row no label is the tokenizer's EOS, so from that row the model does not learn to stop.
    """
    ids, labels = (_lists(batch[name]) for name in ("input_ids", "labels"))
    attention = _lists(batch["attention_mask"]) if "attention_mask" in batch else [[1] * len(row) for row in ids]
    positions = _lists(batch["position_ids"]) if "position_ids" in batch else [[None] * len(row) for row in ids]
    eos = tokenizer.eos_token_id
    rows = [
        [
            # The model predicts each token from those before it, so the label of the first is never looked at.
            Token(text, token, _kind(token, label if place else IGNORED, seen, eos), position == 0)
            for place, (text, token, label, seen, position) in enumerate(
                zip(tokenizer.convert_ids_to_tokens(row), row, row_labels, row_seen, row_positions, strict=True)
            )
        ]
        for row, row_labels, row_seen, row_positions in zip(ids, labels, attention, positions, strict=True)
    ]
    view = View(rows, title, tokenizer.eos_token)
    if refuse and (refusal := _refusal(view)):
        raise CourseError(refusal)
    return view


def _refusal(view: View) -> str:
    """Why the batch is refused, or an empty string; where rows differ, those whose ends are masked come first."""
    kinds = {number: {token.kind for token in row} for number, row in enumerate(view.rows, start=1)}
    endless = [number for number, its in kinds.items() if END not in its]
    if not endless:
        return ""
    if masked := [number for number in endless if END_MASKED in kinds[number]]:
        return (
            f"no {view.eos} is trained in {_rows(masked, view)}, where all are masked, so the model will not learn to "
            "stop: mask padding by position, or give it another token, and let the mask cover the end"
        )
    return (
        f"there is no {view.eos} at all in {_rows(endless, view)}, so the model will not learn to stop: raise "
        "max_length, or let the template end an answer with it (or set tokenizer.eos_token to what the template writes)"
    )


def _rows(numbers: list[int], view: View) -> str:
    if len(numbers) == len(view.rows):
        return "any row of this batch"
    named = ", ".join(map(str, numbers[:8])) + (", …" if numbers[8:] else "")
    return f"row{'s' * (len(numbers) > 1)} {named} of this batch's {len(view.rows)}"


def _kind(token: int, label: int, seen: int, eos: int) -> str:
    if not seen:
        return PAD
    if token == eos:
        return END_MASKED if label == IGNORED else END
    return MASKED if label == IGNORED else TRAINED


def _lists(values: Iterable) -> list[list[int]]:
    return values.tolist() if hasattr(values, "tolist") else [list(row) for row in values]


def _shown(token: Token) -> str:
    """The token's text as a reader can see it: its space as a space, a line end as an arrow."""
    text = token.text.replace("<0x0A>", "\n").replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", "\n")
    return text.replace("\n", "\u23ce")


def _run(kind: str, run: list[Token]) -> str:
    """Neighbours of one kind; padding is counted instead of shown."""
    if kind == PAD and len(run) > 3:
        return f"{_mark(run[0])}<small>× {len(run)}</small>"
    return "".join(map(_mark, run))


def _mark(token: Token) -> str:
    text = "·" if token.kind == PAD else results.in_html(_shown(token)).replace(" ", "&nbsp;")
    start = "▸" if token.starts else ""
    note = f' title="id {token.id}, {token.kind}"' if token.id >= 0 else ""
    # A line ends after the token that ends it; between two tokens the page may break the line.
    rest = "<br>" if "\u23ce" in text else "<wbr>"
    style = f"padding:0 1px;margin:0 1px;border-radius:2px;{LOOK[token.kind]}"
    return f'{start}<span style="{style}"{note}>{text}</span>{rest}'
