"""How much of a fault spoils how much: lesson 14's receipt of doses and responses.

    python -m course_utils.making.doses --out doses.json                          # on two cores twenty minutes
    python -m course_utils.making.doses --out doses.json --model smollm2 --file train.csv --test test.csv ...
    python -m course_utils.making.doses --out /tmp/doses.json --quick             # the same path in a minute

Short texts are to be given one of a few labels. One fault at a time gets into them, in growing shares, while the
number of rows and the steps of training stay the same. Two scores belong to each training: ``true``, on test rows that
are in order and were never seen, and ``reported``, on the other rows that whoever made the file would have tested on:

- ``twins``: a share of the rows repeats others with a word before them; the reported test was cut from such a file row
  by row;
- ``leaks``: a share of the reported test stands among the training rows;
- ``wrong``: a share of the answers is another label, in the reported test as in the training;
- ``template``: a share of the rows is written in another form than the model's own; the reported test asks in it.

What was run is not run again: the same command goes on where a killed one stopped.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402

from course_utils import data, evaluate, files, models, planted, training  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402

DOSES: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "twins": (0.25, 0.5, 0.75, 0.9),
    "leaks": (0.1, 0.25, 0.5, 1.0),
    "wrong": (0.05, 0.1, 0.2, 0.4, 0.6),
    "template": (0.25, 0.5, 0.9, 1.0),
}
OTHER = "### Question: {prompt}\n### Answer: "  # a form that is no model's own
QUICK: dict[str, tuple[float, ...]] = {"none": (0.0,), "twins": (0.5,), "leaks": (1.0,), "template": (1.0,)}
SIZE = 256  # tokens of a row of the batch
Row = dict[str, Any]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt; if it exists, what it lacks is run")
    parser.add_argument("--model", default="pocket-llama", help="a name as for models.load_4bit")
    parser.add_argument("--file", type=Path, help="rows with labels; the small world's desks if none is given")
    parser.add_argument("--test", type=Path, help="rows to test on")
    parser.add_argument("--rows", type=int, default=32, help="to train on")
    parser.add_argument("--questions", type=int, default=200, help="to test on; to report on as many, at most")
    parser.add_argument("--steps", type=int, default=80, help="of training, each of one row of 256 tokens")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--largest", action="store_true", help="only the largest dose of each fault")
    parser.add_argument("--quick", action="store_true", help="few doses, rows and steps, to try the script")
    given = parser.parse_args(arguments)
    if bool(given.file) != bool(given.test):
        parser.error("--file and --test go together")
    if given.quick:
        given.rows, given.questions, given.steps, given.seeds = 24, 12, 4, [0]
    return given


def plan(given: argparse.Namespace) -> list[tuple[str, float, int]]:
    """Fault, dose and seed of each run; seed by seed, so that a run cut short holds each dose."""
    doses = QUICK if given.quick else DOSES
    if given.largest:
        doses = {kind: shares[-1:] for kind, shares in doses.items()}
    return [(kind, dose, seed) for seed in given.seeds for kind, shares in doses.items() for dose in shares]


# ---- rows -----------------------------------------------------------------------------------------------------------


def rows_of(given: argparse.Namespace, tokenizer: Any, seed: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows in order, as ``data.row_of``: to train on, with more for a file to be cut; to test on; to report.

    Raises:
        CourseError: the file holds too few.
    """
    count, asked = given.rows + given.rows // 2, 2 * given.questions
    if given.file:
        parts = [data.usable(file, tokenizer, SIZE)[0] for file in (given.file, given.test)]
        rows, tests = ([data.row_of("", row["prompt"], row["answer"]) for row in part] for part in parts)
        random.Random(f"rows:{seed}").shuffle(rows)
        random.Random("tests").shuffle(tests)
    else:
        parts = [data.quotes("train", count, 700 + seed), data.quotes("heldout", asked, 1700)]
        rows, tests = ([data.row_of("", f"{row['quote']} ->:", row["tags"][0]) for row in part] for part in parts)
    if len(rows) < count or len(tests) < asked:
        raise CourseError(
            f"there are {len(rows)} rows and {len(tests)} to test on: --rows {given.rows} and --questions "
            f"{given.questions} take {count} and {asked}"
        )
    return rows[:count], tests[: given.questions], tests[given.questions : asked]


def twin(row: Row, drawn: random.Random) -> Row:
    return row | {"prompt": drawn.choice(planted.BEFORE) + row["prompt"]}


def mislabelled(rows: list[Row], share: float, labels: list[str], drawn: random.Random) -> list[Row]:
    """The rows, ``share`` of them with another label."""
    wrong = set(drawn.sample(range(len(rows)), round(share * len(rows))))
    return [
        row | {"answer": drawn.choice([label for label in labels if label != row["answer"]])} if i in wrong else row
        for i, row in enumerate(rows)
    ]


