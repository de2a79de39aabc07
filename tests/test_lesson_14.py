"""Lesson 14 by papermill: planted faults are found, and what the memo says of a good, a useless and a leaky file."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from lessons import NO_MODEL, ROOT, refusal

from course_utils import alike, checks, memo, planted


@pytest.mark.slow
def test_the_planted_faults_are_found_and_the_memo_says_yes(report):
    results = report["results"]
    for kind, (hit, there, _) in results["found"].items():
        assert hit == there > 0, kind
    assert results["found"]["wrong"][2] <= 4 and results["found"]["unknown"][2] <= 3  # of some 190 rows
    assert results["verdict"] == "yes" and results["trained"] > 0.8 and results["gain"][1] > 0.1
    # The strongest way without training, which takes the model's words for the file's; a constant gives a quarter.
    assert results["best_untrained"] == "its own words, translated" and 0.5 < results["untrained"] < 0.9
    assert results["certificate"] == "rounding"
    curve = {int(count): score for count, score in results["curve"].items()}
    assert curve[max(curve)] > curve[min(curve)] + 0.2


def tune(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "course_utils", "tune", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=900, **options,
    )  # fmt: skip


@pytest.mark.slow
def test_a_useless_file_gets_a_no_and_a_killed_run_goes_on_where_it_was(tmp_path):
    """A table in columns of other names, with desks drawn by lot, and sorted by them: a part of it has to be drawn.

    Its run is killed, kernel and all.
    """
    file = tmp_path / "useless.csv"
    rows = sorted(planted.useless(44, 1).rows, key=lambda row: row["completion"])
    with file.open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["question", "answer"])
        writer.writerows([row["prompt"], row["completion"]] for row in rows)

    test = planted.write(planted.useless(44, 80, 1).test, tmp_path / "test.jsonl")
    options = [file, "--test", test, "--rows", "40", "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "course_utils", "tune", *map(str, options)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while not list(tmp_path.glob("out/stages/*/baselines.json")):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.2)
    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        os.kill(each.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out" / "memo.md").exists()
    (kept,) = tmp_path.glob("out/stages/*/baselines.json")
    before = kept.stat().st_mtime_ns

    done = tune(*options)
    assert done.returncode == 0 and done.stdout.startswith("no:"), done.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_text())["answers"] == 4
    aside = [json.loads(line) for line in (tmp_path / "out" / "set_aside.jsonl").read_text().splitlines()]
    assert {entry["reason"] for entry in aside} <= {"twin", "leak", "private", "unknown", "wrong"}
    said = (tmp_path / "out" / "memo.md").read_text()
    assert said.splitlines()[2].startswith(f"**{memo.VERDICTS['no']}.** Do not train:")
    assert kept.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_test_that_was_seen_says_nothing(tmp_path):
    """In two other forms: Alpaca as Parquet, and turns of ShareGPT. Each test row has a twin in the training."""
    import pyarrow
    from pyarrow import parquet

    rows = planted.desks(32, 12).rows
    table = {"instruction": [row["prompt"] for row in rows], "input": [""] * len(rows),
             "output": [row["completion"] for row in rows]}  # fmt: skip
    parquet.write_table(pyarrow.table(table), tmp_path / "alpaca.parquet")
    talks = [{"conversations": [{"from": "human", "value": f"News: {row['prompt']}"},
                                {"from": "gpt", "value": row["completion"]}]} for row in rows[:16]]  # fmt: skip
    (tmp_path / "sharegpt.json").write_text(json.dumps(talks))
    done = tune(tmp_path / "alpaca.parquet", "--test", tmp_path / "sharegpt.json", "--out", tmp_path / "out")
    assert done.returncode == 0 and done.stdout.startswith("unknown:"), done.stderr
    said = (tmp_path / "out" / "memo.md").read_text()
    asked = [turns["conversations"][0]["value"] for turns in talks]
    seen = len({pair.second for pair in alike.leaks([row["prompt"] for row in rows], asked)}) / len(asked)
    assert seen > 0.8
    assert f"{seen:.0%} of the test rows had twins among the rows to train on: the score means nothing." in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "planted_rows", "8"), "planted_rows = 8 is out of range: it goes from 16 to 2000"),
        (("-p", "hours", "-1"), "hours = -1.0 is out of range: it goes from 0.0 to 1000.0"),
        (("-p", "scorer", "exakt"), "scorer = 'exakt' is none of exact, begins"),
        (("-p", "data_file", "./nowhere.jsonl"), "there is no file"),
        (("-p", "model", "./nowhere"), NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("14", *options)


def split_by_row(groups, wanted):
    return list(range(wanted))


WRONG = [
    ("leaked_rows", lambda train, test: sum(text in train for text in test)),
    ("leaked_rows", lambda train, test: sum(text.lower() in {t.lower() for t in train} for text in test)),
    ("leaked_rows", lambda train, test: len({t.lower().strip() for t in train} & {t.lower().strip() for t in test})),
    ("jaccard", lambda one, other, n: len(set(one) & set(other)) / len(set(one) | set(other))),
    ("jaccard", lambda one, other, n: 1.0 if one == other else 0.0),
    ("rows_needed", lambda n1, e1, n2, e2, target: n2 * e2 / target),
    ("rows_needed", lambda n1, e1, n2, e2, target: n2 + (e2 - target) * (n2 - n1) / (e1 - e2)),
    ("group_split", split_by_row),
    ("group_split", lambda groups, wanted: [i for i, group in enumerate(groups) if group == groups[0]]),
]


@pytest.mark.parametrize(("name", "attempt"), WRONG)
def test_typical_mistakes_are_refused(name, attempt):
    verdict = getattr(checks, name)(attempt)
    assert verdict.ok is False and verdict.counterexample
