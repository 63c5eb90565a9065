"""What is said to a model and what it says back; no networking here.

`Piece` is what a stream yields: text and reasoning as they come, notices about the call itself,
and last of all one `Reply` with everything assembled.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pier_tui.models.usage import Usage


class Frozen(BaseModel):
    """An immutable value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Tier = Literal["weak", "strong"]
OTHER: dict[Tier, Tier] = {"weak": "strong", "strong": "weak"}
"""weak is the cheap model that takes every turn first (30B), strong the one it escalates to (105B)."""

Reasoning = Literal["off", "low", "medium", "high"]


class ToolCall(Frozen):
    """One tool call as the model wrote it. `arguments` is the raw JSON text, not yet validated."""

    id: str
    name: str
    arguments: str


class Message(Frozen):
    """One chat message. `tool_calls` only on assistant, `tool_call_id` and `name` only on tool messages."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


class ToolSpec(Frozen):
    """A tool as the model is told of it; `parameters` is a JSON schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


class ChatRequest(Frozen):
    """One call. `max_tokens` counts reasoning and answer together; `tool_choice` may name a tool."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    max_tokens: int = 4096
    temperature: float = 0.2
    reasoning: Reasoning = "off"
    logprobs: bool = False


class TextPiece(Frozen):
    """A stretch of the visible answer."""

    text: str


class ReasoningPiece(Frozen):
    """A stretch of the model's reasoning, shown folded."""

    text: str


class CallNotice(Frozen):
    """Something about the call the user should know: a retry, a wait, a fallback model."""

    text: str
    wait_seconds: float = 0.0


class Reply(Frozen):
    """A finished call.

    `model` is the one that answered, as the response says. `logprob` is the mean log-probability
    of the answer's tokens when the endpoint gave them. Times are seconds; `first_token` counts from
    sending. `finish_reason` is the endpoint's, or "interrupted".
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    """Complete calls only: the stream said that they are."""
    unfinished: tuple[ToolCall, ...] = ()
    """Calls that were cut off; never to be run."""
    finish_reason: str = "stop"
    model: str = ""
    usage: Usage = Usage()
    logprob: float | None = None
    call_logprobs: dict[str, float] = {}
    """The same over the tokens of each call alone, by its id, where the stream tells which they are."""
    request_id: str | None = None
    first_token: float | None = None
    seconds: float = 0.0

    def logprob_of(self, name: str) -> float | None:
        """The mean log-probability of the tokens of the first call of this name, else of the whole answer's."""
        called = next((call.id for call in self.tool_calls if call.name == name), "")
        return self.call_logprobs.get(called, self.logprob)


Piece = TextPiece | ReasoningPiece | CallNotice | Reply
