"""A note on a judgement of the user's: one line, kept with it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from pier_tui.ui.screens.dialog import Dialog
from pier_tui.ui.text import sanitize


class NoteScreen(Dialog[str]):
    """Answers with the note, empty to take it away, or None when closed."""

    TITLE_TEXT = "Note"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it", id="note.close")]
    DEFAULT_CSS = "NoteScreen Input { margin-top: 1; }"

    def __init__(self, about: str, note: str = "") -> None:
        super().__init__()
        self._about, self._note = about, note

    def body(self) -> list[Widget]:
        """What the note is on, and the line."""
        return [Static(Content(sanitize(self._about))), Input(sanitize(self._note), placeholder="why, in a line")]

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Keep it."""
        self.dismiss(message.value.strip())
