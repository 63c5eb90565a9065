"""The one way bytes get into the working tree: journalled before the first of them, compared, all or nothing.

A checkpoint keeps what a write replaced and what it wrote, outside the repository. A write cut off by a crash
is finished by `recover`, at start or before the next write; `undo` takes writes back, hunk by hunk, where their
bytes still stand. Git's index, refs and stash are never touched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pier_tui.errors import RepositoryError
from pier_tui.repo.beneath import read
from pier_tui.repo.diff import Patch
from pier_tui.repo.disk import Change, Writing, failure, staged_names
from pier_tui.repo.kept import KEPT_BYTES, KEPT_DAYS, Kept
from pier_tui.repo.paths import clean
from pier_tui.repo.records import (
    Checkpoint,
    Effects,
    FileRecord,
    Origin,
    Pruned,
    Recovered,
    Undone,
    Written,
    new_id,
)
from pier_tui.repo.recovering import Recovery
from pier_tui.repo.taking_back import TakingBack, file_diff, newest_first
from pier_tui.seams import call


class Journal:
    """Checkpoints of one repository in `state_dir`. Two processes take turns by a lock."""

    def __init__(self, state_dir: Path) -> None:
        self.kept = Kept(state_dir)
        self.late: list[Recovered] = []
        """Writes another process had begun and not finished, found when we were about to write."""
        self._unmarked: set[str] = set()
        """Writes of ours that are done, of which the disk refused to keep that they are."""

    # writing

    def apply(
        self,
        root: Path,
        files: Mapping[str, Change | tuple[bytes | None, bytes | None, int | None]],
        *,
        undoes: tuple[str, ...] = (),
        origin: Origin | None = None,
    ) -> str:
        """Write all files or none and return the checkpoint's id. Flushes to disk: call it in a thread.

        Raises WriteConflict when a file's bytes are not its `pre`, RepositoryError when the disk refuses or an
        earlier write of one of the files was cut off and cannot be finished yet.
        """
        root = Path(os.path.realpath(root))
        with self.kept.locked():
            changes = {clean(path): Change(*change) for path, change in files.items()}
            self._refuse_unfinished(changes)
            checkpoint = new_id()
            writing = Writing(root, changes, staged_names(root, changes, checkpoint))
            writing.verify()
            self._begin(checkpoint, writing, undoes, origin or Origin())
            self._carry_out(checkpoint, writing)
        return checkpoint

    def _refuse_unfinished(self, changes: Mapping[str, Change]) -> None:
        """Finish what a dead process left. Raises RepositoryError where that fails for one of these files."""
        found = self._recover()
        self.late += found
        for one in found:
            if blocked := sorted({*one.failed} & changes.keys()):
                raise RepositoryError(
                    f"An earlier write of {', '.join(blocked)} was cut off and cannot be finished ({one.reason}), "
                    "so nothing was changed: see to the disk, then apply again"
                )

    def _begin(self, checkpoint: str, writing: Writing, undoes: tuple[str, ...], origin: Origin) -> None:
        """Keep both versions of every file and the record of what is about to happen, flushed to disk."""
        records: list[FileRecord] = []
        try:
            for path, change in writing.changes.items():
                found = read(writing.root, path)
                records.append(
                    FileRecord(
                        path=path,
                        pre=self.kept.keep(change.pre),
                        post=self.kept.keep(change.post),
                        pre_mode=None if found is None else found.mode,
                        mode=change.mode,
                        staged=writing.names[path],
                    )
                )
            self.kept.record(
                Checkpoint(
                    id=checkpoint,
                    root=str(writing.root),
                    time=call("clock.time", time.time),
                    files=tuple(records),
                    undoes=undoes[0] if undoes else None,
                    also=undoes[1:],
                    origin=origin,
                )
            )
        except OSError as error:
            # The record may be there already, only not certain to be: nothing was written, and it must not be later.
            self.kept.forget(checkpoint)
            raise RepositoryError(f"The checkpoint cannot be kept: {error.strerror}; nothing was changed") from error

    def _carry_out(self, checkpoint: str, writing: Writing) -> None:
        try:
            writing.stage()
            writing.finish()
        except (OSError, RepositoryError) as error:
            left = writing.take_back()
            if not writing.discard() and not left:
                self.kept.forget(checkpoint)
            raise failure(error, left) from error
        if not self.kept.mark(checkpoint, "done") or writing.discard():
            self._unmarked.add(checkpoint)

    def set_aside(self, root: Path, texts: Mapping[str, bytes | None], origin: Origin | None = None) -> str:
        """Keep texts that were not written, so that they can be had again; the id. Raises RepositoryError."""
        checkpoint = new_id()
        try:
            files = tuple(FileRecord(path=p, pre=self.kept.keep(text), post=None) for p, text in texts.items())
            self.kept.record(
                Checkpoint(
                    id=checkpoint,
                    root=os.path.realpath(root),
                    time=call("clock.time", time.time),
                    files=files,
                    origin=origin or Origin(),
                    aside=True,
                )
            )
        except OSError as error:
            raise RepositoryError(f"The text cannot be kept: {error.strerror}") from error
        self.kept.mark(checkpoint, "done")
        return checkpoint

    def aside(self, checkpoint: str) -> dict[str, bytes | None] | None:
        """The texts a checkpoint set aside, None where it is a write. Raises RepositoryError."""
        record = self.load(checkpoint)
        return {file.path: self.kept.blob(file.pre) for file in record.files} if record.aside else None

    # after a crash

    def recover(self) -> tuple[Recovered, ...]:
        """Finish writes that were cut off; call it at start. Files changed by others meanwhile are left and named.

        What the system does not let us finish now is named too, and tried again before the next write. Raises
        RepositoryError where the checkpoints cannot be read at all.
        """
        with self.kept.locked():
            return self._recover()

    def _recover(self) -> tuple[Recovered, ...]:
        self._unmarked = {name for name in self._unmarked if not self.kept.mark(name, "done")}
        settled = self.kept.settled()
        open_ones = [name for name in self.kept.ids() if name not in settled and name not in self._unmarked]
        found = (self.kept.sound(name) for name in open_ones)
        return tuple(Recovery(self.kept, checkpoint).run() for checkpoint in found if checkpoint is not None)

    def at_start(self) -> list[str]:
        """Finish what was cut off and forget what is too old; what the user should know of it. Never raises."""
        told: list[str] = []
        try:
            told += [text for one in self.recover() for text in one.sentences()]
            if early := self.prune().early:
                told.append(f"The versions kept for undo reached their size limit: the {early} oldest were forgotten.")
        except RepositoryError as error:
            told.append(f"{error}: nothing can be applied or taken back until that is seen to.")
        return told

    # taking back

    def undo(
        self,
        checkpoint: str | Iterable[str],
        hunks: Iterable[str] | None = None,
        paths: Iterable[str] | None = None,
        origin: Origin | None = None,
    ) -> Undone:
        """Take writes back where their bytes still stand: all of them, or the hunks (by id) and paths named.

        Raises RepositoryError for an unknown checkpoint, WriteConflict when a file changes at that moment.
        """
        taking = self._taking(checkpoint, hunks, paths)
        changes, effects = taking.changes(), taking.effects()
        ids = tuple(step.checkpoint for step in effects.steps if step.patch.files)
        done = self.apply(taking.root, changes, undoes=ids, origin=origin) if changes else ""
        return Undone(checkpoint=done, patch=effects.patch, steps=effects.steps)

    def effects(
        self,
        checkpoint: str | Iterable[str],
        hunks: Iterable[str] | None = None,
        paths: Iterable[str] | None = None,
    ) -> Effects:
        """What `undo` would do, without doing it. Raises RepositoryError."""
        return self._taking(checkpoint, hunks, paths).effects()

    def _taking(
        self, checkpoint: str | Iterable[str], hunks: Iterable[str] | None, paths: Iterable[str] | None
    ) -> TakingBack:
        ids = [checkpoint] if isinstance(checkpoint, str) else list(checkpoint)
        records = newest_first(self.load(name) for name in ids)
        if not records:
            raise RepositoryError("Nothing was written under this checkpoint, so there is nothing to take back")
        wanted = None if hunks is None else frozenset(hunks)
        only = None if paths is None else frozenset(paths)
        taking = TakingBack(self.kept, Path(records[0].root), wanted, only)
        for record in records:
            taking.take(record)
        return taking

    # what is kept

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """All checkpoints, oldest first; unreadable records are left out. Raises RepositoryError."""
        return self.kept.all()

    def written(self, most: int = 200) -> tuple[Written, ...]:
        """The newest checkpoints of which something can be taken back, newest first, and texts set aside.

        Reads every file they touched: call it in a thread. Raises RepositoryError.
        """
        found: list[Written] = []
        settled = self.kept.settled()
        for checkpoint in reversed(self.checkpoints()):
            if len(found) >= most:
                break
            if settled.get(checkpoint.id) == "aborted":
                continue
            try:
                effects = Effects() if checkpoint.aside else self.effects(checkpoint.id)
                patch = self.patch_of(checkpoint.id)
            except RepositoryError:
                continue
            if checkpoint.aside or effects.patch.files:
                found.append(Written(checkpoint=checkpoint, effects=effects, patch=patch))
        return tuple(found)

    def load(self, checkpoint: str) -> Checkpoint:
        """One checkpoint. Raises RepositoryError when it is unknown."""
        return self.kept.load(checkpoint)

    def patch_of(self, checkpoint: str) -> Patch:
        """What a checkpoint wrote, as a patch; its hunk ids are those `undo` takes."""
        files = ((record, self.kept.change(record)) for record in self.load(checkpoint).files)
        return Patch(files=tuple(file_diff(record.path, change, record.pre_mode) for record, change in files))

    def prune(self, days: float = KEPT_DAYS, most: int = KEPT_BYTES) -> Pruned:
        """Forget settled checkpoints older than `days`; then, while versions take more than `most` bytes, the oldest.

        Raises RepositoryError.
        """
        return self.kept.prune_now(days, most)
