"""Pretraining of pocket-llama: from a corpus directory and the generated small world to weights and a tokenizer.

    python -m course_utils.making.pretrain --corpus DIR --out DIR                # the real thing, on a GPU
    python -m course_utils.making.pretrain --corpus DIR --out DIR --size small   # the same path in a minute, on a CPU

Every step's rows are a function of the seed and the step's number alone, and a checkpoint holds the weights, the
optimizers and the random state. So a run that was killed and started again goes on where its checkpoint stood, and
on a CPU its loss curve is the same to the last bit. (On a GPU some sums run in an order that is not fixed.)
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
import lzma
import math
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from course_utils import world
from course_utils.errors import CourseError
from course_utils.evaluate import bits_per_byte
from course_utils.making.tokenizer import save_tokenizer, train_tokenizer

SEPARATOR = "<|endoftext|>"
HELDOUT = "heldout_english"
SAMPLES = ("Once upon a time there was a little", "The old king had three sons, and", "What does a cow eat?")
OPENINGS = (
    "Once upon a time there was a little girl who",
    "One morning the old fisherman",
    "The king looked at his son and said",
    "There was a fox who lived in the forest.",
    "When the children came home from school,",
    "It was a cold winter night, and",
    "Anna had a small red boat.",
    "Long ago, in a village by the sea,",
    "The wolf knocked at the door.",
    "Tom and his sister wanted to build",
    "In the garden there stood an old apple tree.",
    "The queen was very sad because",
    "A poor woman had three sons.",
    "The bear was hungry, so",
    "On her birthday Lucy got",
    "The little bird could not fly.",
    "Every day the farmer went to",
    "Two friends walked along the road.",
    "The giant lived on top of a hill, and",
    "My grandmother told me a story about",
)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides what comes out, but the texts themselves."""

    vocabulary: int = 4096
    hidden: int = 384
    layers: int = 8
    heads: int = 6
    kv_heads: int = 2
    intermediate: int = 1024
    positions: int = 1024
    steps: int = 4100
    rows: int = 256  # in a step
    row_tokens: int = 512
    micro_rows: int = 256  # in one forward pass
    loop_rows: int = 8  # rows of a step that are made to repeat themselves; see ``make_loops``
    shares: tuple[tuple[str, float], ...] = (("simple_english", 0.22), ("general_english", 0.12), ("world", 0.66))
    world_megabytes: float = 150.0
    muon_rate: float = 0.02
    adam_rate: float = 0.005
    weight_decay: float = 0.1
    dropout: float = 0.05
    warmup: int = 100
    decay: float = 0.6  # the last part of the run, in which the rate falls to zero
    clip: float = 1.0
    bf16: bool = True
    seed: int = 0
    score_every: int = 500
    save_every: int = 500


RECIPES = {
    "pocket": Recipe(),
    # Goes on from a model of the first one: a second, shorter climb and fall of lower rates.
    "second": Recipe(
        steps=1500, muon_rate=0.01, adam_rate=0.0025, warmup=50, decay=0.9, world_megabytes=100.0, seed=1,
        shares=(("simple_english", 0.25), ("general_english", 0.13), ("world", 0.62)),
    ),
    # Under an hour on two cores with bf16 instructions: fewer weights, and more of the small world.
    "laptop": Recipe(
        hidden=256, layers=6, heads=4, intermediate=704, steps=900, rows=64, row_tokens=256, micro_rows=32, loop_rows=2,
        shares=(("simple_english", 0.40), ("general_english", 0.05), ("world", 0.55)), world_megabytes=30.0,
        dropout=0.0, warmup=40, score_every=150, save_every=25,
    ),
    "small": Recipe(
        vocabulary=512, hidden=64, layers=2, heads=2, kv_heads=1, intermediate=128, positions=128, steps=30, rows=8,
        row_tokens=64, micro_rows=8, loop_rows=1, world_megabytes=0.2, warmup=3, bf16=False, score_every=10,
        save_every=10,
    ),
}  # fmt: skip


# --- texts -----------------------------------------------------------------------------------------------------------


def read_documents(path: Path) -> list[str]:
    """The documents of a corpus file, plain or ``.xz``; a line ``<|endoftext|>`` stands between two."""
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as file:
        return [text for document in file.read().split(SEPARATOR) if (text := document.strip())]


