"""Numbers that carry their n and their interval, by the bootstrap over tasks.

Runs of one task are alike, so tasks are drawn anew, not runs (the percentile bootstrap over clusters; Efron and
Tibshirani 1993). Where every task says the same, a share's interval is the exact one of Clopper and Pearson instead,
since the bootstrap would give none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

RESAMPLES, LEVEL = 1000, 0.95
Z = 1.959964
T = TypeVar("T")
Pair = tuple[float, float]


class Figure(BaseModel):
    """A value with its 95 % interval. `n` counts `of` (tasks, audits); a None is not known, or not defined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None
    high: float | None
    n: int
    of: str = "tasks"


NOTHING = Figure(value=None, low=None, high=None, n=0)


def bootstrap(
    groups: Mapping[str, Sequence[T]], statistic: Callable[[Sequence[T]], float | None], *, draws: int = RESAMPLES
) -> Figure:
    """A statistic over everything in the groups, its interval by drawing groups."""
    names = sorted(groups)
    if not names:
        return NOTHING
    value = statistic([item for name in names for item in groups[name]])
    lots = random.Random(len(names))
    drawn = []
    for _ in range(draws):
        found = statistic([item for name in lots.choices(names, k=len(names)) for item in groups[name]])
        if found is not None:
            drawn.append(found)
    low, high = (None, None) if value is None or len(names) < 2 else interval(drawn)
    return Figure(value=value, low=low, high=high, n=len(names))


def ratio(groups: Mapping[str, Sequence[Pair]], *, share: bool = False) -> Figure:
    """The first members' sum over the second ones'. A `share` of things that are or are not gets exact ends."""
    sums = {name: [_added(pairs)] for name, pairs in groups.items()}
    found = bootstrap(sums, _quotient)
    return _exact(found, found.n) if share else found


def part(groups: Mapping[str, Sequence[Pair]]) -> Figure:
    """The part of a way that was gone: a `ratio` whose n, and exact ends, are of the tasks that had a way to go."""
    ways = sum(_added(pairs)[1] != 0 for pairs in groups.values())
    return _exact(ratio(groups), ways).model_copy(update={"n": ways})


def difference(groups: Mapping[str, Sequence[Pair]]) -> Figure:
    """The mean of paired differences between -1 and 1. Where all are 0, the ends are what share of tasks could still
    differ, either way; resampling would say there is nothing to doubt.
    """
    found = ratio(groups)
    if not found.n or any(above for pairs in groups.values() for above, _ in pairs):
        return found
    most = unseen(found.n)
    return found.model_copy(update={"low": -most, "high": most})


def _exact(found: Figure, n: int) -> Figure:
    """With exact ends where a share of n things is none or all."""
    if not n or found.value not in (0.0, 1.0):
        return found
    ends = (0.0, unseen(n)) if found.value == 0 else (1 - unseen(n), 1.0)
    return found.model_copy(update={"low": ends[0], "high": ends[1]})


def unseen(n: int) -> float:
    """The largest share that can be there and not be seen once among n, at the level."""
    return float(1 - ((1 - LEVEL) / 2) ** (1 / n))


def interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The middle 95 % of what was drawn."""
    return (quantile(values, (1 - LEVEL) / 2), quantile(values, (1 + LEVEL) / 2)) if values else (None, None)


def quantile(values: Sequence[float], at: float) -> float | None:
    """A quantile with straight lines between the values; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def audits_needed(disagreement: float, bound: float = 0.02) -> int:
    """Paired audits by which a drop is known to `bound` at 95 %: disagreement / (bound / 1.96)²."""
    return round(disagreement * (Z / bound) ** 2)


def _added(pairs: Sequence[Pair]) -> Pair:
    return sum(a for a, _ in pairs), sum(b for _, b in pairs)


def _quotient(pairs: Sequence[Pair]) -> float | None:
    above, below = _added(pairs)
    return above / below if below else None
