"""Whether to trust a verifier's confidence in a weak answer: thresholds and a one-step POMDP, chosen within a budget.

From AutoMix (Aggarwal, Madaan et al. 2023). A confidence between 0 and 1 falls into one of nine bins; a rule is the
set of bins that escalate. AutoMix chooses among rules by IBC, a slope that rewards tiny sets; here the best mean
quality within a cost is chosen instead. Where the confidence comes from does not matter here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BINS = 9
SMOOTHING = 1.0


def binned(confidence: Array) -> npt.NDArray[np.intp]:
    """Confidences as one of nine steps, 0, 1/8 to 1."""
    return np.rint(np.clip(confidence, 0, 1) * (BINS - 1)).astype(np.intp)


def thresholds() -> list[Mask]:
    """Escalate at or below a step; also never."""
    return [np.arange(BINS) < count for count in range(BINS + 1)]


def double_thresholds() -> list[Mask]:
    """Escalate between two steps: hopeless rows below are not worth asking for."""
    steps = np.arange(BINS)
    return [(steps >= low) & (steps <= high) for low in range(BINS) for high in range(low, BINS)]


@dataclass(frozen=True)
class Belief:
    """P(state | bin) from counted rows: needy (the strong model does better), good, hopeless (neither does)."""

    needy: Array
    good: Array
    hopeless: Array

    @classmethod
    def counted(cls, bins: npt.NDArray[np.intp], weak: Array, strong: Array) -> Belief:
        """Bins with few rows lean toward the share of all rows."""
        needy = strong > weak + 1e-12
        states = [needy, ~needy & (weak >= 0.5), ~needy & (weak < 0.5)]
        counts = np.array([np.bincount(bins, state, BINS) for state in states])
        prior = counts.sum(axis=1, keepdims=True) / max(counts.sum(), 1)
        shares = (counts + SMOOTHING * prior) / (counts.sum(axis=0) + SMOOTHING)
        return cls(*shares)

    def asks(self, reward: float, price: float = 100.0) -> Mask:
        """The bins in which asking is worth more: `reward` for a needy row answered, `price` for asking.

        Not asking loses `reward` on needy and hopeless rows and 1 more on hopeless ones; asking on hopeless ones
        loses both.
        """
        keep = -reward * self.needy - (reward + 1) * self.hopeless
        ask = -price - reward * self.hopeless
        return np.asarray(ask > keep)


def pomdp_rules(belief: Belief) -> list[Mask]:
    """The distinct rules as the reward of a right answer grows, with thresholds and double thresholds."""
    swept = [belief.asks(reward) for reward in np.geomspace(50, 50_000, 400)]
    unique = {mask.tobytes(): mask for mask in (*swept, *thresholds(), *double_thresholds())}
    return list(unique.values())


def best_rule(
    rules: Iterable[Mask],
    bins: npt.NDArray[np.intp],
    gain: Array,
    kept_cost: Array,
    escalated_cost: Array,
    budget: float,
) -> Mask:
    """The rule with the best mean quality whose mean cost is within `budget`; the cheapest one where none is.

    `gain` is strong minus weak; costs are per row, if kept and if escalated.
    """
    counted = max(len(gain), 1)
    gains = np.bincount(bins, gain, BINS) / counted
    extra = np.bincount(bins, escalated_cost - kept_cost, BINS) / counted
    start = float(kept_cost.mean())
    candidates = [(float(gains @ mask), start + float(extra @ mask), mask) for mask in rules]
    affordable = [c for c in candidates if c[1] <= budget + 1e-12]
    if affordable:
        return max(affordable, key=lambda c: (round(c[0], 12), -c[1]))[2]
    return min(candidates, key=lambda c: c[1])[2]
