"""What taking checkpoints back comes to: hunk by hunk, on the text as it is now. Nothing is written here.

Several checkpoints are taken back newest first on the text in memory, so that their order on disk does not matter
and one write does it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pier_tui.repo.beneath import OnDisk, read
from pier_tui.repo.diff import FileDiff, Hunk, Patch
from pier_tui.repo.disk import Change, with_exec
from pier_tui.repo.hunks import apply_hunks, reverse_file
from pier_tui.repo.kept import Kept
from pier_tui.repo.making import decode, diff_bytes, encode, git_mode, is_binary
from pier_tui.repo.picking import shifted
from pier_tui.repo.rebase import merge
from pier_tui.repo.records import Checkpoint, Effects, FileRecord, Step


@dataclass
class TakingBack:
    """The files of a folder while checkpoints are taken back, in memory. `hunks` and `paths` limit what is taken."""

    kept: Kept
    root: Path
    hunks: frozenset[str] | None = None
    paths: frozenset[str] | None = None
    before: dict[str, OnDisk | None] = field(default_factory=dict)
    now: dict[str, bytes | None] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def take(self, checkpoint: Checkpoint) -> None:
        """Take one checkpoint back. Raises RepositoryError where a version of it is gone or a file cannot be read."""
        changes: dict[str, Change] = {}
        conflicts: list[str] = []
        for record in checkpoint.files:
            if self.paths is None or record.path in self.paths:
                change, stands = self._file(record)
                if change is not None:
                    changes[record.path] = change
                    self.now[record.path] = change.post
                    self.modes |= {} if change.mode is None else {record.path: change.mode}
                if not stands:
                    conflicts.append(record.path)
        self.steps.append(
            Step(checkpoint=checkpoint.id, patch=self._patch(changes), conflicts=tuple(dict.fromkeys(conflicts)))
        )

    def _file(self, file: FileRecord) -> tuple[Change | None, bool]:
        """The change that takes one file back, None for nothing to do, and whether all that was asked for stood."""
        if file.path not in self.before:
            self.before[file.path] = read(self.root, file.path)
            self.now[file.path] = content_of(self.before[file.path])
        change, current = self.kept.change(file), self.now[file.path]
        pre, post = change.pre, change.post
        mode = file.pre_mode if file.mode is not None or post is None else None
        forward = diff_bytes(pre, post, file.path)
        picked = forward.hunks if self.hunks is None else tuple(h for h in forward.hunks if h.id in self.hunks)
        if self.hunks is not None and not picked and not ("" in self.hunks and not forward.hunks):
            return None, True
        if current == pre and (pre != post or current is None or not self._mode_differs(file.path, mode)):
            return None, True
        if current == post and len(picked) == len(forward.hunks):
            return Change(post, pre, mode), True
        if any(content is None or is_binary(content) for content in (pre, post, current)):
            return None, False
        return hunkwise(forward, picked, post or b"", current or b"")

    def _mode_differs(self, path: str, mode: int | None) -> bool:
        found = self.before[path]
        now = self.modes.get(path, found.mode if found else None)
        return mode is not None and now is not None and git_mode(now) != git_mode(mode)

    def _patch(self, changes: Mapping[str, Change]) -> Patch:
        modes = {path: found.mode if (found := self.before[path]) else None for path in changes}
        return Patch(files=tuple(file_diff(path, change, modes[path]) for path, change in changes.items()))

    def changes(self) -> dict[str, Change]:
        """All of it, from the files as they were read."""
        found: dict[str, Change] = {}
        for path, content in self.now.items():
            before, mode = self.before[path], self.modes.get(path)
            if content != content_of(before) or (before is not None and mode not in (None, before.mode)):
                found[path] = Change(content_of(before), content, mode)
        return found

    def effects(self) -> Effects:
        """What would be written."""
        return Effects(patch=self._patch(self.changes()), steps=tuple(self.steps))


def content_of(found: OnDisk | None) -> bytes | None:
    """The bytes of a file that may not be there."""
    return None if found is None else found.content


def newest_first(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """In the order they are taken back, each once; texts set aside wrote nothing."""
    found = {c.id: c for c in checkpoints if not c.aside}
    return sorted(found.values(), key=lambda c: c.id, reverse=True)


def hunkwise(forward: FileDiff, picked: tuple[Hunk, ...], post: bytes, current: bytes) -> tuple[Change | None, bool]:
    """Reverse each picked hunk whose lines nobody changed since; False when one no longer stands. The mode stays."""
    after, now = decode(post), decode(current)
    backwards = reverse_file(forward).hunks
    wanted = [back for back, hunk in zip(backwards, forward.hunks, strict=True) if hunk in picked]
    standing = [h for h in wanted if not merge(after, apply_hunks(after, [h], exact=True), now).clashes]
    merged = merge(after, apply_hunks(after, shifted(standing), exact=True), now)
    complete = len(standing) == len(wanted) and not merged.clashes
    content = current if merged.clashes else encode(merged.text())
    if content == current:
        return None, complete
    return Change(current, content), complete


def file_diff(path: str, change: Change, pre_mode: int | None) -> FileDiff:
    """What a change writes, as a file diff."""
    old = None if change.pre is None else git_mode(pre_mode or 0o644)
    after = with_exec(pre_mode if pre_mode is not None else 0o644, change.mode)
    new = None if change.post is None else git_mode(after)
    return diff_bytes(change.pre, change.post, path, old_mode=old, new_mode=new)
