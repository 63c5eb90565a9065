"""Servers of ours end with the program that started them, however it ends; and the pair is used as it says."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import httpx
import pytest

from pier_tui.config import load
from pier_tui.connecting import pick_profile, unconfirmed
from pier_tui.errors import PierError
from pier_tui.local import LocalModels
from pier_tui.models.local.servers import Plan, Server, serving
from pier_tui.models.local.weights import Weights

PARENT = """
import sys
from pathlib import Path
from pier_tui.models.local.servers import Plan, serving
with serving([Plan("small", Path(sys.argv[1]), 512)], Path(sys.argv[2])) as (server,):
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is not a child")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None], ids=str)
def test_no_server_outlives_the_program_that_started_it(
    model: Path, tmp_path: Path, end: signal.Signals | None
) -> None:
    command = [sys.executable, "-c", PARENT, str(model), str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes, text=True) as parent:  # type: ignore[call-overload]
        assert parent.stdout is not None
        assert parent.stdin is not None
        server = os.pidfd_open(int(parent.stdout.readline()))
        try:
            assert not select.select([server], [], [], 0)[0]
            parent.stdin.close() if end is None else parent.send_signal(end)
            parent.wait(30)
            assert select.select([server], [], [], 30)[0], "the server still runs"
        finally:
            os.close(server)


def test_a_file_that_is_no_model_is_one_sentence_that_names_the_log(model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(model.read_bytes()[:4096])
    with (
        pytest.raises(PierError, match=r"The server for broken ended with .*broken\.log"),
        serving([Plan("broken", broken)], tmp_path / "logs"),
    ):
        pass
    assert (tmp_path / "logs" / "broken.log").stat().st_size


def test_a_server_is_given_no_key_of_ours_in_its_environment_or_its_words(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARVAM_API_KEY", "sk-canary")
    with Server(Plan("small", model, 512), "made-up-key", tmp_path / "log") as server:
        server.wait()
        for name in ("environ", "cmdline"):
            told = Path(f"/proc/{server.pid}/{name}").read_bytes() if sys.platform == "linux" else b""
            assert b"canary" not in told
            assert b"made-up-key" not in told


def pair(model: Path) -> list[Weights]:
    """The small model twice."""
    fields = {"url": "https://hub.example/m", "sha256": "", "bytes": model.stat().st_size, "memory": "1 GB"}
    return [
        Weights(name=f"small-{tier}", tier=tier, file=f"{tier}.gguf", licence="", as_of=date(2026, 1, 1), **fields)  # type: ignore[arg-type]
        for tier in ("weak", "strong")
    ]


def test_the_pair_is_reached_with_its_key_and_asks_nobody_to_confirm_it(model: Path, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    models = LocalModels(env, pair(model))
    with pytest.raises(PierError, match=r"small-weak and small-strong is not .*--download"), models.running():
        pass
    models.folder.mkdir(parents=True)
    for weights in models.known:
        (models.folder / weights.file).symlink_to(model)
    with models.running() as running:
        chosen = load(None, running.env, running.overrides).settings
        profile = pick_profile(chosen, running.env)
        assert unconfirmed(chosen, running.env) == ()
        with httpx.Client(headers={"authorization": f"Bearer {running.env[profile.key_env]}"}) as http:
            urls = [profile.url("weak"), profile.url("strong")]
            served = [http.get(f"{url}/models").json()["data"][0]["id"] for url in urls]
    assert served == ["small-weak", "small-strong"]
    assert not (tmp_path / ".local").exists()
