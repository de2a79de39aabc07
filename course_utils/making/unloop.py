"""The last step of making pocket-llama: it unlearns to go round in circles.

    python -m course_utils.making.unloop --run DIR --corpus DIR --out DIR

A small model that always writes the likeliest token repeats itself: "he was very happy, and he was very happy, and".
More of the same training does not cure it, since no text of the corpus shows the model its own loops. So here it
continues beginnings of real sentences, and a copy of it as it was, the teacher, goes over what it wrote. The teacher is
not allowed to write three words and the beginning of a fourth that stood there before; the model learns to choose as
the teacher does. Where the model did repeat itself, its choice is also made less likely (unlikelihood on the model's
own text, Welleck et al. 2019, arXiv 1908.04319, section 5.2). Unlikelihood alone drives a model into tokens that stand
in no text; with a teacher it learns what to write instead. Beside that goes ordinary text, on which the model is to
stay as it was.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_utils import world
from course_utils.errors import CourseError
from course_utils.evaluate import bits_per_byte
from course_utils.making import pretrain

PROSE = ("simple_english", "general_english")  # the parts of the corpus that it reads
PAD, BEGIN, END = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides what comes out, but the model and the texts."""

    updates: int = 200
    rate: float = 3e-4  # of AdamW; ten updates to climb, then it falls to zero in a straight line
    beginnings: int = 48  # in an update
    lengths: tuple[int, ...] = (5, 7, 9, 12, 16, 24)  # tokens of a beginning
    continuation: int = 80  # tokens that the model writes
    words: int = 3  # that must stand there again, and a fourth begin again, to be a repetition
    rows: int = 24  # of ordinary text, in an update
    row_tokens: int = 256
    shares: tuple[float, float, float] = (0.525, 0.175, 0.3)  # of the rows: simple and general English, small world
    sharpness: float = 2.0  # the teacher's logits are multiplied by it where the model repeated itself
    # What the parts of the loss weigh.
    repeated: float = 2.0  # where the model repeated itself
    own: float = 0.5  # the rest of what it wrote
    text: float = 0.2  # cross-entropy of ordinary text, beside staying close to the teacher, which weighs 1
    clip: float = 1.0
    seed: int = 0


def begins_word(tokenizer: Any) -> list[bool]:
    """For each token of the vocabulary: does a word, a punctuation mark or a line begin with it?"""
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    return [piece.startswith("▁") or not piece[:1].isalnum() for piece in pieces]


def repetitions(ids: Any, begins: Sequence[bool], words: int) -> tuple[Any, Any]:
    """Where rows say something again, or could.

    What is compared are whole words: ``words`` of them and the first token of the next. (Runs of tokens would do for
    short words only: the pieces of a long one stand together wherever it does.)

    Args:
        ids: integers of shape (rows, width), padded with 0 on either side.
        begins: from ``begins_word``.

    Returns:
        Two tensors: (row, position, token), int64 of shape (n, 3), each a token that would be a repetition at that
        position; and bool of shape (rows, width), true where the token that stands there is one.
    """
    import torch

    could, does = [], torch.zeros_like(ids, dtype=torch.bool)
    for r, row in enumerate(ids.tolist()):
        after: dict[tuple[int, ...], set[int]] = {}
        starts: list[int] = []
        for i, token in enumerate(row):
            if token == PAD or not begins[token]:
                continue
            if len(starts) >= words:
                seen = after.setdefault(tuple(row[starts[-words] : i]), set())
                could += [(r, i, again) for again in sorted(seen)]
                does[r, i] = token in seen
                seen.add(token)
            starts.append(i)
    return torch.tensor(could, dtype=torch.long).reshape(-1, 3).to(ids.device), does


def beginning(tokenizer: Any, documents: Sequence[str], rng: random.Random, length: int) -> list[int]:
    """``<s>`` and the first ``length`` tokens of a document, or of a sentence somewhere in it."""
    while True:
        text = rng.choice(documents)
        if rng.random() < 0.5:
            starts = [i + 2 for i in range(len(text) - 200) if text[i] in ".!?\n" and text[i + 2].isupper()]
            text = text[rng.choice(starts) :] if starts else text
        ids = tokenizer(text[: 12 * length], add_special_tokens=False)["input_ids"][:length]
        if len(ids) == length:
            return [BEGIN, *ids]


