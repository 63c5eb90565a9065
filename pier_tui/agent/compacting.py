"""When the record since the last snapshot has grown too long, both models get a new snapshot at the same moment.

The user can take that back; then the next one waits until another epoch has been added.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pier_tui.agent.books import Books
from pier_tui.agent.parts import Parts
from pier_tui.backbone.compaction import KEEP_SHARE, compact, due
from pier_tui.backbone.prefix import delta_tokens
from pier_tui.backbone.undoing import LastCompaction, undone
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, BackboneRestored, Compacted, Notice


async def when_due(parts: Parts, request: str) -> AsyncGenerator[AnyEvent, None]:
    """Compact between two turns where the deltas outgrew the epoch; announced with what became of each item."""
    before = parts.books.backbone
    if not due(before, parts.epoch_tokens) or delta_tokens(before.deltas) < parts.hold:
        return
    after, report = compact(before, request=request, keep_tokens=parts.epoch_tokens // KEEP_SHARE)
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


async def take_back(parts: Parts, *, busy: bool) -> AsyncGenerator[AnyEvent, None]:
    """Put back what the last compaction took, with all that came since. Raises PierError where that cannot be done."""
    if busy:
        raise PierError("A request is running; the compaction can be undone when it is over.")
    if parts.compacted is None:
        raise PierError("There is no compaction to undo: none was done, or it was undone or rewound already.")
    state = undone(parts.compacted, parts.books.backbone)
    parts.books.backbone, parts.compacted = state, None
    parts.hold = delta_tokens(state.deltas) + parts.epoch_tokens
    yield await parts.recorder.log(BackboneRestored(backbone=state, why="compaction undone"))
    yield await parts.recorder.log(Notice(text=f"The compaction is undone; {_price(parts.books)}."))


def _price(books: Books) -> str:
    """What the next turn reads anew on each model, and for how much where that is known."""
    told = []
    for tier in books.clients:
        price, label = books.switch_price(tier), books.clients[tier].card.label
        rupees = f" (~₹{price.cost:.4f})" if price.cost and not price.at else ""
        told.append(f"~{price.reread_tokens:,} tokens{rupees} on the {label}")
    return "the next turn re-reads " + " or ".join(told)
