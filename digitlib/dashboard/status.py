"""The status line: what happened to a submission."""

from enum import Enum
from html import escape

import traitlets

from digitlib.dashboard.parts import Html


class State(Enum):
    """The state of a submission; the value is the status line's CSS class."""

    IDLE = "is-idle"
    SAVING = "is-saving"
    SAVED = "is-saved"
    ASKING = "is-asking"
    FAILED = "is-failed"


class Status(Html):
    """One line about what happened to a submission."""

    state = traitlets.Enum(list(State), State.IDLE)

    def __init__(self, css_class: str = "digit-status") -> None:
        super().__init__()
        self.add_class(css_class)

    def say(self, state: State, text: str = "") -> None:
        """Show the state and a text, which is escaped."""
        self.value = f'<p class="{state.value}">{escape(text)}</p>'
        self.state = state
