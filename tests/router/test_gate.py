"""The gate: thresholds, lots and their propensities, and what is settled before any strategy."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from dry import dry, reply, turn

from pier_tui.router.gate import Settled, dearer, judge
from pier_tui.router.strategies.single import Single
from pier_tui.router.strategy import Reading


def test_without_a_lot_the_threshold_decides_and_the_propensity_is_one() -> None:
    assert not judge(turn(), 0.5).escalate
    below = judge(turn(), 0.4999)
    assert (below.escalate, below.propensity, below.explored) == (True, 1.0, False)


@pytest.mark.parametrize(
    ("draw", "escalate", "propensity", "explored"),
    [(0.0, False, 0.1, True), (0.0999, False, 0.1, True), (0.1, True, 0.9, True), (0.2, True, 0.9, False)],
)
def test_a_lot_takes_either_arm_with_its_logged_chance(
    draw: float, escalate: bool, propensity: float, explored: bool
) -> None:
    judged = judge(turn(epsilon=0.2, draw=draw), 0.3)
    assert (judged.escalate, judged.propensity, judged.explored) == (escalate, pytest.approx(propensity), explored)


def test_logged_propensities_are_the_shares_that_come_out() -> None:
    taken = Counter(
        (judged.escalate, round(judged.propensity, 3))
        for n in range(1000)
        for judged in [judge(turn(epsilon=0.1, draw=n / 1000), 0.8)]
    )
    assert taken == {(True, 0.05): 50, (False, 0.95): 950}


def test_min_dwell_keeps_the_strong_model_for_that_many_turns() -> None:
    strategy = Settled(Single("weak", "strategy"))
    for dwell, route in ((1, "latch"), (2, "latch"), (3, "strategy")):
        batches, _ = dry(strategy, turn(last="strong", dwell=dwell, min_dwell=3), lambda _: reply(text="x"))
        assert batches[0][0].route == route


def reading(now: str, later: str, fresh: str) -> Reading:
    return Reading(now=Decimal(now), later=Decimal(later), fresh=Decimal(fresh), reread=20_000)


def test_a_cold_weak_prefix_is_read_again_only_where_that_pays_within_four_turns() -> None:
    strong = reading("0.06", "0.06", "4")
    back_pays = reading("0.08", "0.04", "2.5")  # 0.08 + 3 * 0.04 = 0.20 < 0.24
    too_dear = reading("0.13", "0.04", "2.5")  # 0.13 + 3 * 0.04 = 0.25 > 0.24
    assert dearer(turn(last="strong", readings={"weak": back_pays, "strong": strong})) == ""
    assert "20000 tokens" in dearer(turn(last="strong", readings={"weak": too_dear, "strong": strong}))
    assert dearer(turn(last="weak", readings={"weak": too_dear, "strong": strong})) == ""


def test_at_equal_prices_the_cache_decides_nothing() -> None:
    readings = {"weak": reading("0.13", "0.04", "4"), "strong": reading("0.06", "0.06", "4")}
    assert dearer(turn(last="strong", readings=readings)) == ""
