"""Looking through instruction rows before they are trained on: every fault with its row and a remedy."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import TemplateError

from course_utils.errors import CourseError
from course_utils.jsonl import Problem, quote

LONG = 20_000  # tokens; more than this in one row is hardly ever an instruction with its answer

# What the common chat formats write around a turn. To a tokenizer of another format these are plain text.
FORMATS = {
    "Llama 2": ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    "ChatML": ("<|im_start|>", "<|im_end|>"),
    "TinyLlama": ("<|system|>", "<|user|>", "<|assistant|>"),
}
MARK = re.compile(r"<\|[^<>|\s]+\|>|<</?[A-Z_]+>>|\[/?[A-Z_]+\]|</?[a-z_]+>|^### [A-Z][a-z]+:", re.MULTILINE)

# UTF-8 read as cp1252 or Latin-1: bytes 80 to BF, which follow a first byte, become these characters.
_FOLLOW = re.escape("".join(sorted({chr(b) for b in range(0x80, 0xC0)} | set(bytes(
    b for b in range(0x80, 0xC0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)).decode("cp1252")))))  # fmt: skip
# Some of them also stand after a letter in good text; after these letters they count only where pairs follow pairs.
MOJIBAKE = re.compile(f"[ÂÃ][{_FOLLOW}]|â[{_FOLLOW}]{{2}}|ðŸ[{_FOLLOW}]{{2}}|ï»¿|ï¿½|(?:[ÄÅÎÏÐÑ][{_FOLLOW}]){{2,}}")
STRAY = re.compile("[\x00\x80-\x9f\ufffd\ud800-\udfff]")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"

Fault = tuple[str, str, str]  # kind, what, remedy


def check(
    rows: Iterable[Any], tokenizer: Any, max_length: int | None = 1024, test: Iterable[Any] | None = None
) -> list[Problem]:
    """Every problem of instruction rows. No row is changed or left out; a row may have several problems.

    Args:
        rows: of ``load_jsonl``, a list, or a ``datasets.Dataset``; each with ``messages``, or with ``prompt`` and
            ``answer`` or ``completion``.
        tokenizer: the one to train with, chat template included.
        max_length: tokens of a row that the trainer keeps, as in ``SFTConfig``; ``None`` keeps all.
        test: rows that must not be trained on, in the same forms.

    Returns:
        A list of ``Problem``, by row and then by kind: ``cut_off``, ``duplicate``, ``empty_turn``, ``encoding``,
        ``form``, ``in_test``, ``long``, ``missing_answer``, ``not_text``, ``roles``, ``special_tokens``; and those
        of ``load_jsonl``: ``not_json``, ``not_object``, ``not_utf8``.
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
        faults += _turn_faults(turns, marks)
        if turns:
            faults += _order_faults(turns)
            faults += _repeat_faults(turns, number, seen, tested)
            faults += _length_faults(turns, tokenizer, max_length, {kind for kind, *_ in faults})
        problems += [Problem(number, kind, _one_line(what), remedy) for kind, what, remedy in faults]
    return sorted(problems, key=lambda problem: (problem.row, problem.kind))


def summary(problems: Iterable[Problem]) -> dict[str, list[int]]:
    """The rows of each kind of problem, kinds in alphabetical order."""
    found: dict[str, list[int]] = {}
    for problem in problems:
        found.setdefault(problem.kind, []).append(problem.row)
    return {kind: sorted(found[kind]) for kind in sorted(found)}


