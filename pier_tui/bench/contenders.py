"""Every strategy and baseline that can be replayed: what it needs of the rows, its score, and what a row costs with it.

Scores say how much a row needs the strong model. The maths they share with the live strategies is in `router/`;
folds and thresholds are `crossfit.py`. What cannot be replayed says why in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pier_tui.bench.crossfit import Array, Bill, Ground, Rows
from pier_tui.bench.measures import Point
from pier_tui.router import evidence, labels, meta_verifier
from pier_tui.router.scores import Factors, Fit, GainRegression, Logistic, Neighbours, Similarity

KS = (50, 100, 200, 400)
GAMMAS = (10.0, 30.0, 100.0, 300.0, 1000.0)
TEXT_TRUST = 0.1
"""How far a cascade's many text columns are trusted against its few checks."""
BINS = 9
"""Steps a verifier's confidence is taken in."""
READ_PART = 0.88
"""Of a self-routed turn that hands over, the weak model has read the prompt, most of its cost, and written little."""

Kind = Literal["strategy", "baseline"]


@dataclass(frozen=True)
class Contender:
    """One strategy with its scores and bill. `decide`: escalated rows within a budget, where that is no threshold.

    `fixed`: the one point of a strategy without a choice.
    """

    name: str
    about: str
    kind: Kind = "strategy"
    score: Array | None = None
    bill: Bill | None = None
    decide: Callable[[float], Array] | None = None
    fixed: Point | None = None


@dataclass(frozen=True)
class NotRun:
    """A strategy these rows cannot replay, and why."""

    name: str
    why: str


Entry = Callable[[Ground], Contender | NotRun]
TEXT = "needs a prompt or embedding column"
DRAFT = "needs a weak_response column"


def _learned(name: str, about: str, fit: Fit) -> Entry:
    def enter(ground: Ground) -> Contender | NotRun:
        points = ground.points
        if points is None:
            return NotRun(name, TEXT)
        weak, strong = ground.rows.weak, ground.rows.strong
        won = (1 + ground.gain) / 2
        score = ground.out_of_fold(won, lambda f, s: fit(points[f], weak[f], strong[f]).predict(points[s]))
        return Contender(name, about, score=score, bill=Bill.before(ground))

    return enter


def _difficulty(kind: Literal["det", "prob", "trans"]) -> Entry:
    name = f"difficulty-{kind}"

    def enter(ground: Ground) -> Contender | NotRun:
        points = ground.points
        if points is None:
            return NotRun(name, TEXT)
        weak, strong = ground.runs()
        repeated = any(len(w) * len(s) > 1 for w, s in zip(weak, strong, strict=True))
        if kind == "prob" and not repeated:
            return NotRun(name, "needs several runs of a row; with one run its labels are those of difficulty-det")
        about = "regression of P(weak is good enough)"
        if kind == "det":
            target = labels.deterministic(weak, strong)
        else:
            relaxation = labels.best_relaxation(weak, strong) if kind == "trans" else 0.0
            if kind == "trans" and relaxation == 0:
                return NotRun(name, "t* is 0 on these outcomes, so its labels are those of difficulty-prob or -det")
            target = labels.probabilistic(weak, strong, relaxation)
            about += f", t* = {relaxation:g}" if kind == "trans" else ", soft labels"
        score = 1 - ground.out_of_fold(target, lambda f, s: Logistic.fit(points[f], target[f]).predict(points[s]))
        return Contender(name, about, score=score, bill=Bill.before(ground))

    return enter


def _cascade(ground: Ground) -> Contender | NotRun:
    drafts, checks = ground.draft_points, ground.checks
    if drafts is None or checks is None:
        return NotRun("cascade", DRAFT)
    prompts = np.zeros((len(drafts), 0)) if ground.points is None else ground.points
    features: Array = np.hstack([checks, drafts, prompts])
    trust = np.where(np.arange(features.shape[1]) < checks.shape[1], 1.0, TEXT_TRUST)
    weak = ground.rows.weak

    def predict(fit: Rows, score: Rows) -> Array:
        return 1 - Logistic.fit(features[fit], weak[fit], trust=trust).predict(features[score])

    about = "the weak model answers; a learned scorer of prompt, answer and checks accepts or escalates"
    return Contender("cascade", about, score=ground.out_of_fold(1 - weak, predict), bill=Bill.draft(ground))


