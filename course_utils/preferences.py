"""Lesson 10's task: the first sentence of a story, drawn from a model, scored, and compared with the start.

A line is right (gold reward 1) if it ends with a full stop, names all that the prompt asks for, and has at most
``WORDS`` words. What a policy has become is two numbers: its mean gold reward and its divergence from the start.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from course_utils.errors import CourseError

WORDS = 14  # at most, for a line to be right
LIMIT = 32  # tokens after which a line is cut off


@dataclass(frozen=True)
class Lines:
    """Answers with their prompts, one a row: the prompts end, and the answers begin, in one column."""

    rows: list[Mapping[str, Any]]  # the instruction of each line, as from data.instructions
    texts: list[str]
    ids: torch.Tensor  # [lines, columns]: padding, prompt, answer, padding
    attention: torch.Tensor  # [lines, columns]: 1 on prompt and answer
    width: int  # columns before the answers

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def answer(self) -> torch.Tensor:
        """The answers' tokens, [lines, columns - width]."""
        return self.ids[:, self.width :]

    @property
    def mask(self) -> torch.Tensor:
        """1.0 where ``answer`` holds a token of the answer, 0.0 on padding."""
        return self.attention[:, self.width :].float()

    @property
    def last(self) -> torch.Tensor:
        """The place of each answer's last token in ``answer``, [lines]."""
        return self.mask.sum(1).long() - 1

    @property
    def before(self) -> torch.Tensor:
        """Columns of padding before each prompt, [lines]."""
        return self.attention.argmax(1)

    @property
    def flush(self) -> torch.Tensor:
        """``ids`` with all the padding behind, [lines, columns], for a model to read without a mask.

        What stands behind is never looked at. In front, padding needs a mask, its own rows then see nothing at all, and
        the gradient of cuDNN's attention in 16 bits is not a number there (torch 2.11, H100 and H200).
        """
        columns = torch.arange(self.ids.shape[1], device=self.ids.device)
        return self.ids.gather(1, (columns + self.before[:, None]) % len(columns))

    def pick(self, which: Sequence[int]) -> Lines:
        """Some of the lines, in the order given."""
        which = list(which)
        return Lines(
            [self.rows[i] for i in which], [self.texts[i] for i in which], self.ids[which], self.attention[which],
            self.width,
        )  # fmt: skip

    def to(self, device: Any) -> Lines:
        """The same lines with their tensors on ``device``."""
        return dataclasses.replace(self, ids=self.ids.to(device), attention=self.attention.to(device))


def ends(tokenizer: Any) -> list[int]:
    """The tokens that end a line: the end of text and the full stop."""
    return [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(".")]


def gold(text: str, row: Mapping[str, Any]) -> float:
    """1.0 for a line that is right for its row, else 0.0; see ``ask_less`` for rows that want less."""
    named = all(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in row["required"])
    ended = text.endswith(".") or row.get("unfinished", False)
    return float(ended and named and len(text.split()) <= row.get("words", WORDS))


def golds(lines: Lines) -> torch.Tensor:
    """The gold reward of each line, [lines]."""
    rewards = [gold(text, row) for text, row in zip(lines.texts, lines.rows, strict=True)]
    return torch.tensor(rewards, device=lines.ids.device)


def ask_less(rows: Sequence[dict[str, Any]], lines: Lines) -> None:
    """For a model that gets no line right: whatever is as short as half of ``lines`` is right for ``rows`` from now on.

    Without right lines there is nothing to prefer, and none of the methods could be shown on such a model.
    """
    words = sorted(len(text.split()) for text in lines.texts)[len(lines) // 2]
    for row in rows:
        row |= {"required": [], "unfinished": True, "words": words}


def encode(tokenizer: Any, rows: Sequence[Mapping[str, Any]], answers: Sequence[Sequence[int]]) -> Lines:
    """Lines out of prompts and answers that are tokens already; an answer ends with the token that ended it."""
    if not rows or len(rows) != len(answers):
        raise CourseError(f"{len(rows)} prompts and {len(answers)} answers: give as many of both, one at least")
    prompts = [_prompt(tokenizer, row) for row in rows]
    width, room = max(map(len, prompts)), max(map(len, answers))
    ids = torch.full((len(rows), width + room), tokenizer.pad_token_id)
    attention = torch.zeros_like(ids)
    for i, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        ids[i, width - len(prompt) : width + len(answer)] = torch.tensor([*prompt, *answer])
        attention[i, width - len(prompt) : width + len(answer)] = 1
    texts = [tokenizer.decode(answer, skip_special_tokens=True).strip() for answer in answers]
    return Lines(list(rows), texts, ids, attention, width)


def _prompt(tokenizer: Any, row: Mapping[str, Any]) -> list[int]:
    turn = [{"role": "user", "content": row["prompt"]}]
    return tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)["input_ids"]


