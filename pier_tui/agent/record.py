"""Journal before yield: every event is stamped and on disk before anyone is shown it.

While the disk refuses, events wait in memory, in order, and go to disk with the first one it takes again. The first
refusal is raised, which stops the request; what then closes it is shown although it waits, since the user was told.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar, cast

from pier_tui.errors import PierError
from pier_tui.events import TRANSIENT, Event, Notice, RequestFailed, RequestStarted
from pier_tui.redaction import redact
from pier_tui.session.codec import shown

E = TypeVar("E", bound=Event)

MOST_WAITING = 10_000
"""Events that wait for the disk at most; more than a request that was stopped can still bring."""


class Recorder:
    """Stamps events with session, request, turn and time, and journals all that are not transient.

    `append` writes several events as one: all or none.
    """

    def __init__(
        self,
        append: Callable[[Sequence[Event]], Awaitable[None]],
        session: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._append, self.session, self._clock = append, session, clock
        self.request = 0
        self.turn = 0
        self.heard: Callable[[Event], None] | None = None
        """Told of every event that is kept, before it is."""
        self.waiting: list[Event] = []
        """What the disk has refused so far."""
        self._told = False

    async def log(self, event: E, *, turn: int | None = None) -> E:
        """The stamped event, journalled. What a server or program said of an error may quote any key.

        Raises PierError at the disk's first refusal, and at every new request.
        """
        if isinstance(event, Notice | RequestFailed):
            event = cast("E", event.model_copy(update={"text": redact(event.text)}))
        stamped = event.model_copy(
            update={
                "session": self.session,
                "request": self.request,
                "turn": self.turn if turn is None else turn,
                "time": self._clock(),
            }
        )
        if not isinstance(stamped, TRANSIENT):
            if isinstance(stamped, RequestStarted):
                self._told = False
            if self.heard is not None:
                self.heard(stamped)
            await self._write(stamped)
        return shown(stamped)

    async def flush(self) -> None:
        """Try once more to write what waits. Raises PierError."""
        if self.waiting:
            await self._append(tuple(self.waiting))
            self.waiting.clear()
        self._told = False

    async def _write(self, event: Event) -> None:
        self.waiting.append(event)
        try:
            await self.flush()
        except PierError:
            del self.waiting[MOST_WAITING:]
            if self._told:
                return
            self._told = True
            raise
