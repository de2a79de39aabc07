"""The memory budget: byte for byte what a CPU allocates, within bounds what an H100 did, and published figures."""

import dataclasses
import itertools
import json
import statistics

import pytest
import torch
from peft import LoraConfig, get_peft_model
from trl.trainer.utils import add_fused_lm_head

from course_utils import fit, lora, memory, memory_watch, models
from course_utils.errors import CourseError
from course_utils.making import memory_peaks

SMALL = {
    "vocab_size": 256, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "tie_word_embeddings": False,
}  # fmt: skip
KEPT = ("activations", "block inputs", "16-bit copies", "rotary angles", "last norm", "head")
BATCH, LENGTH, RANK = 2, 48, 4


def make(shape, method, precision, targets=lora.LINEAR, dropout=0.0, double_quant=True):
    """A model of random weights as a case of the measuring script trains it."""
    case = memory_peaks.Case(
        "", "tiny", method, False, LENGTH, BATCH, RANK, targets, precision=precision, double_quant=double_quant
    )
    model = memory_peaks.load(shape, case.stored, case.base_bytes)
    if not dropout:
        return memory_peaks.prepare(model, case), case
    config = LoraConfig(r=RANK, lora_dropout=dropout, target_modules=list(targets), task_type="CAUSAL_LM")
    tuned = get_peft_model(model, config, autocast_adapter_dtype=False)
    for parameter in tuned.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16 if precision == "bf16" else torch.float32)
    return tuned.train(), case


def predicted(shape, method, precision, checkpointing=False, **options):
    device = models.hardware().device
    return memory.estimate(
        shape, method, RANK, BATCH, LENGTH, checkpointing, precision=precision, device=device, **options
    )


def kept(budget, checkpointing, vocabulary, full):
    """What the loss' moment has of what autograd keeps, and what of the loss itself it keeps.

    That is the logarithms of softmax in float32, the labels, and how many they are; for an embedding's gradient, its
    tokens. Checkpointing holds the angles of rotary positions without autograd.
    """
    names = set(KEPT) - ({"rotary angles"} if checkpointing else set())
    tokens = BATCH * LENGTH
    loss = 4 * tokens * vocabulary + 8 * tokens + 4 + (8 * tokens if full else 0)
    return sum(size for name, size in budget.moments["loss"].items() if name in names) + loss


@pytest.mark.parametrize(
    ("method", "checkpointing", "precision"), list(itertools.product(memory.METHODS, (False, True), memory.PRECISIONS))
)
def test_a_step_keeps_and_takes_what_is_predicted_on_a_small_llama(method, checkpointing, precision):
    model, case = make(SMALL, method, precision)
    if checkpointing:
        inner = model if method == "full" else model.get_base_model()
        inner.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    budget = predicted(SMALL, method, precision, checkpointing)
    tokens = torch.randint(10, 256, (BATCH, LENGTH), device=models.hardware().device)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-6)
    loss_moment = budget.moments["loss"]
    with memory_watch.Watch([*memory_watch.tensors_of(model), tokens]) as watch:
        at_rest = memory_watch.at_rest(model)
        assert at_rest == {name: loss_moment[name] for name in at_rest}
        memory_peaks.loss_of(model, tokens, case).backward()
        gradients = sum(parameter.grad.nbytes for parameter in trained)
        optimizer.step()
        optimizer.zero_grad()
        assert memory_peaks.states(optimizer) == (loss_moment["optimizer states"], 0)
        watch.reset()
        with memory_watch.Saved(model) as saved:
            loss = memory_peaks.loss_of(model, tokens, case)
        loss.backward()
    assert gradients == budget.moments["optimizer"]["gradients"]
    assert saved.total == kept(budget, checkpointing, 256, method == "full")
    if models.hardware().device == "cpu":
        # Without checkpointing the fullest moment is the loss', of which all is known but some numbers a token.
        backward = max(sum(parts.values()) for name, parts in budget.moments.items() if name != "optimizer")
        assert backward == pytest.approx(watch.peak, rel=0.03 if checkpointing else 0.002)


@pytest.mark.skipif(models.hardware().device == "cuda", reason="a GPU's allocator rounds, and has kernels of its own")
@pytest.mark.parametrize(("method", "precision"), list(itertools.product(memory.METHODS, ("bf16", "mixed"))))
def test_the_chunked_loss_takes_what_is_predicted_on_a_cpu(method, precision):
    shape = SMALL | {"vocab_size": 2000}  # wide enough for the tile to be most of the step
    model, case = make(shape, method, precision)
    add_fused_lm_head(
        model if method == "full" else model.get_base_model(), outputs=("log_probs", "entropy", "is_top1")
    )
    tokens = torch.randint(10, 256, (BATCH, LENGTH), device="cpu")
    with memory_watch.Watch([*memory_watch.tensors_of(model), tokens]) as watch:
        loss = memory_peaks.loss_of(model, tokens, dataclasses.replace(case, logits="chunked"))
        forward = watch.peak
        watch.reset()
        loss.backward()
    budget = predicted(shape, method, precision, logits="chunked", optimizer="sgd")
    assert sum(budget.moments["loss"].values()) == pytest.approx(watch.peak, rel=0.02) and watch.peak > forward


