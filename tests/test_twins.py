"""The scripts that made the twins and lesson 12's receipts run to their end in a small size, on a CPU."""

import json

import pytest
import torch

from course_utils import families
from course_utils.making import five_families, shapes, twins


@pytest.mark.slow
def test_two_twins_are_made_from_a_corpus(small_corpus, tmp_path):
    given = ["--corpus", str(small_corpus), "--out", str(tmp_path), "--size", "small", "--only", "bloom", "flan-t5"]
    assert twins.main(given) == 0
    receipt = json.loads((tmp_path / "twins.json").read_text())
    assert [run["family"] for run in receipt["runs"]] == ["bloom", "flan-t5"]
    for run in receipt["runs"]:
        directory = tmp_path / run["family"] / "model"
        net = families.head_class(run["family"]).from_pretrained(directory)
        assert net.num_parameters() == run["parameters"] and "SHA256SUMS" in {file.name for file in directory.iterdir()}
        assert f"{run['heldout_bits_per_byte']:.3f} bits per byte" in (directory / "README.md").read_text()


def test_a_missing_corpus_is_one_line(tmp_path, capsys):
    assert twins.main(["--corpus", str(tmp_path), "--out", str(tmp_path / "out"), "--size", "small"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "has no simple_english.txt" in line


def test_holes_are_filled_by_what_was_taken_out():
    tokens = torch.arange(100, 164).repeat(2, 1)
    read, write = twins.corrupt(tokens, 999, 1)
    assert read.shape[0] == write.shape[0] == 2 and read[0, -1] == write[0, -1] == 1
    assert torch.equal(read[0], read[1])
    sentinels = [token for token in read[0].tolist() if token > 900]
    assert sentinels == [999 - k for k in range(len(sentinels))]
    filled, parts = [], write[0].tolist()
    for token in read[0].tolist()[:-1]:
        if token > 900:
            start = parts.index(token) + 1
            filled += parts[start : parts.index(token - 1)]
        else:
            filled.append(token)
    assert filled == list(range(100, 164))


@pytest.mark.slow
def test_the_receipt_of_five_families_is_written(tmp_path):
    out = tmp_path / "five.json"
    assert five_families.main(["--out", str(out), "--quick", "--families", "opt", "flan-t5"]) == 0
    receipt = json.loads(out.read_text())
    assert [(run["family"], run["way"]) for run in receipt["runs"]] == [
        (family, way) for family in ("opt", "flan-t5") for way in five_families.WAYS
    ]
    for run in receipt["runs"]:
        assert len(run["right"]) == 8 and set(run["right"]) <= {"0", "1"}
    size = {run["way"]: run["bytes"] for run in receipt["runs"] if run["family"] == "opt"}
    assert size["NF4"] < size["GPTQ"] < size["LLM.int8"] < size["16 bits"]


@pytest.mark.slow
def test_the_receipt_of_shapes_is_written(tmp_path):
    out = tmp_path / "shapes.json"
    assert shapes.main(["--out", str(out), "--quick", "--only", "falcon", "bloom"]) == 0
    runs = json.loads(out.read_text())["runs"]
    assert [run["run"] for run in runs] == ["falcon", "bloom"]
    assert all(run["losses"][-1] < run["losses"][0] and run["moved"] == "4 of 4 adapter matrices" for run in runs)
