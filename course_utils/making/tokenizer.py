"""A Llama-style tokenizer: byte-pair encoding over words that carry their space, with single bytes to fall back on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from course_utils.templates import CHAT_TEMPLATE

SPACE = "\u2581"  # the visible stand-in for a space, as SentencePiece writes it
SPECIAL = ("<unk>", "<s>", "</s>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))

# The stand-in may also occur in a text as itself. A private character escapes it, so that decoding is exact.
ESCAPE = "\ue000"
ESCAPES = ((ESCAPE, ESCAPE + "0"), (SPACE, ESCAPE + "1"))

# One word with its space, one digit, a run of punctuation or of line ends, one space: merges never cross these.
PIECES = rf"'(?:s|t|re|ve|m|ll|d)\b|{SPACE}?[A-Za-z]+|{SPACE}?[0-9]|{SPACE}?[^A-Za-z0-9\s{SPACE}]+|\n+|{SPACE}"


def train_tokenizer(texts: Iterable[str], vocabulary: int):
    """A byte-pair encoding of ``vocabulary`` entries learned from ``texts``; a ``tokenizers.Tokenizer``.

    Entry 0 is ``<unk>``, 1 ``<s>``, 2 ``</s>``, 3 to 258 the bytes, the rest characters and merges.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    def dressed(model):
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(*pair) for pair in (*ESCAPES, (" ", SPACE))])
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), behavior="isolated")
        tokenizer.decoder = decoders.Sequence(
            [
                decoders.Replace(SPACE, " "),
                decoders.ByteFallback(),
                decoders.Fuse(),
                *(decoders.Replace(escaped, plain) for plain, escaped in reversed(ESCAPES)),
            ]
        )
        return tokenizer

    learner = dressed(models.BPE())
    learner.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary - len(SPECIAL) - len(BYTES),
            initial_alphabet=[chr(i) for i in range(33, 127)],
            show_progress=False,
        ),
    )

    learned = json.loads(learner.to_str())["model"]
    words = sorted(learned["vocab"], key=learned["vocab"].get)
    vocab = {word: i for i, word in enumerate([*SPECIAL, *BYTES, *words])}
    merges = [tuple(pair) for pair in learned["merges"]]
    tokenizer = dressed(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def save_tokenizer(tokenizer, directory: Path, positions: int) -> None:
    """Writes what ``AutoTokenizer.from_pretrained(directory)`` reads, the chat template included.

    ``<unk>`` is the padding token: with byte fallback no text ever produces it, so it differs from ``</s>``.
    """
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>",
        model_max_length=positions, clean_up_tokenization_spaces=False, padding_side="right",
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(directory)  # fmt: skip
