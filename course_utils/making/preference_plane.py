"""Every method of lesson 10 on one plane: gold reward against divergence from the start. Lesson 10's receipt.

    python -m course_utils.making.preference_plane --out plane.json --jobs 32    # hours of one core, shared out
    python -m course_utils.making.preference_plane --out /tmp/plane.json --quick    # to try it

A run is one method with one seed: of the prompts' order, the lines drawn, the adapter's start. All runs of a seed
share their pairs and judges. The receipt is written after each run, and a run that it holds is not made again.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import copy
import datetime
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from course_utils import adapters, data, evaluate, models, preferences  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402

HELDOUT_SEED = 1000  # of the prompts on which a policy is judged; no training seed
FULL = {"prompts": 96, "each": 8, "heldout": 96, "draws": 2, "others": 120, "updates": 12, "pairs": 192}
QUICK = {"prompts": 4, "each": 4, "heldout": 2, "draws": 8, "others": 8, "updates": 1, "pairs": 4}
GROUPS, EACH = 8, 8  # prompts of a round, lines for each
SMALL_JUDGE = 24  # pairs of the judge that can be fooled
NOISE = 0.1  # the share of pairs whose label is turned round
BATCH = 8  # pairs of a step, lines of a step of SFT

# What each method changes of its function's defaults.
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "best of n": ("best_of_n", {}),
    "SFT on the best": ("sft", {}),
    "DPO, beta 0.03": ("dpo", {"beta": 0.03}),
    "DPO, beta 0.1": ("dpo", {}),
    "DPO, beta 0.5": ("dpo", {"beta": 0.5}),
    "DPO, small steps": ("dpo", {"rate": 1e-4}),
    "DPO with SFT": ("dpo", {"sft": 1.0}),
    "PPO": ("ppo", {}),
    "PPO, no KL": ("ppo", {"kl": 0.0}),
    "PPO, no clip": ("ppo", {"width": None}),
    "PPO, no baseline": ("ppo", {"baseline": False}),
    "PPO, no whitening": ("ppo", {"whiten": False}),
    "PPO, Adam's epsilon 1e-8": ("ppo", {"eps": 1e-8}),
    "PPO on a judge": ("ppo", {"judge": "pairs"}),
    "PPO on a judge of 24 pairs": ("ppo", {"judge": "few"}),
    "PPO on a judge of 24 pairs, no KL": ("ppo", {"judge": "few", "kl": 0.0}),
    "RLOO": ("group", {"advantage": "leave one out", "over": "sum"}),
    "GRPO": ("group", {}),
    "GRPO with KL": ("group", {"kl": 0.05}),
    "Dr. GRPO": ("group", {"advantage": "mean", "over": "longest"}),
    "GRPO, rank 1": ("group", {"rank": 1}),
    "GRPO, rank 1, alpha 2": ("group", {"rank": 1, "alpha": 2}),
    "GRPO, all weights": ("group", {"rank": None, "rate": 1e-4}),
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--model", default="pocket-llama", help="pocket-llama or a directory with a Llama")
    parser.add_argument("--adapter", type=Path, help="the start's adapter; lesson 06's if none is given")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--quick", action="store_true", help="runs of seconds, which show that the script works")
    return parser.parse_args(arguments)


# --- what is trained -------------------------------------------------------------------------------------------------


class Whole(nn.Module):
    """A policy without an adapter, all of whose weights learn; it can be switched back to its start, as an adapter."""

    def __init__(self, net: Any):
        super().__init__()
        self.net, self.start = net, [parameter.detach().clone() for parameter in net.parameters()]

    @property
    def device(self) -> torch.device:
        return self.net.device

    def get_base_model(self) -> Any:
        return self.net

    def generate(self, **inputs: Any) -> torch.Tensor:
        return self.net.generate(**inputs)

    @contextlib.contextmanager
    def disable_adapter(self) -> Iterator[None]:
        learned = [parameter.data for parameter in self.net.parameters()]
        for parameter, before in zip(self.net.parameters(), self.start, strict=True):
            parameter.data = before
        try:
            yield
        finally:
            for parameter, values in zip(self.net.parameters(), learned, strict=True):
                parameter.data = values


def policy(start: Any, seed: int, rank: int | None = 16, alpha: int = 32) -> Any:
    """A copy of ``start`` with a new adapter, or with all weights to learn if rank is None."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    net = copy.deepcopy(start)
    if rank is None:
        return Whole(net.requires_grad_(True))
    return get_peft_model(net, LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear"))


def learner(net: nn.Module, rate: float, eps: float = 1e-5) -> torch.optim.Adam:
    return torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=rate, eps=eps)


