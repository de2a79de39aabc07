"""Full text, completion only, assistant only: the same trainings but for the loss mask. Lesson 05's receipt.

    python -m course_utils.making.three_losses --out three_losses.json --jobs 6   # on one GPU, a few minutes
    python -m course_utils.making.three_losses --out /tmp/losses.json --quick     # the same path in a minute, on a CPU

The same instructions are given as conversations of one exchange and of three. Each model answers questions of both
kinds; where there were earlier exchanges, the right answers stand in them. Every run is repeated with several seeds,
which decide the rows, their order and the adapter's start, and are the same for the three losses.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from course_utils import data, environment, evaluate, models  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402

LOSSES = ("full text", "completion only", "assistant only")
EXCHANGES = {"one exchange": 1, "three exchanges": 3}
HELDOUT_SEED = 1000  # of the questions; no training seed
RATE = {"pocket-llama": 2e-3}  # lesson 05's learning rate, 2e-4 for any other model


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--model", default="pocket-llama", help="pocket-llama or a directory with a Llama")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--steps", type=int, nargs="+", default=[30, 240])
    parser.add_argument("--rows", type=int, default=1200, help="instructions to train on")
    parser.add_argument("--heldout", type=int, default=300, help="held-out questions of each kind")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--quick", action="store_true", help="few steps, rows, questions and seeds")
    given = parser.parse_args(arguments)
    if given.quick:
        given.seeds, given.steps, given.rows, given.heldout = [0, 1], [2], 48, 4
    return given


def strung(rows: Any, exchanges: int) -> list[list[dict[str, str]]]:
    """Conversations of so many instructions each."""
    talks = rows["messages"][:]
    return [sum(talks[i : i + exchanges], []) for i in range(0, len(talks) - exchanges + 1, exchanges)]


def columns(talks: list[list[dict[str, str]]], loss: str) -> dict[str, list]:
    if loss != "completion only":
        return {"messages": talks}
    return {"prompt": [talk[:-1] for talk in talks], "completion": [talk[-1:] for talk in talks]}


def train(model: str, talks: list, loss: str, steps: int, seed: int) -> tuple[Any, Any, float]:
    """The tuned model, its tokenizer, and the share of the tokens that were graded."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PrinterCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    dtype, on_gpu = models.choose_dtype().value, models.hardware().device == "cuda"
    set_seed(seed)
    tokenizer = models.load_tokenizer(model)
    settings = SFTConfig(
        output_dir=str(environment.workspace() / "runs" / "losses"), max_steps=steps, max_length=256, packing=True,
        assistant_only_loss=loss == "assistant only", learning_rate=RATE.get(model, 2e-4),
        per_device_train_batch_size=4, lr_scheduler_type="cosine", warmup_steps=0.03, bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16, use_cpu=not on_gpu, logging_steps=1.0, disable_tqdm=True, save_strategy="no",
        report_to="none", seed=seed,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=models.load_4bit(model), args=settings, train_dataset=Dataset.from_dict(columns(talks, loss)),
        processing_class=tokenizer,
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    trainer.remove_callback(PrinterCallback)
    labels = list(itertools.chain.from_iterable(trainer.train_dataset["labels"]))
    trainer.train()
    trainer.model.eval()
    return trainer.model, tokenizer, sum(label != -100 for label in labels) / len(labels)


def questions(count: int, exchanges: int) -> tuple[list[list[dict[str, str]]], list[dict[str, Any]]]:
    """Conversations that end with a question, and the rows with the answers to it."""
    rows = data.instructions("heldout", count + exchanges - 1, HELDOUT_SEED)
    last = [rows[i] for i in range(exchanges - 1, len(rows))]
    talks = rows["messages"][:]
    return [sum(talks[i : i + exchanges], [])[:-1] for i in range(count)], last


def run(given: argparse.Namespace, kind: str, loss: str, steps: int, seed: int) -> dict[str, Any]:
    """One training and its answers. ``correct`` holds a string of 0 and 1 for each kind of question."""
    began = time.perf_counter()
    talks = strung(data.instructions("train", given.rows, seed), EXCHANGES[kind])
    tuned, tokenizer, graded = train(given.model, talks, loss, steps, seed)
    correct = {}
    for asked, exchanges in EXCHANGES.items():
        prompts, rows = questions(given.heldout, exchanges)
        said = evaluate.answer(tuned, tokenizer, prompts, evaluate.token_limits(rows), batch_size=150)
        correct[asked] = "".join(str(int(right)) for right in evaluate.exact_match(said, rows))
    return {
        "trained_on": kind,
        "loss": loss,
        "steps": steps,
        "seed": seed,
        "graded_share": graded,
        "correct": correct,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _job(task: tuple) -> dict[str, Any]:
    given, *settings = task
    import torch

    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // given.jobs))
    return run(given, *settings)


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check_trainable(given.model)
    import bitsandbytes
    import torch
    import transformers
    import trl

    libraries = {"torch": torch, "transformers": transformers, "trl": trl, "bitsandbytes": bitsandbytes}
    command = " ".join(["python -m course_utils.making.three_losses", *(arguments or sys.argv[1:])])
    receipt = {
        "what": "the same trainings with three loss masks, on conversations of one exchange and of three",
        "command": command.replace(str(given.out), "FILE"),
        "date": datetime.date.today().isoformat(),
        "hardware": str(models.hardware()),
        "versions": {name: module.__version__ for name, module in libraries.items()},
        "model": given.model if given.model in models.NAMES else Path(given.model).name,
        "recipe": {"rows": given.rows, "heldout_rows": given.heldout, "rank": 16, "alpha": 32, "batch": 4}
        | {"max_length": 256, "packing": True, "learning_rate": RATE.get(given.model, 2e-4)},
        "runs": [],
    }
    tasks = [(given, *settings) for settings in itertools.product(EXCHANGES, LOSSES, given.steps, given.seeds)]
    with _map(given.jobs) as each:
        for done in each(_job, tasks):
            receipt["runs"].append(done)
            given.out.write_text(json.dumps(receipt) + "\n")
            shares = {kind: f"{right.count('1') / len(right):.0%}" for kind, right in done["correct"].items()}
            settings = ", ".join(str(done[name]) for name in ("trained_on", "loss", "steps", "seed"))
            print(f"{settings}: {shares}, {done['seconds']} s", flush=True)
    return 0


class _map:
    """``map`` over tasks: here, or in as many processes."""

    def __init__(self, jobs: int):
        self.jobs = jobs

    def __enter__(self):
        if self.jobs == 1:
            return map
        import multiprocessing

        self.pool = multiprocessing.get_context("spawn").Pool(self.jobs)
        return self.pool.imap

    def __exit__(self, *_):
        if self.jobs > 1:
            self.pool.terminate()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
