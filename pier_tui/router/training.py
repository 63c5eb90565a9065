"""Scores made of labelled turns: over drafts in plain Python, over requests by the embedding and scores beside it.

Fewer than `LEAST` lessons, or lessons that all say the same, teach nothing: there is no score then.
"""

from __future__ import annotations

import importlib
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from pier_tui.router.confidence import LEAST, STATE, Logistic, fit
from pier_tui.router.execution import Evidence
from pier_tui.router.meta_verifier import VerdictTable, counted
from pier_tui.router.search import Outcome, cheapest_within, frontier
from pier_tui.router.strategies.self_verify import ASPECTS, VERDICTS
from pier_tui.router.strategy import Answer, Score, TurnState

T = TypeVar("T")

NEIGHBOURS = (5, 10, 20, 50, 100)
"""How many lessons may be asked; the number is kept that foretells left-out ones best."""
DRAFTED = frozenset(Evidence.model_fields) - {"first"}
"""What execution tells of a draft."""
DROP = 0.05
"""The quality below the strong model's that a meta-verifier may cost, as calibration's usual risk."""
FOLDS = 5
_FITS = {"neighbours": "Neighbours", "similarity": "Similarity", "factors": "Factors"}


class Lesson(NamedTuple):
    """A turn of which more is known: its request, its numbers, and how well each model did it, 0 to 1.

    `group` is what it shares its luck with (its session), so that none is judged by a fit on its own kind.
    """

    text: str
    features: Mapping[str, float]
    weak: float
    strong: float = 1.0
    group: str = ""

    @property
    def good(self) -> float:
        """Whether the weak model is good enough: 1 less what the strong one does better."""
        return 1 - min(max(self.strong - self.weak, 0.0), 1.0)


def teaches(lessons: Sequence[Lesson]) -> bool:
    """Whether there are enough lessons, and of both kinds."""
    goods = [lesson.good for lesson in lessons]
    return len(lessons) >= LEAST and min(goods) < max(goods)


def draft_score(lessons: Sequence[Lesson]) -> Logistic | None:
    """The scorer of drafts for `cascade`: a logistic regression over the state and what the draft would do.

    What the model says of itself is left out, and turns without a draft.
    """
    told = [lesson for lesson in lessons if not DRAFTED.isdisjoint(lesson.features)]
    if not teaches(told):
        return None
    return fit([{k: v for k, v in x.features.items() if _serves(k)} for x in told], [x.good for x in told])


def _serves(name: str) -> bool:
    return name in STATE or name in DRAFTED or name.startswith("is_")


def verdict_table(lessons: Sequence[Lesson]) -> VerdictTable | None:
    """The table for `self-verify`, where on turns it was not made from it is the cheaper of the two meta-verifiers.

    Cheaper: it escalates fewer turns at a quality of at most DROP below the strong model's than a threshold on the
    share of favourable verdicts does. None where it is not, or where there is too little to tell.
    """
    told = [lesson for lesson in lessons if VERDICTS in lesson.features]
    if not teaches(told):
        return None
    shares = [lesson.features[VERDICTS] for lesson in told]
    held_out = left_out(told, lambda some: tabled(some).score, lambda lesson: lesson.features[VERDICTS])
    by_table, by_share = _escalated(told, held_out), _escalated(told, shares)
    return tabled(told) if by_table < by_share else None


def tabled(lessons: Sequence[Lesson]) -> VerdictTable:
    """How the shares of favourable verdicts of these lessons turned out."""
    return counted(((x.features[VERDICTS], x.weak, x.strong) for x in lessons), len(ASPECTS) + 1)


def _escalated(lessons: Sequence[Lesson], scores: Sequence[float]) -> float:
    """The smallest share of turns that escalates where quality is at most DROP below the strong model's."""
    rows = [Outcome(score, x.weak, x.strong) for score, x in zip(scores, lessons, strict=True)]
    strong = sum(row.strong for row in rows) / len(rows)
    found = cheapest_within(frontier(rows, weak=0.0, strong=1.0), strong, DROP)
    return 1.0 if found is None else found.escalated


def left_out(
    lessons: Sequence[Lesson], fit_on: Callable[[list[Lesson]], Callable[[T], float] | None], of: Callable[[Lesson], T]
) -> list[float]:
    """Each lesson's score by a fit on lessons of other groups; NaN where those teach nothing."""
    groups = sorted({lesson.group for lesson in lessons})
    folds = {group: at % FOLDS for at, group in enumerate(groups)}
    if len(groups) < FOLDS:
        where = [at % FOLDS for at in range(len(lessons))]
    else:
        where = [folds[lesson.group] for lesson in lessons]
    scores = [math.nan] * len(lessons)
    for fold in range(FOLDS):
        score = fit_on([lesson for lesson, at in zip(lessons, where, strict=True) if at != fold])
        for at, lesson in enumerate(lessons):
            if where[at] == fold and score is not None:
                scores[at] = score(of(lesson))
    return scores


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
    numpy, embeddings, scores, labels = modules
    texts, goods = (
        difficulty_labels(told, variant, numpy, labels)
        if strategy == "difficulty"
        else ([x.text for x in told], [x.good for x in told])
    )
    embedding = embeddings.Embedding.fit(texts)
    points, weak = embedding.embed(texts), numpy.array(goods, float)
    kind = getattr(scores, "GainRegression" if strategy == "difficulty" else _FITS[variant])
    choice = {"ks": NEIGHBOURS} if variant == "neighbours" else {}
    found = Foresight(embedding, kind.fit(points, weak, numpy.ones(len(texts)), **choice))
    if strategy == "difficulty":
        return found
    return Foresight(embedding, found.fitted, tuple(sorted(found.of(texts))))


def difficulty_labels(
    lessons: Sequence[Lesson], variant: str, numpy: Any, labels: Any
) -> tuple[list[str], list[float]]:
    """One label per request, over its runs; `transformed` relaxes them by the t* that tells requests apart the most."""
    runs = _by_text(lessons)
    weak, strong = ([numpy.array([getattr(x, tier) for x in told]) for _, told in runs] for tier in ("weak", "strong"))
    if variant == "deterministic":
        found = labels.deterministic(weak, strong)
    else:
        relaxation = labels.best_relaxation(weak, strong) if variant == "transformed" else 0.0
        found = labels.probabilistic(weak, strong, relaxation)
    return [text for text, _ in runs], [float(label) for label in found]


def _by_text(lessons: Sequence[Lesson]) -> list[tuple[str, list[Lesson]]]:
    ordered = sorted(lessons, key=lambda lesson: lesson.text)
    return [(text, list(group)) for text, group in groupby(ordered, key=lambda lesson: lesson.text)]


def _modules() -> tuple[Any, Any, Any, Any] | None:
    """numpy and what builds on it, loaded only where a score over requests is wanted: it is slow to start."""
    try:
        names = ("numpy", "pier_tui.router.embedding", "pier_tui.router.scores", "pier_tui.router.labels")
        numpy, embeddings, scores, labels = (importlib.import_module(name) for name in names)
    except ModuleNotFoundError:
        return None
    return numpy, embeddings, scores, labels
