"""The public rows that stand in the course, and the script that runs lesson 14 with them."""

import csv
import json

from course_utils.making import banking


def rows(part):
    with (banking.ROWS / f"{part}.csv").open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def test_the_rows_are_as_their_source_says():
    train, test = rows("train"), rows("test")
    assert (len(train), len(test)) == (480, 180)
    for part, each in ((train, 40), (test, 15)):
        answers = [row["answer"] for row in part]
        assert len(set(answers)) == 12 and all(answers.count(answer) == each for answer in answers)
    assert not {row["question"] for row in train} & {row["question"] for row in test}
    said = (banking.ROWS / "SOURCE.md").read_text()
    assert "CC BY 4.0" in said and "2003.04807" in said


def test_each_seed_is_run_once_and_told_in_words_of_the_file(tmp_path, monkeypatch):
    asked = []

    def as_tune(file, out, **given):
        asked.append(given)
        found = {"verdict": "yes", "untrained": 0.2, "trained": 0.7, "accused": [[2, "exchange rate", 0.98765]]}
        (out / "results.json").write_text(json.dumps(found))

    monkeypatch.setattr(banking.tune, "main", as_tune)
    options = ["--out", str(tmp_path / "banking.json"), "--model", "pocket-llama", "--seeds", "3", "4"]
    assert banking.main(options) == banking.main(options) == 0
    assert [given["seed"] for given in asked] == [3, 4] and asked[0]["model"] == "pocket-llama"
    receipt = json.loads((tmp_path / "banking.json").read_text())
    assert receipt["command"].endswith("--out FILE --model pocket-llama --seeds 3 4")
    first = rows("train")[0]
    told = {"text": first["question"], "says": first["answer"], "instead": "exchange rate", "sure": 0.988}
    assert [run["accused"] for run in receipt["runs"]] == [[told], [told]]
