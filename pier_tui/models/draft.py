"""An answer while it is put together, whatever shape it comes in, and when its tool calls count as complete; pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pier_tui.models.messages import ReasoningPiece, Reply, TextPiece, ToolCall
from pier_tui.models.text_calls import call_id
from pier_tui.models.usage import Usage

Pieces = list[TextPiece | ReasoningPiece]

CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "content_filter", "error"})
"""Finish reasons after which the last tool call may lack its end, in lower case."""


HALVES = re.compile("[\ud800-\udfff]")
LEADING = re.compile("[\ud800-\udbff]\\Z")


@dataclass
class Slot:
    """A tool call being put together. `closed` where the stream said that this call is over."""

    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    closed: bool = False
    logprobs: list[float] = field(default_factory=list)
    """Of its tokens, name and marks included, as far as they came in chunks of their own."""

    @property
    def arguments(self) -> str:
        """What has come of its arguments."""
        return whole_characters("".join(self.parts))

    def whole(self) -> bool:
        """Whether its arguments already are one JSON object, to which nothing can be added."""
        try:
            return isinstance(json.loads(self.arguments, strict=False), dict)
        except (ValueError, RecursionError):
            return False

    def add(self, arguments: Any) -> None:
        """Take more of the arguments; said twice, or after a mere `{}`, they count once."""
        if arguments is None or arguments == "":
            return
        if not isinstance(arguments, str):
            self.parts = [json.dumps(arguments, ensure_ascii=False)]
            return
        told = self.arguments.strip()
        if told == "{}" and arguments.lstrip().startswith("{"):
            self.parts = []
        elif told and arguments.strip() == told and self.whole():
            return
        self.parts.append(arguments)


@dataclass
class Draft:
    """Text, reasoning, calls and counts so far. `over` is set where the stream itself said that it is complete."""

    finish: str = ""
    over: bool = False
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    slots: list[Slot] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    half: str = ""

    def say(self, text: Any) -> Pieces:
        """Add to the visible answer."""
        if not (shown := self._next(text)):
            return []
        self.said.append(shown)
        return [TextPiece(text=shown)]

    def think(self, text: Any) -> Pieces:
        """Add to the reasoning."""
        if not (shown := self._next(text)):
            return []
        self.thought.append(shown)
        return [ReasoningPiece(text=shown)]

    def _next(self, text: Any) -> str:
        """A stretch in whole characters: some hosts cut between the two halves of one."""
        if not isinstance(text, str) or not text:
            return ""
        text, self.half = self.half + text, ""
        if LEADING.search(text):
            text, self.half = text[:-1], text[-1]
        return whole_characters(text)

    def open(self, identity: Any = "", name: Any = "") -> Slot:
        """Begin another tool call."""
        self.slots.append(Slot(string(identity), string(name)))
        return self.slots[-1]

    @property
    def ended(self) -> bool:
        """Whether the stream has said that the answer is finished."""
        return bool(self.finish) or self.over

    def reply(self, request_id: str | None = None) -> Reply:
        """The answer so far; `finish_reason` is "interrupted" where the endpoint did not end it."""
        calls: list[ToolCall] = []
        unfinished: list[ToolCall] = []
        likely: dict[str, float] = {}
        for number, slot in enumerate(self.slots):
            if slot.name or slot.parts:
                into = calls if self._complete(slot) else unfinished
                into.append(_call(slot, number, {call.id for call in (*calls, *unfinished)}))
                if slot.logprobs:
                    likely[into[-1].id] = sum(slot.logprobs) / len(slot.logprobs)
        return Reply(
            text="".join(self.said),
            reasoning="".join(self.thought),
            tool_calls=tuple(calls),
            unfinished=tuple(unfinished),
            finish_reason=whole_characters(self.finish) or ("stop" if self.over else "interrupted"),
            model=whole_characters(self.model),
            usage=self.usage,
            logprob=sum(self.logprobs) / len(self.logprobs) if self.logprobs else None,
            call_logprobs=likely,
            request_id=request_id,
        )

    def _complete(self, slot: Slot) -> bool:
        """Whether a call may be run: the stream said so, and did not stop at a limit in its middle."""
        if self.ended and self.finish.lower() not in CUT_SHORT:
            return True
        return (slot.closed or self.ended) and (slot.whole() or (slot.closed and not slot.parts))


def _call(slot: Slot, number: int, taken: set[str]) -> ToolCall:
    arguments = slot.arguments.strip() and slot.arguments
    name, told = whole_characters(slot.name) or "unknown", whole_characters(slot.id)
    identity = told if told and told not in taken else call_id(name, arguments, number)
    return ToolCall(id=identity, name=name, arguments=arguments or "{}")


def whole_characters(text: str) -> str:
    """Halves of characters put together; a half alone becomes U+FFFD, for it is no text and cannot be kept."""
    if HALVES.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean_id(identity: str | None) -> str | None:
    """A request id fit for a sentence."""
    return re.sub(r"[^\w.:-]", "", identity)[:80] or None if identity else None


def place(value: Any) -> int | str | None:
    """An index or id by which pieces are told apart; None for anything else."""
    return value if isinstance(value, int | str) else None


def string(value: Any) -> str:
    """A string, '' for anything else."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """An object, {} for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, [] for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def tokens(value: Any) -> int | None:
    """A count of tokens as reported; None where it is missing or absurd."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def part(value: int | None, whole: int | None) -> int | None:
    """A count that is part of another; None where it cannot be."""
    return None if value is None or (whole is not None and value > whole) else value
