from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.prefix import Piece, Prefix, PrefixSegment, Tail, append, render
from pier_tui.backbone.prefix_cache import PrefixCache, reusable
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
    place, was, now = broken.splitlines()
    assert re.fullmatch(r"repository changed ~\d+ tokens in, at byte 820: the repository card was written anew", place)
    assert was.startswith("was 'tree tree tree")
    assert now == "now 'other\\n</repository>'"
    assert cache.first_break(prompt("hello", "more", budget="7")) == ""
    assert "deltas changed" in cache.first_break(prompt("bye"))
    clock.now = CARD.cache_ttl + 1
    assert cache.first_break(prompt("hello")).startswith("cold: the last call was 301 s ago")


def test_billed_tokens_are_summed_and_silence_is_unknown_not_zero() -> None:
    cache = PrefixCache(CARD, Clock())
    for cached in (None, 320, None):
        cache.sent(prompt("same"))
        cache.billed(cached)
    drift = cache.drift
    assert (drift.calls, drift.billed, drift.silent) == (1, 320, 2)
    assert drift.predicted == cache.predict(prompt("same"))


@pytest.mark.parametrize(
    ("common", "total", "at"),
    [
        # Of 1000 shared tokens: 62 blocks of 16, 15 of 64, 7 of 128; a prompt sent again keeps all but its last token.
        (1000, 1500, {1: 1000, 16: 992, 64: 960, 128: 896}),
        (1000, 1000, {1: 999, 16: 992, 64: 960, 128: 896}),
        (1024, 1024, {1: 1023, 16: 1008, 64: 960, 128: 896}),
        (128, 4000, {1: 128, 16: 128, 64: 128, 128: 128}),
        (127, 4000, {1: 127, 16: 112, 64: 64, 128: 0}),
        (0, 4000, {1: 0, 16: 0, 64: 0, 128: 0}),
        (1, 1, {1: 0, 16: 0, 64: 0, 128: 0}),
    ],
)
def test_whole_blocks_are_reused_and_never_the_last_token(common: int, total: int, at: dict[int, int]) -> None:
    assert {block: reusable(common, total, block) for block in at} == at


@pytest.mark.parametrize(
    ("common", "block", "expected"), [(1023, 1, 0), (1024, 1, 1024), (1100, 128, 1024), (1030, 64, 1024), (1000, 16, 0)]
)
def test_a_prefix_below_the_least_the_endpoint_reuses_is_not_cached(common: int, block: int, expected: int) -> None:
    assert reusable(common, 5000, block, 1024) == expected


def sized(*sizes: tuple[str, int]) -> Prefix:
    """A prompt of pieces with these letters and token counts."""
    pieces = tuple(Piece(segment="deltas", text=letter, tokens=tokens) for letter, tokens in sizes)
    segment = PrefixSegment(name="deltas", tokens=sum(t for _, t in sizes), digest="", stable=False)
    return Prefix(tier="weak", messages=(), segments=(segment,), pieces=pieces)


def test_a_full_cache_gives_up_what_was_used_longest_ago_ends_first() -> None:
    card = CARD.model_copy(update={"cache_block": 1, "cache_tokens": 1000})
    cache = PrefixCache(card, Clock())
    first, second = sized(("a", 300), ("b", 400)), sized(("a", 300), ("c", 500))
    cache.sent(first)
    assert cache.predict(first) == 699
    cache.sent(second)
    # 800 tokens are the second's, which leaves 200 of the first's own 400.
    assert cache.predict(second) == 799
    assert cache.predict(first) == 500
    cache.sent(sized(("d", 950)))
    # 50 tokens are left, of what both begin with.
    assert (cache.predict(second), cache.predict(first)) == (50, 50)


def test_predictions_follow_what_the_endpoint_counts() -> None:
    cache = PrefixCache(CARD.model_copy(update={"cache_block": 1}), Clock())
    text = sized(("a", 1000), ("b", 10))
    cache.sent(text)
    cache.billed(0, 1212)
    assert cache.correction.ratio == pytest.approx(1.2)
    assert cache.tokens(text) == 1212
    assert cache.predict(sized(("a", 1000), ("c", 10))) == 1200
    assert cache.switch_price(sized(("a", 1000), ("c", 10))).reread_tokens == 12


def test_a_call_billed_far_below_its_prediction_soon_after_the_last_is_told() -> None:
    clock = Clock()
    cache = PrefixCache(CARD.model_copy(update={"cache_block": 1}), clock)
    asked = sized(("a", 1000))
    cache.sent(asked)
    assert cache.billed(0) == ()
    clock.now = 12
    cache.sent(asked)
    (told,) = cache.billed(400)
    assert told.startswith("30B billed 400 of 999 tokens predicted as cached, 12 s after its last call")
    for later, billed in ((12 + 59, 500), (12 + 59 + 61, 0)):
        clock.now = later
        cache.sent(asked)
        assert cache.billed(billed) == ()


def test_bills_that_stay_below_the_predictions_are_told_once() -> None:
    clock = Clock()
    cache = PrefixCache(CARD.model_copy(update={"cache_block": 1}), clock)
    asked, told = sized(("a", 1001)), []
    for _ in range(7):
        cache.sent(asked)
        told += cache.billed(0 if not clock.now else 600)
        clock.now += 30
    # The first call predicts nothing; k is 2400/4000 with the fifth and alarms there, once.
    assert len(told) == 1
    assert "30B billed 2,400 cached tokens of 4,000 predicted over 5 calls (k = 0.60)" in told[0]
    assert cache.drift.ratio == pytest.approx(0.6)


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


def test_a_bill_that_comes_late_is_booked_on_the_call_it_is_for() -> None:
    cache = PrefixCache(CARD, Clock())
    cache.sent(prompt("first"))
    warm = cache.sent(prompt("first"))
    assert warm > 0
    assert cache.billed(warm, predicted=warm) == ()
    assert cache.billed(0, predicted=0) == ()
    assert cache.drift.ratio == 1.0
