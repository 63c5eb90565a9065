"""Feedback made up for tests: turns with a score, labels and pairs on them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from pier_tui.feedback.rows import DecisionRow, Feedback, Judgement, Label, Pair
from pier_tui.models.messages import Tier


def row(number: int, score: float | None, tier: Tier = "weak", **more: Any) -> DecisionRow:
    fields = {"session": f"s{number % 7}", "turn": number, "request": 1, "strategy": "self-route", "repo": "shop"}
    return DecisionRow(decision=f"d{number}", time=float(number), score=score, tier=tier, **{**fields, **more})


def press(number: int, label: Label | None, at: float | None = None) -> Judgement:
    return Judgement(decision=f"d{number}", label=label, time=float(number if at is None else at))


def labelled(scores: Sequence[tuple[float, Label]], **more: Any) -> Feedback:
    """Weak turns of these scores, each with this label."""
    rows = tuple(row(n, score, **more) for n, (score, _) in enumerate(scores))
    return Feedback(decisions=rows, labels=tuple(press(n, label) for n, (_, label) in enumerate(scores)))


def telling(count: int, seed: int = 1) -> Feedback:
    """Labelled turns whose score tells: those above .7 were right nine times in ten, the others one in ten."""
    lot = random.Random(seed)
    scores: list[tuple[float, Label]] = []
    for n in range(count):
        score = 0.55 + 0.4 * (n % 20) / 20
        right = lot.random() < (0.98 if score > 0.7 else 0.1)
        scores.append((score, "keep" if right else "escalate"))
    return labelled(scores)


def audited(scores: Sequence[tuple[float, float, float]], rate: float = 0.02) -> Feedback:
    """Weak turns of these scores with both models' quality, picked at this rate."""
    rows = tuple(row(n, score) for n, (score, _, _) in enumerate(scores))
    pairs = tuple(
        Pair(decision=f"d{n}", source="audit", probability=rate, weak=weak, strong=strong, judge="tests")
        for n, (_, weak, strong) in enumerate(scores)
    )
    return Feedback(decisions=rows, pairs=pairs)
