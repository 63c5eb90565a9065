"""Choosing a threshold with a guarantee, and judging a change of it from logged turns. Pure.

Sources: conformal risk control, Angelopoulos et al. 2022; Learn then Test, Angelopoulos et al. 2021 (fixed sequence);
self-normalised importance sampling, Swaminathan and Joachims 2015; doubly robust values, Dudik et al. 2011; turns
added to an interval, after Agresti and Coull 1998.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from pier_tui.models.messages import Tier

Z = 1.96
"""Intervals are of 95 %."""
FEW_GROUPS = 5
"""Below it turns, not sessions, are taken as the independent things an interval is made from."""


class Audited(NamedTuple):
    """A turn of which both models' worth is known: its raw score, and what keeping it would lose, 0 or up to 1."""

    score: float
    loss: float


class Estimate(NamedTuple):
    """A mean with its interval; `n` turns behind it."""

    value: float
    low: float
    high: float
    n: int


class Logged(NamedTuple):
    """A turn as it was logged, worth in [0, 1] or less a price. `weak` and `strong`: None where it is not known.

    `chance` is with what probability the known one came to be known: an arm's propensity; 1 where both are.
    """

    score: float
    weak: float | None
    strong: float | None
    chance: float = 1.0
    group: Hashable = None
    """Turns of one group (a session) stand or fall together."""


Policy = Callable[[float], bool]
"""Whether a turn of this raw score is kept on the weak model."""


def most_permissive(audited: Sequence[Audited], alpha: float) -> float | None:
    """Conformal risk control: the lowest raw threshold with (n/(n+1)) R(t) + 1/(n+1) <= alpha.

    R(t) is the mean loss when every turn with a score of at least t is kept. On a new turn, drawn as the audited
    ones were, the expected loss is then at most alpha. -inf: keep everything; inf: keep nothing that was seen; None:
    not even that can be promised with so few turns.
    """
    return _lowest(audited, lambda lost: (lost + 1) / (len(audited) + 1) <= alpha + 1e-12)


def surely(audited: Sequence[Audited], alpha: float, delta: float) -> float | None:
    """Learn then Test: the lowest raw threshold whose risk is at most alpha, wrongly with probability at most delta.

    Losses must be 0 or 1. Thresholds are tested from the strictest on, each by the exact binomial tail, and the walk
    stops at the first that fails. None: not even keeping nothing can be certified with so few turns.
    """
    n = len(audited)
    return _lowest(audited, lambda lost: _tail(n, alpha, math.floor(lost + 1e-9)) <= delta)


def _lowest(audited: Sequence[Audited], holds: Callable[[float], bool]) -> float | None:
    """The lowest score down to which, from the highest on, `holds` of the losses so far."""
    if not holds(0.0):
        return None
    found, lost = math.inf, 0.0
    ordered = sorted(audited, reverse=True)
    for at, turn in enumerate(ordered):
        lost += turn.loss
        if at + 1 < len(ordered) and ordered[at + 1].score == turn.score:
            continue
        if not holds(lost):
            return found
        found = turn.score
    return -math.inf


def _tail(n: int, p: float, k: int) -> float:
    """P(X <= k) of a binomial, by logarithms so that it works for thousands."""
    if p <= 0 or p >= 1:
        return 1.0 if p <= 0 else float(k >= n)
    total = 0.0
    for j in range(k + 1):
        log = (
            math.lgamma(n + 1)
            - math.lgamma(j + 1)
            - math.lgamma(n - j + 1)
            + j * math.log(p)
            + (n - j) * math.log1p(-p)
        )
        total += math.exp(log)
    return min(total, 1.0)


def snips(turns: Sequence[Logged], keeps: Policy) -> Estimate | None:
    """The value of a policy by self-normalised weights, over turns whose arm it shares; None where there is none.

    The interval is that of the turns and two more, one worth 1 and one worth 0, of the greatest weight: see `_rarest`.
    """
    seen = [
        (known / turn.chance, 1 / turn.chance, turn.group)
        for turn in turns
        if (known := _known(turn, keeps)) is not None
    ]
    if not seen:
        return None
    rare = _rarest(turns, keeps)
    more = [*seen, (rare, rare, None), (0.0, rare, None)] if rare > 1 else seen
    value, middle = (sum(v for v, _, _ in s) / sum(w for _, w, _ in s) for s in (seen, more))
    weight = sum(w for _, w, _ in more)
    half = _half([((v - middle * w) / weight, group) for v, w, group in more])
    return Estimate(value, min(middle - half, value), max(middle + half, value), len(seen))


