"""What costs rupees beside the turns says so first, and happens only after a yes."""

from __future__ import annotations

from scripted_workbench import ScriptedWorkbench
from test_shell_workbench import idle, until, workbench
from textual.pilot import Pilot
from textual.widgets import Static

from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.beforehand import PriceScreen
from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.widgets.prompt import PromptInput
from pier_tui.ui.widgets.transcript_records import NoteRecord


async def asked(app: PierApp, pilot: Pilot[None], command: str) -> str:
    """The price a command tells before anything happens."""
    app.bench.conversation.prompt.post_message(PromptInput.Submitted(command))
    await until(pilot, lambda: isinstance(app.screen, PriceScreen))
    return str(app.screen.query_one(Static).render())


def told(app: PierApp) -> list[str]:
    return [str(note.message) for note in app._notifications]


def notes(app: PierApp) -> list[str]:
    return [r.text for r in app.bench.conversation.transcript.records.all if isinstance(r, NoteRecord)]


async def test_a_compaction_is_taken_back_by_a_command_once_its_price_was_told() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        text = await asked(app, pilot, "/undo-compaction")
        assert "re-reads ~7.0k tokens ~₹0.02 on the 30B, or re-reads ~12k tokens ~₹0.05 on the 105B" in text
        await pilot.press("down", "enter")
        await asked(app, pilot, "/undo-compaction")
        assert bench.said == []
        await pilot.press("enter")
        await until(pilot, lambda: bool(bench.said))
        await idle(pilot, app)
        assert bench.said == [("undo_compaction", None)]


async def test_where_nothing_was_compacted_that_is_said_and_nothing_asked() -> None:
    async with workbench(ScriptedWorkbench(nothing_compacted=True)) as (app, pilot):
        app.bench.conversation.prompt.post_message(PromptInput.Submitted("/undo-compaction"))
        await until(pilot, lambda: told(app) == ["There is no compaction to undo."])


async def test_a_prompt_is_read_ahead_once_its_price_was_told_and_stands_on_the_costs_screen_by_itself() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        text = await asked(app, pilot, "/warm-up")
        assert text.startswith("To read the 105B's next prompt ahead: ~12k tokens ~₹0.05.")
        await pilot.press("escape")
        await pilot.pause()
        assert bench.said == []
        await asked(app, pilot, "/warm-up")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.bench.story.warm_ups.calls))
        assert bench.said == [("warm", "strong")]
        assert notes(app)[-1] == "warm-up: the 105B read 12k tokens ahead  ₹0.0480"
        rows = CostsScreen(app.bench.story).text(100).plain.splitlines()
        assert [row.split() for row in rows if row.startswith("warm-up")][:2] == [
            ["warm-up", "1", "12,000", "900", "7", "%", "1"],
            ["warm-up", "?", "?", "?", "₹0.0480"],
        ]


async def test_asked_for_always_a_prompt_is_read_ahead_after_every_request_until_told_off() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        await asked(app, pilot, "/warm-up")
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(bench.said) == 1)
        app.bench.request("fix the failing test")
        await until(pilot, lambda: bench.said[-1] == ("warm", "strong") and len(bench.said) == 3)
        assert told(app)[-1] == "Reading the 105B's next prompt ahead: ~12k tokens ~₹0.05."
        app.bench.conversation.prompt.post_message(PromptInput.Submitted("/warm-up off"))
        await until(pilot, lambda: not bench.warming.always)
        app.bench.request("and again")
        await until(pilot, lambda: bench.said[-1][0] == "run")
        await idle(pilot, app)
        assert len(bench.said) == 4
