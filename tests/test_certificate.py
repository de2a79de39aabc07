"""The merge certificate: merges that are exact, rounded and spoiled, and what it says of each."""

import copy
import functools
import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from course_utils import certificate, data, evaluate, models
from course_utils.errors import CourseError


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


@pytest.fixture(scope="module")
def conversations():
    return data.instructions("heldout", 40, 0)["messages"][:]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory, tiny_model):
    """An adapter on the tiny model that changes it a good deal: B is no longer zero."""
    torch.manual_seed(0)
    net = get_peft_model(models.load_base(str(tiny_model), dtype=torch.float32), LoraConfig(
        r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM",
    ))  # fmt: skip
    for name, parameter in net.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    directory = tmp_path_factory.mktemp("adapter")
    net.save_pretrained(directory)
    return directory


def with_adapter(tiny_model, adapter, dtype=torch.float32):
    return PeftModel.from_pretrained(models.load_base(str(tiny_model), dtype=dtype), adapter).eval()


def merged(tiny_model, adapter, dtype=torch.float32):
    return with_adapter(tiny_model, adapter, dtype).merge_and_unload()


@pytest.fixture(scope="module")
def reference(tiny_model, adapter):
    return with_adapter(tiny_model, adapter)


def test_a_model_equals_itself(reference, tokenizer, conversations):
    certificate = evaluate.merge_certificate(reference, reference, tokenizer, conversations)
    assert certificate.kind == "equal" and certificate.max_logit == 0 and certificate.mean_kl == 0
    assert certificate.agreement == 1
    tokens = [tokenizer.apply_chat_template(c, return_dict=True)["input_ids"] for c in conversations]
    assert certificate.positions == sum(map(len, tokens)) > 1000


def test_an_exact_merge_is_called_rounding_and_an_unmerged_base_is_not(
    reference, tokenizer, conversations, tiny_model, adapter
):
    certificate = evaluate.merge_certificate(reference, merged(tiny_model, adapter), tokenizer, conversations)
    assert certificate.kind == "rounding" and certificate.max_logit < 1e-3 and certificate.agreement > 0.99
    base = models.load_base(str(tiny_model), dtype=torch.float32)
    without = evaluate.merge_certificate(reference, base, tokenizer, conversations)
    assert without.kind in ("changed", "broken") and without.mean_kl > 1000 * certificate.mean_kl


@pytest.mark.parametrize("factor", [0.5, 0.9, 0.99, 1.01, 2.0])
def test_a_wrong_scale_is_found(reference, tokenizer, conversations, tiny_model, adapter, factor):
    """alpha twice, half, or one per cent off: nothing that a test by eye would see at one per cent."""
    spoiled = with_adapter(tiny_model, adapter)
    for module in spoiled.modules():
        if isinstance(module, LoraLayer):
            module.scaling = {name: factor * scale for name, scale in module.scaling.items()}
    certificate = evaluate.merge_certificate(reference, spoiled.merge_and_unload(), tokenizer, conversations)
    assert certificate.kind in ("changed", "broken")


def test_one_forgotten_layer_is_found(reference, tokenizer, conversations, tiny_model, adapter):
    spoiled = merged(tiny_model, adapter)
    original = models.load_base(str(tiny_model), dtype=torch.float32)
    spoiled.model.layers[1].mlp.up_proj.weight.data.copy_(original.model.layers[1].mlp.up_proj.weight)
    assert evaluate.merge_certificate(reference, spoiled, tokenizer, conversations).kind == "changed"


def test_it_is_measured_as_kl_divergence_is_defined(reference, tokenizer, conversations, tiny_model):
    """Against torch's own kl_div, one conversation at a time, without padding."""
    base = models.load_base(str(tiny_model), dtype=torch.float32).eval()
    total, positions, agree, largest = 0.0, 0, 0, 0.0
    for conversation in conversations[:5]:
        ids = tokenizer.apply_chat_template(conversation, return_dict=True, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            p, q = reference(input_ids=ids).logits[0].double(), base(input_ids=ids).logits[0].double()
        each = torch.nn.functional.kl_div(q.log_softmax(-1), p.log_softmax(-1), log_target=True, reduction="sum")
        total, positions = total + each.item(), positions + len(p)
        agree += (p.argmax(-1) == q.argmax(-1)).sum().item()
        largest = max(largest, (p - q).abs().max().item())
    certificate = evaluate.merge_certificate(reference, base, tokenizer, conversations[:5], batch_size=2)
    assert certificate.mean_kl == pytest.approx(total / positions, rel=1e-4)
    assert certificate.positions == positions
    assert certificate.agreement == pytest.approx(agree / positions, abs=2 / positions)
    assert certificate.max_logit == pytest.approx(largest, rel=1e-3)


BASES = {}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 39), min_size=1, max_size=9), st.integers(1, 8))
def test_it_depends_on_neither_order_nor_batches(reference, tokenizer, conversations, tiny_model, chosen, size):
    base = BASES.setdefault("base", models.load_base(str(tiny_model), dtype=torch.float32).eval())
    some = [conversations[i] for i in chosen]
    one = evaluate.merge_certificate(reference, base, tokenizer, some, batch_size=size)
    other = evaluate.merge_certificate(reference, base, tokenizer, some[::-1], batch_size=16)
    assert one.positions == other.positions
    assert one.mean_kl == pytest.approx(other.mean_kl, rel=1e-3)
    assert one.max_logit == pytest.approx(other.max_logit, rel=1e-3)


