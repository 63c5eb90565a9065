"""The one place where a strategy's calls are made, streamed, metered and put on the bill.

`drive` runs a flow: for every call it asks the `Caller` for the prompt, streams the answer as events,
and sends the flow its answers. A bill is written when it is known whether the answer is kept: exactly one
a turn is. A failing router fails expensive: the strong model takes the turn and the badge says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from pier_tui.errors import BadAnswer, ModelError
from pier_tui.events import AnyEvent, CallFinished, Notice, ReasoningDelta, RouteDecided, TextDelta
from pier_tui.models.messages import CallNotice, Piece, ReasoningPiece, Reply, TextPiece
from pier_tui.router.bills import Answered, Caller, Prepared, Sent
from pier_tui.router.decision import Decision, read_decision
from pier_tui.router.gate import handed_over
from pier_tui.router.override import Steering
from pier_tui.router.strategy import Answer, Call, Flow, Judgement, Strategy, TurnState

ACTING = ("act", "aggregate")
"""Purposes whose answer may be kept."""


@dataclass(frozen=True)
class Kept:
    """What a driven turn came to: the answer to act on."""

    answer: Answer


@dataclass(frozen=True)
class Drafted:
    """An answer made ahead, while it is not known whether it is kept: what only reads may start."""

    answer: Answer


Driven = AnyEvent | Kept | Drafted


class RouterBroken(Exception):
    """The strategy itself failed, or a call it needed beside the strong model's: the sentence says how."""


class Drive:
    """One turn's calls. `decision_id` ties feedback to them."""

    def __init__(self, caller: Caller, steering: Steering, decision_id: str) -> None:
        self._caller, self._steering, self._id = caller, steering, decision_id
        self._calls = 0
        self._open: dict[int, tuple[Answered, Answer]] = {}
        self._unsaid: list[CallFinished] = []

    def take_unsaid(self) -> tuple[CallFinished, ...]:
        """Bills of calls whose stream was left before they could be told; they are booked and belong in the journal."""
        unsaid, self._unsaid = (*self._unsaid, *self._set_aside()), []
        return unsaid

    async def run(self, strategy: Strategy, turn: TurnState) -> AsyncGenerator[Driven, None]:
        """The events of a turn's calls, and last what was kept. Raises ModelError, Interrupted, Switched.

        Between them `Drafted`, once at most: the answer of a call made ahead.
        """
        self._name, self._threshold = strategy.name, turn.threshold
        flow = strategy.flow(turn)
        try:
            async with aclosing(self._steps(flow)) as items:
                async for item in items:
                    yield item
        except RouterBroken as error:
            async with aclosing(self._fail_expensive(str(error))) as rescue:
                async for rescued in rescue:
                    yield rescued
        except (Exception, asyncio.CancelledError):
            for bill in self._set_aside():
                yield bill
            raise
        finally:
            flow.close()

    async def _steps(self, flow: Flow) -> AsyncGenerator[Driven, None]:
        step, hopped = _next_step(flow, None), False
        while not isinstance(step, Answer):
            acts = [call for call in step if call.purpose in ACTING]
            if hopped and acts:
                raise RouterBroken("the strategy asked for a second hop")
            hopped = hopped or any(call.tier == "strong" for call in acts)
            if hopped:
                why = next((call.judgement for call in acts if call.judgement), None)
                for event in self._settle(None, why):
                    yield event
            answers: list[Answer] = []
            async with aclosing(self._batch(step)) as items:
                async for item in items:
                    if not isinstance(item, Answer):
                        yield item
                        continue
                    answers.append(item)
                    if len(answers) < len(step) and _may_start(item):
                        yield Drafted(item)
            step = _next_step(flow, tuple(sorted(answers, key=lambda a: a.number)))
        # An answer that nobody was asked for, such as a recorded one, has no bill.
        recorded = not step.number and not self._open
        if step.number not in self._open and not recorded:
            raise RouterBroken("the strategy kept no answer of this turn")
        for event in self._settle(step.number, step.judgement):
            yield event
        yield Kept(step)

    def _settle(self, number: int | None, judgement: Judgement | None) -> Iterator[AnyEvent]:
        """What is known now of the open answers: the one of this number is kept, the others are set aside."""
        for at in sorted(self._open):
            answered, _ = self._open.pop(at)
            routed = answered.settled(judgement if number in (None, at) else None, kept=at == number)
            bill = answered.bill(self._caller, kept=at == number)
            self._unsaid.append(bill)
            if routed is not None:
                yield routed
            self._unsaid.remove(bill)
            yield bill

    def _set_aside(self) -> tuple[CallFinished, ...]:
        """The bills of open answers that nobody will keep."""
        open_ones, self._open = self._open, {}
        return tuple(answered.bill(self._caller, kept=False) for _, (answered, _) in sorted(open_ones.items()))

    async def _fail_expensive(self, why: str) -> AsyncGenerator[Driven, None]:
        yield Notice(text=f"router failed -> 105B: {why}", level="warning")
        strong = next((n for n, (_, a) in sorted(self._open.items()) if a.call.tier == "strong"), None)
        if strong is None:
            for bill in self._set_aside():
                yield bill
            call = Call(tier="strong", route="router-failed", reason=why)
            async with aclosing(self._call(call, shown=True)) as items:
                async for item in items:
                    if not isinstance(item, Answer):
                        yield item
            strong = self._calls
        _, answer = self._open[strong]
        for event in self._settle(strong, None):
            yield event
        yield Kept(answer)

    async def _batch(self, calls: tuple[Call, ...]) -> AsyncGenerator[AnyEvent | Answer, None]:
        """Events and answers of calls that run side by side, as they come; the last acting one is shown streaming.

        The first failure ends the others, which stay on the bill; but a strong model that may answer the turn goes on
        where another call failed, as it would be asked anew.
        """
        if len(calls) == 1:
            async with aclosing(self._guarded(calls[0], shown=calls[0].purpose in ACTING)) as only:
                async for item in only:
                    yield item
            return
        queue: asyncio.Queue[AnyEvent | Answer | None] = asyncio.Queue()

        async def pump(call: Call, shown: bool) -> None:
            try:
                async with aclosing(self._guarded(call, shown=shown)) as items:
                    async for item in items:
                        queue.put_nowait(item)
            finally:
                queue.put_nowait(None)

        tasks = [asyncio.ensure_future(pump(c, c is calls[-1] and c.purpose in ACTING)) for c in calls]
        rescues = [t for t, c in zip(tasks, calls, strict=True) if c.tier == "strong" and c.purpose in ACTING]
        try:
            async with aclosing(_drained(queue, tasks, rescues)) as drained:
                async for item in drained:
                    yield item
        finally:
            await _ended(tasks)
            self._unsaid += [item for item in _left(queue) if isinstance(item, CallFinished)]

    async def _guarded(self, call: Call, *, shown: bool) -> AsyncGenerator[AnyEvent | Answer, None]:
        """A call whose failure is the router's where the strong model can still take the turn."""
        try:
            async with aclosing(self._call(call, shown=shown)) as items:
                async for item in items:
                    yield item
        except ModelError as error:
            if call.tier == "strong" or call.route == "only":
                raise
            raise RouterBroken(str(error)) from error

    async def _call(self, call: Call, *, shown: bool) -> AsyncGenerator[AnyEvent | Answer, None]:
        """One call: the route, its deltas where it is shown, and the answer; its bill unless it may be kept."""
        self._calls += 1
        sent = Sent(self._id, self._calls, call, self._caller.prepare(call), self._name, self._threshold)
        said: list[str] = []
        reply: Reply | None = None
        opened = False
        try:
            yield sent.route()
            opened = True
            async with aclosing(self._pieces(sent.made)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Reply):
                        reply = piece
                        continue
                    event = _shown(piece)
                    if isinstance(event, Notice):
                        yield event
                        continue
                    said.append(event.text)
                    if shown:
                        yield event
            if reply is None:
                raise BadAnswer("The endpoint ended the answer without finishing it; try the turn again.")
        except GeneratorExit as error:
            self._unsaid.append(sent.cut_off("".join(said) if opened else None, error, self._caller))
            raise
        except (Exception, asyncio.CancelledError) as error:
            yield sent.cut_off("".join(said), error, self._caller)
            raise
        for item in self._answered(sent, reply):
            yield item

    def _answered(self, sent: Sent, reply: Reply) -> Iterator[CallFinished | Answer]:
        call = sent.call
        decision: Decision | None = None
        if call.tier == "weak" and call.purpose in ACTING and call.route != "only":
            decision, reply = read_decision(reply)
        told = None if call.route == "forced" else decision
        answered = Answered(sent, reply, told)
        answer = Answer(call=call, reply=reply, decision=told or call.decision, number=sent.number)
        if call.purpose in ACTING:
            self._open[sent.number] = (answered, answer)
        else:
            yield answered.bill(self._caller, kept=False)
        yield answer

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


