"""Trace signals: what the last turns already say about the next one, without asking a model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Signals(BaseModel):
    """Counts over the present request, updated by the agent after each tool.

    `failures` is how many times in a row the same kind of failure came (`failure` names it); `latched`
    keeps the strong model for the rest of the request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    failure: str = ""
    failures: int = 0
    invalid_calls: int = 0
    quiet_turns: int = 0
    """Turns since the last edit, test or new file range."""
    escalations: int = 0
    """Escalations in a row."""
    latched: bool = False
