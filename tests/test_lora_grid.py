"""The receipt maker of lesson 04: its data, its plan, and that a killed run goes on where it stood."""

import json

import pytest
import torch

from course_utils import models
from course_utils.errors import CourseError
from course_utils.making import lora_grid
from course_utils.world import tasks


def test_packed_conversations_do_not_see_each_other():
    tokenizer = models.load_tokenizer("pocket-llama")
    net = models.load_base("pocket-llama", dtype=torch.float32).eval()
    rows = [lora_grid.encode(tokenizer, e, 256) for e in tasks.examples("train", 12, 3)]
    (batch,) = lora_grid.pack(rows, 256, 8)
    with torch.no_grad():
        packed = lora_grid.logits_of(net, batch)
        row, begin = 0, 0
        for ids, _ in rows:
            if begin + len(ids) > 256:
                row, begin = row + 1, 0
            alone = net(input_ids=torch.tensor([ids])).logits[0]
            torch.testing.assert_close(packed[row, begin : begin + len(ids)], alone, rtol=1e-4, atol=1e-4)
            begin += len(ids)
    assert row > 0 and len(rows) > row + 1  # rows of several conversations


def test_packing_keeps_every_graded_token():
    tokenizer = models.load_tokenizer("pocket-llama")
    rows = [lora_grid.encode(tokenizer, e, 256) for e in tasks.examples("train", 100, 0)]
    batches = lora_grid.pack(rows, 256, 8)
    assert all(batch["input_ids"].shape[1] == 256 and len(batch["input_ids"]) <= 8 for batch in batches)
    kept = [label for batch in batches for label in batch["labels"].flatten().tolist() if label != -100]
    assert kept == [label for _, labels in rows for label in labels if label != -100]


def test_the_schedule_climbs_and_falls():
    rates = [lora_grid.schedule(step, 125) for step in range(125)]
    assert rates[3] == 1 == max(rates) and rates[:3] == [0.25, 0.5, 0.75]
    assert rates[3:] == sorted(rates[3:], reverse=True) and rates[-1] < 0.001


def test_the_plan_has_each_run_once_and_the_grid_first():
    given = lora_grid.parse(["--out", "x"])
    width = {"all": 100, "q": 10, "qv": 18, "mlp": 50}
    runs = lora_grid.plan(given, width)
    assert len({lora_grid.identity(run) for run in runs}) == len(runs) == 40 + 12 + 6 + 6
    assert {(r["rank"], r["alpha"], r["seed"]) for r in runs[:40]} == {
        (rank, alpha, seed) for rank in (1, 4, 16, 64, 128) for alpha in (2, 8, 32, 128) for seed in (0, 1)
    }
    placed = {r["targets"]: r["rank"] * width[r["targets"]] for r in runs if r["targets"] != "all"}
    assert set(placed) == {"q", "qv", "mlp"} and all(abs(cost / 400 - 1) < 0.1 for cost in placed.values())


@pytest.mark.slow
def test_it_writes_a_receipt_and_goes_on_where_it_stood(tiny_model, tmp_path, capsys):
    out = tmp_path / "lora_grid.json"
    options = ["--out", str(out), "--model", str(tiny_model), "--quick"]
    assert lora_grid.main(options) == 0
    whole = json.loads(out.read_text())
    assert {"what", "command", "date", "hardware", "versions", "model", "recipe", "before", "runs"} <= set(whole)
    assert str(tmp_path) not in out.read_text()
    run = whole["runs"][0]
    assert len(run["losses"]) == run["steps"]

    cut = whole | {"runs": whole["runs"][1:]}
    lora_grid.write(out, cut)
    assert lora_grid.main(options) == 0
    again = json.loads(out.read_text())
    assert [r | {"seconds": 0} for r in again["runs"]] == [r | {"seconds": 0} for r in whole["runs"]]
    assert lora_grid.main(options) == 0 and "already" in capsys.readouterr().out
    with pytest.raises(CourseError, match="another model or recipe"):
        lora_grid.main([*options[:2], "--quick"])