@pytest.mark.parametrize(
    ("method", "precision", "targets"),
    [
        ("lora", "bf16", lora.LINEAR),
        ("lora", "mixed", lora.LINEAR),
        ("qlora", "fp32", lora.LINEAR),
        ("qlora", "bf16", ("q_proj", "v_proj")),
    ],
)
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_dropout_and_fewer_adapters_keep_what_is_predicted(method, precision, targets, dropout):
    model, case = make(SMALL, method, precision, targets, dropout)
    tokens = torch.randint(10, 256, (BATCH, LENGTH), device=models.hardware().device)
    with memory_watch.Saved(model) as saved:
        memory_peaks.loss_of(model, tokens, case)
    budget = predicted(SMALL, method, precision, targets=targets, dropout=dropout > 0)
    assert saved.total == kept(budget, False, 256, False)


@pytest.mark.parametrize("double_quant", [False, True])
@pytest.mark.parametrize("stored", ["nf4", "dense"])
def test_pocket_llama_at_rest_is_as_predicted_to_the_byte(stored, double_quant):
    if stored == "dense":
        model = models.load_base("pocket-llama", torch.bfloat16)
    else:
        model = models.load_4bit("pocket-llama", double_quant=double_quant)
    method = "qlora" if stored == "nf4" else "lora"
    precision = "bf16" if next(model.parameters()).dtype == torch.bfloat16 else "fp32"
    parts = predicted("pocket-llama", method, precision, double_quant=double_quant).parts
    at_rest = memory_watch.at_rest(model)
    assert at_rest == {name: parts[name] for name in at_rest} and len(at_rest) >= 3
    assert memory.shape_of("pocket-llama") == memory.shape_of(model.config)
    if stored == "dense":
        assert model.num_parameters() == memory.shape_of("pocket-llama").parameters


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_torch_fused", "adamw_8bit", "sgd"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_optimizer_states_of_pocket_llamas_shape_are_as_predicted_to_the_byte(optimizer, method):
    model, _ = make("pocket-llama", method, "bf16")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    made = memory_peaks.optimizer_of(optimizer, trained)
    made.step()
    budget = predicted("pocket-llama", method, "bf16", optimizer=optimizer)
    assert memory_peaks.states(made)[0] == budget.moments["optimizer"].get("optimizer states", 0)


@pytest.mark.parametrize("held_back", [False, True])
def test_on_an_h100_half_the_peaks_are_within_5_percent_and_all_within_10(held_back):
    cases = [case for case in fit.measured() if case.held_back == held_back]
    errors = {case.run["name"]: abs(case.error) for case in cases}
    assert len(errors) >= (39 if held_back else 84)
    assert statistics.median(errors.values()) <= 0.05
    assert max(errors.values()) <= 0.10, max(errors, key=errors.get)
    shapes = {case.run["shape"] for case in cases}
    assert {case.run["method"] for case in cases} == set(memory.METHODS) and shapes >= {"pocket", "tinyllama", "7b"}
    assert shapes >= {"13b", "70b"}
    assert {(case.run["seq_len"], case.run["batch"]) for case in cases} >= {(512, 1), (2048, 4)}


def test_on_an_h100_all_that_is_there_and_kept_was_predicted_to_the_byte():
    for case in fit.measured():
        run, parts = case.run, case.budget.moments["loss"]
        assert run["parts_loaded"] == {name: parts[name] for name in run["parts_loaded"]}, run["name"]
        assert run["state_bytes"] == parts.get("optimizer states", 0), run["name"]
        assert run["paged_bytes"] == case.budget.paged
        if run["logits"] == "full":
            shape, tokens = memory.shape_of(run["model"]), run["batch"] * run["seq_len"]
            names = set(KEPT) - ({"rotary angles"} if run["checkpointing"] else set())
            expected = sum(size for name, size in parts.items() if name in names) + 4 * tokens * shape.vocab_size
            # Case by case a few bytes a token of labels, and a random state for each layer's attention.
            rest = run["saved_bytes"] - expected - 8 * tokens
            assert 0 <= rest <= 8 * tokens + 32 * shape.num_hidden_layers, run["name"]


