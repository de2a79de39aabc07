"""How the lessons' tests run a lesson and read a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def validate(lesson, output, *more):
    """Runs ``python -m course_utils validate LESSON``; returns the finished process and the report's part on it.

    The part is None where nothing was run.
    """
    command = [sys.executable, "-m", "course_utils", "validate", lesson, "--output", output, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500)
    path = output / "report.json"
    if not path.exists():
        return done, None
    (part,) = json.loads(path.read_text())["lessons"].values()
    return done, part


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def solutions(path):
    """Name of each grader of a notebook, and the solution that the folded block after its stub gives."""
    cells = nbformat.read(path, as_version=4).cells
    found = {}
    for i, cell in enumerate(cells):
        if "exercise" in cell.metadata.get("tags", []):
            name = cell.source.rsplit("checks.", 1)[1].split("(")[0]
            found[name] = cells[i + 1].source.split("```python\n")[1].split("```")[0]
    return found
