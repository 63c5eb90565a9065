"""The write tool: the whole text of a file, new or old."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import paths
from pier_tui.tools.proposal import Draft, draft, propose
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import decode
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult


class Write(Described):
    """Proposes the whole text of a file."""

    name: ClassVar[str] = "write"
    kind: ClassVar[Kind] = "edit"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """An existing file is replaced."""

        path: str = Field(description="file, relative to the repository")
        content: str = Field(description="the whole text of the file")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises EditError: unchanged, syntax, too_large, binary; ToolError where the path is refused."""
        yield await propose(desk, lambda: self._write(args, desk))

    def _write(self, args: Args, desk: Desk) -> Draft:
        path = paths.clean(args.path, desk.files)
        if not path:
            raise ToolError("A path is needed, such as src/app.py.")
        content = args.content
        if desk.files.exists(path):
            before = decode(desk.files.read(path), path)
            if before.count("\r\n") * 2 > before.count("\n") and "\r\n" not in content:
                content = content.replace("\n", "\r\n")
        return draft(desk, path, content, verb="write")
