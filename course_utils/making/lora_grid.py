"""What rank, alpha and the learning rate do: a grid of real fine-tunings, written as lesson 04's receipt.

    python -m course_utils.making.lora_grid --out lora_grid.json --jobs 14   # on one GPU, some twenty minutes
    python -m course_utils.making.lora_grid --out /tmp/grid.json --quick     # the same path in a minute, on a CPU

Every run takes the model with its linear layers rounded to NF4 with double quantization and trains on the course's
instructions. Each finished run is written at once; the same command goes on where a killed one stopped. The runs, each
for several seeds:

- rank x alpha at one learning rate, LoRA beside all linear layers: loss, right answers, forgetting, merge error;
- rank x alpha x learning rate, seven rates around where the best one is expected: loss;
- rsLoRA's scale at every rank (where it is LoRA's scale at one of the alphas, that run is taken);
- full fine-tuning of the same layers over learning rates, and both with smaller and larger batches;
- adapters in other places, with as many parameters as on all layers at rank 4, each over five learning rates.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import functools
import hashlib
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from tqdm import tqdm  # noqa: E402

from course_utils import evaluate, lora, models, quantize, training, world  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402
from course_utils.world import tasks  # noqa: E402

TARGETS = {
    "all": lora.LINEAR,
    "q": ("q_proj",),
    "qv": ("q_proj", "v_proj"),
    "attention": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "mlp": lora.FEED_FORWARD,
}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HELDOUT_SEED = 1000  # of the questions and of the documents; no training seed
RATE, RANK, SCALE, EQUAL_RANK = 2e-3, 16, 2.0, 4
BATCH_ROWS, OTHER_BATCH_ROWS = 8, [2, 32]
ROWS = 4000


# ---- what is run ----------------------------------------------------------------------------------------------------


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt; if it exists, what it lacks is run")
    parser.add_argument("--model", default="pocket-llama", help="pocket-llama or a directory with a Llama")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 4, 16, 64, 128])
    parser.add_argument("--alphas", type=float, nargs="+", default=[2, 8, 32, 128, 512])
    parser.add_argument("--doublings", type=int, default=3, help="rates are tried so far below and above the expected")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=ROWS, help="instructions to train on")
    parser.add_argument("--heldout", type=int, default=320, help="held-out questions")
    parser.add_argument("--documents", type=int, default=100, help="documents of the small world, for forgetting")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each in a process of its own")
    parser.add_argument("--quick", action="store_true", help="a few tiny runs, to try the script")
    given = parser.parse_args(arguments)
    if given.quick:
        given.ranks, given.alphas, given.doublings, given.seeds = [16], [8, 32], 0, [0]
        given.rows, given.heldout, given.documents = 160, 16, 8
    return given


def recipe_of(given: argparse.Namespace) -> dict[str, Any]:
    """What all runs have in common."""
    return {
        "rows": given.rows, "row_tokens": 256, "batch_rows": BATCH_ROWS, "rate": RATE,
        "schedule": "cosine", "warmup": training.WARMUP, "clip": 1.0,
        "optimizer": "AdamW, no weight decay", "dropout": 0.0,
        "base": "bf16, linear layers NF4 + double quantization, dequantized", "adapter": "fp32, bf16 autocast",
        "heldout": given.heldout, "documents": given.documents,
    }  # fmt: skip


def plan(given: argparse.Namespace, width: dict[str, int]) -> list[dict[str, Any]]:
    """The runs, most needed first, each once. ``width`` is what one rank costs, in parameters, for each target."""

    def run(rank: int, scale: float, seed: int, doublings: int = 0, **more: Any) -> dict[str, Any]:
        alpha = round(scale * rank, 6)
        common = {"method": "lora", "targets": "all", "batch_rows": BATCH_ROWS, "scored": False}
        settings = {"rank": rank, "alpha": alpha, "scale": alpha / rank, "rate": RATE * 2.0**doublings, "seed": seed}
        return common | settings | more

    def full(seed: int, doublings: int, **more: Any) -> dict[str, Any]:
        return run(1, 1.0, seed, doublings, method="full", **more) | {"rank": None, "alpha": None, "scale": None}

    around = range(-given.doublings, given.doublings + 1)
    runs = []
    for seed in given.seeds:
        runs += [run(r, a / r, seed, scored=True) for a in given.alphas for r in given.ranks]
        runs += [run(r, SCALE * math.sqrt(RANK / r), seed, scored=True) for r in given.ranks]
        for targets in TARGETS:
            rank = max(1, round(EQUAL_RANK * width["all"] / width[targets]))
            runs += [run(rank, SCALE, seed, more, targets=targets) for more in around if abs(more) <= 2]
        for batch_rows in (BATCH_ROWS, *OTHER_BATCH_ROWS):
            runs += [run(RANK, SCALE, seed, more, batch_rows=batch_rows) for more in around]
            runs += [full(seed, more - 4, batch_rows=batch_rows) for more in around]
        for r in given.ranks:
            for a in given.alphas:
                runs += [run(r, a / r, seed, expected(r, a) + more) for more in around]
    return list({identity(r): r for r in reversed(runs)}.values())[::-1]


def expected(rank: int, alpha: float) -> int:
    """Where earlier runs had the best rate, in doublings of ``RATE``."""
    return round(1.8 - 0.75 * math.log2(alpha) + 0.15 * math.log2(rank))


def identity(run: dict[str, Any]) -> tuple:
    scale = run["scale"] and round(run["scale"], 4)
    return run["method"], run["targets"], run["rank"], scale, round(run["rate"], 9), run["batch_rows"], run["seed"]


# ---- data -----------------------------------------------------------------------------------------------------------


def training_batches(tokenizer: Any, rows: int, seed: int, size: int, batch_rows: int) -> list[dict[str, torch.Tensor]]:
    """The batches of one epoch; ``tasks.examples`` mixes the families."""
    return packed(tokenizer, tasks.examples("train", rows, seed), size, batch_rows)


def packed(tokenizer: Any, examples: list[tasks.Example], size: int, batch_rows: int) -> list[dict[str, torch.Tensor]]:
    turns = [[{"role": "user", "content": e.prompt}, {"role": "assistant", "content": e.answer}] for e in examples]
    return training.pack([training.encode(tokenizer, messages, size) for messages in turns], size, batch_rows)


# ---- the model ------------------------------------------------------------------------------------------------------


def load(where: str) -> Any:
    """The model in bf16, its linear layers' weights rounded to NF4 with double-quantized constants and back."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(where, dtype=torch.bfloat16, attn_implementation="sdpa")
    codebook = quantize.nf4_codebook()
    with torch.no_grad():
        for name, layer in model.named_modules():
            if name.rpartition(".")[2] in lora.LINEAR:
                codes, absmax = quantize.quantize_blockwise(layer.weight, codebook)
                absmax = quantize.double_dequantize(*quantize.double_quantize(absmax))
                layer.weight.copy_(quantize.dequantize_blockwise(codes, absmax, codebook, layer.weight.shape))
    return model.to(DEVICE)


