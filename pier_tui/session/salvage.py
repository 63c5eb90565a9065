"""A damaged session file: put aside under another name, never deleted, and what can be read of it written anew."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pier_tui.session.pages import Row, rows
from pier_tui.session.schema import bring_up

SIDES = ("-wal", "-shm")
"""What SQLite appends to the name for its side files."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time repairs the file."""
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def salvage(path: Path) -> str:
    """Replace a damaged file by what can be read of it; one sentence on what came of it. Raises OSError."""
    kept = _put_aside(path)
    found = [] if kept.is_dir() else list(rows(_bytes(kept), _bytes(_side(kept, "-wal"))))
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    events = _write(fresh, found)
    _flush(fresh)
    os.replace(fresh, path)
    _flush(path.parent)
    what = f"its {events} readable entries were taken over" if events else "no entry in it could be read"
    return f"The session file was damaged: {what}, and the damaged file is kept as {kept}."


def content(path: Path, side: str = "") -> bytes:
    """The bytes of the file, or of a side file; none where it is not there."""
    return _bytes(_side(path, side) if side else path)


def keep_log(path: Path, log: bytes) -> Path:
    """Put a copy of a torn log aside; where."""
    kept = _free_name(path, ".log")
    handle = os.open(kept, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(log)
    return kept


def _free_name(path: Path, suffix: str) -> Path:
    day = time.strftime("%Y%m%d-%H%M%S")
    more = ("", *(f"-{number}" for number in range(1, 1000)))
    return next(
        name for each in more if not (name := path.with_name(f"{path.stem}.damaged-{day}{each}{suffix}")).exists()
    )


def _put_aside(path: Path) -> Path:
    kept = _free_name(path, path.suffix)
    os.replace(path, kept)
    for side in SIDES:
        if _side(path, side).exists():
            os.replace(_side(path, side), _side(kept, side))
    return kept


def _side(path: Path, side: str) -> Path:
    return path.with_name(path.name + side)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _write(path: Path, found: Iterable[Row]) -> int:
    """Write the rows that are ours into a fresh file; how many entries there were."""
    sessions: dict[str, tuple[object, ...]] = {}
    events: dict[int, tuple[object, ...]] = {}
    queue: dict[tuple[object, object], tuple[object, ...]] = {}
    drafts: dict[str, str] = {}
    for number, columns in found:
        match columns:
            case (None, str(session), str(kind), str(body)) if _is_event(body):
                events[number] = (number, session, kind, body)
            case (str(key), str(), str(), _, _, int(), str(), int(), str() | None) if len(columns) == 9:
                sessions[key] = columns
            case (str(session), int(place), str(), str()):
                queue[session, place] = columns
            case (str(session), str(body)) if _is_event(body):
                drafts[session] = body
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        # Nobody sees this file before it is whole and flushed.
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA journal_mode=MEMORY")
        bring_up(db)
        db.execute("BEGIN")
        db.executemany("INSERT INTO events (seq, session, type, body) VALUES (?, ?, ?, ?)", events.values())
        db.executemany(f"INSERT INTO sessions VALUES ({', '.join('?' * 9)})", sessions.values())
        db.executemany("INSERT INTO queue VALUES (?, ?, ?, ?)", queue.values())
        db.executemany("INSERT INTO drafts VALUES (?, ?)", drafts.items())
        _name_the_nameless(db)
        db.execute("COMMIT")
    return len(events)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_event(body: str) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _name_the_nameless(db: sqlite3.Connection) -> None:
    """Sessions whose line in the list is gone are listed again, in every repository, as nobody knows theirs."""
    query = "SELECT DISTINCT session FROM events WHERE session NOT IN (SELECT id FROM sessions)"
    for (session,) in db.execute(query).fetchall():
        line = (
            "SELECT body FROM events WHERE session = ? AND type = ? ORDER BY seq LIMIT 1",
            (session, "request_started"),
        )
        first = db.execute(*line).fetchone()
        told = json.loads(first[0]) if first else {}
        title = str(told.get("text", "")).strip().partition("\n")[0][:80] or "recovered"
        began = told.get("time", 0.0)
        turns = db.execute("SELECT count(*) FROM events WHERE session = ? AND type = 'turn_started'", (session,))
        values = (session, "", title, began, began, turns.fetchone()[0])
        db.execute("INSERT INTO sessions (id, repo, title, started, touched, turns) VALUES (?, ?, ?, ?, ?, ?)", values)
