"""Lesson 08 by papermill, as `validate` runs it, its graders, its own statistics, and sampling in `evaluate.answer`."""

import ast
import itertools
import json
import math
import re
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
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
    _, told, largest = results["pairing_gain"]
    assert largest > 1.3 and 1 < told <= largest
    paired, apart = results["p_values"]["0.3"]
    assert paired < apart < 0.05
    assert results["p_merged"] >= 0.05  # merging rounds, no more


@pytest.mark.slow
def test_the_seeds_are_the_receipts(report):
    results = report["results"]
    by_seed = [run["accuracy"] for run in RECEIPT["runs"]]
    assert results["seed_accuracies"] == pytest.approx(by_seed)
    spread, low, high = results["seed_spread"]
    assert spread == pytest.approx(np.std(by_seed, ddof=1)) and low < spread < high
    assert low < results["question_error"] < high  # so the lesson may not say which of the two is larger
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
    off = {name: abs(rate - judge["no habits"]) for name, rate in judge.items()}
    assert abs(results["same_length"] - judge["no habits"]) < 0.05 < off["swapped"] < off["A first"]
    copies, edits, alarms = results["overlap"]["8"]
    assert results["overlap"]["2"][2] > alarms and copies > edits > alarms
    before, after = results["leak"]["before"], results["leak"]["after"]
    assert after[0] >= 0.95 > before[0] and after[1] < after[0] - 0.2
    seen_before, unseen_before, seen, unseen = results["leak"]["median_losses"]
    assert unseen / seen > 2 * max(1, unseen_before / seen_before)


@pytest.mark.slow
def test_fifty_errors_are_sorted_and_one_cause_is_mended(report):
    results = report["results"]
    assert sum(results["errors"].values()) == 50
    assert results["errors"]["copied from the wrong place of the question"] >= 10
    before, after = results["mended"]
    assert after > before + 0.2


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


def names_of(statement):
    """The names that a statement of a cell defines."""
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def written(*names, **namespace):
    """What the notebook defines by these names, in its order, and nothing else of its cells."""
    namespace |= {"np": np, "math": math, "stats": stats, "evaluate": evaluate, "rng": np.random.default_rng(0)}
    namespace |= {"re": re, "Counter": Counter}
    statements = [each for cell in code_cells(NOTEBOOK) for each in ast.parse(cell.source).body]
    wanted = [each for each in statements if names_of(each) & set(names)]
    assert set(names) <= set().union(*map(names_of, wanted))
    exec(compile(ast.Module(wanted, []), str(NOTEBOOK), "exec"), namespace)
    return SimpleNamespace(**namespace)


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.data())
def test_pass_at_k_counts_the_choices(outcomes, choose):
    k = choose.draw(st.integers(1, len(outcomes)))
    hits = [any(chosen) for chosen in itertools.combinations(outcomes, k)]
    lesson = written("pass_at_k")
    assert lesson.pass_at_k(len(outcomes), sum(outcomes), k) == pytest.approx(sum(hits) / len(hits))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_mcnemars_test_is_the_exercises(only_first, only_second, both):
    first = np.array([1.0] * only_first + [0.0] * only_second + [1.0] * both)
    second = np.array([0.0] * only_first + [1.0] * only_second + [1.0] * both)
    p = written("mcnemar").mcnemar(first, second)
    assert p == pytest.approx(checks.mcnemar_p.answer(only_first, only_second))


def test_the_errors_are_sorted_by_what_is_wrong_with_them():
    kind = written("kind_of_error").kind_of_error
    row = {
        "prompt": "Text: Ida hid a pen in a tin, but Maya hid a cup on the roof. Where is the pen?",
        "answer": "in a tin",
    }
    assert kind(row, "in a tin in a" + evaluate.UNFINISHED) == "does not end"
    assert kind(row, "on the roof") == "copied from the wrong place of the question"
    assert kind(row, "the pen is in a tin") == "the right words, and others or too few"
    assert kind(row, "positive") == "another answer"


