"""The two models of `pier-tui local` for a screen: fetched and started in threads, stopped when the program ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from pier_tui.errors import PierError
from pier_tui.local import LocalModels, Running
from pier_tui.models.local.servers import MISSING, installed
from pier_tui.models.local.weights import Weights, gigabytes

BAR = 40
"""Cells of the bar."""


class LocalPair:
    """What can be had on this machine. `stop` ends a fetch, `close` the servers."""

    def __init__(self, env: Mapping[str, str], models: LocalModels | None = None) -> None:
        self._models = models or LocalModels(env)
        self._servers, self._stopped, self._hundredth = ExitStack(), False, -1
        self.running: Running | None = None

    @property
    def possible(self) -> bool:
        """Whether the server program is there."""
        return installed()

    @property
    def missing(self) -> bool:
        """Whether something would have to be fetched."""
        return bool(self._models.missing)

    def offer(self) -> str:
        """What it is, what it takes, and how good it is."""
        return self._models.offer() if self.possible else f"{self._models.offer()}\n\n{MISSING}"

    async def start(self, show: Callable[[str], None]) -> None:
        """Fetch what is missing and start both servers. Raises PierError."""
        self._stopped, self._hundredth = False, -1
        loop = asyncio.get_running_loop()

        def report(weights: Weights, done: int) -> None:
            if self._stopped:
                raise PierError("Stopped; what came is kept to go on with.")
            if (hundredth := 100 * done // weights.bytes) != self._hundredth:
                # Thousands of pieces come; the screen is told of each hundredth.
                self._hundredth = hundredth
                loop.call_soon_threadsafe(show, progress(weights, done))

        await asyncio.to_thread(self._models.fetch, report)
        show("The models are being loaded...")
        self.running = await asyncio.to_thread(self._servers.enter_context, self._models.running())

    def stop(self) -> None:
        """Leave a fetch where it is."""
        self._stopped = True

    def close(self) -> None:
        """Stop the servers."""
        self.stop()
        self._servers.close()


def progress(weights: Weights, done: int) -> str:
    """A bar, and below it how much of which file is there."""
    cells = BAR * done // weights.bytes
    words = f"{weights.name}: {gigabytes(done)} of {gigabytes(weights.bytes)}"
    return f"{'█' * cells}{'·' * (BAR - cells)}\n{words}"
