"""All files of a review in one scrolling view. Rows are found by index and painted when they are on the screen."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from pier_tui.ui.widgets import diff_paint as paint
from pier_tui.ui.widgets.diff_drawing import HunkDrawing, Page
from pier_tui.ui.widgets.diff_index import Index, build, hunk_height
from pier_tui.ui.widgets.diff_review import Entry, Review

SPLIT_FROM = 110
"""Side by side by itself from this many columns."""
MOST_STRIPS = 6000
SELECTED = Style(reverse=True)
"""How selected text looks, on every terminal."""

CSS = """
DiffView { height: 1fr; background: $surface; scrollbar-size-horizontal: 0; overflow-x: hidden;
    & > .diff--file { background: $primary-muted; color: $text; text-style: bold; }
    & > .diff--hunk { background: $panel; color: $text-muted; }
    & > .diff--cursor { background: $boost; color: $text-accent; text-style: bold; }
    & > .diff--line { background: $primary 40%; }
    & > .diff--gutter { color: $text-muted; }
    & > .diff--added { background: $success 12%; }
    & > .diff--removed { background: $error 12%; }
    & > .diff--added-word { background: $success 35%; text-style: bold; }
    & > .diff--removed-word { background: $error 35%; text-style: bold; }
    & > .diff--badge { color: $text-warning; text-style: bold; }
    & > .diff--note { background: $accent 12%; color: $text-accent; text-style: italic; }
    & > .diff--disk { background: $warning 12%; }
    & > .diff--label { color: $text-muted; text-style: bold; }
    & > .diff--warning { color: $text-warning; text-style: bold; }
    & > .diff--accepted { color: $text-success; text-style: bold; }
    & > .diff--edited { color: $text-accent; text-style: bold; }
    & > .diff--rejected { color: $text-error; text-style: bold; }
    & > .diff--comment { color: $text-muted; text-style: italic; }
    & > .diff--keyword { color: $text-accent; }
    & > .diff--string { color: $text-success; }
    & > .diff--number { color: $text-warning; }
    & > .diff--function { color: $text-primary; }
    & > .diff--builtin { color: $text-secondary; }
}
DiffView:nocolor {
    & > .diff--added-word { text-style: bold underline; }
    & > .diff--removed-word { text-style: bold underline; }
    & > .diff--file { text-style: bold reverse; }
    & > .diff--cursor { text-style: bold underline; }
    & > .diff--line { text-style: bold; }
}
"""


class DiffView(ScrollView, can_focus=True):
    """The review's text. It moves a cursor over hunks, and over lines in line mode; deciding is the pane's part."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(paint.COMPONENTS)
    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down", "Down", show=False, id="diff.down"),
        Binding("up,k", "up", "Up", show=False, id="diff.up"),
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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.review = Review()
        self.index = Index()
        self.entries: tuple[Entry, ...] = ()
        """The review's hunks as they were laid out; the review itself may have changed since."""
        self.cursor = 0
        self.line: int | None = None
        self.column = 0
        self.chosen_split: bool | None = None
        self.drawings: dict[int, HunkDrawing] = {}
        self.looks: dict[str, Style] = {}
        self.painted = 0
        self.sentence = ""
        """What is said where there is nothing to show."""
        self.laid = (False, 0)
        """Side by side or not, and the width, that rows were laid out for; a resize paints once before it is told."""

    @property
    def columns(self) -> int:
        """The width of the rows, without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def split(self) -> bool:
        """Whether old and new stand side by side."""
        return self.columns >= SPLIT_FROM if self.chosen_split is None else self.chosen_split

    @property
    def entry(self) -> Entry | None:
        """The hunk under the cursor."""
        return self.entries[self.cursor] if self.cursor < len(self.entries) else None

    def show_review(self, review: Review, cursor: int = 0) -> None:
        """Show a review from its start or from one of its hunks."""
        self.review, self.cursor, self.line = review, min(cursor, max(0, len(review.entries) - 1)), None
        self.lay_out()
        self.go(self.cursor) if review.entries and cursor else self.scroll_to(y=0, animate=False)

    def replace_review(self, review: Review, cursor: int) -> None:
        """The review changed around the hunk under the cursor, now at `cursor`: it stays on its row, line mode too."""
        kept = self.index.of(self.cursor).start - self.scroll_y
        self.review, self.cursor = review, cursor
        self.lay_out()
        self.scroll_to(y=self.index.of(cursor).start - kept, animate=False, immediate=True)
        self.moved()

    def lay_out(self) -> None:
        """Find every row's place again, after the patch, the width, or the comments changed."""
        self.entries = self.review.entries
        split, width = self.laid = (self.split, self.columns)
        self.index = build(self.review, lambda entry: hunk_height(self.review, entry, split, width))
        self.begin()

    def begin(self) -> None:
        """Draw everything anew for the width that rows were laid out for."""
        self.drawings.clear()
        self.virtual_size = Size(self.laid[1], self.index.height)
        self.refresh()

    def redraw(self) -> None:
        """Something changed that moves no row: drawings of hunks decided anew are replaced as they are painted."""
        self.refresh()

    def toggle_split(self) -> None:
        """Change between side by side and unified, staying on the hunk."""
        self.chosen_split = not self.split
        self.lay_out()
        if self.entry is not None:
            self.go(self.cursor)

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

    def set_line(self, line: int | None) -> None:
        """Enter line mode at a line of the current hunk, or leave it (None)."""
        self.line = line
        if line is not None and self.entry is not None:
            rows = self.drawing(self.cursor).rows
            row = next((i for i, r in enumerate(rows) if line in (r.left, r.right)), 0)
            at = self.index.of(self.cursor).start + 1 + row
            if not self.scroll_y <= at < self.scroll_y + self.size.height:
                self.scroll_to(y=max(0, at - self.size.height // 2), animate=False, immediate=True)
        self.moved()

    def action_down(self) -> None:
        """The next line in line mode; otherwise scroll one row."""
        self.step(1)

    def action_up(self) -> None:
        """The line before in line mode; otherwise scroll one row."""
        self.step(-1)

    def step(self, by: int) -> None:
        """Move the line cursor over changed lines, or scroll."""
        if self.line is None or self.entry is None:
            self.scroll_to(y=self.scroll_y + by, animate=False, immediate=True)
            return
        lines = self.review.lines(self.entry)
        at = self.line + by
        if 0 <= at < len(lines):
            self.set_line(at)

    def action_page(self, by: int) -> None:
        """Scroll by whole pages."""
        self.scroll_to(y=self.scroll_y + by * max(1, self.size.height - 2), animate=False, immediate=True)

    def action_sideways(self, by: int) -> None:
        """Show what is to the right or to the left of long lines."""
        self.column = max(0, self.column + by)
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
        """The width decides on columns and on the rows of comments; the height moves nothing."""
        del event
        if self.laid != (self.split, self.columns):
            self.fit_width()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """The scrollbar takes columns from the rows, or gives them back."""
        del shown
        if self.is_mounted and self.laid[1] != self.columns:
            self.fit_width()

    def fit_width(self) -> None:
        """Lay everything out for the width there is, the cursor's hunk staying on its row."""
        if self.laid[0] == self.split and not (self.review.notes or self.review.clashes):
            self.laid = (self.split, self.columns)
            return self.begin()
        row = self.index.of(self.cursor).start - self.scroll_y if self.entry else 0
        self.lay_out()
        if self.entry:
            self.scroll_to(y=self.index.of(self.cursor).start - row, animate=False)

    def on_click(self, event: events.Click) -> None:
        """A hunk was clicked; the end of a selection is no click."""
        if self.text_selection is None and (block := self.index.at(event.y + self.scroll_offset.y)):
            header = block.kind == "hunk" and event.y + self.scroll_offset.y == block.start
            self.post_message(self.HunkClicked(block.entry, header))

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self.looks.clear()
        self.drawings.clear()

    def look(self, name: str) -> Style:
        """The style of a component class, on the view's own background."""
        if (style := self.looks.get(name)) is None:
            style = self.looks[name] = self.get_visual_style(name).rich_style
        return style

    def drawing(self, entry: int) -> HunkDrawing:
        """What is worked out for a hunk."""
        found, mark = self.drawings.get(entry), self.review.mark(self.review.entries[entry])
        if found is not None and found.mark.text == mark.text:
            found.mark = mark
        else:
            if self.painted > MOST_STRIPS:
                self.drawings.clear()
                self.painted = 0
            page = Page(self.look, *self.laid, self.column)
            found = self.drawings[entry] = HunkDrawing(self.review, self.review.entries[entry], page)
        return found

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        width = self.columns
        row = y + self.scroll_offset.y
        block = self.index.at(row)
        if block is None:
            said = textwrap.wrap(self.sentence, max(8, width - 4)) if not self.review.entries else []
            return paint.title(f"  {said[y - 1]}" if 0 < y <= len(said) else "", self.look("diff--gutter"), width)
        if block.kind == "file":
            file = self.review.entries[block.entry].file
            text = paint.file_title(file, *self.review.tally(file), room=width - 1)
            return paint.title(f" {text}", self.look("diff--file"), width)
        current = block.entry == self.cursor
        drawing = self.drawing(block.entry)
        if row == block.start:
            return drawing.header(current)
        before = len(drawing.strips)
        strip = drawing.row(row - block.start - 1, current, self.line if current else None)
        self.painted += len(drawing.strips) - before
        chosen = self.text_selection
        span = chosen.get_span(row) if chosen else None
        return paint.selectable(strip, drawing.code_at, row, self.column, span, SELECTED)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected code without gutters and headers."""
        first = selection.start.y if selection.start else 0
        last = min(selection.end.y if selection.end else self.index.height, self.index.height - 1)
        found: list[str] = []
        for row in range(first, last + 1):
            block, span = self.index.at(row), selection.get_span(row)
            if block and span and block.kind == "hunk" and row > block.start:
                text = self.drawing(block.entry).plain(row - block.start - 1)
                found.append(text[span[0] :] if span[1] < 0 else text[span[0] : span[1]])
        return "\n".join(found), "\n"
