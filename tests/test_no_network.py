"""The program speaks to the configured endpoint and to nobody else, and listens to nobody: refused sockets prove it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

sys.path.insert(0, str(Path(__file__).parent / "models"))

from fault_server import DONE, said, serving, stall, stream

WATCHED = """
import sys
log, allowed = open(sys.argv[1], "a", buffering=1), sys.argv[2]
NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
           "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
def watch(event, args):
    if event not in NETWORK:
        return
    place = args[:2] if event == "socket.getaddrinfo" else args[1] if isinstance(args[1], tuple) else (args[1], "")
    if allowed and event in ("socket.connect", "socket.getaddrinfo") and f"{place[0]}:{place[1]}" == allowed:
        return
    log.write(f"{event} {args!r}\\n")
    raise PermissionError(f"no network: {event}")
sys.addaudithook(watch)
sys.argv = ["pier-tui", *sys.argv[3:]]
from pier_tui.cli import main
main()
"""
"""Runs the program with every use of the network written down and refused, except connections to one address."""
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    (made / "app.py").write_text("def size(items):\n    return len(items) - 1\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*GIT, *words], cwd=made, check=True, capture_output=True)
    return made


def environment(tmp_path: Path) -> dict[str, str]:
    names = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"} | {n: str(tmp_path / f) for n, f in names.items()}


def command(tmp_path: Path, allowed: str, *words: str) -> list[str]:
    return [sys.executable, "-c", WATCHED, str(tmp_path / "network"), allowed, *words]


def attempts(tmp_path: Path) -> list[str]:
    return (tmp_path / "network").read_text().splitlines()


def local(url: str, model: str = "m") -> list[str]:
    """The words that choose an endpoint for both models."""
    return ["--weak-url", url, "--weak-model", model, "--strong-url", url, "--strong-model", model]


def listening(pid: int) -> list[str]:
    """The listening sockets of a process and its children."""
    inodes: set[str] = set()
    family = [pid, *(int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    for member in family:
        for handle in Path(f"/proc/{member}/fd").iterdir():
            try:
                target = os.readlink(handle)
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    rows = [row.split() for kind in ("tcp", "tcp6") for row in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()]
    return [row[1] for row in rows if len(row) > 9 and row[3] == "0A" and row[9] in inodes]


@pytest.mark.parametrize(
    "words", [("exec", "--trust", "where is size defined"), ("doctor",), ("sessions",)], ids=lambda w: w[0]
)
def test_offline_nothing_at_all_touches_the_network(root: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    chosen = () if words[0] == "sessions" else ("--profile", "offline")
    done = subprocess.run(
        command(tmp_path, "", *words, *chosen),
        env=environment(tmp_path),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert attempts(tmp_path) == []


@pytest.mark.parametrize("right", [True, False])
async def test_a_whole_request_reaches_the_configured_endpoint_and_no_other(
    root: Path, tmp_path: Path, right: bool
) -> None:
    async with serving(stream(said("Hello there.", "stop"), DONE)) as server:
        address = server.url.removeprefix("http://").removesuffix("/v1")
        words = command(
            tmp_path, address if right else "", "exec", "--trust", "say hello", "--only", "105B", *local(server.url)
        )
        process = await asyncio.create_subprocess_exec(
            *words, env=environment(tmp_path), cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert (b"Hello there." in out, process.returncode == 0, bool(server.lines)) == (right, right, right)
    assert (attempts(tmp_path) == []) is right


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_nothing_listens_while_a_request_runs(root: Path, tmp_path: Path) -> None:
    async with serving(stream(said("Hel"), then=stall)) as server:
        assert listening(os.getpid()), "the check must see the test's own server"
        words = [sys.executable, "-m", "pier_tui.cli", "exec", "--trust", "say hello", *local(server.url)]
        process = await asyncio.create_subprocess_exec(
            *words, env=environment(tmp_path), cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await asyncio.wait_for(server.asked.wait(), 60)
            assert listening(process.pid) == []
        finally:
            process.kill()
            await process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_listens_while_the_screen_is_up(tmp_path: Path) -> None:
    words = ["-m", "pier_tui.cli", "demo"]
    child = pexpect.spawn(sys.executable, words, env=environment(tmp_path), dimensions=(36, 120), timeout=60)
    try:
        child.expect_exact(b"\x1b[?1049h")
        child.expect("offline")
        assert listening(child.pid) == []
    finally:
        child.close(force=True)
