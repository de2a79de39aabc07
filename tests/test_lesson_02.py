"""Lesson 02 by papermill, as `validate` runs it, and its graders against right and typical wrong answers."""

import math
from statistics import NormalDist

import pytest
import torch
from lessons import NO_MODEL, refusal

from course_utils import checks, quantize


@pytest.mark.slow
def test_it_equals_the_libraries(report):
    results = report["results"]
    assert results["nf4_table_difference"] < 1e-7
    assert results["logit_difference"] == 0
    assert results["bits_of_constants"]["plain"] == 0.5 and round(results["bits_of_constants"]["double"], 3) == 0.127


@pytest.mark.slow
def test_nf4_is_not_used_evenly(report):
    results = report["results"]
    assert results["nf4_entropy"] == pytest.approx(3.885, abs=0.01)
    assert results["nf4_end_shares"] == pytest.approx([0.019, 0.017], abs=0.001)


@pytest.mark.slow
def test_the_errors_of_the_weights_are_in_order(report):
    errors = report["results"]["weight_error"]
    assert errors["int8, row"] < errors["int8, tensor"] < errors["NF4"]
    assert errors["NF4"] < errors["E2M1"] < errors["Int4"] < errors["FP4"]
    # Independent normal weights give these in blocks of 64; pocket-llama's come close.
    normal = {"NF4": 0.0920, "E2M1": 0.1057, "Int4": 0.1076, "FP4": 0.1219}
    assert {name: errors[name] for name in normal} == pytest.approx(normal, rel=0.05)


@pytest.mark.slow
def test_the_damage_is_measured(report):
    results = report["results"]
    intervals, base = results["damage_interval"], results["base_bits_per_byte"]
    for name, bits in results["bits_per_byte"].items():
        low, high = intervals[name]
        assert low < bits - base < high
    assert intervals["NF4"][0] > 0 and intervals["FP4"][0] > intervals["NF4"][1]  # both real, FP4's the larger
    eight_bit = [results["bits_per_byte"]["int8, row"] - base, results["eight_bit_damage"]["LLM.int8"][0]]
    assert max(map(abs, eight_bit)) < intervals["NF4"][0]
    assert results["error_damage_correlation"] > 0.7
    assert results["compared"]["Int4 against NF4 + double"] == "worse"
    assert max(map(abs, results["double_quantization"])) < 0.5  # thousandths of a bit per byte, the interval's ends too


def of_another_model(results):
    """Our NF4 is the library's there too, in the run in the browser."""
    assert results["logit_difference"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "documents", "4"], "documents = 4 is out of range: it goes from 8 to 2000"),
        (["-p", "seed", "-1"], "seed = -1 is out of range"),
        (["-p", "model", "./nowhere"], NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("02", *options)


# --- the graders -----------------------------------------------------------------------------------------------------


def by_the_reference(values, levels, block_size):
    """What the package's own quantization gives."""
    x, codebook = torch.tensor(values), torch.tensor(levels)
    codes, absmax = quantize.quantize_blockwise(x, codebook, block_size)
    return quantize.dequantize_blockwise(codes, absmax, codebook, x.shape, block_size)


def by_chunks(values, levels, block_size):
    if not values:
        return []
    block, rest = values[:block_size], values[block_size:]
    largest = max(map(abs, block)) or 1.0
    here = [min((abs(v / largest - level), level) for level in levels)[1] * largest for v in block]
    return here + by_chunks(rest, levels, block_size)


def columns_by_torch(activations, threshold):
    return (torch.tensor(activations).abs() >= threshold).any(0).nonzero().flatten()


def columns_by_set(activations, threshold):
    return sorted({j for row in activations for j, value in enumerate(row) if not -threshold < value < threshold})


def levels_by_torch(count, largest):
    shares = torch.linspace(largest, 0.5, count + 1, dtype=torch.float64)[:-1]
    levels = torch.special.ndtri(shares).flip(0)
    return levels / levels[-1]


def bill_by_storage(block_size, second_block=None):
    """Counted on real constants of blocks enough to fill every second block."""
    weights = block_size * (second_block or 1)
    _, absmax = quantize.quantize_blockwise(torch.ones(weights), quantize.nf4_codebook(), block_size)
    if second_block is None:
        return 4 + 8 * absmax.nbytes / weights
    codes, second, _ = quantize.double_quantize(absmax, second_block)
    return 4 + 8 * (codes.nbytes + second.nbytes) / weights


RIGHT = [
    (checks.round_trip_in_blocks, by_the_reference),
    (checks.round_trip_in_blocks, by_chunks),
    (checks.outlier_columns, columns_by_torch),
    (checks.outlier_columns, columns_by_set),
    (checks.normal_levels, levels_by_torch),
    (checks.bits_per_weight, bill_by_storage),
    (checks.bits_per_weight, lambda b, s=None: 4 + (8 + 32 / s if s else 32) / b),
]
WRONG = [
    (checks.round_trip_in_blocks, lambda values, levels, block_size: values, "values=[2.0, 0.9]"),
    (checks.round_trip_in_blocks, lambda values, levels, block_size: by_chunks(values, levels, 2), "block_size=3"),
    (
        checks.round_trip_in_blocks,
        lambda values, levels, block_size: [v - v % 0.5 for v in values],
        "first difference at position 1",
    ),
    (checks.outlier_columns, lambda activations, threshold: [], "activations=[[1.0, 7.0]]"),
    (checks.outlier_columns, lambda a, t: [j for j, v in enumerate(a[0]) if abs(v) >= t], "[7.0, 1.0]]"),
    (checks.outlier_columns, lambda a, t: [columns_by_torch(a, t).tolist()], "gives     [[1]]"),
    (checks.outlier_columns, lambda a, t: columns_by_torch(a, 6.0), "threshold=2.0"),
    (checks.outlier_columns, lambda a, t: (torch.tensor(a).abs() >= t).any(0), "activations=[[1.0, 7.0]]"),
    (checks.normal_levels, lambda count, largest: [i / count for i in range(1, count + 1)], "count=2"),
    (checks.normal_levels, lambda c, s: levels_by_torch(c, 0.9677083), "largest=0.9"),
    (
        checks.normal_levels,
        lambda c, s: [
            NormalDist().inv_cdf(0.5 + (s - 0.5) * i / c) / NormalDist().inv_cdf(0.9) for i in range(1, c + 1)
        ],
        "largest=0.99",
    ),
    (checks.bits_per_weight, lambda block_size, second_block=None: 4.5, "block_size=32"),
    (checks.bits_per_weight, lambda block_size, second_block=None: 4 + 32 / block_size, "second_block=256"),
    (checks.bits_per_weight, lambda b, s=None: 4 + (8 / b + 32 / (64 * s) if s else 32 / b), "block_size=128"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample and "should be" in verdict.counterexample


def test_the_levels_of_the_exercise_are_half_of_nf4():
    assert checks.normal_levels.answer(8, 0.9677083) == pytest.approx(quantize.nf4_codebook()[8:].tolist(), abs=1e-6)
    assert math.isclose(checks.bits_per_weight.answer(64, 256), 4.127, abs_tol=5e-4)