def find_corpus(directory: Path, names: Sequence[str]) -> dict[str, Path]:
    """The file of each named corpus part, or one line that says which is missing."""
    found = {}
    for name in names:
        files = [directory / f"{name}.txt", directory / f"{name}.txt.xz"]
        existing = [file for file in files if file.exists()]
        if not existing:
            raise CourseError(f"the corpus directory {directory} has no {files[0].name} (or {files[1].name})")
        found[name] = existing[0]
    return found


def _world_documents(job: tuple[int, int]) -> list[str]:
    seed, first = job
    return [world.document(seed, i).text for i in range(first, first + 2000)]


def world_documents(seed: int, megabytes: float) -> list[str]:
    """Documents of the small world, ``megabytes`` million bytes of them."""
    documents: list[str] = []
    size = 0
    with ProcessPoolExecutor() as pool:
        first = 0
        while size < megabytes * 1e6:
            jobs = [(seed, first + 2000 * k) for k in range(os.cpu_count() or 1)]
            for batch in pool.map(_world_documents, jobs):
                for text in batch:
                    if size < megabytes * 1e6:
                        documents.append(text)
                        size += len(text) + 1
            first += 2000 * len(jobs)
    return documents


def encode(tokenizer: Any, documents: list[str], seed: int, begin: int = 1, end: int = 2) -> Any:
    """One stream of tokens, document after document in a shuffled order, as a ``uint16`` array.

    ``begin`` and ``end`` are the tokens before and after each document; where they are the same, it stands once.
    """
    import numpy as np

    documents = random.Random(seed).sample(documents, len(documents))
    parts = []
    for first in range(0, len(documents), 1000):
        for encoded in tokenizer.encode_batch(documents[first : first + 1000], add_special_tokens=False):
            parts.append(np.array([begin][: begin != end] + [*encoded.ids, end], dtype=np.uint16))
    return np.concatenate(parts)


def prepare(corpus: Path, out: Path, recipe: Recipe) -> tuple[Any, dict[str, Any], list[str]]:
    """The tokenizer (trained, or the one that ``out`` has), a token stream for each source, the held-out documents."""
    import numpy as np
    from tokenizers import Tokenizer

    names = [name for name, _ in recipe.shares if name != "world"]
    files = find_corpus(corpus, [*names, HELDOUT])
    sources = {name: read_documents(files[name]) for name in names}
    if "world" in dict(recipe.shares):
        sources["world"] = world_documents(recipe.seed, recipe.world_megabytes)
    saved = out / "tokenizer" / "tokenizer.json"
    if saved.exists():
        tokenizer = Tokenizer.from_file(str(saved))
    else:
        # A third of each source is plenty to count pairs in.
        tokenizer = train_tokenizer((d for docs in sources.values() for d in docs[::3]), recipe.vocabulary)
        save_tokenizer(tokenizer, saved.parent, recipe.positions)
    streams = {name: encode(tokenizer, documents, recipe.seed) for name, documents in sources.items()}
    short = [name for name, stream in streams.items() if len(stream) <= 2 * recipe.row_tokens]
    if short:
        raise CourseError(f"too little text in {', '.join(short)}: give at least {2 * recipe.row_tokens} tokens")
    for name, stream in streams.items():
        print(f"{name}: {len(sources[name]):,} documents, {len(stream):,} tokens")
        assert stream.max() < recipe.vocabulary and stream.dtype == np.uint16
    return tokenizer, streams, read_documents(files[HELDOUT])


class Rows:
    """Rows of one source, in an order that depends on the seed and the row's number alone.

    Each pass over the source cuts it into rows at a new offset and shuffles them, so no pass shows the same rows.
    """

    def __init__(self, stream: Any, row_tokens: int, seed: str):
        self.stream, self.row_tokens, self.seed = stream, row_tokens, seed
        self.per_pass = (len(stream) - 1) // row_tokens - 1
        self.current: tuple[int, Any] = (-1, None)

    def starts(self, first: int, count: int) -> list[int]:
        """Where the rows number ``first`` to ``first + count - 1`` begin in the stream."""
        import numpy as np

        starts = []
        for number in range(first, first + count):
            turn, index = divmod(number, self.per_pass)
            if self.current[0] != turn:
                digest = hashlib.sha256(f"{self.seed}:{turn}".encode()).digest()
                rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
                offset = rng.integers(self.row_tokens)
                self.current = (turn, offset + self.row_tokens * rng.permutation(self.per_pass))
            starts.append(int(self.current[1][index]))
        return starts


