"""What a fast pace costs in score: SmolLM2 by rows a step and learning rate. Lesson 06's receipt.

    python -m course_utils.making.paces --out paces.json --lane 0 --lanes 1     # on a GPU, half an hour
    python -m course_utils.making.paces --out /tmp/paces.json --quick           # the same path, pocket-llama, a CPU

Packed, a step holds more conversations, and an epoch has fewer steps. What is lost by that, and what a higher rate
brings back, needs a model with weights of its own. Several processes can share the work: each takes every
``--lanes``-th run and writes a file of its own; ``--join`` puts such files together. How long a training took means
something only where it ran alone, ``at_a_time`` 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from course_utils import adapters, data, environment, evaluate, models

# What a way changes of the recipe's numbers: the rows of a step, whether they are packed, and how often its rate.
WAYS: dict[str, tuple[int, bool, float]] = {
    "as published": (8, False, 1.0),
    "as published, twice the rate": (8, False, 2.0),
    "2 packed rows": (2, True, 1.0),
    "2 packed rows, twice the rate": (2, True, 2.0),
    "8 packed rows": (8, True, 1.0),
    "8 packed rows, twice the rate": (8, True, 2.0),
    "8 packed rows, four times the rate": (8, True, 4.0),
}
FEW_ROWS = ("as published", "8 packed rows", "8 packed rows, twice the rate", "8 packed rows, four times the rate")
SEEDS = (0, 1)
FULL = [(rows, way, seed) for rows, ways in ((4400, WAYS), (1100, FEW_ROWS)) for way in ways for seed in SEEDS]
QUICK = [(64, "8 packed rows, four times the rate", 0)]


def run(model: str, rows: int, way: str, seed: int, questions: int) -> dict[str, Any]:
    """One training and its score."""
    batch, packing, times = WAYS[way]
    numbers = adapters.recipe(model, "book")
    numbers |= {"batch": batch, "accumulation": 1, "packing": packing, "checkpointing": False}
    numbers["learning_rate"] *= times
    began = time.perf_counter()
    net, tokenizer, losses = adapters.train(model, data.instructions("train", rows, seed), seed, numbers)
    took = time.perf_counter() - began
    heldout = data.instructions("heldout", questions, 1000 + seed)
    answers = evaluate.answer(net, tokenizer, heldout["prompt"], evaluate.token_limits(heldout))
    right = evaluate.exact_match(answers, heldout)
    return {
        "rows": rows, "way": way, "seed": seed, "learning_rate": numbers["learning_rate"], "loss": losses[-1],
        "right": sum(right) / questions, "train_seconds": took,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--lane", type=int, default=0, help="which of the processes this is, from 0")
    parser.add_argument("--lanes", type=int, default=1, help="processes that share the runs")
    parser.add_argument("--join", type=Path, nargs="+", help="only puts these files together")
    parser.add_argument("--quick", action="store_true", help="one run of seconds")
    given = parser.parse_args(arguments)
    if given.join:
        parts = [json.loads(part.read_text()) for part in given.join]
        runs = sorted((entry for part in parts for entry in part["runs"]), key=lambda entry: entry["rows"])
        given.out.write_text(json.dumps(parts[0] | {"runs": runs}, indent=1) + "\n")
        return 0
    environment.prepare()
    import bitsandbytes
    import peft
    import torch
    import transformers
    import trl

    model = "pocket-llama" if given.quick else "smollm2"
    receipt: dict[str, Any] = {
        "command": "python -m course_utils.making.paces --out FILE" + (" --quick" if given.quick else ""),
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": {each.__name__: each.__version__ for each in (torch, transformers, peft, bitsandbytes, trl)},
        "model": model,
        "questions": 16 if given.quick else 400,
        "runs": json.loads(given.out.read_text())["runs"] if given.out.exists() else [],
    }
    made = {(entry["rows"], entry["way"], entry["seed"]) for entry in receipt["runs"]}
    for asked in (QUICK if given.quick else FULL)[given.lane :: given.lanes]:
        if asked not in made:
            receipt["runs"].append(run(model, *asked, receipt["questions"]) | {"at_a_time": given.lanes})
            given.out.write_text(json.dumps(receipt, indent=1) + "\n")
            print(receipt["runs"][-1], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
