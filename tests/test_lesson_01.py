"""Lesson 01 by papermill, as `validate` runs it, and its graders against right and typical wrong answers."""

import math

import pytest
import torch
from lessons import NO_MODEL, refusal

from course_utils import checks
from course_utils.formats import FORMATS, FloatFormat, neighbours, round_to, value_of


@pytest.mark.slow
def test_loss_scaling_brings_gradients_back_and_bf16_needs_none(report):
    results = report["results"]
    assert results["underflow_fp16"] > 10 * results["underflow_fp16_scaled"]
    assert results["underflow_fp16"] > 10 * results["underflow_bf16"]
    assert math.log2(results["loss_scale"]).is_integer() and results["loss_scale"] > 1


@pytest.mark.slow
def test_what_fp16_loses_lies_in_the_table_that_lora_never_trains(report):
    results = report["results"]
    assert results["lost_in_table"] > 0.95 and results["lost_elsewhere"] < 0.001
    assert 0.3 < results["lost_below_eps"] < 0.9


@pytest.mark.slow
def test_the_errors_are_in_order(report):
    results = report["results"]
    errors = results["product_error"]
    assert errors["fp32"] < errors["tf32"] < errors["bf16"] < errors["fp8_e4m3"] < errors["fp8_e5m2"]
    assert results["bf16_sum_error"] > 0.5


def of_another_model(results):
    """What the run in the browser, with a small random model, has to record."""
    assert results["gradients"] > 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "text_tokens", "8"], "text_tokens = 8 is out of range: it goes from 16 to 1024"),
        (["-p", "matrix_size", "8192"], "matrix_size = 8192 is out of range: it goes from 32 to 1024"),
        (["-p", "model", "./nowhere"], NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("01", *options)


# --- the graders -----------------------------------------------------------------------------------------------------


def byte_by_table(byte):
    return torch.tensor([byte], dtype=torch.uint8).view(torch.float8_e4m3fn).float()[0]


def gap_by_neighbours(value, exponent_bits, mantissa_bits):
    fmt = next(f for f in FORMATS.values() if (f.exponent_bits, f.mantissa_bits) == (exponent_bits, mantissa_bits))
    return neighbours(value, fmt)[1] - value


def stall_by_trying(mantissa_bits):
    """Adds ones from just below the end, so that it need not add millions of them."""
    fmt = FloatFormat("trial", 8, mantissa_bits)
    total = 2.0 ** (mantissa_bits + 1) - 3
    while (step := round_to(total + 1, fmt)) > total:
        total = step
    return total


def scale_by_halving(largest):
    scale = 2.0**60
    while scale * largest > 65504:
        scale /= 2
    return scale


def next_scale_of_torch(scale, good_steps, overflowed, growth_interval):
    """What torch's own GradScaler does."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=growth_interval)
    scaler.scale(weight.sum()).backward()
    scaler._growth_tracker.fill_(good_steps)
    weight.grad.fill_(math.inf if overflowed else 1.0)
    scaler.step(optimizer)
    scaler.update()
    return scaler.get_scale(), scaler._get_growth_tracker()


RIGHT = [
    (checks.e4m3_value, byte_by_table),
    (checks.e4m3_value, lambda byte: value_of((byte >> 7, byte >> 3 & 15, byte & 7), "fp8_e4m3")),
    (checks.gap_above, gap_by_neighbours),
    (checks.stalls_at, stall_by_trying),
    (checks.largest_scale, scale_by_halving),
    (checks.next_scale, next_scale_of_torch),
]
WRONG = [
    (checks.e4m3_value, lambda byte: byte / 8, "e4m3_value(byte=56)"),
    (checks.e4m3_value, lambda byte: float(byte_by_table(byte & 127)), "byte=184"),
    (checks.e4m3_value, lambda byte: min(float(byte_by_table(byte)), 240.0), "byte=126"),
    (checks.gap_above, lambda value, exponent_bits, mantissa_bits: 2.0**-10, "exponent_bits=5"),
    (checks.gap_above, lambda v, e, m: math.ulp(v), "value=1.0"),
    (checks.gap_above, lambda v, e, m: max(2.0 ** (math.floor(math.log2(v)) - m), 2.0**-20), "value=6.1"),
    (checks.stalls_at, lambda mantissa_bits: 256, "mantissa_bits=1"),
    (checks.stalls_at, lambda mantissa_bits: 10**mantissa_bits, "mantissa_bits=1"),
    (checks.largest_scale, lambda largest: 2.0**15, "largest=0.25"),
    (checks.largest_scale, lambda largest: 65504 // largest, "largest=1.0"),
    (checks.largest_scale, lambda largest: max(1.0, scale_by_halving(largest)), "largest=100000.0"),
    (checks.next_scale, lambda scale, good_steps, overflowed, growth_interval: (scale, good_steps), "overflowed=False"),
    (checks.next_scale, lambda s, g, o, n: (s / 2 if o else s * 2, 0), "overflowed=False"),
    (checks.next_scale, lambda s, g, o, n: next_scale_of_torch(s, g, o, n)[0], "should be (1024.0, 1)"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample and "should be" in verdict.counterexample
