"""Where jobs are carried out: in processes of this machine, or on a Ray cluster, by the same function.

An executor is handed jobs one by one, as many at a time as it has room for, and gives back what each came to. A worker
that dies takes no job with it: its jobs are begun again, and one that kills its worker three times is given up.
"""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from pier_tui.bench.job import Done, carry_out
from pier_tui.bench.task import Job, Run
from pier_tui.errors import ConfigError

TRIES = 3
Work = Callable[[Job], Done]
More = Callable[[], bool]
"""Asked before a job is begun; False begins no more."""


class Executor(Protocol):
    """Carries out jobs in any order."""

    def results(self, jobs: Sequence[Job], more: More) -> Iterator[Done]:
        """What every begun job came to, as they end; each job once."""
        ...


def given_up(job: Job, why: str) -> Done:
    """What stands for a job that could not be carried out."""
    task = job.task
    run = Run(key=job.key, task=task.id, suite=task.suite, kind=task.kind, strategy=job.strategy, repeat=job.repeat,
              profile=str(job.overrides.get("profile", "")), terms=job.terms, error=why)  # fmt: skip
    return Done(run, "")


class Local:
    """At most `workers` processes of this machine."""

    def __init__(self, workers: int, work: Work = carry_out) -> None:
        self._workers, self._work = workers, work

    def results(self, jobs: Sequence[Job], more: More) -> Iterator[Done]:
        """What every begun job came to."""
        waiting, tries = list(jobs), dict.fromkeys((job.key for job in jobs), 0)
        while waiting:
            running: dict[Future[Done], Job] = {}
            pool = ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"))
            try:
                yield from self._pooled(pool, waiting, running, more)
                return
            except BrokenProcessPool:
                # Which of the running jobs killed its worker is not told, so all of them count it.
                for job in running.values():
                    tries[job.key] += 1
                    if tries[job.key] < TRIES:
                        waiting.append(job)
                    else:
                        yield given_up(job, f"its worker process died {TRIES} times")
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _pooled(
        self, pool: ProcessPoolExecutor, waiting: list[Job], running: dict[Future[Done], Job], more: More
    ) -> Iterator[Done]:
        """Empty `waiting` through a pool. Raises BrokenProcessPool with what was lost left in `running`."""
        begun = more() if waiting else False
        while running or (waiting and begun):
            while waiting and len(running) < self._workers and (begun := more()):
                running[pool.submit(self._work, waiting[0])] = waiting[0]
                waiting.pop(0)
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(ended, key=lambda each: each.exception() is not None):
                done = future.result()
                del running[future]
                yield done


class Ray:
    """A Ray cluster: the one at `address`, or one on this machine with `workers` processes."""

    def __init__(self, workers: int, address: str = "", work: Work = carry_out) -> None:
        try:
            self._ray: Any = importlib.import_module("ray")
        except ImportError:
            raise ConfigError("The Ray executor needs Ray: pip install 'pier-tui[ray]', or leave --ray out.") from None
        self._workers, self._address, self._work = workers, address, work

    def results(self, jobs: Sequence[Job], more: More) -> Iterator[Done]:
        """What every begun job came to."""
        ray = self._ray
        mine = not ray.is_initialized()
        if mine:
            where = {"address": self._address} if self._address else {"num_cpus": self._workers}
            ray.init(**where, include_dashboard=False, log_to_driver=False)
        try:
            remote = ray.remote(max_retries=TRIES, retry_exceptions=False)(self._work)
            waiting: list[Job] = list(jobs)
            running: dict[Any, Job] = {}
            most = max(self._workers, int(ray.cluster_resources().get("CPU", 1)))
            while running or waiting:
                while waiting and len(running) < most and more():
                    job = waiting.pop(0)
                    running[remote.remote(job)] = job
                if not running:
                    return
                ended, _ = ray.wait(list(running), num_returns=1)
                for reference in ended:
                    job = running.pop(reference)
                    yield self._got(reference, job)
        finally:
            if mine:
                ray.shutdown()

    def _got(self, reference: Any, job: Job) -> Done:
        try:
            run, recording = self._ray.get(reference)
            return Done(run, recording)
        except self._ray.exceptions.RayError as error:
            return given_up(job, f"Ray gave it up: {str(error).splitlines()[0][:200]}")
