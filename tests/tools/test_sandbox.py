from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pier_tui.tools.confined import landlock_version
from pier_tui.tools.probing import probe
from pier_tui.tools.process import Launch, stream
from pier_tui.tools.sandbox import PARENTS, Sandbox
from pier_tui.tools.tool import Ran

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = (Path(__file__).parent / "attacks.py").read_text()
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the launcher and its filters are for Linux")
UNCONFINED = {
    "/dev/tty", "type into the user's terminal", "type into its own terminal", "core file", "file over 1 GB",
    "5,000 open files", "a secret in the environment", "standard input",
}  # fmt: skip
"""What even a command without a sandbox cannot do."""

BOMB = """
import os
made = 0
try:
    while made < 3_000:
        made += 1
        os.fork() or os.execvp("sleep", ["sleep", "30"])
except OSError:
    pass
print(made)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, a repository, and a scratch copy with a private folder around it."""
    for folder in ("home/.ssh", "project/.git/hooks", "outside", "private/project"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home/.ssh/id").write_text("canary")
    (tmp_path / "project/.git/config").write_text("[core]\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SARVAM_API_KEY", "canary-key")
    return tmp_path


async def level(name: str, place: Path) -> Sandbox:
    program, landlock = ("bwrap", True) if name == "full" else ("no-such-bubblewrap", name == "partial")
    found = await probe(readable=(place / "project",), program=program, landlock=landlock)
    if found.level != name:
        pytest.skip(f"not here: {found.label}")
    return found


async def run(sandbox: Sandbox, argv: tuple[str, ...], root: Path, timeout: float = 60) -> Ran:
    async for piece in stream(sandbox.launch(argv, root, seconds=timeout), folder=root, timeout=timeout):
        if isinstance(piece, Ran):
            return piece
    raise AssertionError("a process that ended gives its result")


@contextlib.contextmanager
def targets(place: Path) -> Iterator[dict[str, Any]]:
    """What there is to attack: listeners of every kind, processes with secrets, a terminal."""
    with contextlib.ExitStack() as held:
        tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        path, abstract = str(place / "s"), place.parent.name + place.name
        for address in (path, "\0" + abstract):
            listener = held.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
        echo = threading.Thread(target=lambda: [udp.sendto(b"back", udp.recvfrom(4)[1]) for _ in range(1)], daemon=True)
        echo.start()
        held.callback(echo.join)
        held.callback(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"stop", udp.getsockname()))
        victims = [subprocess.Popen(["sleep", "60"], env={**os.environ, "CANARY": "canary"}) for _ in range(2)]
        for victim in victims:
            held.callback(victim.wait)
            held.callback(victim.kill)
        ours, theirs = os.openpty()
        held.callback(lambda: (os.close(ours), os.close(theirs)))
        secret = ctypes.create_string_buffer(b"canary-in-memory")
        yield {
            "home": str(place / "home"),
            "outside": str(place / "outside"),
            "repository": str(place / "project"),
            "key": str(place / "home/.ssh/id"),
            "tcp": tcp.getsockname(),
            "udp": udp.getsockname(),
            "unix": path,
            "abstract": abstract,
            "processes": [victims[0].pid, os.getpid()],
            "victim": victims[1].pid,
            "address": ctypes.addressof(secret),
            "terminal": os.ttyname(theirs),
        }


async def battery(sandbox: Sandbox, place: Path) -> dict[str, str]:
    """What each attack came to. A write counts by what is there afterwards: a throw-away home may be written."""
    with targets(place) as where:
        ran = await run(sandbox, (sys.executable, "-I", "-c", ATTACKS, json.dumps(where)), place / "private/project")
    assert ran.exit_code == 0, ran.output
    results: dict[str, str] = json.loads(ran.output)
    if results["write home"] == "through" and not (place / "home/attacked").exists():
        results["write home"] = "blocked"
    if directory := os.environ.get("PIER_ATTACKS"):
        kept = Path(directory, f"{os.getuid()}-{sandbox.level}-{sandbox.writes}.json")
        await asyncio.to_thread(kept.write_text, json.dumps(results))
    return results


def through(results: dict[str, str]) -> set[str]:
    return {name for name, result in results.items() if result == "through"}


def broken(results: dict[str, str]) -> set[str]:
    return {name for name, result in results.items() if result.startswith("broken")}


@LINUX
async def test_no_attack_leaves_the_full_sandbox_and_ordinary_programs_work(place: Path) -> None:
    sandbox = await level("full", place)
    results = await battery(sandbox, place)
    assert through(results) == {"write the scratch"}
    assert broken(results) == set()
    assert list((place / "outside").iterdir()) == []
    assert (place / "project/.git/config").read_text() == "[core]\n"


