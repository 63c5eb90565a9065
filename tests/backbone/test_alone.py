"""What one model alone would have been billed, by hand-computed tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pier_tui.backbone.alone import Alone, Asked
from pier_tui.backbone.prefix import Piece, Prefix, PrefixSegment
from pier_tui.backbone.prefix_cache import PrefixCache
from pier_tui.models.cards import ModelCard
from pier_tui.models.usage import Price, Usage, cost

STRONG = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))
CARD = ModelCard(
    label="105B", id="m", window=128_000, output_cap=4096, cache_block=1, as_of=date(2026, 6, 1), source="a test",
    price=STRONG,
)  # fmt: skip


def sized(*sizes: int) -> Prefix:
    """A prompt of pieces `0`, `1`, … with these token counts; the last is the tail and never the same."""
    pieces = tuple(Piece(segment="deltas", text=str(n), tokens=size) for n, size in enumerate(sizes[:-1]))
    tail = Piece(segment="now", text=f"now {sum(sizes)}", tokens=sizes[-1])
    segment = PrefixSegment(name="deltas", tokens=sum(sizes), digest="", stable=False)
    return Prefix(tier="strong", messages=(), segments=(segment,), pieces=(*pieces, tail))


def both() -> tuple[Alone, PrefixCache]:
    real = PrefixCache(CARD, lambda: 0.0)
    return Alone("strong", CARD, real, lambda: 0.0), real


def test_a_turn_the_other_model_did_is_taken_with_the_cache_this_one_would_have_had() -> None:
    alone, _ = both()
    # Weak turns of 1000 and 1500 tokens; this model's own harness makes its prompts 100 tokens longer.
    first = alone.usage(sized(1000, 100), Asked("weak", 1000, 0), Usage(prompt=1000, cached=0, output=50))
    second = alone.usage(sized(1000, 500, 100), Asked("weak", 1500, 1000), Usage(prompt=1500, cached=990, output=20))
    assert first == Usage(prompt=1100, cached=0, output=50, estimated=True)
    assert second == Usage(prompt=1600, cached=1000, output=20, estimated=True)
    # 600 fresh at 4, 1000 cached at 2.5, 20 written at 16.
    assert cost(second, STRONG) == Decimal("0.005220")


def test_its_own_call_is_the_bill_and_what_a_warm_cache_would_have_spared() -> None:
    alone, real = both()
    alone.usage(sized(1000, 100), Asked("weak", 1000, 0), Usage(prompt=1000, output=50))
    prompt = sized(1000, 500, 100)
    asked = Asked("strong", 1600, real.sent(prompt))
    assert asked.predicted == 0
    told = alone.usage(prompt, asked, Usage(prompt=1600, cached=0, output=9))
    assert told == Usage(prompt=1600, cached=1000, output=9, estimated=True)


def test_where_one_model_did_everything_it_is_the_very_bill() -> None:
    alone, real = both()
    for prompt, billed in ((sized(1000, 100), 0), (sized(1000, 400, 100), 960), (sized(1000, 400, 9, 100), 1200)):
        usage = Usage(prompt=prompt.tokens + 7, cached=billed, output=5)
        asked = Asked("strong", real.tokens(prompt), real.sent(prompt))
        assert alone.usage(prompt, asked, usage) == usage.model_copy(update={"estimated": True})
        real.billed(billed, usage.prompt)


@pytest.mark.parametrize(("calls", "expected"), [(4, 1000), (5, 500)])
def test_predictions_are_as_good_as_they_turned_out_once_enough_is_known(calls: int, expected: int) -> None:
    alone, real = both()
    real.drift = real.drift.model_copy(update={"calls": calls, "predicted": 1000 * calls, "billed": 500 * calls})
    alone.usage(sized(1000, 100), Asked("weak", 1000, 0), Usage(prompt=1000, cached=0, output=1))
    found = alone.usage(sized(1000, 50, 100), Asked("weak", 1050, 0), Usage(prompt=1050, cached=0, output=1))
    assert found.cached == expected


def test_what_the_endpoint_did_not_say_stays_unknown() -> None:
    alone, _ = both()
    assert alone.usage(sized(10, 1), Asked("weak", 10, 0), Usage()) == Usage()
    assert alone.usage(sized(10, 1), Asked("weak", 10, 0), Usage(prompt=10, output=1)).cached is None
