"""What a router is worth on recorded outcomes: cost-quality curve, PGR, APGR, CPT, IBC, and bootstrap intervals.

A score says how much a row needs the strong model; rows are escalated from the highest score down. Rows with
the same score count in random order (its expectation), so a constant score is worth exactly a random one.
Definitions: PGR, APGR, CPT from RouteLLM (Ong et al. 2024); IBC from AutoMix (Aggarwal, Madaan et al. 2023).
No reading of files and no fitting here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BINS = 10
Measure = Callable[[Array], dict[str, Array]]
"""Figures by name, one value per row of weights."""

CELLS = 4_000_000
"""Resample weights held in memory at a time."""


@dataclass(frozen=True)
class Ordering:
    """The order in which a score escalates rows, ready to be weighed many times. `gain` is strong minus weak."""

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    gain: Array

    @classmethod
    def of(cls, score: Array, weak: Array, strong: Array) -> Ordering:
        """Highest score first; `starts` are where a new score begins."""
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        return cls(order, starts, (strong - weak)[order])

    def curve(self, weights: Array) -> tuple[Array, Array]:
        """Share escalated and quality gained over the weak model, one row per row of weights, from 0 to all."""
        ordered = weights[:, self.order]
        total = ordered.sum(axis=1, keepdims=True)
        share = np.cumsum(np.add.reduceat(ordered, self.starts, axis=1), axis=1) / total
        gained = np.cumsum(np.add.reduceat(ordered * self.gain, self.starts, axis=1), axis=1) / total
        nothing = np.zeros((len(weights), 1))
        return np.hstack([nothing, share]), np.hstack([nothing, gained])


def recovered(gained: Array) -> Array:
    """PGR along a curve: the part of the gap between the models that is recovered. NaN where strong is no better."""
    gap = gained[:, -1:]
    return np.divide(gained, gap, out=np.full_like(gained, np.nan), where=gap > 1e-12)


def area(share: Array, pgr: Array) -> Array:
    """APGR: the area under PGR over the share escalated, by trapezoids on every row."""
    return np.asarray(np.trapezoid(pgr, share, axis=1), dtype=np.float64)


def area_in_bins(share: Array, pgr: Array, bins: int = BINS) -> float:
    """APGR as RouteLLM prints it: trapezoids over equal steps of the share, of one curve."""
    at = np.linspace(0, 1, bins + 1)
    return float(np.trapezoid(np.interp(at, share, pgr), at))


def share_for(share: Array, pgr: Array, wanted: float) -> Array:
    """CPT: the least share escalated at which PGR reaches `wanted` (0 to 1)."""
    # The first crossing is where the monotone envelope crosses: a dip after it takes nothing back.
    reached = pgr >= wanted - 1e-12
    at = np.argmax(reached, axis=1)
    rows = np.arange(len(pgr))
    before = np.maximum(at - 1, 0)
    low, high = pgr[rows, before], pgr[rows, at]
    step = np.divide(wanted - low, high - low, out=np.ones_like(low), where=high > low)
    found = share[rows, before] + np.clip(step, 0, 1) * (share[rows, at] - share[rows, before])
    return np.where(reached.any(axis=1), found, np.nan)


def ibc_lift(quality: float, cost: float, weak: tuple[float, float], strong: tuple[float, float]) -> float:
    """Incremental benefit per cost against going straight from weak to strong, minus 1. Pairs are (quality, cost).

    NaN where a slope does not exist: nothing spent beyond weak, or strong not dearer or not better.
    """
    if cost - weak[1] <= 1e-12 or strong[1] - weak[1] <= 1e-12 or strong[0] - weak[0] <= 1e-12:
        return float("nan")
    slope = (strong[0] - weak[0]) / (strong[1] - weak[1])
    return (quality - weak[0]) / (cost - weak[1]) / slope - 1


@dataclass(frozen=True)
class Point:
    """One way of sending every row: `escalated` is each row's probability of the strong model, `cost` what it costs.

    `quality` where it is neither model's own, as of a mixture.
    """

    escalated: Array
    cost: Array
    quality: Array | None = None

    def of(self, rows: npt.NDArray[np.bool_]) -> Point:
        """The point on some of the rows."""
        return Point(self.escalated[rows], self.cost[rows], None if self.quality is None else self.quality[rows])


def point_columns(point: Point, weak: Array, strong: Array, weak_cost: Array, strong_cost: Array) -> Array:
    """What must be summed over rows to know every figure of a point."""
    kept = 1 - point.escalated
    return np.column_stack(
        [
            weak * kept + strong * point.escalated if point.quality is None else point.quality,
            point.escalated,
            point.cost,
            (strong - weak) * kept,
            kept * (strong > weak),
            point.escalated * (weak >= strong),
            weak,
            strong,
            weak_cost,
            strong_cost,
        ]
    )


def point_figures(sums: Array) -> dict[str, Array]:
    """The figures of a point from weighted means of its columns, one value per resample.

    quality, escalated, false_keep, false_escalate: means over all rows. cost: part of strong-only's.
    drop_on_kept: strong minus weak on kept rows. over_random: quality above escalating as many at random.
    """
    quality, escalated, cost, lost, false_keep, false_escalate, weak, strong, weak_cost, strong_cost = sums.T
    gap = strong - weak
    kept = 1 - escalated
    slope = _ratio(gap, strong_cost - weak_cost)
    return {
        "quality": quality,
        "escalated": escalated,
        "cost": _ratio(cost, strong_cost),
        "drop_on_kept": _ratio(lost, kept),
        "false_keep": false_keep,
        "false_escalate": false_escalate,
        "pgr": _ratio(quality - weak, gap),
        "ibc_lift": _ratio(_ratio(quality - weak, cost - weak_cost), slope) - 1,
        "over_random": quality - (weak + escalated * gap),
    }


def point_measure(columns: Array) -> Measure:
    """The figures of a point as a function of row weights."""
    return lambda weights: point_figures(weights @ columns / weights.sum(axis=1, keepdims=True))


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 1e-12)


def resamples(tasks: npt.NDArray[np.intp], count: int, seed: int) -> Iterator[Array]:
    """Weights of the rows in bootstrap resamples of whole tasks, in blocks that fit memory."""
    rng = np.random.default_rng(seed)
    number = int(tasks.max()) + 1
    block = max(1, min(count, CELLS // max(len(tasks), 1)))
    for start in range(0, count, block):
        size = min(block, count - start)
        drawn = rng.integers(0, number, (size, number)) + np.arange(size)[:, None] * number
        times = np.bincount(drawn.ravel(), minlength=size * number).reshape(size, number)
        yield times[:, tasks].astype(np.float64)


def interval(values: Array, level: float = 0.95) -> tuple[float, float] | None:
    """The middle `level` of the resampled values; None where more than one in twenty is undefined."""
    finite = values[np.isfinite(values)]
    if len(finite) < 0.95 * len(values) or len(finite) < 2:
        return None
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass
class Tally:
    """Collects one figure over blocks of resamples."""

    measure: Measure
    seen: dict[str, list[Array]] = field(default_factory=dict)

    def add(self, weights: Array) -> None:
        """Measure a block of resamples."""
        for name, values in self.measure(weights).items():
            self.seen.setdefault(name, []).append(values)

    def intervals(self) -> dict[str, tuple[float, float] | None]:
        """95% intervals by figure."""
        return {name: interval(np.concatenate(blocks)) for name, blocks in self.seen.items()}


def order_figures(ordering: Ordering) -> Measure:
    """APGR, CPT(50) and CPT(80) of an ordering as a function of row weights."""

    def measure(weights: Array) -> dict[str, Array]:
        share, gained = ordering.curve(weights)
        pgr = recovered(gained)
        return {"apgr": area(share, pgr), "cpt50": share_for(share, pgr, 0.5), "cpt80": share_for(share, pgr, 0.8)}

    return measure
