"""Text of Indian and other complex scripts in its columns, whatever a terminal thinks of its width.

Terminals disagree on the width of spacing vowel signs, conjuncts and joined emoji: one, none, or what a whole
cluster takes. Two things make a row come out right on all of them: we count such signs as one column, as most do, and
a letter behind a joiner like any other, so that nothing is cut off; and where such text ends, the cursor is put where
the next column is. A row that is cut is not cut between a letter and its vowel sign.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from rich import _unicode_data, cells
from rich.segment import Segment

_RANGES = ((0x0900, 0x1100), (0x1700, 0x1C00), (0xA800, 0xAC00))
_COMPLEX = re.compile(
    "[\u0900-\u0dff\u0e31\u0e33-\u0e3a\u0eb1\u0eb3-\u0ebc\u0f00-\u109f\u1700-\u1cff\ua800-\uabff"
    "\u200c\u200d\ufe0e\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]"
)
_TOKEN = re.compile(r"\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b[\]PX^_].*?(?:\x07|\x1b\\)|\x1b.|[\n\r]|[^\x1b\n\r]+", re.S)
_FIXED = re.compile(r"(?<=  )(?=[^ ])|(?=[\u2500-\u259f])")
"""Where a column matters: behind a gap, and at lines and blocks."""
_PLAIN = "\x1b[0m"


_JOINED = re.compile("(?<=[\u0900-\u0dff])\u200d")
"""A joiner inside a word: rich takes it for one between emoji, whose second picture needs no cells."""
_SIGNED = re.compile("[\u0900-\u1bff\ua800-\uabff]")
Spans = list[tuple[int, int, int]]


@cache
def widen() -> int:
    """Make rich, and with it Textual, measure and part text as said above; how many signs that concerns. Done once."""
    measured, parted = cells._cell_len, cells.split_graphemes

    def measure(text: str, unicode_version: str) -> int:
        return measured(_JOINED.sub("\u200c", text), unicode_version)

    def part(text: str, unicode_version: str = "auto") -> tuple[Spans, int]:
        spans, width = parted(_JOINED.sub("\u200c", text), unicode_version)
        return _whole(text, spans) if _SIGNED.search(text) else spans, width

    cells._cell_len, cells.split_graphemes = measure, part
    # Rich's own parts a letter from the accent or the selector behind it, which then stands on what comes next.
    Segment._split_cells = classmethod(lru_cache(1024 * 16)(_split))  # type: ignore[method-assign, assignment, arg-type]
    return _widen_signs()


def _split(made: type[Segment], segment: Segment, cut: int) -> tuple[Segment, Segment]:
    """A segment parted at a column, as rich does it, in whole letters; half a wide one becomes a space on each side."""
    text, style, control = segment
    if cut >= segment.cell_length:
        return segment, made("", style, control)
    left, right = cells.split_text(text, cut)
    return made(left, style, control), made(right, style, control)


def _whole(text: str, spans: Spans) -> Spans:
    """The spans with each spacing sign in that of its letter. A span of three cells is more than rich could cut."""
    found: Spans = []
    for start, end, width in spans:
        if found and found[-1][2] == width == 1 and unicodedata.category(text[start]) == "Mc":
            found[-1] = (found[-1][0], end, 2)
        else:
            found.append((start, end, width))
    return found


def _widen_signs() -> int:
    widths = _unicode_data.load("auto").widths
    assert isinstance(widths, list)
    spacing = {code for first, end in _RANGES for code in range(first, end) if unicodedata.category(chr(code)) == "Mc"}
    changed: list[tuple[int, int, int]] = []
    for first, last, width in widths:
        start = first
        for code in range(first, last + 1) if width == 0 else ():
            if code in spacing:
                if start < code:
                    changed.append((start, code - 1, 0))
                start = code + 1
        if start <= last:
            changed.append((start, last, width))
    widths[:] = changed
    cells.get_character_cell_size.cache_clear()
    cells.cached_cell_len.cache_clear()
    return len(spacing)


def aligned(data: str) -> str:
    """What is written to a terminal, with every complex stretch of a placed row bounded by cursor moves.

    A row counts as placed from the move that begins it to the next line end or move. Everything else passes as it is.
    """
    return _Aligning().run(data) if _COMPLEX.search(data) else data


class _Aligning:
    """One walk through the data. `x` and `y` count from 1; None where the cursor is not known to be."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._y, self._x = 0, 0
        self._looks: list[str] = []
        self._stretch: list[tuple[str, int]] = []
        self._start, self._start_looks = 0, ""
        self._before = ""

    def run(self, data: str) -> str:
        for token in _TOKEN.finditer(data):
            text, command = token[0], token[2]
            if command == "m":
                self._looks = [] if token[1] in ("", "0") else [*self._looks, text]
                self._put(text, 0)
            elif text[0] not in "\x1b\n\r":
                self._text(text)
            else:
                self._end()
                self._out.append(text)
                self._place(token[1], command, text)
        self._end()
        return "".join(self._out)

    def _place(self, figures: str | None, command: str | None, text: str) -> None:
        """What a sequence or a line end does to the place of the cursor."""
        if command == "H":
            y, _, x = (figures or "1;1").partition(";")
            self._y, self._x = int(y or 1), int(x or 1)
        elif command not in ("h", "l") or text[0] in "\n\r":
            self._y = 0

    def _text(self, text: str) -> None:
        if not self._y:
            self._out.append(text)
            return
        for part in _FIXED.split(text):
            fixed = self._before.endswith("  ") and not part.startswith(" ")
            if part and (fixed or "\u2500" <= part[0] <= "\u259f"):
                self._end(self._x)
            first = _COMPLEX.search(part) if not self._stretch else None
            if first:
                # From the word's beginning: a sign joins what stands before it.
                at = part.rfind(" ", 0, first.start()) + 1
                self._put(part[:at], cells.cell_len(part[:at]))
                self._start, self._start_looks = self._x, "".join(self._looks)
                self._stretch.append(("", 0))
                self._put(part[at:], cells.cell_len(part[at:]))
            else:
                self._put(part, cells.cell_len(part))
            self._before = (self._before + part)[-2:]

    def _put(self, text: str, width: int) -> None:
        self._x += width
        if self._stretch:
            self._stretch.append((text, width))
        else:
            self._out.append(text)

    def _end(self, column: int = 0) -> None:
        """End a stretch: its ground in full first, for a terminal that needs fewer columns; then the text itself."""
        if self._stretch:
            ground = "".join(" " * width or text for text, width in self._stretch)
            text = "".join(text for text, _ in self._stretch)
            self._out += [ground, self._move(self._start), _PLAIN, self._start_looks, text]
            self._out += [self._move(column)] if column else []
            self._stretch = []
        self._before = ""

    def _move(self, column: int) -> str:
        return f"\x1b[{self._y};{column}H"
