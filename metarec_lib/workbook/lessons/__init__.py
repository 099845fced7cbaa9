"""Lessons from their text to the built notebook: grammar, build, claims and the studies behind them."""

import lazy_loader

_WHERE = {
    "command": ["build_command"],
    "confirm": ["confirm_command"],
    "built": ["MINUTES", "needs_of", "sections_calling", "topics_of"],
    "claims": ["Minus", "claim", "records_of", "seed"],
    "editions": ["chinese_edition", "learner_edition"],
    "lesson": ["Lesson", "LessonError", "questions_with_lesson"],
    "reading": ["read_built", "read_lesson"],
    "measured": ["verdicts", "what_was_measured"],
    "overview": ["asked", "plainly"],
    "reruns": ["claims_command"],
    "results": ["study_rows"],
    "studies": ["load_study", "parse_seeds", "study_command"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
