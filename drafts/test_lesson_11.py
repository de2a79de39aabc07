"""Lesson 11 by papermill: every rung keeps the gradient, what its receipt has to show, and the graders."""

import math

import numpy as np
import pytest
import torch
from lessons import NO_MODEL, refusal

from course_utils import checks, memory, receipts, speed

LADDER = speed.Ladder()
SHAPES, ROWS = ("tinyllama", "llama-2-7b"), ("long", "short")
KEYS = [(shape, rows) for shape in SHAPES for rows in ROWS]


@pytest.mark.slow
def test_every_rung_keeps_the_loss_and_the_gradient(report):
    off, loss = report["results"]["gradient_off"], report["results"]["loss_off"]
    assert off.keys() == loss.keys() and len(off) == 11
    rounded = {name for name in off if "16-bit" in name or name.startswith("top without")}
    rounded.remove("top without: 16-bit products")
    assert max(off[name] for name in off.keys() - rounded) < 1e-4 < min(off[name] for name in rounded)
    assert max(off.values()) < 0.2 and max(loss.values()) < 0.02


@pytest.mark.slow
def test_all_parts_of_a_step_take_time(report):
    parts = report["results"]["parts_ms"]
    assert parts.keys() == set(speed.PARTS)
    assert min(spent for name, spent in parts.items() if name != "between operations") > 0


@pytest.mark.slow
def test_pretraining_tp_changes_nothing(report):
    plain, in_two, fused, fused_in_two = report["results"]["tp_losses"]
    assert plain == pytest.approx(in_two, rel=1e-6) and fused == pytest.approx(fused_in_two, rel=1e-6)
    assert plain == pytest.approx(fused, rel=1e-4)


@pytest.mark.slow
def test_it_says_how_it_stands_beside_the_peer(report):
    beside = report["results"]["beside_the_peer"]
    assert beside["TinyLlama, short rows"] > 2
    assert max(beside[f"{shape}, long rows"] for shape in ("TinyLlama", "Llama 2 7B")) < 1


@pytest.mark.slow
def test_threads_were_watched_with_every_setting(report):
    company = report["results"]["company"]
    assert company.keys() == set(speed.THREADS)
    assert all(alone > 0 < beside for alone, beside in company.values())


