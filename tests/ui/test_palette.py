"""What the command palette offers."""

from __future__ import annotations

from scripted_workbench import ScriptedWorkbench
from snapshot_scenes import until

from pier_tui.ui.app import PierApp
from pier_tui.ui.palette import Actions


async def test_the_palette_offers_actions_and_commands_but_no_moving_about() -> None:
    app = PierApp(ScriptedWorkbench().start, repository="shop")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        await pilot.press("f5")
        await pilot.pause()
        offered = [title for title, _, _ in Actions(app.bench)._entries()]
    assert {"costs", "router", "/suspend", "/export"} <= set(offered)
    assert {"Down", "Up", "Left", "Right", "Page down", "Page up", "Top", "Bottom"}.isdisjoint(offered)
