"""The session's money in words: split by what it was for, and what caching and routing saved, each by itself."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    CallFinished,
    RouteDecided,
    TryKept,
    TurnStarted,
    WentBack,
)
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Price, Usage, cost
from pier_tui.ui.figures import figures, next_turn, savings
from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.story import Story

WEAK = Price(fresh=Decimal("2.5"), cached=Decimal("1.5"), output=Decimal(10))
STRONG = Price(fresh=Decimal(4), cached=Decimal("2.5"), output=Decimal(16))
FREE = Price(fresh=Decimal(0), cached=Decimal(0), output=Decimal(0))


def call(number: int, tier: Tier, usage: Usage, price: Price | None = None, **more: Any) -> CallFinished:
    price = price or (WEAK if tier == "weak" else STRONG)
    fields = {"decision": f"d{number}", "call": 1, "tier": tier, "model": tier, "turn": number, "seconds": 2.0}
    fields |= {"usage": usage, "cost": cost(usage, price), "price": price, "predicted_cached": usage.cached}
    fields |= {"counterfactual": {"105B": Decimal("0.0100"), "30B": Decimal("0.0040")}}
    return CallFinished.model_validate({**fields, **more})


def told(*calls: CallFinished) -> Story:
    story = Story()
    story.add_all(calls)
    return story


def text(story: Story) -> str:
    return CostsScreen(story).text(100).plain


def test_rupees_are_split_by_what_they_were_for() -> None:
    story = told(call(1, "weak", Usage(prompt=10_000, cached=4_000, output=500)))
    weak = story.models["weak"].parts
    assert (weak.fresh, weak.cached, weak.output) == (Decimal("0.015"), Decimal("0.006"), Decimal("0.005"))
    assert "30B    ₹0.0150  ₹0.0060  ₹0.0050   ₹0.0260" in text(story)


def test_saving_by_caching_and_by_routing_are_two_lines() -> None:
    story = told(
        call(1, "weak", Usage(prompt=1_000, cached=0, output=10)),
        call(2, "strong", Usage(prompt=2_000, cached=1_000, output=10)),
    )
    caching, routing = savings(story)
    # 1000 cached tokens at 4 - 2.5 rupees a million.
    assert caching == "by caching: ₹0.0015, on 1,000 cached tokens"
    spent = Decimal("0.0026") + Decimal("0.00666")
    assert story.saved == Decimal("0.02") - spent
    assert routing == "by routing: ~₹0.01 against the 105B alone, with its cache at a price ratio r of 0.40"


def test_calls_that_did_not_say_are_unknown_and_not_nothing() -> None:
    silent = call(1, "weak", Usage(prompt=1_000, output=10))
    assert savings(told(silent))[0] == "by caching: ? (no endpoint said what it had cached)"
    both = told(silent, call(2, "weak", Usage(prompt=1_000, cached=500, output=10)))
    assert savings(both)[0] == "by caching: ₹0.0005 + ? for 1 call that did not say, on 500 cached tokens"
    unpriced = told(call(1, "strong", Usage(prompt=10, cached=5, output=1), cost=None, counterfactual={}))
    assert savings(unpriced)[1].startswith("by routing: ?")
    assert "?" in text(unpriced)


def test_a_price_that_does_not_give_the_cost_splits_nothing() -> None:
    story = told(call(1, "weak", Usage(prompt=10, cached=5, output=1), cost=Decimal(1)))
    assert (story.models["weak"].unsplit, story.saved_by_caching) == (1, None)


def test_where_both_models_cost_the_same_routing_buys_time_and_the_times_are_told() -> None:
    story = told(
        call(1, "weak", Usage(prompt=10, cached=0, output=1), STRONG, seconds=1.2),
        call(2, "strong", Usage(prompt=10, cached=0, output=1), seconds=30.4),
    )
    assert savings(story)[1] == (
        "by routing: time, not rupees, since both models cost the same; a call takes 30B 1.2 s, 105B 30 s"
    )


def test_the_status_line_says_times_where_the_price_is_the_same_and_the_price_ratio_beside_a_saving() -> None:
    same = told(
        call(1, "weak", Usage(prompt=10, cached=0, output=1), STRONG, seconds=1.2),
        call(2, "strong", Usage(prompt=10, cached=0, output=1), seconds=30.4),
    )
    assert "same price, a call 30B 1.2 s 105B 30 s" in figures(same, {})
    assert "saved ~₹0.0074 (r 0.40)" in figures(told(call(1, "weak", Usage(prompt=1_000, cached=0, output=10))), {})


def turns(*tiers: Tier, first: int = 1, route: str = "self-route") -> list[AnyEvent]:
    found: list[AnyEvent] = []
    for number, tier in enumerate(tiers, first):
        fields: dict[str, Any] = {"turn": number, "request": 1}
        decided = {"decision": f"d{number}", "call": 1, "tier": tier, "model": tier, "strategy": "x", "route": route}
        found.append(TurnStarted(**fields))
        found.append(RouteDecided(**decided, **fields))
        found.append(AnswerCompleted(tier=tier, text="so", **fields))
    return found


def test_turns_set_aside_or_forced_do_not_count_as_escalated() -> None:
    story = Story()
    story.add_all(turns("weak", "weak", "weak", "strong"))
    assert story.escalation_rate == 0.25
    story.add(WentBack(to=4, again=5, tier="weak"))
    story.add_all(turns("weak", first=5, route="forced"))
    assert story.escalation_rate == 0.0
    assert [turn.number for turn in story.standing] == [1, 2, 3, 5]
    story.add(TryKept(again=5, kept="first"))
    assert story.escalation_rate == 0.25
    story.add(WentBack(to=1))
    assert story.escalation_rate is None


def test_a_turn_done_twice_counts_once_in_what_one_model_alone_would_have_cost() -> None:
    story, usage = Story(), Usage(prompt=1_000, cached=0, output=10)
    dear = {"105B": Decimal("0.03"), "30B": None}
    story.add_all([*turns("weak"), call(1, "weak", usage), WentBack(to=1, again=2, tier="strong")])
    assert story.saved == -story.cost
    story.add_all([*turns("strong", first=2), call(2, "strong", usage, counterfactual=dear)])
    assert (story.saved, story.ratio) == (Decimal("0.03") - story.cost, None)
    story.add(TryKept(again=2, kept="first"))
    assert (story.saved, story.ratio) == (Decimal("0.01") - story.cost, Decimal("0.4"))


def test_free_models_are_told_as_free_and_not_as_no_rupees() -> None:
    story = told(call(1, "weak", Usage(prompt=10, cached=5, output=1), FREE))
    assert savings(story)[0] == "by caching: nothing was charged; 5 tokens were not read again"
    assert "Rupees per model" not in text(story)
    assert re.search(r"as it was +free", text(story))


def test_the_price_of_a_switch_says_free_unknown_or_rupees() -> None:
    def words(**fields: Any) -> str:
        return next_turn("105B", "once", SwitchPrice(**{"reread_tokens": 12_000, "cost": Decimal("0.048"), **fields}))

    assert words() == "next turn: 105B (once) · re-reads ~12k tokens ~₹0.05"
    assert words(cost=None) == "next turn: 105B (once) · re-reads ~12k tokens ?"
    assert words(free=True, at="sarvam-2026-06").endswith("~12k tokens free (~₹0.05 at sarvam-2026-06)")
    assert words(at="sarvam-2026-06").endswith("~12k tokens ₹ ? (~₹0.05 at sarvam-2026-06)")
    assert words(cost=Decimal(0), free=True).endswith("~12k tokens free")
    assert words(cost=Decimal(0), reread_tokens=0).endswith("re-reads nothing")


def test_a_cache_that_is_billed_below_its_predictions_is_told_in_words() -> None:
    usage = Usage(prompt=10_000, cached=3_000, output=1)
    story = told(*(call(n, "weak", usage, predicted_cached=9_000) for n in range(1, 6)))
    assert "30B billed 15,000 cached tokens of 45,000 predicted over 5 calls (k = 0.33)" in text(story)
    refused = (call(n, "weak", Usage(prompt=0, cached=0, output=0), predicted_cached=9_000) for n in range(5))
    assert "billed 0 cached" not in text(told(*refused)), "a call that was refused was never read"
    assert "k = 0.33" not in text(told(*(call(n, "weak", usage, predicted_cached=9_000) for n in range(1, 5))))
