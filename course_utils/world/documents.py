"""The small world: a seeded generator of the text that pocket-llama is pretrained on, beside real prose.

Look at some of it with ``python -m course_utils.world.documents --documents 5``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from collections.abc import Callable

from course_utils.world import drills, facts, passages, reviews, stories, tenses, topics
from course_utils.world.grammar import Scribe

# What each kind of document takes of all documents. Kinds differ in length: sheets are near half of the text.
SHARES: dict[str, tuple[float, Callable[[Scribe], str]]] = {
    "drills": (0.32, drills.document),
    "facts": (0.15, facts.document),
    "reviews": (0.23, reviews.document),
    "stories": (0.10, stories.document),
    "passages": (0.09, passages.document),
    "tenses": (0.07, tenses.document),
    "topics": (0.04, topics.document),
}


@dataclasses.dataclass(frozen=True)
class Document:
    """One document and its kind, a key of ``SHARES``."""

    kind: str
    text: str


def write_document(scribe: Scribe) -> Document:
    """One document of a kind drawn by ``SHARES``."""
    kinds = list(SHARES)
    kind = scribe.random.choices(kinds, [SHARES[k][0] for k in kinds])[0]
    return Document(kind, SHARES[kind][1](scribe))


def document(seed: int, index: int) -> Document:
    """Document number ``index`` of the world that ``seed`` makes. Each stands alone, so any can be made first."""
    return write_document(Scribe(f"world:{seed}:{index}"))


def pattern_bytes(seed: int, count: int) -> Counter[str]:
    """How many bytes each sentence pattern makes in the first ``count`` documents."""
    total: Counter[str] = Counter()
    for index in range(count):
        scribe = Scribe(f"world:{seed}:{index}")
        write_document(scribe)
        total.update(scribe.bytes_by_pattern)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m course_utils.world.documents", description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for index in range(given.documents):
        made = document(given.seed, index)
        print(f"--- {made.kind}\n{made.text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
