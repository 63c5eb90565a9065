"""The diff view: keys and clicks that move over the rows of a review. Painting them is in `diff_rows`."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from pier_tui.ui.widgets.diff_review import Review
from pier_tui.ui.widgets.diff_rows import DiffRows


class DiffView(DiffRows, can_focus=True):
    """The review's text. It moves a cursor over hunks, and over lines in line mode; deciding is the pane's part."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down", "Down", show=False, id="diff.down"),
        Binding("up,k", "up", "Up", show=False, id="diff.up"),
        Binding("shift+down,J", "extend(1)", "select the line below", show=False, id="diff.extend_down"),
        Binding("shift+up,K", "extend(-1)", "select the line above", show=False, id="diff.extend_up"),
        Binding("right", "sideways(8)", "Right", show=False, id="diff.right"),
        Binding("left", "sideways(-8)", "Left", show=False, id="diff.left"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="diff.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="diff.page_up"),
        Binding("home,g", "page(-1000000)", "Top", show=False, id="diff.top"),
        Binding("end,G", "page(1000000)", "Bottom", show=False, id="diff.bottom"),
    ]

    class HunkClicked(Message):
        """A hunk was clicked; `header` where it was its header."""

        def __init__(self, entry: int, header: bool) -> None:
            self.entry, self.header = entry, header
            super().__init__()

    class CursorMoved(Message):
        """The cursor is on another hunk, or on another line of it."""

    def show_review(self, review: Review, cursor: int = 0) -> None:
        """Show a review from its start or from one of its hunks."""
        self.review, self.cursor, self.line = review, min(cursor, max(0, len(review.entries) - 1)), None
        self.pivot = None
        self.lay_out()
        self.go(self.cursor) if review.entries and cursor else self.scroll_to(y=0, animate=False)

    def replace_review(self, review: Review, cursor: int) -> None:
        """The review changed around the hunk under the cursor, now at `cursor`: it stays on its row, line mode too."""
        kept = self.index.of(self.cursor).start - self.scroll_y
        self.review, self.cursor = review, cursor
        self.lay_out()
        self.scroll_to(y=self.index.of(cursor).start - kept, animate=False, immediate=True)
        self.moved()

    def toggle_split(self) -> None:
        """Change between side by side and unified, staying on the hunk."""
        self.chosen_split = not self.split
        self.fit()

    def toggle_wrap(self) -> None:
        """Show long lines whole in several rows, or cut at the edge."""
        self.wrap, self.column = not self.wrap, 0
        self.fit()

    def go(self, entry: int) -> None:
        """Put the cursor on a hunk and bring it into view."""
        self.cursor = max(0, min(entry, len(self.review.entries) - 1))
        block = self.index.of(self.cursor)
        before = self.index.at(block.start - 1)
        top = block.start - (before is not None and before.kind == "file")
        if not (self.scroll_y <= top and block.start + block.height <= self.scroll_y + self.size.height):
            self.scroll_to(y=max(0, top - 1), animate=False, immediate=True)
        self.moved()

    def moved(self) -> None:
        """The cursor is somewhere else."""
        self.refresh()
        self.post_message(self.CursorMoved())

    def set_line(self, line: int | None, pivot: int | None = None) -> None:
        """Enter line mode at a line of the current hunk, or leave it (None); `pivot` is where a selection begins."""
        self.line, self.pivot = line, pivot
        if line is not None and self.entry is not None:
            at = self.row_of(self.cursor, line)
            if not self.scroll_y <= at < self.scroll_y + self.size.height:
                self.scroll_to(y=max(0, at - self.size.height // 2), animate=False, immediate=True)
        self.moved()

    def action_down(self) -> None:
        """The next line in line mode; otherwise scroll one row."""
        self.step(1)

    def action_up(self) -> None:
        """The line before in line mode; otherwise scroll one row."""
        self.step(-1)

    def action_extend(self, by: int) -> None:
        """Select one line more in line mode, or one less; otherwise scroll one row."""
        self.step(by, self.line if self.pivot is None else self.pivot)

    def step(self, by: int, pivot: int | None = None) -> None:
        """Move the line cursor, keeping the beginning of a selection if there is one, or scroll."""
        if self.line is None or self.entry is None:
            self.scroll_to(y=self.scroll_y + by, animate=False, immediate=True)
            return
        at = self.line + by
        if 0 <= at < len(self.review.lines(self.entry)):
            self.set_line(at, pivot)

    def action_page(self, by: int) -> None:
        """Scroll by whole pages."""
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False, immediate=True)

    def action_sideways(self, by: int) -> None:
        """Show what is to the right or to the left of long lines."""
        self.column = 0 if self.wrap else max(0, self.column + by)
        self.drawings.clear()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """A decision is only taken on what is in view: the cursor comes along when its hunk is scrolled away."""
        super().watch_scroll_y(old_value, new_value)
        if self.line is not None or self.entry is None or not self.size.height:
            return
        block = self.index.of(self.cursor)
        if block.start + block.height <= new_value or block.start >= new_value + self.size.height:
            seen = self.index.at(int(new_value)) or block
            self.cursor = seen.entry
            self.moved()

    def on_resize(self, event: events.Resize) -> None:
        """The width decides on columns and on the rows of comments and wrapped lines; the height moves nothing."""
        del event
        self.fit_width()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """The scrollbar takes columns from the rows, or gives them back."""
        del shown
        if self.is_mounted:
            self.fit_width()

    def fit_width(self) -> None:
        """Lay everything out for the width there is, if it is another."""
        form, laid = self.form, self.laid
        if form == laid:
            return
        if form.wrap or form.split != laid.split or self.review.notes or self.review.clashes:
            return self.fit()
        self.laid = form
        self.begin()

    def on_click(self, event: events.Click) -> None:
        """A hunk was clicked; the end of a selection is no click."""
        if self.text_selection is None and (block := self.index.at(event.y + self.scroll_offset.y)):
            header = block.kind == "hunk" and event.y + self.scroll_offset.y == block.start
            self.post_message(self.HunkClicked(block.entry, header))
