"""From runs to the report: per strategy what it solved, what it cost and what routing lost, each with n and interval.

Definitions. Success: the hidden checks pass and nothing stray or too large was changed. Escalated: the strong model's
answer was acted on. Cost: all calls, those set aside included, cached input as reported or else as predicted for that
model alone, so what a switch makes to be read again is charged; as a share of always-105B over the same tasks. False
keep: of runs never escalated, those that failed on tasks always-105B solves each time. False escalation: of runs
escalated, those on tasks always-30B solves each time. Repeats differ: of tasks run more than once, those neither always
solved nor always failed; without chance in a contestant, that is what time limits and the machine do. Drop on kept
turns: from paired audits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import mean

from pydantic import BaseModel, ConfigDict

from pier_tui.bench.contestants import SINGLE, STRONG_ONLY, WEAK_ONLY
from pier_tui.bench.figures import (
    NOTHING,
    Figure,
    Pair,
    audits_needed,
    bootstrap,
    difference,
    part,
    quantile,
    ratio,
    unseen,
)
from pier_tui.bench.lessons import FOLDS, learns
from pier_tui.bench.records import Plan
from pier_tui.bench.task import Run, spent
from pier_tui.router.confidence import LEAST
from pier_tui.router.names import NAMES

ORACLE = "oracle"
CLAIM_REPEATS = 3
PUBLIC = 0.25
"""How often two models of public pairs differ on a task."""
BASELINES = (WEAK_ONLY, STRONG_ONLY, "random", "length", "latch", ORACLE)
Runs = Sequence[Run]
ByTask = Mapping[str, Runs]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Frozen):
    """One strategy. `runs` counts runs, `repeats` the fewest of any task."""

    strategy: str
    runs: int
    repeats: int
    figures: dict[str, Figure]


class Regret(_Frozen):
    """Runs of a task that failed where always-105B solves it each time; `recordings` open with replay-session."""

    strategy: str
    task: str
    said: str
    recordings: tuple[str, ...]


class Report(_Frozen):
    """Everything counted. `power` says what the audits can show; `notes` what a reader must know."""

    plan: Plan
    rows: tuple[Row, ...]
    suites: dict[str, dict[str, Figure]]
    """Success by suite and strategy."""
    regrets: tuple[Regret, ...]
    power: tuple[str, ...]
    notes: tuple[str, ...]


def report(plan: Plan, runs: Iterable[Run], suite: str = "") -> Report:
    """Count the runs, of one suite alone if it is named."""
    kept = [run for run in runs if not run.error and suite in ("", run.suite)]
    everything = _counted(run for run in kept if run.terms == plan.terms)
    by_strategy: dict[str, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in everything:
        if not run.audits:
            by_strategy[run.strategy][run.task].append(run)
    weak, strong = by_strategy.get(WEAK_ONLY, {}), by_strategy.get(STRONG_ONLY, {})
    audits = [run for run in everything if run.audits]
    rows = [
        _row(n, by_strategy[n], weak, strong, _pairs(n, audits, everything)) for n in sorted(by_strategy, key=_place)
    ]
    oracle, why = oracle_row(weak, strong)
    rows += [oracle] if oracle else []
    return Report(
        plan=plan,
        rows=tuple(rows),
        suites=_suites(by_strategy),
        regrets=tuple(_regrets(by_strategy, strong)),
        power=tuple(_power(audits, everything)),
        notes=(*_others(len(kept) - len(everything)), *_notes(plan, rows, by_strategy), *([why] if why else [])),
    )


def _place(name: str) -> tuple[int, str]:
    """Where a contestant stands in the tables: the single models, the strategies, the simple baselines."""
    known = (*SINGLE, *NAMES)
    plain = name.partition("/")[0]
    return known.index(plain) if plain in known else len(known), name


def _counted(runs: Iterable[Run]) -> list[Run]:
    """Of a task's runs that differ only in its text or in what the strategy was taught, the latest."""
    return list({(r.strategy, r.task, r.repeat, r.audits, r.audited): r for r in runs}.values())