def _may_start(answer: Answer) -> bool:
    """Whether tools may start on an answer before it is known whether it is kept."""
    return answer.call.ahead and answer.call.purpose in ACTING and not handed_over(answer)


def _next_step(flow: Flow, answers: tuple[Answer, ...] | None) -> tuple[Call, ...] | Answer:
    """The flow's next batch, or the answer it keeps. Raises RouterBroken for whatever goes wrong in a strategy."""
    try:
        return next(flow) if answers is None else flow.send(answers)
    except StopIteration as stop:
        if isinstance(stop.value, Answer):
            return stop.value
        raise RouterBroken("the strategy kept no answer") from None
    except Exception as error:
        raise RouterBroken(f"{type(error).__name__}: {error}") from error


async def _drained(
    queue: asyncio.Queue[AnyEvent | Answer | None], tasks: list[asyncio.Task[None]], rescues: list[asyncio.Task[None]]
) -> AsyncGenerator[AnyEvent | Answer, None]:
    """What the tasks put into the queue until all are over. Raises the first task's error once the others ended.

    That error ends them, but not `rescues` where it is the router's; what ends those counts more.
    """
    left, error = len(tasks), None
    while left:
        item = await queue.get()
        if item is not None:
            yield item
            continue
        left -= 1
        failed = next(_errors(tasks), None)
        if failed is not None and error is None:
            error = failed
            spared = rescues if isinstance(error, RouterBroken) else []
            for task in tasks:
                if task not in spared:
                    task.cancel()
    await _ended(tasks)
    error = next(_errors(rescues), error or next(_errors(tasks), None))
    if error is not None:
        raise error


def _errors(tasks: list[asyncio.Task[None]]) -> Iterator[BaseException]:
    """What those that are over ended by."""
    return (e for t in tasks if t.done() and not t.cancelled() and (e := t.exception()) is not None)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _left(queue: asyncio.Queue[AnyEvent | Answer | None]) -> Iterator[AnyEvent | Answer | None]:
    while not queue.empty():
        yield queue.get_nowait()


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


__all__ = ["Caller", "Drafted", "Drive", "Driven", "Kept", "Prepared", "RouteDecided", "RouterBroken"]
