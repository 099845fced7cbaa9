"""`play`: controls above a figure that is drawn anew whenever one of them changes."""

from __future__ import annotations

import base64
import functools
import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from .legible import hold_to_legible
from .showing import bundle, checked_alt, display_picture, png_of
from .style import WIDTH, styled

if TYPE_CHECKING:
    import ipywidgets


def play(draw: Callable[..., Figure], *, alt: str, **controls: Any) -> None:
    """Show controls above a figure that is drawn anew whenever one of them changes.

    draw: called with the controls' values by name, returns a Figure. controls: an ipywidgets control, or for
    short `(low, high)`, `(low, high, step)` a slider that starts at draw's default or at low; a list a menu;
    a bool a tick box. alt: as in `show`, for the first state, which readers without a kernel see as a picture.
    Raises ValueError for other controls. An error while drawing the first state is raised, a later one shown.
    """
    import ipywidgets as widgets

    alt, draw = checked_alt(alt), styled(draw)
    made = {name: _control(draw, name, given) for name, given in controls.items()}
    figure = draw(**{name: control.value for name, control in made.items()})
    hold_to_legible(figure)
    first = png_of(figure, density=1)
    image = widgets.HTML(_image_tag(first, alt))  # an Image widget with a tooltip fails to draw (ipywidgets 8.1)
    message = widgets.Label()
    redraw = functools.partial(_redraw, draw, made, image, message, alt)
    for control in made.values():
        control.observe(redraw, names="value")
    box = widgets.VBox([*made.values(), image, message])
    display_picture({**_widget_view(box), **bundle(first, alt)}, alt)


def _widget_view(box: ipywidgets.Widget) -> dict[str, Any]:
    kind = "application/vnd.jupyter.widget-view+json"
    return {kind: {"version_major": 2, "version_minor": 0, "model_id": box.model_id}}


def _image_tag(png: bytes, alt: str) -> str:
    return (
        f'<img alt="{html.escape(alt)}" width="{WIDTH}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    )


def _redraw(
    draw: Callable[..., Figure], controls: dict[str, Any], image: Any, message: Any, alt: str, change: Any
) -> None:
    """Put the figure of the controls' values in place; a figure that cannot be drawn is said in a sentence."""
    values = {name: control.value for name, control in controls.items()}
    try:
        image.value, message.value = _image_tag(png_of(draw(**values), density=1), alt), ""
    except Exception as error:
        chosen = ", ".join(f"{name} = {value}" for name, value in values.items())
        message.value = f"No figure for {chosen} ({type(error).__name__}: {error}). The one above is the last drawn."


def _control(draw: Callable[..., Figure], name: str, given: Any) -> Any:
    """A labelled control from what was given for it."""
    import inspect

    import ipywidgets as widgets

    if isinstance(given, widgets.ValueWidget):
        given.description = given.description or _label(name)
        return given
    options = {"description": _label(name), "style": {"description_width": "initial"}}
    parameter = inspect.signature(draw).parameters.get(name)
    if parameter is not None and parameter.default is not parameter.empty:
        options["value"] = parameter.default
    if isinstance(given, bool):
        return widgets.Checkbox(**{"value": given, **options}, indent=False)
    if isinstance(given, list) and given:
        return widgets.Dropdown(options=given, **options)
    if isinstance(given, tuple) and len(given) in (2, 3):
        return _slider(given, options)
    raise ValueError(
        f"Got {name}={given!r} for a control; expected an ipywidgets control, (low, high), (low, high, step), a list "
        "or a bool. Give one of these."
    )


def _slider(bounds: Sequence[float], options: dict[str, Any]) -> Any:
    import ipywidgets as widgets

    whole = all(isinstance(bound, int) for bound in bounds)
    make, step = (widgets.IntSlider, 1) if whole else (widgets.FloatSlider, (bounds[1] - bounds[0]) / 20)
    step = bounds[2] if len(bounds) == 3 else step
    return make(**{"value": bounds[0], **options}, min=bounds[0], max=bounds[1], step=step)


def _label(name: str) -> str:
    return name.replace("_", " ")
