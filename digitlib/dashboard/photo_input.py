"""How a picture's file comes to the kernel.

On the dashboard's page, `photo.js` takes what is chosen, taken, dropped or pasted, makes it smaller
and sends it in pieces that fit into the server's small messages, each once the one before has
arrived. JupyterLab has no such script, and no such limit: a `FileUpload` is there instead.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import ipywidgets as ipw
import traitlets

from digitlib.dashboard.configuration import has_page_script
from digitlib.dashboard.parts import Column, Html, box, set_shown

MOST_BYTES = 2_000_000  # of a picture from the page, which sends at most 1600 px
MOST_PIXELS = 4_000_000  # of such a picture; a JupyterLab of one's own may show larger ones
_PIECE = 15_000  # characters of a message

# The browser's words for what goes wrong there stand in the last line.
_CHOOSE = """<div class="digit-photo-choose">
<label class="digit-photo-file">Choose a picture<input type="file" accept="image/*"></label>
<label class="digit-photo-file is-camera">Take a photo<input type="file" accept="image/*"
 capture="environment"></label>
<span class="digit-photo-hint">or drop or paste one here</span></div>
<p class="digit-photo-problem" role="alert"></p>"""


class PhotoInput(Column):
    """Calls `on_photo` with the bytes of each picture that a visitor gives."""

    is_receiving = traitlets.Bool(False)  # a picture's first piece has come, its last has not

    def __init__(self, on_photo: Callable[[bytes], None]) -> None:
        self._on_photo = on_photo
        self._id, self._pieces = "", list[str]()
        self.most_pixels = MOST_PIXELS if has_page_script() else None
        self._received, self._piece = Html(), ipw.Text(continuous_update=False)
        self._piece.observe(lambda change: self._on_piece(change.new), "value")
        super().__init__(self._with_script() if has_page_script() else [self._without()])

    def _with_script(self) -> list[ipw.Widget]:
        hidden = box("digit-photo-received", self._received), box("digit-photo-piece", self._piece)
        for part in hidden:
            set_shown(part, False)
        return [Html(_CHOOSE), *hidden]

    def _without(self) -> ipw.FileUpload:
        upload = ipw.FileUpload(accept="image/*", description="Choose a picture")
        upload.observe(lambda change: self._on_upload(change.new), "value")
        return upload

    def _on_upload(self, files: tuple[Any, ...]) -> None:
        if files:
            self._on_photo(bytes(files[0]["content"]))

    def _on_piece(self, text: str) -> None:
        """Take a piece: `ID NUMBER COUNT BASE64`; one that can't be the next ends the picture."""
        content = b""
        try:
            id, number, count, piece = text.split(" ")
            if int(number) == 0:
                self._id, self._pieces = id[:20], []
                self.is_receiving = True
            is_next = id == self._id and int(number) == len(self._pieces) < int(count)
            if not is_next or int(count) * _PIECE > 1.4 * MOST_BYTES or len(piece) > _PIECE:
                raise ValueError("This piece was not expected.")
            self._pieces.append(piece)
            if len(self._pieces) == int(count):
                content = b64decode("".join(self._pieces), validate=True)
        except (ValueError, binascii.Error):
            self._id, self._pieces, self.is_receiving = "", [], False
            self._received.value = "<p>refused</p>"
            return
        self._received.value = f"<p>{id} {int(number) + 1}</p>"
        if content:
            self._pieces = []
            self._on_photo(content)
            self.is_receiving = False
