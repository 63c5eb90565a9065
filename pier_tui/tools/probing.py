"""Finding out which sandbox works here, by running `true` in it, and why a better one does not. Once at the start."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pier_tui.errors import ToolError
from pier_tui.tools import process, seatbelt
from pier_tui.tools.confined import landlock_version
from pier_tui.tools.sandbox import Sandbox, Writes
from pier_tui.tools.seccomp import MACHINES
from pier_tui.tools.tool import Ran


async def probe(
    readable: Iterable[Path] = (),
    passed: Iterable[str] = (),
    *,
    writes: Writes = "workspace-write",
    program: str = "bwrap",
    landlock: bool = True,
    machine: str = "",
) -> Sandbox:
    """The best sandbox that works here; call it once.

    `readable` are paths in the home directory or a temporary folder that commands must see (the repository);
    `passed` are further environment variables the user wants commands to have. `program` and `landlock` let a
    caller look at a lesser level, `machine` at another architecture.
    """
    none = Sandbox(writes=writes, readable=tuple(readable), passed=tuple(passed), machine=machine or platform.machine())
    if sys.platform == "darwin":
        return await _seatbelt(none)
    found, reason = await _bubblewrap(none, program)
    filtered = none.machine.lower() in MACHINES
    if not filtered:
        reason = f"there is no system-call filter for {none.machine}{', and ' + reason if reason else ''}"
    if found is not None:
        return found if filtered else replace(found, level="partial", reason=reason)
    return await _landlock(replace(none, reason=reason), landlock and filtered)


async def _bubblewrap(none: Sandbox, program: str) -> tuple[Sandbox | None, str]:
    where = bubblewrap(program, none.readable)
    if where is None:
        return None, "bubblewrap is not installed"
    reason = ""
    for strict in (("--disable-userns",), ()):
        sandbox = replace(none, level="full", means="bubblewrap", program=where, strict=strict)
        reason = await _fails(sandbox)
        if not reason:
            return sandbox, ""
    hint = blocked()
    return None, f"bubblewrap does not work here ({reason}{'; ' + hint if hint else ''})"


async def _landlock(none: Sandbox, wanted: bool) -> Sandbox:
    if not wanted:
        return none
    if not landlock_version():
        return replace(none, reason=f"{none.reason}, and the kernel has no Landlock")
    sandbox = replace(none, level="partial", means="landlock")
    reason = await _fails(sandbox)
    return replace(none, reason=f"{none.reason}, and Landlock fails ({reason})") if reason else sandbox


async def _seatbelt(none: Sandbox) -> Sandbox:
    if not await asyncio.to_thread(Path(seatbelt.PROGRAM).exists):
        return replace(none, reason=f"{seatbelt.PROGRAM} is missing")
    sandbox = replace(none, level="partial", means="seatbelt")
    reason = await _fails(sandbox)
    return replace(none, reason=f"sandbox-exec does not work here ({reason})") if reason else sandbox


async def _fails(sandbox: Sandbox) -> str:
    """Why `true` cannot be run in it; empty where it can."""
    with tempfile.TemporaryDirectory(prefix="pier-tui-probe-") as folder:
        root = await asyncio.to_thread(_place, folder)
        launch = sandbox.launch(("true",), root, seconds=5)
        try:
            async for piece in process.stream(launch, folder=root, timeout=5):
                if isinstance(piece, Ran):
                    said = " ".join(piece.output.split())[:160]
                    return "" if piece.exit_code == 0 else said or "it does not answer"
        except ToolError as error:
            return str(error)
    return "it does not answer"


def _place(folder: str) -> Path:
    root = Path(folder).resolve() / "probe"
    root.mkdir()
    return root


def bubblewrap(program: str = "bwrap", readable: tuple[Path, ...] = ()) -> str | None:
    """Where bubblewrap is: /usr/bin first (some systems bless only that path), and never inside the repository."""
    for candidate in (f"/usr/bin/{program}", shutil.which(program)):
        if candidate and Path(candidate).is_file():
            where = Path(candidate).resolve()
            if not any(where.is_relative_to(path.resolve()) for path in readable):
                return candidate
    return None


def blocked() -> str:
    """What is known to keep bubblewrap from its namespaces here, and what to do about it; empty where nothing is."""
    if _switch("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "AppArmor restricts user namespaces: install the profile for bwrap, or use a distribution's own bwrap"
    if _switch("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "user namespaces are switched off: sysctl kernel.unprivileged_userns_clone=1"
    if _switch("/proc/sys/user/max_user_namespaces") == "0":
        return "user namespaces are switched off: sysctl user.max_user_namespaces"
    if any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")) or "container" in os.environ:
        return "this is a container that does not allow namespaces of its own"
    return ""


def _switch(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
