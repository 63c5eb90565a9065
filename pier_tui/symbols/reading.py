"""The far end of `beside`: reads a repository's files one by one and answers what is asked in between.

Lines of JSON come in and go out; the words are those of `beside`. It ends with its input, however its parent ended.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import resource
import select
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pier_tui.symbols.index import Entry, Source, Stamp, SymbolIndex
from pier_tui.symbols.kept import load, save
from pier_tui.symbols.ranking import Ranking, showable

LOWER = 10
"""By how much this gives way to other processes (`nice`)."""
SECONDS = 20
"""What one file may take; a text made to take longer ends this process, and not the program it serves."""
MOST_MEMORY = 4 << 30
"""Bytes of address space."""
SAVE_EVERY = 1_500
"""Files parsed after which a first reading is kept though it is not finished."""


class Disk(Source, Protocol):
    """Where files come from: with a stamp for each."""

    def stamp(self, path: str) -> Stamp:
        """What the bytes of a file are known by. Raises PierError or OSError where there is none."""
        ...


@dataclass
class _Job:
    """Files to read, and the number under which it is said that they are."""

    number: int
    paths: deque[str]
    whole: bool


class Proposed:
    """The files on disk with the pending texts on top. None stands for a file that is to be deleted."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.texts: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes:
        """Raises FileNotFoundError, and what the disk raises."""
        if path not in self.texts:
            return self._disk.read(path)
        text = self.texts[path]
        if text is None:
            raise FileNotFoundError(path)
        return text

    def stamp(self, path: str) -> Stamp:
        """A pending text has none."""
        return () if path in self.texts else self._disk.stamp(path)


class Reading:
    """The loop: what came in first, then one file of what is to be read."""

    def __init__(self, disk: Disk, kept: Path | None, come: int, go: int) -> None:
        self._source = Proposed(disk)
        known: dict[str, Entry] = load(kept) if kept else {}
        self._index = SymbolIndex(self._source, self._source.stamp, known)
        self._kept, self._come, self._go = kept, come, go
        self._jobs: deque[_Job] = deque()
        self._half = b""
        self._saved = 0
        self._ranking, self._ranks = Ranking({}), -1

    def run(self) -> None:
        """Until the input ends."""
        while self._take(wait=not self._jobs):
            if self._jobs:
                self._step(self._jobs[0])

    def _take(self, *, wait: bool) -> bool:
        """Do what the lines that are there say; False at the end of the input."""
        while select.select([self._come], [], [], None if wait else 0)[0]:
            piece = os.read(self._come, 1 << 18)
            if not piece:
                return False
            *lines, self._half = (self._half + piece).split(b"\n")
            for line in lines:
                self._told(json.loads(line))
            wait = wait and not self._jobs
        return True

    def _told(self, said: dict[str, Any]) -> None:
        match said["do"]:
            case "read":
                if said["whole"]:
                    self._index.keep_only(said["paths"])
                self._jobs.append(_Job(said["number"], deque(said["paths"]), said["whole"]))
            case "propose":
                text = said["text"]
                self._source.texts[said["path"]] = None if text is None else base64.b64decode(text)
            case "withdraw":
                self._source.texts.pop(said["path"], None)
            case "rank":
                self._answer(said["number"], self._ranked(said["request"], said["seen"], said["most"]))

    def _ranked(self, request: str, seen: list[str], most: int) -> list[tuple[object, ...]]:
        found = showable(self._prepared().of(request, seen), most)
        return [(r.path, r.definition.line, r.definition.name, r.definition.kind, r.weight) for r in found]

    def _prepared(self) -> Ranking:
        """Made anew only where the index changed."""
        if self._ranks != self._index.changes:
            self._ranking, self._ranks = Ranking(self._index.files()), self._index.changes
        return self._ranking

    def _step(self, job: _Job) -> None:
        if job.paths:
            signal.alarm(SECONDS)
            self._index.update((job.paths.popleft(),))
            signal.alarm(0)
        if not job.paths:
            self._jobs.popleft()
            self._answer(job.number, [])
        if job.whole and self._index.parsed - self._saved >= (SAVE_EVERY if job.paths else 1):
            self._save()
        if not self._jobs:
            self._prepared()

    def _save(self) -> None:
        self._saved = self._index.parsed
        if self._kept:
            save(self._kept, self._index.entries())

    def _answer(self, number: int, found: list[tuple[object, ...]]) -> None:
        rest = memoryview(json.dumps({"number": number, "found": found}).encode() + b"\n")
        while rest:
            rest = rest[os.write(self._go, rest) :]


def serve(disk: Callable[[str], Disk]) -> None:
    """Serve standard input and output; the first line says where the repository is, and where its index is kept."""
    os.nice(LOWER)
    gc.disable()  # nothing here refers to itself, and a sweep over a million names takes longer than ranking them
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    first = b""
    while not first.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            return
        first += piece
    said = json.loads(first)
    Reading(disk(said["root"]), Path(said["kept"]) if said["kept"] else None, 0, 1).run()
