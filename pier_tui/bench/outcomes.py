"""Recorded outcomes of a weak and a strong model on the same rows: what `pier-tui replay` works on.

The columns are in docs/replay.md. Reading the file formats is `outcome_files.py`, what a column means
`outcome_columns.py`, what a cell says `outcome_values.py`; here rows become arrays, and repeats become means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pier_tui.bench import outcome_values as cells
from pier_tui.bench.outcome_columns import Columns, Row, columns, mark, paired
from pier_tui.errors import ConfigError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """Rows with an outcome of both models. Qualities are means over repeats, 0 to 1. Absent columns are None.

    `weak_runs`, `strong_runs`: each row's single runs, where a row has several; else None. `tasks`: rows with the
    same number belong together, and are never split between fitting and scoring. `trained_on`: rows marked as
    training rows, never scored. `left_out`: how many rows were not used, by reason. `read_from`: the columns by what
    they were taken for; `unused`: those that were not taken for anything.
    """

    weak: Array
    strong: Array
    tasks: npt.NDArray[np.intp]
    weak_runs: tuple[Array, ...] | None = None
    strong_runs: tuple[Array, ...] | None = None
    texts: tuple[str, ...] | None = None
    weak_responses: tuple[str, ...] | None = None
    strong_responses: tuple[str, ...] | None = None
    domains: tuple[str, ...] | None = None
    embeddings: npt.NDArray[np.float32] | None = None
    costs: tuple[Array, Array] | None = None
    tokens: tuple[Array, Array] | None = None
    columns: Mapping[str, Array] = field(default_factory=dict)
    trained_on: npt.NDArray[np.bool_] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    read_from: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.weak)


@dataclass
class _Gathered:
    """One row, or the repeats of one, while the file is read."""

    number: int
    rows: list[Row]
    weak: list[float]
    strong: list[float]


def outcomes(
    rows: Sequence[Row], scores: Sequence[str] = (), best: float = 1.0, models: tuple[str, str] = ("", "")
) -> Outcomes:
    """Make arrays of rows. `scores` names columns that are ready-made router scores; `best` is the best quality.

    `models`: names of the weak and of the strong model, of columns or in a column; '' for the usual ones.
    Raises ConfigError: no rows, no outcome columns, a value that cannot be read.
    """
    if not rows:
        raise ConfigError("There are no rows to replay; give a file with one row per task.")
    both, others = paired(rows, best, models)
    # What was matched is named by tier; the user's names are those of the rows as they were.
    found = columns(both, scores, models if both is rows else ("", ""))
    left_out = {"of other models": others} if others else {}
    gathered: dict[object, _Gathered] = {}
    for number, row in enumerate(both, 1):
        if "left_out" in found and cells.flag(found.value(row, "left_out"), number, found.name("left_out")):
            left_out[found.name("left_out")] = left_out.get(found.name("left_out"), 0) + 1
            continue
        weak, strong = (
            cells.qualities(found.value(row, tier), number, found.name(tier), best) for tier in ("weak", "strong")
        )
        if not weak or not strong:
            left_out["without an outcome"] = left_out.get("without an outcome", 0) + 1
            continue
        key = _identity(row, found, number)
        if same := gathered.get(key):
            same.rows.append(row)
            same.weak += weak
            same.strong += strong
        else:
            gathered[key] = _Gathered(number, [row], weak, strong)
    if len(gathered) < 2:
        raise ConfigError(
            f"Of {len(rows)} rows {len(gathered)} can be used ({_reasons(left_out)}); replay needs at least 2."
        )
    return _arrays(list(gathered.values()), found, left_out)


def _reasons(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "the rest repeat them"


def _identity(row: Row, found: Columns, number: int) -> object:
    """Rows with the same id, text and embedding are repeats of one."""
    key = mark(row, found)
    if key is None:
        return number
    vector = found.value(row, "embedding")
    return key, found.text(row, "text"), vector.tobytes() if isinstance(vector, np.ndarray) else str(vector)


def _arrays(gathered: Sequence[_Gathered], found: Columns, left_out: Mapping[str, int]) -> Outcomes:
    def texts(meaning: str) -> tuple[str, ...] | None:
        return tuple(found.text(g.rows[0], meaning) for g in gathered) if meaning in found else None

    def pair(what: str) -> tuple[Array, Array] | None:
        both = [f"{tier}_{what}" for tier in ("weak", "strong")]
        if not all(name in found for name in both):
            return None
        weak, strong = (_numbers(gathered, found.name(name), low=0.0) for name in both)
        return weak, strong

    repeated = any(len(g.weak) > 1 or len(g.strong) > 1 for g in gathered)
    embeddings = _embeddings(gathered, found) if "embedding" in found else None
    scores = {f"score:{name}": column for name, column in found.scores.items()}
    scores |= {n: found.name(n) for n in ("confidence", "verifier", "mixture", "mixture_cost") if n in found}
    return Outcomes(
        weak=np.array([np.mean(g.weak) for g in gathered]),
        strong=np.array([np.mean(g.strong) for g in gathered]),
        tasks=_tasks(gathered, found),
        weak_runs=tuple(np.array(g.weak) for g in gathered) if repeated else None,
        strong_runs=tuple(np.array(g.strong) for g in gathered) if repeated else None,
        texts=texts("text"),
        weak_responses=texts("weak_response"),
        strong_responses=texts("strong_response"),
        domains=texts("domain"),
        embeddings=embeddings,
        costs=pair("cost"),
        tokens=pair("tokens"),
        columns={name: _numbers(gathered, column) for name, column in scores.items()},
        trained_on=_trained_on(gathered, found),
        left_out=left_out,
        read_from={meaning: _listed(names) for meaning, names in found.by_meaning.items()},
        unused=found.unused,
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _tasks(gathered: Sequence[_Gathered], found: Columns) -> npt.NDArray[np.intp]:
    """Rows of one id, or of one text where there are no ids, are one task."""
    numbers: dict[object, int] = {}
    tasks = []
    for g in gathered:
        marked = mark(g.rows[0], found)
        key: object = ("id", marked) if marked is not None else found.text(g.rows[0], "text") or ("row", g.number)
        tasks.append(numbers.setdefault(key, len(numbers)))
    return np.array(tasks, np.intp)


def _trained_on(gathered: Sequence[_Gathered], found: Columns) -> npt.NDArray[np.bool_] | None:
    if "split" not in found:
        return None
    splits = [found.text(g.rows[0], "split").strip().lower() for g in gathered]
    trained = np.array([split in ("train", "training", "fit") for split in splits])
    return trained if trained.any() and not trained.all() else None


def _embeddings(gathered: Sequence[_Gathered], found: Columns) -> npt.NDArray[np.float32] | None:
    """The vectors; a row without one takes the mean of the others, None where none has one."""
    column = found.name("embedding")
    rows = [cells.vector(g.rows[0].get(column), g.number, column) for g in gathered]
    there = [(g.number, row) for g, row in zip(gathered, rows, strict=True) if row is not None]
    if not there:
        return None
    first, size = there[0][0], there[0][1].size
    for number, row in there:
        if row.size != size:
            raise ConfigError(f"Row {number}: {column} has {row.size} numbers, but row {first} has {size}.")
    known = np.vstack([row for _, row in there])
    if len(there) == len(rows):
        return known
    mean = known.mean(axis=0)
    return np.vstack([mean if row is None else row for row in rows])


def _numbers(gathered: Sequence[_Gathered], column: str, low: float = -math.inf) -> Array:
    """A numeric column, runs of a row averaged; empty cells take the column's mean, so that they decide nothing."""
    values = np.array([cells.number([row.get(column) for row in g.rows], g.number, column) for g in gathered])
    if np.isnan(values).all():
        raise ConfigError(f"Column {column} holds no number.")
    if (values < low).any():
        number = gathered[int(np.flatnonzero(values < low)[0])].number
        raise ConfigError(f"Row {number}: {column} is below {low:g}.")
    return np.where(np.isnan(values), np.nanmean(values), values)
