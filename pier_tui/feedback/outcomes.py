"""What the event stream says of every routed turn: what was known before it, who did it, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pier_tui.events import (
    AnswerCompleted,
    BackboneRestored,
    CallFinished,
    Event,
    PatchApplied,
    PatchProposed,
    PatchUndone,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    ToolReturned,
)
from pier_tui.feedback.log import DecisionRow, Outcome
from pier_tui.models.messages import Tier
from pier_tui.tools.tool import CheckFailed, CommandRun


@dataclass
class _Turn:
    """A turn while the stream is read."""

    number: int
    request: int
    session: str
    features: dict[str, float]
    routes: list[RouteDecided] = field(default_factory=list)
    tier: Tier | None = None
    failed: bool = False
    undone: bool = False
    redone: bool = False
    set_aside: bool = False


def decisions(events: Iterable[Event]) -> tuple[DecisionRow, ...]:
    """One row per turn that has a route and an answer, in order; call it again as the session goes on."""
    reading = _Reading()
    for event in events:
        reading.take(event)
    return tuple(row for turn in reading.turns if (row := _row(turn, reading)) is not None)


class _Reading:
    """What has been seen of the stream so far."""

    def __init__(self) -> None:
        self.turns: list[_Turn] = []
        self.ended: dict[int, str] = {}
        self._chars = 0
        self._proposed: dict[str, set[int]] = {}
        self._applied: dict[str, set[int]] = {}
        self._went_back: int | None = None

    def take(self, event: Event) -> None:
        """Note one event."""
        match event:
            case RequestStarted(text=text):
                self._request_started(event, text)
            case RequestEnded(why=why):
                self.ended[event.request] = why
            case RequestInterrupted():
                self.ended[event.request] = "interrupted"
            case RequestFailed():
                self.ended[event.request] = "failed"
            case BackboneRestored(backbone=backbone):
                self._restored(max((d.turn for d in backbone.deltas), default=0))
            case PatchProposed(paths=paths) if event.turn:
                for path in paths:
                    self._proposed.setdefault(path, set()).add(event.turn)
            case PatchApplied(checkpoint=checkpoint, patch=patch):
                self._applied[checkpoint] = set().union(*(self._proposed.pop(p, set()) for p in patch.paths))
            case PatchUndone(checkpoint=checkpoint):
                for turn in self.turns:
                    turn.undone |= turn.number in self._applied.get(checkpoint, set())
            case RouteDecided() | CallFinished() | AnswerCompleted() | ToolReturned():
                self._in_turn(event)
            case _:
                return

    def _request_started(self, event: RequestStarted, text: str) -> None:
        self._chars = len(text)
        again = any(t.request == event.request for t in self.turns)
        if again and self._went_back is not None:
            self.turns[self._went_back].redone = True
        self._went_back = None
        self.ended.pop(event.request, None)

    def _restored(self, last_kept: int) -> None:
        aside = [n for n, t in enumerate(self.turns) if t.number > last_kept and not t.set_aside]
        for index in aside:
            self.turns[index].set_aside = True
        self._went_back = aside[0] if aside else None

    def _in_turn(self, event: RouteDecided | CallFinished | AnswerCompleted | ToolReturned) -> None:
        if not self.turns or self.turns[-1].number != event.turn or self.turns[-1].request != event.request:
            self.turns.append(_Turn(event.turn, event.request, event.session, self._features(event.request)))
        turn = self.turns[-1]
        match event:
            case RouteDecided():
                if not turn.routes:
                    turn.features["prompt_tokens"] = float(sum(s.tokens for s in event.segments))
                    turn.features["predicted_cached"] = float(event.predicted_cached or 0)
                turn.routes.append(event)
            case AnswerCompleted(tier=tier):
                turn.tier = tier
            case ToolReturned():
                turn.failed |= _failed(event)
            case CallFinished():
                return

    def _features(self, request: int) -> dict[str, float]:
        before = [t for t in self.turns if t.request == request]
        trailing = next((n for n, t in enumerate(reversed(before)) if not t.failed), len(before))
        return {
            "request_chars": float(self._chars),
            "turns_before": float(len(before)),
            "failed_before": float(sum(t.failed for t in before)),
            "failed_in_a_row": float(trailing),
            "strong_before": float(sum(t.tier == "strong" for t in before)),
        }


def _failed(event: ToolReturned) -> bool:
    """Refused, or a command or check that did not pass."""
    bad_exit = any(isinstance(f, CommandRun) and f.exit_code != 0 for f in event.facts)
    return not event.ok or bad_exit or any(isinstance(f, CheckFailed) for f in event.facts)


def _row(turn: _Turn, reading: _Reading) -> DecisionRow | None:
    if turn.tier is None or not turn.routes:
        return None
    first, last = turn.routes[0], turn.routes[-1]
    stated = next((r for r in reversed(turn.routes) if r.confidence is not None), last)
    return DecisionRow(
        decision=last.decision,
        session=turn.session,
        request=turn.request,
        turn=turn.number,
        time=first.time,
        strategy=last.strategy,
        route=last.route,
        tier=turn.tier,
        escalated=turn.tier == "strong" and first.tier == "weak",
        action=stated.action,
        confidence=stated.confidence,
        threshold=last.threshold,
        propensity=first.propensity,
        features=turn.features,
        outcome=_outcome(turn, reading),
    )


def _outcome(turn: _Turn, reading: _Reading) -> Outcome:
    later = [t for t in reading.turns if t.request == turn.request and t.number > turn.number]
    return Outcome(
        failed=turn.failed,
        next_failure=next((n for n, t in enumerate(later, start=1) if t.failed), None),
        undone=turn.undone,
        redone=turn.redone,
        set_aside=turn.set_aside,
        ended=reading.ended.get(turn.request, ""),
    )
