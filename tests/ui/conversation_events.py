"""Event sequences as the agent yields them, for the conversation's tests."""

from __future__ import annotations

from decimal import Decimal

from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    CallFinished,
    ReasoningDelta,
    RequestEnded,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolOutput,
    ToolReturned,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Usage

MODELS: dict[Tier, str] = {"weak": "sarvam-30b", "strong": "sarvam-105b"}


def route(turn: int, *, call: int = 1, tier: Tier = "weak", way: str = "self-route", **more: object) -> RouteDecided:
    fields = {"decision": f"d{turn}", "model": MODELS[tier], "strategy": "self-route", **more}
    return RouteDecided(request=1, turn=turn, call=call, tier=tier, route=way, **fields)  # type: ignore[arg-type]


def bill(turn: int, *, call: int = 1, tier: Tier = "weak", cost: str | None = "0.0041", **more: object) -> CallFinished:
    fields = {"decision": f"d{turn}", "model": MODELS[tier], "usage": Usage(prompt=1000, cached=930, output=50), **more}
    amount = Decimal(cost) if cost else None
    return CallFinished(request=1, turn=turn, call=call, tier=tier, cost=amount, **fields)  # type: ignore[arg-type]


def request(text: str = "Fix the total") -> RequestStarted:
    return RequestStarted(request=1, text=text)


def answered(turn: int, text: str, *, tier: Tier = "weak") -> list[AnyEvent]:
    """A whole turn of one call."""
    return [
        TurnStarted(request=1, turn=turn),
        route(turn, tier=tier),
        TextDelta(request=1, turn=turn, text=text),
        route(turn, tier=tier, action="inspect", confidence=0.86),
        bill(turn, tier=tier),
        AnswerCompleted(request=1, turn=turn, tier=tier, text=text),
        TurnEnded(request=1, turn=turn, seconds=1.2),
    ]


def tool(turn: int, *, output: str = "\x1b[31m1 failed\x1b[0m\n", ok: bool = False) -> list[AnyEvent]:
    name = {"call_id": "c1", "name": "run"}
    return [
        ToolCalled(request=1, turn=turn, arguments='{"command": "pytest -q"}', line="run pytest -q", **name),
        ToolOutput(request=1, turn=turn, call_id="c1", text=output),
        ToolReturned(request=1, turn=turn, ok=ok, text="exit 1", line="run pytest -q  exit 1  3.4 s", **name),
    ]


def escalated(turn: int) -> list[AnyEvent]:
    """The weak model gives the turn up; the strong one answers."""
    return [
        TurnStarted(request=1, turn=turn),
        route(turn),
        route(turn, action="escalate", confidence=0.31, reason="edits 4 files, public API"),
        bill(turn, kept=False),
        route(turn, call=2, tier="strong", way="handoff", reason="edits 4 files, public API", handoff="Do it."),
        ReasoningDelta(request=1, turn=turn, text="First\nsecond"),
        TextDelta(request=1, turn=turn, text="Done."),
        bill(turn, call=2, tier="strong", cost="0.0771"),
        AnswerCompleted(request=1, turn=turn, tier="strong", text="Done.", reasoning="First\nsecond"),
        TurnEnded(request=1, turn=turn, seconds=9.8),
    ]


def ended() -> RequestEnded:
    return RequestEnded(request=1)
