"""Two real coder models on this machine as the two tiers: what is there, what is missing, and running them.

The files are fetched only when `fetch` is called, which front ends do when the user said so. How a file is fetched
and checked is in `models/local`, how far it got is shown by the front ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pier_tui.models.local.weights as files
from pier_tui.config import cache_dir
from pier_tui.errors import PierError
from pier_tui.models.local.download import elsewhere, fetch
from pier_tui.models.local.servers import MISSING, Plan, installed, serving
from pier_tui.models.local.weights import Weights, catalogue, gigabytes
from pier_tui.models.pinning import vouch
from pier_tui.models.profiles import load_profile

PROFILE = "local-pair"
HONEST = (
    "They are real models, but very small ones: good for seeing turns, routing and caches at work without a key, "
    "slow on a processor, and no match for Sarvam's models; expect them to fail at most coding tasks."
)
Report = Callable[[Weights, int], None]
"""Told how many bytes of which file are there."""


@dataclass(frozen=True)
class Running:
    """Settings and environment by which an agent uses the servers that run now."""

    overrides: Mapping[str, object]
    env: Mapping[str, str]


class LocalModels:
    """The pair of models in the user's cache folder."""

    def __init__(self, env: Mapping[str, str], known: Sequence[Weights] | None = None) -> None:
        self._env = env
        self.known = tuple(catalogue() if known is None else known)
        self.folder = cache_dir(env) / "models"

    @property
    def missing(self) -> tuple[Weights, ...]:
        """The files that are not there yet."""
        return tuple(weights for weights in self.known if not files.have(weights, self.folder))

    def offer(self) -> str:
        """What fetching would bring: sizes, source, licence, memory, and how good the models are."""
        names = " and ".join(w.name for w in self.known)
        size = gigabytes(sum(w.bytes - files.begun(w, self.folder) for w in self.missing))
        hosts = ", ".join(sorted({w.url.split("/")[2] for w in self.missing}))
        memory = " and ".join(w.memory for w in self.known)
        licences = ", ".join(sorted({w.licence for w in self.known}))
        return (
            f"{names} ({licences}) run on this machine as the 30B and the 105B, with {memory} of memory. {HONEST} "
            f"{size} would be fetched from {hosts} into {self.folder}, each file checked against its SHA-256."
        )

    def listed(self) -> str:
        """A line for each file, and where they are."""
        lines = [f"{w.name:<20} {gigabytes(w.bytes):>8}  {self._state(w)}, {w.licence}, {w.url}" for w in self.known]
        server = "installed" if installed() else MISSING
        return "\n".join([*lines, f"folder: {self.folder}", f"server: {server}"]) + "\n"

    def fetch(self, report: Report) -> None:
        """Fetch what is missing. Raises PierError; what came until then is kept."""
        files.check_room(self.folder, *self.missing)
        for weights in self.missing:
            fetch(weights, self.folder, lambda done, weights=weights: report(weights, done))  # type: ignore[misc]

    def fetch_from(self, url: str, report: Report) -> None:
        """Fetch a file from another address than the pinned one. Raises PierError."""
        weights = elsewhere(url, self.known, self.folder)
        fetch(weights, self.folder, lambda done: report(weights, done))

    def take(self, path: Path, report: Report) -> Weights:
        """Copy a file fetched by other means. Raises PierError where it is none of the pinned ones."""
        size = path.stat().st_size if path.is_file() else 0
        about = next((w for w in self.known if w.bytes == size), self.known[0])
        return files.take(path, self.folder, self.known, lambda done: report(about, done))

    def remove(self) -> int:
        """Delete all of them; the bytes set free."""
        return sum(files.remove(weights, self.folder) for weights in self.known)

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Both servers, until the block is left. Raises PierError where a file or the server program is missing."""
        if not installed():
            raise PierError(MISSING)
        if self.missing:
            names = " and ".join(w.name for w in self.missing)
            raise PierError(f"{names} is not on this machine yet: run pier-tui local --download.")
        profile = load_profile(PROFILE)
        plans = [Plan(w.name, self.folder / w.file, profile.card(w.tier).window) for w in self.known]
        with serving(plans, self.folder / "logs") as servers:
            urls = {f"{w.tier}_url": server.url for w, server in zip(self.known, servers, strict=True)}
            vouch(load_profile(PROFILE, urls))
            yield Running({"profile": PROFILE, **urls}, {**self._env, profile.key_env: servers[0].key})

    def _state(self, weights: Weights) -> str:
        if files.have(weights, self.folder):
            return "there"
        begun = files.begun(weights, self.folder)
        return f"{100 * begun // weights.bytes} % fetched" if begun else "not fetched"
