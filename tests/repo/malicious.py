"""Repositories made to run a program of theirs as soon as git looks at them, one shape each, made on the spot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HOOKS = (
    "post-index-change",
    "pre-commit",
    "post-checkout",
    "reference-transaction",
    "fsmonitor-watchman",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


ENDS = 'case "$1" in ext|uploadpack|ssh|proxy|fsmonitor|credential) exit 0;; esac\n'
"""What talks to git both ways must end at once, or both wait for each other."""


@dataclass(frozen=True)
class Trap:
    """A repository, the program its shapes name, and where that program leaves a word when it is run."""

    root: Path
    mark: Path
    log: Path

    @property
    def fired(self) -> list[str]:
        """What was run."""
        return self.log.read_text().split() if self.log.exists() else []

    def git(self, *words: str, at: Path | None = None) -> None:
        """Plain git, for laying the trap."""
        subprocess.run(["git", *words], cwd=at or self.root, env=ENVIRONMENT, capture_output=True, check=False)

    def config(self, text: str, file: str = ".git/config") -> None:
        """Add to a configuration; `$` is the program."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as out:
            out.write(text.replace("$", str(self.mark)) + "\n")

    def attributes(self, text: str) -> None:
        """Add to .gitattributes, and make every file look touched, so that git has to read it again."""
        with (self.root / ".gitattributes").open("a") as out:
            out.write(text + "\n")
        for path in self.root.glob("*.txt"):
            os.utime(path, (1, 1))


def lay(folder: Path) -> Trap:
    """A repository of three committed files with changes in one, and the program."""
    root, mark, log = folder / "repo", folder / "mark", folder / "fired"
    root.mkdir(parents=True)
    mark.write_text(f'#!/bin/sh\necho "${{1:-run}}" >> {log}\n{ENDS}cat 2>/dev/null\nexit 0\n')
    mark.chmod(0o755)
    trap = Trap(root, mark, log)
    for name in ("a.txt", "b.txt", "test_c.py"):
        (root / name).write_text(f"{name}\none\ntwo\n")
    trap.git("init", "-q", "-b", "main")
    trap.git("add", ".")
    trap.git("commit", "-q", "-m", "first")
    (root / "a.txt").write_text("a.txt\none\nchanged\n")
    (root / "new.txt").write_text("new\n")
    return trap


