"""The symbol index of one repository: per file, what it defines and mentions, read again only where bytes changed.

Everything here blocks; the agent calls it in a thread. What is read can be asked for at any time, half built too.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from typing import Protocol

from pier_tui.errors import PierError
from pier_tui.symbols.languages import language_of
from pier_tui.symbols.tags import NOTHING, Tags, tags

MOST_FILES = 5_000
"""Source files that are indexed; of more, the first by path."""


class Source(Protocol):
    """Where texts come from: the working tree with the pending patch set on top."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises PierError where there is none."""
        ...

    def list(self, under: str = "") -> tuple[str, ...]:
        """All paths of the repository, sorted."""
        ...


class SymbolIndex:
    """The tags of a repository's source files by path."""

    def __init__(self, source: Source, most_files: int = MOST_FILES) -> None:
        self._source, self._most = source, most_files
        self._known: dict[str, tuple[bytes, Tags]] = {}
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self.parsed = 0
        """Texts parsed so far, for measuring."""

    def build(self) -> None:
        """Read every source file whose bytes are not known yet, and forget files that are gone."""
        paths = [path for path in self._source.list() if language_of(path)][: self._most]
        with self._writing:
            for path in set(self._known) - set(paths):
                del self._known[path]
        self.update(paths)

    def update(self, paths: Iterable[str]) -> None:
        """Read these files again, those that are no source files left out."""
        for path in paths:
            if self._stop.is_set():
                return
            if language_of(path):
                self._read(path)

    def stop(self) -> None:
        """End whatever is being read, for good."""
        self._stop.set()

    def files(self) -> Mapping[str, Tags]:
        """What is known now, in order of the paths; later changes do not show in it."""
        with self._writing:
            return {path: self._known[path][1] for path in sorted(self._known)}

    def _read(self, path: str) -> None:
        try:
            content = self._source.read(path)
        except (PierError, OSError):
            with self._writing:
                self._known.pop(path, None)
            return
        digest = hashlib.sha256(content).digest()
        known = self._known.get(path)
        if known is not None and known[0] == digest:
            return
        try:
            found = tags(path, content)
        except (ImportError, OSError, ValueError):  # a grammar this machine has no wheel of
            found = NOTHING
        self.parsed += 1
        with self._writing:
            if known is not None or len(self._known) < self._most:
                self._known[path] = (digest, found)
