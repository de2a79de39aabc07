"""Lesson 09 by papermill: what is unlearned and brought back, its receipt's claims, and the graders."""

import math
import statistics

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lessons import NO_MODEL, refusal

from course_utils import checks, receipts

PLANE = receipts.load("forgetting_plane")
TAGS = [run for run in PLANE["runs"] if run["new"] == "tag"]
BEFORE = next(run["start"] for run in TAGS if "start" in run)
PLAIN = "LoRA, rank 8, 0.001"
T = {3: 4.303, 4: 3.182}


def at(way, name, where="reached", runs=TAGS):
    """A figure of each run of a way, at equal score or at its end."""
    return [mark[name] for run in runs if run["way"] == way for mark in run["marks"] if mark["where"] == where]


def interval(values):
    """Student's 95 % interval of the mean."""
    half = T[len(values)] * statistics.stdev(values) / len(values) ** 0.5
    return statistics.mean(values) - half, statistics.mean(values) + half


def more(way, other, name="tasks", where="reached"):
    return interval([a - b for a, b in zip(at(way, name, where), at(other, name, where), strict=True)])


@pytest.mark.slow
def test_much_is_unlearned_and_two_steps_bring_some_back(report):
    results = report["results"]
    assert results["learned"]["nothing"] > 0.8 and results["kept"]["nothing"] < 2 / 3 * results["kept_before"]
    assert results["brought_back"] > 0.1
    before, after = results["looks"]["before"], results["looks"]["after"]
    assert after["facts, completed"] > before["facts, completed"] - 0.1  # what is not asked in a chat stays
    assert after["language"] > before["language"]


@pytest.mark.slow
def test_the_cures_keep_more_while_the_reader_watches(report):
    kept, learned = report["results"]["kept"], report["results"]["learned"]
    for cure in ("L2", "EWC", "SI", "prompts"):
        assert kept[cure] > kept["nothing"] + 0.1, cure
        assert learned[cure] > 0.5, cure


# --- what the receipt has to show for the lesson's sentences to be true -----------------------------------------------


RATES = {
    "in full": ("1e-05", "3e-05", "0.0001", "0.0003"),
    "LoRA, rank 1": ("0.0001", "0.0003", "0.001", "0.003"),
    "LoRA, rank 8": ("0.0001", "0.0003", "0.001", "0.003"),
    "LoRA, rank 64": ("0.0001", "0.0003", "0.001"),
    "QLoRA, rank 8": ("0.0001", "0.0003", "0.001", "0.003"),
}
SLOWEST = {name: f"{name}, {rates[0]}" for name, rates in RATES.items()}


@pytest.mark.parametrize("method", RATES)
def test_at_equal_score_a_slower_rate_keeps_more(method):
    kept = [at(f"{method}, {rate}", "tasks") for rate in RATES[method]]
    assert all(len(each) == 4 for each in kept)
    means = [statistics.mean(each) for each in kept]
    assert (
        means == sorted(means, reverse=True)
        and interval([a - b for a, b in zip(kept[0], kept[-1], strict=True)])[0] > 0.1
    )


def test_no_method_stands_out_at_its_slowest_rate():
    means = [statistics.mean(at(way, "tasks")) for way in SLOWEST.values()]
    assert max(means) - min(means) < 0.1
    assert more(SLOWEST["in full"], SLOWEST["LoRA, rank 8"])[1] > 0  # all weights are not behind LoRA


@pytest.mark.parametrize("method", [name for name in RATES if name != "in full"])
def test_at_the_same_rate_an_adapter_keeps_more_than_all_weights(method):
    assert more(f"{method}, 0.0003", "in full, 0.0003")[0] > 0.2


def test_rounding_the_base_changes_little_at_equal_score():
    for rate in RATES["LoRA, rank 8"][:3]:
        low, high = more(f"QLoRA, rank 8, {rate}", f"LoRA, rank 8, {rate}")
        assert low < 0.03 and high > -0.1


def test_facts_in_sentences_stay_where_the_tasks_go():
    assert statistics.mean(at(PLAIN, "tasks", "end")) < 0.1
    assert statistics.mean(at(PLAIN, "completed", "end")) > BEFORE["completed"] - 0.05


def test_the_divergence_on_new_rows_foretells_the_loss_of_other_methods_too():
    """Fitted on LoRA and QLoRA, the line also holds for all weights."""
    marks = {full: [] for full in (False, True)}
    for run in TAGS:
        if run["group"] == "plane":
            full = run["way"].startswith("in full")
            marks[full] += [(mark["kl"], mark["tasks"]) for mark in run["marks"] if mark["learned"] >= 0.9]
    slope, height = statistics.linear_regression(*zip(*marks[False], strict=True))
    errors = [tasks - (height + slope * kl) for kl, tasks in marks[True]]
    assert slope < 0 and statistics.fmean(map(abs, errors)) < 0.1
    assert abs(statistics.mean(errors)) < 0.08


FREE = ("L2 to the start, 3", "EWC on its own text, 3", "distilled on the prompts, 30")


@pytest.mark.parametrize("way", FREE)
def test_half_of_the_loss_is_kept_without_old_data_at_no_loss_on_the_new_task(way):
    lost = BEFORE["tasks"] - statistics.mean(at(PLAIN, "tasks", "end"))
    assert more(way, PLAIN, "tasks", "end")[0] > lost / 2
    assert more(way, PLAIN, "tasks", "reached")[0] > 0
    assert more(way, PLAIN, "learned", "end")[0] > -0.05
    assert len(at(way, "tasks")) == 4


