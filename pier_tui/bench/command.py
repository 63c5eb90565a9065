"""`pier-tui bench`: what was typed becomes a plan, the plan runs with a progress bar, the runs become a report."""

from __future__ import annotations

import asyncio
import datetime
import os
import platform
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pier_tui.bench.executor import Executor, Local, Ray
from pier_tui.bench.mining import mine
from pier_tui.bench.page import html_of
from pier_tui.bench.records import Plan, Records
from pier_tui.bench.report import Report, report
from pier_tui.bench.runner import Going, Limits, audits, expected, jobs_of, left
from pier_tui.bench.suites import load
from pier_tui.bench.table import compared, markdown_of, text_of
from pier_tui.bench.task import Job, Run, Task
from pier_tui.connecting import pick_profile
from pier_tui.errors import PierError
from pier_tui.models.profiles import Profile, load_profile
from pier_tui.private import write_private
from pier_tui.repo.repo import Repo
from pier_tui.tools.probing import probe
from pier_tui.wiring import settings

STRATEGIES = ("always-30B", "always-105B", "self-route", "random@0.3", "length@120", "latch")


@dataclass(frozen=True)
class Wanted:
    """What was typed. `only` keeps tasks whose id holds one of the words; `audit` is a number of kept turns."""

    suites: Sequence[str]
    out: Path
    strategies: Sequence[str] = ()
    repeats: int = 3
    overrides: Mapping[str, Any] = field(default_factory=dict)
    only: Sequence[str] = ()
    tasks: int | None = None
    workers: int = 2
    ray: str | None = None
    limits: Limits = field(default_factory=Limits)
    audit: int = 0
    dry_run: bool = False
    command: str = ""


def run(wanted: Wanted) -> str:
    """Carry a plan out and return the terminal view of its report, or what a dry run says. Raises PierError."""
    tasks = [task for named in wanted.suites for task in load(named)]
    tasks = [task for task in tasks if not wanted.only or any(word in task.id for word in wanted.only)]
    tasks = tasks[:: max(1, len(tasks) // wanted.tasks)][: wanted.tasks] if wanted.tasks else tasks
    if not tasks:
        raise PierError("No task is left: --only names none of them.")
    profile, priced = _profiles(wanted)
    strategies = tuple(wanted.strategies) or STRATEGIES
    overrides = {**wanted.overrides, "profile": profile.name}
    jobs = jobs_of(tasks, strategies, wanted.repeats, overrides, _versions())
    records = Records(wanted.out)
    todo = left(jobs, records)
    ahead = expected(jobs, todo, records.runs(), priced.strong.price)
    if wanted.dry_run:
        return f"{ahead}\n"
    with records.alone():
        records.keep_plan(_plan(wanted, strategies, profile, priced))
        sys.stderr.write(f"{ahead}\n")
        going = Going(records, _executor(wanted), wanted.limits)
        _progress(going, todo)
        if wanted.audit and not going.stopped:
            _progress(going, left(audits(records, jobs, wanted.audit), records))
        for broken in going.errors:
            sys.stderr.write(f"not done: {broken.task} with {broken.strategy}: {broken.error}\n")
        if going.stopped:
            sys.stderr.write(f"Stopped: {going.stopped}. The same command goes on.\n")
        made = written(records)
    return text_of(made)


def written(records: Records) -> Report:
    """Count the records and write report.json, report.md and report.html beside them. Raises PierError."""
    made = report(records.plan, records.runs())
    write_private(records.folder / "report.json", made.model_dump_json(indent=1) + "\n")
    write_private(records.folder / "report.md", markdown_of(made))
    write_private(records.folder / "report.html", html_of(made))
    return made


def shown(folder: Path) -> str:
    """The terminal view of a bench made earlier, counted anew."""
    return text_of(written(Records(folder)))


def two(first: Path, second: Path) -> str:
    """Two benches paired task by task."""
    one, other = Records(first), Records(second)
    return compared(one.plan, one.runs(), other.plan, other.runs())


def mined(path: Path, file: Path, look_at: int) -> str:
    """Write the tasks of a repository's commits to a file; how many, and why the others are none. Raises PierError."""
    return asyncio.run(_mined(path, file, look_at))


async def _mined(path: Path, file: Path, look_at: int) -> str:
    root = Repo.open(path).root
    reasons: Counter[str] = Counter()
    tasks: list[Task] = []
    async for found in mine(root, await probe(readable=(root,)), look_at=look_at):
        if found.task is None:
            reasons[found.reason] += 1
        else:
            tasks.append(found.task)
            sys.stderr.write(f"{found.task.id}: {found.reason}\n")
    write_private(file, "".join(f"{task.model_dump_json()}\n" for task in tasks))
    lines = [f"{len(tasks)} tasks written to {file}", *(f"{n} commits: {why}" for why, n in reasons.most_common())]
    return "".join(f"{line}\n" for line in lines)


def _profiles(wanted: Wanted) -> tuple[Profile, Profile]:
    """The profile, and the one whose prices are counted: the same, or the compared one where nothing is charged."""
    chosen = settings(wanted.overrides, os.environ).settings
    profile = pick_profile(chosen, os.environ)
    if profile.weak.price.free or profile.strong.price.free or profile.strong.price.fresh is None:
        return profile, load_profile(chosen.compare_profile, {}, None, usable=False)
    return profile, profile


def _plan(wanted: Wanted, strategies: tuple[str, ...], profile: Profile, priced: Profile) -> Plan:
    weak, strong = priced.weak.price.fresh, priced.strong.price.fresh
    return Plan(
        suites=tuple(name.partition("=")[0] for name in wanted.suites),
        strategies=strategies,
        repeats=wanted.repeats,
        profile=profile.name,
        offline=profile.offline,
        compared=priced.name,
        ratio=float(weak / strong) if weak is not None and strong else None,
        versions=_versions(),
        machine=f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, {platform.system()} {platform.machine()}",
        date=datetime.date.today().isoformat(),
        command=wanted.command,
    )


def _versions() -> tuple[str, ...]:
    return (f"pier-tui {version('pier-tui')}", f"Python {platform.python_version()}")


def _executor(wanted: Wanted) -> Executor:
    return Local(wanted.workers) if wanted.ray is None else Ray(wanted.workers, wanted.ray)


def _progress(going: Going, todo: Sequence[Job]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("bench", total=len(todo))

        def show(ended: int, of: int, run: Run) -> None:
            mark = "!" if run.error else "+" if run.success else "-"
            bar.update(line, completed=ended, description=f"{mark} {run.task} {run.strategy}")

        going.shown = show
        for _ in going.carry_out(todo):
            pass
