"""What is worked out once for a hunk that is on the screen: rows, numbers, colours by stretch, strips by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from rich.segment import Segment
from textual.strip import Strip

from pier_tui.repo.diff import Line
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets import diff_paint as paint
from pier_tui.ui.widgets.diff_index import Row, hunk_rows, numbers
from pier_tui.ui.widgets.diff_review import Entry, Review
from pier_tui.ui.widgets.hunk_syntax import Colour, colours
from pier_tui.ui.widgets.hunk_text import Span, body, changed_words, partner

STRETCH = 64
"""Lines coloured at a time."""
LONGEST_PAIR = 1000
"""Longer lines are not compared word by word."""
LEAD = 2
"""Columns before a row: the cursor, and whether the line is taken."""


@dataclass(frozen=True, slots=True)
class Page:
    """How a view draws: its styles, side by side or not, its width, and the first column of code shown."""

    look: paint.Look
    split: bool
    width: int
    column: int


class HunkDrawing:
    """The drawing of one hunk on one page. It is thrown away when the hunk's decision or the page changes."""

    def __init__(self, review: Review, entry: Entry, page: Page) -> None:
        self.review, self.entry, self.page = review, entry, page
        self.mark = review.mark(entry)
        self.lines: tuple[Line, ...] = review.lines(entry)
        self.rows: Sequence[Row] = hunk_rows(review, entry, page.split, page.width)
        self.numbers = numbers(entry, self.lines)
        kinds = [line.kind for line in self.lines]
        self.tally = (kinds.count("+"), kinds.count("-"))
        self.digits = max(3, len(str(max(*self.numbers[0], *self.numbers[-1])))) if self.numbers else 3
        self.stretches: dict[int, list[list[Colour]]] = {}
        self.strips: dict[int, Strip] = {}
        self.reaches: dict[int, tuple[int, int]] = {}

    def header(self, current: bool) -> Strip:
        """The hunk's header, its state coloured apart."""
        look, review, entry = self.page.look, self.review, self.entry
        hidden, state = review.hidden(entry), review.state(entry)
        if hidden:
            review.saw(entry, -1)
        fresh = bool(review.new_look) and entry.key in review.new_look
        waits = review.waits(entry)
        title = paint.hunk_title(entry, self.mark, state, self.tally, hidden, fresh, waits, review.undecided)
        words, rest = title.split("  ", 1)
        ground = look("diff--cursor" if current else "diff--hunk")
        decision = self.mark.decision
        tint = ground if decision == "pending" else ground + paint.foreground(look(f"diff--{decision}"))
        alarm = bool(hidden) or fresh or waits or state in {"merged", "conflict"}
        tail = ground + paint.foreground(look("diff--warning")) if alarm else ground
        segments = [Segment("▌" if current else " ", ground), Segment(words, tint), Segment(f"  {rest}", tail)]
        return Strip(segments).adjust_cell_length(self.page.width, ground)

    def row(self, at: int, current: bool, line: int | None) -> Strip:
        """A row below the header. The cursor's columns are put before the cached rest; `line` is the line cursor."""
        row = self.rows[at]
        if (strip := self.strips.get(at)) is None:
            strip = self.strips[at] = self.draw(row)
        self.note_seen(row)
        look = self.page.look
        on_line = line is not None and line in (row.left, row.right)
        edge = look("diff--cursor" if current else "diff--context")
        lead = [Segment("▶" if on_line else "▌" if current else " ", edge), self.tick(row, line is not None)]
        strip = Strip.join([Strip(lead, LEAD), strip])
        if not on_line:
            return strip
        if not self.page.split or row.left == row.right:
            return paint.lit(strip, 0, strip.cell_length, look)
        middle = LEAD + (self.page.width - LEAD - 1) // 2
        return paint.lit(strip, *((0, middle) if line == row.left else (middle, strip.cell_length)), look)

    def note_seen(self, row: Row) -> None:
        """Tell the review what was painted of a hunk with marked characters, they themselves within the columns."""
        if self.mark.text is not None or not self.review.hidden(self.entry):
            return
        page = self.page
        room = (page.width - LEAD - 1) // 2 - self.digits if page.split else page.width - LEAD - 2 * self.digits - 1
        for index in {row.left, row.right} - {-1}:
            first, last = self.reaches.get(index) or paint.reach(body(self.lines[index].text))
            self.reaches[index] = first, last
            if not last or (page.column <= first and last <= page.column + room - 4):
                self.review.saw(self.entry, index)

    def tick(self, row: Row, choosing: bool) -> Segment:
        """Whether this line would be written, where lines are chosen singly."""
        lines = self.mark.lines
        changed = [i for i in (row.left, row.right) if i >= 0 and self.lines[i].kind != " "]
        if not (choosing or lines is not None) or not changed or self.mark.text is not None:
            return Segment(" ", self.page.look("diff--context"))
        taken = [self.mark.taken and (lines is None or i in lines) for i in changed]
        glyph = "✓" if all(taken) else "±" if any(taken) else "·"
        return Segment(glyph, self.page.look("diff--accepted" if any(taken) else "diff--gutter"))

    @property
    def code_at(self) -> int:
        """The cell where the code begins that can be selected: the only code, or the new side."""
        if not self.page.split:
            return LEAD + 2 * self.digits + 4
        return LEAD + (self.page.width - LEAD - 1) // 2 + 1 + self.digits + 3

    def plain(self, at: int) -> str:
        """What a row gives when it is copied: its code, or its comment."""
        row = self.rows[at]
        index = row.right if self.page.split else row.left
        if index >= 0:
            return paint.plain(self.lines[index])
        return sanitize(body((row.other if row.tone == "both" else row.note) or ""))

    def draw(self, row: Row) -> Strip:
        """A row's text without the cursor."""
        page, width, digits = self.page, self.page.width - LEAD, self.digits
        if row.left < 0 and row.right < 0:
            return self.draw_text(row, width)
        if not page.split:
            old, new = self.numbers[row.left]
            number = f"{old or '':>{digits}} {new or '':>{digits}}"
            return paint.half(self.side(row.left, number), page.look, page.column, width, 2 * digits + 1)
        left = self.side(row.left, str(self.numbers[row.left][0]))
        right = self.side(row.right, str(self.numbers[row.right][1]))
        return self.beside(left, right, width)

    def beside(self, left: paint.Side | None, right: paint.Side | None, width: int) -> Strip:
        """Two sides next to each other."""
        page, room = self.page, (width - 1) // 2
        return Strip.join(
            [
                paint.half(left, page.look, page.column, room, self.digits),
                Strip([Segment("│", page.look("diff--gutter"))], 1),
                paint.half(right, page.look, page.column, width - 1 - room, self.digits),
            ]
        )

    def draw_text(self, row: Row, width: int) -> Strip:
        """A row that is no line of the patch: a comment, or a part of a conflict."""
        look, note, room = self.page.look, row.note or "", (width - 1) // 2
        match row.tone:
            case "comment":
                return paint.note(note, look, width)
            case "warning":
                return paint.note(note, look, width, "diff--warning", "  ")
            case "label" if row.other:
                return Strip.join([paint.rule(note, look, room + 1), paint.rule(row.other, look, width - room - 1)])
            case "label":
                return paint.rule(note, look, width)
            case "both":
                return self.beside(paint.clash_side(row.note, False), paint.clash_side(row.other, True), width)
            case "disk" | "proposed":
                side = paint.clash_side(note, row.tone == "proposed")
                return paint.half(side, look, self.page.column, width, 2 * self.digits + 1)
            case _:
                assert_never(row.tone)

    def side(self, index: int, number: str) -> paint.Side | None:
        """A line ready to paint, None for no line."""
        if index < 0:
            return None
        line = self.lines[index]
        return paint.Side(line, number, self.colours(index), self.words(index))

    def colours(self, index: int) -> Sequence[Colour]:
        """Syntax colours of a line, worked out with its neighbours at first need."""
        stretch, offset = divmod(index, STRETCH)
        if (found := self.stretches.get(stretch)) is None:
            lines = self.lines[stretch * STRETCH : (stretch + 1) * STRETCH]
            found = self.stretches[stretch] = colours(self.entry.file.path, lines)
        return found[offset]

    def words(self, index: int) -> Sequence[Span]:
        """Where a changed line differs from the one it is paired with."""
        line = self.lines[index]
        other = partner(self.lines, index) if line.kind != " " else None
        if other is None or max(len(line.text), len(self.lines[other].text)) > LONGEST_PAIR:
            return ()
        old, new = sorted((index, other))
        return changed_words(body(self.lines[old].text), body(self.lines[new].text))[line.kind == "+"]
