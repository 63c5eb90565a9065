"""The weak rules: looking, running tests and small changes; it states its route and hands over what is beyond it.

Confidence is computed: 0.9 when exactly one kind of request matched, 0.1 less for each further kind that
would have matched too, 0.6 at least; 0.95 for a step after the first, which only carries on. An
escalation states 0.9: that the rules do not reach is certain, apart from the parsing of the request.
"""

from __future__ import annotations

from pier_tui.models.offline.flow import plan
from pier_tui.models.offline.intents import parse
from pier_tui.models.offline.plan import Call, Harder, Said
from pier_tui.models.offline.questions import asked
from pier_tui.models.offline.transcript import Transcript

CANNOT = (
    "This needs the strong rules, which this session does not have: {reason}. "
    "Start without `--only`, or connect a model with `pier-tui --profile …`."
)


def answer(transcript: Transcript) -> Said:
    """The answer to this prompt, the route first where it can be stated."""
    if transcript.question:
        return asked(transcript, strong=False)
    said, action, harder, rule = plan(transcript, strong=False)
    if harder is not None:
        return _hand_over(transcript, harder)
    if "route" not in transcript.tools:
        return said
    confidence = _confidence(transcript)
    route = Call("route", {"action": action, "confidence": confidence, "reason": f"rule: {rule}"})
    return Said(said.text, (route, *said.calls))


def _confidence(transcript: Transcript) -> float:
    if transcript.done:
        return 0.95
    return round(max(0.9 - 0.1 * parse(transcript.request).others, 0.6), 2)


def _hand_over(transcript: Transcript, harder: Harder) -> Said:
    reason = harder.reason
    if "route" in transcript.tools and not transcript.forced:
        arguments = {"action": "escalate", "confidence": 0.9, "reason": reason, "handoff_prompt": harder.handoff}
        return Said("", (Call("route", arguments),))
    if "escalate" in transcript.tools and not transcript.forced:
        return Said("", (Call("escalate", {"reason": reason, "handoff_prompt": harder.handoff}),))
    left = CANNOT.format(reason=reason)
    if harder.so_far and "finish" in transcript.tools:
        return Said("", (Call("finish", {"summary": f"{harder.so_far}\n\n{left}"}),))
    return Said(left)
