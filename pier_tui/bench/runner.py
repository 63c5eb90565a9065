"""From a plan to runs: which jobs are wanted and not done yet, how much they will take, and carrying them out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import mean
from typing import Any

from pier_tui.bench.contestants import SINGLE, contestant
from pier_tui.bench.executor import Executor
from pier_tui.bench.job import audit_of
from pier_tui.bench.records import Records
from pier_tui.bench.task import Job, Run, Task
from pier_tui.models.usage import Price
from pier_tui.session.export import load_recording

PRIOR_TURNS, PRIOR_PROMPT, PRIOR_OUTPUT, PRIOR_CACHED = 8.0, 5_000.0, 300.0, 0.6
"""Per run and per turn, where nothing was recorded: round figures from recorded agent sessions of this length."""


@dataclass(frozen=True)
class Limits:
    """When no further job is begun: rupees over all runs of this call, and seconds of wall time."""

    cost: Decimal | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Expected:
    """What the jobs that are left will take; `source` says what that is taken from."""

    jobs: int
    done: int
    tokens: int
    rupees: Decimal | None
    seconds: float | None
    source: str

    def __str__(self) -> str:
        cost = "unknown" if self.rupees is None else f"₹{self.rupees:.2f}"
        took = "" if self.seconds is None else f", {self.seconds:.0f} s of work"
        return (
            f"{self.jobs} runs to do, {self.done} done already; expected: {self.tokens:,} tokens, {cost}{took} "
            f"({self.source})"
        )


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


def expected(jobs: Sequence[Job], todo: Sequence[Job], runs: Sequence[Run], dearer: Price) -> Expected:
    """What is left to do, by the mean of recorded runs of the same suite, else by stated priors at the dearer price."""
    tokens, rupees, seconds, known = 0.0, Decimal(0), 0.0, True
    used: set[str] = set()
    for job in todo:
        like = [run for run in runs if run.suite == job.task.suite] or list(runs)
        if like:
            used.add(f"{len(like)} recorded runs of {job.task.suite}" if like[0].suite == job.task.suite else "runs")
            tokens += mean(sum(c.prompt + c.output for c in run.calls) for run in like)
            seconds += mean(run.seconds for run in like)
            rupees += sum((spent(run) or Decimal(0) for run in like), Decimal(0)) / len(like)
        else:
            used.add(
                f"priors: {PRIOR_TURNS:g} turns of {PRIOR_PROMPT:g} tokens, {PRIOR_CACHED:.0%} cached, at 105B's price"
            )
            tokens += PRIOR_TURNS * (PRIOR_PROMPT + PRIOR_OUTPUT)
            price = prior_cost(dearer)
            known = known and price is not None
            rupees += price or Decimal(0)
    took = seconds if runs else None
    return Expected(
        len(todo),
        len(jobs) - len(todo),
        round(tokens),
        rupees if known else None,
        took,
        "; ".join(sorted(used)) or "nothing",
    )


def prior_cost(price: Price) -> Decimal | None:
    """Rupees of a run by the priors."""
    if price.fresh is None or price.cached is None or price.output is None:
        return None
    fresh, cached = PRIOR_PROMPT * (1 - PRIOR_CACHED), PRIOR_PROMPT * PRIOR_CACHED
    parts = ((fresh, price.fresh), (cached, price.cached), (PRIOR_OUTPUT, price.output))
    return sum((Decimal(PRIOR_TURNS * tokens) * each for tokens, each in parts), Decimal(0)) / 1_000_000


def spent(run: Run) -> Decimal | None:
    """Rupees of a run's calls, those set aside included; None where any is unknown."""
    costs = [call.cost for call in run.calls]
    return None if any(cost is None for cost in costs) else sum((c for c in costs if c is not None), Decimal(0))


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
