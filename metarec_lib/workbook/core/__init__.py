"""What every room may use: the 31 questions, where files lie, text and links in a notebook, values as text."""

import lazy_loader

_WHERE = {
    "alive": ["watch_cells"],
    "kernel": ["STRICT_FIGURES", "in_notebook", "link", "show_markdown", "show_text"],
    "languages": [
        "LANGUAGES",
        "REMEMBERED",
        "Language",
        "Pair",
        "asked_for",
        "both_parts",
        "english_of",
        "is_chinese",
        "language",
        "pick",
        "remembered",
        "require_pair",
        "spaced",
    ],
    "places": ["MARK", "content", "folder_named", "missing", "work_folder"],
    "questions": ["QUESTIONS", "Question", "resolve", "resolve_all"],
    "values": ["is_number", "is_tensor", "kind", "shown", "shown_call"],
}

_WHOLE = ["glossary", "languages", "places"]
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=_WHOLE, submod_attrs=_WHERE)
