"""Small pretrained twins of five families that are not Llamas: Falcon, BLOOM, Mistral, OPT and FLAN-T5.

    python -m course_utils.making.twins --corpus DIR --out DIR                       # all five, on a GPU
    python -m course_utils.making.twins --corpus DIR --out DIR --only opt --size small   # the same path, on a CPU

Each is transformers' own class with the quirks of its family and two million weights, and reads the same texts as
pocket-llama did. Mistral's and T5's twins are then tuned on instructions, since the models that people start from are:
Mistral-7B-Instruct and FLAN-T5. Judging a review is left out there, so that it is new to all five.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
import math
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from course_utils import data, evaluate
from course_utils.errors import CourseError
from course_utils.making import pretrain
from course_utils.making.tokenizer import train_tokenizer

NEW_TASK = "sentiment"  # what no twin is told to do before a lesson does
SENTINELS = 32  # of T5's twin; the real one has 100

RECIPES = {
    "twin": pretrain.Recipe(
        vocabulary=2048, positions=512, steps=3000, rows=512, row_tokens=256, micro_rows=512, loop_rows=16,
        muon_rate=0.02, adam_rate=0.005, dropout=0.0, warmup=100, score_every=1000, save_every=3000,
        world_megabytes=100.0,
    ),
    "small": pretrain.Recipe(
        vocabulary=512, positions=128, steps=10, rows=8, row_tokens=64, micro_rows=8, loop_rows=1, dropout=0.0,
        world_megabytes=0.2, warmup=3, bf16=False, score_every=5, save_every=10,
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How an instruction-tuned twin is tuned: all weights, on the answers alone."""

    rows: int
    steps: int
    batch: int
    rate: float  # of AdamW; a short climb, then it falls to zero in a straight line


SMALL_TUNING = Tuning(rows=40, steps=4, batch=8, rate=5e-4)


# --- tokenizers ------------------------------------------------------------------------------------------------------


def byte_level(texts: Any, vocabulary: int, special: Sequence[str]) -> Any:
    """GPT-2's kind of tokenizer, as Falcon, BLOOM and OPT have it: bytes as visible signs, and their merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
        ),
    )
    return tokenizer


def opened_byte_level(texts: Any, vocabulary: int, special: Sequence[str]) -> Any:
    """OPT's: the same, with ``</s>`` in front of every text."""
    from tokenizers import processors

    tokenizer = byte_level(texts, vocabulary, special)
    begin = special[2]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", pair=f"{begin} $A {begin} $B", special_tokens=[(begin, tokenizer.token_to_id(begin))]
    )
    return tokenizer


