"""Tokens and rupees: what a call used, what that costs, and what the session has cost so far.

Numbers say what they include: `cached` is part of `prompt`, `reasoning` is part of `output`.
Unknown is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

MILLION = Decimal(1_000_000)


class Usage(BaseModel):
    """Tokens of one call. `estimated` is true where we counted them ourselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: int | None = None
    """All input tokens, cached ones included."""
    cached: int | None = None
    """Of `prompt`, those served from the endpoint's prefix cache; None when it did not say."""
    output: int | None = None
    """All output tokens, reasoning included."""
    reasoning: int | None = None
    """Of `output`, those spent on reasoning; None when it did not say."""
    estimated: bool = False


class Price(BaseModel):
    """Rupees per million tokens. A free model has all three at 0; None means unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh: Decimal | None = None
    cached: Decimal | None = None
    output: Decimal | None = None

    @property
    def free(self) -> bool:
        """Whether nothing at all is charged."""
        return self.fresh == self.cached == self.output == 0


def cost(usage: Usage, price: Price) -> Decimal | None:
    """Rupees for one call, or None where a token count or the price is unknown.

    Unknown `cached` is billed as fresh: the endpoint charged at most that.
    """
    if price.free:
        return Decimal(0)
    if usage.prompt is None or usage.output is None or price.fresh is None or price.output is None:
        return None
    cached = usage.cached or 0
    if cached and price.cached is None:
        return None
    fresh = usage.prompt - cached
    return (fresh * price.fresh + cached * (price.cached or Decimal(0)) + usage.output * price.output) / MILLION


class Totals(BaseModel):
    """Sums over the calls to one model; tokens over the calls that said, `unknown` counts those that did not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int = 0
    kept: int = 0
    """Of `calls`, those whose answer was acted on."""
    fresh: int = 0
    """Input tokens billed in full."""
    cached: int = 0
    """Input tokens served from the endpoint's cache."""
    output: int = 0
    """Output tokens, reasoning included."""
    unknown: int = 0
    """Calls whose prompt or output tokens are not known."""
    said_cached: int = 0
    """Prompt tokens of the calls that said how many of them were cached."""
    known_cost: Decimal = Decimal(0)
    """Rupees of the calls whose cost is known."""
    unpriced: int = 0
    """Calls whose cost is not known."""
    estimated: bool = False
    """Whether any token count was our own estimate."""

    @property
    def cost(self) -> Decimal | None:
        """Rupees of all calls; None where any is unknown (then `known_cost` is the least it was)."""
        return None if self.unpriced else self.known_cost

    @property
    def cached_share(self) -> float | None:
        """Share of prompt tokens served from cache, over the calls that said; None where none did."""
        return self.cached / self.said_cached if self.said_cached else None


class Ledger(BaseModel):
    """What the session has used and cost, per tier; immutable, `add` gives the next one.

    The single-model figures are estimates: the kept calls' tokens, with the cached share as observed, at that
    model's price. Another model would have written other tokens and kept another cache.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tiers: dict[str, Totals] = {}
    kept_weak_only: Totals = Totals()
    kept_strong_only: Totals = Totals()

    def add(self, tier: str, usage: Usage, cost: Decimal | None, *, kept: bool, weak: Price, strong: Price) -> Ledger:
        """This ledger with one more call; `cost` in rupees, None unknown; `weak` and `strong` priced for `only`."""
        tiers = {**self.tiers, tier: _added(self.totals(tier), usage, cost, kept)}
        if not kept:
            return self.model_copy(update={"tiers": tiers})
        return Ledger(
            tiers=tiers,
            kept_weak_only=_added(self.kept_weak_only, usage, _cost(usage, weak), True),
            kept_strong_only=_added(self.kept_strong_only, usage, _cost(usage, strong), True),
        )

    def totals(self, tier: str | None = None) -> Totals:
        """One tier's sums, or all tiers' together."""
        if tier is not None:
            return self.tiers.get(tier, Totals())
        return _sum(self.tiers.values())

    @property
    def cost(self) -> Decimal | None:
        """Rupees of everything, discarded answers included; None where any is unknown."""
        return self.totals().cost

    @property
    def known_cost(self) -> Decimal:
        """Rupees of the calls whose cost is known."""
        return self.totals().known_cost

    def only(self, tier: str) -> Decimal | None:
        """Rupees the kept calls would have cost on that model alone (an estimate); None where any is unknown."""
        return (self.kept_weak_only if tier == "weak" else self.kept_strong_only).cost

    @property
    def saved(self) -> Decimal | None:
        """Rupees saved against the strong model alone (an estimate, negative where routing cost more)."""
        alone, spent = self.only("strong"), self.cost
        return None if alone is None or spent is None else alone - spent

    @property
    def kept_calls(self) -> int:
        """Calls that were acted on, one a turn: the rate's denominator."""
        return self.totals().kept

    @property
    def escalation_rate(self) -> float | None:
        """Share of kept calls that the strong model answered; None before the first."""
        return self.totals("strong").kept / self.kept_calls if self.kept_calls else None


_cost = cost


def _added(totals: Totals, usage: Usage, rupees: Decimal | None, kept: bool) -> Totals:
    known = usage.prompt is not None and usage.output is not None
    said = usage.prompt if usage.cached is not None else None
    return Totals(
        calls=totals.calls + 1,
        kept=totals.kept + kept,
        fresh=totals.fresh + (usage.prompt or 0) - ((usage.cached or 0) if usage.prompt is not None else 0),
        cached=totals.cached + ((usage.cached or 0) if usage.prompt is not None else 0),
        output=totals.output + (usage.output or 0),
        unknown=totals.unknown + (not known),
        said_cached=totals.said_cached + (said or 0),
        known_cost=totals.known_cost + (rupees or Decimal(0)),
        unpriced=totals.unpriced + (rupees is None),
        estimated=totals.estimated or usage.estimated,
    )


def _sum(parts: Iterable[Totals]) -> Totals:
    total = Totals()
    for part in parts:
        values = {
            name: getattr(total, name) + getattr(part, name) for name in Totals.model_fields if name != "estimated"
        }
        total = Totals(**values, estimated=total.estimated or part.estimated)
    return total
