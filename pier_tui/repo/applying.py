"""Applying a patch to a folder: everything is worked out in memory first, then written all or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import PatchError, RepositoryError
from pier_tui.repo import begin_patch
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.repo.disk import Change, read, write_all
from pier_tui.repo.hunks import apply_hunks, reverse
from pier_tui.repo.making import decode, encode, is_binary
from pier_tui.repo.parsing import parse
from pier_tui.repo.paths import clean

REGULAR = (None, "100644", "100755")


class Result(BaseModel):
    """What applying came to. When not `ok` nothing was written, and `errors` says why, a sentence each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    changed: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass
class _Entry:
    """A file while the patch is worked out: as it is on disk, and as it will be."""

    pre: bytes | None
    pre_mode: int | None
    post: bytes | None
    mode: int | None = None


def apply(root: Path, patch: bytes, *, strip: int = 1, reverse: bool = False, check: bool = False) -> Result:
    """Apply a unified, git or `*** Begin Patch` patch under `root`, all or nothing; `check` writes nothing.

    Never raises for a bad or unsuitable patch: the result says what is wrong.
    """
    try:
        changes = planned(root, patch, strip=strip, backwards=reverse)
        if not check:
            write_all(root, changes)
    except RepositoryError as error:
        return Result(ok=False, errors=tuple(str(error).split("\n")))
    except OSError as error:
        return Result(ok=False, errors=(f"The files cannot be read or written: {error.strerror}",))
    return Result(ok=True, changed=tuple(changes))


def planned(root: Path, patch: bytes, *, strip: int = 1, backwards: bool = False) -> dict[str, Change]:
    """What applying would write, by path. Raises PatchError, one line per file that does not apply."""
    if begin_patch.is_begin_patch(patch):
        if backwards:
            raise PatchError("A '*** Begin Patch' patch cannot be reversed: it does not keep what it deletes")
        return begun(root, patch)
    parsed = parse(patch, strip=strip)
    if not parsed.files:
        raise PatchError("There is no patch in this text: a unified diff with ---, +++ and @@ lines is needed")
    return changes_of(root, turned(parsed) if backwards else parsed)


def turned(patch: Patch) -> Patch:
    """The patch reversed; a copy has no reverse."""
    return reverse(patch)


def begun(root: Path, patch: bytes) -> dict[str, Change]:
    """What a `*** Begin Patch` patch would write."""

    def disk(path: str) -> bytes | None:
        found = read(root, clean(path))
        return None if found is None else found.content

    after = begin_patch.propose(decode(patch), disk)
    return {path: Change(disk(path), content) for path, content in after.items()}


def changes_of(root: Path, patch: Patch) -> dict[str, Change]:
    """What the patch would write under `root`. Raises PatchError, one line per file that does not apply."""
    state: dict[str, _Entry] = {}
    errors: list[str] = []
    for file in patch.files:
        try:
            _work(root, file, state)
        except RepositoryError as error:
            errors.append(str(error))
    if errors:
        raise PatchError("\n".join(errors))
    return {path: Change(e.pre, e.post, e.mode) for path, e in state.items() if e.pre != e.post or e.mode is not None}


def _entry(root: Path, path: str, state: dict[str, _Entry]) -> _Entry:
    if path not in state:
        found = read(root, path)
        state[path] = _Entry(None, None, None) if found is None else _Entry(found.content, found.mode, found.content)
    return state[path]


def _work(root: Path, file: FileDiff, state: dict[str, _Entry]) -> None:
    """Work one file diff into the state. Raises PatchError or RepositoryError."""
    if file.binary:
        raise PatchError(f"{file.path} is binary: a patch of a binary file is not applied")
    if file.old_mode not in REGULAR or file.new_mode not in REGULAR:
        raise PatchError(f"{file.path} is a symbolic link or a submodule in the patch: only regular files are written")
    old = None if file.old_path is None else clean(file.old_path)
    new = None if file.new_path is None else clean(file.new_path)
    source = None if old is None else _entry(root, old, state)
    target = None if new is None else _entry(root, new, state)
    content = _content(file, source)
    if source is not None and source is not target and not file.copied:
        source.post, source.mode = None, None
    if target is not None:
        if source is not target and target.post is not None:
            raise PatchError(f"{new} exists already, so the patch cannot make it")
        if (root / str(new)).is_dir() and not any(p.startswith(f"{new}/") and not e.post for p, e in state.items()):
            raise PatchError(f"{new} is a folder, so the patch cannot make a file of it")
        target.post = content
        target.mode = _mode(file, source, target)


def _content(file: FileDiff, source: _Entry | None) -> bytes | None:
    """The new content of one file. Raises PatchError when the patch does not fit the old one."""
    created = file.old_path is None or (bool(file.hunks) and not any(h.old_count for h in file.hunks))
    old = None if source is None else source.post
    if old is None and not created:
        raise PatchError(f"{file.old_path} does not exist, so the patch cannot change it")
    if is_binary(old):
        raise PatchError(f"{file.path} is binary on disk: it is not patched")
    try:
        text = apply_hunks(decode(old or b""), file.hunks)
    except PatchError as error:
        raise PatchError(f"{file.path}: {error}") from error
    if file.new_path is None:
        if text:
            raise PatchError(f"{file.path}: the patch deletes the file but leaves contents: the file on disk has more")
        return None
    return encode(text)


def _mode(file: FileDiff, source: _Entry | None, target: _Entry) -> int | None:
    """The mode to set on the target, None to leave it."""
    if file.new_mode is not None and file.new_mode != file.old_mode:
        return int(file.new_mode, 8) & 0o777
    if source is not None and source is not target:
        return source.mode if source.mode is not None else source.pre_mode
    return target.mode
