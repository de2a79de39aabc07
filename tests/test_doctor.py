"""`doctor` says what the machine is, what suits it, and what is missing."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
from lessons import ROOT

from course_utils import doctor, environment, models


@pytest.fixture(autouse=True, scope="module")
def seen_as_it_is():
    """bitsandbytes chooses its library by the platform when it is first imported: not while a test plays another."""
    models.hardware()


def test_report_fits_one_screen():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils", "doctor"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and not done.stderr.strip()
    lines = done.stdout.rstrip().splitlines()
    assert len(lines) <= 24
    for word in ("Python", "Machine", "Model", "Precision", "Threads", "Weights"):
        assert any(line.startswith(word) for line in lines), word


def gpu(gigabytes, memory=64):
    """A machine with a GPU of so many GiB, and so many GiB of memory beside it."""
    return models.Hardware("cuda", "card", 8, memory * 2**30, gigabytes * 2**30, (8, 0))


@pytest.mark.parametrize(
    ("gigabytes", "disk", "model", "reason"),
    [
        (80, 200e9, "llama-2-7b", "3.8 GiB of your 80 in 4 bits; it is gated"),
        (14, 200e9, "llama-2-7b", "of your 14 in 4 bits"),
        (13, 200e9, "tinyllama", "13 GiB of GPU memory are too little for llama-2-7b"),
        (80, 15e9, "tinyllama", "15 GB of disk are too little to fetch llama-2-7b"),
        (80, 5e9, "pocket-llama", "5 GB of disk are too little to fetch tinyllama"),
        (2, 200e9, "pocket-llama", "2 GiB of GPU memory are too little for tinyllama"),
    ],
)
def test_model_follows_gpu_memory_and_disk(gigabytes, disk, model, reason):
    choice = doctor.suitable_model(gpu(gigabytes), disk)
    assert choice.value == model and reason in choice.reason


def test_cpu_gets_the_pocket_model():
    assert doctor.suitable_model(models.Hardware("cpu", "x", 2, 2**34), 1e12).value == "pocket-llama"


@pytest.mark.parametrize(
    ("machine", "disk", "model", "lessons"),
    [
        (gpu(180), 200e9, "llama-2-7b", {}),
        (gpu(80), 200e9, "llama-2-7b", {"02": "102 GB of GPU memory", "04": "148", "05": "89"}),
        (gpu(180), 40e9, "llama-2-7b", {"07": "31 GB of disk"}),  # 13.5 of the 40 go to the model itself
        (gpu(180, memory=16), 200e9, "llama-2-7b", {"07": "27 GB of memory"}),
        (gpu(24), 200e9, "llama-2-7b", {"01": "55", "02": "102", "04": "148", "05": "89", "07": "37"}),
        (gpu(16), 200e9, "llama-2-7b", {"01": "55", "02": "102", "04": "148", "05": "89", "07": "37", "08": "26 GB"}),
        (gpu(16), 200e9, "tinyllama", {"04": "24 GB of GPU memory"}),
        (models.Hardware("cpu", "x", 2, 2**32), 1e9, "pocket-llama", {}),
    ],
)
def test_lessons_too_large_for_the_machine_are_named_with_what_they_take(machine, disk, model, lessons):
    lines = doctor.too_large(model, machine, disk)
    assert [line[:2] for line in lines] == list(lessons)
    assert all(said in line for line, said in zip(lines, lessons.values(), strict=True))


def test_the_report_says_which_lessons_are_too_large(monkeypatch):
    monkeypatch.setattr(models, "hardware", lambda: gpu(24))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=200e9))
    (line,) = (line for line in doctor.report().splitlines() if line.startswith("Too large"))
    assert "llama-2-7b in lesson 01 (55 GB of GPU memory), 02 (" in line


@pytest.mark.parametrize(
    ("set_by_user", "said"),
    [
        ({}, f"GOMP_SPINCOUNT={environment.SPIN['GOMP_SPINCOUNT']}, set by the course"),
        ({"OMP_NUM_THREADS": "3"}, "OMP_NUM_THREADS=3: your own setting"),
        ({"GOMP_SPINCOUNT": "7", "OMP_WAIT_POLICY": "PASSIVE"}, "GOMP_SPINCOUNT=7, OMP_WAIT_POLICY=PASSIVE: your own"),
    ],
)
def test_threads_are_as_the_course_sets_them_unless_the_user_has(monkeypatch, set_by_user, said):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    for name in environment.USERS_CHOICE:
        monkeypatch.delenv(name, raising=False)
    for name, value in set_by_user.items():
        monkeypatch.setenv(name, value)
    assert doctor.threads().startswith(said)
    for name, value in environment.settings().items():  # the same is said after the course has set them
        monkeypatch.setenv(name, value)
    assert doctor.threads().startswith(said)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "CUDA_VISIBLE_DEVICES=0, set by the course"),
        ({"CUDA_VISIBLE_DEVICES": "3"}, "CUDA_VISIBLE_DEVICES=3"),
        ({"CUDA_VISIBLE_DEVICES": "2,3"}, "CUDA_VISIBLE_DEVICES=2, set by the course"),
        ({"LOCAL_RANK": "1"}, "those of the process that a launcher"),
    ],
)
def test_visible_gpus_are_the_users_before_the_courses(monkeypatch, variables, said):
    for name in ("CUDA_VISIBLE_DEVICES", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert doctor.visible_gpus().startswith(said)


@pytest.mark.parametrize(
    ("system", "machine", "said"),
    [
        ("Darwin", "arm64", "not tried on a Mac. Lessons compute on the CPU; Apple's GPU (MPS) is not used"),
        ("Darwin", "x86_64", "a Mac with an Intel processor: this torch and bitsandbytes are not made for it"),
        ("Windows", "AMD64", "not tried on Windows"),
        ("FreeBSD", "amd64", "not tried on FreeBSD, and not known"),
    ],
)
def test_other_systems_are_warned_of_what_is_not_known(monkeypatch, system, machine, said):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    (line,) = (line for line in doctor.report().splitlines() if line.startswith("System "))
    assert said in line


def test_linux_needs_no_warning():
    assert doctor.about_system("Linux", "x86_64") is None


def test_missing_and_old_packages_are_named(tmp_path, monkeypatch):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# comment\ntorch>=2.6\nno-such-package>=1\nnumpy>=999\n")
    monkeypatch.setattr(doctor, "REQUIREMENTS", requirements)
    lines = doctor.missing_packages()
    assert len(lines) == 2
    assert lines[0] == "no-such-package is not installed"
    assert lines[1].startswith("numpy ") and ">=999 is needed" in lines[1]
    assert "Install with" in doctor.report()


def test_everything_is_there_here():
    assert doctor.missing_packages() == []