def _require_rows(name: str, rows: Any) -> None:
    if isinstance(rows, (str, os.PathLike)):
        raise CourseError(f"{name} is a path, not rows: read the file with data.load_jsonl first")
    if isinstance(rows, Mapping) or not isinstance(rows, Iterable):
        raise CourseError(f"{name} is {_type(rows)}: give a list of rows, or one split of a data set")


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Rows with their lines in the file, or else counted from 1."""
    lines = getattr(rows, "lines", None)
    # A list that was shortened or lengthened after reading no longer has a line for each row.
    return zip(lines, rows, strict=True) if lines and len(lines) == len(rows) else enumerate(rows, start=1)


def conversation(row: Any) -> tuple[list[dict[str, Any]], list[Fault]]:
    """The turns of a row in any of the forms that ``check`` takes, or no turns and the fault of the form."""
    if not isinstance(row, Mapping):
        return [], [("not_object", f"the row is {_type(row)}, not an object", "make it a dict of columns")]
    if "messages" in row:
        turns = row["messages"]
    elif "prompt" in row:
        turns = _side(row["prompt"], "user")
        turns += next((_side(row[name], "assistant") for name in ("answer", "completion") if name in row), [])
    else:
        what = f"there is no conversation in the columns {', '.join(map(str, row)) or '(none)'}"
        return [], [("form", what, "make a column messages, or prompt and answer, out of them")]
    if not isinstance(turns, (list, tuple)):
        what = f"messages is {_type(turns)}, not a list of turns"
        return [], [("form", what, 'write [{"role": "user", "content": ...}, ...]')]
    if not turns:
        return [], [("missing_answer", "the conversation has no turn", "write it, or take the row out")]
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, Mapping):
            what = f"turn {number} is {_type(turn)}, not an object"
            return [], [("form", what, "give each turn a role and a content")]
        if not {"role", "content"} <= set(turn):
            what = f"turn {number} has no role and content but {', '.join(map(str, turn)) or 'nothing'}"
            return [], [("form", what, "rename them; the roles are system, user and assistant")]
    return list(turns), []


def _side(value: Any, role: str) -> list:
    """The turns in a column: those of a list of turns, or one turn."""
    if isinstance(value, (list, tuple)) and all(isinstance(turn, Mapping) for turn in value):
        return list(value)
    return [{"role": role, "content": value}]


def _type(value: Any) -> str:
    names = {type(None): "null", int: "a number", float: "a number", list: "a list", str: "a string", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")


def _place(number: int, turn: Mapping) -> str:
    return f"turn {number} ({turn['role']})"


def _is_empty(text: Any) -> bool:
    return isinstance(text, str) and not text.strip().strip(INVISIBLE).strip()


def _turn_faults(turns: Sequence[Mapping], marks: Mapping[str, str]) -> list[Fault]:
    """What is wrong inside of turns; of each kind one fault a row, which names the places."""
    empty, other, broken, held = [], [], [], []
    for number, turn in enumerate(turns, start=1):
        text, place = turn["content"], _place(number, turn)
        if not isinstance(text, str):
            other.append(f"{place} is {_type(text)}")
            continue
        is_answer = number == len(turns) and turn["role"] == "assistant"  # an empty one is a missing answer
        if _is_empty(text) and not is_answer:
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
        faults.append(("not_text", f"{_and(other)}, not text", "make it a string, or take the row out"))
    if held:
        remedy = "take the mark out of the text, or break it up with a space"
        faults.append(("special_tokens", _and(held), remedy))
    return faults + broken


def _one_line(text: str) -> str:
    """The text as it can be printed: names of columns and roles may hold anything."""
    return " ".join(text.splitlines()).encode("utf-8", "backslashreplace").decode("utf-8")


def _and(parts: Sequence[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _encoding_faults(text: str, place: str) -> list[Fault]:
    """At most one fault: the first place where the text was decoded wrongly on its way here."""
    if found := MOJIBAKE.search(text):
        wrong = found.group()
        right = b"".join(_byte_of(character) for character in wrong).decode("utf-8", "replace")
        encoding = "latin-1" if re.search("[\x80-\x9f]", wrong) else "cp1252"
        what = f"{place} holds {quote(wrong)}, which is {quote(right)} in UTF-8 that was read as {encoding}"
        return [("encoding", what, f"read the source as UTF-8, or mend it: text.encode('{encoding}').decode('utf-8')")]
    if found := STRAY.search(text):
        code = ord(found.group())
        kind = "a zero byte" if not code else "a character that was lost in decoding" if code == 0xFFFD else (
            "half a character" if code >= 0xD800 else "a control character, often from cp1252 read as Latin-1"
        )  # fmt: skip
        what = f"{place} holds U+{code:04X}, {kind}, near {quote(text, found.start(), 24)}"
        return [("encoding", what, "read the source again in its own encoding")]
    return []


def _byte_of(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _order_faults(turns: Sequence[Mapping]) -> list[Fault]:
    roles = [turn["role"] for turn in turns]
    faults: list[Fault] = []
    first = 1 if roles[0] == "system" else 0
    for i, role in enumerate(roles[first:]):
        expected = ("user", "assistant")[i % 2]
        if role != expected:
            what = f"turn {first + i + 1} is the {role}'s where the {expected}'s is due"
            faults.append(("roles", what, "user and assistant take turns, after at most one system turn"))
            break
    if "assistant" not in roles:
        faults.append(("missing_answer", "there is no assistant turn", "write the answer, or take the row out"))
    elif roles[-1] != "assistant":
        what = f"the last turn is the {roles[-1]}'s, so that nothing answers it"
        faults.append(("missing_answer", what, "write the answer, or take the last turn out"))
    elif _is_empty(turns[-1]["content"]):
        faults.append(("missing_answer", "the answer is empty", "write the answer, or take the row out"))
    return faults


def normalised(text: str) -> str:
    """The text as it is compared: Unicode's NFKC form, without case, and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _comparable(content: Any) -> str:
    return f"text {normalised(content)}" if isinstance(content, str) else f"{type(content).__name__} {content!r}"


