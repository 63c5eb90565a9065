"""`pier-tui local`: brings the two models' files when told to, and opens the workbench or runs a request on them."""

from __future__ import annotations

import asyncio
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pier_tui import headless
from pier_tui.errors import PierError
from pier_tui.headless import Allowed, Wanted
from pier_tui.local import LocalModels, Report
from pier_tui.models.local.servers import MISSING, installed
from pier_tui.ui import launch
from pier_tui.ui.progress import bars
from pier_tui.ui.text import sanitize

Environment = Mapping[str, str]
SLOW = "on a processor the first answer then takes minutes, later ones less, as what was read stays read"
ADDRESS = re.compile("https?://")


def chosen(options: Namespace, overrides: Mapping[str, object], env: Environment) -> int:
    """Do what was asked for on the command line. Raises PierError."""
    act = "list" if options.list else "remove" if options.remove else "fetch" if options.download else "open"
    if options.files:
        return take(options.files, env)
    if act != "open":
        return KEEPING[act](env)
    wanted = Wanted(options.request, yes=options.yes) if options.request is not None else None
    return run(options.path, overrides, env, wanted, trusted=options.trust)


def run(
    path: Path,
    overrides: Mapping[str, object],
    env: Environment,
    wanted: Wanted | None = None,
    *,
    trusted: bool = False,
) -> int:
    """Open the workbench on both models, or run what is `wanted`. Raises PierError."""
    models = LocalModels(env)
    if not installed():
        raise PierError(MISSING)
    if models.missing and not _agreed(models):
        return 1
    sys.stderr.write(f"pier-tui: the models are being loaded; {SLOW}\n")
    with models.running() as running:
        chosen, given = {**overrides, **running.overrides}, running.env
        if wanted is None:
            return launch.workbench(launch.Opening(path, chosen, given, trusted=trusted))
        allowed = Allowed(trusted)
        return asyncio.run(headless.assembled(wanted, allowed, path, chosen, given, sys.stdout, sys.stderr))


def take(places: Sequence[str], env: Environment) -> int:
    """Copy files that were fetched by other means, or fetch them from other addresses. Raises PierError."""
    models = LocalModels(env)
    with bars(sys.stderr) as show:
        for place in places:
            bring = models.fetch_from if ADDRESS.match(place) else _copying(models)
            bring(place, lambda weights, done: show(weights.name, done, weights.bytes))
    return listed(env)


def _copying(models: LocalModels) -> Callable[[str, Report], object]:
    return lambda place, report: models.take(Path(place), report)


def fetch(env: Environment) -> int:
    """Fetch what is missing, with a bar for each file. Raises PierError."""
    _bring(LocalModels(env))
    return listed(env)


def listed(env: Environment) -> int:
    """Print which files there are."""
    sys.stdout.write(sanitize(LocalModels(env).listed()))
    return 0


def remove(env: Environment) -> int:
    """Delete the files."""
    sys.stdout.write(f"{LocalModels(env).remove() / 1e6:,.0f} MB freed\n")
    return 0


KEEPING: dict[str, Callable[[Environment], int]] = {"list": listed, "remove": remove, "fetch": fetch}
"""What can be done with the files without running them."""


def _agreed(models: LocalModels) -> bool:
    """Ask on a terminal whether to fetch what is missing, and fetch it. Raises PierError where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PierError("The models are not on this machine yet: run pier-tui local --download.")
    sys.stdout.write(sanitize(f"{models.offer()}\nType y to fetch them, anything else to leave: "))
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        return False
    _bring(models)
    return True


def _bring(models: LocalModels) -> None:
    with bars(sys.stderr) as show:
        models.fetch(lambda weights, done: show(weights.name, done, weights.bytes))
