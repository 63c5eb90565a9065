"""Reads back, from the files as they stand now, the lines that earlier turns looked at or changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator

from pier_tui.backbone.pages import PAGE_LINES, Page, choose, pages_text
from pier_tui.backbone.ranges import joined, read_ranges
from pier_tui.backbone.state import Backbone, Item
from pier_tui.errors import PierError
from pier_tui.repo.overlay import Overlay
from pier_tui.tools import text

MOST_FILES = 60
"""Files looked at for pages, the latest seen first."""
AROUND = 12
"""Lines shown on either side of a place that is only a line number, such as a search hit."""
_ROLES = re.compile(r"^(read|edited|created|found)\b")


async def paged(overlay: Overlay, backbone: Backbone, budget: int) -> str:
    """The pages for the strong model's next prompt, '' where none are worth it or `budget` (tokens) is 0."""
    if budget <= 0 or not backbone.section("files"):
        return ""
    return await asyncio.to_thread(_paged, overlay, backbone, budget)


def _paged(overlay: Overlay, backbone: Backbone, budget: int) -> str:
    latest = sorted(backbone.section("files"), key=lambda item: item.turn)[-MOST_FILES:]
    pages = [page for item in latest for page in _pages_of(overlay, item)]
    return pages_text(choose(pages, backbone, budget))


def _pages_of(overlay: Overlay, item: Item) -> Iterator[Page]:
    """A file's pages; none of one that is gone or cannot be read as text."""
    role = _ROLES.match(item.text)
    if role is None:
        return
    try:
        lines = text.lines_of(text.decode(overlay.read(item.key), item.key))
    except PierError:
        return
    for first, last in _stretches(read_ranges(item.text), len(lines)):
        for start in range(first, last + 1, PAGE_LINES):
            end = min(start + PAGE_LINES - 1, last)
            body = text.numbered(lines[start - 1 : end], start)
            yield Page(source=f"{item.key} {start}-{end}", text=body, turn=item.turn)


def _stretches(ranges: Iterable[tuple[int, int]], total: int) -> tuple[tuple[int, int], ...]:
    """The ranges within the file, single lines widened, overlapping ones joined."""
    wide = ((f - AROUND, e + AROUND) if f == e else (f, e) for f, e in ranges)
    inside = ((max(first, 1), min(last, total)) for first, last in wide)
    return joined(pair for pair in inside if pair[0] <= pair[1])
