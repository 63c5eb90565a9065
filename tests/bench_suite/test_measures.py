from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pier_tui.bench.measures import (
    Ordering,
    Point,
    area,
    area_in_bins,
    ibc_lift,
    interval,
    order_figures,
    point_columns,
    point_measure,
    recovered,
    resamples,
    share_for,
)

WEAK = np.array([0.0, 1.0, 0.0, 1.0])
STRONG = np.array([1.0, 1.0, 0.0, 1.0])
ONE = np.ones((1, 4))


def apgr(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    return float(order_figures(Ordering.of(score, weak, strong))(np.ones((1, len(score))))["apgr"][0])


def test_a_curve_goes_from_the_weak_to_the_strong_model_in_the_order_of_the_score() -> None:
    share, gained = Ordering.of(np.array([4.0, 3.0, 2.0, 1.0]), WEAK, STRONG).curve(ONE)
    assert share.tolist() == [[0, 0.25, 0.5, 0.75, 1]]
    assert gained.tolist() == [[0, 0.25, 0.25, 0.25, 0.25]]
    pgr = recovered(gained)
    assert area(share, pgr)[0] == pytest.approx(0.125 + 0.75)
    assert share_for(share, pgr, 0.5)[0] == pytest.approx(0.125)
    assert share_for(share, pgr, 0.8)[0] == pytest.approx(0.2)


def test_ten_bins_are_trapezoids_over_the_same_curve() -> None:
    share, gained = Ordering.of(np.array([4.0, 3.0, 2.0, 1.0]), WEAK, STRONG).curve(ONE)
    # PGR at 0, .1, .2, .3 to 1 is 0, .4, .8 and 1: halves of the ends, all of the rest, a tenth each.
    assert area_in_bins(share[0], recovered(gained)[0]) == pytest.approx((0.4 + 0.8 + 7 * 1 + 0.5) / 10)


def test_equal_scores_count_in_random_order_so_a_constant_one_is_worth_a_random_one() -> None:
    assert apgr(np.zeros(4), WEAK, STRONG) == pytest.approx(0.5)
    mixed = apgr(np.array([1.0, 1.0, 0.0, 0.0]), WEAK, STRONG)
    orders = [apgr(np.array(s), WEAK, STRONG) for s in ([4.0, 3, 2, 1], [3.0, 4, 2, 1], [4.0, 3, 1, 2], [3.0, 4, 1, 2])]
    assert mixed == pytest.approx(np.mean(orders))


def test_a_share_is_the_first_at_which_the_envelope_reaches_the_goal_even_if_the_curve_dips_after() -> None:
    weak, strong = np.array([0.0, 1, 0, 0]), np.array([1.0, 0, 1, 0])
    share, gained = Ordering.of(np.array([4.0, 3, 2, 1]), weak, strong).curve(ONE)
    assert recovered(gained)[0].tolist() == [0, 1, 0, 1, 1]
    assert share_for(share, recovered(gained), 0.8)[0] == pytest.approx(0.2)


def test_pgr_is_undefined_where_the_strong_model_is_no_better() -> None:
    _, gained = Ordering.of(np.arange(4.0), STRONG, WEAK).curve(ONE)
    assert np.isnan(recovered(gained)).all()
    assert math.isnan(apgr(np.arange(4.0), STRONG, STRONG))


def test_random_orders_average_one_half() -> None:
    rng = np.random.default_rng(0)
    weak, strong = (rng.random(2000) < 0.6).astype(float), (rng.random(2000) < 0.8).astype(float)
    assert np.mean([apgr(rng.random(2000), weak, strong) for _ in range(100)]) == pytest.approx(0.5, abs=0.01)


ROWS = st.lists(
    st.tuples(st.integers(-20, 20), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    min_size=2,
    max_size=40,
).filter(lambda rows: sum(s - w for _, w, s in rows) > 0.2)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_an_oracle_is_never_beaten_order_is_all_that_counts_and_a_reversed_score_is_the_complement(
    rows: list[tuple[int, float, float]],
) -> None:
    score, weak, strong = (np.array(c, float) for c in zip(*rows, strict=True))
    value = apgr(score, weak, strong)
    assert apgr(strong - weak, weak, strong) >= value - 1e-9
    assert apgr(np.exp(score / 5) * 3 + 1, weak, strong) == pytest.approx(value)
    assert apgr(-score, weak, strong) == pytest.approx(1 - value)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 10))
