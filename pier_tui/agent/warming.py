"""Reading the other model's next prompt while nobody waits, so that a switch finds it cached. Off unless switched on.

A warm-up asks for one token of answer, and that is thrown away: it costs the prompt's fresh tokens, and is a line of
its own on the bill. A request ends one that is still under way, and none begins while a request runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.errors import EndpointDown, PierError
from pier_tui.events import AnyEvent, PromptWarmed
from pier_tui.models.messages import OTHER, Reply, Tier
from pier_tui.models.usage import Usage
from pier_tui.router.bills import Prepared

if TYPE_CHECKING:
    from pier_tui.agent.parts import Parts

LEAST = 1024
"""Tokens that must be missing from the cache for a warm-up after a request to be worth a call (estimated)."""
OVERTAKEN = "ended by the next request"


@dataclass(frozen=True)
class Ahead:
    """A prompt that could be read ahead: whose, and what of it is missing from the cache and costs."""

    tier: Tier
    price: SwitchPrice

    @property
    def worth(self) -> bool:
        """Whether enough of it is missing."""
        return self.price.reread_tokens >= LEAST


class Warming:
    """One session's warm-ups, at most one at a time. `always`: after every request, where it is worth it."""

    def __init__(self, parts: Parts, always: bool = False) -> None:
        self._p, self.always = parts, always
        self._busy = False
        self._task: asyncio.Task[PromptWarmed] | None = None

    def next(self, tier: Tier | None = None) -> Ahead | None:
        """What would be read ahead now: of `tier`, or of the model the last turn was not on. None with one model."""
        if self._p.only is not None:
            return None
        last = self._p.marks[-1].tier if self._p.marks else "weak"
        chosen = tier or OTHER[last]
        return Ahead(chosen, self._p.books.switch_price(chosen))

    async def read(self, tier: Tier | None = None) -> AsyncGenerator[AnyEvent, None]:
        """Read a prompt ahead, to its end or until a request begins. Raises PierError where that cannot be done."""
        ahead = self.next(tier)
        if ahead is None:
            raise PierError("This session uses one model only, so there is no other prompt to read ahead.")
        if self._busy:
            raise PierError("A request is running; a prompt is read ahead only while none does.")
        if self._task is not None:
            raise PierError("A prompt is being read ahead already.")
        self._task = task = asyncio.create_task(self._warm(ahead.tier))
        try:
            await asyncio.wait({task})
        finally:
            await self.stop()
        if not task.cancelled():
            yield task.result()

    async def hold(self) -> None:
        """A request begins: what is under way ends now, and is on the bill before the request is."""
        self._busy = True
        await self.stop()

    def release(self) -> None:
        """The request is over."""
        self._busy = False

    async def stop(self) -> None:
        """End what is under way."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task})

    async def _warm(self, tier: Tier) -> PromptWarmed:
        prepared = self._p.books.ahead(tier)
        reply, failure = await _reply(prepared)
        usage = reply.usage
        if not failure and usage.prompt is None:
            usage = usage.model_copy(update={"prompt": prepared.prompt_tokens, "output": 1, "estimated": True})
        cost = self._p.books.warmed(tier, usage, prepared.predicted_cached, read=not failure)
        event = PromptWarmed(
            tier=tier,
            model=reply.model or prepared.card.id,
            usage=usage,
            cost=cost,
            price=prepared.card.price,
            predicted_cached=prepared.predicted_cached,
            failure=failure,
        )
        return await self._p.recorder.log(event, turn=0)


async def _reply(prepared: Prepared) -> tuple[Reply, str]:
    """What came of the call, and why it came to nothing where it did.

    Cut off, it may have cost all of its prompt; what one costs whose connection broke is not known.
    """
    reply = Reply()
    try:
        async with aclosing(cast("Any", prepared.pieces)) as pieces:
            async for piece in pieces:
                reply = piece if isinstance(piece, Reply) else reply
    except EndpointDown as error:
        return Reply(usage=Usage(estimated=True)), str(error)
    except PierError as error:
        return Reply(usage=Usage(prompt=0, cached=0, output=0)), str(error)
    except asyncio.CancelledError:
        return Reply(usage=Usage(prompt=prepared.prompt_tokens, output=0, estimated=True)), OVERTAKEN
    return reply, ""
