"""The sandbox commands run in: how a command line is dressed for each level, and the honest words for it.

full: bubblewrap and the system-call filter. The whole system is read-only, home and temporary folders are empty,
there is no network, and only the scratch copy can be written. partial: Landlock and the filter, or sandbox-exec.
none: the user's rights. Which of them works here is found out in `probing`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Literal, assert_never

from pier_tui.tools import confined, seatbelt
from pier_tui.tools.environment import for_commands
from pier_tui.tools.process import Launch
from pier_tui.tools.seccomp import program as seccomp_program

Level = Literal["full", "partial", "none"]
Means = Literal["bubblewrap", "landlock", "seatbelt", "nothing"]
Writes = Literal["read-only", "workspace-write"]

TOOLCHAINS = (
    ".pyenv", ".cargo/bin", ".cargo/registry", ".rustup", ".nvm", ".volta", ".local/bin", ".local/lib",
    ".local/share/uv", ".local/share/mise", "go/pkg/mod", ".npm/_cacache", ".bun/bin", ".sdkman/candidates",
)  # fmt: skip
"""What of the home directory stays readable: programs and package caches, no configuration."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

PARENTS = (("/", "root"), ("/", "home"), ("/", "Users"))
"""Where the homes of people are; those of system accounts may be anywhere, `/bin` included."""

LARGEST_FILE = 1 << 30
MOST_PROCESSES = 1_024
MOST_OPEN = 4_096

NAMESPACES = (
    "--die-with-parent", "--new-session", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
    "--unshare-cgroup-try", "--unshare-net", "--cap-drop", "ALL",
)  # fmt: skip
SYSTEM = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")


@dataclass(frozen=True)
class Sandbox:
    """How commands are confined. `reason` says why it is not more than that; `strict` is what this bwrap can do."""

    level: Level = "none"
    means: Means = "nothing"
    reason: str = ""
    writes: Writes = "workspace-write"
    program: str = ""
    strict: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    passed: tuple[str, ...] = ()
    machine: str = field(default_factory=platform.machine)

    @property
    def active(self) -> bool:
        """Whether commands are confined well enough to run some of them unasked."""
        return self.level == "full"

    @property
    def word(self) -> str:
        """For the status line."""
        words = {"full": "sandbox full", "partial": "sandbox partial", "none": "no sandbox!"}
        return words[self.level] + (" (read-only)" if self.writes == "read-only" and self.level != "none" else "")

    @property
    def label(self) -> str:
        """One line: what a command can do, and why it is not kept from more."""
        kept = "the scratch copy can be read, nothing can be written"
        if self.writes == "workspace-write":
            kept = "only the scratch copy can be written"
        match self.level:
            case "full":
                return f"sandboxed: no network, {kept}"
            case "partial":
                untested = ", untested on a Mac" if self.means == "seatbelt" else ""
                means = f"{self.means}{untested}: files and network only; {kept}"
                return f"partial sandbox ({means}), so every command asks{self._because}"
            case "none":
                return f"no sandbox, so every command asks{self._because}"
        assert_never(self.level)

    @property
    def _because(self) -> str:
        return f": {self.reason}" if self.reason else ""

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command: a fixed list of names, so no key is ever among them."""
        found = for_commands(os.environ, self.passed)
        if self.level == "none" and "TMPDIR" in os.environ:
            found["TMPDIR"] = os.environ["TMPDIR"]
        return found | dict(extra or {})

    def launch(
        self, argv: tuple[str, ...], root: Path, extra: Mapping[str, str] | None = None, *, seconds: float = 600.0
    ) -> Launch:
        """`argv` ready to run in `root`, with limits on time, files and processes. `extra` is added to its environment.

        The folder beside `root` is private to it: a temporary folder is made there where /tmp stays out of reach.
        """
        environment = self.environment(extra)
        match self.means:
            case "bubblewrap":
                before = (self.program, *NAMESPACES, *self.strict, *self._mounts(root), "--chdir", str(root))
                return Launch(_limited(argv, seconds), environment, before, self._filter("inet"))
            case "landlock":
                temporary = _temporary(root)
                writable = [*DEVICES, str(temporary), *([str(root)] if self.writes == "workspace-write" else [])]
                before = _launcher(self._visible(root), writable, seconds)
                # Unlike a home that is empty, one that must not be read makes git give up.
                environment |= {"TMPDIR": str(temporary), "GIT_CONFIG_GLOBAL": os.devnull}
                return Launch(argv, environment, before, self._filter("none"))
            case "seatbelt":
                temporary = _temporary(root)
                may_write = self.writes == "workspace-write"
                home = next(iter(_homes()), None)
                before = seatbelt.arguments(root, temporary, home, writable=may_write)
                return Launch(_limited(argv, seconds), environment | {"TMPDIR": str(temporary)}, before)
            case "nothing":
                if sys.platform != "linux":
                    return Launch(_limited(argv, seconds, processes=False), environment)
                terminal = seccomp_program(self.machine, sockets="any", kernel=False)
                return Launch(argv, environment, _launcher([], [], seconds), terminal)
        assert_never(self.means)

    def _filter(self, sockets: Literal["inet", "none"]) -> bytes:
        return seccomp_program(self.machine, sockets=sockets)

    def _mounts(self, root: Path) -> tuple[str, ...]:
        """bubblewrap's options: the system read-only, folders hidden, toolchains back, the scratch copy on top."""
        hidden = _hidden()
        options: list[str] = [*SYSTEM]
        for path in hidden:
            options += ["--tmpfs", str(path)]
        for path in self._seen(root, hidden):
            options += ["--ro-bind-try", str(path), str(path)]
        options += ["--bind" if self.writes == "workspace-write" else "--ro-bind", str(root), str(root)]
        if (root / ".git").exists():
            options += ["--ro-bind", str(root / ".git"), str(root / ".git")]
        return tuple(options)

    def _visible(self, root: Path) -> list[str]:
        """What Landlock lets be read: everything but the hidden folders, and of those what is bound back elsewhere."""
        hidden = [*_hidden(), Path("/dev")]
        found, waiting = [], [Path("/")]
        while waiting:
            here = waiting.pop()
            if here in hidden:
                continue
            if any(path.is_relative_to(here) for path in hidden):
                waiting += (
                    [path for path in here.iterdir() if not path.is_symlink()] if os.access(here, os.R_OK) else []
                )
            else:
                found.append(str(here))
        return sorted([*found, *map(str, self._seen(root, hidden)), str(root)])

    def _seen(self, root: Path, hidden: Iterable[Path]) -> list[Path]:
        """What must be bound back because hiding took it away: toolchains, interpreters, the repository."""
        wanted = [home / name for home in _homes() for name in TOOLCHAINS]
        wanted += [Path(sys.prefix), Path(sys.base_prefix), Path("/run/current-system"), *self.readable]
        for folder in (*self.readable, root):
            for name in (".venv", "venv"):
                python = folder / name / "bin" / "python"
                if python.exists():
                    wanted += [(folder / name).resolve(), python.resolve().parent.parent]
        inside = [path for path in wanted if any(path.is_relative_to(h) and path != h for h in hidden)]
        return sorted({path for path in inside if path.exists()})


