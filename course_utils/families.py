"""Models that are not Llamas: the course's small twins of five families, and what their published models look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from course_utils import models

TWINS = Path(__file__).parent / "assets" / "twins"

# The fields of each published config.json that decide shapes; the rest are the defaults of transformers' classes.
PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "falcon": (
        "tiiuae/falcon-7b",
        {"model_type": "falcon", "vocab_size": 65024, "hidden_size": 4544, "num_hidden_layers": 32,
         "num_attention_heads": 71, "multi_query": True, "parallel_attn": True, "bias": False, "alibi": False,
         "new_decoder_architecture": False},
    ),
    "bloom": (
        "bigscience/bloom-7b1",
        {"model_type": "bloom", "vocab_size": 250880, "hidden_size": 4096, "n_layer": 30, "n_head": 32},
    ),
    "mistral": (
        "mistralai/Mistral-7B-Instruct-v0.2",
        {"model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
         "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "sliding_window": None,
         "tie_word_embeddings": False},
    ),
    "opt": (
        "facebook/opt-125m",
        {"model_type": "opt", "vocab_size": 50272, "hidden_size": 768, "word_embed_proj_dim": 768, "ffn_dim": 3072,
         "num_hidden_layers": 12, "num_attention_heads": 12, "max_position_embeddings": 2048},
    ),
    "flan-t5": (
        "google/flan-t5-base",
        {"model_type": "t5", "vocab_size": 32128, "d_model": 768, "d_kv": 64, "d_ff": 2048, "num_layers": 12,
         "num_decoder_layers": 12, "num_heads": 12, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    ),
}  # fmt: skip
NAMES = tuple(PUBLISHED)


def head_class(family: str) -> Any:
    """The class that loads a model with its output head: a decoder's, or that of an encoder and a decoder."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if family == "flan-t5" else AutoModelForCausalLM


def published(family: str, **changes: Any) -> Any:
    """The published model of a family without its numbers: on torch's meta device, where a tensor is only a shape.

    Args:
        family: one of ``NAMES``.
        changes: other values for fields of its configuration.
    """
    import torch

    with torch.device("meta"):
        model = head_class(family).from_config(configuration(family, **changes))
        if family == "flan-t5":  # transformers ties every T5 that it builds; the published weights have two matrices
            model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    return model


def configuration(family: str, **changes: Any) -> Any:
    """The configuration of a family's published model."""
    from transformers import AutoConfig

    return AutoConfig.for_model(**PUBLISHED[family][1] | changes)


def load(family: str, **options: Any) -> tuple[Any, Any]:
    """A family's twin, ready to answer, and its tokenizer.

    Args:
        family: one of ``NAMES``.
        options: for ``from_pretrained``, such as ``dtype`` or ``quantization_config``.

    Raises:
        CourseError: its files are damaged.
    """
    from transformers import AutoTokenizer

    directory = TWINS / family
    models.verify_checksums(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    if tokenizer.pad_token is None:  # Falcon's has one special token for everything
        tokenizer.pad_token = tokenizer.eos_token
    model = head_class(family).from_pretrained(directory, **options)
    return models.keep_4bit_layout(model).eval(), tokenizer


def linear_layers(model: Any) -> dict[str, Any]:
    """The linear layers of a model's blocks by name: all but the output head."""
    from torch import nn

    return {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and any(part.isdigit() for part in name.split("."))
    }


def inputs_of(model: Any, tokenizer: Any, texts: Iterable[str]) -> dict[str, Any]:
    """What each linear layer is given while the model reads, float32 of shape (tokens, inputs), by its name.

    An encoder-decoder reads each text on both sides.
    """
    import torch

    seen: dict[str, list[Any]] = {}

    def hook(name: str) -> Any:
        return lambda _, given: seen.setdefault(name, []).append(given[0].flatten(0, -2).float())

    hooks = [layer.register_forward_pre_hook(hook(name)) for name, layer in linear_layers(model).items()]
    with torch.no_grad():
        for text in texts:
            ids = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)["input_ids"].to(model.device)
            model(input_ids=ids, **({"labels": ids} if model.config.is_encoder_decoder else {}))
    for each in hooks:
        each.remove()
    return {name: torch.cat(parts) for name, parts in seen.items()}


def answers(model: Any, tokenizer: Any, prompts: Sequence[str], most: int = 8) -> list[str]:
    """What a model writes after each prompt, the likeliest token each time, without special tokens.

    Args:
        model: a decoder, or an encoder-decoder, which reads the prompt on one side and writes on the other.
        tokenizer: its own.
        prompts: as the tokenizer takes them.
        most: tokens of an answer.
    """
    import torch

    both, written = model.config.is_encoder_decoder, []
    tokenizer.padding_side = "right" if both else "left"
    model.eval()
    for first in range(0, len(prompts), 50):
        batch = tokenizer(
            list(prompts[first : first + 50]), return_tensors="pt", padding=True, return_token_type_ids=False
        ).to(model.device)
        with torch.inference_mode():
            ids = model.generate(**batch, max_new_tokens=most, do_sample=False)
        new = ids if both else ids[:, batch["input_ids"].shape[1] :]
        written += [text.strip() for text in tokenizer.batch_decode(new, skip_special_tokens=True)]
    return written
