"""Lessons, exercises and their checking. Knows no model."""

import lazy_loader

_WHERE = {
    "exercises": ["exercise"],
    "testing": ["assert_close", "assert_equal", "assert_raises", "assert_true", "graded", "mistake"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
