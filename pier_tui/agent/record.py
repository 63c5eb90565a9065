"""Journal before yield: every event is stamped and on disk before anyone is shown it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from pier_tui.events import TRANSIENT, Event, Notice, RequestFailed
from pier_tui.redaction import redact
from pier_tui.session.codec import shown

E = TypeVar("E", bound=Event)


class Recorder:
    """Stamps events with session, request, turn and time, and journals all that are not transient."""

    def __init__(
        self,
        append: Callable[[Event], Awaitable[None]],
        session: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._append, self.session, self._clock = append, session, clock
        self.request = 0
        self.turn = 0

    async def log(self, event: E, *, turn: int | None = None) -> E:
        """The stamped event, journalled. What a server or program said of an error may quote any key."""
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
            await self._append(stamped)
        return shown(stamped)
