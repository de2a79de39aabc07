"""Stages: done once, kept whole, and gone on with after a kill or a full disk."""

import errno
import json

import pytest

from course_utils import files, stages
from course_utils.errors import CourseError


def test_a_stage_is_made_once_and_read_again(tmp_path):
    made = []
    for _ in range(2):
        work = stages.Stages(tmp_path, {"seed": 0})
        assert work.once("score", lambda: made.append(1) or {"right": [1, 0.5], 3: (1, 2)}) == {
            "right": [1, 0.5], "3": [1, 2],
        }  # fmt: skip
    assert made == [1]


def test_another_key_takes_nothing_over(tmp_path):
    assert stages.Stages(tmp_path, {"seed": 0}).once("score", lambda: 1) == 1
    assert stages.Stages(tmp_path, {"seed": 1}).once("score", lambda: 2) == 2
    assert stages.Stages(tmp_path, {"seed": 0}).once("score", lambda: 3) == 1
    assert stages.Stages(tmp_path, 0).place("adapter").parent != stages.Stages(tmp_path, 1).place("adapter").parent


def test_without_a_directory_nothing_is_kept():
    work = stages.Stages(None)
    assert [work.once("score", lambda n=n: n) for n in (1, 2)] == [1, 2] and work.place("adapter") is None


def test_a_torn_result_is_made_again(tmp_path):
    work = stages.Stages(tmp_path)
    work.once("score", lambda: 1)
    (work.directory / "score.json").write_text('{"result": ')
    assert work.once("score", lambda: 2) == 2


def test_a_stage_that_fails_leaves_nothing(tmp_path):
    work = stages.Stages(tmp_path)
    with pytest.raises(ZeroDivisionError):
        work.once("score", lambda: 1 / 0)
    assert work.once("score", lambda: 5) == 5


@pytest.mark.parametrize(("code", "said"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "Permission denied")])
def test_a_disk_that_refuses_is_one_line_and_costs_nothing_that_was_there(tmp_path, monkeypatch, code, said):
    work = stages.Stages(tmp_path)
    work.once("first", lambda: 1)

    def refuse(path, text):
        raise OSError(code, said if code != errno.ENOSPC else "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "replace_file", refuse)
        with pytest.raises(CourseError, match=f"{said}; make room there and run it again"):
            work.once("second", lambda: 2)
    assert work.once("first", lambda: 3) == 1 and work.once("second", lambda: 4) == 4


def test_a_fingerprint_differs_with_each_part():
    keys = [{"a": 1}, {"a": 2}, {"a": [1]}, {"b": 1}, {"a": "1"}]
    assert len({stages.fingerprint(key) for key in keys}) == len(keys)
    assert stages.fingerprint({"a": 1, "b": 2}) == stages.fingerprint({"b": 2, "a": 1})
    assert len(stages.fingerprint(None)) == 16 and json.dumps(stages.fingerprint(None))
