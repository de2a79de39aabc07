"""A checkout holds the same bytes on every system, so that the checksums of pocket-llama agree there too."""

import hashlib
import shutil
import subprocess

import pytest
from lessons import ROOT

POCKET = ROOT / "course_utils" / "assets" / "pocket-llama"


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_checkout_with_windows_line_ends_changes_no_byte(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)

    origin, clone = tmp_path / "origin", tmp_path / "clone"
    sums = dict(reversed(line.split()) for line in (POCKET / "SHA256SUMS").read_text().splitlines())
    sums.pop("model.safetensors")  # no text, and too large to copy for nothing
    assert {"tokenizer.json", "config.json"} <= sums.keys()
    git("init", "--quiet", str(origin))
    shutil.copy(ROOT / ".gitattributes", origin)
    for name in sums:
        shutil.copy(POCKET / name, origin)
    git("-C", str(origin), "add", ".")
    git("-C", str(origin), "commit", "--quiet", "--message", "files")
    git("clone", "--quiet", "--config", "core.autocrlf=true", str(origin), str(clone))
    assert {name: hashlib.sha256((clone / name).read_bytes()).hexdigest() for name in sums} == sums
