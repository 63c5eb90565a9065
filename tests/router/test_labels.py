from __future__ import annotations

import numpy as np
import pytest

from pier_tui.router import labels

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
