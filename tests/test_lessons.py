"""What holds for every lesson's run: it ends without an error, within its time and memory."""

import pytest
from lessons import NOTEBOOKS, number

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
