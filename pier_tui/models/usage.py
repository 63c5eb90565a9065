"""Tokens and rupees: what a call used, what that costs, and what the session has cost so far.

Numbers say what they include: `cached` is part of `prompt`, `reasoning` is part of `output`.
Unknown is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    drafted: int | None = None
    """Tokens a speculating server guessed ahead; None when it did not say."""
    accepted: int | None = None
    """Of `drafted`, those that turned out right and so are part of `output`; None when it did not say."""
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


class Split(BaseModel):
    """Rupees of one call, or of several: input billed in full, input from the cache, output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh: Decimal = Decimal(0)
    cached: Decimal = Decimal(0)
    output: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """All three together."""
        return self.fresh + self.cached + self.output

    def __add__(self, other: Split) -> Split:
        return Split(
            fresh=self.fresh + other.fresh, cached=self.cached + other.cached, output=self.output + other.output
        )


def split(usage: Usage, price: Price) -> Split | None:
    """Rupees for one call by what they were for, or None where a token count or the price is unknown.

    Unknown `cached` is billed as fresh: the endpoint charged at most that.
    """
    if price.free:
        return Split()
    if usage.prompt is None or usage.output is None or price.fresh is None or price.output is None:
        return None
    cached = usage.cached or 0
    if cached and price.cached is None:
        return None
    fresh = usage.prompt - cached
    return Split(
        fresh=fresh * price.fresh / MILLION,
        cached=cached * (price.cached or Decimal(0)) / MILLION,
        output=usage.output * price.output / MILLION,
    )


def cost(usage: Usage, price: Price) -> Decimal | None:
    """Rupees for one call, or None where a token count or the price is unknown."""
    parts = split(usage, price)
    return None if parts is None else parts.total


def saved_by_caching(usage: Usage, price: Price) -> Decimal | None:
    """Rupees the endpoint's cache saved on one call: cached tokens times (fresh - cached price). None: unknown."""
    if price.free:
        return Decimal(0)
    if usage.cached is None or price.fresh is None or price.cached is None:
        return None
    return usage.cached * (price.fresh - price.cached) / MILLION


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
    known_saved: Decimal = Decimal(0)
    """Rupees the endpoint's cache saved on the calls of which that is known."""
    unsaid: int = 0
    """Calls of which it is not: the endpoint did not say what was cached, or the price is unknown."""
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

    `alone` holds rupees, by tier, that the kept turns would have cost on that model alone: an estimate, from calls
    whose prompt cache was simulated as if there had been no other model (`backbone.alone`). None: unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tiers: dict[str, Totals] = {}
    alone: dict[str, Decimal | None] = {}

    def add(
        self,
        tier: str,
        usage: Usage,
        cost: Decimal | None,
        *,
        kept: bool,
        price: Price | None = None,
        alone: Mapping[str, Decimal | None] | None = None,
    ) -> Ledger:
        """This ledger with one more call; `cost` in rupees, None unknown; `price` is what the endpoint charges.

        `alone`: what the call would have cost on each model by itself, where it was kept.
        """
        saved = saved_by_caching(usage, price) if price is not None else None
        tiers = {**self.tiers, tier: _added(self.totals(tier), usage, cost, kept, saved)}
        if not kept:
            return self.model_copy(update={"tiers": tiers})
        sums = {t: _plus(self.alone.get(t, Decimal(0)), amount) for t, amount in (alone or {}).items()}
        return Ledger(tiers=tiers, alone={**self.alone, **sums})

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
        """Rupees the kept turns would have cost on that model alone (an estimate); None where any is unknown."""
        return self.alone.get(tier, Decimal(0) if not self.kept_calls else None)

    @property
    def saved_by_routing(self) -> Decimal | None:
        """Rupees saved against the strong model alone (an estimate, negative where routing cost more).

        What moving between the models re-read, and what discarded answers cost, is in it.
        """
        alone, spent = self.only("strong"), self.cost
        return None if alone is None or spent is None else alone - spent

    @property
    def saved_by_caching(self) -> Decimal | None:
        """Rupees the endpoints' caches saved, as billed; None where no call is known to have saved or not."""
        totals = self.totals()
        return totals.known_saved if totals.calls > totals.unsaid else None

    @property
    def kept_calls(self) -> int:
        """Calls that were acted on, one a turn: the rate's denominator."""
        return self.totals().kept

    @property
    def escalation_rate(self) -> float | None:
        """Share of kept calls that the strong model answered; None before the first."""
        return self.totals("strong").kept / self.kept_calls if self.kept_calls else None


def _plus(total: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if total is None or more is None else total + more


def _added(totals: Totals, usage: Usage, rupees: Decimal | None, kept: bool, saved: Decimal | None) -> Totals:
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
        known_saved=totals.known_saved + (saved or Decimal(0)),
        unsaid=totals.unsaid + (saved is None),
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
