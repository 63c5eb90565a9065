"""The strong rules: everything the weak ones do, and what takes several files or a search."""

from __future__ import annotations

from pier_tui.models.offline.flow import plan
from pier_tui.models.offline.plan import Said
from pier_tui.models.offline.questions import asked
from pier_tui.models.offline.transcript import Transcript


def answer(transcript: Transcript) -> Said:
    """The answer to this prompt."""
    if transcript.question:
        return asked(transcript, strong=True)
    said, _, _, _ = plan(transcript, strong=True)
    return said
