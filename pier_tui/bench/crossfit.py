"""The ground strategies are replayed on: folds of whole tasks, costs, and scores that never saw their own rows.

A row's score comes from a fit on the other folds; a row's threshold from the scores and outcomes of the other folds.
Where the file marks training rows, the rest are scored by a fit on those only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pier_tui.bench.outcomes import Outcomes
from pier_tui.router import evidence
from pier_tui.router.embedding import Embedding, Matrix, unit

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
DRAFT_DIMENSIONS = 64


def folds_of(tasks: Rows, count: int, seed: int) -> Rows:
    """A fold per row; the rows of a task share it. As many folds as tasks where there are fewer tasks."""
    number = int(tasks.max()) + 1
    of_task = np.random.default_rng(seed).permutation(number) % min(count, number)
    return np.asarray(of_task[tasks], np.intp)


class Ground:
    """Outcomes with folds and costs; embeddings and checks are made once, when first asked for."""

    def __init__(self, outcomes: Outcomes, folds: int, seed: int, ratio: float) -> None:
        self.rows = outcomes
        self.seed = seed
        self.folds = folds_of(outcomes.tasks, folds, seed)
        self.trained_on = outcomes.trained_on
        self.costs = _costs(outcomes, ratio) if self.priced else _at_ratio(outcomes, ratio)

    @property
    def priced(self) -> bool:
        """Whether what is recorded of costs can be used; also where nothing is recorded."""
        recorded = self.rows.costs or self.rows.tokens
        return recorded is None or bool(recorded[1][self.scored].any())

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """The rows figures are about: all, or those not marked as training rows."""
        return np.ones(len(self.rows), bool) if self.trained_on is None else ~self.trained_on

    def splits(self) -> Iterator[tuple[Rows, Rows]]:
        """Rows to fit on and rows to score; every row is scored once, by a fit that did not see its task."""
        may_fit = np.ones(len(self.rows), bool) if self.trained_on is None else self.trained_on
        if self.trained_on is not None:
            known = np.isin(self.rows.tasks, self.rows.tasks[self.scored])
            yield np.flatnonzero(may_fit & ~known), np.flatnonzero(self.scored)
        for fold in range(int(self.folds.max()) + 1):
            inside = (self.folds == fold) & may_fit
            if inside.any():
                yield np.flatnonzero(~(self.folds == fold) & may_fit), np.flatnonzero(inside)

    def out_of_fold(self, target: Array, predict: Callable[[Rows, Rows], Array]) -> Array:
        """Values for all rows from `predict(rows to fit on, rows to score)`; `target`'s mean where none can be fitted.

        A fit that leaves out rows with a high target predicts too little for all of them, so that folds would be
        ordered against their outcomes. Each fold's values are moved by what its fit's mean target lacks.
        """
        mean = float(target.mean() if self.trained_on is None else target[self.trained_on].mean())
        values = np.full(len(self.rows), mean)
        for fit, score in self.splits():
            if len(fit):
                values[score] = predict(fit, score) + (mean - float(target[fit].mean()))
        return values

    @property
    def gain(self) -> Array:
        """Strong minus weak."""
        return self.rows.strong - self.rows.weak

    def runs(self) -> tuple[list[Array], list[Array]]:
        """Single runs of both models by row; where a row was run once, that run."""
        weak = self.rows.weak_runs or [np.array([value]) for value in self.rows.weak]
        strong = self.rows.strong_runs or [np.array([value]) for value in self.rows.strong]
        return list(weak), list(strong)

    @cached_property
    def points(self) -> Matrix | None:
        """Recorded embeddings, else the texts embedded; None where there is neither. Outcomes are not looked at."""
        if self.rows.embeddings is not None:
            return unit(self.rows.embeddings - self.rows.embeddings.mean(axis=0))
        if self.rows.texts is None:
            return None
        return Embedding.fit(self.rows.texts, seed=self.seed).embed(self.rows.texts)

    @cached_property
    def draft_points(self) -> Matrix | None:
        """The weak answers embedded."""
        if self.rows.weak_responses is None:
            return None
        fitted = Embedding.fit(self.rows.weak_responses, DRAFT_DIMENSIONS, seed=self.seed)
        return fitted.embed(self.rows.weak_responses)

    @cached_property
    def checks(self) -> Array | None:
        """What can be checked of the weak answers."""
        if self.rows.weak_responses is None:
            return None
        return evidence.checks(self.rows.texts or ("",) * len(self.rows), self.rows.weak_responses)


def _costs(outcomes: Outcomes, ratio: float) -> tuple[Array, Array]:
    """Cost of weak and of strong per row: recorded, else tokens at the price ratio, else the ratio and 1."""
    if outcomes.costs is not None:
        return outcomes.costs
    if outcomes.tokens is not None:
        return outcomes.tokens[0] * ratio, outcomes.tokens[1]
    return _at_ratio(outcomes, ratio)


def _at_ratio(outcomes: Outcomes, ratio: float) -> tuple[Array, Array]:
    return np.full(len(outcomes), ratio), np.ones(len(outcomes))


@dataclass(frozen=True)
class Bill:
    """What a row costs if kept and if escalated."""

    kept: Array
    escalated: Array

    @classmethod
    def before(cls, ground: Ground) -> Bill:
        """One model is asked."""
        return cls(*ground.costs)

    @classmethod
    def draft(cls, ground: Ground, part: float = 1.0) -> Bill:
        """The weak model is always asked; an escalated row pays `part` of that besides the strong one."""
        weak, strong = ground.costs
        return cls(weak, part * weak + strong)


def at_share(score: Array, share: float, ground: Ground) -> Array:
    """Escalate this share of rows, by a threshold read off the scores of the other folds.

    Rows whose score is the threshold itself are escalated with the probability that makes up the share.
    """
    escalated = np.zeros(len(score))
    for fit, rows in ground.splits():
        reference = score[fit] if len(fit) else score[rows]
        threshold = np.quantile(reference, 1 - share, method="higher")
        above, level = float((reference > threshold).mean()), float((reference == threshold).mean())
        part = float(np.clip((share - above) / level, 0, 1)) if level else 0.0
        escalated[rows] = np.where(score[rows] > threshold, 1.0, np.where(score[rows] == threshold, part, 0.0))
    return escalated


def within_budget(score: Array, bill: Bill, budget: float, ground: Ground) -> npt.NDArray[np.bool_]:
    """Escalate above the threshold that was best on the other folds at a cost within `budget` of strong-only."""
    escalated = np.zeros(len(score), bool)
    for fit, rows in ground.splits():
        escalated[rows] = score[rows] >= _best_threshold(score[fit], fit, bill, budget, ground) if len(fit) else False
    return escalated


def _best_threshold(score: Array, fit: Rows, bill: Bill, budget: float, ground: Ground) -> float:
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    ends = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]))
    gained = np.concatenate([[0.0], np.cumsum(ground.gain[fit][order])[ends]])
    extra = (bill.escalated - bill.kept)[fit][order]
    cost = bill.kept[fit].sum() + np.concatenate([[0.0], np.cumsum(extra)[ends]])
    allowed = cost <= budget * ground.costs[1][fit].sum() * (1 + 1e-9)
    if not allowed.any():
        return np.inf
    best = int(np.argmax(np.where(allowed, gained, -np.inf)))
    return np.inf if best == 0 else float(ranked[ends[best - 1]])