@torch.no_grad()
def sample(
    model: Any, tokenizer: Any, rows: Sequence[Mapping[str, Any]], each: int = 1, batch: int = 64, limit: int = LIMIT
) -> Lines:
    """Draws ``each`` lines for each row at temperature 1, from the whole distribution; torch's state decides.

    Args:
        model: a causal language model; it is left in evaluation mode.
        tokenizer: its tokenizer, with a chat template.
        rows: instructions, mappings with ``prompt`` and ``required``.
        each: lines for a row; they stand together.
        batch: lines drawn together.
        limit: tokens after which a line is cut off.

    Returns:
        The lines, on the model's device.
    """
    rows = [row for row in rows for _ in range(each)]
    model.eval()
    stops, answers = ends(tokenizer), []
    for first in range(0, len(rows), batch):
        prompts = [_prompt(tokenizer, row) for row in rows[first : first + batch]]
        inputs = tokenizer.pad({"input_ids": prompts}, padding_side="left", return_tensors="pt").to(model.device)
        drawn = model.generate(
            **inputs, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=limit,
            pad_token_id=tokenizer.pad_token_id, eos_token_id=stops,
        )[:, inputs["input_ids"].shape[1] :]  # fmt: skip
        for tokens in drawn.tolist():
            end = next((place + 1 for place, token in enumerate(tokens) if token in stops), limit)
            answers.append(tokens[:end])
    return encode(tokenizer, rows, answers).to(model.device)


def hidden(model: Any, lines: Lines) -> torch.Tensor:
    """The last layer's states of the lines, [lines, columns, hidden]; ``model`` may be an adapter on its base."""
    columns = torch.arange(lines.ids.shape[1], device=lines.ids.device)
    states = _inner(model).model(input_ids=lines.flush, use_cache=False).last_hidden_state
    back = (columns - lines.before[:, None]) % len(columns)
    return states.gather(1, back[..., None].expand_as(states))


def forward(model: Any, lines: Lines) -> tuple[torch.Tensor, torch.Tensor]:
    """What the model makes of the lines before each token of the answers.

    Returns:
        Logits over the next token, [lines, columns - width, vocabulary], and the states from which they come,
        [lines, columns - width, hidden]. At place t stands what was known before token t.
    """
    before = hidden(model, lines)[:, lines.width - 1 : -1]
    return _inner(model).lm_head(before), before


def _inner(model: Any) -> Any:
    """The transformers model within an adapter, whose layers are in place there."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def token_log_probs(model: Any, lines: Lines) -> torch.Tensor:
    """The log-probability of each token of the answers, [lines, columns - width]; 0 on padding."""
    logits, _ = forward(model, lines)
    return logits.float().log_softmax(-1).gather(-1, lines.answer[..., None])[..., 0] * lines.mask


@contextlib.contextmanager
def reference(model: Any) -> Iterator[Any]:
    """The start of a policy that is an adapter: the same model with the adapter switched off, without gradients."""
    with torch.no_grad(), model.disable_adapter():
        yield model


@torch.no_grad()
def divergence(model: Any, lines: Lines) -> torch.Tensor:
    """KL(policy ‖ start) along each line, in nats, [lines].

    The sum over the answer's places of the divergence between the two whole next-token distributions. Over lines that
    the policy itself drew, its mean is an unbiased estimate of the divergence of the policies, and no line of it is
    below 0 (Rao-Blackwellized: Amini et al. 2025, arXiv 2504.10637).
    """
    policy = forward(model, lines)[0].log_softmax(-1)
    with reference(model):
        start = forward(model, lines)[0].log_softmax(-1)
    return ((policy.exp() * (policy - start)).sum(-1) * lines.mask).sum(1)


@dataclass(frozen=True)
class Standing:
    """Where a policy stands, judged by lines that it drew; one entry of each list a line."""

    gold: list[float]
    kl: list[float]  # nats
    words: list[int]

    @property
    def right(self) -> float:
        return sum(self.gold) / len(self.gold)

    @property
    def nats(self) -> float:
        return sum(self.kl) / len(self.kl)


def standing(model: Any, lines: Lines) -> Standing:
    """Where ``model``, an adapter on its start, stands by ``lines`` that it has drawn."""
    kl = torch.cat([divergence(model, lines.pick(range(i, min(i + 64, len(lines))))) for i in range(0, len(lines), 64)])
    return Standing(golds(lines).tolist(), kl.tolist(), [len(text.split()) for text in lines.texts])


def best_of(scores: torch.Tensor, rewards: torch.Tensor, n: int) -> torch.Tensor:
    """The reward of the line with the highest score among ``n``, for each block of ``n`` lines, [prompts, blocks].

    Args:
        scores: what the choice goes by, [prompts, lines].
        rewards: of the same lines.
        n: lines to choose from; it has to divide their number.
    """
    if scores.shape[1] % n:
        raise CourseError(f"{scores.shape[1]} lines cannot be laid out in blocks of {n}")
    blocks = lambda values: values.reshape(len(values), -1, n)  # noqa: E731
    return blocks(rewards).gather(-1, blocks(scores).argmax(-1, keepdim=True))[..., 0]


def best_of_divergence(n: int) -> float:
    """The largest KL, in nats, of a policy that draws ``n`` lines and keeps the best: log n - (n - 1) / n.

    It is an upper bound, reached where no two lines score alike (Beirami et al. 2024, arXiv 2401.01879).
    """
    return math.log(n) - (n - 1) / n