def step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One step, the gradient cut to length 1."""
    optimizer.zero_grad()
    loss.backward()
    for group in optimizer.param_groups:
        nn.utils.clip_grad_norm_(group["params"], 1.0)
    optimizer.step()


class Judge(nn.Module):
    """A reward model: an adapter on the start, and one number read from the last token of a line."""

    def __init__(self, start: Any, seed: int):
        super().__init__()
        self.net = policy(start, seed, rank=8, alpha=16)
        self.head = nn.Linear(start.config.hidden_size, 1, device=start.device)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, lines: preferences.Lines) -> torch.Tensor:
        """The score of each line, [lines], read where the whole line is known."""
        states = preferences.hidden(self.net, lines)
        return self.head(states[torch.arange(len(lines)), lines.width + lines.last])[:, 0]


def judge_of(start: Any, pairs: preferences.Lines, seed: int) -> Judge:
    """A reward model trained on pairs: the better line first, then the worse; 16 pairs a step, 36 steps at most."""
    judge = Judge(start, seed)
    optimizer = learner(judge, 1e-3)
    count = len(pairs) // 2
    generator = torch.Generator().manual_seed(seed)
    for _ in range(3 if count > 2 * SMALL_JUDGE else 6):
        order = torch.randperm(count, generator=generator).tolist()
        for first in range(0, count, 16):
            better = [2 * i for i in order[first : first + 16]]
            scores = judge(pairs.pick([*better, *(i + 1 for i in better)])).view(2, -1)
            step(optimizer, -nn.functional.logsigmoid(scores[0] - scores[1]).mean())
    return judge.eval()


# --- a seed's lines and pairs ----------------------------------------------------------------------------------------


def stories(part: str, rows: int, seed: int) -> list[dict[str, Any]]:
    return list(data.instructions(part, rows, seed, task="story"))


def pairs_of(lines: preferences.Lines, each: int, count: int, seed: int) -> preferences.Lines:
    """A right line and a wrong one of the same prompt, ``count`` times at most: the right one first, then the wrong.

    Prompts take turns, so that none is in many pairs before all are in one.
    """
    generator = torch.Generator().manual_seed(seed)
    right = preferences.golds(lines).view(-1, each)
    found: list[list[tuple[int, int]]] = []
    for prompt, scores in enumerate(right.tolist()):
        good = [prompt * each + i for i, score in enumerate(scores) if score]
        bad = [prompt * each + i for i, score in enumerate(scores) if not score]
        bad = [bad[i] for i in torch.randperm(len(bad), generator=generator).tolist()]
        found.append(list(zip(good, bad, strict=False)))
    turns = max(map(len, found), default=0)
    taken = [pairs[turn] for turn in range(turns) for pairs in found if len(pairs) > turn][:count]
    if not taken:
        raise CourseError("no prompt has both a right and a wrong line: draw more lines")
    return lines.pick([i for pair in taken for i in pair])


def turned(pairs: preferences.Lines, share: float, seed: int) -> preferences.Lines:
    """The pairs with a share of the labels turned round, as careless people give them."""
    wrong = torch.rand(len(pairs) // 2, generator=torch.Generator().manual_seed(seed)) < share
    order = [i for pair, flip in enumerate(wrong.tolist()) for i in (2 * pair + flip, 2 * pair + 1 - flip)]
    return pairs.pick(order)


class Bench:
    """What the runs of one seed share: prompts, the start's lines for them, pairs, and judges when asked for."""

    def __init__(self, given: argparse.Namespace, seed: int):
        self.size, self.seed = QUICK if given.quick else FULL, seed
        self.tokenizer = models.load_tokenizer(given.model)
        self.start = start_of(given.model, given.adapter)
        self.prompts = stories("train", self.size["prompts"], 100 + seed)
        self.heldout = stories("heldout", self.size["heldout"], HELDOUT_SEED)
        torch.manual_seed(seed)
        self.drawn = preferences.sample(self.start, self.tokenizer, self.prompts, self.size["each"])
        if not preferences.golds(self.drawn).any():
            preferences.ask_less([*self.prompts, *self.heldout], self.drawn)
        self._kept: dict[str, Any] = {}

    def kept(self, name: str, make: Any) -> Any:
        if name not in self._kept:
            torch.manual_seed(self.seed)
            self._kept[name] = make()
        return self._kept[name]

    @property
    def pairs(self) -> preferences.Lines:
        return self.kept("pairs", lambda: pairs_of(self.drawn, self.size["each"], self.size["pairs"], self.seed))

    def judge(self, which: str) -> Judge:
        """A judge trained on all pairs, a tenth of them turned round, or on a ``few``, all of them right."""
        few = self.pairs.pick(range(min(2 * SMALL_JUDGE, len(self.pairs))))
        pairs = few if which == "few" else turned(self.pairs, NOISE, self.seed)
        return self.kept(f"judge {which}", lambda: judge_of(self.start, pairs, self.seed))


