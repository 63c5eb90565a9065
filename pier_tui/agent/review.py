"""What the user decided about the pending patch: write what he took, drop what he refused, tell both models exactly.

Nothing is written that was not shown: the file on disk must still be the one the hunks were computed
against, or the hunk is re-based or refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Literal

from pier_tui.agent.history import update_message
from pier_tui.agent.parts import Parts
from pier_tui.agent.told import summary
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, CheckpointTaken, Notice, PatchApplied, PatchRebased, PatchReviewed, PatchUndone
from pier_tui.repo.diff import HunkPick, Patch, Sides
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.picking import is_nothing, select
from pier_tui.repo.verdict import Verdict


def rebased(overlay: Overlay) -> PatchRebased:
    """Bring the pending patch onto the disk as it is now; starts git for large files, so call it in a thread."""
    states = overlay.rebase()
    clashes = tuple(
        Sides(path=path, start=c.start, end=c.end, base=c.base, proposed=c.ours, on_disk=c.theirs)
        for path in overlay.conflicts()
        for c in overlay.clashes(path)
    )
    return PatchRebased(patch=overlay.patch(), states=states, clashes=clashes)


async def whole(events: AsyncGenerator[AnyEvent, None]) -> AsyncGenerator[AnyEvent, None]:
    """These events, carried out to their end even where the consumer is cancelled or leaves: for writing files."""

    done: list[AnyEvent] = []

    async def collect() -> None:
        async for event in events:
            done.append(event)

    task, stopped = asyncio.ensure_future(collect()), False
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        stopped = True
        await asyncio.wait({task})
    for event in done:
        yield event
    task.result()
    if stopped:
        raise asyncio.CancelledError


async def _resolve(parts: Parts, verdict: Verdict) -> AsyncGenerator[AnyEvent, None]:
    """Settle conflicts as the user said; what comes of it is pending and shown again, what it leaves out is kept."""
    await asyncio.to_thread(parts.overlay.adopt, verdict.accepted)
    for settled in verdict.resolved:
        side: Literal["ours", "theirs"] = "ours" if settled.side == "proposed" else "theirs"
        try:
            left_out = await asyncio.to_thread(parts.overlay.dropped, settled.path, side)
            if left_out is not None:
                texts = {settled.path: left_out}
                await asyncio.to_thread(parts.checkpoints.set_aside, parts.root, texts, parts.origin())
            await asyncio.to_thread(parts.overlay.resolve, settled.path, side=side)
        except PierError as error:
            yield await parts.recorder.log(Notice(text=str(error), level="warning"))
    yield await parts.recorder.log(await asyncio.to_thread(rebased, parts.overlay))


def keeping(overlay: Overlay, picks: tuple[HunkPick, ...]) -> PatchRebased:
    """`rebased`; where that changes anything, with what the user typed in the proposal, so that it is not lost."""
    before, kept = overlay.patch(), overlay.snapshot()
    moved = rebased(overlay)
    typed = tuple(pick for pick in picks if pick.text is not None)
    if not typed or not stale(before, moved, picks):
        return moved
    overlay.restore(kept)
    overlay.adopt(typed)
    return rebased(overlay)


def stale(before: Patch, moved: PatchRebased, picks: tuple[HunkPick, ...]) -> bool:
    """Whether what was picked is not what is pending any more, or clashes with the disk."""
    return moved.patch != before or bool({c.path for c in moved.clashes} & {p.path for p in picks})


def everything(patch: Patch) -> Verdict:
    """Accept all of a patch."""
    return Verdict(accepted=tuple(HunkPick(path=f.path, hunk=h.id) for f in patch.files for h in f.hunks))


async def review(parts: Parts, verdict: Verdict) -> AsyncGenerator[AnyEvent, None]:
    """Carry out a verdict, all of it once it has begun."""
    async with aclosing(whole(_alone(parts, _review(parts, verdict)))) as events:
        async for event in events:
            yield event


async def _alone(parts: Parts, events: AsyncGenerator[AnyEvent, None]) -> AsyncGenerator[AnyEvent, None]:
    async with parts.disk, aclosing(events):
        async for event in events:
            yield event


async def _review(parts: Parts, verdict: Verdict) -> AsyncGenerator[AnyEvent, None]:
    """Carry out a verdict. A file that changed on disk meanwhile is re-based and shown again, never written over."""
    if parts.read_only and verdict.accepted:
        text = "This folder is open read-only because it is no git repository: run `git init` in it to apply changes."
        yield await parts.recorder.log(Notice(text=text, level="warning"))
        return
    if verdict.resolved:
        async for event in _resolve(parts, verdict):
            yield event
        return
    before = await asyncio.to_thread(parts.overlay.patch)
    if verdict.accepted:
        moved = await asyncio.to_thread(keeping, parts.overlay, verdict.accepted)
        if stale(before, moved, verdict.accepted):
            yield await parts.recorder.log(moved)
            text = "A file changed on disk while you reviewed it: look at its hunks again, then apply."
            yield await parts.recorder.log(Notice(text=text, level="warning"))
            return
    yield await parts.recorder.log(PatchReviewed(verdict=verdict))
    landed = taken(before, verdict.accepted)
    try:
        async for event in _write(parts, verdict):
            yield event
    except PierError as error:
        yield await parts.recorder.log(Notice(text=str(error), level="error"))
        return
    told = summary(before, landed, verdict)
    scribe = parts.scribe("you")
    for file in landed.files:
        scribe.put("files", file.path, f"edited and applied +{file.added} -{file.removed}")
    async for event in parts.change(scribe.updates, (update_message(told),) if told else ()):
        yield event


async def _write(parts: Parts, verdict: Verdict) -> AsyncGenerator[AnyEvent, None]:
    changes = await asyncio.to_thread(parts.overlay.accepted, verdict.accepted)
    checkpoint, landed = "", Patch()
    if changes:
        write = partial(parts.checkpoints.apply, parts.root, changes, origin=parts.origin())
        checkpoint = await asyncio.to_thread(write)
        for found in parts.checkpoints.late:
            for text in found.sentences():
                yield await parts.recorder.log(Notice(text=text, level="warning"))
        parts.checkpoints.late.clear()
        yield await parts.recorder.log(CheckpointTaken(checkpoint=checkpoint, paths=tuple(changes)))
        parts.wrote({path: change.post for path, change in changes.items()})
        landed = await asyncio.to_thread(parts.checkpoints.patch_of, checkpoint)
    await asyncio.to_thread(parts.overlay.settle, verdict.accepted, verdict.rejected)
    remaining = await asyncio.to_thread(parts.overlay.patch)
    yield await parts.recorder.log(PatchApplied(checkpoint=checkpoint, patch=landed, remaining=remaining))


Ids = str | tuple[str, ...]
"""One checkpoint, or several that are taken back together."""


def wanted(hunks: tuple[HunkPick, ...] | None) -> tuple[set[str] | None, set[str] | None]:
    """Ids and paths of the hunks to take back; None for all."""
    return (None, None) if hunks is None else ({p.hunk for p in hunks}, {p.path for p in hunks})


async def undo(parts: Parts, checkpoint: Ids, hunks: tuple[HunkPick, ...] | None) -> AsyncGenerator[AnyEvent, None]:
    """Take applied hunks back, all of it once it has begun. Several checkpoints are taken back together."""
    if not (ids := (checkpoint,) if isinstance(checkpoint, str) else checkpoint):
        return
    async with aclosing(whole(_alone(parts, _undo(parts, ids, hunks)))) as events:
        async for event in events:
            yield event


async def _undo(
    parts: Parts, ids: tuple[str, ...], hunks: tuple[HunkPick, ...] | None
) -> AsyncGenerator[AnyEvent, None]:
    """Take applied hunks back where our text still stands; anything else is refused with the reason."""
    try:
        aside = await asyncio.to_thread(parts.checkpoints.aside, ids[0]) if len(ids) == 1 else None
        if aside is not None:
            async for event in _proposed_again(parts, aside):
                yield event
            return
        undone = await asyncio.to_thread(parts.checkpoints.undo, ids, *wanted(hunks), parts.origin())
    except PierError as error:
        yield await parts.recorder.log(Notice(text=str(error), level="warning"))
        return
    if undone.conflicts:
        text = f"Not taken back, because the text was changed since: {', '.join(undone.conflicts)}."
        yield await parts.recorder.log(Notice(text=text, level="warning"))
    if not undone.patch.files and not any(step.patch.files for step in undone.steps):
        return
    changed = undone.patch.paths
    parts.wrote({path: parts.on_disk(path) for path in changed})
    moved = await asyncio.to_thread(rebased, parts.overlay)
    for step in undone.steps:
        if step.patch.files:
            yield await parts.recorder.log(PatchUndone(checkpoint=step.checkpoint, patch=step.patch))
    if set(changed) & set(moved.patch.paths):
        yield await parts.recorder.log(moved)
    words = f"The user took back applied hunks in: {', '.join(changed)}."
    async for event in parts.change((), (update_message(words),)):
        yield event


async def _proposed_again(parts: Parts, texts: Mapping[str, bytes | None]) -> AsyncGenerator[AnyEvent, None]:
    """Propose what was set aside when a conflict was settled; the files stay as they are."""
    for path, content in texts.items():
        await asyncio.to_thread(parts.overlay.write, path, content)
    moved = await asyncio.to_thread(rebased, parts.overlay)
    yield await parts.recorder.log(moved)
    yield await parts.recorder.log(Notice(text=f"What was set aside of {', '.join(texts)} is proposed again."))


def taken(patch: Patch, picks: tuple[HunkPick, ...]) -> Patch:
    """The part of a patch that the picks take."""
    files = (select(file, [p for p in picks if p.path == file.path]) for file in patch.files)
    return Patch(files=tuple(file for file in files if not is_nothing(file)))
