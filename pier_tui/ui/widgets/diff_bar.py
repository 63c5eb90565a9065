"""The lines above and below the diff: the files to jump to, the hint, and the words to click."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
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
from pier_tui.ui.widgets.diff_wrap import filled

BUTTONS = {"apply": "[Apply]", "apply_all": "[Apply all]", "send_back": "[Send back]"}


MOST_FILES = 6
"""Files listed at once."""
FILES_FROM = 16
"""The file list is shown in panes of at least this many rows,"""
ROWS_A_FILE = 6
"""one file for so many of them."""
MOST_LINES = 3
"""Lines a hint may take where it must not be shortened."""


class Part(NamedTuple):
    """A stretch of the hint. Where there is no room the parts of the highest rank go first; rank 0 stays."""

    text: str
    rank: int = 0


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
        self.virtual_size = Size(self.size.width, len(self.firsts))
        self.refresh()

    def give(self, rows: int) -> None:
        """Take as many rows as there are files, of a pane with so many rows; none where they would eat the diff."""
        self.styles.height = max(1, min(MOST_FILES, rows // ROWS_A_FILE, len(self.firsts)))
        self.display = rows >= FILES_FROM and len(self.firsts) > 1

    def follow(self, entry: int) -> None:
        """Mark the file the cursor is in."""
        at = max(0, sum(first <= entry for first in self.firsts) - 1)
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
        progress = self.progress(row)
        room = self.size.width - 1 - len(progress)
        text = f"{'▸' if current else ' '}{file_title(file, *self.review.tally(file), room=room)}{progress}"
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)

    def progress(self, row: int) -> str:
        """How much of a file is decided."""
        end = self.firsts[row + 1] if row + 1 < len(self.firsts) else len(self.review.entries)
        entries = self.review.entries[self.firsts[row] : end]
        if entries[0].file.path in self.review.standing.counts:
            return "  ⚠ conflict"
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
    """What stands and what to do next, on one line or, where that is too narrow, a few; then the buttons that work."""

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
        self.parts: tuple[Part, ...] = ()
        self.source = ""
        self.buttons: tuple[str, ...] = ()
        self.lines: list[str] = [""]

    @property
    def hint(self) -> str:
        """The whole hint, however much of it there is room for."""
        return joined(self.parts)

    def tell(self, parts: tuple[Part, ...], source: str, buttons: tuple[str, ...]) -> None:
        """Change what is shown."""
        if (parts, source, buttons) != (self.parts, self.source, self.buttons):
            self.parts, self.source, self.buttons = parts, source, buttons
            self.fit()

    def on_resize(self) -> None:
        """Fit the hint to the width."""
        self.fit()

    def fit(self) -> None:
        """Shorten or wrap the hint; the bar is as high as that needs."""
        self.lines = fitted(self.parts, self.size.width - 2) if self.size.width else [self.hint]
        if self.styles.height is None or self.styles.height.value != len(self.lines) + 1:
            self.styles.height = len(self.lines) + 1
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line of the hint, or the buttons."""
        width, ground = self.size.width, self.rich_style
        if y < len(self.lines):
            return Strip([Segment(f" {self.lines[y]}", ground)]).adjust_cell_length(width, ground)
        segments = [Segment(" ", ground)]
        button = self.get_visual_style("diff-bar--button").rich_style
        for name in self.buttons:
            segments += [Segment(BUTTONS[name], button + Style(meta={"button": name})), Segment(" ", ground)]
        used = sum(segment.cell_length for segment in segments)
        if used + cell_len(self.source) + 1 <= width:
            gap = " " if self.buttons else ""
            segments.append(Segment(f"{gap}{self.source}", self.get_visual_style("diff-bar--source").rich_style))
        return Strip(segments).adjust_cell_length(width, ground)

    def on_click(self, event: events.Click) -> None:
        """A button, if there is one under the pointer."""
        if name := event.style.meta.get("button"):
            self.post_message(self.Pressed(str(name)))


def joined(parts: Iterable[Part]) -> str:
    """The parts in one line."""
    return " · ".join(part.text for part in parts if part.text)


def fitted(parts: Sequence[Part], width: int) -> list[str]:
    """The hint in so many cells: parts are left out whole, the last to go first; what must stay is wrapped."""
    kept = [part for part in parts if part.text]
    while cell_len(joined(kept)) > width and any(part.rank for part in kept):
        kept.remove(max(kept, key=lambda part: part.rank))
    lines = filled(joined(kept), max(8, width))
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"{set_cell_size(lines[MOST_LINES - 1], width - 1).rstrip()}…"]
    return lines
