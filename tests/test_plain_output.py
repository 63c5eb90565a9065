"""What is printed without a screen: whatever arguments, files, patches and recordings hold, it steers no terminal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pier_tui.cli import main
from pier_tui.ui.text import escaped, special

HOSTILE = "\x1b]52;c;QQ==\x07\x9b2J\u202e\u200b\U000e0041\x7f"
SHOWN = "<U+001B>]52;c;QQ==<U+0007><U+009B>2J<U+202E><U+200B><U+E0041><U+007F>"
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a hostile name, branch, file and content, and the present folder."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    made = tmp_path / f"repo{HOSTILE}"
    made.mkdir()
    (made / f"app{HOSTILE}.py").write_text(
        f'"""{HOSTILE}"""\n\n\ndef size(items):\n    return len(items)  # {HOSTILE}\n'
    )
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", HOSTILE], ["checkout", "-q", "-b", "b\u202ex"]):
        subprocess.run([*GIT, *words], cwd=made, check=True)
    monkeypatch.chdir(made)
    return made


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code and all that was printed."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out + printed.err


@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        ["open", ".", HOSTILE],
        ["open", "--threshold", HOSTILE],
        ["open", "--only", HOSTILE],
        ["open", f"--{HOSTILE}"],
        ["open", "--profile", HOSTILE],
        ["exec", "--max-cost", HOSTILE, "x"],
        ["exec", "--path", HOSTILE, "x"],
        ["replay-session", HOSTILE],
        ["apply", HOSTILE],
        ["sessions", HOSTILE],
        ["sessions", "--export", HOSTILE],
        ["doctor", HOSTILE],
    ],
    ids=lambda words: " ".join(words).encode("ascii", "ignore").decode().replace("\x1b", "").replace("\x07", ""),
)
def test_arguments_are_repeated_only_as_safe_text(
    words: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = run(capsys, *words)
    assert code != 0 or words[0] == "doctor"
    assert not special().search(printed)


def test_a_hostile_repository_prints_nothing_that_steers(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offline = ("--profile", "offline")
    asked = run(capsys, "exec", "--trust", *offline, "where is size used")[1]
    read = run(capsys, "exec", "--trust", *offline, f"explain app{HOSTILE}.py")[1]
    found = [asked, read, run(capsys, "doctor", *offline)[1], run(capsys, "sessions")[1]]
    assert [text for text in found if special().search(text)] == []
    assert SHOWN in "".join(found)


def test_events_as_json_are_the_same_to_a_parser_and_steer_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, printed = run(capsys, "exec", "--trust", "--profile", "offline", "--json", f"where is {HOSTILE} used")
    assert not special().search(printed)
    events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert any(event.get("text") == f"where is {HOSTILE} used" for event in events)


def test_json_is_escaped_without_loss() -> None:
    value = {"a": f"{HOSTILE}é日本क्\u200dष"}
    text = escaped(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert "\\u202e" in text
    assert "\\udb40\\udc41" in text
    assert "क्\u200dष" in text


def test_a_patch_that_does_not_apply_is_refused_in_safe_words(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = f"--- a/{HOSTILE}\n+++ b/{HOSTILE}\n@@ -1 +1 @@ {HOSTILE}\n-{HOSTILE}\n+x\n"
    Path("bad.patch").write_text(hostile)
    Path("worse.patch").write_text(
        f"*** Begin Patch\n*** Update File: {HOSTILE}\n@@ {HOSTILE}\n-a\n+b\n*** End Patch\n"
    )
    for name in ("bad.patch", "worse.patch"):
        code, printed = run(capsys, "apply", name)
        assert code != 0
        assert printed
        assert not special().search(printed)


def test_a_recording_that_is_none_is_refused_in_safe_words(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = '{"pier_tui_recording": 1, "date": "d", "profile": "p", "source": "s"}'
    for number, text in enumerate((HOSTILE, f"{header}\n{HOSTILE}", f'{header}\n{{"type": "{HOSTILE[7:10]}"}}')):
        Path(f"{number}.jsonl").write_text(text)
        code, printed = run(capsys, "replay-session", f"{number}.jsonl")
        assert code != 0
        assert not special().search(printed)
