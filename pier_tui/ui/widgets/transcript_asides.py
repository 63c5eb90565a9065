"""What happened beside the turns, each in one line of the conversation."""

from __future__ import annotations

from pier_tui.events import Compacted, Overridden, PatchApplied, PatchUndone
from pier_tui.models.messages import Tier
from pier_tui.ui.format import NAMES, counted, tokens


def aside(event: Compacted | Overridden | PatchApplied | PatchUndone) -> str:
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
        case Overridden(scope="now"):
            return f"moved to the {_tier(event.choice)} by you"
        case Overridden(scope="pinned"):
            return f"pinned to the {_tier(event.choice)}" if event.choice != "auto" else "no longer pinned"
        case _:
            return ""


def _tier(choice: str) -> str:
    names: dict[str, str] = {str(tier): name for tier, name in NAMES.items()}
    tier: Tier | str = choice
    return names.get(tier, choice)