def _row(name: str, tasks: ByTask, weak: ByTask, strong: ByTask, audited: Mapping[str, list[Pair]]) -> Row:
    turns = {t: [turn for run in runs for turn in run.turns] for t, runs in tasks.items()}
    calls = {t: [call for run in runs for call in run.calls] for t, runs in tasks.items()}
    always_weak, always_strong = _each_time(weak), _each_time(strong)
    escalated = {t: [run for run in tasks[t] if _escalated(run)] for t in tasks.keys() & weak.keys()}
    kept = {t: [run for run in tasks[t] if not _escalated(run)] for t in tasks.keys() & strong.keys()}
    seconds = {t: [turn.seconds for turn in rows] for t, rows in turns.items()}
    figures = {
        "success": ratio(_of(tasks, lambda run: (run.success, 1)), share=True),
        "stray": ratio(_of(tasks, lambda run: (run.passed and not run.success, 1)), share=True),
        "escalated turns": ratio(
            {t: [(x.tier == "strong", 1.0) for x in rows] for t, rows in turns.items()}, share=True
        ),
        "escalated tasks": ratio(_of(tasks, lambda run: (_escalated(run), 1)), share=True),
        "cost of strong": _cost_share(tasks, strong),
        "rupees a task": ratio(_of(tasks, lambda run: (float(spent(run) or 0), 1))),
        "cached": ratio({t: [(c.cached, c.prompt) for c in rows] for t, rows in calls.items()}),
        "turn p50": bootstrap(seconds, lambda values: quantile(values, 0.5), draws=200),
        "turn p95": bootstrap(seconds, lambda values: quantile(values, 0.95), draws=200),
        "flips a task": ratio(_of(tasks, lambda run: (_flips(run), 1))),
        "recovered": _recovered(tasks, weak, strong),
        "drop on kept": difference(audited).model_copy(update={"n": sum(map(len, audited.values())), "of": "audits"}),
        "false keep": ratio(_of(kept, lambda run: (not run.success and run.task in always_strong, 1)), share=True),
        "false escalation": ratio(_of(escalated, lambda run: (run.task in always_weak, 1)), share=True),
        "repeats differ": ratio(
            {t: [(len({r.success for r in x}) > 1, 1.0)] for t, x in tasks.items() if len(x) > 1}, share=True
        ),
    }
    return Row(
        strategy=name, runs=sum(map(len, tasks.values())), repeats=min(map(len, tasks.values())), figures=figures
    )


def _of(tasks: ByTask, pair: Callable[[Run], Pair]) -> dict[str, list[Pair]]:
    """A pair for each task: the mean over its runs, and 1, so that a task weighs the same however often it was run."""
    return {task: [(mean(pair(run)[0] for run in runs), 1.0)] for task, runs in tasks.items() if runs}


def _escalated(run: Run) -> bool:
    return any(turn.tier == "strong" for turn in run.turns)


def _flips(run: Run) -> int:
    return sum(one.tier != other.tier for one, other in zip(run.turns, run.turns[1:], strict=False))


def _each_time(tasks: ByTask) -> set[str]:
    return {task for task, runs in tasks.items() if runs and all(run.success for run in runs)}


def _mean_cost(runs: Runs) -> float | None:
    costs = [spent(run) for run in runs]
    return None if not costs or None in costs else mean(float(cost) for cost in costs if cost is not None)


def _cost_share(tasks: ByTask, strong: ByTask) -> Figure:
    both = {t: (_mean_cost(tasks[t]), _mean_cost(strong[t])) for t in tasks.keys() & strong.keys()}
    return ratio({t: [(one, other)] for t, (one, other) in both.items() if one is not None and other is not None})


def _recovered(tasks: ByTask, weak: ByTask, strong: ByTask) -> Figure:
    """The part of the way from always-30B's success to always-105B's (PGR); not defined where that is no way up."""
    common = tasks.keys() & weak.keys() & strong.keys()
    rate = {t: tuple(mean(run.success for run in side[t]) for side in (tasks, weak, strong)) for t in common}
    if sum(s - w for _, w, s in rate.values()) <= 0:
        return NOTHING
    return part({t: [(mine - w, s - w)] for t, (mine, w, s) in rate.items()})


def oracle_row(weak: ByTask, strong: ByTask) -> tuple[Row | None, str]:
    """The better model of each task, chosen by the other repeats than the one counted; None and why it cannot be.

    A single run per model would be chosen by its own luck, so it is refused.
    """
    common = sorted(weak.keys() & strong.keys())
    repeats = min((min(len(weak[t]), len(strong[t])) for t in common), default=0)
    if repeats < 2:
        return None, "No oracle: it needs at least 2 repeats of always-30B and always-105B on every task."
    chosen: dict[str, list[Run]] = {}
    for task in common:
        for index in range(repeats):
            rest = [[run for i, run in enumerate(side[task][:repeats]) if i != index] for side in (weak, strong)]
            better = mean(r.success for r in rest[1]) > mean(r.success for r in rest[0])
            chosen.setdefault(task, []).append((strong if better else weak)[task][index])
    return _row(ORACLE, chosen, weak, strong, {}), ""


