"""The grammar of events as a check: what every stream of a request keeps to, whichever way it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pier_tui.events import (
    AnswerCompleted,
    BackboneChanged,
    CallFinished,
    Compacted,
    Event,
    Labelled,
    Notice,
    Overridden,
    ReasoningDelta,
    RepoChanged,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnStarted,
)

ANYWHERE = (BackboneChanged, RepoChanged, Labelled, Overridden, Compacted, Notice)
"""What may come between requests too, which then have the number of the last."""


@dataclass
class _Turn:
    sent: set[int] = field(default_factory=set)
    billed: list[int] = field(default_factory=list)
    kept: int = 0
    answered: bool = False
    tool: str = ""

    @property
    def open(self) -> set[int]:
        return self.sent - set(self.billed)


def check(events: Iterable[Event]) -> None:
    """Assert that the events of one request keep the grammar, and that every call of it is billed exactly once."""
    turn: _Turn | None = None
    started = ended = False
    for event in events:
        assert not ended or isinstance(event, ANYWHERE), f"{event.type} after the end"
        match event:
            case RequestStarted():
                assert not started
                started = True
            case TurnStarted():
                assert started
                assert turn is None
                turn = _Turn()
            case TurnEnded():
                assert turn is not None
                assert (turn.answered, turn.tool) == (True, "")
                turn = None
            case RequestEnded() | RequestInterrupted() | RequestFailed():
                ended = True
                assert turn is None or not isinstance(event, RequestEnded)
                assert turn is None or not turn.open, f"calls {turn.open} were never billed"
            case _ if turn is not None:
                _in_turn(turn, event)
            case _:
                assert not isinstance(event, RouteDecided | CallFinished | AnswerCompleted | ToolCalled)
    assert ended


def _in_turn(turn: _Turn, event: Event) -> None:
    match event:
        case RouteDecided(call=call):
            assert not turn.answered
            assert call not in turn.billed, f"call {call} goes on after its bill"
            turn.sent.add(call)
        case TextDelta() | ReasoningDelta():
            assert turn.open
        case CallFinished(call=call, kept=kept):
            assert not turn.answered
            assert call not in turn.billed, f"call {call} is billed twice"
            turn.billed.append(call)
            turn.kept += kept
        case AnswerCompleted():
            assert (turn.answered, turn.open, turn.kept) == (False, set(), 1)
            turn.answered = True
        case ToolCalled(call_id=key):
            assert (turn.answered, turn.tool) == (True, "")
            turn.tool = key
        case ToolReturned(call_id=key) if not key.startswith("shell-"):
            assert turn.tool == key
            turn.tool = ""
        case _:
            pass
