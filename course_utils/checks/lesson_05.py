"""Exercises of lesson 05."""

from __future__ import annotations

from course_utils.checks.exercise import Case, Exercise


def _llama2_prompt(system: str, exchanges: list[tuple[str, str]], question: str) -> str:
    return _llama2(system, exchanges, question)


def _llama2(
    system: str, exchanges: list[tuple[str, str]], question: str, *, every_bos: bool = True, every_system: bool = False,
    ends: bool = True, after: str = "", empty_block: bool = False,
) -> str:  # fmt: skip
    """The format with its parts as switches, so that each typical mistake is one of them."""
    block = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system or empty_block else ""
    text = ""
    for i, (asked, answered) in enumerate([*exchanges, (question, None)]):
        text += "<s>" if every_bos or not i else ""
        text += f"[INST] {block if every_system or not i else ''}{asked} [/INST]"
        text += after if answered is None else f" {answered} </s>" if ends else f" {answered} "
    return text


llama2_prompt = Exercise(
    name="llama2_prompt",
    answer=_llama2_prompt,
    cases=[
        Case("", [], "Hi?"),
        Case("Be brief.", [], "Hi?"),
        Case("", [("Hi?", "Hello.")], "How are you?"),
        Case("Be brief.", [("Hi?", "Hello.")], "How are you?"),
        Case("Be brief.", [("Hi?", "Hello."), ("How are you?", "Well.")], "And now?"),
    ],
    hint="Each exchange is <s>[INST] question [/INST] answer </s>. The system block, <<SYS>>, a line end, the text, a "
    "line end, <</SYS>> and two line ends, stands before the first question, inside its [INST]. Stop after the last "
    "[/INST].",
    why="Every exchange has its own <s> and </s>, the system block stands only in the first, and the text ends with "
    "[/INST]: the space that follows belongs to the answer, as in training.",
    mistakes={
        "Every exchange begins with <s>, not only the first.": (
            lambda system, exchanges, question: _llama2(system, exchanges, question, every_bos=False)
        ),
        "The system block belongs into the first question only.": (
            lambda system, exchanges, question: _llama2(system, exchanges, question, every_system=True)
        ),
        "An earlier answer ends with a space and </s>.": (
            lambda system, exchanges, question: _llama2(system, exchanges, question, ends=False)
        ),
        "The text ends right after [/INST]: the space is the first thing that the model writes.": (
            lambda system, exchanges, question: _llama2(system, exchanges, question, after=" ")
        ),
        "Without a system text there is no block at all, not an empty one.": (
            lambda system, exchanges, question: _llama2(system, exchanges, question, empty_block=True)
        ),
        "The last question is not answered yet: no </s> after it.": (
            lambda system, exchanges, question: _llama2(system, exchanges, question, after=" </s>")
        ),
        "The system text is missing: it stands in its block inside the first [INST].": (
            lambda system, exchanges, question: _llama2("", exchanges, question)
        ),
    },
)


def _assistant_mask(length: int, spans: list[tuple[str, int, int]]) -> list[int]:
    return _mask(length, [(start, end) for role, start, end in spans if role == "assistant"])


def _mask(length: int, parts: list[tuple[int, int]]) -> list[int]:
    return [int(any(start <= i < end for start, end in parts)) for i in range(length)]


def _answers(spans: list[tuple[str, int, int]]) -> list[tuple[int, int]]:
    return [(start, end) for role, start, end in spans if role == "assistant"]


