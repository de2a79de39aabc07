"""What an executed notebook holds: how far it came, its figures, and its errors, those inside widgets included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat

from course_utils import results

PAPERMILL_TAGS = {"injected-parameters", "papermill-error-cell-tag"}  # cells that papermill adds to a notebook
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def read_executed(path: Path) -> nbformat.NotebookNode | None:
    """The notebook as papermill last saved it; None while it is being written."""
    try:
        return nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def own_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells of the lesson itself, so that their indices are those of the source notebook."""
    return [cell for cell in notebook.cells if PAPERMILL_TAGS.isdisjoint(cell.metadata.get("tags", []))]


def cells_done(notebook: nbformat.NotebookNode | None) -> int:
    cells = own_cells(notebook) if notebook else []
    return sum(bool(cell.metadata.get("papermill", {}).get("end_time")) for cell in cells)


def last_started(notebook: nbformat.NotebookNode | None) -> int | None:
    """Index of the cell that ran last; None before the first."""
    cells = own_cells(notebook) if notebook else []
    started = [bool(cell.metadata.get("papermill", {}).get("start_time")) for cell in cells]
    return max((index for index, ran in enumerate(started) if ran), default=None)


def figures(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """What the lesson recorded."""
    found: dict[str, Any] = {}
    for cell in own_cells(notebook):
        for output in cell.get("outputs", []):
            found |= output.get("data", {}).get(results.MIME, {})
    return found


def cell_error(notebook: nbformat.NotebookNode) -> tuple[int, dict] | None:
    """The first error in a cell's outputs, with the index of the cell."""
    for index, cell in enumerate(own_cells(notebook)):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return index, output
    return None


def find_widget_errors(notebook: nbformat.NotebookNode) -> Iterator[tuple[int | None, dict]]:
    """Each error that an Output widget holds, with the index of the cell that shows the widget.

    An exception in a slider's callback is caught by ipywidgets and ends up only here: the cell and papermill succeed.
    """
    models = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    shown_by: dict[str, int] = {}
    for index, cell in enumerate(own_cells(notebook)):
        views = [output.get("data", {}).get(WIDGET_VIEW) for output in cell.get("outputs", [])]
        for name in reachable(models, [view["model_id"] for view in views if view]):
            shown_by.setdefault(name, index)
    # By cell; widgets that no cell shows come last.
    for name in sorted(models, key=lambda name: shown_by.get(name, len(notebook.cells))):
        for output in models[name].get("state", {}).get("outputs", []):
            if output.get("output_type") == "error":
                yield shown_by.get(name), output


def reachable(models: dict, names: Iterable[str]) -> set[str]:
    """These widgets and all inside them; a widget's state refers to others as IPY_MODEL_<name>."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in models and name not in found:
            found.add(name)
            todo += re.findall(r"IPY_MODEL_(\w+)", json.dumps(models[name]))
    return found


def tidied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The executed notebook without widget state, the views that need it, time stamps and this machine's paths.

    An error that a widget holds would go with the state: it moves to the outputs of the cell that shows the widget.
    """
    for index, error in list(find_widget_errors(notebook)):
        if index is not None:
            own_cells(notebook)[index].outputs.append(error)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill adds an empty list to each cell
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if WIDGET_VIEW not in output.get("data", {})]
    return notebook
