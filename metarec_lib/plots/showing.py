"""`show`: a figure as a small picture with its alt text."""

from __future__ import annotations

import base64
import html
import io
import os
import struct
import sys
from typing import Any

from matplotlib.figure import Figure

from metarec_lib.workbook.core import STRICT_FIGURES, is_chinese, language

from .legible import hold_to_legible
from .style import WIDTH, styled
from .wording import Words, dress, is_pair, said

COLOURS = 64
IN_WORDS = {"en": "In words · 文字说明", "zh": "文字说明"}


def show(fig: Figure, alt: Words) -> None:
    """Show a figure as a small PNG, with `alt` for readers who do not see it, and close it.

    alt: at least a sentence that says what the figure shows, or a pair of such texts (English, 中文). Raises ValueError
    where it is missing.
    """
    alt = checked_alt(alt)
    hold_to_legible(fig)
    display_picture(bundle(png_of(fig), alt), alt)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)


def display_picture(shown: dict[str, Any], alt: str) -> None:
    """Display a bundle with a picture, and its alt text folded below; outside of a notebook print the text."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(alt)
        return
    display(shown, raw=True, metadata={"image/png": picture_metadata(shown["image/png"], alt)})
    # nbconvert reads the alt text of the metadata. JupyterLab (4.6) drops it: there this line says it.
    words = f"<details><summary>{IN_WORDS[language()]}</summary>{html.escape(alt)}</details>"
    display({"text/html": words, "text/plain": alt}, raw=True, metadata={})


def bundle(png: bytes, alt: str) -> dict[str, Any]:
    """A picture and its text, which is what the test of the notebooks compares."""
    return {"image/png": base64.b64encode(png).decode(), "text/plain": alt}


def picture_metadata(png: str, alt: str) -> dict[str, Any]:
    """How large a picture is shown, whatever its density, and its alt text."""
    width, height = struct.unpack(">II", base64.b64decode(png[:44])[16:24])
    return {"alt": alt, "width": WIDTH, "height": round(height * WIDTH / width)}


def checked_alt(alt: Words) -> str:
    """The alt text in the reader's language, if it is a sentence. Raises ValueError otherwise."""
    alt = said(alt, language()) if is_pair(alt) else alt
    shortest = 6 if isinstance(alt, str) and is_chinese(alt) else 12
    if not isinstance(alt, str) or len(alt.strip()) < shortest or alt.strip()[-1] not in ".!?。！？":
        raise ValueError(
            f"Got alt={alt!r}; expected a sentence that ends in a full stop and says what the figure shows. "
            "Write what a reader sees in it: what falls, what crosses, by how much."
        )
    if os.environ.get(STRICT_FIGURES) and language() == "zh" and not is_chinese(alt):
        raise ValueError(f'Got alt={alt!r} for a Chinese reader; expected a pair ("English", "中文").')
    return alt.strip()


@styled
def png_of(fig: Figure, density: int = 2) -> bytes:
    """The figure as PNG of few colours; the same figure gives the same bytes (no date, no version inside).

    density: pixels for each CSS pixel of its width.
    """
    # Styled, since matplotlib makes some ticks only now.
    from PIL import Image

    dress(fig)
    buffer, small = io.BytesIO(), io.BytesIO()
    fig.savefig(buffer, format="png", dpi=density * WIDTH / fig.get_figwidth(), facecolor="white")
    picture = Image.open(buffer).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, format="PNG", optimize=True)
    return small.getvalue()
