"""A request without a screen: what is printed where, what is written, and the exit codes."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "agent"))

from scripted import Session, route, say, session

from pier_tui import headless
from pier_tui.agent.budget import Budget
from pier_tui.errors import KeyRejected, PierError
from pier_tui.headless import FAILED, INTERRUPTED, NOT_FINISHED, OK, Wanted
from pier_tui.models.profiles import load_profile
from pier_tui.models.usage import Ledger, Price, Usage
from pier_tui.session.export import load_recording

EDIT = ("edit", {"path": "app.py", "old": "    return n - 1", "new": "    return n"})
FIX = (say("", route("edit"), EDIT), say("Fixed."))


async def run(s: Session, **wanted: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = await headless.run(s.agent, Wanted("fix size", **wanted), out, err)  # type: ignore[arg-type]
    return code, out.getvalue(), err.getvalue()


def test_what_caching_and_what_routing_saved_are_told_apart(tmp_path: Path) -> None:
    price = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))
    usage = Usage(prompt=1_000_000, cached=400_000, output=100_000)
    ledger = Ledger().add("weak", usage, Decimal(5), kept=True, price=price, alone={"strong": Decimal(7)})
    ledger = ledger.add("weak", Usage(), None, kept=False, price=price)
    s = session(tmp_path, [])
    s.agent.books.ledger = ledger
    s.agent.profile = load_profile("sarvam-2026-06")
    summary = headless.Summary.of(s.agent)
    assert summary.lines() == (
        "cost ?; 105B only would have been ~₹7.00",
        "saved by caching ₹0.6000 + ? for 1 call that did not say; by routing ?",
    )
    told = json.loads(summary.model_dump_json())
    assert (told["type"], told["cost"], told["saved_by_caching"], told["unsaid"]) == ("summary", None, "0.6", 1)
    assert (told["strong_only"], told["tiers"]["weak"]["cached"], told["turns"]) == ("7", 400_000, 1)


async def test_without_yes_the_proposal_is_printed_and_nothing_is_written(tmp_path: Path) -> None:
    s = session(tmp_path, [*FIX])
    code, out, err = await run(s)
    assert code == OK
    assert "+    return n\n" in out
    assert "Nothing was written" in err
    assert "n - 1" in (s.root / "app.py").read_text()


async def test_with_yes_what_was_proposed_is_written(tmp_path: Path) -> None:
    s = session(tmp_path, [*FIX])
    code, _, err = await run(s, yes=True)
    assert (code, err) == (OK, "")
    assert "n - 1" not in (s.root / "app.py").read_text()


async def test_with_yes_nothing_is_written_where_the_request_was_not_finished(tmp_path: Path) -> None:
    s = session(tmp_path, [*FIX], budget=Budget(turns=1))
    code, out, _ = await run(s, yes=True)
    assert code == NOT_FINISHED
    assert "1 turns, the limit" in out
    assert "n - 1" in (s.root / "app.py").read_text()
    assert s.agent.pending.files


async def test_json_is_events_the_review_included_and_one_summary_last(tmp_path: Path) -> None:
    s = session(tmp_path, [*FIX])
    code, out, err = await run(s, json=True, yes=True)
    assert (code, err) == (OK, "")
    kinds = [json.loads(line)["type"] for line in out.splitlines()]
    assert kinds == [*(e.type for e in s.journal), "summary"]  # type: ignore[attr-defined]
    assert "patch_applied" in kinds


async def test_text_that_would_steer_the_terminal_is_shown_as_badges(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Look: \x1b]0;owned\x07 and \u202e.")])
    _, out, _ = await run(s)
    assert "\x1b" not in out
    assert "\u202e" not in out


async def test_a_time_limit_stops_the_running_call_and_keeps_everything(tmp_path: Path) -> None:
    s = session(tmp_path, [FIX[0], "thinking"])
    code, out, err = await run(s, timeout=1.5, json=True)
    assert code == NOT_FINISHED
    assert "Stopped after 1.5 s" in err
    assert [json.loads(line)["type"] for line in out.splitlines()][-2:] == ["request_interrupted", "summary"]
    assert s.agent.pending.files
    assert not s.agent.busy


async def test_a_cost_limit_ends_the_request_with_its_sentence(tmp_path: Path) -> None:
    s = session(tmp_path, [*FIX], budget=Budget(cost=Decimal("0.000001")))
    code, out, _ = await run(s)
    assert code == NOT_FINISHED
    assert "the cost limit" in out


async def test_a_request_that_fails_says_so_once(tmp_path: Path) -> None:
    s = session(tmp_path, [KeyRejected("The key was not accepted.")], [KeyRejected("The key was not accepted.")])
    code, out, _ = await run(s)
    assert code == FAILED
    assert out.count("failed: The key was not accepted.") == 1


async def test_a_stop_from_elsewhere_is_an_interruption(tmp_path: Path) -> None:
    s = session(tmp_path, ["half"])
    running = asyncio.ensure_future(run(s))
    await s.weak.speaking.wait()
    s.agent.interrupt()
    assert (await running)[0] == INTERRUPTED


async def test_a_recording_can_be_read_back_and_one_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    s = session(tmp_path / "a", [*FIX])
    await run(s, record=tmp_path / "run.jsonl")
    assert [e.type for e in load_recording(tmp_path / "run.jsonl").events][-1] == "request_ended"
    s = session(tmp_path / "b", [*FIX])
    with pytest.raises(PierError, match="cannot be written"):
        await run(s, record=tmp_path / "no" / "run.jsonl")
