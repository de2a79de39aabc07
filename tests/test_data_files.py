"""Data files of any kind are read, or refused in one line that says what they are and what to do."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import data, models
from course_utils.errors import CourseError

LINE = json.dumps


def chat(question, answer):
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


ROWS = [chat(f"What is {i} and {i}?", f"Größe {2 * i}.") for i in range(12)]
LINES = [LINE(row, ensure_ascii=False) for row in ROWS]
JSONL = "\n".join(LINES).encode()


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


@pytest.fixture
def file(tmp_path):
    """Writes bytes to a file and gives its path."""

    def write(content, name="rows.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def refusal(read, path):
    with pytest.raises(CourseError) as refused:
        read(path)
    message = str(refused.value)
    assert path.name in message and len(message.splitlines()) == 1 and len(message) < 400
    return message


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows"])
def test_compressed_files_are_known_by_their_content(file, pack, name):
    path = file(pack(JSONL), name)
    for read in (data.load_jsonl, data.load):
        rows = read(path)
        assert rows == ROWS and rows.lines == list(range(1, 13)) and rows.problems == []


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_download_that_was_cut_short(file, pack):
    packed = pack(JSONL * 20)
    for end in (len(packed) // 2, len(packed) - 3, 11):
        assert "compressed and damaged" in refusal(data.load_jsonl, file(packed[:end]))


def zipped(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, JSONL)
    return made.getvalue()


@pytest.mark.parametrize(
    "content, words",
    [
        (zipped("train.jsonl", "test.jsonl"), "a zip archive that holds train.jsonl, test.jsonl: unpack"),
        (zipped("a", "b", "c", "d"), "a, b, c, …: unpack"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook: save the sheet as CSV"),
        (b"PK\x03\x04" + bytes(range(256)), "a zip archive: unpack"),
        (b"\x28\xb5\x2f\xfd" + bytes(range(256)), "zstd"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        (b"<HTML><head>", "a web page"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"SQLite format 3\0\0", "an SQLite database"),
        (bytes(4096), "nothing but zero bytes"),
        (bytes(range(128, 256)) * 8, "is binary, or in another encoding"),
        (b"prompt,answer\nHi,Yo\n", "it begins with 'prompt,answer"),
        (b"Once upon a time\nthere was a fox.\n", "no line of"),
    ],
)
def test_files_of_other_kinds(file, content, words):
    path = file(content)
    assert words in refusal(data.load_jsonl, path)
    assert words in refusal(data.load, path)


# What is JSON, but not one object a line.
OTHER_FORMS = {
    "a list": (LINE(ROWS), "a list of 12 objects"),
    "a list over lines": (json.dumps(ROWS, indent=2), "a list of 12 objects"),
    "a list, one row a line": ("[\n" + ",\n".join(LINES) + "\n]", "a list of 12 objects:"),
    "a list that ends in a comma": ("[\n" + ",\n".join(LINES) + ",\n]\n", "a list of 12 objects, with a comma"),
    "commas at the ends": (",\n".join(LINES) + ",\n", "12 objects with commas"),
    "commas between": (",\n".join(LINES), "12 objects with commas"),
    "pretty objects": ("\n".join(json.dumps(row, indent=2) for row in ROWS), "12 objects over several lines"),
    "pretty, with commas": (",\n".join(json.dumps(row, indent=2) for row in ROWS), "12 objects with commas"),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_json_in_other_forms_is_named_and_load_reads_it(file, form, mark):
    text, words = OTHER_FORMS[form]
    path = file((mark + text).encode())
    message = refusal(data.load_jsonl, path)
    assert words in message and "data.load" in message
    rows = data.load(path)
    assert rows == ROWS and rows.problems == []
    # Each row begins where its lines say: an editor that goes there shows it.
    assert all(row["messages"][0]["content"] in "".join(text.splitlines()[n - 1 : n + 6]) for row, n in zip(
        rows, rows.lines, strict=True))  # fmt: skip
    assert rows.lines == sorted(rows.lines)


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_no_character_is_lost_without_a_word(file, form):
    path = file(OTHER_FORMS[form][0].replace("\\u00f6", "ö").encode("cp1252"))
    message = refusal(data.load, path)
    assert "it is not UTF-8 (byte 0xF6)" in message and "12 objects" in message
    line = int(message.split("in line ")[1].split()[0])
    assert b"\xf6" in path.read_bytes().splitlines()[line - 1]


def test_carriage_returns_alone_end_lines(file):
    rows = data.load_jsonl(file(b"\r".join(line.encode() for line in [*LINES[:3], "{", *LINES[3:]])))
    assert rows == ROWS and rows.lines == [1, 2, 3, *range(5, 14)] and [p.row for p in rows.problems] == [4]


def test_a_few_bad_lines_stay_bad_lines(file):
    """A comma or a row over several lines among good lines makes no other form of the file."""
    rows = data.load_jsonl(file("\n".join([*LINES[:6], LINES[6] + ",", *LINES[7:]]).encode()))
    assert len(rows) == 11 and [p.row for p in rows.problems] == [7] and "comma that ends" in rows.problems[0].remedy
    pretty = json.dumps({"a": 1, "b": 2}, indent=2)
    rows = data.load_jsonl(file("\n".join([*LINES, pretty]).encode()))
    assert rows == ROWS and {p.row for p in rows.problems} == {13, 14, 15, 16}


@pytest.mark.parametrize(
    "line, name",
    [
        ('{"prompt": "a", "answer": "b", "answer": "c"}', "answer"),
        ('{"messages": [{"role": "user", "content": "a", "content": "b"}]}', "content"),
    ],
)
@pytest.mark.parametrize("form", ["{}\n\n%s\n", "[{},\n\n%s]"])
def test_a_name_given_twice_is_reported(file, tokenizer, line, name, form):
    rows = data.load(file((form % line).encode()))
    assert rows == [{}, json.loads(line)] and rows.lines == [1, 3]
    (problem,) = rows.problems
    assert (problem.row, problem.kind) == (3, "repeated_name") and repr(name) in problem.what
    assert problem in data.check(rows, tokenizer)
    # The same name in two objects is no fault.
    assert data.load(file(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}')).problems == []


json_rows = st.dictionaries(
    st.text(max_size=4),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists),
    max_size=3,
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(json_rows, min_size=1, max_size=6),
    st.sampled_from([None, 1]),
    st.sampled_from(["\n", ",\n", "\r\n", " , "]),
    st.booleans(),
)
def test_load_reads_what_json_wrote(tmp_path_factory, rows, indent, between, listed):
    path = tmp_path_factory.mktemp("json") / "rows.json"
    text = between.join(json.dumps(row, indent=indent, ensure_ascii=False) for row in rows)
    path.write_text(f"[{text}]" if listed else text, "utf-8")
    read = data.load(path)
    assert read == rows and read.problems == [] and read.lines == sorted(read.lines)


# Tables.


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv(file, delimiter, mark):
    text = 'prompt;answer\n"What; is\nthis, now?";"He said ""no""."\n\nOnly one\nHi;Größe\n'.replace(";", delimiter)
    rows = data.load(file(mark + text.replace("\n", "\r\n").encode(), "rows.csv"))
    assert rows == [
        {"prompt": f"What{delimiter} is\r\nthis, now?", "answer": 'He said "no".'},
        {"prompt": "Hi", "answer": "Größe"},
    ]
    assert rows.lines == [2, 6]
    (problem,) = rows.problems
    assert (problem.row, problem.kind) == (5, "not_row") and "1 fields where the first line names 2" in problem.what


def test_tables_that_cannot_be_read(file):
    assert "not UTF-8" in refusal(data.load, file("a,b\nc,Größe\n".encode("cp1252"), "rows.csv"))
    assert "line 2" in refusal(data.load, file("a,b\nc,Größe\n".encode("cp1252"), "rows.csv"))
    assert "name each column once" in refusal(data.load, file(b"a,a\n1,2\n", "rows.csv"))
    assert "name each column once" in refusal(data.load, file(b"a,\n1,2\n", "rows.csv"))
    assert "separated table from line 3 on" in refusal(data.load, file(b'a,b\n1,2\n"x"y,3\n', "rows.csv"))
    long = "word " * 100_000
    (row,) = data.load(file(f"prompt\tanswer\nHi\t{long}\n".encode(), "rows.tsv"))
    assert row["answer"] == long


def test_parquet(file, tmp_path):
    from datasets import Dataset

    Dataset.from_list(ROWS).to_parquet(tmp_path / "rows.parquet")
    rows = data.load(tmp_path / "rows.parquet")
    assert rows == ROWS and rows.lines == list(range(1, 13))
    assert "Parquet file" in refusal(data.load_jsonl, tmp_path / "rows.parquet")
    assert "is damaged" in refusal(data.load, file(b"PAR1" + bytes(range(256)) * 8 + b"PAR1", "broken.parquet"))


def test_a_saved_data_set_is_a_directory(tmp_path):
    from datasets import Dataset

    Dataset.from_list(ROWS).save_to_disk(tmp_path / "saved")
    assert "load_from_disk" in refusal(data.load, tmp_path / "saved")


# Nasty ones: what is said of each has to be so.


@pytest.mark.parametrize(
    "line, words",
    [
        (b'{"a": ' + b"9" * 5000 + b"}", "a whole number too long"),
        (b'{"a": "x\0y"}', "Invalid control character"),
        (b'{"a": "' + b"x" * 10_000_000, "Unterminated string"),
        (b'{"a": 1}\x00\x00\x00', "zero bytes"),
        (b'{"a": True}', "Expecting value"),
        ("“{”a”: 1}".encode(), "Expecting value"),
        (b'{"a": "x', "the line breaks off"),
        (b'{"a": 1}\r{"b": 2}', "a carriage return ends a line here"),
        (LINE(LINE({"a": 1})).encode(), "json.dumps twice"),
    ],
)
def test_nasty_lines(file, line, words):
    rows = data.load_jsonl(file(b"\xef\xbb\xbf{}\r\n" + line + b"\r\n{}"))
    assert rows == [{}, {}] and rows.lines == [1, 3]
    (problem,) = rows.problems
    assert problem.row == 2 and words in str(problem) and len(str(problem)) < 300


def test_marks_where_files_were_joined(file):
    mark = b"\xef\xbb\xbf"
    rows = data.load_jsonl(file(mark + mark + JSONL + b"\n" + mark + JSONL))
    assert rows == ROWS + ROWS and rows.problems == []


def test_a_document_that_was_cut_short(file):
    text = json.dumps(ROWS, indent=2)
    for end in (len(text) // 2, len(text) - 3):
        message = refusal(data.load, file(text[:end].encode()))
        line = int(message.split("fails in line ")[1].split(":")[0])
        assert text[:end].count("\n") - 1 <= line <= text[:end].count("\n") + 1


def test_rows_inside_of_another_object(file, tokenizer):
    (problem,) = data.check(data.load(file(LINE({"version": 1, "data": ROWS}).encode())), tokenizer)
    assert problem.kind == "form" and "stand in the column data" in problem.remedy


def test_nasty_values_are_read_as_they_are(file, tokenizer):
    lines = [
        b'{"prompt": "a", "answer": NaN}', b'{"prompt": "b", "answer": -Infinity}', b'{"prompt": "c", "answer": 1e999}',
        rb'{"prompt": "d", "answer": "half \ud83d"}', rb'{"prompt": "e", "answer": "\ud83d\ude42"}',
        b'{"prompt": "f", "answer": ""}', b'{"prompt": "g", "answer": null}', rb'{"prompt": "h", "answer": "\u0000"}',
    ]  # fmt: skip
    rows = data.load_jsonl(file(b"\n".join(lines)))
    assert len(rows) == len(lines) and rows.problems == []
    found = data.summary(data.check(rows, tokenizer))
    assert found == {"encoding": [4, 8], "missing_answer": [6], "not_text": [1, 2, 3, 7]}
