"""Playing a recorded session: the same events at their own pace, or a key press at a time.

The pace comes from the events' times; long waits are shortened so that nobody waits for a user who
thought for an hour. Clock and sleep are given, so that tests wait for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pier_tui.events import AnyEvent

LONGEST = 3.0
"""Seconds any wait between two events is cut to, at speed 1."""
SLOWEST, FASTEST = 0.25, 16.0


class Player:
    """Shows `events` in order. `changed` is called when the mark in the header should say something else."""

    def __init__(
        self,
        events: Sequence[AnyEvent],
        show: Callable[[AnyEvent], None],
        changed: Callable[[str], None],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._events, self._show, self._changed, self._sleep = events, show, changed, sleep
        self._at = 0
        self._speed = 1.0
        self._go = asyncio.Event()
        self._go.set()

    @property
    def mark(self) -> str:
        """`2x`, `paused`, `at its end`."""
        if self._at >= len(self._events):
            return "at its end"
        return f"{self._speed:g}x" if self._go.is_set() else "paused"

    async def play(self) -> None:
        """Until the last event was shown."""
        self._changed(self.mark)
        while self._at < len(self._events):
            await self._sleep(self._wait())
            await self._go.wait()
            self._next()
        self._changed(self.mark)

    def _wait(self) -> float:
        if self._at == 0:
            return 0.0
        gap = self._events[self._at].time - self._events[self._at - 1].time
        return max(0.0, min(gap, LONGEST)) / self._speed

    def _next(self) -> None:
        if self._at < len(self._events):
            event = self._events[self._at]
            self._at += 1
            self._show(event)

    def pause(self) -> None:
        """Pause, or go on."""
        if self._go.is_set():
            self._go.clear()
        else:
            self._go.set()
        self._changed(self.mark)

    def step(self) -> None:
        """Pause and show one more event."""
        self._go.clear()
        self._next()
        self._changed(self.mark)

    def faster(self, factor: float) -> None:
        """Multiply the speed, within limits."""
        self._speed = min(max(self._speed * factor, SLOWEST), FASTEST)
        self._changed(self.mark)
