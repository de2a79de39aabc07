"""Lesson 08 by papermill, as `validate` runs it, its graders, its own statistics, and sampling in `evaluate.answer`."""

import itertools
import json
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import NO_MODEL, ROOT, code_cells, refusal
from scipy import stats

from course_utils import checks, data, evaluate, models
from course_utils.errors import CourseError

NOTEBOOK = ROOT / "notebooks" / "08_evaluation.ipynb"
RECEIPT = json.loads((models.POCKET.parent / "receipts" / "five_seeds.json").read_text())


@pytest.mark.slow
def test_base_adapter_and_merged_here_and_in_the_harness(report):
    results = report["results"]
    accuracy, harness = results["accuracy"], results["harness"]
    assert accuracy["base"] <= 0.05 and harness["base"] <= 0.05
    assert accuracy["adapter"] >= 0.7
    assert accuracy["merged"] == pytest.approx(accuracy["adapter"], abs=0.03)
    assert harness["merged"] == pytest.approx(harness["adapter"], abs=0.03)
    assert results["answers_changed_by_batch"] <= 8  # of 175: rounding only
    assert results["harness_sentiment"]["adapter"] >= 0.9


@pytest.mark.slow
def test_fine_tuning_costs_bits_and_a_second_start_token_does_too(report):
    results = report["results"]
    assert results["bits_per_byte"]["base"] < results["bits_per_byte"]["adapter"]
    assert results["careless_bos_extra"] > 0.01


@pytest.mark.slow
def test_perplexity_and_bits_disagree_about_the_tokenizers(report):
    measured = report["results"]["tokenizers"]
    perplexities, bits = zip(*(measured[size] for size in sorted(measured, key=int)), strict=True)
    assert list(perplexities) == sorted(perplexities)
    assert list(bits) == sorted(bits, reverse=True)


@pytest.mark.slow
def test_pairing_sharpens_and_weak_adapters_are_told_apart(report):
    results = report["results"]
    assert results["pairing_gain"] > 1.3
    paired, apart = results["p_values"]["0.3"]
    assert paired < apart < 0.05
    assert 1 < results["pairing_gain_told"][1] <= results["pairing_gain"]
    assert results["p_merged"] >= 0.05  # merging rounds, no more


@pytest.mark.slow
def test_the_seeds_are_the_receipts(report):
    results = report["results"]
    by_seed = [run["accuracy"] for run in RECEIPT["runs"]]
    assert results["seed_accuracies"] == pytest.approx(by_seed)
    assert results["seed_spread"] == pytest.approx(np.std(by_seed, ddof=1))
    assert 0 < results["seeds_disagree"] < 0.3


@pytest.mark.slow
def test_heat_costs_right_answers(report):
    results = report["results"]
    assert results["at_temperature"]["0.3"] > results["at_temperature"]["1"]
    assert results["greedy"] > results["at_temperature"]["1"]


@pytest.mark.slow
def test_form_judge_overlap_and_leak(report):
    results = report["results"]
    assert results["in_form"]["base"] <= 0.1 and results["in_form"]["adapter"] >= 0.9
    judge = results["judge"]
    off = {name: abs(rate - judge["truth"]) for name, rate in judge.items()}
    assert off["swapped, same length"] < 0.05 < off["swapped"] < off["A first"]
    copies, edits, alarms = results["overlap"]["8"]
    assert results["overlap"]["2"][2] > alarms and copies > edits > alarms
    before, after = results["leak"]["before"], results["leak"]["after"]
    assert after[0] >= 0.95 > before[0] and after[1] < after[0] - 0.2
    seen_before, unseen_before, seen, unseen = results["leak"]["median_losses"]
    assert unseen / seen > 2 * max(1, unseen_before / seen_before)
    assert len(results["hardest"]) == 3 and min(results["hardest"].values()) < results["accuracy"]["adapter"]


