"""Rows are read and looked through: each fault is found at its row, nothing is changed, and nothing is left out."""

import ast
import copy
import dataclasses
import functools
import json
import socket
import time
import unicodedata

import ftfy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import data, dataset_checks, models, shelf
from course_utils.errors import CourseError

LINE = json.dumps
LLAMA2 = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'system' %}"
    "{{ raise_exception('no system turn here') }}{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}"
    "{% endfor %}"
)


@functools.cache
def pocket_tokenizer():
    return models.load_tokenizer("pocket-llama")


@pytest.fixture
def tokenizer():
    return pocket_tokenizer()


def chat(*contents, system=None):
    """A row of turns that alternate, the user's first."""
    turns = [] if system is None else [{"role": "system", "content": system}]
    return {"messages": turns + [turn(("user", "assistant")[i % 2], text) for i, text in enumerate(contents)]}


def turn(role, content):
    return {"role": role, "content": content}


GOOD = [
    chat("Where does the otter live?", "In the river."),
    chat("Is it late?", "Yes.", "How late?", "Past ten.", system="You answer shortly."),
    {"prompt": "What is the opposite of hot?", "answer": "Cold."},
    {"prompt": "What is the opposite of old?", "completion": "New."},
    {"prompt": [turn("user", "Name a fish.")], "completion": [turn("assistant", "Carp.")]},
    chat("Say it with marks: “naïve”, café…", "‘Ångström’ – ¿qué? Älter, Ñandú; Привет, 中文, 🙂 <b>bold</b> a < b"),
]
GOOD_AGAIN = copy.deepcopy(GOOD)


def found(row, tokenizer, **options):
    """The kinds of problems of one row that stands between good ones, after a look that they all stand at it."""
    rows = [*copy.deepcopy(GOOD), row, chat("And you?", "Me too.")]
    before = copy.deepcopy(rows)
    problems = data.check(rows, tokenizer, **options)
    assert rows == before or any(x != x for x in _values(row)), "a row was changed"
    assert {problem.row for problem in problems} <= {len(GOOD) + 1}
    assert all(len(str(problem).encode("utf-8").decode().splitlines()) == 1 for problem in problems)
    return [problem.kind for problem in problems]


def _values(row):
    return [turn["content"] for turn in row["messages"]] if isinstance(row, dict) and row.get("messages") else []


def test_good_rows_have_no_problem(tokenizer):
    assert data.check(GOOD, tokenizer, test=[chat("Where does the heron live?", "At the lake.")]) == []
    assert GOOD == GOOD_AGAIN


