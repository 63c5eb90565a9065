"""The conversation's text: one line-API view of all requests and turns, painted once and kept as strips.

The text above the view never moves it: a record whose height was guessed wrong is corrected around the
record at the top of the view, and whoever has scrolled up stays where he is while text streams below.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from pier_tui.events import AnyEvent
from pier_tui.ui.widgets.transcript_book import Book
from pier_tui.ui.widgets.transcript_paint import Page, badge_strip, meta
from pier_tui.ui.widgets.transcript_records import Records, TurnRecord

FRAME = 1 / 30
"""Seconds between two paintings of a streaming answer, at least."""
SHARE = 4
"""Painting takes at most one part in so many of the time, however long an open block is."""
NAMES = ("text", "request", "badge", "selected", "weak", "strong", "button", "muted", "tool", "proposal")
NOTES = ("info", "warning", "error", "end", "pill", "selection")
PROSE = ("heading", "code", "inline", "link", "quote", "keyword", "string", "number", "function", "builtin", "comment")


class TranscriptView(ScrollView, can_focus=True):
    """Paints events and keeps the place. `Transcript` adds the cursor, the keys and the mouse."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"transcript--{name}" for name in (*NAMES, *NOTES, *PROSE)}
    DEFAULT_CSS = """
    TranscriptView { height: 1fr; background: $surface; overflow-x: hidden; overflow-y: scroll;
        scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1;
        & > .transcript--request { background: $primary 15%; color: $text; text-style: bold; }
        & > .transcript--badge { background: $panel; color: $text; }
        & > .transcript--selected { background: $primary 40%; color: $text; text-style: bold; }
        & > .transcript--weak { color: $text-primary; text-style: bold; }
        & > .transcript--strong { color: $text-warning; text-style: bold; }
        & > .transcript--button { background: $primary 60%; color: $text; text-style: bold; }
        & > .transcript--muted, & > .transcript--quote, & > .transcript--end { color: $text-muted; }
        & > .transcript--tool { color: $text-secondary; }
        & > .transcript--proposal { color: $text-accent; text-style: bold underline; }
        & > .transcript--info { color: $text-muted; }
        & > .transcript--warning { color: $text-warning; text-style: bold; }
        & > .transcript--error { color: $text-error; text-style: bold; }
        & > .transcript--pill { background: $accent; color: $background; text-style: bold reverse; }
        & > .transcript--selection { background: $primary 50%; text-style: reverse; }
        & > .transcript--heading { color: $text-accent; text-style: bold underline; }
        & > .transcript--inline { color: $text-accent; }
        & > .transcript--link { text-style: underline; }
        & > .transcript--keyword { color: $text-accent; }
        & > .transcript--string { color: $text-success; }
        & > .transcript--number { color: $text-warning; }
        & > .transcript--function { color: $text-primary; }
        & > .transcript--builtin { color: $text-secondary; }
        & > .transcript--comment { color: $text-muted; text-style: italic; }
    }
    TranscriptView:nocolor > .transcript--selected { text-style: bold reverse; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.records = Records()
        self.book = Book(self.records)
        self.follow = True
        """Whether the view stays at the end as text comes."""
        self.selected: int | None = None
        """The turn under the cursor."""
        self._seen = 0
        self._laying = False
        self._timer: Timer | None = None
        self._cost = 0.0
        self._looks: dict[str, Style] = {}

    @property
    def columns(self) -> int:
        """The width of the text, without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, event: AnyEvent) -> None:
        """Take an event in; the text follows within a frame."""
        self.records.add(event)
        self._soon()

    def show_past(self, records: Records) -> None:
        """Show these instead of what there is; whoever has scrolled up stays as far from the end as he was."""
        above = self.book.total - self.scroll_y
        self.records, self.book = records, Book(records)
        if self.columns:
            self.book.turn_page(Page(self.look, self.columns))
            records.changed.clear()
            if not self.follow:
                self.set_reactive(Widget.scroll_y, max(0.0, self.book.total - above))
        self.flush()

    def show_all(self, history: Sequence[AnyEvent]) -> None:
        """Take many events in and paint once."""
        self.records.add_all(history)
        self.flush()

    def _soon(self) -> None:
        if self._timer is None and self.is_mounted:
            self._timer = self.set_timer(max(FRAME, SHARE * self._cost), self.flush)

    def flush(self) -> None:
        """Paint what has come since the last time."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        began = perf_counter()
        if self.columns:
            self.book.take_changes()
            self.lay()
        self._cost = perf_counter() - began

    def look(self, name: str) -> Style:
        """The style of a component class, on the view's own background."""
        if (style := self._looks.get(name)) is None:
            found = self.get_visual_style(f"transcript--{name}").rich_style
            # Colours of prose lie on whatever ground they are on: a badge, a request, the pane.
            over = name not in ("text", "request", "badge", "selected", "button", "pill", "selection")
            style = self._looks[name] = found.without_color + Style(color=found.color) if over else found
        return style

    def lay(self) -> None:
        """Paint what is in view, correct the heights that were guessed, and put the view where it belongs."""
        if self._laying or not self.columns:
            return
        self._laying = True
        try:
            self.book.turn_page(Page(self.look, self.columns))
            height = self.size.height
            at, within = self.book.rows.at(int(self.scroll_y))
            for _ in range(8):
                top = self.book.total - height if self.follow else self.book.rows.starts()[at] + within
                top = max(0, min(top, self.book.total - height))
                if not self.book.paint_between(top, top + height):
                    break
            self._resize(top)
        finally:
            self._laying = False
        if self.follow:
            self._seen = len(self.records.all)
        self.refresh()

    def _resize(self, top: int) -> None:
        # Set past the reactive: a growing virtual size would lay the whole screen out with each piece of text.
        size = Size(self.columns, self.book.total)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
            self.vertical_scrollbar.window_size = self.size.height
        self.scroll_target_y = self.scroll_y = top

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up lets go of the end; reaching the end takes hold of it again."""
        super().watch_scroll_y(old_value, new_value)
        if not self._laying and self.size.height:
            self.follow = new_value >= self.book.total - self.size.height
            self.lay()

    def on_resize(self, event: events.Resize) -> None:
        """Another width paints anew what is in view."""
        del event
        self.book.take_changes()
        self.lay()

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._looks.clear()
        if hasattr(self, "book"):
            self.book.forget()
            self.call_after_refresh(self.lay)

    def render_line(self, y: int) -> Strip:
        """Paint one row of the view."""
        width, row = self.columns, y + self.scroll_offset.y
        strip = self._row(row)
        if strip is None:
            strip = Strip.blank(width, self.look("text"))
        else:
            strip = self._marked(strip, row).apply_offsets(0, row)
        if y == self.size.height - 1 and not self.follow:
            strip = self._pill(strip, width)
        return strip

    def _row(self, row: int) -> Strip | None:
        if row >= self.book.total:
            return None
        at, within = self.book.rows.at(row)
        record = self.records.all[at]
        if within == 0 and isinstance(record, TurnRecord) and record.number == self.selected:
            return badge_strip(record.badge(), Page(self.look, self.columns), selected=True)
        return self.book.row(at, within)

    def _pill(self, strip: Strip, width: int) -> Strip:
        new = len(self.records.all) - self._seen
        pill = Segment(f" ↓ {new} new " if new else " ↓ end ", self.look("pill") + meta(jump=True))
        at = max(0, width - len(pill.text) - 1)
        return Strip.join([strip.crop(0, at), Strip([pill]), strip.crop(at + len(pill.text), width)])

    def _marked(self, strip: Strip, row: int) -> Strip:
        """The row with what is selected on it lit."""
        selection = self.text_selection
        span = selection.get_span(row) if selection else None
        if span is None:
            return strip
        start, end = span
        text = strip.text.rstrip()
        first, last = Segment("" if start <= 0 else text[:start]).cell_length, strip.cell_length
        last = Segment(text if end < 0 else text[:end]).cell_length
        parts = [strip.crop(0, first), strip.crop(first, max(first, last)), strip.crop(max(first, last))]
        lit = Strip(Segment.apply_style(parts[1], post_style=self.look("selection")), parts[1].cell_length)
        return Strip.join([parts[0], lit, parts[2]])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without the blanks that fill the rows."""
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self.book.total - 1
        texts = [strip.text.rstrip() if (strip := self._row(row)) else "" for row in range(first, last + 1)]
        if texts and selection.end:
            texts[-1] = texts[-1][: selection.end.x]
        if texts and selection.start:
            texts[0] = texts[0][selection.start.x :]
        return "\n".join(texts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what is selected now."""
        self.refresh()
