"""From a prompt to an answer: which plan a request takes, and what its outcome is said as."""

from __future__ import annotations

import re
from collections.abc import Callable

from pier_tui.models.offline import fixing, look, small
from pier_tui.models.offline.intents import Intent, Kind, parse
from pier_tui.models.offline.plan import Action, Call, Harder, Said, Stop, Wants, Workspace
from pier_tui.models.offline.refactor import documenting, extraction, moving, signature
from pier_tui.models.offline.transcript import Transcript

Plan = Callable[[Workspace, Intent], None]

CAN = """The offline pair are rules, not language models. They can:

- find where a name is defined or used, explain a file or a symbol, outline files, say what a repository holds
- run the tests, mend what a traceback names, search a small change that makes failing tests pass
- rename a symbol in one file or everywhere, move a function or class, change parameters with their callers
- turn a method into a function, add docstrings, replace or add literal text
- summarise the uncommitted changes or the last test run

For anything else connect a model: `pier-tui --profile sarvam-hosted` with a key, or `--profile local`."""

ENGLISH_ONLY = "No rule matches this request: the rules read English only. A model answers in your language.\n\n"
IN_YOUR_LANGUAGE = (
    (
        "\u0900-\u097f",
        "ऑफ़लाइन जोड़ी नियमों से चलती है और केवल अंग्रेज़ी के अनुरोध समझती है, जैसे `fix the failing tests`। कोई मॉडल जोड़ने पर "
        "उत्तर आपकी भाषा में मिलेगा।",
    ),
    (
        "\u0b80-\u0bff",
        "ஆஃப்லைன் இணை விதிகளால் இயங்குகிறது; ஆங்கிலக் கோரிக்கைகளை மட்டுமே புரிந்துகொள்ளும், எடுத்துக்காட்டாக `fix the failing "
        "tests`. ஒரு மாதிரியை இணைத்தால் பதில் உங்கள் மொழியில் வரும்.",
    ),
    (
        "\u0980-\u09ff",
        "অফলাইন জুটি নিয়ম মেনে চলে এবং শুধু ইংরেজি অনুরোধ বোঝে, যেমন `fix the failing tests`। কোনো মডেল যুক্ত করলে উত্তর "
        "আপনার ভাষায় আসবে।",
    ),
)
"""The same by script: Devanagari in Hindi, Tamil, Bengali."""

REWORK = "Please rework the proposal according to this review"
NO_REWORK = """The offline pair are rules: they cannot rework a proposal according to a review. You can:

- reject a hunk, or edit it, in the diff
- ask for another change in words the rules know; `help` lists them
- connect a model and send the review again: `pier-tui --profile sarvam-hosted` with a key, or `--profile local`"""

_PLANS: dict[Kind, Plan] = {
    "find": look.find,
    "callers": look.find,
    "explain": look.explain,
    "list": look.overview,
    "run_tests": look.run_tests,
    "summarise": look.summarise,
    "rename": small.rename,
    "replace": small.replace,
    "add_line": small.add_line,
    "fix": fixing.fix,
    "move": moving.move,
    "add_parameter": signature.change,
    "remove_parameter": signature.change,
    "rename_parameter": signature.change,
    "reorder_parameters": signature.change,
    "docstrings": documenting.docstrings,
    "extract_method": extraction.extract,
}


def plan(transcript: Transcript, strong: bool) -> tuple[Said, Action, Harder | None, str]:
    """Run the plan: the answer, its action class, why it is beyond the weak rules, the rule that matched."""
    intent = parse(transcript.request)
    try:
        _run(Workspace(transcript, strong), intent)
    except Wants as wants:
        said, action = Said(wants.say, wants.calls), wants.action
        if wants.calls and not {c.name for c in wants.calls} <= transcript.tools:
            missing = ", ".join(sorted({c.name for c in wants.calls} - transcript.tools))
            said, action = Said(f"This needs the tool {missing}, which is not offered here."), "answer"
    except Stop as stop:
        if stop.changed and "finish" in transcript.tools:
            said, action = Said("", (Call("finish", {"summary": stop.text}),)), "summarise"
        else:
            said, action = Said(stop.text), "answer"
    except Harder as harder:
        return Said(""), "escalate", harder, intent.rule
    return said, action, None, intent.rule


def _run(work: Workspace, intent: Intent) -> None:
    """Raises Wants, Stop or Harder."""
    if work.transcript.request.startswith(REWORK):
        raise Stop(NO_REWORK)
    _refused(work)
    chosen = _PLANS.get(intent.kind)
    if chosen is None:
        greeting = "" if intent.kind == "help" else "No rule matches this request.\n\n"
        raise Stop((english_only(work.transcript.request) or greeting) + CAN)
    chosen(work, intent)
    raise Stop("Nothing is left to do for this request.")


def english_only(text: str) -> str:
    """That the rules read English, first in the language of a text in an Indian script; empty for Latin letters."""
    if not any(letter.isalpha() and letter > "\u024f" for letter in text):
        return ""
    said = next((said for script, said in IN_YOUR_LANGUAGE if re.search(f"[{script}]", text)), "")
    return f"{said}\n\n{ENGLISH_ONLY}" if said else ENGLISH_ONLY


def _refused(work: Workspace) -> None:
    """Stop where the same call was made three times in this request: it will not come out differently."""
    done = work.transcript.done
    for last in done[-1:]:
        if sum(d == last for d in done) >= 3:
            raise Stop(f"`{last.name}` gave the same result three times: {last.result.splitlines()[0][:200]}")