# The kinds that each bad row has, and no other.
BAD = {
    "empty user turn": (chat(" \n", "Yes."), ["empty_turn"]),
    "empty system turn": (chat("Is it?", "Yes.", system=""), ["empty_turn"]),
    "invisible characters only": (chat("\u200b \ufeff", "Yes."), ["empty_turn"]),
    "two user turns": ({"messages": [turn("user", "a"), turn("user", "b"), turn("assistant", "c")]}, ["roles"]),
    "assistant first": ({"messages": [turn("assistant", "a"), turn("user", "b"), turn("assistant", "c")]}, ["roles"]),
    "late system": ({"messages": [turn("user", "a"), turn("system", "b"), turn("assistant", "c")]}, ["roles"]),
    "two systems": ({"messages": [turn("system", "a"), *chat("b", "c", system="d")["messages"]]}, ["roles"]),
    "unknown role": ({"messages": [turn("human", "a"), turn("assistant", "c")]}, ["roles"]),
    "role with a line break": ({"messages": [turn("us\n\ud800er", "a"), turn("assistant", "c")]}, ["roles"]),
    "role is a list": ({"messages": [turn(["user"], "a"), turn("assistant", "c")]}, ["roles"]),
    "user only": (chat("Where?"), ["missing_answer"]),
    "user last": (chat("Where?", "Here.", "When?"), ["missing_answer"]),
    "empty answer": (chat("Where?", ""), ["missing_answer"]),
    "no turn": ({"messages": []}, ["missing_answer"]),
    "prompt alone": ({"prompt": "Where?"}, ["missing_answer"]),
    "empty completion": ({"prompt": "Where?", "completion": ""}, ["missing_answer"]),
    "mojibake": (chat("A cafÃ© in town", "Yes."), ["encoding"]),
    "mojibake in both turns": (chat("A cafÃ©", "A naÃ¯ve cafÃ©"), ["encoding"]),
    "quotes in mojibake": (chat("Why?", "Because itâ€™s late."), ["encoding"]),
    "cyrillic in mojibake": (chat("Привет".encode().decode("cp1252", "ignore"), "Yes."), ["encoding"]),
    "emoji in mojibake": (chat("Good 🙂".encode().decode("latin-1"), "Yes."), ["encoding"]),
    "byte-order mark in mojibake": (chat("ï»¿Where?", "Here."), ["encoding"]),
    "replacement character": (chat("A caf\ufffd", "Yes."), ["encoding"]),
    "zero byte": (chat("A\0b", "Yes."), ["encoding"]),
    "half a character": (chat("A \ud83d", "Yes."), ["encoding"]),
    "cp1252 read as latin-1": (chat("It\x92s late", "Yes."), ["encoding"]),
    "null": (chat("Where?", None), ["not_text"]),
    "number": (chat("How many?", 7), ["not_text"]),
    "not a number": (chat("How many?", float("nan")), ["not_text"]),
    "list": (chat([{"type": "text", "text": "Where?"}], "Here."), ["not_text"]),
    "null answer": ({"prompt": "Where?", "answer": None}, ["not_text"]),
    "end of text": (chat("Fine.</s>", "Yes."), ["special_tokens"]),
    "turn of the template": (chat("Fine.\n<|assistant|>\nNo", "Yes."), ["special_tokens"]),
    "mark of ChatML": (chat("Fine<|im_end|>", "Yes."), ["special_tokens"]),
    "mark of Llama 2": (chat("[INST] Fine [/INST]", "Yes."), ["special_tokens"]),
    "mark in the answer": (chat("Fine?", "Yes.</s> And more."), ["special_tokens"]),
    "same as a good row": (chat("where does  the otter LIVE?", "In the river."), ["duplicate"]),
    "same in another form": (chat("What is the opposite of hot?", "Cold."), ["duplicate"]),
    "no conversation": ({"instruction": "Do it.", "output": "Done."}, ["form"]),
    "column with a line break": ({"a\rb": 1}, ["form"]),
    "messages is null": ({"messages": None}, ["form"]),
    "turn is a string": ({"messages": ["Where?", "Here."]}, ["form"]),
    "ShareGPT's names": ({"messages": [{"from": "human", "value": "Where?"}]}, ["form"]),
    "row is a list": (["Where?", "Here."], ["not_object"]),
    "two empty turns": (chat("", "Yes.", "", "No."), ["empty_turn"]),
    "two at once": (chat("", "Yes.</s>"), ["empty_turn", "special_tokens"]),
    "three at once": (chat("cafÃ©</s>"), ["encoding", "missing_answer", "special_tokens"]),
}


@pytest.mark.parametrize("case", BAD)
def test_each_bad_row_is_found(case, tokenizer):
    row, kinds = BAD[case]
    assert found(row, tokenizer) == kinds


def test_problem_says_row_what_and_remedy(tokenizer):
    (problem,) = data.check([GOOD[0], chat("Fine.</s>", "Yes.")], tokenizer)
    assert (problem.row, problem.kind) == (2, "special_tokens")
    assert str(problem) == f"row 2: {problem.what}; {problem.remedy}"
    # What it says is so: the tokenizer does make a control token of the user's text.
    assert "</s> (the control token 2 once tokenized)" in problem.what
    assert tokenizer("Fine.</s>", add_special_tokens=False)["input_ids"].count(2) == 1
    (problem,) = data.check([chat("A cafÃ©", "Yes.")], tokenizer)
    assert "holds 'A cafÃ©', which was 'A café'" in problem.what
    (problem,) = data.check([chat("", "Yes.", "", "No.")], tokenizer)
    assert "turn 1 (user) and turn 3 (user) are empty" in problem.what


def test_row_in_the_test_set(tokenizer):
    test = [GOOD[0], chat("WHERE does the heron  live?", "At the lake.")]
    assert found(chat("Where does the heron live?", "In the reeds."), tokenizer) == []
    problems = data.check([chat("Where does the heron live?", "In the reeds."), GOOD[1]], tokenizer, test=test)
    assert [(p.row, p.kind) for p in problems] == [(1, "in_test")] and "row 2 there" in problems[0].what


def test_duplicates_name_the_first(tokenizer):
    rows = [GOOD[0], GOOD[1], GOOD[0], GOOD[0]]
    problems = data.check(rows, tokenizer)
    assert [(p.row, p.kind) for p in problems] == [(3, "duplicate"), (4, "duplicate")]
    assert all("row 1" in p.what for p in problems)
    # null and its name as text are not the same.
    kinds = [p.kind for p in data.check([chat("Where?", None), chat("Where?", "None")], tokenizer)]
    assert kinds == ["not_text"]


