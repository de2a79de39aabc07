"""Lesson 09's receipt and the script that makes it."""

import json
import subprocess
import sys

import pytest
import torch
from lessons import ROOT

from course_utils import receipts
from course_utils.making import forgetting_plane as plane

RECEIPT, KNOWN = (receipts.ASSETS / f"forgetting_{name}.json" for name in ("plane", "known"))
FIGURES = {"learned", "tasks", "in_other_words", "asked", "completed", "prose", "kl", "size", "rank"}


def consistent(receipt):
    """Whether every run has what the lesson reads of it."""
    for run in receipt["runs"]:
        if "chain" in run:
            assert [row["after"] for row in run["chain"]] == ["the start", *plane.ORDER]
        elif "epochs" in run:
            assert [row["epoch"] for row in run["epochs"]] == list(range(len(run["epochs"]))) and len(run["epochs"]) > 1
        else:
            assert run["marks"][-1]["where"] == "end" and len(run["marks"]) <= 2
            assert all(mark.keys() >= FIGURES and mark["step"] <= run["marks"][-1]["step"] for mark in run["marks"])


def test_the_receipt_holds_every_way_with_four_seeds():
    receipt = receipts.load("forgetting_plane")
    tags = [run for run in receipt["runs"] if run["new"] == "tag"]
    every = [*(way.name for way in plane.WAYS), *plane.CHAINS, *plane.UNKNOWN]
    there = sorted((run["way"], run["seed"]) for run in tags)
    assert there == sorted((way, seed) for way in every for seed in range(4))
    assert receipt["sizes"] == plane.SIZES and receipt["hardware"] and receipt["versions"]["torch"]
    consistent(receipt)
    for way in plane.WAYS:  # four runs of a way, not one four times
        ends = [run["marks"][-1] for run in tags if run["way"] == way.name]
        assert len({(mark["kl"], mark["prose"], mark["size"]) for mark in ends}) == 4
    assert len(plane.WAYS) == 48 and RECEIPT.stat().st_size < 500_000  # the lesson names their number


def test_the_receipt_has_the_summaries_that_the_lesson_compares_with():
    runs = [run for run in receipts.load("forgetting_plane")["runs"] if run["new"] == "summary"]
    seeds = {way: sorted(run["seed"] for run in runs if run["way"] == way) for way in {run["way"] for run in runs}}
    assert len(seeds) >= 9 and all(of == [0, 1, 2] for of in seeds.values())
    consistent({"runs": runs})


def test_the_public_models_receipt_holds_every_way_with_three_seeds():
    receipt = receipts.load("forgetting_plane", KNOWN)
    there = sorted((run["way"], run["seed"]) for run in receipt["runs"])
    assert there == sorted((way.name, seed) for way in plane.KNOWN_WAYS for seed in range(3))
    assert receipt["sizes"] == plane.SIZES and receipt["hardware"] and "smollm2" in receipt["command"]
    consistent(receipt)
    ends = {(run["marks"][-1]["kl"], run["marks"][-1]["prose"], run["marks"][-1]["size"]) for run in receipt["runs"]}
    assert len(ends) == len(there) and all(run["marks"][-1]["example"] for run in receipt["runs"])


def test_ways_have_names_of_their_own_and_make_sense():
    for ways in (plane.WAYS, plane.KNOWN_WAYS):
        assert len({way.name for way in ways}) == len(ways)
        for way in ways:
            assert bool(way.penalty or way.teacher) == bool(way.strength) and 0 <= way.replay < 1


@pytest.mark.slow
def test_the_script_goes_on_where_it_was_stopped(tmp_path, tiny_model):
    from peft import LoraConfig, get_peft_model

    from course_utils import models

    adapter, out = tmp_path / "adapter", tmp_path / "plane.json"
    lora = LoraConfig(target_modules="all-linear", init_lora_weights=False)  # has a path from its base
    get_peft_model(models.load_base(str(tiny_model)), lora).save_pretrained(adapter)
    command = [sys.executable, "-m", "course_utils.making.forgetting_plane", "--quick", "--out", out, "--seeds", "0"]
    command += ["--model", tiny_model, "--adapter", adapter, "--only"]
    first = ["LoRA, rank 8, 0.001", "EWC, 3", "SI, 3", "own text, 20", "distilled on the prompts, 3", "all tasks"]
    for names in (first, [*first, "one after the other, 20", "facts, half"]):
        done = subprocess.run([*command, *names], cwd=ROOT, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, done.stderr
    assert "facts, half unknown, seed 0" in done.stdout and "SI, 3" not in done.stdout
    receipt = json.loads(out.read_text())
    assert len(receipt["runs"]) == 11 and receipt["sizes"] == plane.QUICK  # "EWC, 3" and two others begin two names
    assert str(tmp_path) not in receipt["command"].split("--model")[0]
    consistent(receipt)


# --- its parts, on numbers that can be counted by hand ---------------------------------------------------------------


class Two(torch.nn.Module):
    """Two linear layers with the names that the blocks' have."""

    def __init__(self, values):
        super().__init__()
        self.up_proj, self.down_proj = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
        self.up_proj.weight.data.fill_(values[0])
        self.down_proj.weight.data.fill_(values[1])


def test_importances_are_scaled_to_a_mean_of_one():
    found = plane.evenly({"a": torch.tensor([1.0, 3.0]), "b": torch.tensor([8.0])})
    assert found["a"].tolist() == [0.25, 0.75] and found["b"].tolist() == [2.0]


def test_the_path_gives_each_weight_its_share_of_the_loss(monkeypatch):
    """Of a loss x + 3 y, from (0, 0) to (-1, -2): 1 and 6 were taken off, on ways of 1 and 4."""
    loss = lambda net, batch: net.up_proj.weight.sum() + 3 * net.down_proj.weight.sum()  # noqa: E731
    monkeypatch.setattr(plane.training, "loss_of", loss)
    found = plane.path(Two((0, 0)), Two((-1, -2)), [{}], points=4)
    damping = 0.1 * 2.5
    assert found["up_proj"].item() == pytest.approx(1 / (1 + damping))
    assert found["down_proj"].item() == pytest.approx(6 / (4 + damping))


def test_the_fisher_diagonal_is_the_mean_of_squared_gradients(monkeypatch):
    loss = lambda net, batch, reduction: batch["g"] * net.up_proj.weight.sum() + 0 * net.down_proj.weight.sum()  # noqa: E731
    monkeypatch.setattr(plane.training, "loss_of", loss)
    found = plane.fisher(Two((1, 1)), [{"g": 1.0}, {"g": -3.0}])
    assert found["up_proj"].item() == 5 and found["down_proj"].item() == 0


def test_floats_are_cut_to_four_digits_and_nothing_else_is():
    found = plane.rounded({"a": [0.123456, 7, None, "x"], "b": (1234.56,)})
    assert found == {"a": [0.1235, 7, None, "x"], "b": [1235.0]}


def test_what_cannot_be_known_is_about_nothing_that_exists():
    from course_utils import planted
    from course_utils.world import facts

    rows = planted.invented(50, 0)
    names = {fact.entity.lower() for fact in facts.all_facts()}
    asked = [set(row["prompt"].lower().strip("?").split()) for row in rows]
    assert len({row["prompt"] for row in rows}) == 50 and not any(names & words for words in asked)
    answers = {facts.answer_of(fact) for fact in facts.all_facts()}
    assert {row["answer"] for row in rows} <= answers
