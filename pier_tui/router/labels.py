"""Labels of difficulty: is the weak model good enough for a row? Deterministic, probabilistic and transformed.

From Hybrid LLM (Ding et al. 2024): H = quality of weak minus quality of strong, over every pair of runs. Labels only;
the regression that predicts them is in `scores.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RELAXATIONS = tuple(float(t) for t in np.round(np.linspace(0, 1, 41), 3))


def deterministic(weak_runs: Sequence[Array], strong_runs: Sequence[Array]) -> Array:
    """1 where the first weak run is at least as good as the first strong one."""
    return np.array([float(w[0] >= s[0]) for w, s in zip(weak_runs, strong_runs, strict=True)])


def probabilistic(weak_runs: Sequence[Array], strong_runs: Sequence[Array], relaxation: float = 0.0) -> Array:
    """P(H >= -relaxation) over all pairs of runs of a row."""
    return np.array(
        [
            float((w[:, None] >= s[None, :] - relaxation - 1e-9).mean())
            for w, s in zip(weak_runs, strong_runs, strict=True)
        ]
    )


def spread(labels: Array) -> float:
    """Mean absolute difference of two labels drawn at random: how much the labels tell rows apart."""
    ranked = np.sort(labels)
    count = len(ranked)
    return float(2 * ((2 * np.arange(1, count + 1) - count - 1) * ranked).sum() / count**2)


def best_relaxation(weak_runs: Sequence[Array], strong_runs: Sequence[Array]) -> float:
    """t*: the relaxation whose labels are spread the most, the least one of equals.

    With qualities of only 0 and 1 every t below 1 gives the same labels: t* is 0 and nothing is transformed.
    """
    spreads = [spread(probabilistic(weak_runs, strong_runs, t)) for t in RELAXATIONS]
    best = max(spreads)
    return next(t for t, value in zip(RELAXATIONS, spreads, strict=True) if value >= best - 1e-9)
