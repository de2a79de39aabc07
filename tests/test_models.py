"""Loading: the 4-bit guard, the choices with their reasons, and one clear line for whatever cannot be loaded."""

import json
import shutil
import sys

import bitsandbytes as bnb
import pytest
import torch

from course_utils import evaluate, models
from course_utils.errors import CourseError

TEXT = (
    "The fox came to the river in the evening. It wanted to drink, but the water was too deep. "
    "A heron stood on a stone and laughed. So the fox went home and waited for the morning."
)


# --- the weights -----------------------------------------------------------------------------------------------------


def test_pocket_llama_is_what_its_card_says():
    models.check("pocket-llama")
    size = sum(file.stat().st_size for file in models.POCKET.glob("*.safetensors"))
    assert size <= 32e6
    model = models.load_base("pocket-llama")
    assert sum(p.numel() for p in model.parameters()) <= 16e6
    assert model.config.model_type == "llama" and model.config.max_position_embeddings == 1024
    assert model.config.tie_word_embeddings and model.config.num_key_value_heads < model.config.num_attention_heads


def test_pocket_llama_has_learned_english():
    model, tokenizer = models.load_base("pocket-llama", torch.float32), models.load_tokenizer("pocket-llama")
    shuffled = " ".join(sorted(TEXT.split()))
    assert evaluate.bits_per_byte(model, tokenizer, [TEXT]) < 1.9
    assert evaluate.bits_per_byte(model, tokenizer, [shuffled]) > 1.2 * evaluate.bits_per_byte(model, tokenizer, [TEXT])


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    directory = tmp_path / "course_utils" / "assets" / "pocket-llama"
    shutil.copytree(models.POCKET, directory)
    monkeypatch.setattr(models, "POCKET", directory)
    return directory


def test_a_flipped_bit_is_found(damaged):
    weights = bytearray((damaged / "model.safetensors").read_bytes())
    weights[-1000] ^= 1
    (damaged / "model.safetensors").write_bytes(weights)
    with pytest.raises(CourseError, match="model.safetensors of pocket-llama is damaged.*git checkout"):
        models.check("pocket-llama")


def test_a_missing_file_is_found(damaged):
    (damaged / "tokenizer.json").unlink()
    with pytest.raises(CourseError, match="tokenizer.json of pocket-llama is missing"):
        models.check("pocket-llama")
    (damaged / "SHA256SUMS").unlink()
    with pytest.raises(CourseError, match="SHA256SUMS is missing"):
        models.check("pocket-llama")


@pytest.mark.parametrize("text", ["", "\n", "0" * 64 + "  config.json\n", "<<<<<<< HEAD\n", "\0" * 40])
def test_a_list_of_checksums_that_lists_too_little_is_damaged(damaged, text):
    (damaged / "SHA256SUMS").write_text(text)
    with pytest.raises(CourseError, match="SHA256SUMS of pocket-llama is damaged.*git checkout") as caught:
        models.check("pocket-llama")
    assert "\n" not in str(caught.value)


# --- 4 bits on a CPU -------------------------------------------------------------------------------------------------


def relative_error(layer, weight):
    restored = bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
    return ((restored - weight).norm() / weight.norm()).item()


