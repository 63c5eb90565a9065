"""Going on with another session from the list of sessions."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from kept_sessions import KeptSessions, Line
from scripted_workbench import ScriptedWorkbench
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from pier_tui.events import AnswerCompleted, RequestStarted, ToolCalled, TurnStarted
from pier_tui.tools.approval import User
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.sessions import SessionsScreen, one_line
from pier_tui.ui.widgets.footer import KeyLine
from pier_tui.ui.widgets.header import Header
from pier_tui.ui.workbench import Workbench


async def until(pilot: Pilot[None], true: object) -> None:
    for _ in range(100):
        if callable(true) and true():
            return
        await pilot.pause()
    raise AssertionError("never came true")


async def go_on(app: PierApp, pilot: Pilot[None]) -> None:
    """Choose the session in the list, and wait for the fresh screen."""
    await until(pilot, lambda: app.bench.workbench is not None)
    before = app.bench
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
    await pilot.pause()
    assert "⏎ open" in app.screen.query_one(KeyLine).render().plain
    await pilot.press("enter")
    await until(pilot, lambda: app.screen is app.bench is not before)


async def test_another_session_is_opened_on_a_fresh_screen_and_so_is_a_third() -> None:
    opened: list[str] = []

    async def reopen(user: User, session: str) -> Workbench:
        opened.append(session)
        return await ScriptedWorkbench().start(user)

    app = PierApp(ScriptedWorkbench().start, repository="shop", reopen=reopen, shelf=KeptSessions(Line()))
    async with app.run_test(size=(120, 36)) as pilot:
        await go_on(app, pilot)
        await go_on(app, pilot)
        await until(pilot, lambda: opened == ["old", "old"])


async def shown(app: PierApp, pilot: Pilot[None]) -> SessionsScreen:
    """The list of sessions, filled."""
    await until(pilot, lambda: app.bench.workbench is not None)
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and bool(rows(app)))
    assert isinstance(app.screen, SessionsScreen)
    return app.screen


def rows(app: PierApp) -> list[str]:
    """The lines of the list."""
    return [str(option.prompt) for option in app.screen.query_one(OptionList).options]


def said(app: PierApp) -> str:
    return str(app.screen.query_one("#said", Static).render())


async def reopen(user: User, session: str) -> Workbench:
    return await ScriptedWorkbench().start(user)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_sessions_are_copied_renamed_deleted_and_written_out_on_the_screen(size: tuple[int, int]) -> None:
    shelf = KeptSessions(Line(open="here"), Line("two", "a \x1b[31mlong title " * 9, unpriced=2, open="elsewhere"))
    unpriced = one_line(replace(Line("x", unpriced=2), cost=Decimal(0)), 0.0).plain
    assert unpriced.split("turns")[1].split()[0] == "?"
    app = PierApp(ScriptedWorkbench().start, repository="shop", reopen=reopen, shelf=shelf)
    async with app.run_test(size=size) as pilot:
        await shown(app, pilot)
        assert all(len(row) <= size[0] for row in rows(app))
        assert rows(app)[0].endswith("this one")
        assert "≥₹0.0812" in rows(app)[1]
        assert rows(app)[1].endswith("other window")
        assert "\x1b" not in rows(app)[1]
        keys = app.screen.query_one(KeyLine).render().plain.split()
        assert keys[::2] == ["⏎", "f", "r", "d", "x", "j", "s", "esc"], "all keys are shown"
        await pilot.press("down", "enter")
        await until(pilot, lambda: "another window" in said(app))
        await pilot.press("x")
        await until(pilot, lambda: "/tmp/two.md" in said(app))
        await pilot.press("j")
        await until(pilot, lambda: "/tmp/two.jsonl" in said(app))
        await pilot.press("f")
        await until(pilot, lambda: len(rows(app)) == 3)
        assert app.screen.query_one(OptionList).highlighted == 0
        await pilot.press("r", *"!", "enter")
        await until(pilot, lambda: "copy of it!" in rows(app)[0])
        await pilot.press("d")
        assert "again" in said(app)
        await pilot.press("down", "d")
        assert ("delete", "copy") not in shelf.done, "another line was marked in between"
        await pilot.press("up", "d", "d")
        await until(pilot, lambda: len(rows(app)) == 2)
        await pilot.press("r", "escape")
        await pilot.press("s")
        await until(pilot, lambda: ("write", "svg", "<svg") in shelf.done)
    acts = [("md", "two"), ("jsonl", "two"), ("fork", "two"), ("rename", "copy", "copy of it!"), ("delete", "copy")]
    assert shelf.done[:5] == acts


async def test_where_there_is_no_session_no_key_is_offered() -> None:
    app = PierApp(ScriptedWorkbench().start, repository="shop", shelf=KeptSessions())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and "No session" in said(app))
        assert app.screen.query_one(KeyLine).render().plain.strip() == "esc close"


async def test_messages_that_waited_are_shown_and_go_on_with_enter() -> None:
    bench = ScriptedWorkbench(unfinished="fix it", left=(("request", "and then this"), ("shell", "ls")))
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.bench.work.held)
        assert [job.title for job in app.bench.work.queue] == ["(cut off) fix it", "and then this", "!ls"]
        assert bench.said == [], "nothing begins by itself"
        queue = str(app.bench.query_one("#queue", Static).render())
        assert "3 waiting: ⏎ goes on" in queue
        await pilot.press("enter")
        await until(pilot, lambda: len(bench.said) == 3)
        assert bench.said == [("run", "fix it"), ("run", "and then this"), ("shell", "ls")]
        await until(pilot, lambda: bench.kept[-1] == ())


async def test_a_new_request_takes_the_place_of_the_one_that_was_cut_off() -> None:
    bench = ScriptedWorkbench(unfinished="fix it")
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.bench.work.held)
        await pilot.press(*"no", "enter")
        await until(pilot, lambda: not app.bench.work.running and bool(bench.said))
        assert bench.said == [("run", "no")]


async def test_what_is_queued_after_a_stop_waits_and_says_so() -> None:
    bench = ScriptedWorkbench(hold=True)
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        for text in ("first", "second"):
            app.bench.request(text)
            await pilot.pause()
        await until(pilot, lambda: bool(bench.kept) and bench.kept[-1] == (("request", "second"),))
        app.bench.action_interrupt()
        await until(pilot, lambda: not app.bench.work.running)
        assert app.bench.work.held
        assert "1 waiting" in str(app.bench.query_one("#queue", Static).render())
        await pilot.press("enter")
        await until(pilot, lambda: [text for _, text in bench.said] == ["first", "second"])


async def test_another_program_on_the_repository_is_marked_in_the_header() -> None:
    bench = ScriptedWorkbench()
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        await until(pilot, lambda: app.bench._met == ())
        bench.beside = ("Another pier-tui is open here.",)
        app.bench._look_around()
        await until(pilot, lambda: "+1 open here" in app.bench.query_one(Header).render().plain)
        assert [note.message for note in app._notifications] == ["Another pier-tui is open here."]


async def test_a_tool_that_ran_when_the_program_ended_is_not_shown_as_running() -> None:
    past = (
        RequestStarted(request=1, text="go"),
        TurnStarted(request=1, turn=1),
        AnswerCompleted(request=1, turn=1, tier="weak", text="I test."),
        ToolCalled(request=1, turn=1, call_id="c", name="run_tests", arguments="{}", line="run_tests"),
    )
    app = PierApp(ScriptedWorkbench(past=past).start, repository="shop")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        transcript = app.bench.conversation.transcript
        transcript.flush()
        text = "\n".join(transcript.render_line(y).text for y in range(8))
        assert "run_tests  cut off" in text
        assert "running" not in text
        assert app.bench.activity.text == "idle"
