"""The first start without a connected model: three ways, and another try where one cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scripted_workbench import ScriptedWorkbench
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from pier_tui.errors import ConfigError, PierError
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.first_start import FirstStartScreen, Setup
from pier_tui.ui.screens.local_models import LocalModelsScreen


class Pair:
    """Models that can be fetched at the second try."""

    possible, missing = True, True

    def __init__(self) -> None:
        self.starts, self.stopped = 0, False

    def offer(self) -> str:
        return "1.61 GB would be fetched from hub.example [not yet]"

    async def start(self, show: Callable[[str], None]) -> None:
        self.starts += 1
        show("half of it")
        if self.starts == 1:
            raise PierError("The disk is full [really].")

    def stop(self) -> None:
        self.stopped = True


class Choices:
    """Refuses everything but the offline pair."""

    def __init__(self) -> None:
        self.tried: list[Setup] = []
        self.pair = Pair()

    async def find(self) -> Sequence[str]:
        return []

    async def local(self) -> Pair:
        return self.pair

    async def apply(self, setup: Setup) -> None:
        self.tried.append(setup)
        if setup.way not in ("offline", "local"):
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


async def offered(pilot: Pilot[None]) -> LocalModelsScreen:
    """The offer, asked for in the panel."""
    asked = False
    for _ in range(200):
        if isinstance(pilot.app.screen, LocalModelsScreen) and pilot.app.screen.query("#start"):
            return pilot.app.screen
        button = next(iter(pilot.app.screen.query("#local").results(Button)), None)
        if button is not None and button.is_mounted and not asked:
            button.press()
            asked = True
        await pilot.pause()
    raise AssertionError("the offer never came")


async def test_models_on_this_machine_are_fetched_only_after_a_yes_and_what_failed_can_be_tried_again() -> None:
    choices = Choices()
    app = PierApp(ScriptedWorkbench().start, repository="shop", set_up=choices.ask)
    async with app.run_test(size=(80, 24)) as pilot:
        await panel(pilot, choices, 0)
        screen = await offered(pilot)
        assert "hub.example [not yet]" in str(screen.query(Static).first().render())
        assert choices.pair.starts == 0
        await pilot.press("escape")
        assert choices.pair.stopped
        await panel(pilot, choices, 0)
        screen = await offered(pilot)
        start = screen.query_one("#start", Button)
        start.press()
        for _ in range(100):
            if "The disk is full [really]." in str(screen.query_one("#state", Static).render()):
                break
            await pilot.pause()
        assert choices.tried == []
        while start.has_class("-active"):
            await pilot.pause(0.01)
        start.press()
        for _ in range(100):
            if app.bench.workbench is not None:
                break
            await pilot.pause()
        assert choices.tried == [Setup("local")]
        assert choices.pair.starts == 2
        assert app.bench.workbench is not None
