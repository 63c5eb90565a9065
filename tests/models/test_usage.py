"""What was used, what it cost, what one model alone would have cost, and how tokens are estimated."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pier_tui.models.cards import ModelCard
from pier_tui.models.tokens import Correction, count
from pier_tui.models.usage import Ledger, Price, Split, Usage, cost, saved_by_caching, split

WEAK = Price(fresh=Decimal("2.5"), cached=Decimal("1.5"), output=Decimal(10))
STRONG = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))
USAGE = Usage(prompt=1_000_000, cached=400_000, output=100_000)


def booked(ledger: Ledger, tier: str, usage: Usage = USAGE, kept: bool = True) -> Ledger:
    price = WEAK if tier == "weak" else STRONG
    alone = {"weak": cost(usage, WEAK), "strong": cost(usage, STRONG)}
    return ledger.add(tier, usage, cost(usage, price), kept=kept, price=price, alone=alone)


def test_the_ledger_sums_tokens_and_rupees_per_model() -> None:
    ledger = booked(booked(Ledger(), "weak"), "strong")
    weak = ledger.totals("weak")
    assert (weak.calls, weak.fresh, weak.cached, weak.output) == (1, 600_000, 400_000, 100_000)
    assert (weak.cost, ledger.totals("strong").cost) == (Decimal("3.1"), Decimal(5))
    assert ledger.cost == ledger.known_cost == Decimal("8.1")
    assert ledger.totals().cached_share == pytest.approx(0.4)


def test_what_one_model_alone_would_have_cost_counts_kept_calls_only() -> None:
    ledger = booked(booked(booked(Ledger(), "weak", kept=False), "strong"), "weak")
    assert (ledger.only("weak"), ledger.only("strong")) == (Decimal("6.2"), Decimal(10))
    assert ledger.saved_by_routing == Decimal(10) - Decimal("11.2")
    assert (ledger.kept_calls, ledger.escalation_rate) == (2, 0.5)


def test_an_unknown_cost_makes_the_sum_unknown_and_keeps_the_known_part() -> None:
    ledger = booked(booked(Ledger(), "weak"), "weak", Usage())
    assert (ledger.cost, ledger.known_cost, ledger.totals("weak").unknown) == (None, Decimal("3.1"), 1)
    assert ledger.only("strong") is None
    assert ledger.saved_by_routing is None


def test_a_cost_is_split_into_fresh_cached_and_output() -> None:
    parts = split(USAGE, STRONG)
    assert parts == Split(fresh=Decimal("2.4"), cached=Decimal("1.0"), output=Decimal("1.6"))
    assert parts.total == cost(USAGE, STRONG) == Decimal(5)
    assert split(Usage(prompt=1000, output=10), STRONG) == Split(fresh=Decimal("0.004"), output=Decimal("0.00016"))
    assert split(USAGE, Price(fresh=Decimal(4), output=Decimal(16))) is None
    assert split(Usage(prompt=1000), STRONG) is None


def test_caching_saves_the_cached_tokens_at_the_difference_of_the_prices() -> None:
    assert saved_by_caching(USAGE, WEAK) == Decimal("0.4")
    assert saved_by_caching(USAGE, STRONG) == Decimal("0.6")
    assert saved_by_caching(Usage(prompt=10, output=1), STRONG) is None
    assert saved_by_caching(USAGE, Price()) is None
    ledger = booked(booked(Ledger(), "weak"), "strong", Usage(prompt=10, output=1))
    assert (ledger.saved_by_caching, ledger.totals().unsaid) == (Decimal("0.4"), 1)
    assert booked(Ledger(), "weak", Usage(prompt=10, output=1)).saved_by_caching is None


def test_a_cached_share_nobody_reported_is_unknown_and_not_zero() -> None:
    ledger = booked(Ledger(), "weak", Usage(prompt=10, output=1))
    assert ledger.totals("weak").cached_share is None
    assert Ledger().escalation_rate is None
    assert Ledger().cost == 0


def test_a_ledger_is_never_changed_in_place() -> None:
    empty = Ledger()
    booked(empty, "weak")
    assert empty == Ledger()


@pytest.mark.parametrize(
    ("text", "per_token"),
    [
        ("def f(x): return {'a': [x[0], x[1]]}\n" * 40, 2.95),
        ("The quick brown fox jumps over the lazy dog and goes home to sleep " * 20, 5.04),
        ("नमस्तेदुनिया" * 50, 3.88),
        ("வணக்கம்உலகம்" * 50, 4.22),
    ],
)
def test_tokens_follow_the_measured_characters_per_token_of_each_script(text: str, per_token: float) -> None:
    assert count(text) == pytest.approx(len(text) / per_token, rel=0.02)


def test_a_latin_vocabulary_cuts_indic_text_finer() -> None:
    card = ModelCard(label="q", id="qwen2.5", window=1, output_cap=1, as_of=date(2026, 1, 1), source="test")
    assert count("नमस्ते" * 50, card) > 3 * count("नमस्ते" * 50)


def test_nothing_is_no_token_and_anything_at_least_one() -> None:
    assert (count(""), count("a"), count("😀")) == (0, 1, 1)


def test_an_estimate_is_corrected_by_what_was_reported_later_calls_weighing_more() -> None:
    assert Correction().ratio == 1
    once = Correction().add(1000, 1300)
    assert once.ratio == pytest.approx(1.3)
    # (0.8 * 1300 + 900) / (0.8 * 1000 + 1000)
    assert once.add(1000, 900).ratio == pytest.approx(1940 / 1800)
    assert once.add(0, 5) == once
    assert (Correction().add(10, 1000).ratio, Correction().add(1000, 10).ratio) == (2.0, 0.5)
