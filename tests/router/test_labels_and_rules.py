from __future__ import annotations

import numpy as np
import pytest

from pier_tui.router import labels
from pier_tui.router.meta_verifier import BINS, Belief, best_rule, binned, double_thresholds, pomdp_rules, thresholds

WEAK = [np.array([0.0, 1.0]), np.array([0.5]), np.array([0.2, 0.4])]
STRONG = [np.array([1.0, 0.0]), np.array([0.8]), np.array([1.0, 0.9])]


def test_labels_of_difficulty_are_counted_over_pairs_of_runs() -> None:
    assert labels.deterministic(WEAK, STRONG).tolist() == [0, 0, 0]
    assert labels.probabilistic(WEAK, STRONG).tolist() == [0.75, 0, 0]
    assert labels.probabilistic(WEAK, STRONG, 0.3).tolist() == [0.75, 1, 0]
    assert labels.probabilistic(WEAK, STRONG, 1.0).tolist() == [1, 1, 1]


def test_spread_is_the_mean_difference_of_two_labels() -> None:
    values = np.array([0.0, 0.3, 1.0, 1.0])
    pairs = np.abs(values[:, None] - values[None, :])
    assert labels.spread(values) == pytest.approx(pairs.mean())
    assert labels.spread(np.ones(5)) == 0


def test_the_best_relaxation_tells_rows_apart_the_most() -> None:
    gaps = np.linspace(0.05, 0.65, 13)
    weak, strong = [np.array([0.9 - g]) for g in gaps], [np.array([0.9]) for _ in gaps]
    best = labels.best_relaxation(weak, strong)
    assert labels.probabilistic(weak, strong).sum() == 0
    assert 0.3 <= best <= 0.36
    searched = [labels.spread(labels.probabilistic(weak, strong, t)) for t in labels.RELAXATIONS]
    assert labels.spread(labels.probabilistic(weak, strong, best)) == max(searched)


def test_with_right_and_wrong_only_nothing_is_transformed() -> None:
    rng = np.random.default_rng(0)
    weak, strong = ([np.array([float(v)]) for v in rng.integers(0, 2, 50)] for _ in range(2))
    assert labels.best_relaxation(weak, strong) == 0


def test_confidence_falls_into_nine_steps() -> None:
    assert binned(np.array([-1, 0, 0.06, 0.07, 0.5, 0.94, 1, 7])).tolist() == [0, 0, 0, 1, 4, 8, 8, 8]
    assert len(thresholds()) == BINS + 1
    assert len(double_thresholds()) == 45


def test_a_belief_counts_states_by_bin_and_leans_on_all_rows_where_there_are_few() -> None:
    bins = np.array([0, 0, 0, 0, 8, 8])
    belief = Belief.counted(bins, np.array([0.0, 0, 0, 0, 1, 1]), np.array([1.0, 1, 0, 1, 1, 0]))
    assert belief.needy[0] == pytest.approx((3 + 0.5) / 5)
    assert belief.good[8] == pytest.approx((2 + 1 / 3) / 3)
    assert belief.needy[4] == pytest.approx(0.5)
    assert (belief.needy + belief.good + belief.hopeless) == pytest.approx(np.ones(BINS))


def test_asking_pays_where_the_weak_model_is_needy_not_where_both_fail() -> None:
    needy = np.zeros(BINS)
    needy[3] = 0.9
    belief = Belief(needy, np.where(needy > 0, 0.1, 0.0), np.where(needy > 0, 0.0, 1.0))
    assert np.flatnonzero(belief.asks(reward=500)).tolist() == [3]
    assert not belief.asks(reward=100).any()
    assert any(np.flatnonzero(rule).tolist() == [3] for rule in pomdp_rules(belief))


def test_the_best_rule_within_a_budget_is_the_one_counting_finds() -> None:
    rng = np.random.default_rng(4)
    bins = rng.integers(0, BINS, 300)
    gain = (rng.random(300) < 0.1 + 0.6 * (bins == 2)).astype(float) - (rng.random(300) < 0.1)
    kept, escalated = np.full(300, 0.2), np.full(300, 1.2)
    rules = thresholds() + double_thresholds()
    for budget in (0.1, 0.2, 0.35, 0.6, 1.2):
        chosen = best_rule(rules, bins, gain, kept, escalated, budget)
        costs = [0.2 + rule[bins].mean() for rule in rules]
        allowed = [gain[rule[bins]].sum() for rule, cost in zip(rules, costs, strict=True) if cost <= budget + 1e-12]
        assert gain[chosen[bins]].sum() == pytest.approx(max(allowed) if allowed else 0)
        assert 0.2 + chosen[bins].mean() <= max(budget, 0.2) + 1e-12
