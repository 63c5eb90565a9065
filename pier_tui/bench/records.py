"""The folder of a bench: `plan.json`, `runs.jsonl` with a line for every finished run, and `recordings/`.

A line is on the disk before the next run is begun, so a killed bench goes on where it was. One bench at a time writes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.bench.job import Done
from pier_tui.bench.task import Run
from pier_tui.errors import PierError
from pier_tui.private import private_folder, write_private

PLAN, RUNS, RECORDINGS, LOCK = "plan.json", "runs.jsonl", "recordings", "lock"


class Plan(BaseModel):
    """What a bench was asked to do, and on what machine."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # a later or an earlier version may say more

    suites: tuple[str, ...] = ()
    strategies: tuple[str, ...]
    repeats: int
    profile: str
    offline: bool = False
    """The models are the embedded rules: deterministic, and priced as `compared`."""
    compared: str = ""
    ratio: float | None = None
    """Price of the weak model's fresh input over the strong one's."""
    versions: tuple[str, ...] = ()
    """Program, Python, models and settings, as a reader is told them; `terms` is the digest of the same."""
    terms: str = ""
    machine: str = ""
    date: str = ""
    commands: tuple[str, ...] = ()
    """What was typed, each once, as far as it was about the same terms."""


class Records:
    """The records in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def plan(self) -> Plan:
        """What was asked. Raises PierError where the folder is no bench."""
        try:
            return Plan.model_validate_json((self.folder / PLAN).read_bytes())
        except (OSError, ValidationError):
            raise PierError(f"{self.folder} holds no bench: name the folder that `pier-tui bench` wrote.") from None

    def keep_plan(self, plan: Plan) -> None:
        """Write it, with the commands of the plan before where that had the same terms. Raises PierError."""
        private_folder(self.folder)
        with suppress(PierError):
            if (before := self.plan).terms == plan.terms:
                commands = tuple(dict.fromkeys((*before.commands, *plan.commands)))
                plan = plan.model_copy(update={"commands": commands})
        write_private(self.folder / PLAN, plan.model_dump_json(indent=1) + "\n")

    def runs(self) -> tuple[Run, ...]:
        """Every run that went through, each key once; a last line cut off by a kill is left out, and so are errors."""
        found: dict[str, Run] = {}
        for line in self._lines():
            try:
                run = Run.model_validate_json(line)
            except ValidationError:
                continue
            if not run.error:
                found.setdefault(run.key, run)
        return tuple(found.values())

    def _lines(self) -> list[bytes]:
        try:
            return (self.folder / RUNS).read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise PierError(f"{self.folder / RUNS} cannot be read: {error.strerror}.") from None

    def keep(self, done: Done) -> Run:
        """Write a run and its recording, flushed to the disk. Raises PierError."""
        run, path = done.run, self.folder / RUNS
        if done.recording:
            name = f"{run.key}.jsonl"
            private_folder(self.folder / RECORDINGS)
            write_private(self.folder / RECORDINGS / name, done.recording)
            run = run.model_copy(update={"recording": f"{RECORDINGS}/{name}"})
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                torn = _torn(file)
                os.write(file, (b"\n" if torn else b"") + run.model_dump_json().encode() + b"\n")
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise PierError(f"{path} cannot be written: {error.strerror}.") from None
        return run

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder. Raises PierError where another bench does."""
        private_folder(self.folder)
        with open(self.folder / LOCK, "w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise PierError(f"Another bench is writing to {self.folder}: wait for it, or choose --out.") from None
            yield


def _torn(file: int) -> bool:
    """Whether the last line was cut off."""
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"
