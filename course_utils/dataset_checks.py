"""Looking through instruction rows before they are trained on: every fault with its row and a remedy."""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import ftfy
from jinja2 import TemplateError

from course_utils.conversations import (
    ROLES,
    Fault,
    conversation,
    converted,
    has_written_arguments,
    is_preference,
    side,
    type_name,
)
from course_utils.errors import CourseError
from course_utils.jsonl import Problem, one_line, quote

WEIGHTS = ("weight", "loss_weight", "train")  # of a row or a turn, as other trainers read them
LONG = 20_000  # tokens; more than this in one row is hardly ever an instruction with its answer

TAKEN_ROLES = ("system", "user", "assistant", "tool")

# What the common chat formats write around a turn. To a tokenizer of another format these are plain text.
FORMATS = {
    "Llama 2": ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    "ChatML": ("<|im_start|>", "<|im_end|>"),
    "TinyLlama": ("<|system|>", "<|user|>", "<|assistant|>"),
}
MARK = re.compile(r"<\|[^<>|\s]+\|>|<</?[A-Z_]+>>|\[/?[A-Z_]+\]|</?[a-z_]+>|^### [A-Z][a-z]+:", re.MULTILINE)

# What a chat template raises by itself, and what it does where it takes one type for another.
RENDERING = (TemplateError, TypeError)
STRAY = re.compile("[\x00\x80-\x9f\ufffd\ud800-\udfff]")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


def check(
    rows: Iterable[Any], tokenizer: Any, max_length: int | None = 1024, test: Iterable[Any] | None = None
) -> list[Problem]:
    """Every problem of instruction rows. No row is changed or left out; a row may have several problems.

    Args:
        rows: of ``load``, a list, or a ``datasets.Dataset``; each with ``messages``, with ``prompt`` and
            ``answer`` or ``completion``, or with ``prompt``, ``chosen`` and ``rejected``. Tools and their calls stand
            as chat templates take them: ``tools``, a turn's ``tool_calls``, turns of the role ``tool``.
        tokenizer: the one to train with, chat template included.
        max_length: tokens of a row that the trainer keeps, as in ``SFTConfig``; ``None`` keeps all.
        test: rows that must not be trained on, in the same forms.

    Returns:
        A list of ``Problem``, by row and then by kind: ``cut_off``, ``duplicate``, ``empty_turn``, ``encoding``,
        ``form``, ``in_test``, ``long``, ``missing_answer``, ``no_preference``, ``not_text``, ``roles``,
        ``special_tokens``, ``template``, ``weight``; and those of reading: ``not_json``, ``not_object``, ``not_row``,
        ``not_utf8``, ``repeated_name``.
    """
    _require_rows("rows", rows)
    _require_rows("test", [] if test is None else test)
    if not getattr(tokenizer, "chat_template", None):
        raise CourseError("the tokenizer has no chat template: use models.load_tokenizer, or set one")
    if max_length is not None and (not isinstance(max_length, int) or max_length < 1):
        raise CourseError(f"max_length = {max_length!r} is not a number of tokens: give a whole number from 1")
    marks = control_marks(tokenizer)
    tested = _prompts(test)
    seen: dict[tuple, int] = {}
    problems = list(getattr(rows, "problems", ()))
    for number, row in _numbered(rows):
        turns, faults = conversation(row)
        if turns:
            tools, fault = _tools(row)
            look = partial(_conversation_faults, marks=marks, tokenizer=tokenizer, max_length=max_length, tools=tools)
            faults = fault + look(turns) + _weight_faults(row, turns)
            if is_preference(row):
                faults += _rejected_faults(row, faults, look)
            faults += _repeat_faults(row, turns, number, seen, tested)
        problems += [Problem(number, kind, one_line(what), one_line(remedy)) for kind, what, remedy in faults]
    return sorted(problems, key=lambda problem: (problem.row, problem.kind))


