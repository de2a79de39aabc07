"""Lesson 04 by papermill, as `validate` runs it, its graders, and that its live training is the stored runs' own."""

import itertools
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lessons import NO_MODEL, ROOT, code_cells, refusal

from course_utils import checks, data, models, receipts, training
from course_utils.lora import LoRALinear
from course_utils.making import lora_grid
from course_utils.world import tasks

NOTEBOOK = ROOT / "notebooks" / "04_lora_math.ipynb"


@pytest.mark.slow
def test_a_low_rank_keeps_the_gain_and_random_directions_do_not(report):
    results = report["results"]
    kept, by_chance, energy = (
        results[name] for name in ("gain_kept_by_rank", "gain_kept_by_random_rank", "energy_by_rank")
    )
    assert results["heldout_loss_fully_tuned"] < results["heldout_loss_before"] - 0.5
    assert kept["16"] > 0.9 and kept["1"] > energy["1"]
    assert by_chance["1"] < 0.5 * kept["1"] and by_chance["64"] < kept["4"]  # random ones of the same size
    rising = [energy[rank] for rank in sorted(energy, key=int)]
    assert rising == sorted(rising)


@pytest.mark.slow
def test_merging_rounds_in_bf16_only(report):
    results = report["results"]
    assert results["merge_gap_fp32"] < 1e-3 < results["merge_gap_bf16"]
    assert results["live_seconds"] < 20  # 10 s on two free cores


@pytest.mark.slow
def test_counts(report):
    # 32 blocks of q, k, v, o 4096 -> 4096, gate and up -> 11008, down back, at rank 16
    assert report["results"]["llama_2_7b_parameters"] == 32 * 16 * (4 * 8192 + 3 * (4096 + 11008))


@pytest.mark.slow
def test_what_alpha_does_is_the_learning_rates_doing(report):
    results = report["results"]
    p, p_low, p_high = results["power_of_alpha"]
    assert 0.5 < p_low < p < p_high < 1  # between a moving A and a frozen one
    q, q_low, q_high = results["power_of_rank"]
    assert q_low < q < q_high and abs(q) < p / 2  # nearer to LoRA's scale than to rsLoRA's
    by_alpha = results["loss_by_alpha"]
    at_one_rate, low, high = by_alpha["at one rate"]
    assert low > 0 and abs(by_alpha["at its best rate"][0]) < 0.2 * at_one_rate


@pytest.mark.slow
def test_what_the_grid_says_of_lora_without_regret(report):
    results = report["results"]
    low, high = results["best_rate_lora_by_full"]
    assert 5 < low < high < 20
    assert all(grows > 0 for grows in results["penalty_of_large_batch"])
    placed = results["loss_by_placement"]
    assert placed["q"] > placed["qv"] > placed["all"] and placed["mlp"] > placed["all"]