@pytest.mark.slow
def test_it_ends_within_its_bounds(report):
    assert report["peak_rss_mb"] < 6000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "turns", "0"), "turns = 0 is out of range: it goes from 1 to 20"),
        (("-p", "conversations", "3"), "conversations = 3 is out of range: it goes from 4 to 400"),
        (("-p", "seconds", "0"), "seconds = 0.0 is out of range"),
        (("-p", "rank", "257"), "rank = 257 is out of range"),
        (("-p", "model", "./nowhere"), NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("11", *options)


# --- what the receipt has to show for the lesson's sentences to be true -----------------------------------------------


def test_the_receipt_is_whole():
    receipt = receipts.load("speed_ladder")
    assert "--quick" not in receipt["command"] and receipt["hardware"] and receipt["versions"]["torch"]
    names = [run["name"] for run in receipt["runs"]]
    assert len(set(names)) == len(names)
    for shape, rows in KEYS:
        cases = LADDER.cases("ladder", shape, rows)
        assert list(cases)[0] == "the book's" and len(cases) >= 5
        for case in cases.values():
            low, high = case["spread"]
            assert 0 < low <= case["tokens_a_second"] <= high and len(case["seconds"]) == 3
            needed = 4 * memory.shape_of(shape).products * case["tokens_a_second"]
            assert case["share_of_ceiling"] == pytest.approx(needed / case["ceiling"], rel=1e-6)


GOALS = {("tinyllama", "long"): 25, ("tinyllama", "short"): 70, ("llama-2-7b", "long"): 7, ("llama-2-7b", "short"): 15}


@pytest.mark.parametrize("key", KEYS)
def test_the_climb_is_as_high_as_it_was_to_be(key):
    first, *_, last = LADDER.cases("ladder", *key).values()
    assert speed.gain(last, first) > GOALS[key]
    assert last["spread"][0] > first["spread"][1]
    assert last["recipe"]["compiled"] and not first["recipe"]["compiled"]


def test_a_large_model_ends_at_sixty_hundredths_of_the_ceiling():
    *_, last = LADDER.cases("ladder", "llama-2-7b", "long").values()
    assert last["share_of_ceiling"] >= 0.6 and last["peak_while_warming_bytes"] < 80e9


@pytest.mark.parametrize("key", KEYS)
def test_rungs_that_read_the_same_rows_have_the_same_losses(key):
    """Of the ladder itself; what is laid otherwise, or runs for more steps, reads other rows."""
    alike = {}
    for case in LADDER.cases("ladder", *key).values():
        recipe = case["recipe"]
        alike.setdefault((recipe["batch"], recipe["packing"], len(case["losses"])), []).append(case["losses"])
    compared = [group for group in alike.values() if len(group) > 1]
    assert compared
    assert max(speed.largest_gap(group[0], each) for group in compared for each in group) < 0.01


CURVES = LADDER.cases("loss")
FP32 = {group: CURVES[f"{group}, fp32"]["losses"] for group in ("padded", "packed")}
GAPS = {way: speed.largest_gap(case["losses"], FP32[way.split(",")[0]]) for way, case in CURVES.items()}


def test_a_whole_training_keeps_its_curve_by_each_kind_of_rung():
    assert all(len(case["losses"]) == 40 for case in CURVES.values()) and len(CURVES) >= 16
    others = ("packed, adapters in bf16", "packed, bf16 throughout", "padded, the book's, dropout")
    assert max(gap for way, gap in GAPS.items() if way not in others) < 0.05
    assert GAPS["padded, fp32, another order of sums"] < 1e-4 < GAPS["padded, the book's, bf16"]
    for losses in FP32.values():
        assert sum(losses[-10:]) / 10 < 0.3 * sum(losses[:3]) / 3  # it learns, so that equal curves say something


def test_rounded_adapters_and_dropout_move_the_curve_more_than_any_rung_does():
    rungs = max(gap for way, gap in GAPS.items() if "adapters" not in way and "dropout" not in way)
    assert min(GAPS["packed, adapters in bf16"], GAPS["padded, the book's, dropout"]) > 1.5 * rungs


def by_turns_with_the_peer(*key):
    """Our top's tokens a second by those of the peer's best way, turn by turn."""
    ours, theirs = (LADDER.cases(entry, *key) for entry in ("beside the peer", "peer"))
    best = max(theirs, key=lambda way: speed.pace(theirs[way])).removesuffix(", again")
    pairs = [(ours[f"our top{again}"], theirs[f"{best}{again}"]) for again in ("", ", again") if best + again in theirs]
    assert all(case["versions"]["unsloth"] for _, case in pairs)
    return [speed.gain(one, other) for one, other in pairs]


@pytest.mark.parametrize("shape", SHAPES)
def test_on_long_rows_the_peer_is_a_little_ahead(shape):
    assert all(0.95 < quotient < 1 for quotient in by_turns_with_the_peer(shape, "long"))


def test_on_short_rows_the_peer_is_far_behind():
    quotients = by_turns_with_the_peer("tinyllama", "short")
    assert len(quotients) == 2 and min(quotients) > 2


def test_the_top_ran_several_times_and_luck_is_a_few_hundredths():
    for key in KEYS[:3]:
        runs = LADDER.tops(*key)
        paces = [speed.pace(run) for run in runs]
        assert len({str(run["recipe"]) for run in runs}) == 1
        assert len(runs) == 3 and max(paces) / min(paces) < 1.1


def test_fp16_costs_nothing_at_the_top():
    fp16 = LADDER.cases("the top but one", "tinyllama", "long")["fp16"]
    _, low, high = speed.against(fp16, LADDER.tops("tinyllama", "long"))
    assert low < 1 < high


def test_padded_rows_of_unequal_length_gain_little_by_compiling_and_packed_ones_much():
    cases = LADDER.cases("unequal rows", "tinyllama")
    plain, compiled, packed = (cases[name] for name in ("padded", "padded, compiled", "packed, compiled"))
    assert compiled["spread"][0] < plain["tokens_a_second"] < compiled["spread"][1]
    assert compiled["compiled_graphs"] > packed["compiled_graphs"] and speed.gain(packed, plain) > 3
    assert compiled["warmup_seconds"] > 5 * plain["warmup_seconds"]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_stands_between_the_products_is_the_most_of_the_rest(shape):
    """Of what the profile of the top calls by a name: small operations, before attention and dequantizing."""
    *_, top = LADDER.cases("ladder", shape, "long").values()
    spent = top["profile"]["ms"]
    assert spent["elementwise"] > max(spent["attention"], spent["dequantize"])
    assert spent["matrix products"] > top["share_of_ceiling"] * top["profile"]["step_ms"]  # none is beyond the ceiling


# --- the graders ------------------------------------------------------------------------------------------------------


def gradients_by_autograd(x, W, A, B, scale, G):
    x, A, B = (torch.tensor(each, requires_grad=True) for each in (x, A, B))
    y = x @ torch.tensor(W).T + scale * (x @ A.T) @ B.T
    return torch.autograd.grad(y, (x, A, B), torch.tensor(G))


def gradients_by_arrays(x, W, A, B, scale, G):
    x, W, A, B, G = map(np.array, (x, W, A, B, G))
    return G @ (W + scale * B @ A), scale * B.T @ G.T @ x, scale * G.T @ x @ A.T


def unscaled_in_a(*args):
    x, a, b = gradients_by_arrays(*args)
    return x, a / args[4], b


def operations_by_sides(layers, rank):
    base, adapter = (sum(map(f, layers)) for f in (math.prod, sum))
    return 4 * base + 6 * rank * adapter


def padding_by_lists(lengths, at_once, multiple=1):
    places = 0
    for start in range(0, len(lengths), at_once):
        batch = lengths[start : start + at_once]
        places += len(batch) * (max(batch) + -max(batch) % multiple)
    return (places - sum(lengths)) / places


def repaid_by_trying(warm_up, before, after):
    if after >= before:
        return None
    return next(n for n in range(1, 10**6) if warm_up + n * after < n * before)


RIGHT = [
    (checks.operations_a_token, operations_by_sides),
    (checks.lora_backward, gradients_by_autograd),
    (checks.lora_backward, gradients_by_arrays),
    (checks.padding_share, padding_by_lists),
    (checks.whole_gain, lambda parts, which, factor: 1 / (1 - parts[which] / sum(parts) * (1 - 1 / factor))),
    (checks.steps_to_repay, repaid_by_trying),
]
WRONG = [
    (checks.operations_a_token, lambda layers, rank: 0, "should be"),
    (checks.lora_backward, lambda x, W, A, B, scale, G: gradients_by_arrays(x, W, A, B, scale, G)[:2], "2 items"),
    (checks.padding_share, lambda lengths, at_once, multiple=1: 0.0, "should be"),
    (checks.whole_gain, lambda parts, which, factor: 1.0, "should be"),
    (checks.steps_to_repay, lambda warm_up, before, after: 10, "should be"),
]
NAMED = [
    (checks.operations_a_token, lambda layers, rank: sum(6 * i * o + 6 * rank * (i + o) for i, o in layers), "frozen"),
    (checks.operations_a_token, lambda layers, rank: sum(4 * i * o for i, o in layers), "adapter is missing"),
    (checks.lora_backward, lambda *args: gradients_by_arrays(*args[:4], 1.0, args[5]), "scale is missing"),
    (checks.lora_backward, unscaled_in_a, "A's gradient"),
    (checks.lora_backward, lambda *args: [each.T if i else each for i, each in enumerate(gradients_by_arrays(*args))],
     "turned here"),
    (checks.padding_share, lambda lengths, at_once, multiple=1: padding_by_lists(lengths, at_once), "rounded up"),
    (checks.padding_share, lambda lengths, at_once, multiple=1: padding_by_lists(lengths, len(lengths), multiple),
     "its own longest"),
    (checks.whole_gain, lambda parts, which, factor: factor, "own gain"),
    (checks.whole_gain, lambda parts, which, factor: 1 - parts[which] / sum(parts) * (1 - 1 / factor), "Upside down"),
    (checks.steps_to_repay, lambda w, before, after: math.ceil(w / (before - after)) if before > after else None,
     "Equal is not"),
]  # fmt: skip


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict


@pytest.mark.parametrize("grader, attempt, said", NAMED)
def test_a_mistake_is_named_however_it_is_written(grader, attempt, said):
    verdict = grader(attempt)
    assert verdict.ok is False and said in verdict.message, verdict
