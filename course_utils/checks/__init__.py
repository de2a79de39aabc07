"""Graders of the exercises, one for each: ``checks.lora_scale(attempt)`` returns a verdict.

Each lesson's are in a module of its own, ``lesson_NN``, and are found there; what a grader is stands in ``exercise``.
"""

import importlib
import pkgutil

from course_utils.checks.exercise import Case, Exercise, Verdict, same

__all__ = ["GRADERS", "Case", "Exercise", "Verdict", "same"]


def _found() -> dict[str, Exercise]:
    """Every grader of every lesson by its name."""
    graders: dict[str, Exercise] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        if not module.name.rsplit(".", 1)[1].startswith("lesson_"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Exercise) and graders.setdefault(value.name, value) is not value:
                raise ImportError(f"two lessons have a grader named {value.name}: give one another name")
    return graders


GRADERS = _found()
globals().update(GRADERS)
