"""The threshold file and those before it: what learning put in use, per repository where they differ, and going back.

`threshold.json` is what holds now, and may be written by hand; `thresholds.json` beside it is the history. Blocking.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import Field, ValidationError

from pier_tui.calibration import FILE, Threshold, load, save
from pier_tui.errors import ConfigError
from pier_tui.feedback.rows import Frozen, folder

HISTORY = "thresholds.json"
MOST = 50
"""Files kept to go back to."""


class Learned(Frozen):
    """One calibration: the common threshold, None where none was there yet, and repositories' own."""

    common: Threshold | None = None
    repos: dict[str, Threshold] = Field(default_factory=dict)


class _History(Frozen):
    entries: tuple[Learned, ...] = ()
    """The oldest first; the last one is in use."""


class Thresholds:
    """The threshold files in the state folder. Everything raises ConfigError where they cannot be read or written."""

    def __init__(self, state: Path) -> None:
        self._file, self._history = state / FILE, state / HISTORY

    def now(self, repo: Callable[[], str] = str) -> Threshold | None:
        """What holds for a repository, which is asked for its name where that matters; None: nothing was learned yet.

        A common file that was changed by hand holds everywhere.
        """
        common = load(self._file)
        entries = self._read().entries
        if common is not None and entries and entries[-1].common == common and (apart := entries[-1].repos):
            name = repo()
            # Calibrations of before names told repositories of one folder name apart know the folder only.
            return apart.get(name) or apart.get(folder(name), common)
        return common

    def before(self) -> Threshold | None:
        """The common threshold before the present one; None where there was none."""
        entries = self._read().entries
        return entries[-2].common if len(entries) > 1 else None

    def put(self, learned: Learned) -> None:
        """Put a calibration in use; the one before is kept."""
        entries = self._read().entries or (Learned(common=load(self._file)),)
        self._write(_History(entries=(*entries, learned)[-MOST:]))
        if learned.common is not None:
            save(self._file, learned.common)

    def undo(self) -> Threshold | None:
        """Go back to the one before, and say which that is; None where that was nothing learned at all.

        Raises ConfigError where there is nothing to go back to.
        """
        entries = self._read().entries
        if len(entries) < 2:
            raise ConfigError("There is no calibration to take back.")
        previous = entries[-2].common
        if previous is None:
            self._file.unlink(missing_ok=True)
        else:
            save(self._file, previous)
        self._write(_History(entries=entries[:-1]))
        return previous

    def _read(self) -> _History:
        try:
            return _History.model_validate_json(self._history.read_bytes())
        except FileNotFoundError:
            return _History()
        except (OSError, ValidationError):
            raise ConfigError(f"{self._history} cannot be read; move it away to go on without it.") from None

    def _write(self, history: _History) -> None:
        fresh = self._history.with_name(f".{HISTORY}.{os.getpid()}")
        try:
            self._history.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_text(history.model_dump_json() + "\n", encoding="utf-8")
            fresh.replace(self._history)
        except OSError as error:
            raise ConfigError(f"{self._history} cannot be written: {error.strerror or error}.") from error
