"""A head start: the read-only tool calls of a draft run while it is not yet known whether the draft is kept.

Only calls without any effect start, and only where all of a draft's are such; what they yield is held back until
the draft is kept, so that nothing of one that is not is ever shown, journalled or told to a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

from pier_tui.tools.tool import Desk, Output, Tool, ToolResult

Items = tuple[Output | ToolResult, ...]


class HeadStart:
    """The calls of one draft at a time, run one after the other, by the id of the tool call."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._turn = asyncio.Lock()
        self._running: dict[str, asyncio.Task[Items]] = {}

    def begin(self, calls: Sequence[tuple[str, Tool, Any]]) -> None:
        """Start these calls (id, tool, valid arguments); none of them where one is not read-only, or ids repeat."""
        wanted = {key: (tool, args) for key, tool, args in calls}
        if len(wanted) == len(calls) and all(tool.kind == "read" for tool, _ in wanted.values()):
            self._running |= {key: asyncio.ensure_future(self._items(*one)) for key, one in wanted.items()}

    async def result(self, key: str) -> Items | None:
        """What a started call yielded, awaited, its error raised; None where none was started, or it was let go."""
        task = self._running.get(key)
        if task is None:
            return None
        await asyncio.wait({task})
        self._running.pop(key, None)
        return None if task.cancelled() else task.result()

    async def forget(self) -> None:
        """End what still runs and let go of every result."""
        running, self._running = self._running, {}
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)

    async def _items(self, tool: Tool, args: Any) -> Items:
        async with self._turn, aclosing(_closable(tool.run(args, self._desk))) as items:
            return tuple([item async for item in items])


def _closable(items: AsyncIterator[Output | ToolResult]) -> AsyncGenerator[Output | ToolResult, None]:
    """Every tool's run is a generator; the protocol promises only that it can be iterated."""
    return cast("AsyncGenerator[Output | ToolResult, None]", items)
