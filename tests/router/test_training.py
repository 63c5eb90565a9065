"""Scores made of labelled turns."""

from __future__ import annotations

from random import Random

import pytest
from dry import READ, reply, turn

from pier_tui.models.messages import Reply
from pier_tui.router.confidence import LEAST, Logistic, fit, prior
from pier_tui.router.strategy import Answer, Call
from pier_tui.router.training import Foresight, Lesson, draft_score, request_score


def test_a_regression_finds_the_number_that_decides() -> None:
    lots = Random(3)
    rows = [{"invalid": float(lots.random() < 0.5), "noise": lots.random(), "same": 1.0} for _ in range(200)]
    learned = fit(rows, [1.0 - row["invalid"] for row in rows])
    assert set(learned.weights) == {"invalid", "noise"}
    assert learned.of({"invalid": 0.0, "noise": 0.5}) > 0.9
    assert learned.of({"invalid": 1.0, "noise": 0.5}) < 0.1
    assert abs(learned.weights["noise"]) < abs(learned.weights["invalid"]) / 4


def test_a_regression_of_one_number_is_the_one_worked_out_by_hand() -> None:
    # Two groups of shares 3/4 and 1/4, standardised to +1 and -1: bias 0, weight ln 3.
    rows = [{"x": x} for x in (1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)]
    learned = fit(rows, [1, 1, 1, 0, 1, 0, 0, 0], ridge=0.0, steps=2000)
    assert (learned.bias, learned.weights["x"]) == (pytest.approx(0, abs=1e-6), pytest.approx(1.0986, abs=1e-3))


def test_a_missing_number_counts_as_average() -> None:
    learned = Logistic(bias=0.0, weights={"x": 2.0}, means={"x": 5.0}, spreads={"x": 1.0})
    assert learned.of({}) == pytest.approx(0.5)
    assert learned.of({"x": 6.0}) == pytest.approx(0.8808, abs=1e-4)


def test_the_prior_takes_a_share_off_for_every_doubt() -> None:
    assert prior({}) == 0.75
    assert prior({"stated": 0.9, "failures": 2.0}) == pytest.approx(0.9 * 0.8**2)
    assert prior({"stated": 0.9, "unapplied": 3.0}) == pytest.approx(0.9 * 0.4)
    assert prior({"stated": 0.9, "token_probability": 0.5}) == 0.5


def lessons(count: int) -> list[Lesson]:
    return [
        Lesson(f"request {n}", {"invalid": float(n % 2), "stated": float(n % 2)}, float(n % 2 == 0))
        for n in range(count)
    ]


def test_too_few_lessons_or_lessons_of_one_kind_teach_nothing() -> None:
    assert draft_score(lessons(LEAST - 1)) is None
    assert draft_score([lesson._replace(good=1.0) for lesson in lessons(60)]) is None
    assert request_score(lessons(LEAST - 1), "learned", "neighbours") is None


def test_a_scorer_of_drafts_ignores_what_the_model_says_of_itself() -> None:
    score = draft_score(lessons(60))
    assert score is not None
    assert set(score.weights) == {"invalid"}
    good, bad = (
        Answer(call=Call(tier="weak"), reply=said)
        for said in (reply(READ), Reply(tool_calls=reply(("fly", {})).tool_calls))
    )
    assert score(turn(), good) > 0.7 > 0.3 > score(turn(), bad)


class Words:
    """Texts as their length, and a fitted score that says the longer the harder."""

    def embed(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]

    def predict(self, points: list[int]) -> list[float]:
        return [0.5 + point / 100 for point in points]


def test_a_foresight_is_the_complement_of_the_strong_models_gain_or_its_rank() -> None:
    assert Foresight(Words(), Words())(turn(request="x" * 10), None) == pytest.approx(0.8)
    ranked = Foresight(Words(), Words(), ranks=(0.2, 0.4, 0.6, 0.9))
    assert ranked(turn(request="x" * 10), None) == pytest.approx(0.75)
