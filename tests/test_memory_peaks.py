"""The script that makes lesson 03's receipt: its quick run measures each kind of case, and goes on where it stopped."""

import json
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import memory
from course_utils.making import memory_peaks


def run(*arguments):
    command = [sys.executable, "-m", "course_utils.making.memory_peaks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_cases_have_names_of_their_own_and_share_loaded_models():
    cases = memory_peaks.cases(quick=False)
    assert len({case.name for case in cases}) == len(cases)
    bases = [case.base for case in cases]
    assert bases == sorted(bases)  # none is loaded twice
    grid = [case for case in cases if case.entry == "grid"]
    assert len(grid) == 5 * 3 * 2 * 2 * 2
    assert {case.held_to for case in cases if case.shape == "65b"} == {48e9}


@pytest.mark.slow
def test_the_quick_run_measures_every_case_and_is_not_repeated(tmp_path):
    out = tmp_path / "peaks.json"
    done = run("--out", out, "--quick")
    assert done.returncode == 0, done.stderr
    receipt = json.loads(out.read_text())
    assert str(tmp_path) not in receipt["command"] and receipt["hardware"] and receipt["versions"]["torch"]
    cases = {case.name: case for case in memory_peaks.cases(quick=True)}
    assert {run["name"] for run in receipt["runs"]} == cases.keys()
    for entry in receipt["runs"]:
        assert not {"error", "out_of_memory", "skipped"} & entry.keys(), entry["name"]
        assert entry["peak_bytes"] == max(entry["peaks"].values()) > entry["rest_bytes"] > entry["loaded_bytes"] - 1
        expected = cases[entry["name"]].predicted().moments["loss"]
        assert entry["parts_loaded"] == {part: expected[part] for part in entry["parts_loaded"]}
    before = out.read_bytes()
    assert run("--out", out, "--quick").returncode == 0 and out.read_bytes() == before
    other = run("--out", out)
    assert other.returncode == 1 and other.stderr.strip().splitlines()[-1].startswith("error: ")


def test_a_case_that_fails_is_written_down_and_the_next_one_runs(tmp_path, monkeypatch):
    good, bad = memory_peaks.cases(quick=True)[:2]
    runner = memory_peaks.Runner({"runs": []}, tmp_path / "peaks.json")
    monkeypatch.setattr(memory_peaks, "prepare", lambda *_: 1 / 0)
    runner.run(bad)
    monkeypatch.undo()
    runner.run(good)
    first, second = json.loads((tmp_path / "peaks.json").read_text())["runs"]
    assert first["error"] == "ZeroDivisionError: division by zero"
    assert second["peak_bytes"] > 0 and set(memory.METHODS) >= {second["method"]}
