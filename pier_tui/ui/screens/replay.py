"""A recording on the screen: the session view with a player instead of an agent, and the mark that never goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from pier_tui.events import AnyEvent
from pier_tui.ui.keymap import LOOKING, REPLAY
from pier_tui.ui.replay import Player
from pier_tui.ui.screens.doors import Doors
from pier_tui.ui.widgets.header import Header


class ReplayScreen(Doors):
    """Plays once `play` is called; everything can be looked at, nothing can be sent."""

    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY, *LOOKING]
    AUTO_FOCUS = "BackboneTree"

    def __init__(self, repository: str) -> None:
        super().__init__(repository)
        self.player: Player | None = None
        self.sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def on_mount(self) -> None:
        """The mark is there from the first paint."""
        self.query_one(Header).recording = "loading"
        self.conversation.box.display = False

    def play(self, events: Sequence[AnyEvent], profile: str) -> None:
        """Begin."""
        self.query_one(Header).profile = profile
        self.player = Player(events, self.show, self._mark, sleep=self.sleep)
        self.run_worker(self.player.play(), group="replay", exit_on_error=False)

    def _mark(self, text: str) -> None:
        self.query_one(Header).recording = text

    def action_replay_pause(self) -> None:
        """Pause, or go on."""
        if self.player:
            self.player.pause()

    def action_replay_step(self) -> None:
        """One event."""
        if self.player:
            self.player.step()

    def action_replay_speed(self, factor: float) -> None:
        """Faster or slower."""
        if self.player:
            self.player.faster(factor)
