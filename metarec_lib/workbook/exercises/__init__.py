"""Solutions, stubs and their graded tests: what a learner writes, and the verdict on it."""

import lazy_loader

_WHERE = {
    "calls": ["LearnerError"],
    "explaining": ["cure_of"],
    "judging": ["judge"],
    "manifest": ["earned", "hidden_tests", "manifest_text", "question_manifest", "require_exercises", "stems"],
    "results": ["Result", "Verdict"],
    "returned": ["unexpected"],
    "solutions": ["exercise", "load_module", "plain_text", "read_solution", "read_text", "stub_text", "utf8_text"],
    "testing": ["assert_close", "assert_equal", "assert_raises", "assert_true", "graded", "mistake"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["calls"], submod_attrs=_WHERE)
