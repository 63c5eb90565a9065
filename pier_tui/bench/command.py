"""`pier-tui bench`: the plan runs with a progress bar, the runs become a report; also comparing and mining."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pier_tui.bench.environment import environment
from pier_tui.bench.executor import Executor, Local, Ray
from pier_tui.bench.expecting import expected
from pier_tui.bench.mining import mine
from pier_tui.bench.page import html_of
from pier_tui.bench.planning import Planned, Wanted, planned
from pier_tui.bench.records import Records
from pier_tui.bench.report import Report, report
from pier_tui.bench.runner import Going, audits, left
from pier_tui.bench.table import compared, markdown_of, text_of
from pier_tui.bench.task import Job, Run, Task
from pier_tui.errors import PierError
from pier_tui.local import PROFILE, LocalModels
from pier_tui.private import write_private
from pier_tui.repo.repo import Repo
from pier_tui.tools.probing import probe


def run(wanted: Wanted) -> str:
    """Carry a plan out and return the terminal view of its report, or what a dry run says. Raises PierError."""
    records = Records(wanted.out)
    if wanted.dry_run:
        ahead = planned(wanted)
        return "".join(f"{line}\n" for line in (*ahead.plan.versions, _expected(ahead, records)))
    with records.alone(), _served(wanted.overrides) as overrides:
        return _carried_out(planned(replace(wanted, overrides=overrides)), wanted, records)


def _expected(ahead: Planned, records: Records) -> str:
    jobs = [*ahead.plain(), *ahead.learning(records)]
    return str(expected(jobs, left(jobs, records), records.runs(), ahead.price))


def _carried_out(ahead: Planned, wanted: Wanted, records: Records) -> str:
    """Contestants that learn come when the runs that teach them are in, audits when there are turns to audit."""
    records.keep_plan(ahead.plan)
    sys.stderr.write(f"{_expected(ahead, records)}\n")
    going = Going(records, _executor(wanted), wanted.limits)
    _progress(going, left(ahead.plain(), records))
    _progress(going, left(ahead.learning(records), records))
    jobs = [*ahead.plain(), *ahead.learning(records)]
    _progress(going, left(audits(records, jobs, wanted.audit), records))
    for broken in going.errors:
        sys.stderr.write(f"not done: {broken.task} with {broken.strategy}: {broken.error}\n")
    if going.stopped:
        sys.stderr.write(f"Stopped: {going.stopped}. The same command goes on.\n")
    return _printed(written(records), records)


@contextmanager
def _served(overrides: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The settings with the addresses of our own local models, served while the block runs, where they are chosen."""
    if overrides.get("profile") != PROFILE or overrides.get("weak_url"):
        yield overrides
        return
    with LocalModels(os.environ).running() as running:
        # Worker processes find the servers' key where every key is looked for.
        os.environ.update(running.env)
        yield {**overrides, **running.overrides}


def written(records: Records, suite: str = "") -> Report:
    """Count the records and write report.json, .md and .html beside them, with the name of a suite counted alone.

    Raises PierError.
    """
    made = report(records.plan, records.runs(), suite)
    if suite and not made.rows:
        raise PierError(f"No run of the suite {suite} is recorded in {records.folder}.")
    name = f"report-{suite}" if suite else "report"
    for ending, text in (
        ("json", made.model_dump_json(indent=1) + "\n"),
        ("md", markdown_of(made)),
        ("html", html_of(made)),
    ):
        write_private(records.folder / f"{name}.{ending}", text)
    return made


def shown(folder: Path, suite: str = "") -> str:
    """The terminal view of a bench made earlier, counted anew. Raises PierError."""
    records = Records(folder)
    return _printed(written(records, suite), records)


def _printed(made: Report, records: Records) -> str:
    return text_of(made, records.folder, shutil.get_terminal_size((120, 24)).columns)


def two(first: Path, second: Path) -> str:
    """Two benches paired task by task."""
    one, other = Records(first), Records(second)
    return compared(one.plan, one.runs(), other.plan, other.runs())


def mined(path: Path, file: Path, look_at: int, *, install: bool) -> str:
    """Write the tasks of a repository's commits to a file; how many, and why the others are none. Raises PierError."""
    return asyncio.run(_mined(path, file, look_at, install))


async def _mined(path: Path, file: Path, look_at: int, install: bool) -> str:
    root = Repo.open(path).root
    python = await environment(root, install=install)
    reasons: Counter[str] = Counter()
    tasks: list[Task] = []
    async for found in mine(root, await probe(readable=(root,)), look_at=look_at, environment=str(python)):
        if found.task is None:
            reasons[found.reason] += 1
        else:
            tasks.append(found.task)
            sys.stderr.write(f"{found.task.id}: {found.reason}\n")
        # After each commit, so that mining that is stopped has not been for nothing.
        write_private(file, "".join(f"{task.model_dump_json()}\n" for task in tasks))
    lines = [f"{len(tasks)} tasks written to {file}", *(f"{n} commits: {why}" for why, n in reasons.most_common())]
    return "".join(f"{line}\n" for line in lines)


def _executor(wanted: Wanted) -> Executor:
    # The local models have one slot each: a second worker would throw the first one's prompt out of it.
    workers = 1 if wanted.overrides.get("profile") == PROFILE else wanted.workers
    return Local(workers) if wanted.ray is None else Ray(workers, wanted.ray)


def _progress(going: Going, todo: Sequence[Job]) -> None:
    """Carry jobs out with a bar; nothing once the bench was stopped."""
    if going.stopped or not todo:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("bench", total=len(todo))

        def show(ended: int, of: int, run: Run) -> None:
            mark = "!" if run.error else "+" if run.success else "-"
            bar.update(line, completed=ended, description=f"{mark} {run.task} {run.strategy}")

        going.shown = show
        for _ in going.carry_out(todo):
            pass
