"""Prompts and bills: renders each call's prompt, remembers what every model was sent, and books what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pier_tui.agent.harness import Harness
from pier_tui.backbone.alone import Alone, Asked
from pier_tui.backbone.drift import said
from pier_tui.backbone.handoff import complete
from pier_tui.backbone.prefix import RESULT_LIMIT, Prefix, Segment, SegmentName, Tail, render
from pier_tui.backbone.prefix_cache import PrefixCache, SwitchPrice
from pier_tui.backbone.state import Backbone
from pier_tui.errors import WindowExceeded
from pier_tui.events import CallFinished, PromptWarmed
from pier_tui.models.cards import ModelCard
from pier_tui.models.client import ModelClient
from pier_tui.models.messages import Tier
from pier_tui.models.tokens import count
from pier_tui.models.usage import Ledger, Price, Usage, cost
from pier_tui.router.bills import Prepared
from pier_tui.router.strategy import Call, Reading

OWN_TURN = "This turn is yours; do not hand over."
TYPICAL = 300
"""Output tokens of a typical turn of an agent."""
SPOKEN = 600
"""Tokens of an answer that may only speak: a plan or a few verdicts."""

SHORTEST_ANSWER = 256
"""Tokens an answer needs at least."""
RESULT_SHARE, CHARACTERS = 4, 3
"""One tool result takes at most this part of a prompt, at so many characters a token, which code has at least."""
WARM_UP = "warm-up"
"""The ledger's line for prompts that were read ahead."""
UNSAVED = Price(fresh=Decimal(0), cached=Decimal(0), output=Decimal(0))
"""What a warm-up found cached saved nothing: nobody else would have made the call."""
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


