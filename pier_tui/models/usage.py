"""Tokens and rupees: what a call used, what that costs, and what the session has cost so far.

Numbers say what they include: `cached` is part of `prompt`, `reasoning` is part of `output`.
Unknown is None, never 0.
"""

from __future__ import annotations

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
