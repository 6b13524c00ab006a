"""The page is light, and a browser that loads it late gets all that has changed meanwhile."""

import ipywidgets as ipw
import pytest

from digitlib.dashboard.page import Dashboard
from digitlib.dashboard.parts import Button, Changes, Html, box, button, descendants, set_shown


def test_a_page_has_few_layouts_and_styles() -> None:
    """Each is a model that a visitor's browser makes before anything can be drawn."""
    widgets = list(descendants(Dashboard()))
    layouts = {widget.layout for widget in widgets}
    styles = {widget.style for widget in widgets if isinstance(widget, Button | Html)}
    assert len(widgets) > 60 and len(layouts) < 10 and len(styles) == 2


def test_a_browser_gets_what_has_changed_and_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[ipw.Widget, set[str] | None] = {}
    monkeypatch.setattr(
        ipw.Widget, "send_state", lambda widget, key=None: sent.__setitem__(widget, key)
    )
    same, hidden, text = button("Same", "is-same", ""), button("Hidden", "is-it", ""), Html("old")
    page = box("page", same, hidden, text)
    changes = Changes(page)
    set_shown(hidden, False)
    set_shown(hidden, True)  # as it was, but a browser may have heard of the first change alone
    text.value = "new"
    new = Html("made later")
    page.children = (*page.children, new)
    sent.clear()
    changes.send()
    assert same not in sent
    assert sent[hidden] == {"_dom_classes"}
    assert sent[text] == {"value"}
    assert sent[page] == {"children"}
    assert sent[new] is None  # all of it
