"""Whatever a strategy, the models and the user do: every call is billed once, in order, and at most one is kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from dry import HANDED_OVER, READ, reply, routed, turn
from hypothesis import given, settings
from hypothesis import strategies as st

from pier_tui.errors import BadAnswer, EndpointDown, OutOfCredit
from pier_tui.events import CallFinished, ReasoningDelta, RouteDecided, TextDelta
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Piece, Reply, TextPiece
from pier_tui.models.usage import Usage
from pier_tui.router.bills import Prepared
from pier_tui.router.catalogue import make
from pier_tui.router.drive import ACTING, Drafted, Drive, Driven, Kept
from pier_tui.router.names import NAMES
from pier_tui.router.override import Interrupted, Steering, Switched
from pier_tui.router.strategy import Answer, Call, Flow, Purpose, TurnState

CARD = ModelCard(label="x", id="x", window=9000, output_cap=900, as_of=date(2026, 1, 1), source="a test")
Said = Literal["read", "doubtful", "hand over", "words", "votes", "cut", "nothing", "broken", "refused", "hang"]
Does = Literal["nothing", "stop", "switch", "leave", "cancel"]
REPLIES: dict[str, Reply] = {
    "read": routed("inspect", 0.9, READ),
    "doubtful": routed("inspect", 0.1, READ),
    "hand over": HANDED_OVER,
    "words": reply(text="All is well."),
    "votes": reply(text="1: yes\n2: no\n3: yes"),
    "cut": Reply(text="I wi", finish_reason="length"),
}
EXAMPLES = 1500 if os.environ.get("PIER_SOAK") else 40


@dataclass
class Plan:
    """A strategy that asks for these batches whatever it is told, and keeps the answer of this place, if it can."""

    batches: list[list[tuple[str, Purpose, bool]]]
    keeps: int
    name: str = "drawn"
    about: str = ""

    def flow(self, state: TurnState) -> Flow:
        answers: list[Answer] = []
        for batch in self.batches:
            told = yield tuple(Call(tier=tier, purpose=purpose, ahead=ahead) for tier, purpose, ahead in batch)  # type: ignore[arg-type]
            answers += told
        return answers[self.keeps]


@dataclass
class World:
    """Two models that say what was drawn, a user who does something at some event, and what was booked of it."""

    says: list[Said]
    does: Does
    steering: Steering = field(default_factory=Steering)
    prepared: int = 0
    booked: int = 0
    running: int = 0

    def prepare(self, call: Call) -> Prepared:
        self.prepared += 1
        return Prepared(card=CARD, pieces=self._stream(self.says[(self.prepared - 1) % len(self.says)]))

    async def _stream(self, said: Said) -> AsyncIterator[Piece]:
        self.running += 1
        try:
            await asyncio.sleep(0)
            if said == "refused":
                raise OutOfCredit("no credit")
            yield TextPiece(text="so")
            await asyncio.sleep(0)
            if said == "broken":
                raise EndpointDown("down")
            if said == "hang":
                # Somebody has to end it.
                self.act("switch" if self.does == "switch" else "stop")
                await asyncio.Event().wait()
            if said in REPLIES:
                yield REPLIES[said].model_copy(update={"usage": Usage(prompt=9, cached=0, output=1)})
        finally:
            self.running -= 1

    def act(self, does: Does) -> None:
        if does == "stop":
            self.steering.interrupt()
        elif does == "switch":
            self.steering.choose("strong", "now")

    def finished(self, call: Call, usage: Usage, kept: bool) -> tuple[Decimal | None, dict[str, Decimal | None]]:
        self.booked += 1
        return Decimal(1), {}

    def count(self, text: str) -> int:
        return len(text)


CALLS = st.tuples(
    st.sampled_from(["weak", "strong"]), st.sampled_from(["act", "draft", "verify", "aggregate"]), st.booleans()
)
PLANS = st.builds(Plan, st.lists(st.lists(CALLS, min_size=1, max_size=3), max_size=3), st.integers(-3, 3))
STRATEGIES = st.one_of(st.sampled_from(NAMES), PLANS)
SAYS = st.lists(st.sampled_from(list(Said.__args__)), min_size=1, max_size=5)  # type: ignore[attr-defined]


async def driven(world: World, strategy: Plan | str, at: int, state: TurnState) -> tuple[list[Driven], Drive]:
    chosen = strategy if isinstance(strategy, Plan) else make(strategy)
    drive, seen = Drive(world, world.steering, "d"), []
    task = asyncio.current_task()
    assert task is not None
    with suppress(Interrupted, Switched, EndpointDown, OutOfCredit, BadAnswer, asyncio.CancelledError):
        async with aclosing(drive.run(chosen, state)) as items:
            async for item in items:
                seen.append(item)
                if len(seen) == at:
                    world.act(world.does)
                    if world.does == "leave":
                        break
                    if world.does == "cancel":
                        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)  # a cancellation that came with the last event
    return seen, drive


@given(STRATEGIES, SAYS, st.sampled_from(list(Does.__args__)), st.integers(1, 12), st.floats(0, 1))  # type: ignore[attr-defined]
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_call_is_billed_once_and_in_order(
    strategy: Plan | str, says: list[Said], does: Does, at: int, draw: float
) -> None:
    world = World(says, does)
    seen, drive = asyncio.run(driven(world, strategy, at, turn(epsilon=0.3, draw=draw)))
    bills = [item for item in (*seen, *drive.take_unsaid()) if isinstance(item, CallFinished)]
    assert sorted(bill.call for bill in bills) == list(range(1, world.prepared + 1)) or not bills
    assert len(bills) == world.booked == world.prepared
    assert (world.running, drive.take_unsaid()) == (0, ())
    open_calls: set[int] = set()
    over: set[int] = set()
    for item in seen:
        match item:
            case RouteDecided(call=call):
                assert call not in over
                open_calls.add(call)
            case CallFinished(call=call):
                assert call in open_calls - over
                over.add(call)
            case TextDelta() | ReasoningDelta():
                assert open_calls - over
            case Drafted(answer=draft):
                assert draft.call.ahead
                assert draft.number not in over
            case _:
                pass
    kept = [item.answer for item in seen if isinstance(item, Kept)]
    kept_bills = [bill.call for bill in bills if bill.kept]
    assert len(kept_bills) <= 1
    if kept:
        assert kept_bills == [kept[0].number]
        assert isinstance(seen[-1], Kept)
        assert open_calls == over
        assert kept[0].call.purpose in ACTING
    if isinstance(strategy, str):
        acted = [item.call for item in seen if isinstance(item, RouteDecided) and item.tier == "strong"]
        assert len(set(acted)) <= 1, "at most one hop"
