"""Where everything of a review stands: blocks (file header, hunk) by row, and the rows inside a hunk. Pure."""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from typing import Literal, NamedTuple, overload

from pier_tui.repo.diff import Line, Sides
from pier_tui.repo.verdict import HunkNote
from pier_tui.ui.widgets.diff_clash import side_lines
from pier_tui.ui.widgets.diff_review import Entry, Review
from pier_tui.ui.widgets.diff_wrap import count, filled

LEAD = 2
"""Columns before a row: the cursor, and whether the line is taken."""
MOST_SIDE = 40
"""Lines shown of each side of a conflict."""
DISK, PROPOSED = "on disk (yours)", "proposed"
Tone = Literal["comment", "warning", "label", "disk", "proposed", "both"]


class Block(NamedTuple):
    """A file header (`entry` is the first of its hunks) or a hunk, at `start` for `height` rows."""

    kind: str
    entry: int
    start: int
    height: int


class Row(NamedTuple):
    """A row of a hunk below its header: indexes of the lines on its left and right (-1: none), or a text of its own.

    In the unified view `left` is the only line. `tone` says what the text is: a comment, what is said of a conflict,
    or a line of one of its sides; with `both` the line on disk is `note`, the proposed one `other` (None: no line).
    A wrapped line takes several rows; `part` counts them.
    """

    left: int
    right: int = -1
    note: str | None = ""
    tone: Tone = "comment"
    other: str | None = None
    part: int = 0


class Form(NamedTuple):
    """How rows are laid out: side by side or not, in how many columns, and whether long lines are wrapped."""

    split: bool = False
    width: int = 0
    wrap: bool = False

    def room(self, digits: int) -> int:
        """Cells there are for code, with line numbers of so many digits."""
        if self.split:
            return (self.width - LEAD - 1) // 2 - digits - 3
        return self.width - LEAD - 2 * digits - 4


@dataclass
class Index:
    """All blocks of a review by row, built in one pass over the hunks."""

    blocks: list[Block] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    hunks: list[int] = field(default_factory=list)
    """For each entry, its block."""
    height: int = 0

    def at(self, row: int) -> Block | None:
        """The block a row belongs to."""
        if not 0 <= row < self.height:
            return None
        return self.blocks[bisect_right(self.starts, row) - 1]

    def of(self, entry: int) -> Block:
        """The block of an entry."""
        return self.blocks[self.hunks[entry]]

    def add(self, kind: str, entry: int, height: int) -> None:
        """Put a block at the end."""
        if kind == "hunk":
            self.hunks.append(len(self.blocks))
        self.blocks.append(Block(kind, entry, self.height, height))
        self.starts.append(self.height)
        self.height += height


def build(review: Review, height: Callable[[Entry], int]) -> Index:
    """Lay out a review; `height` gives the rows of a hunk below its header."""
    index = Index()
    file = None
    for number, entry in enumerate(review.entries):
        if entry.file is not file:
            index.add("file", number, 1)
            file = entry.file
        index.add("hunk", number, 1 + height(entry))
    return index


def hunk_height(review: Review, entry: Entry, form: Form) -> int:
    """Rows of a hunk below its header, without laying it out where that can be helped."""
    if form.wrap and review.sides(entry):
        return len(hunk_rows(review, entry, form))
    lines = review.lines(entry) if review.marks else entry.lines
    if form.wrap:
        room = form.room(digits(entry, lines))
        heights = [count(line, room) for line in lines]
    else:
        heights = [1] * len(lines)
    rows = split_height(lines, heights) if form.split else sum(heights)
    rows += len(clash_rows(review, entry, form)) if review.clashes else 0
    return rows + sum(len(note_rows(note, form.width)) for note in review.notes_on(entry))


