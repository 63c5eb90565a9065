"""The scenes of the snapshots: the real app on fixed events, driven to one state each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from diff_patches import SHOP, change, hunk
from kept_sessions import KeptSessions, Line
from rich.segment import Segment
from scripted_teaching import ScriptedTeaching
from scripted_workbench import SEGMENTS, ScriptedWorkbench
from textual.pilot import Pilot

from pier_tui.backbone.state import Author, Item, Section
from pier_tui.backbone.updates import Put, SetStatus
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    BackboneChanged,
    CallFinished,
    Labelled,
    PatchProposed,
    ReasoningDelta,
    RepoChanged,
    RequestEnded,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolOutput,
    ToolReturned,
    TurnEnded,
    TurnStarted,
    WentBack,
)
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Usage
from pier_tui.repo.diff import Patch
from pier_tui.tools.approval import ApprovalRequest, Rule
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.approval import ApprovalScreen
from pier_tui.ui.screens.compare import CompareScreen
from pier_tui.ui.screens.router import RouterScreen
from pier_tui.ui.screens.sessions import Kept, SessionsScreen
from pier_tui.ui.widgets.transcript import Transcript

REQUEST = "fix the failing tests"
NAMES: dict[Tier, str] = {"weak": "sarvam-30b", "strong": "sarvam-105b"}
PROPOSAL = Patch(files=(*SHOP.files, change("tests/test_cart.py", hunk(4, " import shop", "+from shop import cart"))))


def at(turn: int) -> dict[str, Any]:
    return {"session": "s1", "request": 1, "turn": turn}


def route(turn: int, tier: Tier = "weak", *, call: int = 1, way: str = "self-route", **more: Any) -> RouteDecided:
    fields = {"strategy": "self-route", "threshold": 0.5, "segments": SEGMENTS, "predicted_cached": 2600, **more}
    return RouteDecided(decision=f"d{turn}", call=call, tier=tier, model=NAMES[tier], route=way, **fields, **at(turn))


def bill(turn: int, tier: Tier = "weak", *, call: int = 1, cost: str = "0.0041", **more: Any) -> CallFinished:
    fields: dict[str, Any] = {"usage": Usage(prompt=3532, cached=2576, output=180), "cost": Decimal(cost), **more}
    strong = {"105B": Decimal("0.0812"), "30B": Decimal("0.0041")}
    both = {"decision": f"d{turn}", "call": call, "tier": tier, "model": NAMES[tier], "counterfactual": strong}
    return CallFinished(seconds=1.2, **both, **fields, **at(turn))


def tool(turn: int, name: str, shown: str, outcome: str, text: str, *, ok: bool = True) -> list[AnyEvent]:
    called = {"call_id": f"c{turn}{name}", "name": name, **at(turn)}
    return [
        ToolCalled(arguments="{}", line=shown, **called),
        ToolReturned(ok=ok, text=text, line=f"{shown}  {outcome}", seconds=0.4, **called),
    ]


def turn(number: int, text: str, *tools: list[AnyEvent], seconds: float = 1.2) -> list[AnyEvent]:
    """A turn of the weak model that it keeps."""
    return [
        TurnStarted(**at(number)),
        route(number),
        TextDelta(text=text, **at(number)),
        route(number, action="inspect", confidence=0.86, reason="reading only"),
        bill(number),
        AnswerCompleted(tier="weak", text=text, **at(number)),
        *(event for events in tools for event in events),
        TurnEnded(seconds=seconds, **at(number)),
    ]


def escalated(number: int, text: str, *tools: list[AnyEvent]) -> list[AnyEvent]:
    """A turn the weak model hands over."""
    why = {"reason": "edits 3 files, public API", "handoff": "Count every item in Cart.total."}
    return [
        TurnStarted(**at(number)),
        route(number),
        route(number, action="escalate", confidence=0.31, **why),
        bill(number, kept=False),
        route(number, "strong", call=2, way="handoff", **why),
        ReasoningDelta(text="The slice drops the first item.\nThe tests want all of them.", **at(number)),
        TextDelta(text=text, **at(number)),
        bill(number, "strong", call=2, cost="0.0812"),
        AnswerCompleted(tier="strong", text=text, reasoning="The slice drops the first item.", **at(number)),
        *(event for events in tools for event in events),
        TurnEnded(seconds=9.8, **at(number)),
    ]


def put(turn_number: int, *items: tuple[str, Section, str, str, Author]) -> BackboneChanged:
    made = (Item(id=i, section=s, key=k, text=t, author=a, turn=turn_number) for i, s, k, t, a in items)
    return BackboneChanged(updates=tuple(Put(item=item) for item in made), **at(turn_number))


def opening() -> list[AnyEvent]:
    """The request and its first turn."""
    failed = "exit 1: 14 passed, 2 failed, 0 errors\nFAILED tests/test_cart.py::test_total - assert 5 == 9"
    return [
        RepoChanged(paths=(), branch="main", dirty=2),
        RequestStarted(text=REQUEST, session="s1", request=1),
        put(1, ("g1", "goal", "goal", REQUEST, "you"), ("p1", "plan", "run", "run the tests", "weak")),
        *turn(
            1,
            "I run the tests first.",
            tool(1, "run_tests", "run_tests", "exit 1", failed, ok=False),
            tool(1, "read", "read shop/cart.py 1-40", "40 lines", "shop/cart.py lines 1-40 of 40"),
        ),
        put(
            1,
            ("f1", "files", "shop/cart.py", "Cart.total (10)", "tool"),
            ("c1", "commands", "pytest -q", "exit 1, 2 failed", "tool"),
            ("e1", "errors", "test_total", "assert 5 == 9", "tool"),
        ),
    ]


def streaming() -> list[AnyEvent]:
    """A second turn that is still going on: reasoning, half an answer, a tool that runs."""
    answer = "Two tests fail in `shop/cart.py`:\n\n1. `total` **drops** the first item\n2. `tax` is missing\n"
    return [
        *opening(),
        TurnStarted(**at(2)),
        route(2),
        route(2, action="escalate", confidence=0.31, reason="edits 3 files, public API", handoff="Fix Cart.total."),
        bill(2, kept=False),
        route(2, "strong", call=2, way="handoff", reason="edits 3 files, public API", handoff="Fix Cart.total."),
        ReasoningDelta(text="The slice drops the first item.\nThe tests want every one of them.", **at(2)),
        TextDelta(text=answer, **at(2)),
        bill(2, "strong", call=2, cost="0.0812"),
        AnswerCompleted(tier="strong", text=answer, reasoning="The slice drops the first item.", **at(2)),
        ToolCalled(call_id="c9", name="run_tests", arguments="{}", line="run_tests tests/test_cart.py", **at(2)),
        ToolOutput(call_id="c9", text="tests/test_cart.py ..F.\n", **at(2)),
    ]


def finished() -> list[AnyEvent]:
    """A whole request: three turns, one escalated, two labelled, every tool folded."""
    passed = "exit 0: 16 passed, 0 failed, 0 errors"
    return [
        *opening(),
        *escalated(
            2,
            "`total` left the first item out; it counts **every** item now.",
            tool(2, "edit", "edit shop/cart.py", "1 hunk", "syntax ok"),
            tool(2, "try_edits", "try_edits shop/cart.py", "candidate 2 passes", "candidate 1: fail"),
        ),
        put(2, ("p2", "plan", "fix", "count every item in Cart.total", "strong")),
        BackboneChanged(updates=(SetStatus(id="p1", status="done"),), **at(2)),
        PatchProposed(patch=PROPOSAL, paths=PROPOSAL.paths, tier="strong", **at(2)),
        *turn(3, "All tests pass.", tool(3, "run_tests", "run_tests", "exit 0", passed), seconds=3.1),
        RequestEnded(text="Three files wait for your review.", request=1, turn=3),
        Labelled(decision="d2", label="keep"),
        Labelled(decision="d3", label="escalate", note="it missed a case"),
    ]


@dataclass
class PlayedWorkbench(ScriptedWorkbench):
    """Yields these events for a request; `hold` waits for ever after the last one."""

    events: Sequence[AnyEvent] = ()
    shown: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, text: str) -> AsyncIterator[AnyEvent]:
        for event in self.events:
            yield event
        self.shown.set()
        if self.hold:
            await asyncio.Event().wait()


@dataclass(frozen=True)
class Scene:
    """What happens, and what the user does then."""

    events: Callable[[], list[AnyEvent]] | None = None
    hold: bool = False
    steps: Callable[[Pilot[None], PierApp, PlayedWorkbench], Awaitable[None]] | None = None


def make(scene: Scene, theme: str) -> tuple[PierApp, Callable[[Pilot[None]], Awaitable[None]]]:
    """The app of a scene, and what drives it there."""
    bench = PlayedWorkbench(hold=scene.hold, events=scene.events() if scene.events else ())
    app = PierApp(bench.start, repository="shop", theme=theme, shelf=KeptSessions(*kept()))
    app.animation_level = "none"
    return app, partial(drive, app, bench, scene)


async def drive(app: PierApp, bench: PlayedWorkbench, scene: Scene, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: app.bench.workbench is not None)
    clock = iter(range(10**6))
    app.bench.diff.sources.clock = lambda: float(next(clock))
    prompt = app.bench.conversation.prompt
    await until(pilot, lambda: prompt.has_focus)
    prompt.cursor_blink = False
    if scene.events:
        app.bench.request(REQUEST)
        await until(pilot, lambda: bench.shown.is_set() and app.bench.work.running == scene.hold)
    await settled(pilot, app)
    if scene.steps:
        await scene.steps(pilot, app, bench)
    await settled(pilot, app)


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await pilot.pause()
    raise AssertionError("never came true")


async def settled(pilot: Pilot[None], app: PierApp) -> None:
    """Whatever came was painted, and painting once more paints the same."""
    transcript = app.bench.query_one(Transcript)
    for _ in range(400):
        before = picture(app)
        if transcript._timer is not None:
            transcript.flush()
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        if transcript._timer is None and picture(app) == before:
            return
    raise AssertionError("the screen never came to rest")


def picture(app: PierApp) -> list[list[Segment]]:
    """What is painted, colours included."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]


