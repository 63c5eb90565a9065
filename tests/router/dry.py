"""Flows run by hand: no network, no drive, just answers."""

from __future__ import annotations

import json
from collections.abc import Callable

from pier_tui.models.messages import Reply, ToolCall
from pier_tui.router.decision import read_decision
from pier_tui.router.signals import Signals
from pier_tui.router.strategy import Answer, Call, Strategy, TurnState


def reply(*made: tuple[str, dict[str, object] | str], text: str = "") -> Reply:
    return Reply(
        text=text,
        tool_calls=tuple(
            ToolCall(id=str(n), name=name, arguments=a if isinstance(a, str) else json.dumps(a))
            for n, (name, a) in enumerate(made)
        ),
    )


def routed(action: str, confidence: float | None = None, *made: tuple[str, dict[str, object]], **more: str) -> Reply:
    fields: dict[str, object] = {"action": action, "confidence": confidence, **more}
    return reply(("route", fields), *made)


READ: tuple[str, dict[str, object]] = ("read", {"path": "app.py"})
HANDED_OVER = routed("escalate", 0.9, reason="hard", handoff_prompt="do it")


def turn(**fields: object) -> TurnState:
    return TurnState(**{"request": "fix it", "signals": Signals(), **fields})  # type: ignore[arg-type]


def dry(strategy: Strategy, state: TurnState, say: Callable[[Call], Reply]) -> tuple[list[list[Call]], Answer]:
    """The batches a flow asks for, each call answered by `say`, and what it keeps."""
    flow, batches, number = strategy.flow(state), [], 0
    try:
        batch = next(flow)
        while True:
            batches.append(list(batch))
            answers = []
            for call in batch:
                number += 1
                said = say(call)
                decision = None
                if call.tier == "weak" and call.purpose == "act":
                    decision, said = read_decision(said)
                answers.append(Answer(call=call, reply=said, decision=decision or call.decision, number=number))
            batch = flow.send(tuple(answers))
    except StopIteration as stop:
        return batches, stop.value


def shape(batches: list[list[Call]]) -> list[list[tuple[str, str]]]:
    return [[(call.tier, call.purpose) for call in batch] for batch in batches]
