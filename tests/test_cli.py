"""The command line as a user meets it: each run is a process of its own; every failure is one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pier_tui.headless import Summary

GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    names = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
    return {**kept, **{name: str(tmp_path / folder) for name, folder in names.items()}, "PYTHONWARNINGS": "error"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    (made / "app.py").write_text("def size(items):\n    return len(items) - 1\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*GIT, *words], cwd=made, check=True)
    return made


def pier(env: dict[str, str], *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    trusting = ("--trust",) if words[0] == "exec" else ()
    command = [sys.executable, "-m", "pier_tui.cli", *words, *trusting]
    return subprocess.run(
        command,
        check=False,
        env=env,
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One sentence on stderr, nothing on stdout, and no success."""
    assert done.returncode not in (0, 1), done
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("pier-tui: ")
    assert all(word in lines[0] for word in words), lines


def configured(env: dict[str, str], text: str) -> None:
    folder = Path(env["XDG_CONFIG_HOME"]) / "pier-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)


def test_exec_prints_only_json_lines_that_tell_the_whole_request(root: Path, env: dict[str, str]) -> None:
    done = pier(env, "exec", "what is in app.py?", "--json", "--profile", "offline", "--path", str(root))
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [events[0]["type"], events[-2]["type"]] == ["request_started", "request_ended"]
    assert Summary.model_validate(events[-1]).offline


def test_exec_prints_words_on_a_terminal_that_knows_no_rupee_sign(root: Path, env: dict[str, str]) -> None:
    done = pier(
        {**env, "PYTHONIOENCODING": "ascii"}, "exec", "what is in app.py?", "--profile", "offline", "--path", str(root)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "105B only would have been" in done.stdout


def test_output_that_nobody_reads_any_more_is_no_failure_with_a_traceback(root: Path, env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pier_tui.cli", "exec", "what is in app.py?", "--trust", "--profile", "offline"]
    with subprocess.Popen(
        [*command, "--json"], env=env, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert b"Traceback" not in run.stderr.read()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("exec", "hi", "--profile", "nowhere"), ("nowhere",)),
        (("exec", "hi", "--profile", "sarvam-hosted"), ("key",)),
        (("replay-session", "gone.jsonl"), ("gone.jsonl",)),
        (("apply", "gone.patch"), ("gone.patch",)),
        (("sessions", "--export", "nope"), ("nope",)),
        (("open", "--resume", "nope"), ("terminal",)),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    root: Path, env: dict[str, str], words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    refused(pier(env, *words, cwd=root), *said)


@pytest.mark.parametrize("value", ["-1", "nan", "0", "soon"])
@pytest.mark.parametrize("option", ["--timeout", "--max-cost", "--max-turns", "--threshold"])
def test_limits_that_are_none_are_refused(root: Path, env: dict[str, str], option: str, value: str) -> None:
    if value == "0" and option in ("--max-cost", "--threshold"):
        value = "inf"
    done = pier(env, "exec", "hi", f"{option}={value}", "--profile", "offline", cwd=root)
    assert done.returncode == 2
    assert option in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_repository_or_is_missing_is_one_sentence(tmp_path: Path, env: dict[str, str]) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    refused(pier(env, "exec", "hi", "--profile", "offline", "--path", str(plain)), "git")
    refused(pier(env, "exec", "hi", "--profile", "offline", "--path", str(tmp_path / "gone")), "gone")
    refused(pier(env, "sessions", str(plain)), "git")


def test_an_endpoint_that_is_down_fails_the_request_with_one_sentence(root: Path, env: dict[str, str]) -> None:
    url = "http://127.0.0.1:9/v1"
    configured(
        env, f'profile = "local"\nweak_url = "{url}"\nstrong_url = "{url}"\nweak_model = "w"\nstrong_model = "s"\n'
    )
    done = pier(env, "exec", "hi", cwd=root)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "127.0.0.1:9" in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("failed: ")]) == 1


def test_a_broken_configuration_is_named_with_its_line_and_does_not_stop_the_run(
    root: Path, env: dict[str, str]
) -> None:
    configured(env, 'theme = "pier-light"\nmax_turns = "many"\n')
    done = pier(env, "exec", "what is in app.py?", "--profile", "offline", cwd=root)
    assert done.returncode == 0
    assert "line 2" in done.stderr
    doctor = pier(env, "doctor", "--profile", "offline", cwd=root)
    assert doctor.returncode == 0
    assert "line 2" in doctor.stdout