def width_of(where: str) -> dict[str, int]:
    """How many parameters one rank costs, for each entry of ``TARGETS``."""
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(where))
    return {
        name: sum(
            layer.in_features + layer.out_features
            for path, layer in model.named_modules()
            if path.rpartition(".")[2] in leaves
        )
        for name, leaves in TARGETS.items()
    }


class Bench:
    """What a process keeps from run to run: the model, the questions, the documents."""

    def __init__(self, where: str, recipe: dict[str, Any], threads: int | None):
        if threads:
            torch.set_num_threads(threads)
        self.recipe = recipe
        self.tokenizer = models.load_tokenizer(where)
        self.base = load(where)
        self.questions = tasks.examples("heldout", recipe["heldout"], HELDOUT_SEED)
        size, batch_rows = recipe["row_tokens"], recipe["batch_rows"]
        self.heldout = packed(self.tokenizer, self.questions, size, batch_rows)
        check_packing(self.base, self.heldout[0])
        self.documents = [world.document(HELDOUT_SEED, i).text for i in range(recipe["documents"])]
        self.batches = functools.lru_cache(
            lambda seed, batch_rows: training_batches(self.tokenizer, recipe["rows"], seed, size, batch_rows)
        )

    def scores(self, model: Any) -> dict[str, Any]:
        """Right answers to held-out questions, and bits per byte on text of the small world."""
        limits = [112 if e.task == "story" else 24 for e in self.questions]
        given = evaluate.answer(model, self.tokenizer, [e.prompt for e in self.questions], limits, batch_size=256)
        right = evaluate.exact_match(given, [{"answer": e.answer, "required": e.required} for e in self.questions])
        by_task = evaluate.by_task(right, [e.task for e in self.questions])
        return {
            "accuracy": sum(right) / len(right),
            "accuracy_by_task": {task: sum(each) / len(each) for task, each in sorted(by_task.items())},
            "bits_per_byte": number(evaluate.bits_per_byte(model, self.tokenizer, self.documents)),
        }

    def run(self, config: dict[str, Any]) -> dict[str, Any]:
        """One fine-tuning: its settings, and what came of it."""
        began = time.perf_counter()
        torch.manual_seed(config["seed"])
        model = copy.deepcopy(self.base)
        if config["method"] == "full":
            weights = [layer.weight for name, layer in model.named_modules() if name.rpartition(".")[2] in lora.LINEAR]
            model.requires_grad_(False)
            for weight in weights:
                weight.data = weight.data.float()
                weight.requires_grad_(True)
        else:
            lora.add_lora(model, config["rank"], config["alpha"], TARGETS[config["targets"]])
        losses = training.train(model, self.batches(config["seed"], config["batch_rows"]), config["rate"])
        found = {
            "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "steps": len(losses),
            "heldout_loss": number(training.heldout_loss(model, self.heldout)),
        }
        if config["scored"]:
            layers = [layer for _, layer in lora.lora_layers(model)]
            with torch.no_grad():
                moved = math.sqrt(sum(layer.delta().square().sum().item() for layer in layers))
            weight = math.sqrt(sum(layer.base.weight.float().square().sum().item() for layer in layers))
            found |= {"losses": list(map(number, losses)), "relative_update": number(moved / weight)}
            found |= self.scores(model) | {"merge": merge_error(model, self.heldout[:4])}
        return config | found | {"seconds": round(time.perf_counter() - began, 1)}


