"""Damaged and unfit files of models and adapters: each is refused in one line before anything is loaded."""

import json
import shutil
import subprocess
import sys
import warnings

import pytest
import torch
from lessons import ROOT
from peft import IA3Config, LoraConfig, PeftModel, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file

from course_utils import model_files, models
from course_utils.errors import CourseError

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 28346352\n"


def refused(check, *given, match):
    with pytest.raises(CourseError, match=match) as caught:
        check(*given)
    assert "\n" not in str(caught.value)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


# How a file is spoilt, and the words by which it is known. Cutting ends text in the middle of JSON.
DAMAGE = {
    "missing": (lambda path: path.unlink(), "missing|no weights|no model|lacks"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "pointer": (lambda path: path.write_text(POINTER), "Git LFS pointer.*git lfs pull"),
    "cut": (cut, "is damaged"),
    "zeros": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "is damaged|holds no tensor|cut short"),
}


# --- models ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def model(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "tiny-llama")


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer_config.json", "tokenizer.json"])
def test_a_damaged_part_of_a_model(model, name, damage):
    spoil, words = DAMAGE[damage]
    models.check(str(model))
    spoil(model / name)
    if name == "tokenizer_config.json" and damage == "missing":
        return  # transformers does without it
    refused(models.check, str(model), match=words if name != "tokenizer.json" else f"{words}|cannot be loaded")
    if damage != "missing":
        refused(models.check, str(model), match=name)


def test_weights_without_a_tokenizer_load_but_make_no_lesson(model):
    for path in model.glob("*token*"):
        path.unlink()
    assert models.load_base(str(model)).num_parameters() > 0
    refused(models.check, str(model), match="the tokenizer in .* cannot be loaded")
    cut(model / "model.safetensors")
    refused(models.load_base, str(model), match="cut short")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("config.json", "[]", "does not hold a JSON object"),
        ("config.json", "{}", "the configuration in .* cannot be loaded"),
        ("config.json", '{"model_type": "no-such-architecture"}', "the configuration in .* cannot be loaded"),
        ("tokenizer.json", '{"model": 3}', "the tokenizer in .* cannot be loaded"),
    ],
)
def test_json_that_is_no_part_of_a_model(model, name, text, words):
    (model / name).write_text(text)
    refused(models.check, str(model), match=words)


@pytest.fixture
def sharded(model):
    net = models.load_base(str(model))
    (model / "model.safetensors").unlink()
    net.save_pretrained(model, max_shard_size="300KB")
    assert len(list(model.glob("model-*.safetensors"))) > 1
    return model


def test_shards(sharded):
    models.check(str(sharded))
    index = sharded / "model.safetensors.index.json"
    shard = max(sharded.glob("model-*.safetensors"))
    content = shard.read_bytes()
    for spoil, words in DAMAGE.values():
        spoil(shard)
        refused(models.check, str(sharded), match=words)
        shard.write_bytes(content)
    tensors = load_file(shard)
    gone = min(tensors)
    del tensors[gone]
    save_file(tensors, shard)
    refused(models.check, str(sharded), match=f"lacks {gone}")
    index.write_text('{"weight_map": {}}')
    refused(models.check, str(sharded), match="names no weights")


def test_weights_of_torchs_own_kind(model):
    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    torch.save(tensors, model / "pytorch_model.bin")
    models.check(str(model))
    cut(model / "pytorch_model.bin")
    refused(models.check, str(model), match="pytorch_model.bin is damaged or was cut short")


def test_an_adapter_given_for_a_model_is_told_from_it(adapter):
    refused(models.check, str(adapter), match="holds an adapter, not a model")


def test_a_fingerprint_is_of_the_weights_alone(model, tmp_path):
    before = model_files.fingerprint(model)
    (model / "config.json").write_text("{}")
    assert model_files.fingerprint(shutil.copytree(model, tmp_path / "elsewhere")) == before
    weights = model / "model.safetensors"
    content = weights.read_bytes()
    for changed in (content[:-1], content[:-1] + bytes([content[-1] ^ 1]), content + b"\0"):
        weights.write_bytes(changed)
        assert model_files.fingerprint(model) != before
    weights.unlink()
    assert model_files.fingerprint(model) == ""


def test_a_fingerprint_reads_both_ends_of_a_large_file(tmp_path):
    content = bytearray(3 * model_files.SAMPLE)
    seen = set()
    for place in (None, 0, model_files.SAMPLE - 1, 2 * model_files.SAMPLE, len(content) - 1):
        changed = content.copy()
        if place is not None:
            changed[place] = 1
        (tmp_path / "model.safetensors").write_bytes(changed)
        seen.add(model_files.fingerprint(tmp_path))
    assert len(seen) == 5


def test_a_fingerprint_of_a_hub_model_is_of_its_copy_here(tiny_model, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert models.fingerprint("someone/tiny") == ""
    repository = tmp_path / "models--someone--tiny"
    shutil.copytree(tiny_model, repository / "snapshots" / ("0" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    assert models.fingerprint("someone/tiny") == models.fingerprint(str(tiny_model)) != ""


# --- adapters --------------------------------------------------------------------------------------------------------


def tuned(model, **options):
    options = {"r": 2, "target_modules": "all-linear", "task_type": "CAUSAL_LM"} | options
    return get_peft_model(models.load_base(str(model)), LoraConfig(**options))


@pytest.fixture
def adapter(tiny_model, tmp_path):
    tuned(tiny_model).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_damaged_part_of_an_adapter(adapter, tiny_model, name, damage):
    spoil, words = DAMAGE[damage]
    models.check_adapter(adapter, str(tiny_model))
    spoil(adapter / name)
    refused(models.check_adapter, adapter, str(tiny_model), match=words)
    refused(models.check_adapter, adapter, str(tiny_model), match=name)


def test_no_directory_at_all(tiny_model, tmp_path):
    refused(models.check_adapter, tmp_path / "nowhere", str(tiny_model), match="there is no directory")


def test_an_adapter_without_a_tensor(adapter, tiny_model):
    """As FSDP's first version saves it."""
    save_file({}, adapter / "adapter_model.safetensors")
    refused(models.check_adapter, adapter, str(tiny_model), match="holds no tensor")


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4), "PROMPT_TUNING"),
        (IA3Config(task_type="CAUSAL_LM", target_modules=["k_proj"], feedforward_modules=[]), "IA3"),
    ],
)
def test_adapters_of_other_kinds_are_named(config, kind, tiny_model, tmp_path):
    get_peft_model(models.load_base(str(tiny_model)), config).save_pretrained(tmp_path / "other")
    refused(models.check_adapter, tmp_path / "other", str(tiny_model), match=f"of kind {kind}.*LoraConfig")


