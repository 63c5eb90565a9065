"""Scores: how likely a weak answer is good enough, from what it says, what it would do, and how the request goes.

`Prior` is what stands until there are labels: a table of doubts, each a share taken off. `Logistic` is learned
from logged outcomes over the same numbers. Scores over texts, which need numpy, are in `scores`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from pier_tui.router.decision import ROUTE
from pier_tui.router.execution import examine
from pier_tui.router.strategy import Answer, TurnState

UNSTATED = 0.75
"""Taken where the model states no confidence; a stated one says hardly more, models say 0.9 whatever the task."""
DOUBTS: dict[str, float] = {
    "cut": 0.9,
    "empty": 0.9,
    "unapplied": 0.6,
    "unparsed": 0.6,
    "invalid": 0.3,
    "idle": 0.5,
    "repeated": 0.3,
    "failures": 0.2,
    "invalid_calls": 0.2,
}
"""What each sign takes off the confidence; set by hand, in the order of how often such turns fail in recorded sessions.

A draft's sign counts once, the trace's as often as they came."""
STATE = (
    "failures",
    "invalid_calls",
    "quiet_turns",
    "escalations",
    "request_words",
    "open_errors",
    "turns_before",
)
"""What is known before any answer, as `features` names it; more is logged, which no score is given when it is asked."""
NEWTON_STEPS = 30
LEAST = 30
"""Labelled turns below which nothing is learned."""


def features(turn: TurnState, draft: Answer | None) -> dict[str, float]:
    """Every number a score may use, by name; a draft's only where there is one."""
    signals = turn.signals
    found = {
        "failures": float(signals.failures),
        "invalid_calls": float(signals.invalid_calls),
        "quiet_turns": float(signals.quiet_turns),
        "escalations": float(signals.escalations),
        "request_words": math.log1p(len(turn.request.split())),
        "open_errors": float(len(turn.evidence)),
        **turn.features,
    }
    if draft is not None:
        found |= examine(draft.reply, turn.known, draft.call.tier).features()
        found |= _said(draft)
    return found


def _said(draft: Answer) -> dict[str, float]:
    decision, logprob = draft.decision, draft.reply.logprob_of(ROUTE)
    found = {f"is_{decision.action}": 1.0} if decision else {}
    if decision and decision.confidence is not None:
        found["stated"] = decision.confidence
    if logprob is not None:
        found["token_probability"] = math.exp(min(logprob, 0.0))
    return found


class Prior:
    """The doubts taken off what the model states, or off its mean token probability where that is known and lower."""

    def __call__(self, turn: TurnState, draft: Answer | None) -> float:
        """The score of a draft; of the bare turn without one."""
        return prior(features(turn, draft))


def prior(found: Mapping[str, float]) -> float:
    """The product of the stated confidence and every doubt's remainder."""
    score = min(found.get("stated", UNSTATED), found.get("token_probability", 1.0))
    for name, share in DOUBTS.items():
        count = found.get(name, 0.0)
        times = count if name in ("failures", "invalid_calls") else min(count, 1.0)
        score *= (1 - share) ** times
    return min(max(score, 0.0), 1.0)


class Logistic(BaseModel):
    """A logistic regression over `features`, standardised by the means and spreads it was fitted with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float
    weights: dict[str, float]
    means: dict[str, float] = {}
    spreads: dict[str, float] = {}
    n: int = 0

    def __call__(self, turn: TurnState, draft: Answer | None) -> float:
        """The probability that the weak answer is good enough."""
        return self.of(features(turn, draft))

    def of(self, found: Mapping[str, float]) -> float:
        """The same from the numbers alone; a missing one counts as average."""
        z = self.bias
        for name, weight in self.weights.items():
            mean = self.means.get(name, 0.0)
            z += weight * (found.get(name, mean) - mean) / (self.spreads.get(name) or 1.0)
        return _sigmoid(z)


def fit(rows: Sequence[Mapping[str, float]], good: Sequence[float], *, ridge: float = 1.0) -> Logistic:
    """The regression of good (0 to 1, soft labels allowed) on the rows' numbers, by Newton's method with a ridge.

    Features are standardised; a feature that never varies is left out. Raises ValueError without rows.
    """
    if not rows or len(rows) != len(good):
        raise ValueError("as many labels as rows are needed, and at least one")
    names = sorted({name for row in rows for name in row})
    means = {name: sum(row.get(name, 0.0) for row in rows) / len(rows) for name in names}
    spreads = {
        name: math.sqrt(sum((row.get(name, 0.0) - means[name]) ** 2 for row in rows) / len(rows)) for name in names
    }
    names = [name for name in names if spreads[name] > 1e-9]
    table = [[1.0, *((row.get(name, 0.0) - means[name]) / spreads[name] for name in names)] for row in rows]
    bias, *weights = _newton(table, good, ridge)
    return Logistic(
        bias=bias,
        weights=dict(zip(names, weights, strict=True)),
        means={name: means[name] for name in names},
        spreads={name: spreads[name] for name in names},
        n=len(rows),
    )


def _newton(table: list[list[float]], good: Sequence[float], ridge: float) -> list[float]:
    """The bias, which no ridge pulls, and the weights. A step that does not lower the loss is halved."""
    width = len(table[0])
    pulls = [1e-9, *[ridge + 1e-9] * (width - 1)]
    found = [0.0] * width
    loss = _loss(table, good, found, pulls)
    for _ in range(NEWTON_STEPS):
        slopes = [pull * w for pull, w in zip(pulls, found, strict=True)]
        curves = [[pulls[at] if at == other else 0.0 for other in range(width)] for at in range(width)]
        for row, label in zip(table, good, strict=True):
            p = _sigmoid(_dot(found, row))
            bend = p * (1 - p)
            for at, x in enumerate(row):
                slopes[at] += (p - label) * x
                if bent := bend * x:
                    line = curves[at]
                    for other in range(at + 1):
                        line[other] += bent * row[other]
        step, scale = _solved(curves, slopes), 1.0
        while scale > 1e-4:
            tried = [w - scale * s for w, s in zip(found, step, strict=True)]
            if (lower := _loss(table, good, tried, pulls)) <= loss:
                break
            scale /= 2
        else:
            break
        done = loss - lower < 1e-9 * len(table)
        found, loss = tried, lower
        if done:
            break
    return found


def _loss(table: list[list[float]], good: Sequence[float], weights: list[float], pulls: list[float]) -> float:
    total = sum(pull * w * w for pull, w in zip(pulls, weights, strict=True)) / 2
    for row, label in zip(table, good, strict=True):
        z = _dot(weights, row)
        total += max(z, 0.0) - z * label + math.log1p(math.exp(-abs(z)))
    return total


def _solved(lower: list[list[float]], right: list[float]) -> list[float]:
    """x of A x = right, A symmetric and positive, its lower half given, by Cholesky's factors, which take its place."""
    width = len(right)
    for at in range(width):
        for other in range(at + 1):
            rest = lower[at][other] - sum(lower[at][k] * lower[other][k] for k in range(other))
            lower[at][other] = math.sqrt(max(rest, 1e-12)) if at == other else rest / lower[other][other]
    found = right[:]
    for at in range(width):
        found[at] = (found[at] - sum(lower[at][k] * found[k] for k in range(at))) / lower[at][at]
    for at in reversed(range(width)):
        found[at] = (found[at] - sum(lower[k][at] * found[k] for k in range(at + 1, width))) / lower[at][at]
    return found


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-min(max(z, -30.0), 30.0)))
