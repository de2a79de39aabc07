"""llama.cpp on files of ours: the same tokens, the same numbers up to its rounding, and faults that are seen."""

import pytest

from course_utils import data, engine, handover, models
from course_utils.errors import CourseError

pytestmark = pytest.mark.skipif(not engine.installed(), reason="xllamacpp is not installed")

# Said in lesson 07: an apostrophe that opens a word right after a line's end is one token with its letter there.
KNOWN = ("'twas said 'so'",)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("gguf")
    return {name: handover.to_gguf(models.POCKET, directory / f"{name}.gguf", name) for name in handover.QUANTIZATIONS}


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


def reader_of(file):
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    packed = GgufConfig(dequantize=True)
    return AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, quantization_config=packed, dtype=torch.float32
    ).eval()


def test_the_same_token_ids_for_two_hundred_conversations(files, tokenizer):
    talks = engine.battery(list(data.instructions("heldout", 150, 3)))
    assert len(talks) >= 200
    with engine.serve(files["f16"]) as server:
        different = engine.unequal(server, tokenizer, talks)
        begins = [server.tokens(talk)[:2].count(tokenizer.bos_token_id) for talk in talks[:20]]
    assert {turn["content"] for talk, _, _ in different for turn in talk} <= {*KNOWN, "Hello."}
    assert set(begins) == {1}


@pytest.mark.parametrize(("name", "block"), [("f16", 1), ("q8_0", 32), ("q4_k_m", 256)])
def test_the_engine_is_as_far_off_as_its_rounding(files, tokenizer, name, block):
    rows = data.instructions("heldout", 6, 4)
    with engine.serve(files[name]) as server:
        found = engine.compare(server, reader_of(files[name]), tokenizer, rows["prompt"][:], [12] * 6, block)
    assert found.kind == "rounding", found
    assert found.questions == found.same_prompts == 6 and found.positions > 30
    assert found.same_answers + len(found.margins) == 6 and all(margin < 0.5 for margin in found.margins)


def test_an_engine_that_computes_something_else_is_told_from_rounding(files, tokenizer):
    """Another file behind the server than the one that transformers reads."""
    rows = data.instructions("heldout", 4, 4)
    with engine.serve(files["q4_k_m"]) as server:
        found = engine.compare(server, reader_of(files["q8_0"]), tokenizer, rows["prompt"][:], [12] * 4, 32)
    assert found.kind == "changed" and "something else" in found.verdict


@pytest.mark.parametrize("fields", [{"template": ""}, {"prefix": True}], ids=["no template", "another tokenizer"])
def test_a_wrong_tokenizer_or_template_shows_in_the_ids(tmp_path, tokenizer, fields):
    file = handover.to_gguf(models.POCKET, tmp_path / "wrong.gguf", fields=fields)
    talks = engine.battery([])[:6]
    with engine.serve(file) as server:
        assert len(engine.unequal(server, tokenizer, talks)) == len(talks)


def test_a_text_that_holds_the_beginning_gets_it_twice(files, tokenizer):
    text = tokenizer.apply_chat_template([{"role": "user", "content": "Hi."}], tokenize=False)
    with engine.serve(files["f16"]) as server:
        ids = server.ask("/tokenize", content=text, add_special=True, parse_special=True)["tokens"]
    assert ids[:2] == [tokenizer.bos_token_id] * 2


def test_a_file_that_is_none_is_one_line(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF and no more")
    with pytest.raises(CourseError, match="llama.cpp cannot load") as caught, engine.serve(tmp_path / "model.gguf"):
        pass
    assert "\n" not in str(caught.value)


def test_the_server_is_gone_after_the_block_even_after_an_error(files):
    import urllib.error
    import urllib.request

    with pytest.raises(ZeroDivisionError), engine.serve(files["f16"]) as server:
        raise ZeroDivisionError
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server.address + "/health", timeout=5)
    with pytest.raises(CourseError, match="does not answer any more"):
        server.ask("/tokenize", content="x")