def test_the_receipt_has_every_case_of_its_script_and_says_why_some_were_not_run():
    runs = {run["name"]: run for run in fit.receipts.load("memory_peaks")["runs"]}
    assert runs.keys() == {case.name for case in memory_peaks.cases(quick=False)}
    for run in runs.values():
        assert ("skipped" in run) != ("peak_bytes" in run), run["name"]
        if "skipped" in run:  # still so by today's formulas
            options = {name: run[name] for name in ("precision", "logits", "double_quant", "targets")}
            names = ("model", "method", "rank", "batch", "seq_len", "checkpointing", "optimizer")
            assert memory.estimate(*(run[name] for name in names), **options).total > memory_peaks.HIGHEST


def test_65b_in_48_gb():
    (case,) = (case for case in fit.measured() if case.run["shape"] == "65b")
    run = case.run
    assert run["held_to"] == 48e9 and run["reserved_bytes"] <= run["held_allocator_to_bytes"]
    assert run["process_bytes"] + 0.1e9 < 48e9
    assert case.budget.total + case.budget.paged == pytest.approx(45.0e9, rel=0.02)  # the paper's total


def test_ten_billion_weights_take_160_gb_in_mixed_precision_with_a_master_copy():
    ten = memory.SHAPES["llama-2-13b"] | {"num_hidden_layers": 30}
    count = memory.shape_of(ten).parameters
    assert count == pytest.approx(10e9, rel=0.03)
    parts = memory.estimate(ten, "full", optimizer="adamw_master", checkpointing=True).moments["optimizer"]
    weights = sum(parts[name] for name in ("linear weights", "embedding and head", "norms"))
    assert weights == pytest.approx(2 * count, rel=1e-6)
    assert (parts["gradients"], parts["optimizer states"]) == (2 * count, 12 * count)
    assert (weights + parts["gradients"] + parts["optimizer states"]) / count * 10 == pytest.approx(160, rel=1e-6)


@pytest.mark.parametrize(("double_quant", "bits"), [(True, 4.127), (False, 4.5)])
def test_bits_of_a_4_bit_weight(double_quant, bits):
    shape = memory.shape_of("llama-2-7b")
    weights = sum(o * i for o, i in shape.linear.values()) * shape.num_hidden_layers
    parts = memory.estimate(shape.__dict__, double_quant=double_quant).parts
    assert 8 * (parts["4-bit codes"] + parts["quantization constants"]) / weights == pytest.approx(bits, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "megabytes"), [("llama-2-7b", 5046), ("llama-2-13b", 8476), ("33b", 19302), ("llama-65b", 37074)]
)
def test_qloras_base_models_are_as_large_as_published_but_for_what_a_process_takes_besides(model, megabytes):
    # With the embedding and the head in float32, as QLoRA's own script has them. The rest, 0.6 to 1.6 GB, is in no
    # formula: the paper says neither how it was measured nor whether CUDA's context, of about this size, is in it.
    thirty = {"vocab_size": 32000, "hidden_size": 6656, "intermediate_size": 17920, "num_hidden_layers": 60}
    shape = thirty | {"num_attention_heads": 52} if model == "33b" else model
    parts = memory.estimate(shape, precision="fp32").parts
    base = sum(parts[name] for name in ("4-bit codes", "quantization constants", "embedding and head", "norms"))
    assert 0.6e9 <= megabytes * 1e6 - base <= 1.6e9


@pytest.mark.parametrize(
    ("numbers", "full", "adapters"), [(2.85e9, 47.14, 14.4), (12.9e9, None, 56), (7.07e9, None, 32)]
)
def test_pefts_table_is_16_bytes_a_number_and_with_adapters_4(numbers, full, adapters):
    # T0_3B, mt0-xxl and bloomz-7b1 on a card of 80 GB. They are no Llamas: what activations take is not computed.
    count = memory.shape_of("tinyllama").parameters
    mixed = memory.estimate("tinyllama", "full", optimizer="adamw_master").moments["optimizer"]
    dense = memory.estimate("tinyllama", "lora", precision="fp32").parts
    names = ("linear weights", "embedding and head", "norms")
    trained = sum(mixed[name] for name in (*names, "gradients", "optimizer states")) / count
    frozen = sum(dense[name] for name in names) / count
    assert (round(trained, 3), round(frozen, 3)) == (16, 4)
    if full is None:
        assert trained * numbers > 80e9  # out of memory
    else:
        assert trained * numbers / 1e9 == pytest.approx(full, rel=0.05)
    assert 2.5 <= adapters - frozen * numbers / 1e9 <= 5  # GB for activations, adapters and their optimizer


