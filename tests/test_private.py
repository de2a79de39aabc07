"""What looks private is pointed out, and what only resembles it is not."""

import pytest

from course_utils import data, private

FOUND = [
    ("mail", "write to rosa.lindqvist@example.org today"),
    ("mail", "A.B+tag@mail.example.co.uk"),
    ("phone", "call +44 20 7946 0958 after six"),
    ("phone", "(030) 123 456-78"),
    ("card", "pay with 4111 1111 1111 1111 please"),
    ("card", "5500-0000-0000-0004"),
    ("account", "to DE89 3704 0044 0532 0130 00 by Friday"),
    ("account", "GB82WEST12345698765432"),
    ("social security number", "it is 123-45-6789, she said"),
    ("network address", "the server at 192.168.1.44"),
    ("secret", "AKIAIOSFODNN7EXAMPLE"),
    ("secret", "hf_" + "a" * 34),
    ("secret", "password: gull-27-harbour"),
    ("secret", "API_KEY=3f9a2c77b1"),
    ("secret", "-----BEGIN RSA PRIVATE KEY-----"),
]
CLEAN = [
    "4111 1111 1111 1112 fails its check digit",
    "DE88 3704 0044 0532 0130 00 fails its own",
    "version 1.2.3.4567 and 300.1.2.3",
    "in 1984-1985 there were 12 345 678 of them",
    "the password is hard to guess",
    "the secret of good bread is time",
    "127.0.0.1 is this machine",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13",
    "meet me @noon",
    "0000 0000 0000 0000",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_each_kind_is_found_and_shown_only_in_part(kind, text):
    (finding,) = private.find(["nothing here", text])
    assert (finding.place, finding.kind) == (1, kind)
    assert len(finding.shown) == private.SHOWN + 1 and finding.shown[:-1] in text


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_resembles_it_is_not(text):
    assert private.find([text]) == []


def test_the_courses_own_rows_hold_nothing_private():
    assert private.find(row["prompt"] + row["answer"] for row in data.instructions("train", 400, 0)) == []