def start_of(model: str, adapter: Path | None = None) -> Any:
    """Lesson 06's adapter, merged into its base in 32 bits: the start of every method."""
    from peft import PeftModel

    where = adapter or adapters.pocket_chat(model)
    return PeftModel.from_pretrained(models.load_base(model, torch.float32), where).merge_and_unload().eval()


# --- the methods: each yields the policy and what it has seen, once half-way and once at the end ----------------------


def sft(bench: Bench, rate: float = 1e-3, epochs: int = 3) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Fine-tuning on the right lines among those drawn."""
    tuned = policy(bench.start, bench.seed)
    optimizer = learner(tuned, rate)
    best = bench.drawn.pick(preferences.golds(bench.drawn).nonzero()[:, 0].tolist())
    for epoch in range(epochs):
        order = torch.randperm(len(best)).tolist()
        for first in range(0, len(best), 2 * BATCH):
            lines = best.pick(order[first : first + 2 * BATCH])
            step(optimizer, -preferences.token_log_probs(tuned, lines).sum() / lines.mask.sum())
        if epoch in (epochs // 2, epochs - 1):
            yield tuned, {"lines": len(best)}


def dpo(
    bench: Bench, beta: float = 0.1, sft: float = 0.0, rate: float = 5e-4, steps: int = 48
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """DPO on the pairs, with an SFT term on the better lines if ``sft`` is its weight."""
    tuned = policy(bench.start, bench.seed)
    optimizer = learner(tuned, rate)
    count, order, log = len(bench.pairs) // 2, [], []
    for number in range(steps):
        if len(order) < BATCH:
            order = torch.randperm(count).tolist()
        better, order = [2 * i for i in order[:BATCH]], order[BATCH:]
        lines = bench.pairs.pick([*better, *(i + 1 for i in better)])
        learned = preferences.token_log_probs(tuned, lines)
        with preferences.reference(tuned):
            before = preferences.token_log_probs(tuned, lines)
        chosen, rejected = (learned - before).sum(1).view(2, -1)
        loss = -nn.functional.logsigmoid(beta * (chosen - rejected)).mean()
        half = len(better)
        loss = loss - sft * learned[:half].sum() / lines.mask[:half].sum()
        step(optimizer, loss)
        log.append((chosen.mean().item(), rejected.mean().item()))
        if number in (steps // 2 - 1, steps - 1):
            yield tuned, {"chosen": [pair[0] for pair in log], "rejected": [pair[1] for pair in log]}


def rounds(bench: Bench, tuned: Any) -> Iterator[tuple[int, preferences.Lines]]:
    """Lines that the policy draws for a few prompts, the next prompts each round."""
    order: list[int] = []
    for number in range(bench.size["updates"]):
        if len(order) < GROUPS:
            order = order + torch.randperm(len(bench.prompts)).tolist()
        chosen, order = order[:GROUPS], order[GROUPS:]
        yield number, preferences.sample(tuned, bench.tokenizer, [bench.prompts[i] for i in chosen], EACH)


def group(
    bench: Bench, advantage: str = "group", over: str = "each", kl: float = 0.0, rank: int | None = 16,
    alpha: int = 32, rate: float = 1e-3,
) -> Iterator[tuple[Any, dict[str, Any]]]:  # fmt: skip
    """GRPO and its relatives: one step for each round of lines, on the gold reward.

    Args:
        bench: the seed's.
        advantage: "group" divides by the group's standard deviation, "mean" does not, "leave one out" takes off the
            mean of the others (RLOO).
        over: what a line's sum over tokens is divided by: its own tokens ("each"), the longest line that there may be
            ("longest"), or nothing ("sum").
        kl: the weight of the estimated divergence from the start.
        rank: of the adapter; None learns all weights.
        alpha: of the adapter; its change is scaled by alpha / rank.
        rate: the learning rate.
    """
    tuned = policy(bench.start, bench.seed, rank, alpha)
    optimizer = learner(tuned, rate)
    log: dict[str, list[float]] = {"gold": [], "wrong": [], "dead": []}
    for number, lines in rounds(bench, tuned):
        rewards = preferences.golds(lines)
        grouped = rewards.view(-1, EACH)
        centred = grouped - grouped.mean(1, keepdim=True)
        if advantage == "group":
            centred = centred / (grouped.std(1, keepdim=True) + 1e-4)
        elif advantage == "leave one out":
            centred = centred * EACH / (EACH - 1)
        learned = preferences.token_log_probs(tuned, lines)
        loss = -(learned - learned.detach()).exp() * centred.reshape(-1, 1)
        if kl:
            with preferences.reference(tuned):
                before = preferences.token_log_probs(tuned, lines)
            gap = before - learned
            loss = loss + kl * (gap.exp() - gap - 1)
        divisor = {"each": lines.mask.sum(1), "longest": preferences.LIMIT, "sum": 1}[over]
        step(optimizer, ((loss * lines.mask).sum(1) / divisor).mean())
        words = [len(text.split()) for text, right in zip(lines.texts, rewards.tolist(), strict=True) if not right]
        log["gold"].append(rewards.mean().item())
        log["wrong"].append(sum(words) / max(1, len(words)))
        log["dead"].append((grouped.std(1) == 0).float().mean().item())
        if number in (bench.size["updates"] // 2 - 1, bench.size["updates"] - 1):
            yield tuned, log


def gae(rewards: torch.Tensor, values: torch.Tensor, mask: torch.Tensor, smooth: float = 0.95) -> torch.Tensor:
    """Generalized advantage estimates without discount (Schulman et al. 2016), [lines, tokens] like all its input."""
    advantages = torch.zeros_like(rewards)
    following = later = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        surprise = rewards[:, t] + following - values[:, t]
        later = (surprise + smooth * later) * mask[:, t]
        advantages[:, t], following = later, values[:, t] * mask[:, t]
    return advantages


def ppo(
    bench: Bench, judge: str = "", kl: float = 0.05, width: float | None = 0.2, baseline: bool = True,
    whiten: bool = True, eps: float = 1e-5, rate: float = 1e-3, epochs: int = 2,
) -> Iterator[tuple[Any, dict[str, Any]]]:  # fmt: skip
    """PPO with a value for each token, on the gold reward or on a judge's."""
    tuned = policy(bench.start, bench.seed)
    value = nn.Linear(bench.start.config.hidden_size, 1, device=bench.start.device)
    nn.init.zeros_(value.weight), nn.init.zeros_(value.bias)
    optimizer, values_optimizer = learner(tuned, rate, eps), torch.optim.Adam(value.parameters(), lr=1e-2)
    reward = bench.judge(judge) if judge else preferences.golds
    log: dict[str, list[float]] = {"gold": [], "reward": []}
    for number, lines in rounds(bench, tuned):
        mask, where = lines.mask, (torch.arange(len(lines)), lines.last)
        with torch.no_grad():
            scores = reward(lines)
            logits, states = preferences.forward(tuned, lines)
            old = preferences.token_log_probs(tuned, lines)
            values = value(states)[..., 0] * mask if baseline else torch.zeros_like(mask)
        with preferences.reference(tuned):
            given = -kl * (old - preferences.token_log_probs(tuned, lines)) * mask
        given[where] += scores
        advantages = gae(given, values, mask)
        returns = advantages + values
        if whiten:
            inside = advantages[mask > 0]
            advantages = (advantages - inside.mean()) / (inside.std() + 1e-8) * mask
        for _ in range(epochs):
            for part in torch.randperm(len(lines)).split(len(lines) // 2):
                few, weight = lines.pick(part.tolist()), mask[part]
                logits, states = preferences.forward(tuned, few)
                learned = logits.log_softmax(-1).gather(-1, few.answer[..., None])[..., 0]
                ratio = ((learned - old[part]) * weight).exp()
                gain = ratio * advantages[part]
                if width is not None:
                    gain = torch.minimum(gain, ratio.clamp(1 - width, 1 + width) * advantages[part])
                step(optimizer, -(gain * weight).sum() / weight.sum())
                if baseline:
                    off = (value(states.detach())[..., 0] - returns[part]) ** 2
                    step(values_optimizer, (off * weight).sum() / weight.sum())
        log["gold"].append(preferences.golds(lines).mean().item())
        log["reward"].append(scores.mean().item())
        if number in (bench.size["updates"] // 2 - 1, bench.size["updates"] - 1):
            yield tuned, log


# --- how a policy is judged -------------------------------------------------------------------------------------------


def measured(bench: Bench, tuned: Any) -> dict[str, Any]:
    """Where a policy stands on held-out prompts, and what is left of what it could do before."""
    torch.manual_seed(bench.seed)
    lines = preferences.sample(tuned, bench.tokenizer, bench.heldout, bench.size["draws"])
    where = preferences.standing(tuned, lines)
    return {
        "gold": where.gold,
        "kl": [round(nats, 4) for nats in where.kl],
        "words": where.words,
        "judged": {
            which: round(_scores(bench.judge(which), lines).mean().item(), 4)
            for which in ("pairs", "few")
        },
        "example": lines.texts[0],
    }  # fmt: skip


def kept_of(bench: Bench, net: Any) -> dict[str, float]:
    """The share of other tasks' questions that are still answered right, and bits per byte of the world's stories."""
    asked = data.instructions("heldout", 2 * bench.size["others"], HELDOUT_SEED)
    rows = [row for row in asked if row["task"] != "story"][: bench.size["others"]]
    inner = net.get_base_model() if hasattr(net, "get_base_model") else net
    right = evaluate.exact_match(evaluate.answer(inner, bench.tokenizer, [row["prompt"] for row in rows]), rows)
    texts = [row["answer"] for row in bench.heldout[:48]]
    return {"others": sum(right) / len(right), "bits": evaluate.bits_per_byte(inner, bench.tokenizer, texts)}


@torch.no_grad()
def _scores(judge: Judge, lines: preferences.Lines) -> torch.Tensor:
    return torch.cat([judge(lines.pick(range(i, min(i + 64, len(lines))))) for i in range(0, len(lines), 64)])


def best_of_n(bench: Bench) -> dict[str, Any]:
    """The start's own lines, the best of n of them by the gold reward and by each judge; and the judges themselves."""
    torch.manual_seed(bench.seed)
    lines = preferences.sample(bench.start, bench.tokenizer, bench.heldout, 16)
    rewards = preferences.golds(lines)
    grid = lambda scores: scores.view(-1, 16)  # noqa: E731
    by = {"gold": rewards} | {f"judge {which}": _scores(bench.judge(which), lines) for which in ("pairs", "few")}
    choices = [1, 2, 4, 8, 16]
    unseen = pairs_of(lines, 16, 200, bench.seed)
    judges = {}
    for which in ("pairs", "few"):
        margin = torch.stack(_scores(bench.judge(which), unseen).view(-1, 2).unbind(1)).diff(dim=0)[0].neg()
        words = torch.tensor([float(len(text.split())) for text in lines.texts], device=rewards.device)
        wrong = rewards == 0
        judges[which] = {
            "right": (margin > 0).float().mean().item(),
            "sure": margin.sigmoid().mean().item(),
            "length": torch.corrcoef(torch.stack([by[f"judge {which}"][wrong], words[wrong]]))[0, 1].item(),
        }
    return {
        "n": choices,
        "best": {
            name: [preferences.best_of(grid(scores), grid(rewards), n).mean().item() for n in choices]
            for name, scores in by.items()
        },
        "judges": judges,
        "unseen pairs": len(unseen) // 2,
        "gold": rewards.tolist(),
        "words": [len(text.split()) for text in lines.texts],
        "kept": kept_of(bench, bench.start),
    }


def run(given: argparse.Namespace, seed: int, method: str) -> dict[str, Any]:
    """One method with one seed."""
    began = time.perf_counter()
    torch.set_num_threads(torch.get_num_threads() if given.jobs == 1 else 1)
    bench, (name, changes) = Bench(given, seed), METHODS[method]
    if name == "best_of_n":
        made = best_of_n(bench)
    else:
        made = {"marks": []}
        torch.manual_seed(seed)
        for tuned, log in globals()[name](bench, **changes):
            state = torch.get_rng_state()  # judging the policy half-way does not change how it goes on
            made["marks"].append(measured(bench, tuned))
            made["log"] = log
            torch.set_rng_state(state)
        made["kept"] = kept_of(bench, tuned)
    return {"method": method, "seed": seed, "seconds": round(time.perf_counter() - began, 1)} | made


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check(given.model)
    import peft
    import transformers

    if given.adapter is None:
        adapters.pocket_chat(given.model)  # made once, if it has to be, before the runs share it
    receipt = {
        "what": "methods of preference tuning on one task: gold reward and divergence from the start",
        "command": " ".join(["python -m course_utils.making.preference_plane", *(arguments or sys.argv[1:])]).replace(
            str(given.out), "FILE"
        ),
        "date": datetime.date.today().isoformat(),
        "hardware": str(models.hardware()),
        "versions": {module.__name__: module.__version__ for module in (torch, transformers, peft)},
        "sizes": QUICK if given.quick else FULL,
        "runs": [],
    }
    if given.out.exists():
        receipt["runs"] = json.loads(given.out.read_text())["runs"]
    there = {(one["method"], one["seed"]) for one in receipt["runs"]}
    open_runs = [(seed, method) for method in given.methods for seed in given.seeds if (method, seed) not in there]
    for done in _made(given, open_runs):
        receipt["runs"].append(done)
        receipt["runs"].sort(key=lambda one: (list(METHODS).index(one["method"]), one["seed"]))
        given.out.write_text(json.dumps(receipt) + "\n")
        last = done["marks"][-1] if "marks" in done else done
        share = sum(last["gold"]) / len(last["gold"])
        print(f"{done['method']}, seed {done['seed']}: gold {share:.0%}, {done['seconds']} s", flush=True)
    return 0


def _made(given: argparse.Namespace, open_runs: list[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    if given.jobs == 1:
        yield from (run(given, seed, method) for seed, method in open_runs)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(given.jobs, mp_context=context) as pool:
        waiting = [pool.submit(run, given, seed, method) for seed, method in open_runs]
        for future in concurrent.futures.as_completed(waiting):
            yield future.result()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
