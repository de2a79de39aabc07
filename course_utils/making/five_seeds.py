"""Lesson 06's recipe with five seeds: what another shuffle and another start of the adapter do. Lesson 08's receipt.

    python -m course_utils.making.five_seeds --out five_seeds.json    # on one GPU a few minutes, on two cores 15
    python -m course_utils.making.five_seeds --out /tmp/seeds.json --rows 96 --heldout 16 --seeds 0 1    # to try it

Every run trains on the same rows and answers the same questions. What the seed decides is the adapter's random
matrix A and the order of the rows, nothing else.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from course_utils import adapters, data, evaluate, models  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402

HELDOUT_SEED = 1000  # of the questions; no training seed
DATA_SEED = 0


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--model", default="pocket-llama", help="pocket-llama or a directory with a Llama")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--rows", type=int, default=4400, help="instructions to train on, as in lesson 06")
    parser.add_argument("--heldout", type=int, default=400, help="held-out questions")
    return parser.parse_args(arguments)


def run(given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One fine-tuning and its scores. ``correct`` holds 0 or 1 for each held-out question, in the questions' order."""
    began = time.perf_counter()
    rows = data.instructions("train", given.rows, DATA_SEED)
    tuned, tokenizer, log = adapters.train(given.model, rows, seed)
    trained = time.perf_counter() - began
    heldout = data.instructions("heldout", given.heldout, HELDOUT_SEED)
    limits = evaluate.token_limits(heldout)
    correct = evaluate.exact_match(evaluate.answer(tuned, tokenizer, heldout["prompt"], limits), heldout)
    reviews = data.handwritten_reviews()
    sentiment = evaluate.exact_match(
        evaluate.answer(tuned, tokenizer, [review["prompt"] for review in reviews]), reviews
    )
    grouped = evaluate.by_task(correct, heldout["task"])
    return {
        "seed": seed,
        "accuracy": sum(correct) / len(correct),
        "by_task": {task: sum(scores) / len(scores) for task, scores in sorted(grouped.items())},
        "handwritten": sum(sentiment) / len(sentiment),
        "loss": log[-1],
        "correct": [int(right) for right in correct],
        "seconds": round(trained, 1),
    }


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check(given.model)
    hardware = str(models.hardware())
    import bitsandbytes
    import torch
    import transformers
    import trl

    libraries = {"torch": torch, "transformers": transformers, "trl": trl, "bitsandbytes": bitsandbytes}
    receipt = {
        "what": "lesson 06's recipe, the same rows and questions, another seed each time",
        "command": " ".join(["python -m course_utils.making.five_seeds", *(arguments or sys.argv[1:])]).replace(
            str(given.out), "FILE"
        ),
        "date": datetime.date.today().isoformat(),
        "hardware": hardware,
        "versions": {name: module.__version__ for name, module in libraries.items()},
        "model": given.model if given.model in models.NAMES else Path(given.model).name,
        "recipe": adapters.recipe(given.model) | {"rows": given.rows},
        "heldout_rows": given.heldout,
        "tasks": data.instructions("heldout", given.heldout, HELDOUT_SEED)["task"][:],
        "runs": [],
    }
    for seed in given.seeds:
        receipt["runs"].append(run(given, seed))
        given.out.write_text(json.dumps(receipt) + "\n")
        done = receipt["runs"][-1]
        print(f"seed {seed}: {done['accuracy']:.1%}, handwritten {done['handwritten']:.1%}, {done['seconds']} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
