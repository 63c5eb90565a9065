"""Prompts and bills: renders each call's prompt, remembers what every model was sent, and books what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pier_tui.agent.harness import Harness
from pier_tui.backbone.handoff import complete
from pier_tui.backbone.prefix import Prefix, SegmentName, Tail, render
from pier_tui.backbone.prefix_cache import PrefixCache, SwitchPrice
from pier_tui.backbone.state import Backbone
from pier_tui.errors import WindowExceeded
from pier_tui.events import CallFinished, Segment
from pier_tui.models.cards import ModelCard
from pier_tui.models.client import ModelClient
from pier_tui.models.messages import Tier
from pier_tui.models.tokens import count
from pier_tui.models.usage import Ledger, Price, Usage, cost
from pier_tui.router.drive import Prepared
from pier_tui.router.strategy import Call

SHORTEST_ANSWER = 256
"""Tokens an answer needs at least."""
WAYS_OUT: dict[SegmentName, str] = {
    "harness": "choose a model with a larger window, or shorten the prompt in your prompts folder",
    "tools": "choose a model with a larger window, or offer it fewer tools in your prompts folder",
    "repository": "shorten AGENTS.md",
    "snapshot": "remove or unpin items of the backbone",
    "deltas": "start a new session, or ask for smaller ranges and shorter output",
    "pages": "set page_tokens lower",
    "now": "remove or unpin items of the backbone",
}
"""What to do about a prompt that is too long, by its longest segment."""


@dataclass(frozen=True)
class Rates:
    """Prices per tier that the session's tokens are compared with, and how each is named on the screen.

    What is charged comes from the client's own card, which changes when an endpoint retires a model.
    """

    compared: Mapping[Tier, Price]
    labels: Mapping[Tier, str]


class Books:
    """Implements `router.drive.Caller` for the agent; `backbone` and `tail` are read when a call is made."""

    def __init__(
        self,
        clients: Mapping[Tier, ModelClient],
        harnesses: Mapping[Tier, Harness],
        rates: Rates,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clients, self.harnesses, self.rates = clients, harnesses, rates
        self.caches = {tier: PrefixCache(clients[tier].card, clock) for tier in clients}
        self.ledger = Ledger()
        self.spent = Decimal(0)
        self.backbone = Backbone()
        self.tail = Tail()

    def prefix(self, tier: Tier, handoff: str = "") -> Prefix:
        """The prompt this tier would be sent now."""
        chosen = self.harnesses[tier]
        changes = {"handoff": handoff} if tier == "strong" else {"handoff": handoff, "pages": ""}
        tail = self.tail.model_copy(update=changes)
        return render(self.backbone, tier, chosen.prompt, chosen.tools, tail)

    def spare(self, tier: Tier) -> int:
        """Tokens this tier's prompt may still have, pages left out; below 0 where it is too long without them."""
        tail = self.tail.model_copy(update={"pages": ""})
        chosen = self.harnesses[tier]
        tokens = render(self.backbone, tier, chosen.prompt, chosen.tools, tail).tokens
        return chosen.room(self.clients[tier].card) - tokens

    def prepare(self, call: Call) -> Prepared:
        """Render a call's prompt and open its stream. Raises WindowExceeded where no answer would fit behind it."""
        handoff = complete(call.handoff, self.backbone)
        prefix = self.prefix(call.tier, handoff)
        client, cache = self.clients[call.tier], self.caches[call.tier]
        tokens = sum(s.tokens for s in prefix.segments)
        if tokens + SHORTEST_ANSWER > client.card.window:
            raise WindowExceeded(too_long(prefix, client.card))
        request = self.harnesses[call.tier].request(prefix.messages, client.card, tokens)
        broken = cache.first_break(prefix)
        predicted = cache.sent(prefix)
        return Prepared(
            card=client.card,
            pieces=client.stream(request),
            segments=tuple(Segment(name=s.name, tokens=s.tokens, digest=s.digest) for s in prefix.segments),
            predicted_cached=predicted,
            prompt_tokens=tokens,
            handoff=handoff,
            cache_break=broken,
            harness=self.harnesses[call.tier].label,
        )

    def finished(self, call: Call, usage: Usage, kept: bool) -> tuple[Decimal | None, dict[str, Decimal | None]]:
        """Book a call; its cost in rupees, and what the same tokens would have cost at the compared prices."""
        charged = cost(usage, self.clients[call.tier].card.price)
        self.caches[call.tier].billed(usage.cached)
        self._enter(call.tier, usage, charged, kept)
        elsewhere = {self.rates.labels[t]: cost(usage, self.rates.compared[t]) for t in self.rates.compared}
        return charged, elsewhere

    def restore(self, calls: Iterable[CallFinished]) -> None:
        """Enter the calls of a resumed session, at what they were charged then."""
        for call in calls:
            self._enter(call.tier, call.usage, call.cost, call.kept)

    def _enter(self, tier: Tier, usage: Usage, charged: Decimal | None, kept: bool) -> None:
        weak, strong = self.rates.compared["weak"], self.rates.compared["strong"]
        self.ledger = self.ledger.add(tier, usage, charged, kept=kept, weak=weak, strong=strong)
        self.spent += charged or Decimal(0)

    def count(self, text: str) -> int:
        """Tokens of a text, estimated."""
        return count(text)

    def switch_price(self, tier: Tier) -> SwitchPrice:
        """What the first call of a turn on this tier would have to read anew."""
        return self.caches[tier].switch_price(self.prefix(tier), self.rates.compared[tier])


def too_long(prefix: Prefix, card: ModelCard) -> str:
    """That a prompt does not fit a model's window, what fills it, and what to do."""
    longest = max(prefix.segments, key=lambda s: s.tokens)
    return (
        f"The prompt has about {prefix.tokens:,} tokens and {card.label} reads {card.window:,}; most of it, "
        f"{longest.tokens:,}, is {longest.name}: {WAYS_OUT[longest.name]}."
    )