def _hidden() -> list[Path]:
    """Folders whose content is nobody's business: home, and where sockets and other programs' files lie."""
    places = (*_homes(), Path("/tmp"), Path("/var/tmp"), Path("/run"))
    return [path for path in places if path.is_dir() and not path.is_symlink()]


def _homes() -> list[Path]:
    """The home directory, the user's real one too where HOME names another; none where hiding it hides the system."""
    homes = [Path(os.environ.get("HOME", "/"))]
    with contextlib.suppress(KeyError):
        homes.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    real = [home.resolve() for home in homes if home.is_absolute()]
    ours = [home for n, home in enumerate(real) if n == 0 or home.parts[:2] in PARENTS]
    return list(dict.fromkeys(home for home in ours if len(home.parts) > 1))


def _temporary(root: Path) -> Path:
    made = root.with_name(f"{root.name}.tmp")
    made.mkdir(mode=0o700, exist_ok=True)
    return made


def _limits(seconds: float) -> dict[str, int]:
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": ceil(seconds) * max(os.cpu_count() or 1, 1) + 5,
        "RLIMIT_FSIZE": LARGEST_FILE,
        "RLIMIT_NOFILE": MOST_OPEN,
        "RLIMIT_NPROC": MOST_PROCESSES,
    }


def _launcher(readable: list[str], writable: list[str], seconds: float) -> tuple[str, ...]:
    """Our own launcher: an interpreter that imports nothing of the repository's."""
    options = [word for path in readable for word in ("--read", path)]
    options += [word for path in writable for word in ("--write", path)]
    options += [word for name, value in _limits(seconds).items() for word in ("--limit", f"{name}={value}")]
    return (sys.executable, "-I", "-S", confined.__file__, *options)


def _limited(argv: tuple[str, ...], seconds: float, *, processes: bool = True) -> tuple[str, ...]:
    """`argv` under limits: no core dumps, CPU seconds, the size of one file, open files, and processes.

    Where the number of processes counts everything the user runs it is not limited. When memory runs short the
    kernel ends the command before anything else; a limit on address space would break runtimes that only reserve it.
    """
    limits = _limits(seconds)
    lines = ["-c 0", f"-t {limits['RLIMIT_CPU']}", f"-f {LARGEST_FILE // 512}", f"-n {MOST_OPEN}"]
    script = "; ".join(f"ulimit {line} 2>/dev/null" for line in lines)
    if processes:
        script += f"; ulimit -u {MOST_PROCESSES} 2>/dev/null || ulimit -p {MOST_PROCESSES} 2>/dev/null"
    script += "; { echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null"
    return ("/bin/sh", "-c", f'{script}; exec "$@"', "sh", *argv)
