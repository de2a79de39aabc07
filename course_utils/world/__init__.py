"""The small world: seeded generators of the text that pocket-llama is pretrained on, and of instructions with truth.

``world.document(seed, index)`` is one document, ``world.tasks.examples(part, rows, seed)`` makes instructions. Their
words and phrases stand in ``assets/world``, where a mark holds an entry out of training; the README there says how to
add one.
"""

from course_utils.world.documents import Document, document, pattern_bytes

__all__ = ["Document", "document", "pattern_bytes"]