def test_doctor_says_what_is_missing_without_failing(tmp_path: Path, env: dict[str, str]) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    done = pier(env, "doctor", str(plain), "--profile", "sarvam-hosted")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("configuration", "repository", "profile", "key", "sandbox", "state"):
        assert word in done.stdout


def test_a_patch_is_applied_whole_or_not_at_all(root: Path, env: dict[str, str]) -> None:
    change = "@@ -1,2 +1,2 @@\n def size(items):\n-    return len(items) - 1\n+    return len(items)\n"
    good = f"--- a/app.py\n+++ b/app.py\n{change}"
    (root / "good.patch").write_text(good)
    (root / "bad.patch").write_text(good + "--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-a\n+b\n")
    bad = pier(env, "apply", "bad.patch", cwd=root)
    assert bad.returncode == 1
    assert "gone.py" in bad.stderr
    assert "- 1" in (root / "app.py").read_text()
    assert pier(env, "apply", "--check", "good.patch", cwd=root).stdout == "would change app.py\n"
    assert pier(env, "apply", "good.patch", cwd=root).stdout == "changed app.py\n"
    assert "- 1" not in (root / "app.py").read_text()
    assert pier(env, "apply", "-R", "good.patch", cwd=root).returncode == 0
    assert "- 1" in (root / "app.py").read_text()


def test_sessions_are_listed_and_exported_as_recordings(root: Path, env: dict[str, str]) -> None:
    assert "No sessions here yet" in pier(env, "sessions", str(root)).stdout
    pier(env, "exec", "what is in app.py?", "--profile", "offline", "--path", str(root))
    listed = pier(env, "sessions", str(root)).stdout
    assert "what is in app.py?" in listed
    exported = pier(env, "sessions", str(root), "--export", listed.split()[0])
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert "pier_tui_recording" in lines[0]
    assert lines[1]["type"] == "request_started"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_without_permission_is_one_sentence(root: Path, env: dict[str, str]) -> None:
    folder = Path(env["XDG_STATE_HOME"])
    folder.mkdir()
    folder.chmod(0o500)
    refused(pier(env, "exec", "hi", "--profile", "offline", cwd=root), "state")


def test_a_state_folder_that_is_a_file_is_one_sentence(root: Path, env: dict[str, str]) -> None:
    Path(env["XDG_STATE_HOME"]).write_text("")
    refused(pier(env, "exec", "hi", "--profile", "offline", cwd=root), "state")


def test_a_directory_is_trusted_listed_and_given_up_on_the_command_line(root: Path, env: dict[str, str]) -> None:
    words = ["-m", "pier_tui.cli", "exec", "what is in app.py?", "--profile", "offline", "--path", str(root)]
    run = subprocess.run([sys.executable, *words], check=False, env=env, capture_output=True, text=True)
    refused(run, f"pier-tui trust {root}", "--trust")
    assert "not trusted" in pier(env, "doctor", str(root)).stdout
    assert pier(env, "trust", "--list").stdout == "No directory is trusted yet.\n"
    assert pier(env, "trust", str(root)).stdout == f"trusted: {root}\n"
    assert str(root) in pier(env, "trust", "--list").stdout
    assert "main, 0 changed" in pier(env, "doctor", str(root)).stdout
    run = subprocess.run([sys.executable, *words], check=False, env=env, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert "no longer" in pier(env, "trust", "--revoke", str(root)).stdout
    assert "not trusted" in pier(env, "doctor", str(root)).stdout
    refused(pier(env, "trust", str(root / "gone")), "gone")


def test_sessions_are_renamed_copied_up_to_a_turn_written_out_and_deleted(root: Path, env: dict[str, str]) -> None:
    asked = pier(env, "exec", "what is in app.py?", "--trust", "--path", str(root), "--profile", "offline")
    assert asked.returncode == 0, asked.stderr
    session = pier(env, "sessions", str(root)).stdout.split()[0]
    assert pier(env, "sessions", "--rename", session, "a better title").returncode == 0
    copy = pier(env, "sessions", "--fork", session, "--at", "1").stdout.strip()
    listed = pier(env, "sessions", str(root)).stdout
    assert "a better title" in listed
    assert f"{copy}" in listed
    assert "copy of a better title" in listed
    assert pier(env, "sessions", "--export", copy, "--format", "md").stdout.startswith("# copy of a better title\n")
    refused(pier(env, "sessions", "--fork", session, "--at", "99"), "no turn 99")
    assert pier(env, "sessions", "--delete", copy).returncode == 0
    assert copy not in pier(env, "sessions", str(root)).stdout
    refused(pier(env, "sessions", "--delete", copy), copy)
