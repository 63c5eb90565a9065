"""What the rules answer when a strategy asks them something other than the next action: a plan, or a verdict.

A plan is what they would do next. Verdicts they refuse: judging a draft, the rules would only find again what they
found when they wrote it.
"""

from __future__ import annotations

import json

from pier_tui.models.offline.flow import plan
from pier_tui.models.offline.plan import Said
from pier_tui.models.offline.transcript import Transcript

CANNOT_VERIFY = "cannot verify: these are rules, and would only agree with themselves"
CANNOT_SAY = "The offline pair are rules: they answer with the next action only."


def asked(transcript: Transcript, *, strong: bool) -> Said:
    """The answer to a question, never with tool calls."""
    question = transcript.question
    if question.startswith("Verify"):
        return Said(CANNOT_VERIFY)
    if question.startswith("Draft a plan"):
        return Said(_plan(transcript, strong))
    return Said(CANNOT_SAY)


def _plan(transcript: Transcript, strong: bool) -> str:
    said, action, harder, rule = plan(transcript, strong)
    if harder is not None:
        return f"Beyond the small rules: {harder.reason}."
    steps = [f"- {call.name} {json.dumps(call.arguments, ensure_ascii=False)[:200]}" for call in said.calls]
    words = said.text.strip().split("\n")[0][:200]
    return "\n".join([f"By the rule `{rule}`, next ({action}): {words}".rstrip(), *steps])