async def review(pilot: Pilot[None], app: PierApp, _: PlayedWorkbench) -> None:
    """One hunk accepted, one rejected, one commented."""
    await pilot.press("f5")
    await until(pilot, lambda: app.bench.diff.view.has_focus)
    await pilot.press("space", "n", "x", "n", "c", *"why", "space", *"print?", "enter")
    await until(pilot, lambda: app.bench.diff.writing is None)


async def approval(pilot: Pilot[None], app: PierApp, bench: PlayedWorkbench) -> None:
    """The same, with a command waiting over it."""
    await review(pilot, app, bench)
    request = ApprovalRequest(
        command="make test FILE=tests/test_cart.py\u202e",
        why="the model wants to run it",
        where="a scratch copy of the repository",
        sandbox="no network; writes stay in the scratch copy",
        rule=Rule(argv=("make", "test")),
        policy="untrusted",
        reasons=("it holds line breaks or unusual characters",),
    )
    app.run_worker(bench.user.approve(request))
    await until(pilot, lambda: isinstance(app.screen, ApprovalScreen))
    await pilot.pause()


def kept() -> list[Line]:
    """Sessions of every kind, at ages that do not depend on the day."""
    now = time.time()
    return [
        Line("a", REQUEST, now - 30, 12, Decimal("0.2312"), open="here"),
        Line("b", "rename Basket to Cart everywhere, and the docs", now - 7230, 31, Decimal("1.08"), 2, "elsewhere"),
        Line("c", "explain the pricing module", now - 3 * 86400, 4, Decimal("0.0123")),
    ]


