"""What is learned from labels and audits, when nothing is, and why."""

from __future__ import annotations

import pytest
from made_feedback import audited, labelled, press, row, telling

from pier_tui.calibration import Isotonic, Platt
from pier_tui.feedback.calibrate import LEAST, conserving, policy, teach, unfitted
from pier_tui.feedback.examples import examples, regrets
from pier_tui.feedback.rows import Feedback, Label, Outcome, Pair

NOW = unfitted(0.5)


def test_with_too_few_labels_nothing_is_learned_and_it_is_said_how_many_there_are() -> None:
    found = teach(telling(LEAST - 1), NOW)
    assert found.refused == "not enough labels yet: 29 of 30"
    assert found.after is None


def test_labels_that_tell_move_the_threshold_to_where_the_weak_model_is_enough() -> None:
    found = teach(telling(200), NOW, alpha=0.1, made="2026-01-01")
    assert found.refused == ""
    assert found.after is not None
    assert (found.after.alpha, found.after.n, found.after.strategy) == (0.1, 200, "self-route")
    keeps = policy(found.after)
    assert keeps(0.9)
    assert not keeps(0.6)
    assert found.gain is not None
    assert found.gain[1] > 0


def test_labels_that_change_no_route_change_no_threshold() -> None:
    found = teach(labelled([(0.9, "keep")] * 60), NOW)
    assert "as the present one does" in found.refused


def test_a_change_that_may_be_for_the_worse_is_not_made() -> None:
    # One wrong turn of 40 above .5: keeping the low ones as well gains .1 each, of four turns only.
    scores: list[tuple[float, Label]] = [(0.9, "keep")] * 36 + [(0.45, "keep")] * 4
    found = teach(labelled(scores), NOW, alpha=0.1)
    assert "may be as little as" in found.refused
    assert found.gain is not None
    assert found.gain[0] > 0 > found.gain[1]


def test_so_small_a_risk_cannot_be_promised_with_so_few_turns() -> None:
    found = teach(telling(40), NOW, alpha=0.01)
    assert "40 judged turns cannot promise a risk of 0.01" in found.refused


def test_audits_alone_set_the_threshold_once_there_are_enough() -> None:
    scores = [(0.5 + n / 200, float(n > 40), 1.0) for n in range(100)]
    found = teach(audited(scores), unfitted(0.2), alpha=0.05)
    assert found.basis == "audits"
    assert found.refused == ""
    assert found.after is not None
    # (lost + 1) / 101 <= .05 allows four of the 41 that were lost, but the table does not tell those from the others.
    keeps = policy(found.after)
    assert keeps(0.5 + 41 / 200 + 0.001)
    assert not keeps(0.5 + 36 / 200 - 0.001)


def test_what_is_sure_is_stricter_than_what_holds_on_average() -> None:
    feedback = telling(300, seed=3)
    mean, sure = teach(feedback, NOW, alpha=0.1), teach(feedback, NOW, alpha=0.1, sure=0.95)
    kept = [sum(policy(t.after)(e.score) for e in examples(feedback)) for t in (mean, sure) if t.after]
    assert kept[0] >= kept[1]


@pytest.mark.parametrize("raw", [0.3, 0.55, 0.7, 0.9])
def test_the_calibrated_threshold_never_keeps_what_the_raw_one_does_not(raw: float) -> None:
    grid = [n / 100 for n in range(101)]
    for calibrator in (
        Platt(slope=3.0, offset=-1.0),
        Platt(slope=0.0, offset=0.3),
        Isotonic(scores=(0.2, 0.5, 0.6, 0.8), values=(0.1, 0.4, 0.4, 0.9)),
    ):
        tau = conserving(calibrator, raw, grid)
        assert all(score >= raw for score in grid if calibrator.apply(score) >= tau)


