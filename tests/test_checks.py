"""The graders: the right answers pass, the typical wrong ones are refused with a counter-example."""

import math

import numpy as np
import pytest
import torch

from course_utils import checks

EXERCISES = [value for value in vars(checks).values() if isinstance(value, checks.Exercise)]


def scale_right(rank, alpha, rslora=False):
    return alpha / math.sqrt(rank) if rslora else alpha / rank


def scale_no_rank(rank, alpha, rslora=False):
    return alpha


def scale_always_root(rank, alpha, rslora=False):
    return alpha / rank**0.5


def scale_upside_down(rank, alpha, rslora=False):
    return rank / alpha


def scale_without_rslora(rank, alpha, rslora=False):
    return alpha / rank


def scale_floor(rank, alpha, rslora=False):
    return alpha // rank**0.5 if rslora else alpha // rank


def count_right(shapes, rank):
    return sum(rank * (i + o) for i, o in shapes)


def count_full(shapes, rank):
    return sum(i * o for i, o in shapes)


def count_a_only(shapes, rank):
    return sum(rank * i for i, o in shapes)


def count_product(shapes, rank):
    return sum(rank * (i * o) for i, o in shapes)


def count_alpha(shapes, rank):
    return sum(rank * (i + o) + 1 for i, o in shapes)


def count_no_rank(shapes, rank):
    return sum(i + o for i, o in shapes)


def labels_right(input_ids, prompt_length, length, pad_id):
    padding = len(input_ids) - length
    return [-100] * prompt_length + input_ids[prompt_length:length] + [-100] * padding


def labels_by_pad_id(input_ids, prompt_length, length, pad_id):
    return [-100 if i < prompt_length or t == pad_id else t for i, t in enumerate(input_ids)]


def labels_without_eos(input_ids, prompt_length, length, pad_id):
    return [-100 if i < prompt_length or i >= length or t == 2 else t for i, t in enumerate(input_ids)]


def labels_shifted(input_ids, prompt_length, length, pad_id):
    return labels_right(input_ids, prompt_length, length, pad_id)[1:] + [-100]


def labels_with_prompt(input_ids, prompt_length, length, pad_id):
    return input_ids[:length] + [-100] * (len(input_ids) - length)


def labels_with_padding(input_ids, prompt_length, length, pad_id):
    return [-100] * prompt_length + input_ids[prompt_length:]


def labels_cut(input_ids, prompt_length, length, pad_id):
    return [-100] * prompt_length + input_ids[prompt_length:length]


def labels_prompt_short_by_one(input_ids, prompt_length, length, pad_id):
    return labels_right(input_ids, prompt_length - 1, length, pad_id)


def steps_right(rows, per_device_batch, gradient_accumulation):
    return math.ceil(math.ceil(rows / per_device_batch) / gradient_accumulation)


