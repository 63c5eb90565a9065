"""Replays routing strategies over recorded outcomes of both models, and measures them. What `pier-tui replay` runs.

Reading files is `outcome_files.py`, strategies are `contenders.py`, figures are `measures.py`; texts, plots and pages
are made of a `Replay` by `replay_text.py`, `replay_plot.py` and `replay_page.py`. The JSON form is `Replay` itself,
described in docs/replay.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from pier_tui.bench.contenders import ENTRIES, Contender, Entry, NotRun, recorded_scores
from pier_tui.bench.crossfit import Array, Ground, at_share, within_budget
from pier_tui.bench.measures import (
    Measure,
    Ordering,
    Point,
    Tally,
    area_in_bins,
    order_figures,
    point_columns,
    point_measure,
    recovered,
    resamples,
)
from pier_tui.bench.outcomes import Outcomes
from pier_tui.errors import ConfigError

FORMAT = 1
CURVE_POINTS = 101
RANDOM_ORDERS = 200
FAMILIES = ("learned", "difficulty", "self-verify")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Figure(_Frozen):
    """A value with its 95% bootstrap interval; None where it is not defined on these rows."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Line(_Frozen):
    """A cost-quality curve at equal steps of the share escalated. `cost` is part of strong-only's."""

    escalated: tuple[float, ...]
    quality: tuple[float, ...]
    pgr: tuple[float, ...] | None
    cost: tuple[float, ...]


class Setting(_Frozen):
    """Figures at one operating point. `rule`: "budget" (cost at most `wanted` of strong-only), "share" or "fixed"."""

    rule: str
    wanted: float | None
    figures: Mapping[str, Figure]


class Result(_Frozen):
    """One strategy or baseline."""

    name: str
    kind: str
    about: str
    apgr: Figure | None = None
    apgr_in_10_bins: float | None = None
    cpt50: Figure | None = None
    cpt80: Figure | None = None
    curve: Line | None = None
    settings: tuple[Setting, ...] = ()


class Skipped(_Frozen):
    """A strategy that could not be replayed."""

    name: str
    why: str


class Replay(_Frozen):
    """Everything a replay found. Shares, qualities and costs are parts of 1."""

    format: int = FORMAT
    file: str
    rows: int
    tasks: int
    left_out: Mapping[str, int]
    read_from: Mapping[str, str] = {}
    """Columns of the file by what they were taken for."""
    unused: tuple[str, ...] = ()
    folds: int
    seed: int
    bootstrap: int
    ratio: float
    weak: Figure
    strong: Figure
    notes: tuple[str, ...]
    results: tuple[Result, ...]
    not_run: tuple[Skipped, ...]


@dataclass(frozen=True)
class Wanted:
    """How to replay. `strategies`: names or families ("learned"); empty for all. `ratio`: weak price over strong."""

    strategies: Sequence[str] = ()
    seed: int = 0
    folds: int = 5
    bootstrap: int = 1000
    ratio: float = 0.625
    budgets: Sequence[float] = (0.8,)
    shares: Sequence[float] = (0.3,)


def replay(rows: Outcomes, wanted: Wanted, file: str = "") -> Replay:
    """Fit, score and measure. Deterministic for a seed. Raises ConfigError for a strategy that is not known."""
    ground = Ground(rows, wanted.folds, wanted.seed, wanted.ratio)
    entered = [entry(ground) for entry in _entries(wanted.strategies)] + list(recorded_scores(ground))
    contenders = [c for c in entered if isinstance(c, Contender)]
    judge = _Judge(ground, wanted)
    for contender in contenders:
        judge.enter(contender)
    judge.resample()
    scored = ground.scored
    return Replay(
        file=file,
        rows=int(scored.sum()),
        tasks=len(np.unique(rows.tasks[scored])),
        left_out={**rows.left_out, **({} if scored.all() else {"only trained on": int((~scored).sum())})},
        read_from=rows.read_from,
        unused=rows.unused,
        folds=int(ground.folds.max()) + 1,
        seed=wanted.seed,
        bootstrap=wanted.bootstrap,
        ratio=float(ground.costs[0][scored].mean() / max(ground.costs[1][scored].mean(), 1e-12)),
        weak=judge.figure("weak", float(rows.weak[scored].mean())),
        strong=judge.figure("strong", float(rows.strong[scored].mean())),
        notes=tuple(_notes(ground, wanted)),
        results=tuple(judge.result(c) for c in contenders),
        not_run=tuple(Skipped(name=c.name, why=c.why) for c in entered if isinstance(c, NotRun)),
    )


