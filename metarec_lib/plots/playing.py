"""`play`: controls above a figure that is drawn anew whenever one of them changes."""

from __future__ import annotations

import base64
import functools
import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from metarec_lib.workbook.core import language, pick

from .legible import hold_to_legible
from .showing import bundle, checked_alt, display_picture, png_of
from .style import WIDTH, styled
from .wording import Words, said

if TYPE_CHECKING:
    import ipywidgets


def play(
    draw: Callable[..., Figure], *, alt: Words, labels: Mapping[str, Words] | None = None, **controls: Any
) -> None:
    """Show controls above a figure that is drawn anew whenever one of them changes.

    draw: called with the controls' values by name, returns a Figure. controls: an ipywidgets control, or for
    short `(low, high)`, `(low, high, step)` a slider that starts at draw's default or at low; a list a menu;
    a bool a tick box. alt: as in `show`, for the first state, which readers without a kernel see as a picture. labels:
    what stands before a control, by its name; by default the name itself, in Chinese where the glossary has it.
    Raises ValueError for other controls. An error while drawing the first state is raised, a later one shown.
    """
    import ipywidgets as widgets

    alt, draw = checked_alt(alt), styled(draw)
    label = {name: said((labels or {}).get(name, _label(name)), language()) for name in controls}
    made = {name: _control(draw, name, given, label[name]) for name, given in controls.items()}
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
        why = f"{type(error).__name__}: {error}"
        message.value = pick((
            f"No figure for {chosen} ({why}). The one above is the last drawn.",
            f"{chosen} 时画不出图（{why}）。上面是最近一次画出的图。",
        ))  # fmt: skip


def _control(draw: Callable[..., Figure], name: str, given: Any, label: str = "") -> Any:
    """A labelled control from what was given for it."""
    label = label or _label(name)
    import inspect

    import ipywidgets as widgets

    if isinstance(given, widgets.ValueWidget):
        given.description = given.description or label
        return given
    options = {"description": label, "style": {"description_width": "initial"}}
    parameter = inspect.signature(draw).parameters.get(name)
    if parameter is not None and parameter.default is not parameter.empty:
        options["value"] = parameter.default
    if isinstance(given, bool):
        return widgets.Checkbox(**{"value": given, **options}, indent=False)
    if isinstance(given, list) and given:
        return widgets.Dropdown(options=_named(given), **options)
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


def _named(options: list[Any]) -> list[Any]:
    """The options of a menu; in Chinese those that the glossary knows go by their names."""
    texts = language() == "zh" and all(isinstance(option, str) for option in options)
    return [(said(option, "zh"), option) for option in options] if texts else options


def _label(name: str) -> str:
    return name.replace("_", " ")