def summary(problems: Iterable[Problem]) -> dict[str, list[int]]:
    """The rows of each kind of problem, kinds in alphabetical order."""
    found: dict[str, list[int]] = {}
    for problem in problems:
        found.setdefault(problem.kind, []).append(problem.row)
    return {kind: sorted(found[kind]) for kind in sorted(found)}


def _require_rows(name: str, rows: Any) -> None:
    if isinstance(rows, (str, os.PathLike)):
        raise CourseError(f"{name} is a path, not rows: read the file with data.load first")
    if isinstance(rows, Mapping) or not isinstance(rows, Iterable):
        raise CourseError(f"{name} is {type_name(rows)}: give a list of rows, or one split of a data set")


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Rows with their lines in the file, or else counted from 1."""
    lines = getattr(rows, "lines", None)
    # A list that was shortened or lengthened after reading no longer has a line for each row.
    return zip(lines, rows, strict=True) if lines and len(lines) == len(rows) else enumerate(rows, start=1)


def _place(number: int, turn: Mapping) -> str:
    return f"turn {number} ({turn['role']})"


def _is_empty(text: Any) -> bool:
    return isinstance(text, str) and not text.strip().strip(INVISIBLE).strip()


def _conversation_faults(
    turns: Sequence[Mapping], marks: Mapping[str, str], tokenizer: Any, max_length: int | None, tools: Any
) -> list[Fault]:
    faults = _turn_faults(turns, marks) + _order_faults(turns)
    return faults + _rendering_faults(turns, tokenizer, max_length, tools, {kind for kind, *_ in faults})


def _rejected_faults(row: Mapping, faults: list[Fault], look: Callable) -> list[Fault]:
    """What is wrong with the rejected answer, and is not said already of the prompt."""
    turns, other = conversation({"messages": side(row["prompt"], "user") + side(row["rejected"], "assistant")})
    other += look(turns) if turns else []
    found = [
        (kind, f"with the rejected answer {what}", how) for kind, what, how in other if (kind, what, how) not in faults
    ]
    if _key(side(row["chosen"], "assistant")) == _key(side(row["rejected"], "assistant")):
        what = "chosen and rejected are the same, up to case and spaces"
        found.append(("no_preference", what, "take the row out: it says nothing about which is better"))
    return found


def _tools(row: Mapping) -> tuple[Any, list[Fault]]:
    """The tools of a row as a chat template takes them; trainers read them from a string of JSON too."""
    tools = row.get("tools")
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except ValueError:
            return None, [("form", "tools is a string, but not JSON", "write the list of tools with json.dumps")]
    return tools or None, []


def _weight_faults(row: Mapping, turns: Sequence[Mapping]) -> list[Fault]:
    """Weights below 1 of answers: other trainers read them, and TRL's do not."""
    placed = [("the row", row)]
    placed += [(_place(n, turn), turn) for n, turn in enumerate(turns, start=1) if turn["role"] == "assistant"]
    found = [
        f"{place} has {name} {json.dumps(holder[name])}"
        for place, holder in placed
        for name in WEIGHTS
        if isinstance(holder.get(name), (bool, int, float)) and 0 <= holder[name] < 1
    ]
    if not found:
        return []
    what = f"{_and(found)}, which SFTTrainer does not read: it trains every answer in full"
    return [("weight", what, "take out what is not to be trained, or mask its labels yourself")]


