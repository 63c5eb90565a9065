"""FrugalGPT's cascade (Chen, Zaharia, Zou 2023) on turns: the weak model answers, a scorer accepts or escalates.

The scorer sees the state, the draft action and what executing it would do, and never what the weak model says of
itself: a stated confidence is the same whatever the task.
"""

from __future__ import annotations

from pier_tui.router.confidence import Prior, features, prior
from pier_tui.router.execution import examine
from pier_tui.router.gate import escalation, handed_over, judge, kept, unusable
from pier_tui.router.strategy import Answer, Call, Flow, Score, TurnState


class Executed:
    """The prior without the model's own statements: what stands until a scorer is learned from labels."""

    def __call__(self, turn: TurnState, draft: Answer | None) -> float:
        """The score of a draft by its execution evidence and the trace."""
        found = features(turn, draft)
        return prior({name: value for name, value in found.items() if name not in ("stated", "token_probability")})


class Cascade:
    """Draft, score, escalate."""

    name = "cascade"
    about = (
        "30B answers, a scorer of the drafted action accepts or escalates; one 30B call always, 105B on top where "
        "refused; not where the 30B fails more often than its share of the price"
    )

    def __init__(self, score: Score | None = None) -> None:
        self._score = score or Executed()

    def flow(self, turn: TurnState) -> Flow:
        """One weak call, and a strong one where the scorer refuses it."""
        (weak,) = yield (Call(tier="weak"),)
        found = features(turn, weak)
        why = examine(weak.reply, turn.known).first
        if handed_over(weak):
            judgement = unusable(weak, weak.decision.reason if weak.decision else "", found)
        else:
            judgement = judge(turn, self._score(turn, weak), reason=why or "the draft scored low", features=found)
        if not judgement.escalate:
            return kept(weak, judgement.model_copy(update={"reason": why}))
        (strong,) = yield (escalation(turn, weak, judgement),)
        return strong


__all__ = ["Cascade", "Executed", "Prior"]
