"""The Python environment in which a mined repository's tests run: one for each repository, in the user's cache folder.

Made without the network it sees what is installed beside pier-tui, pytest above all. Only where the user says so are
the repository's own requirements installed into it, wheels alone, so that no foreign code runs while they are.
A tree that uses it has it as `.venv`, where the agent, its sandbox and the checks look for one.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pier_tui.bench.task import hashed
from pier_tui.config import cache_dir
from pier_tui.errors import PierError
from pier_tui.private import private_folder
from pier_tui.tools import process
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.text import closing
from pier_tui.tools.tool import Ran

TESTING = re.compile(r"^(dev|develop|test|tests|testing)$", re.IGNORECASE)
"""Names of extras and groups that hold what tests need."""
SECONDS = 900.0
SOURCES = 'import os, sys; sys.path.insert(0, os.path.abspath("src"))'
"""What a start file says so that a package below `src` is found as the tree has it, not as some release was."""


async def environment(root: Path, *, install: bool) -> Path:
    """The repository's environment, made where it is missing. Raises PierError where something cannot be installed."""
    name = f"environment-{root.name}-{hashed([str(root), install, sys.version])}"
    folder = private_folder(cache_dir(os.environ) / "bench") / name
    done = folder / "made"
    if not done.exists():
        venv.create(folder, symlinks=True, clear=True, with_pip=False)
        packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
        beside = [] if install else [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        (packages / "tree.pth").write_text("\n".join([SOURCES, *dict.fromkeys(beside)]) + "\n", encoding="utf-8")
        if install:
            await _installed(folder, root)
        done.touch()
    return folder


async def _installed(folder: Path, root: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet")
    argv = (*pip, "--disable-pip-version-check", "--only-binary", ":all:", "pytest", *requirements(root))
    ran: Ran | None = None
    launch = Sandbox().launch(argv, root, seconds=SECONDS)
    async with closing(process.stream(launch, folder=root, timeout=SECONDS)) as pieces:
        async for piece in pieces:
            ran = piece if isinstance(piece, Ran) else ran
    if ran is None or ran.exit_code != 0:
        lines = ran.output.strip().splitlines() if ran else []
        raise PierError(f"The requirements of {root.name} cannot be installed: {(lines or ['pip did not end'])[-1]}")


def requirements(root: Path) -> tuple[str, ...]:
    """What pip is told to install: requirement files at the top, and what pyproject.toml names, never the package."""
    files = [word for path in sorted(root.glob("*requirements*.txt")) for word in ("--requirement", str(path))]
    return (*files, *dict.fromkeys(_named(root)))


def _named(root: Path) -> Iterator[str]:
    told: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        told = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = told.get("project", {})
    yield from project.get("dependencies", ())
    for groups in (project.get("optional-dependencies", {}), told.get("dependency-groups", {})):
        for name, wanted in groups.items():
            # Groups may include others by a table, and extras the package itself; only requirements are taken.
            own = re.compile(rf"^{re.escape(str(project.get('name', '')))}\b", re.IGNORECASE)
            yield from (w for w in wanted if TESTING.match(name) and isinstance(w, str) and not own.match(w))
