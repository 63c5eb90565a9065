"""Reading the structured route, and strategies run dry: no network, just answers."""

from __future__ import annotations

import json

import pytest

from pier_tui.models.messages import Reply, ToolCall
from pier_tui.router.catalogue import make
from pier_tui.router.decision import Decision, read_decision
from pier_tui.router.signals import Signals, reason_to_escalate
from pier_tui.router.strategies.single import Single
from pier_tui.router.strategy import Answer, Call, Strategy, TurnState


def calls(*made: tuple[str, dict[str, object] | str]) -> Reply:
    return Reply(
        tool_calls=tuple(
            ToolCall(id=str(n), name=name, arguments=a if isinstance(a, str) else json.dumps(a))
            for n, (name, a) in enumerate(made)
        )
    )


def run_dry(strategy: Strategy, turn: TurnState, *answers: Decision | None) -> tuple[list[Call], Answer]:
    """Drive a flow with given decisions; what it asked for and what it kept."""
    flow, asked, given = strategy.flow(turn), [], list(answers)
    try:
        batch = next(flow)
        while True:
            asked += batch
            batch = flow.send(tuple(Answer(call=c, reply=Reply(text="done"), decision=given.pop(0)) for c in batch))
    except StopIteration as stop:
        return asked, stop.value


@pytest.mark.parametrize(
    ("reply", "action", "confidence", "inferred"),
    [
        (calls(("route", {"action": "edit", "confidence": 0.8}), ("edit", {})), "edit", 0.8, False),
        (calls(("route", {"action": "edit", "confidence": "80%"})), "edit", 0.8, False),
        (calls(("route", {"action": "edit", "confidence": 80})), "edit", 0.8, False),
        (calls(("route", {"action": "edit", "confidence": "high"})), "edit", None, False),
        (calls(("route", {"action": "dance", "confidence": 0.4})), "inspect", 0.4, True),
        (calls(("escalate", {"reason": "hard"}), ("route", {"action": "edit"})), "escalate", None, False),
        (calls(("read", {}), ("edit", {})), "edit", None, True),
        (calls(("run_tests", {})), "run_test", None, True),
        (calls(("route", "{not json")), "inspect", None, True),
        (Reply(text="The answer."), "answer", None, True),
        (Reply(text='{"action": "summarise", "confidence": 0.7}\nAll is well.'), "summarise", 0.7, False),
        (Reply(text='```json\n{"action": "escalate"}\n```'), "escalate", None, False),
        (Reply(text='Use {"action": "edit"} in your file.'), "answer", None, True),
    ],
)
def test_a_decision_is_read_from_tools_then_text_then_the_action(
    reply: Reply, action: str, confidence: float | None, inferred: bool
) -> None:
    decision, _ = read_decision(reply)
    assert (decision.action, decision.confidence, decision.inferred) == (action, confidence, inferred)


def test_a_decision_written_as_text_is_not_part_of_the_answer() -> None:
    _, reply = read_decision(Reply(text='{"action": "answer", "confidence": 0.7}\nAll is well.'))
    assert reply.text == "All is well."


def test_a_confidence_of_zero_escalates_and_none_at_all_does_not() -> None:
    turn = TurnState(request="x", signals=Signals())
    for stated, tiers in ((0.0, ["weak", "strong"]), (None, ["weak"])):
        asked, _ = run_dry(make("self-route"), turn, Decision(action="edit", confidence=stated), None)
        assert [c.tier for c in asked] == tiers


def test_self_route_asks_the_weak_model_once_and_keeps_what_it_is_sure_of() -> None:
    turn = TurnState(request="x", signals=Signals())
    asked, kept = run_dry(make("self-route"), turn, Decision(action="edit", confidence=0.9))
    assert [c.tier for c in asked] == ["weak"]
    assert kept.call.tier == "weak"


def test_self_route_hands_over_once_with_the_handoff() -> None:
    turn = TurnState(request="x", signals=Signals())
    handoff = Decision(action="escalate", reason="hard", handoff_prompt="do it")
    asked, kept = run_dry(make("self-route"), turn, handoff, None)
    assert [(c.tier, c.handoff) for c in asked] == [("weak", ""), ("strong", "do it")]
    assert kept.call.tier == "strong"


def test_signals_go_to_the_strong_model_without_asking_the_weak_one() -> None:
    turn = TurnState(request="x", signals=Signals().failed("t").failed("t"))
    asked, _ = run_dry(make("self-route"), turn, None)
    assert [(c.tier, c.route) for c in asked] == [("strong", "signal")]


def test_two_escalations_in_a_row_latch_until_a_check_passes() -> None:
    twice = Signals()
    for _ in range(2):
        twice = twice.turned(strong=True, progress=True, invalid=0)
    assert reason_to_escalate(twice)[1]
    assert reason_to_escalate(twice.passed()) == ("", False)


def test_another_kind_of_failure_starts_its_count_anew() -> None:
    assert reason_to_escalate(Signals().failed("a").failed("b")) == ("", False)


def test_a_single_model_strategy_makes_one_call_whatever_the_signals_say() -> None:
    turn = TurnState(request="x", signals=Signals().failed("t").failed("t"))
    asked, _ = run_dry(Single("weak", "forced", "forced by you"), turn, None)
    assert [(c.tier, c.route) for c in asked] == [("weak", "forced")]
