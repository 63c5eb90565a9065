"""Reading the other model's prompt ahead: only when asked, billed by itself, out of the next request's way."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from scripted import Session, kinds, say, session

from pier_tui.agent.warming import OVERTAKEN
from pier_tui.errors import BadAnswer, EndpointDown, PierError
from pier_tui.events import CallFinished, PromptWarmed
from pier_tui.feedback.report import report
from pier_tui.feedback.rows import Feedback
from pier_tui.session.export import to_markdown
from pier_tui.session.resume import fold
from pier_tui.session.store import Store
from pier_tui.ui.story import Story


async def ahead(made: Session) -> PromptWarmed:
    [event] = [event async for event in made.agent.warming.read()]
    assert isinstance(event, PromptWarmed)
    return event


async def test_unless_asked_the_other_model_is_never_called(tmp_path: Path) -> None:
    made = session(tmp_path, [say("Done.")])
    await made.run("hello")
    await asyncio.sleep(0)
    assert (made.strong.asked, made.agent.warming.always) == ([], False)


async def test_the_other_model_reads_its_prompt_for_one_token_at_the_price_told_and_has_it_cached(
    tmp_path: Path,
) -> None:
    made = session(tmp_path, [say("Done.")], [say("x", prompt=3000)])
    await made.run("hello")
    told = made.agent.warming.next()
    assert told is not None
    event = await ahead(made)
    [asked] = made.strong.asked
    assert asked.max_tokens == 1
    assert asked.messages[:-1] == made.agent.books.prefix("strong").messages[:-1]
    assert (event.tier, event.failure, event.usage.prompt, event.turn) == ("strong", "", 3000, 0)
    left = made.agent.switch_price("strong").reread_tokens
    assert (told.tier, left < 0.2 * told.price.reread_tokens) == ("strong", True)


async def test_a_warm_up_is_a_line_of_its_own_on_every_bill_and_counts_as_no_turn(tmp_path: Path) -> None:
    made = session(tmp_path, [say("Done.")], [say("x", prompt=3000)])
    events = await made.run("hello")
    before = [e.cost for e in events if isinstance(e, CallFinished) and e.cost is not None]
    event = await ahead(made)
    assert event.cost == (3000 * Decimal(4) + 10 * Decimal(16)) / 1_000_000
    ledger = made.agent.ledger
    assert ledger.cost == sum(before, event.cost)
    assert ledger.tiers["warm-up"].calls == 1
    assert (ledger.escalation_rate, ledger.kept_calls, ledger.saved_by_caching) == (0, 1, 0)
    story = Story()
    story.add_all(made.journal)  # type: ignore[arg-type]
    assert (story.warm_ups.calls, story.cost) == (1, ledger.cost)
    assert story.points[-1].strong_only == story.points[-2].strong_only
    found = report([made.journal], Feedback())  # type: ignore[list-item]
    assert (found.known, found.warm_ups, found.warm_up_cost) == (ledger.cost, 1, event.cost)
    assert "· warm-up*" in to_markdown(made.journal)
    again = session(tmp_path / "again", [])
    again.agent.books.restore(fold(made.journal).calls)  # type: ignore[arg-type]
    assert again.agent.ledger == ledger


async def test_the_list_of_sessions_counts_warm_ups(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    of = store.open_session("/repo")
    usage = {"usage": {"prompt": 3000, "output": 1}, "cost": "0.5"}
    store.append_now(PromptWarmed.model_validate({"session": of, "tier": "strong", "model": "m", **usage}))
    assert [row.cost for row in store.sessions("/repo")] == [Decimal("0.5")]
    store.close()


async def test_a_request_ends_a_warm_up_and_it_is_on_the_bill_but_not_counted_on(tmp_path: Path) -> None:
    made = session(tmp_path, [say("Done."), say("Again.")], ["reading on and on"])
    await made.run("hello")
    cold = made.agent.switch_price("strong").reread_tokens
    warming = asyncio.create_task(ahead(made))
    async with asyncio.timeout(10):
        await made.strong.speaking.wait()
    with pytest.raises(PierError, match="already"):
        await ahead(made)
    assert kinds(await made.run("and again"))[-1] == "request_ended"
    event = await warming
    assert (made.strong.closed, event.failure, event.usage.estimated) == (1, OVERTAKEN, True)
    assert event.cost is not None
    assert event.cost > 0
    assert made.agent.switch_price("strong").reread_tokens >= cold
    assert [e.type for e in made.journal][-1] == "request_ended"
    assert kinds(list(made.journal)).index("prompt_warmed") < len(made.journal) - 5  # type: ignore[arg-type]


@pytest.mark.parametrize(("error", "cost"), [(BadAnswer("No such model."), 0), (EndpointDown("Nobody there."), None)])
async def test_a_warm_up_that_fails_says_so_and_stops_nothing(tmp_path: Path, error: object, cost: int | None) -> None:
    made = session(tmp_path, [say("Done."), say("Again.")], [error])
    await made.run("hello")
    event = await ahead(made)
    assert (event.failure, event.cost) == (str(error), cost)
    assert kinds(await made.run("and again"))[-1] == "request_ended"


async def test_nothing_is_read_ahead_while_a_request_runs_or_with_one_model(tmp_path: Path) -> None:
    made = session(tmp_path, [say("Done.")])
    events = made.agent.run("hello")
    await anext(events)
    with pytest.raises(PierError, match="A request is running"):
        await ahead(made)
    await events.aclose()
    alone = session(tmp_path / "alone", [], only="weak")
    assert alone.agent.warming.next() is None
    with pytest.raises(PierError, match="one model only"):
        await ahead(alone)
