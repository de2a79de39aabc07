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


@pytest.mark.slow
def test_the_quick_run_ends_well_is_not_repeated_and_can_be_joined(tmp_path):
    out, joined = tmp_path / "paces.json", tmp_path / "joined.json"
    command = [sys.executable, "-m", "course_utils.making.paces", "--quick", "--out"]
    subprocess.run([*command, str(out)], cwd=ROOT, check=True, timeout=300, capture_output=True)
    receipt = json.loads(out.read_text())
    assert [(run["rows"], run["way"], run["seed"]) for run in receipt["runs"]] == paces.QUICK
    assert 0 <= receipt["runs"][0]["right"] <= 1 and str(tmp_path) not in receipt["command"]
    subprocess.run([*command, str(out)], cwd=ROOT, check=True, timeout=300, capture_output=True)
    assert json.loads(out.read_text()) == receipt
    assert paces.main(["--out", str(joined), "--join", str(out), str(out)]) == 0
    assert json.loads(joined.read_text())["runs"] == receipt["runs"] * 2
