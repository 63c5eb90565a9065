"""Trace signals: what the last turns already say about the next one, without asking a model.

The figures are those measured on recorded sessions: two failures in a row of the same kind, two
invalid calls, or twelve turns that read nothing new are worth the strong model; one is not.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

SAME_FAILURES = 2
INVALID_CALLS = 2
QUIET_TURNS = 12
LATCH_AFTER = 2


class Signals(BaseModel):
    """Counts over the present request, updated by the agent after each turn.

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

    def failed(self, kind: str) -> Signals:
        """The same failure again counts up; another kind starts at one."""
        return self.model_copy(update={"failure": kind, "failures": self.failures + 1 if kind == self.failure else 1})

    def passed(self) -> Signals:
        """A check passed: nothing is failing, and the latch opens."""
        return self.model_copy(update={"failure": "", "failures": 0, "invalid_calls": 0, "latched": False})

    def turned(self, *, strong: bool, progress: bool, invalid: int) -> Signals:
        """After a turn: who did it, whether it brought anything new, how many of its calls were invalid."""
        escalations = self.escalations + 1 if strong else 0
        return self.model_copy(
            update={
                "escalations": escalations,
                "quiet_turns": 0 if progress else self.quiet_turns + 1,
                "invalid_calls": self.invalid_calls + invalid if invalid else 0,
                "latched": self.latched or escalations >= LATCH_AFTER,
            }
        )


def reason_to_escalate(signals: Signals) -> tuple[str, bool]:
    """Why the strong model should take the next turn whatever the weak one would say, and whether it is the latch."""
    if signals.failures >= SAME_FAILURES:
        return f"{signals.failures} times the same failure: {signals.failure}", False
    if signals.invalid_calls >= INVALID_CALLS:
        return f"{signals.invalid_calls} invalid tool calls in a row", False
    if signals.quiet_turns >= QUIET_TURNS:
        return f"{signals.quiet_turns} turns without progress", False
    if signals.latched:
        return "two escalations in a row: 105B until a check passes", True
    return "", False
