"""The planted file: its faults stand where it says."""

import json

import pytest

from course_utils import alike, data, planted, private


@pytest.mark.parametrize("seed", range(4))
def test_each_fault_is_where_it_is_said_to_be_and_no_row_has_two(seed):
    made = planted.desks(seed=seed)
    texts, tests = [row["prompt"] for row in made.rows], [row["prompt"] for row in made.test]
    places = [line for lines in made.faults.values() for line in lines]
    assert len(places) == len(set(places)) and {len(made.rows), *places} <= set(range(1, len(made.rows) + 1))
    assert {kind: len(lines) for kind, lines in made.faults.items()} == {
        "twin": 8, "leak": 3, "private": 3, "wrong": 8, "unknown": 20,
    }  # fmt: skip
    assert {pair.first + 1 for pair in alike.leaks(texts, tests)} == set(made.faults["leak"])
    assert {finding.place + 1 for finding in private.find(texts)} == set(made.faults["private"])
    twinned = {place + 1 for pair in alike.pairs(texts) for place in pair[:2]}
    assert twinned >= set(made.faults["twin"])
    truth = {row["quote"]: row["tags"][0] for row in data.quotes("train", 160, 700 + seed)}
    wrong = {line for line, row in enumerate(made.rows, 1)
             if row["completion"] != truth.get(row["prompt"].removesuffix(" ->:"), row["completion"])}  # fmt: skip
    assert wrong == set(made.faults["wrong"])


def test_a_small_one_has_fewer_and_a_seed_is_its_own():
    assert len(planted.desks(24, 12).rows) == 24 + 1 + 1 + 3
    assert planted.desks(seed=1) == planted.desks(seed=1) != planted.desks(seed=2)


def test_useless_answers_say_nothing_of_their_texts():
    made = planted.useless(400, 100)
    truth = {row["quote"]: row["tags"][0] for row in data.quotes("train", 400, 700)}
    agree = sum(row["completion"] == truth[row["prompt"].removesuffix(" ->:")] for row in made.rows) / 400
    assert 0.15 < agree < 0.35 and made.faults == {}


def test_rows_are_written_as_json_lines(tmp_path):
    file = planted.write([{"prompt": "a", "completion": "b"}] * 2, tmp_path / "deep" / "rows.jsonl")
    assert [json.loads(line) for line in file.read_text().splitlines()] == [{"prompt": "a", "completion": "b"}] * 2
