"""What a threshold would mean for the turns logged, and what was learned, in words."""

from __future__ import annotations

from decimal import Decimal

from made_feedback import labelled, press, row

from pier_tui.calibration import Identity, Isotonic, Platt, Threshold
from pier_tui.feedback.examples import examples
from pier_tui.feedback.forecast import changed, forecast, forecasts, in_words, lessons, said
from pier_tui.feedback.outlook import outlook
from pier_tui.feedback.rows import Feedback, Label
from pier_tui.ui.foresight import foreseen

AT = Threshold(tau=0.5)


def test_a_threshold_is_applied_to_the_turns_that_were_logged() -> None:
    price = {"weak_only": Decimal(1), "strong_only": Decimal(4)}
    rows = (row(1, 0.9, **price), row(2, 0.6, **price), row(3, 0.4, **price), row(5, 0.8, **price))
    found = forecast(Feedback(decisions=rows, labels=(press(1, "keep"), press(2, "escalate"))), AT)
    assert (found.turns, found.labels, found.enough) == (4, 2, False)
    assert found.escalation is not None
    assert found.escalation[0] == 0.25
    assert found.cost == Decimal(2)
    assert found.regret is not None
    assert found.regret[0] == 0.5


def test_turns_settled_without_a_score_count_as_they_were_at_every_threshold_and_forced_ones_not() -> None:
    price = {"weak_only": Decimal(1), "strong_only": Decimal(4)}
    rows = (
        row(1, 0.9, **price),
        row(2, None, "strong", route="signal", **price),
        row(3, None, "strong", route="handoff", escalated=True, **price),
        row(4, None, **price),
        *(row(n, None, "strong", route=route) for n, route in ((5, "forced"), (6, "only"))),
    )
    low, high = (forecast(Feedback(decisions=rows), Threshold(tau=tau)) for tau in (0.0, 1.0))
    assert (low.turns, low.settled, high.turns, high.settled) == (4, 2, 4, 2)
    assert low.escalation is not None
    assert high.escalation is not None
    assert (low.escalation[0], high.escalation[0]) == (0.5, 0.75)
    assert low.cost == Decimal(11) / 4, "the settled one was never put to the weak model, the handed over one was"
    assert foreseen(low)[0].endswith("of 4 logged turns (2 at any threshold)")
    assert forecast(Feedback(decisions=rows[1:]), AT).escalation is None, "no score, so no threshold to speak of"


def test_a_higher_threshold_never_escalates_less_nor_regrets_more() -> None:
    scores: list[tuple[float, Label]] = [(n / 50, "keep" if n % 3 else "escalate") for n in range(50)]
    found = forecasts(labelled(scores), AT)
    shares = [f.escalation[0] for f in found if f.escalation]
    regrets = [f.regret[0] for f in found if f.regret]
    assert shares == sorted(shares)
    assert regrets == sorted(regrets, reverse=True)
    assert (shares[0], regrets[-1]) == (0.0, 0.0)
    assert len(found) == 21


def test_without_prices_no_cost_is_foreseen_and_without_turns_nothing() -> None:
    assert forecast(labelled([(0.9, "keep")]), AT).cost is None
    assert forecast(Feedback(), AT).escalation is None


def test_a_feature_that_tells_becomes_a_sentence_and_one_that_does_not_stays_unsaid() -> None:
    rows = tuple(
        row(n, 0.9, features={"failed_in_a_row": float(n % 2), "request_chars": float(n // 2 % 2)}, action="edit")
        for n in range(40)
    )
    presses = tuple(press(n, "escalate" if n % 2 and n % 20 else "keep") for n in range(40))
    feedback = Feedback(decisions=rows, labels=presses)
    found = lessons(examples(feedback))
    assert [lesson.feature for lesson in found] == ["failed_in_a_row"]
    assert said(found[0]) == (
        "Where 1 or more turns in a row just failed, the 30B was right in 0 of 20 turns, else in 20 of 20."
    )
    words = in_words(feedback, AT.model_copy(update={"calibrator": Platt(slope=0.0, offset=0.0)}))
    assert words[0] == "The score tells little: at 0.90 as at 0.90 the 30B was right in about 50 % of turns."
    assert "On turns of the kind edit the 30B was right in 20 of 40." in words


def test_what_changed_is_told_against_the_last_time() -> None:
    after = Threshold(tau=0.7, n=60, calibrator=Platt(slope=0.0, offset=0.0))
    assert changed(Threshold(tau=0.5, n=40, calibrator=Identity()), after) == [
        "The threshold went from 0.50 to 0.70.",
        "A score of 0.9 counted as 90 % and now counts as 50 %.",
        "It rests on 60 judged turns, 40 before.",
    ]
    assert changed(after, after) == ["Nothing changed."]


def test_the_threshold_in_use_is_foreseen_as_it_is_and_not_as_its_hundredth() -> None:
    now = Threshold(tau=0.999, calibrator=Isotonic(scores=(0.5, 0.9), values=(0.2, 0.999)))
    feedback = labelled([(0.9, "keep"), (0.5, "escalate")])
    whole = outlook(feedback, now, None, setting=0.5, strategy="self-route", session="s")
    assert whole.changes[0] == "The threshold went from 0.50 to 0.999.", "the first time, against the setting"
    found = whole.at(0.999)
    assert found is not None
    assert found.escalation is not None
    assert found.escalation[0] == 0.5
