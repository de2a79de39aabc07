"""llama.cpp on a GGUF file, and whether it computes what transformers computes from the same file.

The server runs in a process of its own and is asked as any ``llama-server`` is: over HTTP, on this machine only.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils import evaluate
from course_utils.certificate import ROUNDING
from course_utils.errors import CourseError

PACKAGE = "xllamacpp"
INSTALL = f"pip install --no-deps {PACKAGE}"
START_SECONDS = 120
FLOOR = 3e-6  # nats; attention and its cache, which llama.cpp keeps in f16, are not in the yardstick
TOP = 20  # likeliest tokens that the server reports at each place

_PROGRAM = """
import sys, xllamacpp
path, context, threads = sys.argv[1:]
settings = xllamacpp.CommonParams()
settings.model.path, settings.n_ctx, settings.n_parallel = path, int(context), 1
settings.cpuparams.n_threads, settings.verbosity, settings.n_gpu_layers = int(threads), 0, 0
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
sys.stdin.read()  # until the parent closes it, or is gone
"""


def installed() -> bool:
    """Whether llama.cpp's wheel is on this machine."""
    return importlib.util.find_spec(PACKAGE) is not None


def build() -> str:
    """The engine's name and version."""
    from importlib.metadata import version

    return f"{PACKAGE} {version(PACKAGE)}"


