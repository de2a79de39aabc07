"""The readable LoRA layer against peft's: forward, gradients, dropout, rsLoRA, merge."""

import copy

import bitsandbytes as bnb
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from course_utils import lora
from course_utils.errors import CourseError
from course_utils.lora import LoRALinear

VARIANTS = [
    pytest.param({}, id="plain"),
    pytest.param({"dropout": 0.3}, id="dropout"),
    pytest.param({"rslora": True}, id="rslora"),
    pytest.param({"dropout": 0.3, "rslora": True}, id="dropout, rslora"),
]


def linear(inputs=48, outputs=40, bias=True, dtype=torch.float32):
    torch.manual_seed(1)
    return nn.Linear(inputs, outputs, bias=bias).to(dtype)


def peft_layer(base, rank, alpha, dropout=0.0, rslora=False):
    """peft's layer around a copy of ``base``, and the model that holds it."""
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, use_rslora=rslora, target_modules=["0"])
    model = get_peft_model(nn.Sequential(copy.deepcopy(base)), config)
    return model, model.base_model.model[0]


def pair(base, rank=6, alpha=9, **options):
    """Our layer and peft's with the same random A and B, B not zero."""
    ours = LoRALinear(copy.deepcopy(base), rank, alpha, **options)
    model, theirs = peft_layer(base, rank, alpha, **options)
    torch.manual_seed(2)
    nn.init.normal_(ours.B, std=0.1)
    with torch.no_grad():
        theirs.lora_A["default"].weight.copy_(ours.A)
        theirs.lora_B["default"].weight.copy_(ours.B)
    return ours, theirs, model


def run(layer, x, seed=3):
    """Output and input gradient in training mode; dropout is drawn from ``seed``."""
    x = x.clone().requires_grad_()
    layer.train()
    torch.manual_seed(seed)
    out = layer(x)
    (out * torch.arange(out.numel()).view_as(out).div(out.numel())).sum().backward()
    return out, x.grad


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("bias", [True, False])
def test_forward_and_gradients_are_pefts(options, bias):
    ours, theirs, _ = pair(linear(bias=bias), **options)
    x = torch.randn(5, 7, 48)
    (got, got_x), (want, want_x) = run(ours, x), run(theirs, x)
    close = {"rtol": 1e-6, "atol": 1e-6}
    torch.testing.assert_close(got, want, **close)
    torch.testing.assert_close(got_x, want_x, **close)
    torch.testing.assert_close(ours.A.grad, theirs.lora_A["default"].weight.grad, **close)
    torch.testing.assert_close(ours.B.grad, theirs.lora_B["default"].weight.grad, **close)
    assert ours.base.weight.grad is None