def test_weights_are_the_same_as_repeating_rows(rows: list[tuple[int, float, float]], seed: int) -> None:
    score, weak, strong = (np.array(c, float) for c in zip(*rows, strict=True))
    times = np.random.default_rng(seed).integers(0, 3, len(rows))
    again = [np.repeat(c, times) for c in (score, weak, strong)]
    if (again[2] - again[1]).sum() <= 1e-9:
        return
    weighed = order_figures(Ordering.of(score, weak, strong))(times[None].astype(float))
    plain = order_figures(Ordering.of(*again))(np.ones((1, len(again[0]))))
    assert {n: v[0] for n, v in weighed.items()} == pytest.approx({n: v[0] for n, v in plain.items()})


def test_a_point_is_counted_by_hand() -> None:
    # Kept: rows 1 and 2. Escalated: rows 0 and 3, of which row 3 needed nobody.
    escalated = np.array([1.0, 0, 0, 1])
    cost = 0.5 * (1 - escalated) + escalated
    columns = point_columns(Point(escalated, cost), WEAK, STRONG, np.full(4, 0.5), np.ones(4))
    figures = {name: float(value[0]) for name, value in point_measure(columns)(ONE).items()}
    assert figures == pytest.approx(
        {
            "quality": 0.75,
            "escalated": 0.5,
            "cost": 0.75,
            "drop_on_kept": 0.0,
            "false_keep": 0.0,
            "false_escalate": 0.25,
            "pgr": 1.0,
            "ibc_lift": (0.25 / 0.25) / (0.25 / 0.5) - 1,
            "over_random": 0.75 - (0.5 + 0.5 * 0.25),
        }
    )


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ((0.6, 20.0), (0.1 / 19) / (0.2 / 49) - 1),
        ((0.7, 50.0), 0.0),
        ((0.7, 52.0), 49 / 51 - 1),
        ((0.45, 20.0), (-0.05 / 19) / (0.2 / 49) - 1),
    ],
)
def test_ibc_lift_is_slope_over_slope(method: tuple[float, float], expected: float) -> None:
    assert ibc_lift(*method, weak=(0.5, 1.0), strong=(0.7, 50.0)) == pytest.approx(expected)


def test_ibc_lift_is_undefined_where_nothing_was_spent_or_strong_is_no_better() -> None:
    assert math.isnan(ibc_lift(0.5, 1.0, (0.5, 1.0), (0.7, 50.0)))
    assert math.isnan(ibc_lift(0.6, 9.0, (0.7, 1.0), (0.5, 50.0)))


def test_resamples_draw_whole_tasks_in_blocks_that_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = np.array([0, 0, 1, 2, 2])
    drawn = np.vstack(list(resamples(tasks, 50, seed=3)))
    assert drawn.shape == (50, 5)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 3] == drawn[:, 4]).all()
    assert (drawn[:, [0, 2, 3]].sum(axis=1) == 3).all()
    monkeypatch.setattr("pier_tui.bench.measures.CELLS", 35)
    assert np.array_equal(np.vstack(list(resamples(tasks, 50, seed=3))), drawn)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(200):
        weak, strong = (rng.random(150) < 0.5).astype(float), (rng.random(150) < 0.8).astype(float)
        seen = [w @ (strong - weak) / w.sum(axis=1)[0] for w in resamples(np.arange(150), 200, trial)]
        low, high = interval(np.concatenate(seen)) or (math.nan, math.nan)
        hits += low <= 0.3 <= high
    assert 180 <= hits <= 198


def test_an_interval_of_mostly_undefined_values_is_none() -> None:
    assert interval(np.array([1.0, np.nan, 2.0])) is None
    assert interval(np.linspace(0, 1, 101)) == pytest.approx((0.025, 0.975))
