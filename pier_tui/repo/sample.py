"""The throw-away repository of the demo: a small shop with two planted bugs and two things worth tidying up.

The bugs: `discounts.bulk_discount` compares with `>` where the tests want `>=`; `orders.OrderBook.cancel` calls
`re_stock`, which `Inventory` names `restock`. Worth renaming: `pricing.calc`. Worth moving: `orders.describe_weight`.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from pier_tui.errors import RepositoryError
from pier_tui.repo.git import git_sync

IDENTITY = {
    "GIT_AUTHOR_NAME": "Robin Keeper",
    "GIT_AUTHOR_EMAIL": "robin@corner-shop.example",
    "GIT_AUTHOR_DATE": "2026-01-05T09:00:00+0000",
    "GIT_COMMITTER_NAME": "Robin Keeper",
    "GIT_COMMITTER_EMAIL": "robin@corner-shop.example",
    "GIT_COMMITTER_DATE": "2026-01-05T09:00:00+0000",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}
FIRST = ("README", "AGENTS", "gitignore", "pyproject", "shop/__init__", "shop/errors", "shop/money")
COMMITS = (
    ("Start the shop with a catalogue and a cart", (*FIRST, "shop/ca", "tests/__init__", "tests/test_cart")),
    ("Price carts with discounts, tax and delivery", ("shop/discounts", "shop/pricing", "tests/test_pricing")),
    ("Take orders, report sales, add the command line", ("shop/", "tests/")),
)
"""Each commit's message and how the names of its templates begin."""


def make_sample(path: Path) -> Path:
    """Write the sample repository into `path`, a folder that is empty or not there, and return it.

    The same call makes the same commits, to the byte. Raises RepositoryError.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise RepositoryError(f"{path} is not empty, so the sample is not written there: choose another folder")
        git_sync(path, "init", "--quiet", "--template=", "--initial-branch=main", ".", env=IDENTITY)
        for message, starts in COMMITS:
            for name, content in templates():
                if name.startswith(starts):
                    write(path / target(name), content)
            git_sync(path, "add", "--all", env=IDENTITY)
            git_sync(path, "commit", "--quiet", "--no-verify", "--message", message, env=IDENTITY)
    except OSError as error:
        raise RepositoryError(f"The sample cannot be written to {path}: {error.strerror}") from error
    return path


def make_repository(path: Path, message: str) -> None:
    """Make a repository of a folder of ours with everything in it committed. Raises RepositoryError."""
    git_sync(path, "init", "--quiet", "--template=", "--initial-branch=main", ".", env=IDENTITY)
    git_sync(path, "add", "--all", "--force", env=IDENTITY)
    git_sync(path, "commit", "--quiet", "--no-verify", "--allow-empty", "--message", message, env=IDENTITY)


def sample_files() -> dict[str, str]:
    """The sample as it stands after its last commit, by path."""
    return {target(name): content.decode("utf-8") for name, content in templates()}


def templates() -> Iterator[tuple[str, bytes]]:
    """Every template file with its name relative to the sample folder, sorted."""
    yield from sorted(below(importlib.resources.files("pier_tui.repo") / "sample", ""))


def below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    """The files of a template folder."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from below(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".txt"):
            yield f"{prefix}{entry.name}", entry.read_bytes()


def target(name: str) -> str:
    """Where a template goes: without its `.txt`, which keeps linters and test runners away from it."""
    return ".gitignore" if name == "gitignore.txt" else name.removesuffix(".txt")


def write(path: Path, content: bytes) -> None:
    """Write one file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