def test_litgpts_table_in_its_difference_by_double_quantization():
    # 14.14 against 13.84 GB. Its totals are of another program: there LoRA took 21.30 GB and NF4 7.2 GB less. That
    # program's settings are not known here to the last; the 4-bit weights alone spare 9.4 GB of an H100's peak.
    table = [case for case in fit.measured() if case.run["entry"] == "litgpt's table"]
    peaks = {(case.run["method"], case.run["double_quant"]): case for case in table}
    dense, nf4, double = (peaks[key] for key in (("lora", True), ("qlora", False), ("qlora", True)))
    assert nf4.budget.total - double.budget.total == pytest.approx(0.30e9, abs=0.005e9)
    assert nf4.peak - double.peak == pytest.approx(0.30e9, abs=0.03e9)
    assert dense.budget.total == pytest.approx(21.30e9, rel=0.10)


def test_states_in_8_bits_are_a_quarter_and_paged_ones_out_of_the_allocators_sight():
    plain = memory.estimate("llama-2-7b", "full", optimizer="adamw_master").parts["optimizer states"]
    paged = memory.estimate("llama-2-7b", rank=64, optimizer="paged_adamw_32bit")
    small = memory.estimate("llama-2-7b", "full", optimizer="adamw_8bit").parts["optimizer states"]
    assert small / (plain * 8 / 12) == pytest.approx(0.25 * (1 + 4 / 256), rel=0.001)
    assert paged.paged > 0 and "optimizer states" not in paged.parts


@pytest.mark.parametrize(
    ("size", "lost"), [(512, 0), (2**20, 0), (135 * 2**20, 2**20), (125 * 2**20, 2**20), (86 * 2**20, 0)]
)
def test_a_large_tensor_loses_what_is_left_of_its_last_unit(size, lost):
    assert memory._lost(size) == lost
    assert memory._lost(16 * 2**20 + 512) == 0  # nearly 2 MiB are left: another tensor gets them


def test_every_part_has_a_formula_and_the_fullest_moment_is_the_total():
    for method, logits in itertools.product(memory.METHODS, ("full", "chunked")):
        budget = memory.estimate("tinyllama", method, precision="mixed", logits=logits)
        assert all(budget.formulas[name] for parts in budget.moments.values() for name in parts)
        assert (
            budget.total == sum(budget.parts.values()) == max(map(lambda p: sum(p.values()), budget.moments.values()))
        )
        assert all(isinstance(size, int) for size in budget.parts.values())


def test_a_model_is_a_name_a_directory_its_file_a_configuration_or_its_fields(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(SMALL))
    shape = memory.shape_of(SMALL)
    assert memory.shape_of(tmp_path) == memory.shape_of(str(file)) == shape
    assert shape.head_dim == 16 and shape.parameters == sum(
        parameter.numel() for parameter in make(SMALL, "full", "bf16")[0].parameters()
    )
    assert memory.shape_of(dataclasses.asdict(shape)) == shape
    assert memory.longest_row(SMALL) is None and memory.longest_row("tinyllama") == 2048
    assert {name: memory.shape_of(name).parameters for name in memory.NAMES} == {
        "pocket-llama": 14_162_304, "smollm2": 134_515_008, "tinyllama": 1_100_048_384, "llama-2-7b": 6_738_415_616,
        "llama-2-13b": 13_015_864_320, "llama-65b": 65_285_660_672, "llama-2-70b": 68_976_648_192,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("llama-9", {}, "no model 'llama-9' here"),
        ("", {}, "no model"),
        (None, {}, "no model"),
        (SMALL | {"hidden_size": 0}, {}, "hidden_size has to be a whole number from 1 up, not 0"),
        (SMALL | {"vocab_size": "many"}, {}, "vocab_size has to be"),
        ({"model_type": "llama"}, {}, "vocab_size has to be"),
        (SMALL | {"model_type": "falcon"}, {}, "of type 'falcon'"),
        (SMALL, {"rank": 0}, "rank has to be a whole number from 1 up, not 0"),
        (SMALL, {"batch": 1.5}, "batch has to be"),
        (SMALL, {"seq_len": -1}, "seq_len has to be"),
        (SMALL, {"rank": True}, "rank has to be"),
        (SMALL, {"method": "ia3"}, "method is one of full, lora, qlora, not 'ia3'"),
        (SMALL, {"optimizer": "lion"}, "optimizer is one of"),
        (SMALL, {"precision": "fp8"}, "precision is one of"),
        (SMALL, {"logits": "none"}, "logits is one of"),
        (SMALL, {"device": "tpu"}, "device is one of"),
        (SMALL, {"targets": ["lm_head"]}, "targets are some of q_proj"),
    ],
)
def test_what_cannot_be_is_one_line(model, options, words):
    with pytest.raises(CourseError, match=words) as caught:
        memory.estimate(model, **options)
    assert "\n" not in str(caught.value)


def test_a_broken_configuration_is_one_line(tmp_path):
    for text in ("", "{", "[1]"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(CourseError, match="config.json"):
            memory.estimate(tmp_path)
    with pytest.raises(CourseError, match="config.json is missing"):
        memory.estimate(tmp_path.parent)