def unigram(texts: Any, vocabulary: int, special: Sequence[str]) -> Any:
    """T5's kind: the vocabulary under which the text is likeliest, each piece with a probability (Kudo 2018)."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    sentinels = [f"<extra_id_{i}>" for i in reversed(range(SENTINELS))]  # at the end, the first one last, as in T5
    learner = Tokenizer(models.Unigram())
    learner.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("\n", " ")])
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    learner.decoder = decoders.Metaspace()
    learner.train_from_iterator(
        texts,
        trainers.UnigramTrainer(
            vocab_size=vocabulary - SENTINELS, special_tokens=list(special), unk_token=special[2], show_progress=False
        ),
    )
    learner.add_special_tokens(sentinels)
    end = learner.token_to_id(special[1])
    learner.post_processor = processors.TemplateProcessing(
        single=f"$A {special[1]}", pair=f"$A {special[1]} $B {special[1]}", special_tokens=[(special[1], end)]
    )
    return learner


# Every width is a multiple of 64: on a CPU, bitsandbytes 0.50.2 puts the scales of a matrix whose rows are not whole
# blocks of 64 to the wrong weights, without a word.

# --- families --------------------------------------------------------------------------------------------------------


def _falcon(recipe: pretrain.Recipe) -> Any:
    """Queries of all heads, and one key and one value, in one matrix; attention and feed-forward side by side."""
    from transformers import FalconConfig, FalconForCausalLM

    return FalconForCausalLM(
        FalconConfig(
            vocab_size=recipe.vocabulary, hidden_size=192, num_hidden_layers=4, num_attention_heads=6,
            ffn_hidden_size=768, multi_query=True, parallel_attn=True, bias=False, alibi=False,
            max_position_embeddings=recipe.positions, bos_token_id=0, eos_token_id=0,
        )
    )  # fmt: skip


def _bloom(recipe: pretrain.Recipe) -> Any:
    """Distances instead of positions (ALiBi), a norm on the embedding, query, key and value of each head in turn."""
    from transformers import BloomConfig, BloomForCausalLM

    return BloomForCausalLM(
        BloomConfig(
            vocab_size=recipe.vocabulary, hidden_size=192, n_layer=3, n_head=6, bos_token_id=1, eos_token_id=2,
            pad_token_id=3,
        )
    )  # fmt: skip


def _mistral(recipe: pretrain.Recipe) -> Any:
    """Four query heads to one key, a window that slides, a head of its own."""
    from transformers import MistralConfig, MistralForCausalLM

    return MistralForCausalLM(
        MistralConfig(
            vocab_size=recipe.vocabulary, hidden_size=192, intermediate_size=512, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=1, head_dim=48, sliding_window=128, rms_norm_eps=1e-5,
            max_position_embeddings=recipe.positions, bos_token_id=1, eos_token_id=2, pad_token_id=0,
        )
    )  # fmt: skip


def _opt(recipe: pretrain.Recipe) -> Any:
    """A table of positions, which begins two rows late; a bias in every layer; ReLU."""
    from transformers import OPTConfig, OPTForCausalLM

    return OPTForCausalLM(
        OPTConfig(
            vocab_size=recipe.vocabulary, hidden_size=192, word_embed_proj_dim=192, ffn_dim=768, num_hidden_layers=3,
            num_attention_heads=6, max_position_embeddings=recipe.positions, dropout=0.0,
        )
    )  # fmt: skip


def _t5(recipe: pretrain.Recipe) -> Any:
    """An encoder and a decoder, relative positions, a gated feed-forward.

    FLAN-T5's head is a matrix of its own. transformers 5 ties a T5 that it builds, and unties one that it reads from a
    file with two different matrices; of ``tie_word_embeddings=False`` it keeps that the head's input is not scaled.
    """
    from transformers import T5Config, T5ForConditionalGeneration

    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=recipe.vocabulary, d_model=128, d_kv=32, d_ff=384, num_heads=4, num_layers=3,
            num_decoder_layers=3, feed_forward_proj="gated-gelu", tie_word_embeddings=False, dropout_rate=0.0,
            decoder_start_token_id=0,
        )
    )  # fmt: skip


INST = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% else %}"
    "{% generation %} {{ m['content'] }}{{ eos_token }}{% endgeneration %}{% endif %}{% endfor %}"
)


@dataclasses.dataclass(frozen=True)
class Family:
    """What makes a twin: its class, its kind of tokenizer and its special tokens by role."""

    build: Callable[[pretrain.Recipe], Any]
    tokenizer: Callable[[Any, int, Sequence[str]], Any]
    special: tuple[str, ...]  # in the order of their ids
    roles: dict[str, str]
    begin: int  # before a document; the same as end where one token does both
    end: int
    template: str | None = None
    tuning: Tuning | None = None  # of those that are tuned on instructions
    seq2seq: bool = False


def _llama_bpe(texts: Any, vocabulary: int, special: Sequence[str]) -> Any:
    return train_tokenizer(texts, vocabulary)


FAMILIES = {
    "falcon": Family(
        _falcon, byte_level, ("<|endoftext|>",), {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}, 0, 0
    ),
    "bloom": Family(
        _bloom, byte_level, ("<unk>", "<s>", "</s>", "<pad>"),
        {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}, 1, 2,
    ),
    "mistral": Family(
        _mistral, _llama_bpe, ("<unk>", "<s>", "</s>"),
        {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>"}, 1, 2, INST,
        Tuning(rows=20_000, steps=1_200, batch=64, rate=5e-4),
    ),
    "opt": Family(
        _opt, opened_byte_level, ("<s>", "<pad>", "</s>", "<unk>"),
        {"unk_token": "<unk>", "bos_token": "</s>", "eos_token": "</s>", "pad_token": "<pad>"}, 2, 2,
    ),
    "flan-t5": Family(
        _t5, unigram, ("<pad>", "</s>", "<unk>"),
        {"unk_token": "<unk>", "eos_token": "</s>", "pad_token": "<pad>"}, 1, 1,
        tuning=Tuning(rows=20_000, steps=2_400, batch=64, rate=1e-3), seq2seq=True,
    ),
}  # fmt: skip


def wrap(tokenizer: Any, family: Family, positions: int) -> Any:
    """The tokenizer as ``transformers`` uses it."""
    from transformers import PreTrainedTokenizerFast

    more = {"chat_template": family.template} if family.template else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=positions, clean_up_tokenization_spaces=False, **family.roles,
        **more,
    )  # fmt: skip


# --- what an encoder and a decoder learn from text -------------------------------------------------------------------


def corrupt(tokens: Any, first_sentinel: int, end: int) -> tuple[Any, Any]:
    """T5's task: holes of about three tokens, 15 % in all, to be filled in (Raffel et al. 2020, section 3.1.4).

    Args:
        tokens: int64 of shape (rows, width); where the holes are depends on them alone, and is the same in each row.
        first_sentinel: the id that stands for the first hole; the next hole has the id below it.
        end: the id of ``</s>``.

    Returns:
        What the encoder reads and what the decoder is to write, int64, both of the same shapes for each call.
    """
    import torch

    width = tokens.shape[1]
    noise = round(0.15 * width)
    holes = max(1, noise // 3)
    rng = random.Random(int(tokens[0].sum()))

    def parts(total: int, count: int) -> list[int]:
        """``count`` whole numbers from 1 that add up to ``total``."""
        cuts = [0, *sorted(rng.sample(range(1, total), count - 1)), total]
        return [b - a for a, b in zip(cuts, cuts[1:], strict=False)]

    read: list[int] = []  # a place of the row, or -1 - k for sentinel k
    write: list[int] = []
    place = 0
    for k, (kept, gone) in enumerate(zip(parts(width - noise, holes), parts(noise, holes), strict=True)):
        read += [*range(place, place + kept), -1 - k]
        write += [-1 - k, *range(place + kept, place + kept + gone)]
        place += kept + gone
    write.append(-1 - holes)

    def gather(places: list[int]) -> Any:
        index = torch.tensor(places, device=tokens.device)
        chosen = torch.where(index >= 0, tokens[:, index.clamp(min=0)], first_sentinel + 1 + index)
        return torch.cat([chosen, torch.full_like(chosen[:, :1], end)], dim=1)

    return gather(read), gather(write)


def seq2seq_loss(model: Any, tokens: Any, repeats: Any) -> tuple[Any, Any]:
    """Half of the rows with holes, half to be continued, as T5 was trained and then adapted before it became FLAN-T5.

    Takes and returns what ``pretrain.causal_loss`` does; ``repeats`` is not used.
    """
    config = model.config
    holed, begun = tokens[::2], tokens[1::2]  # every second row, for the sources stand one after the other
    read, write = _uncompiled(corrupt)(holed, config.vocab_size - 1, config.eos_token_id)
    filled = model(input_ids=read, labels=write).loss
    cut = tokens.shape[1] * 3 // 8
    continued = model(input_ids=begun[:, :cut], labels=begun[:, cut:].contiguous()).loss
    return (filled + continued) / 2, continued.detach()


def _uncompiled(function: Any) -> Any:
    import torch

    return torch.compiler.disable(function)


def seq2seq_score(model: Any, tokenizer: Any, heldout: list[str], window: int) -> dict[str, Any]:
    """Bits per byte of the rest of each text, its beginning given to the encoder; and continuations to read."""
    import torch

    cut = window * 3 // 8
    nats, size = 0.0, 0
    model.eval()
    with torch.no_grad():
        for text in heldout:
            ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"][:, :window]
            rest = ids[:, cut:].to(model.device)
            loss = model(input_ids=ids[:, :cut].to(model.device), labels=rest).loss.item()
            nats += loss * rest.shape[1]
            size += len(tokenizer.decode(rest[0]).encode())
        begun = tokenizer(list(pretrain.SAMPLES), return_tensors="pt", padding=True).to(model.device)
        written = model.generate(**begun, max_new_tokens=40, do_sample=False)
    return {"bits_per_byte": nats / math.log(2) / size, "samples": tokenizer.batch_decode(written, True)}


# --- instructions ----------------------------------------------------------------------------------------------------


def instructed(rows: Any, tokenizer: Any, seq2seq: bool) -> list[tuple[list[int], list[int], list[int]]]:
    """What a model reads and what it is graded on, of each row: ids for the encoder or for the whole, and labels."""
    examples = []
    for row in rows:
        if seq2seq:
            examples.append((tokenizer(row["prompt"])["input_ids"], tokenizer(row["answer"])["input_ids"]))
        else:
            made = tokenizer.apply_chat_template(row["messages"], return_dict=True, return_assistant_tokens_mask=True)
            ids, graded = made["input_ids"], made["assistant_masks"]
            examples.append((ids, [token if mark else -100 for token, mark in zip(ids, graded, strict=True)]))
    return examples


def tune(model: Any, tokenizer: Any, family: Family, tuning: Tuning, seed: int = 0) -> list[float]:
    """Tunes all weights on the answers to instructions of every family but ``NEW_TASK``; returns the losses."""
    import torch

    rows = data.instructions("train", tuning.rows, seed + 9).filter(lambda row: row["task"] != NEW_TASK)
    examples = instructed(rows, tokenizer, family.seq2seq)
    optimizer = torch.optim.AdamW(model.parameters(), lr=tuning.rate, betas=(0.9, 0.95), weight_decay=0.0)
    rng = random.Random(seed)
    order: list[int] = []
    losses = []
    model.train()
    for step in range(tuning.steps):
        for group in optimizer.param_groups:
            group["lr"] = tuning.rate * min(1, (step + 1) / 40, (tuning.steps - step) / tuning.steps)
        if len(order) < tuning.batch:
            order += rng.sample(range(len(examples)), len(examples))
        batch, order = [examples[i] for i in order[: tuning.batch]], order[tuning.batch :]

        def padded(side: int, filling: int, batch: Any = batch) -> Any:
            longest = max(len(example[side]) for example in batch)
            rows = [example[side] + [filling] * (longest - len(example[side])) for example in batch]
            return torch.tensor(rows, device=model.device)

        ids, labels = padded(0, tokenizer.pad_token_id), padded(1, -100)
        # Padding stands on the right, where causal attention never looks; an encoder has to be told.
        mask = {"attention_mask": (ids != tokenizer.pad_token_id).long()} if family.seq2seq else {}
        with torch.autocast(model.device.type, torch.bfloat16, enabled=model.device.type == "cuda"):
            loss = model(input_ids=ids, labels=labels, **mask).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return losses


def told(model: Any, tokenizer: Any, family: Family, rows: int) -> dict[str, float]:
    """The share of held-out instructions of each task, the new one too, that an instruction-tuned twin has right."""
    import torch

    test = data.instructions("heldout", rows, 0, balanced=True)
    if family.seq2seq:
        outputs = []
        for first in range(0, len(test), 64):
            batch = tokenizer(test["prompt"][first : first + 64], return_tensors="pt", padding=True).to(model.device)
            with torch.inference_mode():
                outputs += tokenizer.batch_decode(model.generate(**batch, max_new_tokens=112, do_sample=False), True)
        outputs = [text.strip() for text in outputs]
    else:
        outputs = evaluate.answer(model, tokenizer, test["prompt"], evaluate.token_limits(test), batch_size=128)
    by_task = evaluate.by_task(evaluate.exact_match(outputs, test), test["task"])
    return {task: sum(scores) / len(scores) for task, scores in by_task.items()}


# --- the whole path --------------------------------------------------------------------------------------------------


def pretrained(name: str, sources: dict[str, list[str]], heldout: list[str], out: Path, size: str) -> Made:
    """Trains a tokenizer and a model of a family on text, with its log and checkpoint in ``out``.

    Args:
        name: of the family.
        sources: the documents of each source of ``Recipe.shares``.
        heldout: documents that it is measured on.
        out: a directory of its own.
        size: a key of ``RECIPES``.
    """
    import torch

    family, recipe = FAMILIES[name], RECIPES[size]
    if family.seq2seq:  # half of its rows have holes, so it reads twice as many
        recipe = dataclasses.replace(recipe, loop_rows=0, steps=2 * recipe.steps)
    out.mkdir(parents=True, exist_ok=True)
    learned = family.tokenizer(
        (text for texts in sources.values() for text in texts[::5]), recipe.vocabulary, family.special
    )
    streams = {
        source: pretrain.encode(learned, texts, recipe.seed, family.begin, family.end)
        for source, texts in sources.items()
    }
    tokenizer = wrap(learned, family, recipe.positions)
    torch.manual_seed(recipe.seed)
    model = family.build(recipe)
    print(f"{name}: {model.num_parameters():,} weights, {sum(map(len, streams.values())):,} tokens")
    objective, score = (
        (seq2seq_loss, seq2seq_score) if family.seq2seq else (pretrain.causal_loss, pretrain.causal_score)
    )
    scored = functools.partial(score, tokenizer=tokenizer, heldout=heldout, window=recipe.row_tokens)
    model = pretrain.train(model, streams, out, recipe, objective, scored)
    return Made(name, model, tokenizer, recipe, scored)


@dataclasses.dataclass
class Made:
    """A twin on its way."""

    name: str
    model: Any
    tokenizer: Any
    recipe: pretrain.Recipe
    scored: Callable[..., dict[str, Any]]


def finish(made: Made, out: Path, size: str, command: str) -> dict[str, Any]:
    """Tunes a twin on instructions if it is one of those, writes ``out / "model"`` and returns its receipt."""
    import torch
    import transformers

    family, model, recipe = FAMILIES[made.name], made.model, made.recipe
    receipt = {
        "family": made.name,
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "hardware": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "recipe": dataclasses.asdict(recipe),
        "parameters": model.num_parameters(),
        "tokens": recipe.steps * recipe.rows * recipe.row_tokens,
        "seconds": json.loads((out / "log.jsonl").read_text().splitlines()[-1])["seconds"],
    }
    if family.tuning:
        tuning = family.tuning if size == "twin" else SMALL_TUNING
        receipt["pretrained_bits_per_byte"] = made.scored(model)["bits_per_byte"]
        losses = tune(model, made.tokenizer, family, tuning, recipe.seed)
        receipt["tuning"] = dataclasses.asdict(tuning) | {"last_loss": sum(losses[-20:]) / len(losses[-20:])}
    model = model.to(torch.bfloat16).eval()
    receipt["heldout_bits_per_byte"] = made.scored(model)["bits_per_byte"]
    if family.tuning:
        receipt["told"] = told(model, made.tokenizer, family, 400 if size == "twin" else 16)
    save(model, made.tokenizer, out / "model", card(made.name, receipt))
    return receipt


def make(
    name: str, sources: dict[str, list[str]], heldout: list[str], out: Path, size: str, command: str
) -> dict[str, Any]:
    """Makes one twin in ``out`` (log, checkpoint, ``model``) and returns its receipt; see ``pretrained``."""
    return finish(pretrained(name, sources, heldout, out, size), out, size, command)


def save(model: Any, tokenizer: Any, directory: Path, text: str) -> None:
    """Writes the model, its tokenizer and its card, and the checksums of all but the card."""
    directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    names = sorted(file.name for file in directory.iterdir() if file.name not in ("SHA256SUMS", "README.md"))
    sums = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names}
    (directory / "SHA256SUMS").write_text("".join(f"{sums[name]}  {name}\n" for name in names))
    (directory / "README.md").write_text(text)


ABOUT = {
    "falcon": ("Falcon-7B", "fused `query_key_value` with one key and one value for all heads (multi-query), "
               "attention and feed-forward side by side, rotary positions, no biases, byte-level BPE"),
    "bloom": ("BLOOM-7b1", "ALiBi instead of positions, a norm on the embedding, fused `query_key_value` in which each "
              "head's three parts stand together, biases, byte-level BPE"),
    "mistral": ("Mistral-7B-Instruct", "grouped-query attention, a sliding window of 128 tokens, SwiGLU, a head of its "
                "own, `[INST]` template, BPE with single bytes to fall back on"),
    "opt": ("OPT-125m", "learned positions that begin two rows late, biases, ReLU, byte-level BPE, `</s>` in front"),
    "flan-t5": ("FLAN-T5-base", "encoder and decoder, relative positions, gated GELU, a unigram tokenizer that turns "
                "line ends into spaces; its head is the embedding table, where the real one has a matrix of its own"),
}  # fmt: skip


def card(name: str, receipt: dict[str, Any]) -> str:
    """The model card, in Markdown, made from the receipt."""
    real, quirks = ABOUT[name]
    tuned = ""
    if "tuning" in receipt:
        of_task = ", ".join(f"{task} {share:.0%}" for task, share in receipt["told"].items())
        tuned = f"""