@pytest.mark.parametrize("row", [chat("Where is it now?", "By the old mill at the river."), GOOD[1]])
def test_cut_off_counts_what_remains(row, tokenizer):
    """For each max_length against the row as the template renders it."""
    encoded = tokenizer.apply_chat_template(row["messages"], return_dict=True, return_assistant_tokens_mask=True)
    ids, mask = encoded["input_ids"], encoded["assistant_masks"]
    end = len(mask) - mask[::-1].index(1)  # after the last </s>
    start = max(i for i in range(1, end) if mask[i] and not mask[i - 1])  # of the last answer
    for max_length in range(1, len(ids) + 2):
        problems = data.check([row], tokenizer, max_length)
        if max_length >= end:
            assert problems == []
            continue
        (problem,) = problems
        kept = sum(mask[start:max_length])
        assert problem.kind == "cut_off"
        assert f"of {len(ids)} tokens max_length keeps {max_length}, and so {kept} of the answer's" in problem.what
        assert f"{end - start}, without its </s>" in problem.what and f"max_length to {end} or more" in problem.remedy
        # The remedy heals, and one token less would not.
        assert data.check([row], tokenizer, end) == [] and data.check([row], tokenizer, end - 1) != []
    assert data.check([row], tokenizer, None) == []


def test_very_long_row(tokenizer):
    row = chat("word " * 100_000, "Yes.")
    size = len(tokenizer(row["messages"][0]["content"], verbose=False)["input_ids"])
    assert size > 100_000
    start = time.perf_counter()
    problems = data.check([GOOD[0], row], tokenizer)
    seconds = time.perf_counter() - start
    assert [(p.row, p.kind) for p in problems] == [(2, "cut_off"), (2, "long")]
    assert "0 of the answer's" in problems[0].what
    length = len(tokenizer.apply_chat_template(row["messages"], return_dict=True)["input_ids"])
    assert f"{length:,} tokens" in problems[1].what
    assert seconds < 5
    # One without an answer cannot be rendered, and is measured all the same.
    kinds = [p.kind for p in data.check([chat("word " * 100_000)], tokenizer)]
    assert kinds == ["long", "missing_answer"]


def test_marks_come_from_the_tokenizer_and_its_template(tokenizer):
    marks = dataset_checks.control_marks(tokenizer)
    for mark in ("<s>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|system|>", "[INST]", "<|im_end|>"):
        assert mark in marks
    assert "control token 0" in marks["<unk>"] and "chat template" in marks["<|user|>"]
    other = copy.deepcopy(tokenizer)
    other.chat_template = "{% for m in messages %}{{ '<<' + m['role'] | upper + '>>' + m['content'] }}{% endfor %}"
    assert "chat template" in dataset_checks.control_marks(other)["<<USER>>"]
    # These marks stand nowhere in the template itself, and it takes no system turn.
    other.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"
        "{{ '<|the_' + m['role'] + '|>' + m['content'] }}{% endfor %}"
    )
    assert "chat template" in dataset_checks.control_marks(other)["<|the_user|>"]
    other.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    assert f"control token {len(tokenizer)} " in dataset_checks.control_marks(other)["<|im_start|>"]


def test_template_that_refuses_a_role(tokenizer):
    llama = copy.deepcopy(tokenizer)
    llama.chat_template = LLAMA2
    problems = data.check(GOOD, llama)
    assert [(p.row, p.kind) for p in problems] == [(2, "roles")] and "no system turn here" in problems[0].what
    assert [p.kind for p in data.check([chat("Well [/INST] sure", "No.")], llama)] == ["special_tokens"]
    problems = data.check([chat("word " * 50, "Yes.")], llama, max_length=20)
    assert [p.kind for p in problems] == ["cut_off"] and "0 of the answer's" in problems[0].what


@pytest.mark.parametrize("rows", ["rows.jsonl", {"train": []}, None, 3])
def test_what_is_no_rows(rows, tokenizer):
    with pytest.raises(CourseError, match="rows is"):
        data.check(rows, tokenizer)


def test_other_wrong_arguments(tokenizer):
    with pytest.raises(CourseError, match="test is a path"):
        data.check(GOOD, tokenizer, test="test.jsonl")
    for wrong in (0, -1, 1.5, "512"):
        with pytest.raises(CourseError, match="max_length"):
            data.check(GOOD, tokenizer, max_length=wrong)
    bare = copy.deepcopy(tokenizer)
    bare.chat_template = None
    with pytest.raises(CourseError, match="no chat template"):
        data.check(GOOD, bare)


