"""Driving flows: batches side by side, one bill kept a turn, hops, failures, and streams that are left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import date
from decimal import Decimal

import pytest
from dry import HANDED_OVER, READ, reply, routed, turn

from pier_tui.errors import EndpointDown, ModelError
from pier_tui.events import AnyEvent, CallFinished, Notice, RouteDecided, TextDelta
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Piece, Reply, TextPiece
from pier_tui.models.usage import Usage
from pier_tui.router.bills import Prepared
from pier_tui.router.catalogue import make
from pier_tui.router.drive import Drive, Driven, Kept
from pier_tui.router.override import Interrupted, Steering, Switched
from pier_tui.router.strategies.mixture import Mixture
from pier_tui.router.strategies.self_verify import SelfVerify
from pier_tui.router.strategies.single import Single
from pier_tui.router.strategies.speculative import Speculative
from pier_tui.router.strategy import Call, Flow, Strategy, TurnState

CARD = ModelCard(label="x", id="x", window=9000, output_cap=900, as_of=date(2026, 1, 1), source="a test")
Say = Callable[[Call], Reply | ModelError | str]


class Desk:
    """Answers calls as told, notes what is booked; a string is said and then hangs. All of a batch start together."""

    def __init__(self, say: Say) -> None:
        self.say, self.booked, self.running, self.most = say, [], 0, 0  # type: ignore[var-annotated]

    def prepare(self, call: Call) -> Prepared:
        return Prepared(card=CARD, pieces=self._stream(call), prompt_tokens=100)

    async def _stream(self, call: Call) -> AsyncIterator[Piece]:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            said = self.say(call)
            if isinstance(said, ModelError):
                raise said
            if isinstance(said, str):
                yield TextPiece(text=said)
                await asyncio.Event().wait()
                return
            if said.text:
                yield TextPiece(text=said.text)
            yield said.model_copy(update={"usage": Usage(prompt=100, cached=0, output=5)})
        finally:
            self.running -= 1

    def finished(self, call: Call, usage: Usage, kept: bool) -> tuple[Decimal | None, dict[str, Decimal | None]]:
        self.booked.append((call.tier, call.purpose, kept))
        return Decimal(1), {}

    def count(self, text: str) -> int:
        return len(text.split())


async def drive(strategy: Strategy, say: Say, state: TurnState | None = None) -> tuple[list[AnyEvent], Kept, Desk]:
    desk = Desk(say)
    seen: list[AnyEvent] = []
    kept: Kept | None = None
    async with aclosing(Drive(desk, Steering(), "d").run(strategy, state or turn())) as items:
        async for item in items:
            if isinstance(item, Kept):
                kept = item
            else:
                seen.append(item)
    assert kept is not None
    return seen, kept, desk


async def followed(desk: Desk, steering: Steering, seen: list[Driven], does: Callable[[], None] | None = None) -> None:
    """A speculative turn that the user stops as soon as something is said, or does something else to."""
    async for item in Drive(desk, steering, "d").run(Speculative(), turn()):
        seen.append(item)
        if isinstance(item, TextDelta):
            (does or steering.interrupt)()


def bills(events: list[AnyEvent]) -> list[tuple[int, str, bool]]:
    return [(e.call, e.tier, e.kept) for e in events if isinstance(e, CallFinished)]


async def test_proposers_run_side_by_side_and_only_the_aggregator_is_kept_and_shown() -> None:
    say: Say = lambda call: reply(text="a plan" if call.purpose == "draft" else "the answer")  # noqa: E731
    events, kept, desk = await drive(Mixture(proposers=3), say)
    assert desk.most == 3
    assert bills(events) == [(1, "weak", False), (2, "weak", False), (3, "weak", False), (4, "strong", True)]
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["the answer"]
    assert kept.answer.reply.text == "the answer"
    first_bill = next(n for n, e in enumerate(events) if isinstance(e, CallFinished))
    assert [e.call for e in events[:first_bill] if isinstance(e, RouteDecided)] == [1, 2, 3]


async def test_a_draft_waits_for_its_verdict_before_it_is_billed_as_kept() -> None:
    def say(call: Call) -> Reply:
        return reply(text="1: yes\n2: yes\n3: yes") if call.purpose == "verify" else routed("inspect", 0.9, READ)

    events, kept, _ = await drive(SelfVerify(), say)
    assert bills(events) == [(2, "weak", False), (1, "weak", True)]
    assert kept.answer.number == 1
    known = [e for e in events if isinstance(e, RouteDecided)][-1]
    assert (known.call, known.action, known.confidence, known.score) == (1, "inspect", 1.0, 1.0)
    assert known.features["verdicts"] == 1.0


async def test_an_escalated_draft_is_billed_before_the_strong_call_begins() -> None:
    events, _, _ = await drive(make("self-route"), lambda c: HANDED_OVER if c.tier == "weak" else reply(text="Done."))
    kinds = [(e.type, getattr(e, "call", None)) for e in events if not isinstance(e, TextDelta)]
    assert kinds == [
        ("route_decided", 1),
        ("route_decided", 1),
        ("call_finished", 1),
        ("route_decided", 2),
        ("call_finished", 2),
    ]
    assert bills(events) == [(1, "weak", False), (2, "strong", True)]


async def test_exactly_one_of_two_models_at_work_is_kept_whichever_it_is() -> None:
    for strong, tier in ((reply(READ), "weak"), (reply(text="Done."), "strong")):
        events, kept, desk = await drive(Speculative(), lambda c, s=strong: s if c.tier == "strong" else reply(READ))
        assert (desk.most, kept.answer.call.tier) == (2, tier)
        assert [t for _, t, k in bills(events) if k] == [tier]


async def test_a_lot_is_written_down_with_its_chance() -> None:
    state = turn(epsilon=0.2, draw=0.05)
    events, kept, _ = await drive(make("cascade"), lambda _: Reply(text="I wi", finish_reason="length"), state)
    known = [e for e in events if isinstance(e, RouteDecided)][-1]
    assert (kept.answer.call.tier, known.propensity) == ("weak", pytest.approx(0.1))


async def test_one_failing_call_of_a_batch_ends_the_others_which_stay_on_the_bill() -> None:
    def say(call: Call) -> Reply | ModelError | str:
        if call.tier == "strong":
            return reply(text="rescued")
        return EndpointDown("down") if "smallest" in call.reason else "thinking"

    events, kept, desk = await drive(Mixture(), say)
    assert [e.text for e in events if isinstance(e, Notice)] == ["router failed -> 105B: down"]
    assert (kept.answer.call.route, kept.answer.reply.text) == ("router-failed", "rescued")
    assert sorted(bills(events)) == [(1, "weak", False), (2, "weak", False), (3, "strong", True)]
    assert desk.running == 0


async def test_a_failing_draft_leaves_the_strong_model_at_work_which_is_not_asked_again() -> None:
    say: Say = lambda call: EndpointDown("down") if call.tier == "weak" else reply(text="an answer")  # noqa: E731
    events, kept, desk = await drive(Speculative(), say)
    assert [e.text for e in events if isinstance(e, Notice)] == ["router failed -> 105B: down"]
    assert kept.answer.reply.text == "an answer"
    assert sorted(bills(events)) == [(1, "weak", False), (2, "strong", True)]
    assert len(desk.booked) == 2


async def test_a_switch_ends_every_call_of_a_batch_and_is_told_once() -> None:
    steering, desk = Steering(), Desk(lambda _: "thinking about it")
    seen: list[Driven] = []
    with pytest.raises(Switched):
        await followed(desk, steering, seen, lambda: steering.choose("strong", "now"))
    assert sorted(c.tier for c in seen if isinstance(c, CallFinished)) == ["strong", "weak"]
    assert (len(desk.booked), desk.running, steering.take_next()) == (2, 0, "auto")


async def test_a_failing_verification_costs_the_strong_model_not_the_turn() -> None:
    def say(call: Call) -> Reply | ModelError:
        if call.purpose == "verify":
            return EndpointDown("down")
        return routed("inspect", 0.9, READ) if call.tier == "weak" else reply(text="rescued")

    events, kept, _ = await drive(SelfVerify(), say)
    assert kept.answer.call.route == "router-failed"
    assert sorted(bills(events)) == [(1, "weak", False), (2, "weak", False), (3, "strong", True)]


class Broken:
    """Fails in the way it is told."""

    name = about = "broken"

    def __init__(self, how: str) -> None:
        self._how = how

    def flow(self, state: TurnState) -> Flow:
        if self._how == "at once":
            raise ZeroDivisionError("no rows")
        (answer,) = yield (Call(tier="strong" if "strong" in self._how else "weak"),)
        if "hop" in self._how:
            (answer,) = yield (Call(tier="weak"),)
        if self._how == "nothing":
            return None  # type: ignore[return-value]
        if self._how == "foreign":
            return answer.model_copy(update={"number": 99})
        raise ValueError("bad table")


@pytest.mark.parametrize(
    ("how", "said", "route"),
    [
        ("at once", "ZeroDivisionError: no rows", "router-failed"),
        ("after", "ValueError: bad table", "router-failed"),
        ("nothing", "kept no answer", "router-failed"),
        ("foreign", "kept no answer of this turn", "router-failed"),
        ("strong hop", "second hop", "strategy"),
        ("strong after", "bad table", "strategy"),
    ],
)
async def test_a_broken_strategy_goes_to_the_strong_model_once_and_says_so(how: str, said: str, route: str) -> None:
    events, kept, _ = await drive(Broken(how), lambda _: reply(text="an answer"))
    assert said in next(e.text for e in events if isinstance(e, Notice))
    assert (kept.answer.call.tier, kept.answer.call.route) == ("strong", route)
    assert [k for _, _, k in bills(events)].count(True) == 1


async def test_the_strong_model_failing_is_an_error_and_what_was_drafted_is_billed() -> None:
    desk = Desk(lambda c: EndpointDown("down") if c.tier == "strong" else reply(READ))
    seen: list[Driven] = []
    with pytest.raises(EndpointDown):
        await followed(desk, Steering(), seen)
    assert sorted((c.tier, c.kept) for c in seen if isinstance(c, CallFinished)) == [("strong", False), ("weak", False)]
    assert sorted(desk.booked) == [("strong", "act", False), ("weak", "act", False)]


async def test_the_only_model_of_a_session_is_never_replaced_by_the_other() -> None:
    with pytest.raises(EndpointDown):
        await drive(Single("weak", "only"), lambda _: EndpointDown("down"))


async def test_the_users_stop_ends_a_batch_and_bills_each_call_once() -> None:
    steering, desk = Steering(), Desk(lambda _: "thinking about it")
    seen: list[Driven] = []
    with pytest.raises(Interrupted):
        await followed(desk, steering, seen)
    assert sorted(c.tier for c in seen if isinstance(c, CallFinished)) == ["strong", "weak"]
    assert (len(desk.booked), desk.running) == (2, 0)


@pytest.mark.parametrize("strategy", [Speculative(), SelfVerify(), Mixture(), make("self-route")])
@pytest.mark.parametrize("stop_at", range(1, 9))
async def test_a_stream_left_anywhere_has_every_call_booked_and_told_once(strategy: Strategy, stop_at: int) -> None:
    desk = Desk(lambda c: reply(text="1: yes") if c.purpose == "verify" else routed("inspect", 0.9, READ))
    running, told = Drive(desk, Steering(), "d"), []
    sent: set[int] = set()
    async with aclosing(running.run(strategy, turn())) as items:
        at = 0
        async for item in items:
            at += 1
            if isinstance(item, CallFinished):
                told.append(item.call)
            if isinstance(item, RouteDecided):
                sent.add(item.call)
            if at == stop_at:
                break
    told += [bill.call for bill in running.take_unsaid()]
    assert len(told) == len(set(told)) == len(desk.booked)
    assert sent <= set(told)
    assert running.take_unsaid() == ()
    assert desk.running == 0
