"""A workbench that plays a script: what the screen is tested with instead of an agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from pier_tui.agent.resuming import Drafts
from pier_tui.backbone.prefix import Segment
from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.backbone.state import Backbone, Item
from pier_tui.backbone.updates import Put, SetStatus
from pier_tui.errors import PierError
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    BackboneChanged,
    CallFinished,
    Labelled,
    Notice,
    Overridden,
    PatchApplied,
    PatchProposed,
    PatchReviewed,
    PromptWarmed,
    RepoChanged,
    RequestEnded,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TryKept,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Usage
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.repo.records import Checkpoint, Effects, Origin, Written
from pier_tui.repo.verdict import Draft

SEGMENTS = tuple(
    Segment(name=name, tokens=tokens, digest=name)
    for name, tokens in (("harness", 900), ("tools", 1400), ("repository", 300), ("deltas", 812), ("now", 120))
)
PATCH = Patch(
    files=(
        FileDiff(
            old_path="store/cart.py",
            new_path="store/cart.py",
            hunks=(
                Hunk(
                    old_start=10,
                    old_count=3,
                    new_start=10,
                    new_count=4,
                    section="def total(items):",
                    lines=(
                        Line(kind=" ", text="def total(items):\n"),
                        Line(kind="-", text="    return sum(i.price for i in items[1:])\n"),
                        Line(kind="+", text="    # every item counts, the first one too\n"),
                        Line(kind="+", text="    return sum(i.price for i in items)\n"),
                        Line(kind=" ", text="\n"),
                    ),
                ),
            ),
        ),
    )
)


def card(label: str) -> ModelCard:
    return ModelCard(label=label, id=label, window=65_536, output_cap=8192, as_of=date(2026, 1, 1), source="test")


def turn(number: int, *, strong: bool = False, text: str = "I look at the test first.") -> list[AnyEvent]:
    """One turn with one tool call."""
    tier = "strong" if strong else "weak"
    model = "big" if strong else "small"
    price = Decimal("0.0812") if strong else Decimal("0.0041")
    at: dict[str, Any] = {"turn": number, "request": 1, "session": "s1"}
    return [
        TurnStarted(**at),
        RouteDecided(
            decision=f"d{number}",
            call=1,
            tier=tier,
            model=model,
            strategy="self-route",
            route="self-route",
            action="edit" if strong else "inspect",
            confidence=0.31 if strong else 0.86,
            threshold=0.5,
            reason="public API" if strong else "reading only",
            handoff="Fix total() in store/cart.py." if strong else "",
            segments=SEGMENTS,
            predicted_cached=2600,
            **at,
        ),
        TextDelta(text=text, **at),
        CallFinished(
            decision=f"d{number}",
            call=1,
            tier=tier,
            model=model,
            usage=Usage(prompt=3532, cached=2576, output=180),
            cost=price,
            predicted_cached=2600,
            first_token=0.42,
            seconds=1.2,
            counterfactual={"105B": Decimal("0.0812"), "30B": Decimal("0.0041")},
            **at,
        ),
        AnswerCompleted(tier=tier, text=text, **at),
        ToolCalled(call_id=f"c{number}", name="run_tests", arguments='{"target": ""}', line="run_tests", **at),
        ToolReturned(
            call_id=f"c{number}",
            name="run_tests",
            ok=True,
            text="exit 1: 3 passed, 1 failed, 0 errors",
            line="run_tests  exit 1  3.4 s",
            seconds=3.4,
            **at,
        ),
        TurnEnded(seconds=4.8, **at),
    ]


def script(text: str) -> list[AnyEvent]:
    """A request of two turns, the second escalated, with a proposal."""
    put = [
        Item(id="g1", section="goal", key="goal", text=text, author="you", turn=1),
        Item(id="p1", section="plan", key="read", text="find the failing test", author="weak", turn=1),
        Item(id="p2", section="plan", key="fix", text="make total() count every item", author="strong", turn=2),
        Item(id="f1", section="files", key="store/cart.py", text="total (10)", turn=1),
        Item(id="c1", section="commands", key="pytest -q", text="exit 1, 1 failed", turn=1, status="failed"),
        Item(id="e1", section="errors", key="test_total", text="assert 5 == 9", turn=1),
    ]
    return [
        RepoChanged(paths=(), branch="main", dirty=2),
        RequestStarted(text=text, session="s1", request=1),
        BackboneChanged(updates=tuple(Put(item=item) for item in put[:2]), turn=1),
        *turn(1),
        BackboneChanged(updates=tuple(Put(item=item) for item in put[3:]), turn=1),
        *turn(2, strong=True, text="The slice drops the first item."),
        BackboneChanged(updates=(Put(item=put[2]), SetStatus(id="p1", status="done")), turn=2),
        PatchProposed(patch=PATCH, paths=("store/cart.py",), tier="strong", turn=2, request=1),
        RequestEnded(text="One hunk waits for you.", request=1),
    ]


@dataclass
class ScriptedWarming:
    """Reads ahead at once."""

    said: list[tuple[str, Any]]
    always: bool = False
    tier: Tier = "strong"
    price: SwitchPrice = SwitchPrice(reread_tokens=12_000, cost=Decimal("0.05"))  # noqa: RUF009  (immutable)
    worth: bool = True

    def next(self, tier: Tier | None = None) -> ScriptedWarming:
        return self

    async def read(self, tier: Tier | None = None) -> AsyncIterator[AnyEvent]:
        self.said.append(("warm", tier))
        usage = Usage(prompt=12_900, cached=900, output=1)
        yield PromptWarmed(tier=tier or "strong", model="m", usage=usage, cost=Decimal("0.048"))


@dataclass
class ScriptedWorkbench:
    """Yields `script` for a request; `hold` makes it wait for ever after the first turn began."""

    hold: bool = False
    said: list[tuple[str, Any]] = field(default_factory=list)
    session_id: str = "s1"
    strategy: str = "self-route"
    sandbox: str = ""
    threshold: float = 0.5
    teaching: Any = None
    busy: bool = False
    closed: bool = False
    unfinished: str = ""
    beside: tuple[str, ...] = ()
    nothing_compacted: bool = False
    left: tuple[tuple[str, str], ...] = ()
    draft: Draft = Draft()  # noqa: RUF009  (immutable)
    kept: list[tuple[tuple[str, str], ...]] = field(default_factory=list)
    user: Any = None
    past: tuple[AnyEvent, ...] = ()
    backbone: Backbone = field(default_factory=Backbone)
    pending: Patch = field(default_factory=Patch)
    profile: Any = field(default_factory=lambda: SimpleNamespace(name="offline", weak=card("30B"), strong=card("105B")))

    async def start(self, user: Any) -> ScriptedWorkbench:
        self.user = user
        return self

    async def run(self, text: str) -> AsyncIterator[AnyEvent]:
        self.said.append(("run", text))
        events = script(text)
        if not self.hold:
            for event in events:
                yield event
            return
        for event in events[:4]:
            yield event
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield RequestInterrupted(partial="I look", request=1)

    @property
    def drafts(self) -> Drafts:
        return Drafts(self.draft, self.keep_draft)

    async def keep_draft(self, draft: Draft) -> None:
        self.draft = draft

    @property
    def warming(self) -> ScriptedWarming:
        return self._warming

    def __post_init__(self) -> None:
        self._warming = ScriptedWarming(self.said)

    def waiting(self) -> tuple[tuple[str, str], ...]:
        return self.left

    async def others(self) -> tuple[str, ...]:
        return self.beside

    async def keep_waiting(self, messages: tuple[tuple[str, str], ...]) -> None:
        self.kept.append(messages)

    async def go_on(self) -> AsyncIterator[AnyEvent]:
        async for event in self.run(self.unfinished):
            yield event

    async def review(self, verdict: Any) -> AsyncIterator[AnyEvent]:
        self.said.append(("review", verdict))
        yield PatchReviewed(verdict=verdict)
        if verdict.accepted:
            yield PatchApplied(checkpoint="k1", patch=PATCH, remaining=Patch(), turn=2)

    async def label(self, decision: str, label: Any, note: str = "") -> AsyncIterator[AnyEvent]:
        self.said.append(("label", (decision, label)))
        yield Labelled(decision=decision, label=label, note=note)

    async def choose(self, choice: Any, scope: Any) -> AsyncIterator[AnyEvent]:
        self.said.append(("choose", (choice, scope)))
        yield Overridden(choice=choice, scope=scope)

    async def route_by(self, name: str, *, once: bool = False) -> AsyncIterator[AnyEvent]:
        self.said.append(("route_by", (name, once)))
        self.strategy = self.strategy if once else name
        yield Notice(text=f"routed by {name}")

    async def update(self, updates: Any) -> AsyncIterator[AnyEvent]:
        self.said.append(("update", updates))
        yield BackboneChanged(updates=updates)

    async def undo(self, checkpoint: str, hunks: Any) -> AsyncIterator[AnyEvent]:
        self.said.append(("undo", (checkpoint, hunks)))
        for event in ():
            yield event

    async def written(self) -> tuple[Written, ...]:
        checkpoint = Checkpoint(id="k1", root="/", time=0.0, files=(), origin=Origin(session="s", request=1, turn=2))
        return (Written(checkpoint=checkpoint, effects=Effects(patch=PATCH), patch=PATCH),)

    async def effects(self, checkpoints: tuple[str, ...], hunks: Any = None) -> Effects:
        self.said.append(("effects", (checkpoints, hunks)))
        return Effects(patch=PATCH)

    async def shell(self, command: str) -> AsyncIterator[AnyEvent]:
        self.said.append(("shell", command))
        for event in ():
            yield event

    def undo_compaction_price(self) -> dict[Tier, SwitchPrice]:
        if self.nothing_compacted:
            raise PierError("There is no compaction to undo.")
        return {"weak": SwitchPrice(reread_tokens=7_000, cost=Decimal("0.02")), "strong": self.switch_price("strong")}

    async def undo_compaction(self) -> AsyncIterator[AnyEvent]:
        self.said.append(("undo_compaction", None))
        yield Notice(text="The compaction is undone")

    async def redo(self, turn: int) -> AsyncIterator[AnyEvent]:
        self.said.append(("redo", turn))
        for event in ():
            yield event

    async def keep(self, pair: int, kept: Any) -> AsyncIterator[AnyEvent]:
        self.said.append(("keep", (pair, kept)))
        yield TryKept(again=pair, kept=kept)

    async def rewind(self, turn: int, files: bool) -> AsyncIterator[AnyEvent]:
        self.said.append(("rewind", (turn, files)))
        for event in ():
            yield event

    async def repo_changed(self, paths: tuple[str, ...]) -> AsyncIterator[AnyEvent]:
        yield RepoChanged(paths=paths, branch="main", dirty=len(paths))

    def steer(self, text: str) -> None:
        self.said.append(("steer", text))

    def switch_price(self, tier: Any) -> SwitchPrice:
        return SwitchPrice(reread_tokens=12_000, cost=Decimal("0.05"))

    def history(self) -> tuple[AnyEvent, ...]:
        return self.past

    async def aclose(self) -> None:
        self.closed = True
