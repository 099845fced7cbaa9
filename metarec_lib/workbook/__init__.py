"""Lessons, exercises and their checking, in six rooms that import one way. Knows no model."""

import lazy_loader

_WHERE = {
    "exercises": ["assert_close", "assert_equal", "assert_raises", "assert_true", "exercise", "graded", "mistake"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
