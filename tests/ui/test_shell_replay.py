"""Recordings: the same events through the same panes, at their own pace, paused and stepped."""

from __future__ import annotations

from pathlib import Path

from scripted_workbench import script

from pier_tui.events import AnyEvent
from pier_tui.session.export import RecordingHeader, to_jsonl
from pier_tui.ui.app import PierApp
from pier_tui.ui.replay import LONGEST, Player
from pier_tui.ui.screens.replay import ReplayScreen
from pier_tui.ui.widgets.footer import KeyLine
from pier_tui.ui.widgets.header import Header


def timed(times: list[float]) -> list[AnyEvent]:
    return [event.model_copy(update={"time": at}) for event, at in zip(script("x"), times, strict=False)]


async def test_events_keep_their_pace_and_long_waits_are_cut() -> None:
    shown: list[AnyEvent] = []
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    player = Player(timed([10.0, 10.5, 9.0, 5000.0]), shown.append, lambda mark: None, sleep=sleep)
    player.faster(2)
    await player.play()
    assert len(shown) == 4
    assert waits == [0.0, 0.25, 0.0, LONGEST / 2]
    assert player.mark == "at its end"


async def test_a_paused_recording_shows_one_event_a_step() -> None:
    shown: list[AnyEvent] = []
    marks: list[str] = []
    player = Player(timed([0.0, 1.0, 2.0]), shown.append, marks.append)
    player.step()
    player.step()
    assert len(shown) == 2
    assert marks[-1] == "paused"
    player.pause()
    assert player.mark == "1x"


async def test_the_recording_mark_is_there_from_the_start_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    header = RecordingHeader(version=1, date="2026-01-02", profile="offline", source="a test")
    file.write_text(to_jsonl(header, script("fix it")), encoding="utf-8")
    app = PierApp(repository="shop", recording=file)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        for _ in range(100):
            if screen.player is not None and screen.player.mark == "at its end":
                break
            await pilot.pause()
        line = screen.query_one(Header).render().plain
        keys = screen.query_one(KeyLine).render().plain
        assert ", pause" in keys
        assert "space fold" in keys
        assert line.startswith(" RECORDING at its end ")
        assert "offline · 2026-01-02" in line
        assert screen.story.title == "fix it"
        assert not screen.conversation.box.display
        await pilot.press("f4")
        await pilot.pause()
        turns = screen.conversation.transcript
        assert turns.has_focus
        assert turns.selected == 2
        assert "space unfold" in screen.query_one(KeyLine).render().plain
        await pilot.press("comma")


async def test_a_file_that_is_no_recording_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "no.jsonl"
    file.write_text("nothing of the kind\n")
    app = PierApp(recording=file)
    async with app.run_test(notifications=True) as pilot:
        for _ in range(100):
            if app._notifications:
                break
            await pilot.pause()
        assert any("no.jsonl" in n.message or "recording" in n.message for n in app._notifications)
