"""The program that searches files where ripgrep is not: started by its path with `python -I -S`, it imports little.

Its input is one JSON object: `pattern`, `regex`, `most`, `longest` (bytes), `root` and `paths` below it to be read,
and `texts`, pairs of a path and a text; all in order of the paths. Files are opened folder by folder, through no
symbolic link. Its output is `hits`, triples of path, line and text, or an `error`.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from operator import itemgetter

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def main() -> None:
    """Answer what standard input asks."""
    asked = json.load(sys.stdin)
    pattern, needed = asked["pattern"], b""
    try:
        fits = re.compile(pattern if asked["regex"] else re.escape(pattern)).search
    except (re.error, RecursionError, OverflowError) as error:
        json.dump({"error": str(error)}, sys.stdout)
        return
    if not asked["regex"] and pattern.isascii():
        needed = pattern.encode()
    read = _read(asked["root"], asked["paths"], asked["longest"], needed)
    texts = merge(asked["texts"], read, key=itemgetter(0))
    json.dump({"hits": list(islice(_hits(texts, fits), asked["most"]))}, sys.stdout)


def _hits(texts: Iterable[tuple[str, str]], fits: Callable[[str], object]) -> Iterator[tuple[str, int, str]]:
    for path, text in texts:
        for number, line in enumerate(text.split("\n"), 1):
            if fits(line):
                yield path, number, line


def _read(root: str, paths: list[str], longest: int, needed: bytes) -> Iterator[tuple[str, str]]:
    """The texts below a root that hold the bytes needed; what is binary, too long or no file is left out."""
    parent, folder = None, -1
    for path in paths:
        above, _, name = path.rpartition("/")
        try:
            if above != parent:
                if folder >= 0:
                    os.close(folder)
                folder, parent = -1, above
                folder = _opened(root, above)
            content = _content(folder, name, longest) if folder >= 0 else b""
        except OSError:
            continue
        if needed in content and b"\0" not in content[:8_192]:
            yield path, content.decode("utf-8", "replace")


def _opened(root: str, folder: str) -> int:
    """A folder below a root, opened part by part. Raises OSError."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for part in filter(None, folder.split("/")):
        above = here
        try:
            here = os.open(part, _FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return here


def _content(folder: int, name: str, longest: int) -> bytes:
    """The bytes of a regular file in an open folder, none where it is too long. Raises OSError."""
    number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or found.st_size > longest:
            return b""
        with open(number, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(number)


if __name__ == "__main__":
    main()