def test_shortening_keeps_the_clause_that_is_asked_about_and_leaves_other_questions_alone():
    shorten = written("shorten", "COMMON", "words_of").shorten
    prompt = "Text: Ida hid a pen in a tin, but Maya hid a cup on the roof. It rained.\nQuestion: Where is the cup?"
    assert shorten(prompt) == "Text: Maya hid a cup on the roof.\nQuestion: Where is the cup?"
    assert shorten("Say the opposite: hot") == "Say the opposite: hot"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Because.\n[[first]]", "first"),
        ("[[ Second ]]\n", "second"),
        ("[[neither]] ... so [[neither]]", "neither"),
        ("The first is better", None),
        ("[[first]] no, [[second]]", None),
        ("[first]", None),
        ("", None),
    ],
)
def test_a_verdict_is_read_or_it_is_none(text, said):
    assert written("verdict_of").verdict_of(text) == said


def test_the_judges_prompt_takes_a_question_and_two_answers():
    prompt = written("JUDGE").JUDGE.format(question="(q)", first="(1)", second="(2)")
    assert prompt.index("(q)") < prompt.index("(1)") < prompt.index("(2)") and prompt.count("[[") == 3


def test_the_tiny_language_model_is_a_distribution_and_learns():
    lesson = written("learn_pairs")
    rows = [[0, 1, 2, 1], [0, 1, 1]]
    p = lesson.learn_pairs(rows, 4)
    for a in range(4):
        assert sum(p(a, b) for b in range(4)) == pytest.approx(1)
    assert p(0, 1) > p(0, 2) > p(0, 3) > 0


def test_the_judge_without_biases_is_fair_and_the_remedies_undo_theirs():
    lesson = written("sigmoid", "PAIRS", "lots", "luck", "judge", "logistic", "win_rates", seed=1)
    fair, contradicts = lesson.win_rates(0.0, 0.0, 0.0)
    assert max(abs(rate - fair["no habits"]) for rate in fair.values()) < 0.05
    place, more = lesson.win_rates(0.0, 1.5, 0.0)
    assert (
        abs(place["swapped"] - place["no habits"]) < 0.05 < place["A first"] - place["no habits"] and more > contradicts
    )
    verdicts, length, truth = lesson.judge(0.0, 0.0, 1.5)
    X = np.concatenate([np.stack([np.ones(len(length)), np.full(len(length), s), length], axis=1) for s in (1, -1)])
    same_length = lesson.sigmoid(lesson.logistic(X, verdicts.ravel())[0])
    assert abs(same_length - truth) < 0.06 < verdicts.mean() - truth


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
    assert written("verdict").verdict(better, before, after) == said


def test_prose_is_resampled_by_documents_the_same_for_both_models():
    """Half of the documents are twice as hard; the second model is a quarter of a bit worse on each."""
    first = [(math.log(2) * 4, 1), (math.log(2) * 8, 1)] * 30
    by_document = {"first": first, "second": [(nats + math.log(2), 1) for nats, _ in first]}
    lesson = written("picks", "bytes_of", "resampled_bits", by_document=by_document, documents=["four"] * 60)
    one, two = lesson.resampled_bits("first"), lesson.resampled_bits("second")
    assert one.mean() == pytest.approx(1.5, abs=0.01)
    assert one.std() == pytest.approx(0.5 / math.sqrt(60), rel=0.1)
    assert two - one == pytest.approx(np.full(len(one), 0.25))


def test_overlap_finds_copies_and_nothing_in_strange_texts():
    lesson = written("grams", "words_of")
    seen = lesson.grams("One two three four five six.", 3)
    assert not lesson.grams("ONE, two, three!", 3).isdisjoint(seen) and lesson.grams("six five four", 3).isdisjoint(
        seen
    )
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
