"""Every SVG in `images/`, written by code: `write_all()` gives the same bytes on each run.

A drawing is a list of strings made by the few shape functions below, in CSS pixels from the top left. Each figure
brings its own white card, so that it reads the same on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from course_utils.plots import COLOURS

IMAGES = Path(__file__).resolve().parent.parent / "images"

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


def box(x: float, y: float, width: float, height: float, *, fill: str, line: str = "none", radius: float = 8) -> str:
    """A rounded rectangle."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}" '
        f'stroke="{line}" stroke-width="1.5"/>'
    )


def card(x: float, y: float, width: float, height: float, lines: Sequence[str], colour: str) -> str:
    """A tinted box with centred lines, the first one bold."""
    step = 19
    top = y + height / 2 - step * (len(lines) - 1) / 2 + 5
    parts = [box(x, y, width, height, fill=tint(colour, 0.1), line=colour)]
    for i, line in enumerate(lines):
        size, shade = (15, INK) if i == 0 else (13, MUTED)
        parts.append(text(x + width / 2, top + i * step, line, size=size, colour=shade, bold=i == 0))
    return "".join(parts)


def arrow(points: Sequence[tuple[float, float]], *, colour: str = INK, dashed: bool = False) -> str:
    """A line through the points, all of its parts horizontal or vertical, with a head at the last point. Dashed lines
    are gradients."""
    (x0, y0), (x, y) = points[-2:]
    length = max(abs(x - x0), abs(y - y0))
    dx, dy = (x - x0) / length, (y - y0) / length
    neck = (x - 9 * dx, y - 9 * dy)  # the line ends inside the head, so that its square end does not show at the tip
    path = "M" + " L".join(f"{px:g} {py:g}" for px, py in [*points[:-1], neck])
    head = f"{x:g},{y:g} {neck[0] - 5 * dy:g},{neck[1] + 5 * dx:g} {neck[0] + 5 * dy:g},{neck[1] - 5 * dx:g}"
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    return line + f'<polygon points="{head}" fill="{colour}"/>'


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


def qlora_layer() -> str:
    """The QLoRA layer: what is stored, what is computed, and where the gradient goes."""
    main, low = 318, 470  # heights of the frozen path and of the adapter's path
    parts = [
        text(30, 38, "A QLoRA layer: the 4-bit base is only read, A and B learn", size=19, bold=True, anchor="start"),
        # what lies in memory
        box(250, 62, 680, 112, fill=COLOURS["panel"]),
        text(266, 84, "in memory, frozen: 4.127 bits a weight", size=13, colour=MUTED, anchor="start"),
        card(266, 96, 200, 64, ["NF4 codes of W", "4 bits for each weight"], QUANTIZED),
        card(490, 96, 200, 64, ["block constants", "8 bits for 64 weights"], QUANTIZED),
        card(714, 96, 200, 64, ["their constants", "32 bits for 256 blocks"], QUANTIZED),
        arrow([(714, 128), (690, 128)], colour=QUANTIZED),
        # dequantize
        arrow([(366, 160), (366, 218), (490, 218)], colour=QUANTIZED),
        arrow([(590, 160), (590, 194)], colour=QUANTIZED),
        card(490, 194, 200, 48, ["dequantize"], QUANTIZED),
        arrow([(590, 242), (590, main - 32)], colour=BASE),
        text(604, 269, "W in bf16, d_out × d_in, not kept", size=13, colour=MUTED, anchor="start"),
        # the frozen path
        card(30, main - 32, 130, 64, ["x", "tokens × d_in"], INK),
        arrow([(160, main), (490, main)]),
        card(490, main - 32, 200, 64, ["x Wᵀ", "tokens × d_out"], BASE),
        arrow([(690, main), (748, main)]),
        f'<circle cx="770" cy="{main}" r="22" fill="{COLOURS["paper"]}" stroke="{INK}" stroke-width="1.5"/>',
        text(770, main + 8, "+", size=24),
        arrow([(792, main), (846, main)]),
        card(846, main - 32, 124, 64, ["y", "tokens × d_out"], INK),
        # the adapter's path
        arrow([(200, main), (200, low), (250, low)]),
        f'<circle cx="200" cy="{main}" r="4" fill="{INK}"/>',
        _trapezoid(250, 350, low, 56, 26, ADAPTER),
        text(300, low - 1, "A", size=18, bold=True),
        text(300, low + 18, "r × d_in", size=13, colour=MUTED),
        arrow([(350, low), (460, low)]),
        text(404, low - 10, "tokens × r", size=13, colour=MUTED),
        _trapezoid(460, 560, low, 26, 56, ADAPTER),
        text(510, low - 1, "B", size=18, bold=True),
        text(510, low + 18, "d_out × r", size=13, colour=MUTED),
        arrow([(560, low), (602, low)]),
        card(602, low - 24, 126, 48, ["× alpha / r"], ADAPTER),
        arrow([(728, low), (770, low), (770, main + 22)]),
    ]
    # gradients: dashed, beside the forward arrows
    up, down = main - 16, low + 84
    parts += [
        arrow([(846, up), (788, up)], colour=GRADIENT, dashed=True),
        arrow([(752, up), (690, up)], colour=GRADIENT, dashed=True),
        arrow([(490, up), (160, up)], colour=GRADIENT, dashed=True),
        text(325, up - 10, "passes through W, which stays as it is", size=13, colour=GRADIENT),
        arrow([(788, main + 20), (788, down), (510, down), (510, low + 46)], colour=GRADIENT, dashed=True),
        arrow([(510, down), (300, down), (300, low + 46)], colour=GRADIENT, dashed=True),
        text(404, down - 9, "updates A and B only", size=13, colour=GRADIENT),
        # the key
        arrow([(30, 590), (78, 590)]),
        text(88, 595, "forward", size=13, colour=MUTED, anchor="start"),
        arrow([(160, 590), (208, 590)], colour=GRADIENT, dashed=True),
        text(218, 595, "gradient, backward", size=13, colour=MUTED, anchor="start"),
        text(970, 595, "A, B: 16- or 32-bit, trained", size=13, colour=MUTED, anchor="end"),
    ]
    return picture(
        1000,
        620,
        "A QLoRA layer",
        "The input x takes two ways. Above, the frozen weights: 4-bit NF4 codes, with 8-bit block constants that have "
        "32-bit constants of their own, are dequantized to bf16 and multiplied with x. Below, x goes through the small "
        "matrix A down to r numbers for each token, through B up to the output's width, and is scaled by alpha divided "
        "by r. Both are added to give y. Dashed arrows show the gradient: it passes through W towards earlier layers "
        "without changing W, and it updates A and B only.",
        parts,
    )


