"""Draws the README's pictures: the real app on the sample repository with the offline pair, driven key by key.

Usage: python screenshots/make.py [FOLDER]. Writes SVG files; nothing outside the folder and a temporary one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from pier_tui.repo.sample import make_sample
from pier_tui.ui import launch
from pier_tui.ui.app import PierApp

Check = Callable[[PierApp], bool]
REQUEST = "fix the failing tests"


async def until(pilot: Pilot[None], app: PierApp, check: Check, seconds: float = 120.0) -> None:
    """Let the app work until the check holds."""
    for _ in range(int(seconds / 0.05)):
        if check(app):
            return await pilot.pause()
        await asyncio.sleep(0.05)
    raise SystemExit("The app did not get there in time.")


def ready(app: PierApp) -> bool:
    return app.bench.workbench is not None and app.bench.conversation.prompt.has_focus


def idle(app: PierApp) -> bool:
    return not app.bench.work.running and not app.bench.work.queue


def reviewing(app: PierApp) -> bool:
    return app.bench.diff.view.has_focus and not app.bench.diff.sources.unsettled


async def ask(pilot: Pilot[None], app: PierApp) -> None:
    """Type the request and let it be worked on."""
    await until(pilot, app, ready)
    await pilot.press(*("space" if letter == " " else letter for letter in REQUEST), "enter")
    await until(pilot, app, lambda a: bool(a.bench.story.turns))
    await until(pilot, app, idle)


async def review(pilot: Pilot[None], app: PierApp) -> None:
    """Look at the proposal and accept its first hunk."""
    await ask(pilot, app)
    await pilot.press("f5")
    await until(pilot, app, reviewing)
    await pilot.press("space")


PICTURES: dict[str, tuple[tuple[int, int], str, Callable[[Pilot[None], PierApp], Awaitable[None]]]] = {
    "workbench-dark": ((160, 45), "pier-dark", review),
    "workbench-light": ((160, 45), "pier-light", review),
    "two-panes": ((120, 36), "pier-dark", review),
    "one-pane": ((80, 24), "pier-dark", ask),
}


async def draw(name: str, folder: Path) -> None:
    size, theme, steps = PICTURES[name]
    with tempfile.TemporaryDirectory() as scratch:
        env = {**os.environ, "XDG_STATE_HOME": f"{scratch}/state", "XDG_CONFIG_HOME": f"{scratch}/config"}
        root = make_sample(Path(scratch) / "shop")
        overrides = {"profile": "offline", "theme": theme, "pace": 0.0, "approval_policy": "never"}
        app = launch.build(launch.Opening(root, overrides, env, trusted=True))
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await steps(pilot, app)
            app.bench.conversation.prompt.cursor_blink = False
            await pilot.pause()
            (folder / f"{name}.svg").write_text(app.export_screenshot(title="pier-tui"), encoding="utf-8")
            await app.action_quit()


def main() -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "SARVAM_API_KEY"):
        os.environ.pop(name, None)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name in PICTURES:
        asyncio.run(draw(name, folder))


if __name__ == "__main__":
    main()
