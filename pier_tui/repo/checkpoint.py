"""The one way bytes get into the working tree: journalled before the first of them, compared, all or nothing.

A checkpoint keeps what a write replaced and what it wrote, outside the repository. A write cut off by a crash
is finished by `recover`; `undo` takes a write back, hunk by hunk, where its bytes still stand. Git's index,
refs and stash are never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import RepositoryError
from pier_tui.repo.diff import FileDiff, Hunk, Patch
from pier_tui.repo.disk import Change, Writing, failure, read, staged_name, with_exec
from pier_tui.repo.hunks import apply_hunks, reverse_file
from pier_tui.repo.making import decode, diff_bytes, encode, git_mode, is_binary, sha
from pier_tui.repo.paths import clean
from pier_tui.repo.picking import shifted
from pier_tui.repo.rebase import merge

KEPT_DAYS = 30


class Frozen(BaseModel):
    """An immutable record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileRecord(Frozen):
    """One file of a checkpoint: hashes of its bytes before and after (None: no file), modes, and the staged name."""

    path: str
    pre: str | None
    post: str | None
    pre_mode: int | None = None
    mode: int | None = None
    staged: str = ""


class Checkpoint(Frozen):
    """One write. `undoes` is the checkpoint it takes back. `time` is seconds since 1970."""

    id: str
    root: str
    time: float
    files: tuple[FileRecord, ...]
    undoes: str | None = None


class Recovered(Frozen):
    """A write a crash had cut off: the paths now finished, and those somebody else changed, left as they are."""

    checkpoint: str
    finished: tuple[str, ...]
    conflicts: tuple[str, ...] = ()


class Undone(Frozen):
    """What `undo` did: its own checkpoint ("" where nothing was written), what was written, what no longer stood."""

    checkpoint: str
    patch: Patch
    conflicts: tuple[str, ...] = ()


def state_dir_for(root: Path, state_home: Path | None = None) -> Path:
    """Where a repository's checkpoints live: `$XDG_STATE_HOME/pier-tui/<hash of its path>`."""
    given = os.environ.get("XDG_STATE_HOME", "")
    home = state_home or (Path(given) if given.startswith("/") else Path.home() / ".local" / "state")
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    return home / "pier-tui" / name


