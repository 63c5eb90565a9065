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
    assert {"redo", "rewind", "right call", "edit", "/pin 105B | 30B | auto"} <= set(offered)
    assert {"costs", "router", "/suspend", "/export"} <= set(offered)
    assert {"Down", "Up", "Left", "Right", "Page down", "Page up", "Top", "Bottom"}.isdisjoint(offered)


async def test_what_another_pane_does_is_done_there_and_a_command_that_needs_a_word_waits_in_the_prompt() -> None:
    bench = ScriptedWorkbench()
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        app.bench.request("x")
        await until(pilot, lambda: bool(app.bench.story.turns) and not app.bench.work.running)
        await pilot.press("f3")
        await pilot.pause()
        runs = {title: run for title, _, run in Actions(app.bench)._entries()}
        await runs["right call"]()
        await until(pilot, lambda: ("label", ("d2", "keep")) in bench.said)
        assert app.bench.conversation.transcript.has_focus
        await runs["/pin 105B | 30B | auto"]()
        assert app.bench.conversation.prompt.text == "/pin "
        await until(pilot, lambda: app.bench.conversation.prompt.has_focus)
