"""Which directories the person trusts: decided by him, once, and kept outside of every repository.

A directory is known by its real path, device, inode and inode generation, so neither another directory at
the same path nor the same one elsewhere is trusted. What `.git` points to plays no part. A file that cannot
be read trusts nothing.
"""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.errors import RepositoryError
from pier_tui.private import write_private
from pier_tui.repo.sighting import Sighting, identity, sight

FILE = "trusted.json"


class Trusted(BaseModel):
    """One decision. `below`: everything under the directory is trusted as well. `when` is UTC, ISO 8601."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    device: int
    inode: int
    generation: int = 0
    when: str = ""
    below: bool = False


class _Kept(BaseModel):
    """The file. `instructions` holds, by directory, the hash of the AGENTS.md that was read there last."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    trusted: tuple[Trusted, ...] = ()
    instructions: dict[str, str] = {}


class TrustBook:
    """The decisions in the file `trusted.json` of a folder of the program's own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def standing(self, seen: Sighting) -> Trusted | None:
        """The decision that makes this directory trusted; None where there is none."""
        return next((known for known in self._kept().trusted if _covers(known, seen)), None)

    def trust(self, seen: Sighting, *, below: bool = False) -> Trusted:
        """Trust a directory, or with `below` its parent and everything under that. Raises PierError."""
        folder = seen.root.parent if below else seen.root
        device, inode, generation = identity(folder)
        if not below and (device, inode, generation) != (seen.device, seen.inode, seen.generation):
            raise RepositoryError(f"{folder} was replaced while you were asked: open it again")
        when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        fresh = Trusted(path=str(folder), device=device, inode=inode, generation=generation, when=when, below=below)
        kept = self._kept()
        others = (known for known in kept.trusted if (known.path, known.below) != (fresh.path, fresh.below))
        self._write(kept.model_copy(update={"trusted": (*others, fresh)}))
        return fresh

    def revoke(self, folder: Path) -> int:
        """Forget every decision about exactly this directory; how many there were. Raises ConfigError."""
        kept = self._kept()
        left = tuple(known for known in kept.trusted if known.path != str(folder))
        instructions = {path: digest for path, digest in kept.instructions.items() if path != str(folder)}
        if left != kept.trusted or instructions != kept.instructions:
            self._write(_Kept(trusted=left, instructions=instructions))
        return len(kept.trusted) - len(left)

    def all(self) -> tuple[Trusted, ...]:
        """Every decision, by path."""
        return tuple(sorted(self._kept().trusted, key=lambda known: known.path))

    def instructions_changed(self, root: Path, text: str | None) -> bool:
        """Whether AGENTS.md is another than the last time; the new one is remembered. Raises ConfigError."""
        kept = self._kept()
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text is not None else ""
        before = kept.instructions.get(str(root))
        if before != digest:
            self._write(kept.model_copy(update={"instructions": {**kept.instructions, str(root): digest}}))
        return before is not None and before != digest

    def _kept(self) -> _Kept:
        try:
            return _Kept.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError):
            return _Kept()

    def _write(self, kept: _Kept) -> None:
        write_private(self.path, kept.model_dump_json(indent=1) + "\n")


def admit(book: TrustBook, path: Path) -> None:
    """Raises RepositoryError where the directory is not trusted: there is nobody to ask in a run without a screen."""
    seen = sight(path)
    if book.standing(seen) is None:
        raise RepositoryError(
            f"{seen.root} is not trusted yet: run `pier-tui trust {path}` once, or add --trust for this run."
        )


def trusted_now(book: TrustBook, path: Path) -> str:
    """Trust a directory and say so, with where its `.git` leads when that is elsewhere. Raises PierError."""
    seen = sight(path)
    book.trust(seen)
    return "".join(f"{line}\n" for line in (f"trusted: {seen.root}", *(f"note: {said}" for said in seen.pointers)))


def trusted_no_more(book: TrustBook, path: Path) -> str:
    """Forget a directory, which need not be there any more, and say what is so now. Raises PierError."""
    folder = path.expanduser().resolve()
    folders = {folder, sight(path).root} if folder.is_dir() else {folder}
    count = sum(book.revoke(each) for each in folders)
    said = f"trusted no longer: {folder}\n" if count else f"{folder} was not trusted.\n"
    wider = book.standing(sight(path)) if folder.is_dir() else None
    return said + (f"It is still trusted with everything below {wider.path}: revoke that too.\n" if wider else "")


def listed(book: TrustBook) -> str:
    """Every trusted directory, a line each; those that were moved or replaced since are marked."""
    lines = []
    for known in book.all():
        try:
            same = identity(Path(known.path)) == (known.device, known.inode, known.generation)
        except RepositoryError:
            same = False
        what = "everything below " if known.below else ""
        lines.append(f"{known.when}  {what}{known.path}" + ("" if same else "  (gone or replaced, so not trusted)"))
    return "".join(f"{line}\n" for line in lines) or "No directory is trusted yet.\n"


def _covers(known: Trusted, seen: Sighting) -> bool:
    where = Path(known.path)
    if where == seen.root:
        return (known.device, known.inode, known.generation) == (seen.device, seen.inode, seen.generation)
    if not known.below or where not in seen.root.parents:
        return False
    try:
        return identity(where) == (known.device, known.inode, known.generation)
    except RepositoryError:
        return False
