"""The benchmark's regression gate: `python tests/bench/smoke.py [--update]`, or `make bench-smoke`.

Six quick tasks of our own suite with three contestants and the offline pair. What is held are counts (runs that
succeed, turns, escalations, calls, tokens), never time; tokens may differ by 2 %, since tools print times.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from pier_tui.bench.executor import Local
from pier_tui.bench.own import own
from pier_tui.bench.records import Records
from pier_tui.bench.runner import Going, Limits, jobs_of
from pier_tui.bench.task import Run

EXPECTED = Path(__file__).with_name("smoke.json")
TASKS = ("rename-class", "rename-parameter", "move-percent-of", "add-parameter", "docstrings", "where-used")
CONTESTANTS = ("always-30B", "self-route", "random@0.5")
LOOSE = 0.02


def counts(runs: list[Run]) -> dict[str, int]:
    """What is held of one contestant's runs."""
    calls = [call for run in runs for call in run.calls]
    turns = [turn for run in runs for turn in run.turns]
    return {
        "runs": len(runs),
        "successes": sum(run.success for run in runs),
        "turns": len(turns),
        "escalated": sum(turn.tier == "strong" for turn in turns),
        "calls": len(calls),
        "prompt tokens": sum(call.prompt for call in calls),
        "output tokens": sum(call.output for call in calls),
    }


def main() -> None:
    """Run, and compare or store."""
    tasks = [task for task in own() if task.id.removeprefix("own/") in TASKS]
    with tempfile.TemporaryDirectory() as folder:
        going = Going(Records(Path(folder)), Local(2), Limits())
        runs = list(going.carry_out(jobs_of(tasks, CONTESTANTS, 1, {"profile": "offline"}, "")))
    broken = [f"{run.task} with {run.strategy}: {run.error}" for run in runs if run.error]
    found = {name: counts([run for run in runs if run.strategy == name]) for name in CONTESTANTS}
    if "--update" in sys.argv and not broken:
        EXPECTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    for name in CONTESTANTS:
        for what, count in found[name].items():
            before = expected[name][what]
            if abs(count - before) > (LOOSE * before if "tokens" in what else 0):
                broken.append(f"{name}: {count} {what}, and {before} are expected")
    print("\n".join(broken) or f"{len(runs)} runs as expected")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
