"""When the record since the last snapshot has grown too long, both models get a new snapshot at the same moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pier_tui.agent.parts import Parts
from pier_tui.backbone.compaction import KEEP_SHARE, compact, due
from pier_tui.events import AnyEvent, BackboneRestored, Compacted


async def when_due(parts: Parts, request: str) -> AsyncGenerator[AnyEvent, None]:
    """Compact between two turns where the deltas outgrew the epoch; announced with what became of each item."""
    before = parts.books.backbone
    if not due(before, parts.epoch_tokens):
        return
    after, report = compact(before, request=request, keep_tokens=parts.epoch_tokens // KEEP_SHARE)
    if parts.atlas is not None:
        # The snapshot is read anew anyway, so what the models are told of the repository may change here too.
        after = after.model_copy(update={"repo_card": await parts.atlas.card(request, after)})
    parts.books.backbone = after
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
