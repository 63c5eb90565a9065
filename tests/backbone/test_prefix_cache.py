from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.prefix import Prefix, Tail, append, render
from pier_tui.backbone.prefix_cache import PrefixCache
from pier_tui.backbone.state import Backbone
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Message
from pier_tui.models.usage import Price

CARD = ModelCard(
    label="30B", id="m", window=65536, output_cap=4096, as_of=date(2026, 6, 1), source="test",
    price=Price(fresh=Decimal("2.5"), cached=Decimal("1.5"), output=Decimal(10)),
)  # fmt: skip


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def prompt(*said: str, card: str = "tree " * 200, budget: str = "") -> Prefix:
    state = Backbone(repo_card=card)
    for number, text in enumerate(said):
        state = append(state, number, (Message(role="user", content=text),))
    return render(state, "weak", "harness " * 100, (), Tail(budget=budget))


def test_nothing_is_cached_before_the_first_call() -> None:
    cache = PrefixCache(CARD, Clock())
    assert cache.predict(prompt()) == 0
    price = cache.switch_price(prompt())
    assert price.reread_tokens == prompt().tokens
    assert price.cost == Decimal("2.5") * price.reread_tokens / 1_000_000


def test_everything_above_the_tail_is_predicted_in_whole_blocks() -> None:
    cache = PrefixCache(CARD, Clock())
    cache.sent(prompt("a" * 400, budget="9"))
    after = prompt("a" * 400, "b" * 400, budget="8")
    predicted = cache.predict(after)
    above = sum(p.tokens for p in after.pieces[:5])
    assert predicted % 16 == 0
    assert above - 16 < predicted <= above + 16
    assert cache.switch_price(after).reread_tokens == after.tokens - predicted


def test_a_prefix_that_was_not_sent_for_long_is_cold() -> None:
    clock = Clock()
    cache = PrefixCache(CARD, clock)
    cache.sent(prompt())
    clock.now = CARD.cache_ttl + 1
    assert cache.predict(prompt()) == 0


def test_what_broke_the_prefix_is_named_with_its_place_and_why() -> None:
    clock = Clock()
    cache = PrefixCache(CARD, clock)
    assert cache.first_break(prompt("hello")) == "nothing was sent to this model yet"
    cache.sent(prompt("hello"))
    assert cache.first_break(prompt("hello")) == ""
    broken = cache.first_break(prompt("hello", card="tree other"))
    assert broken.startswith("repository changed, ~")
    assert "'tree tree tree" in broken
    assert broken.endswith("became 'other\\n</repository>'")
    assert cache.first_break(prompt("hello", "more", budget="7")) == ""
    assert "deltas changed" in cache.first_break(prompt("bye"))
    clock.now = CARD.cache_ttl + 1
    assert cache.first_break(prompt("hello")).startswith("cold: the last call was 301 s ago")


def test_billed_tokens_are_summed_and_silence_is_unknown_not_zero() -> None:
    cache = PrefixCache(CARD, Clock())
    for cached in (None, 320, None):
        cache.sent(prompt("same"))
        cache.billed(cached)
    totals = cache.totals
    assert (totals.calls, totals.billed, totals.unknown) == (3, 320, 2)
    assert totals.predicted_of_billed * 2 == totals.predicted


def test_an_unknown_price_gives_an_unknown_cost_and_a_free_model_costs_nothing() -> None:
    cache = PrefixCache(CARD.model_copy(update={"price": Price()}), Clock())
    assert cache.switch_price(prompt()).cost is None
    free = Price(fresh=Decimal(0), cached=Decimal(0), output=Decimal(0))
    assert cache.switch_price(prompt(), free).cost == 0


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_prediction_never_exceeds_the_prompt(first: str, second: str) -> None:
    cache = PrefixCache(CARD.model_copy(update={"cache_block": 1}), Clock())
    cache.sent(prompt(first, card=""))
    assert 0 <= cache.predict(prompt(second, card="")) < prompt(second, card="").tokens
    assert cache.predict(prompt(first, card="")) == prompt(first, card="").tokens - 1