def _hooks(trap: Trap, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        (folder / name).write_text(f"#!/bin/sh\n{trap.mark} {name}\n")
        (folder / name).chmod(0o755)


def hooks_folder(trap: Trap) -> None:
    _hooks(trap, trap.root / ".git/hooks")


def hooks_path(trap: Trap) -> None:
    _hooks(trap, trap.root / "tools")
    trap.config("[core]\n hooksPath = tools")


def filtered(*lines: str) -> Callable[[Trap], None]:
    def lay_filter(trap: Trap) -> None:
        trap.config('[filter "evil"]\n' + "\n".join(f" {line}" for line in lines))
        trap.attributes("*.txt filter=evil")

    return lay_filter


def odd_name(trap: Trap) -> None:
    trap.config('[Filter "e=v\\"i.l"]\n clean = $ odd\n required = true')
    trap.attributes('*.txt filter=e=v"i.l')


def lfs(trap: Trap) -> None:
    trap.config('[filter "lfs"]\n clean = $ lfs\n smudge = $ lfs\n process = $ lfs\n required = true')
    trap.attributes("*.txt filter=lfs diff=lfs merge=lfs -text")


def driver(kind: str, field: str) -> Callable[[Trap], None]:
    def lay_driver(trap: Trap) -> None:
        trap.config(f'[{kind} "evil"]\n {field} = $ {kind}-{field}')
        trap.attributes(f"*.txt {kind}=evil")

    return lay_driver


def attributes_file(trap: Trap) -> None:
    (trap.root / "elsewhere").write_text("*.txt filter=evil diff=evil\n")
    trap.config('[core]\n attributesFile = elsewhere\n[filter "evil"]\n clean = $ attributesfile')
    trap.attributes("")


def info_attributes(trap: Trap) -> None:
    trap.config('[filter "evil"]\n clean = $ info')
    (trap.root / ".git/info").mkdir(exist_ok=True)
    (trap.root / ".git/info/attributes").write_text("*.txt filter=evil\n")
    trap.attributes("")


def included(trap: Trap) -> None:
    trap.config("[include]\n path = ../more")
    trap.config('[core]\n fsmonitor = $ include\n[filter "in"]\n clean = $ included', "more")
    trap.attributes("*.txt filter=in")


def included_if(trap: Trap) -> None:
    trap.config('[includeIf "gitdir:**"]\n path = ../more\n[includeIf "onbranch:main"]\n path = ../more')
    trap.config('[core]\n fsmonitor = $ includeif\n[filter "in"]\n clean = $ includedif', "more")
    trap.attributes("*.txt filter=in")


def worktree_config(trap: Trap) -> None:
    trap.config("[core]\n repositoryformatversion = 1\n[extensions]\n worktreeConfig = true")
    trap.config('[core]\n fsmonitor = $ wt\n[filter "wt"]\n clean = $ worktree', ".git/config.worktree")
    trap.attributes("*.txt filter=wt")


def gitdir_file(trap: Trap) -> None:
    fsmonitor(trap)
    filtered("clean = $ gitdir")(trap)
    (trap.root / ".git").rename(trap.root / "hidden")
    (trap.root / ".git").write_text("gitdir: hidden\n")


def git_link(trap: Trap) -> None:
    fsmonitor(trap)
    (trap.root / ".git").rename(trap.root / "hidden")
    (trap.root / ".git").symlink_to("hidden")


def common_dir(trap: Trap) -> None:
    fsmonitor(trap)
    filtered("clean = $ commondir")(trap)
    (trap.root / ".git").rename(trap.root / "shared")
    (trap.root / ".git").mkdir()
    (trap.root / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (trap.root / ".git/commondir").write_text("../shared\n")
    (trap.root / ".git/index").write_bytes((trap.root / "shared/index").read_bytes())


def work_tree_elsewhere(trap: Trap) -> None:
    outside = trap.root.parent / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("x\n")
    trap.config(f"[core]\n worktree = {outside}\n fsmonitor = $ worktree")


def alternates(trap: Trap) -> None:
    trap.config("[core]\n alternateRefsCommand = $ alternates\n alternateRefsPrefixes = refs")
    (trap.root / ".git/objects/info").mkdir(exist_ok=True)
    (trap.root / ".git/objects/info/alternates").write_text(f"{trap.root.parent}\n")


def submodule(trap: Trap) -> None:
    sub = trap.root / "sub"
    sub.mkdir()
    (sub / "f.txt").write_text("x\n")
    trap.git("init", "-q", at=sub)
    trap.git("add", ".", at=sub)
    trap.git("commit", "-qm", "x", at=sub)
    trap.git("add", "sub")
    trap.git("commit", "-qm", "sub")
    text = '[core]\n fsmonitor = $ submodule\n[filter "evil"]\n clean = $ sub-clean\n[diff]\n external = $ sub-diff'
    trap.config(text, "sub/.git/config")
    (sub / ".gitattributes").write_text("*.txt filter=evil\n")
    (sub / "f.txt").write_text("y\n")
    trap.config('[submodule]\n recurse = true\n[submodule "sub"]\n update = !$ update\n active = true')
    (trap.root / ".gitmodules").write_text(f'[submodule "sub"]\n path = sub\n url = ext::{trap.mark}\n update = !x\n')
    trap.config("[status]\n submoduleSummary = true\n[diff]\n submodule = log\n ignoreSubmodules = none")


def embedded_bare(trap: Trap) -> None:
    bare = trap.root / "lib"
    trap.git("init", "-q", "--bare", str(bare))
    trap.config("[core]\n fsmonitor = $ bare\n bare = false\n worktree = ..\n[diff]\n external = $ bare", "lib/config")


def lazy_fetch(url: str, allow: str) -> Callable[[Trap], None]:
    """A partial clone whose missing object is fetched from a remote that is a program."""

    def lay_promise(trap: Trap) -> None:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD:a.txt"], cwd=trap.root, env=ENVIRONMENT, capture_output=True, check=True
        ).stdout.decode()
        (trap.root / ".git/objects" / found[:2] / found[2:].strip()).unlink()
        trap.config("[core]\n repositoryformatversion = 1\n[extensions]\n partialClone = origin")
        trap.config(f'[remote "origin"]\n url = {url}\n promisor = true\n partialclonefilter = blob:none')
        trap.config(f' uploadpack = $ uploadpack\n[protocol "{allow}"]\n allow = always\n[core]\n sshCommand = $ ssh')

    return lay_promise


def fsmonitor(trap: Trap) -> None:
    trap.config("[core]\n fsmonitor = $ fsmonitor")


def setting(text: str) -> Callable[[Trap], None]:
    return lambda trap: trap.config(text)


def signature(trap: Trap) -> None:
    trap.config("[gpg]\n program = $ gpg\n[log]\n showSignature = true\n[commit]\n gpgSign = true")
    trap.config('[gpg "ssh"]\n program = $ gpgssh\n defaultKeyCommand = $ key\n[gpg "x509"]\n program = $ x509')


SHAPES: dict[str, Callable[[Trap], None]] = {
    "fsmonitor": fsmonitor,
    "hooks": hooks_folder,
    "hooks-path": hooks_path,
    "filter-clean": filtered("clean = $ clean"),
    "filter-smudge": filtered("smudge = $ smudge", "required = true"),
    "filter-process": filtered("process = $ process", "required = true"),
    "filter-odd-name": odd_name,
    "filter-lfs": lfs,
    "diff-external": setting("[diff]\n external = $ external"),
    "diff-textconv": driver("diff", "textconv"),
    "diff-command": driver("diff", "command"),
    "merge-driver": driver("merge", "driver"),
    "attributes-file": attributes_file,
    "info-attributes": info_attributes,
    "ssh-command": setting('[core]\n sshCommand = $ ssh\n gitProxy = $ proxy\n[remote "origin"]\n url = ssh://h/x'),
    "pager": setting("[core]\n pager = $ pager\n[pager]\n status = $ p\n diff = $ p\n config = $ p\n ls-files = $ p"),
    "editor": setting("[core]\n editor = $ editor\n askPass = $ ask\n[sequence]\n editor = $ sequence"),
    "credentials": setting('[credential]\n helper = !$ credential\n[remote "origin"]\n url = https://localhost:9/x'),
    "include": included,
    "include-if": included_if,
    "worktree-config": worktree_config,
    "gitdir-file": gitdir_file,
    "git-link": git_link,
    "commondir": common_dir,
    "work-tree-elsewhere": work_tree_elsewhere,
    "alternates": alternates,
    "submodule": submodule,
    "embedded-bare": embedded_bare,
    "signature": signature,
    "mailmap": setting(
        "[mailmap]\n file = /dev/tty\n[blame]\n ignoreRevsFile = /dev/tty\n[diff]\n orderFile = /dev/tty"
    ),
    "pack-objects-hook": setting("[uploadpack]\n packObjectsHook = $ pack\n allowFilter = true"),
    "lazy-ext": lazy_fetch("ext::$ ext", "ext"),
    "lazy-file": lazy_fetch("file:///nowhere", "file"),
    "lazy-ssh": lazy_fetch("ssh://nowhere/x", "ssh"),
    "alias": setting("[alias]\n status = !$ alias\n st = !$ alias\n[interactive]\n diffFilter = $ filter"),
    "collect": setting("[gc]\n auto = 1\n autoDetach = false\n recentObjectsHook = $ gc\n[maintenance]\n auto = true"),
}
