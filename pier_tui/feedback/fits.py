"""Fitting calibrators: Platt's logistic curve, isotonic steps, and one repository's shift toward all of them. Pure.

A score is a confidence; a target is how good the weak model's turn was, 0 to 1. What is fitted is applied in
`calibration`. Sources: Platt 1999 and Lin, Lin, Weng 2007 (logistic, smoothed targets); Ayer et al. 1955
(pool-adjacent-violators); DerSimonian and Laird 1986 (how much groups differ).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pier_tui.calibration import Calibrator, Isotonic, Platt

FOLDS = 5
CERTAIN = 0.001
"""No table says a turn is surer than this: nothing seen to fail is not nothing that fails."""
Point = tuple[float, float]
"""A score and its target."""


def sigmoid(z: float) -> float:
    """1 / (1 + e^-z), for any z."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def logit(p: float) -> float:
    """The inverse, for p moved off 0 and 1."""
    p = min(max(p, CERTAIN), 1 - CERTAIN)
    return math.log(p / (1 - p))


def platt(points: Sequence[Point]) -> Platt:
    """The logistic curve of the points by Newton's method, targets smoothed by (n+ + 1)/(n+ + 2) and 1/(n- + 2).

    A curve that would fall is taken as flat: a score that says the opposite of what it should is no score.
    Raises ValueError without points.
    """
    if not points:
        raise ValueError("nothing to fit")
    good = sum(target for _, target in points)
    high, low = (good + 1) / (good + 2), 1 / (len(points) - good + 2)
    soft = [(score, low + target * (high - low)) for score, target in points]
    mean = sum(target for _, target in soft) / len(soft)
    slope, offset = _newton(soft, 0.0, math.log(mean / (1 - mean)))
    if slope <= 0:
        return Platt(slope=0.0, offset=math.log(mean / (1 - mean)))
    return Platt(slope=slope, offset=offset)


def _newton(points: Sequence[Point], slope: float, offset: float) -> tuple[float, float]:
    """Minimise the log loss, halving any step that does not lower it."""
    loss = _log_loss(points, slope, offset)
    for _ in range(100):
        gs = go = 0.0
        hss = hso = hoo = 1e-9
        for score, target in points:
            p = sigmoid(slope * score + offset)
            w = p * (1 - p)
            gs, go = gs + (p - target) * score, go + p - target
            hss, hso, hoo = hss + w * score * score, hso + w * score, hoo + w
        if abs(gs) + abs(go) < 1e-8:
            break
        det = hss * hoo - hso * hso
        if det < 1e-12:
            break
        ds, do = (hoo * gs - hso * go) / det, (hss * go - hso * gs) / det
        step = 1.0
        while step > 1e-6 and _log_loss(points, slope - step * ds, offset - step * do) > loss:
            step /= 2
        slope, offset = slope - step * ds, offset - step * do
        loss = _log_loss(points, slope, offset)
    return slope, offset


def _log_loss(points: Sequence[Point], slope: float, offset: float) -> float:
    total = 0.0
    for score, target in points:
        z = slope * score + offset
        total += max(z, 0.0) - z * target + math.log1p(math.exp(-abs(z)))
    return total


def blocks(points: Sequence[Point]) -> list[tuple[float, float, float]]:
    """Pool-adjacent-violators: (first score, last score, mean target) of each block, equal scores pooled first."""
    pooled: list[list[float]] = []
    for score, target in sorted(points):
        if pooled and pooled[-1][1] == score:
            pooled[-1][2] += target
            pooled[-1][3] += 1
        else:
            pooled.append([score, score, target, 1.0])
    found: list[list[float]] = []
    for block in pooled:
        found.append(block)
        while len(found) > 1 and found[-2][2] / found[-2][3] >= found[-1][2] / found[-1][3]:
            last = found.pop()
            found[-1][1] = last[1]
            found[-1][2] += last[2]
            found[-1][3] += last[3]
    return [(first, last, total / weight) for first, last, total, weight in found]