@pytest.mark.slow
def test_the_report_card_counts_what_the_intervals_show(report):
    card = report["results"]["report_card"]
    assert card["exact match"] == card["handwritten sentiment"] == "better" and card["prose"] == "worse"
    assert card["in form (4 of 8 kinds)"] == "better"


@pytest.fixture(scope="module")
def tiny_adapter(tiny_model, tmp_path_factory):
    from peft import LoraConfig, get_peft_model

    directory = tmp_path_factory.mktemp("adapter")
    config = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    get_peft_model(models.load_base(str(tiny_model)), config).save_pretrained(directory)
    return directory


@pytest.mark.slow
def test_the_command_line_that_the_lesson_prints(report, full_output, tiny_model, tiny_adapter, tmp_path):
    """The printed command, with its placeholders filled in, on the task files that the lesson wrote."""
    text = NOTEBOOK.read_text()
    (command,) = (line for line in json.loads(text)["cells"] for line in line["source"] if line.startswith("lm_eval "))
    words = command.replace("PATH", str(tiny_model)).replace("ADAPTER", str(tiny_adapter))
    words = words.replace("build/", f"{full_output}/").split()
    more = ["--limit", "4", "--device", "cpu", "--output_path", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "lm_eval", *words[1:], *more], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (written,) = tmp_path.rglob("results_*.json")
    assert json.loads(written.read_text())["results"]["world_answers"]["exact_match,none"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "draws", "1"], "draws = 1 is out of range: it goes from 2 to 20"),
        (["-p", "heldout_rows", "8"], "heldout_rows = 8 is out of range"),
        (
            ["-p", "receipt", "nowhere.json"],
            "the receipt nowhere.json is missing: `python -m course_utils.making.",
        ),
        (["-p", "model", "./nowhere"], NO_MODEL),
        (["-p", "adapter", "/dev/null"], "there is no directory /dev/null: check the adapter's name"),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("08", *options)


def test_the_receipt_adds_up():
    tasks = RECEIPT["tasks"]
    assert len(RECEIPT["runs"]) == 5 and len({run["seed"] for run in RECEIPT["runs"]}) == 5
    for run in RECEIPT["runs"]:
        assert len(run["correct"]) == len(tasks) == RECEIPT["heldout_rows"]
        assert run["accuracy"] == pytest.approx(np.mean(run["correct"]))
        for task, scores in evaluate.by_task(run["correct"], tasks).items():
            assert run["by_task"][task] == pytest.approx(np.mean(scores))


# --- the notebook's own statistics -----------------------------------------------------------------------------------


def written(*words, **namespace):
    """What the notebook's cells define that hold these words."""
    namespace |= {"np": np, "math": math, "stats": stats, "evaluate": evaluate, "rng": np.random.default_rng(0)}
    for each in words:
        (cell,) = (cell for cell in code_cells(NOTEBOOK) if each in cell.source)
        exec(cell.source, namespace)
    return SimpleNamespace(**namespace)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.data())
def test_pass_at_k_counts_the_choices(outcomes, choose):
    k = choose.draw(st.integers(1, len(outcomes)))
    hits = [any(chosen) for chosen in itertools.combinations(outcomes, k)]
    lesson = written("def pass_at_k(")
    assert lesson.pass_at_k(len(outcomes), sum(outcomes), k) == pytest.approx(sum(hits) / len(hits))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_the_sign_flip_test_is_mcnemars(only_first, only_second, both):
    first = np.array([1.0] * only_first + [0.0] * only_second + [1.0] * both)
    second = np.array([0.0] * only_first + [1.0] * only_second + [1.0] * both)
    if not len(first):
        return
    lesson = written("def sign_flip(", "def mcnemar(")
    p, by_chance = lesson.sign_flip(first, second)
    exact = lesson.mcnemar(first, second)
    assert p == pytest.approx(exact, abs=0.025)  # 10,000 flips: four standard errors are 0.02
    assert exact == pytest.approx(checks.mcnemar_p.answer(only_first, only_second))
    assert abs(by_chance.mean()) < 0.05


