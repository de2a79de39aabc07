"""The memo: both forms say the same, and text that looks like markup stays text."""

import errno

import pytest

from course_utils import files, memo
from course_utils.errors import CourseError

MEMO = memo.Memo(
    "desks.jsonl on pocket-llama", "no", "Do not train.", ["It is <b>certified</b>."], ["8 rows | twins"],
    {"right | trained": "95 % (90 to 98)"}, ["Nobody has looked."],
    "Find other rows.",
)  # fmt: skip


def test_both_forms_say_everything(tmp_path):
    page = memo.write(MEMO, tmp_path / "new")
    html, markdown = page.read_text(), (tmp_path / "new" / "memo.md").read_text()
    for text in ("desks.jsonl on pocket-llama", "It should not go out", "Do not train.", "95 % (90 to 98)",
                 "Nobody has looked.", "Find other rows.", "Signed:"):  # fmt: skip
        assert text in html and text in markdown
    assert "&lt;b&gt;certified" in html and "| right \\| trained | 95 % (90 to 98) |" in markdown
    assert "http" not in html  # it needs nothing but itself


def test_empty_lists_have_no_heading():
    page = memo.Memo("t", "yes", "r", numbers={"a": "b"})
    assert "speaks" not in page.markdown() + page.html() and "not looked at" not in page.markdown() + page.html()
    assert "What now" not in page.markdown() + page.html()


def test_there_are_three_verdicts():
    with pytest.raises(ValueError, match="'maybe' is none of yes, no, unknown"):
        memo.Memo("t", "maybe", "r")


def test_a_full_disk_is_one_line_and_the_old_memo_stays(tmp_path, monkeypatch):
    memo.write(MEMO, tmp_path)
    before = (tmp_path / "memo.html").read_bytes()

    def refuse(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "replace_file", refuse)
    with pytest.raises(CourseError, match="the disk is full; make room there"):
        memo.write(memo.Memo("t", "yes", "r"), tmp_path)
    assert (tmp_path / "memo.html").read_bytes() == before