def isotonic(points: Sequence[Point]) -> Isotonic:
    """The non-decreasing table nearest to the points, kept off 0 and 1. Raises ValueError without points."""
    if not points:
        raise ValueError("nothing to fit")
    scores: list[float] = []
    values: list[float] = []
    for first, last, mean in blocks(points):
        value = min(max(mean, CERTAIN), 1 - CERTAIN)
        for score in (first,) if first == last else (first, last):
            scores.append(score)
            values.append(value)
    return Isotonic(scores=tuple(scores), values=tuple(values))


def brier(calibrator: Calibrator, points: Sequence[Point]) -> float:
    """Mean squared distance of the calibrated scores from the targets."""
    return sum((calibrator.apply(score) - target) ** 2 for score, target in points) / len(points)


def best(points: Sequence[Point]) -> Calibrator:
    """Platt's curve or the isotonic table, whichever does better on points it was not fitted on; Platt's on a tie."""
    ordered = sorted(points)
    curve = table = 0.0
    for fold in range(FOLDS):
        held = ordered[fold::FOLDS]
        rest = [point for at, point in enumerate(ordered) if at % FOLDS != fold]
        if held and rest:
            curve += brier(platt(rest), held) * len(held)
            table += brier(isotonic(rest), held) * len(held)
    return isotonic(points) if table < curve - 1e-12 else platt(points)


def shifted(calibrator: Calibrator, by: float) -> Calibrator:
    """The calibrator with its log-odds moved."""
    if isinstance(calibrator, Platt):
        return Platt(slope=calibrator.slope, offset=calibrator.offset + by)
    if isinstance(calibrator, Isotonic):
        return Isotonic(scores=calibrator.scores, values=tuple(sigmoid(logit(v) + by) for v in calibrator.values))
    grid = tuple(at / 20 for at in range(21))
    return Isotonic(scores=grid, values=tuple(sigmoid(logit(v) + by) for v in grid))


def shifts(calibrator: Calibrator, groups: Mapping[str, Sequence[Point]]) -> dict[str, float]:
    """By how much each group's log-odds differ from the common fit, shrunk toward 0 (empirical Bayes).

    Each group's own shift has variance v = 1 / sum p(1-p); the groups differ by t2 beyond that, estimated by
    moments over them; the shift is taken times t2 / (t2 + v). One group alone tells nothing of how groups differ.
    """
    own: dict[str, tuple[float, float]] = {}
    for name, points in groups.items():
        if points:
            own[name] = _shift([(logit(calibrator.apply(score)), target) for score, target in points])
    if len(own) < 2:
        return dict.fromkeys(own, 0.0)
    weights = {name: 1 / variance for name, (_, variance) in own.items()}
    total = sum(weights.values())
    mean = sum(weights[name] * shift for name, (shift, _) in own.items()) / total
    spread = sum(weights[name] * (shift - mean) ** 2 for name, (shift, _) in own.items())
    scale = total - sum(w * w for w in weights.values()) / total
    between = max((spread - (len(own) - 1)) / scale, 0.0) if scale > 0 else 0.0
    return {name: shift * between / (between + variance) for name, (shift, variance) in own.items()}


def _shift(points: Sequence[Point]) -> tuple[float, float]:
    """The shift of log-odds that fits best, and its variance. Where all went one way, one of either is added."""
    good = sum(target for _, target in points)
    if good in (0, len(points)):
        middle = sum(z for z, _ in points) / len(points)
        points = [*points, (middle, 1.0), (middle, 0.0)]
    by = 0.0
    for _ in range(50):
        chances = [sigmoid(z + by) for z, _ in points]
        gradient = sum(target - p for (_, target), p in zip(points, chances, strict=True))
        curve = sum(p * (1 - p) for p in chances) + 1e-9
        step = min(max(gradient / curve, -2.0), 2.0)
        by += step
        if abs(step) < 1e-9:
            break
    return by, 1 / (sum(sigmoid(z + by) * (1 - sigmoid(z + by)) for z, _ in points) + 1e-9)
