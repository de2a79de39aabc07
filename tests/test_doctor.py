"""`doctor` says what the machine is, what suits it, and what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import doctor, models

ROOT = Path(__file__).parent.parent


def test_report_fits_one_screen():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils", "doctor"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and not done.stderr.strip()
    lines = done.stdout.rstrip().splitlines()
    assert len(lines) <= 24
    for word in ("Python", "Machine", "Model", "Precision", "Weights"):
        assert any(line.startswith(word) for line in lines), word


@pytest.mark.parametrize(
    ("gigabytes", "model"), [(80, "llama-2-7b"), (16, "llama-2-7b"), (8, "tinyllama"), (2, "pocket-llama")]
)
def test_model_follows_gpu_memory(gigabytes, model):
    machine = models.Hardware("cuda", "card", 8, 2**35, gigabytes * 2**30, (8, 0))
    choice = doctor.suitable_model(machine)
    assert choice.value == model and str(gigabytes) in choice.reason or model == "pocket-llama"


def test_cpu_gets_the_pocket_model():
    assert doctor.suitable_model(models.Hardware("cpu", "x", 2, 2**34)).value == "pocket-llama"


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
