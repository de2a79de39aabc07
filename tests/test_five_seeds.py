"""Lesson 08's receipt and the script that makes it: the runs answer the same questions, and only seeds differ."""

import json
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import adapters, models
from course_utils.errors import CourseError
from course_utils.making import five_seeds

RECEIPT = models.POCKET.parent / "receipts" / "five_seeds.json"


def consistent(receipt):
    """Whether the figures of each run follow from its answers."""
    for run in receipt["runs"]:
        correct = run["correct"]
        assert len(correct) == receipt["heldout_rows"] == len(receipt["tasks"]) and set(correct) <= {0, 1}
        assert run["accuracy"] == pytest.approx(sum(correct) / len(correct))
        for task, share in run["by_task"].items():
            own = [right for right, of in zip(correct, receipt["tasks"], strict=True) if of == task]
            assert share == pytest.approx(sum(own) / len(own))


def test_the_receipt_holds_five_seeds_of_the_recipe():
    receipt = json.loads(RECEIPT.read_text())
    assert [run["seed"] for run in receipt["runs"]] == [0, 1, 2, 3, 4]
    # It was written when the recipe had fewer entries; what it names is still so.
    assert receipt["recipe"].items() <= (adapters.recipe("pocket-llama") | {"rows": 4400}).items()
    assert {"rank", "alpha", "learning_rate", "batch", "max_length"} <= receipt["recipe"].keys()
    assert receipt["command"].startswith("python -m course_utils.making.five_seeds") and receipt["date"]
    assert receipt["hardware"] and receipt["versions"]["torch"]
    consistent(receipt)
    assert len({tuple(run["correct"]) for run in receipt["runs"]}) == 5  # five trainings, not one five times


@pytest.mark.slow
def test_the_script_writes_such_a_receipt(tmp_path, tiny_model):
    out = tmp_path / "seeds.json"
    command = [sys.executable, "-m", "course_utils.making.five_seeds", "--out", out, "--model", tiny_model]
    command += ["--rows", "32", "--heldout", "16", "--seeds", "3", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(out.read_text())
    assert [run["seed"] for run in receipt["runs"]] == [3, 4] and receipt["model"] == "tiny-llama"
    assert receipt["runs"][0]["loss"] != receipt["runs"][1]["loss"]
    assert str(tmp_path) not in receipt["command"]
    consistent(receipt)


def test_an_unknown_model_is_one_line(tmp_path):
    with pytest.raises(CourseError, match="there is no directory ./nowhere"):
        five_seeds.main(["--out", str(tmp_path / "s.json"), "--model", "./nowhere"])
