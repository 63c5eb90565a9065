from __future__ import annotations

from pier_tui.backbone.prefix import Segment
from pier_tui.backbone.state import Backbone, Delta
from pier_tui.events import (
    AnswerCompleted,
    BackboneRestored,
    Event,
    PatchApplied,
    PatchProposed,
    PatchUndone,
    RequestEnded,
    RequestStarted,
    RouteDecided,
    ToolReturned,
    WentBack,
)
from pier_tui.feedback.outcomes import decisions
from pier_tui.models.messages import Tier
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.tools.tool import CheckFailed

PATCH = Patch(files=(FileDiff(old_path="a.py", new_path="a.py"),))


def turn(number: int, tier: Tier = "weak", *, fails: bool = False, escalates: bool = False) -> list[Event]:
    at = {"request": 1, "turn": number, "session": "s"}
    routed = RouteDecided.model_validate(
        {
            **at,
            "decision": f"s-{number}",
            "call": 1,
            "tier": "weak" if escalates else tier,
            "model": "m",
            "strategy": "self-route",
            "route": "self-route",
            "segments": (Segment(name="now", tokens=40, digest=""),),
        }
    )
    decided = routed.model_copy(update={"action": "escalate" if escalates else "edit", "confidence": 0.4})
    handed = routed.model_copy(update={"call": 2, "tier": "strong", "route": "handoff"})
    facts = (CheckFailed(signature="test_x", message="boom"),) if fails else ()
    returned = ToolReturned.model_validate(
        {**at, "call_id": "c", "name": "run_tests", "ok": True, "text": "x", "facts": facts}
    )
    answered = AnswerCompleted.model_validate({**at, "tier": "strong" if escalates else tier})
    return [routed, decided, *([handed] if escalates else []), answered, returned]


def started() -> RequestStarted:
    return RequestStarted(request=1, text="fix it")


def test_every_turn_says_what_was_known_before_it_and_who_did_it() -> None:
    rows = decisions([started(), *turn(1, fails=True), *turn(2, fails=True), *turn(3, escalates=True)])
    assert [(r.decision, r.tier, r.escalated, r.route) for r in rows] == [
        ("s-1", "weak", False, "self-route"),
        ("s-2", "weak", False, "self-route"),
        ("s-3", "strong", True, "handoff"),
    ]
    assert rows[2].features == {
        "request_chars": 6.0,
        "turns_before": 2.0,
        "failed_before": 2.0,
        "failed_in_a_row": 2.0,
        "strong_before": 0.0,
        "prompt_tokens": 40.0,
        "predicted_cached": 0.0,
    }
    assert (rows[2].action, rows[2].confidence) == ("escalate", 0.4)


def test_the_next_failure_is_counted_in_turns() -> None:
    events = [started(), *turn(1), *turn(2), *turn(3, fails=True), RequestEnded(request=1)]
    outcomes = [r.outcome for r in decisions(events)]
    assert [o.next_failure for o in outcomes] == [2, 1, None]
    assert [o.failed for o in outcomes] == [False, False, True]
    assert {o.ended for o in outcomes} == {"finished"}


def test_a_turn_whose_change_was_taken_back_is_undone() -> None:
    proposed = PatchProposed(request=1, turn=2, patch=PATCH, paths=("a.py",))
    applied = PatchApplied(checkpoint="c1", patch=PATCH, remaining=Patch())
    events = [started(), *turn(1), *turn(2), proposed, applied, PatchUndone(checkpoint="c1", patch=PATCH)]
    assert [r.outcome.undone for r in decisions(events)] == [False, True]


def test_a_turn_done_again_on_the_other_model_is_redone_and_later_ones_set_aside() -> None:
    before_turn_2 = BackboneRestored(request=1, turn=3, backbone=Backbone(deltas=(Delta(turn=1, messages=()),)))
    back = WentBack(request=1, to=2, again=4, tier="strong")
    events = [started(), *turn(1), *turn(2), *turn(3), back, before_turn_2, started(), *turn(4, "strong")]
    outcomes = [r.outcome for r in decisions(events)]
    assert [o.redone for o in outcomes] == [False, True, False, False]
    assert [o.set_aside for o in outcomes] == [False, True, True, False]
    kept_first = [r.outcome.set_aside for r in decisions(events, live={1, 2, 3})]
    assert kept_first == [False, False, False, True]


def test_a_turn_of_an_earlier_request_done_again_leaves_what_came_of_the_others_as_it_was() -> None:
    later = [e.model_copy(update={"request": 2}) for e in (started(), *turn(3, fails=True), RequestEnded(why="stuck"))]
    again = [
        WentBack(request=2, turn=3, to=1, again=4, tier="strong"),
        *(e.model_copy(update={"request": 2}) for e in (started(), *turn(4, "strong"), *turn(5, fails=True))),
    ]
    first = [started(), *turn(1), *turn(2), RequestEnded(request=1)]
    rows = decisions([*first, *later, *again])
    assert [r.outcome.redone for r in rows] == [True, False, False, False, False]
    assert [r.redo_of for r in rows] == ["", "", "", "s-1", ""]
    assert [r.outcome.next_failure for r in rows] == [None, None, None, 1, None]
    assert [r.outcome.ended for r in rows] == ["finished", "finished", "stuck", "", ""]
    assert [r.features["turns_before"] for r in rows] == [0, 1, 0, 0, 1]


def test_a_turn_without_an_answer_is_no_decision() -> None:
    assert decisions([started(), turn(1)[0]]) == ()


def test_score_and_propensity_are_those_of_the_last_route_and_its_features_are_kept_too() -> None:
    routed, _, answered, *_ = turn(1)
    assert isinstance(routed, RouteDecided)
    late = {"confidence": 0.8, "score": 0.3, "propensity": 0.95, "features": {"stated": 0.3}}
    row = decisions([started(), routed, routed.model_copy(update=late), answered])[0]
    assert (row.score, row.raw, row.confidence, row.propensity) == (0.3, 0.3, 0.8, 0.95)
    assert (row.features["stated"], row.features["prompt_tokens"]) == (0.3, 40.0)


def test_a_turn_no_score_decided_has_none_whatever_the_model_said_of_itself() -> None:
    row = decisions([started(), *turn(1, escalates=True)])[0]
    assert (row.confidence, row.raw) == (0.4, None)