def _turn_faults(turns: Sequence[Mapping], marks: Mapping[str, str]) -> list[Fault]:
    """What is wrong inside of turns; of each kind one fault a row, which names the places."""
    empty, other, broken, held = [], [], [], []
    for number, turn in enumerate(turns, start=1):
        text, place = turn.get("content"), _place(number, turn)
        if text is None and turn.get("tool_calls"):
            continue  # who calls a tool need not speak
        if not isinstance(text, str):
            other.append(f"{place} is {type_name(text)}")
            continue
        is_answer = number == len(turns) and turn["role"] == "assistant"  # an empty one is a missing answer
        if _is_empty(text) and not is_answer and not turn.get("tool_calls"):
            empty.append(place)
        broken += _encoding_faults(text, place)[: 1 - len(broken)]
        if found := [f"{mark} ({marks[mark]})" for mark in marks if mark in text]:
            held.append(f"{place} holds {_and(found)}")
    faults = []
    if empty:
        faults.append(
            (
                "empty_turn",
                f"{_and(empty)} {'is' if len(empty) == 1 else 'are'} empty",
                "write what was said, or take the row out",
            )
        )
    if other:
        remedy = "make it a string, or take the row out"
        if any(isinstance(turn.get("content"), (list, tuple)) for turn in turns):
            remedy += "; data.to_messages takes the text out of a list of one part"
        faults.append(("not_text", f"{_and(other)}, not text", remedy))
    if held:
        remedy = "take the mark out of the text, or break it up with a space"
        faults.append(("special_tokens", _and(held), remedy))
    return faults + broken


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _encoding_faults(text: str, place: str) -> list[Fault]:
    """At most one fault: the first place where the text was decoded wrongly on its way here."""
    mended = ftfy.fix_encoding(text)
    if mended != text:
        at = len(os.path.commonprefix([text, mended]))
        what = f"{place} holds {quote(text, at, 24)}, which was {quote(mended, at, 24)} before it was decoded wrongly"
        return [("encoding", what, "read the source as UTF-8, or mend the text: ftfy.fix_encoding(text)")]
    if found := STRAY.search(text):
        code = ord(found.group())
        kind = "a zero byte" if not code else "a character that was lost in decoding" if code == 0xFFFD else (
            "half a character" if code >= 0xD800 else "a control character, often from cp1252 read as Latin-1"
        )  # fmt: skip
        what = f"{place} holds U+{code:04X}, {kind}, near {quote(text, found.start(), 24)}"
        return [("encoding", what, "read the source again in its own encoding")]
    return []


def _order_faults(turns: Sequence[Mapping]) -> list[Fault]:
    roles = [turn["role"] for turn in turns]
    for number, role in enumerate(roles, start=1):
        if role not in TAKEN_ROLES:  # who else speaks cannot be said, nor what is missing
            renamed = isinstance(role, str) and role.lower() in ROLES
            remedy = "give it one of " + ", ".join(TAKEN_ROLES) + (", as data.to_messages does" if renamed else "")
            return [("roles", f"turn {number} has the role {role}", remedy)]
    faults: list[Fault] = []
    due = ("system", "user")
    for number, turn in enumerate(turns, start=1):
        if turn["role"] not in due:
            what = f"turn {number} is the {turn['role']}'s where the {' or '.join(due[-2:])}'s is due"
            faults.append(("roles", what, "user and assistant take turns, after at most one system turn"))
            break
        due = _due_after(turn)
    if "assistant" not in roles:
        faults.append(("missing_answer", "there is no assistant turn", "write the answer, or take the row out"))
    elif roles[-1] != "assistant":
        what = f"the last turn is the {roles[-1]}'s, so that nothing answers it"
        faults.append(("missing_answer", what, "write the answer, or take the last turn out"))
    elif _is_empty(turns[-1].get("content")) and not turns[-1].get("tool_calls"):
        faults.append(("missing_answer", "the answer is empty", "write the answer, or take the row out"))
    return faults


def _due_after(turn: Mapping) -> tuple[str, ...]:
    match turn["role"]:
        case "system":
            return ("user",)
        case "user":
            return ("assistant",)
        case "tool":
            return ("assistant", "tool")
        case _:
            return ("tool",) if turn.get("tool_calls") else ("user",)


