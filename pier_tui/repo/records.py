"""What a checkpoint says: whose write it was, the files, and what became of it. Reading and writing them is `kept`."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pier_tui.repo.diff import Patch


class Frozen(BaseModel):
    """An immutable record. Fields a newer version added are passed over, so that its records can be read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FileRecord(Frozen):
    """One file of a checkpoint: hashes of its bytes before and after (None: no file), modes, and the staged name."""

    path: str
    pre: str | None
    post: str | None
    pre_mode: int | None = None
    mode: int | None = None
    staged: str = ""


class Origin(Frozen):
    """What a write belongs to: session, request and turn, and the request's first words. Empty where unknown."""

    session: str = ""
    request: int = 0
    turn: int = 0
    words: str = ""


class Checkpoint(Frozen):
    """One write. `undoes` is the checkpoint it takes back, `also` the others. `time` is seconds since 1970.

    `aside`: nothing was written; `pre` is a text the user set aside when he settled a conflict.
    """

    id: str
    root: str
    time: float
    files: tuple[FileRecord, ...]
    undoes: str | None = None
    also: tuple[str, ...] = ()
    origin: Origin = Origin()
    aside: bool = False


class Recovered(Frozen):
    """A write a crash had cut off: the paths now finished, and those somebody else changed, left as they are.

    `kept` are files that hold the versions of the conflicting paths. `failed` could not be finished yet, for `reason`.
    """

    checkpoint: str
    finished: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    reason: str = ""

    def sentences(self) -> list[str]:
        """What the user is to know of it."""
        words = [f"A write that was cut off is finished: {', '.join(self.finished)}."] if self.finished else []
        if self.conflicts:
            where = f" in {' and '.join(self.kept)}" if self.kept else ""
            words.append(
                f"A write was cut off and {', '.join(self.conflicts)} changed since, so your text was left as it is; "
                f"our versions are kept{where}."
            )
        if self.failed:
            words.append(
                f"A write of {', '.join(self.failed)} was cut off and cannot be finished ({self.reason}): "
                "nothing is applied to these files until it can."
            )
        return words


class Step(Frozen):
    """What is taken back of one checkpoint, and the paths whose text is no longer ours."""

    checkpoint: str
    patch: Patch
    conflicts: tuple[str, ...] = ()


class Effects(Frozen):
    """What taking checkpoints back does to the files: all of it, and checkpoint by checkpoint, newest first."""

    patch: Patch = Patch()
    steps: tuple[Step, ...] = ()

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Paths where some text was changed since and stays."""
        return tuple(dict.fromkeys(path for step in self.steps for path in step.conflicts))


class Undone(Effects):
    """What `undo` did, and its own checkpoint ("" where nothing was written)."""

    checkpoint: str = ""


class Written(Frozen):
    """A checkpoint of which something can be taken back, and what that would do."""

    checkpoint: Checkpoint
    effects: Effects
    patch: Patch = Patch()
    """What it wrote; its hunk ids are those `undo` takes."""


class Pruned(Frozen):
    """What was forgotten: checkpoints past their days, and `early` ones because the size limit was reached."""

    old: int = 0
    early: int = 0
    kept_bytes: int = 0


def state_dir_for(root: Path, state_home: Path | None = None) -> Path:
    """Where a repository's checkpoints live: `$XDG_STATE_HOME/pier-tui/<hash of its path>`."""
    given = os.environ.get("XDG_STATE_HOME", "")
    home = state_home or (Path(given) if given.startswith("/") else Path.home() / ".local" / "state")
    name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
    return home / "pier-tui" / name


def new_id() -> str:
    """An id that sorts by time."""
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}"


def since(written: Iterable[Written], session: str, turn: int) -> tuple[str, ...]:
    """What this session wrote at or after a turn and still stands."""
    ours = (w.checkpoint for w in written if w.checkpoint.origin.session == session)
    return tuple(c.id for c in ours if c.origin.turn >= turn and not c.aside and c.undoes is None)