def test_the_worst_conversation_is_the_one_that_changed(reference, tokenizer, conversations):
    """A model in which one token's embedding is spoiled: the conversation with it in it is named."""
    rare = tokenizer(" window", add_special_tokens=False)["input_ids"][-1]
    texts = ["Name a colour.", "What is behind the window?", "Count to three."]
    ids = [tokenizer(text)["input_ids"] for text in texts]
    assert [rare in row for row in ids] == [False, True, False]
    spoiled = copy.deepcopy(reference)
    embedding = spoiled.get_input_embeddings().weight
    embedding.data = embedding.data.clone()
    embedding.data[rare] += 5
    spoiled.get_output_embeddings().weight = torch.nn.Parameter(reference.get_output_embeddings().weight.data)
    certificate = evaluate.merge_certificate(reference, spoiled, tokenizer, texts)
    assert "window" in certificate.worst


def test_strings_are_asked_as_user_turns(reference, tokenizer):
    certificate = evaluate.merge_certificate(reference, reference, tokenizer, ["What is hot?"])
    asked = [{"role": "user", "content": "What is hot?"}]
    ids = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert certificate.positions == len(ids) and certificate.worst == tokenizer.decode(ids)


def test_logits_that_are_no_numbers_are_broken_not_skipped(reference, tokenizer, conversations, tiny_model, adapter):
    spoiled = merged(tiny_model, adapter)
    spoiled.model.layers[0].mlp.down_proj.weight.data[0, 0] = math.nan
    certificate = evaluate.merge_certificate(reference, spoiled, tokenizer, conversations[:4])
    assert certificate.kind == "broken" and math.isinf(certificate.max_logit) and math.isinf(certificate.mean_kl)
    assert "not all numbers" in certificate.verdict


def test_another_vocabulary_and_no_prompt_are_one_line(reference, tokenizer, tiny_model, adapter):
    wider = merged(tiny_model, adapter)
    wider.resize_token_embeddings(4100)
    with pytest.raises(CourseError, match="4,096 and 4,100 tokens"):
        evaluate.merge_certificate(reference, wider, tokenizer, ["hello"])
    with pytest.raises(CourseError, match="needs prompts"):
        evaluate.merge_certificate(reference, reference, tokenizer, [])


def test_the_models_keep_their_mode(reference, tokenizer, tiny_model):
    net = models.load_base(str(tiny_model), dtype=torch.float32).train()
    evaluate.merge_certificate(reference, net, tokenizer, ["hello"])
    assert net.training and not reference.training


# --- right and wrong merges over a 4-bit base, as lesson 07 makes them ------------------------------------------------


def in_4_bits(directory, dtype):
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    net = AutoModelForCausalLM.from_pretrained(directory, dtype=dtype, quantization_config=quantization)
    return models.keep_4bit_layout(net)


@functools.cache
def dequantized(directory, dtype):
    return in_4_bits(directory, dtype).dequantize()


def random_adapter(directory, to, kind, rank, strength, seed):
    """Saves an adapter whose change is ``strength`` times as long as the weight matrix, in each of them."""
    torch.manual_seed(seed)
    net = get_peft_model(models.load_base(str(directory), dtype=torch.float32), LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM",
        use_rslora=kind == "rslora", use_dora=kind == "dora",
    ))  # fmt: skip
    for layer in net.modules():
        if isinstance(layer, LoraLayer):
            A, B = layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data
            B.normal_()
            B *= strength * layer.base_layer.weight.norm() / (layer.scaling["default"] * (B @ A).norm())
    net.save_pretrained(to)


def scaled(net, factor):
    for layer in net.modules():
        if isinstance(layer, LoraLayer):
            layer.scaling = {name: factor * scale for name, scale in layer.scaling.items()}
    return net


def merges(directory, adapter, another, dtype):
    """Every kind of merge by name: the right one first, then the wrong ones."""
    plain = lambda: copy.deepcopy(dequantized(directory, dtype))  # noqa: E731
    merge = lambda base, which=adapter: PeftModel.from_pretrained(base, which).merge_and_unload()  # noqa: E731
    settings = LoraConfig.from_pretrained(adapter)
    yield "right", merge(plain())
    yield "into the original", merge(models.load_base(str(directory), dtype=dtype))
    yield "into the codes", merge(in_4_bits(directory, dtype))
    yield "twice", merge(merge(plain()))
    without_r = settings.r**0.5 if settings.use_rslora else settings.r
    yield "alpha without /r", scaled(PeftModel.from_pretrained(plain(), adapter), without_r).merge_and_unload()
    yield "another adapter", merge(plain(), another)
    forgotten = merge(plain())
    forgotten.model.layers[-1].load_state_dict(plain().model.layers[-1].state_dict())
    yield "one layer forgotten", forgotten