def _entries(names: Sequence[str]) -> list[Entry]:
    chosen = []
    for name in names:
        members = [n for n in ENTRIES if n == name or (name in FAMILIES and n.startswith(f"{name}-"))]
        if not members:
            raise ConfigError(f"There is no strategy {name!r}; choose from {', '.join((*FAMILIES[:2], *ENTRIES))}.")
        chosen += members
    baselines = ["random", "always-weak", "always-strong"]
    return [ENTRIES[n] for n in ENTRIES if not names or n in chosen or n in baselines]


class _Judge:
    """Measures contenders on the scored rows, all of them on the same resamples."""

    def __init__(self, ground: Ground, wanted: Wanted) -> None:
        self.ground, self.wanted = ground, wanted
        self.keep = ground.scored
        self.weak, self.strong = ground.rows.weak[self.keep], ground.rows.strong[self.keep]
        self.costs = (ground.costs[0][self.keep], ground.costs[1][self.keep])
        self.all_rows = np.ones((1, len(self.weak)))
        self.exact: dict[tuple[str, str], dict[str, Array]] = {}
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.spans: dict[tuple[str, str], dict[str, tuple[float, float] | None]] = {}
        self.curves: dict[str, Line] = {}
        self.bins: dict[str, float] = {}
        self.settings: dict[str, list[tuple[str, float | None]]] = {}
        self.tallies["", "means"] = Tally(self._means)

    def enter(self, contender: Contender) -> None:
        """Measure on all rows, and prepare the resamples."""
        name = contender.name
        self.settings[name] = []
        if contender.score is not None and contender.bill is not None:
            ordering = Ordering.of(contender.score[self.keep], self.weak, self.strong)
            self._tally((name, "order"), order_figures(ordering))
            self._draw(contender, ordering)
        for rule, value, point in self._points(contender):
            self.settings[name].append((rule, value))
            columns = point_columns(point, self.weak, self.strong, *self.costs)
            self._tally((name, f"{rule}{value}"), point_measure(columns))

    def _tally(self, key: tuple[str, str], measure: Measure) -> None:
        self.exact[key] = measure(self.all_rows)
        self.tallies[key] = Tally(measure)

    def _means(self, weights: Array) -> dict[str, Array]:
        total = weights.sum(axis=1)
        return {"weak": weights @ self.weak / total, "strong": weights @ self.strong / total}

    def _points(self, contender: Contender) -> Iterator[tuple[str, float | None, Point]]:
        if contender.fixed is not None:
            yield "fixed", None, contender.fixed.of(self.keep)
        if contender.bill is None:
            return
        for budget in self.wanted.budgets:
            yield "budget", budget, self._point(contender, self._within(contender, budget))
        for share in self.wanted.shares if contender.score is not None else ():
            yield "share", share, self._point(contender, self._at(contender, share))

    def _within(self, contender: Contender, budget: float) -> Array:
        if contender.name == "random":
            weak, strong = (float(c.mean()) for c in self.ground.costs)
            share = (budget * strong - weak) / (strong - weak) if strong > weak else float(strong <= budget * strong)
            return np.full(len(self.keep), float(np.clip(share, 0, 1)))
        if contender.decide is not None:
            return contender.decide(budget)
        assert contender.score is not None
        assert contender.bill is not None
        return within_budget(contender.score, contender.bill, budget, self.ground).astype(float)

    def _at(self, contender: Contender, share: float) -> Array:
        assert contender.score is not None
        if contender.name == "random":
            return np.full(len(self.keep), share)
        return at_share(contender.score, share, self.ground)

    def _point(self, contender: Contender, escalated: Array) -> Point:
        bill = contender.bill
        assert bill is not None
        cost = bill.kept * (1 - escalated) + bill.escalated * escalated
        return Point(escalated, cost).of(self.keep)

    def _draw(self, contender: Contender, ordering: Ordering) -> None:
        share, gained = ordering.curve(self.all_rows)
        pgr = recovered(gained)
        bill = contender.bill
        assert bill is not None
        extra = Ordering(ordering.order, ordering.starts, (bill.escalated - bill.kept)[self.keep][ordering.order])
        at = np.linspace(0, 1, CURVE_POINTS)
        spent = np.interp(at, share[0], extra.curve(self.all_rows)[1][0]) + bill.kept[self.keep].mean()
        defined = bool(np.isfinite(pgr).all())
        self.bins[contender.name] = area_in_bins(share[0], pgr[0]) if defined else float("nan")
        self.curves[contender.name] = Line(
            escalated=_rounded(at),
            quality=_rounded(self.weak.mean() + np.interp(at, share[0], gained[0])),
            pgr=_rounded(np.interp(at, share[0], pgr[0])) if defined else None,
            cost=_rounded(spent / max(float(self.costs[1].mean()), 1e-12)),
        )

    def resample(self) -> None:
        """All intervals, from the same resamples of whole tasks."""
        tasks = np.unique(self.ground.rows.tasks[self.keep], return_inverse=True)[1].ravel()
        if self.wanted.bootstrap:
            for weights in resamples(tasks, self.wanted.bootstrap, self.wanted.seed):
                for tally in self.tallies.values():
                    tally.add(weights)
            self.spans = {key: tally.intervals() for key, tally in self.tallies.items()}

    def figure(self, name: str, value: float, key: tuple[str, str] = ("", "means")) -> Figure:
        """A value with its interval."""
        if not np.isfinite(value):
            return Figure(value=None)
        low, high = self.spans.get(key, {}).get(name) or (None, None)
        return Figure(value=value, low=low, high=high)

    def result(self, contender: Contender) -> Result:
        """What was measured of a contender."""
        name = contender.name
        figures = {
            n: self.figure(n, float(v[0]), (name, "order")) for n, v in self.exact.get((name, "order"), {}).items()
        }
        bins = self.bins.get(name, float("nan"))
        return Result(
            name=name,
            kind=contender.kind,
            about=contender.about,
            apgr=figures.get("apgr"),
            apgr_in_10_bins=bins if np.isfinite(bins) else None,
            cpt50=figures.get("cpt50"),
            cpt80=figures.get("cpt80"),
            curve=self.curves.get(name),
            settings=tuple(self._setting(name, rule, wanted) for rule, wanted in self.settings[name]),
        )

    def _setting(self, name: str, rule: str, wanted: float | None) -> Setting:
        key = (name, f"{rule}{wanted}")
        figures = {n: self.figure(n, float(v[0]), key) for n, v in self.exact[key].items()}
        return Setting(rule=rule, wanted=wanted, figures=figures)


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(v), 6) for v in values)


