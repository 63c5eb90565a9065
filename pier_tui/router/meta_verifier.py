"""Whether to trust a verifier's verdicts: a table of how shares of favourable ones turned out, and rules over it.

From AutoMix (Aggarwal, Madaan et al. 2023). A share of favourable verdicts, 0 to 1, falls into one of a few bins; a
rule is the set of bins that escalate. AutoMix chooses among rules by IBC, a slope that rewards tiny sets; here the best
mean quality within a cost is chosen instead. Where the verdicts come from does not matter here. Pure, no matrices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

Rule = tuple[bool, ...]
"""Per bin, whether it escalates."""
GOOD, NEEDY, HOPELESS = range(3)
PRICE = 100.0
"""What asking the strong model costs in the POMDP; only the ratio of rewards to it matters."""


class Belief(NamedTuple):
    """P(state | bin): the weak answer is good, the strong one is better, neither is good."""

    good: float
    needy: float
    hopeless: float


def state_of(weak: float, strong: float) -> int:
    """The state of a row with these qualities, 0 to 1."""
    return NEEDY if strong > weak + 1e-12 else GOOD if weak >= 0.5 else HOPELESS


def bin_of(share: float, bins: int) -> int:
    """The bin of a share: 0 to bins - 1; with k verdicts there are k + 1."""
    return min(max(round(share * (bins - 1)), 0), bins - 1)


class VerdictTable(BaseModel):
    """Per bin, how many rows were good, needy and hopeless. Bins with few rows lean toward the share of all rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: tuple[tuple[float, float, float], ...]
    smoothing: float = 1.0

    def belief(self, at: int) -> Belief:
        """P(state) in a bin."""
        whole = [sum(row[state] for row in self.counts) for state in range(3)]
        rows = sum(whole) or 1.0
        total = sum(self.counts[at]) + self.smoothing
        return Belief(
            *((n + self.smoothing * all_n / rows) / total for n, all_n in zip(self.counts[at], whole, strict=True))
        )

    def score(self, share: float) -> float:
        """How likely asking the strong model would not help: what the POMDP decides by, as a confidence.

        Asking pays where reward * P(needy) + P(hopeless) > PRICE: a threshold on this, as P(hopeless) is at most 1.
        """
        return 1 - self.belief(bin_of(share, len(self.counts))).needy

    def asks(self, reward: float) -> Rule:
        """The bins in which asking is worth more: `reward` for a needy row answered, PRICE for asking.

        Not asking loses `reward` on needy and hopeless rows and 1 more on hopeless ones; asking on hopeless ones
        loses both.
        """
        beliefs = [self.belief(at) for at in range(len(self.counts))]
        return tuple(reward * belief.needy + belief.hopeless > PRICE for belief in beliefs)

    def rules(self) -> list[Rule]:
        """The distinct rules met as the reward of a right answer grows without bound, the fewest bins first."""
        beliefs = [self.belief(at) for at in range(len(self.counts))]
        # The reward from which a bin escalates.
        starts = [(PRICE - b.hopeless) / b.needy if b.needy > 0 else None for b in beliefs]
        met = sorted({start for start in starts if start is not None})
        return [tuple(start is not None and start <= at for start in starts) for at in (-1.0, *met)]


def counted(rows: Iterable[tuple[float, float, float]], bins: int) -> VerdictTable:
    """The table of rows (share, quality of the weak answer, of the strong one)."""
    counts = [[0.0, 0.0, 0.0] for _ in range(bins)]
    for share, weak, strong in rows:
        counts[bin_of(share, bins)][state_of(weak, strong)] += 1
    return VerdictTable(counts=tuple((good, needy, hopeless) for good, needy, hopeless in counts))


def thresholds(bins: int) -> list[Rule]:
    """Escalate at or below a step; also never."""
    return [tuple(at < count for at in range(bins)) for count in range(bins + 1)]


def double_thresholds(bins: int) -> list[Rule]:
    """Escalate between two steps: hopeless rows below are not worth asking for."""
    return [tuple(low <= at <= high for at in range(bins)) for low in range(bins) for high in range(low, bins)]


def best_rule(
    rules: Iterable[Rule], gains: Sequence[float], extra: Sequence[float], start: float, budget: float
) -> Rule:
    """The rule with the best mean quality whose mean cost is within `budget`; the cheapest one where none is.

    Per bin, over the number of all rows: `gains` is what escalating it adds to quality, `extra` to cost; `start` is
    the cost of escalating nothing.
    """
    candidates = [(round(_over(gains, rule), 12), start + _over(extra, rule), rule) for rule in rules]
    affordable = [one for one in candidates if one[1] <= budget + 1e-12]
    if affordable:
        return max(affordable, key=lambda one: (one[0], -one[1]))[2]
    return min(candidates, key=lambda one: one[1])[2]


def _over(values: Sequence[float], rule: Rule) -> float:
    return sum(value for value, asked in zip(values, rule, strict=True) if asked)