@torch.no_grad()
def check_packing(model: Any, batch: dict[str, torch.Tensor]) -> None:
    """Raises ``CourseError`` if what stands first in a row changes what comes after it."""
    begin = (batch["position_ids"][0] == 0).nonzero()[1].item()
    changed = {"input_ids": batch["input_ids"].clone(), "position_ids": batch["position_ids"]}
    changed["input_ids"][0, 1:begin] += 1
    one, other = (training.logits_of(model, each)[0, begin:] for each in (batch, changed))
    if not torch.allclose(one, other, atol=0.5):  # bf16 is coarse, but seeing another conversation moves logits by ten
        raise CourseError("this version of transformers lets packed conversations see each other: install 5.23")


@torch.no_grad()
def merge_error(model: Any, batches: list[dict[str, torch.Tensor]]) -> dict[str, float | None]:
    """How far the model moves when its adapters are merged into bf16 weights.

    Both are computed in float32, so that what differs is the rounding of the merged weights and nothing else: the
    largest difference of a logit, the mean KL divergence in nats a token, and the share of tokens with the same most
    likely successor.
    """
    merged = lora.merge_lora(copy.deepcopy(model)).float()
    unmerged = copy.deepcopy(model).float()
    largest, divergence, agree, tokens = 0.0, 0.0, 0, 0
    for batch in batches:
        keep = batch["input_ids"].flatten().to(DEVICE) != 0
        a, b = (training.logits_of(each, batch).flatten(0, 1)[keep] for each in (unmerged, merged))
        largest = max(largest, (a - b).abs().max().item())
        divergence += F.kl_div(b.log_softmax(-1), a.log_softmax(-1), log_target=True, reduction="sum").item()
        agree += (a.argmax(-1) == b.argmax(-1)).sum().item()
        tokens += len(a)
    return {
        "largest_logit_difference": number(largest),
        "mean_kl": number(divergence / tokens),
        "same_top_token": number(agree / tokens),
    }


def number(value: float) -> float | None:
    """Five significant digits, and None for what JSON cannot hold: a run may diverge."""
    return float(f"{value:.5g}") if math.isfinite(value) else None


# ---- the processes and the file -------------------------------------------------------------------------------------

BENCH: Bench | None = None  # of this process


