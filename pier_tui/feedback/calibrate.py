"""Learning the calibrator and the threshold from feedback, and saying whether the change is worth making. Pure.

Nothing is written here: `thresholds` keeps what comes of it, `examples` says what counts as evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pier_tui import calibration
from pier_tui.calibration import Calibrator, Identity, Threshold
from pier_tui.feedback.control import Audited, Estimate, Policy, difference, most_permissive, snips, surely
from pier_tui.feedback.examples import Example, examples, logged, unjudged, verdicts
from pier_tui.feedback.fits import best, shifted, shifts
from pier_tui.feedback.rows import Feedback, Frozen, folder
from pier_tui.models.messages import Tier

LEAST = 30
"""Judged turns below which nothing is learned."""
OPEN = 0.1
"""Audits waiting for a verdict, for each one that has it, above which audits do not stand for all turns."""
ALPHA = 0.05
"""The share of turns kept that should not have been, unless the user names another."""
PRICE = 0.1
"""What sending a turn to the strong model costs, where a turn gone wrong costs 1: ten escalations are worth one."""


class Taught(Frozen):
    """What learning came to. `refused` says in a sentence why nothing changes; '' where the new threshold is better."""

    refused: str = ""
    n: int = 0
    basis: Literal["audits", "labels"] = "labels"
    """Audits stand for all turns; labels only for turns such as the user looked at."""
    before: Threshold
    after: Threshold | None = None
    repos: dict[str, Threshold] = Field(default_factory=dict)
    """Per repository, where its own turns move the common fit."""
    gain: tuple[float, float, float] | None = None
    """By how much the new threshold is better, a turn, doubly robust, with its interval."""
    values: tuple[float | None, float | None] = (None, None)
    """The old and the new threshold's value a turn, by self-normalised weights."""


def teach(
    feedback: Feedback,
    before: Threshold,
    *,
    alpha: float = ALPHA,
    strategy: str = "",
    made: str = "",
    sure: float | None = None,
) -> Taught:
    """What feedback teaches of one strategy's scores; the strategy with the most judged turns where none is named.

    `sure` asks for a risk below alpha with this probability, not on average. `made` is the date to write down.
    """
    strategy = strategy or most_judged(feedback)
    found = examples(feedback, strategy)
    if len(found) < LEAST:
        short = f"not enough labels yet: {len(found)} of {LEAST}{_uncounted(feedback, found)}"
        return Taught(refused=short, n=len(found), before=before)
    audits = [example for example in found if example.source == "audit"]
    # Those that judge themselves are the easy ones: without most of the others they stand for nothing but themselves.
    whole = len(unjudged(feedback)) <= OPEN * len(audits)
    basis: Literal["audits", "labels"] = "audits" if len(audits) >= LEAST and whole else "labels"
    chosen = audits if basis == "audits" else found
    raw = _raw_threshold(chosen, alpha, sure)
    if raw is None:
        words = f"{len(chosen)} judged turns cannot promise a risk of {alpha:g}; label more, or allow a higher --alpha"
        return Taught(refused=words, n=len(found), basis=basis, before=before)
    calibrator = best([(e.score, e.good) for e in found])
    tau = conserving(calibrator, raw, [e.score for e in found])
    after = Threshold(tau=tau, alpha=alpha, n=len(found), calibrator=calibrator, strategy=strategy, made=made)
    fitted = Taught(n=len(found), basis=basis, before=before, after=after, repos=per_repository(after, found))
    return _judged(fitted, found, feedback)


def most_judged(feedback: Feedback) -> str:
    """The strategy with the most judged turns; '' where there are none."""
    counts: dict[str, int] = {}
    for example in examples(feedback):
        counts[example.row.strategy] = counts.get(example.row.strategy, 0) + 1
    return max(counts, key=lambda name: (counts[name], name), default="")


