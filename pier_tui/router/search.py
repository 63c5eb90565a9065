"""Choosing thresholds from recorded outcomes by constrained cost, after FrugalGPT (Chen, Zaharia, Zou 2023). Pure.

Rows are held out from whatever was fitted before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple


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


def cheapest_within(points: Sequence[Point], strong: float, drop: float) -> Point | None:
    """The cheapest point whose quality is at most `drop` below `strong`; None where there is none."""
    enough = [p for p in points if p.quality >= strong - drop - 1e-12]
    return min(enough, key=lambda p: (p.cost, -p.quality), default=None)