def _trapezoid(x0: float, x1: float, middle: float, left: float, right: float, colour: str) -> str:
    """A shape whose left side is 2·`left` and whose right side is 2·`right` tall: a matrix that narrows or widens."""
    points = f"{x0},{middle - left} {x1},{middle - right} {x1},{middle + right} {x0},{middle + left}"
    return f'<polygon points="{points}" fill="{tint(colour, 0.14)}" stroke="{colour}" stroke-width="1.5"/>'


# The rows of the map; in a row its groups: (name, what it gives, colour, lessons).
MAP = [
    [
        ("Start", "the whole arc, small", INK, [("00", "start here", "ask, tune, ask again")]),
        (
            "Numbers",
            "what a weight is made of, and what it costs to hold one",
            QUANTIZED,
            [
                ("01", "float formats", "fp32 to fp4, bit by bit"),
                ("02", "quantization", "absmax to NF4 and back"),
                ("03", "memory budget", "what fits on which card"),
            ],
        ),
    ],
    [
        ("Adapters", "how so little can learn", ADAPTER, [("04", "LoRA's math", "W + BA, rank, alpha")]),
        (
            "Data and training",
            "the main road: a model that answers",
            COLOURS["after"],
            [
                ("05", "instruction data", "templates, masks, EOS"),
                ("06", "QLoRA with SFT", "before and after"),
            ],
        ),
    ],
    [
        (
            "After training",
            "prove the merge, measure the gain and the loss, prefer the better answer",
            BASE,
            [
                ("07", "merge & inference", "a merge that is proved"),
                ("08", "evaluation", "scores with intervals"),
                ("09", "forgetting", "what tuning costs"),
                ("10", "preferences", "DPO, GRPO, rewards"),
            ],
        )
    ],
    [
        (
            "Beyond",
            "faster, other models, more machines, your own data",
            GRADIENT,
            [
                ("11", "speed", "each rung measured"),
                ("12", "model families", "Falcon to FLAN-T5"),
                ("13", "scaling out", "DDP and FSDP-QLoRA"),
                ("14", "your data", "from JSONL to adapter"),
            ],
        )
    ],
]


def course_map() -> str:
    """The fifteen lessons in their groups."""
    left, width, height, gap, row = 30, 226, 60, 12, 128
    parts = [text(left, 38, "Fifteen lessons; each runs on its own", size=19, bold=True, anchor="start")]
    names = []
    for i, groups in enumerate(MAP):
        y, x = 122 + i * row, left
        for group, gives, colour, lessons in groups:
            parts.append(text(x, y - 30, group, size=16, bold=True, anchor="start"))
            parts.append(text(x, y - 11, gives, size=13, colour=MUTED, anchor="start"))
            names.append(f"{group}: " + ", ".join(f"{number} {name}" for number, name, _ in lessons))
            for number, name, about in lessons:
                parts.append(box(x, y, width, height, fill=tint(colour, 0.1), line=colour))
                parts.append(text(x + 12, y + 37, number, size=19, colour=colour, bold=True, anchor="start"))
                parts.append(text(x + 46, y + 26, name, size=15, bold=True, anchor="start"))
                parts.append(text(x + 46, y + 45, about, size=13, colour=MUTED, anchor="start"))
                x += width + gap
    description = f"The fifteen lessons by group. {'; '.join(names)}."
    return picture(1000, 122 + len(MAP) * row - 40, "Course map", description, parts)


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
        parts.append(text(828, y + 18, f"{fmt.max:,.0f}" if fmt.max < 1e6 else "3.4 × 10³⁸", size=15))
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


FIGURES: dict[str, Callable[[], str]] = {
    "course_map.svg": course_map,
    "float_formats.svg": float_formats,
    "qlora_layer.svg": qlora_layer,
}


def write_all(directory: Path = IMAGES) -> list[Path]:
    """Write every figure into the directory, which is made if absent, and return the paths in order of name."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in sorted(FIGURES.items()):
        paths.append(directory / name)
        # bytes, not text: Windows must not turn the line ends into others
        paths[-1].write_bytes(draw().encode("utf-8"))
    return paths
