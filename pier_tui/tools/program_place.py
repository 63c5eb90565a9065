"""Where a program lies that is known by its name only: one that the repository brings itself is not the known one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pier_tui.tools.read_only import BUILTINS


def foreign(programs: Iterable[str], path: str, root: Path) -> str:
    """Why one of these names may start a program of the repository at `root`; empty where none does.

    `path` is the PATH commands are given. What bash does itself is not looked for.
    """
    wanted = [program for program in programs if program not in BUILTINS]
    if wanted and any(not os.path.isabs(folder) for folder in path.split(os.pathsep)):
        return "PATH names a folder relative to where one is"
    inside = root.resolve()
    for program in wanted:
        found = shutil.which(program, path=path)
        if found and (Path(found).is_relative_to(root) or Path(found).resolve().is_relative_to(inside)):
            return f"{program} would be a program of this repository"
    return ""
