"""Puts a finished pretraining run into the package: weights, tokenizer, receipt, credits and the model card.

    python -m course_utils.making.publish --run DIR --corpus DIR

The card is made from the receipt alone, so that no number in it is typed by hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

ASSETS = Path(__file__).parent.parent / "assets"
CREDITS = "storybooks_en_credits.tsv"
CURVE = "loss_curve.svg"
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#5C6773"


def curve_svg(receipt: dict[str, Any], width: int = 720, height: int = 300) -> str:
    """Training loss (nats a token) and held-out bits per byte by step, as an SVG picture."""
    left, right, top, bottom = 56, width - 56, 40, height - 44
    curve = receipt["curve"]
    steps = max(point["step"] for point in curve) + 1
    highest = max(point["loss"] for point in curve)

    def path(name: str, low: float, high: float) -> str:
        points = [(point["step"], point[name]) for point in curve if name in point]
        return " ".join(
            f"{left + (right - left) * step / steps:.1f},{bottom - (bottom - top) * (value - low) / (high - low):.1f}"
            for step, value in points
        )

    def text(x: float, y: float, words: str, colour: str = GREY, anchor: str = "middle") -> str:
        return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" text-anchor="{anchor}">{words}</text>'

    last = receipt["heldout_bits_per_byte"]
    marks = [text(left + (right - left) * k / 4, bottom + 18, f"{steps * k // 4:,}") for k in range(5)]
    marks += [
        text(left - 8, bottom - (bottom - top) * v / highest + 4, str(v), anchor="end")
        for v in range(0, int(highest) + 1, 2)
    ]
    marks += [text(right + 8, bottom - (bottom - top) * v / 4 + 4, str(v), anchor="start") for v in range(5)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="12" '
            'font-family="system-ui, sans-serif">',
            f"<title>Pretraining: held-out English ends at {last:.3f} bits per byte</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<path d="M{left} {top}V{bottom}H{right}V{top}" fill="none" stroke="{GREY}"/>',
            f'<polyline points="{path("loss", 0, highest)}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
            f'<polyline points="{path("bits_per_byte", 0, 4)}" fill="none" stroke="{ORANGE}" '
            'stroke-width="2" stroke-dasharray="6 4"/>',
            text(left, 24, "training loss (nats a token)", BLUE, "start"),
            text(right, 24, "held-out English (bits per byte), dashed", ORANGE, "end"),
            text((left + right) / 2, height - 8, "optimizer step"),
            *marks,
            "</svg>\n",
        ]
    )


def _first(receipt: dict[str, Any]) -> str:
    """What the card says of the run that this one went on from; nothing if it began with fresh weights."""
    if "first" not in receipt:
        return ""
    first = receipt["first"]
    # How the small world is written changed between the two runs: only that revision writes it as the first one did.
    revision = f", at revision {first['revision']} of this repository" if "revision" in first else ""
    return f"""
It went on from the model of a first run{revision}:

```
{first["command"]}
```

{first["tokens"] / 1e6:,.0f} million tokens, {first["seconds"] / 60:.0f} minutes on: {first["hardware"]}. That run read simple English {first["passes"]["simple_english"]:.1f} times, general English {first["passes"]["general_english"]:.1f} times and its small world {first["passes"]["world"]:.1f} times, and ended at {first["heldout_bits_per_byte"]:.3f} bits per byte. The curve above and the table below are of the second run.
"""  # noqa: E501


def _last_step(receipt: dict[str, Any]) -> str:
    """What the card says of ``unloop``; nothing if it was not run."""
    if "unloop" not in receipt:
        return ""
    step = receipt["unloop"]
    recipe, updates = step["recipe"], step["updates"]
    tenth = max(1, len(updates) // 10)
    early, late = (sum(u["repeated"] for u in some) / tenth for some in (updates[:tenth], updates[-tenth:]))
    return f"""
Then it unlearned to go round in circles:

```
{step["command"]}
```

{len(updates)} updates, each on {recipe["beginnings"]} texts that the model itself wrote greedily and on {recipe["rows"]} rows of ordinary text; {step["seconds"] / 60:.0f} minutes on: {step["hardware"]}. The share of its own text in which it repeats itself fell from {early:.0%} to {late:.0%}, the openings that loop from {step["looping_before"]} to {receipt["looping"]} of {len(receipt["continuations"])}. It cost {receipt["heldout_bits_per_byte"] - step["heldout_bits_per_byte_before"]:.3f} bits per byte: {step["heldout_bits_per_byte_before"]:.3f} before.
"""  # noqa: E501


def card(receipt: dict[str, Any]) -> str:
    """The model card, in Markdown."""
    recipe, tokens = receipt["recipe"], receipt["source_tokens"]
    sources = {
        "simple_english": "fairy tales, storybooks, children's books and short stories with short sentences",
        "general_english": "the rest of the children's books and short stories",
        "world": "the small world that `course_utils/world/` generates",
    }
    rows = "\n".join(
        f"| {sources[name]} | {count:,} | {receipt['passes'][name]:.2f} |" for name, count in tokens.items()
    )
    samples = "\n".join(f"> {' '.join(text.split())}\n" for text in receipt["continuations"][:6])
    size = receipt["parameters"]
    return f"""# pocket-llama

