"""The only place that starts git, and the only way it is started: nothing a repository's config names may run.

A repository is untrusted input. `git status` alone can start fsmonitor, filter, textconv and hook programs
named in its config; here they are all switched off, the drivers by name. GitPython is not used: it starts
git with the repository's own config.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pier_tui.errors import RepositoryError
from pier_tui.seams import call

FIXED = (
    "--no-optional-locks",
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "protocol.allow=never",
    "-c",
    "submodule.recurse=false",
    "-c",
    "core.sshCommand=false",
    "-c",
    "credential.helper=",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "tag.gpgSign=false",
    "-c",
    "core.untrackedCache=keep",
    "-c",
    "diff.orderFile=/dev/null",
)
DIFF = (
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=all",
    "--no-color",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "USER", "XDG_CONFIG_HOME")
DRIVERS: dict[str, tuple[tuple[str, str], ...]] = {
    "filter": (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")),
    "merge": (("driver", ""),),
    "diff": (("textconv", ""), ("command", "")),
}


def environment(root: Path) -> dict[str, str]:
    """The environment git gets: no GIT_* of ours, no prompt, English messages, no search above `root`."""
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | {
        "GIT_TERMINAL_PROMPT": "0",
        # A repository may allow protocols by name, which outweighs `protocol.allow`; this outweighs both. Without
        # it, a missing object of a partial clone is fetched from a remote that may be a program.
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CEILING_DIRECTORIES": str(root.parent),
        "GIT_ASKPASS": "false",
        "SSH_ASKPASS": "false",
        "GIT_EDITOR": "false",
        "GIT_PAGER": "cat",
        "LC_ALL": "C.UTF-8",
    }


def arguments(root: Path, args: tuple[str, ...]) -> list[str]:
    """The whole command line for `args` in the work tree `root`."""
    tree = () if args[:1] == ("init",) or "--no-index" in args else (f"--work-tree={root}",)
    if args[:1] == ("diff",):
        args = ("diff", *DIFF, *args[1:])
    return ["git", *FIXED, *tree, *args]


def own_config(listing: bytes) -> dict[str, str]:
    """The keys the repository itself sets, from `config --list -z --show-scope`; user and system scope left out."""
    found: dict[str, str] = {}
    fields = listing.split(b"\0")
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        if scope in (b"local", b"worktree"):
            key, _, value = entry.partition(b"\n")
            found[os.fsdecode(key)] = os.fsdecode(value)
    return found


def blanked(keys: Mapping[str, str]) -> dict[str, str]:
    """Environment that blanks every driver named in `keys`. By environment: a name may hold `=`."""
    drivers = {(kind, name.rpartition(".")[0]) for kind, _, name in (key.partition(".") for key in keys)}
    pairs = [
        (f"{kind}.{name}.{field}", value)
        for kind, name in sorted(drivers)
        if name and kind in DRIVERS
        for field, value in DRIVERS[kind]
    ]
    found = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for index, (key, value) in enumerate(pairs):
        found |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return found


def refusal(args: tuple[str, ...], code: int, stderr: bytes) -> RepositoryError:
    """Git's failure as one sentence."""
    text = stderr.decode("utf-8", "replace").strip()
    lines = [line for line in text.splitlines() if not line.startswith(("hint:", "warning:"))]
    reason = lines[0].removeprefix("fatal: ").removeprefix("error: ") if lines else f"exit code {code}"
    if "dubious ownership" in text:
        reason = "the repository belongs to another user; add it to git's safe.directory if you trust it"
    return RepositoryError(f"git {args[0]} failed: {reason}")


def absent() -> RepositoryError:
    """The sentence for a machine without git."""
    return RepositoryError("git is not installed or not on PATH: install git, or open the folder read-only")


def _unstarted(error: OSError) -> RepositoryError:
    """Why git could not be started, as one sentence."""
    if isinstance(error, FileNotFoundError):
        return absent()
    return RepositoryError(f"git cannot be started ({error.strerror}): close some programs and try again")


def _configured(args: tuple[str, ...]) -> bool:
    return args[:1] != ("init",) and args[:1] != ("config",) and "--no-index" not in args


CONFIG = ("config", "--list", "-z", "--show-scope")


def _clean_slate(args: tuple[str, ...]) -> dict[str, str]:
    """Comparing two loose files must not depend on anybody's attributes or line-ending settings."""
    if "--no-index" not in args or args[:1] != ("diff",):
        return {}
    return {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"} | {
        "XDG_CONFIG_HOME": os.devnull,
        "HOME": os.devnull,
        # No repository at all, also where the folder of the files lies in one.
        "GIT_DIR": os.devnull,
    }


async def _start(
    root: Path, args: tuple[str, ...], stdin: bytes | None, env: Mapping[str, str]
) -> tuple[int, bytes, bytes]:
    try:
        process = await call(
            "proc.start",
            asyncio.create_subprocess_exec,
            *arguments(root, args),
            cwd=root,
            env=env,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise _unstarted(error) from error
    try:
        out, err = await process.communicate(stdin)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out, err


def _start_sync(
    root: Path, args: tuple[str, ...], stdin: bytes | None, env: Mapping[str, str]
) -> tuple[int, bytes, bytes]:
    try:
        ended = call(
            "proc.start",
            subprocess.run,
            arguments(root, args),
            cwd=root,
            env=env,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise _unstarted(error) from error
    return ended.returncode, ended.stdout, ended.stderr


async def git(root: Path, *args: str, stdin: bytes | None = None, check: bool = True) -> bytes:
    """Run git in the work tree `root` and return its stdout.

    Raises RepositoryError when git is missing, or fails and `check` is set. Exit codes above 1 fail even
    without `check`, since 1 is an answer ("differs", "not ignored") and more is an error.
    """
    env = environment(root) | _clean_slate(args)
    if _configured(args):
        code, listing, err = await _start(root, CONFIG, None, env)
        if code:
            raise refusal(args, code, err)
        env |= blanked(own_config(listing))
    return _answer(args, check, await _start(root, args, stdin, env))


def git_sync(
    root: Path, *args: str, stdin: bytes | None = None, check: bool = True, env: Mapping[str, str] | None = None
) -> bytes:
    """The same as `git` for threads and small one-off questions. `env` adds variables such as a fixed date."""
    full = environment(root) | _clean_slate(args) | dict(env or {})
    if _configured(args):
        code, listing, err = _start_sync(root, CONFIG, None, full)
        if code:
            raise refusal(args, code, err)
        full |= blanked(own_config(listing))
    return _answer(args, check, _start_sync(root, args, stdin, full))


def _answer(args: tuple[str, ...], check: bool, ended: tuple[int, bytes, bytes]) -> bytes:
    code, out, err = ended
    if code and (check or code not in (0, 1)):
        raise refusal(args, code, err)
    return out
