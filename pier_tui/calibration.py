"""What teaching fits and routing uses: the calibrator, and the one threshold file. Frozen, pure, no fitting here.

A score is always a confidence: how likely the weak model's answer is good enough, 0 to 1. A turn whose
calibrated confidence is below `tau` escalates.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pier_tui.errors import ConfigError

FILE = "threshold.json"
"""The threshold file's name in the state directory."""
VERSION = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Frozen):
    """No calibration: the score is taken for the probability."""

    kind: Literal["identity"] = "identity"

    def apply(self, score: float) -> float:
        """The score, within 0 and 1."""
        return min(max(score, 0.0), 1.0)


class Platt(_Frozen):
    """sigmoid(slope * score + offset), fitted by logistic regression on the score (Platt 1999)."""

    kind: Literal["platt"] = "platt"
    slope: float
    offset: float

    def apply(self, score: float) -> float:
        """The calibrated probability."""
        z = min(max(self.slope * score + self.offset, -700.0), 700.0)
        return 1 / (1 + math.exp(-z))


class Isotonic(_Frozen):
    """A non-decreasing table, as pool-adjacent-violators gives it; straight lines between points, flat outside them."""

    kind: Literal["isotonic"] = "isotonic"
    scores: tuple[float, ...] = Field(min_length=1)
    values: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Isotonic:
        pairs = zip(self.values, self.values[1:], strict=False)
        steps = zip(self.scores, self.scores[1:], strict=False)
        if len(self.scores) != len(self.values) or any(a > b for a, b in pairs) or any(a >= b for a, b in steps):
            raise ValueError("an isotonic table needs as many values as scores, scores rising and values not falling")
        return self

    def apply(self, score: float) -> float:
        """The calibrated probability."""
        at = bisect_right(self.scores, score)
        if at in (0, len(self.scores)):
            return self.values[0 if at == 0 else -1]
        low, high = self.scores[at - 1], self.scores[at]
        share = (score - low) / (high - low)
        return self.values[at - 1] + share * (self.values[at] - self.values[at - 1])


Calibrator = Annotated[Identity | Platt | Isotonic, Field(discriminator="kind")]


class Threshold(_Frozen):
    """The threshold file: below which confidence a turn escalates, and on what that rests."""

    tau: float = Field(ge=0, le=1)
    """A calibrated confidence below it escalates; the smaller, the more the weak model keeps."""
    alpha: float | None = Field(default=None, ge=0, le=1)
    """The risk tau was chosen for: the share of turns kept that should not have been. None: chosen by hand."""
    n: int = Field(default=0, ge=0)
    """Labelled or audited turns behind it."""
    version: int = VERSION
    calibrator: Calibrator = Identity()
    strategy: str = ""
    """The strategy whose scores were fitted; empty: any."""
    made: str = ""
    """ISO date and time of the fit."""

    def holds_for(self, strategy: str) -> bool:
        """Whether it can be used on this strategy's scores: of another's it says nothing."""
        return self.strategy in ("", strategy)


def shown(tau: float) -> str:
    """A threshold in two digits, in three where two would make it 0 or 1: one of 0.999 keeps turns, one of 1 none."""
    text = f"{tau:.2f}"
    return f"{tau:.3f}" if text in ("0.00", "1.00") and float(text) != tau else text


def load(path: Path) -> Threshold | None:
    """The threshold file; None where there is none. Raises ConfigError for one that cannot be used."""
    try:
        found = Threshold.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path} cannot be used ({_first(error)}); move it away or run: pier-tui calibrate") from None
    if found.version > VERSION:
        raise ConfigError(f"{path} was written by a newer pier-tui (version {found.version}); move it away or update.")
    return found


def save(path: Path, threshold: Threshold) -> None:
    """Write the threshold file in one step. Raises ConfigError where it cannot be written."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.write_text(threshold.model_dump_json(indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error


def _first(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or "unreadable"
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