def test_course_data_is_clean_and_datasets_are_taken(tokenizer):
    rows = data.instructions("train", 120)
    test = data.instructions("heldout", 40)
    assert data.summary(data.check(rows, tokenizer, test=test)).keys() <= {"duplicate"}
    assert [p.row for p in data.check(rows, tokenizer, test=rows) if p.kind == "in_test"] == list(range(1, 121))


def test_summary():
    problems = [data.Problem(row, kind, "", "") for row, kind in ((4, "roles"), (1, "long"), (2, "roles"))]
    assert data.summary(problems) == {"long": [1], "roles": [2, 4]}
    assert list(data.summary(problems)) == ["long", "roles"]


# Generated conversations.

texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=30)
words = texts.filter(lambda text: text.strip() and not set("<[|#") & set(text))
conversations = st.builds(
    lambda system, pairs: chat(*(text for pair in pairs for text in pair), system=system),
    st.none() | words,
    st.lists(st.tuples(words, words), min_size=1, max_size=4),
)
many = settings(max_examples=60, deadline=None)


@many
@given(st.lists(conversations, max_size=5))
def test_well_formed_conversations_have_no_problem(rows):
    before = copy.deepcopy(rows)
    problems = data.check(rows, pocket_tokenizer())
    assert rows == before
    assert {problem.kind for problem in problems} <= {"duplicate"}
    distinct = {json.dumps([[t["role"], dataset_checks.normalised(t["content"])] for t in r["messages"]]) for r in rows}
    assert len(problems) == len(rows) - len(distinct)


@many
@given(conversations, st.data())
def test_swapped_turns_are_found(row, draw):
    i = draw.draw(st.integers(0, len(row["messages"]) - 2))
    turns = row["messages"]
    turns[i], turns[i + 1] = turns[i + 1], turns[i]
    assert "roles" in [p.kind for p in data.check([row], pocket_tokenizer())]


@many
@given(conversations, st.data())
def test_any_control_mark_is_found(row, draw):
    tokenizer = pocket_tokenizer()
    mark = draw.draw(st.sampled_from(sorted(dataset_checks.control_marks(tokenizer))))
    hit = draw.draw(st.sampled_from(row["messages"]))
    at = draw.draw(st.integers(0, len(hit["content"])))
    hit["content"] = hit["content"][:at] + mark + hit["content"][at:]
    (problem,) = data.check([row], tokenizer)
    assert problem.kind == "special_tokens" and f"{mark} (" in problem.what and hit["role"] in problem.what


LANGUAGES = {
    "German": "Die Größe beträgt 5 °C – „schön“, sagte Frau Müller.",
    "French": "L’été à Paris, c’est « déjà vu » : où est l’œuvre ? À L’ÂGE DE 12 ANS…",
    "Spanish": "¿Qué pasó mañana? ¡Ñandú!",
    "Portuguese": "AMANHÃ DE MANHÃ – “não”, disse a IRMÃ… A LÃ É BOA. SÃO PAULO",
    "Swedish": "Får jeg spørre om været på Åland? Ångström gick över ån.",
    "Polish": "Zażółć gęślą jaźń — „tak”.",
    "Turkish": "İstanbul’da Şişli’ye ığdır",
    "Vietnamese": "Tiếng Việt rất đẹp, phải không?",
    "Greek": "Τι είναι η αγάπη; «Καλημέρα»",
    "Russian": "Съешь ещё этих мягких французских булок… «Да» № 5",
    "Chinese": "今天的天气怎么样？很好。",
    "emoji": "Well done 🙂👍🏽 – see you ❤️",
    "code": "def f(x): return x ** 2 >= 3 and y != '≤'  # ± 0.5 µm, 10 ‰",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_of_any_language_is_good_and_its_mojibake_is_found(language, tokenizer):
    text = LANGUAGES[language]
    assert data.check([chat(text, "Yes.")], tokenizer) == []
    wrong = text.encode("utf-8").decode("latin-1")
    (problem,) = data.check([chat(wrong, "Yes.")], tokenizer)
    # The remedy, taken at its word.
    assert problem.kind == "encoding" and "ftfy.fix_encoding(text)" in problem.remedy
    assert ftfy.fix_encoding(wrong) == text


@many
@given(st.text(max_size=60))
def test_any_text_is_survived(text):
    problems = data.check([chat(text, "Yes.")], pocket_tokenizer())
    assert all(p.row == 1 and str(p).isprintable() for p in problems)
    if not text.strip():
        assert "empty_turn" in [p.kind for p in problems]


# Reading files.

good_lines = st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=2).map(
    lambda row: (json.dumps(row, ensure_ascii=False).encode(), row)
)
# A line of letters only in cp1252, half an object, no object; each with the kind that it has to get.
broken_lines = st.sampled_from([
    (b'{"a": "caf\xe9"}', "not_utf8"), (b'{"a": 1', "not_json"), (b"otter", "not_json"), (b"{'a': 1}", "not_json"),
    (b'{"a": 1} {"b": 2}', "not_json"), (b"[1, 2]", "not_object"), (b"null", "not_object"), (b'"text"', "not_object"),
])  # fmt: skip
blank_lines = st.sampled_from([(b"", None), (b"   ", None), (b"\t\r", None)])


