"""One database a team shares: every member's decisions, labels and pairs, reached by an SQLAlchemy URL.

The local log stays the user's own and works without the pool; `sync` sends what is missing there and takes in what
is missing here. The URL comes from the user's configuration, never from a repository. Needs the extra `pool`.
Requests, answers and paths are not in these rows; notes on labels are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pier_tui.errors import ConfigError, PierError
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.rows import DecisionRow, Feedback, Frozen, Judgement, Pair

if TYPE_CHECKING:
    import sqlalchemy

MISSING = "Sharing feedback needs the extra `pool`; run: pip install 'pier-tui[pool]'"
CONNECT_SECONDS = 10


class Pool:
    """The shared database. Blocking. Raises ConfigError for a URL that cannot be used, PierError where it fails."""

    def __init__(self, url: str) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise ConfigError(MISSING) from None
        self._sql = sqlalchemy
        try:
            self._where = sqlalchemy.make_url(url)
            options = {"connect_timeout": CONNECT_SECONDS} if self._where.get_backend_name() == "postgresql" else {}
            self._database = sqlalchemy.create_engine(self._where, connect_args=options)
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
            raise ConfigError(f"feedback_pool cannot be used ({_short(error)}); see docs/teaching.md.") from None
        self._tables = _tables(sqlalchemy)

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self._where.render_as_string(hide_password=True)

    def close(self) -> None:
        """Give the connections back."""
        self._database.dispose()

    def pull(self) -> Feedback:
        """Everything in the pool; rows of a newer version are left out."""
        with self._guarded() as connection:
            bodies = {
                name: connection.execute(self._sql.select(table.c.body).order_by(table.c.key)).scalars().all()
                for name, table in self._tables.items()
            }
        return Feedback(
            decisions=tuple(_readable(DecisionRow, bodies["decisions"])),
            labels=tuple(sorted(_readable(Judgement, bodies["labels"]), key=lambda press: press.time)),
            pairs=tuple(_readable(Pair, bodies["pairs"])),
        )

    def push(self, feedback: Feedback) -> int:
        """Add what is not there yet, and put what came of our own decisions since; how many rows that were."""
        rows = _keyed(feedback)
        sent = 0
        with self._guarded() as connection:
            for name, table in self._tables.items():
                there = dict(connection.execute(self._sql.select(table.c.key, table.c.body)).all())
                fresh = [{"key": key, "body": body} for key, body in rows[name].items() if key not in there]
                newer = [(key, body) for key, body in rows[name].items() if key in there and there[key] != body]
                if fresh:
                    connection.execute(self._absent(table, connection.dialect.name), fresh)
                for key, body in newer:
                    connection.execute(table.update().where(table.c.key == key).values(body=body))
                sent += len(fresh) + len(newer)
        return sent

    def sync(self, log: FeedbackLog) -> tuple[int, int]:
        """Send and take in; how many rows each way."""
        taken = log.take_in(self.pull())
        return self.push(log.own()), taken

    def _absent(self, table: sqlalchemy.Table, dialect: str) -> Any:
        """An insert that leaves a row alone which somebody else has added meanwhile."""
        if dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as into_postgresql

            return into_postgresql(table).on_conflict_do_nothing()
        if dialect == "sqlite":
            from sqlalchemy.dialects.sqlite import insert as into_sqlite

            return into_sqlite(table).on_conflict_do_nothing()
        return table.insert()

    def _guarded(self) -> _Guarded:
        return _Guarded(self)


def synced(url: str, file: Path) -> tuple[int, int]:
    """Bring a feedback file and a pool to the same, with connections of its own; rows sent and taken. Blocking.

    Raises ConfigError and PierError as `Pool` does.
    """
    log = FeedbackLog(file)
    try:
        pool = Pool(url)
        try:
            return pool.sync(log)
        finally:
            pool.close()
    finally:
        log.close()


class _Guarded:
    """A transaction on tables that are there; what goes wrong becomes one sentence."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> sqlalchemy.Connection:
        pool = self._pool
        try:
            next(iter(pool._tables.values())).metadata.create_all(pool._database)
            self._transaction = pool._database.begin()
            return self._transaction.__enter__()
        except pool._sql.exc.SQLAlchemyError as error:
            raise PierError(f"The pool {pool.name} cannot be reached: {_short(error)}.") from None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        pool = self._pool
        try:
            self._transaction.__exit__(kind, error, trace)
        except pool._sql.exc.SQLAlchemyError as late:
            raise PierError(f"The pool {pool.name} refused the feedback: {_short(late)}.") from None
        if isinstance(error, pool._sql.exc.SQLAlchemyError):
            raise PierError(f"The pool {pool.name} refused the feedback: {_short(error)}.") from None


def _tables(sql: Any) -> dict[str, sqlalchemy.Table]:
    metadata = sql.MetaData()
    return {
        name: sql.Table(
            f"pier_tui_{name}",
            metadata,
            sql.Column("key", sql.String(200), primary_key=True),
            sql.Column("body", sql.Text, nullable=False),
        )
        for name in ("decisions", "labels", "pairs")
    }


def _keyed(feedback: Feedback) -> dict[str, dict[str, str]]:
    return {
        "decisions": {row.decision: row.model_dump_json() for row in feedback.decisions},
        "labels": {f"{p.decision} {p.time!r} {p.label}": p.model_dump_json() for p in feedback.labels},
        "pairs": {f"{pair.decision} {pair.source}": pair.model_dump_json() for pair in feedback.pairs},
    }


def _readable(kind: type[Any], bodies: Sequence[str]) -> list[Any]:
    found: list[Frozen] = []
    for body in bodies:
        try:
            found.append(kind.model_validate_json(body))
        except ValidationError:
            continue
    return found


def _short(error: Exception) -> str:
    """The first line of what a driver says; its own error where there is one."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0][:200] if str(cause).strip() else type(cause).__name__
