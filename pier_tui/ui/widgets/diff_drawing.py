"""What is worked out once for a hunk that is on the screen: rows, numbers, colours by stretch, strips by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from rich.segment import Segment
from textual.strip import Strip

from pier_tui.repo.diff import Line
from pier_tui.ui.widgets import diff_paint as paint
from pier_tui.ui.widgets.diff_index import LEAD, Form, Row, digits, hunk_rows, numbers
from pier_tui.ui.widgets.diff_review import Entry, Review
from pier_tui.ui.widgets.diff_wrap import Piece, pieces
from pier_tui.ui.widgets.hunk_syntax import Colour, colours
from pier_tui.ui.widgets.hunk_text import Span, body, changed_words, painted, partner

STRETCH = 64
"""Lines coloured at a time."""
LONGEST_PAIR = 1000
"""Longer lines are not compared word by word."""
NOWHERE = range(0)
"""No line at all."""


@dataclass(frozen=True, slots=True)
class Page:
    """How a view draws: its styles, how its rows are laid out, and the first column of code shown."""

    look: paint.Look
    form: Form
    column: int

    @property
    def split(self) -> bool:
        """Whether old and new stand side by side."""
        return self.form.split

    @property
    def width(self) -> int:
        """Columns of a row."""
        return self.form.width


class HunkDrawing:
    """The drawing of one hunk on one page. It is thrown away when the hunk's decision or the page changes."""

    def __init__(self, review: Review, entry: Entry, page: Page) -> None:
        self.review, self.entry, self.page = review, entry, page
        self.mark = review.mark(entry)
        self.lines: tuple[Line, ...] = review.lines(entry)
        self.rows: Sequence[Row] = hunk_rows(review, entry, page.form)
        self.numbers = numbers(entry, self.lines)
        kinds = [line.kind for line in self.lines]
        self.tally = (kinds.count("+"), kinds.count("-"))
        self.digits = digits(entry, self.lines)
        self.room = page.form.room(self.digits)
        self.stretches: dict[int, list[list[Colour]]] = {}
        self.strips: dict[int, Strip] = {}
        self.reaches: dict[int, tuple[int, int]] = {}
        self.parts: dict[int, set[int]] = {}
        """Of lines with marked characters, the pieces that were painted."""

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

    def row(self, at: int, current: bool, line: int | None, chosen: range = NOWHERE) -> Strip:
        """A row below the header. The cursor's columns are put before the cached rest.

        `line` is the line cursor, `chosen` the lines selected, it among them.
        """
        row = self.rows[at]
        if (strip := self.strips.get(at)) is None:
            strip = self.strips[at] = self.draw(row)
        self.note_seen(row)
        look, sides = self.page.look, (row.left, row.right)
        edge = look("diff--cursor" if current else "diff--context")
        sign = "▶" if line is not None and line in sides else "▌" if current else " "
        tick = Segment(" ", look("diff--context")) if row.part else self.tick(row, line is not None)
        strip = Strip.join([Strip([Segment(sign, edge), tick], LEAD), strip])
        lit = [index in chosen for index in sides]
        if not any(lit):
            return strip
        if not self.page.split or all(lit):
            return paint.lit(strip, 0, strip.cell_length, look)
        middle = LEAD + (self.page.width - LEAD - 1) // 2
        return paint.lit(strip, *((0, middle) if lit[0] else (middle, strip.cell_length)), look)

    def note_seen(self, row: Row) -> None:
        """Tell the review what was painted of a hunk with marked characters, they themselves within the columns."""
        if self.mark.text is not None or not self.review.hidden(self.entry):
            return
        column = self.page.column
        for index in {row.left, row.right} - {-1}:
            first, last = self.reaches.get(index) or paint.reach(body(self.lines[index].text))
            self.reaches[index] = first, last
            within = column <= first and last <= column + self.room - 1
            if not last or (self.whole(index, row.part, first, last) if self.page.form.wrap else within):
                self.review.saw(self.entry, index)

    def whole(self, index: int, part: int, first: int, last: int) -> bool:
        """Whether, with this piece, all pieces of a wrapped line from one column to another were painted."""
        seen = self.parts.setdefault(index, set())
        seen.add(part)
        cuts = pieces(self.lines[index], self.room)
        return seen >= {at for at, cut in enumerate(cuts) if cut.start < last and first < cut.end}

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
        """What a row gives when it is copied: its code, or its comment; of a wrapped line the piece there."""
        row = self.rows[at]
        line = self.code_on(row)
        if line is None:
            return painted(row.note or "")
        text, piece = painted(line.text), self.piece(line, row.part)
        return text if piece is None else text[piece.first : piece.last]

    def code_on(self, row: Row) -> Line | None:
        """The line on a row that can be copied: the only one, or that of the new side."""
        if (index := row.right if self.page.split else row.left) >= 0:
            return self.lines[index]
        text = row.other if row.tone == "both" else row.note if row.tone in {"disk", "proposed"} else None
        return None if text is None else Line(kind=" ", text=text)

    def origin(self, at: int) -> tuple[int, int]:
        """The cell where what can be copied of a row begins, and how many of its columns are scrolled out of sight."""
        row = self.rows[at]
        if self.code_on(row) is not None or (row.left >= 0 or row.right >= 0):
            return self.code_at, self.page.column
        signs = {"comment": paint.NOTE, "warning": paint.WARNING}
        return LEAD + len(signs.get(row.tone, paint.RULE)), 0

    def goes_on(self, at: int) -> bool:
        """Whether a row shows the line of the row before."""
        return bool(self.rows[at].part)

    def piece(self, line: Line, part: int) -> Piece | None:
        """The piece of a line in a row; an empty one where the other side goes on; None where nothing is wrapped."""
        if not self.page.form.wrap:
            return None
        cuts = pieces(line, self.room)
        return cuts[part] if part < len(cuts) else Piece(cuts[-1].last, cuts[-1].last, cuts[-1].end, cuts[-1].end)

    def draw(self, row: Row) -> Strip:
        """A row's text without the cursor."""
        digits = self.digits
        if row.left < 0 and row.right < 0:
            return self.draw_text(row)
        if not self.page.split:
            old, new = self.numbers[row.left]
            return self.alone(self.side(row.left, f"{old or '':>{digits}} {new or '':>{digits}}"), row.part)
        left = self.side(row.left, str(self.numbers[row.left][0]))
        right = self.side(row.right, str(self.numbers[row.right][1]))
        return self.beside(left, right, row.part)

    def cut(self, side: paint.Side | None, part: int) -> paint.Side | None:
        """The side, or its piece that stands in a row."""
        return side and replace(side, piece=self.piece(side.line, part))

    def alone(self, side: paint.Side | None, part: int) -> Strip:
        """A line over the whole width."""
        page = self.page
        return paint.half(self.cut(side, part), page.look, page.column, page.width - LEAD, 2 * self.digits + 1)

    def beside(self, left: paint.Side | None, right: paint.Side | None, part: int) -> Strip:
        """Two sides next to each other."""
        page, width = self.page, self.page.width - LEAD
        room = (width - 1) // 2
        return Strip.join(
            [
                paint.half(self.cut(left, part), page.look, page.column, room, self.digits),
                Strip([Segment("│", page.look("diff--gutter"))], 1),
                paint.half(self.cut(right, part), page.look, page.column, width - 1 - room, self.digits),
            ]
        )

    def draw_text(self, row: Row) -> Strip:
        """A row that is no line of the patch: a comment, or a part of a conflict."""
        look, note, width = self.page.look, row.note or "", self.page.width - LEAD
        room = (width - 1) // 2
        match row.tone:
            case "comment":
                return paint.note(note, look, width)
            case "warning":
                return paint.note(note, look, width, "diff--warning", paint.WARNING)
            case "label" if row.other:
                return Strip.join([paint.rule(note, look, room + 1), paint.rule(row.other, look, width - room - 1)])
            case "label":
                return paint.rule(note, look, width)
            case "both":
                return self.beside(paint.clash_side(row.note, False), paint.clash_side(row.other, True), row.part)
            case "disk" | "proposed":
                return self.alone(paint.clash_side(note, row.tone == "proposed"), row.part)
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
