"""The recording that ships: what it holds, and that it plays to its end under its mark."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import pier_tui
from pier_tui.events import CallFinished, PatchApplied, RequestEnded, RouteDecided, ToolReturned
from pier_tui.session.export import Recording, load_recording
from pier_tui.ui.app import PierApp
from pier_tui.ui.launch import SHIPPED_RECORDING
from pier_tui.ui.replay import LONGEST
from pier_tui.ui.screens.replay import ReplayScreen
from pier_tui.ui.widgets.header import Header
from pier_tui.ui.widgets.transcript import Transcript

TOUR = Path(pier_tui.__file__).parent / "recordings" / SHIPPED_RECORDING


@pytest.fixture(scope="module")
def tour() -> Recording:
    return load_recording(TOUR)


def test_the_tour_shows_weak_turns_an_escalation_a_proposal_applied_and_tests_that_pass(tour: Recording) -> None:
    events = tour.events
    assert tour.header.profile == "offline"
    assert all(event.offline for event in events if isinstance(event, CallFinished | RouteDecided))
    assert any(isinstance(e, RouteDecided) and e.tier == "strong" and e.handoff for e in events)
    assert len({e.turn for e in events if isinstance(e, RouteDecided) and e.tier == "weak"}) > 3
    runs = [e for e in events if isinstance(e, ToolReturned) and e.name == "run_tests"]
    assert (runs[0].ok, runs[-1].ok) == (False, True)
    assert any(isinstance(e, RequestEnded) and e.why == "finished" for e in events)
    assert [e.remaining.files for e in events if isinstance(e, PatchApplied)] == [()]


def test_the_tour_is_small_and_names_no_machine() -> None:
    content = TOUR.read_bytes()
    assert len(content) < 400_000
    assert re.search(rb"/(?:tmp|home|root|Users|work)/|\.venv", content) is None


async def test_the_tour_plays_at_its_own_pace_and_never_loses_its_mark(tour: Recording) -> None:
    waits: list[float] = []
    marks: set[bool] = set()
    app = PierApp(recording=TOUR)
    screen = app.get_default_screen()
    assert isinstance(screen, ReplayScreen)

    async def instant(seconds: float) -> None:
        waits.append(seconds)
        marks.add(screen.query_one(Header).render().plain.startswith(" RECORDING "))
        if len(waits) % 20 == 0:
            await asyncio.sleep(0)

    screen.sleep = instant
    async with app.run_test(size=(200, 50)) as pilot:
        for _ in range(500):
            if screen.player is not None and screen.player.mark == "at its end":
                break
            await pilot.pause()
        assert screen.query_one(Header).render().plain.startswith(" RECORDING at its end ")
        assert marks == {True}
        screen.conversation.query_one(Transcript).flush()
        await pilot.pause()
        painted = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "All 21 tests pass now." in painted
        assert len(waits) == len(tour.events)
        assert max(waits) <= LONGEST
        assert {"weak", "strong"} <= {call.tier for turn in screen.story.turns.values() for call in turn.calls}
