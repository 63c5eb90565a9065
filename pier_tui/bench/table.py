"""The report as text: for the terminal, as Markdown, and two benches side by side. Every cell has its n."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pier_tui.bench.figures import Figure, difference, ratio
from pier_tui.bench.records import Plan
from pier_tui.bench.report import Regret, Report, Row
from pier_tui.bench.task import Run, spent

NUMBERS = ("rupees a task", "turn p50", "turn p95", "flips a task")
"""Figures that are no shares; all others are printed in percent."""
TABLES = (
    ("success", "escalated turns", "escalated tasks", "cost of strong", "rupees a task"),
    ("cached", "turn p50", "turn p95", "flips a task", "recovered"),
    ("drop on kept", "false keep", "false escalation", "stray", "repeats differ"),
)
NARROW = 40
"""Columns below which nothing is broken any further."""


def cell(name: str, figure: Figure) -> str:
    """`65 % [43, 85] n=20`; a dash where there is nothing, with the n that was too few."""
    if figure.value is None:
        return f"- n={figure.n}"
    scale, digits = (100, 0) if name not in NUMBERS else (1, 3 if name == "rupees a task" else 2)
    ends = "[no interval]"
    if figure.low is not None and figure.high is not None:
        ends = f"[{figure.low * scale:.{digits}f}, {figure.high * scale:.{digits}f}]"
    unit = " %" if name not in NUMBERS else " s" if name.startswith("turn") else ""
    return f"{figure.value * scale:.{digits}f}{unit} {ends} n={figure.n}"


def head(report: Report) -> Iterator[str]:
    """What was run, where and when."""
    plan = report.plan
    price = "unknown" if plan.ratio is None else f"{plan.ratio:.3g}"
    yield f"{', '.join(report.suites or plan.suites)} · profile {plan.profile} · {plan.date} · {plan.machine}"
    yield from plan.versions
    yield f"price ratio r = {price} ({plan.compared}); n counts tasks, or audits; intervals are 95 %, over tasks"
    yield from plan.commands


def rows_of(rows: Sequence[Row], names: Sequence[str]) -> list[tuple[str, ...]]:
    """A table: the heads, then a row a strategy."""
    heads = ("strategy", "runs", *names)
    return [heads, *((r.strategy, str(r.runs), *(cell(n, r.figures[n]) for n in names)) for r in rows)]


def text_of(report: Report, folder: Path, width: int) -> str:
    """The terminal view, in lines of at most `width` columns where words allow it."""
    width = max(width, NARROW)
    lines = [part for line in head(report) for part in textwrap.wrap(line, width, subsequent_indent="  ")]
    for names in _fitting(report.rows, width):
        lines += ["", *_aligned(rows_of(report.rows, names))]
    for line in ("", *report.power, *report.notes):
        lines += textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="    ")
    lines += _regrets(report, "  ", folder)
    return "\n".join(lines) + "\n"


def _fitting(rows: Sequence[Row], width: int) -> Iterator[tuple[str, ...]]:
    """The figures in their order, as many side by side as there is room for."""
    names: tuple[str, ...] = ()
    for name in (name for table in TABLES for name in table):
        wider = (*names, name)
        if names and max(map(len, _aligned(rows_of(rows, wider)))) > width:
            yield names
            wider = (name,)
        names = wider
    yield names


def markdown_of(report: Report) -> str:
    """The report as Markdown."""
    lines = ["# Routing benchmark", "", *(f"{line}  " for line in head(report)), ""]
    for names in TABLES:
        heads, *rows = rows_of(report.rows, names)
        lines += [_piped(heads), _piped(["---"] * len(heads)), *map(_piped, rows), ""]
    lines += ["| suite | strategy | success |", "| --- | --- | --- |"]
    for suite, found in report.suites.items():
        lines += [_piped((suite, name, cell("success", figure))) for name, figure in found.items()]
    lines += ["", *(f"- {line}" for line in (*report.power, *report.notes)), *_regrets(report, "- ", Path())]
    return "\n".join(lines) + "\n"


def _regrets(report: Report, mark: str, folder: Path) -> Iterator[str]:
    if report.regrets:
        yield from ("", "Regrets (failed where always-105B solves it each time):")
        yield from (f"{mark}{_regret(r, folder)}" for r in report.regrets)


def _regret(r: Regret, folder: Path) -> str:
    more = f" (and {len(r.recordings) - 1} more)" if len(r.recordings) > 1 else ""
    place = folder / r.recordings[0]
    return f"{r.strategy} · {r.task}: {r.said or 'failed'}{more} · pier-tui replay-session {place}"


def compared(first: Plan, one: Iterable[Run], second: Plan, other: Iterable[Run]) -> str:
    """Two benches paired by task and strategy: what the second gained, and its cost against the first's."""
    sides = [_by_task(run for run in runs if run.terms == plan.terms) for plan, runs in ((first, one), (second, other))]
    rows = [("strategy", "success gained", "cost of first")]
    for name in sorted({s for s, _ in sides[0]} & {s for s, _ in sides[1]}):
        tasks = [t for s, t in sides[0] if s == name and (s, t) in sides[1]]
        gained, cost = {}, {}
        for task in tasks:
            a, b = sides[0][name, task], sides[1][name, task]
            gained[task] = [(_rate(b) - _rate(a), 1.0)]
            cost[task] = [(_cost(b), _cost(a))]
        rows.append((name, cell("success", difference(gained)), cell("cost of strong", ratio(cost))))
    heads = [*_side("first", first), *_side("second", second), ""]
    if len(rows) == 1:
        return "\n".join([*heads, "No strategy was run on the same task in both."]) + "\n"
    return "\n".join([*heads, *_aligned(rows)]) + "\n"


def _side(name: str, plan: Plan) -> Iterator[str]:
    yield f"{name}: profile {plan.profile}, {plan.date}"
    yield from (f"  {line}" for line in plan.versions)


def _by_task(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    found: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if not run.audits:
            found[run.strategy, run.task].append(run)
    return found


def _rate(runs: Sequence[Run]) -> float:
    return sum(run.success for run in runs) / len(runs)


def _cost(runs: Sequence[Run]) -> float:
    return sum(float(spent(run) or 0) for run in runs) / len(runs)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _piped(row: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', '/') for text in row)} |"