def ordinary_rows(tokenizer: Any, sources: Sequence[Sequence[str]], rng: random.Random, recipe: Recipe) -> Any:
    """Pieces of documents, int64 of shape (rows, row_tokens), zeros behind one that is shorter."""
    import torch

    ids = torch.full((recipe.rows, recipe.row_tokens), PAD)
    for row in ids:
        text = rng.choice(rng.choices(sources, recipe.shares)[0])
        start = rng.randrange(max(1, len(text) - 4 * recipe.row_tokens)) if rng.random() < 0.5 else 0
        some = tokenizer(text[start : start + 6 * recipe.row_tokens], add_special_tokens=False)["input_ids"]
        some = [BEGIN, *some, END][: recipe.row_tokens]
        row[: len(some)] = torch.tensor(some)
    return ids


def _logits(model: Any, ids: Any, mask: Any = None) -> Any:
    """Of the successors of all tokens but the last, float32."""
    import torch

    with torch.autocast(model.device.type, torch.bfloat16):
        mask = None if mask is None else mask[:, :-1]
        return model(input_ids=ids[:, :-1], attention_mask=mask, use_cache=False).logits.float()


def _divergence(teacher: Any, model: Any) -> Any:
    """Kullback-Leibler divergence of two arrays of logits, nats for each token."""
    import torch.nn.functional as F

    return F.kl_div(model.log_softmax(-1), teacher.log_softmax(-1), log_target=True, reduction="none").sum(-1)


def write(model: Any, tokenizer: Any, prose: Sequence[str], rng: random.Random, recipe: Recipe) -> tuple[Any, Any, int]:
    """What the model writes by itself: ids padded on the left, their attention mask, where the writing starts."""
    import torch

    begun = [beginning(tokenizer, prose, rng, rng.choice(recipe.lengths)) for _ in range(recipe.beginnings)]
    width = max(map(len, begun))
    ids = torch.tensor([[PAD] * (width - len(row)) + row for row in begun], device=model.device)
    with torch.no_grad(), torch.autocast(model.device.type, torch.bfloat16):
        ids = model.eval().generate(
            ids, attention_mask=(ids != PAD).long(), max_new_tokens=recipe.continuation, do_sample=False,
            pad_token_id=PAD,
        ).clone()  # fmt: skip
    mask = torch.ones_like(ids)
    mask[:, :width] = ids[:, :width] != PAD
    return ids, mask, width


def own_loss(model: Any, teacher: Any, written: tuple[Any, Any, int], begins: Sequence[bool], recipe: Recipe) -> Any:
    """The loss on the model's own text, and which part of that text is repetition."""
    import torch

    ids, mask, width = written
    could, does = repetitions(ids, begins, recipe.words)
    mine = ids != PAD
    mine[:, :width] = False
    does &= mine
    does, mine = does[:, 1:], mine[:, 1:]
    with torch.no_grad():
        taught = _logits(teacher, ids, mask)
        rows, positions, tokens = could[could[:, 1] >= width].T
        taught[rows, positions - 1, tokens] = -1e4
        taught[does] *= recipe.sharpness
    logits = _logits(model, ids, mask)
    divergence = _divergence(taught, logits)
    probability = logits.log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0].exp()
    unlikelihood = -torch.log(1 - probability + 1e-6)
    # Few repetitions are to weigh little: their sum is taken over a twentieth of what was written at least.
    again = ((divergence + unlikelihood) * does).sum() / max(does.sum().item(), mine.sum().item() / 20)
    rest = mine & ~does
    loss = recipe.repeated * again + recipe.own * (divergence * rest).sum() / rest.sum()
    return loss, does.sum().item() / mine.sum().item()


def ordinary_loss(model: Any, teacher: Any, ids: Any, recipe: Recipe) -> Any:
    """The loss on ordinary text, and its divergence from the teacher in nats a token."""
    import torch
    import torch.nn.functional as F

    with torch.no_grad():
        taught = _logits(teacher, ids)
    logits = _logits(model, ids)
    kept = ids[:, 1:] != PAD
    divergence = (_divergence(taught, logits) * kept).sum() / kept.sum()
    cross_entropy = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=PAD)
    return divergence + recipe.text * cross_entropy, divergence.item()


