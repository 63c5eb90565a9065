"""The replace_function tool: a Python function found by its name, not by its lines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import paths, python_source
from pier_tui.tools.proposal import Draft, draft, propose
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import decode
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult


class ReplaceFunction(Described):
    """Replaces one function, method or class of a Python file."""

    name: ClassVar[str] = "replace_function"
    kind: ClassVar[Kind] = "edit"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`source` may stand at any indentation."""

        path: str = Field(description="Python file, relative to the repository")
        symbol: str = Field(description="qualified name: function, or Class.method")
        source: str = Field(description="the whole new definition, starting with def or its decorators")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no such function, or the source is not one definition; EditError: unchanged."""
        yield await propose(desk, lambda: self._replace(args, desk))

    def _replace(self, args: Args, desk: Desk) -> Draft:
        path = paths.existing(args.path, desk.files)
        if not path.endswith((".py", ".pyi")):
            raise ToolError(f"{path} is not a Python file; use edit.")
        before = decode(desk.files.read(path), path)
        return draft(desk, path, python_source.replace_function(before, args.symbol.strip(), args.source))