@pytest.mark.parametrize(
    "options",
    [
        {"use_dora": True},
        {"use_rslora": True, "target_modules": ["q_proj"]},
        {"rank_pattern": {"q_proj": 5}},
        {"init_lora_weights": "pissa"},
        {"trainable_token_indices": [5, 6]},
        {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
        {"bias": "all"},
        {"layers_to_transform": [1], "target_modules": ["v_proj"]},
        {"target_modules": ["q_proj", "embed_tokens"]},
    ],
)
def test_what_is_accepted_loads(options, tiny_model, tmp_path):
    tuned(tiny_model, **options).save_pretrained(tmp_path / "kind")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        models.check_adapter(tmp_path / "kind", str(tiny_model))
    assert not [str(each.message) for each in said if "base_model_name_or_path" in str(each.message)]
    PeftModel.from_pretrained(models.load_base(str(tiny_model)), tmp_path / "kind")


@pytest.mark.parametrize("target", ["q_proj", "o_proj", "down_proj"])
@pytest.mark.parametrize("part", ["lora_A", "lora_B"])
def test_a_wrong_shape_anywhere_is_found(adapter, tiny_model, target, part):
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if f"1.self_attn.{target}.{part}" in name or f"1.mlp.{target}.{part}" in name)
    tensors[name] = torch.zeros(3, 3)
    save_file(tensors, path)
    refused(models.check_adapter, adapter, str(tiny_model), match=rf"{target}.{part} is 3 × 3, and the model needs")


def test_tensors_too_few_and_too_many(adapter, tiny_model):
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    name = max(tensors)
    held = tensors.pop(name)
    save_file(tensors, path)
    refused(models.check_adapter, adapter, str(tiny_model), match="it lacks model.layers.1.*not complete")
    save_file(tensors | {name: held, name.replace("layers.1", "layers.9"): held.clone()}, path)
    refused(models.check_adapter, adapter, str(tiny_model), match="which has no model.layers.9")


def test_targets_that_the_model_does_not_have(adapter, tiny_model):
    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings["target_modules"] = ["query_key_value"]
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    refused(models.check_adapter, adapter, str(tiny_model), match="does not fit tiny-llama")


@pytest.mark.parametrize("with_table", [True, False])
def test_an_adapter_with_tokens_of_its_own(tiny_model, tmp_path, with_table):
    net = models.load_base(str(tiny_model))
    net.resize_token_embeddings(4098)
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", trainable_token_indices=[4096, 4097])
    get_peft_model(net, lora).save_pretrained(tmp_path / "grown", save_embedding_layers=with_table)
    words = "was trained with 4,098 tokens, and tiny-llama has 4,096: resize"
    refused(models.check_adapter, tmp_path / "grown", str(tiny_model), match=words)


def test_an_adapter_of_torchs_own_kind(adapter, tiny_model):
    tensors = load_file(adapter / "adapter_model.safetensors")
    (adapter / "adapter_model.safetensors").unlink()
    torch.save(tensors, adapter / "adapter_model.bin")
    models.check_adapter(adapter, str(tiny_model))
    PeftModel.from_pretrained(models.load_base(str(tiny_model)), adapter)
    torch.save(torch.nn.Linear(2, 2), adapter / "adapter_model.bin")  # a pickle of more than tensors
    refused(models.check_adapter, adapter, str(tiny_model), match="holds no tensors that torch can read")
    cut(adapter / "adapter_model.bin")
    refused(models.check_adapter, adapter, str(tiny_model), match="adapter_model.bin is damaged or was cut short")


def test_an_adapter_that_was_given_a_name(tiny_model, tmp_path):
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    net = get_peft_model(models.load_base(str(tiny_model)), lora, "poet")
    net.save_pretrained(tmp_path / "saved")
    refused(models.check_adapter, tmp_path / "saved", str(tiny_model), match=r"not itself: give \S*saved/poet$")
    models.check_adapter(tmp_path / "saved" / "poet", str(tiny_model))
    net.add_adapter("critic", lora)
    net.save_pretrained(tmp_path / "saved")
    refused(models.check_adapter, tmp_path / "saved", str(tiny_model), match=r"2 adapters .*one of them.*saved/critic$")


def test_a_check_that_passes_says_nothing(adapter, tiny_model):
    """It stands in a lesson's first cells, whose output is kept."""
    code = "from course_utils import environment, models; environment.prepare(); "
    code += f"models.check_adapter({str(adapter)!r}, {str(tiny_model)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_a_base_is_known_by_a_relative_path(adapter, tiny_model, monkeypatch):
    monkeypatch.chdir(tiny_model.parent)
    models.check_adapter(adapter, "tiny-llama/")
    models.check_adapter(adapter, "./tiny-llama")
