"""Lesson 06's receipt of SmolLM2 and the script that makes it: what the lesson says of them is in their answers."""

import json
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import adapters, evaluate, models, receipts
from course_utils.errors import CourseError
from course_utils.making import known_model


def pooled(receipt, way, test, what="right"):
    return [bit == "1" for run in receipt["runs"] if run["way"] == way for bit in run["scores"][test][what]]


def test_the_receipt_bears_what_lesson_06_says():
    receipt = receipts.load("known_model")
    assert receipt["model"] == "smollm2" and receipt["hardware"] and receipt["versions"]["torch"]
    recipe = adapters.recipe("smollm2", "book") | {"rows": 1000}
    assert recipe.pop("checkpointing") is False  # nor was there any then, when recipes did not name it
    assert receipt["recipe"] == recipe
    assert receipt["tests"].keys() == {"handwritten", "amazon", "movie"}
    assert [run["seed"] for run in receipt["runs"] if run["way"] == "tuned"] == [0, 1, 2]
    for test, count in receipt["tests"].items():
        assert all(len(bits) == count for run in receipt["runs"] for bits in list(run["scores"][test].values())[:3])
        before, with_examples, after = (
            evaluate.interval(pooled(receipt, way, test)) for way in ("as it comes", "6 examples", "tuned")
        )
        assert before[1] < 0.1 < with_examples[0] and with_examples[1] < after[0]
        formats = pooled(receipt, "tuned", test, "format")
        assert sum(formats) >= 0.99 * len(formats)
    plain, *tuned = [run for run in receipt["runs"] if "facts" in run]
    assert all(run["facts"] < plain["facts"] for run in tuned)


@pytest.fixture
def rated(tmp_path):
    lines = [f"{i}\t{rating}\tIt is number {i}." for i, rating in enumerate((3.1, -2.5, 2.0, -3.0, 0.4, -1.9, 2.7))]
    for name in ("amazon", "movie"):
        (tmp_path / f"{name}ReviewSnippets_GroundTruth.txt").write_text("\n".join(lines))
    return tmp_path


def test_only_what_people_found_clear_is_asked_as_many_of_one_as_of_the_other(rated):
    rows = known_model.rated(rated / "amazonReviewSnippets_GroundTruth.txt", 4)
    numbers = {row["answer"]: {row["prompt"].split("number ")[1][0] for row in rows if row["answer"] == word}
               for row in rows for word in [row["answer"]]}  # fmt: skip
    assert (
        numbers["negative"] == {"1", "3"} and len(numbers["positive"]) == 2 and numbers["positive"] <= {"0", "2", "6"}
    )


def test_a_file_of_another_form_is_one_line(tmp_path):
    (tmp_path / "x.txt").write_text("no table at all")
    with pytest.raises(CourseError, match="is no table of number, rating and sentence"):
        known_model.rated(tmp_path / "x.txt", 4)


@pytest.mark.slow
def test_the_script_writes_such_a_receipt(tmp_path, tiny_model, rated):
    out = tmp_path / "known.json"
    command = [sys.executable, "-m", "course_utils.making.known_model", "--out", out, "--model", tiny_model]
    done = subprocess.run(
        [*command, "--others", rated, "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    receipt = json.loads(out.read_text())
    assert [run["way"] for run in receipt["runs"]] == ["as it comes", "2 examples", "6 examples", "tuned"]
    assert receipt["tests"] == {"handwritten": 8, "amazon": 4, "movie": 4}
    assert receipt["command"].endswith("--out FILE --model " + str(tiny_model) + " --others DIR --quick")


def test_every_fact_is_asked_once_and_its_word_is_not_in_the_question():
    for question, words in known_model.FACTS.items():
        assert not any(word.lower() in question.lower() for word in words.split("|")), question
    assert models.NAMES["smollm2"]