def test_replay_needs_time_and_springs_do_not():
    for way in ("L2 to the start, 3", "distilled on the prompts, 30"):
        assert more("replay, 20%", way, where="end")[0] > 0
        assert more(way, "replay, 20%", where="reached")[0] > 0


def test_of_l2_and_ewc_the_second_keeps_language_and_facts_better():
    ewc, l2 = "EWC, 3", "L2 to the start, 3"
    assert more(ewc, l2, "prose", "end")[1] < 0 < more(ewc, l2, "asked", "end")[0]
    assert more(ewc, l2)[0] < 0 < more(ewc, l2)[1]  # the tasks do not tell them apart


def test_its_own_text_as_data_does_not_help_and_as_the_teachers_does():
    assert statistics.mean(at("own text, 20%", "tasks", "end")) < 0.2
    assert more("distilled on its own text, 30", "own text, 20%", where="end")[0] > 0.1


def test_summaries_go_with_the_next_task_and_one_row_in_twenty_keeps_them():
    chains = {way: [run["chain"] for run in TAGS if run["way"] == way] for way in
              ("one after the other", "one after the other, 5 % of all before")}  # fmt: skip
    gone, kept = ([chain[3]["summary"] for chain in each] for each in chains.values())
    assert len(gone) == len(kept) == 4 and max(gone) < 0.1 and min(kept) > 0.9


def test_what_cannot_be_known_is_learned_more_slowly():
    runs = [run["epochs"] for run in TAGS if run["way"] == "facts, half unknown"]
    assert len(runs) == 4 and all(run[1]["known"] > run[1]["unknown"] + 0.3 for run in runs)
    for part, other in (("all", "none"), ("half", "none")):
        falls = [[run["epochs"][-1]["others"] - run["epochs"][0]["others"] for run in TAGS
                  if run["way"] == f"facts, {which} unknown"] for which in (part, other)]  # fmt: skip
        assert interval([a - b for a, b in zip(*falls, strict=True)])[1] < 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "steps", "2"), "steps = 2 is out of range: it goes from 4 to 400"),
        (("-p", "questions", "0"), "questions = 0 is out of range: it goes from 1 to 200"),
        (("-p", "new", "poem"), "new"),
        (("-p", "model", "./nowhere"), NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("09", *options)


# --- the graders -----------------------------------------------------------------------------------------------------


def fisher_by_torch(gradients):
    return torch.tensor(gradients).square().mean(0)


def ewc_by_autograd(weights, old, fisher, strength):
    w = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    penalty = strength / 2 * (torch.tensor(fisher) * (w - torch.tensor(old)) ** 2).sum()
    (gradient,) = torch.autograd.grad(penalty, w)
    return [penalty.item(), *gradient.tolist()]


def distilled_by_torch(teacher, student):
    """``F.kl_div`` wants the logarithms of the second first."""
    p, q = (torch.tensor(each, dtype=torch.float64).log_softmax(-1) for each in (teacher, student))
    return F.kl_div(q, p, reduction="sum", log_target=True)


def importance_by_arrays(gradients, steps, damping=0.1):
    g, s = np.array(gradients), np.array(steps)
    return np.maximum(0, -(g * s).sum(0)) / (s.sum(0) ** 2 + damping)


def undamped(gradients, steps, damping=0.1):
    columns = zip(zip(*gradients, strict=True), zip(*steps, strict=True), strict=True)
    return [max(0, -sum(map(math.prod, zip(g, s, strict=True)))) / sum(s) ** 2 for g, s in columns]


RIGHT = [
    (checks.fisher_diagonal, fisher_by_torch),
    (checks.fisher_diagonal, lambda gradients: (np.array(gradients) ** 2).mean(axis=0)),
    (checks.ewc, ewc_by_autograd),
    (checks.distillation, distilled_by_torch),
    (checks.distillation, lambda t, s: max(0.0, float(distilled_by_torch(t, s)))),
    (checks.si_importance, importance_by_arrays),
]
WRONG = [
    (checks.fisher_diagonal, lambda gradients: gradients[0], "should be"),
    (checks.ewc, lambda w, o, f, s: ewc_by_autograd(w, o, f, s)[:1], "1 items where there should be 2"),
    (checks.distillation, lambda t, s: 0.0, "should be"),
    (checks.si_importance, lambda g, s, damping=0.1: [1.0] * len(g[0]), "should be"),
]
NAMED = [
    (checks.fisher_diagonal, lambda g: (np.array(g).mean(0)) ** 2, "Square first"),
    (checks.fisher_diagonal, lambda g: (np.array(g) ** 2).sum(0), "the sum over the rows"),
    (checks.fisher_diagonal, lambda g: np.array(g).var(0), "variance"),
    (checks.ewc, lambda w, o, f, s: [2 * ewc_by_autograd(w, o, f, s)[0], *ewc_by_autograd(w, o, f, s)[1:]], "half is"),
    (checks.ewc, lambda w, o, f, s: ewc_by_autograd(w, [0.0] * len(w), f, s), "not at 0"),
    (checks.distillation, lambda t, s: distilled_by_torch(s, t), "other way round"),
    (checks.distillation, lambda t, s: distilled_by_torch(t, s) / math.log(2), "bits"),
    (checks.si_importance, lambda g, s, damping=0.1: importance_by_arrays(-np.array(g), s, damping), "sign"),
    (checks.si_importance, undamped, "damping is missing"),
]


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
