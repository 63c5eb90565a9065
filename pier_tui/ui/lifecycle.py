"""From the first paint to the last key: setting up, starting the agent, going on with another session, closing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from textual.app import App

from pier_tui.errors import PierError
from pier_tui.events import Notice
from pier_tui.tools.approval import User
from pier_tui.ui.asking import DialogUser
from pier_tui.ui.screens.first_start import SetUp, connect
from pier_tui.ui.screens.trust import Gate, admitted, cleared
from pier_tui.ui.screens.workbench import WorkbenchScreen
from pier_tui.ui.widgets.header import Header
from pier_tui.ui.workbench import Workbench

Start = Callable[[User], Awaitable[Workbench]]
Reopen = Callable[[User, str], Awaitable[Workbench]]
Watch = Callable[[], AsyncIterator[tuple[str, ...]]]
Connecting = Callable[[], Awaitable[SetUp | None]]
"""What to ask at the first start; None where models are connected."""


@dataclass
class Lifecycle:
    """The agent's life in the app.

    `gate` asks what must be decided first, `set_up` finds out whether models are connected, `watch` follows the files.
    """

    start: Start | None = None
    reopen: Reopen | None = None
    watch: Watch | None = None
    set_up: Connecting | None = None
    gate: Gate | None = None
    workbench: Workbench | None = None

    async def begin(self, app: App[None], screen: WorkbenchScreen) -> None:
        """Ask whether the directory is trusted and how to connect, where that is open; then start the agent."""
        try:
            if self.gate is not None and not await admitted(app, self.gate):
                app.exit()
                return
            await _glimpse(screen)
            asked = await self.set_up() if self.set_up is not None else None
            if asked is not None:
                await connect(app, asked)
            if self.gate is not None:
                await cleared(app, self.gate)
            if self.start is not None:
                await self._attach(screen, self.start(DialogUser(app)))
        except PierError as error:
            screen.show(Notice(text=str(error), level="error"))

    async def follow(self, screen: Callable[[], WorkbenchScreen]) -> None:
        """Tell the agent what others change in the files."""
        if self.watch is None or self.workbench is None:
            return
        async for paths in self.watch():
            if self.workbench is not None:
                screen().work.aside(self.workbench.repo_changed(paths))

    async def go_on(self, app: App[None], screen: WorkbenchScreen, session: str) -> None:
        """Open another session on a fresh screen."""
        if self.reopen is None:
            return
        try:
            await _glimpse(screen, session)
            await self._attach(screen, self.reopen(DialogUser(app), session))
        except PierError as error:
            screen.show(Notice(text=str(error), level="error"))

    async def _attach(self, screen: WorkbenchScreen, starting: Awaitable[Workbench]) -> None:
        """Give the screen its agent, and show what it remembers."""
        self.workbench = await starting
        await screen.resume(self.workbench.history())
        screen.query_one(Header).trusted = self.gate is None or self.gate.trusted
        screen.resumable = self.reopen is not None
        screen.attach(self.workbench)

    async def close(self, screen: WorkbenchScreen) -> None:
        """Stop what runs and close the agent."""
        await screen.work.stop()
        if self.workbench is not None:
            await screen.keep_draft()
            workbench, self.workbench = self.workbench, None
            await workbench.aclose()


async def _glimpse(screen: WorkbenchScreen, session: str = "") -> None:
    """The end of the session's text, long before its agent stands."""
    if screen.shelf is not None:
        screen.glimpse(await screen.shelf.tail(session))
