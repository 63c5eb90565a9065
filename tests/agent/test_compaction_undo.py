"""A compaction is announced, can be taken back with all that came since, and that survives a restart."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest
from scripted import Session, route, say, session

from pier_tui.agent.agent import Agent
from pier_tui.backbone.prefix import delta_tokens
from pier_tui.backbone.updates import Pin, Put
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, BackboneRestored, Compacted, Notice
from pier_tui.models.messages import Reply
from pier_tui.session.resume import fold

PLACES = [(path, start, end) for path in ("app.py", "notes.txt") for start, end in ((1, 1), (1, 2), (2, 2))]
LONG = "one two three four five six seven eight nine ten\n" * 120


async def taken_back(agent: Agent) -> list[AnyEvent]:
    async with aclosing(agent.undo_compaction()) as events:
        return [event async for event in events]


def looks(count: int) -> list[Reply]:
    """Long turns that each look at another place."""
    asked = [{"path": path, "start": start, "end": end} for path, start, end in PLACES[:count]]
    return [say(LONG, route("inspect"), ("read", dict(place))) for place in asked]


async def compacted(tmp_path: Path) -> tuple[Session, list[AnyEvent]]:
    """A session of six long turns whose backbone is compacted on the way, and one more short request."""
    s = session(tmp_path, [*looks(5), say("done", route("answer")), say("hello", route("answer"))], epoch_tokens=4000)
    pinned = Put.model_validate(
        {"item": {"id": "", "section": "constraints", "key": "keep", "text": "keep", "author": "you", "pinned": True}}
    )
    async with aclosing(s.agent.update((pinned,))) as events:
        _ = [event async for event in events]
    return s, await s.run("look")


def words(agent: Agent) -> list[str]:
    return [m.content for d in agent.backbone.deltas for m in d.messages]


async def test_undoing_puts_every_word_back_and_keeps_what_came_since(tmp_path: Path) -> None:
    s, events = await compacted(tmp_path)
    (told,) = [e for e in events if isinstance(e, Compacted)]
    assert told.tokens_after < told.tokens_before
    assert "constraints: keep" in told.kept
    short = words(s.agent)
    await s.run("and now?")
    assert "hello" in words(s.agent)
    before = s.agent.backbone
    told_before = s.agent.undo_compaction_price()
    assert s.agent.backbone is before
    restored, notice = await taken_back(s.agent)
    assert told_before == {tier: s.agent.switch_price(tier) for tier in ("weak", "strong")}
    assert isinstance(restored, BackboneRestored)
    assert restored.why == "compaction undone"
    assert isinstance(notice, Notice)
    assert notice.text.startswith("The compaction is undone; the next turn re-reads ~")
    back = words(s.agent)
    assert sum(text == LONG for text in back) == 5
    assert set(short) <= set(back)
    assert back[-2:] == ["hello", "noted"]
    assert s.agent.backbone.snapshot == ""
    assert s.agent.backbone.find("n1") is not None


async def test_after_an_undo_the_next_compaction_waits_for_another_epoch(tmp_path: Path) -> None:
    s, _ = await compacted(tmp_path)
    await taken_back(s.agent)
    events = await s.run("and now?")
    assert not [e for e in events if isinstance(e, Compacted)]
    s.weak.replies += [*looks(6), say("done", route("answer"))]
    events = await s.run("go on")
    assert [e for e in events if isinstance(e, Compacted)]


async def test_a_session_that_is_opened_again_can_still_undo_and_knows_that_it_did(tmp_path: Path) -> None:
    s, _ = await compacted(tmp_path)
    await s.run("and now?")
    resumed = fold(cast("list[AnyEvent]", s.journal))
    assert resumed.compacted is not None
    parts = s.agent._p
    assert resumed.compacted == parts.compacted
    parts.compacted = resumed.compacted
    await taken_back(s.agent)
    again = fold(cast("list[AnyEvent]", s.journal))
    assert again.compacted is None
    assert again.backbone == s.agent.backbone
    assert again.undone == delta_tokens(s.agent.backbone.deltas)


async def test_undoing_is_refused_where_there_is_nothing_to_undo(tmp_path: Path) -> None:
    s, _ = await compacted(tmp_path)
    await taken_back(s.agent)
    with pytest.raises(PierError, match="There is no compaction to undo"):
        await taken_back(s.agent)


async def test_undoing_after_a_rewind_is_refused(tmp_path: Path) -> None:
    s, _ = await compacted(tmp_path)
    async with aclosing(s.agent.rewind(2, False)) as events:
        _ = [event async for event in events]
    with pytest.raises(PierError, match="put back to another state"):
        await taken_back(s.agent)
    assert fold(cast("list[AnyEvent]", s.journal)).compacted is None


async def test_a_pinned_item_survives_and_the_users_edits_are_kept_by_an_undo(tmp_path: Path) -> None:
    s, _ = await compacted(tmp_path)
    kept = s.agent.backbone.find("n1")
    assert kept is not None
    assert kept.pinned
    async with aclosing(s.agent.update((Pin(id="n1", pinned=False),))) as events:
        _ = [event async for event in events]
    await taken_back(s.agent)
    after = s.agent.backbone.find("n1")
    assert after is not None
    assert not after.pinned
