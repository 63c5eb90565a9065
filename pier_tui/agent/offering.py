"""The strategies as this session offers them: what each does and costs, and what stands in its way here."""

from __future__ import annotations

from collections.abc import Mapping

from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier
from pier_tui.router.catalogue import listed
from pier_tui.router.confidence import LEAST

SAVING = ("self-route", "cascade", "learned", "difficulty", "self-verify")
"""Strategies that are chosen to pay less."""


def offered(cards: Mapping[Tier, ModelCard], only: Tier | None, judged: int | None) -> tuple[tuple[str, str], ...]:
    """Each strategy's name and line. `judged`: turns with a verdict, None where that is not known yet."""
    return tuple((name, "; ".join((about, *_in_the_way(name, cards, only, judged)))) for name, about in listed())


def _in_the_way(name: str, cards: Mapping[Tier, ModelCard], only: Tier | None, judged: int | None) -> list[str]:
    if only is not None:
        return ["here: not used, this session has one model only"]
    found = []
    if judged is not None and judged < LEAST:
        so_far = f"{judged} of {LEAST} judged turns"
        if name in ("learned", "difficulty"):
            found.append(f"here: {so_far}, so it self-routes")
        elif name == "cascade":
            found.append(f"here: {so_far}, so its scorer is the one set by hand")
    if name == "self-verify" and cards["weak"].offline:
        found.append("here: the offline 30B cannot verify, so what it states of itself decides")
    if name in SAVING and _no_cheaper(cards):
        found.append("here: the 30B costs no less than the 105B, so it buys time, not money")
    return found


def _no_cheaper(cards: Mapping[Tier, ModelCard]) -> bool:
    """Whether nothing can be saved on the weak model; not said where nothing is charged or a price is not known."""
    weak, strong = cards["weak"].price, cards["strong"].price
    if weak.free or weak.fresh is None or strong.fresh is None or weak.output is None or strong.output is None:
        return False
    return weak.fresh >= strong.fresh and weak.output >= strong.output
