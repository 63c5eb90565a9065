"""A routing strategy is a sans-IO flow: it yields batches of calls and is sent their answers.

After httpx's auth flow: the strategy never networks, streams or counts; `drive` does all of that, so
no strategy can forget to be billed and every one is tested dry.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pier_tui.models.messages import Reply, Tier
from pier_tui.router.decision import Decision
from pier_tui.router.signals import Signals

Route = Literal["self-route", "latch", "signal", "handoff", "forced", "only", "router-failed", "strategy"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Call(_Frozen):
    """One wanted call. `act` answers the turn; the other purposes serve the strategy and are never shown as the answer.

    `route` and `reason` go on the badge; `handoff` is added to the strong model's prompt.
    """

    tier: Tier
    purpose: Literal["act", "verify", "draft", "aggregate"] = "act"
    route: Route = "strategy"
    reason: str = ""
    handoff: str = ""
    decision: Decision | None = None
    propensity: float = 1.0


class Answer(_Frozen):
    """What a call came to: the reply, and the decision read from it when the weak model acted."""

    call: Call
    reply: Reply
    decision: Decision | None = None


class TurnState(_Frozen):
    """What a strategy may look at before a turn. `threshold`: confidence below it escalates."""

    request: str
    signals: Signals
    threshold: float = 0.5


Flow = Generator[tuple[Call, ...], tuple[Answer, ...], Answer]
"""Yields calls (a batch runs concurrently), is sent their answers in order, returns the answer to keep."""


class Strategy(Protocol):
    """A way of choosing who does a turn."""

    name: str
    about: str
    """One line for the Router screen: what it does and what it costs."""

    def flow(self, turn: TurnState) -> Flow:
        """The calls for one turn."""
        ...