@LINUX
async def test_the_users_real_home_is_hidden_too_where_the_environment_names_another(place: Path) -> None:
    real = Path(pwd.getpwuid(os.getuid()).pw_dir)
    if real.parts[:2] not in PARENTS:
        pytest.skip(f"{real} is no person's home")
    for name in ("full", "partial"):
        ran = await run(await level(name, place), ("sh", "-c", f"ls -A {real}/.* {real}/*"), place / "private/project")
        assert ".bash" not in ran.output
        assert ".config" not in ran.output


@LINUX
async def test_a_read_only_sandbox_cannot_write_the_scratch_copy_either(place: Path) -> None:
    root = place / "private/project"
    for name in ("full", "partial"):
        sandbox = replace(await level(name, place), writes="read-only")
        ran = await run(sandbox, ("sh", "-c", "echo > $TMPDIR/made && cat $TMPDIR/made; echo > made"), root)
        assert "made: " in ran.output
        assert ran.exit_code != 0
        assert list(root.iterdir()) == []


@LINUX
async def test_landlock_keeps_files_and_network_and_its_limits_are_known(place: Path) -> None:
    sandbox = await level("partial", place)
    results = await battery(sandbox, place)
    expected = {"write the scratch"} if landlock_version() >= 6 else {"write the scratch", "kill another"}
    assert through(results) == expected
    assert broken(results) <= {"a server of its own", "multiprocessing", "a pseudo-terminal"}


@LINUX
async def test_without_a_sandbox_terminal_and_keys_are_still_out_of_reach(place: Path) -> None:
    sandbox = await level("none", place)
    results = await battery(sandbox, place)
    assert not through(results) & UNCONFINED
    assert "write a sibling" in through(results)
    assert broken(results) == set()


@LINUX
@pytest.mark.parametrize("name", ["full", "partial", "none"])
async def test_nothing_is_left_running_however_it_detached(place: Path, name: str) -> None:
    sandbox = await level(name, place)
    marker = f"86{os.getpid() % 1000:03}"
    script = f"(setsid sh -c 'sleep {marker} & sleep {marker} & exec sleep {marker}' &) ; sleep 0.2; echo done"
    ran = await run(sandbox, ("sh", "-c", script), place / "private/project")
    assert ran.output == "done\n"
    assert sleeping(marker) == []


@LINUX
@pytest.mark.parametrize("name", ["full", "partial", "none"])
async def test_what_detached_dies_when_time_is_up_or_the_reader_leaves(place: Path, name: str) -> None:
    sandbox = await level(name, place)
    marker = f"87{os.getpid() % 1000:03}"
    script = f"trap '' TERM HUP; setsid sh -c 'trap \"\" TERM HUP; sleep {marker} & wait' & echo up; sleep {marker}"
    root = place / "private/project"
    ran = await run(sandbox, ("sh", "-c", script), root, timeout=1)
    assert (ran.timed_out, ran.exit_code) == (True, None)
    assert sleeping(marker) == []
    pieces = stream(sandbox.launch(("sh", "-c", script), root), folder=root, timeout=60)
    async for _ in pieces:
        break
    await pieces.aclose()  # type: ignore[attr-defined]
    assert sleeping(marker) == []


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from pier_tui.tools.probing import probe
from pier_tui.tools.process import stream

async def main():
    program, landlock, root, marker = sys.argv[1], sys.argv[2] == "yes", Path(sys.argv[3]), sys.argv[4]
    sandbox = await probe(program=program, landlock=landlock)
    script = f"setsid sh -c 'sleep {marker} & echo up; wait' & sleep {marker}"
    async for _ in stream(sandbox.launch(("sh", "-c", script), root), folder=root, timeout=60):
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@LINUX
@pytest.mark.parametrize("name", ["full", "partial", "none"])
async def test_a_command_does_not_outlive_us_when_we_are_killed(place: Path, name: str) -> None:
    await level(name, place)
    marker = f"88{os.getpid() % 1000:03}"
    given = ("bwrap" if name == "full" else "no-such", "yes" if name == "partial" else "no")
    root = str(place / "private/project")
    us = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, *given, root, marker, cwd=ROOT)
    assert await us.wait() == -signal.SIGKILL
    for _ in range(500):
        if not sleeping(marker):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{sleeping(marker)} go on")


def sleeping(marker: str) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdecimal() and (process / "cmdline").read_bytes() == f"sleep\0{marker}\0".encode():
                found.append(process.name)
    return found


@LINUX
@pytest.mark.parametrize("name", ["full", "partial", "none"])
async def test_a_command_ends_as_itself(place: Path, name: str) -> None:
    sandbox, root = await level(name, place), place / "private/project"
    assert (await run(sandbox, ("sh", "-c", "exit 7"), root)).exit_code == 7
    assert (await run(sandbox, ("sh", "-c", "kill -KILL $$"), root)).exit_code == 137
    missing = await run(sandbox, ("no-such-program-here",), root)
    assert missing.exit_code == 127
    assert "no-such-program-here" in missing.output


