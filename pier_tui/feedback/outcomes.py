"""What the event stream says of every routed turn: what was known before it, who did it, and what came of it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from pier_tui.events import (
    AnswerCompleted,
    BackboneRestored,
    CallFinished,
    Event,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchReviewed,
    PatchUndone,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    ToolReturned,
    WentBack,
)
from pier_tui.feedback.rows import DecisionRow, Outcome
from pier_tui.models.messages import Tier
from pier_tui.repo.verdict import Verdict
from pier_tui.tools.tool import CheckFailed, CheckPassed, CommandRun


@dataclass
class _Turn:
    """A turn while the stream is read."""

    number: int
    request: int
    session: str
    features: dict[str, float]
    routes: list[RouteDecided] = field(default_factory=list)
    calls: list[CallFinished] = field(default_factory=list)
    tier: Tier | None = None
    failed: bool = False
    passed: bool = False
    exit_codes: list[int | None] = field(default_factory=list)
    undone: bool = False
    rejected: bool = False
    edited: bool = False
    redone: bool = False
    switched: bool = False
    set_aside: bool = False
    redo_of: _Turn | None = None
    before: tuple[_Turn, ...] = ()
    """The turns of its request that led to it: those of the try it is part of."""
    line: int = 0
    """Counts the times the session went back before it; turns after each other have the same."""


def decisions(
    events: Iterable[Event], *, repo: str = "", threshold: str = "", live: Container[int] | None = None
) -> tuple[DecisionRow, ...]:
    """One row per turn that has a route and an answer, in order; call it again as the session goes on.

    `repo` is the repository's name and `threshold` the version of the threshold file that was in use; `live` are the
    turns the session stands on, where that is known better than by what it went back to.
    """
    reading = _Reading()
    for event in events:
        reading.take(event)
    for turn in reading.turns:
        turn.set_aside = turn.set_aside if live is None else turn.number not in live
    return tuple(row for turn in reading.turns if (row := _row(turn, reading, repo, threshold)) is not None)


class _Reading:
    """What has been seen of the stream so far."""

    def __init__(self) -> None:
        self.turns: list[_Turn] = []
        self.ended: dict[tuple[int, int], str] = {}
        self._chars = 0
        self._proposed: dict[str, set[int]] = {}
        self._applied: dict[str, set[int]] = {}
        self._line = 0
        self._again: dict[int, _Turn] = {}

    def take(self, event: Event) -> None:
        """Note one event."""
        match event:
            case RequestStarted(text=text):
                self._chars = len(text)
                self.ended.pop((event.request, self._line), None)
            case RequestEnded(why=why):
                self.ended[event.request, self._line] = why
            case RequestInterrupted():
                self.ended[event.request, self._line] = "interrupted"
            case RequestFailed():
                self.ended[event.request, self._line] = "failed"
            case WentBack(to=to, again=again):
                self._went_back(to, again)
            case BackboneRestored(backbone=backbone):
                self._restored(max((d.turn for d in backbone.deltas), default=0))
            case PatchProposed(paths=paths) if event.turn:
                for path in paths:
                    self._proposed.setdefault(path, set()).add(event.turn)
            case PatchApplied(checkpoint=checkpoint, patch=patch):
                self._applied[checkpoint] = set().union(*(self._proposed.pop(p, set()) for p in patch.paths))
            case PatchReviewed(verdict=verdict):
                self._reviewed(verdict)
            case PatchUndone(checkpoint=checkpoint):
                for turn in self.turns:
                    turn.undone |= turn.number in self._applied.get(checkpoint, set())
            case Overridden(scope="now") if event.turn:
                if self.turns and self.turns[-1].number == event.turn:
                    self.turns[-1].switched = True
            case RouteDecided() | CallFinished() | AnswerCompleted() | ToolReturned():
                self._in_turn(event)
            case _:
                return

    def _went_back(self, to: int, again: int) -> None:
        self._line += 1
        first = next((turn for turn in reversed(self.turns) if turn.number == to), None)
        if again and first is not None:
            first.redone = True
            self._again[again] = first

    def _reviewed(self, verdict: Verdict) -> None:
        rejected = {pick.path for pick in verdict.rejected}
        edited = {pick.path for pick in verdict.accepted if pick.text is not None}
        for turn in self.turns:
            turn.rejected |= any(turn.number in self._proposed.get(path, set()) for path in rejected)
            turn.edited |= any(turn.number in self._proposed.get(path, set()) for path in edited)

    def _restored(self, last_kept: int) -> None:
        for turn in self.turns:
            turn.set_aside |= turn.number > last_kept

    def _in_turn(self, event: RouteDecided | CallFinished | AnswerCompleted | ToolReturned) -> None:
        if not self.turns or self.turns[-1].number != event.turn or self.turns[-1].request != event.request:
            self.turns.append(self._begun(event))
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
                turn.passed |= any(isinstance(fact, CheckPassed) for fact in event.facts)
                turn.exit_codes += [fact.exit_code for fact in event.facts if isinstance(fact, CommandRun)]
            case CallFinished():
                turn.calls.append(event)

    def _begun(self, event: Event) -> _Turn:
        first, last = self._again.get(event.turn), self.turns[-1] if self.turns else None
        before: tuple[_Turn, ...] = ()
        if first is not None:
            before = first.before
        elif last is not None and (last.request, last.line) == (event.request, self._line):
            before = (*last.before, last)
        features = self._features(before)
        return _Turn(event.turn, event.request, event.session, features, redo_of=first, before=before, line=self._line)

    def _features(self, before: tuple[_Turn, ...]) -> dict[str, float]:
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


def _row(turn: _Turn, reading: _Reading, repo: str, threshold: str) -> DecisionRow | None:
    if turn.tier is None or not turn.routes:
        return None
    first, last = turn.routes[0], turn.routes[-1]
    stated = next((r for r in reversed(turn.routes) if r.confidence is not None), last)
    kept = next((call for call in reversed(turn.calls) if call.kept), None)
    costs = [call.cost for call in turn.calls]
    return DecisionRow(
        decision=last.decision,
        session=turn.session,
        repo=repo,
        request=turn.request,
        turn=turn.number,
        time=first.time,
        strategy=last.strategy,
        route=last.route,
        tier=turn.tier,
        escalated=turn.tier == "strong" and first.tier == "weak",
        action=stated.action,
        score=last.score,
        confidence=stated.confidence,
        threshold=last.threshold,
        propensity=last.propensity,
        features={**turn.features, **last.features},
        versions={"model": kept.model if kept else last.model, "harness": _harness(last), "threshold": threshold},
        cost=None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0)),
        weak_only=alone(kept, "30B") if kept else None,
        strong_only=alone(kept, "105B") if kept else None,
        seconds=sum(call.seconds for call in turn.calls),
        redo_of=turn.redo_of.routes[-1].decision if turn.redo_of and turn.redo_of.routes else "",
        outcome=_outcome(turn, reading),
    )


def alone(call: CallFinished, label: str) -> Decimal | None:
    """What a call would have cost on one model alone; its labels are `105B`, or `105B at` a profile's prices."""
    found = (amount for name, amount in call.counterfactual.items() if name.partition(" at ")[0] == label)
    return next(found, None)


def _harness(route: RouteDecided) -> str:
    """Digests of the model's own prompt and tools, which change when the program's do."""
    return "-".join(s.digest[:8] for s in route.segments if s.name in ("harness", "tools"))


def _outcome(turn: _Turn, reading: _Reading) -> Outcome:
    of_try = (turn.request, turn.line)
    later = [t for t in reading.turns if (t.request, t.line) == of_try and t.number > turn.number]
    return Outcome(
        failed=turn.failed,
        passed=turn.passed,
        exit_codes=tuple(turn.exit_codes),
        next_failure=next((n for n, t in enumerate(later, start=1) if t.failed), None),
        next_pass=next((n for n, t in enumerate(later, start=1) if t.passed), None),
        undone=turn.undone,
        rejected=turn.rejected,
        edited=turn.edited,
        redone=turn.redone,
        switched=turn.switched,
        set_aside=turn.set_aside,
        ended=reading.ended.get((turn.request, turn.line), ""),
    )
