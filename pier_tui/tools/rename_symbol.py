"""The rename_symbol tool: a name of a Python file renamed where it means the same thing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import paths, python_source
from pier_tui.tools.proposal import Draft, draft, propose
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import decode, plural
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult


class RenameSymbol(Described):
    """Renames inside one file; other files are not touched."""

    name: ClassVar[str] = "rename_symbol"
    kind: ClassVar[Kind] = "edit"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`old` may be qualified to say which of several is meant."""

        path: str = Field(description="Python file, relative to the repository")
        old: str = Field(description="name, or qualified name such as Class.method")
        new: str = Field(description="new name, unqualified")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no such name, several of it, or the new one is taken."""
        yield await propose(desk, lambda: self._rename(args, desk))

    def _rename(self, args: Args, desk: Desk) -> Draft:
        path = paths.existing(args.path, desk.files)
        if not path.endswith((".py", ".pyi")):
            raise ToolError(f"{path} is not a Python file; use edit with replace_all.")
        before = decode(desk.files.read(path), path)
        old, new = args.old.strip(), args.new.strip().rsplit(".", 1)[-1]
        after, count = python_source.rename(before, old, new)
        note = f"renamed {old} to {new} in {plural(count, 'place')} of this file; search for uses in other files"
        return draft(desk, path, after, note=note, verb="rename")