def guarded_and_not():
    """Two equal 4-bit layers and the weight they hold."""
    torch.manual_seed(0)
    weight = torch.randn(128, 256)
    layers = []
    for _ in range(2):
        layer = bnb.nn.Linear4bit(256, 128, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4")
        layer.weight = bnb.nn.Params4bit(weight.clone(), requires_grad=False, quant_type="nf4").to("cpu")
        layers.append(layer.eval())
    models.keep_4bit_layout(layers[0])
    return weight, *layers


@pytest.mark.skipif(torch.cuda.is_available(), reason="the repacking happens on CPUs")
@pytest.mark.skipif(not bnb.functional.has_avx512bf16(), reason="this CPU has no AVX512-BF16")
def test_weights_survive_a_forward_pass_only_with_the_guard():
    weight, guarded, bare = guarded_and_not()
    with torch.no_grad():
        guarded(torch.randn(3, 256, dtype=torch.bfloat16))
        bare(torch.randn(3, 256, dtype=torch.bfloat16))
    assert relative_error(guarded, weight) < 0.11  # NF4's own error on a normal distribution is .092
    assert relative_error(bare, weight) > 1.0, "bitsandbytes no longer repacks: the guard may go"


def test_guard_keeps_the_layout_where_the_cpu_is_simulated(monkeypatch):
    """On any CPU: pretend that it has AVX512-BF16, and watch for the call that repacks."""
    called = []

    def repack(data, state):
        called.append(True)
        return data, state

    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: True)
    monkeypatch.setattr("bitsandbytes.nn.modules._convert_weight_packed_for_cpu", repack)
    weight, guarded, bare = guarded_and_not()
    x = torch.randn(3, 256, dtype=torch.bfloat16)
    with torch.no_grad():
        guarded(x)
        assert not called
        bare(x)
    assert called


def test_load_4bit_guards_every_layer_and_trains_the_first(tiny_model):
    model = models.load_4bit(str(tiny_model))
    layers = [m for m in model.modules() if isinstance(m, bnb.nn.Linear4bit)]
    assert len(layers) == 14 and not any(layer.support_avx512bf16_for_cpu for layer in layers)
    assert all(layer.weight.quant_type == "nf4" and layer.weight.quant_state.nested for layer in layers)
    ids = torch.arange(5, 25)[None]
    model.eval()
    with torch.no_grad():
        model(ids)
    embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
    model(inputs_embeds=embedded).logits.float().square().mean().backward()
    assert embedded.grad.abs().sum() > 0, "the frozen layers pass no gradient on"


def test_a_model_repacked_already_is_refused():
    _, layer, _ = guarded_and_not()
    layer.weight.quant_state.packing_format_for_cpu = True
    with pytest.raises(CourseError, match="load it again"):
        models.keep_4bit_layout(layer)


@pytest.mark.skipif(torch.cuda.is_available(), reason="it happens on CPUs")
@pytest.mark.parametrize(("inputs", "sound"), [(64, True), (96, False), (160, False), (192, True)])
def test_rows_that_are_not_whole_blocks_come_back_as_noise_and_are_refused(inputs, sound):
    torch.manual_seed(0)
    weight = torch.randn(128, inputs)
    layer = bnb.nn.Linear4bit(inputs, 128, bias=False, quant_type="nf4")
    layer.weight = bnb.nn.Params4bit(weight.clone(), requires_grad=False, quant_type="nf4").to("cpu")
    back = bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    error = ((back - weight).norm() / weight.norm()).item()
    if sound:
        assert error < 0.1 and models.keep_4bit_layout(layer) is layer
    else:
        assert error > 0.2  # once that is mended, the guard can go
        with pytest.raises(CourseError, match=f"{inputs} inputs, no multiple of 64"):
            models.keep_4bit_layout(layer)


# --- choices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "dtype", "word"),
    [
        (models.Hardware("cuda", "T4", 2, 2**34, 2**34, (7, 5)), torch.float16, "before compute capability 8.0"),
        (models.Hardware("cuda", "A100", 8, 2**34, 2**35, (8, 0)), torch.bfloat16, "from compute capability 8.0"),
        (models.Hardware("cpu", "old", 2, 2**34), torch.float32, "no bf16 instructions"),
        (models.Hardware("cpu", "new", 2, 2**34, cpu_bf16=True), torch.bfloat16, "AVX512-BF16"),
    ],
)
def test_dtype_follows_the_hardware_and_says_why(machine, dtype, word):
    choice = models.choose_dtype(machine)
    assert choice.value == dtype and word in choice.reason


