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


def lora_update() -> str:
    """W + BA: a large frozen matrix, and its change as the product of a tall and a wide one, drawn to one scale."""
    side, thin, top = 200, 22, 104  # the rank is drawn a little wider than one in nine of the side
    middle = top + side / 2
    parts = [
        text(30, 38, "LoRA: a matrix changes by the product of two thin ones", size=19, bold=True, anchor="start"),
        # W
        box(70, top, side, side, fill=tint(BASE, 0.1), line=BASE, radius=3),
        text(170, middle - 2, "W", size=30, bold=True),
        text(170, middle + 22, "frozen", size=13, colour=MUTED),
        text(170, top - 12, "d_in", size=13, colour=MUTED),
        text(62, middle + 4, "d_out", size=13, colour=MUTED, anchor="end"),
        text(318, middle + 9, "+", size=28),
        text(390, middle - 3, "alpha", size=17, colour=ADAPTER, bold=True),
        f'<path d="M362 {middle + 4:g} H418" stroke="{ADAPTER}" stroke-width="1.5"/>',
        text(390, middle + 23, "r", size=17, colour=ADAPTER, bold=True),
        # B
        box(446, top, thin, side, fill=tint(ADAPTER, 0.14), line=ADAPTER, radius=3),
        text(457, middle + 8, "B", size=20, bold=True),
        text(457, top - 12, "r", size=13, colour=MUTED),
        text(457, top + side + 22, "starts at zero", size=13, colour=MUTED),
        text(498, middle + 7, "·", size=28),
        # A
        box(528, middle - thin / 2, side, thin, fill=tint(ADAPTER, 0.14), line=ADAPTER, radius=3),
        text(628, middle + 7, "A", size=20, bold=True),
        text(628, middle - 22, "d_in", size=13, colour=MUTED),
        text(738, middle + 5, "r", size=13, colour=MUTED, anchor="start"),
        text(628, middle + 36, "starts at random", size=13, colour=MUTED),
        # what it costs
        text(776, middle - 40, "d_in = d_out = 4,096, r = 16:", size=13, colour=MUTED, anchor="start"),
        text(776, middle - 14, f"W: {4096 * 4096:,} numbers", size=15, colour=BASE, bold=True, anchor="start"),
        text(776, middle + 10, f"A and B: {16 * 2 * 4096:,}", size=15, colour=ADAPTER, bold=True, anchor="start"),
        text(776, middle + 36, f"{100 * 16 * 2 / 4096:.1f} % as many", size=13, colour=MUTED, anchor="start"),
    ]
    return picture(
        1000,
        352,
        "LoRA's update of a weight matrix",
        "A large square, the frozen weight matrix W of d_out rows and d_in columns, plus alpha divided by r times the "
        "product of two thin matrices: B, which has d_out rows and r columns and starts at zero, and A, which has r "
        "rows and d_in columns and starts at random. For 4,096 inputs and outputs and rank 16, W holds 16,777,216 "
        "numbers, A and B together 131,072.",
        parts,
    )


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


def nf4_levels() -> str:
    """NF4's levels on the normal curve whose quantiles they are, the bins of the levels in alternating shades."""
    import math

    from course_utils.quantize import NF4_LARGEST_QUANTILE, nf4_codebook

    levels = nf4_codebook().tolist()
    reach = 1.848  # the normal quantile of NF4_LARGEST_QUANTILE, where the outermost level stands
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
        arrow([(810, 220), (810, 310)], colour=MUTED),
        text(500, ground + 92, "weight ÷ largest magnitude of its block", size=13, colour=MUTED),
    ]
    listed = ", ".join(f"{level:.4f}" for level in levels)
    description = (
        "A normal curve with sixteen vertical lines, the levels of NF4, dense in the middle and rare at the ends. The "
        f"area under the curve is cut halfway between neighbouring levels. The levels are {listed}."
    )
    return picture(1000, ground + 112, "NF4's levels on a normal curve", description, parts)


