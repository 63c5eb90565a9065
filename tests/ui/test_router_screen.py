"""The Router screen: what a threshold would mean, learning, and going to a turn that is regretted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from scripted_teaching import ScriptedTeaching
from scripted_workbench import ScriptedWorkbench
from textual.pilot import Pilot
from textual.widgets import Button

from pier_tui.ui.app import PierApp
from pier_tui.ui.foresight import slider
from pier_tui.ui.screens.router import RouterScreen


@asynccontextmanager
async def opened(
    teaching: ScriptedTeaching | None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[PierApp, Pilot[None], Any]]:
    bench = ScriptedWorkbench(teaching=teaching, threshold=0.62)
    app = PierApp(bench.start, repository="shop")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        app.bench.request("x")
        await until(pilot, lambda: app.bench.story.turns and not app.bench.work.running)
        await pilot.press("ctrl+o")
        screen = app.screen
        assert isinstance(screen, RouterScreen)
        await until(pilot, lambda: screen._outlook is not None or teaching is None)
        yield app, pilot, screen


async def until(pilot: Pilot[None], true: Any) -> None:
    for _ in range(200):
        if true():
            return
        await pilot.pause()
    raise AssertionError("never came true")


async def test_the_threshold_moves_with_what_it_would_mean_and_holds_only_once_it_is_used() -> None:
    teaching = ScriptedTeaching()
    async with opened(teaching) as (_, pilot, screen):
        text = screen.text(100).plain
        assert "0.62, in use." in text
        assert "escalates 25 % [14, 40] of 40 logged turns" in text
        assert "costs ~₹0.02 a turn" in text
        assert "regret 2 % [0, 13] of 40 judged turns" in text
        await pilot.press("3", "left")
        text = screen.text(100).plain
        assert "0.29, not in use: enter uses it; 0.62 is." in text
        assert "escalates 0 % [0, 9] of 40 logged turns" in text
        assert teaching.said == []
        await pilot.press("enter")
        await until(pilot, lambda: teaching.said == [("use", 0.29)] and "0.29, in use" in screen.text(100).plain)
        assert "for the rest of this session" in screen.text(100).plain


async def test_what_was_learned_is_told_in_sentences_and_what_changed_since() -> None:
    async with opened(ScriptedTeaching()) as (_, _, screen):
        text = screen.text(100).plain
        assert "in use: 0.62 from 40 judged turns, risk 0.05" in text
        assert (
            "Where 1 or more turns in a row just failed, the 30B was right in 0 of 10 turns, else in 29 of 30." in text
        )
        assert "since last time: The threshold went from 0.50 to 0.62." in text


async def test_with_few_labels_it_says_how_many_are_missing() -> None:
    async with opened(ScriptedTeaching(count=12, now=None)) as (_, _, screen):
        text = screen.text(100).plain
        assert "regret: not enough data yet: 12 of 30" in text
        assert "not enough data yet: 12 of 30 judged turns" in text


async def test_calibrating_undoing_and_another_strategy_are_a_key_each_and_their_answer_is_shown() -> None:
    teaching = ScriptedTeaching()
    async with opened(teaching, size=(80, 24)) as (app, pilot, screen):
        await pilot.press("c")
        await until(pilot, lambda: "went from 0.50 to 0.62" in screen.text(70).plain)
        await pilot.press("u")
        await until(pilot, lambda: "no calibration to take back" in screen.text(70).plain)
        await pilot.press("s")
        assert "▸ always-30B (enter uses it): every turn on the 30B" in screen.text(70).plain
        assert ("switch", "always-30B") not in teaching.said
        await pilot.press("S", "S", "enter")
        await until(pilot, lambda: teaching.said[-1] == ("switch", "always-30B"))
        assert "use" not in dict(teaching.said)
        await pilot.click("#calibrate")
        await until(pilot, lambda: teaching.said.count(("calibrate", None)) == 2)
        assert app.screen.query_one("#undo", Button).region.width


async def test_a_regretted_turn_of_this_session_is_gone_to_and_one_of_another_is_named() -> None:
    async with opened(ScriptedTeaching()) as (app, pilot, screen):
        assert "▸ turn 2: you said it should have been the 105B" in screen.text(100).plain
        await pilot.press("n", "g")
        assert "is in session s0; open that one with ctrl+l" in screen.text(100).plain
        await pilot.press(*"n" * (len(screen._regrets) - 1), "g")
        await until(pilot, lambda: app.screen is app.bench)
        assert app.bench.conversation.transcript.has_focus
        await pilot.press("ctrl+b")
        costs: Any = app.screen
        await until(pilot, lambda: costs._regrets is not None)
        rows = [row.split(maxsplit=2) for row in costs.text(76).plain.splitlines()]
        assert ["30B", "1", "1"] in [row[:2] + row[2].split()[:1] for row in rows if len(row) == 3]
        assert [row for row in rows if row[-1:] == ["you said it should have been the 105B"]] == [
            ["2", "?", "you said it should have been the 105B"]
        ]


async def test_a_session_without_an_agent_shows_its_own_figures_only() -> None:
    async with opened(None) as (_, pilot, screen):
        text = screen.text(100).plain
        assert "0.62: a turn whose confidence is below it goes to the 105B" in text
        assert "Learned" not in text
        await pilot.press("right", "c", "enter")
        assert not screen.query(Button)


def test_the_slider_marks_where_it_is_and_where_the_one_in_use_is() -> None:
    assert slider(1.0, 0.0, 11) == "0 ┼─────────● 1"
    assert slider(0.5, 0.5, 11) == "0 ─────●───── 1"
