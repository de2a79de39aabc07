"""The SVGs in `images/` that show what the package computes or the notebooks say: `write_all()` writes them.

The others there are drawn, not computed: edit them as they are. A drawing here is a list of strings made by the few
shape functions below, in CSS pixels from the top left. Each figure brings its own white card, so that it reads the
same on a light and on a dark page. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from course_utils import contents
from course_utils.errors import CourseError
from course_utils.plots import COLOURS

IMAGES = contents.ROOT / "images"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK, MUTED, BASE = COLOURS["ink"], COLOURS["muted"], COLOURS["base"]
QUANTIZED, ADAPTER, GRADIENT = COLOURS["quantized"], COLOURS["adapter"], COLOURS["accent"]


def tint(colour: str, share: float) -> str:
    """The colour mixed into white: `share` 1 is the colour itself, 0 is white."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (c - 255)):02X}" for c in channels)


def text(
    x: float, y: float, words: str, *, size: float = 15, colour: str = INK, bold: bool = False, anchor: str = "middle"
) -> str:
    """One line of text; `y` is its baseline."""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )


def fitted(x: float, y: float, words: str, room: float, *, size: float, colour: str = INK, bold: bool = False) -> str:
    """`text` from `x` on, in smaller letters where it would be wider than `room` pixels."""
    import matplotlib
    from PIL import ImageFont

    # Of the fonts that a reader may have, DejaVu Sans is the widest, and matplotlib carries it.
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVuSans{'-Bold' if bold else ''}.ttf")
    width = ImageFont.truetype(str(file), 100).getlength(words) / 100  # in letters' sizes
    size = min(size, int(2 * room / width) / 2)
    if size < 11:
        raise CourseError(f"{words!r} does not fit into {room:g} pixels in letters that can be read: use fewer words")
    return text(x, y, words, size=size, colour=colour, bold=bold, anchor="start")


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: str,
    line: str = "none",
    radius: float = 8,
    dashed: bool = False,
) -> str:
    """A rounded rectangle."""
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}" '
        f'stroke="{line}" stroke-width="1.5"{dash}/>'
    )


