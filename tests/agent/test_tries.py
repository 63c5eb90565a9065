"""A turn done again on the other model: from the journal as from memory, both tries kept, either gone on with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted import Session, kinds, route, say, session

from pier_tui.agent.past import mark_in, mark_of
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Labelled, Notice, PatchProposed, RouteDecided, TryKept, TurnStarted, WentBack
from pier_tui.headless import everything
from pier_tui.models.messages import Tier
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.session.resume import fold
from pier_tui.session.tries import Tries, Which

READ = ("read", {"path": "app.py"})


def edit(new: str) -> tuple[str, dict[str, object]]:
    return ("edit", {"path": "app.py", "old": "    return n - 1", "new": f"    return {new}"})


def routed(events: list[AnyEvent]) -> list[tuple[int, Tier]]:
    return [(e.turn, e.tier) for e in events if isinstance(e, RouteDecided) and not e.action]


def forget(s: Session) -> None:
    """As after another start of the program: only the journal knows."""
    s.agent._p.marks.clear()


async def tried_twice(tmp_path: Path) -> Session:
    """Turn 1 and 2 on the 30B, then turn 1 again on the 105B, which answers in one turn more."""
    s = session(
        tmp_path,
        [say("", route("edit"), edit("n")), say("Fixed."), say("Fixed too."), say("More.")],
        [say("", edit("max(n, 0)"))],
    )
    await s.run("fix size")
    forget(s)
    [_ async for _ in s.agent.redo(1)]
    return s


async def keep(s: Session, kept: Which | None) -> list[AnyEvent]:
    return [event async for event in s.agent.keep(3, kept)]


def proposed(s: Session) -> str:
    return "".join(line.text for f in s.agent.pending.files for h in f.hunks for line in h.lines if line.kind == "+")


async def test_what_the_journal_says_a_turn_started_from_is_what_it_started_from(tmp_path: Path) -> None:
    s = session(
        tmp_path,
        [say("", route("inspect"), READ), say("", route("edit"), edit("n")), say("Fixed."), say("Really.")],
    )
    await s.run("fix size")
    await s.run("sure?")
    marks = list(s.agent._p.marks)
    assert [mark.turn for mark in marks] == [1, 2, 3, 4]
    for known in marks:
        found = mark_in(s.journal, known.turn)
        assert (found.backbone, found.request, found.tier) == (known.backbone, known.request, known.tier)
        assert [file.path for file in found.pending.files] == sorted(known.pending)


async def test_a_turn_of_an_earlier_run_is_redone_from_what_it_started_from(tmp_path: Path) -> None:
    s = session(
        tmp_path,
        [say("", route("edit"), edit("n")), say("Fixed."), say("Sure.")],
        [say("Better left alone.")],
    )
    await s.run("fix size")
    await s.run("sure?")
    forget(s)
    again = [event async for event in s.agent.redo(1)]
    assert kinds(again, "notice")[:4] == ["went_back", "backbone_restored", "patch_proposed", "request_started"]
    assert routed(again) == [(4, "strong")]
    assert "sure?" not in "\n".join(m.content for m in s.strong.asked[0].messages)
    assert not s.agent.pending.files
    assert fold(s.journal).backbone == s.agent.backbone


async def test_a_turn_there_never_was_is_refused_with_a_sentence(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Fixed.")])
    await s.run("fix size")
    with pytest.raises(PierError, match="There is no turn 9"):
        await mark_of(s.agent._p, 9)


async def test_either_try_can_be_gone_on_with_and_the_choice_taken_back(tmp_path: Path) -> None:
    s = await tried_twice(tmp_path)
    second = s.agent.backbone
    assert proposed(s) == "    return max(n, 0)\n"
    first = await keep(s, "first")
    assert kinds(first, "notice") == ["try_kept", "backbone_restored", "patch_proposed", "labelled"]
    assert proposed(s) == "    return n\n"
    assert fold(s.journal).backbone == s.agent.backbone != second
    back = await keep(s, None)
    assert (s.agent.backbone, proposed(s)) == (second, "    return max(n, 0)\n")
    assert [e.label for e in (*first, *back) if isinstance(e, Labelled)] == ["keep", None]


async def test_keeping_a_try_judges_the_first_ones_route_and_names_the_pair(tmp_path: Path) -> None:
    s = await tried_twice(tmp_path)
    kept = await keep(s, "second")
    assert kinds(kept) == ["try_kept", "labelled"], "the session stands on it already"
    assert [(j.decision, j.label, j.note) for j in s.agent._feedback.labels()] == [
        ("s-1", "escalate", "paired: turn 1 against 3, kept the second")
    ]
    (pair,) = s.agent._feedback.pairs()
    assert (pair.decision, pair.source, pair.weak, pair.strong, pair.judge) == ("s-1", "redo", 0, 1, "user")
    assert (pair.other, pair.text) == ("strong", "edit")
    await keep(s, "first")
    assert [(p.weak, p.strong) for p in s.agent._feedback.pairs()] == [(1, 0)]
    await keep(s, None)
    assert s.agent._feedback.count() == 0
    assert [(p.weak, p.judge) for p in s.agent._feedback.pairs()] == [(None, "")]


async def test_taking_a_choice_back_leaves_the_users_own_judgement_of_the_route(tmp_path: Path) -> None:
    s = await tried_twice(tmp_path)
    [_ async for _ in s.agent.label("s-1", "keep", "it was slow")]
    await keep(s, "second")
    await keep(s, "first")
    await keep(s, None)
    assert [(j.label, j.note) for j in s.agent._feedback.labels()] == [("keep", "it was slow")]


async def test_what_was_done_on_a_try_since_is_there_again_when_it_is_gone_back_to(tmp_path: Path) -> None:
    s = await tried_twice(tmp_path)
    await keep(s, "first")
    await s.run("and more")
    stands = s.agent.backbone
    await keep(s, "second")
    assert Tries(s.journal).live == [3, 4]
    await keep(s, "first")
    assert s.agent.backbone == stands
    assert Tries(s.journal).live == [1, 2, 5]


async def test_the_files_follow_the_kept_try_only_through_a_review(tmp_path: Path) -> None:
    s = await tried_twice(tmp_path)
    before = (s.root / "app.py").read_text()
    await keep(s, "first")
    assert (s.root / "app.py").read_text() == before
    [_ async for _ in s.agent.review(everything(s.agent.pending))]
    assert (s.root / "app.py").read_text() == before.replace("n - 1", "n")


async def test_what_was_pending_and_is_written_since_is_not_proposed_again(tmp_path: Path) -> None:
    s = session(
        tmp_path,
        [say("", route("edit"), edit("n")), say("", route("inspect"), READ), say("Fixed.")],
        [say("Fine.")],
    )
    await s.run("fix size")
    [_ async for _ in s.agent.review(everything(s.agent.pending))]
    forget(s)
    again = [event async for event in s.agent.redo(2)]
    assert not s.agent.pending.files
    assert not [e for e in again if isinstance(e, Notice) and e.level == "warning"]


async def test_a_session_of_one_model_has_no_other_to_redo_on(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Fixed.")], only="weak")
    await s.run("fix size")
    with pytest.raises(PierError, match="--only"):
        [_ async for _ in s.agent.redo(1)]


def test_a_pair_knows_its_turns_its_proposals_and_what_is_set_aside() -> None:
    one, two = (Patch(files=(FileDiff(old_path=None, new_path=name),)) for name in "ab")
    tries = Tries(
        [
            TurnStarted(turn=1, request=1),
            TurnStarted(turn=2, request=1),
            PatchProposed(turn=2, request=1, patch=one),
            TurnStarted(turn=3, request=2),
            WentBack(to=2, again=4, tier="strong"),
            PatchProposed(patch=Patch()),
            TurnStarted(turn=4, request=2),
            PatchProposed(turn=4, request=2, patch=two),
        ]
    )
    pair = tries.pairs[4]
    assert (tries.live, tries.turns(pair, "first"), tries.turns(pair, "second")) == ([1, 4], (2,), (4,))
    assert (tries.proposal(pair, "first"), tries.proposal(pair, "second")) == (one, two)
    assert [tries.aside(turn) for turn in (1, 2, 3, 4)] == [False, True, True, False]
    tries.add(TryKept(again=4, kept="first"))
    assert (tries.live, pair.turns["second"]) == ([1, 2, 3], (4,))
    tries.add(TryKept(again=4, kept=None))
    assert (tries.live, pair.kept) == ([1, 4], None)
    tries.add(WentBack(to=4))
    assert tries.live == [1]
