"""The merge certificate: how far a merged model is from the model it was made of, in numbers and in words.

A merge into 16 bits cannot be exact: each merged weight has to be rounded to one that the format has. The yardstick is
therefore what such a rounding does to this very model: each adapted weight is moved by a random half step of the
format, and the model is compared with itself. A right merge is about as far off as that. A wrong one is farther.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.errors import CourseError

YARDSTICK_CONVERSATIONS = 32  # how many the reference reads again, its weights moved
FLOOR = 1e-9  # nats; below it lies what 32-bit arithmetic itself gets wrong
ROUNDING = 3  # times the yardstick: up to there a difference is called rounding
FAINT = 10 * ROUNDING  # times the yardstick: an adapter that changes less could be merged half and still be "rounding"
Other = tuple[Any, Callable[[], contextlib.AbstractContextManager]]  # a model, and within what it computes
TWIN = 0.5  # with fewer tokens in common than this, something is broken


@dataclass(frozen=True)
class MergeCertificate:
    """How far a merged model's predictions are from the reference's, over all positions of the same texts."""

    positions: int  # tokens at which the next one was predicted
    max_logit: float  # the largest |Δlogit|; infinite where the merged model gives no number
    mean_kl: float  # mean KL(reference ‖ merged), in nats a position
    agreement: float  # share of positions with the same most likely next token
    noise: float  # mean KL between the reference and itself, each adapted weight moved by half a step at random
    step_of: str  # the number format of that step, such as "bfloat16"
    worst: str  # the conversation with the largest mean KL, as text
    effect: float | None = None  # mean KL between the reference and itself without its adapter; None if it has none

    @property
    def kind(self) -> str:
        """``"equal"``, ``"rounding"``, ``"changed"`` or ``"broken"``."""
        if not math.isfinite(self.mean_kl) or self.agreement < TWIN:
            return "broken"
        if self.max_logit == 0:
            return "equal"
        return "rounding" if self.ratio <= ROUNDING else "changed"

    @property
    def ratio(self) -> float:
        """The mean KL as a multiple of the yardstick; about 1 for a right merge."""
        return self.mean_kl / max(self.noise, FLOOR)

    @property
    def faint(self) -> bool:
        """Whether the adapter changes so little that ``"rounding"`` says little about how it was merged."""
        return self.effect is not None and self.effect < FAINT * max(self.noise, FLOOR)

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
        yardstick = f"what half a step of {self.step_of} in each weight changes"
        if self.kind == "rounding":
            same = f"The same model up to rounding: {self.ratio:.2g} times {yardstick}."
            if self.faint:
                same += f" But the whole adapter changes only {self.effect / max(self.noise, FLOOR):.2g} times that."
            return same
        return (
            f"Another model: {self.ratio:,.0f} times {yardstick}, and another most likely token at {others:,} of "
            f"{self.positions:,} positions."
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
    import torch
    from peft import PeftModel

    rows = [_tokens(tokenizer, prompt) for prompt in prompts]
    if not rows:
        raise CourseError("a merge certificate needs prompts: give at least one, better some 2,000 tokens of them")
    modes = [(model, model.training) for model in (reference, merged)]
    for model, _ in modes:
        model.eval()
    try:
        few = rows[:: math.ceil(len(rows) / YARDSTICK_CONVERSATIONS)]
        coarser = max(reference.dtype, merged.dtype, key=lambda dtype: torch.finfo(dtype).eps)
        one: list[Other] = [(merged, contextlib.nullcontext)]
        itself: list[Other] = [(reference, lambda: _moved_weights(reference, coarser))]
        if isinstance(reference, PeftModel):
            itself.append((reference, reference.disable_adapter))
        if len(few) == len(rows):  # what the reference says of them is computed once for all
            found = _compare(reference, one + itself, tokenizer, rows, batch_size)
        else:
            found = _compare(reference, one, tokenizer, rows, batch_size)
            found += _compare(reference, itself, tokenizer, few, batch_size)
        kls, largest, agree = found[0]
        moved, without = found[1][0], found[2][0] if len(found) > 2 else None
    finally:
        for model, mode in modes:
            model.train(mode)
    mean = lambda rows: sum(map(sum, rows)) / sum(map(len, rows))  # noqa: E731
    means = [mean([row]) for row in kls]
    worst = max(range(len(rows)), key=lambda i: means[i] if math.isfinite(means[i]) else math.inf)
    positions = sum(map(len, rows))
    finite = math.isfinite(largest)
    return MergeCertificate(
        positions=positions,
        max_logit=largest if finite else math.inf,
        mean_kl=mean(kls) if finite else math.inf,
        agreement=agree / positions,
        noise=mean(moved),
        step_of=str(coarser).removeprefix("torch."),
        worst=tokenizer.decode(rows[worst]),
        effect=None if without is None else mean(without),
    )


def _tokens(tokenizer: Any, prompt: Any) -> list[int]:
    asked = isinstance(prompt, str)
    messages = [{"role": "user", "content": prompt}] if asked else list(prompt)
    return tokenizer.apply_chat_template(messages, add_generation_prompt=asked, return_dict=True)["input_ids"]


def _compare(
    reference: Any, others: Sequence[Other], tokenizer: Any, rows: list[list[int]], batch_size: int
) -> list[tuple[list[list[float]], float, int]]:
    """For each other model KL(reference ‖ it) at each position of each row, the largest |Δlogit|, and the number of
    equal argmaxes.

    It computes within its context, so that a model can be compared with itself, changed for a while.
    """
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    kls: list[list[list[float]]] = [[[] for _ in rows] for _ in others]
    largest, agree = [0.0] * len(others), [0] * len(others)
    for first in range(0, len(rows), batch_size):
        chosen = order[first : first + batch_size]
        batch = [rows[i] for i in chosen]
        expected = _logits(reference, tokenizer, batch)
        for which, (model, within) in enumerate(others):
            with within():
                given = _logits(model, tokenizer, batch)
            for i, p, q in zip(chosen, expected, given, strict=True):
                kls[which][i], difference, equal = _differences(p, q)
                largest[which] = max(largest[which], difference)
                agree[which] += equal
    return list(zip(kls, largest, agree, strict=True))


def _differences(p: Any, q: Any) -> tuple[list[float], float, int]:
    """Of one row's logits: KL at each position, the largest difference (infinite if some is no number), equal
    argmaxes."""
    import torch

    if p.shape != q.shape:
        raise CourseError(
            f"the two models score different vocabularies, {p.shape[1]:,} and {q.shape[1]:,} tokens: were tokens added "
            "to one of them? Compare models of one tokenizer"
        )
    difference = (p - q).abs().max().item()
    # From logits, in float64: the differences of nearly equal distributions drown in 32 bits.
    log_p, log_q = (logits.double().log_softmax(-1) for logits in (p, q))
    kl = torch.sum(log_p.exp() * (log_p - log_q), dim=-1).clamp(min=0).tolist()
    return kl, difference if math.isfinite(difference) else math.inf, (p.argmax(-1) == q.argmax(-1)).sum().item()


def _logits(model: Any, tokenizer: Any, rows: list[list[int]]) -> list[Any]:
    """The logits of each row, [tokens, vocabulary] in float32; padded on the right, which no real token sees."""
    import torch

    batch = tokenizer.pad({"input_ids": rows}, padding_side="right", return_tensors="pt").to(model.device)
    with torch.inference_mode():
        logits = model(**batch, use_cache=False).logits.float()
    return [logits[i, : len(row)] for i, row in enumerate(rows)]


@contextlib.contextmanager
def _moved_weights(model: Any, dtype: Any) -> Iterator[None]:
    """Within it, the model computes with its adapted weights, and the adapter's, moved by half a step of ``dtype``.

    Without an adapter it is the weights of all linear layers but the head that move. They are made anew for each
    product, so that no second copy of the model is in memory, from a seed of each layer's own.
    """
    import torch
    import torch.nn.functional as F
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.integrations import dequantize_module_weight

    head = model.get_output_embeddings()
    adapted = [part for layer in model.modules() if isinstance(layer, BaseTunerLayer) for part in layer.modules()]
    layers = [part for part in adapted or model.modules() if isinstance(part, torch.nn.Linear) and part is not head]

    def forward_of(seed: int, layer: Any) -> Any:
        def forward(x: Any) -> Any:
            weight = half_step(dequantize_module_weight(layer).float(), dtype, seed)
            bias = None if layer.bias is None else layer.bias.to(x.dtype)
            return F.linear(x, weight.to(x.dtype), bias)

        return forward

    before = [vars(layer).get("forward") for layer in layers]  # a forward of the layer's own, as some hooks leave it
    try:
        for seed, layer in enumerate(layers):
            layer.forward = forward_of(seed, layer)
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            vars(layer).pop("forward")
            if own is not None:
                layer.forward = own


def half_step(weight: Any, dtype: Any, seed: int) -> Any:
    """``weight``, a float32 tensor, with each number moved by half a step of ``dtype`` up or down and rounded to it.

    Half a step from a number of the format lies the middle between it and its neighbour, which rounds to either: so
    half of the numbers stay, a quarter goes a whole step up and a quarter down.
    """
    import torch

    limits = torch.finfo(dtype)
    _, exponent = torch.frexp(weight.abs().clamp(min=limits.tiny))
    step = torch.ldexp(torch.full_like(weight, limits.eps / 2), exponent)
    # Around zero the step of a wide format is subnormal: it moves nothing, and CPUs multiply such numbers slowly.
    step[step < torch.finfo(torch.float32).tiny] = 0
    generator = torch.Generator(device=weight.device).manual_seed(seed)
    draw = torch.randint(4, weight.shape, generator=generator, device=weight.device)
    return weight + step * ((draw == 0).float() - (draw == 1).float())