def picture(width: int, height: int, title: str, description: str, parts: Sequence[str]) -> str:
    """The whole file: a white card, the title and description that a screen reader reads, and the parts."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-labelledby="title desc" font-family="{FONT}">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(description)}</desc>\n'
        f"{box(0.75, 0.75, width - 1.5, height - 1.5, fill=COLOURS['paper'], line=COLOURS['grid'], radius=12)}\n"
        f"{body}\n</svg>\n"
    )


# What each group of lessons gives, and its colour.
GROUPS = {
    "Start": ("the whole arc, small", INK),
    "Numbers": ("what a weight is made of, and what it costs to hold one", QUANTIZED),
    "Adapters": ("how so little can learn", ADAPTER),
    "Data and training": ("the main road: a model that answers", COLOURS["after"]),
    "After training": ("prove the merge, measure the gain and the loss, prefer the better answer", BASE),
    "Beyond": ("faster, other models, more machines, your own data", GRADIENT),
}


def course_map(entries: Sequence[contents.Entry]) -> str:
    """The lessons in their groups, four boxes a row; those that are not written yet have a dashed border.

    Raises `CourseError` for a group that `GROUPS` does not know and for words that are too long for a box.
    """
    left, width, height, gap, row_height, most = 30, 226, 60, 12, 128, 4
    groups: dict[str, list[contents.Entry]] = {}
    for entry in entries:
        if entry.group not in GROUPS:
            raise CourseError(f"lesson {entry.number}: there is no group {entry.group!r}, only {', '.join(GROUPS)}")
        groups.setdefault(entry.group, []).append(entry)
    planned = ", ".join(entry.number for entry in entries if not entry.file)
    parts = [text(left, 38, f"{len(entries)} lessons; each runs on its own", size=19, bold=True, anchor="start")]
    if planned:
        parts.append(text(left + 940, 38, "dashed: not written yet", size=13, colour=MUTED, anchor="end"))
    row = column = 0
    for group, members in groups.items():
        if column and column + len(members) > most:
            row, column = row + 1, 0
        gives, colour = GROUPS[group]
        x, y = left + column * (width + gap), 122 + row * row_height
        parts.append(text(x, y - 30, group, size=16, bold=True, anchor="start"))
        parts.append(text(x, y - 11, gives, size=13, colour=MUTED, anchor="start"))
        for entry in members:
            if column == most:
                row, column = row + 1, 0
            x, y = left + column * (width + gap), 122 + row * row_height
            room = width - 54
            fill = tint(colour, 0.1) if entry.file else COLOURS["paper"]
            parts += [
                box(x, y, width, height, fill=fill, line=colour, dashed=not entry.file),
                text(x + 12, y + 37, entry.number, size=19, colour=colour, bold=True, anchor="start"),
                fitted(x + 46, y + 26, entry.title, room, size=15, bold=True),
                fitted(x + 46, y + 45, entry.about, room, size=13, colour=MUTED),
            ]
            column += 1
    names = [f"{group}: " + ", ".join(f"{m.number} {m.title}" for m in members) for group, members in groups.items()]
    description = f"The lessons by group. {'; '.join(names)}." + (f" Not written yet: {planned}." if planned else "")
    return picture(1000, 122 + row * row_height + height + 28, "Course map", description, parts)


def float_formats() -> str:
    """The formats' bit layouts, one bit a box, aligned where the exponent ends and the mantissa begins."""
    from course_utils.formats import FORMATS

    size, point, top, step = 16, 284, 112, 46
    shades = {"sign": COLOURS["before"], "exponent": GRADIENT, "mantissa": BASE}
    title = "Seven formats: the exponent gives range, the mantissa precision"
    parts = [
        text(30, 38, title, size=19, bold=True, anchor="start"),
        text(30, 60, "one box is one bit", size=13, colour=MUTED, anchor="start"),
        text(point - 8.5 * size, top - 14, "sign", size=13, colour=MUTED, bold=True),
        text(point - 4 * size, top - 14, "exponent", size=13, colour=shades["exponent"], bold=True),
        text(point + 11.5 * size, top - 14, "mantissa", size=13, colour=shades["mantissa"], bold=True),
        text(718, top - 14, "bits", size=13, colour=MUTED),
        text(828, top - 14, "largest", size=13, colour=MUTED),
        text(934, top - 14, "gap after 1", size=13, colour=MUTED),
    ]
    for i, fmt in enumerate(FORMATS.values()):
        y = top + i * step
        parts.append(text(30, y + 18, fmt.name, size=15, bold=True, anchor="start"))
        fields = ["sign"] + ["exponent"] * fmt.exponent_bits + ["mantissa"] * fmt.mantissa_bits
        for j, field in enumerate(fields):
            x = point + (j - 1 - fmt.exponent_bits) * size
            parts.append(box(x + 1, y, size - 2, 26, fill=shades[field], radius=2.5))
        counts = f"1 + {fmt.exponent_bits} + {fmt.mantissa_bits} = {fmt.bits}"
        parts.append(text(718, y + 18, counts, size=13))
        digits, power = f"{fmt.max:.1e}".split("e")
        largest = f"{fmt.max:,.0f}" if fmt.max < 1e6 else f"{digits} × 10{_superscript(int(power))}"
        parts.append(text(828, y + 18, largest, size=15))
        parts.append(text(934, y + 18, f"2{_superscript(-fmt.mantissa_bits)}", size=15))
    bottom = top + len(FORMATS) * step
    parts.append(
        f'<path d="M{point} {top - 6} V{bottom - 14}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="4 3"/>'
    )
    layouts = "; ".join(
        f"{f.name}: 1 sign, {f.exponent_bits} exponent and {f.mantissa_bits} mantissa bits" for f in FORMATS.values()
    )
    description = f"The bit layouts of seven floating-point formats, aligned between exponent and mantissa. {layouts}."
    return picture(1000, bottom + 14, "Bit layouts of float formats", description, parts)


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def nf4_levels() -> str:
    """NF4's levels on the normal curve whose quantiles they are, the bins of the levels in alternating shades."""
    import math
    from statistics import NormalDist

    from course_utils.quantize import NF4_LARGEST_QUANTILE, nf4_codebook

    levels = nf4_codebook().tolist()
    reach = NormalDist().inv_cdf(NF4_LARGEST_QUANTILE)  # where the outermost level stands
    left, right, ground, height, limit = 40, 960, 372, 268, 2.75

    def x(z: float) -> float:
        return left + (right - left) * (z + limit) / (2 * limit)

    def y(z: float) -> float:
        return ground - height * math.exp(-z * z / 2)

    def under(start: float, end: float) -> str:
        points = [start + (end - start) * i / 24 for i in range(25)]
        curve = " L".join(f"{x(z):.1f} {y(z):.1f}" for z in points)
        return f"M{x(start):.1f} {ground} L{curve} L{x(end):.1f} {ground} Z"

    borders = [reach * (a + b) / 2 for a, b in zip(levels, levels[1:], strict=False)]
    edges = [-limit, *borders, limit]
    parts = [
        text(30, 38, "NF4: sixteen levels at quantiles of the normal distribution", size=19, bold=True, anchor="start"),
        text(30, 62, "a weight goes to the level of the strip it falls into", size=13, colour=MUTED, anchor="start"),
    ]
    for i, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
        parts.append(f'<path d="{under(start, end)}" fill="{BASE}" fill-opacity="{0.1 if i % 2 else 0.24}"/>')
    outline = " L".join(f"{x(z / 40):.1f} {y(z / 40):.1f}" for z in range(-110, 111))
    parts.append(f'<path d="M{outline}" fill="none" stroke="{BASE}" stroke-width="2"/>')
    parts.append(f'<path d="M{left} {ground} H{right}" stroke="{MUTED}" stroke-width="1"/>')
    for i, level in enumerate(levels):
        z = level * reach
        parts.append(
            f'<path d="M{x(z):.1f} {ground + 6} V{y(z):.1f}" stroke="{QUANTIZED}" stroke-width="3" '
            f'stroke-linecap="round"/>'
        )
        words = (f"{level:.2f}" if 0 < abs(level) < 1 else f"{level:.0f}").replace("-", "\N{MINUS SIGN}")
        parts.append(text(round(x(z), 1), ground + 24, f"{i}", size=13, colour=MUTED))
        parts.append(text(round(x(z), 1), ground + (45 if i % 2 else 63), words, size=13))
    share = f"{100 * NF4_LARGEST_QUANTILE:.1f} % of the curve"
    parts += [
        text(82, ground + 24, "code", size=13, colour=MUTED),
        text(82, ground + 45, "level", size=13),
        text(846, 190, share, size=13, colour=MUTED),
        text(846, 208, "lies left of the last level", size=13, colour=MUTED),
        f'<path d="M810 220 L810 301" fill="none" stroke="{MUTED}" stroke-width="2"/>'
        f'<polygon points="810,310 805,301 815,301" fill="{MUTED}"/>',
        text(500, ground + 92, "place on the normal curve; a level: its place ÷ the last one's", size=13, colour=MUTED),
    ]
    listed = ", ".join(f"{level:.4f}" for level in levels)
    description = (
        "A normal curve with sixteen vertical lines, the levels of NF4, dense in the middle and rare at the ends. The "
        f"area under the curve is cut halfway between neighbouring levels. The levels are {listed}."
    )
    return picture(1000, ground + 112, "NF4's levels on a normal curve", description, parts)


