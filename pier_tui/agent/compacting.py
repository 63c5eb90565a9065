"""When the record since the last snapshot has grown too long, both models get a new snapshot at the same moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pier_tui.agent.parts import Parts
from pier_tui.backbone.compaction import KEEP_SHARE, compact, due
from pier_tui.backbone.prefix import delta_tokens
from pier_tui.events import AnyEvent, BackboneRestored, Compacted
from pier_tui.models.messages import Tier


async def when_due(parts: Parts, request: str) -> AsyncGenerator[AnyEvent, None]:
    """Compact between two turns where the deltas outgrew the epoch; announced with what became of each item."""
    if due(parts.books.backbone, parts.epoch_tokens):
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
    after, report = compact(parts.books.backbone, request=request, keep_tokens=keep)
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
