"""Who else has this repository open: a file for every running program, held by a lock that ends with it.

The lock is the kernel's (`flock`), so a program that was killed is gone at once; its file is removed by whoever
looks next. Nothing here says who may write: accepts take turns by the checkpoint journal's own lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class Other(BaseModel):
    """A running program: its process, the session it has open, and since when, in seconds since the epoch."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    session: str
    since: float


class Presence:
    """This program's own mark in the folder of a repository. Raises OSError where that cannot be written."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._since = folder, clock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._held: int | None = None

    def enter(self, session: str) -> bool:
        """Say which session is open here; False where another program has it, and then nothing is said."""
        with self._alone():
            if any(other.session == session for other in self._found()):
                return False
            self._say(session)
            return True

    def _say(self, session: str) -> None:
        mark = Other(pid=os.getpid(), session=session, since=self._since)
        if self._held is None:
            path = self._folder / self._name
            self._held = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            # Other programs look only while they hold the folder's lock, so nobody sees the file before it is held.
            fcntl.flock(self._held, fcntl.LOCK_EX)
        os.ftruncate(self._held, 0)
        os.pwrite(self._held, mark.model_dump_json().encode(), 0)

    def others(self) -> tuple[Other, ...]:
        """The other programs that run, the longest one first. What a dead one left is removed."""
        with self._alone():
            return self._found()

    def _found(self) -> tuple[Other, ...]:
        found = [other for path in self._folder.glob("*-*") if (other := self._look(path)) is not None]
        return tuple(sorted(found, key=lambda other: other.since))

    def _look(self, path: Path) -> Other | None:
        if path.name == self._name:
            return None
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with suppress(ValidationError, ValueError):
                return Other.model_validate(json.loads(os.read(handle, 4096)))
            return None
        else:
            path.unlink(missing_ok=True)
            return None
        finally:
            os.close(handle)

    def leave(self) -> None:
        """Take the mark away."""
        if self._held is not None:
            (self._folder / self._name).unlink(missing_ok=True)
            os.close(self._held)
            self._held = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
