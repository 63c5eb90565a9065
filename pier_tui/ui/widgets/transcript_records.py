"""Events folded into what the conversation shows: requests, turns, notices and endings, in order. No widgets.

Live, resumed and recorded sessions go through the same fold. Every record has a `version` that grows with
each change, so that whoever drew it knows when to draw it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal, assert_never

from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    ApprovalAnswered,
    ApprovalAsked,
    BackboneChanged,
    BackboneRestored,
    CallFinished,
    CheckpointTaken,
    Compacted,
    Labelled,
    Notice,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchRebased,
    PatchReviewed,
    PatchUndone,
    PromptWarmed,
    ReasoningDelta,
    RepoChanged,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolOutput,
    ToolReturned,
    TryKept,
    TurnEnded,
    TurnStarted,
    WentBack,
)
from pier_tui.session.tries import Tries
from pier_tui.ui.format import Badge, Label, elsewhere, model_name
from pier_tui.ui.widgets.transcript_asides import aside
from pier_tui.ui.widgets.transcript_words import ending, pair_words, proposal, summary, total

MOST_OUTPUT = 200_000
"""Characters of a tool's live output that are kept for showing."""


@dataclass
class CallRecord:
    """One call: how it was routed, what it streamed, and its bill when it is done."""

    number: int
    route: RouteDecided | None = None
    finished: CallFinished | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)


@dataclass
class ToolRecord:
    """One tool call, its live output, its result, and what it proposed."""

    called: ToolCalled
    output: list[str] = field(default_factory=list)
    returned: ToolReturned | None = None
    proposed: str = ""
    size: int = 0

    @property
    def text(self) -> str:
        """The live output, or the result where there was none."""
        return "".join(self.output) or (self.returned.text if self.returned else "")


@dataclass
class RequestRecord:
    """What the user typed."""

    number: int
    text: str
    version: int = 0


@dataclass
class NoteRecord:
    """One line between turns: a notice, or how a request ended."""

    text: str
    level: Literal["info", "warning", "error", "end"] = "info"
    version: int = 0


@dataclass
class TurnRecord:
    """Everything known of one turn. `seconds` wall time, None while it runs."""

    number: int
    request: int = 0
    forced: bool = False
    calls: list[CallRecord] = field(default_factory=list)
    answer: AnswerCompleted | None = None
    tools: list[ToolRecord] = field(default_factory=list)
    label: Label | None = None
    noted: bool = False
    """The judgement has a note."""
    seconds: float | None = None
    cut: bool = False
    """The request ended before the turn did."""
    aside: bool = False
    """The session does not go on from this turn: it was done again, or rewound."""
    pair: str = ""
    """Which try of which turn this is, where a turn was done twice."""
    compacted: Compacted | None = None
    """What became of the backbone after it, where it was compacted."""
    version: int = 0

    @property
    def live(self) -> bool:
        """Whether more of the answer may come."""
        return self.answer is None and not self.cut

    @property
    def decision(self) -> str:
        """The id feedback refers to; empty before the route is known."""
        return next((call.route.decision for call in self.calls if call.route), "")

    @property
    def route(self) -> RouteDecided | None:
        """The route of the call that answers: of the one kept, or of the last while that is not known."""
        kept = next((call.route for call in self.calls if call.finished and call.finished.kept), None)
        return kept or next((call.route for call in reversed(self.calls) if call.route), None)

    @property
    def text(self) -> str:
        """The answer, or as much of it as has come."""
        if self.answer is not None:
            return self.answer.text
        return "".join(self.calls[-1].text) if self.calls else ""

    @property
    def reasoning(self) -> str:
        """The reasoning behind the answer, or as much of it as has come."""
        if self.answer is not None and self.answer.reasoning:
            return self.answer.reasoning
        return "".join(self.calls[-1].reasoning) if self.calls else ""

    @property
    def handoff(self) -> str:
        """What the strong model was told by the weak one."""
        return next((call.route.handoff for call in self.calls if call.route and call.route.handoff), "")

    def call(self, number: int) -> CallRecord:
        """The call of this number, new where it is not known."""
        found = next((call for call in self.calls if call.number == number), None)
        if found is None:
            found = CallRecord(number)
            self.calls.append(found)
        return found

    def badge(self) -> Badge:
        """The badge as it stands."""
        route = self.route
        if route is None:
            return Badge(self.number, "…", route="stopped" if self.cut else "self-route", forced=self.forced)
        bills = [call.finished for call in self.calls if call.finished]
        kept = next((bill for bill in reversed(bills) if bill.kept), None)
        answered = kept or route
        decided = next((c.route for c in self.calls if c.route and c.route.confidence is not None), route)
        escalated = route.tier == "strong" and any(c.route and c.route.tier == "weak" for c in self.calls)
        offline = all(bill.offline for bill in bills) if bills else route.offline
        other = [elsewhere(bill, bill.tier) for bill in bills]
        return Badge(
            turn=self.number,
            model=model_name(answered.tier, answered.model, offline=answered.offline),
            tier=answered.tier,
            offline=offline,
            route=route.route,
            forced=self.forced,
            action="" if escalated else route.action,
            confidence=None if _handed(decided) else decided.confidence,
            escalated=escalated or (route.tier == "strong" and route.route in ("latch", "signal", "handoff")),
            reason=route.reason or decided.reason,
            settled=bool(bills),
            cost=total([bill.cost for bill in bills]),
            estimated=any(bill.usage.estimated for bill in bills),
            as_if=total([amount for amount, _ in other]),
            as_if_at=next((profile for _, profile in other if profile), ""),
            cached=_cached(kept or (bills[-1] if bills else None)),
            seconds=self.seconds,
            label=self.label,
            noted=self.noted,
            handoff=bool(self.handoff),
            aside=self.aside,
            pair=self.pair,
        )