def split_height(lines: Sequence[Line], heights: Sequence[int]) -> int:
    """Rows of a hunk side by side, whose lines take so many each: a pair takes as many as its longer side."""
    rows = 0
    removed: list[int] = []
    added: list[int] = []
    for line, height in zip(lines, heights, strict=True):
        kind = line.kind
        if (removed or added) and (kind == " " or (kind == "-" and added)):
            rows += sum(map(max, zip_longest(removed, added, fillvalue=0)))
            removed.clear()
            added.clear()
        if kind == " ":
            rows += height
        else:
            (removed if kind == "-" else added).append(height)
    return rows + sum(map(max, zip_longest(removed, added, fillvalue=0)))


def hunk_rows(review: Review, entry: Entry, form: Form) -> Sequence[Row]:
    """The rows of a hunk below its header: its conflicts, general comments, then the lines with theirs under them."""
    lines = review.lines(entry)
    rows = split_rows(lines) if form.split else UnifiedRows(lines)
    notes, clash = review.notes_on(entry), clash_rows(review, entry, form)
    if notes or clash:
        rows = [*clash, *noted(rows, notes, form.width)]
    return WrappedRows(rows, lines, form.room(digits(entry, lines))) if form.wrap else rows


def noted(rows: Sequence[Row], notes: Sequence[HunkNote], width: int) -> list[Row]:
    """The rows of a hunk's lines with its comments: general ones first, the others under their last line."""
    under: dict[int, list[Row]] = {}
    for note in notes:
        under.setdefault(-1 if note.end is None else note.end, []).extend(note_rows(note, width))
    result = under.pop(-1, [])
    for row in rows:
        result.append(row)
        for line in dict.fromkeys((row.left, row.right)):
            result.extend(under.pop(line, []) if line >= 0 else [])
    return result + [row for rest in under.values() for row in rest]


def on_row(row: Row, lines: Sequence[Line]) -> list[Line]:
    """The lines of text on a row that may have to be wrapped."""
    if row.left >= 0 or row.right >= 0:
        return [lines[at] for at in (row.left, row.right) if at >= 0]
    if row.tone not in {"disk", "proposed", "both"}:
        return []
    return [Line(kind=" ", text=text) for text in (row.note, row.other) if text is not None]


class UnifiedRows(Sequence[Row]):
    """A row for each line, made when asked for."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        """The row, or rows, of a place."""
        places = range(len(self.lines))[at]
        return Row(places) if isinstance(places, int) else [Row(place) for place in places]


class WrappedRows(Sequence[Row]):
    """Rows with as many for each line as its pieces take, side by side as many as the longer side's."""

    def __init__(self, rows: Sequence[Row], lines: Sequence[Line], room: int) -> None:
        self.rows = rows
        if isinstance(rows, UnifiedRows):
            heights: Iterable[int] = (count(line, room) for line in lines)
        else:
            heights = (max((count(line, room) for line in on_row(row, lines)), default=1) for row in rows)
        self.starts = list(accumulate(heights, initial=0))

    def __len__(self) -> int:
        return self.starts[-1]

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        """The row, or rows, of a place."""
        places = range(len(self))[at]
        if not isinstance(places, int):
            return [self[place] for place in places]
        row = bisect_right(self.starts, places) - 1
        return self.rows[row]._replace(part=places - self.starts[row])


def first_row(rows: Sequence[Row], line: int) -> int:
    """The first row of a line."""
    if isinstance(rows, WrappedRows):
        return rows.starts[first_row(rows.rows, line)]
    if isinstance(rows, UnifiedRows):
        return line
    return next((at for at, row in enumerate(rows) if line in (row.left, row.right)), 0)


def split_rows(lines: Sequence[Line]) -> list[Row]:
    """Removed lines on the left beside the added ones on the right."""
    rows: list[Row] = []
    removed: list[int] = []
    added: list[int] = []

    def flush() -> None:
        for i in range(max(len(removed), len(added))):
            rows.append(Row(removed[i] if i < len(removed) else -1, added[i] if i < len(added) else -1))
        removed.clear()
        added.clear()

    for index, line in enumerate(lines):
        if line.kind == " " or (line.kind == "-" and added):
            flush()
        if line.kind == " ":
            rows.append(Row(index, index))
        else:
            (removed if line.kind == "-" else added).append(index)
    flush()
    return rows


