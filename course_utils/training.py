"""A plain training loop on packed conversations, for lessons and measurements that train many times.

Lesson 06 builds the same things one by one, as ``SFTTrainer`` does them.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

IGNORED = -100  # the label of a token that is not graded
WARMUP = 0.03  # the share of the steps in which the learning rate climbs


def encode(tokenizer: Any, messages: Sequence[dict[str, str]], size: int = 256) -> tuple[list[int], list[int]]:
    """Ids and labels of one conversation, cut to ``size`` tokens; only what the assistant says is graded."""
    row = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    ids = row["input_ids"][:size]
    return ids, [i if kept else IGNORED for i, kept in zip(ids, row["assistant_masks"], strict=False)]


def pack(
    rows: Iterable[tuple[list[int], list[int]]], size: int = 256, batch_rows: int = 8
) -> list[dict[str, torch.Tensor]]:
    """Conversations in the order given, laid into rows of ``size`` tokens, ``batch_rows`` of them a batch.

    Args:
        rows: ids and labels of each conversation, none longer than ``size``.
        size: tokens of a row.
        batch_rows: rows of a batch.

    Returns:
        Batches of ``input_ids``, ``labels`` and ``position_ids``, each [batch_rows, size] (the last may have fewer
        rows). Positions start again at 0 with each conversation, which tells the attention where one ends.
    """
    packed: list[tuple[list[int], list[int], list[int]]] = []
    for ids, labels in rows:
        if not packed or len(packed[-1][0]) + len(ids) > size:
            packed.append(([], [], []))
        for column, values in zip(packed[-1], (ids, labels, range(len(ids))), strict=True):
            column.extend(values)
    for ids, labels, positions in packed:
        room = size - len(ids)  # the padding counts as one more conversation
        ids += [0] * room
        labels += [IGNORED] * room
        positions += range(room)
    names = ("input_ids", "labels", "position_ids")
    batches = [packed[i : i + batch_rows] for i in range(0, len(packed), batch_rows)]
    return [
        {name: torch.tensor(column) for name, column in zip(names, zip(*batch, strict=True), strict=True)}
        for batch in batches
    ]


def batches_of(tokenizer: Any, conversations: Iterable[Sequence[dict[str, str]]]) -> list[dict[str, torch.Tensor]]:
    """The conversations, encoded and packed."""
    return pack(encode(tokenizer, messages) for messages in conversations)


def logits_of(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    inputs = {name: batch[name].to(model.device) for name in ("input_ids", "position_ids")}
    # With a cache, transformers does not read from the positions where a conversation ends: then they see each other.
    return model(**inputs, use_cache=False).logits


def loss_of(
    model: Any, batch: dict[str, torch.Tensor], reduction: str = "mean", logits: torch.Tensor | None = None
) -> torch.Tensor:
    """The loss over the graded tokens of a batch, in nats; ``logits`` are the model's, if it has read them already."""
    logits = logits_of(model, batch) if logits is None else logits
    targets = batch["labels"].to(model.device)[:, 1:].flatten()
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), targets, ignore_index=IGNORED, reduction=reduction)


def arithmetic(model: Any, dtype: torch.dtype) -> contextlib.AbstractContextManager:
    """Products in ``dtype``, whatever the weights have; no change for float32."""
    return torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32)


@torch.no_grad()
def heldout_loss(model: Any, batches: list[dict[str, torch.Tensor]], dtype: torch.dtype = torch.bfloat16) -> float:
    """The mean loss over all graded tokens of the batches, in nats."""
    with arithmetic(model, dtype):
        total = sum(loss_of(model, batch, "sum").item() for batch in batches)
    return total / sum((batch["labels"][:, 1:] != IGNORED).sum().item() for batch in batches)


def schedule(step: int, steps: int, warmup: float = WARMUP) -> float:
    """The share of the learning rate in step ``step`` of ``steps``, from 0: a climb, then half a cosine down to 0."""
    climb = max(1, math.ceil(warmup * steps))
    if step < climb:
        return (step + 1) / climb
    return 0.5 * (1 + math.cos(math.pi * (step - climb) / max(1, steps - climb)))


def train(
    model: Any,
    batches: list[dict[str, torch.Tensor]],
    rate: float,
    steps: int | None = None,
    whole: int | None = None,
    dtype: torch.dtype = torch.bfloat16,
) -> list[float]:
    """Trains whatever requires a gradient, by AdamW without weight decay, gradients cut to length 1.

    Args:
        model: a causal language model; it is left in evaluation mode.
        batches: from ``pack``; after the last the first comes again.
        rate: the largest learning rate.
        steps: steps to train; one pass over the batches if None.
        whole: the length of the run whose first ``steps`` these are, for the schedule; ``steps`` if None.
        dtype: of the products.

    Returns:
        The loss of each step, in nats a graded token. It may be NaN from where a run diverged.
    """
    steps = len(batches) if steps is None else steps
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.0)
    model.train()
    losses = []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * schedule(step, whole or steps)
        with arithmetic(model, dtype):
            loss = loss_of(model, batches[step % len(batches)])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        losses.append(loss.detach())
    model.eval()
    return torch.stack(losses).tolist()