def make_loops(tokens: Any, count: int, rng: random.Random) -> Any:
    """Makes ``count`` rows say a piece of themselves again and again before they go on, in place.

    A small model that writes by taking the likeliest token soon repeats itself, and each repetition makes the next one
    likelier. So it is shown such loops and how to leave them (after Xu et al. 2022, arXiv 2206.02369): a piece of a
    row stands there up to nine times, and then comes what came after it in the text.

    Args:
        tokens: integers of shape (rows, width).
        count: how many rows, drawn by ``rng``.

    Returns:
        bool of shape (rows, width), true where a token repeats what stood one round before and should not be learned.
        The first three tokens of the first repetition are left out: so far it may be chance.
    """
    import torch

    repeats = torch.zeros_like(tokens, dtype=torch.bool)
    rows, width = tokens.shape
    for row in rng.sample(range(rows), count):
        length = rng.randint(1, width // 12)
        end = rng.randint(length, width // 2)
        again = length * rng.randint(1, 8)
        piece = tokens[row, end - length : end].repeat(again // length)
        tokens[row] = torch.cat([tokens[row, :end], piece, tokens[row, end:]])[:width]
        repeats[row, end + 3 : end + again] = True
    return repeats


class Batches:
    """The rows of each step, ``shares`` of them from each source."""

    def __init__(self, streams: dict[str, Any], recipe: Recipe, device: Any):
        import torch

        total = sum(share for _, share in recipe.shares)
        edges = [
            round(recipe.rows * sum(s for _, s in recipe.shares[:i]) / total) for i in range(len(recipe.shares) + 1)
        ]
        self.counts = {name: edges[i + 1] - edges[i] for i, (name, _) in enumerate(recipe.shares)}
        self.rows = {name: Rows(streams[name], recipe.row_tokens, f"{recipe.seed}:{name}") for name in self.counts}
        self.tokens = {name: torch.from_numpy(streams[name].astype("int32")).to(device) for name in self.counts}
        self.span = torch.arange(recipe.row_tokens + 1, device=device)
        self.loop_rows, self.seed = recipe.loop_rows, recipe.seed

    def step(self, step: int) -> tuple[Any, Any]:
        """Tokens of step number ``step``, int64 of shape (rows, row_tokens + 1), and where they are a loop, bool."""
        import torch

        parts = []
        for name, count in self.counts.items():
            starts = torch.tensor(self.rows[name].starts(step * count, count), device=self.span.device)
            parts.append(self.tokens[name][starts[:, None] + self.span].long())
        tokens = torch.cat(parts)
        return tokens, make_loops(tokens, self.loop_rows, random.Random(f"{self.seed}:loops:{step}"))

    def passes(self, steps: int) -> dict[str, float]:
        """How often each source will have been read after ``steps`` steps."""
        return {name: steps * count / self.rows[name].per_pass for name, count in self.counts.items()}


# --- model -----------------------------------------------------------------------------------------------------------


def build_model(recipe: Recipe, start: Path | None = None) -> Any:
    """A ``LlamaForCausalLM`` with dropout on what each block adds to the residual stream.

    Its weights are fresh, or those of the model in ``start``, which must be of the recipe's shape.
    """
    import torch
    import torch.nn.functional as F
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=recipe.vocabulary, hidden_size=recipe.hidden, intermediate_size=recipe.intermediate,
            num_hidden_layers=recipe.layers, num_attention_heads=recipe.heads, num_key_value_heads=recipe.kv_heads,
            max_position_embeddings=recipe.positions, rms_norm_eps=1e-5, tie_word_embeddings=True,
            bos_token_id=1, eos_token_id=2, pad_token_id=0, attn_implementation="sdpa",
        )
    )  # fmt: skip
    if start:
        trained = LlamaForCausalLM.from_pretrained(start, dtype=torch.float32)
        if [p.shape for p in trained.parameters()] != [p.shape for p in model.parameters()]:
            raise CourseError(f"the model in {start} has another shape than the recipe")
        model.load_state_dict(trained.state_dict())
    if recipe.dropout:
        # The prose is read up to nine times; without dropout the model starts to learn it by heart.
        for layer in model.model.layers:
            for module in (layer.self_attn.o_proj, layer.mlp.down_proj):
                module.register_forward_hook(lambda m, _, out: F.dropout(out, recipe.dropout, m.training))
    return model


def build_optimizers(model: Any, recipe: Recipe) -> list[Any]:
    """Muon for the matrices inside the layers, AdamW for embeddings, head, norms and biases."""
    import torch

    tables = ("embed", "shared", "lm_head", "relative_attention_bias")  # a row each token or place
    matrices = {name: p for name, p in model.named_parameters() if p.ndim == 2}
    inner = [p for name, p in matrices.items() if not any(table in name for table in tables)]
    embedding = [p for name, p in matrices.items() if any(table in name for table in tables)]
    norms = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": embedding, "weight_decay": recipe.weight_decay}, {"params": norms, "weight_decay": 0.0}]
    return [
        torch.optim.Muon(inner, lr=recipe.muon_rate, weight_decay=recipe.weight_decay, momentum=0.95),
        torch.optim.AdamW(groups, lr=recipe.adam_rate, betas=(0.9, 0.95), fused=True),
    ]


def rate_at(step: int, recipe: Recipe) -> float:
    """The learning rate's factor: a linear warm-up, a plateau, a linear fall to zero."""
    left = (recipe.steps - step) / (recipe.decay * recipe.steps)
    return min(1.0, (step + 1) / recipe.warmup, left)


# --- training --------------------------------------------------------------------------------------------------------


def _atomic(path: Path, write: Any) -> None:
    temporary = path.with_name(path.name + ".part")
    write(temporary)
    os.replace(temporary, path)


def _read_log(path: Path, step: int) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["step"] < step]