@many
@given(
    st.lists(good_lines | broken_lines | blank_lines, max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.booleans(),
)
def test_line_numbers_whatever_stands_between(tmp_path_factory, lines, ending, mark, last_ending):
    lines = [*lines, (b'{"end": 1}', {"end": 1})]
    path = tmp_path_factory.mktemp("lines") / "rows.jsonl"
    path.write_bytes(mark + ending.join(line for line, _ in lines) + (ending if last_ending else b""))
    rows = data.load_jsonl(path)
    numbered = list(enumerate(lines, start=1))
    assert list(zip(rows.lines, rows, strict=True)) == [(n, r) for n, (_, r) in numbered if isinstance(r, dict)]
    assert [(p.row, p.kind) for p in rows.problems] == [(n, k) for n, (_, k) in numbered if isinstance(k, str)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_offsets_point_at_the_byte(tmp_path, mark):
    path = tmp_path / "rows.jsonl"
    content = mark + LINE({"a": "é"}, ensure_ascii=False).encode() + b"\n\n" + '{"a": "Müller"}'.encode("cp1252")
    path.write_bytes(content)
    (problem,) = data.load_jsonl(path).problems
    offset = int(problem.what.split("(byte ")[1].split()[0])
    assert content[offset] == 0xFC and problem.row == 3
    at = content.splitlines()[2].index(0xFC)
    assert f"byte {at} of the line" in problem.what
    assert "Müller" in problem.remedy and "cp1252" in problem.remedy


def test_encodings_guessed(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": "\x81"}\n')  # a byte that cp1252 does not define
    (problem,) = data.load_jsonl(path).problems
    assert problem.kind == "not_utf8" and "latin-1" in problem.remedy


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_wide_encodings_are_read(tmp_path, encoding, mark):
    path = tmp_path / "rows.jsonl"
    path.write_text(mark + "".join(LINE(row, ensure_ascii=False) + "\n" for row in GOOD), encoding)
    rows = data.load_jsonl(path)
    assert rows == GOOD and rows.lines == list(range(1, len(GOOD) + 1)) and not rows.problems
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CourseError, match="and does not go on so"):
        data.load_jsonl(path)


def test_line_separators_inside_a_text_end_no_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    row = {"a": "one\u2028two\u0085three\x0cfour"}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n{}\n", "utf-8")
    rows = data.load_jsonl(path)
    assert rows == [row, {}] and rows.lines == [1, 2] and not rows.problems


@pytest.mark.parametrize(
    "line, remedy",
    [
        ("{'a': 1}", "json.dumps"),
        ('{"a": 1}{"b": 2}', "each its own"),
        ('{"a": 1', "breaks off"),
        ("[" * 200_000, "flatten"),
    ],
)
def test_lines_that_are_no_json(tmp_path, line, remedy):
    path = tmp_path / "rows.jsonl"
    path.write_text("{}\n" + line + "\n")
    rows = data.load_jsonl(path)
    assert rows == [{}]
    (problem,) = rows.problems
    assert (problem.row, problem.kind) == (2, "not_json") and remedy in problem.remedy


def test_a_json_error_says_where(tmp_path):
    path = tmp_path / "rows.jsonl"
    line = '{"a": "b" "c": 1}'
    path.write_text(line)
    (problem,) = data.load_jsonl(path).problems
    at = line.index('"c"') + 1
    assert f"at character {at} of the line" in problem.what


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_empty_files(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(CourseError, match="is empty"):
        data.load_jsonl(path)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(CourseError, match="there is no file"):
        data.load_jsonl(tmp_path / "rows.jsonl")
    with pytest.raises(CourseError, match="is a directory"):
        data.load_jsonl(tmp_path)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("document", [[{"a": 1}, {"a": 2}], {"a": [1, 2]}])
def test_one_document_is_not_json_lines(tmp_path, document, indent):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(document, indent=indent))
    if isinstance(document, dict) and indent is None:
        assert data.load_jsonl(path) == [document]  # one row
        return
    with pytest.raises(CourseError, match="one JSON document|1 object over several lines"):
        data.load_jsonl(path)


def test_a_file_is_checked_by_its_lines(tmp_path, tokenizer):
    path = tmp_path / "rows.jsonl"
    lines = [LINE(GOOD[0]), "", LINE(chat("", "Yes.")), "{", LINE(GOOD[0]), "[]"]
    path.write_text("\n".join(lines))
    rows = data.load_jsonl(path)
    problems = data.check(rows, tokenizer)
    assert [(p.row, p.kind) for p in problems] == [
        (3, "empty_turn"), (4, "not_json"), (5, "duplicate"), (6, "not_object")
    ]  # fmt: skip
    assert rows == [json.loads(lines[i]) for i in (0, 2, 4)]


# The shelf.

FLAWED = {
    "empty_turn": [4], "roles": [6, 31], "missing_answer": [8, 27], "cut_off": [11], "duplicate": [13],
    "in_test": [14], "encoding": [15, 28, 30], "special_tokens": [17], "not_utf8": [19], "not_json": [21],
    "not_text": [23, 24], "not_object": [25],
}  # fmt: skip


def test_flawed_file_holds_each_case(tokenizer):
    rows = data.load_jsonl(shelf.ASSETS / "flawed.jsonl")
    problems = data.check(rows, tokenizer, test=data.load_jsonl(shelf.ASSETS / "flawed_test.jsonl"))
    assert data.summary(problems) == dict(sorted(FLAWED.items()))
    assert [p.row for p in problems] == sorted(p.row for p in problems)
    good = set(rows.lines) - {p.row for p in problems}
    assert len(good) >= 12


COLUMNS = {
    "ultrachat": {"prompt": "string", "prompt_id": "string", "messages": [{"content": "string", "role": "string"}]},
    "english_quotes": {"quote": "string", "author": "string", "tags": ["string"]},
    "python-codes": {"output": "string", "instruction": "string", "input": "string", "text": "string"},
    "sentiment": {"text": "string", "label": ("neg", "pos")},
}


def plain(feature):
    """A column's type in a form to compare: the dtype, a list of one, a dict, or the names of a label."""
    if isinstance(feature, dict):
        return {name: plain(inner) for name, inner in feature.items()}
    if hasattr(feature, "names"):
        return tuple(feature.names)
    return [plain(feature.feature)] if hasattr(feature, "feature") else feature.dtype


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", COLUMNS)
def test_stand_ins(name, no_network, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dataset, source = data.shelf(name)
    assert plain(dataset.features) == COLUMNS[name] and 24 <= dataset.num_rows <= 40
    assert source.startswith("A stand-in") and shelf.SOURCES[name].repository in source
    assert "HF_HUB_OFFLINE" in source and str(dataset.num_rows) in source
    texts = [json.dumps(row) for row in dataset]
    assert len(set(texts)) == len(texts)
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)
    assert data.shelf(name, rows=5)[0].to_list() == dataset.to_list()[:5]
    assert data.shelf(name, rows=5000)[0].num_rows == dataset.num_rows


def test_stand_in_rows_are_what_the_tutorials_take(tokenizer):
    chats, _ = data.shelf("ultrachat")
    assert all(row["prompt"] == row["messages"][0]["content"] and len(row["prompt_id"]) == 64 for row in chats)
    assert max(len(row["messages"]) for row in chats) >= 6
    # At the recipe's 512 tokens one chat loses its end, as many do in the real set.
    assert [p.kind for p in data.check(chats, tokenizer, max_length=512)] == ["cut_off"]
    for row in data.shelf("python-codes")[0]:
        assert row["output"].startswith("```python\n") and row["output"].endswith("\n```")
        ast.parse(row["output"].removeprefix("```python\n").removesuffix("```"))
        assert row["text"] == " ".join(filter(None, (row["instruction"], row["input"], row["output"])))
    quotes, _ = data.shelf("english_quotes")
    assert all(row["quote"][0] + row["quote"][-1] == "“”" for row in quotes)
    labels = data.shelf("sentiment")[0]["label"]
    assert sum(labels) == len(labels) / 2


def test_unknown_name_and_rows():
    with pytest.raises(CourseError, match="no data set 'alpaca' on the shelf: take one of ultrachat"):
        data.shelf("alpaca")
    for wrong in (0, -3, "all"):
        with pytest.raises(CourseError, match="is not a number of rows"):
            data.shelf("ultrachat", wrong)


@pytest.fixture
def online(monkeypatch):
    """As on a machine without HF_HUB_OFFLINE; nothing but a closed port of this machine is asked."""
    from huggingface_hub import constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")


def test_hub_out_of_reach(online):
    start = time.perf_counter()
    dataset, source = data.shelf("english_quotes")
    assert "stand-in" in source and "the hub cannot be reached" in source and dataset.num_rows >= 24
    assert time.perf_counter() - start < shelf.PATIENCE + 5


def test_the_real_set_is_taken_where_it_can_be(monkeypatch):
    import datasets

    asked = []

    def load_dataset(*arguments, **options):
        asked.append((arguments, options))
        return datasets.Dataset.from_dict({"prompt": [str(i) for i in range(5000)]})

    monkeypatch.setattr(shelf, "_why_not_the_hub", lambda: "")
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    chats, source = data.shelf("ultrachat")
    (((repository,), options),) = asked
    assert repository == "HuggingFaceH4/ultrachat_200k" and options["split"] == "test_sft"
    whole = datasets.Dataset.from_dict({"prompt": [str(i) for i in range(5000)]})
    assert chats["prompt"] == whole.shuffle(seed=42).select(range(3000))["prompt"]
    assert source == "3,000 rows of the real HuggingFaceH4/ultrachat_200k, split test_sft."
    assert data.shelf("english_quotes")[0].num_rows == 5000
    assert data.shelf("ultrachat", rows=7)[0].num_rows == 7


@pytest.mark.parametrize("name", ["ultrachat", "sentiment"])
def test_of_a_set_with_several_splits_only_one_is_fetched(name, tmp_path, monkeypatch):
    """A directory stands for the repository: the files of the other splits, which are no data, would not load."""
    import datasets

    source = shelf.SOURCES[name]
    where = tmp_path / "data" if "/" in source.files.removeprefix("**/") else tmp_path
    where.mkdir(exist_ok=True)
    datasets.Dataset.from_dict({"text": ["a", "b"]}).to_parquet(where / f"{source.split}-00000-of-00001.parquet")
    for other in ("validation", "train_gen", "test_gen", "other"):
        (where / f"{other.replace('train', 'tr')}-00000-of-00001.parquet").write_bytes(b"no parquet")
    monkeypatch.setattr(shelf, "_why_not_the_hub", lambda: "")
    monkeypatch.setitem(shelf.SOURCES, name, dataclasses.replace(source, repository=str(tmp_path)))
    assert data.shelf(name, take_from="hub")[0]["text"][:] in (["a", "b"], ["b", "a"])


def test_the_readers_choice_of_hub_or_stand_in(monkeypatch):
    monkeypatch.setattr(shelf, "_why_not_the_hub", lambda: "the hub cannot be reached")
    with pytest.raises(CourseError, match="english_quotes is not to be had: the hub cannot be reached"):
        data.shelf("english_quotes", take_from="hub")
    with pytest.raises(CourseError, match="none of either, hub, stand-ins"):
        data.shelf("english_quotes", take_from="both")
    monkeypatch.setattr(shelf, "_why_not_the_hub", lambda: pytest.fail("the hub was asked"))
    assert data.shelf("english_quotes", take_from="stand-ins")[1].startswith("A stand-in")


def test_a_set_that_the_hub_does_not_give(monkeypatch):
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    real = datasets.load_dataset

    def load_dataset(path, **options):
        if path != "json":
            raise DatasetNotFoundError("gone")
        return real(path, **options)

    monkeypatch.setattr(shelf, "_why_not_the_hub", lambda: "")
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    dataset, source = data.shelf("python-codes")
    assert "the hub did not give it (DatasetNotFoundError)" in source and dataset.num_rows >= 24


def test_stand_in_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(shelf, "ASSETS", tmp_path)
    with pytest.raises(CourseError, match="git checkout"):
        data.shelf("sentiment")


# --- rows of one's own -----------------------------------------------------------------------------------------------


def own(tmp_path, tokenizer, *rows):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(LINE, rows)))
    return data.own(path, tokenizer)


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "Hot?"}, {"role": "assistant", "content": "Cold."}]},
        {"prompt": "Hot?", "answer": "Cold."},
        {"question": "Hot?", "answer": "Cold."},
        {"instruction": "Hot?", "output": "Cold."},
        {"conversations": [{"from": "human", "value": "Hot?"}, {"from": "gpt", "value": "Cold."}]},
    ],
)
def test_own_rows_of_any_form_are_rows_as_the_courses(tmp_path, tokenizer, row):
    (got,) = own(tmp_path, tokenizer, row)
    assert (got["task"], got["prompt"], got["answer"], got["required"]) == ("yours", "Hot?", "Cold.", [])
    assert got["messages"] == data.row_of("", "Hot?", "Cold.")["messages"]


