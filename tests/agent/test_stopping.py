"""Stopping at every point: the stream ends, the journal has an end, nothing is left running, nothing is unbilled."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted import Session, kinds, route, say, session

from pier_tui.errors import EndpointDown, KeyRejected
from pier_tui.events import AnyEvent, CallFinished, RequestInterrupted
from pier_tui.headless import everything

EDIT = ("edit", {"path": "app.py", "old": "    return n - 1", "new": "    return n"})
TURNS = (say("", route("edit"), EDIT), say("", route("inspect"), ("read", {"path": "app.py"})), say("Done."))


async def all_events(s: Session) -> int:
    return len(await s.run("fix size"))


async def test_leaving_the_stream_after_any_event_ends_the_request_at_once(tmp_path: Path) -> None:
    total = await all_events(session(tmp_path / "whole", [*TURNS]))
    for stop in range(1, total):
        s = session(tmp_path / str(stop), [*TURNS])
        async with aclosing(s.agent.run("fix size")) as events:
            for _ in range(stop):
                await anext(events)
        assert not s.agent.busy
        assert [e.type for e in s.journal].count("request_interrupted") == 1
        sent = [e for e in s.journal if e.type == "route_decided"]
        billed = [e for e in s.journal if e.type == "call_finished"]
        assert len({(e.turn, e.call) for e in sent}) == len(billed)  # type: ignore[attr-defined]


async def test_an_interrupt_after_any_event_ends_the_request_and_the_next_one_runs(tmp_path: Path) -> None:
    whole = kinds(await session(tmp_path / "whole", [*TURNS]).run("fix size"))
    last_word = len(whole) - whole[::-1].index("text_delta")
    for stop in range(1, last_word + 1):
        s = session(tmp_path / str(stop), [*TURNS, *TURNS])
        seen: list[AnyEvent] = []
        async for event in s.agent.run("fix size"):
            seen.append(event)
            if len(seen) == stop:
                s.agent.interrupt()
        assert seen[-1].type == "request_interrupted", stop
        calls = [m for d in s.agent.backbone.deltas for m in d.messages]
        asked = [c.id for m in calls for c in m.tool_calls]
        assert asked == [m.tool_call_id for m in calls if m.role == "tool"]
        s.weak.replies[:] = [say("Next.")]
        assert (await s.run("next"))[-1].type == "request_ended"


async def test_cancelling_while_any_event_is_journalled_leaves_an_end_in_the_journal(tmp_path: Path) -> None:
    total = len(await session(tmp_path / "whole", [*TURNS]).run("fix size"))
    for stop in range(1, total - 2):
        s = session(tmp_path / str(stop), [*TURNS])
        written = 0
        append = s.agent._p.recorder._append

        async def slow(event: object, append=append) -> None:  # type: ignore[no-untyped-def]
            nonlocal written
            await append(event)
            written += 1
            if written == stop:  # noqa: B023
                task.cancel()  # noqa: B023
            await asyncio.sleep(0)

        s.agent._p.recorder._append = slow  # type: ignore[assignment]
        task = asyncio.ensure_future(s.run("fix size"))
        try:
            await task
        except asyncio.CancelledError:
            assert any(e.type.startswith("request_") and e.type != "request_started" for e in s.journal)
        assert not s.agent.busy


async def test_a_call_stopped_before_its_first_word_is_still_on_the_bill(tmp_path: Path) -> None:
    s = session(tmp_path, [""])
    seen: list[AnyEvent] = []
    async for event in s.agent.run("go"):
        seen.append(event)
        if event.type == "route_decided":
            asyncio.get_running_loop().call_later(0.01, s.agent.interrupt)
    (call,) = [e for e in seen if isinstance(e, CallFinished)]
    assert call.usage.estimated
    assert call.cost is not None
    assert call.cost > 0


async def test_a_refused_key_costs_nothing_and_a_broken_connection_an_unknown_sum(tmp_path: Path) -> None:
    s = session(tmp_path / "a", [KeyRejected("No.")], [KeyRejected("No.")])
    events = await s.run("go")
    assert [e.cost for e in events if isinstance(e, CallFinished)] == [Decimal(0), Decimal(0)]
    assert s.agent.ledger.cost == 0
    s = session(tmp_path / "b", [EndpointDown("Down.")], [say("Done.")])
    events = await s.run("go")
    assert next(e.cost for e in events if isinstance(e, CallFinished)) is None
    assert s.agent.ledger.cost is None


async def test_an_answer_without_an_end_is_on_the_bill(tmp_path: Path) -> None:
    s = session(tmp_path, [], [say("Done.")])

    async def cut(request: object):  # type: ignore[no-untyped-def]
        from pier_tui.models.messages import TextPiece

        yield TextPiece(text="half an")

    s.weak.stream = cut  # type: ignore[method-assign, assignment]
    events = await s.run("go")
    assert [(e.tier, e.kept) for e in events if isinstance(e, CallFinished)] == [("weak", False), ("strong", True)]


async def test_the_partial_answer_is_of_the_call_that_was_cut_off_alone(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Too hard for me.", route("escalate", 0.1))], ["I would"])
    seen: list[AnyEvent] = []
    async for event in s.agent.run("go"):
        seen.append(event)
        if event.type == "text_delta" and s.strong.asked:
            s.agent.interrupt()
    assert isinstance(seen[-1], RequestInterrupted)
    assert seen[-1].partial == "I would"


async def test_a_finished_answer_is_not_told_again_as_cut_off(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Looking.", route("inspect"), ("read", {"path": "app.py"})), say("Done.")])
    async for event in s.agent.run("go"):
        if event.type == "turn_ended":
            s.agent.interrupt()
    assert not any("cut off" in m.content for d in s.agent.backbone.deltas for m in d.messages)


async def test_a_review_that_is_cancelled_while_it_writes_is_carried_out_whole(tmp_path: Path) -> None:
    for steps in range(1, 60):
        s = session(tmp_path / str(steps), [say("", route("edit"), EDIT), say("Fixed.")])
        await s.run("fix size")

        async def consume(s: Session = s) -> list[AnyEvent]:
            return [e async for e in s.agent.review(everything(s.agent.pending))]

        task = asyncio.ensure_future(consume())
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        if task.done():
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.02)
        fixed = "n - 1" not in (s.root / "app.py").read_text()
        journalled = any(e.type == "patch_applied" for e in s.journal)
        assert fixed == journalled == (not s.agent.pending.files), kinds(s.journal)  # type: ignore[arg-type]


async def test_a_shell_command_that_is_stopped_says_so_and_is_killed(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    seen: list[AnyEvent] = []

    async def consume() -> None:
        async with aclosing(s.agent.shell("echo started; sleep 600")) as events:
            async for event in events:
                seen.append(event)
                if event.type == "tool_output":
                    task.cancel()

    task = asyncio.ensure_future(consume())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen[-1].type == "tool_returned"
    assert not seen[-1].ok


async def test_a_feedback_file_that_refuses_does_not_change_how_a_request_ends(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Done."), "half"])
    other = sqlite3.connect(tmp_path / "feedback.db")
    other.execute("DROP TABLE decisions")
    other.close()
    assert (await s.run("go"))[-1].type == "request_ended"
    assert s.journal[-1].type == "notice"
    task = asyncio.ensure_future(s.run("again"))
    await s.weak.speaking.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not s.agent.busy


async def test_a_redone_turn_is_kept_for_the_feedback(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Done.")], [say("Done better.")])
    await s.run("go")
    before = len(s.agent._feedback.decisions())
    [_ async for _ in s.agent.redo(1)]
    assert len(s.agent._feedback.decisions()) == before + 1