def test_a_repository_that_goes_worse_gets_a_stricter_threshold_than_the_others() -> None:
    parts: list[Feedback] = []
    for repo, right in (("easy", 38), ("hard", 12), ("plain", 28)):
        scores: list[tuple[float, Label]] = [
            (0.6 + (n % 10) / 30, "keep" if n < right else "escalate") for n in range(40)
        ]
        made = labelled(scores, repo=repo)
        rows = tuple(r.model_copy(update={"decision": f"{repo}{r.decision}"}) for r in made.decisions)
        presses = tuple(p.model_copy(update={"decision": f"{repo}{p.decision}"}) for p in made.labels)
        parts.append(Feedback(decisions=rows, labels=presses))
    whole = Feedback(
        decisions=tuple(r for p in parts for r in p.decisions), labels=tuple(x for p in parts for x in p.labels)
    )
    found = teach(whole, NOW, alpha=0.4)
    assert found.after is not None
    common = found.after.calibrator.apply(0.7)
    assert found.repos["hard"].calibrator.apply(0.7) < common < found.repos["easy"].calibrator.apply(0.7)
    # Rows of before names told repositories of one folder apart are those of the only one of that folder.
    later = [r.model_copy(update={"repo": "hard@1"}) if r.repo == "hard" and r.turn % 2 else r for r in whole.decisions]
    assert (
        teach(whole.model_copy(update={"decisions": tuple(later)}), NOW, alpha=0.4).repos["hard@1"]
        == found.repos["hard"]
    )


def test_labels_that_do_not_count_are_said_with_the_reason() -> None:
    rows = (row(1, 0.9), row(2, None), row(3, None, "strong"), row(4, 0.8, strategy="cascade"))
    presses = tuple(press(n, "keep") for n in (1, 2, 3, 4))
    found = teach(Feedback(decisions=rows, labels=presses), NOW, strategy="self-route")
    assert found.refused == (
        "not enough labels yet: 1 of 30 (2 on turns no score decided and 1 of other strategies do not count)"
    )


def test_the_latest_press_counts_and_a_press_taken_back_does_not() -> None:
    rows = (row(1, 0.9), row(2, 0.8), row(3, None), row(4, 0.7, "strong"), row(5, 0.6, "strong"))
    presses = (press(1, "escalate"), press(1, "keep", 9), press(2, "keep"), press(2, None, 9), press(3, "keep"))
    more = (press(4, "de-escalate"), press(5, "keep"))
    found = examples(Feedback(decisions=rows, labels=(*presses, *more)))
    assert [(e.row.decision, e.good) for e in found] == [("d1", 1.0), ("d4", 1.0), ("d5", 0.0)]


def test_a_turn_done_again_on_the_strong_model_is_a_pair_unless_it_was_judged_right() -> None:
    rows = (row(1, 0.9, outcome=Outcome(redone=True)), row(2, None, "strong", redo_of="d1"))
    assert [(e.good, e.source) for e in examples(Feedback(decisions=rows))] == [(0.0, "redo")]
    kept = Feedback(decisions=rows, labels=(press(1, "keep", 9),))
    assert [(e.good, e.source) for e in examples(kept)] == [(1.0, "label")]
    both = kept.model_copy(update={"pairs": (Pair(decision="d1", weak=0.0, strong=1.0, judge="user"),)})
    assert [(e.good, e.source) for e in examples(both)] == [(0.0, "redo")]


def test_what_is_regretted_is_what_was_labelled_or_went_badly() -> None:
    rows = (
        row(1, 0.9),
        row(2, 0.9, outcome=Outcome(undone=True)),
        row(3, 0.9, "strong"),
        row(4, 0.9, outcome=Outcome(failed=True, next_failure=1)),
        row(5, 0.9, outcome=Outcome(failed=True, next_failure=3)),
    )
    found = regrets(Feedback(decisions=rows, labels=(press(1, "escalate"), press(3, "de-escalate"), press(4, "keep"))))
    assert [regret.row.decision for regret in found] == ["d3", "d2", "d1"]
    assert found[1].why == "what it changed was taken back"


def test_a_turn_the_weak_model_handed_over_has_no_score_and_one_below_the_threshold_has() -> None:
    handed = row(1, None, "strong", action="escalate", confidence=0.9, threshold=0.5)
    unsure = row(2, None, "strong", action="escalate", confidence=0.3, threshold=0.5)
    assert (handed.raw, unsure.raw) == (None, 0.3)
    assert row(3, 0.2, "strong", action="escalate", confidence=0.9, threshold=0.5).raw == 0.2