Record = RequestRecord | TurnRecord | NoteRecord
InTurn = (
    TurnStarted
    | RouteDecided
    | TextDelta
    | ReasoningDelta
    | CallFinished
    | AnswerCompleted
    | TurnEnded
    | ToolCalled
    | ToolOutput
    | ToolReturned
    | PatchProposed
)


def _handed(decided: RouteDecided) -> bool:
    """Whether the weak model handed over of itself: then its figure is how sure it is of that, not of its answer."""
    held, said = decided.threshold, decided.confidence
    return decided.action == "escalate" and None not in (held, said) and (said or 0.0) >= (held or 0.0)


def _cached(bill: CallFinished | None) -> float | None:
    if bill is None or bill.usage.cached is None or not bill.usage.prompt:
        return None
    return bill.usage.cached / bill.usage.prompt


class Records:
    """The fold. `changed` collects the positions of records that changed since it was last cleared."""

    def __init__(self) -> None:
        self.all: list[Record] = []
        self.changed: set[int] = set()
        self._turns: dict[int, int] = {}
        self._labels: dict[str, Labelled] = {}
        self.tries = Tries()

    def turn(self, number: int) -> TurnRecord | None:
        """A turn by its number, None where there is none."""
        at = self._turns.get(number)
        record = self.all[at] if at is not None else None
        return record if isinstance(record, TurnRecord) else None

    def position(self, turn: int) -> int | None:
        """Where a turn stands among all records."""
        return self._turns.get(turn)

    def add_all(self, events: Iterable[AnyEvent]) -> None:
        """Take many events in."""
        for event in events:
            self.add(event)

    def add(self, event: AnyEvent) -> None:
        """Take one event in; those that the conversation does not show are passed over."""
        self.tries.add(event)
        match event:
            case RequestStarted():
                self._append(RequestRecord(event.request, event.text))
            case Notice():
                self._append(NoteRecord(event.text, event.level))
            case RequestEnded() | RequestInterrupted() | RequestFailed():
                self._ended(event)
            case Compacted() if (turn := self.turn(event.turn)) is not None:
                turn.compacted = event
                self._touch(turn)
            case Compacted() | Overridden() | PatchApplied() | PatchUndone() | PromptWarmed():
                if text := aside(event):
                    self._append(NoteRecord(text))
            case Labelled():
                self._labelled(event)
            case WentBack() | TryKept():
                self._moved()
            case BackboneChanged() | BackboneRestored() | CheckpointTaken() | RepoChanged():
                return
            case PatchReviewed() | PatchRebased() | ApprovalAsked() | ApprovalAnswered():
                return
            case TurnStarted() | RouteDecided() | TextDelta() | ReasoningDelta() | CallFinished() | AnswerCompleted():
                self._in_turn(event)
            case TurnEnded() | ToolCalled() | ToolOutput() | ToolReturned() | PatchProposed():
                self._in_turn(event)
            case _:
                assert_never(event)

    def _append(self, record: Record) -> None:
        self.changed.add(len(self.all))
        self.all.append(record)

    def _touch(self, turn: TurnRecord) -> None:
        turn.version += 1
        self.changed.add(self._turns[turn.number])

    def _turn(self, event: AnyEvent) -> TurnRecord:
        known = self.turn(event.turn)
        if known is None:
            known = TurnRecord(event.turn, event.request)
            self._turns[event.turn] = len(self.all)
            self._append(known)
        return known

    def _in_turn(self, event: InTurn) -> None:
        if not event.turn:
            return
        match event:
            case TurnStarted():
                self._turn(event).forced = event.forced != "auto"
                if event.turn in self.tries.pairs:
                    self._moved()
            case RouteDecided():
                turn = self._turn(event)
                turn.call(event.call).route = event
                self._judge(turn, event.decision)
            case TextDelta() | ReasoningDelta():
                self._said(event)
            case CallFinished():
                self._turn(event).call(event.call).finished = event
            case AnswerCompleted():
                self._turn(event).answer = event
            case TurnEnded():
                self._turn(event).seconds = event.seconds
            case ToolCalled() | ToolOutput() | ToolReturned() | PatchProposed():
                self._tool(event)
        self._touch(self._turn(event))

    def _said(self, event: TextDelta | ReasoningDelta) -> None:
        turn = self._turn(event)
        call = turn.calls[-1] if turn.calls else turn.call(1)
        (call.text if isinstance(event, TextDelta) else call.reasoning).append(event.text)

    def _tool(self, event: ToolCalled | ToolOutput | ToolReturned | PatchProposed) -> None:
        tools = self._turn(event).tools
        if isinstance(event, ToolCalled):
            tools.append(ToolRecord(event))
            return
        if isinstance(event, PatchProposed):
            if tools:
                tools[-1].proposed = proposal(event)
            return
        tool = next((tool for tool in reversed(tools) if tool.called.call_id == event.call_id), None)
        if tool is None:
            return
        if isinstance(event, ToolReturned):
            tool.returned = event
        elif tool.size < MOST_OUTPUT:
            tool.output.append(event.text)
            tool.size += len(event.text)

    def _ended(self, event: RequestEnded | RequestInterrupted | RequestFailed) -> None:
        last = next((r for r in reversed(self.all) if isinstance(r, TurnRecord)), None)
        if last is not None and last.request == event.request and last.live:
            last.cut = True
            if not isinstance(event, RequestEnded) and not last.text and event.partial:
                # What was streamed is not kept; of an earlier run only this is known of it.
                last.call(last.calls[-1].number if last.calls else 1).text.append(event.partial)
            self._touch(last)
        own = takewhile(lambda record: not isinstance(record, RequestRecord), reversed(self.all))
        turns = [r for r in own if isinstance(r, TurnRecord) and r.request == event.request]
        text, level = ending(event)
        self._append(NoteRecord(f"{text}  {summary([turn.badge() for turn in turns])}".rstrip(), level))

    def _moved(self) -> None:
        """Which turns are set aside, and which are tries of one another, has changed."""
        for number, at in self._turns.items():
            turn, now = self.all[at], (self.tries.aside(number), pair_words(self.tries, number))
            if isinstance(turn, TurnRecord) and (turn.aside, turn.pair) != now:
                turn.aside, turn.pair = now
                self._touch(turn)

    def _labelled(self, event: Labelled) -> None:
        self._labels[event.decision] = event
        for at in self._turns.values():
            turn = self.all[at]
            if isinstance(turn, TurnRecord) and turn.decision == event.decision:
                self._judge(turn, event.decision)
                self._touch(turn)

    def _judge(self, turn: TurnRecord, decision: str) -> None:
        judged = self._labels.get(decision)
        turn.label, turn.noted = (judged.label, bool(judged.label and judged.note)) if judged else (None, False)
