"""Shadow audits: the other model does a sample of turns too, from the same backbone, to learn which was needed.

Off unless the user gives a share and rupees. A turn is picked by lot when it ends and done while nothing else runs;
its tools are not run, nothing is written, and neither the backbone nor the session's bill knows of it: what it cost
stands on the pair. Two models that act the same are judged at once, the rest by the label the user puts on the turn.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from pier_tui.backbone.prefix import Tail, render
from pier_tui.backbone.state import Backbone
from pier_tui.errors import PierError
from pier_tui.events import AnswerCompleted, Event, Notice, RequestStarted, RouteDecided, TurnEnded
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import Pair
from pier_tui.models.messages import OTHER, Reply, Tier, ToolCall
from pier_tui.models.usage import Usage, cost
from pier_tui.router.decision import ESCALATE, ROUTE, read_decision

if TYPE_CHECKING:
    from pier_tui.agent.parts import Parts

MOST_WAITING = 8
"""Turns of one request that wait for their audit; the lot falls on no more."""
ROUTED = ("self-route", "handoff", "strategy", "explored")
"""Routes a strategy chose by a score: only these say anything of thresholds."""


@dataclass(frozen=True)
class _Wanted:
    """A turn to audit: what its prompt was made from, how it was routed and answered."""

    backbone: Backbone
    tail: Tail
    route: RouteDecided
    answer: AnswerCompleted


@dataclass
class Auditor:
    """One session's audits. `share` of turns, at most `most` rupees; `lots` draws."""

    parts: Parts
    log: FeedbackLog
    share: float = 0.0
    most: Decimal = Decimal(0)
    lots: Random = field(default_factory=Random)
    spent: Decimal = Decimal(0)
    _started: tuple[RouteDecided, Backbone, Tail] | None = None
    _answer: AnswerCompleted | None = None
    _waiting: list[_Wanted] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _idle: bool = False

    def hear(self, event: Event) -> None:
        """Remember how the present turn goes; draw the lot when it ends."""
        if not self.share or self.parts.only:
            return
        match event:
            case RequestStarted():
                self._idle = False
            case RouteDecided():
                self._started = (event, self.parts.books.backbone, self.parts.books.tail)
            case AnswerCompleted():
                self._answer = event
            case TurnEnded():
                self._ended(event.turn)
            case _:
                return

    def _ended(self, turn: int) -> None:
        answer = self._answer
        if self._started is None or answer is None:
            return
        route, backbone, tail = self._started
        if not route.turn == answer.turn == turn or route.route not in ROUTED or len(self._waiting) >= MOST_WAITING:
            return
        if self.lots.random() < self.share:
            self._waiting.append(_Wanted(backbone, tail, route, answer))

    def idle(self) -> None:
        """Nothing else runs now: do what waits, one after the other, until the next request."""
        self._idle = True
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def done(self) -> None:
        """Wait until nothing is being audited."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Stop."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await self.done()

    async def _run(self) -> None:
        while self._waiting and self._idle and self.spent < self.most:
            wanted = self._waiting.pop(0)
            try:
                await self._audit(wanted)
            except PierError:
                # The audit is lost, and nobody waits for it; the endpoint will say the same of the next request.
                self._waiting.clear()

    async def _audit(self, wanted: _Wanted) -> None:
        tier = OTHER[wanted.answer.tier]
        books = self.parts.books
        client, chosen = books.clients[tier], books.harnesses[tier]
        if not client.card.price.free and client.card.price.fresh is None:
            # What it would cost is unknown, so that the limit could not be kept.
            return
        left_out = {"handoff": "", "question": ""} | ({} if tier == "strong" else {"pages": ""})
        tail = wanted.tail.model_copy(update=left_out)
        prefix = render(wanted.backbone, tier, chosen.prompt, chosen.tools, tail)
        tokens = sum(segment.tokens for segment in prefix.segments)
        reply: Reply | None = None
        async for piece in client.stream(chosen.request(prefix.messages, client.card, tokens)):
            reply = piece if isinstance(piece, Reply) else reply
        if reply is None:
            return
        amount = cost(_usage(reply, tokens, books.count(reply.text)), client.card.price)
        self.spent += amount or Decimal(0)
        pair = _judged(wanted, reply, tier).model_copy(
            update={"session": self.parts.recorder.session, "probability": self.share, "cost": amount}
        )
        await self.log.pair([pair])
        label = client.card.label
        await self.parts.recorder.log(Notice(text=f"Audited turn {wanted.route.turn} on the {label}: {_words(pair)}."))


def _usage(reply: Reply, tokens: int, output: int) -> Usage:
    usage = reply.usage
    if usage.prompt is not None and usage.output is not None:
        return usage
    return Usage(prompt=usage.prompt or tokens, cached=usage.cached, output=usage.output or output, estimated=True)


def _judged(wanted: _Wanted, reply: Reply, tier: Tier) -> Pair:
    """The pair, judged where the actions are the same, or where the weak model hands the turn over."""
    calls = ", ".join(call.name for call in reply.tool_calls if call.name not in (ROUTE, ESCALATE))
    pair = Pair(decision=wanted.route.decision, source="audit", other=tier, text=calls or "an answer in words")
    decision, _ = read_decision(reply)
    if tier == "weak" and decision.action == "escalate":
        return pair.model_copy(update={"weak": 0.0, "strong": 1.0, "judge": "escalates"})
    mine, theirs = _actions(wanted.answer.tool_calls), _actions(reply.tool_calls)
    if mine and mine == theirs:
        return pair.model_copy(update={"weak": 1.0, "strong": 1.0, "judge": "same"})
    return pair


def _actions(calls: tuple[ToolCall, ...]) -> list[tuple[str, object]]:
    """Tools and arguments, whatever the order of the arguments."""
    found: list[tuple[str, object]] = []
    for call in calls:
        if call.name not in (ROUTE, ESCALATE):
            try:
                found.append((call.name, json.loads(call.arguments or "{}")))
            except ValueError:
                found.append((call.name, call.arguments))
    return found


def _words(pair: Pair) -> str:
    match pair.judge:
        case "same":
            return "it does the same"
        case "escalates":
            return "it would have handed over"
        case _:
            return f"it would have done otherwise ({pair.text}); say with e, d or k on the turn which was right"
