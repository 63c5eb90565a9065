"""The session in figures, as the status line and the costs screen say them. Unknown is `?`, estimates carry `~`."""

from __future__ import annotations

from collections.abc import Mapping

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.models.messages import Tier
from pier_tui.ui.format import NAMES, counted, money, percent, seconds, tokens
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
    elif story.same_price:
        found.append(f"same price, a call {_times(story)}")
    elif story.saved is not None:
        found.append(f"saved {money(story.saved, estimated=True)}{_at_ratio(story, ' (r ', ')')}")
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


def savings(story: Story) -> tuple[str, str]:
    """Two lines: what caching saved and what routing saved, each by its own formula (docs/backbone.md)."""
    return _by_caching(story), _by_routing(story)


def _by_caching(story: Story) -> str:
    cached = sum(tally.cached or 0 for tally in story.models.values())
    if story.free:
        return f"by caching: nothing was charged; {cached:,} tokens were not read again"
    if story.saved_by_caching is None:
        return "by caching: ? (no endpoint said what it had cached)"
    more = f" + ? for {counted(story.unsaid, 'call')} that did not say" if story.unsaid else ""
    return f"by caching: {money(story.saved_by_caching)}{more}, on {cached:,} cached tokens"


def _by_routing(story: Story) -> str:
    if story.same_price:
        return f"by routing: time, not rupees, since both models cost the same; a call takes {_times(story, ', ')}"
    if story.free:
        return "by routing: nothing was charged"
    if story.saved is None:
        return "by routing: ? (a price or a token count is not known)"
    at = _at_ratio(story, " at a price ratio r of ")
    return f"by routing: {money(story.saved, estimated=True)} against the 105B alone, with its cache{at}"


def _times(story: Story, apart: str = " ") -> str:
    return apart.join(f"{NAMES[tier]} {seconds(tally.typical)}" for tier, tally in story.models.items())


def _at_ratio(story: Story, before: str, after: str = "") -> str:
    return "" if story.ratio is None else f"{before}{story.ratio:.2f}{after}"


def switch_words(price: SwitchPrice) -> str:
    """What a switch reads anew: `re-reads ~12k tokens ~₹0.05`. A free model says so, and what it would be elsewhere."""
    if not price.reread_tokens:
        return "re-reads nothing"
    cost = money(price.cost, estimated=price.cost is not None)
    if price.at and price.cost is not None:
        cost = f"{'free' if price.free else '₹ ?'} ({cost} at {price.at})"
    elif price.free:
        cost = "free"
    return f"re-reads {tokens(price.reread_tokens, estimated=True)} tokens {cost}"


def next_turn(name: str, how: str, price: SwitchPrice) -> str:
    """What the prompt's border says of a forced turn: `next turn: 105B (once) · re-reads ~12k tokens ~₹0.05`."""
    return f"next turn: {name} ({how}) · {switch_words(price)}"
