"""The gate every strategy's score passes: calibration, threshold, exploration; and what is settled before any of them.

Trace signals, the latch, min-dwell and the price of a cold prefix decide what they can without a model being
asked (`Settled`); only what they leave undecided is the strategy's.
"""

from __future__ import annotations

from pier_tui.models.messages import Tier
from pier_tui.router.decision import Decision
from pier_tui.router.signals import reason_to_escalate
from pier_tui.router.strategy import Answer, Call, Flow, Judgement, Route, Strategy, TurnState

HORIZON = 4
"""Turns over which going back to the weak model must pay for re-reading its prefix."""


def judge(turn: TurnState, score: float, reason: str = "", features: dict[str, float] | None = None) -> Judgement:
    """Whether a turn of this raw score escalates, and with which propensity.

    With `epsilon` the lot decides that share of turns, half of them for either model; the propensity of the arm
    taken is then 1 - epsilon/2 where it is the one wanted, and epsilon/2 where it is the other.
    """
    confidence = turn.calibrator.apply(score)
    wanted = confidence < turn.threshold
    explored = turn.draw < turn.epsilon
    escalate = turn.draw >= turn.epsilon / 2 if explored else wanted
    likely = 1 - turn.epsilon / 2
    words = "by lot, to learn" if explored and escalate != wanted else reason
    return Judgement(
        escalate=escalate,
        confidence=round(confidence, 4),
        score=round(score, 4),
        propensity=likely if escalate == wanted else 1 - likely,
        explored=explored,
        reason=words,
        features=features or {},
    )


def handed_over(answer: Answer) -> bool:
    """Whether the weak model itself asked for the strong one, so that there is no action to keep."""
    return answer.decision is not None and answer.decision.action == "escalate"


def unusable(answer: Answer, reason: str, features: dict[str, float] | None = None) -> Judgement:
    """There is nothing to keep: no lot, no threshold."""
    stated = answer.decision.confidence if answer.decision and not handed_over(answer) else None
    return Judgement(escalate=True, confidence=stated, score=stated, reason=reason, features=features or {})


def escalation(turn: TurnState, answer: Answer, judgement: Judgement) -> Call:
    """The strong model's call after a weak answer was set aside, with the hand-over the weak one wrote, if any."""
    decision = answer.decision or Decision(action="escalate", inferred=True)
    reason = judgement.reason or decision.reason
    route: Route = "explored" if judgement.explored else "handoff"
    handoff = decision.handoff_prompt or reason
    return Call(
        tier="strong",
        route=route,
        reason=reason,
        handoff=handoff,
        decision=decision,
        judgement=judgement,
        propensity=judgement.propensity,
    )


def kept(answer: Answer, judgement: Judgement | None = None) -> Answer:
    """The answer as the one to act on, with why."""
    return answer.model_copy(update={"judgement": judgement})


def dearer(turn: TurnState) -> str:
    """Why the strong model goes on although the weak one could be asked: coming back would cost more than it saves.

    Only after a strong turn, and only where the weak model's tokens are the cheaper ones: at equal prices routing
    buys time, and its price is what the user chose.
    """
    weak, strong = turn.readings.get("weak"), turn.readings.get("strong")
    if turn.last != "strong" or weak is None or strong is None or weak.fresh >= strong.fresh:
        return ""
    back = weak.now + (HORIZON - 1) * weak.later
    stay = strong.now + (HORIZON - 1) * strong.later
    if back <= stay:
        return ""
    return f"the 30B would re-read {weak.reread} tokens, more than {HORIZON} turns on it save"


class Settled:
    """A strategy behind the signals, the latch, min-dwell and the cache: what they decide is never asked of it."""

    def __init__(self, inner: Strategy) -> None:
        self.inner, self.name, self.about = inner, inner.name, inner.about

    def flow(self, turn: TurnState) -> Flow:
        """One strong call where the turn is settled, else the inner strategy's calls."""
        if call := settled(turn):
            (answer,) = yield (call,)
            return answer
        return (yield from self.inner.flow(turn))


def settled(turn: TurnState) -> Call | None:
    """The call that needs no strategy, if there is one."""
    why, latch = reason_to_escalate(turn.signals)
    if why:
        return _strong("latch" if latch else "signal", why)
    if turn.last == "strong" and turn.dwell < turn.min_dwell:
        return _strong("latch", f"105B for at least {turn.min_dwell} turns")
    if why := dearer(turn):
        return _strong("cache", why)
    return None


def _strong(route: Route, reason: str) -> Call:
    tier: Tier = "strong"
    return Call(tier=tier, route=route, reason=reason)
