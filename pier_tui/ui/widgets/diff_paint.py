"""Strips for the rows of a review: gutters, glyphs, syntax and word colour, badges for hidden characters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pier_tui.repo.diff import FileDiff, HunkState, Line
from pier_tui.ui.text import NEWLINE, badge
from pier_tui.ui.widgets.diff_marks import Mark
from pier_tui.ui.widgets.diff_review import Entry
from pier_tui.ui.widgets.diff_wrap import NO_NEWLINE, Piece, tail
from pier_tui.ui.widgets.hunk_syntax import CLASSES, Colour
from pier_tui.ui.widgets.hunk_text import Span, body, expand, marked, name, painted

COMPONENTS = frozenset(
    {
        *CLASSES,
        *(f"diff--{name}" for name in ("file", "hunk", "cursor", "gutter", "context", "added", "removed")),
        *(f"diff--{name}" for name in ("line", "added-word", "removed-word", "badge", "note", "warning", "accepted")),
        *(f"diff--{name}" for name in ("rejected", "edited", "absent", "disk", "label")),
    }
)
LONGEST = 4000
"""Only so many characters of a line are prepared beyond the column scrolled to."""

GLYPHS = {"pending": "·", "accepted": "✓", "rejected": "✗", "edited": "✎", "applied": "✓"}
KINDS = {"+": "added", "-": "removed", " ": "context"}
LETTERS = {"added": "A", "deleted": "D", "renamed": "R", "modified": "M"}
NOTE, WARNING, RULE = "      » ", "  ", "── "
"""What stands before a comment, what is said of a conflict, and a label."""
CONTINUED = "↳"
"""Stands in place of the number where a wrapped line goes on."""
Look = Callable[[str], Style]
"""The style of a component class, background included."""


@dataclass(frozen=True, slots=True)
class Side:
    """One line to paint: its number columns, the text with its colours, and where its words changed."""

    line: Line
    number: str
    colours: Sequence[Colour] = ()
    words: Sequence[Span] = ()
    sign: str = ""
    """What stands before the text, the line's kind unless given."""
    ground: str = ""
    """The component class the line lies on, its kind's unless given."""
    piece: Piece | None = None
    """The piece of the line that stands in this row, where lines are wrapped."""


def label(text: str) -> str:
    """A name for a header: nothing hidden, nothing that passes for something else, and no tab."""
    return name(text.replace("\n", NEWLINE).replace("\t", "→"))


def file_title(file: FileDiff, added: int, removed: int, room: int = 0) -> str:
    """A file's header: letter of its status, name, counts, and what changes besides text.

    Where `room` cells are not enough the beginning of the name gives way to `…`.
    """
    shown = label(file.path)
    if file.status == "renamed":
        shown = f"{label(file.old_path or '')} → {shown}"
    modes = file.old_mode and file.new_mode and file.old_mode != file.new_mode
    mode = f"  mode {file.old_mode} → {file.new_mode}" if modes else ""
    rest = f"  +{added} -{removed}{mode}"
    return f"{LETTERS[file.status]} {ending_of(shown, room - 2 - cell_len(rest)) if room else shown}{rest}"


def ending_of(name: str, room: int) -> str:
    """A name, or as much of its end as fits into so many cells after a `…`."""
    if cell_len(name) <= room or room < 8:
        return name
    while cell_len(name) >= room:
        name = name[1:]
    return f"…{name}"


def hunk_title(
    entry: Entry,
    mark: Mark,
    state: HunkState,
    tally: tuple[int, int],
    hidden: Sequence[str],
    fresh: bool,
    waits: bool = False,
    undecided: str = "pending",
) -> str:
    """A hunk's header: what is decided, where it is, how it stands to the disk, and warnings, all in words."""
    lines = len(mark.lines) if mark.lines is not None and mark.taken else 0
    partial = f" {lines} line{'' if lines == 1 else 's'}" if lines else ""
    decision = undecided if mark.decision == "pending" else mark.decision
    words = [f"{GLYPHS.get(decision, '·')} {decision}{partial}"]
    words += ["⚠ conflict" if state == "conflict" else state] if state != "clean" else []
    words += ["⚠ file in conflict"] if waits else []
    words += [warning(hidden)] if hidden else []
    words += ["changed"] if fresh else []
    if hunk := entry.hunk:
        words.append(f"@@ {hunk.new_start or hunk.old_start}  +{tally[0]} -{tally[1]}")
        words += [label(hunk.section.strip())] if hunk.section.strip() else []
    else:
        words.append(whole_file(entry.file))
    return "  ".join(words)


def warning(names: Sequence[str]) -> str:
    """What a hunk's header says of the characters marked in it; letters and blanks that show are look-alikes."""
    alike = all(chr(int(named[2:], 16)).isprintable() for named in names)
    rest = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"⚠ {'look-alike' if alike else 'hidden'} characters: {' '.join(names[:4])}{rest}"


def whole_file(file: FileDiff) -> str:
    """What happens to a file whose change has no hunks."""
    if file.binary:
        return "binary file; its bytes are not shown"
    what = {"added": "empty file added", "deleted": "empty file deleted", "renamed": "renamed, text unchanged"}
    return what.get(file.status, "mode changed, text unchanged")