def blockwise_double_quantization() -> str:
    """Weights in blocks, their constants in 8 bits, and the constants of these; with the bits that each costs."""
    parts = [
        text(30, 38, "Blockwise quantization, and double quantization", size=19, bold=True, anchor="start"),
        text(30, 88, "weights", size=15, bold=True, anchor="start"),
        text(30, 107, "4-bit codes", size=13, colour=MUTED, anchor="start"),
        text(30, 217, "constants", size=15, bold=True, anchor="start"),
        text(30, 236, "one a block", size=13, colour=MUTED, anchor="start"),
        text(30, 343, "the same,", size=15, bold=True, anchor="start"),
        text(30, 362, "quantized", size=15, bold=True, anchor="start"),
        text(30, 462, "second", size=15, bold=True, anchor="start"),
        text(30, 481, "constants", size=15, bold=True, anchor="start"),
    ]
    width, gap, first = 156, 16, 130
    for i in range(3):
        start = first + i * (width + gap)
        middle = start + width / 2
        for j in range(13):
            shade = (0.2, 0.55, 0.35, 0.8, 0.3, 0.65)[(5 * i + 7 * j) % 6]
            parts.append(
                f'<rect x="{start + j * 12}" y="76" width="10" height="34" rx="2" fill="{QUANTIZED}" '
                f'fill-opacity="{shade}"/>'
            )
        parts.append(text(middle, 130, "a block: 64 codes", size=13, colour=MUTED))
        parts.append(arrow([(middle, 138), (middle, 190)], colour=INK))
        parts.append(card(start + 18, 190, 120, 56, ["absmax", "32 bits"], BASE))
        parts.append(arrow([(middle, 246), (middle, 316)], colour=INK))
        parts.append(card(start + 18, 316, 120, 56, ["code", "8 bits"], QUANTIZED))
        parts.append(arrow([(middle, 372), (middle, 440)], colour=INK))
    end = first + 3 * (width + gap)
    parts += [text(end + 10, y, "…", size=19, colour=MUTED) for y in (100, 222, 348)]
    parts += [
        text(first + width / 2 + 12, 285, "less the mean of all", size=13, colour=MUTED, anchor="start"),
        text(first + width / 2 + 12, 411, "÷ the largest of 256", size=13, colour=MUTED, anchor="start"),
        card(first + 18, 440, 2 * (width + gap) + 120, 56, ["constant of 256 constants", "32 bits"], BASE),
        box(700, 62, 270, 434, fill=COLOURS["panel"]),
        text(720, 92, "bits a weight", size=15, bold=True, anchor="start"),
        text(720, 140, "with constants in 32 bits", size=13, colour=MUTED, anchor="start"),
    ]
    rows = [
        (168, "codes", "4", QUANTIZED),
        (196, "constants, 32 / 64", "0.5", BASE),
        (232, "together", "4.5", INK),
        (316, "codes", "4", QUANTIZED),
        (344, "constants, 8 / 64", "0.125", QUANTIZED),
        (372, "second, 32 / 16,384", "0.002", BASE),
        (408, "together", "4.127", INK),
    ]
    parts.append(text(720, 288, "with double quantization", size=13, colour=MUTED, anchor="start"))
    for y, name, bits, colour in rows:
        total = name == "together"
        if not total:
            parts.append(box(720, y - 10, 10, 10, fill=colour, radius=2))
        parts.append(text(720 if total else 738, y, name, size=15, bold=total, anchor="start"))
        parts.append(text(952, y, bits, size=15, bold=total, anchor="end"))
        if total:
            parts.append(f'<path d="M720 {y - 24} H952" stroke="{MUTED}" stroke-width="1"/>')
    parts.append(text(720, 452, "and one mean, 32 bits,", size=13, colour=MUTED, anchor="start"))
    parts.append(text(720, 471, "for the whole tensor", size=13, colour=MUTED, anchor="start"))
    description = (
        "Weights are cut into blocks of 64. Each block has 4-bit codes and one 32-bit constant, its absmax: 4 plus "
        "32/64 is 4.5 bits a weight. Double quantization takes the mean off the constants, stores each in 8 bits, and "
        "keeps one second constant of 32 bits for 256 of them: 4 plus 8/64 plus 32/(64 times 256) is 4.127 bits."
    )
    return picture(1000, 520, "Blockwise and double quantization", description, parts)


def score_chain() -> str:
    """How a score comes about, and what could have been otherwise at each link."""
    links = [
        (["a model", "trained once"], "another seed", "trains another model", ADAPTER),
        (["questions", "drawn from many"], "other questions,", "or ones it has seen", BASE),
        (["answers", "greedy or sampled"], "another draw, another", "batch, another format", QUANTIZED),
        (["a rule or a judge", "right or wrong"], "another rule, a judge", "with habits of its own", GRADIENT),
        (["the score", "one number"], "an interval around it,", "and other scores beside it", COLOURS["after"]),
    ]
    width, gap, top = 170, 22, 74
    parts = [text(30, 38, "One score, and what could have been otherwise", size=19, bold=True, anchor="start")]
    for i, (lines, first, second, colour) in enumerate(links):
        x = 30 + i * (width + gap)
        parts.append(card(x, top, width, 68, lines, colour))
        parts.append(arrow([(x + width / 2, top + 122), (x + width / 2, top + 70)], colour=colour))
        parts += [text(x + width / 2, top + 142 + 18 * k, line, size=13) for k, line in enumerate((first, second))]
        if i:
            parts.append(arrow([(x - gap, top + 34), (x - 1, top + 34)]))
    description = "Five boxes in a row, joined by arrows. " + " ".join(
        f"{lines[0].capitalize()}, {lines[1]}; below it: {first} {second}." for lines, first, second, _ in links
    )
    return picture(1000, 262, "How a score comes about", description, parts)


