"""Line ranges as the backbone writes them, such as `1-80, 120, 200-240`: read, joined and written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

MOST = 12
"""Ranges kept for one file; beyond that the nearest ones are joined."""
_RANGE = re.compile(r"\b(\d+)(?:-(\d+))?\b")

Range = tuple[int, int]


def read_ranges(text: str) -> tuple[Range, ...]:
    """The ranges in a text, in its order; a single line is a range of one."""
    found = ((int(m[1]), int(m[2] or m[1])) for m in _RANGE.finditer(text))
    return tuple((first, last) for first, last in found if 0 < first <= last)


def joined(ranges: Iterable[Range], gap: int = 0) -> tuple[Range, ...]:
    """The ranges in order, those that overlap, touch or lie at most `gap` lines apart made one."""
    out: list[Range] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1 + gap:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return tuple(out)


def write_ranges(ranges: Iterable[Range]) -> str:
    """The ranges as text, at most `MOST` of them."""
    found = joined(ranges)
    while len(found) > MOST:
        nearest = min(after[0] - before[1] for before, after in pairwise(found))
        found = joined(found, nearest - 1)
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