assistant_mask = Exercise(
    name="assistant_mask",
    answer=_assistant_mask,
    cases=[
        Case(4, [("user", 1, 2), ("assistant", 3, 4)]),
        Case(8, [("user", 1, 3), ("assistant", 4, 7)]),
        Case(9, [("user", 1, 3), ("assistant", 4, 6), ("user", 6, 7), ("assistant", 7, 9)]),
        Case(10, [("system", 1, 3), ("user", 3, 5), ("assistant", 6, 9)]),
        Case(12, [("user", 1, 3), ("assistant", 4, 6), ("user", 7, 9), ("assistant", 10, 11)]),
        Case(3, [("user", 1, 3)]),
    ],
    hint="Start with zeros, and write ones from start up to end - 1 for every turn of the assistant.",
    why="All of the assistant's turns are trained, each with its EOS; what others say and what stands between the "
    "turns is not.",
    mistakes={
        "The last token of a span is the EOS: leave it out, and the model does not learn to stop.": (
            lambda length, spans: _mask(length, [(start, end - 1) for start, end in _answers(spans)])
        ),
        "end is the first token after the turn: it is not trained any more.": (
            lambda length, spans: _mask(length, [(start, end + 1) for start, end in _answers(spans)])
        ),
        "That trains the last answer only, as completion-only loss does: the assistant may speak more than once.": (
            lambda length, spans: _mask(length, _answers(spans)[-1:])
        ),
        "That trains the first answer only: the assistant may speak more than once.": (
            lambda length, spans: _mask(length, _answers(spans)[:1])
        ),
        "That trains the other roles: the mask is upside down.": (
            lambda length, spans: [1 - i for i in _assistant_mask(length, spans)]
        ),
        "That trains every turn, the user's too.": (
            lambda length, spans: _mask(length, [(start, end) for _, start, end in spans])
        ),
        "Everything after the first answer's start is trained, later questions included.": (
            lambda length, spans: _mask(length, [(start, length) for start, _ in _answers(spans)[:1]])
        ),
    },
)


def _packed_positions(lengths: list[int], size: int) -> list[int]:
    return [position for length in [*lengths, size - sum(lengths)] for position in range(length)]


packed_positions = Exercise(
    name="packed_positions",
    answer=_packed_positions,
    cases=[
        Case([3], 3),
        Case([2, 1], 3),
        Case([2], 4),
        Case([3, 2], 8),
        Case([1, 1, 1], 3),
    ],
    hint="Count up from 0 in each conversation, and once more in what is left of the row.",
    why="A position that is 0 again tells the model that a conversation begins, so no token looks back past it. The "
    "padding is fenced off in the same way.",
    mistakes={
        "One run of positions makes one text of the row: the second conversation sees the first.": (
            lambda lengths, size: list(range(size))
        ),
        "The padding is still missing: the row has size places.": (
            lambda lengths, size: [position for length in lengths for position in range(length)]
        ),
        "Positions start at 0, not at 1.": lambda lengths, size: [p + 1 for p in _packed_positions(lengths, size)],
        "That numbers the conversations; a position counts the tokens within one.": (
            lambda lengths, size: [i for i, length in enumerate([*lengths, size - sum(lengths)]) for _ in range(length)]
        ),
        "The padding counts as a conversation of its own: its positions count up from 0 too.": (
            lambda lengths, size: [p for length in lengths for p in range(length)] + [0] * (size - sum(lengths))
        ),
        "The padding goes on counting from the last conversation, and so would belong to it.": (
            lambda lengths, size: _packed_positions([*lengths[:-1], size - sum(lengths[:-1])], size)
        ),
    },
)


def _rows_without_end(labels: list[list[int]], eos_id: int) -> list[int]:
    return [i for i, row in enumerate(labels) if eos_id not in row[1:]]


