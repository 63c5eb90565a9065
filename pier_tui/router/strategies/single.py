"""One model does it: turns the user forced, single-model sessions, and the always-weak and always-strong baselines."""

from __future__ import annotations

from pier_tui.models.messages import Tier
from pier_tui.router.strategy import Call, Flow, Route, TurnState


class Single:
    """Always the same tier, whatever the turn looks like."""

    def __init__(self, tier: Tier, route: Route, reason: str = "") -> None:
        self.tier, self.route, self.reason = tier, route, reason
        self.name = f"always-{tier}"
        self.about = f"every turn on the {tier} model"

    def flow(self, turn: TurnState) -> Flow:
        """One call."""
        (answer,) = yield (Call(tier=self.tier, route=self.route, reason=self.reason),)
        return answer
