"""The report of a run: what is said of each lesson, as JSON, as a page and as a line."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from course_utils import results
from course_utils.files import replace_file
from course_utils.running import executed
from course_utils.running.process import Run, memory

ASSETS = Path(__file__).parent.parent / "assets"
SYMBOLS = {"ok": "✓", "failed": "✗", "timeout": "◷"}


def describe(run: Run, timeout: float, stopped_by: str | None) -> dict[str, Any]:
    """The report's entry for a lesson that was run."""
    widget_errors = list(executed.find_widget_errors(run.notebook)) if run.notebook else []
    error = find_error(run, timeout, stopped_by, widget_errors)
    return {
        "status": "timeout" if run.ending == "timeout" else "failed" if error else "ok",
        "seconds": round(run.seconds, 2),
        "peak_rss_mb": round(run.peak_bytes / 1e6, 1),
        "widget_errors": len(widget_errors),
        "error": error,
        "results": executed.figures(run.notebook) if run.notebook else {},
    }


def not_started(error: dict) -> dict[str, Any]:
    """The report's entry for a lesson whose guard is at fault, so that it was not run."""
    return {
        "status": "failed",
        "seconds": 0.0,
        "peak_rss_mb": 0.0,
        "widget_errors": 0,
        "error": error,
        "results": {},
    }


def find_error(
    run: Run, timeout: float, stopped_by: str | None, widget_errors: list[tuple[int | None, dict]]
) -> dict | None:
    """What went wrong, as the report shows it: the first of what ended the run, an error in a cell or in a widget."""
    running = executed.last_started(run.notebook)
    if run.ending == "interrupted":
        return make_error(running, "KeyboardInterrupt", f"stopped by {stopped_by}")
    if run.ending == "timeout":
        return make_error(running, "TimeoutError", f"stopped after {timeout:g} s; --timeout gives more time")
    in_cell = executed.cell_error(run.notebook) if run.notebook else None
    if in_cell:
        index, output = in_cell
        return make_error(index, output.ename, output.evalue)
    if run.exit_code:
        # No cell holds an error: the kernel died or did not start. The log ends with the exception's own line.
        lines = [line for line in run.log.splitlines() if line.strip()]
        match = re.fullmatch(r"(?:\w+\.)*(\w+): (.*)", lines[-1]) if lines else None
        name, message = match.groups() if match else ("RuntimeError", f"papermill ended with code {run.exit_code}")
        if name == "DeadKernelError":
            message += " (often because the machine ran out of memory)"
        return make_error(running, name, message)
    if widget_errors:
        index, output = widget_errors[0]
        more = f" (and {len(widget_errors) - 1} more)" if len(widget_errors) > 1 else ""
        return make_error(index, output["ename"], f"in a widget's callback: {output['evalue']}{more}")
    return None


def make_error(cell: int | None, exception: str, message: str) -> dict:
    return {"cell": cell, "exception": exception, "message": re.sub(r"\x1b\[[0-9;]*m", "", message)}


# ---- writing it -----------------------------------------------------------------------------------------------------


def read(output: Path) -> dict[str, dict]:
    """The entries of an earlier report; none where there is no such report, or it is damaged."""
    try:
        return dict(json.loads((output / "report.json").read_text(encoding="utf-8"))["lessons"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write(output: Path, report: dict, planned: list[str]) -> Path:
    """Write both forms, and return the page's path: in ``output``, or in a temporary directory if that fails.

    Raises:
        OSError: neither can be written to.
    """
    texts = {
        "report.json": json.dumps(report, indent=1, ensure_ascii=False) + "\n",
        "report.html": render(report, planned),
    }
    try:
        for name, text in texts.items():
            replace_file(output / name, text)
    except OSError:
        output = Path(tempfile.mkdtemp(prefix="course-report-"))
        for name, text in texts.items():
            replace_file(output / name, text)
    return output / "report.html"


# ---- showing it -----------------------------------------------------------------------------------------------------


def render(report: dict, planned: list[str]) -> str:
    """The report as one page that needs nothing but itself."""
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    templates.filters |= {"duration": duration, "memory": memory, "place": place, "rows": results.table_rows}
    kind, verdict = judge(report["lessons"], planned)
    return templates.get_template("report.html.jinja").render(
        report,
        kind=kind,
        verdict=verdict,
        missing=[name for name in planned if name not in report["lessons"]],
        symbols=SYMBOLS,
        when=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )


def judge(lessons: dict[str, dict], planned: list[str]) -> tuple[str, str]:
    """The page's verdict: the status that colours it, and its words."""
    passed = sum(entry["status"] == "ok" for entry in lessons.values())
    failed = len(lessons) - passed
    if failed:
        return "failed", "The lesson failed" if len(planned) == 1 else f"{failed} of {len(planned)} lessons failed"
    if passed < len(planned):
        return "failed", f"Interrupted after {passed} of {len(planned)} lessons"
    return "ok", "The lesson ran without an error" if passed == 1 else f"All {passed} lessons ran without an error"


def summary_line(name: str, entry: dict) -> str:
    if entry["unchanged"]:
        return f"{name}: {entry['status']}, unchanged since {entry['date']}"
    line = f"{name}: {entry['status']}, {duration(entry['seconds'])}, {memory(entry['peak_rss_mb'])}"
    if entry["error"]:
        line += f", {place(entry['error'])}: {entry['error']['exception']}: {entry['error']['message']}"
    return line


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def place(error: dict) -> str:
    return "outside any cell" if error["cell"] is None else f"cell {error['cell']}"
