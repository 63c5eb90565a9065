"""Every tool there is, sorted by name, and which of them a tier is offered."""

from __future__ import annotations

from typing import cast

from pier_tui.errors import ToolError
from pier_tui.models.messages import Tier
from pier_tui.tools.ask import Ask
from pier_tui.tools.delete import Delete
from pier_tui.tools.diff import Diff
from pier_tui.tools.edit import Edit
from pier_tui.tools.escalate import Escalate
from pier_tui.tools.finish import Finish
from pier_tui.tools.list import List
from pier_tui.tools.move import Move
from pier_tui.tools.note import Note
from pier_tui.tools.read import Read
from pier_tui.tools.rename_symbol import RenameSymbol
from pier_tui.tools.replace_function import ReplaceFunction
from pier_tui.tools.route import Route
from pier_tui.tools.run import Run
from pier_tui.tools.run_tests import RunTests
from pier_tui.tools.search import Search
from pier_tui.tools.symbols import Symbols
from pier_tui.tools.tool import Tool
from pier_tui.tools.try_edits import TryEdits
from pier_tui.tools.write import Write

_EVERY = (
    Ask(),
    Delete(),
    Diff(),
    Edit(),
    Escalate(),
    Finish(),
    List(),
    Move(),
    Note(),
    Read(),
    RenameSymbol(),
    ReplaceFunction(),
    Route(),
    Run(),
    RunTests(),
    Search(),
    Symbols(),
    TryEdits(),
    Write(),
)

# A class nested in each tool is its `Args`, which a protocol cannot express: hence the cast.
TOOLS: tuple[Tool, ...] = tuple(sorted(cast(tuple[Tool, ...], _EVERY), key=lambda tool: tool.name))
"""All tools by name: the order in which they are told to a model never changes."""

_BY_NAME = {tool.name: tool for tool in TOOLS}


def for_tier(tier: Tier) -> tuple[Tool, ...]:
    """The tools a tier is offered."""
    return tuple(tool for tool in TOOLS if tier in tool.tiers)


def by_name(name: str) -> Tool:
    """The tool of this name. Raises ToolError naming those there are."""
    tool = _BY_NAME.get(name)
    if tool is None:
        raise ToolError(f"There is no tool {name[:60]}; the tools are {', '.join(_BY_NAME)}.")
    return tool
