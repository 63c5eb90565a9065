"""Stopping and resuming as the screen sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from scripted_workbench import ScriptedWorkbench
from test_shell_workbench import until, workbench

from pier_tui.events import AnyEvent, Notice, Overridden
from pier_tui.ui.work import Job


class Pinned(ScriptedWorkbench):
    """A resumed session in which the user had pinned a model."""

    def history(self) -> Sequence[AnyEvent]:
        return (Overridden(choice="weak", scope="pinned"), Overridden(choice="strong", scope="pinned"))


async def test_a_pin_of_a_resumed_session_is_shown() -> None:
    async with workbench(Pinned()) as (app, _):
        assert app.bench.pinned == "strong"
        assert "pinned" in app.bench.next_words


async def test_a_second_stop_does_not_cut_off_what_the_first_one_writes_down() -> None:
    ended: list[str] = []
    stopping, release = asyncio.Event(), asyncio.Event()

    async def request() -> AsyncIterator[AnyEvent]:
        try:
            yield Notice(text="started")
            await asyncio.Event().wait()
        finally:
            stopping.set()
            await release.wait()
            ended.append("written down")

    async with workbench(ScriptedWorkbench()) as (app, pilot):
        app.bench.work.request(Job("x", request))
        await pilot.pause()
        app.bench.action_interrupt()
        await until(pilot, stopping.is_set)
        app.bench.action_interrupt()
        await pilot.pause()
        release.set()
        await until(pilot, lambda: not app.bench.work.running)
    assert ended == ["written down"]
