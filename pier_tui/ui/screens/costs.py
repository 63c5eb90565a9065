"""Costs (ctrl+b): what each model used and cost, what caching and routing saved, and how it grew."""

from __future__ import annotations

from decimal import Decimal

from textual.content import Content

from pier_tui.ui.format import NAMES, money, percent
from pier_tui.ui.plot import plot
from pier_tui.ui.screens.dialog import Page, heading, table
from pier_tui.ui.story import Story
from pier_tui.ui.text import sanitize

PLOT_LINES = 8


class CostsScreen(Page):
    """Reads the story; nothing is computed anew."""

    TITLE_TEXT = "Costs of this session"

    def __init__(self, story: Story) -> None:
        super().__init__()
        self._story = story

    def text(self, width: int) -> Content:
        """Table, savings, plot."""
        story = self._story
        if not story.points:
            return Content("Nothing was called yet, so nothing was spent.")
        parts = [
            heading("Per model"),
            self._models(),
            Content("\n\n"),
            heading("Against one model alone"),
            self._saved(),
        ]
        unpriced = story.unpriced
        if unpriced:
            parts.append(
                Content.styled(f"\n{unpriced} calls have no known price and are not in the sums.", "$text-warning")
            )
        parts += [Content("\n\n"), heading("Over the session, call by call"), self._plot(width)]
        return Content.assemble(*parts)

    def _models(self) -> Content:
        rows: list[tuple[str, ...]] = [("model", "calls", "fresh", "cached", "cached share", "output", "cost")]
        for tier, tally in self._story.models.items():
            if not tally.calls:
                continue
            name = NAMES[tier] + (" offline" if tally.offline else "")
            mark = "~" if tally.estimated else ""
            cached = "?" if tally.cached is None else f"{mark}{tally.cached:,}"
            fresh = f"{mark}{tally.prompt - (tally.cached or 0):,}"
            cost = "?" if tally.unpriced == tally.calls else money(tally.cost) + (" + ?" if tally.unpriced else "")
            row = (name, str(tally.calls), fresh, cached, percent(tally.cached_share), f"{mark}{tally.output:,}", cost)
            rows.append(row)
        return table(rows)

    def _saved(self) -> Content:
        last = self._story.points[-1]
        rows: list[tuple[str, ...]] = [
            (f"at {sanitize(self._story.compared)} prices" if self._story.compared else "", "rupees"),
            ("as it was", money(last.actual)),
            ("all on the 105B", money(last.strong_only, estimated=last.strong_only is not None)),
            ("all on the 30B", money(last.weak_only, estimated=last.weak_only is not None)),
        ]
        if not self._story.free:
            rows.append(("saved by routing", money(self._story.saved, estimated=self._story.saved is not None)))
        return table(rows)

    def _plot(self, width: int) -> Content:
        points = self._story.points
        lines: list[tuple[str, str, list[Decimal]]] = [("as it was", "$text-success", [p.actual for p in points])]
        if all(p.strong_only is not None for p in points):
            lines.append(("105B only ~", "$strong", [p.strong_only or Decimal(0) for p in points]))
        if all(p.weak_only is not None for p in points):
            lines.append(("30B only ~", "$weak", [p.weak_only or Decimal(0) for p in points]))
        return plot(lines, width, PLOT_LINES)
