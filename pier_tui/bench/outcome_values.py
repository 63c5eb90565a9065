"""Single cells of an outcomes file: outcomes, numbers, flags and texts, as people write them down.

Raises ConfigError with the row's number (the first row after the header is row 1) and the column's name.
"""

from __future__ import annotations

import json
import math

import numpy as np
import numpy.typing as npt

from pier_tui.errors import ConfigError

_TRUE = {"true", "yes", "t", "y", "correct", "right", "pass", "passed", "success", "solved", "resolved", "1"}
_FALSE = {"false", "no", "f", "n", "incorrect", "wrong", "fail", "failed", "failure", "unsolved", "unresolved", "0"}
_NOTHING = {"", "nan", "null", "none", "na", "n/a", "<na>"}
_CURRENCIES = "$₹€£"
_FLOAT_LIMIT = 1e300


def nothing(value: object) -> bool:
    """Whether a cell is empty: nothing, NaN, or a word for it."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


def number(value: object, row: int, column: str) -> float:
    """A number, a part in percent, an amount of money, a word for true or false, or a list's mean; NaN where empty."""
    if nothing(value):
        return math.nan
    if isinstance(value, list | tuple | np.ndarray):
        each = [found for v in value if not math.isnan(found := number(v, row, column))]
        return sum(each) / len(each) if each else math.nan
    if isinstance(value, str) and (word := value.strip().lower()) in _TRUE | _FALSE:
        return float(word in _TRUE)
    try:
        read = _written(value) if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ConfigError(f"Row {row}: {column} is {shown(value)}, which is not a number.") from None
    if not -_FLOAT_LIMIT < read < _FLOAT_LIMIT:
        raise ConfigError(f"Row {row}: {column} is {shown(value)}, which is not a finite number.")
    return read


def _written(text: str) -> float:
    plain = text.strip().strip(_CURRENCIES).strip()
    return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)


def qualities(value: object, row: int, column: str, best: float) -> list[float]:
    """One outcome, or several runs of it, each from 0 to 1; empty where nothing was recorded."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise ConfigError(f"Row {row}: {column} is {shown(value)}, which is not a list of outcomes.") from None
    if isinstance(value, list | tuple | np.ndarray):
        return [quality for each in value for quality in qualities(each, row, column, best)]
    read = number(value, row, column)
    if math.isnan(read):
        return []
    if not 0 <= read <= best:
        hint = "" if best != 1 else "; say --best N where the best possible is N"
        raise ConfigError(f"Row {row}: {column} is {shown(value)}, but outcomes lie between 0 and {best:g}{hint}.")
    return [read / best]


def are_outcomes(values: list[object]) -> bool:
    """Whether cells can be read as outcomes on some scale; a model's name or an answer cannot."""
    try:
        return any(qualities(value, 0, "", math.inf) for value in values)
    except ConfigError:
        # A number that is out of bounds is an outcome written wrongly, which is said when its row is read.
        return all(nothing(value) or _is_number(value) for value in values)


def _is_number(value: object) -> bool:
    try:
        return not math.isnan(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def flag(value: object, row: int, column: str) -> bool:
    """True or false; false where empty."""
    if nothing(value):
        return False
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE or word in ("0.0", "1.0"):
        return word in _TRUE or word == "1.0"
    raise ConfigError(f"Row {row}: {column} is {shown(value)}, which is neither true nor false.")


def vector(value: object, row: int, column: str) -> npt.NDArray[np.float32] | None:
    """A list of finite numbers, written as JSON or as numpy prints it; None where empty."""
    if nothing(value):
        return None
    try:
        if isinstance(value, str):
            inside = value.strip().strip("[]()")
            value = [float(part) for part in (inside.split(",") if "," in inside else inside.split())]
        found = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        raise ConfigError(f"Row {row}: {column} is not a list of numbers.") from None
    if found.ndim != 1 or not found.size:
        raise ConfigError(f"Row {row}: {column} is not a list of numbers.")
    if not np.isfinite(found).all():
        raise ConfigError(f"Row {row}: {column} holds a value that is not a finite number.")
    return found


def text(value: object) -> str:
    """A cell as text; '' where empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def shown(value: object) -> str:
    """A cell as a message shows it."""
    written = repr(value)
    return written if len(written) <= 40 else f"{written[:37]}..."
