"""Steering from the conversation: what the lines around it offer and foretell at each moment."""

from __future__ import annotations

from scripted_workbench import ScriptedWorkbench, turn
from test_shell_workbench import idle, until, workbench

from pier_tui.events import RepoChanged
from pier_tui.ui.widgets.footer import KeyLine
from pier_tui.ui.widgets.header import Header


async def test_the_header_gives_up_what_changed_before_it_gives_up_who_routes() -> None:
    async with workbench(ScriptedWorkbench(), (80, 24)) as (app, _):
        app.bench.show(RepoChanged(paths=("a_rather_long_name_of_a_file.py", "b.py"), branch="main", dirty=2))
        shown = app.bench.query_one(Header).render().plain
        assert shown.startswith("shop  main  2 changed ")
        assert shown.endswith("offline · self-route 0.50")


async def test_a_running_turn_is_only_offered_the_other_model_and_stopping_comes_first() -> None:
    async with workbench(ScriptedWorkbench(hold=True), (80, 24)) as (app, pilot):
        app.bench.request("go")
        await until(pilot, lambda: app.bench.work.running)
        for event in turn(1)[:2]:
            app.bench.show(event)
        await pilot.pause()
        keys = app.bench.query_one(KeyLine).render().plain
        assert keys.startswith("⏎ send  ^s steer  ^e 105B now  esc stop  ^t next model  ")
        assert "30B now" not in keys


async def test_the_price_of_doing_a_turn_again_stands_there_before_it_is_done() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        app.bench.request("go")
        await idle(pilot, app)
        app.bench.conversation.go_to(1)
        await until(pilot, lambda: "redo" in app.bench.next_words)
        assert app.bench.next_words == "redo turn 1 on the 105B: re-reads ~12k tokens ~₹0.05"
        app.bench.conversation.go_to(2)
        await until(pilot, lambda: app.bench.next_words.startswith("redo turn 2 on the 30B: "))
        app.bench.conversation.prompt.focus()
        await until(pilot, lambda: app.bench.next_words == "next turn: auto")
        app.bench.conversation.transcript.focus()
        await until(pilot, lambda: app.bench.next_words.startswith("redo turn 2 on the 30B: "))
        app.bench.conversation.prompt.focus()
        await until(pilot, lambda: app.bench.next_words == "next turn: auto")


async def test_a_price_too_long_for_the_border_leaves_out_whose_prices_they_are() -> None:
    async with workbench(ScriptedWorkbench(), (80, 24)) as (app, _):
        prompt = app.bench.conversation.prompt
        for turns, shown in (("1", "turn 1: ~12k tokens free (~₹0.05 at sarvam-2026-06)"), ("1" * 40, "free (~₹0.05)")):
            prompt.set_next(f"turn {turns}: ~12k tokens free (~₹0.05 at sarvam-2026-06)")
            assert str(prompt.border_subtitle).endswith(shown)


async def test_a_click_into_a_turns_text_puts_the_cursor_on_that_turn() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        app.bench.request("go")
        await idle(pilot, app)
        transcript = app.bench.conversation.transcript
        transcript.action_top()
        await pilot.pause()
        row = next(y for y in range(transcript.size.height) if transcript.turn_at(y) == 1)
        await pilot.click(transcript, offset=(5, row + 1))
        assert transcript.selected == 1
