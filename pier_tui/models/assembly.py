"""Events of an answer put together into one reply, whatever API they come from; pure, no networking here.

The shape is told by the first chunk: OpenAI-compatible chat, OpenAI Responses, Anthropic Messages, Gemini or
Cohere. Anything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from pier_tui.errors import BadAnswer, KeyRejected, ModelError, OutOfCredit, RateLimited, WindowExceeded
from pier_tui.models.draft import Draft, Pieces, clean_id, mapping, objects, string, whole_characters
from pier_tui.models.messages import Reply
from pier_tui.models.sse import ServerEvent
from pier_tui.models.usage import Usage
from pier_tui.models.wire_chat import Chat
from pier_tui.models.wire_gemini import Gemini
from pier_tui.models.wire_messages import Cohere, Messages
from pier_tui.models.wire_responses import Responses

KINDS: dict[str, type[ModelError]] = {
    "insufficient_quota": OutOfCredit,
    "insufficient_quota_error": OutOfCredit,
    "billing_error": OutOfCredit,
    "invalid_api_key": KeyRejected,
    "invalid_api_key_error": KeyRejected,
    "authentication_error": KeyRejected,
    "rate_limit_error": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_exceeded_error": RateLimited,
    "context_length_exceeded": WindowExceeded,
    "exceed_context_size_error": WindowExceeded,
}
"""What error codes in a stream mean."""


BEGINNINGS = ("message_start", "response.created")
"""Events by which a further answer may begin in the same stream, after tools that the endpoint ran itself."""


class StreamFailed(BadAnswer):
    """The endpoint reported an error of its own inside the stream; another try may succeed."""


class Wire(Protocol):
    """One API's way of sending an answer."""

    def take(self, chunk: Mapping[str, Any]) -> Pieces:
        """What a chunk adds."""
        ...

    def close(self) -> Pieces:
        """What was held back, at the end of the stream."""
        ...


class Assembly:
    """Takes the events of one answer in order; `reply` may be asked for at any time."""

    def __init__(self, request_id: str | None = None) -> None:
        self.request_id = request_id
        self.chunks = 0
        self.began: float | None = None
        """When the first of the answer came, a tool call's name included; set by who reads the stream."""
        self._draft = Draft()
        self._wire: Wire | None = None

    @property
    def done(self) -> bool:
        """Whether the stream said that nothing follows."""
        return self._draft.over

    @property
    def ended(self) -> bool:
        """Whether the answer is finished, even where the stream goes on (token counts may follow)."""
        return self._draft.ended

    @property
    def has_calls(self) -> bool:
        """Whether a native tool call has begun."""
        return bool(self._draft.slots)

    def feed(self, event: ServerEvent) -> Pieces:
        """Take one event; what it adds. Raises a ModelError where it reports or is an error."""
        text = event.data.strip()
        if not text or (self.done and event.event not in BEGINNINGS):
            return []
        if text == "[DONE]":
            self._draft.over = True
            return []
        try:
            chunk = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            if event.cut:
                return []
            raise BadAnswer(
                "The endpoint's stream carried something that is not JSON; try the turn again.", self.request_id
            ) from None
        return self.chunk(chunk, failed=event.event == "error")

    def chunk(self, chunk: Any, *, failed: bool = False) -> Pieces:
        """Take one decoded chunk, or a whole answer that was not streamed."""
        if not isinstance(chunk, dict):
            raise BadAnswer("The endpoint's stream carried something that is not a chat answer.", self.request_id)
        if (error := _error(chunk)) or failed:
            raise stream_error(error or chunk, self.request_id)
        if chunk.get("type") == "ping":
            return []
        if self._wire is None:
            made = _told_by(chunk)
            if made is None:
                raise BadAnswer("The endpoint answers in a form that is not read here.", self.request_id)
            self._wire = made(self._draft)
        self.chunks += 1
        if chunk.get("type") in BEGINNINGS:
            self._draft.finish, self._draft.over = "", False
        return self._wire.take(chunk)

    def close(self) -> Pieces:
        """What was held back, once the stream is over."""
        return self._wire.close() if self._wire is not None else []

    def reply(self) -> Reply:
        """The answer so far; `finish_reason` is "interrupted" where the endpoint did not end it."""
        return self._draft.reply(self.request_id)


def assemble(events: Iterable[ServerEvent], request_id: str | None = None) -> Reply:
    """A whole answer from its events. Raises BadAnswer where they carry nothing, other ModelErrors as reported.

    A tool call is in `tool_calls` only where it is complete and the stream said so; otherwise in `unfinished`.
    """
    assembly = Assembly(request_id)
    for event in events:
        assembly.feed(event)
    if not assembly.chunks:
        raise nothing(request_id)
    assembly.close()
    return assembly.reply()


def nothing(request_id: str | None) -> BadAnswer:
    """The error for an answer without a single chunk."""
    return BadAnswer("The endpoint ended the answer before it began; try the turn again.", request_id)


def add_usage(one: Usage, other: Usage) -> Usage:
    """Both calls' tokens; a number unknown in either is unknown."""
    both = {
        name: None if (a := getattr(one, name)) is None or (b := getattr(other, name)) is None else a + b
        for name in ("prompt", "cached", "output", "reasoning", "drafted", "accepted")
    }
    return Usage(**both, estimated=one.estimated or other.estimated)


def stream_error(error: Any, request_id: str | None) -> ModelError:
    """The error a chunk reports, of the kind its code says."""
    told = error if isinstance(error, dict) else {"message": error}
    codes = [str(told.get(name) or "") for name in ("code", "type")]
    identity = clean_id(string(told.get("request_id"))) or request_id
    said = " ".join(str(told.get("message") or next(filter(None, codes), "no reason given")).split())
    kind = next((KINDS[code] for code in codes if code in KINDS), StreamFailed)
    where = f" (request {identity})" if identity else ""
    return kind(f"The endpoint broke off the answer: {whole_characters(said)[:300].rstrip('.')}{where}.", identity)


def _error(chunk: Mapping[str, Any]) -> Any:
    """The error a chunk reports, wherever its API puts it; None where it reports none."""
    if chunk.get("error"):
        return chunk["error"]
    if chunk.get("type") == "response.failed" or chunk.get("status") == "failed":
        return mapping(chunk.get("response")).get("error") or "the answer failed"
    if chunk.get("type") in ("error", "response.error"):
        return chunk
    inner = mapping(chunk.get("x_groq")).get("error")
    return inner or next((c["error"] for c in objects(chunk.get("choices")) if c.get("error")), None)


def _told_by(chunk: Mapping[str, Any]) -> Callable[[Draft], Wire] | None:
    """The API whose answer begins with this chunk."""
    kind = string(chunk.get("type"))
    if "choices" in chunk or string(chunk.get("object")).startswith("chat.completion"):
        return Chat
    if kind.startswith("response.") or chunk.get("object") == "response":
        return Responses
    if kind in ("message", "message_start") or kind.startswith("content_block"):
        return Messages
    if kind == "message-start":
        return Cohere
    return Gemini if any(name in chunk for name in ("candidates", "promptFeedback")) else None
