"""What a turn would have cost had one model done every turn: that model's own prompts, and the cache it would have had.

A model that is called now and then finds its cache cold; one that does everything does not. So each model gets a
second, simulated cache that is sent every kept turn, whoever answered it in truth. Its prompt and its cache are
estimates, the tokens written are those that were written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pier_tui.backbone.drift import ENOUGH
from pier_tui.backbone.prefix import Prefix
from pier_tui.backbone.prefix_cache import PrefixCache
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Usage


@dataclass(frozen=True)
class Asked:
    """A call as it was made: its prompt's tokens and what was expected of them in the cache (both estimated)."""

    tier: Tier
    tokens: int
    predicted: int


class Alone:
    """One model's session without the other. `real` is the cache it has in truth, whose bills correct the estimates."""

    def __init__(self, tier: Tier, card: ModelCard, real: PrefixCache, clock: Callable[[], float]) -> None:
        self._tier, self._real = tier, real
        self._cache = PrefixCache(card, clock)

    def usage(self, prefix: Prefix, asked: Asked, billed: Usage) -> Usage:
        """What this model would have been billed for a kept call, given its own prompt for that turn."""
        self._cache.correction = self._real.correction
        tokens, predicted = self._cache.tokens(prefix), self._cache.sent(prefix)
        if billed.prompt is None:
            return billed
        prompt = round(billed.prompt * tokens / asked.tokens) if asked.tokens else billed.prompt
        cached = None if billed.cached is None else self._cached(predicted, tokens, asked, billed.cached)
        if cached is not None:
            cached = min(max(cached, 0), prompt)
        return Usage(prompt=prompt, cached=cached, output=billed.output, estimated=True)

    def _cached(self, predicted: int, tokens: int, asked: Asked, billed: int) -> int:
        """The bill shifted by what its cache would have held more or less; for the other model a prediction times k."""
        if asked.tier == self._tier:
            return billed + predicted - asked.predicted
        drift = self._real.drift
        k = min(drift.ratio or 0.0, 1.0) if drift.calls >= ENOUGH and drift.predicted else 1.0
        return round(predicted * k)
