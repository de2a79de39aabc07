"""Processes on one machine: forks that talk, launchers, and two machines that are none."""

import contextlib
import datetime
import os
import sys
import time

import psutil
import pytest
import torch
import torch.distributed as dist

from course_utils import ranks
from course_utils.errors import CourseError


def who():
    mine = torch.tensor([dist.get_rank() + 1.0])
    dist.all_reduce(mine)
    return dist.get_rank(), dist.get_world_size(), mine.item(), torch.get_num_threads()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_fork_knows_its_rank_and_all_have_the_sum(count):
    total = count * (count + 1) / 2
    assert ranks.run(who, count) == [(rank, count, total, 1) for rank in range(count)]


def test_a_fork_has_what_was_loaded_and_changes_only_its_own():
    numbers = torch.zeros(2)

    def add(value):
        numbers.add_(value)
        return numbers

    assert torch.stack(ranks.run(add, 2, 5.0)).eq(5).all() and numbers.eq(0).all()


def test_an_error_is_one_line_that_names_the_process():
    def wrong():
        if dist.get_rank() == 1:
            raise ValueError("no such row")
        dist.barrier()

    with pytest.raises(CourseError, match="^process 1 of 2: ValueError: no such row$"):
        ranks.run(wrong, 2)


def test_a_process_that_is_killed_is_named():
    def die():
        if dist.get_rank() == 1:
            os.kill(os.getpid(), 9)
        time.sleep(5)

    with pytest.raises(CourseError, match="process 1 of 2 ended with -9"):
        ranks.run(die, 2)


def test_processes_that_hang_are_ended_and_it_is_said_where_they_stood():
    def a_long_sleep():
        time.sleep(60)

    began = time.monotonic()
    with pytest.raises(CourseError, match="had not ended after 2 s: rank 0 stood in a_long_sleep"):
        ranks.run(a_long_sleep, 1, seconds=2)
    assert time.monotonic() - began < 30


def test_a_broken_group_at_the_end_loses_no_result():
    def impatient():
        try:
            if dist.get_rank() == 0:
                dist.monitored_barrier(timeout=datetime.timedelta(seconds=0.5))
            else:
                time.sleep(1)
        except RuntimeError:
            return "late"
        return "slept"

    assert ranks.run(impatient, 2) == ["late", "slept"]


def test_what_is_sent_is_counted_where_the_system_counts():
    def send():
        numbers = torch.zeros(250_000)
        dist.barrier()
        before = ranks.received()
        dist.all_reduce(numbers)
        dist.barrier()
        return None if before is None else ranks.received() - before

    found = ranks.run(send, 2)
    if ranks.LOOPBACK.exists():
        assert min(found) >= 1.9e6  # each of two sends a megabyte
    else:
        assert found == [None, None]


def test_commands_run_side_by_side_and_are_told_how_they_ended():
    slow = [sys.executable, "-c", "import time; time.sleep(60)"]
    one, two = ranks.launch([sys.executable, "-c", "print('a'); raise SystemExit(3)"], slow, seconds=40, grace=0.5)
    assert (one.code, one.output, two.code) == (3, "a\n", None) and two.seconds < 30


def test_a_command_that_is_ended_leaves_nobody_behind(tmp_path):
    """torchrun's workers are in sessions of their own."""
    child = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(99)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], start_new_session=True)"
    (ended,) = ranks.launch([sys.executable, "-c", parent], seconds=5)
    assert ended.code is None
    with contextlib.suppress(psutil.NoSuchProcess):  # or dead, and not yet buried by whoever inherited it
        left = psutil.Process(int((tmp_path / "pid").read_text()))
        assert left.status() == psutil.STATUS_ZOMBIE


def test_a_launcher_starts_as_many_as_asked(tmp_path):
    script = tmp_path / "who.py"
    script.write_text("import os; print('rank', os.environ['RANK'], os.environ['OMP_NUM_THREADS'])")
    (ended,) = ranks.launch(["torchrun", "--standalone", "--nproc-per-node", "2", str(script)])
    assert ended.code == 0 and sorted(ended.lines("rank")) == ["rank 0 1", "rank 1 1"]


def test_two_machines_have_addresses_of_their_own_or_are_not_to_be_had():
    with ranks.two_machines() as machines:
        if machines is None:
            pytest.skip("it takes Linux, `ip` and root")
        code = "import socket; s = socket.socket(); s.bind(('10.77.0.{}', 5000)); print('mine')"
        own = ranks.launch(*([*words, sys.executable, "-c", code.format(i + 1)] for i, words in enumerate(machines)))
        (other,) = ranks.launch([*machines[0], sys.executable, "-c", code.format(2)])
    assert [each.output for each in own] == ["mine\n"] * 2 and other.code == 1
