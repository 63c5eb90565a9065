"""The face of everything that deals with patches: read, write, apply, reverse, take some of one.

The values themselves are in `diff`; `*** Begin Patch` patches are in `begin_patch`; making one in `making`.
"""

from __future__ import annotations

from pier_tui.repo.applying import Result, apply
from pier_tui.repo.formatting import format_patch
from pier_tui.repo.hunks import apply_hunks, reverse
from pier_tui.repo.parsing import parse
from pier_tui.repo.picking import is_nothing, select, without

__all__ = ["Result", "apply", "apply_hunks", "format_patch", "is_nothing", "parse", "reverse", "select", "without"]