@pytest.mark.parametrize(
    ("model", "device", "taken"), [("pocket-llama", "cpu", 4400), ("smollm2", "cpu", 256), ("smollm2", "cuda", 4400)]
)
def test_a_larger_model_without_a_gpu_gets_few_rows(monkeypatch, model, device, taken):
    monkeypatch.setattr(models, "hardware", lambda: models.Hardware(device, "a machine", 2, 8 * 2**30))
    assert models.affordable(model, None, 4400, 256) == taken
    assert models.affordable(model, 100, 4400, 256) == 100


# --- what cannot be loaded -------------------------------------------------------------------------------------------


def test_local_directories(tmp_path, tiny_model):
    models.check(str(tiny_model))
    with pytest.raises(CourseError, match="holds no model"):
        models.check(str(tmp_path))
    with pytest.raises(CourseError, match="there is no directory"):
        models.check(str(tmp_path / "nowhere"))
    with pytest.raises(CourseError, match="is not a model"):
        models.check("")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Puts ``answer(request)`` in the hub's place, under huggingface_hub's real client; no socket is opened."""
    import huggingface_hub
    from huggingface_hub import constants

    # The library that the client is made with, httpx or its successor.
    library = sys.modules[type(huggingface_hub.get_session()).__mro__[0].__module__.split(".")[0]]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client waits longer before each new try

    def replace(answer):
        transport = library.MockTransport(lambda request: answer(library, request))
        huggingface_hub.set_client_factory(lambda: library.Client(transport=transport, follow_redirects=True))

    yield replace
    huggingface_hub.utils._http._GLOBAL_CLIENT_FACTORY = huggingface_hub.utils._http.default_client_factory
    huggingface_hub.close_session()


def test_an_unknown_model_is_said_to_be_unknown(hub):
    hub(lambda http, request: http.Response(404, headers={"X-Error-Code": "RepoNotFound"}, request=request))
    with pytest.raises(CourseError, match="there is no model 'someone/no-such-model' on the hub"):
        models.check("someone/no-such-model")


def test_a_gated_model_says_what_to_do(hub):
    hub(lambda http, request: http.Response(403, headers={"X-Error-Code": "GatedRepo"}, request=request))
    with pytest.raises(CourseError, match="Llama-2-7b-hf is gated: accept its licence.*hf auth login.*tinyllama"):
        models.check("llama-2-7b")


def test_a_repository_without_a_model_is_named(hub):
    hub(lambda http, request: http.Response(404, headers={"X-Error-Code": "EntryNotFound"}, request=request))
    with pytest.raises(CourseError, match="holds no transformers model"):
        models.check("someone/a-data-set")


def test_no_network_says_what_needs_none(hub):
    def unreachable(http, request):
        raise http.ConnectError("Network is unreachable", request=request)

    hub(unreachable)
    with pytest.raises(CourseError, match="cannot be reached.*pocket-llama"):
        models.check("tinyllama")


def test_a_hub_in_trouble_is_one_line(hub):
    hub(lambda http, request: http.Response(500, request=request))
    with pytest.raises(CourseError) as caught:
        models.check("tinyllama")
    assert "\n" not in str(caught.value) and "pocket-llama" in str(caught.value)


def test_an_adapter_of_another_base_is_refused(tiny_model, tmp_path):
    from peft import LoraConfig, get_peft_model

    adapter = tmp_path / "adapter"
    model = get_peft_model(models.load_base(str(tiny_model)), LoraConfig(r=2, target_modules="all-linear"))
    model.save_pretrained(adapter)
    models.check_adapter(adapter, str(tiny_model))
    with pytest.raises(CourseError, match="belongs to tiny-llama, not to pocket-llama"):
        models.check_adapter(adapter, "pocket-llama")
    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = "pocket-llama"  # a wrong label does not help: the shapes tell
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(CourseError, match="q_proj.lora_A is 2 × 64, and the model needs 2 × 384"):
        models.check_adapter(adapter, "pocket-llama")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CourseError, match="holds no adapter"):
        models.check_adapter(tmp_path / "nothing", "pocket-llama")