def start(where: str, recipe: dict[str, Any], threads: int | None) -> None:
    global BENCH
    if torch.cuda.device_count() > 1:  # the pool's workers are numbered from 1: they take turns on the GPUs
        number_of_worker = (torch.multiprocessing.current_process()._identity or (0,))[0]
        torch.cuda.set_device(number_of_worker % torch.cuda.device_count())
    BENCH = Bench(where, recipe, threads)


def work(config: dict[str, Any] | None) -> dict[str, Any]:
    """One run; for None, the scores of the model before any."""
    try:
        if config:
            return BENCH.run(config)
        base = BENCH.base.eval()
        return {"before": {"heldout_loss": number(training.heldout_loss(base, BENCH.heldout)), **BENCH.scores(base)}}
    except Exception as error:  # one run that fails must not take the others with it
        return {"failed": config or "before", "error": f"{type(error).__name__}: {error}"}


def results(where: str, recipe: dict[str, Any], todo: list[dict[str, Any] | None], jobs: int):
    """The result of each of ``todo``, as they come."""
    if jobs == 1:
        start(where, recipe, None)
        yield from map(work, todo)
        return
    context = torch.multiprocessing.get_context("spawn")
    with context.Pool(jobs, start, (where, recipe, 1)) as pool:
        yield from pool.imap_unordered(work, todo)


def begin(given: argparse.Namespace, where: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """The receipt as it stands: the one in the file, which must be of the same model and recipe, or a new one."""
    import transformers

    weights = sorted(Path(where).glob("*.safetensors"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in weights)).hexdigest()
    name = "pocket-llama" if where == models.NAMES["pocket-llama"] else Path(where).name
    model = {"name": name, "sha256": digest}
    if given.out.exists():
        receipt = json.loads(given.out.read_text())
        if receipt["model"] != model or receipt["recipe"] != recipe:
            raise CourseError(f"{given.out} holds runs of another model or recipe: move it away, or give another --out")
        return receipt
    hardware = torch.cuda.get_device_name(0) if DEVICE == "cuda" else f"CPU, {os.cpu_count()} cores"
    options = ["--quick"] if given.quick else [f"--rows {given.rows}"] * (given.rows != ROWS)
    return {
        "what": "LoRA fine-tunings over rank, alpha, learning rate and placement",
        "command": " ".join(["python -m course_utils.making.lora_grid --out FILE", f"--jobs {given.jobs}", *options]),
        "date": datetime.date.today().isoformat(),
        "hardware": hardware,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "model": model,
        "recipe": recipe,
        "seconds": 0.0,
        "before": None,
        "runs": [],
    }


def write(path: Path, receipt: dict[str, Any]) -> None:
    """Replaces the file in one step: one run a line, so that a change of one run is a change of one line."""
    head = {key: value for key, value in receipt.items() if key != "runs"}
    lines = ",\n".join("  " + json.dumps(run) for run in receipt["runs"])
    text = json.dumps(head, indent=1)[:-2] + ',\n "runs": [\n' + lines + "\n ]\n}\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    os.replace(temporary, path)


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check(given.model)
    where, recipe = models.locate(given.model), recipe_of(given)
    receipt = begin(given, where, recipe)
    done = {identity(run) for run in receipt["runs"]}
    todo: list[dict[str, Any] | None] = [] if receipt["before"] else [None]
    todo += [run for run in plan(given, width_of(where)) if identity(run) not in done]
    if not todo:
        print(f"{given.out} holds all {len(done)} runs already")
        return 0
    failures, before = 0, receipt["seconds"]
    began = time.monotonic()
    for result in tqdm(results(where, recipe, todo, min(given.jobs, len(todo))), total=len(todo), unit="run"):
        if "error" in result:
            failures += 1
            print(f"error: {result['failed']}: {result['error']}", file=sys.stderr)
            continue
        if "before" in result:
            receipt["before"] = result["before"]
        else:
            receipt["runs"].append(result)
        receipt["runs"].sort(key=lambda run: [str(part) for part in identity(run)])
        receipt["seconds"] = round(before + time.monotonic() - began, 1)
        write(given.out, receipt)
    print(f"{given.out}: {len(receipt['runs'])} runs, {failures} failed, {receipt['seconds']:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