class Journal:
    """Checkpoints of one repository in `state_dir`, which is made private. Two processes take turns by a lock."""

    def __init__(self, state_dir: Path) -> None:
        self._blobs = state_dir / "blobs"
        self._records = state_dir / "journal"
        try:
            for folder in (state_dir, self._blobs, self._records):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            state_dir.chmod(0o700)
        except OSError as error:
            raise RepositoryError(f"Checkpoints cannot be kept in {state_dir}: {error.strerror}") from error
        self._lock_path = state_dir / "lock"

    # writing

    def apply(
        self,
        root: Path,
        files: Mapping[str, Change | tuple[bytes | None, bytes | None, int | None]],
        *,
        undoes: str | None = None,
    ) -> str:
        """Write all files or none and return the checkpoint's id. Flushes to disk: call it in a thread.

        Raises WriteConflict when a file's bytes are not its `pre`, RepositoryError when the disk refuses.
        """
        root = Path(os.path.realpath(root))
        with self._locked():
            checkpoint = new_id()
            changes = {clean(path): Change(*change) for path, change in files.items()}
            names = {p: staged_name(root, p, f"{checkpoint}-{n}") for n, p in enumerate(changes)}
            writing = Writing(root, changes, names)
            writing.verify()
            self._begin(checkpoint, root, writing, undoes)
            self._carry_out(checkpoint, writing)
        return checkpoint

    def _begin(self, checkpoint: str, root: Path, writing: Writing, undoes: str | None) -> None:
        """Keep both versions of every file and the record of what is about to happen, flushed to disk."""
        records: list[FileRecord] = []
        try:
            for path, change in writing.changes.items():
                found = read(root, path)
                records.append(
                    FileRecord(
                        path=path,
                        pre=self._keep(change.pre),
                        post=self._keep(change.post),
                        pre_mode=None if found is None else found.mode,
                        mode=change.mode,
                        staged=writing.names[path],
                    )
                )
            record = Checkpoint(id=checkpoint, root=str(root), time=time.time(), files=tuple(records), undoes=undoes)
            text = json.dumps(record.model_dump(mode="python"), ensure_ascii=True)
            durable(self._records / f"{checkpoint}.json", text.encode("ascii"))
        except OSError as error:
            raise RepositoryError(f"The checkpoint cannot be kept: {error.strerror}; nothing was changed") from error

    def _carry_out(self, checkpoint: str, writing: Writing) -> None:
        try:
            writing.stage()
            writing.finish()
        except (OSError, RepositoryError) as error:
            left = writing.take_back()
            if not left:
                self._mark(checkpoint, "aborted")
            raise failure(error, left) from error
        finally:
            writing.discard()
        self._mark(checkpoint, "done")

    def _mark(self, checkpoint: str, state: str) -> None:
        # Losing the mark is harmless: recovery finds every file as it should be and marks it again.
        with contextlib.suppress(OSError):
            durable(self._records / f"{checkpoint}.{state}", b"")

    # after a crash

    def recover(self) -> tuple[Recovered, ...]:
        """Finish writes that were cut off; call it at start. Files changed by others meanwhile are left and named."""
        with self._locked():
            return tuple(self._recover_one(c) for c in self.checkpoints() if not self._is_settled(c.id))

    def _is_settled(self, checkpoint: str) -> bool:
        return any((self._records / f"{checkpoint}.{state}").exists() for state in ("done", "aborted"))

    def _recover_one(self, checkpoint: Checkpoint) -> Recovered:
        root = Path(checkpoint.root)
        try:
            changes = {record.path: self._change(record) for record in checkpoint.files}
        except RepositoryError:
            return Recovered(checkpoint=checkpoint.id, finished=(), conflicts=tuple(r.path for r in checkpoint.files))
        Writing(root, changes, {record.path: record.staged for record in checkpoint.files}).discard()
        finished: list[str] = []
        conflicts: list[str] = []
        for path in sorted(changes, key=lambda p: changes[p].post is not None):
            (finished if rolled_forward(root, path, changes[path]) else conflicts).append(path)
        if root.is_dir():
            self._mark(checkpoint.id, "done")
        return Recovered(checkpoint=checkpoint.id, finished=tuple(sorted(finished)), conflicts=tuple(sorted(conflicts)))

    # taking back

    def undo(self, checkpoint: str, hunks: Iterable[str] | None = None, paths: Iterable[str] | None = None) -> Undone:
        """Take a write back where its bytes still stand: all of it, or the hunks (by id) and paths named.

        Raises RepositoryError for an unknown checkpoint, WriteConflict when a file changes at that moment.
        """
        record = self.load(checkpoint)
        root = Path(record.root)
        wanted = None if hunks is None else frozenset(hunks)
        only = None if paths is None else frozenset(paths)
        changes: dict[str, Change] = {}
        conflicts: list[str] = []
        for file in record.files:
            if only is None or file.path in only:
                change, stands = self._taken_back(root, file, wanted)
                if change is not None:
                    changes[file.path] = change
                if not stands:
                    conflicts.append(file.path)
        before = {path: found.mode for path in changes if (found := read(root, path)) is not None}
        done = self.apply(root, changes, undoes=checkpoint) if changes else ""
        patch = Patch(files=tuple(file_diff(path, change, before.get(path)) for path, change in changes.items()))
        return Undone(checkpoint=done, patch=patch, conflicts=tuple(conflicts))

    def _taken_back(self, root: Path, file: FileRecord, wanted: frozenset[str] | None) -> tuple[Change | None, bool]:
        """The change that takes one file back, None for nothing to do, and whether all that was asked for stood."""
        pre, post, found = self._blob(file.pre), self._blob(file.post), read(root, file.path)
        current = None if found is None else found.content
        mode = file.pre_mode if file.mode is not None or file.post is None else None
        forward = diff_bytes(pre, post, file.path)
        picked = forward.hunks if wanted is None else tuple(h for h in forward.hunks if h.id in wanted)
        if wanted is not None and not picked:
            return None, True
        if current == pre and (pre != post or found is None):
            return None, True
        if current == post and len(picked) == len(forward.hunks):
            return Change(post, pre, mode), True
        if any(content is None or is_binary(content) for content in (pre, post, current)):
            return None, False
        return hunkwise(forward, picked, post or b"", current or b"")

    # what is kept

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """All checkpoints, oldest first; unreadable records are left out."""
        found: list[Checkpoint] = []
        for path in sorted(self._records.glob("*.json")):
            with contextlib.suppress(OSError, ValueError):
                found.append(Checkpoint.model_validate(json.loads(path.read_bytes())))
        return tuple(found)

    def load(self, checkpoint: str) -> Checkpoint:
        """One checkpoint. Raises RepositoryError when it is unknown."""
        try:
            if not checkpoint.replace("-", "").isalnum():
                raise ValueError(checkpoint)
            return Checkpoint.model_validate(json.loads((self._records / f"{checkpoint}.json").read_bytes()))
        except (OSError, ValueError) as error:
            raise RepositoryError(
                f"There is no checkpoint {checkpoint}: it is too old or of another repository"
            ) from error

    def patch_of(self, checkpoint: str) -> Patch:
        """What a checkpoint wrote, as a patch; its hunk ids are those `undo` takes."""
        files = ((record, self._change(record)) for record in self.load(checkpoint).files)
        return Patch(files=tuple(file_diff(record.path, change, record.pre_mode) for record, change in files))

    def prune(self, days: float = KEPT_DAYS) -> int:
        """Forget finished checkpoints older than `days` and the blobs nobody needs; returns how many were forgotten."""
        with self._locked():
            kept: list[Checkpoint] = []
            old: list[Checkpoint] = []
            for checkpoint in self.checkpoints():
                stale = checkpoint.time < time.time() - days * 86400 and self._is_settled(checkpoint.id)
                (old if stale else kept).append(checkpoint)
            needed = {blob for c in kept for record in c.files for blob in (record.pre, record.post)}
            for checkpoint in old:
                for path in self._records.glob(f"{checkpoint.id}.*"):
                    path.unlink(missing_ok=True)
            for path in self._blobs.iterdir() if old else ():
                if path.name not in needed:
                    path.unlink(missing_ok=True)
            return len(old)

    def _change(self, record: FileRecord) -> Change:
        return Change(self._blob(record.pre), self._blob(record.post), record.mode)

    def _keep(self, content: bytes | None) -> str | None:
        name = sha(content)
        if content is not None and name is not None and not (self._blobs / name).exists():
            durable(self._blobs / name, content)
        return name

    def _blob(self, name: str | None) -> bytes | None:
        if name is None:
            return None
        try:
            content = (self._blobs / name).read_bytes()
        except OSError as error:
            raise RepositoryError("A version kept by the checkpoint is missing, so nothing was changed") from error
        if sha(content) != name:
            raise RepositoryError("A version kept by the checkpoint is damaged, so nothing was changed")
        return content

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        number = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            yield
        finally:
            os.close(number)


def new_id() -> str:
    """An id that sorts by time."""
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}"


def durable(path: Path, content: bytes) -> None:
    """Write a private file so that after a crash it is there whole, or not at all. Raises OSError."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        number = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(number)
        staged.rename(path)
    finally:
        staged.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def rolled_forward(root: Path, path: str, change: Change) -> bool:
    """Bring one file of an interrupted write to its end; False when it is neither the old nor the new one."""
    one = Writing(root, {path: change})
    try:
        if one.stands(path, change.post) and change.post != change.pre:
            return True
        one.stage()
        one.finish()
    except (OSError, RepositoryError):
        return False
    finally:
        one.discard()
    return True


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