def normalised(text: str) -> str:
    """The text as it is compared: Unicode's NFKC form, without case, and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _comparable(content: Any) -> str:
    return f"text {normalised(content)}" if isinstance(content, str) else f"{type(content).__name__} {content!r}"


def _prompt(turns: Sequence[Mapping]) -> str:
    """What the user says first, as it is compared; empty where there is none."""
    text = next((turn.get("content") for turn in turns if turn["role"] == "user"), "")
    return normalised(text) if isinstance(text, str) else ""


def _prompts(test: Iterable[Any] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    row = None
    for number, row in _numbered(test if test is not None else []):
        turns, _ = conversation(row)
        if not turns and isinstance(row, Mapping):  # what is compared need not be trained on
            turns, _ = conversation(converted(row)[0])
        if prompt := _prompt(turns):
            found.setdefault(prompt, number)
    if row is not None and not found:
        columns = one_line(f" in the columns {', '.join(map(str, row))}") if isinstance(row, Mapping) else ""
        raise CourseError(f"test has no prompt to compare with{columns}: give its rows messages, or prompt and answer")
    return found


def _key(turns: Sequence[Mapping]) -> tuple:
    """What makes a conversation the same as another."""
    return tuple(
        (str(turn.get("role")), _comparable(turn.get("content")), repr(turn.get("tool_calls") or "")) for turn in turns
    )


def _repeat_faults(
    row: Mapping, turns: Sequence[Mapping], number: int, seen: dict, tested: Mapping[str, int]
) -> list[Fault]:
    faults = []
    key = _key(turns) + (_key(side(row["rejected"], "assistant")) if is_preference(row) else ())
    first = seen.setdefault(key, number)
    if first != number:
        what = f"the conversation is that of row {first}, up to case and spaces"
        faults.append(("duplicate", what, "keep one of them"))
    prompt = _prompt(turns)
    if prompt in tested:
        what = f"its prompt also stands in the test set (row {tested[prompt]} there)"
        faults.append(("in_test", what, "take the row out of the training set, or the test says nothing"))
    return faults


def _rendering_faults(
    turns: Sequence[Mapping], tokenizer: Any, max_length: int | None, tools: Any, kinds: set[str]
) -> list[Fault]:
    """``template``, ``long`` and ``cut_off``; and ``roles`` where the tokenizer's own template refuses the turns.

    A conversation that is no whole one, by the ``kinds`` of its faults, is measured by its texts alone.
    """
    if kinds & {"roles", "missing_answer", "not_text"}:
        texts = [turn["content"] for turn in turns if isinstance(turn.get("content"), str)]
        return _too_long(sum(len(_ids(_encodable(text), tokenizer)) for text in texts))
    turns = [{**turn, "content": _encodable(turn["content"])} if turn.get("content") else turn for turn in turns]
    for number, turn in enumerate(turns, start=1):
        if any(map(has_written_arguments, turn.get("tool_calls") or [])):
            what = f"the arguments in {_place(number, turn)} are a string, where chat templates take an object"
            return [("template", what, "make them an object, as data.to_messages does")]
    try:
        text = _rendered(tokenizer, turns, tools)
    except RENDERING as error:
        reason = quote(str(error), width=80)
        if tools or any(turn.get("tool_calls") for turn in turns):
            what = f"the tokenizer's chat template cannot render the conversation with its tools: {reason}"
            return [("template", what, "take a tokenizer whose template knows tools, or take the row out")]
        what = f"the tokenizer's chat template refuses the conversation: {reason}"
        return [("roles", what, "give it the roles that the template knows")]
    ids = _ids(text, tokenizer)
    faults = _left_out_faults(turns, text, tokenizer, tools) + _too_long(len(ids))
    if max_length and len(ids) > max_length:
        prompt = _rendered(tokenizer, turns[:-1], tools, add_generation_prompt=True)
        faults += _cut_off(ids, prompt, tokenizer, max_length)
    return faults


def _left_out_faults(turns: Sequence[Mapping], text: str, tokenizer: Any, tools: Any) -> list[Fault]:
    """What the chat template leaves out: whatever stood there, it would write the same ``text``."""

    def is_the_same(turns: Sequence[Mapping], tools: Any) -> bool:
        try:
            return _rendered(tokenizer, turns, tools) == text
        except RENDERING:
            return False

    def is_left_out(place: int, **other: Any) -> bool:
        return is_the_same([turn | other if i == place else turn for i, turn in enumerate(turns)], tools)

    gone, written = [], " ".join(text.split())
    for i, turn in enumerate(turns):
        content, calls = turn.get("content") or "", turn.get("tool_calls") or []
        # Of a text that stands in what is written nothing is missing; a short system text may stand there by chance.
        plain = turn["role"] in ("user", "assistant") and " ".join(content.split()) in written
        if not plain and not _is_empty(content) and is_left_out(i, content="something else"):
            gone.append(_place(i + 1, turn))
        other_calls = [{"type": "function", "function": {"name": "other", "arguments": {}}} for _ in calls]
        if calls and is_left_out(i, tool_calls=other_calls):
            gone.append(f"the tool calls of {_place(i + 1, turn)}")
    if tools and is_the_same(turns, None):
        gone.append("the list of tools")
    if not gone:
        return []
    remedy = "take a template that writes it, or put its text into a turn that is written"
    return [("template", f"the tokenizer's chat template leaves out {_and(gone)}", remedy)]


def _too_long(length: int) -> list[Fault]:
    if length <= LONG:
        return []
    return [("long", f"the row has {length:,} tokens, hardly one instruction", "split it, or take the row out")]


def _cut_off(ids: list[int], prompt: str, tokenizer: Any, max_length: int) -> list[Fault]:
    """The fault of a row of which ``max_length`` takes the end of the answer, or at least its closing token."""
    # The answer goes from where the row parts from its prompt up to the last control token, which closes it.
    start = len(os.path.commonprefix([ids, _ids(prompt, tokenizer)]))
    closing = [i for i in range(start, len(ids)) if ids[i] in tokenizer.all_special_ids]
    end = closing[-1] + 1 if closing else len(ids)
    if end <= max_length:
        return []
    token = f", without its {tokenizer.convert_ids_to_tokens(ids[end - 1])}" if closing else ""
    what = (
        f"of {len(ids):,} tokens max_length keeps {max_length:,}, and so {max(0, max_length - start):,} of the "
        f"answer's {end - start:,}{token}"
    )
    return [("cut_off", what, f"shorten the row, or set max_length to {end:,} or more")]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _ids(text: str, tokenizer: Any) -> list[int]:
    # verbose=False: that a row is longer than the model's positions is for this module to say.
    return tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]


def _rendered(tokenizer: Any, turns: Sequence[Mapping], tools: Any = None, **options: Any) -> str:
    return tokenizer.apply_chat_template(list(turns), tools=tools, tokenize=False, **options)


def control_marks(tokenizer: Any) -> dict[str, str]:
    """What must not stand in a turn's text, each mark with what it is.

    These are the tokenizer's own control tokens, what its chat template writes around the turns, and the marks of
    the common chat formats.
    """
    marks = {
        mark: f"a mark of the {name} format, plain text to this tokenizer"
        for name, its in FORMATS.items()
        for mark in its
    }
    marks |= dict.fromkeys(_template_marks(tokenizer), "a mark that the chat template writes around turns")
    control = {token.content: i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    control |= dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    return marks | {mark: f"the control token {control[mark]} once tokenized" for mark in sorted(control)}


def _template_marks(tokenizer: Any) -> list[str]:
    """The marks in what the chat template writes, and in its own text: some stand only in branches not taken."""
    turns = [{"role": role, "content": "x"} for role in ("system", "user", "assistant")]
    text = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else ""
    for tried in (turns, turns[1:]):  # not every template takes a system turn
        with contextlib.suppress(TemplateError):
            text += "\n" + _rendered(tokenizer, tried)
    return sorted(set(MARK.findall(text)))
