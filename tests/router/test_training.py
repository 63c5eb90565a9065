"""Scores made of labelled turns."""

from __future__ import annotations

import math
from random import Random

import numpy
import pytest
from dry import READ, reply, turn

from pier_tui.models.messages import Reply
from pier_tui.router import labels
from pier_tui.router.confidence import LEAST, Logistic, fit, prior
from pier_tui.router.strategy import Answer, Call
from pier_tui.router.training import (
    Foresight,
    Lesson,
    difficulty_labels,
    draft_score,
    left_out,
    request_score,
    verdict_table,
)


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
    learned = fit(rows, [1, 1, 1, 0, 1, 0, 0, 0], ridge=0.0)
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
    assert draft_score([lesson._replace(weak=1.0) for lesson in lessons(60)]) is None
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


def voted(pattern: dict[int, tuple[int, int]], groups: int = 10) -> list[Lesson]:
    """Turns by verdicts in favour of three: of how many the weak model was good enough, and not."""
    rows = [
        (votes, float(well)) for votes, counts in pattern.items() for well in (1, 0) for _ in range(counts[1 - well])
    ]
    Random(2).shuffle(rows)
    return [Lesson("", {"verdicts": v / 3}, weak, group=str(n % groups)) for n, (v, weak) in enumerate(rows)]


def test_verdicts_are_read_by_a_table_where_that_escalates_less_at_the_same_quality() -> None:
    # Two of three in favour is a worse sign than one: no threshold on the share keeps ones and threes alone.
    twisted = voted({0: (0, 20), 1: (30, 0), 2: (0, 30), 3: (30, 0)})
    table = verdict_table(twisted)
    assert table is not None
    assert [round(table.score(votes / 3)) for votes in range(4)] == [0, 1, 0, 1]
    assert verdict_table(voted({0: (0, 20), 1: (0, 30), 2: (30, 0), 3: (30, 0)})) is None, "the share says as much"
    assert verdict_table(twisted[: LEAST - 1]) is None


def test_a_lesson_is_judged_by_a_fit_on_other_groups_only() -> None:
    known = [Lesson("", {}, 1.0, group=group) for group in "abcdefghij" for _ in range(3)]
    seen = left_out(known, lambda some: lambda group: float(group in {x.group for x in some}), lambda x: x.group)
    assert seen == [0.0] * 30
    few = left_out(known[:6], lambda some: lambda _: float(len(some)), lambda x: x)
    assert sorted(few) == [4.0, 4.0, 5.0, 5.0, 5.0, 5.0], "two groups are too few to hold one out"
    assert all(math.isnan(score) for score in left_out(known, lambda _: None, lambda x: x))


@pytest.mark.parametrize(
    ("variant", "graded", "expected"),
    [
        ("deterministic", True, [0, 0, 0, 0]),
        ("probabilistic", True, [0, 0, 0, 0]),
        ("transformed", True, [1, 1, 0, 0]),
        ("transformed", False, [0.5, 0, 0, 0.5]),
        ("probabilistic", False, [0.5, 0, 0, 0.5]),
    ],
)
def test_labels_of_difficulty_are_taken_over_the_runs_of_a_request(
    variant: str, graded: bool, expected: list[float]
) -> None:
    gaps = {"a": (0.1, 0.1), "b": (0.2, 0.2), "c": (0.8, 0.8), "d": (0.9, 0.9)}
    runs = gaps if graded else {"a": (0, 1), "b": (1, 1), "c": (1, 1), "d": (1, 0)}
    known = [Lesson(text, {}, 1.0 - gap) for text, both in runs.items() for gap in both]
    texts, goods = difficulty_labels(known, variant, numpy, labels)
    assert (texts, goods) == (list("abcd"), expected)