def memory_budget() -> str:
    """The fullest moment of a training step of Llama 2 7B by four methods, beside what two cards have."""
    from course_utils import memory

    bars = {
        "full fine-tuning": {"method": "full", "optimizer": "adamw_master"},
        "LoRA": {"method": "lora", "precision": "mixed"},
        "QLoRA": {"method": "qlora", "precision": "mixed"},
        "QLoRA, checkpointing": {"method": "qlora", "precision": "mixed", "checkpointing": True},
    }
    groups = {
        "weights": (BASE, ("linear weights", "4-bit codes", "quantization constants", "embedding and head", "norms")),
        "what is trained: adapters, gradients, Adam": (
            ADAPTER,
            ("adapters", "gradients", "optimizer states", "update"),
        ),
        "activations, loss and workspace": (GRADIENT, ()),  # all else
    }
    left, right, top, step, thick, most = 220, 960, 106, 58, 34, 120

    def x(gigabytes: float) -> float:
        return round(left + (right - left) * gigabytes / most, 1)

    parts = [
        text(30, 38, "One training step of Llama 2 7B at its fullest moment", size=19, bold=True, anchor="start"),
        text(30, 62, "4 rows of 512 tokens, rank 16, adapters in float32; GB", size=13, colour=MUTED, anchor="start"),
    ]
    bottom, said = top + step * len(bars) - 12, []
    for card in (24, 80):
        place = f"M{x(card)} {top - 14} V{bottom}"
        parts.append(f'<path d="{place}" stroke="{MUTED}" stroke-width="1.5" stroke-dasharray="5 4"/>')
        parts.append(text(x(card), top - 20, f"a card of {card} GB", size=13, colour=MUTED))
    for number, (name, options) in enumerate(bars.items()):
        budget = memory.estimate("llama-2-7b", batch=4, **options)
        y, start = top + step * number, 0.0
        known = {part for _, names in groups.values() for part in names}
        for colour, names in groups.values():
            chosen = [p for p in budget.parts if (p in names if names else p not in known)]
            size = sum(budget.parts[part] for part in chosen) / 1e9
            if size:
                parts.append(box(x(start), y, x(start + size) - x(start), thick, fill=colour, radius=0))
            start += size
        parts.append(text(left - 14, y + 22, name, anchor="end"))
        # On paper of its own, so that no card's line goes through the number.
        parts.append(box(x(start) + 6, y + 6, 42, 22, fill=COLOURS["paper"], radius=0))
        parts.append(text(x(start) + 10, y + 22, f"{start:.1f}", bold=True, anchor="start"))
        said.append(f"{name} {start:.1f} GB")
    place = 30
    for name, (colour, _) in groups.items():
        parts.append(box(place, bottom + 22, 14, 14, fill=colour, radius=2))
        parts.append(text(place + 22, bottom + 34, name, size=13, anchor="start"))
        place += 60 + 7.4 * len(name)
    description = (
        "Four stacked bars of weights, what is trained, and activations, beside the lines of cards of 24 and 80 GB: "
        f"{', '.join(said)}. Full fine-tuning is mostly what is trained, LoRA mostly weights, QLoRA mostly "
        "activations, which checkpointing takes away."
    )
    return picture(1000, bottom + 56, "The memory of a training step by method", description, parts)


def write_all(directory: Path = IMAGES, notebooks: Path = contents.NOTEBOOKS) -> list[Path]:
    """Write every figure into the directory, which is made if absent, and return the paths in order of name."""
    drawings = {
        "course_map.svg": course_map(contents.entries(notebooks)),
        "float_formats.svg": float_formats(),
        "memory.svg": memory_budget(),
        "nf4_levels.svg": nf4_levels(),
    }
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / name for name in drawings]
    for path, drawing in zip(paths, drawings.values(), strict=True):
        path.write_bytes(drawing.encode("utf-8"))  # bytes: Windows must not turn the line ends into others
    return paths
