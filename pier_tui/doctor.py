"""`pier-tui doctor`: what was found here and what follows from it, a line each. Nothing is changed, no model is called.

A part of the report is a small function that gives rows; keys are told by who holds them, never by what they are.
"""

from __future__ import annotations

import asyncio
import locale
import os
import platform
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pier_tui.agent.harness import labels
from pier_tui.config import Settings, config_dir, prompts_dir, state_dir
from pier_tui.connecting import pick_profile
from pier_tui.errors import PierError
from pier_tui.models.keys import find_key
from pier_tui.models.profiles import Profile
from pier_tui.private import exposed
from pier_tui.repo.git import git
from pier_tui.repo.repo import Repo
from pier_tui.repo.sighting import sight
from pier_tui.tools import environment, probing, seatbelt
from pier_tui.tools.confined import landlock_version
from pier_tui.tools.process import Launch, stream
from pier_tui.tools.sandbox import MOST_OPEN, MOST_PROCESSES, Level, Sandbox
from pier_tui.tools.seccomp import MACHINES
from pier_tui.tools.tool import Ran
from pier_tui.wiring import TIERS, settings, trust_book

Row = tuple[str, str]
"""What a line is about (empty: more of the line before) and what it says."""

ALLOWS: dict[Level, str] = {
    "full": "reading and the project's tests run unasked under on-request; other commands ask, under never they run",
    "partial": "every command asks, and nothing runs unasked but what one of your rules allows",
    "none": "every command asks and runs with your rights; nothing runs unasked but what one of your rules allows",
}
CONFINES: dict[Level, str] = {
    "full": "own processes, no network but its own, home and temporary folders empty, system calls filtered",
    "partial": "files and network are kept from commands; other processes can be seen, and one left behind is killed",
    "none": "nothing is kept from commands but your terminal and your keys; what they leave behind is killed",
}


async def report(path: Path, overrides: Mapping[str, object], env: Mapping[str, str]) -> str:
    """The whole report. Raises ConfigError for a command line that cannot be used."""
    found = settings(overrides, env)
    chosen = found.settings
    sandbox = await probing.probe(readable=(path,), writes=chosen.sandbox)
    rows: list[Row] = [
        *_named("configuration", found.problems or (f"fine, {config_dir(env)}",)),
        *await _repository(path, env),
        *_models(chosen, env),
        *_named("prompts", (f"{tier}: version {label}" for tier, label in labels(prompts_dir(env)).items())),
        *_system(),
        *await _sandbox(sandbox),
        *_policy(chosen, sandbox),
        *_state(env),
        *_terminal(env),
    ]
    return "".join(f"{name:<15} {text}\n" for name, text in rows)


def _named(name: str, texts: Iterable[str]) -> list[Row]:
    """Rows of which the first carries the name."""
    return [("" if n else name, text) for n, text in enumerate(texts)]


async def _repository(path: Path, env: Mapping[str, str]) -> list[Row]:
    try:
        seen = await asyncio.to_thread(sight, path)
        if trust_book(env).standing(seen) is None:
            return [("repository", f"{seen.root}, not trusted (see pier-tui trust), so not looked into")]
        repo = await asyncio.to_thread(Repo.open, path)
        status = await repo.status()
        version = (await git(repo.root, "version")).decode("utf-8", "replace").split()[-1]
    except PierError as error:
        return [("repository", str(error))]
    return [
        ("repository", f"{repo.root}, {status.branch}, {status.dirty} changed"),
        ("git", version),
    ]


def _models(chosen: Settings, env: Mapping[str, str]) -> list[Row]:
    try:
        profile = pick_profile(chosen, env)
    except PierError as error:
        return [("profile", str(error))]
    cards = [f"{tier}: {profile.card(tier).label} ({profile.card(tier).id})" for tier in TIERS]
    return [*_named("profile", [f"{profile.name}: {profile.about}", *cards]), ("key", _key(profile, env))]


