"""The strong rules: everything the weak ones do, and what takes several files or a search."""

from __future__ import annotations

from pier_tui.models.offline.flow import plan
from pier_tui.models.offline.plan import Said
from pier_tui.models.offline.transcript import Transcript


def answer(transcript: Transcript) -> Said:
    """The answer to this prompt."""
    said, _, _, _ = plan(transcript, strong=True)
    return said
