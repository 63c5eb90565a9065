"""One file of the pending patch set, and what becomes of it in a review. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pier_tui.repo.diff import FileDiff, HunkPick
from pier_tui.repo.disk import Change
from pier_tui.repo.hunks import apply_hunks
from pier_tui.repo.making import decode, diff_bytes, encode, git_mode, is_binary
from pier_tui.repo.picking import changes, leave, mode_changes, take
from pier_tui.repo.rebase import Clash, Merge, merge


@dataclass(frozen=True)
class Pending:
    """One file's proposal. `base` are the bytes it is against; `theirs` the clashing bytes on disk, when it clashes."""

    base: bytes | None
    base_mode: int | None
    content: bytes | None
    mode: int | None = None
    clash: bool = False
    theirs: bytes | None = None


def diff_of(path: str, item: Pending) -> FileDiff:
    """A pending file as a file diff."""
    old = None if item.base is None else git_mode(item.base_mode)
    new = None if item.content is None else git_mode(item.mode if item.mode is not None else item.base_mode or 0o644)
    return diff_bytes(item.base, item.content, path, old_mode=old, new_mode=new)


def takes_mode(file: FileDiff) -> bool:
    """Whether writing the file diff sets a mode."""
    return mode_changes(file) or (file.old_path is None and file.new_path is not None)


def written(item: Pending, file: FileDiff) -> bytes | None:
    """The bytes the selected part of a pending file comes to."""
    if file.new_path is None:
        return None
    if file.binary:
        return item.content
    return encode(apply_hunks(decode(item.base or b""), file.hunks, exact=True))


def decided(
    item: Pending, file: FileDiff, picks: Iterable[HunkPick], rejected: Iterable[HunkPick] = ()
) -> bytes | None:
    """The proposal once the user's own texts stand in place of the hunks they replace, and rejected lines are out."""
    texts = {pick.hunk: pick for pick in picks if pick.text is not None}
    refused = {pick.hunk: pick for pick in rejected if pick.hunk not in texts}
    if not texts and not refused:
        return item.content
    if not file.hunks:
        return item.base if "" in refused else item.content
    hunks = [
        take(hunk, texts[hunk.id]) if hunk.id in texts else leave(hunk, refused.get(hunk.id)) for hunk in file.hunks
    ]
    if not any(changes(hunk) for hunk in hunks):
        return item.base
    text = apply_hunks(decode(item.base or b""), hunks, exact=True)
    return None if file.new_path is None and not text else encode(text)


def settled(
    item: Pending, file: FileDiff, change: Change | None, picks: Iterable[HunkPick], rejected: Iterable[HunkPick]
) -> Pending:
    """The file once `change` (None: nothing) was written and the rejected picks are gone."""
    refused = tuple(rejected)
    content = decided(item, file, picks, refused)
    mode = None if any(not pick.hunk for pick in refused) else item.mode
    if change is None:
        clash = item.clash and content != item.base
        return Pending(item.base, item.base_mode, content, mode, clash, item.theirs if clash else None)
    if change.mode is not None:
        return Pending(change.post, change.mode, content, None)
    return Pending(change.post, item.base_mode, content, mode)


def whole_clash(item: Pending) -> tuple[Clash]:
    """One clash for the whole file."""
    texts = [decode(content or b"") for content in (item.base, item.content, item.theirs)]
    return (Clash(0, len(texts[0].split("\n")), *texts),)


def merged_of(item: Pending, theirs: bytes | None) -> Merge | None:
    """The proposal merged with the disk; None where it cannot be done by line."""
    sides = (item.base, item.content, theirs)
    if any(content is None or is_binary(content) for content in sides):
        return None
    base, ours, other = (decode(content or b"") for content in sides)
    return merge(base, ours, other)
