"""Noticing that a request goes nowhere: the same call with the same result, and turns that bring nothing new.

Recorded runaway sessions of 32B models had no two identical calls in a row but 56 and 64 read-only
turns: so both are watched. The third identical call and result is nudged once; after the fifth the
request stops.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Literal

from pier_tui.backbone.state import Backbone
from pier_tui.models.messages import Reply, ToolCall
from pier_tui.router.signals import Signals
from pier_tui.tools.tool import CommandRun, Fact, FileSeen

NUDGE_AT, STOP_AT = 3, 5
EMPTY_ANSWERS = 3
"""Answers in a row without text or action after which a request stops, whoever gave them."""
NOTHING = "an answer without text or action"
CUT_ANSWERS = 3
"""Answers in a row that lack their end after which a request stops."""
CUT_OFF = "an answer that was cut off"


class Repeats:
    """Counts identical calls with identical results over one request."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def add(self, call: ToolCall, result: str) -> Literal["fine", "nudge", "stop"]:
        """Book one call; says what its repetition deserves."""
        key = hashlib.sha256(f"{call.name}\0{call.arguments}\0{result}".encode()).hexdigest()
        self._seen[key] += 1
        count = self._seen[key]
        return "stop" if count >= STOP_AT else "nudge" if count == NUDGE_AT else "fine"


def cut_off(reply: Reply) -> str:
    """What the models are told about an answer that lacks its end; '' where it has it."""
    if not reply.unfinished and reply.finish_reason != "interrupted":
        return ""
    names = ", ".join(call.name for call in reply.unfinished)
    not_run = f" {names} was not run." if names else ""
    return f"Your answer was cut off before its end.{not_run} Go on from there, in smaller steps."


def hopeless(empty: int, cuts: int, *, strong: bool, repeated: bool) -> str:
    """Why a request stops after so many empty and cut answers in a row, in one sentence; '' where it goes on."""
    if repeated:
        return "Stopped: the same call came back with the same result five times."
    if cuts >= CUT_ANSWERS:
        return f"The answer was cut off {cuts} times; ask again or choose the other model."
    if empty and (strong or empty >= EMPTY_ANSWERS):
        return "No answer and no action came back; rephrase the request or choose the other model."
    return ""


def brings_something(facts: tuple[Fact, ...], changed: tuple[str, ...], before: Backbone) -> bool:
    """Whether a turn edited, ran something, or saw a file range that was not known before it."""
    if changed or any(isinstance(fact, CommandRun) for fact in facts):
        return True
    known = {item.key: item.text for item in before.section("files")}
    return any(isinstance(f, FileSeen) and (f.path not in known or f.lines not in known[f.path]) for f in facts)


def stepped(signals: Signals, *, failure: str, passed: bool, rescued: bool) -> Signals:
    """The signals after what a turn's checks and calls came to; `rescued`: the strong model has had its turn."""
    after = signals.failed(failure) if failure else signals.passed() if passed else signals
    if not rescued:
        return after
    return after.model_copy(update={"failures": 0, "invalid_calls": 0, "quiet_turns": 0})