def _notes(ground: Ground, wanted: Wanted) -> list[str]:
    """What a reader must know about these rows before he reads a figure."""
    keep = ground.scored
    weak, strong = ground.rows.weak[keep], ground.rows.strong[keep]
    gap = float(strong.mean() - weak.mean())
    notes = []
    if gap <= 1e-12:
        notes.append(
            f"The strong model is not better on these rows (weak {weak.mean():.3f}, strong {strong.mean():.3f}): "
            "PGR, APGR, CPT and IBC are not defined."
        )
    else:
        low, high = _random_orders(weak, strong, wanted.seed)
        notes.append(f"A random order of these rows has an APGR between {low:.3f} and {high:.3f} in 95 of 100 draws.")
    notes += _cost_notes(ground)
    if ground.rows.weak_runs is None:
        notes.append("One run per row: oracles and false keeps count luck as if it could be known.")
    if ground.rows.texts is None and ground.rows.embeddings is None:
        notes.append("No prompt and no embedding: strategies that read the request cannot be replayed.")
    if len(np.unique(ground.rows.tasks)) < wanted.folds:
        notes.append(f"Fewer tasks than {wanted.folds} folds: one task is left out at a time.")
    if keep.sum() < 300:
        notes.append(f"Only {int(keep.sum())} rows: read the intervals, not the values.")
    return notes


def _cost_notes(ground: Ground) -> Iterator[str]:
    rows, (weak, strong) = ground.rows, ground.costs
    for what in ("cost", "tokens"):
        there = [f"{tier}_{what}" for tier in ("weak", "strong") if f"{tier}_{what}" in rows.read_from]
        if len(there) == 1:
            yield f"Only {rows.read_from[there[0]]} is there, not that of the other model, so it is not used."
    if not ground.priced:
        yield "The strong model's recorded costs are all 0, so the price ratio is used."
    if weak[ground.scored].mean() > strong[ground.scored].mean():
        yield "The weak model costs more than the strong one on these rows."


def _random_orders(weak: Array, strong: Array, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    count = len(weak)
    after = np.empty(RANDOM_ORDERS)
    gain = (strong - weak) / (strong - weak).sum()
    for i in range(RANDOM_ORDERS):
        # The area under a cumulative sum: each row's gain counts for the share that comes after it.
        after[i] = gain @ (rng.permutation(count) + 0.5) / count
    low, high = np.quantile(after, (0.025, 0.975))
    return float(low), float(high)
