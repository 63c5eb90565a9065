"""The session file as SQLite sees it: opened privately, brought up to date, repaired where damaged, read in memory
where it must not be written.

Statements go through `read` and `write` only; what they mean is in `store`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from pier_tui.errors import PierError
from pier_tui.seams import call
from pier_tui.session import pages, salvage
from pier_tui.session.schema import VERSION, bring_up, usable, version_of

BUSY_SECONDS = 10.0

T = TypeVar("T")
Values = tuple[str | float | int | None, ...]
Statement = tuple[str, Values]


class SessionFile:
    """A connection to the file `path`, created with mode 0600. Safe to use from several threads.

    `notices` says what became of a damaged file, and why nothing is kept where nothing can be: a file of a newer
    version, or on a read-only disk, is read into memory, and what is added to it there is lost at the end.
    Raises PierError where it cannot be used at all.
    """

    def __init__(self, path: Path, *, synchronous: str = "FULL") -> None:
        self.path = path
        self.notices: tuple[str, ...] = ()
        self.kept = True
        self.added: list[Statement] = []
        """What is to be there again after the file was repaired or made anew: the sessions opened here."""
        self._synchronous = "NORMAL" if synchronous == "NORMAL" else "FULL"
        self._lock = threading.Lock()
        self._inode = 0
        try:
            self._db = self._opened()
        except (sqlite3.Error, OSError) as error:
            raise PierError(f"The session file {path} cannot be used ({error}); {_remedy(error)}.") from error

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def read(self, query: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises PierError."""
        return self._carry_out(lambda db: db.execute(query, values).fetchall(), "The session file cannot be read")

    def write(self, statements: Sequence[Statement]) -> None:
        """Run statements as one transaction; it is on disk when this returns. Raises PierError."""

        def all_or_none(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                db.execute(statement, values)
            call("db.commit", db.execute, "COMMIT")

        self._carry_out(all_or_none, "The session could not be saved")

    def _carry_out(self, what: Callable[[sqlite3.Connection], T], failed: str) -> T:
        """Do it, once more after a repair where the file turns out to be damaged."""
        with self._lock:
            try:
                self._still_there()
                try:
                    return what(self._db)
                except sqlite3.DatabaseError as error:
                    self._roll_back()
                    if not _damaged(error):
                        raise
                    self._repair()
                    return what(self._db)
            except (sqlite3.Error, OSError) as error:
                self._roll_back()
                raise PierError(f"{failed} ({error}); {_remedy(error)}, then go on.") from error

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    # opening

    def _opened(self) -> sqlite3.Connection:
        try:
            if _make_private(self.path):
                self._say(f"The session file {self.path} was empty, so no earlier session is in it.")
        except IsADirectoryError:
            self._say(salvage.salvage(self.path))
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            return self._in_memory(f"cannot be written ({error.strerror})")
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if "readonly" in str(error):
                return self._in_memory("cannot be written")
            if not _damaged(error):
                raise
        with salvage.alone(self.path):
            try:
                # Another process may have repaired it meanwhile.
                return self._connected()
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise
                self._say(salvage.salvage(self.path))
        return self._connected()

    def _connected(self) -> sqlite3.Connection:
        if _emptied(self.path):
            raise sqlite3.DatabaseError("file is not a database: it is empty")
        log = salvage.content(self.path, "-wal")
        if pages.missing(log, self.path.stat().st_size):
            # SQLite would read NULs in their place, and write them into the file as it closes.
            raise sqlite3.DatabaseError("database disk image is malformed: it was cut short")
        db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        try:
            _furnish(db)
            if version_of(db) > VERSION:
                with closing(db):
                    return self._in_memory("was written by a newer pier-tui: update pier-tui")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(f"PRAGMA synchronous={self._synchronous}")
            db.execute("PRAGMA secure_delete=ON")
            bring_up(db)
            usable(db)
            self._torn(db, log)
        except BaseException:
            db.close()
            raise
        self._inode = os.stat(self.path).st_ino
        return db

    def _torn(self, db: sqlite3.Connection, log: bytes) -> None:
        """Say where the log ends before its last frame, as after a loss of power; what was cut off is put aside."""
        if not log:
            return
        _, whole, _ = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if 0 <= whole < pages.frames(log) or len(log) < pages.WAL_HEADER:
            kept = salvage.keep_log(self.path, log)
            self._say(f"The end of the session file was cut off and is left out; as it was it is kept as {kept}.")

    def _in_memory(self, why: str) -> sqlite3.Connection:
        self._say(f"The session file {self.path} {why}. It is only read: what you do now is not kept.")
        self.kept = False
        db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        _furnish(db)
        for how in ("mode=ro", "mode=ro&immutable=1"):
            try:
                with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?{how}", uri=True)) as source:
                    source.backup(db)
                break
            except sqlite3.Error:
                continue
        if version_of(db) <= VERSION:
            bring_up(db)
        return db

    # while it is open

    def _still_there(self) -> None:
        """Somebody may have put another file in its place, or none: a repair by another process, or a deletion."""
        if not self.kept:
            return
        try:
            same = os.stat(self.path).st_ino == self._inode
        except OSError:
            same = False
        if not same:
            self._reopen()

    def _repair(self) -> None:
        if not self.kept:
            return
        self._db.close()
        with salvage.alone(self.path):
            self._say(salvage.salvage(self.path))
        self._reopen()

    def _reopen(self) -> None:
        self._db.close()
        self._db = self._opened()
        for statement, values in self.added:
            self._db.execute(statement, values)

    def _say(self, sentence: str) -> None:
        self.notices += (sentence,)


def _furnish(db: sqlite3.Connection) -> None:
    """What every connection needs; text that is no UTF-8 (a damaged entry) is no reason to fail."""
    db.create_function("pier_add", 2, _add, deterministic=True)
    db.text_factory = lambda content: content.decode("utf-8", "surrogateescape")


def _add(left: str, right: str) -> str:
    """Two amounts together; what is no amount counts nothing."""
    try:
        return str(Decimal(left) + Decimal(right))
    except (InvalidOperation, TypeError):
        return right


def _damaged(error: sqlite3.Error) -> bool:
    """Whether the file's bytes are wrong, and not the disk, a lock or a missing right."""
    words = str(error)
    wrong = ("malformed", "not a database", "no such table", "no such column", "unsupported file format")
    return any(word in words for word in wrong)


def _emptied(path: Path) -> bool:
    """Whether a file that was there holds nothing any more; SQLite would take it for a new one and drop its log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size == 0 and log.exists() and log.stat().st_size > 0


def _remedy(error: Exception) -> str:
    words = str(error)
    if "locked" in words:
        return "close the program that holds its file"
    if "full" in words or "No space" in words or "disk I/O" in words:
        return "free some disk space"
    return "see to its file"


def _make_private(path: Path) -> bool:
    """Create the file readable by its owner only (SQLite gives its side files the same mode); whether one was there
    that holds nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    there = path.exists()
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return there and path.stat().st_size == 0 and not _emptied(path)
