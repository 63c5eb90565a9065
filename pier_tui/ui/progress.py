"""A progress bar for a plain terminal, before there is a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from pier_tui.ui.text import sanitize

Shown = Callable[[str, int, int], None]
"""Told what grows, how much of it is there, and how much it will be, in bytes."""


@contextmanager
def bars(out: TextIO) -> Iterator[Shown]:
    """Bars, one for each thing that grows; where `out` is no terminal only the last state is printed."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    tasks: dict[str, TaskID] = {}
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(file=out), transient=False)

    def show(name: str, done: int, whole: int) -> None:
        # Nothing is drawn, no empty line either, before something grows.
        progress.start()
        if name not in tasks:
            # What was there before does not count for the speed.
            tasks[name] = progress.add_task(sanitize(name), total=whole, completed=done)
        progress.update(tasks[name], completed=done)

    try:
        yield show
    finally:
        if tasks:
            progress.stop()
