"""Lesson 13 by papermill: the gradients of one process, whoever shares the work; its receipt; and its graders."""

import pytest
import torch
from lessons import NO_MODEL, refusal
from torch.distributed.tensor import Shard

from course_utils import checks, receipts
from course_utils.making import scaling_out


@pytest.mark.slow
def test_every_way_has_the_gradients_of_one_process(report):
    apart = report["results"]["gradients_apart"]
    assert apart.keys() >= {"by hand", "DDP", "FSDP 2", "FSDP 2, NF4 in uint8", "FSDP 2, NF4 in float32"}
    assert max(apart.values()) < 1e-6


@pytest.mark.slow
def test_the_mean_of_means_is_wrong_and_its_cure_is_right(report):
    losses = report["results"]["mean_of_means"]
    assert losses["cured"] == pytest.approx(losses["one process"], rel=1e-5)
    assert losses["mean of means"] != pytest.approx(losses["one process"], rel=0.05)


@pytest.mark.slow
def test_a_rank_holds_less_from_stage_to_stage(report):
    held = report["results"]["bytes_on_rank_0"]
    ways = ("DDP", "ZeRO-1", "ZeRO-2", "FSDP 2", "FSDP 2, 4 bits")
    assert [held[way] for way in ways] == sorted(held.values(), reverse=True)
    assert held["FSDP 2"] < 0.51 * held["DDP"]


@pytest.mark.slow
def test_what_was_saved_is_what_was_trained_but_for_the_exhibit(report):
    saved, merged = report["results"]["saved"], report["results"]["certificates"]
    exhibit = "FSDP 2, wrapped"
    assert saved.pop(exhibit).startswith("0 of ") and merged.pop(exhibit) == "changed"
    assert all(left == right for left, right in (text.split(" of ") for text in saved.values()))
    assert set(merged.values()) <= {"equal", "rounding"}


@pytest.mark.slow
def test_a_killed_run_goes_on_with_another_number_of_processes(report):
    assert report["results"]["resumed_apart"] < 1e-5


@pytest.mark.slow
def test_two_machines_meet_once_their_interface_is_named(report):
    tried = report["results"]["two_machines"]  # empty where they cannot be had
    assert tried == [] or (tried[0] != [0, 0] and tried[1] == [0, 0])


# --- the receipt -----------------------------------------------------------------------------------------------------

RUNS = {run["name"]: run for run in receipts.load("scaling_out")["runs"] if "error" not in run}


def test_the_receipt_holds_what_the_lesson_shows():
    planned = {case.name for group in scaling_out.plan(False, 4) for case in group}
    assert RUNS.keys() <= planned
    for of in ("7b", "tinyllama"):
        for way in ("one card", "DDP", "FSDP 2"):
            assert any((run["shape"], run["way"]) == (of, way) for run in RUNS.values()), (of, way)


def test_ddp_learns_what_one_card_does():
    """On the same rows, by the same steps: the loss afterwards, computed by one process."""
    after = {(run["shape"], run["stored"], run["way"], run["rows"]): run.get("loss_after") for run in RUNS.values()}
    pairs = [
        (loss, after[shape, stored, "one card", rows])
        for (shape, stored, way, rows), loss in after.items()
        if way == "DDP" and (shape, stored, "one card", rows) in after
    ]
    assert len(pairs) >= 2 and all(abs(ddp - one) < 0.01 for ddp, one in pairs)


def test_each_saved_adapter_is_the_trained_one_or_the_file_is_empty():
    for name, run in RUNS.items():
        if "saved_tensors" in run:
            empty = run["way"] in ("FSDP 1", "FSDP 2, its own checkpointing")
            assert run["saved_tensors"] == (0 if empty else run["trained_tensors"]), name
            assert run["different"] == 0
            assert run.get("certificate", {}).get("kind") in ("changed" if empty else "rounding", None), name


def test_seventy_billion_weights_stand_on_two_cards_of_24_gigabytes():
    (run,) = (run for run in RUNS.values() if (run["shape"], run["way"]) == ("70b", "FSDP 2"))
    assert run["process_bytes"] < run["held_to"] == 24 * 2**30


# --- parameters and graders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "processes", "1"), "processes = 1 is out of range: it goes from 2 to 4"),
        (("-p", "rows", "0"), "rows = 0 is out of range: it goes from 1 to 32"),
        (("-p", "length", "8"), "length = 8 is out of range: it goes from 32 to 512"),
        (("-p", "rank", "65"), "rank = 65 is out of range: it goes from 1 to 64"),
        (("-p", "model", "./nowhere"), NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("13", *options)


def test_a_piece_is_what_torch_cuts():
    for length, cards in ((8, 2), (5, 2), (6, 4), (3, 8), (384, 7)):
        cut, _ = Shard(0)._split_tensor(torch.zeros(length, 2), cards, with_padding=False, contiguous=False)
        for rank, own in enumerate(cut):
            assert checks.piece.answer([length, 2], cards, rank)[0] == (own.shape[0] if own.numel() else 0)


@pytest.mark.parametrize("name", ["ring_bytes", "largest_model", "shares", "piece"])
def test_each_known_mistake_gets_its_own_sentence_and_a_counter_example(name):
    exercise = getattr(checks, name)
    for sentence, mistake in exercise.mistakes.items():
        verdict = exercise(mistake)
        assert verdict.ok is False and verdict.message == sentence, sentence
        assert name in verdict.counterexample


def test_shares_make_the_average_that_of_all_tokens():
    tokens, means = [3, 10, 1], [2.0, 1.0, 5.0]
    average = sum(share * mean for share, mean in zip(checks.shares.answer(tokens), means, strict=True)) / 3
    assert average == pytest.approx(sum(t * m for t, m in zip(tokens, means, strict=True)) / sum(tokens))
