"""Lesson 14's receipts of doses: what is at fault and how much of it, and the script that makes them."""

import json
import random
import statistics

import pytest

from course_utils import data, receipts
from course_utils.errors import CourseError
from course_utils.making import doses


@pytest.fixture
def rows():
    return [data.row_of("", f"text {i}", "abcd"[i % 4]) for i in range(96)]


@pytest.fixture
def reported():
    return [data.row_of("", f"other {i}", "abcd"[i % 4]) for i in range(40)]


def made(kind, dose, rows, reported):
    train, asked = doses.faulty(kind, dose, rows, reported, 64, random.Random(0))
    assert len(train) == 64  # whatever the dose
    return train, asked


def text(row):
    return row["prompt"].split(": ")[-1]


@pytest.mark.parametrize("dose", doses.DOSES["twins"])
def test_twins_are_so_many_and_stand_on_both_sides_of_the_cut(rows, reported, dose):
    train, asked = made("twins", dose, rows, reported)
    distinct = {text(row) for row in (*train, *asked)}
    assert len(distinct) == round((1 - dose) * 96)
    seen = {text(row) for row in train}
    assert sum(text(row) in seen for row in asked) > 0.3 * dose * len(asked)


@pytest.mark.parametrize("dose", doses.DOSES["leaks"])
def test_so_much_of_the_reported_test_was_trained_on(rows, reported, dose):
    train, asked = made("leaks", dose, rows, reported)
    assert asked == reported and len({text(row) for row in train} & {text(row) for row in asked}) == round(dose * 40)


@pytest.mark.parametrize("dose", doses.DOSES["wrong"])
def test_so_many_answers_are_wrong_in_both_parts(rows, reported, dose):
    for found, whole in zip(made("wrong", dose, rows, reported), (rows[:64], reported), strict=True):
        changed = [row["answer"] != right["answer"] for row, right in zip(found, whole, strict=True)]
        assert sum(changed) == round(dose * len(whole))


def test_so_many_rows_are_in_the_other_form_and_only_the_answer_is_graded(rows, reported):
    train, asked = made("template", 0.25, rows, reported)
    assert sum(row["plain"] for row in train) == 16 and all(row["plain"] for row in asked)

    class Tokenizer:
        eos_token_id = 2

        def __call__(self, text, add_special_tokens=True):
            return {"input_ids": [1] * add_special_tokens + [ord(letter) for letter in text]}

    ids, labels = doses.encode(Tokenizer(), {"prompt": "why?", "answer": "so", "plain": True})
    assert "".join(map(chr, ids[1:-3])) == "### Question: why?\n### Answer: "
    assert [label for label in labels if label >= 0] == [ord("s"), ord("o"), 2] == ids[-3:]


def test_each_dose_comes_once_for_each_seed():
    given = doses.parse(["--out", "x"])
    cases = doses.plan(given)
    assert len(set(cases)) == len(cases) == 3 * sum(map(len, doses.DOSES.values()))


@pytest.mark.slow
def test_it_writes_a_receipt_and_goes_on_where_it_stood(tiny_model, tmp_path, capsys):
    out = tmp_path / "doses.json"
    options = ["--out", str(out), "--model", str(tiny_model), "--quick"]
    assert doses.main(options) == 0
    whole = json.loads(out.read_text())
    assert [run["kind"] for run in whole["runs"]] == ["none", "twins", "leaks", "template"]
    assert whole["command"].endswith("--quick") and str(tmp_path) not in whole["command"]
    assert all(0 <= run[name] <= 1 for run in whole["runs"] for name in ("true", "reported"))
    out.write_text(json.dumps(whole | {"runs": whole["runs"][1:]}))
    assert doses.main(options) == 0
    again = json.loads(out.read_text())["runs"]
    order = {run["kind"]: run | {"seconds": 0} for run in again}
    assert order == {run["kind"]: run | {"seconds": 0} for run in whole["runs"]}
    with pytest.raises(CourseError, match="of another model, other rows or another recipe"):
        doses.main([*options, "--file", "a.csv", "--test", "b.csv"])


def mean(receipt, kind, dose, score):
    values = [run[score] for run in receipt["runs"] if (run["kind"], run["dose"]) == (kind, dose)]
    assert len(values) >= 2, (kind, dose)
    return statistics.mean(values)


def test_what_lesson_14_says_of_its_receipt():
    receipt = receipts.load("doses")
    true = {kind: mean(receipt, kind, shares[-1], "true") for kind, shares in doses.DOSES.items()}
    read = {kind: mean(receipt, kind, shares[-1], "reported") for kind, shares in doses.DOSES.items()}
    assert read["twins"] > true["twins"] + 0.3  # a handful of texts behind a splendid score
    assert read["leaks"] > true["leaks"] > true["none"] - 0.1
    assert read["wrong"] < true["wrong"] < true["none"] - 0.3
    assert true["template"] > true["none"] - 0.2
