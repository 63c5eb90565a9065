"""The prompt prefix of one model as a bar: cached, new, free; the figures stand beside it in words."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from pier_tui.ui.format import tokens


class PrefixBar(Widget):
    """One line. `prompt`, `cached` and `window` are tokens; None is unknown."""

    DEFAULT_CSS = "PrefixBar { height: 1; padding: 0 1; }"

    prompt: reactive[int | None] = reactive(None)
    cached: reactive[int | None] = reactive(None)
    window: reactive[int | None] = reactive(None)
    estimated: reactive[bool] = reactive(False)

    def __init__(self, name: str, style: str) -> None:
        super().__init__()
        self._model, self._colour = name, style

    def render(self) -> Content:
        """`105B ██▒▒░░░░ 2.1k cached 412 new`."""
        head = Content.styled(f"{self._model:<5}", f"bold {self._colour}")
        if self.prompt is None:
            return Content.assemble(head, ("not called yet", "$muted"))
        words = self._words()
        cells = max(self.size.width - head.cell_length - len(words) - 1, 0)
        if cells < 6:
            return Content.assemble(head, (words, "$muted")).truncate(self.size.width, ellipsis=True)
        # Without a known window the bar shows the prompt alone.
        whole = max(self.window or self.prompt, 1)
        held = min(round(cells * (self.cached or 0) / whole), cells)
        new = min(max(round(cells * (self.prompt - (self.cached or 0)) / whole), 1), cells - held)
        free = cells - held - new
        bar = (("█" * held, self._colour), ("▒" * new, self._colour), ("░" * free, "$border"))
        return Content.assemble(head, *bar, (f" {words}", "$muted"))

    def _words(self) -> str:
        mark = "~" if self.estimated else ""
        if self.cached is None:
            return f"{mark}{tokens(self.prompt)} sent, cached ?"
        return f"{mark}{tokens(self.cached)} cached {tokens((self.prompt or 0) - self.cached)} new"
