"""A key is found nowhere but in the header of the requests it is for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pier_tui import redaction
from pier_tui.agent.record import Recorder
from pier_tui.agent.resuming import put_pending
from pier_tui.crash import KEPT, write_report
from pier_tui.errors import ConfigError
from pier_tui.events import Event, Notice, RequestFailed, TextDelta
from pier_tui.models.connect import connect
from pier_tui.models.keys import Key, find_key
from pier_tui.models.pinning import Confirmations, destinations, origin_of, shipped
from pier_tui.models.profiles import load_profile
from pier_tui.redaction import MARK, redact
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.sample import make_sample
from pier_tui.session.codec import encode

CANARY = "canary-Zq7-0123456789-live"
COMMAND = "env; cat /proc/$PPID/environ /proc/1/environ; cat .env; cat /proc/$PPID/cmdline"


class Server(ThreadingHTTPServer):
    """Answers like a model: first a command, then words that hold the key it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.headers: list[str] = []
        self.bodies: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.headers.append(self.headers.get("authorization", ""))
        self.server.bodies.append(body)
        arguments = json.dumps({"command": COMMAND, "why": "to look around"})
        call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "run", "arguments": arguments}}
        first = len(self.server.bodies) == 1
        delta = {"tool_calls": [call]} if first else {"content": f"Your key is {CANARY}."}
        reason = "tool_calls" if first else "stop"
        pieces = [{"choices": [{"index": 0, "delta": {"role": "assistant", **delta}}]}]
        pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        text = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    names = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}
    return {
        "PATH": os.environ["PATH"],
        "PIER_LOCAL_KEY": CANARY,
        "OTHER": f"holds {CANARY} too",
        **{name: str(tmp_path / folder) for name, folder in names.items()},
    }


