"""Going back: what every turn started from, and putting the session there again. Files are not touched here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pier_tui.backbone.state import Backbone
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, BackboneRestored, Notice, PatchProposed
from pier_tui.models.messages import Tier

if TYPE_CHECKING:
    from pier_tui.agent.parts import Parts


@dataclass
class Mark:
    """Where a turn started: the backbone, the pending patch set and the request; `tier` is who then answered it."""

    turn: int
    request: str
    backbone: Backbone
    pending: Any
    tier: Tier = "weak"


def mark_of(parts: Parts, turn: int) -> Mark:
    """What a turn started from. Raises PierError for a turn of an earlier run of the program."""
    mark = next((m for m in parts.marks if m.turn == turn), None)
    if mark is None:
        raise PierError(f"Turn {turn} is from an earlier run, so what it started from is no longer in memory.")
    return mark


def other(tier: Tier) -> Tier:
    """The other model."""
    return "weak" if tier == "strong" else "strong"


async def put_back(parts: Parts, mark: Mark, words: str) -> AsyncGenerator[AnyEvent, None]:
    """Restore backbone and pending patch set as they were before a turn; what came after is set aside, not deleted."""
    parts.books.backbone = mark.backbone
    async with parts.disk:
        parts.overlay.restore(mark.pending)
        # Files may have changed since: what is pending again must fit them as they are now.
        await asyncio.to_thread(parts.overlay.rebase)
        pending = await asyncio.to_thread(parts.overlay.patch)
    yield await parts.recorder.log(Notice(text=f"{words}; the first try stays above, set aside."))
    yield await parts.recorder.log(BackboneRestored(backbone=mark.backbone))
    yield await parts.recorder.log(PatchProposed(patch=pending, tier=mark.tier))
