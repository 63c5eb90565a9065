"""The pending patch set over the working tree: what the agent proposes, and what of it the user has taken.

Nothing here writes into the working tree. Each pending file keeps the bytes it was computed against, so what
is applied is exactly what was shown; `rebase` brings it onto files that changed since.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from pier_tui.errors import EditError, RepositoryError, ToolError, WriteConflict
from pier_tui.repo import beneath
from pier_tui.repo.diff import FileDiff, HunkPick, HunkState, Patch
from pier_tui.repo.disk import Change
from pier_tui.repo.making import decode, encode, git_mode, is_binary
from pier_tui.repo.paths import clean, real, refuse_links
from pier_tui.repo.pending import Pending, decided, diff_of, merged_of, settled, takes_mode, whole_clash, written
from pier_tui.repo.picking import is_nothing, pieces, select, without
from pier_tui.repo.rebase import Clash, clashing, standing
from pier_tui.repo.repo import Repo, opened

Side = Literal["ours", "theirs", "text"]

MAX_BYTES = 8 * 1024 * 1024
"""The largest file that is read or proposed."""


P = ParamSpec("P")
T = TypeVar("T")


def _alone(method: Callable[Concatenate[Overlay, P], T]) -> Callable[Concatenate[Overlay, P], T]:
    """One at a time: a tool proposes on the event loop while a review or a re-base runs in a thread."""

    @wraps(method)
    def locked(self: Overlay, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked


class Overlay:
    """The working tree with the pending patch set on top; the `Files` the tools are given."""

    def __init__(self, root: Path | Repo, lister: Callable[[], tuple[str, ...]] | None = None) -> None:
        repo = root if isinstance(root, Repo) else opened(root)
        self.root = repo.root
        self._lister = lister or repo.files_sync
        self.lock = threading.RLock()
        self._pending: dict[str, Pending] = {}
        self._diffs: dict[str, tuple[Pending, FileDiff]] = {}

    # reading

    def read(self, path: str) -> bytes:
        """The proposed bytes. Raises ToolError: outside the repository, missing, a folder, a link out, too large."""
        name = self._real(path)
        content = self._pending[name].content if name in self._pending else on_disk(self.root, name)[0]
        if content is None:
            raise EditError("missing", f"{name} does not exist: use list or search to find the file")
        return content

    def read_text(self, path: str) -> str:
        """The proposed text, bytes that are not UTF-8 as surrogates. Raises ToolError, also for a binary file."""
        content = self.read(path)
        if is_binary(content):
            raise EditError("binary", f"{path} is binary (it holds NUL bytes), so it is not shown or edited as text")
        return decode(content)

    def exists(self, path: str) -> bool:
        """Whether the path is a file in the proposed state. A path outside the repository is not."""
        try:
            name = self._real(path)
        except ToolError:
            return False
        if name in self._pending:
            return self._pending[name].content is not None
        return (self.root / name).is_file()

    def list(self, under: str = "") -> tuple[str, ...]:
        """Paths of all files git would track, pending ones included, sorted. Starts git: call it in a thread."""
        gone = {path for path, item in self._pending.items() if item.content is None}
        made = {path for path, item in self._pending.items() if item.content is not None}
        found = sorted((set(self._lister()) | made) - gone)
        if under.strip("./ ") == "":
            return tuple(found)
        folder = self._clean(under)
        return tuple(path for path in found if path == folder or path.startswith(f"{folder}/"))

    # proposing

    @_alone
    def write(self, path: str, content: bytes | None, mode: int | None = None) -> None:
        """Propose new bytes (None: deletion). Raises ToolError: outside, through a link, in git's folder, too large."""
        name = self._clean(path)
        self._refuse_place(name)
        if content is not None and len(content) > MAX_BYTES:
            raise EditError("too_large", f"{name} would be larger than 8 MB: write a smaller file")
        item = self._pending.get(name) or Pending(*on_disk(self.root, name), None)
        if content is None and item.base is None and item.content is None:
            raise EditError("missing", f"{name} does not exist, so it cannot be deleted")
        self._set(name, replace(item, content=content, mode=item.mode if mode is None else mode))

    def _set(self, name: str, item: Pending) -> None:
        same_mode = item.mode is None or git_mode(item.mode) == git_mode(item.base_mode)
        if item.content == item.base and (same_mode or item.content is None) and not item.clash:
            self._pending.pop(name, None)
        else:
            self._pending[name] = item

    def changed(self) -> tuple[str, ...]:
        """Paths with pending changes, sorted."""
        return tuple(sorted(self._pending))

    def proposed_bytes(self) -> dict[str, bytes | None]:
        """What every pending file would hold; None is a deletion."""
        return {path: item.content for path, item in self._pending.items()}

    def proposed_modes(self) -> dict[str, int | None]:
        """The mode every pending file would have; None leaves it as it is."""
        return {path: item.mode for path, item in self._pending.items()}

    @_alone
    def snapshot(self) -> Mapping[str, Pending]:
        """The pending set as it is now, to be put back by `restore`."""
        return dict(self._pending)

    @_alone
    def restore(self, snapshot: Mapping[str, Pending]) -> None:
        """Put a pending set back exactly."""
        self._pending = dict(snapshot)

    # reviewing

    @_alone
    def patch(self) -> Patch:
        """The pending set against its base, files in order. May start git for large files: call it in a thread."""
        return Patch(files=tuple(self.diff(path) for path in self.changed()))

    @_alone
    def diff(self, path: str) -> FileDiff:
        """One pending file against its base. Raises ToolError when nothing is pending there."""
        item = self._pending.get(path)
        if item is None:
            raise EditError("missing", f"Nothing is pending for {path}")
        known = self._diffs.get(path)
        if known is None or known[0] != item:
            known = (item, diff_of(path, item))
            self._diffs[path] = known
        return known[1]

    @_alone
    def accepted(self, picks: Iterable[HunkPick]) -> dict[str, Change]:
        """What the picks would write, for `Journal.apply`. Raises WriteConflict for a file that clashes."""
        found: dict[str, Change] = {}
        for path, chosen in pieces(picks).items():
            item, file = self._pending.get(path), select(self.diff(path), chosen)
            if item is None or is_nothing(file):
                continue
            if item.clash:
                raise WriteConflict(f"{path} changed on disk where the proposal changes it: resolve the conflict first")
            found[path] = Change(item.base, written(item, file), item.mode if takes_mode(file) else None)
        return found

    @_alone
    def settle(self, picks: Iterable[HunkPick], rejected: Iterable[HunkPick] = ()) -> None:
        """After `accepted(picks)` was written: what was taken is the base, what was rejected is gone.

        Give both at once where one review did both: hunk ids are those of the patch that was reviewed.
        """
        chosen, refused = pieces(picks), pieces(rejected)
        writes = self.accepted(p for some in chosen.values() for p in some)
        for path in {*writes, *refused} & set(self._pending):
            file, change = self.diff(path), writes.get(path)
            item = settled(self._pending[path], file, change, chosen.get(path, ()), refused.get(path, ()))
            self._set(path, item)

    @_alone
    def drop(self, picks: Iterable[HunkPick]) -> None:
        """Take rejected hunks or lines out of the pending set."""
        for path, chosen in pieces(picks).items():
            if path not in self._pending:
                continue
            item = self._pending[path]
            file = without(self.diff(path), chosen)
            mode = item.mode if takes_mode(file) else None
            content = item.base if is_nothing(file) else written(item, file)
            self._set(path, replace(item, content=content, mode=mode, clash=item.clash and content != item.base))

    @_alone
    def adopt(self, picks: Iterable[HunkPick]) -> None:
        """Put the texts the user typed into hunks in the place of what was proposed there; nothing is decided yet."""
        for path, chosen in pieces(pick for pick in picks if pick.text is not None).items():
            if path in self._pending:
                item = self._pending[path]
                self._set(path, replace(item, content=decided(item, self.diff(path), chosen)))

    # keeping up with the disk

    @_alone
    def rebase(self) -> dict[str, HunkState]:
        """Bring every pending file onto the disk as it is now. Gives each pending hunk's standing by its id.

        A file whose changes clash keeps its old base, cannot be written, and names both sides in `clashes`.
        """
        states: dict[str, HunkState] = {}
        for path in self.changed():
            for hunk, state in self._rebase_one(path).items():
                states[hunk] = "conflict" if states.get(hunk) == "conflict" else state
        return states

    def _rebase_one(self, path: str) -> dict[str, HunkState]:
        item, before = self._pending[path], self.diff(path)
        try:
            theirs, mode = on_disk(self.root, path)
        except ToolError:
            theirs, mode = item.theirs if item.clash else None, item.base_mode
        if theirs == item.base:
            self._set(path, replace(item, clash=False, theirs=None, base_mode=mode))
            return dict.fromkeys((hunk.id for hunk in before.hunks), "clean")
        if theirs == item.content:
            self._set(path, Pending(theirs, mode, item.content, item.mode))
            return {}
        merged = merged_of(item, theirs)
        if merged is None or merged.clashes:
            self._pending[path] = replace(item, clash=True, theirs=theirs)
            found = merged.clashes if merged else (Clash(0, 10**9, "", "", ""),)
            return clashing(before, found)
        self._set(path, Pending(theirs, mode, encode(merged.text()), item.mode))
        return standing(before, self.diff(path)) if path in self._pending else {}

    def conflicts(self) -> tuple[str, ...]:
        """Paths that cannot be written until resolved."""
        return tuple(path for path in self.changed() if self._pending[path].clash)

    def clashes(self, path: str) -> tuple[Clash, ...]:
        """Both sides of every clashing region of a file; one for the whole file where it cannot be merged by line."""
        item = self._pending.get(path)
        if item is None or not item.clash:
            return ()
        merged = merged_of(item, item.theirs)
        return whole_clash(item) if merged is None else merged.clashes

    def dropped(self, path: str, side: Side) -> bytes | None:
        """What `resolve` with this side leaves out: the whole proposal, or the whole file on disk."""
        item = self._pending.get(path)
        return (item.content if side == "theirs" else item.theirs) if item and item.clash else None

    @_alone
    def resolve(self, path: str, content: bytes | None = None, *, side: Side = "text") -> None:
        """Settle a conflict: `side` is `ours` (the proposal), `theirs` (the disk) or `text` (`content` as given)."""
        item = self._pending.get(path)
        if item is None or not item.clash:
            raise EditError("missing", f"{path} has no conflict to resolve")
        merged = merged_of(item, item.theirs)
        if side == "theirs":
            content = encode(merged.text(ours=False)) if merged else item.theirs
        elif side == "ours":
            content = encode(merged.text()) if merged else item.content
        theirs, mode = on_disk(self.root, path)
        self._set(path, Pending(theirs, mode, content, item.mode))

    # places

    def _clean(self, path: str) -> str:
        try:
            return clean(path, self.root)
        except RepositoryError as error:
            raise EditError("outside", str(error)) from error

    def _real(self, path: str) -> str:
        name = self._clean(path)
        if name in self._pending:
            return name
        try:
            return real(self.root, name)
        except RepositoryError as error:
            raise EditError("outside", str(error)) from error

    def _refuse_place(self, name: str) -> None:
        try:
            refuse_links(self.root, name)
        except RepositoryError as error:
            raise EditError("outside", str(error)) from error
        above = name.rpartition("/")[0]
        while above:
            item = self._pending.get(above)
            if item.content is not None if item else (self.root / above).is_file():
                raise EditError("outside", f"{above} is a file, so {name} cannot be made in it")
            above = above.rpartition("/")[0]


def on_disk(root: Path, name: str) -> tuple[bytes | None, int | None]:
    """Bytes and mode on disk. Raises ToolError for folders, special files, and files that are too large."""
    full = root / name
    try:
        found = os.lstat(full)
    except (FileNotFoundError, NotADirectoryError):
        return None, None
    except OSError as error:
        raise ToolError(f"{name} cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(found.st_mode):
        raise ToolError(f"{name} is a folder: use list to see what is in it")
    if found.st_size > MAX_BYTES:
        raise EditError("too_large", f"{name} is larger than 8 MB, so it is not read: use a command to look into it")
    try:
        there = beneath.read(root, name)
    except (RepositoryError, OSError) as error:
        raise ToolError(str(error)) from error
    return (None, None) if there is None else (there.content, there.mode)