def test_own_rows_keep_their_task_and_longer_conversations_are_asked_whole(tmp_path, tokenizer):
    talk = [{"role": role, "content": word} for role, word in zip(("user", "assistant") * 2, "abcd", strict=True)]
    one, two = own(tmp_path, tokenizer, {"messages": talk, "task": "letters"}, {"prompt": "x", "answer": "y" * 200})
    assert one["task"] == "letters" and one["prompt"] == talk[:3] and one["answer"] == "d"
    assert two["prompt"] == [{"role": "user", "content": "x"}] and one["limit"] == 24 < two["limit"] == 108


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"prompt": "a", "answer": "b"}, {"prompt": "", "answer": "b"}], "1 faults, the first in row 2: turn 1"),
        ([{"prompt": "a", "answer": "b"}, {"messages": [{"role": "user", "content": "a"}]}], "the first in row 2"),
        ([{"text": "nothing to ask"}], "in no row it is certain"),
    ],
)
def test_own_rows_that_cannot_be_used_are_one_line(tmp_path, tokenizer, rows, said):
    with pytest.raises(CourseError) as refused:
        own(tmp_path, tokenizer, *rows)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_rows_of_one_task_are_all_of_it_and_different():
    rows = data.instructions("train", 300, 3, task="sentiment")
    assert len(rows) == len(set(rows["prompt"])) == 300 and set(rows["task"]) == {"sentiment"}
    other = data.instructions("train", 300, 4, task="sentiment")
    assert set(rows["prompt"]) != set(other["prompt"])


