"""Routing decisions, what came of them and what the user thought of them, in one SQLite file kept across sessions.

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
from typing import Any, TypeVar

from pydantic import ValidationError

from pier_tui.errors import PierError
from pier_tui.feedback.rows import DecisionRow, Feedback, Frozen, Judgement, Label, Pair

SCHEMA = 2
"""1: labels and decisions; 2: pairs too, and which decisions were taken in from others."""
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
CREATE TABLE IF NOT EXISTS pairs (
  decision TEXT NOT NULL, source TEXT NOT NULL, session TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (decision, source)
);
CREATE TABLE IF NOT EXISTS taken (decision TEXT PRIMARY KEY);
"""
Row = TypeVar("Row", bound=Frozen)


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
        await asyncio.to_thread(self._run, _INSERT_LABEL, [row])

    async def record(self, rows: Iterable[DecisionRow]) -> None:
        """Keep decisions, or bring those already kept up to date."""
        values = [_kept(row) for row in rows]
        await asyncio.to_thread(self._run, "INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?)", values)

    async def pair(self, pairs: Iterable[Pair]) -> None:
        """Keep pairs; a later one of the same decision and source takes the place of the first."""
        values = [(p.decision, p.source, p.session, p.time or self._clock(), p.model_dump_json()) for p in pairs]
        await asyncio.to_thread(self._run, "INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?)", values)

    def labels(self, decision: str | None = None) -> list[Judgement]:
        """The judgements that stand, in the order they were made: of one decision (at most one), or of all."""
        return list(Feedback(labels=tuple(self.presses(decision))).standing().values())

    def presses(self, decision: str | None = None) -> list[Judgement]:
        """Every press on a decision, or on any, in order, those taken back included."""
        query = "SELECT decision, label, note, session, time FROM labels WHERE ?1 IS NULL OR decision = ?1"
        return [_judgement(row) for row in self._read(f"{query} ORDER BY time, seq", (decision,))]

    def decisions(self, session: str | None = None) -> list[DecisionRow]:
        """The decisions kept, oldest first; rows that cannot be read are left out."""
        query = "SELECT body FROM decisions WHERE (?1 IS NULL OR session = ?1) ORDER BY time, decision"
        return _readable(DecisionRow, self._read(query, (session,)))

    def pairs(self) -> list[Pair]:
        """The pairs kept, oldest first; rows that cannot be read are left out."""
        return _readable(Pair, self._read("SELECT body FROM pairs ORDER BY time, decision", ()))

    def everything(self) -> Feedback:
        """All that is kept."""
        return Feedback(decisions=tuple(self.decisions()), labels=tuple(self.presses()), pairs=tuple(self.pairs()))

    def own(self) -> Feedback:
        """All but the decisions that were taken in from others, and the pairs on such."""
        taken = self._taken()
        everything = self.everything()
        own = tuple(row for row in everything.decisions if row.decision not in taken)
        pairs = tuple(pair for pair in everything.pairs if pair.decision not in taken)
        return everything.model_copy(update={"decisions": own, "pairs": pairs})

    def take_in(self, feedback: Feedback) -> int:
        """Add what others have and is not here yet, or is newer there; how many entries that were. Blocking.

        A decision made here stays as it is, and so does a pair on one.
        """
        kept, taken = {row.decision: row for row in self.decisions()}, self._taken()
        presses = {(press.decision, press.time, press.label) for press in self.presses()}
        pairs = {(pair.decision, pair.source): pair for pair in self.pairs()}
        rows = [
            r for r in feedback.decisions if r.decision not in kept or (r.decision in taken and r != kept[r.decision])
        ]
        fresh = [p for p in feedback.labels if (p.decision, p.time, p.label) not in presses]
        elsewhere = taken | {row.decision for row in rows}
        known = [pairs.get((pair.decision, pair.source)) for pair in feedback.pairs]
        both = [
            pair
            for pair, here in zip(feedback.pairs, known, strict=True)
            if here is None or (pair.decision in elsewhere and pair != here)
        ]
        self._run("INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?)", [_kept(row) for row in rows])
        self._run("INSERT OR IGNORE INTO taken VALUES (?)", [(row.decision,) for row in rows])
        self._run(_INSERT_LABEL, [(p.decision, p.session, p.label, p.note, p.time) for p in fresh])
        paired = [(p.decision, p.source, p.session, p.time, p.model_dump_json()) for p in both]
        self._run("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?)", paired)
        return len(rows) + len(fresh) + len(both)

    def _taken(self) -> set[str]:
        return {decision for (decision,) in self._read("SELECT decision FROM taken", ())}

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


_INSERT_LABEL = "INSERT INTO labels (decision, session, label, note, time) VALUES (?, ?, ?, ?, ?)"


def _readable(kind: type[Row], rows: list[tuple[Any, ...]]) -> list[Row]:
    found: list[Row] = []
    for (body,) in rows:
        try:
            found.append(kind.model_validate_json(body))
        except ValidationError:
            continue
    return found


def _kept(row: DecisionRow) -> tuple[str, str, float, str]:
    return row.decision, row.session, row.time, row.model_dump_json()


def _judgement(row: tuple[Any, ...]) -> Judgement:
    return Judgement(**dict(zip(("decision", "label", "note", "session", "time"), row, strict=True)))