async def sessions(pilot: Pilot[None], app: PierApp, _: PlayedWorkbench) -> None:
    """The list of sessions, one about to be deleted."""
    await pilot.press("ctrl+l")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and len(app.screen.query("#said")) == 1)
    await until(pilot, lambda: app.screen.query_one(Kept).option_count == 3)
    await pilot.press("down", "down", "d")


async def router(pilot: Pilot[None], app: PierApp, _: PlayedWorkbench) -> None:
    """The router, its threshold moved but not used."""
    app.bench.teaching = ScriptedTeaching()
    await pilot.press("ctrl+o")
    await until(pilot, lambda: isinstance(app.screen, RouterScreen) and app.screen._outlook is not None)
    await pilot.press("left", "left", "left")


async def compare(pilot: Pilot[None], app: PierApp, _: PlayedWorkbench) -> None:
    """The second turn once more on the 30B, with another edit, beside the first try."""
    other = change(
        "shop/cart.py", hunk(10, " def total(items):", "-    return sum(items)", "+    return len(items)", " ")
    )
    for event in (
        WentBack(to=2, again=4, tier="weak", request=1),
        RequestStarted(text=REQUEST, session="s1", request=1),
        *turn(4, "It counts the items now.", tool(4, "edit", "edit shop/cart.py", "1 hunk", "syntax ok")),
        PatchProposed(patch=Patch(files=(other,)), paths=("shop/cart.py",), tier="weak", **at(4)),
        RequestEnded(text="One file waits for your review.", request=1, turn=4),
    ):
        app.bench.show(event)
    app.bench.action_compare("")
    await until(pilot, lambda: isinstance(app.screen, CompareScreen) and bool(app.screen.query("#differs")))
    await pilot.pause()


SCENES = {
    "compare": Scene(finished, steps=compare),
    "router": Scene(finished, steps=router),
    "sessions": Scene(finished, steps=sessions),
    "empty": Scene(),
    "streaming": Scene(streaming, hold=True),
    "finished": Scene(finished),
    "review": Scene(finished, steps=review),
    "approval": Scene(finished, steps=approval),
}
