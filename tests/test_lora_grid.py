"""The receipt maker of lesson 04: its data, its plan, and that a killed run goes on where it stood."""

import json

import pytest

from course_utils.errors import CourseError
from course_utils.making import lora_grid


def test_the_plan_has_each_run_once_and_every_cell_over_rates():
    given = lora_grid.parse(["--out", "x"])
    width = {"all": 100, "q": 10, "qv": 18, "attention": 40, "mlp": 60}
    runs = lora_grid.plan(given, width)
    assert len({lora_grid.identity(run) for run in runs}) == len(runs)
    cells = {(rank, alpha) for rank in (1, 4, 16, 64, 128) for alpha in (2, 8, 32, 128, 512)}
    plain = [r for r in runs if (r["method"], r["targets"], r["batch_rows"]) == ("lora", "all", 8)]
    for seed in (0, 1, 2):
        own = [r for r in plain if r["seed"] == seed]
        assert cells <= {(r["rank"], r["alpha"]) for r in own if r["scored"] and r["rate"] == lora_grid.RATE}
        for cell in cells:
            assert len({r["rate"] for r in own if (r["rank"], r["alpha"]) == cell}) >= 7
    placed = {r["targets"]: r["rank"] * width[r["targets"]] for r in runs if r["targets"] != "all"}
    assert set(placed) == {"q", "qv", "attention", "mlp"}
    assert all(abs(cost / 400 - 1) < 0.1 for cost in placed.values())
    whole = [r for r in runs if r["method"] == "full"]
    assert {r["batch_rows"] for r in whole} == {2, 8, 32} and len(whole) == 3 * 3 * 7


@pytest.mark.slow
def test_it_writes_a_receipt_and_goes_on_where_it_stood(tiny_model, tmp_path, capsys):
    out = tmp_path / "lora_grid.json"
    options = ["--out", str(out), "--model", str(tiny_model), "--quick"]
    assert lora_grid.main(options) == 0
    whole = json.loads(out.read_text())
    assert {"what", "command", "date", "hardware", "versions", "model", "recipe", "before", "runs"} <= set(whole)
    assert str(tmp_path) not in out.read_text()
    scored = [run for run in whole["runs"] if run["scored"]]
    assert scored and all(len(run["losses"]) == run["steps"] for run in scored)
    methods = {run["method"]: run for run in whole["runs"]}
    assert methods["full"]["parameters"] > methods["lora"]["parameters"]
    assert methods["full"]["heldout_loss"] != methods["lora"]["heldout_loss"] != whole["before"]["heldout_loss"]

    cut = whole | {"runs": whole["runs"][1:]}
    lora_grid.write(out, cut)
    assert lora_grid.main(options) == 0
    again = json.loads(out.read_text())
    assert [r | {"seconds": 0} for r in again["runs"]] == [r | {"seconds": 0} for r in whole["runs"]]
    assert lora_grid.main(options) == 0 and "already" in capsys.readouterr().out
    with pytest.raises(CourseError, match="another model or recipe"):
        lora_grid.main([*options[:2], "--quick"])
