"""The session in figures, as the status line and the costs screen say them. Unknown is `?`, estimates carry `~`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.models.messages import Tier
from pier_tui.ui.story import NAMES, ModelTally, Story


def rupees(amount: Decimal | None, *, estimated: bool = False) -> str:
    """`₹0.0041`, `₹12.30`; four decimals below a rupee. None is `?`."""
    if amount is None:
        return "?"
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    digits = 4 if 0 < size < 1 else 2
    return f"{'~' if estimated else ''}{sign}₹{size:.{digits}f}"


def tokens(count: int | None) -> str:
    """`412`, `3.1k`, `128k`. None is `?`."""
    if count is None:
        return "?"
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10_000 else f"{count / 1000:.0f}k"


def share(value: float | None) -> str:
    """`93 %`. None is `?`."""
    return "?" if value is None else f"{value * 100:.0f} %"


def figures(story: Story, windows: Mapping[Tier, int], queued: int = 0) -> tuple[str, ...]:
    """The most important first, since the last ones give way on a narrow screen."""
    used = {tier: tally for tier, tally in story.models.items() if tally.calls}
    if not used:
        return (f"{queued} queued",) if queued else ()
    found = [f"{queued} queued"] if queued else []
    found.append(session_cost(story))
    if story.saved is not None:
        found.append(f"saved {rupees(story.saved, estimated=True)}")
    if story.escalation_rate is not None:
        found.append(f"{share(story.escalation_rate)} escalated")
    found.append("context " + " ".join(_context(tier, tally, windows) for tier, tally in used.items()))
    found.append("cached " + " ".join(f"{NAMES[tier]} {share(tally.cached_share)}" for tier, tally in used.items()))
    return tuple(found)


def session_cost(story: Story) -> str:
    """What the session cost; calls whose cost is unknown are told, not counted as nothing."""
    known = rupees(story.cost)
    if story.unpriced and not story.cost:
        return "cost ?"
    return f"cost {known} + ?" if story.unpriced else f"cost {known}"


def _context(tier: Tier, tally: ModelTally, windows: Mapping[Tier, int]) -> str:
    mark = "~" if tally.estimated else ""
    window = windows.get(tier)
    return f"{NAMES[tier]} {mark}{tokens(tally.context)}" + (f"/{tokens(window)}" if window else "")


def next_turn(name: str, how: str, price: SwitchPrice) -> str:
    """What the prompt's border says of a forced turn: `next turn: 105B (once) · re-reads ~12k tokens ~₹0.05`."""
    cost = "free" if price.cost == 0 else rupees(price.cost, estimated=price.cost is not None)
    return f"next turn: {name} ({how}) · re-reads ~{tokens(price.reread_tokens)} tokens {cost}"
