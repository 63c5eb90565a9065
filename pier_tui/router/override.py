"""What the user wants of routing: the next turn, the pin, the running turn; and his stop.

`Steering` is also what running calls race against: a switch or an interrupt ends them at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

from pier_tui.events import Choice
from pier_tui.models.messages import Tier

T = TypeVar("T")

Scope = Literal["next", "pinned", "now"]


class Interrupted(Exception):
    """The user stopped the request."""


class Switched(Exception):
    """The user moved the running turn to the other model."""

    def __init__(self, tier: Tier) -> None:
        super().__init__(tier)
        self.tier: Tier = tier


class Steering:
    """The user's standing wishes. All methods are called on the event loop."""

    def __init__(self, only: Tier | None = None) -> None:
        self.only = only
        self.pinned: Choice = "auto"
        self.next: Choice = "auto"
        self.messages: list[str] = []
        self._target: Tier | None = None
        self._switch = asyncio.Event()
        self._stop = asyncio.Event()

    def choose(self, choice: Choice, scope: Scope) -> None:
        """Force the next turn, pin the session, or switch the running turn (`now`)."""
        if scope == "pinned":
            self.pinned = choice
        elif scope == "next":
            self.next = choice
        elif choice != "auto":
            self._target = choice
            self._switch.set()

    def interrupt(self) -> None:
        """Stop the request as soon as anything running notices."""
        self._stop.set()

    def begin(self) -> None:
        """A new request: earlier stops and switches no longer count."""
        self._stop.clear()
        self._switch.clear()

    def take_next(self) -> Choice:
        """The choice for a turn that starts now; a one-turn choice reverts by being taken."""
        if self._switch.is_set() and self._target:
            self._switch.clear()
            return self._target
        choice = self.next if self.next != "auto" else self.pinned
        self.next = "auto"
        return choice

    def take_messages(self) -> tuple[str, ...]:
        """What the user said meanwhile, once."""
        messages, self.messages = tuple(self.messages), []
        return messages

    async def race(self, work: Coroutine[Any, Any, T], *, switchable: bool = False) -> T:
        """Await `work` unless the user stops it (Interrupted) or, where it may, switches it (Switched).

        A switch that comes while something else than a call runs waits for the next turn.
        """
        if self._stop.is_set():
            work.close()
            raise Interrupted
        task = asyncio.ensure_future(work)
        wakers = [asyncio.ensure_future(self._stop.wait())]
        if switchable:
            wakers.append(asyncio.ensure_future(self._switch.wait()))
        try:
            await asyncio.wait({task, *wakers}, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                raise Interrupted
            # Of several calls at once each is woken by one switch, which the first of them takes back.
            if switchable and self._target and (self._switch.is_set() or not task.done()):
                self._switch.clear()
                raise Switched(self._target)
            return task.result()
        finally:
            for waker in wakers:
                waker.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                # Looked at, so that an error nobody waits for any more is not reported later.
                task.exception()
