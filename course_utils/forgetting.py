"""Lesson 09's yardsticks: new things to learn, and what is left of the old ones.

Whether a model would say an answer word for word is read from one forward pass over question and answer: taken greedily
it says the answer exactly if, after each part of it, the next token is the most likely one. So most scores here cost no
generation.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils import data
from course_utils.errors import CourseError
from course_utils.world import facts as world_facts
from course_utils.world import grammar, reviews

if TYPE_CHECKING:
    import torch

NEW = ("tag", "summary", "verdict")  # things that lesson 06's model has not been taught
VERDICTS = {"positive": "thumbs up", "negative": "thumbs down"}
KNOWLEDGE = Path(__file__).parent / "assets" / "common_knowledge.jsonl"
CHOICES = 4  # answers that a fact is chosen from

Row = Mapping[str, Any]


# --- something new ---------------------------------------------------------------------------------------------------


def new_rows(kind: str, part: str = "train", rows: int = 400, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of something new, as ``data.row_of`` makes them.

    Args:
        kind: ``"summary"``, one sentence about a story; ``"verdict"``, thumbs up or down for a review; ``"tag"``, the
            desk of a newspaper for a short text, a name that no model can know.
        part: ``"train"`` or ``"heldout"``, as for ``data.instructions``.
        rows: how many.
        seed: another seed gives other rows.
    """
    if kind == "summary":
        told = data.instructions(part, rows, seed, task="story")
        made = [(f"Sum up this story in one sentence.\n{row['answer']}", _summary(*row["required"])) for row in told]
    elif kind == "verdict":
        made = [(f"Thumbs up or thumbs down?\n{text}", VERDICTS[label]) for text, label in _reviews(part, rows, seed)]
    elif kind == "tag":
        made = [(f"{row['quote']} ->:", row["tags"][0]) for row in data.quotes(part, rows, seed)]
    else:
        raise CourseError(f"there is nothing new called {kind!r}: there are {', '.join(NEW)}")
    return [data.row_of(kind, prompt, answer) for prompt, answer in made]


def _summary(name: str, animal: str, thing: str, place: str) -> str:
    return grammar.fill("It is about {name}, {animal:a}, {thing:a} and the {place}.", **locals())


def _reviews(part: str, rows: int, seed: int) -> list[tuple[str, str]]:
    scribe, found = grammar.Scribe(f"verdicts:{part}:{seed}"), {}
    while len(found) < rows:
        review = reviews.review(scribe, part=part)
        found[review.text] = review.label
    return list(found.items())


# --- what a model would say ------------------------------------------------------------------------------------------


def would_say(model: Any, tokenizer: Any, rows: Iterable[Row], batch: int = 32) -> list[bool]:
    """For each row whether the model, asked its prompt, would give its answer word for word, and then end.

    Args:
        model: a causal language model, in evaluation mode.
        tokenizer: its tokenizer, with a chat template that marks the assistant's turn.
        rows: mappings with ``messages``.
        batch: rows read together.
    """

    def says(logits: torch.Tensor, labels: torch.Tensor, graded: torch.Tensor) -> torch.Tensor:
        return ((logits.argmax(-1) == labels) | ~graded).all(1)

    return _read(model, _encoded(tokenizer, rows), batch, says)


def log_probs(model: Any, tokenizer: Any, rows: Iterable[Row], batch: int = 32) -> list[float]:
    """The log-probability of each row's answer, in nats a token, its end included."""
    return _mean_log_probs(model, _encoded(tokenizer, rows), batch)


def _encoded(tokenizer: Any, rows: Iterable[Row]) -> list[tuple[list[int], list[int]]]:
    from course_utils import training

    return [training.encode(tokenizer, row["messages"], size=512) for row in rows]


def _mean_log_probs(model: Any, encoded: Sequence[tuple[list[int], list[int]]], batch: int) -> list[float]:
    import torch.nn.functional as F

    def mean(logits: torch.Tensor, labels: torch.Tensor, graded: torch.Tensor) -> torch.Tensor:
        each = F.cross_entropy(logits.float().transpose(1, 2), labels.where(graded, 0), reduction="none")
        return -(each * graded).sum(1) / graded.sum(1)

    return _read(model, encoded, batch, mean)


