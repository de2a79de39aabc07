"""Where the Hugging Face libraries cannot write, they get a directory of the course's."""

import pytest

from course_utils import environment


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    for name in ("HF_HOME", "HF_HUB_CACHE", "HF_TOKEN_PATH", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(environment, "workspace", lambda: tmp_path / "build")
    return tmp_path / "build"


@pytest.mark.parametrize("name", ["HOME", "HF_HOME", "XDG_CACHE_HOME"])
def test_a_home_that_cannot_be_written_is_replaced(workspace, monkeypatch, name):
    monkeypatch.setenv(name, "/dev/null/x")
    found = environment.settings()
    assert found["HF_HOME"] == str(workspace / "huggingface")
    assert not {"HF_HUB_CACHE", "HF_TOKEN_PATH"} & set(found)


@pytest.mark.parametrize("name", ["HOME", "HF_HOME", "XDG_CACHE_HOME"])
def test_a_home_that_can_be_written_stays(workspace, monkeypatch, tmp_path, name):
    monkeypatch.setenv(name, str(tmp_path / "mine"))
    assert "HF_HOME" not in environment.settings()


def test_models_in_a_home_that_cannot_be_written_stay_in_use(workspace, monkeypatch, tmp_path):
    home = tmp_path / "shared"
    (home / "hub").mkdir(parents=True)
    monkeypatch.setenv("HF_HOME", str(home))
    writable = environment._writable
    monkeypatch.setattr(environment, "_writable", lambda path: path != home and writable(path))
    found = environment.settings()
    assert found["HF_HOME"] == str(workspace / "huggingface") and found["HF_HUB_CACHE"] == str(home / "hub")
