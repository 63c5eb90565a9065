"""The prompt prefix of one model as a bar by segment: cached, new, free; the figures stand below it in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from pier_tui.backbone.drift import Drift, said
from pier_tui.events import CallFinished, PromptWarmed, RouteDecided
from pier_tui.ui.format import percent, tokens
from pier_tui.ui.text import sanitize

CACHED, NEW, FREE = ("█", "▓"), ("▒", "░"), "·"
"""Signs of the three parts; neighbouring segments take turns, so that colour is never the only difference."""
NAMED_FROM = 56
"""Columns from which the segments that are new are named."""
HEAD = 6


@dataclass(frozen=True)
class Sent:
    """The last prompt of a model: its segments in order, how many tokens of it were cached (None unknown)."""

    segments: tuple[tuple[str, int], ...]
    cached: int | None
    estimated: bool = True

    @property
    def total(self) -> int:
        """Tokens of the whole prompt."""
        return sum(size for _, size in self.segments)

    def parts(self) -> tuple[tuple[str, int, int], ...]:
        """Every segment with its cached and its new tokens: what is cached is the beginning."""
        left, found = self.cached or 0, list[tuple[str, int, int]]()
        for name, size in self.segments:
            held = min(size, left)
            left -= held
            found.append((name, held, size - held))
        return tuple(found)

    def billed(self, prompt: int | None, cached: int | None, estimated: bool) -> Sent:
        """As the endpoint counted it: the segments in proportion."""
        if prompt is None:
            return self
        names, sizes = zip(*(self.segments or (("prompt", 1),)), strict=True)
        segments = tuple(zip(names, shares(sizes, prompt), strict=True))
        return replace(self, segments=segments, cached=cached, estimated=estimated)


def shares(sizes: Sequence[int], room: int) -> list[int]:
    """`room` dealt out in proportion to the sizes, in whole parts that add up to it."""
    ends = [round(room * end / max(sum(sizes), 1)) for end in accumulate(sizes)]
    return [end - start for start, end in pairwise((0, *ends))]


class PrefixBar(Widget):
    """Two lines. `window` in tokens; None where it is not known, and then the bar shows the prompt alone."""

    DEFAULT_CSS = "PrefixBar { height: 2; padding: 0 1; }"

    last: reactive[Sent | None] = reactive(None)
    window: reactive[int | None] = reactive(None)

    def __init__(self, name: str, style: str) -> None:
        super().__init__()
        self._model, self._colour = name, style
        self._drift = Drift()

    def sent(self, event: RouteDecided) -> None:
        """A call is about to be made."""
        if event.segments:
            named = ((sanitize(s.name, keep_newlines=False), s.tokens) for s in event.segments)
            self.last = Sent(tuple(named), event.predicted_cached)

    def billed(self, event: CallFinished | PromptWarmed) -> None:
        """The call is on the bill; a warm-up that came to nothing changes nothing."""
        usage = event.usage
        if isinstance(event, PromptWarmed) and event.failure:
            return
        self._drift = self._drift.add(event.predicted_cached, said(usage))
        self.last = (self.last or Sent((), None)).billed(usage.prompt, usage.cached, usage.estimated)

    def render(self) -> Content:
        """`105B  ███▓▓▒░·····` and below it `~2.1k cached 412 new 126k free`."""
        head = Content.styled(f"{self._model:<{HEAD}}", f"bold {self._colour}")
        if self.last is None:
            return Content.assemble(head, ("not called yet", "$muted"))
        width = self.size.width
        words = Content.styled(self._words(self.last, width), "$muted").truncate(width, ellipsis=True)
        return Content.assemble(head, *self._cells(self.last, max(width - HEAD, 1)), "\n", words)

    def _cells(self, prompt: Sent, cells: int) -> Iterator[tuple[str, str]]:
        """The bar: every segment's cells, cached ones first, and what the window has left."""
        whole, parts, left = max(self.window or prompt.total, prompt.total, 1), prompt.parts(), cells
        cached, new = [held for _, held, _ in parts], [fresh for _, _, fresh in parts]
        for signs, style, sizes in ((CACHED, self._colour, cached), (NEW, "$text-accent", new)):
            total = sum(sizes)
            # However small a part is beside the window, it is seen.
            room = min(max(round(cells * total / whole), 1), left) if total else 0
            left -= room
            for n, run in enumerate(shares(sizes, room)):
                yield signs[n % 2] * run, style
        yield FREE * left, "$border"

    def _words(self, prompt: Sent, width: int) -> str:
        mark = "~" if prompt.estimated else ""
        free = f" {tokens(max(self.window - prompt.total, 0))} free" if self.window else ""
        low = f" · billed only {percent(self._drift.ratio)} of what was predicted" if self._drift.low else ""
        if prompt.cached is None:
            return f"{mark}{tokens(prompt.total)} sent, cached ?{free}{low}"
        new = prompt.total - prompt.cached
        told = f"{mark}{tokens(prompt.cached)} cached {tokens(new)} new"
        named = ", ".join(f"{name} {tokens(fresh)}" for name, _, fresh in prompt.parts() if fresh)
        return (
            f"{told}{free} (new: {named}){low}" if width >= NAMED_FROM and named and not low else f"{told}{free}{low}"
        )
