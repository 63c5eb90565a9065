from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pier_tui import doctor
from pier_tui.repo.sighting import sight
from pier_tui.tools.sandbox import Sandbox
from pier_tui.ui.figures import figures
from pier_tui.ui.story import Story
from pier_tui.wiring import assemble, settings, trust_book


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    return root


async def test_the_doctor_tells_each_part_and_never_the_key(repository: Path, env: dict[str, str]) -> None:
    state = Path(env["XDG_STATE_HOME"]) / "pier-tui"
    state.mkdir(parents=True, mode=0o755)
    env["SARVAM_API_KEY"] = "sk-canary-0123456789"
    assert "not trusted" in await doctor.report(repository, {}, env)
    trust_book(env).trust(sight(repository))
    told = await doctor.report(repository, {"profile": "sarvam-hosted"}, env)
    assert "canary" not in told
    assert "found in the environment variable SARVAM_API_KEY" in told
    assert f"{state}, others can reach it: chmod 700 {state}" in told
    names = {line[:15].strip() for line in told.splitlines()}
    assert {"configuration", "repository", "git", "profile", "key", "system", "sandbox", "approval", "state"} <= names
    state.chmod(0o700)
    assert "only you can reach it" in await doctor.report(repository, {}, env)


async def test_the_doctor_says_what_the_level_allows_and_what_there_is_for_it(
    repository: Path, env: dict[str, str]
) -> None:
    told = await doctor.report(repository, {"sandbox": "read-only"}, env)
    assert any(words in told for words in doctor.ALLOWS.values())
    assert any(words in told for words in doctor.CONFINES.values())
    if sys.platform == "linux":
        for part in ("bubblewrap", "seccomp", "Landlock", "limits"):
            assert f"\n  {part}" in told
    assert "commands: read-only" in told


async def test_the_doctor_helps_with_a_folder_that_is_no_repository(tmp_path: Path, env: dict[str, str]) -> None:
    told = await doctor.report(tmp_path, {"profile": "nothing-like-it"}, env)
    assert "repository" in told
    assert "nothing-like-it" in told


def test_the_level_stands_first_in_the_status_line() -> None:
    for sandbox, word in ((Sandbox(), "no sandbox!"), (Sandbox("full", "bubblewrap"), "sandbox full")):
        assert figures(Story(), {}, 0, sandbox.word) == (word,)
        assert figures(Story(), {}, 2, sandbox.word) == (word, "2 queued")
    assert Sandbox("partial", "landlock", writes="read-only").word == "sandbox partial (read-only)"


async def test_an_agent_without_a_full_sandbox_says_so_at_once_and_approves_nothing_by_itself(
    repository: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces for you\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("pier_tui.tools.probing.bubblewrap", lambda *_: str(broken))
    chosen = settings({"profile": "offline"}, env).settings
    agent = await assemble(chosen, repository, env, approve_all=True)
    try:
        assert agent.sandbox in ("sandbox partial, untrusted", "no sandbox!, untrusted")
        banner = agent.history()[-1].text  # type: ignore[union-attr]
        assert "every command asks" in banner
        assert "pier-tui doctor" in banner
        allowed, _ = await agent._p.bench._desk.approval.command("ls", "to look")  # type: ignore[attr-defined]
        assert not allowed
    finally:
        await agent.aclose()


def test_our_own_process_is_closed_to_others_and_children_are_as_ever(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the switch is Linux's")
    code = (
        "import ctypes, resource, subprocess, sys\n"
        "from pier_tui.tools.confined import hide_process\n"
        "assert hide_process()\n"
        "assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0\n"
        "ask = 'import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))'\n"
        "print(subprocess.run([sys.executable, '-I', '-c', ask], capture_output=True, text=True, check=True).stdout)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "1"


def test_nobody_else_reads_the_key_we_were_started_with() -> None:
    if sys.platform != "linux" or os.getuid() == 0:
        pytest.skip("root reads everything")
    code = "from pier_tui.tools.confined import hide_process; print(hide_process(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"True\n"
        with pytest.raises(PermissionError):
            Path(f"/proc/{ours.pid}/environ").read_bytes()
        ours.communicate(b"\n")
