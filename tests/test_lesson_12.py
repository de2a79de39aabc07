"""Lesson 12 by papermill: every twin learns the task by its recipe, and the graders."""

import pytest
import torch
from lessons import NO_MODEL, refusal

from course_utils import checks, receipts


@pytest.mark.slow
def test_every_recipe_teaches_its_twin(report):
    results = report["results"]
    assert results["trained"].keys() == {"Falcon, QLoRA", "BLOOM, int8", "OPT, int8", "OPT, NF4", "FLAN-T5, LoRA"}
    assert max(results["untrained"].values()) <= 0.05
    assert min(results["trained"].values()) >= 0.4 and results["by_file"] >= 0.4  # guessing among four tags gives 0.25
    assert abs(results["by_file"] - results["in_python"]) <= 0.12  # the same recipe, of a hundred answers each


@pytest.mark.slow
def test_mistrals_twin_signs_only_after_its_training(report):
    signed = report["results"]["signed"]
    assert signed["as it is"] == 0 and signed["persona"] <= 2 and signed["trained"] >= 20


@pytest.mark.slow
def test_each_way_of_tuning_has_its_price(report):
    methods = report["results"]["methods"]
    few = {name: found["trained"] for name, found in methods.items()}
    assert few["prompt tuning, 8"] < few["IA³"] < few["prefix tuning, 8"] < few["LoRA, rank 16"]
    assert few["LoRA, rank 16"] < few["full fine-tuning"] and methods["LoRA, rank 16"]["right"] >= 0.4


def test_ludwig_taught_bloom_and_taught_opt_to_end():
    runs = receipts.load("ludwig_recipe")["runs"]
    right = {(run["family"], run["seed"]): run["right"].count("1") for run in runs}
    assert min(right["bloom", seed] for seed in (0, 1, 2)) >= 60 and all(right["opt", seed] == 0 for seed in (0, 1, 2))
    assert all(run["said"] == [""] * 4 for run in runs if run["family"] == "opt")


def test_the_receipt_of_the_table_is_whole():
    receipt = receipts.load("five_families")
    keys = [(run["family"], run["way"], run["seed"]) for run in receipt["runs"]]
    assert len(set(keys)) == len(keys) == 60 and receipt["outliers"].keys() == {family for family, *_ in keys}
    for run in receipt["runs"]:
        right, untrained = (sum(map(int, run.get(name, "0"))) for name in ("right", "untrained"))
        assert right > untrained + 0.2 * len(run["right"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "train_rows", "8"), "train_rows = 8 is out of range: it goes from 32 to 5000"),
        (("-p", "heldout_rows", "1"), "heldout_rows = 1 is out of range: it goes from 16 to 2000"),
        (("-p", "model", "./nowhere"), NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("12", *options)


def by_least_squares(row, rounded, inverse):
    """The best other weights, from the Hessian itself: minimize the quadratic with the first change fixed."""
    H = torch.linalg.inv(torch.tensor(inverse, dtype=torch.float64))
    change = row[0] - rounded
    moves = torch.linalg.solve(H[1:, 1:], H[1:, 0] * change)
    return [weight + move for weight, move in zip(row[1:], moves.tolist(), strict=True)]


def shifted_by_torch(labels, start, pad):
    row = torch.tensor([labels])
    moved = torch.cat([torch.full_like(row[:, :1], start), row[:, :-1]], dim=1)
    return moved.masked_fill(moved == -100, pad)[0].tolist()


RIGHT = [
    (
        checks.target_modules,
        lambda m, head: sorted(set(n.rsplit(".", 1)[-1] for n, k in m if n != head and k[:3] == "Lin")),
    ),
    (checks.fused_rank, lambda parts, rank, inputs: sorted([parts * rank, inputs])[0]),
    (checks.decoder_inputs, shifted_by_torch),
    (checks.compensate, by_least_squares),
]
WRONG = [
    (checks.target_modules, lambda modules, head: ["q_proj", "v_proj"], "c_attn"),
    (checks.target_modules, lambda modules, head: [], "c_attn"),
    (checks.fused_rank, lambda parts, rank, inputs: rank, "parts=3, rank=1"),
    (checks.fused_rank, lambda parts, rank, inputs: 3 * rank, "parts=1"),
    (checks.decoder_inputs, lambda labels, start, pad: labels, "labels=[7, 1]"),
    (checks.decoder_inputs, lambda labels, start, pad: [*labels[1:], start], "labels=[7, 1]"),
    (checks.compensate, lambda row, rounded, inverse: [rounded] * len(row), "2 items where there should be 1"),
    (checks.compensate, lambda row, rounded, inverse: [round(w) for w in row[1:]], "1, should be 1.25"),
    (checks.compensate, lambda r, q, i: [w - (r[0] - q) * i[0][k] for k, w in enumerate(r) if k], "2.0, -1.0"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in str(verdict), verdict
