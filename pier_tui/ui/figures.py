"""The session in figures, as the status line and the costs screen say them. Unknown is `?`, estimates carry `~`."""

from __future__ import annotations

from collections.abc import Mapping

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.models.messages import Tier
from pier_tui.ui.format import NAMES, money, percent, tokens
from pier_tui.ui.story import ModelTally, Story


def figures(story: Story, windows: Mapping[Tier, int], queued: int = 0, sandbox: str = "") -> tuple[str, ...]:
    """The most important first, since the last ones give way on a narrow screen; the sandbox never does."""
    first = [sandbox] if sandbox else []
    used = {tier: tally for tier, tally in story.models.items() if tally.calls}
    if not used:
        return tuple([*first, f"{queued} queued"] if queued else first)
    found = [*first, f"{queued} queued"] if queued else first
    found.append(session_cost(story))
    if story.saved is not None and story.free:
        # The offline pair is no 105B: it saves nothing of what one would have done, so only the price is told.
        found.append(f"105B-only {money(story.saved, estimated=True)}")
    elif story.saved is not None:
        found.append(f"saved {money(story.saved, estimated=True)}")
    if story.escalation_rate is not None:
        found.append(f"{percent(story.escalation_rate)} escalated")
    found.append("context " + " ".join(_context(tier, tally, windows) for tier, tally in used.items()))
    found.append("cached " + " ".join(f"{NAMES[tier]} {percent(tally.cached_share)}" for tier, tally in used.items()))
    return tuple(found)


def session_cost(story: Story) -> str:
    """What the session cost; calls whose cost is unknown are told, not counted as nothing."""
    if story.free:
        return "free"
    known = money(story.cost)
    if story.unpriced and not story.cost:
        return "cost ?"
    return f"cost {known} + ?" if story.unpriced else f"cost {known}"


def _context(tier: Tier, tally: ModelTally, windows: Mapping[Tier, int]) -> str:
    window = windows.get(tier)
    of = f"/{tokens(window)}" if window else ""
    return f"{NAMES[tier]} {tokens(tally.context, estimated=tally.estimated)}{of}"


def next_turn(name: str, how: str, price: SwitchPrice, *, free: bool = False) -> str:
    """What the prompt's border says of a forced turn: `next turn: 105B (once) · re-reads ~12k tokens ~₹0.05`."""
    return f"next turn: {name} ({how}) · {rereading(price, free=free)}"


def rereading(price: SwitchPrice, *, free: bool = False) -> str:
    """What a switch costs: `re-reads ~12k tokens ~₹0.05`; `free` where the model is."""
    cost = money(price.cost, estimated=price.cost is not None, free=free or price.cost == 0)
    return f"re-reads {tokens(price.reread_tokens, estimated=True)} tokens {cost}"
