"""What the models are told of the repository: the card of an epoch, and what a later request adds to its map.

The symbol index is kept up to date beside the loop, in a thread. A prompt never waits for it longer than
`PATIENCE`: a slice made of half an index is better than none, and none is better than a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Self

from pier_tui.backbone.prefix import tagged
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.symbol_map import MAP_TOKENS, lines_of
from pier_tui.errors import PierError
from pier_tui.models.messages import Message
from pier_tui.repo.overlay import Overlay
from pier_tui.symbols.index import SymbolIndex
from pier_tui.symbols.ranking import rank

PATIENCE = 1.5
"""Seconds a request waits for the index before it takes what there is."""
_MAP = "<map>"
Card = Callable[[tuple[str, ...]], str]


class Atlas:
    """The repository as the prompts show it. `budget` is the map's size in tokens; 0 for no map and no index.

    `card` writes a card with a map's lines; it may start git, and is called in a thread.
    """

    def __init__(self, overlay: Overlay, card: Card, budget: int = MAP_TOKENS, patience: float = PATIENCE) -> None:
        self._overlay, self._card, self._budget, self._patience = overlay, card, budget, patience
        self._index = SymbolIndex(overlay)
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
        self._index.stop()
        await asyncio.gather(*self._tasks)

    async def _lines(self, request: str, backbone: Backbone) -> tuple[str, ...]:
        if not self._budget:
            return ()
        pending = frozenset(self._overlay.changed())
        self.dirty(pending | self._pending)
        self._pending = pending
        await asyncio.wait({self._refresh()}, timeout=self._patience)
        seen = tuple(item.key for item in backbone.section("files"))
        return await asyncio.to_thread(lambda: lines_of(rank(self._index.files(), request, seen), self._budget))

    def _refresh(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self._read())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read(self) -> None:
        async with self._reading:
            paths, build = sorted(self._changed), not self._built
            self._changed.clear()
            self._built = True
            try:
                if build and self._budget:
                    await asyncio.to_thread(self._index.build)
                elif self._budget:
                    await asyncio.to_thread(self._index.update, paths)
            except (PierError, OSError):  # such as git in the middle of something: the next slice tries again
                self._built = False


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
