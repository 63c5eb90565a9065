"""One request from what the user typed until the floor is his again: turns, each routed, answered and acted on."""

from __future__ import annotations

import time
from asyncio import CancelledError
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Literal

from pier_tui.agent import compacting
from pier_tui.agent.history import request_message, turn_messages, update_message
from pier_tui.agent.paging import paged
from pier_tui.agent.parts import Parts
from pier_tui.agent.past import Mark
from pier_tui.agent.routing import Trail
from pier_tui.agent.stuck import CUT_OFF, NOTHING, Repeats, brings_something, cut_off, hopeless, stepped
from pier_tui.agent.tool_run import TurnTools
from pier_tui.backbone.prefix import Tail
from pier_tui.errors import BudgetExceeded, PierError
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    BackboneRestored,
    Choice,
    Notice,
    Overridden,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    TextDelta,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.messages import ToolCall
from pier_tui.router.decision import ESCALATE, ROUTE
from pier_tui.router.drive import Drive, Kept
from pier_tui.router.override import Interrupted, Switched
from pier_tui.router.signals import Signals
from pier_tui.router.strategies.single import Single
from pier_tui.router.strategy import Answer, Strategy

NOT_HANDED_OVER = "not handed over: this turn is yours by the user's choice"
NUDGE = "You have made this same call three times with the same result. Do something else, or finish."


