"""Recorded outcomes of a weak and a strong model on the same rows: what `pier-tui replay` works on.

The columns are in docs/replay.md. Reading the file formats is `outcome_files.py`; here rows become arrays, repeats
become means, and bad values one sentence with the row's number (the first row after the header is row 1).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pier_tui.errors import ConfigError

Array = npt.NDArray[np.float64]
Row = Mapping[str, object]

ALIASES: dict[str, tuple[str, ...]] = {
    "text": ("prompt", "text", "question", "query", "input", "instruction", "problem", "request"),
    "domain": ("domain", "category", "subject", "topic", "source", "repo", "repository"),
    "id": ("id", "task_id", "row_id", "question_id", "query_id", "prompt_id", "instance_id", "sample_id", "task"),
    "embedding": ("embedding", "embeddings", "vector", "emb"),
    "left_out": ("contaminated", "exclude", "excluded", "skip"),
    "split": ("split", "fold_split", "partition"),
    "confidence": ("weak_confidence", "confidence", "self_confidence"),
    "verifier": ("weak_verifier", "verifier", "verify", "verifier_confidence", "self_verify"),
    "mixture": ("mixture", "mixture_correct", "mixture_score"),
    "mixture_cost": ("mixture_cost",),
}
_QUALITY = (
    "",
    "_correct",
    "_score",
    "_quality",
    "_success",
    "_passed",
    "_pass",
    "_reward",
    "_resolved",
    "_outcome",
    "_label",
)
_RESPONSE = ("_response", "_answer", "_output", "_completion", "_text", "_prediction", "_draft")
for _tier, _names in {"weak": ("weak", "small", "cheap"), "strong": ("strong", "large", "expensive")}.items():
    ALIASES[_tier] = tuple(name + end for name in _names for end in _QUALITY)
    ALIASES[f"{_tier}_response"] = tuple(name + end for name in _names for end in _RESPONSE)
    ALIASES[f"{_tier}_cost"] = tuple(f"{name}_cost" for name in _names)
    ALIASES[f"{_tier}_tokens"] = tuple(f"{name}_tokens" for name in _names)

_TRUE = {"true", "yes", "t", "y", "correct", "pass", "passed", "1"}
_FALSE = {"false", "no", "f", "n", "incorrect", "wrong", "fail", "failed", "0"}
_NOTHING = {"", "nan", "null", "none", "na", "n/a"}
_FLOAT_LIMIT = 1e300


@dataclass(frozen=True)
class Outcomes:
    """Rows with an outcome of both models. Qualities are means over repeats, 0 to 1. Absent columns are None.

    `weak_runs`, `strong_runs`: each row's single runs, where a row has several; else None. `tasks`: rows with the
    same number belong together, and are never split between fitting and scoring. `trained_on`: rows marked as
    training rows, never scored. `left_out`: how many rows were not used, by reason.
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

    def __len__(self) -> int:
        return len(self.weak)


@dataclass
class _Gathered:
    """One row, or the repeats of one, while the file is read."""

    number: int
    row: Row
    weak: list[float]
    strong: list[float]


