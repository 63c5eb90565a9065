"""The default strategy: trace signals first, then the weak model's own decision in the same call as its action.

A router that makes the weak model re-read the prompt on every turn costs more than it saves, so the
decision is never an extra call: a kept turn costs one weak call, an escalated one a weak and a strong.
"""

from __future__ import annotations

from pier_tui.router.decision import escalates
from pier_tui.router.signals import reason_to_escalate
from pier_tui.router.strategy import Call, Flow, TurnState


class SelfRoute:
    """Signals decide what they can; an undecided turn goes to the weak model, which acts or hands over."""

    name = "self-route"
    about = "the weak model takes each turn and says in the same call whether it should; repeated failures escalate"

    def flow(self, turn: TurnState) -> Flow:
        """One weak call, and a strong one where it escalates; or one strong call where the signals say so."""
        why, latch = reason_to_escalate(turn.signals)
        if why:
            (answer,) = yield (Call(tier="strong", route="latch" if latch else "signal", reason=why),)
            return answer
        (weak,) = yield (Call(tier="weak", route="self-route"),)
        decision = weak.decision
        if decision is None or not escalates(decision, turn.threshold):
            return weak
        (strong,) = yield (
            Call(
                tier="strong",
                route="handoff",
                reason=decision.reason,
                handoff=decision.handoff_prompt or decision.reason,
                decision=decision,
            ),
        )
        return strong
