"""Finishing a write that was cut off, by what lies on the disk: forward where nobody interfered, else left and named.

A staged file tells how far the write came: it holds the new text until the exchange and what came out after it.
Text of somebody else that came out goes back in its place; where that is taken, it is kept among the versions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pier_tui.errors import RepositoryError
from pier_tui.repo.beneath import Foreign, OnDisk, Refused, folder, found_in, read
from pier_tui.repo.disk import PART, READY, exchange, exists, prune, put, rewritten
from pier_tui.repo.kept import Kept
from pier_tui.repo.making import sha
from pier_tui.repo.records import Checkpoint, FileRecord, Recovered
from pier_tui.seams import call


@dataclass
class Recovery:
    """One checkpoint on its way to its end."""

    kept: Kept
    checkpoint: Checkpoint
    finished: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    reason: str = ""

    def run(self) -> Recovered:
        """Bring every file to its end and settle the checkpoint, unless the system refused a file. Never raises."""
        root = Path(self.checkpoint.root)
        if root.is_dir():
            for record in sorted(self.checkpoint.files, key=lambda r: r.post is not None):
                try:
                    stands = self._one(root, record)
                except (OSError, Refused) as error:
                    self.failed.append(record.path)
                    self.reason = error.reason if isinstance(error, Refused) else error.strerror or str(error)
                else:
                    (self.finished if stands else self.conflicts).append(record.path)
            if not self.failed:
                needed = [*self.versions, *(b for r in self._in_conflict() for b in (r.pre, r.post) if b)]
                self.kept.mark(self.checkpoint.id, "conflict" if self.conflicts else "done", needed)
        return Recovered(
            checkpoint=self.checkpoint.id,
            finished=tuple(sorted(self.finished)),
            conflicts=tuple(sorted(self.conflicts)),
            kept=tuple(str(self.kept.blobs / name) for name in dict.fromkeys(self._versions())),
            failed=tuple(sorted(self.failed)),
            reason=self.reason,
        )

    def _in_conflict(self) -> list[FileRecord]:
        return [record for record in self.checkpoint.files if record.path in self.conflicts]

    def _versions(self) -> Iterable[str]:
        yield from (record.post for record in self._in_conflict() if record.post)
        yield from self.versions

    def _one(self, root: Path, record: FileRecord) -> bool:
        """Finish one file; False where somebody else's text is there, or our version is lost.

        Raises OSError, Refused.
        """
        try:
            state = self._staged(root, record)
            if state == "free" and (record.pre == record.post or on_disk(root, record.path) != record.post):
                return rewritten(root, record.path, self.kept.change(record), record.staged)
            if record.post is None:
                prune(root, record.path)
            return state != "foreign"
        except Refused:
            raise
        except RepositoryError:
            return False

    def _staged(self, root: Path, record: FileRecord) -> str:
        """Clear the staged file away. `placed`: the write came through; `foreign`: it met somebody else's text.

        `free`: nothing is known but what is in the file's own place. Raises OSError, RepositoryError.
        """
        with folder(root, record.staged) as where:
            if where is None or not record.staged:
                return "free"
            name = record.staged.rsplit("/", 1)[-1]
            if exists(where, part := name.removesuffix(READY) + PART):
                call("fs.unlink", os.unlink, part, dir_fd=where)
            if not exists(where, name):
                return "free"
            try:
                out = found_in(where, name, record.path)
            except Foreign:
                out = None
            if out is None or sha(out.content) not in (record.pre, record.post):
                self._returned(root, record, where, out)
                return "foreign"
            call("fs.unlink", os.unlink, name, dir_fd=where)
            return "placed" if sha(out.content) == record.pre != record.post else "free"

    def _returned(self, root: Path, record: FileRecord, source: int, out: OnDisk | None) -> None:
        """Put what came out back in its place, or keep it where that is taken. `out` None: it is no regular file."""
        name, short = record.staged.rsplit("/", 1)[-1], record.path.rsplit("/", 1)[-1]
        with folder(root, record.path, make=True) as where:
            assert where is not None
            if put(name, short, source, where):
                return
            ours = record.post is not None and on_disk(root, record.path) == record.post
            if ours and exchange(name, short, where):
                call("fs.unlink", os.unlink, name, dir_fd=source)
                return
        if out is not None:
            self.versions += [kept for kept in [self.kept.keep(out.content)] if kept]
            call("fs.unlink", os.unlink, name, dir_fd=source)


def on_disk(root: Path, path: str) -> str | None:
    """The hash of a file's bytes. Raises RepositoryError."""
    found = read(root, path)
    return None if found is None else sha(found.content)
