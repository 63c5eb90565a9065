"""Numbers and badges as words. Pure: no widget, no colour. Unknown is `?`, never 0; estimates carry `~`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rich.cells import cell_len, set_cell_size

from pier_tui.events import CallFinished
from pier_tui.models.messages import Tier
from pier_tui.ui.text import sanitize

LEAST = Decimal("0.0001")
"""Rupees below which an amount is only said to be less than that."""
NAMES: dict[Tier, str] = {"weak": "30B", "strong": "105B"}

Label = Literal["escalate", "de-escalate", "keep"]
LABELS: dict[Label, str] = {
    "escalate": "you: should have been 105B",
    "de-escalate": "you: should have been 30B",
    "keep": "you: right call",
}
BUTTONS: tuple[tuple[Label, str], ...] = (("escalate", "Escalate"), ("de-escalate", "De-escalate"), ("keep", "Keep"))

_SIZE = re.compile(r"(?<![0-9])(30|105)b(?![a-z0-9])", re.IGNORECASE)


def money(amount: Decimal | None, *, estimated: bool = False, free: bool = False) -> str:
    """Rupees: `₹0.0041`, `₹12.30`, `~₹0.05`, `free`; None is `?`."""
    if free:
        return "free"
    if amount is None:
        return "?"
    size = abs(amount)
    if 0 < size < LEAST:
        return f"{'-' if amount < 0 else ''}<₹{LEAST}"
    digits = 4 if size < (Decimal("0.01") if estimated else 1) and size else 2
    return f"{'~' if estimated else ''}{'-' if amount < 0 else ''}₹{size:.{digits}f}"


def tokens(count: int | None, *, estimated: bool = False) -> str:
    """`412`, `3.1k`, `12k`, `1.2M`; None is `?`."""
    if count is None:
        return "?"
    mark = "~" if estimated else ""
    if count < 1000:
        return f"{mark}{count}"
    if count < 999_500:
        thousands = count / 1000
        return f"{mark}{thousands:.1f}k" if thousands < 9.95 else f"{mark}{thousands:.0f}k"
    return f"{mark}{count / 1_000_000:.1f}M"


def seconds(value: float | None) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`; None is `?`."""
    if value is None:
        return "?"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 119.5:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def percent(value: float | None, *, estimated: bool = False) -> str:
    """`93 %` of a share of one; None is `?`."""
    return "?" if value is None else f"{'~' if estimated else ''}{value * 100:.0f} %"


def elsewhere(bill: CallFinished, tier: Tier) -> tuple[Decimal | None, str]:
    """What a call would have cost on this model alone, and the profile at whose prices; None and "" unknown."""
    for label, amount in bill.counterfactual.items():
        name, _, profile = label.partition(" at ")
        if name == NAMES[tier]:
            return amount, profile
    return None, ""


def counted(number: int, noun: str) -> str:
    """`1 line`, `42 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def model_name(tier: Tier, model: str = "", *, offline: bool = False) -> str:
    """What the badge calls the model that answered: `105B`, `offline 30B`, or a local model's short name."""
    if offline:
        return f"offline {NAMES[tier]}"
    if found := _SIZE.search(model):
        return found[0].upper()
    short = sanitize(model.rsplit("/", 1)[-1], keep_newlines=False)
    return short[:20] or NAMES[tier]


