"""Pretraining: the small size runs on a CPU, a killed run goes on exactly where it stood, bad input is one line."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.errors import CourseError
from course_utils.making import pretrain

ROOT = Path(__file__).parent.parent


def command(corpus, out, *more):
    return [
        sys.executable,
        "-m",
        "course_utils.making.pretrain",
        "--corpus",
        corpus,
        "--out",
        out,
        "--size",
        "small",
        *more,
    ]


def run(*arguments):
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=300)


def losses(out):
    return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(small_corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    done = run(small_corpus, out)
    assert done.returncode == 0, done.stderr
    return out, time.monotonic() - began


def test_small_size_learns_within_a_minute(whole):
    out, seconds = whole
    assert seconds < 60
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert len(log) == pretrain.RECIPES["small"].steps
    assert log[-1]["loss"] < log[0]["loss"] - 0.5
    scored = [line["bits_per_byte"] for line in log if "bits_per_byte" in line]
    assert scored[-1] < scored[0] < 8
    assert all(len(line["samples"]) == len(pretrain.SAMPLES) for line in log if "samples" in line)


def test_the_result_loads_by_the_auto_classes(whole):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    directory = whole[0] / "model"
    tokenizer, model = AutoTokenizer.from_pretrained(directory), AutoModelForCausalLM.from_pretrained(directory)
    assert model.config.model_type == "llama" and len(tokenizer) == model.config.vocab_size
    assert model(**tokenizer("The cat", return_tensors="pt")).logits.shape[-1] == len(tokenizer)
    names = [line.split()[1] for line in (directory / "SHA256SUMS").read_text().splitlines()]
    assert "model.safetensors" in names and all((directory / name).exists() for name in names)


def test_a_killed_run_goes_on_with_the_same_losses(small_corpus, whole, tmp_path):
    process = subprocess.Popen(
        command(small_corpus, tmp_path), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    log = tmp_path / "log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) >= 14):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 14 <= len(losses(tmp_path)) < pretrain.RECIPES["small"].steps, "it was killed too late to test anything"
    done = run(small_corpus, tmp_path)
    assert done.returncode == 0, done.stderr
    assert losses(tmp_path) == losses(whole[0])


def test_the_receipt_says_what_was_run(whole):
    receipt = json.loads((whole[0] / "receipt.json").read_text())
    assert receipt["command"].endswith("--size small") and receipt["recipe"]["steps"] == 30
    assert receipt["curve"][-1]["bits_per_byte"] == pytest.approx(receipt["heldout_bits_per_byte"], rel=0.02)
    assert len(receipt["continuations"]) == len(pretrain.OPENINGS) == 20
    assert receipt["looping"] == sum(map(pretrain.loops, receipt["continuations"]))


def test_loops_are_found():
    assert pretrain.loops("and so he said and so he said and so he said")
    assert not pretrain.loops("and so he said, and then she said, and so on and on")


def test_loops_repeat_a_piece_of_their_own_row_and_then_go_on():
    tokens = torch.arange(1, 8 * 65 + 1).reshape(8, 65)
    plain = tokens.clone()
    repeats = pretrain.make_loops(tokens, 3, random.Random(2))
    looping = (tokens != plain).any(1)
    assert looping.sum() == 3 and not repeats[~looping].any()
    for row, old, mask in zip(tokens[looping], plain[looping], repeats[looping], strict=True):
        end = int((row != old).nonzero()[0])  # here the text says a piece again
        length = int(old[end] - row[end])
        assert 1 <= length <= 5
        again = int((row[end:] >= old[end]).nonzero()[0]) if (row[end:] >= old[end]).any() else len(row) - end
        assert again % length == 0 and torch.equal(row[end : end + again], row[end - length : end + again - length])
        assert torch.equal(row[end + again :], old[end : len(old) - again])
        assert mask.nonzero().flatten().tolist() == list(range(end + 3, end + again))


def test_a_run_goes_on_from_a_finished_model(small_corpus, whole, tmp_path):
    done = run(small_corpus, tmp_path / "more", "--start", whole[0] / "model")
    assert done.returncode == 0, done.stderr
    assert losses(tmp_path / "more")[0] < losses(whole[0])[0] - 0.5
    tokenizers = [(out / "model" / "tokenizer.json").read_text() for out in (tmp_path / "more", whole[0])]
    assert tokenizers[0] == tokenizers[1]
    receipt = json.loads((tmp_path / "more" / "receipt.json").read_text())
    assert receipt["command"].endswith("--start DIR")
    assert receipt["first"]["command"].endswith("--size small")
    refused = run(small_corpus, tmp_path / "other", "--start", tmp_path)
    assert refused.returncode == 2 and "holds no finished model" in refused.stderr
    assert not (tmp_path / "other").exists()


def test_each_pass_shows_every_row_once_at_a_new_offset():
    rows = pretrain.Rows(np.arange(1000), 10, "seed")
    first, second = rows.starts(0, rows.per_pass), rows.starts(rows.per_pass, rows.per_pass)
    assert len(set(first)) == len(first) and len(set(second)) == len(second)
    assert {s % 10 for s in first} != {s % 10 for s in second}
    assert rows.starts(7, 1) == [first[7]], "a row depends on its number alone"
    assert max(first + second) + 10 < 1000


def test_learning_rate_warms_up_and_falls_to_zero():
    recipe = pretrain.Recipe(steps=100, warmup=10, decay=0.5)
    rates = [pretrain.rate_at(step, recipe) for step in range(100)]
    assert rates[0] == 0.1 and rates[20] == 1.0 and max(rates) == 1.0
    assert 0 < rates[-1] < 0.05 and rates[60:] == sorted(rates[60:], reverse=True)


def test_documents_are_read_plain_and_compressed(tmp_path):
    import lzma

    (tmp_path / "a.txt").write_text("one\n<|endoftext|>\n\ntwo\n<|endoftext|>\n")
    (tmp_path / "b.txt.xz").write_bytes(lzma.compress(b"three\n"))
    found = pretrain.find_corpus(tmp_path, ["a", "b"])
    assert [pretrain.read_documents(path) for path in found.values()] == [["one", "two"], ["three"]]
    with pytest.raises(CourseError, match="has no c.txt"):
        pretrain.find_corpus(tmp_path, ["c"])


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--set", "stepz", "3"], "no number 'stepz'"), (["--set", "steps", "many"], "steps must be a number")],
)
def test_bad_settings_are_one_line(small_corpus, tmp_path, more, said):
    done = run(small_corpus, tmp_path, *more)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_missing_corpus_is_one_line(tmp_path):
    done = run(tmp_path / "nowhere", tmp_path / "out")
    assert done.returncode == 2 and "has no simple_english.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_recipe_does_not_overwrite_a_checkpoint(small_corpus, whole):
    before = (whole[0] / "checkpoint.pt").stat().st_mtime_ns
    done = run(small_corpus, whole[0], "--set", "steps", "40")
    assert done.returncode == 2 and "another recipe" in done.stderr
    assert (whole[0] / "checkpoint.pt").stat().st_mtime_ns == before
