"""What the logged turns teach the scorers, and the same turns as today's scorers see them. Pure but for what it fits.

A learned score changes with every label, so a threshold chosen from the scores of that day would meet others. Before
one is chosen, every turn is scored again: a judged one by a fit that was not shown it, the others by the whole fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pier_tui.feedback.examples import verdicts
from pier_tui.feedback.rows import DecisionRow, Feedback
from pier_tui.router.confidence import Logistic
from pier_tui.router.meta_verifier import VerdictTable
from pier_tui.router.strategies.self_verify import VERDICTS
from pier_tui.router.training import Lesson, draft_score, left_out, tabled, verdict_table

RESCORED = ("cascade", "self-verify")
"""Strategies whose scores are learned from the numbers of their turns."""
Scorer = Callable[[Mapping[str, float]], float]
F = TypeVar("F")


def lessons(feedback: Feedback, request_of: Callable[[DecisionRow], str] = lambda _: "") -> dict[str, Lesson]:
    """A lesson per turn with a verdict, by decision: both models' judged quality, else a label, else a redo.

    `request_of` gives a turn's request, '' where it is not known.
    """
    pairs = {p.decision: (p.weak, p.strong) for p in feedback.pairs if p.weak is not None and p.strong is not None}
    known = verdicts(feedback)
    found: dict[str, Lesson] = {}
    for row in feedback.decisions:
        if row.decision in known:
            weak, strong = pairs.get(row.decision, (known[row.decision][0], 1.0))
            found[row.decision] = Lesson(request_of(row), row.features, weak, strong, row.session)
    return found


def rescored(feedback: Feedback) -> Feedback:
    """The feedback with the scores that `cascade` and `self-verify` would give their turns now."""
    known, (drafts, verified) = lessons(feedback), RESCORED
    made = {
        **_scores(feedback, drafts, "calls", known, draft_score, _by_draft),
        **_scores(feedback, verified, VERDICTS, known, verdict_table, _by_table),
    }
    rows = [
        row.model_copy(update={"score": round(made[row.decision], 4)}) if row.decision in made else row
        for row in feedback.decisions
    ]
    return feedback.model_copy(update={"decisions": tuple(rows)})


def _scores(
    feedback: Feedback,
    strategy: str,
    needed: str,
    known: Mapping[str, Lesson],
    fit: Callable[[Sequence[Lesson]], F | None],
    scorer: Callable[[F | None, Sequence[Lesson]], Scorer | None],
) -> dict[str, float]:
    """The scores of a strategy's turns that have the needed feature, by decision; nothing where none is learned.

    `scorer` makes a score of some lessons, of the same kind as the whole fit.
    """
    told = {decision: lesson for decision, lesson in known.items() if needed in lesson.features}
    taught = list(told.values())
    rows = [row for row in feedback.decisions if row.strategy == strategy and needed in row.features]
    whole = fit(taught) if rows else None
    score = scorer(whole, taught) if rows else None
    if score is None:
        return {}
    judged = left_out(taught, lambda some: scorer(whole, some), lambda lesson: lesson.features)
    held_out = dict(zip(told, judged, strict=True))
    found = {r.decision: held_out.get(r.decision, score(r.features)) for r in rows if r.raw is not None}
    return {decision: value for decision, value in found.items() if not math.isnan(value)}


def _by_draft(_: Logistic | None, some: Sequence[Lesson]) -> Scorer | None:
    score = draft_score(some)
    return None if score is None else score.of


def _by_table(whole: VerdictTable | None, some: Sequence[Lesson]) -> Scorer:
    """The share itself where no table is better: turns of a day with a table are brought back to it."""
    table = tabled(some) if whole is not None else None
    return lambda found: found[VERDICTS] if table is None else table.score(found[VERDICTS])
