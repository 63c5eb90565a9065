"""Trust in a directory: kept outside of it, lost when it is moved or replaced, and asked before anything is read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from test_wiring import agent, git, run

from pier_tui import wiring
from pier_tui.errors import PierError, RepositoryError, ToolError
from pier_tui.repo.sighting import sight
from pier_tui.trust import TrustBook, admit, listed, trusted_no_more, trusted_now


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    names = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}
    return {"PATH": os.environ["PATH"], **{name: str(tmp_path / folder) for name, folder in names.items()}}


@pytest.fixture
def book(tmp_path: Path) -> TrustBook:
    return TrustBook(tmp_path / "state")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "work" / "repo"
    made.mkdir(parents=True)
    (made / "test_app.py").write_text("def test_one():\n    assert True\n")
    (made / "AGENTS.md").write_text("Always use tabs, says CANARY.\n")
    git(made, "init", "-q")
    return made


def test_a_directory_is_trusted_once_from_any_folder_below_and_by_any_name(
    tmp_path: Path, book: TrustBook, root: Path
) -> None:
    assert book.standing(sight(root)) is None
    book.trust(sight(root))
    (root / "lib").mkdir()
    (tmp_path / "link").symlink_to(root)
    for path in (root, root / "lib", tmp_path / "link" / "lib"):
        assert TrustBook(tmp_path / "state").standing(sight(path)) is not None
    assert book.path.stat().st_mode & 0o777 == 0o600
    assert not list(root.rglob("*trusted*"))


def test_a_directory_that_was_moved_or_replaced_is_not_trusted(book: TrustBook, root: Path) -> None:
    book.trust(sight(root))
    moved = root.rename(root.parent / "moved")
    assert book.standing(sight(moved)) is None
    for _ in range(5):  # a file system may give the same inode number again
        root.mkdir()
        assert book.standing(sight(root)) is None
        shutil.rmtree(root)
    moved.rename(root)
    assert book.standing(sight(root)) is not None


def test_a_directory_replaced_while_the_question_stood_is_not_trusted(book: TrustBook, root: Path) -> None:
    seen = sight(root)
    root.rename(root.parent / "moved")
    root.mkdir()
    with pytest.raises(RepositoryError, match="replaced"):
        book.trust(seen)


def test_a_parent_is_trusted_with_everything_below_and_nothing_beside(
    tmp_path: Path, book: TrustBook, root: Path
) -> None:
    book.trust(sight(root), below=True)
    other = root.parent / "other"
    other.mkdir()
    assert book.standing(sight(other)) is not None
    beside = tmp_path / "work-evil"
    beside.mkdir()
    (root.parent / "out").symlink_to(beside)
    for path in (beside, root.parent / "out"):
        assert book.standing(sight(path)) is None
    assert "everything below" in listed(book)
    root.parent.rename(tmp_path / "gone")
    root.parent.mkdir()
    assert book.standing(sight(root.parent)) is None
    assert "so not trusted" in listed(book)


@pytest.mark.parametrize("how", ["gitdir", "commondir", "link"])
def test_pointing_at_a_trusted_repository_is_no_trust_and_is_shown(
    tmp_path: Path, book: TrustBook, root: Path, how: str
) -> None:
    book.trust(sight(root))
    evil = tmp_path / "evil"
    evil.mkdir()
    if how == "gitdir":
        (evil / ".git").write_text(f"gitdir: {root / '.git'}\n")
    elif how == "link":
        (evil / ".git").symlink_to(root / ".git")
    else:
        (evil / ".git").mkdir()
        (evil / ".git/commondir").write_text(str(root / ".git"))
    seen = sight(evil)
    assert book.standing(seen) is None
    assert str(root / ".git") in " ".join(seen.pointers)
    assert "points to" in trusted_now(book, evil) or how == "link"


def test_pointers_that_are_no_plain_files_are_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git/commondir")
    assert sight(tmp_path).pointers == (".git/commondir points to ",)


def test_trust_is_taken_back_also_from_what_is_gone(book: TrustBook, root: Path) -> None:
    trusted_now(book, root)
    assert trusted_no_more(book, root) == f"trusted no longer: {root}\n"
    assert book.standing(sight(root)) is None
    assert "was not trusted" in trusted_no_more(book, root)
    book.trust(sight(root), below=True)
    assert str(root.parent) in trusted_no_more(book, root)
    shutil.rmtree(root.parent)
    assert "no longer" in trusted_no_more(book, root.parent)
    assert listed(book) == "No directory is trusted yet.\n"


def test_a_file_that_cannot_be_read_trusts_nothing(book: TrustBook, root: Path) -> None:
    book.trust(sight(root))
    whole = book.path.read_text()
    for broken in (whole[:-20], "", "[]", whole.replace('"inode": ', '"inode": "x')):
        book.path.write_text(broken)
        assert book.standing(sight(root)) is None


def test_a_run_without_a_screen_is_refused_by_one_sentence_that_says_what_to_do(book: TrustBook, root: Path) -> None:
    with pytest.raises(RepositoryError, match=r"is not trusted yet: run `pier-tui trust .*` once, or add --trust"):
        admit(book, root)
    book.trust(sight(root))
    admit(book, root)


async def test_an_untrusted_directory_is_looked_at_and_nothing_of_it_acts(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env, trusted=False) as made:
        assert "CANARY" not in made.backbone.repo_card
        assert "no test command" in made.backbone.repo_card
        with pytest.raises(ToolError, match="without trusting it"):
            async for _ in made._p.bench._desk.runner.run("touch here", timeout=1):
                pass
        assert (await run(made, "run the tests"))[-1].type in ("request_ended", "request_failed")
        assert [event async for event in made.repo_changed(("test_app.py",))] != []
    async with agent(root, env) as made:
        assert "CANARY" in made.backbone.repo_card


async def test_instructions_that_changed_or_hide_something_are_told(root: Path, env: dict[str, str]) -> None:
    async def told() -> list[str]:
        async with agent(root, env) as made:
            return [e.text for e in made.history() if e.type == "notice"]

    assert await told() == []
    assert await told() == []
    (root / "AGENTS.md").write_text("Fine\u202e\U000e0041\n")
    first, second = await told()
    assert first == "AGENTS.md was changed since the last session here."
    assert "2 characters that cannot be seen (<U+202E>, <U+E0041>)" in second
    assert len(await told()) == 1
    (root / "AGENTS.md").unlink()
    assert await told() == ["AGENTS.md is gone."]


OURS = 'approval_policy = "never"\nprofile = "sarvam-hosted"\nweak_url = "http://127.0.0.1:9/v1"\nmax_turns = 1\n'


async def test_no_file_of_a_repository_changes_a_setting(
    root: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = wiring.settings({}, env)
    for name in ("pier.toml", "pier-tui.toml", ".pier-tui.toml", "config.toml", "preferences.toml", "approved.toml"):
        (root / name).write_text(OURS + '[[rules]]\nargv = ["curl"]\n')
    for folder in (".pier", ".pier-tui", "pier-tui", ".config/pier-tui", ".local/state/pier-tui"):
        (root / folder).mkdir(parents=True)
        (root / folder / "config.toml").write_text(OURS)
        (root / folder / "trusted.json").write_text("{}")
    (root / "pyproject.toml").write_text(f"[tool.pier]\n{OURS}[tool.pier-tui]\n{OURS}")
    keys = f"PIER_TUI_PROFILE=sarvam-hosted\nSARVAM_API_KEY=stolen\nXDG_CONFIG_HOME={root}\nHOME={root}\n"
    (root / ".env").write_text(keys)
    (root / ".envrc").write_text(keys)
    monkeypatch.chdir(root)
    assert wiring.settings({}, env) == before
    async with agent(root, env) as made:
        assert made.profile.offline


async def test_a_state_folder_left_open_to_others_is_closed(root: Path, env: dict[str, str]) -> None:
    state = wiring.state_dir(env)
    state.mkdir(parents=True, mode=0o777)
    state.chmod(0o777)
    (state / "old.db").write_text("x")
    (state / "old.db").chmod(0o644)
    before = os.umask(0)
    try:
        async with agent(root, env) as made:
            await run(made, "what is in test_app.py?")
            wide = [path for path in [state, *state.rglob("*")] if path.lstat().st_mode & 0o077]
        assert wide == []
    finally:
        os.umask(before)


def test_a_state_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PierError, match="cannot be written"):
        TrustBook(tmp_path / "file" / "state").trust(sight(root))
