"""The rows of a review as text on the screen: found by index, painted when they are seen. No keys, no cursor moves."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from pier_tui.ui.widgets import diff_paint as paint
from pier_tui.ui.widgets.diff_drawing import NOWHERE, HunkDrawing, Page
from pier_tui.ui.widgets.diff_index import Form, Index, build, first_row, hunk_height
from pier_tui.ui.widgets.diff_review import Entry, Review
from pier_tui.ui.widgets.diff_wrap import filled

SPLIT_FROM = 110
"""Side by side by itself from this many columns."""
MOST_STRIPS = 6000
SELECTED = Style(reverse=True)
"""How selected text looks, on every terminal."""

CSS = """
DiffRows { height: 1fr; background: $surface; scrollbar-size-horizontal: 0; overflow-x: hidden;
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
DiffRows:nocolor {
    & > .diff--added-word { text-style: bold underline; }
    & > .diff--removed-word { text-style: bold underline; }
    & > .diff--file { text-style: bold reverse; }
    & > .diff--cursor { text-style: bold underline; }
    & > .diff--line { text-style: bold; }
}
"""


class DiffRows(ScrollView):
    """All files of a review below each other, with a cursor on a hunk, and on a line or several of it in line mode."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(paint.COMPONENTS)
    DEFAULT_CSS = CSS

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.review = Review()
        self.index = Index()
        self.entries: tuple[Entry, ...] = ()
        """The review's hunks as they were laid out; the review itself may have changed since."""
        self.cursor = 0
        self.line: int | None = None
        self.pivot: int | None = None
        """The other end of the lines selected, None where only the cursor's is."""
        self.column = 0
        self.chosen_split: bool | None = None
        self.wrap = False
        self.drawings: dict[int, HunkDrawing] = {}
        self.looks: dict[str, Style] = {}
        self.painted = 0
        self.sentence = ""
        """What is said where there is nothing to show."""
        self.laid = Form()
        """What rows were laid out for; a resize paints once before it is told."""

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

    @property
    def form(self) -> Form:
        """How rows are to be laid out now."""
        return Form(self.split, self.columns, self.wrap)

    @property
    def chosen(self) -> range:
        """The lines selected in line mode, one at least; none outside it."""
        if self.line is None:
            return NOWHERE
        first, last = sorted((self.line, self.line if self.pivot is None else self.pivot))
        return range(first, last + 1)

    def row_of(self, entry: int, line: int) -> int:
        """Where a line of a hunk begins, its header for -1."""
        start = self.index.of(entry).start
        return start if line < 0 else start + 1 + first_row(self.drawing(entry).rows, line)

    def held(self) -> tuple[int, int, int]:
        """What is to stay where it is when rows move: a hunk, a line of it (-1: its header), its row on the screen.

        It is the line cursor, or else the cursor's hunk; where that begins above, the first line in view.
        """
        top = int(self.scroll_y)
        row = self.row_of(self.cursor, -1 if self.line is None else self.line)
        block = self.index.at(top)
        if self.line is not None or row >= top or block is None or block.kind == "file" or block.start == top:
            return self.cursor, -1 if self.line is None else self.line, row - top
        drawn = self.drawing(block.entry).rows[top - block.start - 1]
        return block.entry, max(drawn.left, drawn.right), 0

    def fit(self) -> None:
        """Lay everything out for the form that is due, what is looked at staying where it is."""
        if not self.entries:
            return self.lay_out()
        entry, line, row = self.held()
        self.lay_out()
        self.scroll_to(y=self.row_of(entry, line) - row, animate=False, immediate=True)

    def lay_out(self) -> None:
        """Find every row's place again, after the patch, the width, or the comments changed."""
        self.entries = self.review.entries
        form = self.laid = self.form
        self.index = build(self.review, lambda entry: hunk_height(self.review, entry, form))
        self.begin()

    def begin(self) -> None:
        """Draw everything anew for the width that rows were laid out for."""
        self.drawings.clear()
        self.virtual_size = Size(self.laid.width, self.index.height)
        self.refresh()

    def redraw(self) -> None:
        """Something changed that moves no row: drawings of hunks decided anew are replaced as they are painted."""
        self.refresh()

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
            page = Page(self.look, self.laid, self.column)
            found = self.drawings[entry] = HunkDrawing(self.review, self.review.entries[entry], page)
        return found

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        width = self.columns
        row = y + self.scroll_offset.y
        block = self.index.at(row)
        if block is None:
            said = filled(self.sentence, max(8, width - 4)) if not self.review.entries else []
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
        at = row - block.start - 1
        strip = drawing.row(at, current, self.line, self.chosen) if current else drawing.row(at, False, None)
        self.painted += len(drawing.strips) - before
        chosen = self.text_selection
        span = chosen.get_span(row) if chosen else None
        cut, column = drawing.origin(at)
        return paint.selectable(strip, cut, row, column, span, SELECTED)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected code without gutters and headers."""
        first = selection.start.y if selection.start else 0
        last = min(selection.end.y if selection.end else self.index.height, self.index.height - 1)
        found: list[str] = []
        for row in range(first, last + 1):
            block, span = self.index.at(row), selection.get_span(row)
            if block and span and block.kind == "hunk" and row > block.start:
                drawing, at = self.drawing(block.entry), row - block.start - 1
                text = drawing.plain(at)
                found += ["\n"] if found and not drawing.goes_on(at) else []
                found.append(text[span[0] :] if span[1] < 0 else text[span[0] : span[1]])
        return "".join(found), "\n"
