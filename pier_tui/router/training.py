"""Scores made of labelled turns: over drafts in plain Python, over requests by the embedding and scores beside it.

Fewer than `LEAST` lessons, or lessons that all say the same, teach nothing: there is no score then.
"""

from __future__ import annotations

import importlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from pier_tui.router.confidence import LEAST, Logistic, fit
from pier_tui.router.strategy import Answer, Score, TurnState

NEIGHBOURS = (5, 10, 20, 50, 100)
"""How many lessons may be asked; the number is kept that foretells left-out ones best."""
_FITS = {"neighbours": "Neighbours", "similarity": "Similarity", "factors": "Factors"}


class Lesson(NamedTuple):
    """A turn that was judged: its request, its numbers, and whether the weak model is good enough for it, 0 to 1."""

    text: str
    features: Mapping[str, float]
    good: float


def teaches(lessons: Sequence[Lesson]) -> bool:
    """Whether there are enough lessons, and of both kinds."""
    goods = [lesson.good for lesson in lessons]
    return len(lessons) >= LEAST and min(goods) < max(goods)


def draft_score(lessons: Sequence[Lesson]) -> Logistic | None:
    """The scorer of drafts for `cascade`: a logistic regression over the numbers, the model's own statements aside."""
    if not teaches(lessons):
        return None
    own = ("stated", "token_probability")
    rows = [{name: value for name, value in lesson.features.items() if name not in own} for lesson in lessons]
    return fit(rows, [lesson.good for lesson in lessons])


@dataclass(frozen=True)
class Foresight:
    """A confidence from the request alone. `ranks`, where there are any, turn it into its share of all lessons.

    Similarity-weighted scores lie within a few hundredths of each other, so RouteLLM calibrates them by quantile: the
    threshold is then the share of turns that escalates.
    """

    embedding: Any
    fitted: Any
    ranks: tuple[float, ...] = ()

    def __call__(self, turn: TurnState, draft: Answer | None) -> float:
        """The confidence for this request."""
        value = self.of([turn.request])[0]
        return bisect_left(self.ranks, value) / len(self.ranks) if self.ranks else value

    def of(self, texts: Sequence[str]) -> list[float]:
        """The raw confidences of texts: what is fitted is (1 + gain of the strong model) / 2."""
        predicted = self.fitted.predict(self.embedding.embed(list(texts)))
        return [min(max(2 * (1 - float(value)), 0.0), 1.0) for value in predicted]


def request_score(lessons: Sequence[Lesson], strategy: str, variant: str) -> Score | None:
    """The score over requests of `learned` or `difficulty`; None where the lessons or the mathematics are missing."""
    told = [lesson for lesson in lessons if lesson.text.strip()]
    modules = _modules()
    if modules is None or not teaches(told):
        return None
    numpy, embeddings, scores = modules
    texts, goods = (
        _labels(told, variant) if strategy == "difficulty" else ([x.text for x in told], [x.good for x in told])
    )
    embedding = embeddings.Embedding.fit(texts)
    points, weak = embedding.embed(texts), numpy.array(goods, float)
    kind = getattr(scores, "GainRegression" if strategy == "difficulty" else _FITS[variant])
    choice = {"ks": NEIGHBOURS} if variant == "neighbours" else {}
    found = Foresight(embedding, kind.fit(points, weak, numpy.ones(len(texts)), **choice))
    if strategy == "difficulty":
        return found
    return Foresight(embedding, found.fitted, tuple(sorted(found.of(texts))))


def _labels(lessons: Sequence[Lesson], variant: str) -> tuple[list[str], list[float]]:
    """One label per request: its first run's, or the share of its runs; on binary judgements t* changes nothing."""
    runs = [(text, [lesson.good for lesson in group]) for text, group in _by_text(lessons)]
    chosen = [found[0] if variant == "deterministic" else sum(found) / len(found) for _, found in runs]
    return [text for text, _ in runs], chosen


def _by_text(lessons: Sequence[Lesson]) -> list[tuple[str, list[Lesson]]]:
    ordered = sorted(lessons, key=lambda lesson: lesson.text)
    return [(text, list(group)) for text, group in groupby(ordered, key=lambda lesson: lesson.text)]


def _modules() -> tuple[Any, Any, Any] | None:
    """numpy and what builds on it, loaded only where a score over requests is wanted: it is slow to start."""
    try:
        names = ("numpy", "pier_tui.router.embedding", "pier_tui.router.scores")
        numpy, embeddings, scores = (importlib.import_module(name) for name in names)
    except ModuleNotFoundError:
        return None
    return numpy, embeddings, scores
