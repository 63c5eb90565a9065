"""The symbol index of one repository: per file, what it defines and mentions, read again only where bytes changed.

Everything here blocks; who asks is in a thread or a process of its own. What is read can be asked for at any time,
half built too.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from pier_tui.errors import PierError
from pier_tui.symbols.languages import language_of
from pier_tui.symbols.tags import NOTHING, Tags, tags

MOST_FILES = 5_000
"""Source files that are indexed; of more, the first by path."""
SETTLED_NS = 2_000_000_000
"""A file changed so shortly ago may change again within the same tick of the clock: its stamp says nothing yet."""
Stamp = tuple[int, ...]
"""What changes whenever the bytes of a file do: times of change in ns, first the latest, then size and number."""


class Source(Protocol):
    """Where texts come from."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises PierError where there is none."""
        ...


class Entry(NamedTuple):
    """What is known of a file. The stamp is empty where only the digest (SHA-256) tells whether it changed."""

    stamp: Stamp
    digest: bytes
    tags: Tags


def sources(paths: Iterable[str], most: int = MOST_FILES) -> list[str]:
    """Those of the paths that are indexed."""
    return [path for path in paths if language_of(path)][:most]


def no_stamp(path: str) -> Stamp:
    """For texts that have no times."""
    return ()


class SymbolIndex:
    """The tags of a repository's source files by path. `stamp` says what a file's bytes are known by without reading.

    `known` is what was kept of an earlier index.
    """

    def __init__(
        self,
        source: Source,
        stamp: Callable[[str], Stamp] = no_stamp,
        known: Mapping[str, Entry] | None = None,
        most_files: int = MOST_FILES,
    ) -> None:
        self._source, self._stamp, self._most = source, stamp, most_files
        self._known: dict[str, Entry] = dict(known or {})
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self.parsed = 0
        """Texts parsed so far, for measuring."""
        self.changes = 0
        """Counted up whenever what is known of a file changes."""

    def keep_only(self, paths: Iterable[str]) -> None:
        """Forget all files but these."""
        with self._writing:
            for path in set(self._known) - set(paths):
                self._forget(path)

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
        return {path: entry.tags for path, entry in self.entries().items()}

    def entries(self) -> Mapping[str, Entry]:
        """The same with what each file is known by."""
        with self._writing:
            return {path: self._known[path] for path in sorted(self._known)}

    def _read(self, path: str) -> None:
        try:
            stamp = self._stamp(path)
            known = self._known.get(path)
            if known is not None and stamp and known.stamp == stamp:
                return
            content = self._source.read(path)
        except (PierError, OSError):
            with self._writing:
                self._forget(path)
            return
        if stamp and time.time_ns() - stamp[0] < SETTLED_NS:
            stamp = ()
        digest = hashlib.sha256(content).digest()
        found = known.tags if known is not None and known.digest == digest else self._parsed(path, content)
        with self._writing:
            if known is not None or len(self._known) < self._most:
                self._known[path] = Entry(stamp, digest, found)
                self.changes += known is None or known.tags is not found

    def _forget(self, path: str) -> None:
        self.changes += self._known.pop(path, None) is not None

    def _parsed(self, path: str, content: bytes) -> Tags:
        self.parsed += 1
        try:
            return tags(path, content)
        except (ImportError, OSError, ValueError):  # a grammar this machine has no wheel of
            return NOTHING
