"""The default strategy: the weak model's own decision in the same call as its action.

A router that makes the weak model re-read the prompt on every turn costs more than it saves, so the
decision is never an extra call: a kept turn costs one weak call, an escalated one a weak and a strong.
"""

from __future__ import annotations

from pier_tui.router.confidence import Prior, features
from pier_tui.router.gate import escalation, handed_over, judge, kept, unusable
from pier_tui.router.strategy import Call, Flow, Score, TurnState


class SelfRoute:
    """The weak model acts or hands over; what it says of itself is weighed with what its action would do."""

    name = "self-route"
    about = (
        "30B takes each turn and says in the same call whether it should; one 30B call kept, plus one 105B escalated; "
        "not where both cost the same"
    )

    def __init__(self, score: Score | None = None) -> None:
        self._score = score or Prior()

    def flow(self, turn: TurnState) -> Flow:
        """One weak call, and a strong one where it escalates."""
        (weak,) = yield (Call(tier="weak", route="self-route"),)
        found = features(turn, weak)
        reason = weak.decision.reason if weak.decision else ""
        judgement = (
            unusable(weak, reason, found)
            if handed_over(weak)
            else judge(turn, self._score(turn, weak), reason=reason, features=found)
        )
        if not judgement.escalate:
            return kept(weak, judgement)
        (strong,) = yield (escalation(turn, weak, judgement),)
        return strong
