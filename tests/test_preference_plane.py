"""Lesson 10's receipt and the script that makes it."""

import json
import subprocess
import sys

import pytest
import torch
from lessons import ROOT

from course_utils import receipts
from course_utils.errors import CourseError
from course_utils.making import preference_plane as plane

RECEIPT = receipts.ASSETS / "preference_plane.json"


def consistent(receipt):
    """Whether every run has what the lesson reads of it."""
    size = receipt["sizes"]
    for run in receipt["runs"]:
        assert run["kept"].keys() == {"others", "bits"}
        if run["method"] == "best of n":
            assert all(len(shares) == len(run["n"]) for shares in run["best"].values())
            assert run["best"]["gold"] == sorted(run["best"]["gold"]) and run["judges"].keys() == {"pairs", "few"}
            continue
        assert run["marks"] and run["log"]
        for mark in run["marks"]:
            assert len(mark["gold"]) == len(mark["kl"]) == len(mark["words"]) == size["heldout"] * size["draws"]
            assert set(mark["gold"]) <= {0.0, 1.0} and min(mark["kl"]) > -1e-3


def test_the_receipt_holds_every_method_with_five_seeds():
    receipt = receipts.load("preference_plane")
    runs = {(run["method"], run["seed"]) for run in receipt["runs"]}
    assert len(runs) == len(receipt["runs"]) and runs == {(name, seed) for name in plane.METHODS for seed in range(5)}
    assert receipt["sizes"] == plane.FULL and receipt["hardware"] and receipt["versions"]["torch"]
    consistent(receipt)
    # Five runs of a method, not one five times.
    for name in plane.METHODS.keys() - {"best of n"}:
        assert len({tuple(run["marks"][-1]["kl"]) for run in receipt["runs"] if run["method"] == name}) == 5


@pytest.mark.slow
def test_the_script_goes_on_where_it_was_stopped(tmp_path, tiny_model):
    from peft import LoraConfig, get_peft_model

    from course_utils import models

    adapter, out = tmp_path / "adapter", tmp_path / "plane.json"
    get_peft_model(models.load_base(str(tiny_model)), LoraConfig(target_modules="all-linear")).save_pretrained(adapter)
    command = [sys.executable, "-m", "course_utils.making.preference_plane", "--quick", "--out", out, "--seeds", "0"]
    command += ["--model", tiny_model, "--adapter", adapter, "--methods"]
    first = ["best of n", "DPO with SFT", "PPO on a judge"]
    for methods in (first, [*first, "GRPO, all weights"]):
        done = subprocess.run([*command, *methods], cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    assert "GRPO, all weights, seed 0" in done.stdout and "PPO on a judge" not in done.stdout
    receipt = json.loads(out.read_text())
    assert [run["method"] for run in receipt["runs"]] == [*first, "GRPO, all weights"]
    assert receipt["sizes"] == plane.QUICK and str(tmp_path) not in receipt["command"].split("--model")[0]
    consistent(receipt)


# --- its parts, on numbers that can be counted by hand ---------------------------------------------------------------


def test_advantages_sum_the_surprises_that_fade():
    rewards, values = torch.tensor([[0.0, 1.0, 9.0]]), torch.tensor([[0.5, 0.25, 7.0]])
    mask = torch.tensor([[1.0, 1.0, 0.0]])  # the third place is padding, whatever stands there
    last = 1.0 - 0.25
    first = (0.0 + 0.25 - 0.5) + 0.9 * last
    assert plane.gae(rewards * mask, values * mask, mask, smooth=0.9).tolist()[0] == pytest.approx([first, last, 0])


class Two:
    """Lines of two prompts, the second with nothing right."""

    texts, rows = list("abcdefgh"), [{"required": []}] * 8

    def pick(self, which):
        return [self.texts[i] for i in which]


def test_pairs_come_from_one_prompt_the_right_line_first(monkeypatch):
    monkeypatch.setattr(plane.preferences, "golds", lambda lines: torch.tensor([0.0, 1, 0, 1, 0, 0, 0, 0]))
    pairs = plane.pairs_of(Two(), each=4, count=9, seed=0)
    assert sorted(pairs[::2]) == ["b", "d"] and sorted(pairs[1::2]) == ["a", "c"]
    assert len(plane.pairs_of(Two(), each=4, count=1, seed=0)) == 2
    monkeypatch.setattr(plane.preferences, "golds", lambda lines: torch.zeros(8))
    with pytest.raises(CourseError, match="no prompt has both"):
        plane.pairs_of(Two(), each=4, count=9, seed=0)


def test_noise_turns_pairs_round_and_nothing_else():
    class Pairs(list):
        def pick(self, which):
            return [self[i] for i in which]

    pairs = Pairs(range(400))
    turned = plane.turned(pairs, 0.1, 0)
    assert [{a, b} for a, b in zip(turned[::2], turned[1::2], strict=True)] == [{i, i + 1} for i in range(0, 400, 2)]
    assert 8 <= sum(a > b for a, b in zip(turned[::2], turned[1::2], strict=True)) <= 34
    assert plane.turned(pairs, 0.0, 0) == list(pairs)


def test_a_policy_without_an_adapter_can_go_back_to_its_start():
    net = torch.nn.Linear(2, 1)
    before = net.weight.detach().clone()
    whole = plane.Whole(net)
    net.weight.data += 1
    with whole.disable_adapter():
        assert torch.equal(net.weight, before)
    assert torch.equal(net.weight, before + 1) and len(list(whole.parameters())) == 2
    assert all(p.requires_grad for p in plane.policy(torch.nn.Linear(2, 1), 0, rank=None).parameters())


def test_every_method_names_a_function_and_its_arguments():
    import inspect

    for name, changes in plane.METHODS.values():
        assert changes.keys() <= inspect.signature(getattr(plane, name)).parameters.keys()


def test_the_receipt_is_no_larger_than_it_needs_to_be():
    assert RECEIPT.stat().st_size < 1_500_000 and json.loads(RECEIPT.read_text())["runs"]
