"""An answer while it streams: closed blocks are painted once, only the open end is painted again."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from pier_tui.ui.widgets.markdown_paint import ANCHOR, GoingOn, MarkdownPaint, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

OPEN_LINES = 12
"""Lines of an open code block or table that may still be painted again; twice as many are not."""
OPEN_TEXT = 600
"""Characters of an open paragraph that may still be painted again; twice as many are not."""
_PAIRED = re.compile(r"\*+|_+|~+|`+|[\[\]<>]")
"""What may belong to a pair; a paragraph is cut only where it has none of these before, or pairs of them."""


class LiveMarkdown:
    """Takes an answer piece by piece and gives its lines so far. The finished answer is painted anew as a whole."""

    def __init__(self, paint: MarkdownPaint) -> None:
        self._paint = paint
        self._closed: list[Text] = []
        self._open = ""
        self._joined = True
        self._head = ""
        """The first lines of the code block or table that the open end continues."""
        self._going_on = GoingOn()

    def append(self, text: str) -> None:
        """More of the answer."""
        self._open += text

    def lines(self) -> list[Text]:
        """The answer so far."""
        closed, rest = self.parts()
        return closed + rest

    def parts(self) -> tuple[list[Text], list[Text]]:
        """The lines that stay as they are, which only ever grow at the end, and those that may change."""
        while self._close():
            pass
        rest = self._paint.lines(self._head + self._open, self._going_on) if self._open else []
        return self._closed, self._gap(rest) + rest

    def _gap(self, rest: list[Text]) -> list[Text]:
        return [Text(end="")] if self._closed and rest and not self._joined else []

    def _close(self) -> bool:
        """Paint what can no longer change; whether there was anything."""
        source = self._head + self._open
        tokens = [token for token in parser().parse(source) if token.map and token.level < 2]
        top = [token for token in tokens if token.level == 0]
        if not top or top[-1].map is None:
            return False
        first, end = top[-1].map
        if first > 0:
            return self._freeze(source, first, joined=False)
        match top[-1].type:
            case "bullet_list_open" | "ordered_list_open":
                return self._close_items(source, tokens)
            case "fence" if end > 2 * OPEN_LINES:
                return self._close_lines(source, end - OPEN_LINES, 1)
            case "table_open" if end > 2 * OPEN_LINES:
                return self._close_lines(source, end - OPEN_LINES, 2)
            case "paragraph_open" if len(source) > 2 * OPEN_TEXT:
                return self._close_text(source)
        return False

    def _close_items(self, source: str, tokens: list[Token]) -> bool:
        items = [token.map[0] for token in tokens if token.type == "list_item_open" and token.map]
        return self._freeze(source, items[-1], joined=True)

    def _close_lines(self, source: str, line: int, head: int) -> bool:
        """All but the last lines of a code block or table; its first `head` lines stand before the rest again."""
        opening = "".join(source.splitlines(keepends=True)[:head])
        if not self._freeze(source, line, joined=True):
            return False
        self._head = opening
        self._going_on = GoingOn(widths=self._paint.widths) if head > 1 else GoingOn()
        return True

    def _close_text(self, source: str) -> bool:
        """The full lines of a long paragraph, up to a blank where no pair of marks is open."""
        at = source.rfind(" ", 0, len(source) - OPEN_TEXT)
        while at > OPEN_TEXT and not _even(source[:at]):
            at = source.rfind(" ", 0, at - OPEN_TEXT // 8)
        if at <= OPEN_TEXT:
            return False
        painted = self._paint.lines(source[:at], self._going_on)
        self._closed += self._gap(painted) + painted[:-1]
        self._going_on = GoingOn(line=Text.assemble(painted[-1], " ", end=""))
        self._open, self._joined, self._head = ANCHOR + source[at + 1 :], True, ""
        return True

    def _freeze(self, source: str, line: int, *, joined: bool) -> bool:
        """Paint the first `line` lines for good; what follows hangs on without a gap where it is `joined`."""
        if line <= 0:
            return False
        lines = source.split("\n")
        done, rest = "\n".join(lines[:line]), "\n".join(lines[line:])
        painted = self._paint.lines(done, self._going_on)
        self._closed += self._gap(painted) + painted
        self._open, self._joined, self._head = rest, joined, ""
        self._going_on = GoingOn()
        return True


def _even(text: str) -> bool:
    """Whether every kind of mark occurs an even number of times, and brackets pairwise."""
    marks = Counter(_PAIRED.findall(text))
    even = all(count % 2 == 0 for mark, count in marks.items() if mark not in "[]<>")
    return even and marks["["] == marks["]"] and marks["<"] == marks[">"]
