"""Lesson 14 on rows that others wrote: twelve intents of Banking77, with SmolLM2. A receipt of real data.

    python -m course_utils.making.banking --out banking.json    # on two cores 20 minutes a seed

The rows stand in the course with their licence, ``assets/banking77``. Each seed is a run of ``tune`` and decides what
is drawn: the order of the rows, the rows to steer by, the adapters' start. What was run is not run again.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from course_utils import data, files, models, tune
from course_utils.errors import CourseError

ROWS = Path(__file__).parent.parent / "assets" / "banking77"
LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "trl")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--model", default="smollm2", help="a name as for models.load_4bit")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    return parser.parse_args(arguments)


def run(given: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One run of the lesson: what it recorded, and the text of rows whose answers it doubts."""
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        tune.main(ROWS / "train.csv", Path(place), test_file=ROWS / "test.csv", model=given.model, seed=seed)
        seconds = time.perf_counter() - began
        found = json.loads((Path(place) / "results.json").read_text())
    rows = data.load(ROWS / "train.csv")
    at = dict(zip(rows.lines, rows, strict=True))
    accused = [
        {"text": at[line]["question"], "says": at[line]["answer"], "instead": instead, "sure": round(sure, 3)}
        for line, instead, sure in found.pop("accused")
    ]
    return {"seed": seed} | found | {"accused": accused, "seconds": round(seconds)}


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check(given.model)
    words = " ".join(arguments or sys.argv[1:]).replace(str(given.out), "FILE")
    receipt = {
        "command": f"python -m course_utils.making.banking {words}",
        "what": "lesson 14 by `tune` on 480 rows of Banking77 to train on and 180 to test on",
        "date": datetime.date.today().isoformat(),
        "hardware": str(models.hardware()),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "model": given.model if given.model in models.NAMES else Path(given.model).name,
        "runs": [],
    }
    if given.out.exists():
        receipt["runs"] = json.loads(given.out.read_text())["runs"]
    for seed in given.seeds:
        if seed not in {entry["seed"] for entry in receipt["runs"]}:
            receipt["runs"].append(found := run(given, seed))
            files.replace_file(given.out, json.dumps(receipt, indent=1) + "\n")
            print(f"seed {seed}: {found['untrained']:.0%} untrained, {found['trained']:.0%} trained, "
                  f"{found['verdict']}, {found['seconds']} s", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
