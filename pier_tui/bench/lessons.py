"""What strategies that learn are taught in a benchmark: how the single models did on other tasks, never on the same.

Tasks are dealt into folds by their ids; a task's runs are taught by the tasks of the other folds that both single
models were run on. The label is Hybrid LLM's (Ding et al. 2024): the weak model is good enough where it did no worse.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from pier_tui.bench.contestants import STRONG_ONLY, WEAK_ONLY
from pier_tui.bench.task import Job, Lessons, Run
from pier_tui.router.names import VARIANTS

FOLDS = 5


def learns(strategy: str) -> bool:
    """Whether a contestant is taught by lessons over requests."""
    return strategy.partition("/")[0] in VARIANTS


def taught(jobs: Iterable[Job], requests: Mapping[str, str], runs: Sequence[Run]) -> list[Job]:
    """The jobs with their lessons; `requests` are those of the tasks, by id."""
    goods = _goods(runs)
    known = [(task, requests[task], good) for task, good in sorted(goods.items()) if task in requests]
    return [job.model_copy(update={"lessons": _others(job.task.id, known)}) for job in jobs]


def fold(task: str) -> int:
    """The fold of a task, the same in every bench."""
    return int.from_bytes(hashlib.sha256(task.encode()).digest()[:4], "big") % FOLDS


def _others(task: str, known: Sequence[tuple[str, str, float]]) -> Lessons:
    return tuple((request, good) for other, request, good in known if fold(other) != fold(task))


def _goods(runs: Sequence[Run]) -> dict[str, float]:
    """By task, the share of repeats in which the weak model did no worse than the strong one."""
    sides: dict[str, dict[str, dict[int, bool]]] = {name: defaultdict(dict) for name in (WEAK_ONLY, STRONG_ONLY)}
    for run in runs:
        if run.strategy in sides and not run.audits:
            sides[run.strategy][run.task][run.repeat] = run.success
    weak, strong = sides[WEAK_ONLY], sides[STRONG_ONLY]
    found = {}
    for task in weak.keys() & strong.keys():
        both = weak[task].keys() & strong[task].keys()
        if both:
            found[task] = mean(weak[task][n] >= strong[task][n] for n in both)
    return found
