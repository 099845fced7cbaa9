"""The learner's side: a workspace, one's own functions in a lesson, check, hints, solutions, cards, interviews, progress."""

import lazy_loader

_WHERE = {
    "answers": ["reset_command", "solution", "solution_command"],
    "bank": ["ask_command", "sheet_command"],
    "cards.anki": ["cards_command"],
    "cards.panel": ["Review"],
    "cards.terminal": ["review_command"],
    "checking": ["check", "check_command"],
    "contents": ["contents"],
    "dashboard": ["progress_command"],
    "hints": ["hint"],
    "interview.panel": ["Interview"],
    "interview.terminal": ["interview_command"],
    "learner": ["mine"],
    "next_question": ["next_command", "what_next"],
    "workspace": ["new_command"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
