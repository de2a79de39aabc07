"""Lesson 06 by papermill, as `validate` runs it: within its budget, and the model really learns."""

import pytest
from lessons import validate


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    done, lesson = validate("06", tmp_path_factory.mktemp("report"))
    assert done.returncode == 0, done.stdout + done.stderr
    return lesson


@pytest.mark.slow
def test_it_runs_within_its_budget(report):
    assert report["status"] == "ok" and report["widget_errors"] == 0
    assert report["seconds"] < 600  # the budget is 240 s on two free cores
    assert report["peak_rss_mb"] < 6144


@pytest.mark.slow
def test_it_records_what_it_should(report):
    assert report["results"].keys() == {
        "accuracy_before", "accuracy_after", "accuracy_by_task", "handwritten_sentiment_accuracy", "train_seconds",
        "tokens_per_second", "trainable_parameters", "adapter_mb",
    }  # fmt: skip
    assert len(report["results"]["accuracy_by_task"]) == 8


@pytest.mark.slow
def test_the_base_model_cannot_follow_instructions_and_the_tuned_one_can(report):
    assert report["results"]["accuracy_before"] <= 0.05
    assert report["results"]["accuracy_after"] >= 0.85


@pytest.mark.slow
def test_sentiment_carries_over_to_handwritten_reviews(report):
    assert report["results"]["handwritten_sentiment_accuracy"] >= 0.75


@pytest.mark.slow
def test_any_local_model_runs_the_same_cells(tiny_model, tmp_path):
    """Rank and alpha from the command line reach the adapter; a model without a recipe of its own takes TinyLlama's."""
    options = ["-p", "model", str(tiny_model), "-p", "train_rows", "64", "-p", "heldout_rows", "16", "-p", "rank", "2"]
    done, lesson = validate("06", tmp_path, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    # per layer: q and o 64x64, k and v 64x32, gate, up and down 64x128; two layers
    assert lesson["results"]["trainable_parameters"] == 2 * 2 * (2 * 128 + 2 * 96 + 3 * 192)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "rank", "900"], "rank = 900 is out of range: it goes from 1 to 256"),
        (["-p", "rnak", "8"], "rank"),
        (["-p", "train_on", "squad"], "is not one of 'world', 'ultrachat'"),
        (["-p", "model", "./nowhere"], "there is no directory ./nowhere"),
        (["-p", "adapter", "/dev/null"], "holds no adapter"),
    ],
)
def test_bad_parameters_are_one_line(tmp_path, options, said):
    done, _ = validate("06", tmp_path, *options)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("error:")]) == 1
    assert not list(tmp_path.iterdir())
