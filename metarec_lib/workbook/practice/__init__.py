"""The learner's side: a workspace, one's own functions in a lesson, check, hints, solutions, progress, the question bank."""

import lazy_loader

_WHERE = {
    "answers": ["reset_command", "solution", "solution_command"],
    "bank": ["ask_command", "sheet_command"],
    "checking": ["check", "check_command"],
    "contents": ["contents"],
    "hints": ["hint"],
    "learner": ["mine"],
    "workspace": ["new_command"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
