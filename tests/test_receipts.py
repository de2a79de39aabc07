"""Receipts: the course's own are found, and whatever is none is refused in one line that says how to make one."""

import json
import shutil

import pytest

from course_utils import receipts
from course_utils.errors import CourseError


@pytest.mark.parametrize("name", ["lora_grid", "five_seeds"])
def test_the_courses_own_and_one_of_the_readers_are_read(name, tmp_path):
    own = receipts.load(name)
    assert own["runs"] and own["recipe"]
    shutil.copy(receipts.ASSETS / f"{name}.json", tmp_path / "mine.json")
    assert receipts.load(name, str(tmp_path / "mine.json")) == own


RUNS = {"command": "python -m course_utils.making.five_seeds --out FILE", "runs": [{}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is missing"),
        ("", "is empty"),
        ('{"runs": [', "is damaged"),
        ("[1, 2]", "does not hold a JSON object"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (json.dumps(RUNS | {"command": "python -m course_utils.making.lora_grid --out FILE"}), "is no receipt of"),
        (json.dumps({"runs": [1]}), "is no receipt of"),
        (json.dumps(RUNS | {"runs": []}), "holds no runs"),
        (json.dumps({"command": RUNS["command"]}), "holds no runs"),
    ],
)
def test_what_is_no_receipt_is_one_line(text, words, tmp_path):
    path = tmp_path / "receipt.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CourseError, match=words) as caught:
        receipts.load("five_seeds", path)
    message = str(caught.value)
    assert "\n" not in message and "receipt.json" in message
    assert "python -m course_utils.making.five_seeds --out FILE" in message
