"""Every figure and table of the notebooks: `show` emits a small picture with its alt text, `play` puts controls above one.

A figure function takes numbers and returns a `matplotlib.figure.Figure` made with `subplots` under `@styled`. Wherever a
text is asked for, a pair (English, 中文) may be given; names of the glossary are translated by themselves (`words`).
"""

import lazy_loader

_WHERE = {
    "figures": ["bands", "bars", "intervals", "lines", "slopes"],
    "playing": ["play"],
    "legible": ["illegible"],
    "showing": ["checked_alt", "png_of", "show"],
    "style": ["PALETTE", "STYLE", "styled", "subplots"],
    "tables": ["interval_text", "number_text", "p_text", "table"],
    "wording": ["cjk_font", "words"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_WHERE)
