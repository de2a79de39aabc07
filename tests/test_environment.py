"""What is set before torch is imported, whose choice wins, and where lessons write."""

import os
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import environment


@pytest.fixture
def bare(monkeypatch):
    """As on a machine whose user has chosen nothing."""
    for name in (*environment.USERS_CHOICE, "CUDA_VISIBLE_DEVICES", "LOCAL_RANK", "COURSE_BUILD"):
        monkeypatch.delenv(name, raising=False)
    environment.workspace.cache_clear()
    yield monkeypatch
    environment.workspace.cache_clear()


def test_waiting_threads_and_one_gpu_are_set(bare):
    assert environment.settings().items() >= (environment.SPIN | {"CUDA_VISIBLE_DEVICES": "0"}).items()


@pytest.mark.parametrize("name", environment.USERS_CHOICE)
def test_the_users_own_threads_win(bare, name):
    bare.setenv(name, "7")
    assert not environment.SPIN.keys() & environment.settings().keys()


@pytest.mark.parametrize(("name", "value"), [("CUDA_VISIBLE_DEVICES", "1"), ("LOCAL_RANK", "1")])
def test_the_users_own_gpus_and_those_of_a_launcher_win(bare, name, value):
    bare.setenv(name, value)
    assert "CUDA_VISIBLE_DEVICES" not in environment.settings()


def test_of_several_gpus_that_a_scheduler_gave_the_first_is_seen(bare):
    bare.setenv("CUDA_VISIBLE_DEVICES", "GPU-5f,GPU-2a")
    assert environment.settings()["CUDA_VISIBLE_DEVICES"] == "GPU-5f"
    bare.setenv("LOCAL_RANK", "0")
    assert "CUDA_VISIBLE_DEVICES" not in environment.settings()


def test_the_set_up_cell_sets_them_before_torch_reads_them():
    code = "from course_utils.start import build; import os, sys\n"
    code += "print('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'])"
    own = {name: value for name, value in os.environ.items() if name not in environment.USERS_CHOICE}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", environment.SPIN["GOMP_SPINCOUNT"]]


def test_lessons_write_where_they_are_told(bare, tmp_path):
    bare.setenv("COURSE_BUILD", str(tmp_path / "out"))
    assert environment.workspace() == tmp_path / "out" and (tmp_path / "out").is_dir()


def test_a_read_only_course_writes_to_a_temporary_place(bare, tmp_path):
    (tmp_path / "file").touch()
    bare.setattr(environment, "ROOT", tmp_path / "file")  # below a file nobody can write, not even root
    bare.setenv("TMPDIR", str(tmp_path))
    bare.setattr("tempfile.tempdir", None)
    assert environment.workspace().parent == tmp_path and environment.workspace().is_dir()
