"""What jobs will take in tokens, rupees and seconds, told from the runs already recorded, else from stated priors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean
from typing import NamedTuple

from pier_tui.bench.task import Job, Run, spent
from pier_tui.models.usage import Price

PRIOR_TURNS, PRIOR_PROMPT, PRIOR_OUTPUT, PRIOR_CACHED = 8.0, 5_000.0, 300.0, 0.6
"""Per run and per turn, where nothing was recorded: round figures from recorded agent sessions of this length."""
PRIORS = f"priors: {PRIOR_TURNS:g} turns of {PRIOR_PROMPT:g} tokens, {PRIOR_CACHED:.0%} cached, at 105B's price"
SOURCES = ("recorded runs of the same suite and contestant", "recorded runs of the same suite", "recorded runs")


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


class _Share(NamedTuple):
    """What one job is expected to take; None where nothing says so."""

    tokens: float
    rupees: Decimal | None
    seconds: float | None


def expected(jobs: Sequence[Job], todo: Sequence[Job], runs: Sequence[Run], dearer: Price) -> Expected:
    """What is left to do, each job by the recorded runs most like it, else by the priors at the dearer price."""
    known = _known(runs)
    prior = _Share(PRIOR_TURNS * (PRIOR_PROMPT + PRIOR_OUTPUT), prior_cost(dearer), None)
    shares, used = [], set()
    for job in todo:
        places = ((job.task.suite, job.strategy), (job.task.suite, ""), ("", ""))
        found = next((n for n, place in enumerate(places) if place in known), None)
        shares.append(prior if found is None else known[places[found]])
        used.add(PRIORS if found is None else SOURCES[found])
    rupees = [share.rupees for share in shares if share.rupees is not None]
    seconds = [share.seconds for share in shares if share.seconds is not None]
    return Expected(
        jobs=len(todo),
        done=len(jobs) - len(todo),
        tokens=round(sum(share.tokens for share in shares)),
        rupees=sum(rupees, Decimal(0)) if len(rupees) == len(shares) else None,
        seconds=sum(seconds) if len(seconds) == len(shares) > 0 else None,
        source="; ".join(sorted(used)) or "nothing",
    )


def _known(runs: Sequence[Run]) -> dict[tuple[str, str], _Share]:
    """Means of the recorded runs by suite and contestant, by suite, and of all of them."""
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        for place in ((run.suite, run.strategy), (run.suite, ""), ("", "")):
            groups[place].append(run)
    return {place: _mean(group) for place, group in groups.items()}


def _mean(runs: Sequence[Run]) -> _Share:
    costs = [cost for run in runs if (cost := spent(run)) is not None]
    tokens = mean(sum(call.prompt + call.output for call in run.calls) for run in runs)
    rupees = sum(costs, Decimal(0)) / len(runs) if len(costs) == len(runs) else None
    return _Share(tokens, rupees, mean(run.seconds for run in runs))


def prior_cost(price: Price) -> Decimal | None:
    """Rupees of a run by the priors."""
    if price.fresh is None or price.cached is None or price.output is None:
        return None
    fresh, cached = PRIOR_PROMPT * (1 - PRIOR_CACHED), PRIOR_PROMPT * PRIOR_CACHED
    parts = ((fresh, price.fresh), (cached, price.cached), (PRIOR_OUTPUT, price.output))
    return sum((Decimal(PRIOR_TURNS * tokens) * each for tokens, each in parts), Decimal(0)) / 1_000_000
