"""Routing decisions and what the user thought of them, in one SQLite file kept across sessions.

Every press is kept; of several on one decision the latest counts, and None takes the judgement back.
Decisions are read off the event stream in `outcomes`. Learning from them is not done here.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.errors import PierError
from pier_tui.models.messages import Tier

SCHEMA = 1
BUSY_SECONDS = 10.0
_TABLES = """
CREATE TABLE IF NOT EXISTS labels (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, decision TEXT NOT NULL, session TEXT NOT NULL,
  label TEXT, note TEXT NOT NULL, time REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS labels_of_decision ON labels(decision, seq);
CREATE TABLE IF NOT EXISTS decisions (
  decision TEXT PRIMARY KEY, session TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL
);
"""

Label = Literal["escalate", "de-escalate", "keep"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Judgement(_Frozen):
    """One press on one decision. `time` is seconds since the epoch; label None took an earlier press back."""

    decision: str
    label: Label | None
    note: str = ""
    session: str = ""
    time: float = 0.0


class Outcome(_Frozen):
    """What came of a turn. Counts of turns are within its request; None: it did not happen (yet)."""

    failed: bool = False
    """A tool call or check of this very turn failed."""
    next_failure: int | None = None
    """Turns from this one to the next in which something failed; 1 is the very next."""
    undone: bool = False
    """Something this turn proposed was applied and later taken back."""
    redone: bool = False
    """The user had this turn done again on the other model."""
    set_aside: bool = False
    """The session went back to before this turn."""
    ended: str = ""
    """How its request ended: finished, answered, budget, stuck, interrupted, failed; '' while it runs."""


class DecisionRow(_Frozen):
    """One routed turn: what was known before it, what was decided, and what came of it.

    `features` are numbers known before the answer; `propensity` is the chance the strategy gave to what
    it did; `tier` is who answered.
    """

    decision: str
    session: str = ""
    request: int = 0
    turn: int = 0
    time: float = 0.0
    strategy: str = ""
    route: str = ""
    tier: Tier
    escalated: bool = False
    action: str = ""
    confidence: float | None = None
    threshold: float | None = None
    propensity: float = 1.0
    features: dict[str, float] = {}
    outcome: Outcome = Outcome()


class FeedbackLog:
    """The feedback file `path`, created with mode 0600. Safe to use from several threads and processes.

    Raises PierError where the file cannot be used.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise PierError(
                f"The feedback file {path} cannot be used ({error}); move it away to start anew."
            ) from error

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    async def label(self, decision: str, label: Label | None, note: str = "", *, session: str = "") -> None:
        """Judge a decision; None takes the judgement back."""
        row = (decision, session, label, note, self._clock())
        insert = "INSERT INTO labels (decision, session, label, note, time) VALUES (?, ?, ?, ?, ?)"
        await asyncio.to_thread(self._run, insert, [row])

    async def record(self, rows: Iterable[DecisionRow]) -> None:
        """Keep decisions, or bring those already kept up to date."""
        values = [(r.decision, r.session, r.time, r.model_dump_json()) for r in rows]
        await asyncio.to_thread(self._run, "INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?)", values)

    def labels(self, decision: str | None = None) -> list[Judgement]:
        """The judgements that stand, oldest decision first: of one decision (at most one), or of all."""
        latest = "SELECT MAX(seq) FROM labels GROUP BY decision"
        query = f"SELECT decision, label, note, session, time FROM labels WHERE seq IN ({latest}) AND label IS NOT NULL"
        rows = self._read(f"{query} AND (?1 IS NULL OR decision = ?1) ORDER BY seq", (decision,))
        return [_judgement(row) for row in rows]

    def presses(self, decision: str) -> list[Judgement]:
        """Every press on a decision, in order, those taken back included."""
        query = "SELECT decision, label, note, session, time FROM labels WHERE decision = ? ORDER BY seq"
        return [_judgement(row) for row in self._read(query, (decision,))]

    def decisions(self, session: str | None = None) -> list[DecisionRow]:
        """The decisions kept, oldest first; rows that cannot be read are left out."""
        query = "SELECT body FROM decisions WHERE (?1 IS NULL OR session = ?1) ORDER BY time, decision"
        found: list[DecisionRow] = []
        for (body,) in self._read(query, (session,)):
            try:
                found.append(DecisionRow.model_validate_json(body))
            except ValidationError:
                continue
        return found

    def count(self) -> int:
        """How many decisions carry a judgement that stands."""
        return len(self.labels())

    def _prepare(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA:
            raise PierError(
                f"The feedback file {self.path} was written by a newer pier-tui; update pier-tui to use it."
            )
        if version < SCHEMA:
            self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={SCHEMA}; COMMIT;")

    def _run(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany(statement, rows)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise PierError(
                    f"The feedback could not be saved ({error}); free some disk space and try again."
                ) from error

    def _read(self, query: str, values: tuple[str | None, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise PierError(f"The feedback file {self.path} cannot be read ({error}).") from error


def _judgement(row: tuple[Any, ...]) -> Judgement:
    return Judgement(**dict(zip(("decision", "label", "note", "session", "time"), row, strict=True)))
