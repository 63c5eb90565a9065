"""An answer while it streams: closed blocks are painted once, only the open end is painted again."""

from __future__ import annotations

from rich.text import Text

from pier_tui.ui.widgets.markdown_paint import MarkdownPaint, parser

FENCE_LINES = 12
"""Lines of an open code block that are painted for good at a time."""


class LiveMarkdown:
    """Takes an answer piece by piece and gives its lines so far. The finished answer is painted anew as a whole."""

    def __init__(self, paint: MarkdownPaint) -> None:
        self._paint = paint
        self._closed: list[Text] = []
        self._open = ""
        self._joined = True
        self._fence = ""
        """The opening line of the code block that the open end continues."""

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
        rest = self._paint.lines(self._fence + self._open) if self._open else []
        return self._closed, self._gap(rest) + rest

    def _gap(self, rest: list[Text]) -> list[Text]:
        return [Text(end="")] if self._closed and rest and not self._joined else []

    def _close(self) -> bool:
        """Paint what can no longer change; whether there was anything."""
        source = self._fence + self._open
        tokens = [token for token in parser().parse(source) if token.map and token.level < 2]
        top = [token for token in tokens if token.level == 0]
        if not top or top[-1].map is None:
            return False
        first = top[-1].map[0]
        if first == 0 and top[-1].type.endswith("_list_open"):
            items = [token.map[0] for token in tokens if token.type == "list_item_open" and token.map]
            return self._freeze(source, items[-1], joined=True)
        if first == 0 and top[-1].type == "fence" and top[-1].map[1] > 2 * FENCE_LINES:
            opening = source[: source.index("\n") + 1]
            if self._freeze(source, FENCE_LINES + 1, joined=True):
                self._fence = opening
                return True
            return False
        return self._freeze(source, first, joined=False)

    def _freeze(self, source: str, line: int, *, joined: bool) -> bool:
        """Paint the first `line` lines for good; what follows hangs on without a gap where it is `joined`."""
        if line <= 0:
            return False
        lines = source.split("\n")
        done, rest = "\n".join(lines[:line]), "\n".join(lines[line:])
        painted = self._paint.lines(done)
        self._closed += self._gap(painted) + painted
        self._open, self._joined, self._fence = rest, joined, ""
        return True