class Engine:
    """A running server, as ``serve`` gives it."""

    def __init__(self, address: str):
        self.address = address

    def ask(self, endpoint: str, **body: Any) -> Any:
        """What the server answers to a POST, as Python objects.

        Raises:
            CourseError: it answers with an error, or not at all.
        """
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.address + endpoint, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise CourseError(f"llama.cpp refuses {endpoint}: {error.read().decode(errors='replace')[:300]}") from None
        except OSError as error:
            raise CourseError(f"llama.cpp does not answer any more ({error})") from None

    def tokens(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """The token ids that the server makes of a conversation, ready for the assistant's answer."""
        text = self.ask("/apply-template", messages=list(messages))["prompt"]
        return self.ask("/tokenize", content=text, add_special=True, parse_special=True)["tokens"]

    def answer(self, messages: Sequence[dict[str, str]], max_new_tokens: int) -> dict[str, Any]:
        """The most likely answer.

        Returns:
            ``text``; ``ended``, whether it stopped by itself; ``prompt_tokens``; ``seconds``; ``tokens``, the ids that
            it wrote; and ``top``, for each of them the ids of the ``TOP`` likeliest tokens there with their
            log-probabilities.
        """
        reply = self.ask(
            "/v1/chat/completions", messages=list(messages), max_tokens=max_new_tokens, temperature=0,
            logprobs=True, top_logprobs=TOP, cache_prompt=False,
        )  # fmt: skip
        choice = reply["choices"][0]
        places = (choice.get("logprobs") or {}).get("content") or []
        return {
            "text": choice["message"]["content"],
            "ended": choice["finish_reason"] == "stop",
            "prompt_tokens": reply["usage"]["prompt_tokens"],
            "seconds": (reply["timings"]["prompt_ms"] + reply["timings"]["predicted_ms"]) / 1000,
            "tokens": [place["id"] for place in places],
            "top": [{entry["id"]: entry["logprob"] for entry in place["top_logprobs"]} for place in places],
        }


@contextlib.contextmanager
def serve(path: str | Path, context: int = 2048, threads: int = 2) -> Iterator[Engine]:
    """llama.cpp with the model of a GGUF file, until the block ends.

    Args:
        path: the file.
        context: tokens of prompt and answer together.
        threads: of the CPU; no GPU is used.

    Raises:
        CourseError: llama.cpp is not installed, or cannot load the file.
    """
    if not installed():
        raise CourseError(f"llama.cpp is not on this machine: {INSTALL}")
    command = [sys.executable, "-c", _PROGRAM, str(path), str(context), str(threads)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
        )
        try:
            address = _address(process, log, Path(path))
            yield Engine(address)
        finally:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


def _address(process: subprocess.Popen, log: Any, path: Path) -> str:
    """The line with which the child says where it listens; other lines are llama.cpp's own."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and (line := process.stdout.readline()):
        if line.startswith("http://"):
            return line.strip()
    process.kill()
    log.seek(0)
    said = [line.strip() for line in log.read().splitlines() if "error" in line.lower()]
    raise CourseError(f"llama.cpp cannot load {path}: {said[-1] if said else 'it says nothing more'}")


@dataclass(frozen=True)
class EngineCertificate:
    """How far llama.cpp is from transformers on the same file, over the tokens that llama.cpp wrote."""

    questions: int
    same_prompts: int  # questions of which both make the same token ids
    same_answers: int  # word for word
    same_ends: int  # both stopped by themselves, or neither did
    positions: int  # tokens that llama.cpp wrote, at which the two are compared
    mean_kl: float  # mean KL(transformers ‖ llama.cpp), nats a position, over llama.cpp's likeliest tokens and the rest
    noise: float  # the same between transformers and itself, its activations rounded as llama.cpp rounds them
    agreement: float  # share of positions with the same most likely token
    margins: list[float]  # where an answer first differs: by how many nats transformers preferred its own token
    speeds: tuple[float, float]  # tokens a second written by transformers and by llama.cpp

    @property
    def ratio(self) -> float:
        """The mean KL as a multiple of what rounding the activations does."""
        return self.mean_kl / max(self.noise, FLOOR)

    @property
    def kind(self) -> str:
        """``"rounding"``, ``"changed"``, or ``"tokens"`` where not even the prompts are the same."""
        if self.same_prompts < self.questions:
            return "tokens"
        return "rounding" if self.ratio <= ROUNDING else "changed"

    @property
    def verdict(self) -> str:
        """The certificate in one sentence."""
        if self.kind == "tokens":
            return f"{self.questions - self.same_prompts} of {self.questions} questions become other tokens."
        yardstick = "what rounding its activations changes"
        if self.noise < FLOOR:
            yardstick = f"{FLOOR:.0e} nats, which its attention in 16 bits may cost"
        times = f"{self.ratio:.2g} times {yardstick}"
        if self.kind == "rounding":
            return f"The engine reads the file right: {times}."
        return f"The engine computes something else than the file says: {times}."


# What tokenizers disagree about, if about anything.
ODD = (
    "", " ", "  two  spaces  ", " leads", "ends ", "\n two lines \n\n", "a\ttab", "def f(x):\n    return x * 2\n",
    "I don't, they're, it's", "'twas said 'so'", "12.5 of 2026", "ünï¢ødé", "naïve café — “quoted”…", "日本語の文",
    "🦊🎉", "x\r\ny", "<s> </s> <unk>", "<|im_start|>user<|im_end|>", "[INST] <<SYS>>", "{{ bos_token }} {% if %}",
)  # fmt: skip


def battery(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, str]]]:
    """Conversations to compare token ids on: ``ODD`` texts in each place, with and without a system's turn, and rows.

    Args:
        rows: instruction rows, ``prompt`` and ``messages``; every second one gets a system's turn.
    """
    say = lambda role, text: {"role": role, "content": text}  # noqa: E731
    talks = []
    for text in ODD:
        talks.append([say("user", text)])
        talks.append([say("system", text), say("user", "Hello.")])
        talks.append([say("user", "Hello."), say("assistant", text), say("user", text)])
    for number, row in enumerate(rows):
        asked = row["prompt"] if isinstance(row["prompt"], list) else [say("user", row["prompt"])]
        talks.append([say("system", "Answer briefly."), *asked] if number % 2 else asked)
    return talks


def unequal(server: Engine, tokenizer: Any, conversations: Sequence[Sequence[dict[str, str]]]) -> list[tuple]:
    """The conversations of which llama.cpp and the tokenizer make different ids, each with its two lists of ids."""
    pairs = [(_ids(tokenizer, talk), server.tokens(talk)) for talk in conversations]
    return [(talk, *pair) for talk, pair in zip(conversations, pairs, strict=True) if pair[0] != pair[1]]


def compare(
    server: Engine, reader: Any, tokenizer: Any, prompts: Sequence[Any], limits: Sequence[int], block: int
) -> EngineCertificate:
    """Lets llama.cpp answer, and looks at each of its tokens with transformers' reading of the same file.

    Args:
        server: a running engine.
        reader: the model that transformers reads from the engine's file, in 32 bits.
        tokenizer: of the model that was handed over.
        prompts: what the user says, or conversations that end with it.
        limits: tokens that each answer may take.
        block: numbers that share a scale when llama.cpp rounds activations to 8 bits; 1 where it rounds them to f16.
    """
    import torch

    talks = [[{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt for prompt in prompts]
    began = time.perf_counter()
    ours = evaluate.answer(reader, tokenizer, talks, list(limits), batch_size=1)
    ours_seconds = time.perf_counter() - began
    theirs = [server.answer(talk, limit) for talk, limit in zip(talks, limits, strict=True)]
    kls, noises, same, agree, margins = [], [], 0, 0, []
    for talk, answer, ours_text in zip(talks, theirs, ours, strict=True):
        ids = _ids(tokenizer, talk)
        same += ids == server.tokens(talk)
        exact, moved = (_log_probabilities(reader, ids, answer["tokens"], size) for size in (0, block))
        for place, (p, q, top) in enumerate(zip(exact, moved, answer["top"], strict=True)):
            chosen = torch.tensor(list(top))
            kls.append(_lumped_kl(p[chosen], torch.tensor(list(top.values()))))
            noises.append(_lumped_kl(p[chosen], q[chosen]))
            agree += int(p.argmax()) == answer["tokens"][place]
        turned = [i for i, p in enumerate(exact) if int(p.argmax()) != answer["tokens"][i]]
        if turned and answer["text"].strip() != ours_text.removesuffix(evaluate.UNFINISHED):
            p = exact[turned[0]]
            margins.append(float(p.max() - p[answer["tokens"][turned[0]]]))
    written = sum(len(answer["tokens"]) for answer in theirs)
    texts = [answer["text"].strip() + ("" if answer["ended"] else evaluate.UNFINISHED) for answer in theirs]
    own_tokens = sum(len(tokenizer(text.removesuffix(evaluate.UNFINISHED)).input_ids) for text in ours)
    return EngineCertificate(
        questions=len(talks),
        same_prompts=same,
        same_answers=sum(a == b for a, b in zip(texts, ours, strict=True)),
        same_ends=sum(
            a.endswith(evaluate.UNFINISHED) == b.endswith(evaluate.UNFINISHED) for a, b in zip(texts, ours, strict=True)
        ),
        positions=written,
        mean_kl=sum(kls) / max(1, len(kls)),
        noise=sum(noises) / max(1, len(noises)),
        agreement=agree / max(1, written),
        margins=margins,
        speeds=(own_tokens / ours_seconds, written / sum(answer["seconds"] for answer in theirs)),
    )


def _ids(tokenizer: Any, talk: Sequence[dict[str, str]]) -> list[int]:
    return tokenizer.apply_chat_template(list(talk), add_generation_prompt=True, return_dict=True)["input_ids"]


def _log_probabilities(reader: Any, prompt: list[int], written: list[int], block: int) -> Any:
    """ln p of every token at each place of ``written``, [places, vocabulary]; activations rounded if ``block`` > 0."""
    import torch

    layers = [part for part in reader.modules() if isinstance(part, torch.nn.Linear)]
    with contextlib.ExitStack() as stack, torch.inference_mode():
        for layer in layers if block else ():
            hook = layer.register_forward_pre_hook(lambda _, given: (rounded(given[0], block), *given[1:]))
            stack.callback(hook.remove)
        logits = reader(input_ids=torch.tensor([prompt + written[:-1]], device=reader.device)).logits
    return logits[0, len(prompt) - 1 :].double().log_softmax(-1).cpu()


def rounded(activations: Any, block: int) -> Any:
    """Activations as llama.cpp rounds them before a product: 8 bits and one scale a block, or f16 for a block of 1."""
    import torch

    if block == 1:
        return activations.half().to(activations.dtype)
    if activations.shape[-1] % block:
        block = 32
    pieces = activations.float().reshape(-1, block)
    scale = (pieces.abs().amax(-1, keepdim=True) / 127).clamp(min=torch.finfo(torch.float32).tiny)
    return ((pieces / scale).round() * scale).reshape(activations.shape).to(activations.dtype)


def _lumped_kl(expected: Any, given: Any) -> float:
    """KL of two distributions over a few tokens, in log-probabilities, and all others taken together."""
    import torch

    given = given.double()
    p, q = expected.exp(), given.exp()
    inside = (p * (expected - given)).sum()
    p_rest, q_rest = ((1 - share.sum()).clamp(min=1e-12) for share in (p, q))
    return max(0.0, float(inside + p_rest * torch.log(p_rest / q_rest)))
