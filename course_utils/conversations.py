"""The conversation in a row: of the forms that trainers take, and of those that other tools write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from course_utils.errors import CourseError
from course_utils.jsonl import Rows, one_line

Fault = tuple[str, str, str]  # kind, what, remedy

# Columns of the same meaning. A row with two of one line is not certain, and not converted.
ASKED = ("prompt", "question", "instruction", "query")
TAKEN = ("answer", "completion")  # beside a prompt as they are
ELSEWHERE = ("response", "output")
ANSWERED = TAKEN + ELSEWHERE
BELOW = ("input", "context")  # what the question is about
SYSTEM = ("system", "system_prompt")

PARTS = ("messages", "prompt", "chosen", "rejected", "tools")  # columns that trainers read
ROLES = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
    "chatgpt": "assistant", "tool": "tool",
}  # fmt: skip


def conversation(row: Any) -> tuple[list[dict[str, Any]], list[Fault]]:
    """The turns of a row in a form that a trainer takes, or no turns and the fault of the form.

    Those are ``messages``; ``prompt`` with ``answer`` or ``completion``; and ``prompt``, ``chosen`` and ``rejected``,
    of which the turns up to the chosen answer are given.
    """
    if not isinstance(row, Mapping):
        return [], [("not_object", f"the row is {type_name(row)}, not an object", "make it a dict of columns")]
    if "messages" in row:
        turns = row["messages"]
    elif is_preference(row):
        turns = side(row["prompt"], "user") + side(row["chosen"], "assistant")
    elif "prompt" in row and (set(TAKEN) & set(row) or not {*ELSEWHERE, "chosen"} & set(row)):
        turns = side(row["prompt"], "user")
        turns += next((side(row[name], "assistant") for name in TAKEN if name in row), [])
    else:
        what = f"there is no conversation that a trainer takes in {_columns(row)}"
        within = [name for name, value in row.items() if isinstance(value, list) and value and side(value, "") == value]
        remedy = "make a column messages, or prompt and answer, out of them"
        if within and not {"messages", "conversations", "conversation"} & set(row):
            remedy = f"the rows seem to stand in the column {within[0]}: give those"
        return [], [("form", what, _conversion(row) or remedy)]
    turns, faults = _turns(turns)
    return turns, [(kind, what, _conversion(row) or remedy) for kind, what, remedy in faults]


def _columns(names: Iterable) -> str:
    names = list(map(str, names))
    return f"the column{'s' * (len(names) != 1)} {', '.join(names) or '(none)'}"


def _conversion(row: Mapping) -> str:
    taken = converted(row)[1]
    return f"convert the rows with data.to_messages, for which {taken}" if taken else ""


def _turns(turns: Any) -> tuple[list[dict[str, Any]], list[Fault]]:
    """The turns as they are, or no turns and what they lack to be turns."""
    if not isinstance(turns, (list, tuple)):
        what = f"messages is {type_name(turns)}, not a list of turns"
        return [], [("form", what, 'write [{"role": "user", "content": ...}, ...]')]
    if not turns:
        return [], [("missing_answer", "the conversation has no turn", "write it, or take the row out")]
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, Mapping):
            what = f"turn {number} is {type_name(turn)}, not an object"
            return [], [("form", what, "give each turn a role and a content")]
        if "role" not in turn or not ("content" in turn or turn.get("tool_calls")):
            what = f"turn {number} has no role and content but {', '.join(map(str, turn)) or 'nothing'}"
            return [], [("form", what, "rename them; the roles are system, user and assistant")]
        if not _are_calls(turn.get("tool_calls")):
            what = f"turn {number} has tool_calls that are no list of calls"
            remedy = 'write [{"type": "function", "function": {"name": ..., "arguments": {...}}}]'
            return [], [("form", what, remedy)]
    return list(turns), []


def _are_calls(calls: Any) -> bool:
    return calls is None or isinstance(calls, (list, tuple)) and all(isinstance(call, Mapping) for call in calls)


def is_preference(row: Mapping) -> bool:
    """Whether the row is a pair as trainers take it: three texts, or three lists of turns."""
    sides = [row[name] for name in ("prompt", "chosen", "rejected") if name in row]
    return len(sides) == 3 and len({isinstance(value, (list, tuple)) for value in sides if value is not None}) < 2


def side(value: Any, role: str) -> list:
    """The turns in a column: those of a list of turns, or one turn."""
    if isinstance(value, (list, tuple)) and all(isinstance(turn, Mapping) for turn in value):
        return list(value)
    return [{"role": role, "content": value}]


def type_name(value: Any) -> str:
    names = {type(None): "null", int: "a number", float: "a number", list: "a list", str: "a string", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")


def to_messages(rows: Iterable[Mapping]) -> tuple[Rows, str]:
    """Rows as trainers take them, made of the forms that other tools write, and a sentence that says what was taken.

    Converted are conversations in ShareGPT's form (``from`` and ``value``); a question and its answer in columns of
    their own, as Alpaca, Dolly, OpenOrca and most tables have them; pairs of a chosen and a rejected answer; and in
    ``messages`` a text given as a list of one part, and the arguments of a tool call given as a string of JSON.

    Returns:
        Rows with ``messages``, or with ``prompt``, ``chosen`` and ``rejected`` as lists of turns. Columns without a
        part in this stay. A row whose meaning is not certain stays as it is, for ``check`` to report.

    Raises:
        CourseError: in no row the meaning is certain; the columns found are named.
    """
    found = list(rows)
    made, said, unused = [], Counter(), {}
    for row in found:
        new, taken = converted(row) if isinstance(row, Mapping) else (None, "")
        if new is None and conversation(row)[0]:
            taken = "the conversation stays as it is"
        elif new is not None:
            unused |= dict.fromkeys(str(name) for name in new if name not in PARTS)
        made.append(row if new is None else new)
        said[taken] += 1
    kept = said.pop("", 0)
    if not said:
        columns = sorted({str(name) for row in found if isinstance(row, Mapping) for name in row})
        remedy = "make a column messages, or prompt and answer, out of them"
        raise CourseError(
            f"in no row it is certain how {one_line(_columns(columns))} would make a conversation: {remedy}"
        )
    parts = [f"in {_rows(number)} {taken}" for taken, number in said.most_common()]
    parts += [f"{_rows(kept)} stay{'s' * (kept == 1)} unconverted"] if kept else []
    parts += [f"without a part in it: {', '.join(unused)}"] if unused else []
    sentence = one_line("; ".join(parts) + ".")
    lines = getattr(rows, "lines", range(1, len(found) + 1))
    return Rows(made, lines, getattr(rows, "problems", ())), sentence[0].upper() + sentence[1:]


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def converted(row: Mapping) -> tuple[dict[str, Any] | None, str]:
    """The row as ``to_messages`` converts it, and what was taken for what; or ``None`` where it is not to convert."""
    for name in ("messages", "conversations", "conversation"):
        if not _is_missing(row.get(name)):
            return _from_turns(row, name)
    if not (_is_missing(row.get("chosen")) or _is_missing(row.get("rejected"))):
        return _from_pair(row)
    return _from_columns(row)


def _from_turns(row: Mapping, name: str) -> tuple[dict[str, Any] | None, str]:
    turns, notes = row[name], []
    if isinstance(turns, str):  # a cell of a table holds nothing but text
        try:
            turns = json.loads(turns)
        except ValueError:
            return None, ""
        notes.append("the text is read as JSON")
    made, more = _as_turns(turns)
    if made is None:
        return None, ""
    notes += more
    used = [name]
    system = row.get("system")
    if isinstance(system, str) and system and name != "messages" and made[0]["role"] != "system":
        made = [{"role": "system", "content": system}, *made]
        used.append("system")
        notes.append("system is the first turn")
    if name == "messages" and not notes:
        return None, ""
    return _with(row, used, messages=made), f"{name} holds the turns{''.join(f', {note}' for note in notes)}"


def _as_turns(turns: Any) -> tuple[list[dict[str, Any]] | None, list[str]]:
    """Turns with role and content, and what had to be taken for what; ``None`` where a turn is not certain."""
    if not isinstance(turns, (list, tuple)) or not turns:
        return None, []
    made, notes = [], {}
    for turn in turns:
        if not isinstance(turn, Mapping):
            return None, []
        turn = dict(turn)
        if not {"role", "content"} & set(turn) and {"from", "value"} <= set(turn):
            turn = {"role": turn.pop("from"), "content": turn.pop("value"), **turn}
            notes["from and value are role and content"] = None
        role = turn.get("role")
        known = ROLES.get(role.lower()) if isinstance(role, str) else None
        if known is None:
            return None, []
        if known != role:
            turn["role"] = known
            notes[f"{role} is the {known}"] = None
        match turn.get("content"):
            case [{"type": "text", "text": str(text)}]:
                turn["content"] = text
                notes["the one part of a content is its text"] = None
        if not _are_calls(turn.get("tool_calls")):
            return None, []
        if turn.get("tool_calls"):
            calls = [_with_arguments(call) for call in turn["tool_calls"]]
            if calls != turn["tool_calls"]:
                turn["tool_calls"] = calls
                notes["the arguments of tool calls are read as JSON"] = None
        made.append(turn)
    return made, list(notes)


def _with_arguments(call: Any) -> Any:
    """A tool call whose arguments are an object, as chat templates take them; others give them as a string."""
    if not has_written_arguments(call):
        return call
    try:
        arguments = json.loads(call["function"]["arguments"])
    except ValueError:
        return call
    return {**call, "function": {**call["function"], "arguments": arguments}}


def has_written_arguments(call: Any) -> bool:
    """Whether the arguments of a tool call are a string, which a chat template would write as one."""
    function = call.get("function") if isinstance(call, Mapping) else None
    return isinstance(function, Mapping) and isinstance(function.get("arguments"), str)


def _from_pair(row: Mapping) -> tuple[dict[str, Any] | None, str]:
    """A chosen and a rejected answer: texts, or conversations that part at the end."""
    asked = [name for name in ASKED if isinstance(row.get(name), str)]
    pair = {name: row[name] for name in ("chosen", "rejected")}
    if all(isinstance(value, str) for value in pair.values()) and len(asked) == 1:
        question, used, taken = _question(row, asked[0])
        if question is None:
            return None, ""
        pair = {name: [{"role": "assistant", "content": value}] for name, value in pair.items()}
        return _with(row, used, prompt=question, **pair), f"{taken} and chosen and rejected as the assistant's"
    if isinstance(row.get("prompt"), (list, tuple)):
        return None, ""  # as trainers take it
    sides = {name: _as_turns(value)[0] for name, value in pair.items()}
    if not all(sides.values()):
        return None, ""
    both = takewhile(lambda turns: turns[0] == turns[1], zip(*sides.values(), strict=False))
    question = [turn for turn, _ in both]
    # A prompt of its own has to be the question that both answer, or else nobody knows what it is.
    if not question or question[-1]["role"] != "user" or asked and row[asked[0]] != question[-1]["content"]:
        return None, ""
    answers = {name: turns[len(question) :] for name, turns in sides.items()}
    taken = "the turns that chosen and rejected have in common are taken as the prompt"
    return _with(row, asked, prompt=question, **answers), taken


def _from_columns(row: Mapping) -> tuple[dict[str, Any] | None, str]:
    """A question and its answer in two columns of plain text."""
    asked, answered = ([name for name in names if not _is_missing(row.get(name))] for names in (ASKED, ANSWERED))
    if not asked and "output" in answered and isinstance(row.get("input"), str):
        asked = ["input"]
    if len(asked) != 1 or len(answered) != 1:
        return None, ""
    if not isinstance(row[asked[0]], str) or not isinstance(row[answered[0]], str):
        return None, ""
    question, used, taken = _question(row, asked[0])
    if question is None:
        return None, ""
    messages = [*question, {"role": "assistant", "content": row[answered[0]]}]
    return _with(row, [*used, *answered], messages=messages), f"{taken} and {answered[0]} as the assistant's"


def _question(row: Mapping, asked: str) -> tuple[list[dict[str, str]] | None, list[str], str]:
    """The turns up to the question, the columns that they are made of, and that in words; ``None`` if not certain."""
    if sum(not _is_missing(row.get(name)) for name in SYSTEM) > 1:
        return None, [], ""
    text, words, used, turns = row[asked], asked, [asked], []
    for name in BELOW:
        if name in row and name != asked and (_is_missing(row[name]) or isinstance(row[name], str)):
            used.append(name)
            if not _is_missing(row[name]) and row[name].strip():
                text += f"\n\n{row[name]}"
                words += f", with {name} below it after a blank line,"
    for name in SYSTEM:
        if isinstance(row.get(name), str):
            used.append(name)
            if row[name].strip():
                turns = [{"role": "system", "content": row[name]}]
                words = f"{name} is taken as the system's turn, {words}"
    return [*turns, {"role": "user", "content": text}], used, f"{words} is taken as the user's turn"


def _is_missing(value: Any) -> bool:
    """Whether a cell is empty, as JSON says it (null) or as pandas does (not a number)."""
    return value is None or (isinstance(value, float) and value != value)


def _with(row: Mapping, used: Sequence[str], **columns: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in used} | columns