def outcomes(rows: Sequence[Row], scores: Sequence[str] = (), best: float = 1.0) -> Outcomes:
    """Make arrays of rows. `scores` names columns that are ready-made router scores; `best` is the best quality.

    Raises ConfigError: no rows, no outcome columns, a value that cannot be read.
    """
    if not rows:
        raise ConfigError("There are no rows to replay; give a file with one row per task.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = _columns(names)
    wanted = _score_columns(names, scores)
    left_out: dict[str, int] = {}
    gathered: dict[object, _Gathered] = {}
    for number, row in enumerate(rows, 1):
        if "left_out" in found and _flag(row.get(found["left_out"]), number, found["left_out"]):
            left_out[found["left_out"]] = left_out.get(found["left_out"], 0) + 1
            continue
        weak = _qualities(row.get(found["weak"]), number, found["weak"], best)
        strong = _qualities(row.get(found["strong"]), number, found["strong"], best)
        if not weak or not strong:
            left_out["without an outcome"] = left_out.get("without an outcome", 0) + 1
            continue
        key = _identity(row, found, number)
        if same := gathered.get(key):
            same.weak += weak
            same.strong += strong
        else:
            gathered[key] = _Gathered(number, row, weak, strong)
    if len(gathered) < 2:
        raise ConfigError(
            f"Of {len(rows)} rows {len(gathered)} can be used ({_reasons(left_out)}); replay needs at least 2."
        )
    return _arrays(list(gathered.values()), found, wanted, left_out)


def _reasons(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "the rest repeat them"


def _columns(names: Sequence[str]) -> dict[str, str]:
    by_plain = {name.strip().lower().replace("-", "_").replace(" ", "_"): name for name in reversed(names)}
    found = {
        meaning: by_plain[alias]
        for meaning, aliases in ALIASES.items()
        for alias in reversed(aliases)
        if alias in by_plain
    }
    for tier in ("weak", "strong"):
        if tier not in found:
            seen = ", ".join(names[:12]) or "none"
            raise ConfigError(
                f"There is no column with the {tier} model's outcome: name it {tier}, {tier}_correct or {tier}_score "
                f"(columns found: {seen})."
            )
    return found


def _score_columns(names: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    found = {name.split(":", 1)[1]: name for name in names if name.lower().startswith("score:")}
    for name in wanted:
        if name not in names:
            raise ConfigError(
                f"There is no column {name!r} to use as a score (columns found: {', '.join(names[:12])})."
            )
        found[name] = name
    return found


def _identity(row: Row, found: Mapping[str, str], number: int) -> object:
    """Rows with the same id, text and embedding are repeats of one."""
    marked = row.get(found["id"]) if "id" in found else None
    if _nothing(marked):
        return number
    return str(marked), _text(row, found, "text"), str(row.get(found.get("embedding", ""), ""))


def _arrays(
    gathered: Sequence[_Gathered], found: Mapping[str, str], scores: Mapping[str, str], left_out: Mapping[str, int]
) -> Outcomes:
    def texts(meaning: str) -> tuple[str, ...] | None:
        return tuple(_text(g.row, found, meaning) for g in gathered) if meaning in found else None

    def pair(what: str) -> tuple[Array, Array] | None:
        both = [f"{tier}_{what}" for tier in ("weak", "strong")]
        if not all(name in found for name in both):
            return None
        weak, strong = (_numbers(gathered, found[name], low=0.0) for name in both)
        return weak, strong

    repeated = any(len(g.weak) > 1 or len(g.strong) > 1 for g in gathered)
    extra = {name: found[name] for name in ("confidence", "verifier", "mixture", "mixture_cost") if name in found}
    columns = {f"score:{name}": _numbers(gathered, column) for name, column in scores.items()}
    columns |= {name: _numbers(gathered, column) for name, column in extra.items()}
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
        embeddings=_embeddings(gathered, found["embedding"]) if "embedding" in found else None,
        costs=pair("cost"),
        tokens=pair("tokens"),
        columns=columns,
        trained_on=_trained_on(gathered, found),
        left_out=left_out,
    )


def _tasks(gathered: Sequence[_Gathered], found: Mapping[str, str]) -> npt.NDArray[np.intp]:
    """Rows of one id, or of one text where there are no ids, are one task."""
    numbers: dict[object, int] = {}
    tasks = []
    for g in gathered:
        marked = g.row.get(found["id"]) if "id" in found else None
        key: object = ("id", str(marked)) if not _nothing(marked) else _text(g.row, found, "text") or ("row", g.number)
        tasks.append(numbers.setdefault(key, len(numbers)))
    return np.array(tasks, np.intp)


def _trained_on(gathered: Sequence[_Gathered], found: Mapping[str, str]) -> npt.NDArray[np.bool_] | None:
    if "split" not in found:
        return None
    trained = np.array([_text(g.row, found, "split").strip().lower() in ("train", "training", "fit") for g in gathered])
    return trained if trained.any() and not trained.all() else None


def _embeddings(gathered: Sequence[_Gathered], column: str) -> npt.NDArray[np.float32]:
    rows = []
    for g in gathered:
        value = g.row.get(column)
        try:
            rows.append(np.asarray(json.loads(value) if isinstance(value, str) else value, np.float32))
        except (TypeError, ValueError):
            raise ConfigError(f"Row {g.number}: {column} is not a list of numbers.") from None
        if rows[-1].ndim != 1 or rows[-1].shape != rows[0].shape:
            raise ConfigError(
                f"Row {g.number}: {column} has {rows[-1].size} numbers, "
                f"but row {gathered[0].number} has {rows[0].size}."
            )
        if not np.isfinite(rows[-1]).all():
            raise ConfigError(f"Row {g.number}: {column} holds a value that is not a finite number.")
    return np.vstack(rows)


def _numbers(gathered: Sequence[_Gathered], column: str, low: float = -math.inf) -> Array:
    """A numeric column; empty cells take the column's mean, so that they decide nothing."""
    values = np.array([_number(g.row.get(column), g.number, column) for g in gathered])
    if np.isnan(values).all():
        raise ConfigError(f"Column {column} holds no number.")
    if (values < low).any():
        number = gathered[int(np.flatnonzero(values < low)[0])].number
        raise ConfigError(f"Row {number}: {column} is below {low:g}.")
    return np.where(np.isnan(values), np.nanmean(values), values)


def _number(value: object, number: int, column: str) -> float:
    if _nothing(value):
        return math.nan
    if isinstance(value, list | tuple | np.ndarray):
        each = [_number(v, number, column) for v in value]
        return float(np.nanmean(each)) if each else math.nan
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return float(value.strip().lower() in _TRUE)
    try:
        read = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ConfigError(f"Row {number}: {column} is {_shown(value)}, which is not a number.") from None
    if not -_FLOAT_LIMIT < read < _FLOAT_LIMIT:
        raise ConfigError(f"Row {number}: {column} is {_shown(value)}, which is not a finite number.")
    return read


def _qualities(value: object, number: int, column: str, best: float) -> list[float]:
    """One quality, or several runs of it; empty where nothing was recorded."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise ConfigError(f"Row {number}: {column} is {_shown(value)}, which is not a list of outcomes.") from None
    if isinstance(value, list | tuple | np.ndarray):
        return [quality for each in value for quality in _qualities(each, number, column, best)]
    read = _number(value, number, column)
    if math.isnan(read):
        return []
    if not 0 <= read <= best:
        hint = "" if best != 1 else "; say --best N where the best possible is N"
        raise ConfigError(f"Row {number}: {column} is {_shown(value)}, but outcomes lie between 0 and {best:g}{hint}.")
    return [read / best]


def _flag(value: object, number: int, column: str) -> bool:
    if _nothing(value):
        return False
    text = str(value).strip().lower()
    if text in _TRUE | _FALSE or text in ("0.0", "1.0"):
        return text in _TRUE or text == "1.0"
    raise ConfigError(f"Row {number}: {column} is {_shown(value)}, which is neither true nor false.")


def _nothing(value: object) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


def _text(row: Row, found: Mapping[str, str], meaning: str) -> str:
    value = row.get(found[meaning]) if meaning in found else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
