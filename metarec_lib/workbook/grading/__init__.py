"""The teacher's side: a folder of submissions, graded in the jail, to a table of points."""

import lazy_loader

_WHERE = {
    "grading": ["grade", "grade_command"],
    "grader": ["Settings"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
