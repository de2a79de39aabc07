"""The command ``tune``: what it refuses before anything runs, and that two runs do not share a directory."""

import json
import os

import psutil
import pytest

from course_utils import __main__ as command
from course_utils import tune
from course_utils.errors import CourseError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "answer": "b"}\n' * 30)
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nowhere.jsonl"], "there is no file"),
        (["FILE", "--test", "nowhere.jsonl"], "there is no file"),
        (["FILE", "--scorer", "exakt"], "scorer = 'exakt' is none of"),
        (["FILE", "--scorer", "nowhere.py:score"], "is not there"),
        (["FILE", "--model", "./nowhere"], "there is no directory"),
        (["FILE", "--hours", "-1"], "'-1' is not a number of hours from 0 to 1000"),
        (["FILE", "--rows", "-5"], "rows = -5 is out of range"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(file, tmp_path, capsys, options, said):
    words = [str(file) if word == "FILE" else word for word in options]
    assert command.main(["tune", *words, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line and not (tmp_path / "out").exists()


BAD = {
    "empty.jsonl": ("", "is empty: it has to hold rows"),
    "one.jsonl": ('{"prompt": "a", "answer": "b"}\n', "holds 1 row that can be used: 24 are the least"),
    "unanswered.jsonl": ('{"prompt": "a"}\n' * 30, "holds 0 rows that can be used"),
    "notes.txt": ("three words only\n" * 40, "JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_of_which_nothing_can_be_made_is_one_line(tmp_path, capsys, name):
    text, said = BAD[name]
    (tmp_path / name).write_text(text)
    assert command.main(["tune", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line and not (tmp_path / "out").exists()


def test_a_file_larger_than_memory_may_hold_is_one_line(tmp_path, capsys):
    with (tmp_path / "large.jsonl").open("wb") as large:
        large.truncate(2_000_000_000)  # of zeros, which take no room on the disk
    assert command.main(["tune", str(tmp_path / "large.jsonl")]) == 2
    assert "has 2.0 GB and would be read whole into memory: give a part of it" in capsys.readouterr().err


def test_a_directory_that_cannot_be_written_is_one_line(file):
    with pytest.raises(CourseError, match="cannot write to /dev/null/out"):
        tune.main(file, out=type(file)("/dev/null/out"))


def test_two_runs_do_not_share_a_directory(tmp_path):
    other = psutil.Process(os.getppid())
    lock = tmp_path / "running.json"
    lock.write_text(json.dumps({"process": other.pid, "begun": other.create_time()}))
    with pytest.raises(CourseError, match=f"another run is at work in {tmp_path}"), tune.only_one(tmp_path):
        pass
    # A process of that number that began at another time is not the one that wrote it, which was killed.
    lock.write_text(json.dumps({"process": other.pid, "begun": other.create_time() - 60}))
    with tune.only_one(tmp_path):
        assert json.loads(lock.read_text())["process"] == os.getpid()
    assert not lock.exists()


def test_a_scorers_file_is_found_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def score(output, row):\n    return True\n")
    monkeypatch.chdir(tmp_path)
    assert tune._scorer("mine.py:score") == f"{tmp_path / 'mine.py'}:score"
    assert tune._scorer("regex:a.py:b") == "regex:a.py:b" and tune._scorer(None) is None