@pytest.mark.parametrize(
    ("rows", "task", "said"),
    [(10, "sums", "there is no task 'sums': there are sentiment"), (3000, "opposites", "ask for at most so many")],
)
def test_a_task_that_there_is_not_enough_of_is_one_line(rows, task, said):
    with pytest.raises(CourseError, match=said):
        data.instructions("heldout", rows, task=task)


# --- rows of one's own, the good ones ----------------------------------------------------------------------


def _as_csv(path):
    path.write_text('question,answer,source\n"When, then?",Now.,a\nWhere?,Here.,b\n')


def _as_parquet(path):
    import pyarrow
    from pyarrow import parquet

    columns = {"instruction": ["When, then?", "Where?"], "input": ["", ""], "output": ["Now.", "Here."]}
    parquet.write_table(pyarrow.table(columns), path)


def _as_lines(*rows):
    return lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _as_json(*rows):
    return lambda path: path.write_text(json.dumps(list(rows), indent=1))


def _talk(asked, answer, names=("role", "content"), roles=("user", "assistant")):
    role, content = names
    return [{role: roles[0], content: asked}, {role: roles[1], content: answer}]


PAIRS = (("When, then?", "Now."), ("Where?", "Here."))
FORMS = {
    "table.csv": _as_csv,
    "alpaca.parquet": _as_parquet,
    "sharegpt.json": _as_json(
        *({"conversations": _talk(*pair, ("from", "value"), ("human", "gpt"))} for pair in PAIRS)
    ),
    "messages.jsonl": _as_lines(*({"messages": _talk(*pair)} for pair in PAIRS)),
    "completion.jsonl": _as_lines(*({"prompt": asked, "completion": answer} for asked, answer in PAIRS)),
    "dpo.jsonl": _as_lines(*({"prompt": asked, "chosen": answer, "rejected": "No."} for asked, answer in PAIRS)),
}


