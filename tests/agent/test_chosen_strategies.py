"""Strategies in a whole session: what is asked of the models, what is kept, and choosing another."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted import say, session

from pier_tui.agent.teaching import use_learned
from pier_tui.calibration import Platt, Threshold
from pier_tui.errors import ConfigError
from pier_tui.events import CallFinished, Notice, RouteDecided
from pier_tui.models.offline import strong, weak
from pier_tui.models.offline.transcript import Transcript
from pier_tui.router.catalogue import make
from pier_tui.router.strategies.self_verify import question, verdict


async def test_verdicts_are_asked_without_tools_and_after_the_same_prompt(tmp_path: Path) -> None:
    s = session(tmp_path, [say("All is well."), say("1: yes\n2: yes\n3: yes")], strategy=make("self-verify"))
    events = await s.run("is all well?")
    act, verify = s.weak.asked
    assert (act.tool_choice, verify.tool_choice) == ("auto", "none")
    assert verify.tools == act.tools
    assert verify.messages[:-1] == act.messages[:-1]
    assert "<question>\nVerify this drafted" in verify.messages[-1].content
    assert [(e.call, e.kept) for e in events if isinstance(e, CallFinished)] == [(2, False), (1, True)]
    assert s.agent.ledger.kept_calls == 1


async def test_plans_reach_the_strong_model_as_a_hand_over(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Look first."), say("Test first.")], [say("Done.")], strategy=make("mixture"))
    await s.run("go")
    told = s.strong.asked[0].messages[-1].content
    assert told.index("Plan 1:\nLook first.") < told.index("Plan 2:\nTest first.")


async def test_another_strategy_holds_for_one_request_or_from_now_on(tmp_path: Path) -> None:
    s = session(tmp_path, [say("One."), say("Three.")], [say("Two.")])
    said = [e async for e in s.agent.route_by("always-105B", once=True)]
    assert isinstance(said[0], Notice)
    assert "The next request is routed by always-105B" in said[0].text
    seen = [e.strategy for text in ("a", "b") for e in await s.run(text) if isinstance(e, RouteDecided)]
    assert set(seen[:1]) == {"always-105B"}
    assert set(seen[1:]) == {"self-route"}
    _ = [e async for e in s.agent.route_by("cascade")]
    assert s.agent.strategy == "cascade"
    with pytest.raises(ConfigError, match="did you mean cascade"):
        _ = [e async for e in s.agent.route_by("casade")]


async def test_one_request_by_another_strategy_is_held_against_that_ones_own_threshold(tmp_path: Path) -> None:
    s = session(tmp_path, [say("One."), say("Two."), say("Three.")])
    learned = Threshold(tau=0.11, strategy="self-route", calibrator=Platt(slope=2.0, offset=0.0))
    s.agent._p.learning.used, s.agent._p.learning.setting = learned, 0.4
    use_learned(s.agent._p)
    held: list[float] = []
    for name in ("random@0", "self-route", ""):
        if name:
            _ = [e async for e in s.agent.route_by(name, once=True)]
        held += [e.threshold for e in await s.run("go") if isinstance(e, RouteDecided)][:1]
    assert held == [0.4, 0.11, 0.11]
    assert isinstance(s.agent._p.routing.calibrator, Platt)


def test_the_offline_rules_plan_in_words_and_refuse_to_verify() -> None:
    request = "fix the failing tests"
    asked = Transcript(request=request, question=question(say("x")), tools=frozenset({"run_tests"}))
    said = weak.answer(asked)
    assert (said.calls, verdict(said.text)) == ((), None)
    assert "cannot verify" in said.text
    planning = Transcript(request=request, question="Draft a plan for it", tools=frozenset({"run_tests"}))
    for answer in (weak.answer(planning), strong.answer(planning)):
        assert answer.calls == ()
        assert "run_tests" in answer.text
