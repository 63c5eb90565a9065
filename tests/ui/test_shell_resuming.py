"""Going on with another session from the list of sessions."""

from __future__ import annotations

from collections.abc import Sequence

from scripted_workbench import ScriptedWorkbench
from textual.pilot import Pilot

from pier_tui.events import AnyEvent
from pier_tui.tools.approval import User
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.sessions import SessionsScreen
from pier_tui.ui.widgets.footer import KeyLine
from pier_tui.ui.workbench import SessionLine, Workbench


class OneSession:
    """A shelf with one session on it."""

    async def sessions(self) -> Sequence[SessionLine]:
        return [SessionLineOf()]

    async def tail(self, session_id: str = "") -> Sequence[AnyEvent]:
        return ()

    async def export(self, session_id: str) -> str:
        return session_id


class SessionLineOf:
    """A row of the list."""

    id = "old"
    title = "fix the tests"
    started = 0.0
    turns = 3
    cost = None


async def until(pilot: Pilot[None], true: object) -> None:
    for _ in range(100):
        if callable(true) and true():
            return
        await pilot.pause()
    raise AssertionError("never came true")


async def go_on(app: PierApp, pilot: Pilot[None]) -> None:
    """Choose the session in the list, and wait for the fresh screen."""
    await until(pilot, lambda: app.bench.workbench is not None)
    before = app.bench
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
    await pilot.pause()
    assert "⏎ go on with it" in app.screen.query_one(KeyLine).render().plain
    await pilot.press("down", "enter")
    await until(pilot, lambda: app.screen is app.bench is not before)


async def test_another_session_is_opened_on_a_fresh_screen_and_so_is_a_third() -> None:
    opened: list[str] = []

    async def reopen(user: User, session: str) -> Workbench:
        opened.append(session)
        return await ScriptedWorkbench().start(user)

    app = PierApp(ScriptedWorkbench().start, repository="shop", reopen=reopen, shelf=OneSession())
    async with app.run_test(size=(120, 36)) as pilot:
        await go_on(app, pilot)
        await go_on(app, pilot)
        await until(pilot, lambda: opened == ["old", "old"])
