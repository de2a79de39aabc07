"""Answers of a model, and how good they are: exact scores with intervals, bits per byte."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from course_utils.certificate import MergeCertificate, merge_certificate
from course_utils.errors import CourseError

__all__ = [
    "MergeCertificate",
    "UNFINISHED",
    "answer",
    "begins_right",
    "bits_per_byte",
    "by_task",
    "document_bits",
    "exact_match",
    "interval",
    "merge_certificate",
    "normalize",
    "token_limits",
]

UNFINISHED = " [...]"  # stands at the end of an answer that ran into the limit instead of ending itself


def answer(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str | list[dict[str, str]]],
    max_new_tokens: int | Sequence[int] = 24,
    batch_size: int = 32,
    temperature: float = 0.0,
    plain: bool = False,
) -> list[str]:
    """The model's answers to ``prompts``, each asked in the tokenizer's chat format, as one user turn if it is a text.

    Args:
        model: a causal language model; it is left in the mode, training or not, in which it came.
        tokenizer: its tokenizer, with a chat template.
        prompts: what the user says, or a whole conversation that ends with it, as a list of messages.
        max_new_tokens: where an answer that does not end is cut off (it then ends in ``UNFINISHED``); one number for
            all prompts, or one for each.
        batch_size: prompts answered together.
        temperature: 0 takes the most likely token each time. Above 0, each token is drawn from the whole distribution,
            its logits divided by this; torch's random state decides the draw.
        plain: takes the prompts, texts then, as they are, without the chat format; an answer ends with its first line.

    Returns:
        The answers, in the order of the prompts.

    Raises:
        CourseError: for a temperature below 0, one text instead of a list of prompts, or a wrong number of limits.
    """
    import torch

    if temperature < 0:
        raise CourseError(f"temperature = {temperature} is below 0: 0 takes the most likely token, 1 samples")
    if isinstance(prompts, str):
        raise CourseError("prompts is one text, and would be answered letter by letter: give a list, [prompt]")
    prompts = list(prompts)
    limits = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else list(max_new_tokens)
    if len(limits) != len(prompts):
        raise CourseError(
            f"max_new_tokens holds {len(limits)} limits for {len(prompts)} prompts: give one number, or one for each"
        )
    choosing: dict[str, Any] = {"do_sample": False}
    if temperature:  # generate() would keep only the 50 likeliest tokens if top_k were not named
        choosing = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}

    rendered = [_rendered(tokenizer, prompt, plain) for prompt in prompts]
    ends = ends_of_turn(model, tokenizer)
    answers = [""] * len(prompts)
    was_training = model.training
    model.eval()
    for limit, batch in _batches(limits, [len(ids) for ids in rendered], batch_size):
        # Padding goes on the left, so that each answer starts right after its prompt.
        inputs = tokenizer.pad(
            {"input_ids": [rendered[i] for i in batch]}, padding_side="left", return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            out = model.generate(
                **inputs, **choosing, max_new_tokens=limit, pad_token_id=tokenizer.pad_token_id, eos_token_id=ends
            )[:, inputs["input_ids"].shape[1] :]
        for i, tokens in zip(batch, out.tolist(), strict=True):
            end = next((place for place, token in enumerate(tokens) if token in ends), None)
            text = tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
            line, more, _ = text.partition("\n") if plain else (text, "", "")
            answers[i] = line.strip() + (UNFINISHED if end is None and not more else "")
    model.train(was_training)
    return answers


def _rendered(tokenizer: Any, prompt: str | list[dict[str, str]], plain: bool) -> list[int]:
    if plain:
        return tokenizer(prompt)["input_ids"]
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    return tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]


def ends_of_turn(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer: the tokenizer's end of text, and those that the model's own settings name.

    A chat model may close its turns with another token than ``</s>``; its generation config then holds both.
    """
    own = getattr(model.generation_config, "eos_token_id", None)
    own = own if isinstance(own, list | tuple) else [own]
    return sorted({end for end in (tokenizer.eos_token_id, *own) if end is not None})


def token_limits(rows: Iterable[Any], story: int = 112, other: int = 24) -> list[int]:
    """The tokens that an answer to each instruction row may take: its ``limit`` if it has one; else only stories need
    many."""
    return [row.get("limit") or (story if row["task"] == "story" else other) for row in rows]


def _batches(limits: Sequence[int], lengths: Sequence[int], size: int) -> Iterator[tuple[int, list[int]]]:
    """Indices in batches of one limit, so that no short answer waits for long ones, and of like length."""
    for limit in sorted(set(limits)):
        order = sorted((i for i, own in enumerate(limits) if own == limit), key=lambda i: lengths[i])
        for first in range(0, len(order), size):
            yield limit, order[first : first + size]


def normalize(text: str) -> str:
    """Lower case, without punctuation, articles and extra spaces, as SQuAD's exact match compares answers."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def is_correct(output: str, reference: str, required: Sequence[str] = ()) -> bool:
    """Whether an answer is right.

    With ``required``, as for a story, any finished text with each required word in it is; else it has to equal the
    reference up to ``normalize``. An unfinished answer is never right.
    """
    if output.endswith(UNFINISHED):
        return False
    if required:
        return all(re.search(rf"\b{re.escape(word)}\b", output, re.IGNORECASE) for word in required)
    return normalize(output) == normalize(reference)


def exact_match(outputs: Sequence[str], rows: Iterable[Any]) -> list[bool]:
    """For each output whether it answers its row, a mapping with ``answer`` and ``required``; see ``is_correct``."""
    return [is_correct(output, row["answer"], row["required"]) for output, row in zip(outputs, rows, strict=True)]


def begins_right(outputs: Sequence[str], rows: Iterable[Any]) -> list[bool]:
    """For each output whether it begins with its row's answer, however it goes on; a story has to hold its words."""
    right = []
    for output, row in zip(outputs, rows, strict=True):
        text = output.removesuffix(UNFINISHED)
        begins = f"{normalize(text)} ".startswith(f"{normalize(row['answer'])} ")
        right.append(is_correct(text, "", row["required"]) if row["required"] else begins)
    return right


def interval(correct: Sequence[bool], z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of right answers (Wilson 1927); it stays inside 0 to 1 even at 0 of n."""
    n = len(correct)
    if not n:
        raise ValueError("there is no answer to score")
    share = sum(correct) / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def by_task(correct: Sequence[bool], tasks: Sequence[str]) -> dict[str, list[bool]]:
    """The scores of each task family, families in the order in which they first occur."""
    grouped: dict[str, list[bool]] = {}
    for right, task in zip(correct, tasks, strict=True):
        grouped.setdefault(task, []).append(right)
    return grouped


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
