"""Texts that are nearly the same: within a file, and between what is trained on and what is tested on.

Two texts are compared by the runs of five characters that they hold, case and spaces apart: the share that both have of
all that either has, their Jaccard similarity. MinHash (Broder 1997), from the library ``datasketch``, finds the pairs
worth comparing without comparing all with all; whether they are alike is then counted exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from course_utils.dataset_checks import normalised
from course_utils.errors import CourseError

LETTERS = 5  # of a run
ALIKE = 0.8  # a copy with a word added has 0.9; of sentences made after one pattern few reach it
PERMUTATIONS = 128  # hashes of a text


class Pair(NamedTuple):
    """Two texts by their places, and how alike they are, up to 1."""

    first: int
    second: int
    likeness: float


def runs(text: str) -> set[str]:
    """The runs of ``LETTERS`` characters of a text; of a shorter one, the text itself."""
    text = normalised(text)
    return {text[i : i + LETTERS] for i in range(max(1, len(text) - LETTERS + 1))}


def likeness(one: str, other: str) -> float:
    """The Jaccard similarity of two texts' runs, 0 to 1."""
    first, second = runs(one), runs(other)
    return len(first & second) / len(first | second)


def pairs(texts: Sequence[str], threshold: float = ALIKE) -> list[Pair]:
    """The pairs of ``texts`` that are alike, each once, the earlier place first."""
    return _pairs(texts, texts, threshold, itself=True)


def leaks(texts: Sequence[str], tests: Sequence[str], threshold: float = ALIKE) -> list[Pair]:
    """The pairs of one of ``texts`` and one of ``tests`` that are alike, the place in ``texts`` first."""
    return _pairs(texts, tests, threshold)


def groups(texts: Sequence[str], threshold: float = ALIKE, same: Sequence[object] = ()) -> list[int]:
    """A number for each text; those that hang together have the same.

    Args:
        texts: what is compared.
        threshold: from where two are alike.
        same: for each text something else that it may share with others, such as its source; None shares nothing.
    """
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[object, int] = {}
    links = [(pair.first, pair.second) for pair in pairs(texts, threshold)]
    links += [(first.setdefault(source, i), i) for i, source in enumerate(same) if source is not None]
    for one, other in links:
        one, other = sorted((root(one), root(other)))
        parent[other] = one
    return [root(i) for i in range(len(texts))]


def _pairs(texts: Sequence[str], others: Sequence[str], threshold: float, itself: bool = False) -> list[Pair]:
    if not 0 < threshold <= 1:
        raise CourseError(f"threshold = {threshold} is no likeness: it goes from above 0 to 1")
    if not texts or not others:
        return []
    from datasketch import MinHash, MinHashLSH

    def hashed(of: Sequence[str]) -> list[MinHash]:
        sets = [[run.encode("utf-8", "replace") for run in sorted(runs(text))] for text in of]
        return MinHash.bulk(sets, num_perm=PERMUTATIONS, seed=1)

    # The index is asked for more than is wanted: it guesses, and what it misses nobody counts again.
    index = MinHashLSH(threshold=max(0.1, threshold - 0.2), num_perm=PERMUTATIONS)
    there = hashed(others)
    for place, one in enumerate(there):
        index.insert(place, one)
    found = []
    for place, one in enumerate(there if itself else hashed(texts)):
        for other in sorted(index.query(one)):
            if (not itself or place < other) and (value := likeness(texts[place], others[other])) >= threshold:
                found.append(Pair(place, other, value))
    return found
