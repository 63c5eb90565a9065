"""The journal of all sessions: one append-only SQLite file of events, safe for two processes at once.

An event is on disk when `append` returns, so what was shown can always be shown again. Rows that
cannot be read (torn by a crash of the machine, or written by a newer version) are skipped and said.
Building state from events is in `resume`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import PierError
from pier_tui.events import TRANSIENT, AnyEvent, CallFinished, Event, Notice, TurnStarted
from pier_tui.session.codec import decode, encode

SCHEMA = 1
BUSY_SECONDS = 10.0

_Statement = tuple[str, tuple[str | float | int, ...]]
_TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, repo TEXT NOT NULL, title TEXT NOT NULL, started REAL NOT NULL,
  touched REAL NOT NULL, turns INTEGER NOT NULL DEFAULT 0, cost TEXT NOT NULL DEFAULT '0',
  unpriced INTEGER NOT NULL DEFAULT 0, forked_from TEXT
);
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_session ON events(session, seq);
"""


class SessionRow(BaseModel):
    """One line of the list of sessions. `started` and `touched` are seconds since the epoch, `cost` rupees.

    `unpriced` counts calls whose cost is unknown: where it is not 0, `cost` is at least that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    started: float
    touched: float
    turns: int
    cost: Decimal
    unpriced: int
    repo: str
    forked_from: str | None = None


class Store:
    """The journal in the file `path`, created with mode 0600. Safe to use from several threads.

    `synchronous` is SQLite's: FULL survives a power cut. Raises PierError where the file cannot be used.
    """

    def __init__(self, path: Path, *, synchronous: str = "FULL", clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._lock = threading.Lock()
        try:
            _make_private(path)
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
            self._db.create_function("pier_add", 2, _add, deterministic=True)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'NORMAL' if synchronous == 'NORMAL' else 'FULL'}")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise PierError(
                f"The session file {path} cannot be used ({error}); move it away to start a new one."
            ) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def open_session(self, repo: str, title: str = "") -> str:
        """Start a session in a repository; its id."""
        session = uuid.uuid4().hex[:12]
        now = self._clock()
        row = (session, repo, title, now, now)
        self._write([("INSERT INTO sessions (id, repo, title, started, touched) VALUES (?, ?, ?, ?, ?)", row)])
        return session

    async def append(self, event: Event) -> None:
        """Write an event; it is on disk when this returns. Transient events are not kept."""
        if not isinstance(event, TRANSIENT):
            await asyncio.to_thread(self.append_now, event)

    def append_now(self, event: Event) -> None:
        """Write an event, blocking. Raises PierError where the disk refuses."""
        self._write([_insert(event.session, event), _touch(event, self._clock())])

    def events(self, session: str) -> list[AnyEvent]:
        """A session's events in order. Unreadable rows are left out and a Notice at the end counts them."""
        rows = self._read("SELECT body FROM events WHERE session = ? ORDER BY seq", (session,))
        found: list[AnyEvent] = []
        for (body,) in rows:
            try:
                found.append(decode(body))
            except (ValueError, TypeError):
                continue
        if lost := len(rows) - len(found):
            text = f"{lost} of {len(rows)} entries of this session cannot be read and were skipped."
            found.append(Notice(session=session, text=text, level="warning"))
        return found

    def sessions(self, repo: str | None = None) -> list[SessionRow]:
        """All sessions, or those of one repository, the latest used first."""
        query = "SELECT id, title, started, touched, turns, cost, unpriced, repo, forked_from FROM sessions"
        condition, values = (" WHERE repo = ?", (repo,)) if repo is not None else ("", ())
        rows = self._read(f"{query}{condition} ORDER BY touched DESC, started DESC", values)
        return [SessionRow(**dict(zip(SessionRow.model_fields, row, strict=True))) for row in rows]

    def rename(self, session: str, title: str) -> None:
        """Give a session another title. Raises PierError where there is no such session."""
        self._known(session)
        self._write([("UPDATE sessions SET title = ? WHERE id = ?", (title, session))])

    def delete(self, session: str) -> None:
        """Remove a session and its events for good."""
        self._write([(f"DELETE FROM {table} WHERE {column} = ?", (session,)) for table, column in _OWNED])

    def fork(self, session: str, upto: int | None = None, title: str = "") -> str:
        """A new session holding the first `upto` events (None: all); its id. The old one stays as it is."""
        origin = self._known(session)
        fork = self.open_session(origin.repo, title or origin.title)
        writes: list[_Statement] = [("UPDATE sessions SET forked_from = ? WHERE id = ?", (session, fork))]
        kept = [e for e in self.events(session) if not _is_loss(e)]
        for event in kept if upto is None else kept[:upto]:
            copy = event.model_copy(update={"session": fork})
            writes += [_insert(fork, copy), _touch(copy, self._clock())]
        self._write(writes)
        return fork

    def _known(self, session: str) -> SessionRow:
        found = next((row for row in self.sessions() if row.id == session), None)
        if found is None:
            raise PierError(f"There is no session {session!r}; list the sessions to see the ids.")
        return found

    def _prepare(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA:
            raise PierError(
                f"The session file {self.path} was written by a newer pier-tui; update pier-tui to open it."
            )
        if version < SCHEMA:
            self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={SCHEMA}; COMMIT;")

    def _read(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise PierError(f"The session file {self.path} cannot be read ({error}).") from error

    def _write(self, statements: Sequence[_Statement]) -> None:
        """Run statements as one transaction."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    self._db.execute(statement, values)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise PierError(f"The session could not be saved ({error}); {_remedy(error)} and try again.") from error


def _remedy(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "close the program that holds its file"
    return "free some disk space" if "full" in str(error) else "see to its file"


_OWNED = (("events", "session"), ("sessions", "id"))


def _insert(session: str, event: Event) -> _Statement:
    kind = getattr(event, "type", "")
    return "INSERT INTO events (session, type, body) VALUES (?, ?, ?)", (session, kind, encode(event))


def _touch(event: Event, now: float) -> _Statement:
    """What an event changes in the list of sessions. Costs are added as decimals, exactly."""
    price = event.cost if isinstance(event, CallFinished) else Decimal(0)
    added = "turns = turns + ?, cost = pier_add(cost, ?), unpriced = unpriced + ?"
    return (
        f"UPDATE sessions SET touched = ?, {added} WHERE id = ?",
        (now, int(isinstance(event, TurnStarted)), str(price or 0), int(price is None), event.session),
    )


def _is_loss(event: AnyEvent) -> bool:
    return isinstance(event, Notice) and event.time == 0 and "cannot be read" in event.text


def _add(left: str, right: str) -> str:
    return str(Decimal(left) + Decimal(right))


def _make_private(path: Path) -> None:
    """Create the file readable by its owner only; SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
