"""The structured route: what the weak model says it wants to do with a turn, and how that is read.

One answer carries the decision and the action together: the decision as a call of the `route` tool,
the action as ordinary tool calls or text. Where a model cannot do both, a JSON object at the start of
its text counts, and failing that the action class is inferred from the tools it called.
"""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from pier_tui.models.messages import Reply, ToolCall

ActionClass = Literal["inspect", "answer", "summarise", "edit", "run_test", "escalate"]
ACTIONS: tuple[str, ...] = get_args(ActionClass)

ROUTE, ESCALATE = "route", "escalate"

_CLASS_OF_TOOL: dict[str, ActionClass] = {
    "edit": "edit",
    "replace_function": "edit",
    "rename_symbol": "edit",
    "write": "edit",
    "delete": "edit",
    "move": "edit",
    "run": "run_test",
    "run_tests": "run_test",
    "finish": "summarise",
}


class Decision(BaseModel):
    """What the weak model decided. `confidence` is its own, 0 to 1; None where it gave none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: ActionClass
    confidence: float | None = None
    reason: str = ""
    handoff_prompt: str = ""
    inferred: bool = False
    """True where the decision was read off the action because the model stated none."""


def read_decision(reply: Reply) -> tuple[Decision, Reply]:
    """The decision in a weak answer, and the answer as the action alone where the decision stood in its text."""
    for call in reply.tool_calls:
        if call.name == ESCALATE:
            fields = _fields(call)
            return _decision({**fields, "action": "escalate"}), reply
    for call in reply.tool_calls:
        if call.name == ROUTE and (fields := _fields(call)):
            return _decision(fields), reply
    fields, rest = _leading_object(reply.text)
    if fields.get("action") in ACTIONS:
        return _decision(fields), reply.model_copy(update={"text": rest})
    return Decision(action=_inferred(reply), inferred=True), reply


def _inferred(reply: Reply) -> ActionClass:
    classes = [_CLASS_OF_TOOL.get(c.name, "inspect") for c in reply.tool_calls]
    for wanted in ("edit", "run_test", "summarise", "inspect"):
        if wanted in classes:
            return wanted
    return "answer"


def _fields(call: ToolCall) -> dict[str, Any]:
    fields, _ = _leading_object(call.arguments)
    return fields


def _leading_object(text: str) -> tuple[dict[str, Any], str]:
    """The JSON object a text starts with (a code fence is allowed) and what follows it."""
    start = text.find("{")
    if start < 0 or text[:start].strip() not in ("", "```", "```json"):
        return {}, text
    try:
        value, end = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return {}, text
    rest = text[start + end :].lstrip().removeprefix("```").lstrip("\n")
    return (value, rest) if isinstance(value, dict) else ({}, text)


def _decision(fields: dict[str, Any]) -> Decision:
    action = fields.get("action")
    return Decision(
        action=action if action in ACTIONS else "inspect",
        confidence=_confidence(fields.get("confidence")),
        reason=str(fields.get("reason") or "")[:300],
        handoff_prompt=str(fields.get("handoff_prompt") or ""),
        inferred=action not in ACTIONS,
    )


def _confidence(value: Any) -> float | None:
    """A share of one; percentages and strings are understood, anything else is no statement at all."""
    try:
        number = float(str(value).strip().rstrip("%"))
    except ValueError:
        return None
    if number > 1:
        number /= 100
    return number if 0 <= number <= 1 else None