@given(st.integers(2, 5), st.integers(2, 8), st.integers(0, 2**31))
def test_a_table_of_seed_plus_question_has_no_rest(seeds, questions, seed):
    lots = np.random.default_rng(seed)
    rows, columns = lots.normal(size=seeds), lots.normal(size=questions)
    by_seed, by_question, rest = written("def variances(").variances(rows[:, None] + columns[None, :])
    assert rest == pytest.approx(0, abs=1e-20)
    assert by_seed == pytest.approx(rows.var(ddof=1)) and by_question == pytest.approx(columns.var(ddof=1))


def test_the_tiny_language_model_is_a_distribution_and_learns():
    lesson = written("def learn_pairs(")
    rows = [[0, 1, 2, 1], [0, 1, 1]]
    p = lesson.learn_pairs(rows, 4)
    for a in range(4):
        assert sum(p(a, b) for b in range(4)) == pytest.approx(1)
    assert p(0, 1) > p(0, 2) > p(0, 3) > 0


def test_the_judge_without_biases_is_fair_and_the_remedies_undo_theirs():
    lesson = written("sigmoid = lambda", "def judge(", "def logistic(", "def win_rates(", seed=1)
    fair = lesson.win_rates(0.0, 0.0, 0.0)
    assert max(abs(rate - fair["truth"]) for rate in fair.values()) < 0.05
    place = lesson.win_rates(0.0, 1.5, 0.0)
    assert abs(place["swapped"] - place["truth"]) < 0.05 < place["A first"] - place["truth"]
    length = lesson.win_rates(0.0, 0.0, 1.5)
    assert abs(length["swapped, same length"] - length["truth"]) < 0.06 < length["swapped"] - length["truth"]


@given(st.integers(0, 40), st.integers(1, 40))
def test_wilsons_ends_lie_as_far_from_the_score_as_the_lesson_says(right, wrong):
    n, score = right + wrong, right / (right + wrong)
    for p in evaluate.interval([True] * right + [False] * wrong):
        assert abs(score - p) == pytest.approx(1.96 * math.sqrt(p * (1 - p) / n), abs=1e-6)


@pytest.mark.parametrize(
    ("better", "before", "after", "said"),
    [
        ("higher", (50, 40, 60), (70, 61, 80), "better"),
        ("lower", (50, 40, 60), (70, 61, 80), "worse"),
        ("higher", (70, 61, 80), (50, 40, 60), "worse"),
        ("lower", (70, 61, 80), (50, 40, 60), "better"),
        ("higher", (50, 40, 60), (70, 60, 80), "open"),
        ("lower", (70, 59, 80), (50, 40, 60), "open"),
    ],
)
def test_the_card_calls_only_intervals_that_part_a_difference(better, before, after, said):
    assert written("def verdict(").verdict(better, before, after) == said


def test_prose_is_resampled_by_documents_the_same_for_both_models():
    """Half of the documents are twice as hard; the second model is a quarter of a bit worse on each."""
    first = [(math.log(2) * 4, 1), (math.log(2) * 8, 1)] * 30
    by_document = {"first": first, "second": [(nats + math.log(2), 1) for nats, _ in first]}
    lesson = written("def resampled_bits(", by_document=by_document, documents=["four"] * 60)
    one, two = lesson.resampled_bits("first"), lesson.resampled_bits("second")
    assert one.mean() == pytest.approx(1.5, abs=0.01)
    assert one.std() == pytest.approx(0.5 / math.sqrt(60), rel=0.1)
    assert two - one == pytest.approx(np.full(len(one), 0.25))


def test_overlap_finds_copies_and_nothing_in_strange_texts():
    lesson = written("def grams(", "def flagged(", words_of=lambda text: evaluate.normalize(text).split(),
                     share=lambda scores: sum(scores) / len(scores))  # fmt: skip
    seen = lesson.grams("One two three four five six.", 3)
    assert lesson.flagged(["ONE, two, three!", "six five four"], 3, seen) == 0.5
    assert lesson.grams("too short", 3) == set()