def note_rows(note: HunkNote, width: int) -> list[Row]:
    """A comment as wrapped rows, those on several lines with the numbers of these."""
    text = f"{note.place}: {note.text}" if note.last is not None else note.text
    wrapped = [piece for line in text.splitlines() for piece in filled(line, max(16, width - 16))]
    return [Row(-1, -1, piece) for piece in wrapped]


def clash_rows(review: Review, entry: Entry, form: Form) -> list[Row]:
    """Both sides of the clashes shown on a hunk, in words and signs, and what can be done; nothing without clashes."""
    clashes = review.sides(entry)
    if not clashes:
        return []
    many = review.standing.counts[entry.file.path]
    all_of = f" Either settles all {many} conflicts of this file." if many > 1 else ""
    said = f"Not applied until resolved: o keeps what is on disk, t takes the proposal.{all_of}"
    wrapped = textwrap.wrap(f"⚠ {said}", max(16, form.width - 6), subsequent_indent="  ")
    rows = [Row(-1, -1, piece, "warning") for piece in wrapped]
    for clash in clashes:
        rows += side_rows(clash, form.split, entry.file.binary)
    if entry.lines:
        rows.append(Row(-1, -1, "as proposed, on the old text", "label"))
    return rows


def side_rows(clash: Sides, split: bool, binary: bool) -> list[Row]:
    """Both sides of one clash: one below the other, or side by side."""
    disk, proposed = shown_side(clash.on_disk, binary), shown_side(clash.proposed, binary)
    if split:
        pairs = [Row(-1, -1, left, "both", right) for left, right in zip_longest(disk, proposed)]
        return [Row(-1, -1, DISK, "label", PROPOSED), *pairs]
    return [
        Row(-1, -1, DISK, "label"),
        *(Row(-1, -1, line, "disk") for line in disk),
        Row(-1, -1, PROPOSED, "label"),
        *(Row(-1, -1, line, "proposed") for line in proposed),
    ]


def shown_side(text: str, binary: bool) -> list[str]:
    """The lines shown of one side; words in brackets stand for what is not shown. No side is empty on the screen."""
    if binary:
        return ["(binary; its bytes are not shown)\n"]
    lines, more = side_lines(text, MOST_SIDE)
    return [*lines, f"(… {more} more lines)\n"] if more else list(lines) or ["(no lines here)\n"]


def digits(entry: Entry, lines: Sequence[Line]) -> int:
    """How many digits the line numbers of a hunk have, three at least."""
    if (hunk := entry.hunk) is None:
        return 3
    added = hunk.new_count if lines is hunk.lines else sum(line.kind != "-" for line in lines)
    return max(3, len(str(max(hunk.old_start + hunk.old_count, hunk.new_start + added) - 1)))


class NewNumbers(Sequence[tuple[int, int]]):
    """The line numbers of a new file, made when asked for."""

    def __init__(self, first: int, count: int) -> None:
        self.new = range(first, first + count)

    def __len__(self) -> int:
        return len(self.new)

    @overload
    def __getitem__(self, at: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[int, int]]: ...
    def __getitem__(self, at: int | slice) -> tuple[int, int] | list[tuple[int, int]]:
        """The numbers of a line, or of a stretch of lines."""
        return (0, self.new[at]) if isinstance(at, int) else [(0, number) for number in self.new[at]]


def numbers(entry: Entry, lines: Sequence[Line]) -> Sequence[tuple[int, int]]:
    """The line number of each line in the old and in the new file, 0 where it has none."""
    if entry.hunk is None:
        return []
    old, new = entry.hunk.old_start, entry.hunk.new_start
    if entry.hunk.old_count == 0:
        return NewNumbers(new, len(lines))
    found: list[tuple[int, int]] = []
    for line in lines:
        kind = line.kind
        found.append((0 if kind == "+" else old, 0 if kind == "-" else new))
        old += kind != "+"
        new += kind != "-"
    return found