def continuations(model: Any, tokenizer: Any, openings: Sequence[str], tokens: int = 60) -> list[str]:
    """Each opening with its greedy continuation of ``tokens`` tokens, or fewer if the text ends."""
    import torch

    begin, pad = tokenizer.bos_token_id, tokenizer.pad_token_id or 0  # Falcon has none, and a mask hides it anyway
    rows = [[begin, *tokenizer(opening, add_special_tokens=False)["input_ids"]] for opening in openings]
    width = max(map(len, rows))
    ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows], device=model.device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=model.device)
    model.eval()
    out = model.generate(ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, pad_token_id=pad)
    return [tokenizer.decode(row, skip_special_tokens=True) for row in out]


def loops(text: str, words: int = 4, times: int = 3) -> bool:
    """Whether some ``words`` successive words stand ``times`` times or more in ``text``."""
    parts = text.lower().split()
    runs = Counter(tuple(parts[i : i + words]) for i in range(len(parts) - words + 1))
    return any(count >= times for count in runs.values())


def causal_loss(model: Any, tokens: Any, repeats: Any) -> tuple[Any, Any]:
    """What is minimized when each token is predicted from those before it, and the cross-entropy without the loops.

    Args:
        model: a causal language model.
        tokens: int64 of shape (rows, width).
        repeats: bool of the same shape, true where a token is part of a loop; see ``make_loops``.
    """
    import torch
    import torch.nn.functional as F

    logits = model(input_ids=tokens[:, :-1], use_cache=False).logits
    cross_entropy = F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    repeats = repeats[:, 1:].flatten()
    probability = torch.exp(-cross_entropy)
    # Unlikelihood, -ln(1 - p) (Welleck et al. 2019, arXiv 1908.04319). Below a tenth it is left alone: pressed to
    # zero everywhere, the model flees into some token that stands in no text.
    unlikelihood = -torch.log(1 - probability + 1e-6) * (probability > 0.1)
    plain = (cross_entropy * ~repeats).sum() / (~repeats).sum()
    return torch.where(repeats, unlikelihood, cross_entropy).mean(), plain.detach()


def causal_score(model: Any, tokenizer: Any, heldout: list[str], window: int) -> dict[str, Any]:
    """Bits per byte on held-out text, and some continuations to read."""
    return {
        "bits_per_byte": bits_per_byte(model, tokenizer, heldout, window),
        "samples": continuations(model, tokenizer, SAMPLES),
    }


