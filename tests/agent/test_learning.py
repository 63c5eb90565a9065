"""Learning while a session runs: turns are logged with what came of them, and what is learned routes the next turn."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import aclosing
from pathlib import Path

import pytest
from scripted import Session, route, say, session

sys.path.insert(0, str(Path(__file__).parents[1] / "feedback"))

from made_feedback import telling

from pier_tui.agent import sharing
from pier_tui.agent.teaching import Learning
from pier_tui.calibration import Identity, Platt, Threshold
from pier_tui.errors import ConfigError, PierError
from pier_tui.events import Notice, RouteDecided
from pier_tui.feedback.rows import folder
from pier_tui.feedback.thresholds import Thresholds
from pier_tui.headless import everything
from pier_tui.repo.diff import HunkPick

EDIT = ("edit", {"path": "app.py", "old": "    return n - 1", "new": "    return n"})


async def review(s: Session) -> None:
    async with aclosing(s.agent.review(everything(s.agent.pending))) as events:
        _ = [event async for event in events]


async def test_what_is_taken_back_after_the_request_reaches_the_turn_that_proposed_it(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.", route("answer"))])
    await s.run("fix size")
    log = s.agent.teaching.log
    assert [(folder(row.repo), row.outcome.undone, row.cost is not None) for row in log.decisions()] == [
        ("repo", False, True),
        ("repo", False, True),
    ]
    await review(s)
    checkpoint = next(event.checkpoint for event in s.journal if event.type == "patch_applied")  # type: ignore[attr-defined]
    async with aclosing(s.agent.undo(checkpoint, None)) as events:
        _ = [event async for event in events]
    await s.agent.teaching.close()
    assert [row.outcome.undone for row in log.decisions()] == [True, False]


async def test_what_the_user_rejects_or_rewrites_is_on_the_turn(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.", route("answer"))])
    await s.run("fix size")
    verdict = everything(s.agent.pending)
    edited = tuple(HunkPick(path=p.path, hunk=p.hunk, text="def size(n):\n    return +n\n") for p in verdict.accepted)
    async with aclosing(s.agent.review(verdict.model_copy(update={"accepted": edited}))) as events:
        _ = [event async for event in events]
    await s.agent.teaching.close()
    assert [row.outcome.edited for row in s.agent.teaching.log.decisions()] == [True, False]


async def test_learning_changes_the_threshold_of_the_running_session_and_says_so(tmp_path: Path) -> None:
    learning = Learning(Thresholds(tmp_path / "state"))
    s = session(tmp_path, [say("Done.", route("answer"))], learning=learning)
    teaching = s.agent.teaching
    assert "not enough labels yet: 0 of 30" in await teaching.calibrate()
    feedback = telling(200, seed=2)
    await teaching.log.record(feedback.decisions)
    await asyncio.to_thread(teaching.log.take_in, feedback)
    said = await teaching.calibrate()
    assert "The threshold went from 0.50 to" in said
    tau, calibrator = s.agent._p.routing.gate(s.agent.strategy)
    assert calibrator.apply(0.9) >= tau > calibrator.apply(0.6)
    assert any(isinstance(event, Notice) and event.text == said for event in s.journal)
    found = await teaching.outlook()
    assert (found.learned, found.judged) == (True, 200)
    assert found.words
    assert found.changes
    assert "0.50 again" in await teaching.undo()
    assert s.agent.threshold == 0.5
    with pytest.raises(ConfigError):
        await teaching.undo()


async def test_a_threshold_chosen_by_hand_holds_for_the_session_only(tmp_path: Path) -> None:
    learning = Learning(Thresholds(tmp_path / "state"))
    s = session(tmp_path, [say("Done.", route("answer", 0.8))], [say("Done.")], learning=learning)
    assert "0.90" in await s.agent.teaching.use_tau(0.9)
    await s.run("explain")
    assert [row.tier for row in s.agent.teaching.log.decisions()] == ["strong"]
    assert Thresholds(tmp_path / "state").now() is None


LEARNED = Threshold(tau=0.95, calibrator=Platt(slope=4, offset=-2), strategy="self-route")


async def test_what_was_learned_of_one_strategy_is_left_out_under_another_and_comes_back(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    routing = s.agent._p.routing
    s.agent.teaching.use(LEARNED)
    for name, gate in (
        ("self-route", (0.95, LEARNED.calibrator)),
        ("cascade", (0.5, Identity())),
        ("self-route", (0.95, LEARNED.calibrator)),
    ):
        _ = [e async for e in s.agent.route_by(name)]
        assert routing.gate(s.agent.strategy) == gate
        assert s.agent.threshold == gate[0]


@pytest.mark.parametrize(
    ("chosen", "once", "threshold"), [("self-route", "cascade", 0.5), ("cascade", "self-route", 0.95)]
)
async def test_a_strategy_for_one_request_has_its_own_threshold_and_calibrator(
    tmp_path: Path, chosen: str, once: str, threshold: float
) -> None:
    s = session(tmp_path, [say("Done.", route("answer")), say("Done.", route("answer"))], [say("Done.")] * 2)
    s.agent.teaching.use(LEARNED)
    for name, only_once in ((chosen, False), (once, True)):
        _ = [e async for e in s.agent.route_by(name, once=only_once)]
    events = [*await s.run("once"), *await s.run("as before")]
    used = {e.strategy: e.threshold for e in events if isinstance(e, RouteDecided)}
    assert used == {once: threshold, chosen: 1.45 - threshold}


async def test_a_threshold_chosen_by_hand_holds_under_a_strategy_nothing_was_learned_of(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    s.agent.teaching.use(LEARNED)
    _ = [e async for e in s.agent.route_by("cascade")]
    await s.agent.teaching.use_tau(0.3)
    assert s.agent._p.routing.gate("cascade") == (0.3, Identity())


async def test_a_session_that_has_something_to_share_shares_it_at_its_end(tmp_path: Path) -> None:
    shared: list[int] = []
    s = session(tmp_path, [say("Fixed.", route("answer"))], learning=Learning(share=lambda: shared.append(1)))
    await s.agent.teaching.close()
    assert not shared
    await s.run("fix size")
    await s.agent.teaching.close()
    assert shared == [1]


async def test_a_pool_that_fails_or_hangs_is_one_sentence_and_holds_nothing_up(tmp_path: Path) -> None:
    def fails() -> None:
        raise PierError("The pool cannot be reached: no route.")

    s = session(tmp_path, [say("Fixed.", route("answer"))], learning=Learning(share=fails))
    await s.run("fix size")
    await s.agent.teaching.close()
    assert [e.text for e in s.journal if isinstance(e, Notice)][-1] == "The pool cannot be reached: no route."
    never = threading.Event()
    assert "did not answer within 0 s" in await sharing.shared(never.wait, 0)
    never.set()
