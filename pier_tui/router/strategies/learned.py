"""RouteLLM (Ong et al. 2024) and Hybrid LLM (Ding et al. 2024): who takes a turn is decided before any call.

Both are one flow with differently fitted scores. Below `LEAST` labelled turns there is no score, and the turn is
self-routed; the badge says how many labels there are.
"""

from __future__ import annotations

from pier_tui.router.confidence import LEAST, features
from pier_tui.router.gate import escalation, handed_over, judge, kept, unusable
from pier_tui.router.strategies.self_route import SelfRoute
from pier_tui.router.strategy import Call, Flow, Score, TurnState


class Foreseen:
    """A score over the state alone picks the model; the fallback takes every turn until there is one."""

    def __init__(self, name: str, about: str, score: Score | None = None, labels: int = 0) -> None:
        self.name, self.about, self._score, self.labels = name, about, score, labels

    def flow(self, turn: TurnState) -> Flow:
        """One call to the chosen model; a weak model that hands over costs the second."""
        if self._score is None:
            return (yield from self._unlearned(turn))
        found = features(turn, None)
        judgement = judge(turn, self._score(turn, None), reason="foreseen", features=found)
        if judgement.escalate:
            call = Call(tier="strong", reason=judgement.reason, judgement=judgement, propensity=judgement.propensity)
            (answer,) = yield (call,)
            return answer
        (weak,) = yield (Call(tier="weak", reason=judgement.reason, propensity=judgement.propensity),)
        if not handed_over(weak):
            return kept(weak, judgement)
        reason = weak.decision.reason if weak.decision else ""
        (strong,) = yield (escalation(turn, weak, unusable(weak, reason, found)),)
        return strong

    def _unlearned(self, turn: TurnState) -> Flow:
        answer = yield from SelfRoute().flow(turn)
        judgement = answer.judgement
        if judgement is None:
            return answer
        told = f"not enough labels: {self.labels} of {LEAST}, so self-routed"
        words = f"{told}; {judgement.reason}" if judgement.reason else told
        return kept(answer, judgement.model_copy(update={"reason": words}))


def learned(score: Score | None = None, labels: int = 0) -> Foreseen:
    """RouteLLM's win probability over the request, from labelled turns like it."""
    about = (
        "picks the model before any call from labelled turns like this one; one call a turn; not before "
        f"{LEAST} labels, nor for requests unlike them"
    )
    return Foreseen("learned", about, score, labels)


def difficulty(score: Score | None = None, labels: int = 0) -> Foreseen:
    """Hybrid LLM's difficulty: the probability that the weak model comes within a quality drop of the strong one."""
    about = (
        "sends what looks easy to the 30B within a quality-drop budget; one call a turn; not before "
        f"{LEAST} labels, best with repeated runs"
    )
    return Foreseen("difficulty", about, score, labels)
