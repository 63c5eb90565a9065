"""What was used, what it cost, what one model alone would have cost, and how tokens are estimated."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pier_tui.models.cards import ModelCard
from pier_tui.models.tokens import count
from pier_tui.models.usage import Ledger, Price, Usage, cost

WEAK = Price(fresh=Decimal("2.5"), cached=Decimal("1.5"), output=Decimal(10))
STRONG = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))
USAGE = Usage(prompt=1_000_000, cached=400_000, output=100_000)


def booked(ledger: Ledger, tier: str, usage: Usage = USAGE, kept: bool = True) -> Ledger:
    price = WEAK if tier == "weak" else STRONG
    return ledger.add(tier, usage, cost(usage, price), kept=kept, weak=WEAK, strong=STRONG)


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
    assert ledger.saved == Decimal(10) - Decimal("11.2")
    assert (ledger.kept_calls, ledger.escalation_rate) == (2, 0.5)


def test_an_unknown_cost_makes_the_sum_unknown_and_keeps_the_known_part() -> None:
    ledger = booked(booked(Ledger(), "weak"), "weak", Usage())
    assert (ledger.cost, ledger.known_cost, ledger.totals("weak").unknown) == (None, Decimal("3.1"), 1)
    assert ledger.only("strong") is None
    assert ledger.saved is None


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
