"""When the record since the last snapshot has grown too long, both models get a new snapshot at the same moment.

The user can take that back; then the next one waits until another epoch has been added.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from pier_tui.agent.books import Books
from pier_tui.agent.parts import Parts
from pier_tui.backbone.compaction import KEEP_SHARE, compact, due
from pier_tui.backbone.prefix import delta_tokens
from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.undoing import LastCompaction, undone
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, BackboneRestored, Compacted, Notice
from pier_tui.models.messages import Tier


async def when_due(parts: Parts, request: str) -> AsyncGenerator[AnyEvent, None]:
    """Compact between two turns where the deltas outgrew the epoch; announced with what became of each item."""
    if due(parts.books.backbone, parts.epoch_tokens) and delta_tokens(parts.books.backbone.deltas) >= parts.hold:
        async with aclosing(_compacted(parts, request, parts.epoch_tokens // KEEP_SHARE)) as events:
            async for event in events:
                yield event


async def when_full(parts: Parts, request: str) -> AsyncGenerator[AnyEvent, None]:
    """Compact before a turn, whatever the epoch, where a model's prompt would pass its window and that would help."""
    tiers: tuple[Tier, ...] = (parts.only,) if parts.only else ("weak", "strong")
    excess = -min(parts.books.spare(tier) for tier in tiers)
    before = delta_tokens(parts.books.backbone.deltas)
    if excess <= 0 or not before:
        return
    keep = max(before - excess, 0) // KEEP_SHARE
    if compact(parts.books.backbone, request=request, keep_tokens=keep)[1].freed > 0:
        async with aclosing(_compacted(parts, request, keep)) as events:
            async for event in events:
                yield event


async def _compacted(parts: Parts, request: str, keep: int) -> AsyncGenerator[AnyEvent, None]:
    before = parts.books.backbone
    after, report = compact(before, request=request, keep_tokens=keep)
    if parts.atlas is not None:
        # The snapshot is read anew anyway, so what the models are told of the repository may change here too.
        after = after.model_copy(update={"repo_card": await parts.atlas.card(request, after)})
    parts.books.backbone = after
    parts.compacted, parts.hold = LastCompaction(before=before, after=after), 0
    yield await parts.recorder.log(
        Compacted(
            snapshot=after.snapshot,
            epoch=after.epoch,
            kept=report.kept,
            merged=report.merged,
            dropped=report.dropped,
            tokens_before=report.tokens_before,
            tokens_after=report.tokens_after,
        )
    )
    yield await parts.recorder.log(BackboneRestored(backbone=after))


def price(parts: Parts, *, busy: bool) -> Mapping[Tier, SwitchPrice]:
    """What each model re-reads where the last compaction is taken back. Raises PierError where that cannot be done."""
    books, now = parts.books, parts.books.backbone
    books.backbone = _without(parts, busy=busy)
    try:
        return {tier: books.switch_price(tier) for tier in books.clients if parts.only in (None, tier)}
    finally:
        books.backbone = now


async def take_back(parts: Parts, *, busy: bool) -> AsyncGenerator[AnyEvent, None]:
    """Put back what the last compaction took, with all that came since. Raises PierError where that cannot be done."""
    state = _without(parts, busy=busy)
    parts.books.backbone, parts.compacted = state, None
    parts.hold = delta_tokens(state.deltas) + parts.epoch_tokens
    yield await parts.recorder.log(BackboneRestored(backbone=state, why="compaction undone"))
    yield await parts.recorder.log(Notice(text=f"The compaction is undone; {_price(parts.books)}."))


def _without(parts: Parts, *, busy: bool) -> Backbone:
    """The state as it would be without the last compaction."""
    if busy:
        raise PierError("A request is running; the compaction can be undone when it is over.")
    if parts.compacted is None:
        raise PierError("There is no compaction to undo: none was done, or it was undone or rewound already.")
    return undone(parts.compacted, parts.books.backbone)


def _price(books: Books) -> str:
    """What the next turn reads anew on each model, and for how much where that is known."""
    told = []
    for tier in books.clients:
        price, label = books.switch_price(tier), books.clients[tier].card.label
        rupees = f" (~₹{price.cost:.4f})" if price.cost and not price.at else ""
        told.append(f"~{price.reread_tokens:,} tokens{rupees} on the {label}")
    return "the next turn re-reads " + " or ".join(told)