def train(
    model: Any,
    streams: dict[str, Any],
    out: Path,
    recipe: Recipe,
    loss_of: Callable[[Any, Any, Any], tuple[Any, Any]],
    score: Callable[[Any], dict[str, Any]],
) -> Any:
    """Trains ``model``, or goes on training it, and returns it. Writes ``out/log.jsonl`` and ``out/checkpoint.pt``.

    Args:
        model: with the weights that it begins with.
        streams: the tokens of each source, as ``encode`` gives them.
        out: an existing directory.
        recipe: how it is trained.
        loss_of: what is minimized and what is logged, from the model and a step's tokens, as ``causal_loss`` does.
        score: figures on held-out text, with ``bits_per_byte`` and ``samples`` among them.
    """
    import torch
    from tqdm.auto import tqdm

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device)
    optimizers = build_optimizers(model, recipe)
    batches = Batches(streams, recipe, device)
    checkpoint, log_path = out / "checkpoint.pt", out / "log.jsonl"
    fingerprint = dataclasses.asdict(recipe)

    step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["recipe"] != fingerprint:
            raise CourseError(f"{checkpoint} belongs to another recipe: give another --out, or remove it")
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        torch.set_rng_state(state["random"].cpu())
        if device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"].cpu())
        step = state["step"]
    log = _read_log(log_path, step)
    _atomic(log_path, lambda path: path.write_text("".join(json.dumps(line) + "\n" for line in log)))

    def within_bf16(tokens: Any, repeats: Any) -> tuple[Any, Any]:
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
            return loss_of(model, tokens, repeats)

    def save() -> None:
        state = {
            "recipe": fingerprint, "step": step, "model": model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if device.type == "cuda" else None,
        }  # fmt: skip
        _atomic(checkpoint, lambda path: torch.save(state, path))

    # Compiling pays for itself within a minute on a GPU; on a CPU at the small size it never would.
    compiled = torch.compile(within_bf16) if device.type == "cuda" else within_bf16
    model.train()
    # A run that goes on counts the seconds that its earlier part took.
    started = time.perf_counter() - (log[-1]["seconds"] if log else 0.0)
    bar = tqdm(total=recipe.steps, initial=step, unit="step", file=sys.stdout, mininterval=2.0)
    with log_path.open("a") as log_file:
        while step < recipe.steps:
            factor = rate_at(step, recipe)
            for optimizer, rate in zip(optimizers, (recipe.muon_rate, recipe.adam_rate), strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = rate * factor
                optimizer.zero_grad(set_to_none=True)
            losses = []
            for part, repeats in zip(*(whole.split(recipe.micro_rows) for whole in batches.step(step)), strict=True):
                share = len(part) / recipe.rows
                loss, plain = compiled(part, repeats)
                (loss * share).backward()
                losses.append(plain * share)
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            for optimizer in optimizers:
                optimizer.step()
            line: dict[str, Any] = {"step": step, "loss": float(sum(losses))}
            if not math.isfinite(line["loss"]):
                raise CourseError(f"the loss is {line['loss']} at step {step}: lower muon_rate or adam_rate")
            step += 1
            if step % recipe.score_every == 0 or step == recipe.steps:
                with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
                    line |= score(model)
                model.train()
                bar.write(f"step {step}: {line['bits_per_byte']:.4f} bits per byte; {line['samples'][0]!r}")
            line["seconds"] = round(time.perf_counter() - started, 2)
            log_file.write(json.dumps(line) + "\n")
            log_file.flush()
            bar.update()
            bar.set_postfix(loss=f"{line['loss']:.3f}")
            if step % recipe.save_every == 0 or step == recipe.steps:
                save()
    bar.close()
    return model


def save_model(model: Any, tokenizer: Any, directory: Path, recipe: Recipe) -> None:
    """Writes weights in bf16, configuration, tokenizer, and the checksums that ``models`` verifies."""
    import torch

    directory.mkdir(parents=True, exist_ok=True)
    save_tokenizer(tokenizer, directory, recipe.positions)
    model.to(torch.bfloat16).save_pretrained(directory)
    names = sorted(file.name for file in directory.iterdir() if file.name not in ("SHA256SUMS", "README.md"))
    sums = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names}
    (directory / "SHA256SUMS").write_text("".join(f"{sums[name]}  {name}\n" for name in names))


