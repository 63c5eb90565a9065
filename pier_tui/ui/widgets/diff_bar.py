"""The lines above and below the diff: the files to jump to, the hint, and the words to click."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from pier_tui.ui.widgets.diff_paint import file_title
from pier_tui.ui.widgets.diff_review import Review

BUTTONS = {"apply": "[Apply]", "apply_all": "[Apply all]", "send_back": "[Send back]"}


class DiffFiles(ScrollView):
    """The files of a review, one line each; a click jumps there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"diff-files--current", "diff-files--name"}
    DEFAULT_CSS = """
    DiffFiles { height: auto; max-height: 6; background: $panel; overflow-x: hidden; scrollbar-size-horizontal: 0;
        & > .diff-files--current { color: $text-accent; text-style: bold; }
        & > .diff-files--name { color: $text-muted; }
    }
    """

    class FileClicked(Message):
        """A file was clicked: `entry` is its first hunk."""

        def __init__(self, entry: int) -> None:
            self.entry = entry
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self.can_focus = False
        self.firsts: list[int] = []
        self.review = Review()
        self.current = 0

    def show_review(self, review: Review) -> None:
        """List the files of a review."""
        self.review = review
        before = None
        self.firsts = []
        for number, entry in enumerate(review.entries):
            if entry.file is not before:
                self.firsts.append(number)
                before = entry.file
        self.styles.height = max(1, min(6, len(self.firsts)))
        self.virtual_size = Size(self.size.width, len(self.firsts))
        self.refresh()

    def follow(self, entry: int) -> None:
        """Mark the file the cursor is in."""
        at = sum(first <= entry for first in self.firsts) - 1
        if at != self.current:
            self.current = at
            if not self.scroll_y <= at < self.scroll_y + max(1, self.size.height):
                self.scroll_to(y=max(0, at - 2), animate=False, immediate=True)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One file."""
        row = y + self.scroll_offset.y
        if not 0 <= row < len(self.firsts):
            return Strip.blank(self.size.width, self.rich_style)
        current = row == self.current
        style = self.get_visual_style(f"diff-files--{'current' if current else 'name'}").rich_style
        file = self.review.entries[self.firsts[row]].file
        text = f"{'▸' if current else ' '}{file_title(file, *self.review.tally(file))}{self.progress(row)}"
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)

    def progress(self, row: int) -> str:
        """How much of a file is decided."""
        end = self.firsts[row + 1] if row + 1 < len(self.firsts) else len(self.review.entries)
        entries = self.review.entries[self.firsts[row] : end]
        if not self.review.marks:
            return ""
        decided = sum(self.review.mark(entry).decision != "pending" for entry in entries)
        return f"  {decided}/{len(entries)} decided" if decided else ""

    def on_click(self, event: events.Click) -> None:
        """Jump to a file."""
        row = event.y + self.scroll_offset.y
        if row < len(self.firsts):
            self.post_message(self.FileClicked(self.firsts[row]))


class DiffBar(Widget):
    """Two lines: what stands and what to do next; the source, and the buttons that work now."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"diff-bar--button", "diff-bar--source"}
    DEFAULT_CSS = """
    DiffBar { height: 2; background: $panel; color: $text;
        & > .diff-bar--button { color: $text-accent; text-style: bold; }
        & > .diff-bar--source { color: $text-muted; }
    }
    """

    class Pressed(Message):
        """A button was clicked; `action` is the pane's action."""

        def __init__(self, action: str) -> None:
            self.action = action
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self.hint = ""
        self.source = ""
        self.buttons: tuple[str, ...] = ()

    def tell(self, hint: str, source: str, buttons: tuple[str, ...]) -> None:
        """Change what is shown."""
        if (hint, source, buttons) != (self.hint, self.source, self.buttons):
            self.hint, self.source, self.buttons = hint, source, buttons
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The hint, or the buttons."""
        width, ground = self.size.width, self.rich_style
        if y == 0:
            return Strip([Segment(f" {self.hint}", ground)]).adjust_cell_length(width, ground)
        segments = [Segment(" ", ground)]
        for name in self.buttons:
            meta = Style(meta={"button": name})
            style = self.get_visual_style("diff-bar--button").rich_style
            segments += [Segment(BUTTONS[name], style + meta), Segment(" ", ground)]
        segments.append(Segment(f" {self.source}", self.get_visual_style("diff-bar--source").rich_style))
        return Strip(segments).adjust_cell_length(width, ground)

    def on_click(self, event: events.Click) -> None:
        """A button, if there is one under the pointer."""
        if name := event.style.meta.get("button"):
            self.post_message(self.Pressed(str(name)))
