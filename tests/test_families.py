"""The twins are whole and of their families; the published shapes give the published counts."""

import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model

from course_utils import families, models, receipts
from course_utils.errors import CourseError

each = pytest.mark.parametrize("family", families.NAMES)


@each
def test_a_twin_is_small_whole_and_in_the_familys_class(family):
    net, tokenizer = families.load(family, dtype=torch.float32)
    assert 1.7e6 < net.num_parameters() < 4e6
    assert sum(file.stat().st_size for file in (families.TWINS / family).iterdir()) < 4.1e6
    assert net.config.model_type == families.PUBLISHED[family][1]["model_type"]
    assert tokenizer.pad_token_id is not None and not net.training
    for text in ("The cat sat on the mat.", "Two  spaces, a\ttab and 17 numbers"):
        back = tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"])
        assert back == text or family == "flan-t5"


def test_their_oddities_are_the_familys():
    falcon, bloom, mistral, opt, t5 = (families.load(family, dtype=torch.float32)[0] for family in families.NAMES)
    block = falcon.transformer.h[0]
    width, heads = falcon.config.hidden_size, falcon.config.num_attention_heads
    assert block.self_attention.query_key_value.out_features == width + 2 * width // heads  # one key, one value
    assert falcon.config.parallel_attn and not hasattr(block, "post_attention_layernorm")
    assert bloom.transformer.word_embeddings_layernorm.weight.shape == (bloom.config.hidden_size,)
    assert bloom.transformer.h[0].self_attention.query_key_value.out_features == 3 * bloom.config.hidden_size
    assert mistral.config.sliding_window == 128 < mistral.config.max_position_embeddings
    assert mistral.config.num_key_value_heads == 1 and not mistral.config.tie_word_embeddings
    assert opt.model.decoder.embed_positions.weight.shape[0] == opt.config.max_position_embeddings + 2
    assert opt.model.decoder.layers[0].fc1.bias is not None
    assert t5.config.is_gated_act and t5.config.is_encoder_decoder and not t5.config.scale_decoder_outputs


@pytest.mark.parametrize("spoil", ["cut", "gone"])
def test_a_damaged_twin_is_one_line(spoil, tmp_path, monkeypatch):
    root = tmp_path / "course_utils" / "assets"
    shutil.copytree(families.TWINS / "opt", root / "twins" / "opt")
    monkeypatch.setattr(families, "TWINS", root / "twins")
    monkeypatch.setattr(models, "POCKET", root / "pocket-llama")
    weights = root / "twins" / "opt" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000]) if spoil == "cut" else weights.unlink()
    with pytest.raises(
        CourseError, match="model.safetensors of opt is .*git checkout -- course_utils/assets/twins/opt"
    ):
        families.load("opt")


COUNTS = {"falcon": 6_921_720_704, "bloom": 7_069_016_064, "mistral": 7_241_732_096, "opt": 125_239_296,
          "flan-t5": 247_577_856}  # fmt: skip


@each
def test_the_published_counts_come_out(family):
    net = families.published(family)
    assert net.num_parameters() == COUNTS[family] and next(net.parameters()).is_meta


@pytest.mark.parametrize(
    ("family", "options", "trained"),
    [
        ("bloom", {"r": 16}, 7_864_320),
        ("mistral", {"r": 8, "target_modules": ["q_proj"]}, 2_097_152),
        ("opt", {"r": 16}, 589_824),
        ("falcon", {"r": 16, "target_modules": ["query_key_value"]}, 4_718_592),
    ],
)
def test_the_tutorials_adapters_come_out(family, options, trained):
    net = get_peft_model(families.published(family), LoraConfig(**options), low_cpu_mem_usage=True)
    assert net.get_nb_trainable_parameters() == (trained, COUNTS[family] + trained)


def test_the_receipts_hold_every_twin_and_every_recipe():
    twins = {run["family"]: run for run in receipts.load("twins")["runs"]}
    assert list(twins) == list(families.NAMES)
    for family, run in twins.items():
        assert run["parameters"] == families.load(family)[0].num_parameters()
        assert run["hardware"] and run["date"] and ("told" in run) is (family in ("mistral", "flan-t5"))
        assert run.get("pretrained_bits_per_byte", run["heldout_bits_per_byte"]) < 1.7
    runs = {run["run"]: run for run in receipts.load("shapes")["runs"]}
    assert list(runs) == ["falcon as it comes", "falcon", "bloom", "mistral"]
    for run in runs.values():
        assert run["losses"][-1] < run["losses"][0] and run["weights"] == COUNTS[run["family"]]
    assert runs["falcon as it comes"]["loaded_bytes"] == pytest.approx(2 * COUNTS["falcon"], rel=1e-4)  # not 4 bits
    assert runs["falcon"]["loaded_bytes"] < 0.6 * COUNTS["falcon"]
    assert runs["bloom"]["trainable"] == 7_864_320 and runs["mistral"]["trainable"] == 2_097_152
