"""Lesson 06 by papermill, as `validate` runs it: within its budget, and the model really learns."""

import pytest
from lessons import NO_MODEL, refusal


@pytest.mark.slow
def test_it_records_what_it_should(report):
    assert report["results"].keys() == {
        "accuracy_before", "accuracy_after", "accuracy_by_task", "handwritten_sentiment_accuracy", "train_seconds",
        "tokens_per_second", "trainable_parameters", "adapter_mb", "resume_gap", "stopped_at", "mean_of_means",
        "mean_of_tokens", "accumulated", "at_once", "bits_after_rounding", "error_after_rounding",
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
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(report):
    assert report["results"]["resume_gap"] == 0
    stopped = report["results"]["stopped_at"]
    assert 4 <= stopped["best"] < stopped["step"] < 80


@pytest.mark.slow
def test_accumulated_batches_are_one_batch_and_a_mean_of_means_is_not(report):
    results = report["results"]
    assert results["accumulated"] == pytest.approx(results["at_once"], rel=0.02)
    assert results["at_once"] == pytest.approx(results["mean_of_tokens"], rel=0.05)
    assert results["mean_of_means"] > 1.3 * results["mean_of_tokens"]


def of_another_model(results):
    """In the browser a model without a recipe of its own takes TinyLlama's, and goes on as if it had not stopped."""
    assert results["resume_gap"] == 0
    # per layer: q and o 64x64, k and v 64x32, gate, up and down 64x128; two layers; rank 64
    assert results["trainable_parameters"] == 2 * 64 * (2 * 128 + 2 * 96 + 3 * 192)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "rank", "900"], "rank = 900 is out of range: it goes from 1 to 256"),
        (["-p", "rnak", "8"], "a parameter 'rnak'; did you mean rank?"),
        (["-p", "train_on", "squad"], "is not one of 'world', 'reviews', 'ultrachat'"),
        (["-p", "model", "./nowhere"], NO_MODEL),
        (["-p", "adapter", "/dev/null"], "there is no directory /dev/null: check the adapter's name"),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("06", *options)
