"""What judged turns teach a session that starts or is resumed: scorers, tables and thresholds of its strategy."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from test_wiring import agent, env, root, run

sys.path.insert(0, str(Path(__file__).parent / "feedback"))

from made_feedback import press, row

from pier_tui import calibration, taught
from pier_tui.calibration import Platt, Threshold
from pier_tui.config import Settings, state_dir
from pier_tui.events import Notice, RouteDecided
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import Feedback
from pier_tui.models.messages import Reply, ToolCall
from pier_tui.router.confidence import LEAST
from pier_tui.router.gate import Settled
from pier_tui.router.signals import Signals
from pier_tui.router.strategies.self_verify import SelfVerify
from pier_tui.router.strategy import Answer, Call, TurnState

__all__ = ["env", "root"]
EASY, HARD = "what is in app.py?", "why do the tests fail?"


def judge(env: dict[str, str], session: str, count: int = 2 * LEAST) -> None:
    """Turns of both requests: the first was easy, with one vote of three; drafts of the other broke, with two."""
    numbers = [{"calls": 1.0, "invalid": float(n % 2), "verdicts": (2 if n % 2 else 1) / 3} for n in range(count)]
    rows = [row(n, 0.5, session=session, request=1 + n % 2, features=found) for n, found in enumerate(numbers)]
    presses = [press(n, "escalate" if n % 2 else "keep") for n in range(count)]
    log = FeedbackLog(state_dir(env) / "feedback.db")
    log.take_in(Feedback(decisions=tuple(rows), labels=tuple(presses)))
    log.close()


def turn(request: str) -> TurnState:
    return TurnState(request=request, signals=Signals())


def draft(*calls: str) -> Answer:
    made = tuple(ToolCall(id=str(n), name=name, arguments='{"path": "app.py"}') for n, name in enumerate(calls))
    return Answer(call=Call(tier="weak"), reply=Reply(tool_calls=made))


async def test_a_resumed_session_routes_by_what_was_learned_of_the_strategy_it_is_given(
    root: Path, env: dict[str, str]
) -> None:
    learned = Threshold(tau=0.2, calibrator=Platt(slope=4, offset=-2), strategy="cascade", n=60)
    async with agent(root, env) as made:
        for request in (EASY, HARD):
            await run(made, request)
        session = made.session_id
    await asyncio.to_thread(judge, env, session)
    calibration.save(state_dir(env) / calibration.FILE, learned)
    known = await asyncio.to_thread(taught.taught, env)
    assert known.labels == 2 * LEAST
    assert known.draft is not None
    assert known.draft(turn(EASY), draft("read")) > 0.8 > 0.2 > known.draft(turn(EASY), draft("fly"))
    foresee = known.foresee("learned", "neighbours")
    assert foresee is not None
    assert foresee(turn(EASY), None) > foresee(turn(HARD), None)
    assert known.verdicts is not None, "two votes are a worse sign than one"
    chosen = (await asyncio.to_thread(taught.routing, Settings(strategy="self-verify"), env))[0].strategy
    assert isinstance(chosen, Settled)
    assert vars(chosen.inner) == vars(SelfVerify(known.verdicts))
    async with agent(root, env, resume=session, changes={"strategy": "cascade"}) as made:
        assert made.session_id == session
        assert (made.strategy, made.threshold) == ("cascade", 0.2)
        events = await run(made, EASY)
        routes = [event for event in events if isinstance(event, RouteDecided)]
        assert {(event.strategy, event.threshold) for event in routes} == {("cascade", 0.2)}
        judged = next(event for event in routes if event.score is not None)
        assert judged.confidence == round(learned.calibrator.apply(judged.score or 0), 4)
    async with agent(root, env, resume=session, changes={"strategy": "cascade", "threshold": 0.9}) as made:
        assert made.threshold == 0.9, "what the user sets himself holds"


async def test_files_that_cannot_be_read_teach_nothing_and_the_session_says_so(root: Path, env: dict[str, str]) -> None:
    state = state_dir(env)
    state.mkdir(parents=True)
    (state / calibration.FILE).write_text("{}")
    routing, words = taught.routing(Settings(strategy="cascade"), env)
    assert (routing.strategy.name, routing.gate("cascade")[0]) == ("cascade", 0.5)
    (sentence,) = words
    assert calibration.FILE in sentence
    async with agent(root, env, changes={"strategy": "learned/factors"}) as made:
        assert any(isinstance(event, Notice) and calibration.FILE in event.text for event in made.history())
        said = [event.reason for event in await run(made, EASY) if isinstance(event, RouteDecided)]
        assert any(f"0 of {LEAST}" in reason for reason in said)
