"""What the models are told of the repository: the card of an epoch, and what a later request adds to its map.

The symbol index is kept up to date beside the loop: in a process of its own, or for a small repository in a thread. A
prompt waits for it at most `PATIENCE`, and as long again for the ranking: a slice made of half an index is better than
none, and none is better than a pause.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

from pier_tui.backbone.prefix import tagged
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.symbol_map import MAP_TOKENS, lines_of
from pier_tui.errors import PierError
from pier_tui.models.messages import Message
from pier_tui.repo.overlay import Overlay
from pier_tui.symbols.beside import Beside
from pier_tui.symbols.index import SymbolIndex, sources
from pier_tui.symbols.ranking import Ranked, rank

PATIENCE = 1.5
"""Seconds a request waits for the index before it takes what there is."""
SMALL_FILES, SMALL_BYTES = 64, 16_000
"""A repository of at most so many source files, none longer, is read in a thread: each stops the screen for 3 ms."""
PROGRAM = "pier_tui.agent.reading_symbols"
_MAP = "<map>"
Card = Callable[[tuple[str, ...]], str]


class Atlas:
    """The repository as the prompts show it. `budget` is the map's size in tokens; 0 for no map and no index.

    `card` writes a card with a map's lines; it may start git, and is called in a thread. `kept` is the folder where
    indexes outlive us; without it they do not.
    """

    def __init__(
        self,
        overlay: Overlay,
        card: Card,
        budget: int = MAP_TOKENS,
        patience: float = PATIENCE,
        kept: Path | None = None,
    ) -> None:
        self._overlay, self._card, self._budget, self._patience = overlay, card, budget, patience
        self._near = SymbolIndex(overlay)
        self._beside = Beside(PROGRAM, overlay.root, kept and kept / _file_of(overlay.root))
        self._small = True
        self._built = False
        self._changed: set[str] = set()
        self._pending: frozenset[str] = frozenset()
        self._reading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def started(self) -> Self:
        """The same, reading the repository in the background from now on."""
        self._refresh()
        return self

    def dirty(self, paths: Iterable[str]) -> None:
        """These files changed: read them again before the next slice. '' stands for any file."""
        paths = set(paths)
        self._built = self._built and "" not in paths
        self._changed |= paths - {""}

    def changed(self, paths: Iterable[str]) -> None:
        """As `dirty`, and read them now, in the background."""
        self.dirty(paths)
        self._refresh()

    async def card(self, request: str, backbone: Backbone) -> str:
        """The repository card with the map for a request; frozen by the caller until the next epoch."""
        return await asyncio.to_thread(self._card, await self._lines(request, backbone))

    async def addition(self, request: str, backbone: Backbone) -> tuple[Message, ...]:
        """What the map for a later request holds and the prompt does not yet: at most one message, to be appended."""
        shown = "\n".join((backbone.repo_card, *_maps(backbone)))
        fresh = unshown(await self._lines(request, backbone), shown)
        return (Message(role="user", content=tagged("map", "\n".join(fresh))),) if fresh else ()

    async def aclose(self) -> None:
        """Stop reading."""
        self._near.stop()
        await self._beside.aclose()
        await asyncio.gather(*self._tasks)

    async def _lines(self, request: str, backbone: Backbone) -> tuple[str, ...]:
        if not self._budget:
            return ()
        pending = frozenset(self._overlay.changed())
        self.dirty(pending | self._pending)
        self._pending = pending
        await asyncio.wait({self._refresh()}, timeout=self._patience)
        seen = tuple(item.key for item in backbone.section("files"))
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.to_thread(lines_of, await self._ranked(request, seen), self._budget)
        except (PierError, TimeoutError):
            return ()

    async def _ranked(self, request: str, seen: tuple[str, ...]) -> list[Ranked]:
        if self._small:
            return await asyncio.to_thread(lambda: rank(self._near.files(), request, seen))
        return await self._beside.ranked(request, seen, self._budget)

    def _refresh(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self._read())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read(self) -> None:
        async with self._reading:
            paths, whole = sorted(self._changed), not self._built
            self._changed.clear()
            self._built = True
            try:
                if self._budget:
                    await self._update(paths, whole=whole)
            except (PierError, OSError):  # such as git in the middle of something: the next slice tries again
                self._built = False

    async def _update(self, paths: list[str], *, whole: bool) -> None:
        """Read these files, or the whole repository, where its size asks for. Raises PierError, OSError."""
        was_small = self._small
        if self._small and not whole:
            known = await asyncio.to_thread(self._near.files)
            self._small = await asyncio.to_thread(self._is_small, {*known, *sources(paths)})
            whole = not self._small
        if whole:
            paths = await asyncio.to_thread(lambda: sources(self._overlay.list()))
            self._small = was_small and await asyncio.to_thread(self._is_small, paths)
        if not self._small:
            await self._beside.update(paths, self._overlay.proposed_bytes(), whole=whole)
            return
        if whole:
            self._near.keep_only(paths)
        await asyncio.to_thread(self._near.update, paths)

    def _is_small(self, paths: Iterable[str]) -> bool:
        """Whether files can be read in this process and nobody notices."""
        paths, proposed = list(paths), self._overlay.proposed_bytes()
        return len(paths) <= SMALL_FILES and all(
            (len(proposed[path] or b"") if path in proposed else _length(self._overlay.root / path)) <= SMALL_BYTES
            for path in paths
        )


def _length(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _file_of(root: Path) -> str:
    """The name of the file that keeps a repository's index."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:32] + ".json"


def unshown(lines: Iterable[str], shown: str) -> tuple[str, ...]:
    """The lines of a map without the names that the prompt shows at the same place already."""
    known: dict[str, set[str]] = {}
    for line in shown.split("\n"):
        path, _, names = line.partition(": ")
        known.setdefault(path, set()).update(names.split(", "))
    fresh = []
    for line in lines:
        path, _, names = line.partition(": ")
        left = [name for name in names.split(", ") if name not in known.get(path, ())]
        if left:
            fresh.append(f"{path}: {', '.join(left)}")
    return tuple(fresh)


def _maps(backbone: Backbone) -> list[str]:
    return [m.content for d in backbone.deltas for m in d.messages if m.role == "user" and m.content.startswith(_MAP)]
