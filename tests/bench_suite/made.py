"""Runs and tasks made by hand for the benchmark's tests."""

from __future__ import annotations

import os
import sys
from decimal import Decimal

from pier_tui.bench.job import Done
from pier_tui.bench.task import PYTHON, CallRow, Check, Job, Run, Task, Tree, TurnRow


def task(name: str = "t", **fields: object) -> Task:
    check = Check(argv=(PYTHON, "-c", "import app; assert app.n == 2"))
    tree = Tree(files={"app.py": "n = 1\n", "other.py": "x = 1\n"})
    values = {"id": name, "suite": "s", "kind": "bug", "request": "fix it", "tree": tree, "checks": (check,), **fields}
    return Task.model_validate(values)


def job(name: str = "t", strategy: str = "self-route", repeat: int = 1) -> Job:
    return Job(task=task(name), strategy=strategy, repeat=repeat, overrides={"profile": "offline"})


def run(name: str, strategy: str, success: bool, repeat: int = 1, tiers: str = "w", **fields: object) -> Run:
    names = {"w": "weak", "s": "strong"}
    turns = tuple(TurnRow(turn=i, tier=names[t], route="x", seconds=1.0) for i, t in enumerate(tiers, start=1))
    price = {"w": Decimal("0.5"), "s": Decimal(1)}
    calls = tuple(
        CallRow(turn=i, tier=names[t], kept=True, prompt=100, cached=50, output=10, cost=price[t], seconds=1.0)
        for i, t in enumerate(tiers, start=1)
    )
    values = {
        "key": f"{name}-{strategy}-{repeat}", "task": name, "suite": "s", "kind": "bug", "strategy": strategy,
        "repeat": repeat, "profile": "offline", "passed": success, "turns": turns, "calls": calls, **fields,
    }  # fmt: skip
    return Run.model_validate(values)


def quick(wanted: Job) -> Done:
    """Work that takes no time."""
    return Done(run(wanted.task.id, wanted.strategy, True, wanted.repeat).model_copy(update={"key": wanted.key}), "")


def dying(wanted: Job) -> Done:
    """Work that kills its worker the first time it meets the task named `killer`, and always the one named `cursed`."""
    mark = os.environ["PIER_TEST_MARK"]
    if wanted.task.id == "cursed" or (wanted.task.id == "killer" and not os.path.exists(mark)):
        with open(mark, "w", encoding="utf-8"):
            pass
        sys.stdout.flush()
        os.kill(os.getpid(), 9)
    return quick(wanted)
