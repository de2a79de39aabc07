"""The script that makes lesson 13's receipt: its quick run trains, saves and certifies on two processes."""

import argparse
import json
import subprocess
import sys
import time

import pytest
import torch
from lessons import ROOT

from course_utils.errors import CourseError
from course_utils.making import memory_peaks, scaling_out


def run(*arguments):
    command = [sys.executable, "-m", "course_utils.making.scaling_out", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)


def test_cases_have_names_of_their_own_and_what_matters_most_comes_first():
    for cards in (2, 4):
        groups = scaling_out.plan(quick=False, cards=cards)
        cases = [case for group in groups for case in group]
        assert len({case.name for case in cases}) == len(cases)
        assert {case.way for case in cases} == set(scaling_out.WAYS)
        assert all(sum(case.cards for case in group) in (2, 4) for group in groups)
        assert [case.shape for case in cases[:8]] == ["pocket", "7b", "tinyllama", *["7b"] * 4, "70b"]
        assert all(case.rows % case.cards == 0 for case in cases)
    assert max(case.cards for group in scaling_out.plan(False, 2) for case in group) == 2


def test_each_way_has_the_losses_of_one_card_to_be_compared_with():
    cases = [case for group in scaling_out.plan(quick=False, cards=4) for case in group]
    alone = {(case.shape, case.stored, case.rows) for case in cases if case.way == "one card"}
    compared = {(case.shape, case.stored, case.rows) for case in cases if case.certified and case.cards == 2}
    assert compared <= alone


def test_a_saved_file_is_compared_number_by_number():
    trained = {"a": torch.ones(2, 3), "b": torch.zeros(4)}
    same = scaling_out.compare(trained, trained)
    assert same == {"saved_tensors": 2, "trained_tensors": 2, "missing": 0, "different": 0}
    assert scaling_out.compare({}, trained)["missing"] == 2
    assert scaling_out.compare({"a": torch.ones(2, 3), "b": torch.ones(4)}, trained)["different"] == 1
    assert scaling_out.compare({"a": torch.ones(1, 3), "b": torch.zeros(4)}, trained)["missing"] == 1


def test_the_same_seed_makes_the_same_base_wherever_its_layers_stay():
    (case,) = scaling_out.plan(quick=True, cards=2)[0]
    first, second = scaling_out.base(case), scaling_out.base(case)
    assert scaling_out.fingerprint(first) == scaling_out.fingerprint(second)
    weight = first.model.layers[0].mlp.up_proj.weight
    assert weight.dtype == torch.bfloat16 and weight.quant_state.nested  # codes laid in 16-bit numbers
    torch.manual_seed(1)
    other = memory_peaks.load(scaling_out.SHAPES["tiny"], "nf4 + double", 2, torch.bfloat16)
    assert scaling_out.fingerprint(other) != scaling_out.fingerprint(first)


def test_four_bits_taken_out_compute_the_same():
    (case,) = scaling_out.plan(quick=True, cards=2)[0]
    tokens = torch.arange(20, 40)[None]
    with torch.no_grad():
        expected = scaling_out.base(case).eval()(tokens).logits
        found = scaling_out.in_16_bits(scaling_out.base(case)).eval()(tokens).logits
    assert torch.allclose(found.float(), expected.float(), atol=0.02)


class Refusing:
    """Stands for the processes of a case, one of which failed."""

    def __init__(self, case):
        self.case, self.gpus = case, ["0", "1"]

    def finish(self):
        return {"error": "RuntimeError: no", "case_seconds": 1.0}


def test_no_case_is_begun_that_would_not_end_in_time_and_an_error_is_kept(tmp_path):
    groups = scaling_out.plan(quick=False, cards=2)
    first = groups[1][0]  # of 7B
    desk = scaling_out.Desk(groups, tmp_path / "out.json", {"runs": [], "hardware": "a machine"})
    assert [case.reserve for case in desk.take(2, 60)] == [55]  # the first of those that are short
    assert desk.take(2, 10) == []
    assert [case.shape for case in desk.take(2, 1000)] == ["pocket"] and desk.take(2, 1000) == [first]
    failed = Refusing(first)
    desk.keep(failed, failed.finish)
    (entry,) = json.loads((tmp_path / "out.json").read_text())["runs"]
    assert entry["error"] == "RuntimeError: no" and entry["name"] == first.name


def test_processes_that_do_not_end_are_ended(tmp_path, monkeypatch):
    (case,) = scaling_out.plan(quick=True, cards=2)[0]
    slow = scaling_out.dataclasses.replace(case)
    monkeypatch.setattr(scaling_out.Case, "launched", [sys.executable, "-c", "import time; time.sleep(99)"])
    monkeypatch.setattr(scaling_out.Case, "reserve", 2)
    given = argparse.Namespace(out=tmp_path / "o.json", seconds=9.0, quick=True, gpus=["0", "1"])
    found = scaling_out.Processes(slow, ["0"], given, tmp_path, time.monotonic() + 9).finish()
    assert found["error"].startswith("the processes that train had not ended")


def test_a_wrong_number_of_cards_is_one_line(tmp_path):
    done = run("--out", tmp_path / "x.json", "--gpus", 0)
    assert done.returncode == 1 and done.stderr.strip() == "error: --gpus names 1: give two or four"


@pytest.mark.slow
def test_the_quick_run_shards_saves_and_certifies_and_is_not_repeated(tmp_path):
    out = tmp_path / "scaling.json"
    done = run("--out", out, "--quick")
    assert done.returncode == 0, done.stderr
    receipt = json.loads(out.read_text())
    assert str(tmp_path) not in receipt["command"] and receipt["hardware"] and receipt["versions"]["torch"]
    runs = {entry["way"]: entry for entry in receipt["runs"]}
    assert runs.keys() == {"one card", scaling_out.EXACT, "DDP", "gathered"}
    assert all("error" not in entry for entry in runs.values()), runs
    storages = runs.pop("gathered")["storages"]
    assert storages.keys() == scaling_out.STORAGES.keys()
    assert not any(each["changed_bytes"] for each in storages.values())  # a CPU copies bytes
    assert storages["bf16 codes, float32 adapters"]["gradients_apart"] < 1e-6
    for entry in runs.values():
        assert entry["saved_tensors"] == entry["trained_tensors"] == 42
        assert entry["missing"] == entry["different"] == 0
        assert entry["certificate"]["kind"] == "rounding" and not entry["certificate"]["faint"]
        assert entry["spread"][0] <= entry["tokens_a_second"] <= entry["spread"][1]
    one, sharded = runs["one card"], runs[scaling_out.EXACT]
    assert sharded["changed_codes"] == 0 and sharded["losses"] == pytest.approx(one["losses"], abs=2e-3)
    assert sharded["held_bytes"]["frozen"] == one["held_bytes"]["frozen"] / 2
    assert sharded["held_bytes"]["constants"] == one["held_bytes"]["constants"]  # which no rank shares
    assert sharded["norms"] == pytest.approx(one["norms"], rel=0.01)
    assert sharded["loss_after"] == pytest.approx(one["loss_after"], abs=2e-3)
    before = out.read_bytes()
    assert run("--out", out, "--quick").returncode == 0 and out.read_bytes() == before
    other = run("--out", out)
    assert other.returncode == 1 and other.stderr.strip().splitlines()[-1].startswith("error: ")


def test_waiting_for_nobody_ends(tmp_path):
    with pytest.raises(CourseError, match="nobody wrote"):
        scaling_out.wait_for(tmp_path / "train.go", 0.2)