def _uncounted(feedback: Feedback, found: Sequence[Example]) -> str:
    """Why there are more labels than count, where there are."""
    scoreless = {row.decision for row in feedback.decisions if row.raw is None}
    judged = set(verdicts(feedback)) - {example.row.decision for example in found}
    whys = ((len(judged & scoreless), "on turns no score decided"), (len(judged - scoreless), "of other strategies"))
    said = " and ".join(f"{count} {why}" for count, why in whys if count)
    return f" ({said} do not count)" if said else ""


def _raw_threshold(found: Sequence[Example], alpha: float, sure: float | None) -> float | None:
    audited = [Audited(e.score, e.lost) for e in found]
    if sure is None:
        return most_permissive(audited, alpha)
    return surely([Audited(a.score, float(a.loss >= 0.5)) for a in audited], alpha, 1 - sure)


def conserving(calibrator: Calibrator, raw: float, scores: Sequence[float]) -> float:
    """The calibrated threshold that keeps no score the raw one does not: the confidence of the lowest seen one it may.

    A calibrator that is flat just below the raw threshold cannot tell its turns from lower ones: then the whole step
    escalates. -inf keeps everything; 1 keeps nothing, as no calibrator is certain.
    """
    if raw == -math.inf:
        return 0.0
    below = -math.inf if raw == math.inf else calibrator.apply(math.nextafter(raw, -math.inf) - 1e-9)
    kept = (calibrator.apply(score) for score in sorted(scores) if score >= raw)
    return next((value for value in kept if value > below), 1.0)


def per_repository(common: Threshold, found: Sequence[Example]) -> dict[str, Threshold]:
    """The threshold of each repository whose turns go better or worse than the common fit says, shrunk toward it."""
    groups: dict[str, list[tuple[float, float]]] = {}
    whole = _whole_names({example.row.repo for example in found})
    for example in found:
        groups.setdefault(whole[example.row.repo], []).append((example.score, example.good))
    moved = shifts(common.calibrator, groups)
    return {
        repo: common.model_copy(update={"calibrator": shifted(common.calibrator, by), "n": len(groups[repo])})
        for repo, by in moved.items()
        if repo and abs(by) >= 0.01
    }


def _whole_names(repos: set[str]) -> dict[str, str]:
    """Of each repository's name its whole one: of a folder's name alone that of the only repository of that folder."""
    whole = {repo: repo for repo in repos}
    for repo in repos:
        same = [other for other in repos if other != repo and folder(other) == repo]
        if len(same) == 1:
            whole[repo] = same[0]
    return whole


def policy(threshold: Threshold) -> Policy:
    """Which raw scores a threshold keeps on the weak model."""
    return lambda score: threshold.calibrator.apply(score) >= threshold.tau


def _judged(fitted: Taught, found: Sequence[Example], feedback: Feedback) -> Taught:
    """Whether the change is worth making: its lower end must be above 0."""
    assert fitted.after is not None
    strategy, calibrator = fitted.after.strategy, fitted.after.calibrator
    rows = [row for row in feedback.decisions if row.strategy == strategy]
    turns = logged(found, rows, PRICE)

    def model(score: float, tier: Tier) -> float:
        return calibrator.apply(score) if tier == "weak" else 1 - PRICE

    new, old = policy(fitted.after), policy(fitted.before)
    gain = difference(turns, new, old, model, doubt=1 - PRICE)
    assert gain is not None
    done = fitted.model_copy(
        update={
            "gain": (gain.value, gain.low, gain.high),
            "values": (_value(snips(turns, old)), _value(snips(turns, new))),
        }
    )
    if all(new(turn.score) == old(turn.score) for turn in turns):
        same = "the new threshold would have routed every logged turn as the present one does"
        return done.model_copy(update={"refused": same})
    if gain.low <= 0:
        low = f"the new threshold is worth {gain.value:+.3f} a turn, but that may be as little as {gain.low:+.3f}"
        return done.model_copy(update={"refused": f"{low}; label more turns"})
    return done


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def unfitted(tau: float) -> Threshold:
    """What stands before anything was learned: scores taken as they are."""
    return Threshold(tau=tau, calibrator=Identity(), version=calibration.VERSION)
