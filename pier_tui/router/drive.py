"""The one place where a strategy's calls are made, streamed, metered and put on the bill.

`drive` runs a flow: for every call it asks the `Caller` for the prompt, streams the answer as events,
and sends the flow its answers. A failing router fails expensive: the strong model takes the turn and
the badge says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from pier_tui.errors import (
    BadAnswer,
    EndpointDown,
    KeyRejected,
    ModelError,
    ModelRetired,
    OutOfCredit,
    RateLimited,
    WindowExceeded,
)
from pier_tui.events import AnyEvent, CallFinished, Notice, ReasoningDelta, RouteDecided, Segment, TextDelta
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import CallNotice, Piece, ReasoningPiece, Reply, TextPiece, Tier
from pier_tui.models.usage import Usage
from pier_tui.router.decision import Decision, escalates, read_decision
from pier_tui.router.override import Steering
from pier_tui.router.strategy import Answer, Call, Strategy, TurnState

REFUSED = (KeyRejected, OutOfCredit, RateLimited, WindowExceeded, ModelRetired)
"""Errors by which an endpoint refuses a call before it works on it, so that nothing is charged."""


@dataclass(frozen=True)
class Prepared:
    """A call made ready: the stream to read and what is known of its prompt beforehand (tokens estimated).

    `handoff` is the hand-over as sent, with what the record added; `cache_break` says what is not cached and why.
    """

    card: ModelCard
    pieces: AsyncIterator[Piece]
    segments: tuple[Segment, ...] = ()
    predicted_cached: int | None = None
    prompt_tokens: int = 0
    handoff: str = ""
    cache_break: str = ""
    token_ratio: float = 1.0
    harness: str = ""
    """The version of the harness it is made with."""


class Caller(Protocol):
    """Renders prompts, opens streams and keeps the books; the agent gives one to `drive`."""

    def prepare(self, call: Call) -> Prepared:
        """Render the prompt for a call and open its stream (nothing is sent before the first piece is awaited)."""
        ...

    def finished(self, call: Call, usage: Usage, kept: bool) -> tuple[Decimal | None, dict[str, Decimal | None]]:
        """Book a call; its cost in rupees and what the same tokens would have cost elsewhere."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text, estimated."""
        ...


@dataclass(frozen=True)
class Kept:
    """What a driven turn came to: the answer to act on."""

    answer: Answer


