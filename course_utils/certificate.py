"""The merge certificate: how far a merged model is from the model it was made of, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.errors import CourseError

NOISE_CONVERSATIONS = 16  # how many the reference reads twice, to see how far it is from itself
NOISE_FLOOR = 1e-9  # nats; below it lies what 32-bit arithmetic itself gets wrong
ROUNDING = 10  # times the noise: up to there a difference is called rounding
TWIN = 0.5  # with fewer tokens in common than this, something is broken


@dataclass(frozen=True)
class MergeCertificate:
    """How far a merged model's predictions are from the reference's, over all positions of the same texts."""

    positions: int  # tokens at which the next one was predicted
    max_logit: float  # the largest |Δlogit|; infinite where the merged model gives no number
    mean_kl: float  # mean KL(reference ‖ merged), in nats a position
    agreement: float  # share of positions with the same most likely next token
    noise: float  # mean KL between the reference and itself, read one conversation at a time
    worst: str  # the conversation with the largest mean KL, as text

    @property
    def kind(self) -> str:
        """``"equal"``, ``"rounding"``, ``"changed"`` or ``"broken"``."""
        if not math.isfinite(self.mean_kl) or self.agreement < TWIN:
            return "broken"
        if self.max_logit == 0:
            return "equal"
        return "rounding" if self.mean_kl <= ROUNDING * max(self.noise, NOISE_FLOOR) else "changed"

    @property
    def verdict(self) -> str:
        """The certificate in one sentence."""
        if not math.isfinite(self.mean_kl):
            return "Broken: the merged model's logits are not all numbers."
        if self.kind == "equal":
            return f"The same model: not one logit differs at {self.positions:,} positions."
        others = round((1 - self.agreement) * self.positions)
        if self.kind == "broken":
            return f"Broken: another most likely token at {others:,} of {self.positions:,} positions."
        times = self.mean_kl / max(self.noise, NOISE_FLOOR)
        if self.kind == "rounding":
            return f"The same model up to rounding: {times:.2g} times what the reference differs from itself."
        return (
            f"Another model: {times:,.0f} times what the reference differs from itself, and another most likely token "
            f"at {others:,} of {self.positions:,} positions."
        )

    def __str__(self) -> str:
        return (
            f"{self.verdict} Largest logit difference {self.max_logit:.3g}, mean KL {self.mean_kl:.2g} nats, "
            f"same most likely token at {self.agreement:.1%} of {self.positions:,} positions."
        )


def merge_certificate(
    reference: Any, merged: Any, tokenizer: Any, prompts: Sequence[Any], batch_size: int = 16
) -> MergeCertificate:
    """Compares the next-token predictions of two models on the same texts.

    Args:
        reference: the model as it was trained, adapter and all.
        merged: the model that is to stand in for it. Both are left in the mode in which they came.
        tokenizer: the tokenizer of both, with a chat template.
        prompts: what is read: strings, each one user turn, or conversations, lists of ``{"role", "content"}``. With
            the answers in them, the positions at which the model writes count too. Take at least 2,000 tokens.
        batch_size: conversations read together.

    Returns:
        A ``MergeCertificate``. KL and agreement are means over positions, padding left out.

    Raises:
        CourseError: without a prompt, or where the two models give logits for different numbers of tokens.
    """
    rows = [_tokens(tokenizer, prompt) for prompt in prompts]
    if not rows:
        raise CourseError("a merge certificate needs prompts: give at least one, better some 2,000 tokens of them")
    modes = [(model, model.training) for model in (reference, merged)]
    for model, _ in modes:
        model.eval()
    try:
        kls, largest, agree = _compare(reference, merged, rows, batch_size)
        few = rows[:NOISE_CONVERSATIONS]
        noise, _, _ = _compare(reference, reference, few, batch_size, other_batch_size=1)
    finally:
        for model, mode in modes:
            model.train(mode)
    means = [sum(row) / len(row) for row in kls]
    worst = max(range(len(rows)), key=lambda i: means[i] if math.isfinite(means[i]) else math.inf)
    positions = sum(map(len, rows))
    finite = math.isfinite(largest)
    return MergeCertificate(
        positions=positions,
        max_logit=largest if finite else math.inf,
        mean_kl=sum(map(sum, kls)) / positions if finite else math.inf,
        agreement=agree / positions,
        noise=sum(map(sum, noise)) / sum(map(len, few)),
        worst=tokenizer.decode(rows[worst]),
    )


def _tokens(tokenizer: Any, prompt: Any) -> list[int]:
    asked = isinstance(prompt, str)
    messages = [{"role": "user", "content": prompt}] if asked else list(prompt)
    return tokenizer.apply_chat_template(messages, add_generation_prompt=asked, return_dict=True)["input_ids"]


def _compare(
    reference: Any, merged: Any, rows: list[list[int]], batch_size: int, other_batch_size: int | None = None
) -> tuple[list[list[float]], float, int]:
    """KL(reference ‖ merged) at each position of each row, the largest |Δlogit|, and the number of equal argmaxes."""
    import torch

    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    kls: list[list[float]] = [[] for _ in rows]
    largest, agree = 0.0, 0
    for first in range(0, len(rows), batch_size):
        batch = [rows[i] for i in order[first : first + batch_size]]
        size = other_batch_size or len(batch)
        expected = _logits(reference, batch)
        given = [one for k in range(0, len(batch), size) for one in _logits(merged, batch[k : k + size])]
        for i, p, q in zip(order[first : first + batch_size], expected, given, strict=True):
            if p.shape != q.shape:
                raise CourseError(
                    f"the two models score different vocabularies, {p.shape[1]:,} and {q.shape[1]:,} tokens: were "
                    "tokens added to one of them? Compare models of one tokenizer"
                )
            difference = (p - q).abs().max().item()
            largest = max(largest, difference) if math.isfinite(difference) else math.inf
            agree += (p.argmax(-1) == q.argmax(-1)).sum().item()
            # From logits, in float64: the differences of nearly equal distributions drown in 32 bits.
            log_p, log_q = (logits.double().log_softmax(-1) for logits in (p, q))
            kls[i] = torch.sum(log_p.exp() * (log_p - log_q), dim=-1).clamp(min=0).tolist()
    return kls, largest, agree


def _logits(model: Any, rows: list[list[int]]) -> list[Any]:
    """The logits of each row, [tokens, vocabulary] in float32; padded on the right, which no real token sees."""
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=model.device)
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
    return [logits[i, : len(row)] for i, row in enumerate(rows)]
