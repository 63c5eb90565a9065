"""Applying a patch to a folder: everything is worked out in memory first, then written all or none."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import PatchError, RepositoryError
from pier_tui.repo import begin_patch
from pier_tui.repo.beneath import read
from pier_tui.repo.diff import Patch
from pier_tui.repo.disk import Change, write_all
from pier_tui.repo.hunks import reverse
from pier_tui.repo.making import decode
from pier_tui.repo.parsing import NO_PATCH, parse, refuse_torn
from pier_tui.repo.patched_tree import Tree, renames
from pier_tui.repo.paths import clean


class Result(BaseModel):
    """What applying came to. When not `ok` nothing was written, and `errors` says why, a sentence each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ok: bool
    changed: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


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
    if strip < 0:
        raise PatchError("The number of leading folders to drop cannot be negative: give 0 or more")
    if begin_patch.is_begin_patch(patch):
        if backwards:
            raise PatchError("A '*** Begin Patch' patch cannot be reversed: it does not keep what it deletes")
        return begun(root, patch)
    parsed = parse(patch, strip=strip)
    if not parsed.files:
        raise PatchError(NO_PATCH)
    refuse_torn(patch)
    return changes_of(root, turned(parsed) if backwards else parsed)


def turned(patch: Patch) -> Patch:
    """The patch reversed; a copy has no reverse."""
    return reverse(patch)


def begun(root: Path, patch: bytes) -> dict[str, Change]:
    """What a `*** Begin Patch` patch would write."""

    def disk(path: str) -> bytes | None:
        found = read(root, path)
        return None if found is None else found.content

    tree = Tree(root)
    text = decode(patch)
    for path, content in begin_patch.propose(text, disk, root).items():
        tree.entry(path).post = content
    for target, source in begin_patch.moves(text, root).items():
        tree.entry(target).mode = tree.entry(source).pre_mode
    return tree.changes()


def changes_of(root: Path, patch: Patch) -> dict[str, Change]:
    """What the patch would write under `root`. Raises PatchError, one line per file that does not apply."""
    tree = Tree(root, leaving={clean(f.old_path) for f in patch.files if f.old_path is not None and renames(f)})
    errors: list[str] = []
    for file in patch.files:
        try:
            tree.work(file)
        except RepositoryError as error:
            errors.append(str(error))
    if errors:
        raise PatchError("\n".join(errors))
    return tree.changes()
