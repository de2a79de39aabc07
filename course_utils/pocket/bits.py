"""Bits per byte: how many bits a language model needs for each byte of a text, whatever its tokenizer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any


def document_bits(model: Any, tokenizer: Any, texts: Iterable[str], window: int = 512, batch_size: int = 16):
    """The bits a model needs for each document.

    A document is ``<s>`` and its tokens, cut from its start into consecutive windows of ``window`` inputs. Each token
    is predicted once, from the tokens before it in its own window; nothing is carried from one window to the next.

    Args:
        model: a causal language model; its device and dtype are used as they are.
        tokenizer: its tokenizer, with a beginning-of-text token.
        texts: the documents.
        window: input tokens in a window.
        batch_size: windows in a batch.

    Returns:
        Two lists as long as ``texts``: bits of each document, and its length in UTF-8 bytes.
    """
    import torch
    import torch.nn.functional as F

    texts = list(texts)
    if not texts:
        raise ValueError("there is no text to measure")
    pieces: list[tuple[int, list[int]]] = []
    for i, text in enumerate(texts):
        ids = [tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        pieces += [(i, ids[start : start + window + 1]) for start in range(0, len(ids) - 1, window)]
    pieces.sort(key=lambda piece: len(piece[1]))  # equal lengths side by side: little padding

    nats = [0.0] * len(texts)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        for first in range(0, len(pieces), batch_size):
            batch = pieces[first : first + batch_size]
            longest = max(len(ids) for _, ids in batch)
            tokens = torch.full((len(batch), longest), -100)
            for row, (_, ids) in enumerate(batch):
                tokens[row, : len(ids)] = torch.tensor(ids)
            tokens = tokens.to(model.device)
            # Padding stands on the right, where causal attention never looks back at it.
            logits = model(input_ids=tokens[:, :-1].clamp(min=0), use_cache=False).logits.float()
            losses = F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], ignore_index=-100, reduction="none")
            for (i, _), loss in zip(batch, losses.double().sum(1).tolist(), strict=True):
                nats[i] += loss
    model.train(was_training)
    return [n / math.log(2) for n in nats], [len(text.encode()) for text in texts]


def bits_per_byte(model: Any, tokenizer: Any, texts: Iterable[str], window: int = 512, batch_size: int = 16) -> float:
    """Bits per byte over all ``texts`` together; see ``document_bits`` for how they are cut."""
    bits, lengths = document_bits(model, tokenizer, texts, window, batch_size)
    return sum(bits) / sum(lengths)
