"""Calibrators against tables worked out by hand, and their properties."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.calibration import Isotonic, Platt
from pier_tui.feedback.fits import CERTAIN, best, blocks, brier, isotonic, logit, platt, shifted, shifts, sigmoid

POINTS = st.lists(st.tuples(st.floats(0, 1, width=16), st.sampled_from([0.0, 1.0])), min_size=1, max_size=40)


def test_pool_adjacent_violators_pools_what_falls() -> None:
    # 1 falls to 0, so .2 and .3 share (1 + 0) / 2; .5 and .6 fall from 1 to .5 twice: three points, mean 2/3.
    points = [(0.1, 0.0), (0.2, 1.0), (0.3, 0.0), (0.5, 1.0), (0.6, 0.5), (0.7, 0.5), (0.9, 1.0)]
    found = blocks(points)
    assert [(first, last) for first, last, _ in found] == [(0.1, 0.1), (0.2, 0.3), (0.5, 0.7), (0.9, 0.9)]
    assert [mean for _, _, mean in found] == pytest.approx([0.0, 0.5, 2 / 3, 1.0])


def test_equal_scores_are_one_point_however_they_are_ordered() -> None:
    assert blocks([(0.5, 1.0), (0.5, 0.0), (0.5, 1.0)]) == [(0.5, 0.5, pytest.approx(2 / 3))]


def test_the_isotonic_table_applies_to_scores_between_and_outside() -> None:
    table = isotonic([(0.2, 0.0), (0.4, 1.0), (0.4, 0.0), (0.8, 1.0)])
    assert table.scores == (0.2, 0.4, 0.8)
    assert table.values == (CERTAIN, 0.5, 1 - CERTAIN)
    assert table.apply(0.6) == pytest.approx((0.5 + 1 - CERTAIN) / 2)
    assert (table.apply(0.0), table.apply(1.0)) == (CERTAIN, 1 - CERTAIN)


@given(POINTS)
def test_no_non_decreasing_table_is_nearer_than_the_blocks(points: list[tuple[float, float]]) -> None:
    found = blocks(points)
    means = [mean for _, _, mean in found]
    assert means == sorted(means)
    # A block's mean is the best constant for it, and no split of it into rising parts would be better.
    for first, last, mean in found:
        inside = sorted((s, t) for s, t in points if first <= s <= last)
        assert sum(t for _, t in inside) / len(inside) == pytest.approx(mean)
        for cut in sorted({s for s, _ in inside})[1:]:
            left = [t for s, t in inside if s < cut]
            assert sum(left) / len(left) >= mean - 1e-9


def test_two_scores_give_the_logistic_curve_through_their_smoothed_shares() -> None:
    # 3 of 4 and 1 of 4 right: good 4, bad 4, so targets 5/6 and 1/6; a curve through two points meets their means.
    curve = platt([(0.9, 1.0)] * 3 + [(0.9, 0.0)] + [(0.3, 1.0)] + [(0.3, 0.0)] * 3)
    assert curve.apply(0.9) == pytest.approx((3 * 5 / 6 + 1 / 6) / 4, abs=1e-6)
    assert curve.apply(0.3) == pytest.approx((5 / 6 + 3 * 1 / 6) / 4, abs=1e-6)


def test_a_curve_that_would_fall_is_flat() -> None:
    curve = platt([(0.1, 1.0)] * 10 + [(0.9, 0.0)] * 10)
    assert curve.slope == 0
    assert curve.apply(0.1) == curve.apply(0.9) == pytest.approx(0.5)


@given(POINTS)
def test_a_curve_never_falls_and_never_says_certain(points: list[tuple[float, float]]) -> None:
    curve = platt(points)
    values = [curve.apply(at / 10) for at in range(11)]
    assert values == sorted(values)
    assert all(0 < value < 1 for value in values) or abs(curve.slope) > 30


def test_the_better_calibrator_is_the_one_that_foresees() -> None:
    lot = random.Random(5)
    steps = [(x, float(lot.random() < (0.9 if x > 0.4 else 0.1))) for x in (lot.random() for _ in range(600))]
    curve = [(x, float(lot.random() < sigmoid(6 * x - 3))) for x in (lot.random() for _ in range(200))]
    assert isinstance(best(steps), Isotonic)
    assert isinstance(best(curve), Platt)
    assert brier(best(steps), steps) < brier(platt(steps), steps)


def test_one_repository_is_shrunk_toward_all_by_how_much_it_says() -> None:
    flat = Platt(slope=0.0, offset=0.0)
    # Right 8/10, 2/10 and 1/2: their own shifts are logit(.8), -logit(.8) and 0; v = 1/(10 * .16) and 1/(2 * .25).
    groups = {
        "good": [(0.5, 1.0)] * 8 + [(0.5, 0.0)] * 2,
        "bad": [(0.5, 0.0)] * 8 + [(0.5, 1.0)] * 2,
        "new": [(0.5, 1.0), (0.5, 0.0)],
    }
    found = shifts(flat, groups)
    own, v = math.log(4), 1 / 1.6
    weights = [1.6, 1.6, 0.5]
    spread = 2 * 1.6 * own**2
    between = (spread - 2) / (sum(weights) - sum(w * w for w in weights) / sum(weights))
    assert found["good"] == pytest.approx(own * between / (between + v), rel=1e-4)
    assert found["bad"] == pytest.approx(-found["good"], rel=1e-4)
    assert found["new"] == pytest.approx(0.0, abs=1e-6)


def test_repositories_that_do_not_differ_are_not_told_apart() -> None:
    flat = Platt(slope=0.0, offset=0.0)
    groups = {"a": [(0.5, 1.0)] * 6 + [(0.5, 0.0)] * 5, "b": [(0.5, 1.0)] * 5 + [(0.5, 0.0)] * 6}
    assert shifts(flat, groups) == {"a": 0.0, "b": 0.0}
    assert shifts(flat, {"a": groups["a"]}) == {"a": 0.0}


def test_a_shift_moves_the_odds_of_every_score() -> None:
    table = shifted(Isotonic(scores=(0.2, 0.8), values=(0.25, 0.75)), 1.0)
    assert logit(table.apply(0.2)) == pytest.approx(logit(0.25) + 1)
    assert logit(shifted(Platt(slope=2.0, offset=-1.0), -0.5).apply(0.5)) == pytest.approx(-0.5)
