from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pier_tui.errors import RepositoryError
from pier_tui.repo.git import git, git_sync, own_config
from pier_tui.repo.history import known_as
from pier_tui.repo.making import diff_bytes
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.patch import apply
from pier_tui.repo.repo import Repo, opened
from pier_tui.repo.sample import make_sample
from pier_tui.repo.scratch import Scratch


async def test_a_repository_opens_from_any_folder_below(work: Path) -> None:
    repo = Repo.open(work / "lib")
    assert (repo.root, repo.branch) == (work, "main")
    (work / "a.txt").write_text("changed\n")
    (work / "ü new").write_text("x")
    (work / ".gitignore").write_text("*.log\n")
    (work / "x.log").write_text("x")
    assert await repo.status() == await repo.status()
    status = await repo.status()
    assert (status.branch, status.dirty, status.paths) == ("main", 3, ("a.txt", ".gitignore", "ü new"))
    assert await repo.files() == (".gitignore", "a.txt", "lib/b.txt", "ü new")
    assert repo.files_sync() == await repo.files()
    assert await repo.ignored(["x.log", "a.txt"]) == {"x.log"}
    patch = await repo.working_diff()
    assert (patch.paths, patch.added, patch.removed) == (("a.txt",), 1, 10)


async def test_renames_and_deletions_are_status_and_files(work: Path, run_git) -> None:
    run_git(work, "mv", "a.txt", "z.txt")
    (work / "lib/b.txt").unlink()
    repo = Repo.open(work)
    assert set((await repo.status()).paths) == {"a.txt", "z.txt", "lib/b.txt"}
    (work / "nested").mkdir()
    run_git(work / "nested", "init", "-q")
    (work / "nested" / "f").write_text("x")
    assert await repo.files() == ("z.txt",)
    shutil.rmtree(work / "nested")
    assert [f.status for f in (await repo.working_diff()).files] == ["deleted", "renamed"]


async def test_an_empty_repository_and_a_detached_head_work(tmp_path: Path, work: Path, run_git) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run_git(empty, "init", "-q")
    (empty / "f").write_text("x")
    repo = Repo.open(empty)
    assert repo.branch == "no commits yet"
    assert (await repo.status()).branch == "no commits yet"
    assert (await repo.working_diff()).files == ()
    assert await repo.files() == ("f",)
    run_git(work, "checkout", "-q", "--detach")
    commit = run_git(work, "rev-parse", "HEAD").decode()[:7]
    assert Repo.open(work).branch == f"detached at {commit}"
    assert (await Repo.open(work).status()).branch == f"detached at {commit}"


def test_what_cannot_be_opened_is_refused_in_a_sentence(tmp_path: Path, work: Path, run_git) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(RepositoryError, match="git init"):
        Repo.open(tmp_path / "plain")
    with pytest.raises(RepositoryError, match="does not exist"):
        Repo.open(tmp_path / "missing")
    run_git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(RepositoryError, match="bare"):
        Repo.open(tmp_path / "bare.git")
    with pytest.raises(RepositoryError, match="git's own folder"):
        Repo.open(work / ".git")
    run_git(work, "config", "core.bare", "true")
    with pytest.raises(RepositoryError, match="bare"):
        Repo.open(work)


async def test_a_folder_without_git_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x").write_text("x")
    (tmp_path / "f").write_text("x")
    repo = Repo.plain(tmp_path)
    assert await repo.files() == ("f",)
    assert ((await repo.status()).dirty, repo.branch, await repo.working_diff()) == (0, "", await repo.working_diff())
    assert Overlay(tmp_path).list() == ("f",)
    assert not opened(tmp_path).is_git


async def test_a_linked_worktree_opens(work: Path, run_git, tmp_path: Path) -> None:
    run_git(work, "worktree", "add", "-q", str(tmp_path / "side"), "-b", "side")
    repo = Repo.open(tmp_path / "side" / "lib")
    assert (repo.root, repo.branch, (await repo.status()).dirty) == (tmp_path / "side", "side", 0)


async def test_git_says_what_is_wrong(work: Path) -> None:
    with pytest.raises(RepositoryError, match="git rev-parse failed"):
        await git(work, "rev-parse", "--verify", "nothing")
    with pytest.raises(RepositoryError, match="git cat-file failed"):
        git_sync(work, "cat-file", "-p", "nothing")


VECTORS = """
[core]
    fsmonitor = {mark} fsmonitor
    hooksPath = {hooks}
    sshCommand = {mark} ssh
    pager = {mark} pager
    editor = {mark} editor
    worktree = {elsewhere}
[filter "evil"]
    clean = {mark} clean
    smudge = {mark} smudge
    process = {mark} process
    required = true
[filter "e=v\\"il"]
    clean = {mark} equals
    required = true
[merge "evil"]
    driver = {mark} merge
[diff "evil"]
    textconv = {mark} textconv
    command = {mark} command
[diff]
    external = {mark} external
[include]
    path = more
[credential]
    helper = !{mark} credential
[pager]
    status = {mark} pagerstatus
    diff = {mark} pagerdiff
"""


