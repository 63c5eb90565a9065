"""The tables of the session file, and the steps from every older version of them to the present one.

A file of a newer version is not touched: `store` reads it into memory. A golden file of every version is
kept with the tests.
"""

from __future__ import annotations

import sqlite3

_FIRST = """
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
_QUEUE = """
CREATE TABLE IF NOT EXISTS queue (
  session TEXT NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
"""
_DRAFTS = """
CREATE TABLE IF NOT EXISTS drafts (session TEXT PRIMARY KEY, body TEXT NOT NULL);
"""
STEPS = (_FIRST, _QUEUE, _DRAFTS)
"""What leads from version 0 (an empty file) to 1, from 1 to 2, and so on."""
VERSION = len(STEPS)


def version_of(db: sqlite3.Connection) -> int:
    """The version of a file's tables; 0 for an empty file. Raises sqlite3.Error for a damaged one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def bring_up(db: sqlite3.Connection) -> None:
    """Take the steps that are missing, all or none. Two processes may try at once: a step taken twice does nothing."""
    version = version_of(db)
    if version < VERSION:
        steps = "".join(STEPS[version:])
        db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version={VERSION}; COMMIT;")


def usable(db: sqlite3.Connection) -> None:
    """Touch every table, and the last event, so that a file cut short is noticed. Raises sqlite3.Error."""
    for table in ("sessions", "queue", "drafts"):
        db.execute(f"SELECT count(*) FROM {table}").fetchone()
    db.execute("SELECT seq, body FROM events ORDER BY seq DESC LIMIT 1").fetchone()
