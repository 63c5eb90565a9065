"""Going back: what every turn started from, and putting the session there again. Files are not touched here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pier_tui.agent.resuming import put_pending
from pier_tui.backbone.state import Backbone
from pier_tui.errors import PierError
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    BackboneRestored,
    Notice,
    PatchProposed,
    RouteDecided,
    TryKept,
    TurnStarted,
    WentBack,
)
from pier_tui.models.messages import Tier
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.repo.hunks import apply_hunks, reverse_file
from pier_tui.repo.making import decode, sha
from pier_tui.repo.overlay import Overlay
from pier_tui.session.resume import fold
from pier_tui.session.tries import Pair, Tries, Which

if TYPE_CHECKING:
    from pier_tui.agent.parts import Parts


@dataclass
class Mark:
    """Where a turn started: the backbone, the pending patch set and the request; `tier` is who then answered it.

    `pending` is what the overlay can put back exactly, or, read from the journal, a Patch to propose again.
    """

    turn: int
    request: str
    backbone: Backbone
    pending: Any
    tier: Tier = "weak"


async def mark_of(parts: Parts, turn: int) -> Mark:
    """What a turn started from, of an earlier run too. Raises PierError where there is no such turn."""
    mark = next((m for m in parts.marks if m.turn == turn), None)
    if mark is None:
        mark = await asyncio.to_thread(lambda: mark_in(parts.journal(), turn))
    return mark


def mark_in(events: Sequence[AnyEvent], turn: int) -> Mark:
    """What a turn started from, by folding all that was journalled before it. Takes time linear in the events."""
    began = next((n for n, e in enumerate(events) if isinstance(e, TurnStarted) and e.turn == turn), None)
    if began is None:
        raise PierError(f"There is no turn {turn} in this session.")
    of = [event for event in events[began:] if event.turn == turn]
    answers = [event.tier for event in of if isinstance(event, AnswerCompleted)]
    routes = [event.tier for event in of if isinstance(event, RouteDecided)]
    tiers: list[Tier] = [*answers, *routes, "weak"]
    return _standing(events[:began], turn, tiers[0])


def left_at(events: Sequence[AnyEvent], pair: Pair, which: Which) -> Mark:
    """Where the session stood when it left a try. Raises PierError where it never did."""
    if which not in pair.left:
        raise PierError("The session stands on that try already.")
    return _standing(events[: pair.left[which]], pair.begins(which), pair.tier or "weak")


def _standing(events: Sequence[AnyEvent], turn: int, tier: Tier) -> Mark:
    state = fold(events)
    request = state.unfinished or (state.requests[-1] if state.requests else "")
    return Mark(turn, request, state.backbone, state.pending, tier)


def pair_in(events: Sequence[AnyEvent], again: int) -> Pair:
    """A pair by its second try. Raises PierError where there is none."""
    pair = Tries(events).pairs.get(again)
    if pair is None:
        raise PierError(f"Turn {again} is no second try.")
    return pair


async def put_back(parts: Parts, mark: Mark, why: WentBack | TryKept, words: str) -> AsyncGenerator[AnyEvent, None]:
    """Restore backbone and pending patch set as they were; what came after is set aside, not deleted."""
    yield await parts.recorder.log(why)
    parts.books.backbone = mark.backbone
    async with parts.disk:
        lost = await asyncio.to_thread(_propose, parts, mark.pending)
        pending = await asyncio.to_thread(parts.overlay.patch)
    yield await parts.recorder.log(Notice(text=words))
    for text in lost:
        yield await parts.recorder.log(Notice(text=text, level="warning"))
    yield await parts.recorder.log(BackboneRestored(backbone=mark.backbone))
    # No turn made this proposal: it is one made before.
    yield await parts.recorder.log(PatchProposed(patch=pending, tier=mark.tier), turn=0)


def _propose(parts: Parts, pending: Any) -> list[str]:
    """Propose again what was pending; files may have changed since, and what is pending must fit them as they are."""
    overlay, lost = parts.overlay, []
    if isinstance(pending, Patch):
        overlay.restore({})
        files = tuple(file for file in pending.files if not _written(overlay, file))
        lost = put_pending(overlay, Patch(files=files), parts.patches)
    else:
        overlay.restore(pending)
    overlay.rebase()
    return lost


def _written(overlay: Overlay, file: FileDiff) -> bool:
    """Whether the file holds already what was proposed for it."""
    try:
        text = overlay.read(file.path)
        if sha(text) == file.base_hash or not file.hunks:
            return False
        apply_hunks(decode(text), reverse_file(file).hunks)
    except PierError:
        return False
    return True
