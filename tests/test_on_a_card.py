"""The script that runs the lessons on a GPU: its quick run goes the same path on a CPU, and on where it stopped."""

import json
import math
import subprocess
import sys

import nbformat
import pytest
from lessons import ROOT

from course_utils import contents, model_files, models, receipts, results
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
    assert {entry["hardware"] for entry in receipt["runs"]} == {receipt["hardware"].split(" (")[0]}
    entries = {entry["run"]: entry for entry in receipt["runs"]}
    assert entries.keys() == {each.name for each in on_a_card.QUICK}
    for entry in entries.values():
        assert entry["status"] == "ok", entry["error"]
        assert entry["results"]
    assert entries["fp16"]["dtype"].startswith("torch.")  # a kernel asked, and was answered by what stands in its way
    before = out.read_bytes()
    assert run("--out", out, "--quick").returncode == 0 and out.read_bytes() == before


# --- the receipt -----------------------------------------------------------------------------------------------------

CARD = receipts.load("on_a_card")
SCORES = {"00": ("accuracy_after", 48), "06": ("accuracy_after", 200)}  # and out of how many questions


def on_a_cpu(lesson):
    """What the lesson recorded where it was executed for the repository."""
    (file,) = (entry.file for entry in contents.entries() if entry.number == lesson)
    outputs = (out for cell in nbformat.read(contents.NOTEBOOKS / file, 4).cells for out in cell.get("outputs", ()))
    found = [out["data"][results.MIME] for out in outputs if results.MIME in out.get("data", {})]
    return {name: value for one in found for name, value in one.items()}


def on_the_card(name, lesson):
    (run,) = (run for run in CARD["runs"] if (run["run"], run["lesson"]) == (name, lesson))
    return run["results"]


def test_each_lesson_ended_well_there():
    assert {run["status"] for run in CARD["runs"]} == {"ok"}
    assert not any(run["widget_errors"] for run in CARD["runs"])
    assert {run["run"] for run in CARD["runs"]} <= {each.name for each in on_a_card.FULL}
    assert all(run["dtype"] == "torch.float16" for run in CARD["runs"] if run["run"].startswith("fp16"))


def test_no_card_held_more_than_it_has():
    """A run that another machine goes on from keeps the card that it was made on."""
    megabytes = {"NVIDIA H100 80GB HBM3": 81_559, "NVIDIA H200": 143_771}
    assert all(run["card_peak_mb"] <= megabytes[run["hardware"]] for run in CARD["runs"])


EVERY = {"00", "01", "02", "03", "04", "05", "06", "07", "08", "10", "12"}


@pytest.mark.parametrize(
    ("name", "lessons"),
    [
        ("pocket-llama", EVERY),
        ("two GPUs visible", EVERY),
        ("TinyLlama's shape", EVERY),
        ("Llama 2 7B's shape", {"00", "06", "07", "08"}),
        ("smollm2", {"00", "05", "06", "07", "08"}),
    ],
)
def test_each_model_runs_there_in_its_lessons(name, lessons):
    assert {run["lesson"] for run in CARD["runs"] if run["run"] == name} >= lessons


@pytest.mark.parametrize(
    ("name", "lesson"),
    [("pocket-llama", "00"), ("pocket-llama", "06"), ("fp16, as on a T4", "00"), ("fp16, as on a T4", "06")],
)
def test_scores_there_agree_with_a_cpus_within_their_error(name, lesson):
    figure, questions = SCORES[lesson]
    there, here = on_the_card(name, lesson)[figure], on_a_cpu(lesson)[figure]
    error = math.sqrt((there * (1 - there) + here * (1 - here)) / questions)
    assert abs(there - here) <= 1.96 * error


def test_what_no_training_moves_agrees_closely():
    """Bits per byte of pocket-llama in each format, and the loss of a model tuned in full: rounding apart."""
    there, here = on_the_card("pocket-llama", "02")["bits_per_byte"], on_a_cpu("02")["bits_per_byte"]
    assert there == pytest.approx(here, rel=2e-3)
    tuned = "heldout_loss_fully_tuned"
    assert on_the_card("pocket-llama", "04")[tuned] == pytest.approx(on_a_cpu("04")[tuned], rel=0.01)
