"""Where lines of a hunk are in the file, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pier_tui.repo.diff import Hunk, Line


def place(hunk: Hunk, lines: Sequence[Line] | None = None, chosen: range | None = None) -> str:
    """`line 12` or `lines 12-14` of the proposed file, `old lines 3-4` of the present one where all are removed.

    `lines` are the hunk's own unless it was edited; of these `chosen` are meant, all of them unless given.
    """
    lines = hunk.lines if lines is None else lines
    chosen = range(len(lines)) if chosen is None else chosen
    removed = all(line.kind == "-" for line in lines[chosen.start : chosen.stop])
    other, first = ("+", hunk.old_start) if removed else ("-", hunk.new_start)
    start = first + sum(line.kind != other for line in lines[: chosen.start])
    end = start + sum(line.kind != other for line in lines[chosen.start : chosen.stop]) - 1
    said = f"line {start}" if start >= end else f"lines {start}-{end}"
    return f"old {said}" if removed else said


def changed(hunk: Hunk) -> str:
    """Where the changes of a hunk are, its context left out."""
    at = [index for index, line in enumerate(hunk.lines) if line.kind != " "]
    return place(hunk, chosen=range(at[0], at[-1] + 1)) if at else place(hunk)