@dataclass(frozen=True)
class Badge:
    """What one turn's badge tells. `cost` in rupees over all calls; `cached` a share of one; `seconds` wall time.

    `settled` is false until the first call is on the bill: then cost and cache are not yet known rather than unknown.
    """

    turn: int
    model: str
    tier: Tier = "weak"
    offline: bool = False
    route: str = ""
    forced: bool = False
    action: str = ""
    confidence: float | None = None
    escalated: bool = False
    reason: str = ""
    settled: bool = False
    cost: Decimal | None = None
    estimated: bool = False
    as_if: Decimal | None = None
    """What an offline turn would have cost at the served models' prices, which are those of `as_if_at`."""
    as_if_at: str = ""
    cached: float | None = None
    seconds: float | None = None
    label: Label | None = None
    noted: bool = False
    handoff: bool = False
    aside: bool = False
    pair: str = ""

    @property
    def why(self) -> str:
        """How the turn came to this model: `inspect · keep 0.86`, `escalated 0.31 · reason`, `forced by you`."""
        reason = sanitize(self.reason, keep_newlines=False)
        if self.route == "router-failed":
            return _dotted("router failed -> 105B", reason)
        if self.forced or self.route == "forced":
            return _dotted("forced by you", self.action)
        sure = "" if self.confidence is None else f" {self.confidence:.2f}"
        if self.escalated:
            return _dotted(f"escalated{sure}", reason)
        if self.action == "escalate":
            return _dotted(f"escalating{sure}", reason)
        if self.route == "only":
            return _dotted(sanitize(self.action, keep_newlines=False), f"only {NAMES[self.tier]}")
        if not self.action:
            return _dotted("routing" if self.route == "self-route" else sanitize(self.route), reason)
        return _dotted(sanitize(self.action, keep_newlines=False), f"keep{sure}" if sure else "keep")

    def facts(self, *, cost: Literal["full", "brief", "least"] = "full") -> str:
        """Cost, cache and time: `₹0.0041  cache 93 %  1.2 s`; `cost` says how much of an offline turn's price as if."""
        if not self.settled:
            return "…"
        words = [self._cost(cost)]
        words.append(f"cache {percent(self.cached, estimated=self.estimated)}")
        words.append(seconds(self.seconds) if self.seconds is not None else "…")
        return "  ".join(words)

    def _cost(self, told: Literal["full", "brief", "least"]) -> str:
        if not self.offline:
            return money(self.cost, estimated=self.estimated and self.cost is not None)
        if told == "least" or self.as_if is None:
            return "free"
        at = f" at {sanitize(self.as_if_at)}" if told == "full" and self.as_if_at else ""
        return f"free ({money(self.as_if, estimated=True)}{at})"

    def line(self, width: int) -> tuple[str, str, str, str]:
        """The badge in `width` cells: number, model, why (cut or padded to fit), and the facts at the right."""
        number, name = f"{self.turn:<3} ", f"{self.model:<5} "
        facts, room = "", 0
        for facts in self._shorter():
            room = width - cell_len(number) - cell_len(name) - cell_len(facts) - 2
            if room >= min(cell_len(self.why), 24):
                break
        if room < 4:
            return number, name, "", set_cell_size(facts, max(0, width - cell_len(number) - cell_len(name)))
        return number, name, fit(self.why, room) + "  ", facts

    def _shorter(self) -> Iterator[str]:
        """What stands at the right, shorter each time: the route says more than figures the details show as well."""
        after = self.after()
        brief = [word.removesuffix(" hand-over") for word in after]
        yield "  ".join([self.facts(), *after])
        yield "  ".join([self.facts(cost="brief"), *after])
        figures = self.facts(cost="least").split("  ")
        yield "  ".join([*figures, *after])
        for kept in range(len(figures), 0, -1):
            yield "  ".join([*figures[:kept], *brief])

    def after(self) -> list[str]:
        """What follows the facts: the user's judgement, ✎ where it has a note, and where the hand-over is seen."""
        tried = ", ".join(word for word in (self.pair, "set aside" if self.aside else "") if word)
        judged = LABELS[self.label] if self.label else ""
        if self.noted:
            # In the colon's place, so that a note pushes no figure off a narrow badge.
            judged = judged.replace("you:", "you✎", 1)
        found = [word for word in (tried, judged) if word]
        return [*found, "↥ hand-over"] if self.handoff else found


def fit(text: str, width: int) -> str:
    """The text in exactly `width` cells, with `…` where it is cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + "…"


def _dotted(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
