"""Thresholds against tables worked out by hand."""

from __future__ import annotations

from pier_tui.router.search import Outcome, cheapest_within, frontier

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


def test_a_threshold_is_the_cheapest_within_a_drop() -> None:
    points = frontier(ROWS, weak=1, strong=4)
    cheap = cheapest_within(points, strong=0.75, drop=0.0)
    assert cheap is not None
    assert cheap.cost == 2.0
    assert cheapest_within(points, strong=1.5, drop=0.1) is None


def test_rows_of_one_score_escalate_together() -> None:
    points = frontier([Outcome(0.5, 0, 1), Outcome(0.5, 1, 1)], weak=1, strong=1)
    assert [p.escalated for p in points] == [0.0, 1.0]