def faulty(
    kind: str, dose: float, rows: list[Row], reported: list[Row], count: int, drawn: random.Random
) -> tuple[list[Row], list[Row]]:
    """``count`` rows to train on with a fault in a share of them, and the test that is reported."""
    train, reported = rows[:count], reported[:count]
    labels = sorted({row["answer"] for row in rows})
    if kind == "twins":
        # The file before it was cut in two: texts that stand there again and again.
        distinct = rows[: max(len(labels), round((1 - dose) * len(rows)))]
        filled = distinct + [twin(drawn.choice(distinct), drawn) for _ in rows[len(distinct) :]]
        drawn.shuffle(filled)
        return filled[:count], filled[count:]
    if kind == "leaks":
        seen = drawn.sample(reported, round(dose * len(reported)))
        return [*train[: count - len(seen)], *(twin(row, drawn) for row in seen)], reported
    if kind == "wrong":
        return mislabelled(train, dose, labels, drawn), mislabelled(reported, dose, labels, drawn)
    if kind == "template":
        other = set(drawn.sample(range(count), round(dose * count)))
        train = [row | {"plain": i in other} for i, row in enumerate(train)]
        return train, [row | {"plain": True} for row in reported]
    return train, reported


# ---- one run --------------------------------------------------------------------------------------------------------


def encode(tokenizer: Any, row: Row) -> tuple[list[int], list[int]]:
    """Ids and labels of a row, in the model's own form or in the other."""
    if not row.get("plain"):
        return training.encode(tokenizer, data.row_of("", row["prompt"], row["answer"])["messages"], SIZE)
    asked = tokenizer(OTHER.format(prompt=row["prompt"]))["input_ids"]
    said = tokenizer(row["answer"], add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    return [*asked, *said][:SIZE], [*[training.IGNORED] * len(asked), *said][:SIZE]


def trained(given: argparse.Namespace, tokenizer: Any, rows: list[Row], seed: int) -> Any:
    """The model with an adapter that has seen these rows, as lesson 14's learner makes it."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    net = get_peft_model(models.load_4bit(given.model), lora)
    for parameter in net.parameters():
        parameter.data = parameter.data.float() if parameter.requires_grad else parameter.data
    batches = training.pack([encode(tokenizer, row) for row in rows], SIZE, 1)
    training.train(net, batches, given.rate, given.steps, dtype=net.dtype)
    return net.eval()


def score(net: Any, tokenizer: Any, rows: list[Row], limit: int) -> float:
    """The share of the rows that is answered right, each asked in its own form."""
    plain = bool(rows[0].get("plain"))
    prompts = [OTHER.format(prompt=row["prompt"]) if plain else row["prompt"] for row in rows]
    right = evaluate.exact_match(evaluate.answer(net, tokenizer, prompts, limit, plain=plain), rows)
    return sum(right) / len(right)


def run(given: argparse.Namespace, tokenizer: Any, kind: str, dose: float, seed: int) -> dict[str, Any]:
    began = time.perf_counter()
    rows, tests, reported = rows_of(given, tokenizer, seed)
    limit = max(len(tokenizer(row["answer"])["input_ids"]) for row in rows) + 4
    train, reported = faulty(kind, dose, rows, reported, given.rows, random.Random(f"{kind}:{dose}:{seed}"))
    net = trained(given, tokenizer, train, seed)
    return {
        "kind": kind, "dose": dose, "seed": seed, "true": score(net, tokenizer, tests, limit),
        "reported": score(net, tokenizer, reported, limit),
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip


def begin(given: argparse.Namespace, arguments: list[str]) -> dict[str, Any]:
    """The receipt to go on with, or a new one."""
    import bitsandbytes
    import peft
    import transformers

    words = list(arguments)
    for path, name in ((given.out, "FILE"), (given.file, given.file and given.file.name),
                       (given.test, given.test and given.test.name)):  # fmt: skip
        words = [str(name) if path and word == str(path) else word for word in words]
    receipt = {
        "command": " ".join(["python -m course_utils.making.doses", *words]),
        "what": "right answers of trainings of equal length on as many rows, a share of them at fault; true: on test "
        "rows in order and never seen, reported: on the test that the faulty file would have had",
        "date": datetime.date.today().isoformat(),
        "hardware": str(models.hardware()),
        "versions": {module.__name__: module.__version__ for module in (torch, transformers, peft, bitsandbytes)},
        "model": given.model if given.model in models.NAMES else Path(given.model).name,
        "data": given.file.name if given.file else "desks",
        "recipe": {"rows": given.rows, "questions": given.questions, "steps": given.steps, "rate": given.rate,
                   "rank": 16, "alpha": 32},
        "runs": [],
    }  # fmt: skip
    if given.out.exists():
        kept = json.loads(given.out.read_text())
        if any(kept.get(name) != receipt[name] for name in ("model", "data", "recipe")):
            raise CourseError(f"{given.out} is of another model, other rows or another recipe: give another --out")
        return kept
    return receipt


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check(given.model)
    receipt = begin(given, arguments or sys.argv[1:])
    tokenizer = models.load_tokenizer(given.model)
    done = {(entry["kind"], entry["dose"], entry["seed"]) for entry in receipt["runs"]}
    for case in plan(given):
        if case in done:
            continue
        receipt["runs"].append(found := run(given, tokenizer, *case))
        files.replace_file(given.out, json.dumps(receipt) + "\n")
        print(f"{found['kind']} {found['dose']:.0%}, seed {found['seed']}: true {found['true']:.1%}, reported "
              f"{found['reported']:.1%}, {found['seconds']} s", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
