"""The tokenizer: any text comes back as it went in, and the chat format marks what the assistant wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import models


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


def encode(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_ids_are_llamas(tokenizer):
    assert tokenizer.convert_tokens_to_ids(["<unk>", "<s>", "</s>", "<0x00>", "<0xFF>"]) == [0, 1, 2, 3, 258]
    assert len(tokenizer) == 4096
    assert tokenizer("Hello")["input_ids"][0] == tokenizer.bos_token_id == 1
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


@given(text=st.text())
def test_any_text_comes_back(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert tokenizer.unk_token_id not in ids


@given(raw=st.binary())
def test_any_bytes_come_back(tokenizer, raw):
    text = raw.decode("latin-1")
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids).encode("latin-1") == raw


@pytest.mark.parametrize(
    "text", [" a", "a  b", "\n\n x \n", "\u2581", "\ue000", "\ue0001\u2581", "na\u00efve \U0001f98a", "\x00"]
)
def test_hard_cases(tokenizer, text):
    assert tokenizer.decode(encode(tokenizer, text)) == text


def test_common_words_are_single_tokens(tokenizer):
    for word in (" the", " little", " because", " animal", " house"):
        assert len(encode(tokenizer, word)) == 1, word


def test_chat_template_trains_the_answer_and_its_end(tokenizer):
    messages = [{"role": "user", "content": "Say hi."}, {"role": "assistant", "content": "Hi there."}]
    row = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    trained = [i for i, kept in zip(row["input_ids"], row["assistant_masks"], strict=True) if kept]
    assert tokenizer.decode(trained) == "Hi there.</s>"
    assert row["input_ids"].count(tokenizer.bos_token_id) == 1
    prompt = tokenizer.apply_chat_template(messages[:1], add_generation_prompt=True, return_dict=True)["input_ids"]
    assert row["input_ids"][: len(prompt)] == prompt
