"""Loading: the 4-bit guard, the choices with their reasons, and one clear line for whatever cannot be loaded."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import bitsandbytes as bnb
import pytest
import torch

from course_utils import evaluate, models
from course_utils.errors import CourseError

ROOT = Path(__file__).parent.parent
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


# --- what cannot be loaded -------------------------------------------------------------------------------------------


def test_local_directories(tmp_path, tiny_model):
    models.check(str(tiny_model))
    with pytest.raises(CourseError, match="holds no model"):
        models.check(str(tmp_path))
    with pytest.raises(CourseError, match="there is no directory"):
        models.check(str(tmp_path / "nowhere"))
    with pytest.raises(CourseError, match="is not a model"):
        models.check("")


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as the hub does for a gated and for an unknown repository."""

    def do_HEAD(self):
        gated = "gated" in self.path
        self.send_response(401 if gated else 404)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("X-Error-Message", "no")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *arguments):
        pass


def check_in_another_process(model, tmp_path, **environment):
    code = f"from course_utils import models; models.check({model!r})"
    env = os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"} | environment
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    return done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def hub():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_unknown_and_gated_models(hub, tmp_path):
    said = check_in_another_process("someone/no-such-model", tmp_path, HF_ENDPOINT=hub)
    assert "there is no model 'someone/no-such-model' on the hub" in said
    said = check_in_another_process("meta-llama/gated-llama", tmp_path, HF_ENDPOINT=hub)
    assert "is gated: accept its licence" in said and "tinyllama" in said


def test_no_network(tmp_path):
    said = check_in_another_process("tinyllama", tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert "cannot be reached" in said and "pocket-llama" in said
    said = check_in_another_process("tinyllama", tmp_path, HF_HUB_OFFLINE="1")
    assert "cannot be reached" in said


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
    with pytest.raises(CourseError, match="belongs to"):
        models.check_adapter(adapter, "pocket-llama")
    with pytest.raises(CourseError, match="holds no adapter"):
        models.check_adapter(tmp_path, "pocket-llama")
