"""What the page is put together from: boxes, buttons, text and pictures that cost a browser little.

ipywidgets gives each widget a layout and a style of its own: two more models that a visitor's
browser has to make, though the style sheet says how everything looks. Here all share one.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import ipywidgets as ipw
import traitlets
from ipywidgets.widgets.widget_string import HTMLStyle


@cache
def _shared(kind: type[ipw.Widget]) -> ipw.Widget:
    return kind()


class _Plain(ipw.DOMWidget):
    @traitlets.default("layout")
    def _share_layout(self) -> ipw.Layout:
        return _shared(ipw.Layout)


class Html(_Plain, ipw.HTML):
    """Text with markup."""

    @traitlets.default("style")
    def _share_style(self) -> HTMLStyle:
        return _shared(HTMLStyle)


class Button(_Plain, ipw.Button):
    """A button."""

    @traitlets.default("style")
    def _share_style(self) -> ipw.ButtonStyle:
        return _shared(ipw.ButtonStyle)


class Row(_Plain, ipw.Box):
    """Widgets side by side."""


class Column(_Plain, ipw.VBox):
    """Widgets one below the other."""


class Picture(_Plain, ipw.Image):
    """An image."""


def button(text: str, css_class: str, tooltip: str) -> Button:
    """A button with a class for the style sheet and the page's script."""
    made = Button(description=text, tooltip=tooltip)
    made.add_class(css_class)
    return made


def box(css_class: str, *children: ipw.Widget) -> Column:
    """A box with a class for the style sheet's layout."""
    made = Column(children)
    made.add_class(css_class)
    return made


def descendants(widget: ipw.Widget) -> Iterator[ipw.Widget]:
    """A widget and all widgets inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from descendants(child)


class Changes:
    """What has changed in a page since it was made; a browser that comes fetches the rest."""

    def __init__(self, page: ipw.Widget) -> None:
        self._page = page
        self._changed: dict[ipw.Widget, set[str]] = {one: set() for one in descendants(page)}
        for widget in self._changed:
            widget.observe(self._note)

    def _note(self, change: Any) -> None:
        self._changed[change.owner].add(change.name)

    def send(self) -> None:
        """Send the state of all that has changed, and of the widgets that were made since."""
        for widget in descendants(self._page):
            changed = self._changed.get(widget)
            if changed is None:
                widget.send_state()
            elif keys := changed.intersection(widget.keys):
                widget.send_state(keys)


def mark(widget: ipw.DOMWidget, css_class: str, holds: bool) -> None:
    """Give a widget a class of the style sheet, or take it away."""
    (widget.add_class if holds else widget.remove_class)(css_class)


def set_shown(widget: ipw.DOMWidget, is_shown: bool) -> None:
    """Show a widget, or take it off the page."""
    mark(widget, "is-hidden", not is_shown)


def is_shown(widget: ipw.DOMWidget) -> bool:
    """Whether a widget is on the page."""
    return "is-hidden" not in widget._dom_classes


def set_pressable(button: ipw.Button, is_pressable: bool) -> None:
    """Let a button look as if it has something to do, or nothing.

    It is not disabled: a press still says what is missing, and the focus stays where it is.
    """
    mark(button, "is-idle", not is_pressable)
