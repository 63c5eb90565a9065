"""Whole requests over a real socket that misbehaves: the turn is kept, a tool runs at most once, the bill is right."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from fault_server import DONE, USAGE, Act, FaultServer, call, raw, reset, said, serving, stall, status, stream
from scripted import PRICE, Session, card, kinds, session

from pier_tui.agent.books import Books, Rates
from pier_tui.agent.harness import harness
from pier_tui.events import AnyEvent, CallFinished, Notice, RequestEnded, RequestFailed, ToolReturned
from pier_tui.models.messages import Tier
from pier_tui.models.openai import OpenAIClient
from pier_tui.router.catalogue import make
from pier_tui.router.strategy import Strategy

EDIT = '{"path": "app.py", "old": "    return n - 1", "new": "    return n"}'
ROUTE = call("route", '{"action": "edit", "confidence": 0.9, "reason": "plain"}', 0, "r")
ACT = (said("I mend it."), ROUTE, call("edit", EDIT, 1, "e"), said("", "tool_calls"), USAGE, DONE)
WHOLE, ANSWER = stream(*ACT), stream(said("Mended.", "stop"), USAGE, DONE)


async def at_once(seconds: float) -> None:
    """No time at all."""


def live(
    tmp_path: Path,
    server: FaultServer,
    *,
    sleep: Callable[[float], Awaitable[object]] | None = None,
    strategy: Strategy | None = None,
) -> Session:
    """A session whose two models are behind one misbehaving server; waits between tries take no time."""
    tiers: tuple[Tier, ...] = ("weak", "strong")
    clients = {tier: OpenAIClient(card(tier), server.url, sleep=sleep or at_once) for tier in tiers}
    harnesses = {tier: harness(tier, routing=True) for tier in tiers}
    rates = Rates({"weak": PRICE, "strong": PRICE}, {"weak": "30B", "strong": "105B"})
    routed = strategy or make("self-route")
    return session(tmp_path, [], books=Books(clients, harnesses, rates), strategy=routed)  # type: ignore[arg-type]


def edits(events: list[AnyEvent]) -> list[bool]:
    return [event.ok for event in events if isinstance(event, ToolReturned) and event.name == "edit"]


FAULTS: dict[str, list[Act]] = {
    "429, then fine": [status(429, "", retry_after="1"), WHOLE],
    "503 after the edit": [WHOLE, status(503), status(503)],
    "reset before a piece": [raw(b"", then=reset), WHOLE],
    "reset within the call": [stream(said("I mend it."), ROUTE, call("edit", EDIT[:40], 1, "e"), then=reset), WHOLE],
    "reset after a whole call": [stream(said("I mend it."), ROUTE, call("edit", EDIT, 1, "e"), then=reset), WHOLE],
    "hung up within the call": [stream(said("I mend it."), ROUTE, call("edit", EDIT[:40], 1, "e")), WHOLE],
    "a limit within the call": [stream(ROUTE, call("edit", EDIT[:40], 1, "e"), said("", "length"), DONE), WHOLE],
    "two finishes, no [DONE]": [stream(*ACT[:-1], said("", "tool_calls"))],
    "the call said twice": [stream(*ACT[:3], call("edit", EDIT, 1, "e"), *ACT[3:])],
    "a web page with 200": [status(200, "<html>hi</html>"), WHOLE],
    "an error in the stream": [stream(said("I m"), {"error": {"message": "overloaded"}}), WHOLE],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_edit_is_made_once_and_the_request_comes_to_its_end(tmp_path: Path, fault: str) -> None:
    async with serving(*FAULTS[fault], ANSWER) as server:
        s = live(tmp_path, server)
        events = await s.run("fix size")
        await s.agent.aclose()
    assert edits(events) == [True]
    assert [f.path for f in s.agent.pending.files] == ["app.py"]
    assert isinstance(events[-1], RequestEnded)
    assert events[-1].why == "answered"
    assert "return n - 1" in (s.root / "app.py").read_text()
    sent = kinds(events).count("route_decided")
    assert kinds(events).count("call_finished") <= sent


async def test_the_model_is_told_which_arguments_were_left_out(tmp_path: Path) -> None:
    odd = call("read", '{"file_path": "app.py", "colour": "red", "start": 1}', 1, "e")
    async with serving(stream(ROUTE, odd, said("", "tool_calls"), DONE), ANSWER) as server:
        events = await live(tmp_path, server).run("read it")
    [result] = [event for event in events if isinstance(event, ToolReturned) and event.name == "read"]
    assert result.ok
    assert result.text.endswith("(left out, for read does not know it: colour)")


async def test_the_user_sees_how_long_is_waited_and_why(tmp_path: Path) -> None:
    async with serving(status(429, "", retry_after="7"), WHOLE, ANSWER) as server:
        events = await live(tmp_path, server).run("fix size")
    said_so = [event.text for event in events if isinstance(event, Notice)]
    assert said_so == ["The endpoint asks to slow down (429); trying again in 7 s."]


async def test_known_tokens_are_charged_and_unknown_ones_estimated(tmp_path: Path) -> None:
    async with serving(WHOLE, stream(said("Half an ans"), then=reset), ANSWER) as server:
        events = await live(tmp_path, server).run("fix size")
    bills = [event for event in events if isinstance(event, CallFinished)]
    assert (bills[0].usage.output, bills[0].usage.estimated) == (7, False)
    assert bills[1].usage.estimated
    assert all(bill.cost for bill in bills)


async def test_a_request_that_fails_keeps_what_was_said_in_the_journal(tmp_path: Path) -> None:
    broken = stream(said("I had got this far"), {"error": {"message": "overloaded"}})
    async with serving(broken) as server:
        s = live(tmp_path, server)
        events = await s.run("fix size")
    assert isinstance(events[-1], RequestFailed)
    assert events[-1].partial == "I had got this far"
    assert "overloaded" in events[-1].text
    assert s.journal[-1] == events[-1]


async def test_an_endpoint_that_cuts_every_answer_is_given_up_with_one_sentence(tmp_path: Path) -> None:
    async with serving(stream(said("I had got this far"))) as server:
        events = await live(tmp_path, server).run("fix size")
    assert isinstance(events[-1], RequestEnded)
    assert events[-1].text == "The answer was cut off 3 times; ask again or choose the other model."


@pytest.mark.parametrize(
    "act", [stall, stream(then=stall), stream(said("I m"), then=stall), status(200, "{", content_length="9")]
)
async def test_a_stop_wins_against_a_server_that_never_goes_on(tmp_path: Path, act: Act) -> None:
    async with serving(act) as server:
        s = live(tmp_path, server)
        events: list[AnyEvent] = []
        async with asyncio.timeout(20), aclosing(s.agent.run("fix size")) as running:
            stopping = asyncio.ensure_future(_stop_once_asked(s, server))
            async for event in running:
                events.append(event)
            await stopping
    assert events[-1].type == "request_interrupted"
    assert kinds(events).count("call_finished") == 1
    assert not s.agent.busy


async def _stop_once_asked(s: Session, server: FaultServer) -> None:
    await server.asked.wait()
    s.agent.interrupt()
