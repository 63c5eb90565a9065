"""Requests per minute held to what the account allows; the waiting itself is done by the caller."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """A token bucket: a quarter of a minute's requests at once, then evenly. `rpm` None never waits."""

    def __init__(self, rpm: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rpm, self._clock = rpm, clock
        self._room = float(max(1, (rpm or 0) // 4))
        self._left = self._room
        self._at = clock()

    def reserve(self) -> float:
        """Take the next place in the queue; seconds to wait before sending, 0.0 when free now."""
        if not self._rpm:
            return 0.0
        now = self._clock()
        self._left = min(self._room, self._left + (now - self._at) * self._rpm / 60)
        self._at = now
        self._left -= 1
        return max(0.0, -self._left * 60 / self._rpm)
