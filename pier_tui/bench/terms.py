"""What is measured, as a report says it and every run's key holds it: the program, its models, its settings.

Runs under other terms are never counted together. The program is known by what its package holds, so another code
makes other runs and another document does not; where it runs from a checkout, the commit is said as well.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pier_tui
from pier_tui.bench.task import hashed
from pier_tui.errors import RepositoryError
from pier_tui.models.profiles import Profile
from pier_tui.repo.git import git_sync

PACKAGE = Path(pier_tui.__file__).resolve().parent
PORT = re.compile(r"(http://(?:127\.0\.0\.1|localhost|\[::1\])):\d+")
"""A server of this machine gets another port each time, and is the same."""
LEFT_OUT = frozenset({".pyc", ".pyo"})


@dataclass(frozen=True)
class Terms:
    """`said` is for readers, `digest` for keys: equal where the same thing was measured."""

    said: tuple[str, ...]
    digest: str


def terms(profile: Profile, priced: Profile, chosen: Mapping[str, Any], prompts: Path) -> Terms:
    """Of a bench with these models, priced as `priced`, all settings in effect, and the user's folder of prompts."""
    code = _code()
    models = [each.model_dump(mode="json") for each in (profile, priced)]
    under = hashed(PORT.sub(r"\1", json.dumps([models, dict(chosen), contents(prompts)], sort_keys=True)))
    said = (
        f"pier-tui {version('pier-tui')}, {commit_of(PACKAGE)}, code {code[:8]}",
        f"Python {platform.python_version()}",
        f"{models_of(profile)}, profile {profile.name}, settings {under[:8]}",
    )
    return Terms(said, hashed([code, platform.python_version(), under]))


def models_of(profile: Profile) -> str:
    """Both models, by the names of their tiers and their ids."""
    return ", ".join(f"{card.label}: {card.id}" for card in (profile.weak, profile.strong))


@cache
def _code() -> str:
    return contents(PACKAGE)


def contents(folder: Path) -> str:
    """A hash of every file in a folder with its path, compiled ones left out; of none where there is no folder."""
    total = hashlib.sha256()
    for path in sorted(_files(folder)):
        total.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.suffix not in LEFT_OUT and path.is_file())


def commit_of(package: Path) -> str:
    """The commit of the checkout that holds a package, and whether it was changed since; else that there is none."""
    try:
        git_sync(package.parent, "ls-files", "--error-unmatch", f"{package.name}/__init__.py")
        commit = git_sync(package.parent, "rev-parse", "--short=12", "HEAD").decode("ascii").strip()
        changed = git_sync(package.parent, "status", "--porcelain", "--", package.name).strip()
    except RepositoryError:
        return "no checkout"
    return f"commit {commit}{' and changes' if changed else ''}"
