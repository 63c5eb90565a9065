"""Thresholds and verdict tables against tables worked out by hand."""

from __future__ import annotations

import pytest

from pier_tui.router.search import (
    Outcome,
    VerdictTable,
    best_mask,
    best_within,
    bin_of,
    cheapest_within,
    frontier,
    masked,
    verdict_table,
)

ROWS = [Outcome(0.9, 1, 1), Outcome(0.6, 1, 0), Outcome(0.4, 0, 1), Outcome(0.2, 0, 1)]


def test_the_frontier_holds_every_threshold_with_its_quality_and_cost() -> None:
    points = frontier(ROWS, weak=1, strong=4)
    assert [(round(p.threshold, 2), p.quality, p.cost, p.escalated) for p in points] == [
        (0.0, 0.5, 1.0, 0.0),
        (0.3, 0.75, 2.0, 0.25),
        (0.5, 1.0, 3.0, 0.5),
        (0.75, 0.75, 4.0, 0.75),
        (1.0, 0.75, 5.0, 1.0),
    ]


def test_a_threshold_is_the_best_within_a_budget_or_the_cheapest_within_a_drop() -> None:
    points = frontier(ROWS, weak=1, strong=4)
    best = best_within(points, 2.5)
    assert best is not None
    assert (best.quality, best.cost) == (0.75, 2.0)
    cheap = cheapest_within(points, strong=0.75, drop=0.0)
    assert cheap is not None
    assert cheap.cost == 2.0
    assert best_within(points, 0.5) is None
    assert cheapest_within(points, strong=1.5, drop=0.1) is None


def test_rows_of_one_score_escalate_together() -> None:
    points = frontier([Outcome(0.5, 0, 1), Outcome(0.5, 1, 1)], weak=1, strong=1)
    assert [p.escalated for p in points] == [0.0, 1.0]


def test_verdict_shares_fall_into_k_plus_one_bins() -> None:
    assert [bin_of(k / 3, 4) for k in range(4)] == [0, 1, 2, 3]
    assert (bin_of(-1, 4), bin_of(2, 4)) == (0, 3)


def test_the_table_counts_good_needy_and_hopeless_answers_per_bin() -> None:
    table = verdict_table([Outcome(0, 0, 1), Outcome(0, 0, 0), Outcome(1, 1, 1), Outcome(1, 0, 1)], 2, smoothing=0)
    assert table.counts == ((0, 1, 1), (1, 1, 0))
    assert table.belief(0) == (0, 0.5, 0.5)
    assert (table.good(0), table.good(1)) == (0.5, 0.5)


def test_an_empty_bin_says_nothing() -> None:
    assert VerdictTable(counts=((0, 0, 0),)).belief(0) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_the_pomdp_escalates_a_bin_once_the_penalty_outweighs_asking() -> None:
    table = VerdictTable(counts=((1, 3, 0), (3, 1, 0), (1, 0, 0)), smoothing=0)
    # r * P(needy) + P(hopeless) > 100: from r = 134 at P(needy) = .75, from r = 401 at .25, never at 0.
    assert table.asks(133) == (False, False, False)
    assert table.asks(134) == (True, False, False)
    assert table.asks(401) == (True, True, False)
    assert table.policies() == [(False, False, False), (True, False, False), (True, True, False)]


def test_a_hopeless_answer_tips_a_bin_by_its_one_point() -> None:
    table = VerdictTable(counts=((0, 1, 1),), smoothing=0)
    assert (table.asks(199), table.asks(200)) == ((False,), (True,))


def test_a_policy_is_chosen_by_what_it_costs_on_rows_it_was_not_made_from() -> None:
    rows = [Outcome(0, 0, 1)] * 6 + [Outcome(0.5, 0, 1)] * 3 + [Outcome(0.5, 1, 1)] * 3 + [Outcome(1, 1, 1)] * 6
    prices = {"weak": 1.0, "strong": 4.0, "check": 0.5}
    cheap = best_mask(rows, rows, 3, **prices, budget=3.0)
    assert cheap == (True, False, False)
    point = masked(rows, cheap, **prices)
    assert (point.quality, point.cost) == (pytest.approx(15 / 18), pytest.approx(1.5 + 4 * 6 / 18))
    assert best_mask(rows, rows, 3, **prices, budget=5.0) == (True, True, False)
    assert best_mask(rows, rows, 3, **prices, budget=1.0) == (False, False, False)
