"""The structured route: what the weak model says it wants to do with a turn, and how that is read.

One answer carries the decision and the action together: the decision as a call of the `route` tool,
the action as ordinary tool calls or text. Where a model cannot do both, a JSON object at the start of
its text counts, and failing that the action class is inferred from the tools it called.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ActionClass = Literal["inspect", "answer", "summarise", "edit", "run_test", "escalate"]


class Decision(BaseModel):
    """What the weak model decided. `confidence` is its own, 0 to 1; None where it gave none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: ActionClass
    confidence: float | None = None
    reason: str = ""
    handoff_prompt: str = ""
    inferred: bool = False
    """True where the decision was read off the action because the model stated none."""