def pier(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pier_tui.cli", *words]
    return subprocess.run(command, check=False, env=env, capture_output=True, encoding="utf-8", timeout=60)


def everything(folder: Path) -> str:
    return "".join(f"{p}\n{p.read_bytes().decode('latin-1')}" for p in folder.rglob("*") if p.is_file())


def test_a_key_is_in_the_header_and_nowhere_else(tmp_path: Path, env: dict[str, str], server: Server) -> None:
    root = make_sample(tmp_path / "shop")
    (root / ".env").write_text(f"PIER_LOCAL_KEY={CANARY}\n")
    where = ["--weak-url", server.url, "--strong-url", server.url, "--weak-model", "w", "--strong-model", "s"]
    words = ["exec", f"my key is {CANARY}", "--path", str(root), "--profile", "local", *where]
    words += ["--trust", "--yes", "--json", "--record", str(tmp_path / "record.jsonl")]

    refused = pier(env, *words)
    assert refused.returncode == 2
    assert f"never sent to {server.url.removesuffix('/v1')}" in refused.stderr
    assert server.bodies == [], "nothing may be asked of an address nobody confirmed"

    done = pier(env, *words, "--confirm-endpoint")
    assert len(server.bodies) >= 2, done.stderr
    assert set(server.headers) == {f"Bearer {CANARY}"}
    assert "PATH=" in server.bodies[1], "the command ran and printed its environment"
    assert f"PIER_LOCAL_KEY={MARK}" in server.bodies[1], "and the file, without the key"
    assert CANARY not in "".join(server.bodies[1:]).replace(f"my key is {CANARY}", "")
    session = json.loads(done.stdout.splitlines()[0])["session"]
    exported = pier(env, "sessions", str(root), "--export", session)
    told = [done.stdout, done.stderr, exported.stdout, exported.stderr, (tmp_path / "record.jsonl").read_text()]
    assert session in exported.stdout
    assert CANARY not in "".join(told)
    assert CANARY not in everything(tmp_path / "state")
    assert MARK in done.stdout
    assert [path for path in (tmp_path / "state" / "pier-tui").rglob("*") if path.stat().st_mode & 0o077] == []

    confirmed = pier(env, *words)
    assert "never sent" not in confirmed.stderr, "asked once"


PROBE = """
import os, subprocess, sys
from pier_tui.models.keys import guard
guard(["PIER_LOCAL_KEY"], os.environ)
assert os.environ["PIER_LOCAL_KEY"]
for show in (["env"], ["cat", "/proc/self/environ"], ["cat", f"/proc/{os.getpid()}/environ"]):
    subprocess.run(show, stderr=subprocess.DEVNULL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_a_child_cannot_read_the_key_from_the_process_that_started_it(env: dict[str, str]) -> None:
    del env["OTHER"]
    out = subprocess.run([sys.executable, "-c", PROBE], env=env, capture_output=True, check=True).stdout
    assert b"PIER_LOCAL_KEY=xxx" in out
    assert CANARY.encode() not in out


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_live", {})
    redaction.hide(CANARY, "SOME_KEY")


@pytest.mark.usefixtures("hidden")
def test_a_crash_leaves_a_private_report_without_keys_or_local_variables(tmp_path: Path) -> None:
    def broken(secret: str) -> None:
        local = "the-value-of-a-local"
        raise RuntimeError(f"with {secret} and ghp_{'a1B2' * 9} in it {len(local)}")

    paths = []
    for _ in range(KEPT + 3):
        try:
            broken(CANARY)
        except RuntimeError as error:
            paths.append(write_report(error, tmp_path / "state"))
    text = paths[-1].read_text()
    assert "RuntimeError: with [key hidden] and [key hidden] in it" in text
    assert "in broken" in text
    assert "the-value-of-a-local" not in text.replace('local = "the-value-of-a-local"', "")
    assert paths[-1].stat().st_mode & 0o777 == 0o600
    assert paths[-1].parent.stat().st_mode & 0o777 == 0o700
    assert len(list(paths[-1].parent.iterdir())) == KEPT


def test_a_program_that_breaks_says_one_sentence_and_where_the_report_is(tmp_path: Path, env: dict[str, str]) -> None:
    code = f"""
import pier_tui.headless, pier_tui.cli
async def run(*_): raise LookupError("{CANARY}")
pier_tui.headless.run = run
pier_tui.cli.main(["exec", "hi", "--trust", "--profile", "offline", "--path", {str(make_sample(tmp_path / "shop"))!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert done.stdout == ""
    assert done.stderr.startswith("pier-tui: Something unexpected ended the program (LookupError)")
    assert done.stderr.count("\n") == 1
    report = Path(done.stderr.split(" is in ")[1].strip().removesuffix("."))
    assert "LookupError: [key hidden]" in report.read_text()


SHAPES = [
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "sk-proj-abcdefgh12345678ABCDEFGH",
    "ghp_" + "a1B2" * 9,
    "github_pat_11ABCDEFG0abcdefghij_klmnop",
    "AKIAIOSFODNN7EXAMPLE",
    "AIza" + "Sy0-x" * 7,
    "xoxb-123456789012-abcdefGHIJ",
    "glpat-abcdefgh12345678ABCD",
    "hf_" + "aB3d" * 8,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.SflKxwRJSMeKKF2QT4",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow/+IBAAKCAQEA=\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA",
]


@pytest.mark.parametrize("secret", SHAPES)
def test_what_looks_like_a_key_is_hidden_and_json_stays_json(secret: str) -> None:
    assert redact(f"it is {secret}, see") in (f"it is {MARK}, see", f"it is {MARK}")
    clean = json.loads(redact(json.dumps({"a": secret, "b": [f"x={secret}"], "c": "kept"})))
    assert clean == {"a": MARK, "b": [f"x={MARK}"], "c": "kept"}


@pytest.mark.parametrize(
    "text",
    [
        "task_management_of_long_names = risk-assessment-of-everything",
        "sk_learn_estimator_with_long_name(x)",
        "0123456789abcdef0123456789abcdef01234567 first commit",
        "eyJ is how one begins",
        "the bearer of bad news",
        "def test_token(): assert key == 'EMPTY'",
    ],
)
def test_what_only_resembles_a_key_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.usefixtures("hidden")
def test_a_word_that_a_local_server_takes_for_a_key_is_no_secret() -> None:
    redaction.hide("EMPTY", "PIER_LOCAL_KEY")
    assert redact("an EMPTY list") == "an EMPTY list"
    assert redaction.spared({"SOME_KEY": "x", "B": f"<{CANARY}>", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_a_shipped_address_needs_no_question_and_any_other_does(tmp_path: Path) -> None:
    kept = Confirmations(tmp_path)
    for name in ("sarvam-hosted", "sarvam-2026-06", "open-weights", "offline"):
        assert kept.missing(load_profile(name)) == ()
    moved = load_profile("sarvam-hosted", {"weak_url": "https://api.sarvam.ai@evil.example/v1"})
    assert [where.origin for where in kept.missing(moved)] == ["https://evil.example:443"]
    for change in ({"base_url": "https://api.sarvam.ai:8443/v1"}, {"key_env": "AWS_SECRET_ACCESS_KEY"}):
        assert len(kept.missing(load_profile("sarvam-hosted", change))) == 1
    kept.confirm(kept.missing(moved))
    assert Confirmations(tmp_path).missing(moved) == ()
    assert kept.path.stat().st_mode & 0o777 == 0o600
    kept.path.write_text("{broken")
    assert len(kept.missing(moved)) == 1
    assert all(where.origin.startswith(("https://", "http://127.0.0.1:")) for where in shipped())
    assert origin_of("HTTPS://API.Sarvam.AI/v1") == "https://api.sarvam.ai:443"


class Ring:
    def get_password(self, *_: str) -> str:
        return CANARY


async def test_a_key_of_the_keyring_and_one_a_server_quotes_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_live", {})
    assert find_key(load_profile("sarvam-hosted"), {}, Ring()) is not None
    kept: list[Event] = []

    async def append(events: Sequence[Event]) -> None:
        kept.extend(events)

    said = f"Incorrect API key provided: {CANARY}, not {SHAPES[1]}"
    for event in (RequestFailed(text=said), Notice(text=said), TextDelta(text=f"it is {CANARY}")):
        shown = await Recorder(append, "s").log(event)
        assert CANARY not in shown.text + "".join(encode(each) for each in kept)
        assert MARK in shown.text
        assert isinstance(event, TextDelta) or SHAPES[1] not in shown.text


def test_a_proposal_that_held_a_key_does_not_come_back_with_its_mark_in_the_file(tmp_path: Path) -> None:
    overlay = Overlay(make_sample(tmp_path / "shop"))
    overlay.write("shop/new.py", f"KEY = '{MARK}'\n".encode())
    patch = overlay.patch()
    fresh = Overlay(tmp_path / "shop")
    (said,) = put_pending(fresh, patch, tmp_path / "patches")
    assert said.startswith("What was proposed for shop/new.py no longer fits")
    assert fresh.patch().files == ()


def test_no_key_crosses_a_network_that_anybody_can_read() -> None:
    profile = load_profile("sarvam-hosted", {"base_url": "http://api.sarvam.ai/v1"})
    with pytest.raises(ConfigError, match="not encrypted"):
        connect(profile, Key("k" * 20, "SARVAM_API_KEY"))
    assert [where.origin for where in destinations(profile)] == ["http://api.sarvam.ai:80"]
    for host in ("localhost", "127.0.0.1", "[::1]", "127.8.8.8"):
        connect(load_profile("sarvam-hosted", {"base_url": f"http://{host}:1/v1"}), "k" * 20)
