"""The text that the weights and the receipts were made from: today's words still write it, letter by letter.

``world_fingerprints.json`` holds eight hexadecimal digits for each document and each instruction row, so that a failure
names the first that has changed. A phrase added to a training table changes them on purpose, and with them what new
weights learn; ``python tests/test_world_kept.py`` then writes the file anew.
"""

import hashlib
import json
from pathlib import Path

from course_utils import world
from course_utils.world import tasks

FINGERPRINTS = Path(__file__).with_name("world_fingerprints.json")
DOCUMENTS = {0: 301, 1: 60, 7: 60}  # how many of the first documents, by seed
ROWS = {"train": 600, "heldout": 600}  # how many instruction rows, by part
ROW_SEEDS = (0, 1, 1000)


def _short(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8]


def fingerprints() -> dict[str, str]:
    """Eight hexadecimal digits of every document and row, and of the bytes each pattern has made."""
    made = {}
    for seed, count in DOCUMENTS.items():
        documents = [world.document(seed, i) for i in range(count)]
        made[f"documents of seed {seed}"] = [_short([document.kind, document.text]) for document in documents]
    for part, count in ROWS.items():
        for seed in ROW_SEEDS:
            rows = tasks.examples(part, count, seed)
            made[f"{part} rows of seed {seed}"] = [
                _short([row.task, row.prompt, row.answer, list(row.required)]) for row in rows
            ]
    made["bytes of patterns"] = [_short(sorted(world.pattern_bytes(0, 300).items()))]
    return {group: " ".join(digits) for group, digits in made.items()}


def test_every_document_and_row_is_what_the_weights_were_made_from():
    kept, made = json.loads(FINGERPRINTS.read_text(encoding="utf-8")), fingerprints()
    assert kept.keys() == made.keys()
    for group, digits in kept.items():
        pairs = list(zip(digits.split(), made[group].split(), strict=True))
        changed = [i for i, (before, now) in enumerate(pairs) if before != now]
        assert not changed, f"{group}: number {changed[0]} is another text ({len(changed)} of {len(pairs)} differ)"


if __name__ == "__main__":
    FINGERPRINTS.write_text(json.dumps(fingerprints(), indent=0) + "\n", encoding="utf-8")
