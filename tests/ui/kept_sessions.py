"""A shelf with sessions made up: what the list of sessions is tested with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from pier_tui.events import AnyEvent
from pier_tui.ui.workbench import SessionLine


@dataclass(frozen=True)
class Line:
    """A row of the list."""

    id: str = "old"
    title: str = "fix the tests"
    touched: float = 0.0
    turns: int = 3
    cost: Decimal = Decimal("0.0812")
    unpriced: int = 0
    open: Literal["", "here", "elsewhere"] = ""


class KeptSessions:
    """A shelf with these sessions on it."""

    def __init__(self, *lines: Line) -> None:
        self.lines = list(lines)
        self.done: list[tuple[str, ...]] = []

    async def sessions(self) -> Sequence[SessionLine]:
        return list(self.lines)

    async def tail(self, session_id: str = "") -> Sequence[AnyEvent]:
        return ()

    async def rename(self, session_id: str, title: str) -> None:
        self.done.append(("rename", session_id, title))
        self.lines = [replace(line, title=title) if line.id == session_id else line for line in self.lines]

    async def delete(self, session_id: str) -> None:
        self.done.append(("delete", session_id))
        self.lines = [line for line in self.lines if line.id != session_id]

    async def fork(self, session_id: str) -> str:
        self.done.append(("fork", session_id))
        self.lines.insert(0, Line("copy", title="copy of it"))
        return "copy"

    async def export(self, session_id: str, form: Literal["md", "jsonl"] = "md") -> str:
        self.done.append((form, session_id))
        return f"/tmp/{session_id}.{form}"

    async def write(self, name: str, text: str) -> str:
        self.done.append(("write", name.rpartition(".")[2], text[:4]))
        return name
