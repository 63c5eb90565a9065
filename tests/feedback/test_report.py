"""The report of savings against figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from made_feedback import press, row

from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    CallFinished,
    Labelled,
    TryKept,
    TurnEnded,
    TurnStarted,
    WentBack,
)
from pier_tui.feedback.report import report
from pier_tui.feedback.rows import Feedback, Pair
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Usage
from pier_tui.session.tries import Tries


def call(turn: int, tier: Tier, cost: str | None, weak: str, strong: str, **more: Any) -> CallFinished:
    alone = {"30B at list": Decimal(weak), "105B at list": Decimal(strong)}
    fields: dict[str, Any] = {"usage": Usage(prompt=1000, cached=800, output=50), "seconds": 2.0, **more}
    price = None if cost is None else Decimal(cost)
    named = {"session": "s", "turn": turn, "decision": f"d{turn}", "call": 1, "tier": tier, "model": "m"}
    return CallFinished(**named, cost=price, counterfactual=alone, **fields)


def turn(number: int, tier: Tier, *calls: CallFinished, seconds: float = 3.0) -> list[AnyEvent]:
    at = {"session": "s", "turn": number}
    return [*calls, AnswerCompleted(tier=tier, **at), TurnEnded(seconds=seconds, **at)]


def session() -> list[AnyEvent]:
    """A weak turn, an escalated one whose weak answer was paid too, and a weak one again."""
    cold = {"usage": Usage(prompt=1200, cached=None, output=50), "seconds": 6.0}
    return [
        *turn(1, "weak", call(1, "weak", "1", "1", "2")),
        *turn(
            2, "strong", call(2, "weak", "1", "1", "2", kept=False), call(2, "strong", "3", "1", "2", **cold), seconds=9
        ),
        *turn(3, "weak", call(3, "weak", "1", "1", "2")),
    ]


def test_what_was_spent_is_held_against_the_kept_calls_on_one_model_alone() -> None:
    found = report([session()], Feedback())
    assert (found.actual, found.strong_only, found.weak_only) == (Decimal(6), Decimal(6), Decimal(3))
    assert (found.saved, found.ratio, found.compared) == (Decimal(0), Decimal("0.5"), "list")
    assert (found.turns, found.escalation) == (3, 1 / 3)
    weak, strong = found.tiers["weak"], found.tiers["strong"]
    assert (weak.turns, weak.calls, weak.cached, weak.turn_seconds) == (2, 3, 2400, 3.0)
    assert (strong.switches, strong.reread, strong.call_seconds) == (1, 1200, 6.0)
    assert (weak.switches, weak.reread) == (1, 200)
    assert not found.same_price


def test_a_turn_done_again_is_paid_twice_and_counts_once_on_one_model_alone() -> None:
    events = [TurnStarted(session="s", turn=1), *turn(1, "weak", call(1, "weak", "1", "1", "2"))]
    events += [WentBack(session="s", to=1, again=2, tier="strong"), TurnStarted(session="s", turn=2)]
    events += turn(2, "strong", call(2, "strong", "3", "4", "5"))
    found = report([events], Feedback(), [Tries(events).gone])
    assert (found.actual, found.strong_only, found.weak_only) == (Decimal(4), Decimal(5), Decimal(4))
    events.append(TryKept(session="s", again=2, kept="first"))
    found = report([events], Feedback(), [Tries(events).gone])
    assert (found.actual, found.strong_only, found.weak_only) == (Decimal(4), Decimal(2), Decimal(1))


def test_a_call_of_unknown_cost_makes_the_sum_and_the_saving_unknown() -> None:
    found = report([[*session(), *turn(4, "weak", call(4, "weak", None, "1", "2"))]], Feedback())
    assert (found.actual, found.saved, found.known, found.unpriced) == (None, None, Decimal(6), 1)


def test_at_equal_prices_routing_buys_time() -> None:
    found = report([turn(1, "weak", call(1, "weak", "2", "2", "2"))], Feedback())
    assert found.same_price


def test_labels_audits_and_regrets_are_those_of_the_sessions_reported() -> None:
    rows = (row(1, 0.9, session="s"), row(9, 0.9, session="other"))
    pairs = (Pair(decision="d1", session="s", source="audit", probability=0.1, cost=Decimal(2)),)
    labels = (press(1, "keep", at=1).model_copy(update={"session": "s"}), press(9, "escalate"))
    judged = Labelled(decision="d1", label="escalate", session="s", time=5.0)
    found = report([[*session(), judged]], Feedback(decisions=rows, labels=labels, pairs=pairs))
    assert found.labels == {"escalate": 1, "de-escalate": 0, "keep": 0}
    assert (found.audits, found.audit_cost) == (1, Decimal(2))
    assert [regret.row.decision for regret in found.regrets] == ["d1"]


def test_tries_the_user_chose_between_are_counted_by_the_model_that_was_kept() -> None:
    pairs = [
        Pair(decision=f"d{n}", session="s", weak=w, strong=None if w is None else 1 - w)
        for n, w in enumerate((1, 0, 0, None))
    ]
    assert report([session()], Feedback(pairs=tuple(pairs))).compared_tries == {"weak": 1, "strong": 2}


def test_the_offline_pair_saves_nothing() -> None:
    found = report([turn(1, "weak", call(1, "weak", "0", "1", "2", offline=True))], Feedback())
    assert (found.offline, found.actual, found.saved) == (True, Decimal(0), None)
