"""What several tests need: small texts, and models made on the spot."""

import os

# Nothing in these tests may wait for a network that is not there.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest  # noqa: E402

from course_utils import world  # noqa: E402


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory):
    """A corpus directory of a few hundred kilobytes, of generated text throughout."""
    directory = tmp_path_factory.mktemp("corpus")
    for number, name in enumerate(("simple_english", "general_english", "heldout_english")):
        texts = [world.document(100 + number, i).text for i in range(40 if "heldout" in name else 300)]
        (directory / f"{name}.txt").write_text("\n<|endoftext|>\n".join(texts))
    return directory


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A directory with a Llama of a few thousand random weights and pocket-llama's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from course_utils import models

    directory = tmp_path_factory.mktemp("tiny") / "tiny-llama"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2,
        pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(directory)
    models.load_tokenizer("pocket-llama").save_pretrained(directory)
    return directory
