"""Keys stay with us: what the programs we start find in their environment and in their arguments."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from pier_tui.errors import ToolError
from pier_tui.events import ToolReturned
from pier_tui.tools.environment import for_commands, secret, without_secrets
from pier_tui.wiring import assemble, settings

CANARY = "sk-canary-0123456789"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SARVAM_API_KEY", "GITHUB_TOKEN", "my_password", "AWS_SECRET_ACCESS_KEY", "LC_API_KEY"):
        monkeypatch.setenv(name, CANARY)


@pytest.mark.usefixtures("keys")
def test_a_name_that_says_secret_is_never_passed_on() -> None:
    assert all(map(secret, ("OPENAI_API_KEY", "token", "DB_PASSWORD", "AWS_CREDENTIALS")))
    assert not any(map(secret, ("PATH", "HOME", "SSH_AUTH_SOCK", "LC_ALL", "EDITOR")))
    for environment in (for_commands(os.environ, ("GITHUB_TOKEN",)), without_secrets(os.environ)):
        assert CANARY not in environment.values()
        assert environment["PATH"] == os.environ["PATH"]


@pytest.mark.usefixtures("keys")
async def test_a_search_program_is_given_no_key(make_desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk({"a.txt": "needle\n"})
    told = tmp_path / "told"
    program = tmp_path / "bin" / "rg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntr '\\0' '\\n' </proc/$$/environ >{told}; env >>{told}; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with contextlib.suppress(ToolError):
        await desk.call("search", '{"pattern": "needle"}')
    assert "PATH=" in told.read_text()
    assert CANARY not in told.read_text()


@pytest.mark.usefixtures("keys")
async def test_the_users_own_command_has_a_terminal_and_no_key_and_its_text_is_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "project"
    subprocess.run(["git", "init", "-q", str(root)], check=True)  # noqa: ASYNC221
    monkeypatch.setenv("PROVIDER", CANARY)
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    agent = await assemble(settings({"profile": "offline", "key_env": "PROVIDER"}, env).settings, root, env)
    command = "env; cat /proc/$$/environ; test -t 1 && printf '\\033[31mred\\033[0m 10%%\\r\\033[Kdone\\n'"
    try:
        told = [event async for event in agent.shell(command)]
    finally:
        await agent.aclose()
    result = next(event for event in told if isinstance(event, ToolReturned))
    assert result.ok
    assert CANARY not in "".join(event.model_dump_json() for event in told)
    assert result.text.endswith("done\n")
    assert "red" not in result.text.replace(command, "")
