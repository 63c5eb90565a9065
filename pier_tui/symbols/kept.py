"""The index of a repository on disk, so that the next start parses only what changed: JSON, and nothing but data.

What cannot be read, is of another version of us or of a grammar, or was tampered with is thrown away: it is only time.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pier_tui.errors import PierError
from pier_tui.private import private_folder, write_private
from pier_tui.symbols.index import Entry
from pier_tui.symbols.languages import fingerprint, language_of
from pier_tui.symbols.tags import MOST_BYTES, Definition, Tags

FORMAT = 1
"""Counted up with every change of what is read from a text, or of how it is written here."""
MOST_ONE, MOST_ALL = 64_000_000, 256_000_000
"""Bytes of one repository's file, and of all of them; beyond, one is not kept, and the oldest are removed."""
LEFT_OVER = 3_600.0
"""Seconds after which a file half written belongs to nobody."""
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError, MemoryError)


def load(path: Path) -> dict[str, Entry]:
    """What was kept in a file; nothing where there is none. A broken one is removed."""
    try:
        text = _own_text(path)
        return {} if text is None else dict(_entries(json.loads(text)))
    except OSError:
        return {}
    except _BROKEN:
        with contextlib.suppress(OSError):
            path.unlink()
        return {}


def save(path: Path, entries: Mapping[str, Entry]) -> bool:
    """Keep an index, and make room for it; False where it is too large or the disk refuses."""
    names: dict[str, int] = {}
    files = [_written(name, entry, names) for name, entry in entries.items()]
    whole = {"format": FORMAT, "most": MOST_BYTES, "languages": _languages(entries), "names": list(names)}
    text = json.dumps({**whole, "files": files}, separators=(",", ":"))
    if len(text) > MOST_ONE:
        return False
    try:
        _make_room(private_folder(path.parent), len(text), path)
        write_private(path, text)
    except (OSError, PierError):
        return False
    return True


def _own_text(path: Path) -> bytes | None:
    """The bytes of a regular file of ours, no link. Raises OSError, and ValueError where it is anything else."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(number, "rb") as file:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_size > MOST_ONE:
            raise ValueError(path)
        return file.read()


def _entries(whole: Any) -> Iterator[tuple[str, Entry]]:
    """The entries of a kept index whose grammars are still the same. Raises one of `_BROKEN`."""
    if whole["format"] != FORMAT or whole["most"] != MOST_BYTES:
        raise ValueError("another version")
    names = _all(str, whole["names"])
    same = {language for language, known in whole["languages"].items() if known == fingerprint(language)}
    for path, stamp, digest, defined, mentioned in whole["files"]:
        if language_of(path) in same:
            flat, counted = _all(int, defined), _all(int, mentioned)
            found = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
            definitions = tuple(Definition(line, names[name], names[kind]) for line, name, kind in found)
            counts = {names[name]: count for name, count in zip(counted[::2], counted[1::2], strict=True)}
            yield path, Entry(tuple(_all(int, stamp)), bytes.fromhex(digest), Tags(definitions, counts))


def _all(kind: type, values: Any) -> Any:
    """The list, every value of it of one kind. Raises TypeError."""
    if type(values) is not list or not {*map(type, values)} <= {kind}:
        raise TypeError(kind)
    return values


def _written(path: str, entry: Entry, names: dict[str, int]) -> list[object]:
    """An entry as lists of numbers; `names` grows by the names it holds."""

    def number(name: str) -> int:
        return names.setdefault(name, len(names))

    defined = [n for d in entry.tags.definitions for n in (d.line, number(d.name), number(d.kind))]
    mentioned = [n for name, count in entry.tags.mentions.items() for n in (number(name), count)]
    return [path, entry.stamp, entry.digest.hex(), defined, mentioned]


def _languages(paths: Iterable[str]) -> dict[str, str]:
    return {language: fingerprint(language) for language in sorted({*map(language_of, paths)} - {""})}


def _make_room(folder: Path, size: int, mine: Path) -> None:
    """Remove what was left half written, and the indexes not used for the longest time. Raises OSError."""
    found = sorted((p.stat().st_mtime, p) for p in folder.iterdir() if p != mine and not p.is_symlink() and p.is_file())
    half = [p for at, p in found if p.name.startswith(".") and time.time() - at > LEFT_OVER]
    whole = [p for _, p in found if not p.name.startswith(".")]
    used = size + sum(p.stat().st_size for p in whole)
    for path in whole:
        if used > MOST_ALL:
            used -= path.stat().st_size
            half.append(path)
    for path in half:
        path.unlink(missing_ok=True)
