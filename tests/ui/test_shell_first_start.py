"""The first start without a connected model: three ways, and another try where one cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from scripted_workbench import ScriptedWorkbench
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from pier_tui.errors import ConfigError
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.first_start import FirstStartScreen, Setup


class Choices:
    """Refuses everything but the offline pair."""

    def __init__(self) -> None:
        self.tried: list[Setup] = []

    async def find(self) -> Sequence[str]:
        return []

    async def apply(self, setup: Setup) -> None:
        self.tried.append(setup)
        if setup.way != "offline":
            raise ConfigError("No model server answers at [nowhere].")

    async def ask(self) -> Choices:
        return self


async def panel(pilot: Pilot[None], choices: Choices, tries: int) -> FirstStartScreen:
    for _ in range(100):
        await pilot.pause()
        if len(choices.tried) == tries and isinstance(pilot.app.screen, FirstStartScreen):
            return pilot.app.screen
    raise AssertionError("the panel never came")


async def test_a_choice_that_cannot_be_used_is_explained_and_asked_again() -> None:
    choices = Choices()
    app = PierApp(ScriptedWorkbench().start, repository="shop", set_up=choices.ask)
    async with app.run_test(size=(80, 24)) as pilot:
        first = await panel(pilot, choices, 0)
        assert not first.query("#wrong")
        first.query_one("#server", Input).value = "http://127.0.0.1:9/v1"
        first.query_one("#server", Input).focus()
        await pilot.press("enter")
        second = await panel(pilot, choices, 1)
        assert "No model server answers at [nowhere]." in str(second.query_one("#wrong", Static).render())
        await pilot.press("escape")
        for _ in range(100):
            if app.bench.workbench is not None:
                break
            await pilot.pause()
        assert choices.tried[-1] == Setup("offline")
        assert app.bench.workbench is not None


async def test_every_way_can_be_seen_on_the_smallest_screen() -> None:
    choices = Choices()
    app = PierApp(ScriptedWorkbench().start, repository="shop", set_up=choices.ask)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await panel(pilot, choices, 0)
        box = screen.query_one(".dialog").content_region
        for widget in (*screen.query(Button), *screen.query(Input)):
            assert box.contains_region(widget.region), widget
