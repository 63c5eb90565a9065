"""What opens over the diff to write in: the proposed text of a hunk, and a comment."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from pier_tui.ui.widgets.letters import LetterArea, LetterInput


class HunkEditor(LetterArea):
    """The new side of a hunk as plain text. It is not coloured: colouring would be slow at every key."""

    DEFAULT_CSS = """
    HunkEditor { height: 1fr; max-height: 60%; border: tall $accent; }
    HunkEditor { border-title-color: $text; border-subtitle-color: $text; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+s", "save", "Save edit", id="diff.edit_save"),
        Binding("escape", "cancel", "Cancel edit", id="diff.edit_cancel"),
    ]

    class Saved(Message):
        """The text is meant."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Cancelled(Message):
        """Nothing is changed."""

    def __init__(self, text: str) -> None:
        super().__init__(text, show_line_numbers=True, tab_behavior="indent")
        self.border_title = "proposed text"
        self.border_subtitle = "f2 or ctrl+s saves · escape cancels"

    def render_lines(self, crop: Region) -> list[Strip]:
        """The text. The screen may paint a box once more that was just taken away and has no styles any longer."""
        return super().render_lines(crop) if self.is_attached else [Strip.blank(crop.width)] * crop.height

    def action_save(self) -> None:
        """Hand the text over."""
        self.post_message(self.Saved(self.text))

    def action_cancel(self) -> None:
        """Leave the hunk as it was."""
        self.post_message(self.Cancelled())


class CommentInput(LetterInput):
    """One comment. Enter keeps it, an empty one is taken back, escape leaves everything as it was."""

    DEFAULT_CSS = """
    CommentInput { height: 3; border: tall $accent; border-title-color: $text; border-subtitle-color: $text; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel comment", id="diff.comment_cancel")]

    class Cancelled(Message):
        """Nothing is changed."""

    def __init__(self, text: str = "", where: str = "") -> None:
        super().__init__(text)
        self.border_title = Content(f"comment on {where}" if where else "comment")
        self.border_subtitle = "enter keeps it · escape cancels"

    def render_lines(self, crop: Region) -> list[Strip]:
        """The text, as long as there is a place for it."""
        return super().render_lines(crop) if self.is_attached else [Strip.blank(crop.width)] * crop.height

    def action_cancel(self) -> None:
        """Leave the comment as it was."""
        self.post_message(self.Cancelled())
