"""Costs (ctrl+b): what each model used and cost, what caching and routing saved, and how it grew."""

from __future__ import annotations

from decimal import Decimal

from textual import work
from textual.content import Content

from pier_tui.errors import PierError
from pier_tui.feedback.examples import Regret
from pier_tui.ui.figures import savings, session_cost
from pier_tui.ui.format import NAMES, money, percent, seconds
from pier_tui.ui.plot import plot
from pier_tui.ui.screens.dialog import Page, heading, table
from pier_tui.ui.story import ModelTally, Story
from pier_tui.ui.text import sanitize
from pier_tui.ui.workbench import TeachingFace

PLOT_LINES = 8


class CostsScreen(Page):
    """Reads the story; nothing is computed anew. The turns to regret are those the Router screen tells, of `session`.

    Without `teaching`, as in a recording, nothing is said of regret.
    """

    TITLE_TEXT = "Costs of this session"

    def __init__(self, story: Story, teaching: TeachingFace | None = None, session: str = "") -> None:
        super().__init__()
        self._story, self._teaching, self._session = story, teaching, session
        self._regrets: list[Regret] | None = None

    def on_mount(self) -> None:
        """Write what is known, and ask for the regrets."""
        super().on_mount()
        if self._teaching is not None:
            self._ask(self._teaching)

    @work(exclusive=True, group="outlook")
    async def _ask(self, teaching: TeachingFace) -> None:
        try:
            found = (await teaching.outlook()).regrets
        except PierError as error:
            return self.notify(sanitize(str(error)), severity="warning", markup=False)
        self._regrets = [regret for regret in found if regret.row.session == self._session]
        self.write()

    def text(self, width: int) -> Content:
        """Tables, savings, plot."""
        story = self._story
        if not story.points:
            return Content("Nothing was called yet, so nothing was spent.")
        sections: list[tuple[str, Content]] = [("Tokens per model", self._tokens())]
        if not story.free:
            sections.append(("Rupees per model", self._rupees()))
        sections += [
            ("Saved", Content("\n").join(Content(line) for line in savings(story))),
            ("Against one model alone", self._alone()),
            ("Prefix caches, predicted and billed", self._caches(width)),
            *([("Drafts, as the server counts them", drafts)] if (drafts := self._drafts()) else []),
            *([] if self._regrets is None else [("Regret", self._regretted(self._regrets))]),
            ("Over the session, call by call", self._plot(width)),
        ]
        unpriced = story.unpriced
        if unpriced:
            words = Content.styled(f"{unpriced} calls have no known price and are not in the sums.", "$text-warning")
            sections.insert(2, ("", words))
        parts = (Content.assemble(heading(title) if title else "", body, "\n\n") for title, body in sections)
        return Content.assemble(*parts)

    def _called(self) -> list[tuple[str, ModelTally]]:
        return [(name, tally) for name, tally, _ in self._billed() if tally is not self._story.warm_ups]

    def _billed(self) -> list[tuple[str, ModelTally, str]]:
        """The models with the turns each answered, and prompts read ahead, which are no turns, on a line of their own.

        Turns set aside are among them: they were paid for.
        """
        ahead, answered = self._story.warm_ups, [turn.answer.tier for turn in self._story.turns.values() if turn.answer]
        named = [(NAMES[tier] + (" offline" if t.offline else ""), tier, t) for tier, t in self._story.models.items()]
        return [(name, t, str(answered.count(tier))) for name, tier, t in named if t.calls] + (
            [("warm-up", ahead, "")] if ahead.calls else []
        )

    def _tokens(self) -> Content:
        rows: list[tuple[str, ...]] = [("model", "turns", "calls", "fresh", "cached", "share", "output", "a call")]
        for name, tally, turns in self._billed():
            mark = "~" if tally.estimated else ""
            cached = "?" if tally.cached is None else f"{mark}{tally.cached:,}"
            fresh = f"{mark}{tally.prompt - (tally.cached or 0):,}"
            share, output = percent(tally.cached_share), f"{mark}{tally.output:,}"
            took = "" if tally is self._story.warm_ups else seconds(tally.typical)
            rows.append((name, turns, str(tally.calls), fresh, cached, share, output, took))
        return table(rows)

    def _rupees(self) -> Content:
        rows: list[tuple[str, ...]] = [("model", "fresh", "cached", "output", "together")]
        for name, tally, _ in self._billed():
            parts = tally.parts
            split = [money(part) for part in (parts.fresh, parts.cached, parts.output)]
            if tally.unsplit:
                split = ["?"] * 3 if tally.unsplit == tally.calls else [f"{part} + ?" for part in split]
            cost = "?" if tally.unpriced == tally.calls else money(tally.cost) + (" + ?" if tally.unpriced else "")
            rows.append((name, *split, cost))
        return table(rows)

    def _alone(self) -> Content:
        last = self._story.points[-1]
        rows: list[tuple[str, ...]] = [
            (f"at {sanitize(self._story.compared)} prices" if self._story.compared else "", "rupees"),
            ("as it was", session_cost(self._story).removeprefix("cost ")),
            ("all on the 105B", money(last.strong_only, estimated=last.strong_only is not None)),
            ("all on the 30B", money(last.weak_only, estimated=last.weak_only is not None)),
        ]
        return table(rows)

    def _caches(self, width: int) -> Content:
        rows: list[tuple[str, ...]] = [("model", "predicted", "billed", "k", "calls", "estimate")]
        for name, tally in self._called():
            drift = tally.drift
            said = f"{drift.calls} of {drift.calls + drift.silent}"
            k = "?" if drift.ratio is None else f"{drift.ratio:.2f}"
            billed = f"{drift.billed:,}" if drift.calls else "?"
            rows.append((name, f"~{drift.predicted:,}", billed, k, said, f"x{tally.token_ratio:.2f}"))
        alarms = [tally.drift.alarm(name) for name, tally in self._called()]
        lines = [Content.styled(f"\n{alarm}", "$text-warning") for alarm in alarms if alarm]
        return Content.assemble(table(rows), *lines)

    def _drafts(self) -> Content | None:
        """Token-level speculation, where a server reports it; different answers, so the speeds are a hint."""
        told = [(name, *tally.drafts.row) for name, tally in self._called() if tally.drafts.calls]
        head = ("model", "calls", "drafted", "accepted", "share", "a step", "tokens/s", "without")
        return table([head, *told]) if told else None

    def _regretted(self, regrets: list[Regret]) -> Content:
        if not regrets:
            return Content("No turn to regret.")
        rows = [(str(regret.row.turn), money(regret.row.cost), regret.why) for regret in regrets]
        return table([("turn", "cost", "why"), *rows], numbers_from=3)

    def _plot(self, width: int) -> Content:
        points = self._story.points
        lines: list[tuple[str, str, list[Decimal]]] = [("as it was", "$text-success", [p.actual for p in points])]
        if all(p.strong_only is not None for p in points):
            lines.append(("105B only ~", "$strong", [p.strong_only or Decimal(0) for p in points]))
        if all(p.weak_only is not None for p in points):
            lines.append(("30B only ~", "$weak", [p.weak_only or Decimal(0) for p in points]))
        return plot(lines, width, PLOT_LINES)