Then all its weights were tuned on {receipt["tuning"]["rows"]:,} instructions of the small world without *{NEW_TASK}* ({receipt["tuning"]["steps"]:,} steps of {receipt["tuning"]["batch"]}, rate {receipt["tuning"]["rate"]}). Held-out instructions answered right: {of_task}.
"""  # noqa: E501
    measure = "of the rest of each story, its first 96 tokens given," if name == "flan-t5" else ""
    return f"""# The twin of {real}

A model of {receipt["parameters"] / 1e6:.2f} million weights in transformers' own class for {real}, for teaching: {quirks}.

Trained on {receipt["tokens"] / 1e6:,.0f} million tokens of the texts that pocket-llama read ({receipt["recipe"]["steps"]:,} steps of {receipt["recipe"]["rows"]} rows of {receipt["recipe"]["row_tokens"]} tokens; {receipt["seconds"] / 60:.1f} minutes, several at a time, on: {receipt["hardware"]}):

```
{receipt["command"]}
```

{receipt["heldout_bits_per_byte"]:.3f} bits per byte {measure} on 46 stories that it never saw.
{tuned}
Sources, limits and what it must not be used for: as in [pocket-llama's card](../../pocket-llama/README.md). It is smaller and knows less. Licence: Apache-2.0. The checksums are in `SHA256SUMS`, the recipe in [the receipt](../../receipts/twins.json).
"""  # noqa: E501


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_utils.making.twins", description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="directory with the prose, one file a source")
    parser.add_argument("--out", type=Path, required=True, help="directory for one directory a twin, and the receipt")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--size", choices=RECIPES, default="twin")
    parser.add_argument("--jobs", type=int, default=1, help="twins that are made at a time")
    given = parser.parse_args(arguments)
    recipe = RECIPES[given.size]
    command = f"python -m course_utils.making.twins --corpus DIR --out DIR --size {given.size} --jobs {given.jobs}"
    try:
        names = [name for name, _ in recipe.shares if name != "world"]
        files = pretrain.find_corpus(given.corpus, [*names, pretrain.HELDOUT])
        sources = {name: pretrain.read_documents(files[name]) for name in names}
        sources["world"] = pretrain.world_documents(recipe.seed, recipe.world_megabytes)
        heldout = pretrain.read_documents(files[pretrain.HELDOUT])
        given.out.mkdir(parents=True, exist_ok=True)
        runs = {}
        # Processes of their own, for one small model does not keep a GPU busy.
        with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn")) as pool:
            made = {
                pool.submit(make, name, sources, heldout, given.out / name, given.size, command): name
                for name in given.only
            }
            for done in as_completed(made):
                runs[made[done]] = done.result()
                receipt = {"command": command, "runs": [runs[name] for name in FAMILIES if name in runs]}
                (given.out / "twins.json").write_text(json.dumps(receipt, indent=1) + "\n")
                print(f"{made[done]}: {runs[made[done]]['heldout_bits_per_byte']:.3f} bits per byte", flush=True)
    except (CourseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
