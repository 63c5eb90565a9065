"""A dialog whose keys are dead until it could be read: what was typed ahead was meant for something else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Generic

from textual import events

from pier_tui.ui.screens.dialog import Dialog, Result

GRACE = 0.3
"""Seconds after painting during which keys are dropped; each dropped key begins them anew."""


class Unhurried(Dialog[Result], Generic[Result]):
    """Subclasses ask `ready` before they act on a key, and name the keys they answer to."""

    AUTO_FOCUS = ""
    ANSWERS: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._painted: float | None = None

    def on_mount(self) -> None:
        """Begin to count once it was painted."""
        self.call_after_refresh(self._seen)

    def _seen(self) -> None:
        self._painted = self._clock()

    @property
    def ready(self) -> bool:
        """Whether a key counts; one that came too early may be followed by others that do not count either."""
        ready = self._painted is not None and self._clock() - self._painted >= GRACE
        if not ready:
            self._wait()
        return ready

    def _wait(self) -> None:
        """What was pressed was not meant for this dialog: count anew."""
        if self._painted is not None:
            self._painted = self._clock()

    def on_key(self, event: events.Key) -> None:
        """Somebody is typing a text that was not meant for this dialog: wait until he has seen it."""
        if event.key not in self.ANSWERS:
            self._wait()
