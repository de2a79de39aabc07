"""The package stands in floors: a module imports from course_utils only what lies below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "course_utils"
FLOORS = [
    {"errors"},
    {"pocket"},
    {"formats", "quantize", "lora", "memory", "fused"},
    {"models", "data", "jsonl", "dataset_checks", "shelf", "evaluate", "certificate", "adapters", "hub"},
    {"results", "plots", "widgets", "checks", "microscope"},
    {"lessons", "running", "figures", "validate", "doctor", "stamp", "__main__"},
]
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path):
    """The module under course_utils that a file belongs to: ``pocket`` for everything in it."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def floor(name):
    return next(i for i, names in enumerate(FLOORS) if name in names)


def imported(path):
    """The modules of course_utils that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("course_utils."))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("course_utils"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", [m for m in MODULES if module_name(m) != "__init__"], ids=str)
def test_imports_go_down(path):
    own = module_name(path)
    for name in imported(path):
        below = floor(name) < floor(own) or (floor(name) == floor(own) and own != "pocket") or name == own == "pocket"
        assert below, f"{own} imports {name}"


def test_importing_the_package_loads_nothing_heavy():
    code = "import course_utils, sys; print([m for m in ('torch', 'transformers', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