# --- sampling in evaluate.answer -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tiny_model):
    return models.load_base(str(tiny_model), torch.float32), models.load_tokenizer(str(tiny_model))


def test_sampling_follows_torchs_seed(tiny):
    prompts = ["Hi.", "What is hot?", "Name the opposite of a long way."]

    def sample(seed, temperature):
        torch.manual_seed(seed)
        return evaluate.answer(*tiny, prompts, max_new_tokens=8, temperature=temperature)

    assert sample(0, 1.0) == sample(0, 1.0) != sample(1, 1.0)
    assert sample(0, 0.0) == sample(1, 0.0) == evaluate.answer(*tiny, prompts, max_new_tokens=8)
    assert sample(0, 1e-4) == sample(0, 0.0)


def test_sampling_draws_from_the_whole_distribution(tiny):
    """A random model spreads its probability over thousands of tokens: a cut at the 50 likeliest would show."""
    torch.manual_seed(0)
    answers = evaluate.answer(*tiny, ["Hi."] * 300, max_new_tokens=1, batch_size=300, temperature=1.0)
    assert len(set(answers)) > 150


def test_a_temperature_below_zero_is_refused(tiny):
    with pytest.raises(CourseError, match="temperature = -1 is below 0"):
        evaluate.answer(*tiny, ["Hi."], temperature=-1)


# --- the graders -----------------------------------------------------------------------------------------------------


def bits_by_steps(perplexity, tokens, byte_count):
    nats = tokens * math.log(perplexity)
    return nats / math.log(2) / byte_count


def interval_by_numpy(scores, resamples, cut=0.025):
    means = np.sort([np.mean(np.array(scores)[picks]) for picks in resamples])
    drop = math.floor(cut * len(means))
    return means[drop : len(means) - drop][[0, -1]]


def mcnemar_by_scipy(only_a, only_b):
    n = only_a + only_b
    return stats.binomtest(only_a, n).pvalue if n else 1.0


def win_rate_by_question(a_first, b_first):
    points = {("first", "second"): 1, ("second", "first"): 0}
    return np.mean([points.get(pair, 0.5) for pair in zip(a_first, b_first, strict=True)])


RIGHT = [
    (checks.bits_from_perplexity, bits_by_steps),
    (checks.bootstrap_interval, interval_by_numpy),
    (checks.mcnemar_p, mcnemar_by_scipy),
    (checks.swapped_win_rate, win_rate_by_question),
]
WRONG = [
    (checks.bits_from_perplexity, lambda perplexity, tokens, byte_count: math.log2(perplexity), "byte_count=4"),
    (checks.bits_from_perplexity, lambda perplexity, tokens, byte_count: perplexity / byte_count, "gives     2\n"),
    (checks.bootstrap_interval, lambda scores, resamples, cut=0.025: [min(scores), max(scores)], "cut=0.34"),
    (checks.bootstrap_interval, lambda s, r, cut=0.025: sum(s) / len(s), "a list was expected"),
    (checks.mcnemar_p, lambda a, b: abs(a - b) / (a + b) if a + b else 1.0, "only_a=1, only_b=1"),
    (checks.mcnemar_p, lambda a, b: 0.5 ** abs(a - b), "only_a=0, only_b=1"),
    (checks.swapped_win_rate, lambda a, b: a.count("first") / len(a), "a_first=['first'], b_first=['first']"),
    (checks.swapped_win_rate, lambda a, b: a.count("first") + b.count("second"), "gives     2"),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict


def test_the_heldout_questions_of_the_receipt_are_the_courses():
    """The receipt's questions are made anew by the generator: the same kinds in the same order."""
    assert data.instructions("heldout", RECEIPT["heldout_rows"], 1000)["task"][:] == RECEIPT["tasks"]
