"""What each threshold would mean for this user's own turns, and what his labels say, in figures and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pydantic import Field

from pier_tui.calibration import Isotonic, Platt, Threshold, shown
from pier_tui.feedback.calibrate import LEAST
from pier_tui.feedback.control import wilson
from pier_tui.feedback.examples import Example, examples
from pier_tui.feedback.rows import DecisionRow, Feedback, Frozen

Share = tuple[float, float, float]
"""A share and its interval."""
FORCED = frozenset({"forced", "only"})
"""Routes of turns no threshold was asked about."""
WORTH_SAYING = 5
"""Turns on either side of a feature below which it is not spoken of."""


class Forecast(Frozen):
    """A threshold applied to the logged turns. Those settled without a score stay as they were, forced ones are out."""

    tau: float
    turns: int
    """Logged turns, none where no score decided any."""
    settled: int = 0
    """Those of them that went to the strong model without a score (signals, latch, handed over): at any threshold."""
    escalation: Share | None = None
    cost: Decimal | None = None
    """Rupees a turn (an estimate), the weak answer of an escalated one paid as well; None where prices are unknown."""
    regret: Share | None = None
    """Of the judged turns, those it keeps that the weak model did not do well."""
    labels: int = 0

    @property
    def enough(self) -> bool:
        """Whether there are labels enough to speak of regret."""
        return self.labels >= LEAST


def forecast(feedback: Feedback, threshold: Threshold, strategy: str = "") -> Forecast:
    """What a threshold with its calibrator would have done with the turns logged so far."""
    rows = [row for row in feedback.decisions if strategy in ("", row.strategy) and row.route not in FORCED]
    found = examples(feedback, strategy)
    apply, tau = threshold.calibrator.apply, threshold.tau
    if all(row.raw is None for row in rows):
        return Forecast(tau=tau, turns=0, labels=len(found))
    up = [row.tier == "strong" if row.raw is None else apply(row.raw) < tau for row in rows]
    lost = sum(e.lost for e in found if apply(e.score) >= tau)
    return Forecast(
        tau=tau,
        turns=len(rows),
        settled=sum(row.raw is None and row.tier == "strong" for row in rows),
        escalation=wilson(sum(up), len(up))[:3],
        cost=_cost(rows, up),
        regret=wilson(lost, len(found))[:3] if found else None,
        labels=len(found),
    )


def forecasts(feedback: Feedback, threshold: Threshold, strategy: str = "", steps: int = 20) -> list[Forecast]:
    """The same for thresholds from 0 to 1, evenly spaced."""
    taus = [step / steps for step in range(steps + 1)]
    return [forecast(feedback, threshold.model_copy(update={"tau": tau}), strategy) for tau in taus]


def _cost(rows: Sequence[DecisionRow], up: Sequence[bool]) -> Decimal | None:
    total = Decimal(0)
    for row, escalated in zip(rows, up, strict=True):
        if row.weak_only is None or row.strong_only is None:
            return None
        drafted = row.raw is not None or row.escalated or not escalated
        total += (row.weak_only if drafted else 0) + (row.strong_only if escalated else 0)
    return total / len(rows)


class Lesson(Frozen):
    """How the weak model did with more and with less of a feature: turns done well, of how many."""

    feature: str
    cut: float
    more: tuple[float, int]
    less: tuple[float, int]
    gap: float = Field(description="share with less minus share with more")


def lessons(found: Sequence[Example]) -> list[Lesson]:
    """The features that tell good turns from bad ones, cut at their median, the most telling first.

    Only those whose two shares lie outside each other's intervals.
    """
    made: list[Lesson] = []
    for name in sorted({name for example in found for name in example.row.features}):
        values = sorted(example.row.features.get(name, 0.0) for example in found)
        cut = values[len(values) // 2] or next((value for value in values if value > 0), 0.0)
        more = [e.good for e in found if e.row.features.get(name, 0.0) >= cut]
        less = [e.good for e in found if e.row.features.get(name, 0.0) < cut]
        if min(len(more), len(less)) < WORTH_SAYING:
            continue
        high, low = wilson(sum(more), len(more)), wilson(sum(less), len(less))
        if (high.low > low.value and high.value > low.high) or (low.low > high.value and low.value > high.high):
            counts = {"more": (sum(more), len(more)), "less": (sum(less), len(less))}
            made.append(Lesson(feature=name, cut=cut, gap=low.value - high.value, **counts))
    return sorted(made, key=lambda lesson: (-abs(lesson.gap), lesson.feature))


WORDS = {
    "request_chars": "the request is at least {cut:,.0f} characters long",
    "turns_before": "{cut:.0f} or more turns went before",
    "failed_before": "{cut:.0f} or more turns of the request failed before",
    "failed_in_a_row": "{cut:.0f} or more turns in a row just failed",
    "strong_before": "the 105B did {cut:.0f} or more turns before",
    "prompt_tokens": "the prompt has at least {cut:,.0f} tokens",
    "stated": "the model said it was at least {cut:.0%} sure",
    "predicted_cached": "at least {cut:,.0f} tokens of the prompt are cached",
}
"""How each feature is said; others are named as they are."""


def said(lesson: Lesson) -> str:
    """A lesson as a sentence."""
    when = WORDS.get(lesson.feature, f"{lesson.feature.replace('_', ' ')} is at least {{cut:g}}").format(cut=lesson.cut)
    (good, many), (other, rest) = lesson.more, lesson.less
    return f"Where {when}, the 30B was right in {good:g} of {many} turns, else in {other:g} of {rest}."


def in_words(feedback: Feedback, threshold: Threshold, strategy: str = "") -> list[str]:
    """What was learned, as sentences."""
    found = examples(feedback, strategy)
    sentences = [_curve(threshold, sorted(example.score for example in found))]
    # Kinds of turns are said below, all of them.
    sentences += [said(lesson) for lesson in lessons(found) if not lesson.feature.startswith("is_")][:3]
    if len(found) >= LEAST:
        for name, (good, many) in _by_action(found).items():
            sentences.append(f"On turns of the kind {name} the 30B was right in {good:g} of {many}.")
    return [sentence for sentence in sentences if sentence]


def _curve(threshold: Threshold, scores: Sequence[float]) -> str:
    """What the calibrator makes of a low and of a high score, the tenth and the ninetieth of a hundred."""
    calibrator = threshold.calibrator
    if not isinstance(calibrator, Platt | Isotonic) or not scores:
        return ""
    low, high = scores[len(scores) // 10], scores[-1 - len(scores) // 10]
    bad, good = calibrator.apply(low), calibrator.apply(high)
    well, badly = f"{good * 100:.0f} %", f"{bad * 100:.0f} %"
    if good - bad < 0.02:
        return f"The score tells little: at {low:.2f} as at {high:.2f} the 30B was right in about {well} of turns."
    return f"Where the score is {high:.2f} the 30B was right in about {well} of turns, where {low:.2f} in {badly}."


def _by_action(found: Sequence[Example]) -> dict[str, tuple[float, int]]:
    groups: dict[str, list[float]] = {}
    for example in found:
        if example.row.action and example.row.action != "escalate":
            groups.setdefault(example.row.action, []).append(example.good)
    return {name: (sum(good), len(good)) for name, good in sorted(groups.items()) if len(good) >= WORTH_SAYING}


def changed(before: Threshold, after: Threshold) -> list[str]:
    """What is different from last time, as sentences."""
    found: list[str] = []
    if abs(before.tau - after.tau) >= 0.005:
        found.append(f"The threshold went from {shown(before.tau)} to {shown(after.tau)}.")
    if before.calibrator != after.calibrator:
        pairs = ((score, before.calibrator.apply(score), after.calibrator.apply(score)) for score in (0.5, 0.7, 0.9))
        score, old, new = max(pairs, key=lambda pair: abs(pair[2] - pair[1]))
        found.append(f"A score of {score:.1f} counted as {old * 100:.0f} % and now counts as {new * 100:.0f} %.")
    if after.n != before.n:
        found.append(f"It rests on {after.n} judged turns, {before.n} before.")
    return found or ["Nothing changed."]
