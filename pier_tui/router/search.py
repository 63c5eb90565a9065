"""Choosing thresholds and verification tables from recorded outcomes: pure searches, by constrained cost.

Cascade thresholds after FrugalGPT (Chen, Zaharia, Zou 2023); verdict tables and the one-step POMDP after AutoMix
(Madaan et al. 2023), whose own choice by a ratio of gain to cost rewards escalating next to nothing. Rows are held out
from whatever was fitted before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

STATES = ("good", "needy", "hopeless")
"""The weak answer is good; the strong one is better; neither is."""


class Outcome(NamedTuple):
    """One row: the weak answer's score (confidence) and both models' quality, 0 to 1."""

    score: float
    weak: float
    strong: float


class Point(NamedTuple):
    """A threshold (a score below it escalates), and what it comes to on average over the rows."""

    threshold: float
    quality: float
    cost: float
    escalated: float


def frontier(rows: Sequence[Outcome], *, weak: float, strong: float, check: float = 0.0) -> list[Point]:
    """Every distinct threshold, the weak model answering every row: cost is weak + check + strong where escalated.

    From escalating nothing to escalating everything; thresholds lie halfway between two neighbouring scores.
    """
    if not rows:
        return []
    ordered = sorted(rows)
    count, quality = len(ordered), sum(row.weak for row in ordered)
    scores = [score for score, _ in groupby(row.score for row in ordered)]
    points = [Point(min(0.0, scores[0]), quality / count, weak + check, 0.0)]
    escalated = 0
    for at, (_, group) in enumerate(groupby(ordered, key=lambda row: row.score)):
        for row in group:
            quality += row.strong - row.weak
            escalated += 1
        above = (scores[at] + scores[at + 1]) / 2 if at + 1 < len(scores) else max(1.0, scores[-1] + 1e-9)
        share = escalated / count
        points.append(Point(above, quality / count, weak + check + share * strong, share))
    return points


def best_within(points: Sequence[Point], budget: float) -> Point | None:
    """The best quality that costs no more than the budget on average, the cheaper of equals; None: none does."""
    affordable = [p for p in points if p.cost <= budget + 1e-12]
    return max(affordable, key=lambda p: (p.quality, -p.cost), default=None)


def cheapest_within(points: Sequence[Point], strong: float, drop: float) -> Point | None:
    """The cheapest point whose quality is at most `drop` below `strong`; None where there is none."""
    enough = [p for p in points if p.quality >= strong - drop - 1e-12]
    return min(enough, key=lambda p: (p.cost, -p.quality), default=None)


def bin_of(share: float, bins: int) -> int:
    """The bin of a share of positive verdicts: 0 to bins - 1, bins = k + 1 for k verdicts."""
    return min(max(round(share * (bins - 1)), 0), bins - 1)


class VerdictTable(BaseModel):
    """Per bin of positive verdicts, how often the answer was good, the strong one better, or neither.

    Each count starts at `smoothing`, so that an empty bin says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: tuple[tuple[float, float, float], ...]
    smoothing: float = 1.0

    def belief(self, at: int) -> tuple[float, float, float]:
        """P(good, needy, hopeless) in a bin."""
        row = [n + self.smoothing for n in self.counts[at]]
        total = sum(row) or 1.0
        return (row[0] / total, row[1] / total, row[2] / total)

    def good(self, at: int) -> float:
        """How likely asking the strong model would not have helped: good, or hopeless anyway."""
        belief = self.belief(at)
        return belief[0] + belief[2]

    def asks(self, penalty: float) -> tuple[bool, ...]:
        """Per bin, whether the one-step POMDP escalates, with the paper's rewards.

        Keeping: -r where needy, 0 where good, -r-1 where hopeless; asking: -100, and -r-100 where hopeless. So a bin
        escalates where r P(needy) + P(hopeless) > 100.
        """
        beliefs = [self.belief(at) for at in range(len(self.counts))]
        return tuple(penalty * needy + hopeless > 100 for _, needy, hopeless in beliefs)

    def policies(self) -> list[tuple[bool, ...]]:
        """The policies met when r goes from 0 to 4999, in order; r matters only where a bin starts to escalate."""
        starts = {0}
        for _, needy, hopeless in (self.belief(at) for at in range(len(self.counts))):
            if needy and (start := int((100 - hopeless) / needy) + 1) < 5000:
                starts.add(start)
        return list(dict.fromkeys(self.asks(penalty) for penalty in sorted(starts)))


def verdict_table(rows: Sequence[Outcome], bins: int, smoothing: float = 1.0) -> VerdictTable:
    """The table of recorded rows, `score` being the share of positive verdicts."""
    counts = [[0.0, 0.0, 0.0] for _ in range(bins)]
    for row in rows:
        state = 1 if row.strong > row.weak else 0 if row.weak > 0 else 2
        counts[bin_of(row.score, bins)][state] += 1
    return VerdictTable(counts=tuple((a, b, c) for a, b, c in counts), smoothing=smoothing)


def masked(rows: Sequence[Outcome], asks: Sequence[bool], *, weak: float, strong: float, check: float) -> Point:
    """What a table of bins comes to on rows; `threshold` is the share of bins that escalate."""
    count = len(rows) or 1
    asked = [row for row in rows if asks[bin_of(row.score, len(asks))]]
    quality = sum(row.weak for row in rows) + sum(row.strong - row.weak for row in asked)
    share = len(asked) / count
    return Point(sum(asks) / len(asks), quality / count, weak + check + share * strong, share)


def best_mask(
    train: Sequence[Outcome],
    held_out: Sequence[Outcome],
    bins: int,
    *,
    weak: float,
    strong: float,
    check: float,
    budget: float,
) -> tuple[bool, ...]:
    """The POMDP policy, swept over penalties on `train`, that is best on `held_out` within the budget per turn.

    Where no policy is affordable: escalate nothing.
    """
    policies = verdict_table(train, bins).policies()
    scored = [(masked(held_out, asks, weak=weak, strong=strong, check=check), asks) for asks in policies]
    affordable = [(point, asks) for point, asks in scored if point.cost <= budget + 1e-12]
    if not affordable:
        return (False,) * bins
    return max(affordable, key=lambda pair: (pair[0].quality, -pair[0].cost))[1]
