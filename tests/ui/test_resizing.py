"""A terminal that changes its size all the time, down to nothing: no fault, and everything is where it was after it."""

from __future__ import annotations

import os
import random
from typing import Any

from snapshot_scenes import PlayedWorkbench, finished, settled, until
from textual.pilot import Pilot
from textual.screen import Screen

from pier_tui.tools.approval import ApprovalRequest
from pier_tui.ui.app import PierApp
from pier_tui.ui.arrangement import Wishes, arrange
from pier_tui.ui.screens.approval import ApprovalScreen
from pier_tui.ui.screens.ask import AskScreen
from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.screens.first_start import FirstStartScreen
from pier_tui.ui.screens.turn import TurnScreen

SIZES, SIZE = 400 if os.environ.get("PIER_SOAK") else 10, (120, 36)
"""How many sizes, the corners included."""
SMALLEST, LARGEST = (20, 5), (400, 120)
ODD = [(1, 1), SMALLEST, (59, 16), (60, 15), (60, 16), (20, 120), (400, 5), LARGEST]


def sizes(seed: int) -> list[tuple[int, int]]:
    """The corners, and sizes between them."""
    chance = random.Random(seed)
    wide, high = (SMALLEST[0], LARGEST[0]), (SMALLEST[1], LARGEST[1])
    drawn = [(chance.randint(*wide), chance.randint(*high)) for _ in range(SIZES - len(ODD))]
    return [*ODD, *drawn]


async def opened(pilot: Pilot[None], app: PierApp, bench: PlayedWorkbench) -> None:
    """A session with a proposal, a half typed prompt."""
    await until(pilot, lambda: app.bench.workbench is not None)
    app.bench.request("go")
    await until(pilot, lambda: bench.shown.is_set() and not app.bench.work.running)


async def test_after_a_storm_of_sizes_everything_is_where_it_was() -> None:
    bench = PlayedWorkbench(events=finished())
    app = PierApp(bench.start, repository="shop")
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app, bench)
        prompt = app.bench.conversation.prompt
        prompt.load("half a request\nof two lines")
        prompt.cursor_location = (0, 4)
        await pilot.press("f5", "n")
        await settled(pilot, app)
        before = kept(app)
        for width, height in sizes(seed=7):
            await pilot.resize_terminal(width, height)
            small = arrange(width, height, Wishes()).too_small
            await until(pilot, lambda small=small: app.bench.frame.arrangement.too_small == small)
        await pilot.resize_terminal(*SIZE)
        await settled(pilot, app)
        assert kept(app) == before


def kept(app: PierApp) -> dict[str, object]:
    """What must survive: text and cursor of the prompt, places in the panes, and the focus."""
    prompt, view = app.bench.conversation.prompt, app.bench.diff.view
    return {
        "text": prompt.text,
        "cursor": prompt.cursor_location,
        "focus": str(app.focused),
        "hunk": view.cursor,
        "diff": view.scroll_y,
        "conversation": app.bench.conversation.transcript.scroll_y,
        "screen": [strip.text for strip in app.screen._compositor.render_strips()],
    }


ASKED = ApprovalRequest(command="make\nmake all " * 40, why="w " * 90, where="here", sandbox="none", reasons=("r",) * 9)


async def test_what_lies_over_the_panes_bears_every_size() -> None:
    bench = PlayedWorkbench(events=finished())
    app = PierApp(bench.start, repository="shop")
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, app, bench)
        screens: list[Screen[Any]] = [
            ApprovalScreen(ASKED),
            AskScreen("which? " * 90, ("a", "b")),
            FirstStartScreen(),
            TurnScreen(app.bench.story.turns[2]),
            CostsScreen(app.bench.story),
        ]
        for number, screen in enumerate(screens, start=2):
            app.push_screen(screen)
            await pilot.pause()
            for width, height in (SMALLEST, (1, 1), SIZE):
                await pilot.resize_terminal(width, height)
            assert len(app.screen_stack) == number
