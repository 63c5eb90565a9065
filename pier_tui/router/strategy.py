"""A routing strategy is a sans-IO flow: it yields batches of calls and is sent their answers.

After httpx's auth flow: the strategy never networks, streams or counts; `drive` does all of that, so
no strategy can forget to be billed and every one is tested dry. One direction everywhere: a score is a
confidence, how likely the weak model's answer is good enough; below the threshold a turn escalates.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pier_tui.calibration import Calibrator, Identity
from pier_tui.models.messages import Reply, Tier
from pier_tui.router.decision import Decision
from pier_tui.router.execution import Known
from pier_tui.router.signals import Signals

Route = Literal[
    "self-route", "latch", "signal", "handoff", "forced", "only", "router-failed", "strategy", "cache", "explored"
]
Purpose = Literal["act", "verify", "draft", "aggregate"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Judgement(_Frozen):
    """Whether the weak model keeps a turn. `score` is raw, `confidence` calibrated; both None where nothing was asked.

    `propensity` is the probability with which the arm that was taken would have been taken.
    """

    escalate: bool
    confidence: float | None = None
    score: float | None = None
    propensity: float = 1.0
    explored: bool = False
    reason: str = ""
    features: dict[str, float] = {}


class Call(_Frozen):
    """One wanted call. `act` answers the turn, `aggregate` answers it from others' drafts; `verify` and `draft`
    serve the strategy and are never shown as the answer.

    `route` and `reason` go on the badge; `handoff` is added to the strong model's prompt; `question` is put last
    in the prompt. Without `tools` the model may only speak; its `own` turn it may not hand over. `judgement` is why
    this call is made after another. Of a call made `ahead`, tools that only read may start while others still run.
    """

    tier: Tier
    purpose: Purpose = "act"
    route: Route = "strategy"
    reason: str = ""
    handoff: str = ""
    question: str = ""
    tools: bool = True
    own: bool = False
    ahead: bool = False
    decision: Decision | None = None
    judgement: Judgement | None = None
    propensity: float = 1.0


class Answer(_Frozen):
    """What a call came to: the reply, and the decision read from it when the weak model acted.

    `number` is the call's number in the turn; `judgement` is put there by the strategy that returns it.
    """

    call: Call
    reply: Reply
    decision: Decision | None = None
    number: int = 0
    judgement: Judgement | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the next call to a tier costs, in rupees (estimates): `now` with its cold prefix re-read, `later` when warm.

    `fresh` is the price of a million input tokens, `reread` the tokens that are not in its cache.
    """

    now: Decimal
    later: Decimal
    fresh: Decimal = Decimal(0)
    reread: int = 0


@dataclass(frozen=True, kw_only=True)
class TurnState:
    """What a strategy may look at before a turn; plain values only.

    `threshold`: a calibrated confidence below it escalates. `epsilon` is the share of turns decided by lot and
    `draw` the lot, uniform in [0, 1). `last` did the last turn of this request, `dwell` turns in a row.
    """

    request: str
    signals: Signals
    threshold: float = 0.5
    calibrator: Calibrator = field(default_factory=Identity)
    epsilon: float = 0.0
    draw: float = 1.0
    last: Tier | None = None
    dwell: int = 0
    min_dwell: int = 1
    readings: Mapping[Tier, Reading] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    """The latest open errors, newest last."""
    features: Mapping[str, float] = field(default_factory=dict)
    known: Known = field(default_factory=Known)


Flow = Generator[tuple[Call, ...], tuple[Answer, ...], Answer]
"""Yields calls (a batch runs concurrently), is sent their answers in order, returns the answer to keep."""


class Score(Protocol):
    """How likely the weak model's answer is good enough, 0 to 1; before any call `draft` is None."""

    def __call__(self, turn: TurnState, draft: Answer | None) -> float:
        """The raw score; the calibrator is applied to it later."""
        ...


class Strategy(Protocol):
    """A way of choosing who does a turn."""

    name: str
    about: str
    """One line for the Router screen: what it does, what it costs, when not to use it."""

    def flow(self, turn: TurnState) -> Flow:
        """The calls for one turn."""
        ...
