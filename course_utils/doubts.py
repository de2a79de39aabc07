"""Rows that one had better read again: answers that look wrong, and questions about what the model has never met."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from course_utils import data, evaluate, forgetting

OFTEN, COVER, MANY = 5, 2 / 3, 40  # a label is given five times; all cover two thirds of the rows; there are 40 at most
SURE = 0.9  # the probability, among the labels, at which another one is worth a look
STRANGE = 25.0  # bits that a word costs; a rare word that the model has met costs 10 to 20

Row = Mapping[str, Any]


class Doubt(NamedTuple):
    """A row whose answer looks wrong: its place, what a model would say instead, and how likely that is."""

    place: int
    instead: str
    probability: float


class Word(NamedTuple):
    """The strangest word of a text: the text's place, the word, and the bits that it costs the model."""

    place: int
    word: str
    bits: float


def labels(rows: Sequence[Row]) -> list[str]:
    """The answers that come again and again, if nearly all rows have one of them; else none, and the task is no
    classification."""
    counted = Counter(row["answer"] for row in rows)
    often = [answer for answer, times in counted.most_common(MANY) if times >= OFTEN]
    return sorted(often) if sum(counted[answer] for answer in often) >= COVER * len(rows) else []


def spellings(rows: Sequence[Row]) -> list[list[str]]:
    """Answers that differ in nothing but case, punctuation and articles, in groups of two or more."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(evaluate.normalize(row["answer"]), set()).add(row["answer"])
    return [sorted(group) for group in found.values() if len(group) > 1]


def of_labels(
    model: Any, tokenizer: Any, rows: Sequence[Row], choices: Sequence[str], sure: float = SURE
) -> list[Doubt]:
    """The rows for which the model is sure of another label than the one they have.

    Args:
        model: one that was trained on other rows of the same kind, in evaluation mode.
        tokenizer: its tokenizer.
        rows: with ``prompt`` and ``answer``; those whose answer is none of ``choices`` are left out.
        choices: the labels.
        sure: from which probability on, among the labels.
    """
    from course_utils import training

    said = forgetting.would_say(model, tokenizer, rows)
    open_ = [i for i, right in enumerate(said) if not right and rows[i]["answer"] in choices]
    asked = [_answered(rows[i], choice) for i in open_ for choice in choices]
    if not asked:
        return []
    graded = [
        sum(label != training.IGNORED for label in training.encode(tokenizer, row["messages"], size=512)[1])
        for row in asked
    ]
    each = forgetting.log_probs(model, tokenizer, asked)
    import torch

    sums = torch.tensor([mean * count for mean, count in zip(each, graded, strict=True)]).view(-1, len(choices))
    best = sums.softmax(1).max(1)
    found = []
    for i, value, which in zip(open_, best.values.tolist(), best.indices.tolist(), strict=True):
        if choices[which] != rows[i]["answer"] and value >= sure:
            found.append(Doubt(i, choices[which], value))
    return found


def _answered(row: Row, answer: str) -> Row:
    return {"messages": [*row["messages"][:-1], data.row_of("", "", answer)["messages"][1]]}


def strange(model: Any, tokenizer: Any, texts: Sequence[str], bits: float = STRANGE, batch: int = 32) -> list[Word]:
    """The texts with a word that surprises the model by more than ``bits``, each with its strangest.

    A word is what stands between spaces, if it is of letters but for punctuation around it; its bits are those of its
    tokens, each read after all before it. A sentence's first word is left out: there, any word is strange.
    """
    import torch
    import torch.nn.functional as F

    begin = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    read = [tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False) for text in texts]
    order = sorted((i for i in range(len(texts)) if read[i]["input_ids"]), key=lambda i: len(read[i]["input_ids"]))
    found = []
    for first in range(0, len(order), batch):
        part = order[first : first + batch]
        ids = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor([begin, *read[i]["input_ids"]][: _window(model)]) for i in part], batch_first=True
        ).to(model.device)
        with torch.no_grad():
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        costs = F.cross_entropy(logits.float().transpose(1, 2), ids[:, 1:], reduction="none") / torch.tensor(2.0).log()
        for i, row in zip(part, costs.tolist(), strict=True):
            words = _words(texts[i], read[i]["offset_mapping"], row)
            word, cost = max(words, key=lambda pair: pair[1], default=("", 0.0))
            if cost > bits:
                found.append(Word(i, word, cost))
    return sorted(found)


def _window(model: Any) -> int:
    """Tokens of a text that are read."""
    return min(512, getattr(model.config, "max_position_embeddings", 512))


def _words(text: str, offsets: Sequence[tuple[int, int]], costs: Sequence[float]) -> list[tuple[str, float]]:
    """The words of letters in a text that begin no sentence, with the bits of their tokens."""
    found = []
    before = "."
    for word in re.finditer(r"\S+", text):
        bare = word[0].strip(string.punctuation)
        bits = sum(cost for (_, end), cost in zip(offsets, costs, strict=False) if word.start() < end <= word.end())
        if bare.isalpha() and not before.rstrip("\"'”’)").endswith((".", "!", "?", ":")):
            found.append((bare, bits))
        before = word[0]
    return found


def stands_in(answer: str, text: str) -> bool:
    """Whether the words of the answer stand in the text, one after the other, as ``evaluate.normalize`` sees both."""
    return f" {evaluate.normalize(answer)} " in f" {evaluate.normalize(text)} "