def code(side: Side, look: Look, start: int, width: int) -> Strip:
    """The text of a line in `width` cells: its piece, or all from column `start`, marked `›` where more follows."""
    ground = look(side.ground or f"diff--{KINDS[side.line.kind]}")
    if (piece := side.piece) is not None:
        return whole(side, look, ground, piece.last).crop(piece.start, piece.end).adjust_cell_length(width, ground)
    limit = start + width + LONGEST
    strip = whole(side, look, ground, limit)
    more = strip.cell_length > start + width or len(body(side.line.text)) > limit
    strip = strip.crop(start, start + width).adjust_cell_length(width, ground)
    if more and width > 1:
        strip = Strip.join([strip.crop(0, width - 1), Strip([Segment("›", over(ground, look("diff--badge")))])])
    return strip


def whole(side: Side, look: Look, ground: Style, limit: int) -> Strip:
    """The text of a line as far as so many of its characters, and what is said of its ending."""
    kind = KINDS[side.line.kind]
    word = look(f"diff--{kind}-word") if kind != "context" else ground
    segments = pieces(body(side.line.text)[:limit], side, look, ground, word)
    if said := tail(side.line):
        segments.append(Segment(said, over(ground, look("diff--badge" if said == NO_NEWLINE else "diff--gutter"))))
    return Strip(segments)


def pieces(text: str, side: Side, look: Look, ground: Style, word: Style) -> list[Segment]:
    """Cut a line where its style changes. Tabs become spaces, special characters badges."""
    badges = [(at, at + 1) for at in marked(text)]
    cuts = {0, len(text), *(at for span in (*side.words, *badges) for at in span)}
    cuts.update(at for begin, end, _ in side.colours for at in (begin, end))
    order = sorted(at for at in cuts if at <= len(text))
    segments: list[Segment] = []
    column = 0
    for begin, end in pairwise(order):
        piece = text[begin:end]
        style = word if side.words and inside(begin, side.words) else ground
        if badges and inside(begin, badges):
            style, piece = over(style, look("diff--badge")), "".join(map(badge, piece))
        else:
            colour = next((n for first, last, n in side.colours if first <= begin < last), "")
            style = over(style, look(colour)) if colour else style
        if "\t" in piece:
            piece = expand(piece, column)
        column += cell_len(piece)
        segments.append(Segment(piece, style))
    return segments


def reach(text: str) -> tuple[int, int]:
    """The first and the last column of a painted line that a marked character takes; (0, 0) where there is none."""
    at = marked(text)
    return (cell_len(painted(text[: at[0]])), cell_len(painted(text[: at[-1] + 1]))) if at else (0, 0)


def selectable(strip: Strip, cut: int, row: int, column: int, span: tuple[int, int] | None, style: Style) -> Strip:
    """The strip with its code, from cell `cut`, open to selection; `span` (characters, end -1: all) is selected."""
    code = strip.crop(cut)
    if span is not None:
        text = code.text
        start = cell_len(text[: max(0, span[0] - column)])
        end = code.cell_length if span[1] < 0 else cell_len(text[: max(0, span[1] - column)])
        chosen = Strip(Segment.apply_style(code.crop(start, end), post_style=style))
        code = Strip.join([code.crop(0, start), chosen, code.crop(end)])
    return Strip.join([strip.crop(0, cut), code.apply_offsets(column, row)])


def inside(at: int, spans: Sequence[Span]) -> bool:
    """Whether a character lies in one of the spans."""
    return any(begin <= at < end for begin, end in spans)


@lru_cache(maxsize=512)
def over(ground: Style, style: Style) -> Style:
    """A style lying on a line's own background."""
    return ground + foreground(style)


def foreground(style: Style) -> Style:
    """The style without its background, to lie on a line's own."""
    return Style(color=style.color, bold=style.bold, italic=style.italic, underline=style.underline)


def half(side: Side | None, look: Look, start: int, width: int, digits: int) -> Strip:
    """One side of a row: line number, sign, and text; hatched where this side has no line."""
    if side is None:
        return Strip([Segment(" " * width, look("diff--absent"))], width)
    ground = look(side.ground or f"diff--{KINDS[side.line.kind]}")
    number, sign = side.number, side.sign or side.line.kind
    if (piece := side.piece) is not None and piece.first:
        number, sign = CONTINUED if piece.last > piece.first else "", " "
    gutter = Segment(f"{number:>{digits}} ", look("diff--gutter"))
    used = len(gutter.text) + 2
    return Strip.join(
        [Strip([gutter, Segment(f"{sign} ", ground)], used), code(side, look, start, max(1, width - used))]
    )


def title(text: str, style: Style, width: int) -> Strip:
    """A header over the whole width."""
    return Strip([Segment(text, style)]).adjust_cell_length(width, style)


def note(text: str, look: Look, width: int, name: str = "diff--note", sign: str = NOTE) -> Strip:
    """A row of a comment, or of what is said of a conflict."""
    style = look(name)
    return Strip([Segment(f"{sign}{text}", style)]).adjust_cell_length(width, style)


def rule(text: str, look: Look, width: int) -> Strip:
    """A label on a line that goes on to the edge."""
    style = look("diff--label")
    return Strip([Segment(f"{RULE}{text} {'─' * width}", style)]).crop(0, width).adjust_cell_length(width, style)


def clash_side(text: str | None, proposed: bool) -> Side | None:
    """A line of one side of a conflict, None for no line: `<` is on disk, `>` is proposed."""
    if text is None:
        return None
    sign, ground = (">", "diff--added") if proposed else ("<", "diff--disk")
    return Side(Line(kind=" ", text=text), "", sign=sign, ground=ground)


def lit(strip: Strip, start: int, end: int, look: Look) -> Strip:
    """The strip with the line cursor's background from one cell to another."""
    cells = Style(bgcolor=look("diff--line").bgcolor, bold=True)
    before, middle, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
    return Strip.join([before, Strip(Segment.apply_style(middle, post_style=cells), middle.cell_length), after])
