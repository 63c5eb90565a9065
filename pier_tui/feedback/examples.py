"""From what was logged to what can be learned from: turns of which it is known whether the weak model was enough. Pure.

A label speaks of the turn it was put on: where the weak model answered, `escalate` says it was not enough and the
others that it was; where the strong one did, `de-escalate` says the weak one would have been. Presses are seen only
where the user looked; audits are not, so only they stand for all turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pier_tui.feedback.control import Logged
from pier_tui.feedback.rows import DecisionRow, Feedback, Frozen, Label, Pair
from pier_tui.models.messages import Tier

Source = Literal["label", "redo", "audit"]


class Example(Frozen):
    """A turn with its raw score; `good` is how well the weak model alone would have done, against the strong one."""

    row: DecisionRow
    score: float
    good: float
    source: Source

    @property
    def lost(self) -> float:
        """What keeping it would lose: 1 where the strong model was right and the weak one not."""
        return 1 - self.good


class Regret(Frozen):
    """A turn that went to the wrong model, and why that is thought."""

    row: DecisionRow
    why: str


def good_of(tier: Tier, label: Label) -> float:
    """Whether the weak model is enough, by a label on a turn that `tier` answered."""
    if label == "keep":
        return 1.0 if tier == "weak" else 0.0
    return 1.0 if label == "de-escalate" else 0.0


def judged(pair: Pair) -> float | None:
    """Whether the weak model was enough, from both models' quality; None where one is not judged."""
    if pair.weak is None or pair.strong is None:
        return None
    return 1 - max(min(pair.strong - pair.weak, 1.0), 0.0)


def verdicts(feedback: Feedback) -> dict[str, tuple[float, Source]]:
    """Of every turn of which it is known how well the weak model alone did or would have done: that, and how so.

    Of several verdicts on one turn a judged pair counts before a label, and a label before a redo nobody compared; a
    label on a turn the lot drew for an audit judges the audit.
    """
    labels = feedback.standing()
    pairs = {pair.decision: pair for pair in feedback.pairs if judged(pair) is not None}
    drawn = {pair.decision for pair in feedback.pairs if pair.source == "audit"}
    redone = {row.redo_of for row in feedback.decisions if row.redo_of and row.tier == "strong"}
    found: dict[str, tuple[float, Source]] = {}
    for row in feedback.decisions:
        pair, press = pairs.get(row.decision), labels.get(row.decision)
        if pair is not None and (good := judged(pair)) is not None:
            found[row.decision] = (good, pair.source)
        elif press is not None and press.label is not None:
            found[row.decision] = (good_of(row.tier, press.label), "audit" if row.decision in drawn else "label")
        elif row.decision in redone and row.tier == "weak":
            found[row.decision] = (0.0, "redo")
    return found


def examples(feedback: Feedback, strategy: str = "") -> list[Example]:
    """Every turn with a score and a verdict, of one strategy or of all, oldest first.

    A turn without a score (forced, latched) says nothing of scores.
    """
    known = verdicts(feedback)
    return [
        Example(row=row, score=row.raw, good=known[row.decision][0], source=known[row.decision][1])
        for row in feedback.decisions
        if row.raw is not None and strategy in ("", row.strategy) and row.decision in known
    ]


def unjudged(feedback: Feedback) -> list[Pair]:
    """Audits that wait for a label."""
    labels = feedback.standing()
    return [p for p in feedback.pairs if p.source == "audit" and judged(p) is None and p.decision not in labels]


def logged(found: Iterable[Example], rows: Iterable[DecisionRow], price: float) -> list[Logged]:
    """Turns as evidence on policies, worth 1 where done well, less `price` where the strong model did it.

    Turns with a verdict are known on both models. Of the others those count that the lot decided (their propensity is
    below 1), known on the model that did them, by their outcome.
    """
    found = list(found)
    known = {example.row.decision for example in found}
    seen = [Logged(e.score, e.good, 1 - price, 1.0, e.row.session or None) for e in found]
    for row in rows:
        if row.raw is None or row.propensity >= 1 or row.propensity <= 0 or row.decision in known:
            continue
        well = 0.0 if row.outcome.bad else 1.0
        weak, strong = (well, None) if row.tier == "weak" else (None, well - price)
        seen.append(Logged(row.raw, weak, strong, row.propensity, row.session or None))
    return seen


def regrets(feedback: Feedback) -> list[Regret]:
    """Kept turns that went badly or should have escalated, and escalated ones that need not have; the latest first."""
    labels = feedback.standing()
    found: list[Regret] = []
    for row in feedback.decisions:
        press = labels.get(row.decision)
        label = press.label if press else None
        if row.tier == "weak" and (why := _regret(row, label)):
            found.append(Regret(row=row, why=why))
        elif row.tier == "strong" and label == "de-escalate":
            found.append(Regret(row=row, why="you said the 30B would have done"))
    return sorted(found, key=lambda regret: -regret.row.time)


def _regret(row: DecisionRow, label: Label | None) -> str:
    if label == "escalate":
        return "you said it should have been the 105B"
    if label is not None:
        return ""
    outcome = row.outcome
    whys = (
        (outcome.redone, "it was done again on the 105B"),
        (outcome.switched, "you moved it to the other model"),
        (outcome.undone, "what it changed was taken back"),
        (outcome.failed and outcome.next_failure == 1, "it failed, and so did the next turn"),
    )
    return next((why for true, why in whys if true), "")
