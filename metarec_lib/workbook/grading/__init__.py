"""The teacher's side: submissions to points, graded in the jail, and all that is written of them; handing out."""

import lazy_loader

_WHERE = {
    "grading": ["grade", "grade_command"],
    "grader": ["Settings"],
    "release": ["release_command"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
