"""The workbench screen with a scripted agent behind it: keys in, calls and events out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from scripted_workbench import ScriptedWorkbench, script, turn
from textual.pilot import Pilot

from pier_tui.backbone.updates import Edit, Pin, Put, Remove
from pier_tui.events import Notice
from pier_tui.repo.verdict import Verdict
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.ask import AskScreen
from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.screens.help import HelpScreen
from pier_tui.ui.screens.note import NoteScreen
from pier_tui.ui.screens.router import RouterScreen
from pier_tui.ui.screens.turn import TurnScreen
from pier_tui.ui.widgets.backbone_tree import BackboneTree
from pier_tui.ui.widgets.footer import KeyLine
from pier_tui.ui.widgets.header import Header
from pier_tui.ui.widgets.prompt import PromptInput
from pier_tui.ui.widgets.status import Figures, Spinner
from pier_tui.ui.widgets.tabs import TabLine


@asynccontextmanager
async def workbench(
    bench: ScriptedWorkbench, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[tuple[PierApp, Pilot[None]]]:
    app = PierApp(bench.start, repository="shop", **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        yield app, pilot


async def until(pilot: Pilot[None], true: Any) -> None:
    for _ in range(100):
        if true():
            return
        await pilot.pause()
    raise AssertionError("never came true")


async def idle(pilot: Pilot[None], app: PierApp) -> None:
    await until(pilot, lambda: not app.bench.work.running and not app.bench.work.queue)
    await pilot.pause()


async def test_a_request_is_run_and_everything_around_the_panes_tells_of_it() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        app.bench.request("fix the failing test")
        await idle(pilot, app)
        header, figures = app.bench.query_one(Header).render().plain, app.bench.query_one(Figures).render().plain
        assert "shop  main  2 changed  fix the failing test" in header
        assert header.endswith("offline · self-route 0.50")
        assert "waiting for your review" in figures
        assert "cost ₹0.0853 · saved ~₹0.08 (r 0.05) · 50 % escalated" in figures
        assert not app.bench.query_one(Spinner).turning


async def test_a_proposal_turns_the_side_pane_to_the_diff() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        assert not app.bench.diff.display
        app.bench.request("x")
        await idle(pilot, app)
        assert app.bench.diff.display
        assert not app.bench.backbone_pane.display


async def test_a_user_reading_the_backbone_is_not_taken_away_from_it() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.focused, BackboneTree))
        app.bench.request("x")
        await idle(pilot, app)
        assert app.bench.backbone_pane.display
        assert not app.bench.diff.display


async def test_on_a_narrow_screen_a_tab_shows_that_something_is_new_until_it_is_looked_at() -> None:
    async with workbench(ScriptedWorkbench(), size=(80, 24)) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        tabs = app.bench.query_one(TabLine)
        assert "diff" in tabs.news
        await pilot.press("f5")
        await until(pilot, lambda: tabs.current == "diff")
        assert "diff" not in tabs.news


@pytest.mark.parametrize("size", [(30, 8), (59, 15), (60, 16), (80, 24), (120, 36), (200, 50)])
async def test_every_size_shows_something_and_none_crashes(size: tuple[int, int]) -> None:
    async with workbench(ScriptedWorkbench(), size=size) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        small = app.bench.query_one("#too-small")
        assert small.display == (size[0] < 60 or size[1] < 16)


async def test_tab_walks_the_panes_and_zoom_gives_one_the_whole_screen() -> None:
    async with workbench(ScriptedWorkbench(), size=(200, 50)) as (app, pilot):
        await pilot.press("f3")
        await until(pilot, lambda: app.bench.frame.wishes.focus == "backbone")
        await pilot.press("z")
        assert list(app.bench.frame.arrangement.widths) == ["backbone"]
        await pilot.press("z", "ctrl+right")
        assert app.bench.frame.arrangement.widths["backbone"] == 38
        await pilot.press("shift+tab")
        await until(pilot, lambda: app.bench.frame.wishes.focus == "diff")


async def test_escape_stops_the_request_and_keeps_what_was_said() -> None:
    bench = ScriptedWorkbench(hold=True)
    async with workbench(bench) as (app, pilot):
        app.bench.request("wait for ever")
        await until(pilot, lambda: app.bench.work.running and app.bench.activity.busy)
        await pilot.pause()
        assert "ctrl+s steer" in app.bench.query_one(KeyLine).render().plain.replace("^s", "ctrl+s")
        await pilot.press("escape")
        await idle(pilot, app)
        assert app.bench.activity.text == "idle"
        await pilot.pause()
        assert "steer" not in app.bench.query_one(KeyLine).render().plain


async def test_a_second_request_waits_for_the_first_and_can_be_dropped() -> None:
    bench = ScriptedWorkbench(hold=True)
    async with workbench(bench) as (app, pilot):
        app.bench.request("first")
        await until(pilot, lambda: app.bench.work.running)
        app.bench.request("second")
        await until(pilot, lambda: bench.said)
        assert "1 queued" in app.bench.query_one(Figures).figures
        app.bench.action_unqueue()
        assert not app.bench.work.queue
        assert bench.said == [("run", "first")]


async def test_the_next_model_is_chosen_with_its_price_and_reverts_when_a_turn_begins() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        await pilot.press("ctrl+t", "ctrl+t")
        await until(pilot, lambda: len(bench.said) == 2)
        assert bench.said == [("choose", ("weak", "next")), ("choose", ("strong", "next"))]
        assert app.bench.next_words == "next turn: 105B (once) · re-reads ~12k tokens ~₹0.05"
        app.bench.request("x")
        await idle(pilot, app)
        assert app.bench.next_words == "next turn: auto"


async def test_while_a_turn_runs_the_price_of_moving_it_is_known_before_it_is_moved() -> None:
    bench = ScriptedWorkbench(hold=True)
    async with workbench(bench) as (app, pilot):
        app.bench.request("x")
        await until(pilot, lambda: app.bench.work.running and bool(bench.said))
        for strong, words in ((False, "105B now"), (True, "30B now")):
            app.bench.show(turn(1, strong=strong)[1])
            assert app.bench.next_words == f"{words}: re-reads ~12k tokens ~₹0.05"
        await pilot.press("escape")
        await idle(pilot, app)
        assert app.bench.next_words == "next turn: auto"


async def test_a_judgement_is_given_a_note_and_the_badge_says_so() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        app.bench.conversation.go_to(1)
        await pilot.press("n")
        assert not isinstance(app.screen, NoteScreen), "there is no judgement to note anything on"
        await pilot.press("e")
        record = app.bench.conversation.turn_record(1)
        assert record is not None
        await until(pilot, lambda: record.label == "escalate")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NoteScreen) and app.focused is not None)
        await pilot.press(*"slow", "enter")
        await until(pilot, lambda: record.noted)
        assert record.badge().after() == ["you✎ should have been 105B"]
        assert app.bench.story.labels["d1"].note == "slow"
        await pilot.press("e")
        await until(pilot, lambda: not record.badge().after())


async def test_a_running_turn_can_be_moved_and_an_idle_one_leaves_the_keys_to_the_prompt() -> None:
    bench = ScriptedWorkbench(hold=True)
    async with workbench(bench) as (app, pilot):
        await pilot.press("ctrl+e")
        assert bench.said == []
        app.bench.request("x")
        await until(pilot, lambda: app.bench.activity.busy)
        await pilot.press("ctrl+e", "ctrl+d")
        await until(pilot, lambda: ("choose", ("weak", "now")) in bench.said)
        assert ("choose", ("strong", "now")) in bench.said


async def test_a_label_is_given_and_the_same_key_takes_it_back() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        for _ in range(2):
            app.bench.give_label(1, "escalate")
            await pilot.pause()
        await until(pilot, lambda: ("label", ("d1", None)) in bench.said)
        assert ("label", ("d1", "escalate")) in bench.said


async def test_a_verdict_goes_to_the_agent_and_what_was_applied_can_be_undone() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        await pilot.press("f5", "A")
        app.bench.diff.post_message(app.bench.diff.VerdictGiven(Verdict(accepted=({"path": "a", "hunk": "b"},))))
        await until(pilot, lambda: app.bench.story.applied)
        await pilot.press("f12")
        await pilot.pause()
        assert "⏎ take it back" in app.screen.query_one(KeyLine).render().plain
        await pilot.press("enter")
        await until(pilot, lambda: ("undo", (("k1",), None)) in bench.said)


@pytest.mark.parametrize(("key", "screen"), [("ctrl+b", CostsScreen), ("ctrl+o", RouterScreen), ("f1", HelpScreen)])
async def test_a_key_opens_a_screen_and_escape_closes_it(key: str, screen: type) -> None:
    async with workbench(ScriptedWorkbench(), size=(80, 24)) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        await pilot.press(key)
        assert isinstance(app.screen, screen)
        await pilot.press("escape")
        assert app.screen is app.bench


async def test_the_turn_screen_tells_decision_prompt_bill_and_tools() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        app.bench.action_show_turn(2)
        await pilot.pause()
        assert isinstance(app.screen, TurnScreen)
        text = app.screen.text(100).plain
        for part in ("0.31 (escalates below 0.50)", "public API", "harness", "Fix total()", "3 passed", "₹0.0812"):
            assert part in text


async def test_slash_commands_act_and_unknown_ones_are_sent_as_text() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        for text in ("/pin 105B", "/theme pier-light", "/etc/hosts is wrong"):
            app.bench.conversation.prompt.post_message(PromptInput.Submitted(text))
        await idle(pilot, app)
        await until(pilot, lambda: len(bench.said) == 2)
        assert set(map(str, bench.said)) == {"('choose', ('strong', 'pinned'))", "('run', '/etc/hosts is wrong')"}
        assert app.theme == "pier-light"


async def test_a_strategy_is_chosen_for_the_session_or_one_request_and_an_unknown_one_is_said() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        for text in ("/strategy mixture once", "/strategy cascade", "/strategy casade"):
            app.bench.conversation.prompt.post_message(PromptInput.Submitted(text))
        await idle(pilot, app)
        await until(pilot, lambda: app.bench.strategy == "cascade")
        assert bench.said == [("route_by", ("mixture", True)), ("route_by", ("cascade", False))]
        assert "cascade" in app.bench.query_one(Header).strategy


async def test_the_backbone_shows_what_changed_and_the_users_edits_go_to_the_agent() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        app.bench.request("fix it")
        await idle(pilot, app)
        await pilot.press("f3", "down")
        tree = app.bench.query_one(BackboneTree)
        await until(pilot, lambda: tree.row.item is not None)
        assert tree.row.item is not None
        assert (tree.row.item.text, tree.row.new) == ("fix it", True)
        await pilot.press("p")
        await pilot.press("f2", "!", "enter")
        await pilot.press("ctrl+z")
        await pilot.press("delete")
        updates = [what for name, what in bench.said if name == "update"]
        await until(pilot, lambda: len([n for n, _ in bench.said if n == "update"]) == 4)
        updates = [what[0] for name, what in bench.said if name == "update"]
        assert [type(update) for update in updates[:2]] == [Pin, Edit]
        assert updates[1].text == "fix it!"
        assert isinstance(updates[3], Remove)


async def test_an_item_can_be_added_and_escape_adds_nothing() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (_, pilot):
        await pilot.press("f3", "down", "plus")
        await pilot.press(*"step", "escape")
        await pilot.press("plus", *"step", "enter")
        await until(pilot, lambda: bench.said)
        (update,) = bench.said[0][1]
        assert isinstance(update, Put)
        assert (update.item.section, update.item.text, update.item.author) == ("plan", "step", "you")


async def test_a_question_is_answered_and_an_interrupted_one_closes_its_dialog() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench) as (app, pilot):
        worker = app.run_worker(bench.user.ask("Which [/one]?", ("[b]a", "b")))
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press("down", "enter")
        assert await worker.wait() == "b"
        worker = app.run_worker(bench.user.ask("Again?"))
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        worker.cancel()
        await until(pilot, lambda: app.screen is app.bench)


async def test_hostile_text_is_shown_and_neither_read_as_markup_nor_sent_to_the_terminal() -> None:
    bench = ScriptedWorkbench(past=tuple(script("[/] [red]x\x1b]0;owned\x07")))
    async with workbench(bench, size=(200, 50)) as (app, pilot):
        app.bench.show(Notice(text="[/x] [@click=app.quit]y", level="error"))
        await pilot.pause()
        strips = [strip.text for strip in app.screen._compositor.render_strips()]
        assert not any("\x1b" in text or "\x07" in text for text in strips)
        assert any("[red]x" in text for text in strips)


async def test_what_happened_before_is_shown_on_resume() -> None:
    async with workbench(ScriptedWorkbench(past=tuple(script("old request")))) as (app, _):
        assert app.bench.story.title == "old request"
        assert list(app.bench.story.turns) == [1, 2]


async def test_quitting_stops_the_request_and_closes_the_agent() -> None:
    bench = ScriptedWorkbench(hold=True)
    async with workbench(bench) as (app, pilot):
        app.bench.request("x")
        await until(pilot, lambda: app.bench.activity.busy)
        await pilot.press("ctrl+c")
        assert not bench.closed
        await pilot.press("ctrl+c")
        await until(pilot, lambda: bench.closed)
        assert not app.bench.work.running


async def test_keys_can_be_remapped_and_unknown_names_are_told() -> None:
    bench = ScriptedWorkbench()
    async with workbench(bench, keymap={"show.costs": "ctrl+n", "no.such": "x"}) as (app, pilot):
        await pilot.press("ctrl+n")
        assert isinstance(app.screen, CostsScreen)
        assert any("no.such" in n.message for n in app._notifications)


async def test_the_key_line_names_what_works_here_and_ends_with_help() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        await pilot.press("f3")
        await pilot.pause()
        line = app.bench.query_one(KeyLine).render().plain
        assert "add" in line
        assert "105B now" not in line
        assert line.endswith("f1 help")


async def test_an_agent_that_cannot_start_says_why_and_the_screen_stays() -> None:
    app = PierApp(repository="shop", theme="no-such-theme")
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        app.bench.request("typed before there is an agent")
        assert len(app.bench.work.queue) == 1
        assert any("no-such-theme" in n.message for n in app._notifications)
        assert isinstance(app.focused, PromptInput)


async def test_a_key_typed_right_after_going_to_a_pane_belongs_to_that_pane() -> None:
    async with workbench(ScriptedWorkbench()) as (app, _):
        app.bench.frame.action_look("diff")
        assert app.bench.focused is not None
        assert app.bench.diff in app.bench.focused.ancestors_with_self


async def test_the_prompt_has_the_focus_again_after_the_window_was_too_small() -> None:
    async with workbench(ScriptedWorkbench(), size=(80, 24)) as (app, pilot):
        await pilot.resize_terminal(50, 12)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(app.bench.focused, PromptInput))


async def test_going_to_the_turns_by_key_puts_the_cursor_on_the_last_one() -> None:
    async with workbench(ScriptedWorkbench()) as (app, pilot):
        app.bench.request("x")
        await idle(pilot, app)
        await pilot.press("f4")
        await until(pilot, lambda: app.bench.conversation.transcript.selected is not None)
        assert app.bench.conversation.transcript.selected == max(app.bench.story.turns)
