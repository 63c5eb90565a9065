"""The index in a process of its own: what it answers, what outlives it, and that it never outlives us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from pier_tui.agent.atlas import PROGRAM
from pier_tui.errors import PierError
from pier_tui.symbols.beside import STARTS, Beside

FILES = {"shop/cart.py": "class ShoppingCart:\n    pass\n", "shop/mail.py": "def send_letter(to):\n    return to\n"}


def written(root: Path) -> Path:
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@asynccontextmanager
async def reading(root: Path, kept: Path | None = None) -> AsyncIterator[Beside]:
    beside = Beside(PROGRAM, root, kept)
    try:
        yield beside
    finally:
        await beside.aclose()


async def names(beside: Beside) -> list[str]:
    return sorted(f"{r.path}:{r.definition.name}" for r in await beside.ranked("anything", (), 9))


async def test_files_are_read_with_what_is_pending_on_top_and_links_are_not_followed(tmp_path: Path) -> None:
    root = written(tmp_path / "repo")
    (tmp_path / "secret.py").write_text("def secret(): pass\n")
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    (root / "out").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.py")
    paths = [*FILES, "link.py", "out/secret.py", "pipe.py", "../secret.py"]
    async with reading(root) as beside:
        await beside.update(paths, {}, whole=True)
        assert await names(beside) == ["shop/cart.py:ShoppingCart", "shop/mail.py:send_letter"]
        await beside.update(paths, {"shop/cart.py": b"def f(): pass", "shop/mail.py": None}, whole=False)
        assert await names(beside) == ["shop/cart.py:f"]
        await beside.update(paths, {}, whole=False)
        assert await names(beside) == ["shop/cart.py:ShoppingCart", "shop/mail.py:send_letter"]
        await beside.update(["shop/mail.py"], {}, whole=True)
        assert await names(beside) == ["shop/mail.py:send_letter"]


async def test_a_process_that_died_is_started_again_but_not_for_ever(tmp_path: Path) -> None:
    async with reading(written(tmp_path)) as beside:
        for _ in range(STARTS):
            await beside.update(list(FILES), {}, whole=True)
            assert beside.pid is not None
            os.kill(beside.pid, signal.SIGSTOP)
            asked = asyncio.create_task(beside.ranked("anything", (), 9))
            await asyncio.sleep(0)
            os.kill(beside.pid, signal.SIGKILL)
            with pytest.raises(PierError):
                await asked
        with pytest.raises(PierError, match="not read any more"):
            await beside.update(list(FILES), {}, whole=True)


PARENT = """
import asyncio, os, sys
from pathlib import Path
from pier_tui.symbols.beside import Beside

async def main():
    beside = Beside(sys.argv[1], Path(sys.argv[2]), None)
    await beside.update(["shop/cart.py"], {}, whole=True)
    print(beside.pid, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PARENT, PROGRAM, str(written(tmp_path))]
    parent = subprocess.run(words, stdout=subprocess.PIPE, check=False, timeout=60)
    assert parent.returncode == -signal.SIGKILL
    with suppress(ProcessLookupError):
        ended = os.pidfd_open(int(parent.stdout))
        assert asyncio.run(_readable(ended)), "it is still there"


async def _readable(descriptor: int) -> bool:
    """Whether a process ends; it does at once, or the test waits for nothing."""
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ready.set)
    with suppress(TimeoutError):
        await asyncio.wait_for(ready.wait(), 30)
    return ready.is_set()


async def test_the_next_process_reads_only_what_changed(tmp_path: Path) -> None:
    root, kept = written(tmp_path / "repo"), tmp_path / "kept" / "index.json"
    for path in FILES:
        os.utime(root / path, ns=(1, 1))
    async with reading(root, kept) as beside:
        await beside.update(list(FILES), {}, whole=True)
        await names(beside)
    whole = json.loads(kept.read_text())
    whole["names"] = [{"ShoppingCart": "Remembered", "send_letter": "forgotten"}.get(n, n) for n in whole["names"]]
    kept.write_text(json.dumps(whole))
    (root / "shop/mail.py").write_text("def changed(): pass\n")
    async with reading(root, kept) as beside:
        await beside.update(list(FILES), {}, whole=True)
        assert await names(beside) == ["shop/cart.py:Remembered", "shop/mail.py:changed"]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