@pytest.mark.parametrize("name", FORMS)
def test_usable_reads_every_form_alike(tmp_path, tokenizer, name):
    FORMS[name](tmp_path / name)
    rows, problems = data.usable(tmp_path / name, tokenizer)
    assert problems == []
    assert [(row["prompt"], row["answer"]) for row in rows] == list(PAIRS)
    assert [row["messages"] for row in rows] == [_talk(*pair) for pair in PAIRS]
    lines = [row["line"] for row in rows]
    assert lines == sorted(set(lines)) and all(isinstance(row["columns"], dict) for row in rows)
    if name == "table.csv":
        assert [row["columns"]["source"] for row in rows] == ["a", "b"]


def test_usable_leaves_out_what_cannot_be_trained_on_and_names_the_rest(tmp_path, tokenizer):
    path = tmp_path / "mixed.jsonl"
    good = {"prompt": "Where?", "answer": "Here."}
    path.write_text("\n".join(map(json.dumps, [good, {"prompt": "When?"}, good, {"prompt": "x " * 90, "answer": "y"}])))
    rows, problems = data.usable(path, tokenizer, max_length=64)
    assert [row["line"] for row in rows] == [1, 3, 4]
    assert {(problem.row, problem.kind) for problem in problems} == {
        (2, "missing_answer"), (3, "duplicate"), (4, "cut_off"),
    }  # fmt: skip
