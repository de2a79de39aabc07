"""The receipt of a fast pace's price, and the script that writes it."""

import json
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import adapters, receipts
from course_utils.making import paces


def mean(rows, way):
    scores = [run["right"] for run in receipts.load("paces")["runs"] if (run["rows"], run["way"]) == (rows, way)]
    assert len(scores) == len(paces.SEEDS)
    return sum(scores) / len(scores)


def test_the_receipt_holds_runs_of_the_script():
    runs = receipts.load("paces")["runs"]
    made = [(run["rows"], run["way"], run["seed"]) for run in runs]
    assert len(set(made)) == len(made) and set(made) <= set(paces.FULL)
    published = adapters.RECIPES["smollm2"]
    for run in runs:
        assert run["learning_rate"] == pytest.approx(published["learning_rate"] * paces.WAYS[run["way"]][2])


def test_packing_costs_at_the_published_rate_and_a_higher_one_makes_up_for_it():
    published, packed = mean(4400, "as published"), mean(4400, "8 packed rows")
    faster = mean(4400, "8 packed rows, four times the rate")
    assert packed < published - 0.02 and abs(faster - published) < 0.02
    assert mean(1100, "8 packed rows, four times the rate") > mean(1100, "8 packed rows") + 0.1
    published = mean(1100, "as published")
    assert abs(mean(1100, "8 packed rows, four times the rate") - published) < 0.05
    assert published > mean(1100, "8 packed rows") + 0.1


def test_lesson_06_itself_scores_alike_at_both_paces_and_trains_faster():
    runs = {run["run"]: run["results"] for run in receipts.load("on_a_card")["runs"] if run["lesson"] == "06"}
    pairs = [(runs[f"smollm2{seed}"], runs[f"smollm2, the book's pace{seed}"]) for seed in ("", ", another seed")]
    lead = [fast["accuracy_after"] - book["accuracy_after"] for fast, book in pairs]
    assert abs(sum(lead) / len(lead)) < 0.06  # the error of the difference of two times 200 questions
    assert all(fast["train_seconds"] < book["train_seconds"] / 3 for fast, book in pairs)


@pytest.mark.slow
def test_the_quick_run_ends_well_is_not_repeated_and_can_be_joined(tmp_path):
    out, joined = tmp_path / "paces.json", tmp_path / "joined.json"
    command = [sys.executable, "-m", "course_utils.making.paces", "--quick", "--out"]
    subprocess.run([*command, str(out)], cwd=ROOT, check=True, timeout=300, capture_output=True)
    receipt = json.loads(out.read_text())
    assert [(run["rows"], run["way"], run["seed"]) for run in receipt["runs"]] == paces.QUICK
    assert 0 <= receipt["runs"][0]["right"] <= 1 and str(tmp_path) not in receipt["command"]
    assert paces.main([*command[3:], str(out)]) == 0
    assert json.loads(out.read_text()) == receipt
    assert paces.main(["--out", str(joined), "--join", str(out), str(out)]) == 0
    assert json.loads(joined.read_text())["runs"] == receipt["runs"] * 2