def steps_at_once(rows, per_device_batch, gradient_accumulation):
    return -(-rows // (per_device_batch * gradient_accumulation))  # equal: rounding up twice is rounding up once


def steps_floor(rows, per_device_batch, gradient_accumulation):
    return rows // per_device_batch // gradient_accumulation


def steps_floor_last(rows, per_device_batch, gradient_accumulation):
    return math.ceil(rows / per_device_batch) // gradient_accumulation


def steps_floor_batches(rows, per_device_batch, gradient_accumulation):
    return max(1, math.ceil(rows // per_device_batch / gradient_accumulation))


def steps_no_accumulation(rows, per_device_batch, gradient_accumulation):
    return math.ceil(rows / per_device_batch)


RIGHT = [
    (checks.lora_scale, scale_right),
    (checks.lora_parameters, count_right),
    (checks.completion_labels, labels_right),
    (checks.completion_labels, lambda *a: torch.tensor(labels_right(*a))),
    (checks.completion_labels, lambda *a: [np.int64(x) for x in labels_right(*a)]),
    (checks.steps_per_epoch, steps_right),
    (checks.steps_per_epoch, steps_at_once),
]
WRONG = [
    (checks.lora_scale, scale_no_rank, "lora_scale(rank=4, alpha=8)"),
    (checks.lora_scale, scale_always_root, "lora_scale(rank=4, alpha=8)"),
    (checks.lora_scale, scale_upside_down, "lora_scale(rank=4, alpha=8)"),
    (checks.lora_scale, scale_without_rslora, "rslora=True"),
    (checks.lora_scale, scale_floor, "lora_scale(rank=64, alpha=16)"),
    (checks.lora_parameters, count_full, "shapes=[(2, 3)], rank=1"),
    (checks.lora_parameters, count_a_only, "shapes=[(2, 3)], rank=1"),
    (checks.lora_parameters, count_product, "shapes=[(2, 3)], rank=1"),
    (checks.lora_parameters, count_alpha, "shapes=[(2, 3)], rank=1"),
    (checks.lora_parameters, count_no_rank, "shapes=[(2, 3)], rank=4"),
    (checks.completion_labels, labels_by_pad_id, "input_ids=[1, 7, 2, 2]"),
    (checks.completion_labels, labels_without_eos, "input_ids=[1, 7, 2]"),
    (checks.completion_labels, labels_shifted, "input_ids=[1, 7, 2]"),
    (checks.completion_labels, labels_with_prompt, "input_ids=[1, 7, 2]"),
    (checks.completion_labels, labels_with_padding, "input_ids=[1, 7, 2, 0]"),
    (checks.completion_labels, labels_cut, "3 items where there should be 4"),
    (checks.completion_labels, labels_prompt_short_by_one, "first difference at position 1"),
    (checks.steps_per_epoch, steps_floor, "rows=3"),
    (checks.steps_per_epoch, steps_floor_last, "rows=5"),
    (checks.steps_per_epoch, steps_floor_batches, "rows=3"),
    (checks.steps_per_epoch, steps_no_accumulation, "rows=4, per_device_batch=2, gradient_accumulation=2"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_right_answers(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True and verdict.message == grader.why


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False
    assert example in verdict.counterexample and "should be" in verdict.counterexample


@pytest.mark.parametrize("grader", EXERCISES, ids=lambda e: e.name)
def test_every_declared_mistake_is_refused_by_its_own_sentence(grader):
    assert len(grader.mistakes) >= 4
    for sentence, mistake in grader.mistakes.items():
        verdict = grader(mistake)
        assert verdict.ok is False and verdict.message == sentence


@pytest.mark.parametrize("stub", [..., lambda *a, **k: ..., lambda *a, **k: None])
@pytest.mark.parametrize("grader", EXERCISES, ids=lambda e: e.name)
def test_a_stub_is_no_error_and_gets_no_hint_yet(grader, stub):
    verdict = grader(stub)
    assert verdict.ok is None and verdict.message and grader.hint not in verdict.message


@pytest.mark.parametrize("grader", EXERCISES, ids=lambda e: e.name)
def test_the_hint_comes_with_a_wrong_try(grader):
    verdict = grader(lambda *a, **k: "something else altogether")
    assert verdict.ok is False and verdict.message == grader.hint


@pytest.mark.parametrize("grader", EXERCISES, ids=lambda e: e.name)
def test_a_rounded_answer_is_refused(grader):
    """Unless all answers have two digits at most: then it is no other answer."""

    def rounded(value):
        if isinstance(value, float):
            return round(value, 2)
        return [rounded(item) for item in value] if isinstance(value, list | tuple) else value

    if all(checks.same(rounded(answer), answer) for answer in (case.call(grader.answer) for case in grader.cases)):
        pytest.skip("its answers have two digits at most")
    assert grader(lambda *a, **k: rounded(grader.answer(*a, **k))).ok is False


def test_the_first_wrong_case_comes_before_a_later_exception():
    def stops_later(rank, alpha, rslora=False):
        if rslora:
            raise KeyError("rslora")
        return alpha

    verdict = checks.lora_scale(stops_later)
    assert verdict.ok is False and "lora_scale(rank=4, alpha=8)" in verdict.counterexample
    assert "gives     8" in verdict.counterexample and "KeyError" not in str(verdict)


def test_a_wrong_case_comes_before_a_branch_that_is_still_a_stub():
    half_done = checks.lora_scale(lambda rank, alpha, rslora=False: ... if rslora else alpha)
    assert half_done.ok is False and "lora_scale(rank=4, alpha=8)" in half_done.counterexample
    assert checks.lora_scale(lambda rank, alpha, rslora=False: ... if rslora else alpha / rank).ok is None


def test_printing_instead_of_returning_is_said(capsys):
    verdict = checks.lora_scale(lambda rank, alpha, rslora=False: print(alpha / rank))
    assert verdict.ok is False and "prints" in verdict.message and "return" in verdict.message
    assert capsys.readouterr().out.startswith("2.0\n")  # and what it printed is still seen


def duplicates(activations, threshold):
    return [j for row in activations for j, value in enumerate(row) if abs(value) >= threshold]


def no_dots(said, wanted):
    return said.strip().lower().replace(".", "") == wanted.strip().lower().replace(".", "")


def kl_by_logarithms(reference, merged):
    rows = zip(merged, reference, strict=True)
    kls = [sum(p * (math.log(p) - math.log(q)) for p, q in zip(ps, qs, strict=True)) for ps, qs in rows]
    return sum(kls) / len(kls)


@pytest.mark.parametrize(
    "grader, attempt, said",
    [
        (checks.outlier_columns, duplicates, "Each column once"),
        (checks.share_right, lambda right: round(sum(right) / len(right), 2), "rounded"),
        (checks.same_answer, no_dots, "a dot within the text"),
        (checks.mean_kl, lambda reference, merged: checks.mean_kl.answer(merged, reference), "The other way round"),
        (checks.mean_kl, kl_by_logarithms, "The other way round"),
        (checks.nucleus, lambda ps, p: checks.nucleus.answer(sorted(ps, reverse=True), p), "old place"),
    ],
)
def test_a_typical_mistake_is_named(grader, attempt, said):
    verdict = grader(attempt)
    assert verdict.ok is False and said in verdict.message


def test_not_implemented_is_a_stub_too():
    def stub(rank, alpha, rslora=False):
        raise NotImplementedError

    assert checks.lora_scale(stub).ok is None


def test_an_attempt_that_raises_is_named_in_one_line_with_its_input():
    verdict = checks.lora_scale(lambda rank, alpha, rslora=False: {}["key\nmore"])
    assert verdict.ok is False
    assert "KeyError" in verdict.message and "\n" not in verdict.message and checks.lora_scale.hint in verdict.message
    assert verdict.counterexample == "at lora_scale(rank=4, alpha=8)"
    assert "Traceback" not in str(verdict) + verdict._repr_html_()
    assert "TypeError" in checks.lora_scale(lambda rank: rank).message


def test_a_value_in_place_of_the_function():
    verdict = checks.lora_scale(2.0)
    assert verdict.ok is False and "takes the function itself" in verdict.message


def test_an_attempt_cannot_spoil_the_cases_for_the_next_one():
    def greedy(input_ids, prompt_length, length, pad_id):
        result = labels_right(input_ids, prompt_length, length, pad_id)
        input_ids.clear()
        return result

    assert checks.completion_labels(greedy).ok and checks.completion_labels(labels_right).ok


@pytest.mark.parametrize(
    "got, want, equal",
    [
        (2.0000001, 2, True),
        (2.01, 2, False),
        (True, 1, False),
        (float("nan"), 1.0, False),
        ("2", 2, False),
        ([1, 2], [1, 2.0], True),
        ([1], [1, 2], False),
        (None, 2, False),
    ],
)
def test_same(got, want, equal):
    assert checks.same(got, want) is equal


def test_a_verdict_in_text_and_html():
    verdict = checks.Verdict(False, "r < alpha", "f(<1>)")
    assert str(verdict) == "✗ Not yet. r < alpha\n  f(<1>)"
    page = verdict._repr_html_()
    assert "✗ Not yet." in page and "r &lt; alpha" in page and "f(&lt;1&gt;)" in page
    assert {str(checks.Verdict(ok, "m"))[0] for ok in (True, False, None)} == {"✓", "✗", "…"}


def test_the_trainer_counts_its_steps_as_the_grader_does(tmp_path):
    """The Trainer takes an optimizer step with whatever the last accumulation holds, and the grader says so."""
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x, labels=None):
            return {"loss": (self.weight * x).mean()}

    for rows, batch, accumulation in [(3, 2, 1), (5, 2, 2), (9, 2, 2), (1, 8, 4)]:
        arguments = TrainingArguments(
            str(tmp_path),
            per_device_train_batch_size=batch,
            gradient_accumulation_steps=accumulation,
            num_train_epochs=1,
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(Line(), arguments, train_dataset=[{"x": torch.ones(1), "labels": 0}] * rows)
        trainer.train()
        assert trainer.state.global_step == checks.steps_per_epoch.answer(rows, batch, accumulation)