@LINUX
async def test_a_fork_bomb_is_contained(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() == 0:
        pytest.skip("the kernel does not limit the processes of root; the time limit ends them")
    monkeypatch.setattr("pier_tui.tools.sandbox.MOST_PROCESSES", 64)
    for name in ("full", "partial", "none"):
        sandbox = await level(name, place)
        ran = await run(sandbox, (sys.executable, "-I", "-S", "-c", BOMB), place / "private/project")
        assert 0 < int(ran.output) < 200  # others of ours may end meanwhile


async def test_without_any_sandbox_the_label_says_why(place: Path) -> None:
    found = await probe(program="no-such-bubblewrap", landlock=False)
    assert (found.level, found.active, found.word) == ("none", False, "no sandbox!")
    assert found.label.startswith("no sandbox, so every command asks: ")
    if sys.platform == "linux":
        assert "bubblewrap is not installed" in found.label


async def test_a_bubblewrap_that_does_not_work_gives_its_reason(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("bubblewrap is for Linux")
    program = place / "bin/broken-bwrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace'\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    found = await probe(program="broken-bwrap")
    assert found.level in ("partial", "none")
    assert "No permissions to create new namespace" in found.label
    assert not found.active
    inside = await probe(readable=(place,), program="broken-bwrap")
    assert "not installed" in inside.label


@LINUX
async def test_without_a_filter_for_the_machine_no_sandbox_counts_as_full(place: Path) -> None:
    found = await probe(machine="riscv64")
    assert (found.active, found.means) in ((False, "bubblewrap"), (False, "nothing"))
    assert "no system-call filter for riscv64" in found.label
    without = await probe(machine="riscv64", program="no-such-bubblewrap")
    assert (without.level, without.means) == ("none", "nothing")
    assert (await run(without, ("echo", "runs"), place / "private/project")).output == "runs\n"


OLDER = """
import os, sys
from pier_tui.tools import confined

version, writable, outside = int(sys.argv[1]), sys.argv[2], sys.argv[3]
confined.landlock_version = lambda: version
confined.restrict(["/usr", "/lib", "/etc"], [writable])
open(f"{writable}/in", "w").close()
os.mkdir(f"{writable}/folder")
for act in (
    lambda: open(f"{outside}/out", "w"),
    lambda: open(f"{outside}/there"),
    lambda: open(f"{outside}/there", "a"),
    lambda: os.unlink(f"{outside}/there"),
    lambda: os.rename(f"{outside}/there", f"{writable}/taken"),
    lambda: os.mkdir(f"{outside}/folder"),
):
    try:
        act()
    except OSError:
        continue
    sys.exit("an attack went through")
print("confined")
"""


@LINUX
@pytest.mark.parametrize("version", range(1, 8))
async def test_every_version_of_landlock_is_spoken(place: Path, version: int) -> None:
    if landlock_version() < version:
        pytest.skip(f"the kernel speaks version {landlock_version()}")
    writable, outside = place / "private/project", place / "outside"
    (outside / "there").write_text("there")
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OLDER, str(version), writable, outside), cwd=ROOT, stdout=-1, stderr=-1
    )
    said, wrong = await ran.communicate()
    assert (said, wrong, ran.returncode) == (b"confined\n", b"", 0)
    assert (outside / "there").read_text() == "there"


def test_a_key_is_not_passed_even_when_it_is_asked_for(place: Path) -> None:
    sandbox = Sandbox(passed=("SARVAM_API_KEY", "EDITOR"))
    assert "canary" not in "".join(sandbox.environment().values())


async def test_a_terminal_of_its_own_is_one_that_nobody_types_into(tmp_path: Path) -> None:
    script = (
        "test -t 1 && echo shown; test -t 0 || echo silent; (: </dev/tty) 2>/dev/null || echo alone; printf 'a\\rb\\n'"
    )
    launch = Launch(("sh", "-c", script), {"PATH": os.environ["PATH"]})
    async for piece in stream(launch, folder=tmp_path, timeout=20, terminal=True):
        if isinstance(piece, Ran):
            assert (piece.output, piece.exit_code) == ("shown\nsilent\nalone\na\rb\n", 0)


async def test_many_terminals_leave_no_descriptor_open(tmp_path: Path) -> None:
    launch = Launch(("true",), {"PATH": os.environ["PATH"]})
    before = set(os.listdir("/dev/fd"))
    for _ in range(3):
        async for _ in stream(launch, folder=tmp_path, timeout=20, terminal=True):
            pass
        await asyncio.sleep(0)
    assert len(set(os.listdir("/dev/fd")) - before) <= 1
