"""A merged model as a GGUF file: what transformers reads from it, what is refused, and that nothing is half-written."""

import json
import shutil

import numpy as np
import pytest

from course_utils import engine, handover, models
from course_utils.errors import CourseError

QUANTIZATIONS = [
    pytest.param(name, marks=pytest.mark.skipif(name == "q4_k_m" and not engine.installed(), reason="no xllamacpp"))
    for name in handover.QUANTIZATIONS
]


def read(path, dtype="float32"):
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    packed = GgufConfig(dequantize=True)
    return AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, quantization_config=packed, dtype=getattr(torch, dtype)
    ).state_dict()


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_transformers_reads_the_same_weights_up_to_the_format(tmp_path, quantization):
    """Half a step of the coarsest format in use; f16 holds every bf16 number of this model."""
    import torch

    path = handover.to_gguf(models.POCKET, tmp_path / "model.gguf", quantization)
    ours = models.load_base("pocket-llama", torch.float32).state_dict()
    there = read(path)
    assert there.keys() == ours.keys()
    share = {"f16": 1e-4, "q8_0": 0.006, "q4_k_m": 0.09}[quantization]  # of a row's largest
    for name, weight in ours.items():
        far = (there[name] - weight).abs().amax(-1) / weight.abs().amax(-1)
        assert far.max() <= (1e-6 if weight.dim() == 1 else share), name
    assert quantization == "f16" or any(not torch.equal(there[name], ours[name]) for name in ours)


def test_a_head_of_its_own_is_written_and_a_tied_one_is_not(tmp_path):
    import gguf
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {"vocab_size": 4096, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1}
    untied = LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=2, tie_word_embeddings=False, bos_token_id=1))
    untied.save_pretrained(tmp_path / "untied")
    models.load_tokenizer("pocket-llama").save_pretrained(tmp_path / "untied")
    path = handover.to_gguf(tmp_path / "untied", tmp_path / "untied.gguf")
    assert torch.allclose(read(path)["lm_head.weight"], untied.lm_head.weight, atol=1e-4)
    handover.to_gguf(models.POCKET, tmp_path / "tied.gguf")
    assert "output.weight" not in {tensor.name for tensor in gguf.GGUFReader(tmp_path / "tied.gguf").tensors}


def test_rows_are_where_llama_cpp_rotates_them():
    """Row 2i of a head in GGUF is row i of its first half in transformers, row 2i + 1 row i of its second half."""

    class Config:
        num_attention_heads, num_key_value_heads = 2, 1

    weight = np.arange(16.0).reshape(16, 1)
    there = handover.permuted("model.layers.0.self_attn.q_proj.weight", weight, Config)[:, 0]
    assert there.tolist() == [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
    assert handover.permuted("model.layers.0.self_attn.k_proj.weight", weight, Config)[1, 0] == 8
    assert handover.permuted("model.layers.0.self_attn.v_proj.weight", weight, Config) is weight


@pytest.mark.parametrize(
    ("name", "columns", "kind"),
    [
        ("model.embed_tokens.weight", 512, "Q6_K"),  # tied: it is the head too
        ("model.embed_tokens.weight", 576, "Q8_0"),
        ("model.layers.0.self_attn.q_proj.weight", 512, "Q4_K"),
        ("model.layers.0.self_attn.q_proj.weight", 576, "Q5_0"),
        ("model.layers.0.self_attn.v_proj.weight", 512, "Q6_K"),
        ("model.layers.4.mlp.down_proj.weight", 512, "Q4_K"),
        ("model.layers.6.mlp.down_proj.weight", 512, "Q6_K"),
        ("model.layers.31.mlp.down_proj.weight", 512, "Q6_K"),
        ("model.layers.31.mlp.up_proj.weight", 512, "Q4_K"),
        ("model.layers.31.mlp.up_proj.weight", 100, "F16"),
    ],
)
def test_the_mixture_is_llama_cpps(name, columns, kind):
    class Config:
        num_hidden_layers, tie_word_embeddings = 32, True

    assert handover.tensor_type(name, (64, columns), "q4_k_m", Config).name == kind
    assert handover.tensor_type("model.norm.weight", (columns,), "q4_k_m", Config).name == "F32"


@pytest.fixture
def merged(tmp_path):
    shutil.copytree(models.POCKET, tmp_path / "merged")
    return tmp_path / "merged"


def change(directory, **settings):
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | settings))