def train(model: Any, tokenizer: Any, prose: Sequence[Sequence[str]], recipe: Recipe) -> list[dict[str, float]]:
    """Changes the model in place.

    Args:
        prose: the documents of each of ``PROSE``.

    Returns:
        For each update the share of what the model wrote that is repetition, and how far its predictions on ordinary
        text are from the teacher's, in nats a token.
    """
    import torch
    from tqdm.auto import tqdm

    rng = random.Random(recipe.seed)
    generated = [world.document(recipe.seed + 77, i).text for i in range(20 * recipe.updates)]
    teacher = copy.deepcopy(model).requires_grad_(False).eval()
    begins = begins_word(tokenizer)
    # What a token means stays as it is: a change of the embedding would reach every text.
    learned = [p for name, p in model.named_parameters() if "embed" not in name]
    model.get_input_embeddings().requires_grad_(False)
    optimizer = torch.optim.AdamW(learned, lr=recipe.rate, betas=(0.9, 0.95), weight_decay=0.0)
    log = []
    for update in tqdm(range(recipe.updates), unit="update", file=sys.stdout):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * min(1, (update + 1) / 10) * (1 - update / recipe.updates)
        written = write(model, tokenizer, prose[0], rng, recipe)
        rows = ordinary_rows(tokenizer, [*prose, generated], rng, recipe).to(model.device)
        model.train()
        optimizer.zero_grad()
        loss, again = own_loss(model, teacher, written, begins, recipe)
        loss.backward()
        loss, divergence = ordinary_loss(model, teacher, rows, recipe)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, recipe.clip)
        optimizer.step()
        log.append({"repeated": round(again, 4), "divergence": round(divergence, 4)})
        if update % 10 == 9:
            texts = pretrain.continuations(model, tokenizer, pretrain.OPENINGS, 80)
            tqdm.write(
                f"update {update + 1}: {again:.1%} repeated, {divergence:.3f} nats from the teacher; "
                f"{sum(map(pretrain.loops, texts))} of {len(texts)} openings loop"
            )
    model.eval()
    return log


def run(source: Path, corpus: Path, out: Path, recipe: Recipe, command: str = "") -> Path:
    """From the finished pretraining in ``source`` to ``out``, which holds the same files; returns ``out/model``."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not (source / "receipt.json").exists():
        raise CourseError(f"{source} holds no finished pretraining: it has no receipt.json")
    if (out / "receipt.json").exists():
        raise CourseError(f"{out} holds a finished model already: give another --out")
    files = pretrain.find_corpus(corpus, [*PROSE, pretrain.HELDOUT])
    *prose, heldout = (pretrain.read_documents(path) for path in files.values())
    receipt = json.loads((source / "receipt.json").read_text())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(source / "model")
    model = AutoModelForCausalLM.from_pretrained(source / "model", dtype=torch.float32).to(device)
    began = time.perf_counter()
    log = train(model, tokenizer, prose, recipe)
    seconds = time.perf_counter() - began

    words = Tokenizer.from_file(str(source / "model" / "tokenizer.json"))
    model.to(torch.bfloat16)
    pretrain.save_model(model, words, out / "model", pretrain.Recipe(positions=model.config.max_position_embeddings))
    texts = pretrain.continuations(model, tokenizer, pretrain.OPENINGS, 80)
    receipt["unloop"] = {
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "hardware": torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "versions": {"torch": torch.__version__},
        "recipe": dataclasses.asdict(recipe),
        "seconds": round(seconds, 1),
        "updates": log,
        "looping_before": receipt["looping"],
        "heldout_bits_per_byte_before": receipt["heldout_bits_per_byte"],
    }
    receipt["continuations"], receipt["looping"] = texts, sum(map(pretrain.loops, texts))
    receipt["heldout_bits_per_byte"] = bits_per_byte(model, tokenizer, heldout, 512)
    (out / "receipt.json").write_text(json.dumps(receipt, indent=1) + "\n")
    before = receipt["unloop"]
    print(f"looping: {before['looping_before']} of {len(texts)} before, {receipt['looping']} after")
    bits = before["heldout_bits_per_byte_before"], receipt["heldout_bits_per_byte"]
    print("held-out bits per byte: {:.4f} before, {:.4f} after".format(*bits))
    return out / "model"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_utils.making.unloop", description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the --out directory of a finished pretraining")
    parser.add_argument("--corpus", type=Path, required=True, help="its corpus directory")
    parser.add_argument("--out", type=Path, required=True, help="directory for the finished model and its receipt")
    parser.add_argument("--updates", type=int, default=Recipe.updates)
    given = parser.parse_args(arguments)
    changed = f" --updates {given.updates}" if given.updates != Recipe.updates else ""
    command = f"python -m course_utils.making.unloop --run DIR --corpus DIR --out DIR{changed}"
    try:
        directory = run(given.run, given.corpus, given.out, Recipe(updates=given.updates), command)
    except (CourseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"the model is in {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
