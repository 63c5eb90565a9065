"""Model servers of our own: started on the loopback with a key nobody else knows, and stopped whatever happens."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from select import select
from types import TracebackType

from pier_tui.errors import PierError
from pier_tui.models.local.serve import READY

PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""What of the environment a server is given; no keys."""
START = 120.0
"""Seconds a model has to load."""
END = 5.0
"""Seconds a server has to end by itself."""
MISSING = "The servers for local models are not installed: run pip install 'pier-tui[local]'."


def _cores() -> int:
    """Those this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Plan:
    """What to serve. `guess`: look for the last so many tokens in the prompt, and draft so many that follow there."""

    name: str
    path: Path
    window: int = 16384
    slots: int = 1
    guess: tuple[int, int] | None = None
    threads: int = field(default_factory=_cores)


def installed() -> bool:
    """Whether there is a server program for this platform."""
    return find_spec("xllamacpp") is not None


class Server:
    """One running server. `url` ends in /v1; `key` is asked for on every request."""

    def __init__(self, plan: Plan, key: str, log: Path) -> None:
        """Start it; `log` takes what it prints. Raises PierError."""
        if not installed():
            raise PierError(MISSING)
        self.plan, self.key, self.url, self._log = plan, key, "", log
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pier_tui.models.local.serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                cwd=log.parent,
                env={name: os.environ[name] for name in PASSED if name in os.environ},
                start_new_session=True,
                text=True,
            )
        wanted = {**vars(plan), "path": str(plan.path), "key": key}
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """The process that serves."""
        return self._process.pid

    def wait(self) -> None:
        """Until it answers. Raises PierError where it ends or takes too long."""
        out = self._process.stdout
        assert out is not None
        while not self.url:
            ready, _, _ = select([out], [], [], START)
            line = out.readline() if ready else ""
            if not line:
                self.close()
                why = f"ended with {self._process.returncode}" if ready else f"said nothing for {START:.0f} s"
                raise PierError(f"The server for {self.plan.name} {why}; what it printed is in {self._log}.")
            if line.startswith(READY):
                self.url = f"{line.removeprefix(READY).strip()}/v1"

    def close(self) -> None:
        """Stop it, and see that it is gone."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def serving(plans: Sequence[Plan], logs: Path) -> Iterator[tuple[Server, ...]]:
    """Servers for all plans, under one new key, answering. Raises PierError; none is left running afterwards."""
    key = secrets.token_urlsafe(24)
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(plan, key, logs / f"{plan.name}.log")) for plan in plans]
        for server in servers:
            server.wait()
        yield tuple(servers)
