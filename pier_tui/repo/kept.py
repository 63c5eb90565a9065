"""Checkpoints on disk: versions by their hash and records by their id, in a private folder outside the repository.

Everything is flushed before it counts. What a record says happened is not decided here.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pier_tui.errors import RepositoryError
from pier_tui.repo.beneath import Refused
from pier_tui.repo.disk import Change
from pier_tui.repo.making import sha
from pier_tui.repo.records import Checkpoint, FileRecord, Pruned
from pier_tui.seams import call, write_whole

KEPT_DAYS = 30
KEPT_BYTES = 1024**3
"""The most the kept versions may take together."""

Settled = Literal["done", "aborted", "conflict"]
SETTLED: tuple[Settled, ...] = ("done", "aborted", "conflict")


class Kept:
    """The folder of one repository's checkpoints; it is made private. Two processes take turns by `locked`."""

    def __init__(self, state_dir: Path) -> None:
        self.blobs = state_dir / "blobs"
        self.records = state_dir / "journal"
        try:
            for folder in (state_dir, self.blobs, self.records):
                call("fs.mkdir", folder.mkdir, mode=0o700, parents=True, exist_ok=True)
            state_dir.chmod(0o700)
        except OSError as error:
            raise RepositoryError(f"Checkpoints cannot be kept in {state_dir}: {error.strerror}") from error
        self._lock = state_dir / "lock"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all processes that write to this repository. The system frees it when a process dies."""
        try:
            number = call("fs.open", os.open, self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RepositoryError(f"The checkpoints cannot be opened: {error.strerror}; nothing was changed") from error
        try:
            try:
                call("fs.flock", fcntl.flock, number, fcntl.LOCK_EX)
            except OSError as error:
                raise RepositoryError(
                    f"The checkpoints cannot be locked: {error.strerror}; nothing was changed"
                ) from error
            yield
        finally:
            os.close(number)

    # versions

    def keep(self, content: bytes | None) -> str | None:
        """Keep a version and return its name; None for no file. Raises OSError."""
        name = sha(content)
        if content is not None and name is not None and not (self.blobs / name).exists():
            durable(self.blobs / name, content)
        return name

    def blob(self, name: str | None) -> bytes | None:
        """A kept version. Raises RepositoryError where it is missing or damaged."""
        if name is None:
            return None
        try:
            content = call("fs.read", (self.blobs / name).read_bytes)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                raise Refused(
                    "A version kept by the checkpoint cannot be read, so nothing was changed", error
                ) from error
            raise RepositoryError("A version kept by the checkpoint is missing, so nothing was changed") from error
        if sha(content) != name:
            raise RepositoryError("A version kept by the checkpoint is damaged, so nothing was changed")
        return content

    def change(self, record: FileRecord) -> Change:
        """What a checkpoint did to one file. Raises RepositoryError."""
        return Change(self.blob(record.pre), self.blob(record.post), record.mode)

    # records

    def record(self, checkpoint: Checkpoint) -> None:
        """Write what is about to happen. Raises OSError."""
        text = json.dumps(checkpoint.model_dump(mode="python"), ensure_ascii=True)
        durable(self.records / f"{checkpoint.id}.json", text.encode("ascii"))

    def mark(self, checkpoint: str, state: Settled, needed: Iterable[str] = ()) -> bool:
        """Settle a checkpoint; `needed` are more versions it keeps. False where the disk refuses: mark it later."""
        try:
            durable(self.records / f"{checkpoint}.{state}", "\n".join(needed).encode("ascii"))
        except OSError:
            return False
        return True

    def forget(self, checkpoint: str) -> None:
        """Take a record back whose write came to nothing: needs no space, so it works on a full disk."""
        try:
            call("fs.unlink", os.unlink, self.records / f"{checkpoint}.json")
        except FileNotFoundError:
            pass
        except OSError:
            self.mark(checkpoint, "aborted")

    def settled(self) -> dict[str, Settled]:
        """What became of each settled checkpoint. Raises RepositoryError."""
        return {Path(name).stem: s for name in self.names() for s in SETTLED if name.endswith(f".{s}")}

    def names(self) -> list[str]:
        """All files of the records' folder, sorted. Raises RepositoryError."""
        try:
            return sorted(name for name in call("fs.read", os.listdir, self.records) if not name.startswith("."))
        except OSError as error:
            raise Refused("The checkpoints cannot be read", error) from error

    def ids(self) -> list[str]:
        """Ids of all checkpoints, oldest first. Raises RepositoryError."""
        return [name.removesuffix(".json") for name in self.names() if name.endswith(".json")]

    def all(self) -> tuple[Checkpoint, ...]:
        """All checkpoints, oldest first; damaged records are left out. Raises RepositoryError where the disk fails."""
        return tuple(found for name in self.ids() if (found := self.sound(name)) is not None)

    def sound(self, checkpoint: str) -> Checkpoint | None:
        """One checkpoint, None where its record is damaged. Raises RepositoryError where the disk fails."""
        try:
            return self.load(checkpoint)
        except Refused:
            raise
        except RepositoryError:
            return None

    def load(self, checkpoint: str) -> Checkpoint:
        """One checkpoint. Raises RepositoryError when it is unknown."""
        try:
            if not checkpoint.replace("-", "").isalnum():
                raise ValueError(checkpoint)
            text = call("fs.read", (self.records / f"{checkpoint}.json").read_bytes)
            return Checkpoint.model_validate(json.loads(text))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                raise Refused("The checkpoints cannot be read", error) from error
            raise RepositoryError(
                f"There is no checkpoint {checkpoint}: it is too old or of another repository"
            ) from error

    # forgetting

    def prune(self, days: float, most: int, now: float) -> Pruned:
        """Forget settled checkpoints older than `days`, then the oldest ones while more than `most` bytes are kept."""
        ends, every = self.settled(), self.all()
        if len(every) < len(self.ids()):
            return Pruned()  # which versions an unreadable record needs nobody knows
        kept = [c for c in every if c.id not in ends or c.time >= now - days * 86400]
        old, early, sizes = len(every) - len(kept), 0, self._sizes()
        uses = Counter(blob for c in kept for blob in self._needs(c))
        total = sum(sizes.get(blob, 0) for blob in uses)
        while kept and kept[0].id in ends and total > most:
            gone, early = kept.pop(0), early + 1
            for blob in self._needs(gone):
                uses[blob] -= 1
                total -= 0 if uses[blob] else sizes.get(blob, 0)
        names = {c.id for c in kept}
        for checkpoint in every:
            if checkpoint.id not in names:
                for path in self.records.glob(f"{checkpoint.id}.*"):
                    path.unlink(missing_ok=True)
        for name in sizes.keys() - {blob for blob, count in uses.items() if count}:
            (self.blobs / name).unlink(missing_ok=True)
        return Pruned(old=old, early=early, kept_bytes=total)

    def _sizes(self) -> dict[str, int]:
        with os.scandir(self.blobs) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}

    def _needs(self, checkpoint: Checkpoint) -> set[str]:
        """Names of the versions a checkpoint refers to."""
        found = {blob for r in checkpoint.files for blob in (r.pre, r.post) if blob is not None}
        with contextlib.suppress(OSError):
            found |= set((self.records / f"{checkpoint.id}.conflict").read_text("ascii").split())
        return found

    def prune_now(self, days: float, most: int) -> Pruned:
        """`prune`, alone and by the clock. Raises RepositoryError."""
        with self.locked():
            try:
                return self.prune(days, most, call("clock.time", time.time))
            except OSError as error:
                raise RepositoryError(f"Old checkpoints cannot be removed: {error.strerror}") from error


def durable(path: Path, content: bytes) -> None:
    """Write a private file so that after a crash it is there whole, or not at all. Raises OSError."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        number = call("fs.open", os.open, staged, flags, 0o600)
        try:
            write_whole(number, content)
            call("fs.fsync", os.fsync, number)
        finally:
            os.close(number)
        call("fs.rename", os.rename, staged, path)
    except OSError:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise
    folder = call("fs.open", os.open, path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        call("fs.fsync", os.fsync, folder)
    finally:
        os.close(folder)
