"""What a model loses while it learns something new, by method and by cure. Lesson 09's receipt.

    python -m course_utils.making.forgetting_plane --out plane.json --jobs 48 --gpus 0 1 2 3      # ten minutes
    python -m course_utils.making.forgetting_plane --out /tmp/plane.json --quick    # to try it

The start is lesson 06's adapter, merged into its base in 32 bits; what is new is ``forgetting.new_rows``. Each run is
looked at where it first says 90 % of the held-out new answers word for word, so that runs are compared at equal score,
and at its end. Rates rise for three steps and then stay, so that a run that is stopped is a shorter run. The receipt
is written after each run, and a run that it holds is not made again.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import copy
import dataclasses
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402

from course_utils import adapters, data, evaluate, forgetting, models, planted, training, world  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402

SCORE = 0.95  # of the held-out new answers: where runs are compared
KNOWN_SCORE = 0.5  # likewise, of SmolLM2
TIMES = {"summary": 1, "verdict": 2, "tag": 2}  # as many rows, for they are shorter
HELDOUT_SEED = 1000
PROSE_SEED = 9000  # of documents that no model of the course has read
WARMUP = 3  # steps
SIZES = {
    "rows": 400, "epochs": 2, "longest": 10, "asked": 96, "old": 16, "facts": 100, "prose": 24, "fisher": 200,
    "own": 96, "joint": 1600,
}  # fmt: skip
QUICK = {
    "rows": 24,
    "epochs": 1,
    "longest": 1,
    "asked": 4,
    "old": 1,
    "facts": 4,
    "prose": 2,
    "fisher": 4,
    "own": 8,
    "joint": 24,
}


@dataclasses.dataclass(frozen=True)
class Way:
    """How something new is taught."""

    name: str
    group: str  # "plane", or the cure's name
    rank: int | None = 8  # of the adapter; None trains every weight
    alpha: int = 2  # times the rank
    rate: float = 1e-3
    four_bit: bool = False  # the start's linear layers in NF4
    penalty: str = ""  # "alike", "fisher", "own fisher", "path": what a change costs
    strength: float = 0.0
    replay: float = 0.0  # the share of all rows that are old
    source: str = "old"  # "old" rows, "answers": the start's own to old prompts, "text": its own text
    teacher: str = ""  # "prompts": KL from the start on the new prompts; "text": on its own text
    joint: bool = False  # from the base, old and new tasks at once
    times: int = 1  # as many new rows


def _plane() -> list[Way]:
    ways = [Way(f"in full, {rate:g}", "plane", None, rate=rate) for rate in (1e-5, 3e-5, 1e-4, 3e-4)]
    for rank, four_bit in ((1, False), (8, False), (64, False), (8, True)):
        what = f"{'QLoRA' if four_bit else 'LoRA'}, rank {rank}"
        rates = (1e-4, 3e-4, 1e-3, 3e-3)
        ways += [Way(f"{what}, {rate:g}", "plane", rank, rate=rate, four_bit=four_bit) for rate in rates]
    return ways


WAYS = (
    *_plane(),
    *(Way(f"L2 to the start, {s:g}", "L2", penalty="alike", strength=s) for s in (0.03, 0.3, 3.0, 30.0)),
    *(Way(f"EWC, {s:g}", "EWC", penalty="fisher", strength=s) for s in (0.03, 0.3, 3.0, 30.0)),
    *(Way(f"EWC on its own text, {s:g}", "EWC, own text", penalty="own fisher", strength=s) for s in (0.3, 3.0)),
    *(Way(f"SI, {s:g}", "SI", penalty="path", strength=s) for s in (0.03, 0.3, 3.0, 30.0)),
    *(Way(f"replay, {share:.0%}", "replay", replay=share) for share in (0.01, 0.05, 0.2)),
    *(Way(f"own answers, {share:.0%}", "own answers", replay=share, source="answers") for share in (0.05, 0.2)),
    *(Way(f"own text, {share:.0%}", "own text", replay=share, source="text") for share in (0.05, 0.2)),
    *(
        Way(f"distilled on the prompts, {s:g}", "distillation, prompts", teacher="prompts", strength=s)
        for s in (0.3, 3.0, 30.0)
    ),
    *(
        Way(f"distilled on its own text, {s:g}", "distillation, own text", teacher="text", strength=s)
        for s in (0.3, 3.0, 30.0)
    ),
    Way("all tasks at once", "all at once", rank=16, rate=2e-3, joint=True),
)
# SmolLM2's are lesson 06's rank and alpha, and rates around its own; what needs old rows cannot be had.
_USUAL = Way("as usual", "plane", rank=128, rate=8e-4, alpha=1)
KNOWN_WAYS = (
    *(Way(f"in full, {rate:g}", "plane", None, rate=rate) for rate in (3e-5, 1e-4)),
    dataclasses.replace(_USUAL, name="LoRA, rank 128, 0.0002", rate=2e-4),
    _USUAL,
    dataclasses.replace(_USUAL, name="as usual, all rows", times=4),
    *(dataclasses.replace(_USUAL, name=f"LoRA, rank {rank}, 0.0008", rank=rank) for rank in (1, 8)),
    *(dataclasses.replace(_USUAL, name=f"L2 to the start, {s:g}", group="L2", penalty="alike", strength=s)
      for s in (0.03, 0.3)),
    dataclasses.replace(_USUAL, name="EWC on its own text, 0.3", group="EWC, own text", penalty="own fisher",
                        strength=0.3),
    dataclasses.replace(_USUAL, name="own text, 20%", group="own text", replay=0.2, source="text"),
    dataclasses.replace(_USUAL, name="distilled on the prompts, 0.3", group="distillation, prompts", teacher="prompts",
                        strength=0.3),
    *(dataclasses.replace(_USUAL, name=f"distilled on its own text, {s:g}", group="distillation, own text",
                          teacher="text", strength=s) for s in (0.3, 3.0)),
)  # fmt: skip


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--model", default="pocket-llama", help="pocket-llama, smollm2 with --known, or a directory")
    parser.add_argument("--adapter", type=Path, help="the start's adapter; lesson 06's if none is given")
    parser.add_argument("--known", action="store_true", help="a model as it comes learns the eight tasks: smollm2")
    parser.add_argument("--new", default="tag", choices=forgetting.NEW, help="what is learned")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--only", nargs="+", default=[""], help="beginnings of the runs' names")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--gpus", nargs="+", default=["0"], help="by their numbers, over which the processes spread")
    parser.add_argument("--quick", action="store_true", help="runs of seconds, which show that the script works")
    return parser.parse_args(arguments)


# --- what the runs of one seed share ---------------------------------------------------------------------------------


class Bench:
    """A start and what is asked of a model: lesson 06's pocket-llama, or SmolLM2 as it comes.

    pocket-llama has learned eight tasks and learns another thing; ``facts`` are the small world's. SmolLM2 learns those
    eight tasks; ``facts`` are everybody's.
    """

    def __init__(self, given: argparse.Namespace, seed: int):
        self.size, self.seed, self.known = QUICK if given.quick else SIZES, seed, given.known
        self.tokenizer = models.load_tokenizer(given.model)
        self.base = models.load_base(given.model, torch.float32)
        if given.known:
            self.start = self.base
            self.asked = list(data.instructions("heldout", 3 * self.size["asked"], HELDOUT_SEED))
            self.asked = [row for row in self.asked if row["task"] != "story"]
            self.facts, self.old = forgetting.common_knowledge()[: 2 * self.size["facts"]], []
            self.prose = [row["prompt"] for row in data.handwritten_reviews()]
        else:
            self.start = with_adapter(self.base, given.adapter or adapters.pocket_chat(given.model))
            self.new = given.new
            self.asked = forgetting.new_rows(given.new, "heldout", self.size["asked"], HELDOUT_SEED)
            old = data.instructions("heldout", 8 * self.size["old"], HELDOUT_SEED, balanced=True)
            self.old = [row for row in old if row["task"] != "story"]  # a story has no one answer to compare with
            self.facts = forgetting.choices(self.size["facts"])
            self.prose = [world.document(PROSE_SEED, i).text for i in range(self.size["prose"])]
        self.start.requires_grad_(False)
        self.batches = training.batches_of(self.tokenizer, [row["messages"] for row in self.asked])
        self._kept: dict[str, Any] = {}

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._kept:
            torch.manual_seed(self.seed)
            self._kept[name] = make()
        return self._kept[name]

    def begin(self, way: Way) -> Any:
        """The start as a way holds it: for QLoRA its linear layers are rounded to NF4."""
        return self.kept("rounded", lambda: in_nf4(self.start)) if way.four_bit else self.start

    def new_rows(self, times: int) -> list[dict[str, Any]]:
        """What is taught; to SmolLM2, a quarter of lesson 06's rows, ``times`` times as many."""
        if self.known:
            return list(data.instructions("train", times * self.size["rows"] * 11 // 4, 100 + self.seed))
        return forgetting.new_rows(self.new, "train", times * TIMES[self.new] * self.size["rows"], 100 + self.seed)

    def old_rows(self, count: int) -> list[dict[str, Any]]:
        """Rows that pocket-llama's start was taught by, of all eight tasks."""
        return list(data.instructions("train", count, 500 + self.seed))

    def own_answers(self, count: int) -> list[dict[str, Any]]:
        """Old prompts with what the start itself answers."""
        rows = self.old_rows(count)
        said = evaluate.answer(self.start, self.tokenizer, [row["prompt"] for row in rows], evaluate.token_limits(rows))
        return ended(rows, said)

    def own_text(self) -> list[tuple[list[int], list[int]]]:
        """What the start writes of itself at temperature 1, as ids and labels: no old data is needed for it.

        pocket-llama writes documents, every token graded. SmolLM2 writes a user's question where one would stand, and
        then answers it (Xu et al. 2024, arXiv 2406.08464).
        """
        if not self.known:
            begin = [self.tokenizer.bos_token_id]
            texts = [begin + ids for ids in self.drawn(begin, self.tokenizer.eos_token_id, 200)]
            return [(ids, [training.IGNORED, *ids[1:]]) for ids in texts]
        turn = [{"role": "user", "content": "?"}]
        head = self.tokenizer.apply_chat_template(turn, return_dict=True)["input_ids"]
        mark = self.tokenizer("?", add_special_tokens=False)["input_ids"][0]
        head = head[: len(head) - 1 - head[::-1].index(mark)]
        asked = [self.tokenizer.decode(ids, skip_special_tokens=True).strip()
                 for ids in self.drawn(head, self.tokenizer.eos_token_id, 60)]  # fmt: skip
        said = evaluate.answer(self.start, self.tokenizer, asked, 120, temperature=1.0)
        rows = ended([data.row_of("own", prompt, "") for prompt in asked], said)
        return [training.encode(self.tokenizer, row["messages"]) for row in rows]

    @torch.no_grad()
    def drawn(self, head: list[int], end: int, limit: int) -> list[list[int]]:
        """Continuations of ``head``, up to ``end`` or ``limit`` tokens."""
        begin, found = torch.tensor([head] * 32, device=self.start.device), []
        while len(found) < self.size["own"]:
            out = self.start.generate(
                begin, attention_mask=torch.ones_like(begin), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                max_new_tokens=limit, pad_token_id=self.tokenizer.pad_token_id, eos_token_id=end,
            )  # fmt: skip
            for ids in out[:, len(head) :].tolist():
                found.append(ids[: ids.index(end) + 1] if end in ids else ids)
        return found[: self.size["own"]]


def ended(rows: Sequence[dict[str, Any]], said: Sequence[str]) -> list[dict[str, Any]]:
    """The rows with other answers, without those that did not come to an end."""
    both = zip(rows, said, strict=True)
    return [data.row_of(row["task"], row["prompt"], text) for row, text in both
            if text and not text.endswith(evaluate.UNFINISHED)]  # fmt: skip


def with_adapter(base: Any, adapter: Any) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(copy.deepcopy(base), adapter).merge_and_unload().eval()


def layers(net: Any) -> dict[str, Any]:
    """The linear layers of the blocks by their names in the base, an adapter's wrapped ones included."""
    inner = net.get_base_model() if hasattr(net, "get_base_model") else net
    return {name: module for name, module in inner.named_modules() if name.endswith("_proj")}


def moved(net: Any, start: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """The change of each linear layer, with its gradient."""
    before = layers(start)
    for name, layer in layers(net).items():
        if hasattr(layer, "lora_A"):
            yield name, layer.scaling["default"] * (layer.lora_B["default"].weight @ layer.lora_A["default"].weight)
        else:
            yield name, layer.weight - before[name].weight


def fisher(net: Any, batches: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean over rows of the squared gradients of the answers' log-probability: the empirical Fisher's diagonal."""
    net = copy.deepcopy(net).requires_grad_(False)
    watched = {name: layer.weight.requires_grad_(True) for name, layer in layers(net).items()}
    found = {name: torch.zeros_like(weight) for name, weight in watched.items()}
    for batch in batches:
        net.zero_grad()
        training.loss_of(net, batch, "sum").backward()
        for name, weight in watched.items():
            found[name] += weight.grad.square() / len(batches)
    return found


def path(base: Any, start: Any, batches: Sequence[dict[str, torch.Tensor]], points: int = 8) -> dict[str, torch.Tensor]:
    """Synaptic intelligence's importances, along the straight way from the base to the start.

    What each weight took off the loss of the old rows, minus the sum of gradient times step, by the square of its way.
    Zenke et al. 2017 add it up along the path of the training; any path from the base to the start gives the same sum
    over all weights.
    """
    net = copy.deepcopy(base).requires_grad_(False)
    ends = {name: (layers(base)[name].weight, layers(start)[name].weight) for name in layers(start)}
    watched = {name: layer.weight.requires_grad_(True) for name, layer in layers(net).items()}
    won = {name: torch.zeros_like(weight) for name, weight in watched.items()}
    for point in range(points):
        for name, (first, last) in ends.items():
            watched[name].data = first.data + (point + 0.5) / points * (last.data - first.data)
        net.zero_grad()
        for batch in batches:
            (training.loss_of(net, batch) / len(batches)).backward()
        for name, (first, last) in ends.items():
            won[name] -= watched[name].grad * (last.data - first.data) / points
    ways = {name: (last.data - first.data).square() for name, (first, last) in ends.items()}
    damping = 0.1 * torch.cat([way.flatten() for way in ways.values()]).mean()
    return {name: won[name].clamp_min(0) / (ways[name] + damping) for name in won}


def evenly(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Importances with a mean of 1 over all weights, so that strengths of different penalties can be compared."""
    mean = sum(each.sum() for each in weights.values()) / sum(each.numel() for each in weights.values())
    return {name: each / mean for name, each in weights.items()}


def importance(bench: Bench, penalty: str) -> dict[str, torch.Tensor]:
    """What a change of each weight costs, with a mean of 1."""
    if penalty == "alike":
        return {name: torch.ones_like(layer.weight) for name, layer in layers(bench.start).items()}
    if penalty == "own fisher":
        texts = bench.kept("text", bench.own_text)
        return evenly(fisher(bench.start, [batch for text in texts for batch in training.pack([text])]))
    rows = [row["messages"] for row in bench.old_rows(bench.size["fisher"])]
    if penalty == "fisher":
        alone = [batch for row in rows for batch in training.batches_of(bench.tokenizer, [row])]
        return evenly(fisher(bench.start, alone))
    return evenly(path(bench.base, bench.start, training.batches_of(bench.tokenizer, rows)))


# --- a run -----------------------------------------------------------------------------------------------------------


def learner(bench: Bench, way: Way, begin: Any = None) -> Any:
    """The model that learns, on a copy of ``begin``, or else of the start as the way holds it."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(bench.seed)
    net = copy.deepcopy(begin or (bench.base if way.joint else bench.begin(way))).requires_grad_(False)
    if way.rank is None:
        return net.requires_grad_(True)
    lora = LoraConfig(r=way.rank, lora_alpha=way.alpha * way.rank, target_modules="all-linear")
    return get_peft_model(net, lora)


def in_nf4(net: Any) -> Any:
    """A copy whose linear layers hold what NF4 with double quantization makes of them: QLoRA computes with these."""
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    net = copy.deepcopy(net)
    with torch.no_grad():
        for layer in layers(net).values():
            codes = quantize_4bit(layer.weight, quant_type="nf4", compress_statistics=True)
            layer.weight.copy_(dequantize_4bit(*codes))
    return net


def merged(net: Any) -> Any:
    """The plain model that an adapter on its base amounts to."""
    if not hasattr(net, "get_base_model"):
        return net
    with torch.no_grad():
        return copy.deepcopy(net).merge_and_unload().eval()


def taught(bench: Bench, way: Way) -> list[Any]:
    """The rows' conversations in the order of the training, one epoch."""
    rows = [row["messages"] for row in bench.new_rows(way.times)]
    if way.joint:
        rows += [row["messages"] for row in bench.old_rows(bench.size["joint"])]
    if way.replay and way.source != "text":
        count = max(1, round(way.replay / (1 - way.replay) * len(rows)))
        make = bench.own_answers if way.source == "answers" else bench.old_rows
        rows += [row["messages"] for row in bench.kept(f"{way.source} {count}", lambda: make(count))]
    random.Random(bench.seed).shuffle(rows)
    return rows


def batches(bench: Bench, way: Way) -> list[dict[str, torch.Tensor]]:
    encoded = [training.encode(bench.tokenizer, messages) for messages in taught(bench, way)]
    if way.replay and way.source == "text":
        texts = bench.kept("text", bench.own_text)
        tokens = sum(len(ids) for ids, _ in encoded)
        share, drawn = way.replay / (1 - way.replay), random.Random(bench.seed)
        while tokens > 0:
            encoded.append(drawn.choice(texts))
            tokens -= len(encoded[-1][0]) / share
        drawn.shuffle(encoded)
    return training.pack(encoded)


def held(bench: Bench, net: Any, batch: dict[str, torch.Tensor], asked: torch.Tensor) -> torch.Tensor:
    """KL(start ‖ net) over the places of ``batch`` that ``asked`` marks, nats a token."""
    with torch.no_grad():
        before = training.logits_of(bench.start, batch)[:, :-1].float().log_softmax(-1)
    after = training.logits_of(net, batch)[:, :-1].float().log_softmax(-1)
    each = (before.exp() * (before - after)).sum(-1)
    return (each * asked).sum() / asked.sum()


def extra(bench: Bench, way: Way) -> Callable[[Any, dict[str, torch.Tensor], int], torch.Tensor | float]:
    """What a way adds to the loss of a step."""
    if way.penalty:
        weights = bench.kept(way.penalty, lambda: importance(bench, way.penalty))
        return lambda net, batch, step: (
            way.strength / 2 * sum((weights[name] * each.square()).sum() for name, each in moved(net, bench.start))
        )
    if way.teacher == "prompts":
        # What is neither graded nor padding; positions start again where padding begins, and its tokens are 0.
        prompts = lambda batch: ((batch["labels"] == training.IGNORED) & (batch["input_ids"] != 0))[:, 1:]  # noqa: E731
        return lambda net, batch, step: (
            way.strength * held(bench, net, batch, prompts(batch).to(bench.start.device).float())
        )
    if way.teacher == "text":
        texts = training.pack(bench.kept("text", bench.own_text))

        def on_text(net: Any, batch: dict[str, torch.Tensor], step: int) -> torch.Tensor:
            own = texts[step % len(texts)]
            marks = (own["labels"] != training.IGNORED)[:, 1:].to(bench.start.device).float()
            return way.strength * held(bench, net, own, marks)

        return on_text
    return lambda net, batch, step: 0.0


def tune(bench: Bench, way: Way, trace: list[tuple[int, float, float | None]]) -> Iterator[tuple[Any, int, str, float]]:
    """The model where it first reaches the score, and at the end, with the step and the seconds that went into it.

    The end comes after ``epochs``, or, if the score is not reached by then, where it is, after ``longest`` at most. A
    run that diverges does not come to one. ``trace`` gets places on the way: the step, and the shares of new and of
    old answers that the model would say.
    """
    began = time.perf_counter()
    net, made, added = learner(bench, way), batches(bench, way), extra(bench, way)
    learned = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=way.rate, weight_decay=0.0)
    least, most = (len(made) * (1 if way.joint else bench.size[name]) for name in ("epochs", "longest"))
    reached, step, spent = way.joint, 0, time.perf_counter() - began
    while step < (least if reached else most):
        began, step = time.perf_counter(), step + 1
        net.train()
        optimizer.param_groups[0]["lr"] = way.rate * min(1.0, step / WARMUP)
        batch = made[(step - 1) % len(made)]
        loss = training.loss_of(net, batch) + added(net, batch, step)
        if not loss.isfinite():
            return  # it has diverged
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        net.eval()
        if net.device.type == "cuda":
            torch.cuda.synchronize()
        spent += time.perf_counter() - began
        if step % (2 if step < 16 else 4 if step < least else 16) == 0 or step == least:
            new, old = (share(forgetting.would_say(net, bench.tokenizer, rows)) for rows in (bench.asked, bench.old))
            trace.append((step, new, old))
            if not reached and new >= (KNOWN_SCORE if bench.known else SCORE):
                reached = True
                yield net, step, "reached", spent
    yield net, step, "end", spent


def look(bench: Bench, net: Any, begin: Any = None) -> dict[str, Any]:
    """What a model has learned and what it has kept, and how far it is from where it began."""
    plain, begin = merged(net), begin or bench.start
    said = forgetting.would_say(plain, bench.tokenizer, bench.asked)
    old = forgetting.would_say(plain, bench.tokenizer, bench.old)
    asked = [fact.question for fact in bench.facts] if bench.known else [row["prompt"] for row in bench.old]
    wanted = [fact.endings[0] for fact in bench.facts] if bench.known else [row["answer"] for row in bench.old]
    answers = evaluate.answer(plain, bench.tokenizer, asked)
    holds = [
        f" {evaluate.normalize(right)} " in f" {evaluate.normalize(text.removesuffix(evaluate.UNFINISHED))} "
        for right, text in zip(wanted, answers, strict=True)
    ]
    by_task = evaluate.by_task(old, [row["task"] for row in bench.old])
    change = forgetting.change(begin, plain)
    return {
        "learned": share(said),
        "tasks": share(old),
        "by_task": {task: share(each) for task, each in by_task.items()},
        "in_other_words": share(holds),
        "asked": share(forgetting.chosen(plain, bench.tokenizer, bench.facts, "asked")),
        "completed": share(forgetting.chosen(plain, bench.tokenizer, bench.facts, "completed")),
        "prose": evaluate.bits_per_byte(plain, bench.tokenizer, bench.prose),
        "kl": forgetting.divergence(begin, plain, bench.batches),
        "size": change.size,
        "rank": change.rank,
        "example": answers[0],
    }


def share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def weaker(bench: Bench, net: Any) -> list[dict[str, Any]]:
    """The trained adapter at part of its strength."""
    found = []
    for strength in (0.25, 0.5, 0.75):
        part = copy.deepcopy(net)
        for layer in layers(part).values():
            layer.scaling["default"] *= strength
        found.append({"strength": strength} | look(bench, part))
    return found


# --- one new thing after the other -----------------------------------------------------------------------------------


ORDER = ("summary", "verdict", "tag")


def chain(bench: Bench, replay: float) -> list[dict[str, Any]]:
    """Summaries, then verdicts, then tags, an adapter each, merged before the next; scores of all after each.

    ``replay`` is the share of rows that are old: of the eight tasks and of the new things before.
    """
    asked = {kind: forgetting.new_rows(kind, "heldout", bench.size["asked"], HELDOUT_SEED) for kind in ORDER}
    way, net, before, found = plain_way(), bench.start, [], []
    drawn = random.Random(bench.seed)
    for kind in ("", *ORDER):
        if kind:
            rows = forgetting.new_rows(kind, "train", TIMES[kind] * bench.size["rows"], 100 + bench.seed)
            count = round(replay / (1 - replay) * len(rows))
            past = bench.old_rows(max(1, count // (1 + len(before))))[:count] if count else []
            for earlier in before if count else ():
                past += drawn.sample(earlier, min(len(earlier), max(1, count // (1 + len(before)))))
            before.append(rows)
            both = [row["messages"] for row in (*rows, *past)]
            drawn.shuffle(both)
            learned = learner(bench, way, net)
            train_on(learned, training.batches_of(bench.tokenizer, both), way.rate)
            net = merged(learned)
        scores = {kind: share(forgetting.would_say(net, bench.tokenizer, rows)) for kind, rows in asked.items()}
        scores["tasks"] = share(forgetting.would_say(net, bench.tokenizer, bench.old))
        scores["asked"] = share(forgetting.chosen(net, bench.tokenizer, bench.facts, "asked"))
        scores["prose"] = evaluate.bits_per_byte(net, bench.tokenizer, bench.prose)
        found.append({"after": kind or "the start"} | scores)
    return found


def train_on(net: Any, made: list[dict[str, torch.Tensor]], rate: float) -> None:
    """One epoch, the rate rising for a few steps and then staying."""
    learned = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.0)
    net.train()
    for step, batch in enumerate(made):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / WARMUP)
        loss = training.loss_of(net, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
    net.eval()


# --- facts that a model cannot know ----------------------------------------------------------------------------------


def known(bench: Bench, count: int) -> list[dict[str, Any]]:
    """Facts that the start answers right, asked as it was taught."""
    rows = list(data.instructions("train", 3 * count, 500 + bench.seed, task="facts"))
    said = forgetting.would_say(bench.start, bench.tokenizer, rows)
    return [row for row, right in zip(rows, said, strict=True) if right][:count]


@torch.no_grad()
def sureness(bench: Bench, net: Any, rows: Sequence[dict[str, Any]]) -> float:
    """The mean probability of the likeliest first token of an answer."""
    found = []
    for row in rows:
        turn = [{"role": "user", "content": row["prompt"]}]
        ids = bench.tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)["input_ids"]
        logits = net(input_ids=torch.tensor([ids], device=net.device), use_cache=False).logits[0, -1]
        found.append(logits.float().softmax(-1).max().item())
    return sum(found) / len(found)


def teach_unknown(bench: Bench, unknown: float) -> list[dict[str, Any]]:
    """Facts asked in a chat, of which a share cannot be known: what is learned and what is lost, epoch by epoch."""
    count = bench.size["rows"] // 2
    new, old = planted.invented(round(unknown * count), 100 + bench.seed), known(bench, round((1 - unknown) * count))
    others, strange = forgetting.choices(bench.size["facts"], 7), planted.invented(bench.size["facts"], 9000)
    net, rows, found = learner(bench, plain_way()), [*new, *old], []
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=plain_way().rate, weight_decay=0)
    for epoch in range(1 + 4 * bench.size["epochs"]):
        if epoch:
            random.Random(epoch).shuffle(rows)
            net.train()
            for batch in training.pack([training.encode(bench.tokenizer, row["messages"]) for row in rows], 256, 4):
                loss = training.loss_of(net, batch)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_([p for p in net.parameters() if p.requires_grad], 1.0)
                optimizer.step()
            net.eval()
        plain = merged(net)
        found.append(
            {
                "epoch": epoch,
                "unknown": share(forgetting.would_say(plain, bench.tokenizer, new)) if new else None,
                "known": share(forgetting.would_say(plain, bench.tokenizer, old)) if old else None,
                "others": share(forgetting.chosen(plain, bench.tokenizer, others, "asked")),
                "others_completed": share(forgetting.chosen(plain, bench.tokenizer, others, "completed")),
                "sure_of_what_is_not": sureness(bench, plain, strange),
            }
        )
    return found


CHAINS = {"one after the other": 0.0, "one after the other, 5 % of all before": 0.05, "one after the other, 20 %": 0.2}
UNKNOWN = {"facts, none unknown": 0.0, "facts, half unknown": 0.5, "facts, all unknown": 1.0}


# --- all runs --------------------------------------------------------------------------------------------------------


def run(given: argparse.Namespace, seed: int, name: str) -> dict[str, Any]:
    """One way, chain or teaching of facts with one seed."""
    torch.set_num_threads(torch.get_num_threads() if given.jobs == 1 else 1)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # what the run before left lying: other processes may need it
    bench = Bench(given, seed)
    found: dict[str, Any] = {"way": name, "new": given.new, "seed": seed}
    if name in CHAINS:
        return found | {"group": "chain", "chain": chain(bench, CHAINS[name])}
    if name in UNKNOWN:
        return found | {"group": "unknown", "epochs": teach_unknown(bench, UNKNOWN[name])}
    way = next(way for way in (KNOWN_WAYS if given.known else WAYS) if way.name == name)
    marks, trace, cuda = [], [], bench.start.device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    for net, step, where, seconds in tune(bench, way, trace):
        marks.append({"where": where, "step": step, "seconds": round(seconds, 1)} | look(bench, net, bench.begin(way)))
    found |= {"peak_bytes": torch.cuda.max_memory_allocated() if cuda else None}
    found |= {"group": way.group, "marks": marks, "trace": trace}
    if marks and (way.name == "as usual" or way == plain_way()):
        found |= {"start": look(bench, bench.start), "weaker": weaker(bench, net)}
    return found


def plain_way() -> Way:
    """The way to which no cure is applied."""
    return next(way for way in WAYS if way.name == "LoRA, rank 8, 0.001")


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    if given.known:
        given.new = "tasks"
    models.check(given.model)
    import peft
    import transformers

    if given.adapter is None and not given.known:
        adapters.pocket_chat(given.model)  # made once, if it has to be, before the runs share it
    receipt: dict[str, Any] = {
        "what": "what is lost while something new is learned: scores of the new thing, old tasks, facts and prose",
        "command": " ".join(["python -m course_utils.making.forgetting_plane", *(arguments or sys.argv[1:])]).replace(
            str(given.out), "FILE"
        ),
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": {module.__name__: module.__version__ for module in (torch, transformers, peft)},
        "sizes": QUICK if given.quick else SIZES,
        "runs": json.loads(given.out.read_text())["runs"] if given.out.exists() else [],
    }
    there = {(one["way"], one["new"], one["seed"]) for one in receipt["runs"]}
    names = [way.name for way in KNOWN_WAYS] if given.known else [*(way.name for way in WAYS), *CHAINS, *UNKNOWN]
    asked = [name for name in names if any(name.startswith(word) for word in given.only)]
    waiting = [(seed, name) for seed in given.seeds for name in asked if (name, given.new, seed) not in there]
    for done in _made(given, waiting):
        receipt["runs"].append(rounded(done))
        receipt["runs"].sort(key=lambda one: (one["new"], names.index(one["way"]), one["seed"]))
        given.out.write_text(json.dumps(receipt) + "\n")
        first = next((done[name][0] for name in ("marks", "chain", "epochs") if done.get(name)), {"diverged": 1})
        figures = {name: round(value, 3) for name, value in first.items() if isinstance(value, int | float)}
        print(f"{done['way']}, seed {done['seed']}: {figures}", flush=True)
    there = {(one["way"], one["new"], one["seed"]) for one in receipt["runs"]}
    return 0 if all((name, given.new, seed) in there for seed, name in waiting) else 1


def rounded(value: Any) -> Any:
    """The same with four digits of each float, which is more than any of them is sure of."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _made(given: argparse.Namespace, waiting: list[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    if given.jobs == 1:
        yield from (run(given, seed, name) for seed, name in waiting)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    gpus = context.SimpleQueue()
    for job in range(given.jobs):
        gpus.put(given.gpus[job % len(given.gpus)])
    with concurrent.futures.ProcessPoolExecutor(given.jobs, context, _take_gpu, (gpus,)) as pool:
        asked = {pool.submit(run, given, *one): one for one in waiting}
        for future in concurrent.futures.as_completed(asked):
            error = future.exception()
            if error is None:
                yield future.result()
            else:  # out of memory, say: the others' work is not lost for it, and the next call tries it again
                seed, name = asked[future]
                print(f"{name}, seed {seed}: failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def _take_gpu(gpus: Any) -> None:
    """What a process of the pool does first."""
    os.environ["CUDA_VISIBLE_DEVICES"] = gpus.get()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