def doubly_robust(turns: Sequence[Logged], keeps: Policy, model: Callable[[float, Tier], float]) -> Estimate | None:
    """The value of a policy: the model's guess for every turn, corrected by weighted residuals where the arm is known.

    Right where either the propensities or the model are. None without turns.
    """
    if not turns:
        return None
    parts = [(_robust(turn, keeps, model), turn.group) for turn in turns]
    return mean(parts, _rarest(turns, keeps))


def difference(
    turns: Sequence[Logged], new: Policy, old: Policy, model: Callable[[float, Tier], float], *, doubt: float = 0.0
) -> Estimate | None:
    """By how much a new policy is better than the old one, turn by turn, doubly robust; None without turns.

    `doubt` is what the worst turn would lose by the change; one such turn is added to the mean's lower end where the
    policies differ, since none seen is not none there.
    """
    if not turns:
        return None
    parts = [(_robust(turn, new, model) - _robust(turn, old, model), turn.group) for turn in turns]
    changed = [turn for turn in turns if new(turn.score) != old(turn.score)]
    found = mean(parts, max(_rarest(changed, new), _rarest(changed, old)))
    return found._replace(low=found.low - doubt / len(turns)) if changed else found


def mean(parts: Sequence[tuple[float, Hashable]], rare: float = 1.0) -> Estimate:
    """The mean of values, its interval from the spread between groups.

    `rare` is the greatest weight of a value: above 1 the spread is that of two more, half of it on either side.
    """
    n = len(parts)
    value = sum(v for v, _ in parts) / n
    more: list[tuple[float, Hashable]] = [(rare / 2 / n, None), (-rare / 2 / n, None)] if rare > 1 else []
    half = _half([*(((v - value) / n, group) for v, group in parts), *more])
    return Estimate(value, value - half, value + half, n)


def _rarest(turns: Sequence[Logged], keeps: Policy) -> float:
    """The greatest weight a turn has, or would have were its arm seen; 1 where every turn the policy's arm is known of.

    Where the lot falls on an arm once in forty turns, that a bad one was not seen says little, and the spread of what
    was seen says nothing of it. Two turns more, one good and one bad, are to a weighted mean what Agresti and Coull
    (1998) add to a share.
    """
    chances = [turn.chance if _known(turn, keeps) is not None else 1 - turn.chance for turn in turns]
    return max((1 / chance for chance in chances if chance > 1e-9), default=1.0)


def wilson(successes: float, n: int) -> Estimate:
    """A share with Wilson's interval, which stays within 0 and 1; everything from 0 to 1 without turns."""
    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    share, z2 = successes / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(share, max(middle - half, 0.0), min(middle + half, 1.0), n)


def _known(turn: Logged, keeps: Policy) -> float | None:
    return turn.weak if keeps(turn.score) else turn.strong


def _robust(turn: Logged, keeps: Policy, model: Callable[[float, Tier], float]) -> float:
    tier: Tier = "weak" if keeps(turn.score) else "strong"
    guess, known = model(turn.score, tier), _known(turn, keeps)
    return guess if known is None else guess + (known - guess) / turn.chance


def _half(parts: Sequence[tuple[float, Hashable]]) -> float:
    """Half the interval of a sum of centred parts, those of one group added first: Student's, as groups may be few."""
    groups: dict[Hashable, float] = {}
    for at, (value, group) in enumerate(parts):
        key = ("turn", at) if group is None else group
        groups[key] = groups.get(key, 0.0) + value
    sums = list(groups.values()) if len(groups) >= FEW_GROUPS else [value for value, _ in parts]
    if len(sums) < 2:
        return 0.0
    return student(len(sums) - 1) * math.sqrt(sum(s * s for s in sums) * len(sums) / (len(sums) - 1))


def student(freedom: int) -> float:
    """How many standard errors 95 % lie within, of a mean with so many degrees of freedom.

    By the expansion of Abramowitz and Stegun (26.7.5), right to 0.01 from four degrees on; fewer are not asked for.
    """
    z, n = Z, float(max(freedom, 1))
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / n + second / n**2 + third / n**3 + fourth / n**4
