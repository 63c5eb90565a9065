"""The text of the macOS profile. Nothing here runs it: that needs a Mac."""

from __future__ import annotations

import re
from pathlib import Path

from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.seatbelt import PROGRAM, arguments, profile

ROOT = Path('/private/tmp/pier/a b/pro"ject)')


def given(writable: bool = True) -> tuple[dict[str, str], str]:
    words = arguments(ROOT, Path("/private/tmp/pier/t"), Path("/Users/me"), writable=writable)
    assert words[0] == PROGRAM
    assert words[-2] == "-p"
    options = words[1:-2]
    assert set(options[::2]) == {"-D"}
    return dict(word.split("=", 1) for word in options[1::2]), words[-1]


def balanced(text: str) -> bool:
    plain = re.sub(r'#?"[^"]*"', "", text)
    return plain.count("(") == plain.count(")")


def test_paths_are_parameters_and_never_text() -> None:
    values, text = given()
    assert values["ROOT"] == str(ROOT)
    assert values["HOME"] == "/Users/me"
    assert "ject" not in text
    assert "/Users" not in text
    assert set(re.findall(r'\(param "(\w+)"\)', text)) == set(values)
    assert balanced(text)


def test_everything_is_denied_first_and_the_network_stays_so() -> None:
    rules = given()[1].split("\n")
    assert rules[:2] == ["(version 1)", "(deny default)"]
    assert "(deny network*)" in rules
    assert not any("allow network" in rule or "appleevent" in rule for rule in rules)
    assert "(allow pseudo-tty)" in rules


def test_only_the_copy_and_a_temporary_folder_are_written_and_nothing_when_read_only() -> None:
    allowed = [rule for rule in given()[1].split("\n") if rule.startswith("(allow file-write*")]
    assert allowed == [
        '(allow file-write* (subpath (param "TEMPORARY")))',
        '(allow file-write* (subpath (param "ROOT")))',
    ]
    assert '(allow file-write* (subpath (param "ROOT")))' not in given(writable=False)[1]


def test_protected_names_are_denied_after_the_copy_is_allowed_in_any_case_at_any_depth() -> None:
    text = given()[1]
    allowed = text.index('(allow file-write* (subpath (param "ROOT")))')
    patterns = re.findall(r'\(deny file-write\* \(require-all \(subpath \(param "ROOT"\)\) \(regex #"(.+)"\)\)\)', text)
    assert text.index(patterns[0]) > allowed
    for path in ("/x/.git/config", "/x/sub/.GIT", "/x/.envrc", "/x/.vscode/tasks.json", "/x/AGENTS.md", "/x/.husky/a"):
        assert any(re.search(pattern, path) for pattern in patterns), path
    for path in ("/x/.gitignore", "/x/git/config", "/x/my.envrc", "/x/agents.mdx"):
        assert not any(re.search(pattern, path) for pattern in patterns), path


def test_no_folder_on_the_way_can_be_renamed_away() -> None:
    values, text = given()
    for name in ("ROOT", *(name for name in values if name.startswith("ABOVE_"))):
        assert f'(deny file-write-unlink file-write-create (literal (param "{name}")))' in text
    assert {values[name] for name in values if name.startswith("ABOVE_")} == {
        "/private",
        "/private/tmp",
        "/private/tmp/pier",
        "/private/tmp/pier/a b",
    }


def test_secrets_in_home_are_denied_and_a_repository_in_home_is_still_read() -> None:
    text = profile(0, home=True, writable=True)
    assert text.index('"/.ssh"') < text.index('(allow file-read* (subpath (param "ROOT")))')
    assert "HOME" not in profile(0, home=False, writable=True)


def test_its_label_says_that_nobody_has_run_it() -> None:
    sandbox = Sandbox("partial", "seatbelt")
    assert "untested on a Mac" in sandbox.label
    assert not sandbox.active