def _confidence(ground: Ground) -> Array | None:
    """A recorded verifier's confidence in the weak answer, else P(right) from the checks."""
    if (recorded := ground.rows.columns.get("verifier")) is not None:
        return recorded
    checks, weak = ground.checks, ground.rows.weak
    if checks is None:
        return None
    return ground.out_of_fold(weak, lambda f, s: Logistic.fit(checks[f], weak[f]).predict(checks[s]))


def _self_verify(rule: Literal["score", "threshold", "pomdp"]) -> Entry:
    name = "self-verify" if rule == "score" else f"self-verify-{rule}"

    def enter(ground: Ground) -> Contender | NotRun:
        confidence = _confidence(ground)
        if confidence is None:
            return NotRun(name, "needs a weak_response or verifier column")
        bill = Bill.draft(ground)
        if rule == "score":
            return Contender(
                name, "the weak model answers; checks of the answer decide", score=1 - confidence, bill=bill
            )
        return Contender(
            name,
            f"the same confidence in nine bins, {rule} rule",
            bill=bill,
            decide=lambda budget: _meta_verified(ground, confidence, bill, budget, rule),
        )

    return enter


def _meta_verified(ground: Ground, confidence: Array, bill: Bill, budget: float, rule: str) -> Array:
    escalated = np.zeros(len(confidence))
    for fit, score in ground.splits():
        if not len(fit):
            continue
        bins = _bins(confidence, fit, recorded="verifier" in ground.rows.columns)
        rules = meta_verifier.thresholds(BINS)
        if rule == "pomdp":
            table = _table(bins[fit], ground.rows.weak[fit], ground.rows.strong[fit])
            rules = [*table.rules(), *rules, *meta_verifier.double_thresholds(BINS)]
        gains, extra = (
            (np.bincount(bins[fit], values[fit], BINS) / len(fit)).tolist()
            for values in (ground.gain, bill.escalated - bill.kept)
        )
        allowed = budget * float(ground.costs[1][fit].mean())
        mask = meta_verifier.best_rule(rules, gains, extra, float(bill.kept[fit].mean()), allowed)
        escalated[score] = np.array(mask)[bins[score]]
    return escalated


def _table(bins: Rows, weak: Array, strong: Array) -> meta_verifier.VerdictTable:
    """How the rows of each bin turned out."""
    states = np.array([meta_verifier.state_of(w, s) for w, s in zip(weak.tolist(), strong.tolist(), strict=True)])
    counts = [np.bincount(bins[states == state], minlength=BINS).tolist() for state in range(3)]
    return meta_verifier.VerdictTable(counts=tuple(zip(*counts, strict=True)))


def _bins(confidence: Array, fit: Rows, recorded: bool) -> Rows:
    """Nine bins: steps of a verifier's share of votes; of a regression, which knows no steps, equally many rows."""
    if recorded:
        return np.rint(np.clip(confidence, 0, 1) * (BINS - 1)).astype(np.intp)
    edges = np.quantile(confidence[fit], np.arange(1, BINS) / BINS)
    return np.searchsorted(edges, confidence)


def _self_route(ground: Ground) -> Contender | NotRun:
    confidence = ground.rows.columns.get("confidence")
    if confidence is None:
        return NotRun("self-route", "asks the weak model, which only a live run can; or give a weak_confidence column")
    about = "the weak model's recorded confidence, said in the call that acts"
    return Contender("self-route", about, score=1 - confidence, bill=Bill.draft(ground, READ_PART))


def _mixture(ground: Ground) -> Contender | NotRun:
    quality, cost = ground.rows.columns.get("mixture"), ground.rows.columns.get("mixture_cost")
    if quality is None or cost is None:
        return NotRun(
            "mixture", "writes new answers, which only a live run can; or give mixture and mixture_cost columns"
        )
    everything = np.ones(len(ground.rows))
    return Contender("mixture", "quality mode: as recorded", fixed=Point(everything, cost, quality))


