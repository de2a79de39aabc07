"""The model card is what the receipt says, and publishing loses nothing when something is missing."""

import json

import pytest

from course_utils.errors import CourseError
from course_utils.making import publish

RECEIPT = json.loads((publish.ASSETS / "receipts" / "pocket_llama.json").read_text())
MODEL = publish.ASSETS / "pocket-llama"


def test_card_and_curve_are_made_from_the_receipt():
    assert (MODEL / "README.md").read_text() == publish.card(RECEIPT)
    assert (MODEL / publish.CURVE).read_text() == publish.curve_svg(RECEIPT)


def test_card_names_sources_licences_and_credits():
    text = (MODEL / "README.md").read_text()
    for word in (
        "Project Gutenberg",
        "FairytaleQA",
        "CC BY",
        "CDLA-Sharing-1.0",
        "must not be used",
        RECEIPT["command"],
    ):
        assert word in text
    credits = (MODEL / publish.CREDITS).read_text().splitlines()
    assert len(credits) > 100 and all(len(line.split("\t")) == 4 for line in credits)


def test_the_receipt_describes_these_weights():
    from course_utils import models

    model = models.load_base("pocket-llama")
    assert sum(p.numel() for p in model.parameters()) == RECEIPT["parameters"]


def test_heldout_english_takes_few_bits():
    assert RECEIPT["heldout_bits_per_byte"] <= 1.24


def test_no_story_opening_loops():
    assert len(RECEIPT["continuations"]) == 20 and RECEIPT["looping"] == 0


def test_an_unfinished_run_changes_nothing(tmp_path):
    with pytest.raises(CourseError, match="finish the pretraining first"):
        publish.publish(tmp_path, tmp_path, assets=tmp_path / "assets")
    assert not (tmp_path / "assets").exists()