def of_another_model(results):
    """The adapter that the run in the browser trains is counted."""
    # per layer: q and o 64x64, k and v 64x32, gate, up and down 64x128; two layers; rank 16
    assert results["trainable_parameters"] == 2 * 16 * (2 * 128 + 2 * 96 + 3 * 192)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "rank", "900"], "rank = 900 is out of range: it goes from 1 to 128"),
        (["-p", "live_steps", "1"], "live_steps = 1 is out of range"),
        (
            ["-p", "receipt", "nowhere.json"],
            "the receipt nowhere.json is missing: `python -m course_utils.making.lora",
        ),
        (["-p", "model", "./nowhere"], NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("04", *options)


def test_a_receipt_of_an_older_script_is_one_line(tmp_path):
    old = receipts.load("lora_grid")
    old = old | {"runs": [{name: run[name] for name in ("rank", "alpha", "steps")} for run in old["runs"][:2]]}
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    assert "was written by an older lora_grid: make it again" in refusal("04", "-p", "receipt", str(path))


# --- the notebook's own code against the course's --------------------------------------------------------------------


def test_the_live_training_reads_the_batches_of_the_stored_runs():
    ours = training.batches_of(models.load_tokenizer("pocket-llama"), data.instructions("train", 120, 0)["messages"])
    recipe = lora_grid.recipe_of(lora_grid.parse(["--out", "x"]))
    size, rows = recipe["row_tokens"], recipe["batch_rows"]
    theirs = lora_grid.training_batches(models.load_tokenizer("pocket-llama"), 120, 0, size, rows)
    for batch, stored in itertools.zip_longest(ours, theirs):
        assert all(torch.equal(batch[name], stored[name]) for name in stored)


def test_every_best_rate_lies_inside_of_what_was_tried():
    lines = {}
    for run in receipts.load("lora_grid")["runs"]:
        key = run["method"], run["targets"], run["rank"], run["alpha"], run["batch_rows"], run["seed"]
        lines.setdefault(key, []).append(
            (run["rate"], math.inf if run["heldout_loss"] is None else run["heldout_loss"])
        )
    swept = [sorted(line) for line in lines.values() if len(line) >= 5]
    assert len(swept) > 100
    for line in swept:
        losses = [loss for _, loss in line]
        assert 0 < losses.index(min(losses)) < len(losses) - 1


def test_the_layer_of_the_notebook_is_the_layer_of_the_course():
    namespace = {"torch": torch, "nn": torch.nn}
    (cell,) = (cell for cell in code_cells(NOTEBOOK) if "class LoRALinear" in cell.source)
    exec(cell.source, namespace)
    lesson = SimpleNamespace(**namespace)
    base = torch.nn.Linear(12, 9)
    for options in ({}, {"rslora": True}):
        torch.manual_seed(0)
        ours = lesson.LoRALinear(base, 4, 6, **options)
        torch.manual_seed(0)
        course = LoRALinear(base, 4, 6, **options)
        torch.nn.init.normal_(ours.B)
        course.B.data.copy_(ours.B)
        x = torch.randn(5, 12)
        assert torch.equal(ours.A, course.A) and torch.allclose(ours(x), course(x), atol=1e-6)


def test_the_first_instructions_do_not_depend_on_their_columns():
    """The lesson takes messages, the receipt maker examples: the same texts in the same order."""
    made = tasks.examples("train", 50, 0)
    assert [m[0]["content"] for m in data.instructions("train", 50, 0)["messages"]] == [e.prompt for e in made]


# --- the graders -----------------------------------------------------------------------------------------------------


def energy_by_torch(singular_values, share):
    energies = torch.tensor(singular_values, dtype=torch.float64).square()
    return int((energies.cumsum(0) < share * energies.sum()).sum()) + 1


def merged_by_columns(W, A, B, alpha):
    merged = W.copy()
    for k in range(A.shape[0]):
        merged += alpha / A.shape[0] * np.outer(B[:, k], A[k])
    return merged


def merged_by_the_layer(W, A, B, alpha):
    layer = torch.nn.Linear(W.shape[1], W.shape[0], bias=False)
    layer.weight.data = torch.tensor(W).float()
    adapted = LoRALinear(layer, len(A), alpha)
    adapted.A.data, adapted.B.data = torch.tensor(A).float(), torch.tensor(B).float()
    return adapted.merge().weight


def size_by_peft(hidden, intermediate, layers, heads, kv_heads, rank, targets):
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.device("meta"):
        model = LlamaForCausalLM(
            LlamaConfig(
                hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers,
                num_attention_heads=heads, num_key_value_heads=kv_heads, vocab_size=8,
            )
        )  # fmt: skip
        adapted = get_peft_model(model, LoraConfig(r=rank, target_modules=list(targets)))
    return adapted.get_nb_trainable_parameters()[0]


def rate_by_training(rate, rank, alpha, optimizer):
    """The rate of B without a scale that makes the first step's B A the same; found by taking the step."""
    make = torch.optim.SGD if optimizer == "sgd" else lambda p, lr: torch.optim.Adam(p, lr=lr, eps=1e-30)

    def first_step(s, lr):
        B = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        (s * B * 0.7).backward()
        make([B], lr=lr).step()
        return s * B.item()

    return rate * first_step(alpha / rank, rate) / first_step(1.0, rate)


RIGHT = [
    (checks.energy_rank, energy_by_torch),
    (checks.merged_weight, merged_by_columns),
    (checks.merged_weight, merged_by_the_layer),
    (checks.merged_weight, lambda W, A, B, alpha: (W + B @ A * (alpha / A.shape[0])).tolist()),
    (checks.adapter_size, size_by_peft),
    (checks.rate_of_b, rate_by_training),
    (checks.stored_weight, lambda level, second, c1, mean: level * second * c1 + level * mean),
]
WRONG = [
    (checks.energy_rank, lambda singular_values, share: 1, "share=0.9"),
    (checks.energy_rank, lambda singular_values, share: len(singular_values), "[1.0, 1.0]"),
    (checks.energy_rank, lambda s, share: sum(x > share * s[0] for x in s), "[1.0, 1.0], share=0.5"),
    (checks.merged_weight, lambda W, A, B, alpha: W + alpha / A.shape[0] * B.T * A.T, "alpha=4.0"),
    (checks.merged_weight, lambda W, A, B, alpha: W - alpha / A.shape[0] * B @ A, "alpha=1.0"),
    (checks.merged_weight, lambda W, A, B, alpha: W + 2 * (B @ A), "alpha=1.0"),
    (checks.adapter_size, lambda h, i, n, heads, kv, rank, targets: n * rank * 2 * h * len(targets), "down_proj"),
    (checks.adapter_size, lambda h, i, n, heads, kv, r, t: size_by_peft(h, i, n, heads, kv, 1, t), "rank=3"),
    (checks.rate_of_b, lambda rate, rank, alpha, optimizer: rate * alpha / rank**0.5, "optimizer='adam'"),
    (checks.rate_of_b, lambda rate, rank, alpha, optimizer: 2 * rate, "optimizer='sgd'"),
    (checks.stored_weight, lambda level, second, c1, mean: level * c1 + mean, "gives     0.25"),
    (checks.stored_weight, lambda level, second, c1, mean: level * second * c1 * mean, "gives     0\n"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict
