"""Personal data and secrets in texts, pointed out by patterns. Nothing is sent anywhere, and nothing is complete.

A pattern knows how an address of mail looks, not who is meant by "my neighbour at number 12": what is found is the
least that is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """Something private in one text."""

    place: int  # of the text, from 0
    kind: str
    shown: str  # its beginning only: a list of findings must not be one more place where it stands


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdigit()]


def is_card(text: str) -> bool:
    """Whether the digits end in the check digit of payment cards (Luhn's, ISO/IEC 7812-1)."""
    digits = _digits(text)
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether an account number holds its two check digits (ISO 13616, remainder 1 by 97)."""
    text = re.sub(r"\s", "", text).upper()
    return 15 <= len(text) <= 34 and int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    return 8 <= len(_digits(text)) <= 15


def _is_address(text: str) -> bool:
    return all(part <= 255 for part in map(int, text.split("."))) and not text.startswith(("127.", "0.", "10."))


def _any(text: str) -> bool:
    return True


# What a kind looks like, and what else has to hold.
KINDS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "mail": (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE), _any),
    "secret": (
        re.compile(
            r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|"
            r"xox[abprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{35}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
            r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
            r"|(?i:\b(?:password|passwd|pwd|api[_-]?key|secret)\b\s*[:=]\s*\S{6,})"
        ),
        _any,
    ),
    "account": (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), is_iban),
    "card": (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), is_card),
    "phone": (re.compile(r"(?<![\w.,/-])(?<!\d )(?:\+|00|\()\d[\d ()/.-]{6,18}\d(?!\w)"), _is_phone),
    "social security number": (re.compile(r"\b(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"), _any),
    "network address": (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), _is_address),
}
SHOWN = 4  # characters of a finding


def find(texts: Iterable[str]) -> list[Finding]:
    """Everything in the texts that looks private, by text and then by kind."""
    found = []
    for place, text in enumerate(texts):
        for kind, (pattern, holds) in KINDS.items():
            for match in pattern.finditer(text):
                if holds(match[0]):
                    found.append(Finding(place, kind, f"{match[0][:SHOWN]}…"))
    return found