JUDGED = []  # (merge, faint, ratio) of every merge that the property test tried


@pytest.mark.slow
@settings(max_examples=32, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dtype=st.sampled_from([torch.bfloat16, torch.float16, torch.float32]),
    kind=st.sampled_from(["lora", "rslora", "dora"]),
    rank=st.sampled_from([2, 4, 8, 16, 64]),
    strength=st.sampled_from([0.001, 0.03, 0.1, 0.3, 1.0]),
    batch_size=st.sampled_from([1, 5, 16]),
    threads=st.sampled_from([1, 2]),
    seed=st.integers(0, 10_000),
)
def test_right_merges_are_rounding_and_wrong_ones_are_not(
    tmp_path, tokenizer, conversations, tiny_model, dtype, kind, rank, strength, batch_size, threads, seed
):
    adapter, another = tmp_path / "one", tmp_path / "another"
    random_adapter(tiny_model, adapter, kind, rank, strength, seed)
    random_adapter(tiny_model, another, kind, rank, strength, seed + 1)
    reference = PeftModel.from_pretrained(in_4_bits(tiny_model, dtype), adapter)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for name, net in merges(tiny_model, adapter, another, dtype):
            found = evaluate.merge_certificate(reference, net, tokenizer, conversations[:8], batch_size=batch_size)
            JUDGED.append((name, found.faint, found.ratio))
            if name == "right":
                assert found.kind == "rounding", found
            elif name == "into the original" or not found.faint:
                assert found.kind in ("changed", "broken"), (name, found)
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_enough_merges_were_judged():
    """An adapter that 16 bits can hardly hold may be merged in any way; it must not be most of what was tried."""
    clear = [ratio for name, faint, ratio in JUDGED if name != "right" and not faint]
    right = [ratio for name, _, ratio in JUDGED if name == "right"]
    print(f"{len(JUDGED)} merges; right ones up to {max(right):.2f}, {len(clear)} wrong ones from {min(clear):.1f}")
    assert len(JUDGED) >= 200 and len(clear) >= len(JUDGED) / 2


def test_an_adapter_too_small_to_judge_is_said_so(tokenizer, conversations, tiny_model, tmp_path):
    random_adapter(tiny_model, tmp_path, "lora", 4, 0.001, 0)
    reference = PeftModel.from_pretrained(in_4_bits(tiny_model, torch.bfloat16), tmp_path)
    for base, faint in ((in_4_bits(tiny_model, torch.bfloat16).dequantize(), True), (None, False)):
        net = PeftModel.from_pretrained(base, tmp_path).merge_and_unload() if base else reference
        found = evaluate.merge_certificate(reference, net, tokenizer, conversations[:8])
        assert ("But the whole adapter changes only" in found.verdict) is faint


def test_half_a_step_leads_to_a_neighbour_or_back():
    weight = torch.tensor([1.0, -1.5, 0.75, 3.0, 1e-3, 0.0] * 4000).to(torch.bfloat16)
    moved = certificate.half_step(weight.float(), torch.bfloat16, seed=3)
    assert torch.equal(moved.to(torch.bfloat16).float(), moved)  # still numbers of the format
    steps = moved.sub(weight.float())[weight.float() == -1.5] / 2**-7  # between 1 and 2 the step is 2 ** -7
    assert {-1.0, 0.0, 1.0} == set(steps.tolist())
    assert steps.square().mean().item() == pytest.approx(0.5, abs=0.05)
    # The steps around zero are subnormal in bf16 and fp32, and products of such numbers slow on a CPU: no step at all.
    for dtype in (torch.bfloat16, torch.float32):
        assert not certificate.half_step(torch.zeros(1000), dtype, seed=3).any()
    assert certificate.half_step(torch.zeros(1000), torch.float16, seed=3).any()


@pytest.mark.parametrize(
    ("figures", "kind", "words"),
    [
        ({"max_logit": 0.0, "mean_kl": 0.0, "agreement": 1.0}, "equal", "not one logit differs"),
        ({"mean_kl": 2e-5, "agreement": 0.99}, "rounding", "up to rounding"),
        ({"mean_kl": 2e-2, "agreement": 0.9}, "changed", "2,000 times what half a step of bfloat16"),
        ({"mean_kl": 3.0, "agreement": 0.2}, "broken", "at 1,600 of 2,000 positions"),
        ({"mean_kl": math.inf, "max_logit": math.inf, "agreement": 0.2}, "broken", "not all numbers"),
    ],
)
def test_the_verdict_is_in_words(figures, kind, words):
    usual = {"positions": 2000, "max_logit": 0.5, "noise": 1e-5, "step_of": "bfloat16", "worst": ""}
    certificate = evaluate.MergeCertificate(**usual | figures)
    assert certificate.kind == kind and words in certificate.verdict and certificate.verdict in str(certificate)