rows_without_end = Exercise(
    name="rows_without_end",
    answer=_rows_without_end,
    cases=[
        Case([[-100, 7, 2]], 2),
        Case([[-100, 7, -100]], 2),
        Case([[-100, 7, 2, -100], [-100, 7, 8, 9]], 2),
        Case([[-100, -100, 2, 5], [-100, 5, 2, -100]], 2),  # the end is not the last label
        Case([[2, 7, 8]], 2),  # the first label is never looked at
        Case([[-100, -100, -100], [-100, 6, 2]], 2),
        Case([[-100, 7, 2], [-100, 7, 9]], 9),
    ],
    hint="A row trains an end if eos_id stands among its labels, anywhere but in the first place.",
    why="The label must be the EOS itself; that the token stands in the text does not help where its label is -100. "
    "And the first label of a row is compared with nothing.",
    mistakes={
        "The first label of a row is never looked at: an EOS there trains nothing.": (
            lambda labels, eos_id: [i for i, row in enumerate(labels) if eos_id not in row]
        ),
        "The end need not be the last label: padding or another turn may follow.": (
            lambda labels, eos_id: [i for i, row in enumerate(labels) if row[-1] != eos_id]
        ),
        "Those are the rows that do train an end.": (
            lambda labels, eos_id: [i for i, row in enumerate(labels) if eos_id in row[1:]]
        ),
        "A row that trains something does not yet train an end.": (
            lambda labels, eos_id: [i for i, row in enumerate(labels) if set(row) == {-100}]
        ),
        "The EOS is not always 2: use eos_id.": (
            lambda labels, eos_id: [i for i, row in enumerate(labels) if 2 not in row[1:]]
        ),
        "Every row has to train an end; one good row does not make up for the others.": (
            lambda labels, eos_id: [] if any(eos_id in row[1:] for row in labels) else list(range(len(labels)))
        ),
    },
)


def _first_fit(lengths: list[int], size: int, order: list[int], pick=min) -> list[list[int]]:
    """Rows of indices taken in ``order``, each put into the row that ``pick`` chooses of (number, room) with room."""
    rows: list[list[int]] = []
    room: list[int] = []
    for i in order:
        fitting = [(k, space) for k, space in enumerate(room) if space >= lengths[i]]
        if fitting:
            k = pick(fitting)[0]
        else:
            k = len(rows)
            rows.append([])
            room.append(size)
        rows[k].append(i)
        room[k] -= lengths[i]
    return rows


def _decreasing(lengths: list[int]) -> list[int]:
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def _first_fit_decreasing(lengths: list[int], size: int) -> list[list[int]]:
    return _first_fit(lengths, size, _decreasing(lengths))


first_fit_decreasing = Exercise(
    name="first_fit_decreasing",
    answer=_first_fit_decreasing,
    cases=[
        Case([3], 4),
        Case([2, 2], 4),
        Case([1, 3], 4),
        Case([3, 3, 1], 4),
        Case([2, 6, 3, 5, 4], 8),
        Case([8, 6, 5, 1], 12),  # best fit would put the 1 beside the 6 and the 5
        Case([6, 7, 3, 1], 10),  # the last row has room for the 3, but the first one does too
        Case([5, 5, 5, 1, 1, 1], 6),
        Case([4, 6, 3, 3, 2, 2], 10),
    ],
    hint="Sort the indices by length, longest first. For each, go through the rows made so far and take the first one "
    "with room; if there is none, begin a new row.",
    why="Long conversations first, while there is room to choose; the short ones fill the gaps. First fit needs at "
    "most about 22 % more rows than the fewest possible (Johnson 1973), and no conversation is cut.",
    mistakes={
        "That takes them in the order given: sort by length first, longest before.": (
            lambda lengths, size: _first_fit(lengths, size, list(range(len(lengths))))
        ),
        "That is best fit: take the first row with room, not the fullest.": (
            lambda lengths, size: _first_fit(lengths, size, _decreasing(lengths), lambda f: min(f, key=lambda x: x[1]))
        ),
        "That sorts from short to long; decreasing means the longest first.": (
            lambda lengths, size: _first_fit(lengths, size, sorted(range(len(lengths)), key=lambda i: lengths[i]))
        ),
        "That looks only at the last row: an earlier one may still have room.": (
            lambda lengths, size: _next_fit(lengths, size)
        ),
        "The rows hold lengths; return the indices of the conversations.": (
            lambda lengths, size: [[lengths[i] for i in row] for row in _first_fit_decreasing(lengths, size)]
        ),
        "One conversation a row is no packing: put several into a row while there is room.": (
            lambda lengths, size: [[i] for i in _decreasing(lengths)]
        ),
    },
)


def _next_fit(lengths: list[int], size: int) -> list[list[int]]:
    rows: list[list[int]] = []
    room = 0
    for i in _decreasing(lengths):
        if room < lengths[i]:
            rows.append([])
            room = size
        rows[-1].append(i)
        room -= lengths[i]
    return rows