def four_bits(directory):
    change(directory, quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})


def adapter(directory):
    for path in directory.iterdir():
        path.unlink()
    (directory / "adapter_config.json").write_text("{}")


def another_family(directory):
    change(directory, architectures=["OPTForCausalLM"], model_type="opt")


def stretched(directory):
    change(directory, rope_parameters={"rope_type": "yarn", "factor": 4.0, "rope_theta": 10000.0})


def another_tokenizer(directory):
    tokenizer = json.loads((directory / "tokenizer.json").read_text())
    tokenizer["pre_tokenizer"] = {"type": "Whitespace"}
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (four_bits, "is quantized: load it, call model.dequantize()"),
        (adapter, "holds an adapter, not a model: merge it"),
        (another_family, "only LlamaForCausalLM is written here"),
        (stretched, "stretches its positions by 'yarn'"),
        (another_tokenizer, "with ['Whitespace'] pieces, which is not written here"),
        (lambda directory: (directory / "model.safetensors").write_bytes(b"short"), "is damaged or was cut short"),
        (lambda directory: shutil.rmtree(directory), "there is no directory"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_leaves_what_was_there(tmp_path, merged, spoil, said):
    spoil(merged)
    path = tmp_path / "model.gguf"
    path.write_text("the one from yesterday")
    with pytest.raises(CourseError) as caught:
        handover.to_gguf(merged, path)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_text() == "the one from yesterday"
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry != merged) == ["model.gguf"]


def test_an_unknown_quantization_names_those_there_are(merged, tmp_path):
    with pytest.raises(CourseError, match="'q3_k' is none of f16, q8_0, q4_k_m"):
        handover.to_gguf(merged, tmp_path / "model.gguf", "q3_k")


def test_no_room_is_said_before_anything_is_written(merged, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1_000_000))
    with pytest.raises(CourseError, match=r"takes 0\.03 GB, and 0\.00 GB are free"):
        handover.to_gguf(merged, tmp_path / "model.gguf")
    assert not (tmp_path / "model.gguf").exists()


def test_a_write_that_breaks_off_leaves_nothing(merged, tmp_path, monkeypatch):
    def break_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(handover, "permuted", break_off)
    with pytest.raises(KeyboardInterrupt):
        handover.to_gguf(merged, tmp_path / "model.gguf")
    assert [entry.name for entry in tmp_path.iterdir()] == ["merged"]


def test_a_number_too_large_for_f16_is_named(merged, tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(merged / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"][0, 0] = torch.tensor(1e6)
    save_file(weights, merged / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CourseError, match="layers.0.mlp.up_proj.weight holds a number above 65,504"):
        handover.to_gguf(merged, tmp_path / "model.gguf")


def test_without_llama_cpp_q4_k_m_says_how_to_get_it(merged, tmp_path, monkeypatch):
    handover._llama_cpp.cache_clear()
    monkeypatch.setattr(handover.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match="pip install --no-deps xllamacpp"):
        handover.to_gguf(merged, tmp_path / "model.gguf", "q4_k_m")
    assert not (tmp_path / "model.gguf").exists()


def test_the_modelfile_writes_the_templates_turns(tmp_path):
    text = handover.modelfile(models.POCKET, tmp_path / "model.gguf")
    assert text.startswith("FROM ./model.gguf\n") and 'PARAMETER stop "</s>"' in text
    assert '{{ else if eq .Role "user" }}<|user|>\n{{ .Content }}</s>\n' in text
    assert text.count("<s>") == 0  # Ollama writes it
    assert "generation" not in text


def test_a_template_that_is_no_row_of_turns_gets_no_modelfile(merged, tmp_path):
    tokenizer = models.load_tokenizer("pocket-llama")
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
        "{% elif m['role'] == 'assistant' and not loop.last %} {{ m['content'] }} {% endif %}{% endfor %}"
    )
    tokenizer.save_pretrained(merged)
    with pytest.raises(CourseError, match="is not one turn after the other"):
        handover.modelfile(merged, tmp_path / "model.gguf")