class RequestLoop:
    """Runs one request. `seconds` is a monotonic clock."""

    def __init__(self, parts: Parts, text: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._p, self._text, self._seconds = parts, text, seconds
        self._signals, self._repeats, self._trail = Signals(), Repeats(), Trail()
        self._routing, self._routed_by = parts.routing, parts.routing.strategy
        self._turns = 0
        self._started = seconds()
        self._spent_before = parts.books.spent
        self._said = ""
        self._open: tuple[Answer, TurnTools] | None = None
        self._drive: Drive | None = None
        self._empty, self._cuts, self._cut = 0, 0, False
        self._end: RequestEnded | None = None

    async def run(self, first: Choice = "auto", *, again: bool = False) -> AsyncGenerator[AnyEvent, None]:
        """The request's events. `first` forces its first turn; `again` continues a request instead of opening one."""
        log, closed = self._p.recorder.log, False
        self._p.steering.begin()
        self._routing = self._p.routing.take()
        self._routed_by = self._routing.strategy
        if not again:
            self._p.recorder.request += 1
        try:
            yield await log(RequestStarted(text=self._text))
            if not again:
                async for event in self._opened():
                    yield event
            while self._end is None:
                self._check_budget()
                async with aclosing(self._turn(first)) as events:
                    async for event in events:
                        yield event
                first = "auto"
                self._go_on_for_the_user()
            closed = True
            yield await log(self._end)
        except (Interrupted, CancelledError) as stop:
            async for event in self._cut_off():
                yield event
            closed = True
            yield await log(RequestInterrupted(partial=self._said))
            if isinstance(stop, CancelledError):
                raise
        except BudgetExceeded as error:
            closed = True
            yield await log(RequestEnded(why="budget", text=str(error)))
        except PierError as error:
            async for event in self._cut_off():
                yield event
            closed = True
            yield await log(RequestFailed(text=str(error), partial=self._said))
        finally:
            if not closed:
                # The stream was left, so nobody is shown this.
                _ = [event async for event in self._cut_off()]
                await log(RequestInterrupted(partial=self._said))

    async def _opened(self) -> AsyncGenerator[AnyEvent, None]:
        atlas, books = self._p.atlas, self._p.books
        if self._p.recorder.request == 1:
            if atlas is not None:
                card = await atlas.card(self._text, books.backbone)
                books.backbone = books.backbone.model_copy(update={"repo_card": card})
            yield await self._p.recorder.log(BackboneRestored(backbone=books.backbone))
        elif atlas is not None:
            async for event in self._p.change((), await atlas.addition(self._text, books.backbone)):
                yield event
        scribe = self._p.scribe("you")
        scribe.put("goal", f"request {self._p.recorder.request}", self._text)
        async for event in self._p.change(scribe.updates, (request_message(self._text),)):
            yield event

    def _check_budget(self) -> None:
        spent = self._p.books.spent - self._spent_before
        self._p.budget.check(self._turns, spent, self._seconds() - self._started)

    async def _turn(self, first: Choice) -> AsyncGenerator[AnyEvent, None]:
        p, began = self._p, self._seconds()
        p.recorder.turn += 1
        self._turns += 1
        self._said = ""
        choice = p.steering.take_next()
        choice = first if first != "auto" else choice
        mark = Mark(p.recorder.turn, self._text, p.books.backbone, p.overlay.snapshot())
        p.marks.append(mark)
        yield await p.recorder.log(TurnStarted(forced=choice))
        for said in p.steering.take_messages():
            async for event in p.change((), (update_message(f"The user adds: {said}"),)):
                yield event
        async for event in compacting.when_full(p, self._text):
            yield event
        answer: Answer | None = None
        async with aclosing(self._routed(choice)) as items:
            async for item in items:
                if isinstance(item, Kept):
                    answer = item.answer
                else:
                    yield item
        assert answer is not None
        mark.tier = answer.call.tier
        async with aclosing(self._act(answer)) as events:
            async for event in events:
                yield event
        yield await p.recorder.log(TurnEnded(seconds=self._seconds() - began))
        for alarm in p.books.take_alarms():
            yield await p.recorder.log(Notice(text=alarm))
        async for event in compacting.when_due(p, self._text):
            yield event

    def _strategy(self, choice: Choice) -> Strategy:
        p = self._p
        if choice != "auto":
            return Single(choice, "forced", "forced by you")
        return Single(p.only, "only", "the only model of this session") if p.only else self._routed_by

    async def _routed(self, choice: Choice) -> AsyncGenerator[AnyEvent | Kept, None]:
        """Drive the strategy, starting over on the other model when the user switches in the middle."""
        p = self._p
        strategy = self._strategy(choice)
        self._drive = drive = Drive(p.books, p.steering, f"{p.recorder.session}-{p.recorder.turn}")
        call = 0
        while True:
            p.books.tail = await self._tail(forced=isinstance(strategy, Single))
            state = self._trail.state(self._routing, p.books, self._text, self._signals, p.overlay)
            try:
                async with aclosing(drive.run(strategy, state)) as items:
                    async for item in items:
                        if isinstance(item, TextDelta):
                            self._said += item.text
                        elif isinstance(item, RouteDecided) and item.call != call:
                            call, self._said = item.call, ""
                        yield item if isinstance(item, Kept) else await p.recorder.log(item)
                return
            except Switched as switch:
                yield await p.recorder.log(Overridden(choice=switch.tier, scope="now"))
                strategy = Single(switch.tier, "forced", "switched by you")

    async def _tail(self, *, forced: bool) -> Tail:
        p, state = self._p, self._p.books.backbone
        return Tail(
            budget=p.budget.left(self._turns - 1, p.books.spent - self._spent_before),
            errors=tuple(f"{i.key}: {i.text}" for i in state.section("errors") if i.status == "open")[-4:],
            questions=tuple(i.text for i in state.section("questions") if i.status == "open")[-3:],
            ask="This turn is yours by the user's choice; do not hand over." if forced and not p.only else "",
            pages=await paged(p.overlay, state, min(p.page_tokens, p.books.spare("strong"))),
        )

    async def _act(self, answer: Answer) -> AsyncGenerator[AnyEvent, None]:
        """Run the answer's tool calls, write down what they brought, and see whether the request is done."""
        p, reply, tier = self._p, answer.reply, answer.call.tier
        calls = tuple(c for c in reply.tool_calls if c.name not in (ROUTE, ESCALATE))
        told = NOT_HANDED_OVER if answer.call.route == "forced" else "noted"
        noted = {c.id: told if c.name == ESCALATE else "noted" for c in reply.tool_calls if c not in calls}
        done = TurnTools(results=noted)
        self._open, self._said = (answer, done), ""
        yield await p.recorder.log(
            AnswerCompleted(tier=tier, text=reply.text, reasoning=reply.reasoning, tool_calls=calls)
        )
        before = p.books.backbone
        answered = p.scribe(speaker=tier).answered
        async with aclosing(p.bench.run(calls, tier, done, answered)) as events:
            async for event in events:
                yield await p.recorder.log(event)
        self._open = None
        self._trail.took(answer, calls, done)
        scribe = p.scribe(speaker=tier)  # from the state as it is now: the user may have changed it meanwhile
        scribe.record(done.facts)
        advice = self._learn(answer, calls, done, brings_something(done.facts, done.changed, before))
        messages = turn_messages(reply.text, reply.tool_calls, done.results)
        extra = (update_message(advice),) if advice else ()
        async for event in p.change(scribe.updates, messages + extra):
            yield event

    def _learn(self, answer: Answer, calls: tuple[ToolCall, ...], done: TurnTools, progress: bool) -> str:
        """Update the signals and decide whether the request ends here; returns advice for the models, if any."""
        strong = answer.call.tier == "strong"
        cut = cut_off(answer.reply)
        announced_only = not calls and not answer.reply.text.strip() and not cut
        self._empty, self._cuts = self._empty + 1 if announced_only else 0, self._cuts + 1 if cut else 0
        failure = done.failure or (CUT_OFF if cut else NOTHING if announced_only else "")
        signals = stepped(self._signals, failure=failure, passed=done.passed, rescued=strong)
        routed = strong and answer.call.route != "forced"
        self._signals = signals.turned(strong=routed, progress=progress, invalid=done.invalid)
        if done.finished is not None:
            self._finish("finished", done.finished)
        elif not calls and not announced_only and not cut:
            self._finish("answered", "")
        repeated = [self._repeats.add(c, done.results.get(c.id, "")) for c in calls]
        if why := hopeless(self._empty, self._cuts, strong=strong, repeated="stop" in repeated):
            self._finish("stuck", why)
        return NUDGE if "nudge" in repeated else cut

    def _go_on_for_the_user(self) -> None:
        """What he said while the last answer was on its way gets a turn of its own."""
        if self._p.steering.messages and self._end is not None and self._end.why != "stuck":
            self._end = None

    def _finish(self, why: Literal["finished", "answered", "stuck"], text: str) -> None:
        self._end = RequestEnded(why=why, text=text)

    async def _cut_off(self) -> AsyncGenerator[AnyEvent, None]:
        """Tell both models, in the record, what was cut off: calls stay paired with results, and the bill is kept."""
        if self._cut:
            return
        self._cut = True
        for bill in self._drive.take_unsaid() if self._drive is not None else ():
            yield await self._p.recorder.log(bill)
        if self._open is not None:
            answer, done = self._open
            results = {c.id: done.results.get(c.id, "stopped by the user") for c in answer.reply.tool_calls}
            scribe = self._p.scribe()
            scribe.record(done.facts)
            messages = turn_messages(answer.reply.text, answer.reply.tool_calls, results)
            async for event in self._p.change(scribe.updates, messages):
                yield event
        elif self._said:
            words = f"The answer was cut off. It had said: {self._said[-400:]}"
            async for event in self._p.change((), (update_message(words),)):
                yield event
