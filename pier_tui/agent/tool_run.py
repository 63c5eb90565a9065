"""Running one turn's tool calls: validate, run, propose, report. Nothing here writes into the working tree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from pier_tui.agent.head_start import HeadStart
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, PatchProposed, ToolCalled, ToolOutput, ToolReturned
from pier_tui.models.messages import Tier, ToolCall
from pier_tui.redaction import without_keys
from pier_tui.repo.diff import Patch
from pier_tui.router.override import Steering
from pier_tui.tools import registry
from pier_tui.tools.arguments import left_out, validate
from pier_tui.tools.finish import Finish
from pier_tui.tools.tool import CheckFailed, CheckPassed, Desk, Fact, Output, Tool, ToolResult

STARTED = "started on the draft"
"""Marks on its line a call that ran before its draft was accepted."""


class Pending(Protocol):
    """The pending patch set, as much of it as is needed here."""

    def patch(self) -> Patch:
        """All that is proposed, against the working tree."""
        ...


@dataclass
class TurnTools:
    """What a turn's tool calls came to. `failure` names the first thing that went wrong, '' where nothing did."""

    results: dict[str, str] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    changed: tuple[str, ...] = ()
    invalid: int = 0
    failure: str = ""
    passed: bool = False
    finished: str | None = None

    def took(self, call: ToolCall, result: ToolResult) -> None:
        """Book a result."""
        self.results[call.id] = result.text
        self.facts += result.facts
        self.changed += result.changed
        self.passed = self.passed or any(isinstance(f, CheckPassed) for f in result.facts)
        broken = next((f.signature for f in result.facts if isinstance(f, CheckFailed)), "")
        if broken:
            self.failure = self.failure or broken
        elif not result.ok:
            self.failure = self.failure or f"{call.name} failed: {result.text.splitlines()[0][:80]}"


class ToolBench:
    """Runs tool calls for the agent, one after the other."""

    def __init__(self, desk: Desk, pending: Pending, steering: Steering, clock: Callable[[], float] = time.monotonic):
        self._desk, self._pending, self._steering, self._clock = desk, pending, steering, clock
        self._ahead = HeadStart(desk)

    def begin(self, calls: tuple[ToolCall, ...], tier: Tier) -> None:
        """Start the calls of a draft that may yet be kept, where all of them are valid and only read."""
        try:
            wanted = [(call.id, *_prepared(call, tier)) for call in calls]
        except PierError:
            return
        self._ahead.begin(wanted)

    async def forget(self) -> None:
        """Throw away what was started on a draft: it is not kept, its turn is over, or files have changed since."""
        await self._ahead.forget()

    async def run(
        self,
        calls: tuple[ToolCall, ...],
        tier: Tier,
        into: TurnTools,
        answered: Callable[[ToolResult], ToolResult] = lambda result: result,
    ) -> AsyncGenerator[AnyEvent, None]:
        """The events of these calls; what they came to is collected in `into`. Raises Interrupted.

        `answered` gives each result as the models are told it: what it states may be refused.
        """
        for call in calls:
            if into.finished is not None:
                into.results[call.id] = "not run: the request was finished before it"
                continue
            async with aclosing(self._one(call, tier, into, answered)) as events:
                async for event in events:
                    yield event

    async def _one(
        self, call: ToolCall, tier: Tier, into: TurnTools, answered: Callable[[ToolResult], ToolResult]
    ) -> AsyncGenerator[AnyEvent, None]:
        started = self._clock()
        yield ToolCalled(call_id=call.id, name=call.name, arguments=call.arguments)
        result: ToolResult | None = None
        args: object = None
        try:
            tool, args = _prepared(call, tier)
        except PierError as error:
            into.invalid += 1
            result = ToolResult(ok=False, text=str(error), line=f"{call.name}: refused")
        else:
            try:
                async for item in self._items(call, tool, args):
                    if isinstance(item, Output):
                        yield ToolOutput(call_id=call.id, text=item.text)
                    else:
                        result = item
            except PierError as error:
                result = ToolResult(ok=False, text=str(error) or "refused", line=f"{call.name}: refused")
        result = result or ToolResult(ok=False, text="the tool returned nothing", line=call.name)
        if args is not None:
            result = _with_what_was_left_out(call, result)
        result = answered(result)
        result = result.model_copy(update={"text": without_keys(result.text)})
        into.took(call, result)
        if result.ok and isinstance(args, Finish.Args):
            into.finished = args.summary
        if result.changed:
            yield PatchProposed(patch=await asyncio.to_thread(self._pending.patch), paths=result.changed, tier=tier)
        yield ToolReturned(
            call_id=call.id,
            name=call.name,
            ok=result.ok,
            text=result.text,
            line=result.line or call.name,
            facts=result.facts,
            seconds=self._clock() - started,
        )

    async def _items(self, call: ToolCall, tool: Tool, args: object) -> AsyncGenerator[Output | ToolResult, None]:
        """The tool's items, those of its head start where it had one; ended at once by the user's stop."""
        if (found := await self._steering.race(self._ahead.result(call.id))) is not None:
            for ready in found:
                yield _marked(ready)
            return
        async with aclosing(_Closable(tool.run(args, self._desk))) as items:
            while True:
                item = await self._steering.race(items.next())
                if item is None:
                    return
                yield item


class _Closable:
    """A tool's iterator with an end that can leave a task (StopAsyncIteration cannot)."""

    def __init__(self, iterator: object) -> None:
        self._iterator = iterator

    async def next(self) -> Output | ToolResult | None:
        """The next item, None at the end."""
        return await anext(self._iterator, None)  # type: ignore[call-overload, no-any-return]

    async def aclose(self) -> None:
        """End the tool; a running command is killed by its own iterator."""
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await close()


def _marked(item: Output | ToolResult) -> Output | ToolResult:
    return item if isinstance(item, Output) else item.model_copy(update={"line": f"{item.line}  {STARTED}"})


def _with_what_was_left_out(call: ToolCall, result: ToolResult) -> ToolResult:
    """The result, and to the model a word on the arguments that the tool does not know."""
    unknown = left_out(registry.by_name(call.name), call.arguments)
    note = f"\n(left out, for {call.name} does not know it: {', '.join(unknown)[:200]})" if unknown else ""
    return result.model_copy(update={"text": result.text + note}) if note else result


def _prepared(call: ToolCall, tier: Tier) -> tuple[Tool, object]:
    tool = registry.by_name(call.name)
    if tier not in tool.tiers:
        names = ", ".join(sorted(t.name for t in registry.for_tier(tier)))
        raise PierError(f"{call.name} is not offered to this model; the tools are {names}.")
    return tool, validate(tool, call.arguments)