@dataclass(frozen=True)
class _Made:
    """A call that is not finished, and the state its prompt was rendered from."""

    call: Call
    asked: Asked
    backbone: Backbone
    tail: Tail


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
        self._alone = {tier: Alone(tier, clients[tier].card, self.caches[tier], clock) for tier in clients}
        self._made: list[_Made] = []
        self._alarms: list[str] = []
        self.ledger = Ledger()
        self.spent = Decimal(0)
        self.backbone = Backbone()
        self.tail = Tail()

    def prefix(self, tier: Tier, **asked: str) -> Prefix:
        """The prompt this tier would be sent now; `asked` are fields of its tail."""
        return self._rendered(tier, self.backbone, self.tail.model_copy(update=asked))

    def _rendered(self, tier: Tier, backbone: Backbone, tail: Tail) -> Prefix:
        chosen = self.harnesses[tier]
        changes = {} if tier == "strong" else {"pages": ""}
        return render(backbone, tier, chosen.prompt, chosen.tools, tail.model_copy(update=changes))

    def spare(self, tier: Tier) -> int:
        """Tokens this tier's prompt may still have, pages left out; below 0 where it is too long without them."""
        tail = self.tail.model_copy(update={"pages": ""})
        chosen = self.harnesses[tier]
        tokens = render(self.backbone, tier, chosen.prompt, chosen.tools, tail).tokens
        return chosen.room(self.clients[tier].card) - tokens

    def result_limit(self, only: Tier | None = None) -> int:
        """Characters of one tool result that leave most of every model's window to the rest of its prompt."""
        tiers = (only,) if only else tuple(self.clients)
        room = min(self.harnesses[tier].room(self.clients[tier].card) for tier in tiers)
        return min(RESULT_LIMIT, room // RESULT_SHARE * CHARACTERS)

    def prepare(self, call: Call) -> Prepared:
        """Render a call's prompt and open its stream. Raises WindowExceeded where no answer would fit behind it."""
        handoff = complete(call.handoff, self.backbone)
        asked = {"handoff": handoff, "question": call.question} | ({"ask": OWN_TURN} if call.own else {})
        prefix = self.prefix(call.tier, **asked)
        client, cache = self.clients[call.tier], self.caches[call.tier]
        tokens = cache.tokens(prefix)
        if tokens + SHORTEST_ANSWER > client.card.window:
            raise WindowExceeded(too_long(prefix, client.card))
        request = self.harnesses[call.tier].request(prefix.messages, client.card, tokens)
        if not call.tools:
            # The tools stay in the prompt, which is cached with them; the model is only told not to call any.
            request = request.model_copy(update={"tool_choice": "none", "max_tokens": min(request.max_tokens, SPOKEN)})
        broken = cache.first_break(prefix)
        predicted = cache.sent(prefix)
        self._made.append(_Made(call, Asked(call.tier, tokens, predicted), self.backbone, self.tail))
        return Prepared(
            card=client.card,
            pieces=client.stream(request),
            segments=tuple(
                Segment(name=s.name, tokens=cache.corrected(s.tokens), digest=s.digest) for s in prefix.segments
            ),
            predicted_cached=predicted,
            prompt_tokens=tokens,
            handoff=handoff,
            cache_break=broken,
            token_ratio=cache.correction.ratio,
            harness=self.harnesses[call.tier].label,
        )

    def finished(self, call: Call, usage: Usage, kept: bool) -> tuple[Decimal | None, dict[str, Decimal | None]]:
        """Book a call; its cost in rupees, and what it would have cost elsewhere, at the compared prices.

        For a kept call that is each model doing every turn alone, with the cache it would have had; for a
        discarded one, which nobody alone would have made, the same tokens.
        """
        price = self.clients[call.tier].card.price
        charged = cost(usage, price)
        made = next((m for m in self._made if m.call is call), None)
        would = self._would(made, usage, kept)
        elsewhere = {tier: cost(would[tier], self.rates.compared[tier]) for tier in self.rates.compared}
        prompt, predicted = None if usage.estimated else usage.prompt, made.asked.predicted if made else None
        self._alarms += self.caches[call.tier].billed(said(usage), prompt, predicted)
        self._enter(call.tier, usage, charged, kept, price, elsewhere)
        return charged, {self.rates.labels[tier]: amount for tier, amount in elsewhere.items()}

    def _would(self, made: _Made | None, usage: Usage, kept: bool) -> Mapping[Tier, Usage]:
        """The usage of a call on each model alone."""
        if made is not None:
            self._made.remove(made)
        if made is None or not kept:
            return dict.fromkeys(self.rates.compared, usage)
        prompts = {tier: self._rendered(tier, made.backbone, made.tail) for tier in self._alone}
        return {tier: alone.usage(prompts[tier], made.asked, usage) for tier, alone in self._alone.items()}

    def take_alarms(self) -> tuple[str, ...]:
        """Sentences on caches that were billed below their predictions, each told once."""
        told, self._alarms = tuple(self._alarms), []
        return told

    def ahead(self, tier: Tier) -> Prepared:
        """This tier's next prompt, without what is rewritten anyway, for one token of answer. Raises WindowExceeded."""
        tail, self.tail = self.tail, Tail()
        try:
            prefix = self.prefix(tier)
        finally:
            self.tail = tail
        client, cache = self.clients[tier], self.caches[tier]
        tokens = cache.tokens(prefix)
        if tokens >= client.card.window:
            raise WindowExceeded(too_long(prefix, client.card))
        request = self.harnesses[tier].request(prefix.messages, client.card, tokens)
        return Prepared(
            card=client.card,
            pieces=client.stream(request.model_copy(update={"max_tokens": 1, "logprobs": False})),
            predicted_cached=cache.sent(prefix),
            prompt_tokens=tokens,
        )

    def warmed(self, tier: Tier, usage: Usage, predicted: int | None, *, read: bool) -> Decimal | None:
        """Book a warm-up on a line of its own; its cost in rupees. One that was not `read` whole is no longer warm."""
        charged, cache = cost(usage, self.clients[tier].card.price), self.caches[tier]
        if read:
            self._alarms += cache.billed(said(usage), None if usage.estimated else usage.prompt, predicted)
        else:
            cache.unsent(predicted)
        self._enter(WARM_UP, usage, charged, False, UNSAVED, {})
        return charged

    def restore(self, calls: Iterable[CallFinished | PromptWarmed]) -> None:
        """Enter the calls of a resumed session, at what they were charged then."""
        for call in calls:
            if isinstance(call, PromptWarmed):
                self._enter(WARM_UP, call.usage, call.cost, False, UNSAVED, {})
                continue
            would = {t: call.counterfactual.get(label) for t, label in self.rates.labels.items()}
            self._enter(call.tier, call.usage, call.cost, call.kept, call.price, would)

    def _enter(
        self,
        line: str,
        usage: Usage,
        charged: Decimal | None,
        kept: bool,
        price: Price | None,
        alone: Mapping[Tier, Decimal | None],
    ) -> None:
        self.ledger = self.ledger.add(
            line, usage, charged, kept=kept, price=price, alone={str(t): a for t, a in alone.items()}
        )
        self.spent += charged or Decimal(0)

    def count(self, text: str) -> int:
        """Tokens of a text, estimated."""
        return count(text)

    def reading(self, tier: Tier) -> Reading | None:
        """What this tier's next calls cost at its own prices: now, with what is cold, and later, when it is warm.

        A typical answer is included; estimates. None where a price is unknown.
        """
        price, prefix = self.clients[tier].card.price, self.prefix(tier)
        if price.free:
            return Reading(now=Decimal(0), later=Decimal(0))
        cached = self.caches[tier].predict(prefix)
        now, later = (
            cost(Usage(prompt=prefix.tokens, cached=warm, output=TYPICAL), price) for warm in (cached, prefix.tokens)
        )
        if now is None or later is None:
            return None
        return Reading(now=now, later=later, fresh=price.fresh or Decimal(0), reread=prefix.tokens - cached)

    def switch_price(self, tier: Tier) -> SwitchPrice:
        """What the first call of a turn on this tier would have to read anew.

        At the model's own price; where nothing is charged or nothing known, at the one compared with, and saying so.
        """
        own = self.clients[tier].card.price
        if own.fresh is not None and not own.free:
            return self.caches[tier].switch_price(self.prefix(tier), own)
        priced = self.caches[tier].switch_price(self.prefix(tier), self.rates.compared[tier])
        return priced.model_copy(update={"at": self.rates.labels[tier].partition(" at ")[2]})


def too_long(prefix: Prefix, card: ModelCard) -> str:
    """That a prompt does not fit a model's window, what fills it, and what to do."""
    longest = max(prefix.segments, key=lambda s: s.tokens)
    return (
        f"The prompt has about {prefix.tokens:,} tokens and {card.label} reads {card.window:,}; most of it, "
        f"{longest.tokens:,}, is {longest.name}: {WAYS_OUT[longest.name]}."
    )