def loss_mask() -> str:
    """One conversation as tokens, what is trained under it, and two conversations in one row."""
    tokens = [
        ("<s>", 0), ("<|user|>", 0), ("Opposite", 0), ("of hot?", 0), ("</s>", 0),
        ("<|assistant|>", 0), ("Cold", 1), (".", 1), ("</s>", 2),
    ]  # fmt: skip
    title = "One conversation, as the trainer sees it"
    parts = [text(30, 38, title, size=19, bold=True, anchor="start")]
    x, ends = 30.0, []
    for word, kind in tokens:
        width = 22 + 9.2 * len(word)
        fill, line = (tint(ADAPTER, 0.14), ADAPTER) if kind else (COLOURS["panel"], COLOURS["before"])
        parts.append(box(x, 62, width, 40, fill=fill, line=INK if kind == 2 else line, radius=5))
        if kind == 2:
            parts.append(box(x + 4, 66, width - 8, 32, fill="none", line=INK, radius=3))
        parts.append(text(x + width / 2, 87, word, size=15, bold=bool(kind)))
        ends.append((x, x + width))
        x += width + 8
    masked, trained = ends[5][1], ends[6][0]
    for left, right, words, colour in (
        (30, masked, "masked: the model reads it and is not graded on it", MUTED),
        (trained, ends[-1][1], "trained: the answer and its end", ADAPTER),
    ):
        parts.append(f'<path d="M{left:g} 112 V120 H{right:g} V112" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(text((left + right) / 2, 140, words, size=14, colour=colour, bold=True))
    parts.append(text(30, 192, "Two conversations in one row", size=19, bold=True, anchor="start"))
    step, x = 39, 30.0
    for length, colour in ((13, BASE), (11, QUANTIZED)):
        for i in range(length):
            parts.append(box(x, 212, step - 4, 36, fill=tint(colour, 0.14), line=colour, radius=4))
            parts.append(text(x + step / 2 - 2, 236, str(i), size=14, bold=i == 0))
            x += step
    words = "positions start again at 0: the second conversation does not see the first"
    parts.append(text(30, 274, words, size=14, colour=MUTED, anchor="start"))
    description = (
        "The tokens of one conversation in boxes. Everything up to the assistant's mark is masked; the answer and the "
        "end token after it are trained. Below, two conversations in one row of boxes numbered by position: the "
        "numbers start again at 0 where the second begins."
    )
    return picture(1000, 296, "Loss mask and packing", description, parts)


def merge_paths() -> str:
    """The four ways to merge an adapter: what BA is added to, and what comes out."""
    rows = [
        ("a", ["Ŵ: the codes,", "given back in 16 bits"], QUANTIZED, "added", ["16-bit model"]),
        ("b", ["W: the original", "16-bit weights"], BASE, "added", ["16-bit model"]),
        ("c", ["the 4-bit codes", "themselves"], QUANTIZED, "added, rounded to 16 levels", ["4-bit model"]),
        ("d", ["Ŵ: the codes,", "given back in 16 bits"], QUANTIZED, "added, saved, quantized again", ["4-bit model"]),
    ]
    parts = [
        text(30, 38, "As trained: 4-bit codes, and BA beside them", size=19, bold=True, anchor="start"),
        card(560, 14, 180, 44, ["4-bit codes"], QUANTIZED),
        text(762, 42, "+", size=24),
        card(786, 14, 90, 44, ["BA"], ADAPTER),
        text(30, 104, "Four ways to make one matrix of the two", size=19, bold=True, anchor="start"),
    ]
    for i, (name, lines, colour, how, result) in enumerate(rows):
        top = 126 + 78 * i
        middle = top + 30
        parts += [
            text(46, middle + 7, name, size=22, bold=True),
            card(84, top, 210, 60, lines, colour),
            text(318, middle + 8, "+", size=24),
            card(344, top + 8, 90, 44, ["BA"], ADAPTER),
            arrow([(446, middle), (734, middle)]),
            text(590, middle - 10, how, size=14, colour=MUTED),
            card(740, top + 4, 210, 52, result, BASE if "16" in result[0] else QUANTIZED),
        ]
    spoken = " ".join(f"{name}: {' '.join(to)} plus BA, {how}, gives a {made[0]}." for name, to, _, how, made in rows)
    description = f"As trained, the adapter BA stands beside the 4-bit codes. Four ways to merge. {spoken}"
    return picture(1000, 446, "Four ways to merge an adapter", description, parts)


FIGURES: dict[str, Callable[[], str]] = {
    "blockwise_double_quantization.svg": blockwise_double_quantization,
    "course_map.svg": course_map,
    "float_formats.svg": float_formats,
    "lora_update.svg": lora_update,
    "loss_mask.svg": loss_mask,
    "merge_paths.svg": merge_paths,
    "nf4_levels.svg": nf4_levels,
    "qlora_layer.svg": qlora_layer,
    "score_chain.svg": score_chain,
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
