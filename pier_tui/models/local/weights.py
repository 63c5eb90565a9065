"""Which model files there are, where they are kept, and whether a file is the right one; nothing is fetched here."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import PierError
from pier_tui.models.messages import Tier

CATALOGUE = Path(__file__).with_name("weights.toml")
PIECE = 1 << 20
"""Bytes read at a time."""
SPARE = 64 << 20
"""Bytes that stay free on the disk."""

Progress = Callable[[int], None]
"""Told how many bytes of a file are there."""


class Weights(BaseModel):
    """One model file. `bytes` is its size; `memory` what its server takes, in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tier: Tier
    file: str
    url: str
    sha256: str
    bytes: int
    memory: str
    licence: str
    as_of: date


def catalogue(path: Path = CATALOGUE) -> tuple[Weights, ...]:
    """The files that can be fetched, as the data file lists them."""
    return tuple(Weights.model_validate(entry) for entry in tomllib.loads(path.read_text("utf-8"))["weights"])


def have(weights: Weights, folder: Path) -> bool:
    """Whether the file is there; what is under its own name was checked when it was put there."""
    try:
        return (folder / weights.file).stat().st_size == weights.bytes
    except OSError:
        return False


def part_of(weights: Weights, folder: Path) -> Path:
    """Where the file grows until it is whole and checked."""
    return folder / f"{weights.file}.part"


def begun(weights: Weights, folder: Path) -> int:
    """Bytes of an unfinished file."""
    try:
        return part_of(weights, folder).stat().st_size
    except OSError:
        return 0


def remove(weights: Weights, folder: Path) -> int:
    """Delete the file and what was begun of it; the bytes set free."""
    freed = 0
    for path in (folder / weights.file, part_of(weights, folder)):
        try:
            freed += path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
    return freed


def check_room(folder: Path, *missing: Weights) -> None:
    """Raises PierError where the disk has no room for what is still missing of these."""
    more = sum(weights.bytes - begun(weights, folder) for weights in missing)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if more + SPARE > free:
        names = " and ".join(weights.name for weights in missing)
        verb = "needs" if len(missing) == 1 else "need"
        raise PierError(
            f"{names} {verb} {gigabytes(more)} more in {folder}, and {gigabytes(free)} are free: make room."
        )


@contextmanager
def growing(weights: Weights, folder: Path) -> Iterator[BinaryIO]:
    """The unfinished file, for one program at a time. Raises PierError where another fills it or the disk fails."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with part_of(weights, folder).open("a+b") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PierError(f"Another pier-tui is fetching {weights.name} already; wait for it.") from None
        try:
            yield part
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                raise
            raise PierError(
                f"{folder} cannot take more of {weights.name}: {error.strerror}; what is there is kept to go on with."
            ) from None


def place(weights: Weights, folder: Path, part: BinaryIO, digest: str) -> Path:
    """Give a whole file its name. Raises PierError, and drops the file, where it is not the pinned one."""
    path = folder / weights.file
    part.flush()
    if digest != weights.sha256:
        Path(part.name).unlink()
        raise PierError(
            f"What came for {weights.name} is not the pinned file (SHA-256 {digest[:12]}…, expected "
            f"{weights.sha256[:12]}…) and was deleted; try again, or get the file elsewhere and use --from."
        )
    os.fsync(part.fileno())
    Path(part.name).replace(path)
    return path


def take(path: Path, folder: Path, known: tuple[Weights, ...], progress: Progress) -> Weights:
    """Copy a file that was fetched by other means. Raises PierError where it is none of the `known` ones."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise PierError(f"{path} is a folder; give the file in it.")
        weights = next((w for w in known if w.bytes == size), None)
        if weights is None:
            sizes = ", ".join(f"{w.file} ({w.bytes:,} bytes)" for w in known)
            raise PierError(f"{path} is none of the pinned files, by its size; they are {sizes}.")
        with path.open("rb") as source, growing(weights, folder) as part:
            part.truncate(0)
            check_room(folder, weights)
            place(weights, folder, part, copied(source, part, progress))
    except OSError as error:
        raise PierError(f"{error.filename or path} cannot be used: {error.strerror}.") from None
    return weights


def copied(source: BinaryIO, target: BinaryIO, progress: Progress) -> str:
    """Copy all of a file; its SHA-256."""
    digest, done = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        digest.update(piece)
        target.write(piece)
        progress(done := done + len(piece))
    return digest.hexdigest()


def gigabytes(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
