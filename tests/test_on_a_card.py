"""The script that runs the lessons on a GPU: its quick run goes the same path on a CPU, and on where it stopped."""

import json
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import model_files, models
from course_utils.making import on_a_card


def run(*arguments):
    command = [sys.executable, "-m", "course_utils.making.on_a_card", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_runs_have_names_of_their_own_and_models_that_are_there():
    assert len({each.name for each in on_a_card.FULL}) == len(on_a_card.FULL)
    assert {each.model for each in on_a_card.FULL} <= {*models.NAMES, *on_a_card.SHAPES}


def test_a_shape_becomes_a_model_with_a_tokenizer_of_its_size(tmp_path):
    on_a_card.write_model(on_a_card.TINY, tmp_path)
    model_files.check_model(tmp_path)
    assert len(models.load_tokenizer(str(tmp_path))) == on_a_card.TINY["vocab_size"]
    assert models.load_base(str(tmp_path)).num_parameters() < 1e6


@pytest.mark.slow
def test_the_quick_run_ends_well_and_is_not_repeated(tmp_path):
    out = tmp_path / "card.json"
    done = run("--out", out, "--quick", "--lanes", 2)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(out.read_text())
    assert str(tmp_path) not in receipt["command"] and receipt["hardware"] and receipt["versions"]["torch"]
    entries = {entry["run"]: entry for entry in receipt["runs"]}
    assert entries.keys() == {each.name for each in on_a_card.QUICK}
    for entry in entries.values():
        assert entry["status"] == "ok", entry["error"]
        assert entry["results"]
    assert entries["fp16"]["dtype"].startswith("torch.")  # a kernel asked, and was answered by what stands in its way
    before = out.read_bytes()
    assert run("--out", out, "--quick").returncode == 0 and out.read_bytes() == before