def _pairs(name: str, audits: Runs, runs: Runs) -> dict[str, list[Pair]]:
    """By task, what the other model gained on an audited turn, 1 each."""
    first = {run.key: run for run in runs if not run.audits}
    found: dict[str, list[Pair]] = defaultdict(list)
    for audit in audits:
        if audit.strategy == name and not audit.void and audit.audits in first:
            found[audit.task].append((audit.success - first[audit.audits].success, 1))
    return found


def _power(audits: Runs, runs: Runs) -> list[str]:
    valid = [run for run in audits if not run.void]
    first = {run.key: run for run in runs if not run.audits}
    differ = [run.success != first[run.audits].success for run in valid if run.audits in first]
    public = f"{PUBLIC * 100:.0f} % as in public pairs, {audits_needed(PUBLIC):,}"
    share, taken = PUBLIC, ""
    if any(differ):
        share = mean(differ)
        taken = f"{share * 100:.0f} % as measured on {len(differ)}, {audits_needed(share):,}; of "
    elif differ:
        share = unseen(len(differ))
        taken = f"at most {share * 100:.0f} % (95 %: none of {len(differ)} differed), {audits_needed(share):,}; of "
    void = len(audits) - len(valid)
    return [
        f"{len(valid)} audits count, {void} are void (their replay did not reach the same state). A drop known to 2 "
        f"points at 95 % needs, at a disagreement of {taken}{public} audits. No agreement measured on fewer shows that "
        "there is no drop."
    ]


def _regrets(by_strategy: Mapping[str, ByTask], strong: ByTask) -> Iterable[Regret]:
    each_time = _each_time(strong)
    for name in sorted(by_strategy.keys() - {*SINGLE}):
        for task, runs in sorted(by_strategy[name].items()):
            failed = [run for run in runs if task in each_time and not run.success]
            if failed:
                said = failed[0].said or failed[0].ended
                yield Regret(strategy=name, task=task, said=said, recordings=tuple(run.recording for run in failed))


def _suites(by_strategy: Mapping[str, ByTask]) -> dict[str, dict[str, Figure]]:
    suites = sorted({run.suite for tasks in by_strategy.values() for runs in tasks.values() for run in runs})
    return {
        suite: {
            name: ratio(
                _of({t: r for t, r in tasks.items() if r[0].suite == suite}, lambda run: (run.success, 1)), share=True
            )
            for name, tasks in by_strategy.items()
        }
        for suite in suites
    }


def _others(count: int) -> Iterable[str]:
    if count:
        yield f"{count} runs of other code, models or settings lie in the folder and are not counted."


def _lessons(by_strategy: Mapping[str, ByTask]) -> Iterable[str]:
    for name, tasks in by_strategy.items():
        had = {run.lessons for runs in tasks.values() for run in runs}
        if learns(name) and min(had) < LEAST:
            yield f"{name} had {min(had)} to {max(had)} labels and needs {LEAST}: below that it is self-route."
        elif learns(name):
            yield f"{name} was taught by {min(had)} to {max(had)} other tasks ({FOLDS} folds), never by its own."


def _notes(plan: Plan, rows: Sequence[Row], by_strategy: Mapping[str, ByTask]) -> Iterable[str]:
    if few := [row.strategy for row in rows if row.repeats < CLAIM_REPEATS]:
        yield f"Fewer than {CLAIM_REPEATS} repeats of {', '.join(few)}: read these rows as a trial, not as a claim."
    if missing := [b for b in BASELINES[:-1] if not any(row.strategy.partition("@")[0] == b for row in rows)]:
        yield f"Baselines not run: {', '.join(missing)}."
    if plan.offline:
        yield (
            "The models are the embedded rules, not language models: this measures the machinery. "
            f"Tokens are estimated, cached ones predicted, and both priced as {plan.compared}."
        )
    yield from _lessons(by_strategy)
    rest = {run.sandbox for tasks in by_strategy.values() for runs in tasks.values() for run in runs}
    if rest - {"sandbox full"}:
        yield f"Not every run had the full sandbox: {', '.join(sorted(rest))}."
    late = sum(run.ended == "late" for tasks in by_strategy.values() for runs in tasks.values() for run in runs)
    if late:
        yield f"{late} runs were stopped by their time limit, so their result depends on the machine."
