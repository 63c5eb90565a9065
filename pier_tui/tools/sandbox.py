"""The sandbox commands run in: bubblewrap where it works, else none, and an honest label either way.

Inside, the whole system is read-only, the home directory and temporary folders are empty, there is no
network, and only the scratch copy can be written. Without bubblewrap a command runs with the user's rights.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal

PASSED = ("PATH", "HOME", "LANG", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV")
"""Environment variables a command is given, besides LC_*; never a key."""

TOOLCHAINS = (
    ".pyenv", ".cargo/bin", ".cargo/registry", ".rustup", ".nvm", ".volta", ".local/bin", ".local/lib",
    ".local/share/uv", ".local/share/mise", "go/pkg/mod", ".npm/_cacache", ".bun/bin", ".sdkman/candidates",
)  # fmt: skip
"""What of the home directory stays readable: programs and package caches, no configuration."""

LARGEST_FILE = 1 << 30
MOST_PROCESSES = 1_024

_NAMESPACES = (
    "--die-with-parent", "--new-session", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
    "--unshare-cgroup-try", "--unshare-net", "--cap-drop", "ALL",
)  # fmt: skip


@dataclass(frozen=True)
class Sandbox:
    """How commands are confined. `mode` full: bubblewrap; none: not at all. `label` says so to the user."""

    mode: Literal["full", "none"] = "none"
    label: str = "no sandbox"
    program: str = ""
    strict: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether commands are confined."""
        return self.mode == "full"

    @classmethod
    async def probe(cls, readable: Iterable[Path] = (), passed: Iterable[str] = (), program: str = "bwrap") -> Sandbox:
        """The best sandbox that works here, found by running `true` in it; call it once.

        `readable` are paths in the home directory or a temporary folder that commands must see (the
        repository); `passed` are further environment variables the user wants commands to have.
        """
        kept, names = tuple(readable), tuple(passed)
        found = _found(program, kept)
        if found is None:
            return cls(label="no sandbox: bubblewrap is not installed", readable=kept, passed=names)
        reason = ""
        for strict in (("--disable-userns",), ()):
            sandbox = cls(
                "full", "sandboxed: no network, only the scratch copy can be written", found, strict, kept, names
            )
            reason = await sandbox._fails()
            if not reason:
                return sandbox
        return cls(label=f"no sandbox: bubblewrap does not work here ({reason})", readable=kept, passed=names)

    async def _fails(self) -> str:
        """Why `true` cannot be run in it; empty where it can."""
        argv = [self.program, *_NAMESPACES, *self.strict, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                "true",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=self.environment(),
            )
            async with asyncio.timeout(5):
                _, said = await process.communicate()
        except (OSError, TimeoutError) as error:
            return str(error) or "it does not answer"
        return "" if process.returncode == 0 else " ".join(said.decode("utf-8", "replace").split())[:120] or "it failed"

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command: a fixed list of names, so no key is ever among them."""
        names = (*PASSED, *self.passed, *(name for name in os.environ if name.startswith("LC_")))
        found = {name: os.environ[name] for name in names if name in os.environ}
        found.setdefault("PATH", os.defpath)
        if not self.active and "TMPDIR" in os.environ:
            found["TMPDIR"] = os.environ["TMPDIR"]
        return {**found, "PYTHONDONTWRITEBYTECODE": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"} | dict(
            extra or {}
        )

    def wrap(
        self, argv: tuple[str, ...], root: Path, writable: Iterable[Path] = (), *, seconds: float = 600.0
    ) -> tuple[str, ...]:
        """The command line that runs `argv` in `root`, which it may write, with limits on time, files and processes."""
        limited = _limited(argv, seconds, processes=self.active)
        if not self.active:
            return limited
        hidden = [path for path in (_home(), Path("/tmp"), Path("/var/tmp"), Path("/run")) if path and path.is_dir()]
        options: list[str] = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        for path in hidden:
            options += ["--tmpfs", str(path)]
        for path in self._seen(root, hidden):
            options += ["--ro-bind-try", str(path), str(path)]
        for path in (root, *writable):
            options += ["--bind", str(path), str(path)]
        if (root / ".git").exists():
            options += ["--ro-bind", str(root / ".git"), str(root / ".git")]
        return (self.program, *_NAMESPACES, *self.strict, *options, "--chdir", str(root), "--", *limited)

    def _seen(self, root: Path, hidden: list[Path]) -> list[Path]:
        """What must be bound back because hiding took it away: toolchains, interpreters, the repository."""
        home = _home()
        wanted = [home / name for name in TOOLCHAINS] if home else []
        wanted += [Path(sys.prefix), Path(sys.base_prefix), *self.readable]
        for folder in (*self.readable, root):
            for name in (".venv", "venv"):
                python = folder / name / "bin" / "python"
                if python.exists():
                    wanted += [(folder / name).resolve(), python.resolve().parent.parent]
        inside = [path for path in wanted if any(path.is_relative_to(h) and path != h for h in hidden)]
        return sorted({path for path in inside if path.exists()})


def _found(program: str, readable: tuple[Path, ...]) -> str | None:
    """Where bubblewrap is: /usr/bin first (some systems bless only that path), and never inside the repository."""
    for candidate in (f"/usr/bin/{program}", shutil.which(program)):
        if candidate and Path(candidate).is_file():
            where = Path(candidate).resolve()
            if not any(where.is_relative_to(path.resolve()) for path in readable):
                return candidate
    return None


def _home() -> Path | None:
    """The home directory, None where hiding it would hide the system."""
    home = Path(os.environ.get("HOME", "/"))
    return home if home.is_absolute() and len(home.parts) > 1 else None


def _limited(argv: tuple[str, ...], seconds: float, *, processes: bool) -> tuple[str, ...]:
    """`argv` under limits: no core dumps, CPU seconds, the size of one file, and in a sandbox of its own, processes.

    Outside one the number of processes would count everything the user runs.
    """
    cpu = ceil(seconds) * max(os.cpu_count() or 1, 1) + 5
    limits = ["-c 0", f"-t {cpu}", f"-f {LARGEST_FILE // 512}"]
    script = "; ".join(f"ulimit {limit} 2>/dev/null" for limit in limits)
    if processes:
        script += f"; ulimit -u {MOST_PROCESSES} 2>/dev/null || ulimit -p {MOST_PROCESSES} 2>/dev/null"
    return ("/bin/sh", "-c", f'{script}; exec "$@"', "sh", *argv)