def _key(profile: Profile, env: Mapping[str, str]) -> str:
    if profile.key == "none":
        return "not needed"
    where = f"the environment variable {profile.key_env}"
    try:
        if find_key(profile, env) is None:
            return f"none found: set {where}, or store one in the OS keyring"
    except PierError as error:
        return str(error)
    return f"found in {where if env.get(profile.key_env, '').strip() else 'the OS keyring'}"


def _system() -> list[Row]:
    return [
        ("system", f"{platform.system()} {platform.release()} on {platform.machine()}, Python {sys.version.split()[0]}")
    ]


async def _sandbox(sandbox: Sandbox) -> list[Row]:
    texts = [sandbox.label, CONFINES[sandbox.level], ALLOWS[sandbox.level]]
    rows = _named("sandbox", texts)
    if sys.platform == "darwin":
        there = "found" if await asyncio.to_thread(Path(seatbelt.PROGRAM).exists) else "missing"
        return [*rows, ("  sandbox-exec", f"{there}; the profile is untested on a Mac")]
    where = probing.bubblewrap()
    version = await _output(where, "--version") if where else "not installed (the package is called bubblewrap)"
    hint = probing.blocked()
    landlock = landlock_version()
    scoped = ", signals and abstract sockets included" if landlock >= 6 else ""
    machine = platform.machine().lower()
    limits = f"{MOST_OPEN} open files, {MOST_PROCESSES} processes{', which root does not keep' * (os.getuid() == 0)}"
    return [
        *rows,
        ("  bubblewrap", f"{where}: {version}" if where else version),
        *([("  namespaces", hint)] if hint and sandbox.level != "full" else []),
        ("  seccomp", f"filter for {MACHINES[machine].name}" if machine in MACHINES else f"no filter for {machine}"),
        ("  Landlock", f"version {landlock}{scoped}" if landlock else "not in this kernel"),
        ("  limits", f"{limits}; memory is not limited, but a command is ended first when it runs short"),
    ]


async def _output(program: str, *arguments: str) -> str:
    """What a program of the system says of itself."""
    launch = Launch((program, *arguments), environment.for_commands(os.environ))
    try:
        async for piece in stream(launch, folder=Path("/"), timeout=5):
            if isinstance(piece, Ran):
                return " ".join(piece.output.split())[:80]
    except PierError as error:
        return str(error)
    return "no answer"


def _policy(chosen: Settings, sandbox: Sandbox) -> list[Row]:
    unkept = " (cannot be kept without a sandbox; what commands change is dropped)"
    writes = f"{chosen.sandbox}{unkept if chosen.sandbox == 'read-only' and sandbox.level == 'none' else ''}"
    return [("approval", f"{chosen.approval_policy}, {len(chosen.rules)} rules; commands: {writes}")]


def _state(env: Mapping[str, str]) -> list[Row]:
    folder = state_dir(env)
    try:
        found = folder.stat()
    except OSError:
        return [("state", f"{folder}, not made yet")]
    wide = [path for path in exposed(folder) if path != folder]
    open_to = stat.S_IMODE(found.st_mode) & 0o077
    whose = "" if found.st_uid == os.getuid() else ", which belongs to somebody else"
    words = f"others can reach it: chmod 700 {folder}" if open_to else "only you can reach it"
    more = f"; {len(wide)} files in it are open to others, which the next start ends" if wide else ""
    return [("state", f"{folder}{whose}, {words}{more}")]


def _terminal(env: Mapping[str, str]) -> list[Row]:
    colours = env.get("COLORTERM") or "not said, so 256 colours or fewer"
    encoding = locale.getpreferredencoding(False)
    coded = encoding if encoding.lower().replace("-", "") == "utf8" else f"{encoding}: set LANG to a UTF-8 locale"
    return [("terminal", f"TERM={env.get('TERM') or 'not set'}, COLORTERM={colours}, {coded}")]
