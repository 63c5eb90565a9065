"""What an empty conversation says: who will answer, what one can ask of it, and that nothing is written unasked."""

from __future__ import annotations

from pier_tui.ui.workbench import ProfileFace

OFFLINE = """\
The offline pair answers: two rule-based programs, not language models. Free, and no network.

Try    fix the failing tests
       where is NAME used
       explain PATH or NAME
       rename OLD to NEW
       move FUNCTION from a.py to b.py
"""
MODELS = """\
{weak} takes each turn and hands the hard ones to {strong}. ctrl+t chooses for the next turn.
"""
ALWAYS = """
Edits are proposals: nothing is written before you accept it in the diff.
@ completes files · / lists commands · ! runs a command · f1 shows every key"""


def greeting(profile: ProfileFace) -> str:
    """The text for a pair of models."""
    if profile.weak.offline and profile.strong.offline:
        return OFFLINE + ALWAYS
    return MODELS.format(weak=profile.weak.label, strong=profile.strong.label) + ALWAYS
