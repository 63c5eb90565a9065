"""What a session that was left says when it is opened again: what it was working on, and what waited."""

from __future__ import annotations

from pier_tui.agent.resuming import Message, Resuming


class ComingBack:
    """The part of the agent's face that is about the program having ended and begun again."""

    _resuming: Resuming

    @property
    def unfinished(self) -> str:
        """The request an earlier run of the program was working on when it ended; empty where there is none."""
        return self._resuming.unfinished

    def waiting(self) -> tuple[Message, ...]:
        """The messages that waited when the session was left: each its kind (request, shell) and its text."""
        return self._resuming.waiting

    async def keep_waiting(self, messages: tuple[Message, ...]) -> None:
        """Remember the messages that wait now. Raises PierError where the disk refuses."""
        await self._resuming.keep(messages)

    async def others(self) -> tuple[str, ...]:
        """A sentence on every other program that has this repository open."""
        return await self._resuming.others()