@pytest.mark.parametrize("options", [{}, {"rslora": True}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_merge_is_pefts_and_computes_the_same(options, dtype):
    ours, _, model = pair(linear(dtype=dtype), **options)
    merged = ours.merge()
    theirs = model.merge_and_unload()[0]
    assert type(merged) is nn.Linear and merged.weight.dtype == dtype and not merged.weight.requires_grad
    tolerance = 1e-6 if dtype == torch.float32 else 2**-8  # one rounding of bf16
    torch.testing.assert_close(merged.weight, theirs.weight, rtol=tolerance, atol=1e-6)
    assert torch.equal(merged.bias, ours.base.bias)
    x = torch.randn(5, 48, dtype=dtype)
    torch.testing.assert_close(merged(x), ours.eval()(x), rtol=8 * tolerance, atol=8 * tolerance)


def test_merging_leaves_the_layer_as_it_was():
    ours, _, _ = pair(linear())
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    merged = ours.merge()
    merged.bias.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_fresh_layer_changes_nothing(dtype):
    base = linear(dtype=dtype)
    x = torch.randn(9, 48, dtype=dtype)
    want = base(x)
    got = LoRALinear(base, 4, 8)(x)
    assert got.dtype == dtype and torch.equal(got, want)


def test_the_start_is_that_of_nn_linear():
    torch.manual_seed(5)
    layer = LoRALinear(linear(400, 40), 64, 1)
    assert layer.A.abs().max() <= 400**-0.5 and layer.A.std().item() == pytest.approx((1 / 1200) ** 0.5, rel=0.02)
    assert not layer.B.any()


def test_rank_and_alpha_reach_the_scale():
    assert LoRALinear(linear(), 16, 32).scale == 2 and LoRALinear(linear(), 16, 32, rslora=True).scale == 8
    assert LoRALinear(linear(), 4, 2, rslora=True).scale == 1
    assert torch.linalg.matrix_rank(pair(linear(), rank=3)[0].delta()) == 3


def test_dropout_is_off_outside_training():
    layer = pair(linear(), dropout=0.5)[0].eval()
    x = torch.randn(4, 48)
    assert torch.equal(layer(x), layer(x))
    layer.train()
    assert not torch.equal(layer(x), layer(x))


def test_beside_a_4bit_layer_it_is_pefts():
    torch.manual_seed(1)
    base = bnb.nn.Linear4bit(64, 64, bias=False, quant_type="nf4", compute_dtype=torch.float32)
    base.support_avx512bf16_for_cpu = False
    base.load_state_dict({"weight": torch.randn(64, 64)})
    base = base.to("cpu")
    model = nn.Sequential(base)
    theirs = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["0"])).base_model.model[0]
    ours = LoRALinear(base, 4, 8)
    with torch.no_grad():
        theirs.lora_A["default"].weight.copy_(ours.A)
        theirs.lora_B["default"].weight.copy_(nn.init.normal_(ours.B))
    x = torch.randn(3, 64)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)
    with pytest.raises(CourseError, match="quantized: dequantize"):
        ours.merge()


# --- a whole model ---------------------------------------------------------------------------------------------------


@pytest.fixture
def llama(tiny_model):
    from course_utils import models

    return models.load_base(str(tiny_model), dtype=torch.float32)


IDS = torch.arange(5, 25).view(2, 10)


@pytest.mark.parametrize("targets", [("q_proj",), ("q_proj", "v_proj"), lora.LINEAR])
def test_a_model_trains_as_many_numbers_as_pefts(llama, targets):
    theirs = get_peft_model(copy.deepcopy(llama), LoraConfig(r=3, target_modules=list(targets)))
    ours = lora.add_lora(llama, 3, 8, targets)
    count = sum(p.numel() for p in ours.parameters() if p.requires_grad)
    assert count == theirs.get_nb_trainable_parameters()[0]
    assert {name.rpartition(".")[2] for name, _ in lora.lora_layers(ours)} == set(targets)


def test_a_model_is_unchanged_at_first_and_merges_after_training(llama):
    before = llama(input_ids=IDS).logits
    lora.add_lora(llama, 4, 16)
    assert torch.equal(llama(input_ids=IDS).logits, before)
    optimizer = torch.optim.AdamW([p for p in llama.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(5):
        loss = llama(input_ids=IDS, labels=IDS).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = llama(input_ids=IDS).logits
    assert (after - before).abs().max() > 0.1
    lora.merge_lora(llama)
    assert not list(lora.lora_layers(llama))
    torch.testing.assert_close(llama(input_ids=IDS).logits, after, rtol=1e-4, atol=1e-4)


def test_misuse_is_said_in_one_line(llama):
    for arguments, said in [
        ((linear(), 0, 1), "rank has to be"),
        ((linear(), 2.0, 1), "rank has to be"),
        ((linear(), 2, 0), "alpha has to be"),
        ((linear(), 2, 1, 1.0), "dropout has to be"),
        ((nn.Embedding(3, 3), 2, 1), "not a Embedding"),
    ]:
        with pytest.raises(CourseError, match=said):
            LoRALinear(*arguments)
    with pytest.raises(CourseError, match="no layer of the model is named query_key_value"):
        lora.add_lora(llama, 2, 4, ["query_key_value"])
    lora.add_lora(llama, 2, 4)
    with pytest.raises(CourseError, match="has adapters already"):
        lora.add_lora(llama, 2, 4)