class Drive:
    """One turn's calls. `decision_id` ties feedback to them; `seconds` is a clock for durations."""

    def __init__(self, caller: Caller, steering: Steering, decision_id: str) -> None:
        self._caller, self._steering, self._id = caller, steering, decision_id
        self._calls = 0
        self._unsaid: CallFinished | None = None

    def take_unsaid(self) -> CallFinished | None:
        """The bill of a call whose stream was left before it could be told; it is booked and belongs in the journal."""
        unsaid, self._unsaid = self._unsaid, None
        return unsaid

    async def run(self, strategy: Strategy, turn: TurnState) -> AsyncGenerator[AnyEvent | Kept, None]:
        """The events of a turn's calls, and last what was kept. Raises ModelError, Interrupted, Switched."""
        flow = strategy.flow(turn)
        try:
            calls = next(flow)
            while True:
                answers: list[Answer] = []
                async with aclosing(self._batch(calls, strategy.name, turn.threshold)) as items:
                    async for item in items:
                        if isinstance(item, Answer):
                            answers.append(item)
                        else:
                            yield item
                calls = flow.send(tuple(answers))
        except StopIteration as stop:
            yield Kept(stop.value)
        except ModelError as error:
            async with aclosing(self._fail_expensive(error, strategy.name, turn.threshold)) as rescue:
                async for rescued in rescue:
                    yield rescued
        finally:
            flow.close()

    async def _batch(
        self, calls: tuple[Call, ...], strategy: str, threshold: float
    ) -> AsyncGenerator[AnyEvent | Answer, None]:
        if len(calls) == 1:
            async with aclosing(self._call(calls[0], strategy, threshold)) as items:
                async for item in items:
                    yield item
            return
        gathered = await asyncio.gather(*(self._collect(call, strategy, threshold) for call in calls))
        for items_of_one in gathered:
            for item in items_of_one:
                if not isinstance(item, TextDelta | ReasoningDelta):
                    yield item

    async def _collect(self, call: Call, strategy: str, threshold: float) -> list[AnyEvent | Answer]:
        async with aclosing(self._call(call, strategy, threshold)) as items:
            return [item async for item in items]

    async def _fail_expensive(
        self, error: ModelError, strategy: str, threshold: float
    ) -> AsyncGenerator[AnyEvent | Kept, None]:
        if self._last.tier == "strong":
            raise error
        yield Notice(text=f"router failed -> 105B: {error}", level="warning")
        call = Call(tier="strong", route="router-failed", reason=str(error))
        async with aclosing(self._call(call, strategy, threshold)) as items:
            async for item in items:
                yield Kept(item) if isinstance(item, Answer) else item

    async def _call(self, call: Call, strategy: str, threshold: float) -> AsyncGenerator[AnyEvent | Answer, None]:
        """One call: the route, its deltas, the bill, and the answer."""
        self._last = call
        self._calls += 1
        made = self._caller.prepare(call)
        routed = self._routed(call, made, strategy, threshold)
        said: list[str] = []
        reply: Reply | None = None
        opened = False
        try:
            yield routed
            opened = True
            async with aclosing(self._pieces(made)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Reply):
                        reply = piece
                    else:
                        event = _shown(piece)
                        said.append(getattr(event, "text", "") if not isinstance(event, Notice) else "")
                        yield event
            if reply is None:
                raise BadAnswer("The endpoint ended the answer without finishing it; try the turn again.")
        except GeneratorExit as error:
            self._unsaid = self._abandoned(call, made, "".join(said) if opened else None, error)
            raise
        except (Exception, asyncio.CancelledError) as error:
            yield self._abandoned(call, made, "".join(said), error)
            raise
        for item in self._settled(call, made, routed, reply):
            if item is self._unsaid:
                self._unsaid = None
            yield item

    def _settled(self, call: Call, made: Prepared, routed: RouteDecided, reply: Reply) -> tuple[AnyEvent | Answer, ...]:
        """Book a finished call; what is known of its route by now, its bill, and the answer."""
        decision: Decision | None = call.decision
        kept = call.purpose == "act"
        known: tuple[AnyEvent, ...] = ()
        if call.tier == "weak" and call.route == "self-route":
            decision, reply = read_decision(reply)
            kept = not escalates(decision, routed.threshold or 0.0)
            shown = "escalate" if not kept else decision.action
            changes = {"action": shown, "confidence": decision.confidence, "reason": decision.reason}
            known = (routed.model_copy(update={**changes, "model": reply.model or routed.model}),)
        elif call.tier == "weak" and call.route == "forced":
            # The decision is not asked for, but it is no part of the answer either.
            _, reply = read_decision(reply)
        bill = self._bill(call, made, reply, kept)
        self._unsaid = bill
        return (*known, bill, Answer(call=call, reply=reply, decision=decision))

    def _bill(self, call: Call, made: Prepared, reply: Reply, kept: bool) -> CallFinished:
        usage = _usage(reply, made, self._caller)
        cost, elsewhere = self._caller.finished(call, usage, kept)
        return CallFinished(
            decision=self._id,
            call=self._calls,
            tier=call.tier,
            model=reply.model or made.card.id,
            offline=made.card.offline,
            usage=usage,
            cost=cost,
            price=made.card.price,
            kept=kept,
            finish_reason=reply.finish_reason,
            predicted_cached=made.predicted_cached,
            first_token=reply.first_token,
            seconds=reply.seconds,
            request_id=reply.request_id,
            counterfactual=elsewhere,
        )

    async def _pieces(self, made: Prepared) -> AsyncGenerator[Piece, None]:
        """The stream, ended at once by the user's stop or switch."""
        iterator = made.pieces
        try:
            while True:
                try:
                    yield await self._steering.race(_next(iterator), switchable=True)
                except _Done:
                    return
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    def _abandoned(self, call: Call, made: Prepared, said: str | None, error: BaseException) -> CallFinished:
        """What a call cost that the user cut off or that broke: estimated, and still on the bill.

        `said` is None where nothing was sent. A call that was refused costs nothing; what one costs
        whose connection broke before an answer is not known.
        """
        if said is None or (isinstance(error, REFUSED) and not said):
            usage = Usage(prompt=0, cached=0, output=0)
        elif isinstance(error, EndpointDown) and not said:
            usage = Usage(estimated=True)
        else:
            usage = Usage(prompt=made.prompt_tokens, output=self._caller.count(said), estimated=True)
        cost, elsewhere = self._caller.finished(call, usage, False)
        return CallFinished(
            decision=self._id,
            call=self._calls,
            tier=call.tier,
            model=made.card.id,
            offline=made.card.offline,
            usage=usage,
            cost=cost,
            price=made.card.price,
            kept=False,
            finish_reason="failed" if isinstance(error, ModelError) else "interrupted",
            counterfactual=elsewhere,
        )

    def _routed(self, call: Call, made: Prepared, strategy: str, threshold: float) -> RouteDecided:
        decision = call.decision
        return RouteDecided(
            decision=self._id,
            call=self._calls,
            tier=call.tier,
            model=made.card.id,
            offline=made.card.offline,
            strategy=strategy,
            route=call.route,
            action=decision.action if decision else "",
            confidence=decision.confidence if decision else None,
            threshold=threshold,
            reason=call.reason,
            handoff=made.handoff or call.handoff,
            cache_break=made.cache_break,
            token_ratio=made.token_ratio,
            propensity=call.propensity,
            harness=made.harness,
            segments=made.segments,
            predicted_cached=made.predicted_cached,
        )


class _Done(Exception):
    """The stream is over (StopAsyncIteration cannot leave a task)."""


async def _next(iterator: AsyncIterator[Piece]) -> Piece:
    try:
        return await anext(iterator)
    except StopAsyncIteration:
        raise _Done from None


def _shown(piece: TextPiece | ReasoningPiece | CallNotice) -> TextDelta | ReasoningDelta | Notice:
    if isinstance(piece, TextPiece):
        return TextDelta(text=piece.text)
    if isinstance(piece, ReasoningPiece):
        return ReasoningDelta(text=piece.text)
    return Notice(text=piece.text)


def _usage(reply: Reply, made: Prepared, caller: Caller) -> Usage:
    """The billed usage, or our own count marked as an estimate where the endpoint said nothing."""
    usage = reply.usage
    if usage.prompt is not None and usage.output is not None:
        return usage
    text = reply.text + reply.reasoning + "".join(c.arguments for c in reply.tool_calls)
    return usage.model_copy(
        update={
            "prompt": usage.prompt if usage.prompt is not None else made.prompt_tokens,
            "output": usage.output if usage.output is not None else caller.count(text),
            "estimated": True,
        }
    )


__all__ = ["Caller", "Drive", "Kept", "Prepared", "Tier"]