def _speculative(ground: Ground) -> Contender | NotRun:
    drafts, finals = ground.rows.weak_responses, ground.rows.strong_responses
    if drafts is None or finals is None:
        return NotRun("speculative", "needs weak_response and strong_response columns")
    same = np.mean([evidence.same_answer(d, f) for d, f in zip(drafts, finals, strict=True)])
    about = f"latency mode: both answer, {same:.0%} of drafts match and could have been acted on early"
    weak, strong = ground.costs
    return Contender("speculative", about, fixed=Point(np.ones(len(weak)), weak + strong))


def _domain(ground: Ground) -> Contender | NotRun:
    domains = ground.rows.domains
    if domains is None:
        return NotRun("domain-mean", "needs a domain column")
    numbers = np.unique(np.array(domains, object).astype(str), return_inverse=True)[1].ravel()
    gain = ground.gain

    def predict(fit: Rows, score: Rows) -> Array:
        size = int(numbers.max()) + 1
        total, count = np.bincount(numbers[fit], gain[fit], size), np.bincount(numbers[fit], minlength=size)
        return np.asarray(((total + 5 * gain[fit].mean()) / (count + 5))[numbers[score]])

    score = ground.out_of_fold(gain, predict)
    return Contender("domain-mean", "mean gain of the row's domain", "baseline", score, Bill.before(ground))


def _length(ground: Ground) -> Contender | NotRun:
    if ground.rows.texts is None:
        return NotRun("prompt-length", "needs a prompt column")
    score = np.array([float(len(text)) for text in ground.rows.texts])
    return Contender("prompt-length", "longer prompts first", "baseline", score, Bill.before(ground))


def _random(ground: Ground) -> Contender:
    everything = np.zeros(len(ground.rows))
    return Contender("random", "any order: its expectation", "baseline", everything, Bill.before(ground))


def _oracle(ground: Ground) -> Contender:
    runs = "means of several runs" if ground.rows.weak_runs else "single runs, whose luck it knows too"
    about = f"knows the outcome; {runs}"
    name = "oracle" if ground.rows.weak_runs else "oracle (single-run)"
    return Contender(name, about, "baseline", ground.gain, Bill.before(ground))


def _always(tier: Literal["weak", "strong"]) -> Entry:
    def enter(ground: Ground) -> Contender:
        share = np.full(len(ground.rows), float(tier == "strong"))
        point = Point(share, ground.costs[int(tier == "strong")])
        return Contender(f"always-{tier}", f"every row by the {tier} model", "baseline", fixed=point)

    return enter


ENTRIES: dict[str, Entry] = {
    "self-route": _self_route,
    "learned-knn": _learned(
        "learned-knn", "mean gain of the most alike rows", lambda p, w, s: Neighbours.fit(p, w, s, KS)
    ),
    "learned-sw": _learned(
        "learned-sw", "similarity-weighted ranking, gamma chosen", lambda p, w, s: Similarity.fit(p, w, s, GAMMAS)
    ),
    "learned-sw10": _learned("learned-sw10", "similarity-weighted ranking, gamma 10 as published", Similarity.fit),
    "learned-mf": _learned("learned-mf", "matrix factorisation", Factors.fit),
    "learned-lr": _learned("learned-lr", "logistic regression of who wins", GainRegression.fit),
    "difficulty-det": _difficulty("det"),
    "difficulty-prob": _difficulty("prob"),
    "difficulty-trans": _difficulty("trans"),
    "cascade": _cascade,
    "self-verify": _self_verify("score"),
    "self-verify-threshold": _self_verify("threshold"),
    "self-verify-pomdp": _self_verify("pomdp"),
    "mixture": _mixture,
    "speculative": _speculative,
    "random": _random,
    "prompt-length": _length,
    "domain-mean": _domain,
    "oracle": _oracle,
    "always-weak": _always("weak"),
    "always-strong": _always("strong"),
}


def recorded_scores(ground: Ground) -> Iterator[Contender]:
    """Ready-made scores of the file, one contender per column."""
    for name, values in ground.rows.columns.items():
        if name.startswith("score:"):
            yield Contender(name, "recorded score, as given", score=values, bill=Bill.before(ground))