def write_receipt(
    out: Path, recipe: Recipe, streams: dict[str, Any], heldout: list[str], command: str, start: Path | None = None
) -> None:
    """Writes ``out/receipt.json``: what was run, on what, and what came of it, measured on the saved weights.

    Of a run that went on from another one it also says how that was made, under "first".
    """
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(out / "model")
    model = AutoModelForCausalLM.from_pretrained(out / "model", dtype=torch.bfloat16).to(device)
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    texts = continuations(model, tokenizer, OPENINGS, 80)
    per_step = Batches(streams, recipe, torch.device("cpu"))
    receipt = {
        "what": "pretraining of pocket-llama",
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "hardware": torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "recipe": dataclasses.asdict(recipe),
        "parameters": sum(p.numel() for p in model.parameters()),
        "source_tokens": {name: len(stream) for name, stream in streams.items()},
        "passes": {name: round(times, 2) for name, times in per_step.passes(recipe.steps).items()},
        "tokens": recipe.steps * recipe.rows * recipe.row_tokens,
        "seconds": log[-1]["seconds"],
        "heldout_bits_per_byte": bits_per_byte(model, tokenizer, heldout, 512),
        "curve": [
            {name: round(line[name], 4) for name in ("step", "loss", "bits_per_byte") if name in line}
            for line in log
            if line["step"] % 10 == 0 or "bits_per_byte" in line
        ],
        "continuations": texts,
        "looping": sum(map(loops, texts)),
    }
    if start and (start.parent / "receipt.json").exists():
        first = json.loads((start.parent / "receipt.json").read_text())
        names = ("command", "hardware", "recipe", "passes", "tokens", "seconds", "heldout_bits_per_byte")
        receipt["first"] = {name: first[name] for name in names}
    _atomic(out / "receipt.json", lambda path: path.write_text(json.dumps(receipt, indent=1) + "\n"))


def run(corpus: Path, out: Path, recipe: Recipe, command: str = "", start: Path | None = None) -> Path:
    """The whole path; returns the directory of the finished model, ``out/model``.

    With ``start``, the directory of a finished model, its weights and its tokenizer are where the run begins.
    """
    from transformers import AutoTokenizer

    if start and not (start / "tokenizer.json").exists():
        raise CourseError(f"{start} holds no finished model: it has no tokenizer.json")
    out.mkdir(parents=True, exist_ok=True)
    if start:
        (out / "tokenizer").mkdir(exist_ok=True)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(start / name, out / "tokenizer" / name)
    tokenizer, streams, heldout = prepare(corpus, out, recipe)
    words = AutoTokenizer.from_pretrained(out / "tokenizer")
    score = functools.partial(causal_score, tokenizer=words, heldout=heldout, window=recipe.row_tokens)
    model = train(build_model(recipe, start), streams, out, recipe, causal_loss, score)
    save_model(model, tokenizer, out / "model", recipe)
    write_receipt(out, recipe, streams, heldout, command, start)
    return out / "model"


def _recipe(size: str, changes: list[list[str]]) -> Recipe:
    recipe = RECIPES[size]
    kinds = {field.name: type(getattr(recipe, field.name)) for field in dataclasses.fields(recipe)}
    for name, value in changes:
        if kinds.get(name) not in (int, float):
            raise CourseError(
                f"no number {name!r} in the recipe; it has {', '.join(k for k in kinds if k != 'shares')}"
            )
        try:
            recipe = dataclasses.replace(recipe, **{name: kinds[name](value)})
        except ValueError:
            raise CourseError(f"{name} must be a number, not {value!r}") from None
    return recipe


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_utils.making.pretrain", description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory with the prose, one file a source")
    parser.add_argument("--out", type=Path, required=True, help="directory for checkpoint, log and the finished model")
    parser.add_argument("--size", choices=RECIPES, default="pocket")
    parser.add_argument(
        "--set", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="change the recipe"
    )
    parser.add_argument("--start", type=Path, help="directory of a finished model to go on from")
    given = parser.parse_args(arguments)
    try:
        changes = "".join(f" --set {name} {value}" for name, value in given.set)
        command = f"python -m course_utils.making.pretrain --corpus DIR --out DIR --size {given.size}{changes}"
        command += " --start DIR" if given.start else ""
        directory = run(given.corpus, given.out, _recipe(given.size, given.set), command, given.start)
    except (CourseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"the model is in {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
