"""A tagger's recipe as a Ludwig file, run by Ludwig in an environment of its own. Lesson 12's receipt.

    make ludwig                                                     # installs Ludwig (Python 3.12), then runs this
    python -m course_utils.making.ludwig_recipe --ludwig ENVIRONMENT/bin/ludwig --out FILE

Ludwig trains from the file alone; the adapter that it saves is put on the twin and judged as the lesson judges its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from course_utils import data, environment, families, models
from course_utils.errors import CourseError

CONFIG = """\
model_type: llm
base_model: {base}
input_features:
  - name: quote
    type: text
output_features:
  - name: tags
    type: text
prompt:
  template: "{{quote}} ->:"
preprocessing:
  global_max_sequence_length: 128
  split:
    type: fixed
adapter:
  type: lora
  r: 16
  alpha: 32
  dropout: 0.05
  target_modules: [{targets}]
trainer:
  type: finetune
  learning_rate: 0.004
  learning_rate_scheduler:
    decay: cosine
    warmup_fraction: 0.1
  batch_size: 16
  epochs: 2
backend:
  type: local
"""

# OPT is there for what goes wrong: Ludwig leaves the beginning-of-text token in front of the answer, and OPT's is also
# its end of text.
TARGETS = {"bloom": "query_key_value", "opt": "q_proj, v_proj"}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ludwig", type=Path, required=True, help="the program, in its own environment")
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--families", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=400, help="quotes to train on, as in the lesson")
    parser.add_argument("--heldout", type=int, default=100, help="quotes to be tested on")
    return parser.parse_args(arguments)


def tuned(ludwig: Path, place: Path, family: str, rows: Any, seed: int) -> tuple[Path, float]:
    """The directory of the adapter that Ludwig trained on the rows, and the seconds it took.

    Raises:
        CourseError: Ludwig failed; with its last line.
    """
    with (place / "quotes.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["quote", "tags", "split"])
        # Ludwig wants rows to validate on; the last sixteen serve twice, and decide nothing.
        table.writerows([row["quote"], f" {row['tags'][0]}", 0] for row in rows)
        table.writerows(
            [row["quote"], f" {row['tags'][0]}", 1] for row in rows.select(range(len(rows) - 16, len(rows)))
        )
    (place / "recipe.yaml").write_text(CONFIG.format(base=families.TWINS / family, targets=TARGETS[family]))
    command = [
        str(ludwig), "train", "--config", str(place / "recipe.yaml"), "--dataset", str(place / "quotes.csv"),
        "--output_directory", str(place / "out"), "--random_seed", str(seed), "--skip_save_processed_input",
    ]  # fmt: skip
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    found = list((place / "out").rglob("adapter_config.json"))
    if done.returncode or not found:
        last = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()][-1:]
        raise CourseError(f"Ludwig ended with {done.returncode} and {len(found)} adapters: {' '.join(last)}")
    return found[0].parent, seconds


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    environment.prepare()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    import torch
    from peft import PeftModel

    heldout = data.quotes("heldout", given.heldout, 0)
    says = subprocess.run(
        [str(given.ludwig.with_name("python")), "-c", "import ludwig, torch, transformers, peft; print(ludwig."
         "__version__, torch.__version__, transformers.__version__, peft.__version__)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()[-4:]  # fmt: skip
    receipt: dict[str, Any] = {
        "command": "python -m course_utils.making.ludwig_recipe --ludwig ENVIRONMENT/bin/ludwig --out FILE",
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": dict(zip(("ludwig", "torch", "transformers", "peft"), says, strict=True)),
        "config": CONFIG.format(base="course_utils/assets/twins/bloom", targets=TARGETS["bloom"]),
        "rows": given.rows,
        "runs": [],
    }
    try:
        for family in given.families:
            for seed in given.seeds:
                rows = data.quotes("train", given.rows, seed)
                with tempfile.TemporaryDirectory() as place:
                    adapter, seconds = tuned(given.ludwig, Path(place), family, rows, seed)
                    net, tokenizer = families.load(family, dtype=torch.float32)
                    net = PeftModel.from_pretrained(net, adapter)
                    said = families.answers(net, tokenizer, [f"{quote} ->:" for quote in heldout["quote"]])
                right = "".join(str(int(text == tags[0])) for text, tags in zip(said, heldout["tags"], strict=True))
                run = {"family": family, "seed": seed, "seconds": round(seconds, 1), "right": right, "said": said[:4]}
                receipt["runs"].append(run)
                given.out.write_text(json.dumps(receipt, indent=1) + "\n")
                print(f"{family}, seed {seed}: {right.count('1')} of {len(right)}, {seconds:.0f} s", flush=True)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
