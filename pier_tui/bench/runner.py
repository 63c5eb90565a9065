"""From a plan to runs: which jobs are wanted and not done yet, and carrying them out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pier_tui.bench.contestants import SINGLE, contestant
from pier_tui.bench.executor import Executor
from pier_tui.bench.job import audit_of
from pier_tui.bench.records import Records
from pier_tui.bench.task import Job, Run, Task, spent
from pier_tui.session.export import load_recording


@dataclass(frozen=True)
class Limits:
    """When no further job is begun: rupees over all runs of this call, and seconds of wall time."""

    cost: Decimal | None = None
    seconds: float | None = None


def jobs_of(
    tasks: Sequence[Task], strategies: Sequence[str], repeats: int, overrides: dict[str, Any], terms: str
) -> list[Job]:
    """Every run wanted, repeats outermost, so that a bench that is stopped has all strategies alike."""
    for name in strategies:
        contestant(name)
    return [
        Job(task=task, strategy=strategy, repeat=repeat, overrides=overrides, terms=terms)
        for repeat in range(1, repeats + 1)
        for task in tasks
        for strategy in strategies
    ]


def left(jobs: Iterable[Job], records: Records) -> list[Job]:
    """The jobs without a run."""
    done = {run.key for run in records.runs()}
    return [job for job in jobs if job.key not in done]


@dataclass
class Going:
    """A bench under way. `shown` is called with the number of ended runs, of all, and the last one."""

    records: Records
    executor: Executor
    limits: Limits
    shown: Callable[[int, int, Run], None] = lambda ended, of, run: None
    clock: Callable[[], float] = time.monotonic
    stopped: str = ""
    """Why not everything was begun."""
    errors: list[Run] = field(default_factory=list)
    _cost: Decimal = Decimal(0)

    def carry_out(self, todo: Sequence[Job]) -> Iterator[Run]:
        """Carry out jobs; every run is on the disk before it is yielded. Raises PierError where it cannot be."""
        began = self.clock()

        def more() -> bool:
            if self.limits.cost is not None and self._cost >= self.limits.cost:
                self.stopped = f"the cost limit of ₹{self.limits.cost} is reached"
            elif self.limits.seconds is not None and self.clock() - began >= self.limits.seconds:
                self.stopped = f"the time limit of {self.limits.seconds:g} s is reached"
            return not self.stopped

        for ended, done in enumerate(self.executor.results(todo, more), start=1):
            run = self.records.keep(done)
            self._cost += spent(run) or Decimal(0)
            if run.error:
                self.errors.append(run)
            self.shown(ended, len(todo), run)
            yield run


def audits(records: Records, jobs: Sequence[Job], count: int, seed: int = 0) -> list[Job]:
    """Audits of kept turns, a uniform sample without replacement over all routed runs; the seed fixes which.

    Only turns are drawn that the weak model did and that the strategy could have given to the other one.
    """
    by_key = {job.key: job for job in jobs}
    runs = [run for run in records.runs() if run.key in by_key and not run.audits and run.strategy not in SINGLE]
    kept = [(run, row.turn) for run in sorted(runs, key=lambda r: r.key) for row in run.turns if row.tier == "weak"]
    drawn = random.Random(seed).sample(kept, min(count, len(kept)))
    made = []
    for run, turn in drawn:
        events = load_recording(records.folder / run.recording).events
        made.append(by_key[run.key].model_copy(update={"audit": audit_of(run, events, turn)}))
    return made
