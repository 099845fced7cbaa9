"""`show`: a figure as a small picture with its alt text."""

from __future__ import annotations

import base64
import io
import sys

from matplotlib.figure import Figure

from .style import DPI, styled

COLOURS = 64


def show(fig: Figure, alt: str) -> None:
    """Show a figure as a small PNG, with `alt` for readers who do not see it, and close it.

    alt: at least a sentence that says what the figure shows. Raises ValueError where it is missing.
    """
    from IPython import get_ipython
    from IPython.display import display

    shown = bundle(png_of(fig), checked_alt(alt))
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)
    if get_ipython() is None:
        print(alt)
    else:
        display(shown, raw=True, metadata=alt_metadata(alt))


def bundle(png: bytes, alt: str) -> dict[str, str]:
    return {"image/png": base64.b64encode(png).decode(), "text/plain": alt}


def alt_metadata(alt: str) -> dict[str, dict[str, str]]:
    # nbconvert reads this. JupyterLab (4.6) has no alt text for image outputs: there it is the text of the output.
    return {"image/png": {"alt": alt}}


def checked_alt(alt: str) -> str:
    """The alt text, if it is a sentence. Raises ValueError otherwise."""
    if not isinstance(alt, str) or len(alt.strip()) < 12 or alt.strip()[-1] not in ".!?。！？":
        raise ValueError(
            f"Got alt={alt!r}; expected a sentence that ends in a full stop and says what the figure shows. "
            "Write what a reader sees in it: what falls, what crosses, by how much."
        )
    return alt.strip()


@styled
def png_of(fig: Figure) -> bytes:
    """The figure as PNG of few colours; the same figure gives the same bytes (no date, no version inside)."""
    # Styled, since matplotlib makes some ticks only now.
    from PIL import Image

    buffer, small = io.BytesIO(), io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    picture = Image.open(buffer).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, format="PNG", optimize=True)
    return small.getvalue()
