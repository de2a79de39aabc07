"""The package stands in floors: a module imports from course_utils only what lies below it, or beside it."""

import ast
import graphlib
import subprocess
import sys

import pytest
from lessons import NOTEBOOKS, ROOT, code_cells

PACKAGE = ROOT / "course_utils"
# From the ground up; a new module is one word here. What makes the course stands on top, and nothing imports it.
FLOORS = [
    "errors environment start templates model_files smollm2 world",
    "formats quantize gptq lora memory memory_watch training preferences",
    "models data files jsonl readers conversations dataset_checks shelf evaluate certificate adapter_files adapters "
    "alike private doubts planning planted scoring stages memo "
    "receipts fit hub handover engine families forgetting speed ranks",
    "widgets checks results plots microscope",
    "lessons contents running validate doctor figures tune __main__",
    "making",
]
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names.split()}


def module_name(path):
    """The module under course_utils that a file belongs to: ``world`` for everything in world/."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def imported(source):
    """The modules of course_utils that a source imports, wherever in it.

    Raises:
        ValueError: an import is relative: what it names depends on where the file lies.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError(f"line {node.lineno} is a relative import: write it from course_utils")
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("course_utils.")}
    return found


IMPORTS = {path: imported(path.read_text()) for path in FILES}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import course_utils.plots", {"plots"}),
        ("import os, course_utils.world.facts as f", {"world"}),
        ("from course_utils import plots, results", {"plots", "results"}),
        ("from course_utils.checks.exercise import Case", {"checks"}),
        ("def late():\n    from course_utils import making", {"making"}),
        ("from course_utils_of_others import plots", set()),
    ],
)
def test_every_way_to_import_is_seen(source, names):
    assert imported(source) == names


@pytest.mark.parametrize("source", ["from . import plots", "from .plots import COLOURS", "from ..world import facts"])
def test_a_relative_import_is_refused(source):
    with pytest.raises(ValueError, match="line 1 is a relative import"):
        imported(source)


def test_every_module_stands_on_one_floor_and_every_name_is_a_module():
    assert sorted(word for names in FLOORS for word in names.split()) == sorted(set(map(module_name, FILES)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = module_name(path)
    assert {name for name in IMPORTS[path] if FLOOR_OF[name] > FLOOR_OF[own]} == set()


def test_no_modules_import_each_other_in_a_circle():
    graph = {}
    for path, names in IMPORTS.items():
        own = module_name(path)
        graph.setdefault(own, set()).update(names - {own})
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_lesson_imports_what_makes_the_course(path):
    # Lines of IPython's own begin with % or !, and import nothing.
    lines = [line for cell in code_cells(path) for line in cell.source.splitlines()]
    source = "\n".join("pass" if line.startswith(("%", "!")) else line for line in lines)
    names = imported(source)
    assert "start" in names and "making" not in names


def test_importing_the_package_loads_nothing_heavy():
    # The mathematics is written in torch; what makes the course may need anything.
    light = sorted(FLOOR_OF.keys() - set(FLOORS[1].split()) - set(FLOORS[-1].split()))
    heavy = "('torch', 'transformers', 'matplotlib', 'datasets', 'numpy', 'ipywidgets', 'IPython')"
    code = f"import sys, {', '.join(f'course_utils.{name}' for name in light)}"
    code += f"; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
