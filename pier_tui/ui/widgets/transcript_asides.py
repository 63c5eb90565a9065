"""What happened beside the turns, each in one line of the conversation."""

from __future__ import annotations

from pier_tui.events import Compacted, Overridden, PatchApplied, PatchUndone, PromptWarmed
from pier_tui.models.messages import Tier
from pier_tui.ui.format import NAMES, counted, money, tokens
from pier_tui.ui.text import sanitize


def aside(event: Compacted | Overridden | PatchApplied | PatchUndone | PromptWarmed) -> str:
    """One line on what happened beside the turns."""
    match event:
        case Compacted():
            size = f"{tokens(event.tokens_before)} -> {tokens(event.tokens_after)} tokens"
            kept, merged, dropped = len(event.kept), len(event.merged), len(event.dropped)
            return f"backbone compacted {size}: {kept} kept, {merged} merged, {dropped} dropped"
        case PatchApplied() | PatchUndone():
            patch, word = event.patch, "applied" if isinstance(event, PatchApplied) else "undone"
            files = counted(len(patch.files), "file")
            return f"{word} {files} +{patch.added} -{patch.removed}" if patch.files else ""
        case PromptWarmed():
            return _warmed(event)
        case Overridden(scope="now"):
            return f"moved to the {_tier(event.choice)} by you"
        case Overridden(scope="pinned"):
            return f"pinned to the {_tier(event.choice)}" if event.choice != "auto" else "no longer pinned"
        case _:
            return ""


def _warmed(event: PromptWarmed) -> str:
    """What a warm-up read and cost, or why it came to nothing."""
    free = event.price is not None and event.price.free
    cost = money(event.cost, free=free, estimated=event.usage.estimated and not free)
    if event.failure:
        return sanitize(f"warm-up of the {NAMES[event.tier]} came to nothing: {event.failure}  {cost}")
    usage = event.usage
    fresh = None if usage.prompt is None else usage.prompt - (usage.cached or 0)
    read = tokens(fresh, estimated=usage.estimated)
    return f"warm-up: the {NAMES[event.tier]} read {read} tokens ahead  {cost}"


def _tier(choice: str) -> str:
    names: dict[str, str] = {str(tier): name for tier, name in NAMES.items()}
    tier: Tier | str = choice
    return names.get(tier, choice)
