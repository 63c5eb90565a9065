"""Where long lines of a diff are broken when all of them is to be seen. Pure; painting the pieces is in `diff_paint`.

A line is broken behind a space near the edge, else at the edge; the pieces together are the line, to the character.
A letter and its signs stay together. Lines of ASCII, which most are, are counted by a few searches for a space each.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rich import cells
from rich.text import Text

from pier_tui.repo.diff import Line
from pier_tui.ui.widgets.hunk_text import ending, marked, painted
from pier_tui.ui.widgets.markdown_paint import wrap

NO_NEWLINE = " (no newline at the end)"
NEAR = 3
"""A space in the last third of a row is near enough to the edge to break the line behind it."""
LEAST = 8
"""Cells a piece has at least, however narrow the pane."""


class Piece(NamedTuple):
    """A piece of a painted line: its first character and the one after its last, and the same in cells."""

    first: int
    last: int
    start: int
    end: int


def tail(line: Line) -> str:
    """What is painted behind a line's text about its ending."""
    if not (end := ending(line.text)):
        return NO_NEWLINE
    return "␍" if end == "\r\n" and line.kind != " " else ""


def count(line: Line, room: int) -> int:
    """How many rows of so many cells a line takes."""
    text, room = line.text, max(LEAST, room)
    if text[-1:] == "\n" and "\t" not in text:
        if text.isascii() and text[:-1].isprintable():
            return 1 if len(text) <= room + 1 else len(breaks(text[:-1], room))
        if 2 * len(text) <= room and not marked(text[:-1]):
            return 1
    return len(pieces(line, room))


def pieces(line: Line, room: int) -> Sequence[Piece]:
    """The pieces of a line for rows of so many cells; one at least."""
    return cut(painted(line.text) + tail(line), max(LEAST, room))


@lru_cache(maxsize=512)
def cut(text: str, room: int) -> Sequence[Piece]:
    """The pieces of a text as it is painted."""
    if text.isascii():
        starts = breaks(text, room)
        return [Piece(at, end, at, end) for at, end in pairwise([*starts, len(text)])]
    found: list[Piece] = []
    first = start = end = 0
    space: tuple[int, int] | None = None
    for at, width in clusters(text):
        if end + width - start > room and end > start:
            last, stop = space or (at, end)
            found.append(Piece(first, last, start, stop))
            first, start, space = last, stop, None
        end += width
        if text[at] == " " and end - start > room - room // NEAR:
            space = at + 1, end
    return [*found, Piece(first, len(text), start, end)]


def breaks(text: str, room: int) -> list[int]:
    """Where the pieces of a text begin whose characters take a cell each."""
    starts, at = [0], 0
    while len(text) - at > room:
        space = text.rfind(" ", at + room - room // NEAR, at + room)
        at = space + 1 if space >= 0 else at + room
        starts.append(at)
    return starts


def clusters(text: str) -> list[tuple[int, int]]:
    """Where the letters of a text begin, each with the signs and conjuncts that belong to it, and their cells."""
    found: list[tuple[int, int]] = []
    for at, _, width in cells.split_graphemes(text)[0]:
        if found and found[-1][1] + width <= LEAST and joins(text, at):
            found[-1] = (found[-1][0], found[-1][1] + width)
        else:
            found.append((at, width))
    return found


def joins(text: str, at: int) -> bool:
    """Whether the character there belongs to the letter before it: a sign, or a letter behind a virama or a joiner."""
    if unicodedata.category(text[at]) in ("Mc", "Mn"):
        return True
    before = text[at - 1]
    if before in "\u200c\u200d":
        before = text[at - 2] if at > 1 else ""
    return bool(before) and unicodedata.combining(before) == 9 and unicodedata.category(text[at]) == "Lo"


def filled(text: str, width: int) -> list[str]:
    """A sentence in lines of so many cells, broken between words."""
    return [line.plain.rstrip() for line in wrap(Text(text), width)]