def _read(
    model: Any,
    encoded: Sequence[tuple[list[int], list[int]]],
    batch: int,
    figure: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
) -> list[Any]:
    """One figure a row, of its logits, of the labels that they stand before, and of which of these are graded.

    Rows of about the same length are read together, padded behind.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from course_utils import training

    found: list[Any] = [None] * len(encoded)
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i][0]))
    for first in range(0, len(order), batch):
        part = order[first : first + batch]
        ids, labels = (
            pad_sequence([torch.tensor(encoded[i][which]) for i in part], batch_first=True, padding_value=filler)
            for which, filler in enumerate((0, training.IGNORED))
        )
        labels = labels[:, 1:].to(model.device)
        with torch.no_grad():  # what stands behind is never looked at, so no mask is needed
            logits = model(input_ids=ids.to(model.device), use_cache=False).logits[:, :-1]
        for i, value in zip(part, figure(logits, labels, labels != training.IGNORED).tolist(), strict=True):
            found[i] = value
    return found


# --- facts of the small world ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """A fact with wrong answers of the same kind: asked in a chat, and stated in a sentence that ends with it."""

    question: str
    answers: tuple[str, ...]  # the right one first
    beginning: str  # of the sentence
    endings: tuple[str, ...]  # in the order of ``answers``


def choices(count: int, seed: int = 0) -> list[Choice]:
    """``count`` facts, each with ``CHOICES`` answers to choose from."""
    by_kind: dict[tuple[str, str], list[world_facts.Fact]] = {}
    for fact in world_facts.all_facts():
        by_kind.setdefault((fact.category, fact.attribute), []).append(fact)
    drawn, found = random.Random(seed), []
    order = list(world_facts.all_facts())
    drawn.shuffle(order)
    for fact in order:
        kind = (fact.category, fact.attribute)
        rights = {other.answer for other in by_kind[kind] if other.entity == fact.entity}
        wrong = sorted({other.answer for other in by_kind[kind]} - rights)
        patterns = [
            each for each in world_facts.STATEMENTS[kind] if each.rstrip(".").endswith(("{answer}", "{answer:a}"))
        ]
        if len(wrong) < CHOICES - 1 or not patterns or fact.answer in ("yes", "no"):
            continue
        answers = (fact.answer, *drawn.sample(wrong, CHOICES - 1))
        whole = [grammar.fill(patterns[0], entity=fact.entity, answer=answer) for answer in answers]
        start = len(_common([text.split(" ") for text in whole]))
        question = grammar.fill(world_facts.QUESTIONS[kind][0], entity=fact.entity)
        found.append(
            Choice(
                question,
                tuple(world_facts.answer_of(world_facts.Fact(fact.entity, *kind, answer)) for answer in answers),
                " ".join(whole[0].split(" ")[:start]),
                tuple(" " + " ".join(text.split(" ")[start:]) for text in whole),
            )
        )
        if len(found) == count:
            return found
    raise CourseError(f"the small world has {len(found)} facts to choose: ask for at most so many")


def common_knowledge() -> list[Choice]:
    """Two hundred facts that everybody knows, written for the course; a small public model knows many of them."""
    found = []
    for line in KNOWLEDGE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        # Answered in a whole sentence, as such a model does: a bare word is nothing that it would say.
        answers = tuple(row["beginning"] + ending for ending in row["endings"])
        found.append(Choice(row["question"], answers, row["beginning"], tuple(row["endings"])))
    return found


def _common(lists: Sequence[Sequence[str]]) -> list[str]:
    """The words with which all begin."""
    return [row[0] for row in zip(*lists, strict=False) if len(set(row)) == 1]


def chosen(model: Any, tokenizer: Any, of: Sequence[Choice], how: str = "asked", batch: int = 64) -> list[bool]:
    """For each fact whether its right answer is the likeliest of its answers, by the mean over tokens.

    Args:
        model: a causal language model, in evaluation mode.
        tokenizer: its tokenizer.
        of: facts from ``choices``.
        how: ``"asked"`` in a chat, or ``"completed"``, as the end of a sentence.
        batch: answers read together.
    """
    if how not in ("asked", "completed"):
        raise CourseError(f"a fact can be asked or completed, not {how!r}")
    from course_utils import training

    encoded = []
    for fact in of:
        for answer, ending in zip(fact.answers, fact.endings, strict=True):
            if how == "asked":
                encoded.append(training.encode(tokenizer, data.row_of("facts", fact.question, answer)["messages"]))
            else:
                before = tokenizer(fact.beginning)["input_ids"]
                whole = tokenizer(fact.beginning + ending)["input_ids"]
                encoded.append((whole, [training.IGNORED] * len(before) + whole[len(before) :]))
    scores = _mean_log_probs(model, encoded, batch)
    groups = (scores[first : first + CHOICES] for first in range(0, len(scores), CHOICES))
    return [group[0] == max(group) for group in groups]


# --- how far a model has moved ---------------------------------------------------------------------------------------


def divergence(start: Any, model: Any, batches: Sequence[dict[str, torch.Tensor]]) -> float:
    """KL(start ‖ model) on the graded tokens of packed batches, in nats a token."""
    import torch
    import torch.nn.functional as F

    from course_utils import training

    total, count = 0.0, 0
    for batch in batches:
        graded = (batch["labels"][:, 1:] != training.IGNORED).to(start.device)
        with torch.no_grad():
            both = [training.logits_of(net, batch)[:, :-1][graded] for net in (start, model)]
        before, after = (logits.float().log_softmax(-1) for logits in both)
        total += F.kl_div(after, before, reduction="sum", log_target=True).item()
        count += len(before)
    return total / count


@dataclass(frozen=True)
class Change:
    """What a training has done to the linear layers."""

    size: float  # the change's length by the weights' own
    rank: float  # how many directions carry it: e to the entropy of the shares of its energy, mean of the layers


def change(start: Any, model: Any) -> Change:
    """The change of the layers that both models have as plain weights (an adapter has to be merged first)."""
    import torch

    before = {name: weight for name, weight in start.named_parameters() if name.endswith("_proj.weight")}
    moved = whole = 0.0
    ranks = []
    for name, weight in model.named_parameters():
        if name not in before:
            continue
        difference = weight.detach().float() - before[name].detach().float()
        moved += difference.square().sum().item()
        whole += before[name].float().square().sum().item()
        tall = difference.double() if len(difference) >= difference.shape[1] else difference.double().T
        energy = torch.linalg.eigvalsh(tall.T @ tall).clamp_min(0)  # the squares of the singular values, much sooner
        if energy.sum() > 0:
            shares = energy / energy.sum()
            ranks.append((-(shares * shares.clamp_min(1e-30).log()).sum()).exp().item())
    return Change((moved / whole) ** 0.5, sum(ranks) / len(ranks) if ranks else 0.0)
