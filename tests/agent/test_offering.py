"""The list of strategies says what each costs and what stands in its way in this session."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted import card, session

from pier_tui.agent.offering import SAVING, offered
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier
from pier_tui.models.usage import Price
from pier_tui.router.catalogue import listed
from pier_tui.router.names import NAMES


def cards(weak: str | None, strong: str | None = "4", **more: object) -> dict[Tier, ModelCard]:
    prices = {"weak": weak, "strong": strong}
    return {
        tier: card(tier).model_copy(update={"price": Price(fresh=amount, cached=amount, output=amount), **more})  # type: ignore[arg-type]
        for tier, amount in prices.items()
    }  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("weak", "strong", "said"),
    [("2.5", "4", False), ("4", "4", True), ("5", "4", True), ("0", "0", False), (None, None, False)],
)
def test_where_nothing_can_be_saved_the_strategies_that_save_say_so(
    weak: str | None, strong: str | None, said: bool
) -> None:
    found = dict(offered(cards(weak, strong), None, 99))
    assert [name for name in NAMES if "time, not money" in found[name]] == (list(SAVING) if said else [])


def test_without_verdicts_enough_the_learned_ones_say_how_many_there_are_and_what_they_do_meanwhile() -> None:
    found = dict(offered(cards("2"), None, 7))
    changed = {name for name, about in listed() if found[name] != about}
    assert changed == {"cascade", "learned", "difficulty"}
    assert found["learned"].endswith("; here: 7 of 30 judged turns, so it self-routes")
    for judged in (None, 30):
        assert offered(cards("2"), None, judged) == listed(), "not known yet, or enough"


def test_the_offline_pair_and_a_single_model_are_said_too() -> None:
    assert "cannot verify" in dict(offered(cards("0", "0", offline=True), None, 99))["self-verify"]
    assert all("one model only" in about for _, about in offered(cards("2"), "weak", 0))


async def test_the_router_screen_is_told_once_the_log_was_read(tmp_path: Path) -> None:
    teaching = session(tmp_path, []).agent.teaching
    assert "judged turns" not in dict(teaching.strategies())["learned"]
    await teaching.outlook()
    assert "0 of 30 judged turns" in dict(teaching.strategies())["learned"]