A small Llama for teaching. It completes simple English, and it cannot follow an instruction until you fine-tune it: that is what the course is about.

| | |
|---|---|
| architecture | Llama: RMSNorm, rotary positions, SwiGLU, grouped-query attention, tied embeddings |
| size | {size / 1e6:.2f} million parameters: {recipe["layers"]} layers, width {recipe["hidden"]}, {recipe["heads"]} heads, {recipe["kv_heads"]} key-value heads, SwiGLU width {recipe["intermediate"]} |
| tokenizer | byte-pair encoding, {recipe["vocabulary"]:,} entries, single bytes to fall back on; `<unk>` 0 (also padding), `<s>` 1, `</s>` 2 |
| positions | {recipe["positions"]:,}; trained on rows of {recipe["row_tokens"]} tokens |
| format | safetensors, bf16; `SHA256SUMS` beside it |
| licence | Apache-2.0 |

## Result

**{receipt["heldout_bits_per_byte"]:.3f} bits per byte** on 46 stories that it never saw (FairytaleQA, validation and test), in consecutive windows of 512 tokens from each story's start, measured on these bf16 weights. Of twenty greedy continuations of ordinary story openings, 80 tokens each, {receipt["looping"]} say the same four words three times or more.

![Training loss and held-out bits per byte]({CURVE})

## Training

```
{receipt["command"]}
```

{receipt["tokens"] / 1e6:,.0f} million tokens in {recipe["steps"]:,} steps of {recipe["rows"]} rows, {receipt["seconds"] / 60:.0f} minutes on: {receipt["hardware"]} (torch {receipt["versions"]["torch"]}, transformers {receipt["versions"]["transformers"]}, {receipt["date"]}). Muon for the matrices in the layers (rate {recipe["muon_rate"]}), AdamW for the embedding and the norms (rate {recipe["adam_rate"]}), weight decay {recipe["weight_decay"]}, dropout {recipe["dropout"]}, the rate falling to zero over the last {recipe["decay"]:.0%} of the steps. {recipe["loop_rows"]} of the rows in a step repeat a piece of themselves, and the repetitions are unlearned (unlikelihood). Everything else is in the [receipt](../receipts/pocket_llama.json).
{_first(receipt)}{_last_step(receipt)}
| text | tokens | times read |
|---|---|---|
{rows}

## Where the text comes from

- Fairy tales, children's books and short stories from Project Gutenberg, by way of the collections ChiLit (mahlberg-lab/corpora) and LCATS (xenotaur/LCATS): public domain in the United States.
- FairytaleQA, the stories of its training part: Apache-2.0.
- Global African Storybook Project and Global Asian Storybooks: CC BY. Each book's title, author and licence are in [{CREDITS}]({CREDITS}).
- 0.2 MB of TinyStories: CDLA-Sharing-1.0.
- The small world: generated by this package, Apache-2.0.

Exact and near duplicates were removed, and passages with ethnic slurs. The prose itself is not part of the package; only weights made from it are.

## What it writes

Greedy continuations, not chosen: the first six of twenty openings.

{samples}
## Limits

- It knows a few hundred animals, foods, jobs, places and things, and simple prose. Beyond that it makes things up, fluently.
- Much of its prose is from before 1930: its manners and its view of people are of that time.
- English only; 1,024 positions; small sums at best.

## What it must not be used for

It is for learning how language models are trained and changed. Do not use it to inform, advise or decide anything about anyone, and do not put it before children as a storyteller without reading along: nothing filters what it writes.
"""  # noqa: E501


def publish(run: Path, corpus: Path, assets: Path = ASSETS) -> None:
    """Copies the run's model, receipt and credits into ``assets`` and writes the card.

    Raises:
        CourseError: if the run is not finished, or the corpus has no credits.
    """
    for path in (run / "receipt.json", run / "model" / "SHA256SUMS", corpus / CREDITS):
        if not path.exists():
            raise CourseError(f"{path} is missing: finish the pretraining first, and give its corpus directory")
    receipt = json.loads((run / "receipt.json").read_text())
    target = assets / "pocket-llama"
    fresh = assets / "pocket-llama.part"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(run / "model", fresh)
    shutil.copyfile(corpus / CREDITS, fresh / CREDITS)
    (fresh / "README.md").write_text(card(receipt))
    (fresh / CURVE).write_text(curve_svg(receipt))
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    (assets / "receipts").mkdir(exist_ok=True)
    shutil.copyfile(run / "receipt.json", assets / "receipts" / "pocket_llama.json")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_utils.making.publish", description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the --out directory of a finished pretraining")
    parser.add_argument("--corpus", type=Path, required=True, help="its corpus directory, with the storybook credits")
    given = parser.parse_args(arguments)
    try:
        publish(given.run, given.corpus)
    except (CourseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