@pytest.fixture
def hostile(work: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A repository whose config and attributes start a program that leaves its name in a file."""
    log, script, hooks = tmp_path / "fired", tmp_path / "mark", tmp_path / "hooks"
    script.write_text(f'#!/bin/sh\necho "$1" >> {log}\ncat 2>/dev/null\n')
    script.chmod(0o755)
    hooks.mkdir()
    for folder in (hooks, work / ".git/hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
            (folder / name).write_text(f"#!/bin/sh\necho {name} >> {log}\n")
            (folder / name).chmod(0o755)
    with (work / ".git/config").open("a") as config:
        config.write(VECTORS.format(mark=script, hooks=hooks, elsewhere=tmp_path))
    (work / ".git/more").write_text(f'[filter "included"]\n\tclean = {script} included\n\trequired = true\n')
    (work / ".gitattributes").write_text(
        '*.txt filter=evil diff=evil merge=evil\n*.py filter=included\n*.c filter=e=v"il\n'
    )
    (work / "a.txt").write_text("".join(f"{c}\n" for c in "ABcdefghij"))
    (work / "new.py").write_text("x\n")
    (work / "new.c").write_text("x\n")
    os.utime(work / "lib/b.txt", (1, 1))
    return work, log


def test_the_hostile_repository_would_fire_in_plain_git(hostile: tuple[Path, Path], run_git) -> None:
    root, log = hostile
    run_git(root, "--work-tree=.", "status", check=False)
    run_git(root, "--work-tree=.", "diff", check=False)
    assert "fsmonitor" in log.read_text()
    assert "process" in log.read_text()


async def test_nothing_a_repository_names_is_run(hostile: tuple[Path, Path]) -> None:
    root, log = hostile
    for scope in (root, root / "lib"):
        repo = Repo.open(scope)
        assert repo.root == root
        assert set((await repo.status()).paths) >= {"a.txt", ".gitattributes", "new.py", "new.c"}
        assert "new.py" in await repo.files()
        assert repo.files_sync() == await repo.files()
        assert await repo.ignored(["a.txt"]) == frozenset()
        assert (await repo.working_diff()).paths == ("a.txt",)
    overlay = Overlay(root)
    overlay.write("a.txt", b"x\n")
    assert "a.txt" in overlay.list()
    assert overlay.patch().added == 1
    scratch = Scratch(root)
    await scratch.sync(overlay)
    assert await scratch.changes() == {}
    scratch.close()
    assert apply(root, b"--- a/new.py\n+++ b/new.py\n@@ -1 +1 @@\n-x\n+y\n").ok
    big = b"".join(b"%d\n" % n for n in range(3000))
    assert diff_bytes(big, big[::-1], "a.txt").hunks
    assert not log.exists(), log.read_text()


def test_only_the_repositorys_own_drivers_are_blanked() -> None:
    listing = b"global\0filter.lfs.clean\ngit-lfs clean\0local\0filter.x.y.clean\nevil\0worktree\0core.bare\0"
    assert own_config(listing) == {"filter.x.y.clean": "evil", "core.bare": ""}


def test_variables_of_the_environment_do_not_lead_git_astray(work: Path, tmp_path: Path) -> None:
    code = "import sys; from pier_tui.repo.repo import Repo; r = Repo.open(sys.argv[1]); print(r.root, r.branch)"
    env = {
        **os.environ,
        "GIT_DIR": "/nowhere",
        "GIT_WORK_TREE": "/",
        "GIT_CONFIG_COUNT": "x",
        "GIT_EXTERNAL_DIFF": "false",
    }
    out = subprocess.run([sys.executable, "-c", code, str(work)], env=env, capture_output=True, check=True, text=True)
    assert out.stdout.split() == [str(work), "main"]


async def test_a_cancelled_git_is_not_left_running(work: Path) -> None:
    task = asyncio.create_task(git(work, "cat-file", "--batch", stdin=None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_sample_is_the_same_every_time_and_fails_in_two_places(tmp_path: Path) -> None:
    first, second = make_sample(tmp_path / "one"), make_sample(tmp_path / "two")
    heads = {git_sync(root, "rev-parse", "HEAD") for root in (first, second)}
    assert len(heads) == 1
    assert Repo.open(first).branch == "main"
    ended = subprocess.run([sys.executable, "-m", "unittest"], cwd=first, capture_output=True, text=True, check=False)
    assert "FAILED (failures=1, errors=1)" in ended.stderr
    assert "'Inventory' object has no attribute 're_stock'" in ended.stderr
    assert len([p for p in first.glob("shop/*.py") if "calc" in p.read_text()]) >= 4
    for path, old, new in (
        ("shop/discounts.py", "quantity > BULK", "quantity >= BULK"),
        ("shop/orders.py", "re_stock", "restock"),
    ):
        (first / path).write_text((first / path).read_text().replace(old, new))
    assert (
        subprocess.run([sys.executable, "-m", "unittest"], cwd=first, capture_output=True, check=False).returncode == 0
    )
    with pytest.raises(RepositoryError, match="not empty"):
        make_sample(first)


def test_a_repository_is_known_by_where_it_is_cloned_from_else_by_its_first_commit(
    work: Path, tmp_path: Path, run_git
) -> None:
    first = run_git(work, "rev-parse", "HEAD").decode()[:8]
    named = []
    for url in (
        "",
        "https://me@host.example/team/work.git",
        "git@host.example:Team/work",
        "https://host.example/x/work",
    ):
        root = tmp_path / str(len(named)) / "work"
        shutil.copytree(work, root)
        if url:
            run_git(root, "remote", "add", "origin", url)
        named.append(known_as(root))
    (tmp_path / "empty").mkdir()
    run_git(tmp_path / "empty", "init", "-q")
    assert named[0] == f"work@{first}"
    assert named[1] == named[2]
    assert len({*named}) == 3
    assert all(name.startswith("work@") and "host" not in name for name in named)
    assert known_as(tmp_path / "empty") == "empty"
