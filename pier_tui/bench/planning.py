"""What was typed becomes a plan: the tasks, the contestants, the jobs of each, and under which terms they count."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pier_tui.bench.lessons import learns, taught
from pier_tui.bench.records import Plan, Records
from pier_tui.bench.runner import Limits, jobs_of
from pier_tui.bench.suites import load
from pier_tui.bench.task import Job, Task
from pier_tui.bench.terms import terms
from pier_tui.config import Settings, prompts_dir
from pier_tui.connecting import pick_profile, unconfirmed
from pier_tui.errors import ConfigError, PierError
from pier_tui.models.profiles import Profile, load_profile
from pier_tui.models.usage import Price
from pier_tui.wiring import settings

STRATEGIES = ("always-30B", "always-105B", "self-route", "random@0.3", "length@120", "latch")


@dataclass(frozen=True)
class Wanted:
    """What was typed. `only` keeps tasks whose id holds one of the words; `audit` is a number of kept turns.

    `seconds` is the time limit of a run in place of its task's own, for slow models.
    """

    suites: Sequence[str]
    out: Path
    strategies: Sequence[str] = ()
    repeats: int = 3
    overrides: Mapping[str, Any] = field(default_factory=dict)
    only: Sequence[str] = ()
    tasks: int | None = None
    seconds: float | None = None
    workers: int = 2
    ray: str | None = None
    limits: Limits = field(default_factory=Limits)
    audit: int = 0
    dry_run: bool = False
    command: str = ""


@dataclass(frozen=True)
class Planned:
    """The plan with its jobs; those of contestants that learn get their lessons when the single models' runs are in."""

    plan: Plan
    jobs: Sequence[Job]
    requests: Mapping[str, str]
    price: Price
    """The strong model's, for what is expected."""

    def plain(self) -> list[Job]:
        """The jobs that need no lessons."""
        return [job for job in self.jobs if not learns(job.strategy)]

    def learning(self, records: Records) -> list[Job]:
        """The jobs of contestants that learn, taught by what is recorded so far."""
        runs = [run for run in records.runs() if run.terms == self.plan.terms]
        return taught([job for job in self.jobs if learns(job.strategy)], self.requests, runs)


def planned(wanted: Wanted) -> Planned:
    """Read suites, settings and profile. Raises PierError."""
    every = [task for named in wanted.suites for task in load(named)]
    chosen = settings(wanted.overrides, os.environ).settings
    profile = pick_profile(chosen, os.environ)
    if where := () if wanted.dry_run else unconfirmed(chosen, os.environ):
        raise ConfigError(
            f"The key from {profile.key_env} was never sent to {where[0].origin}: open the workbench once and say that "
            "it may go there, then run this again."
        )
    priced = _priced(profile, chosen)
    strategies = tuple(wanted.strategies) or STRATEGIES
    under = terms(profile, priced, chosen.model_dump(mode="json"), prompts_dir(os.environ))
    weak, strong = priced.weak.price.fresh, priced.strong.price.fresh
    plan = Plan(
        suites=tuple(name.partition("=")[0] for name in wanted.suites),
        strategies=strategies,
        repeats=wanted.repeats,
        profile=profile.name,
        offline=profile.offline,
        compared=priced.name,
        ratio=float(weak / strong) if weak is not None and strong else None,
        versions=under.said,
        terms=under.digest,
        machine=f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, {platform.system()} {platform.machine()}",
        date=datetime.date.today().isoformat(),
        commands=(wanted.command,) if wanted.command else (),
    )
    overrides = {**wanted.overrides, "profile": profile.name}
    jobs = jobs_of(_sampled(every, wanted), strategies, wanted.repeats, overrides, under.digest)
    return Planned(plan, jobs, {task.id: task.request for task in every}, priced.strong.price)


def _sampled(tasks: list[Task], wanted: Wanted) -> list[Task]:
    """The tasks asked for, `wanted.tasks` of them evenly from the list. Raises PierError where none is left."""
    named = [task for task in tasks if not wanted.only or any(word in task.id for word in wanted.only)]
    if not named:
        raise PierError("No task is left: --task names none of them.")
    most = min(wanted.tasks or len(named), len(named))
    chosen = [named[number * len(named) // most] for number in range(most)]
    return [t.model_copy(update={"seconds": wanted.seconds}) for t in chosen] if wanted.seconds else chosen


def _priced(profile: Profile, chosen: Settings) -> Profile:
    """The profile whose prices are counted: the same, or the compared one where nothing is charged."""
    if profile.weak.price.free or profile.strong.price.free or profile.strong.price.fresh is None:
        return load_profile(chosen.compare_profile, {}, None, usable=False)
    return profile
