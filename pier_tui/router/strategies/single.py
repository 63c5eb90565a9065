"""One model does it: turns the user forced, single-model sessions, and the baselines."""

from __future__ import annotations

from pier_tui.models.messages import Tier
from pier_tui.router.gate import kept
from pier_tui.router.strategy import Call, Flow, Judgement, Route, TurnState

_LABEL: dict[Tier, str] = {"weak": "30B", "strong": "105B"}


class Single:
    """Always the same tier, whatever the turn looks like."""

    def __init__(self, tier: Tier, route: Route, reason: str = "") -> None:
        self.tier, self.route, self.reason = tier, route, reason
        self.name = f"always-{_LABEL[tier]}"
        self.about = f"baseline: every turn on the {_LABEL[tier]}, one call; not where turns differ in difficulty"

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        (answer,) = yield (Call(tier=self.tier, route=self.route, reason=self.reason),)
        return answer


class Random:
    """The strong model with probability `share`, by lot: what any strategy must beat at the same rate."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.name = f"random@{share:g}"
        self.about = f"baseline: by lot, {share:.0%} of turns on the 105B, one call a turn; only to compare with"

    def flow(self, turn: TurnState) -> Flow:
        """One call, its propensity the lot's."""
        strong = turn.draw < self._share
        propensity = self._share if strong else 1 - self._share
        call = Call(tier="strong" if strong else "weak", reason="by lot", own=True, propensity=propensity)
        (answer,) = yield (call,)
        return kept(answer, Judgement(escalate=strong, propensity=propensity, explored=True, reason="by lot"))
