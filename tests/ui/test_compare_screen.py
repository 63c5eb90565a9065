"""A turn done twice: what the badges say of it, both tries side by side, and keeping one; the rewind's preview."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from diff_patches import SHOP
from scripted_workbench import PATCH, ScriptedWorkbench, script, turn
from test_shell_workbench import idle, until, workbench
from textual.pilot import Pilot
from textual.widgets import Static

from pier_tui.events import AnyEvent, PatchProposed, RequestEnded, RequestStarted, TryKept, WentBack
from pier_tui.repo.diff import Patch
from pier_tui.repo.records import Effects
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.compare import CompareScreen
from pier_tui.ui.screens.undo import RewindScreen


def again() -> list[AnyEvent]:
    """Turn 1 of the script once more, on the 105B."""
    return [
        WentBack(to=1, again=3, tier="strong"),
        PatchProposed(patch=Patch()),
        RequestStarted(text="fix the failing test", session="s1", request=1),
        *turn(3, strong=True, text="I take the whole of it."),
        PatchProposed(patch=SHOP, turn=3, request=1, tier="strong"),
        RequestEnded(text="Three hunks wait for you.", request=1),
    ]


@dataclass
class Twice(ScriptedWorkbench):
    nothing: bool = False

    async def redo(self, turn: int) -> AsyncIterator[AnyEvent]:
        self.said.append(("redo", turn))
        for event in again():
            yield event

    async def effects(self, checkpoints: tuple[str, ...], hunks: object = None) -> Effects:
        return Effects(patch=Patch() if self.nothing else PATCH)


def column(app: PierApp, which: str) -> str:
    return "\n".join(part.render().plain for part in app.screen.query(f".-{which}").results(Static))  # type: ignore[union-attr]


def badge(app: PierApp, number: int) -> str:
    record = app.bench.conversation.turn_record(number)
    assert record is not None
    return "  ".join(record.badge().after())


async def redone(app: PierApp, pilot: Pilot[None]) -> None:
    app.bench.request("fix the failing test")
    await idle(pilot, app)
    app.bench.action_redo("1")
    await idle(pilot, app)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_both_tries_stand_side_by_side_with_answer_proposal_cost_and_time(size: tuple[int, int]) -> None:
    async with workbench(Twice(), size) as (app, pilot):
        await redone(app, pilot)
        app.bench.conversation.go_to(3)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and len(app.screen.query(".-second")) == 3)
        first, second = column(app, "first"), column(app, "second")
        assert first.startswith("First try: turn 1, small\nset aside\nthis turn  ₹0.0041  cache 73 %  4.8 s\n")
        assert "to its end 2 turns, 1 on the 105B  ₹0.0853  9.6 s" in first
        assert "The slice drops the first item." in first
        assert second.startswith("Second try: turn 3, big\nnot yet decided\n")
        assert "I take the whole of it." in second
        assert "store/cart.py" in first
        assert "store/cart.py" in second or "+" in second
        for left, right in zip(app.screen.query(".-first"), app.screen.query(".-second"), strict=True):
            assert left.region.y == right.region.y
            assert left.region.right <= right.region.x
        differs = app.screen.query_one("#differs", Static).render().plain  # type: ignore[union-attr]
        assert differs.startswith("What differs\n")
        assert "1     # every item counts, the first one too\n" in differs
        assert "2     return sum(i.price for i in items)" in differs


async def test_a_try_is_kept_by_its_key_and_the_choice_taken_back() -> None:
    bench = Twice()
    async with workbench(bench) as (app, pilot):
        await redone(app, pilot)
        for key in ("1", "u", "2"):
            app.bench.action_compare("")
            await until(pilot, lambda: isinstance(app.screen, CompareScreen))
            await pilot.pause()
            await pilot.press(key)
            await idle(pilot, app)
        assert [said for said in bench.said if said[0] == "keep"] == [
            ("keep", (3, "first")),
            ("keep", (3, None)),
            ("keep", (3, "second")),
        ]


async def test_the_badges_say_which_try_a_turn_is_and_what_is_set_aside() -> None:
    async with workbench(Twice()) as (app, pilot):
        await redone(app, pilot)
        assert [badge(app, n) for n in (1, 2, 3)] == [
            "first try, set aside",
            "set aside  ↥ hand-over",
            "second try  ↥ hand-over",
        ]
        app.bench.show(TryKept(again=3, kept="first"))
        assert [badge(app, n) for n in (1, 2, 3)] == [
            "first try, kept",
            "↥ hand-over",
            "second try, set aside  ↥ hand-over",
        ]


async def test_comparing_is_offered_only_on_a_turn_that_was_done_twice() -> None:
    async with workbench(Twice(past=tuple(script("before")))) as (app, pilot):
        app.bench.conversation.go_to(2)
        assert not app.bench.conversation.transcript.check_action("act", ("compare",))
        await pilot.press("c")
        assert not isinstance(app.screen, CompareScreen)
        app.bench.action_redo("1")
        await idle(pilot, app)
        app.bench.conversation.go_to(3)
        assert app.bench.conversation.transcript.check_action("act", ("compare",))


@pytest.mark.parametrize("nothing", [True, False])
async def test_rewinding_shows_the_lines_that_would_change_and_offers_files_only_then(nothing: bool) -> None:
    bench = Twice(session_id="s", nothing=nothing)
    async with workbench(bench) as (app, pilot):
        await redone(app, pilot)
        app.bench.action_rewind(2)
        await until(pilot, lambda: isinstance(app.screen, RewindScreen))
        await pilot.pause()
        shown = "\n".join(static.render().plain for static in app.screen.query(Static))  # type: ignore[union-attr]
        assert ("store/cart.py  changed back" in shown) is not nothing
        assert ("Nothing that was applied since still stands." in shown) is nothing
        await pilot.press("f")
        await pilot.press("c")
        await idle(pilot, app)
        assert [said for said in bench.said if said[0] == "rewind"] == [("rewind", (2, not nothing))]