def _prompt(turns: Sequence[Mapping]) -> str:
    """What the user says first, as it is compared; empty where there is none."""
    text = next((turn["content"] for turn in turns if turn["role"] == "user"), "")
    return normalised(text) if isinstance(text, str) else ""


def _prompts(test: Iterable[Any] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, row in _numbered(test if test is not None else []):
        if prompt := _prompt(conversation(row)[0]):
            found.setdefault(prompt, number)
    return found


def _repeat_faults(turns: Sequence[Mapping], number: int, seen: dict, tested: Mapping[str, int]) -> list[Fault]:
    faults = []
    key = tuple((str(turn["role"]), _comparable(turn["content"])) for turn in turns)
    first = seen.setdefault(key, number)
    if first != number:
        what = f"the conversation is that of row {first}, up to case and spaces"
        faults.append(("duplicate", what, "keep one of them"))
    prompt = _prompt(turns)
    if prompt in tested:
        what = f"its prompt also stands in the test set (row {tested[prompt]} there)"
        faults.append(("in_test", what, "take the row out of the training set, or the test says nothing"))
    return faults


def _length_faults(turns: Sequence[Mapping], tokenizer: Any, max_length: int | None, kinds: set[str]) -> list[Fault]:
    """``long`` and ``cut_off``; and ``roles`` where the tokenizer's own template refuses the conversation.

    A conversation that is no whole one, by the ``kinds`` of its faults, is measured by its texts alone.
    """
    turns = [{**turn, "content": _encodable(turn["content"])} for turn in turns if isinstance(turn["content"], str)]
    if kinds & {"roles", "missing_answer", "not_text"}:
        length = sum(len(_ids(turn["content"], tokenizer)) for turn in turns)
        return _too_long(length)
    try:
        ids = _ids(_rendered(tokenizer, turns), tokenizer)
    except TemplateError as error:
        what = f"the tokenizer's chat template refuses the conversation: {quote(str(error), width=80)}"
        return [("roles", what, "give it the roles that the template knows")]
    faults = _too_long(len(ids))
    if max_length and len(ids) > max_length:
        faults += _cut_off(ids, _rendered(tokenizer, turns[:-1], add_generation_prompt=True), tokenizer, max_length)
    return faults


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


def _rendered(tokenizer: Any, turns: Sequence[Mapping], **options: Any) -> str:
    return tokenizer.apply_chat_template(list(turns), tokenize=False, **options)


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
