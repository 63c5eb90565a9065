"""Chunks of a chat completion put together into one reply; pure, no networking here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pier_tui.errors import BadAnswer, KeyRejected, ModelError, OutOfCredit, RateLimited, WindowExceeded
from pier_tui.models.messages import ReasoningPiece, Reply, TextPiece, ToolCall
from pier_tui.models.sse import ServerEvent
from pier_tui.models.text_calls import call_id
from pier_tui.models.usage import Usage


class StreamFailed(BadAnswer):
    """The endpoint reported an error of its own inside the stream; another try may succeed."""


@dataclass
class _Slot:
    """A tool call being put together."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def complete(self) -> bool:
        """Whether its arguments already are one JSON text."""
        try:
            json.loads("".join(self.arguments))
        except (ValueError, RecursionError):
            return False
        return True


class Assembly:
    """Takes the events of one answer in order; `reply` may be asked for at any time."""

    def __init__(self, request_id: str | None = None) -> None:
        self.request_id = request_id
        self.done = False
        self.finish_reason = ""
        self.chunks = 0
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}
        self._usage = Usage()
        self._model = ""
        self._logprobs: list[float] = []

    @property
    def has_calls(self) -> bool:
        """Whether a native tool call has begun."""
        return bool(self._slots)

    def feed(self, event: ServerEvent) -> list[TextPiece | ReasoningPiece]:
        """Take one event; what it adds to the answer. Raises a ModelError where it reports or is an error."""
        text = event.data.strip()
        if not text or self.done:
            return []
        if text == "[DONE]":
            self.done = True
            return []
        try:
            chunk = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            raise BadAnswer(
                "The endpoint's stream carried something that is not JSON; try the turn again.", self.request_id
            ) from None
        return self.chunk(chunk, failed=event.event == "error")

    def chunk(self, chunk: Any, *, failed: bool = False) -> list[TextPiece | ReasoningPiece]:
        """Take one decoded chunk, or a whole answer that was not streamed."""
        if not isinstance(chunk, dict):
            raise BadAnswer("The endpoint's stream carried something that is not a chat answer.", self.request_id)
        if chunk.get("error") or failed:
            raise stream_error(chunk, self.request_id)
        self.chunks += 1
        self._model = _string(chunk.get("model")) or self._model
        self._count(chunk)
        choices = chunk.get("choices")
        pieces: list[TextPiece | ReasoningPiece] = []
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                pieces += self._choice(choice)
        return pieces

    def reply(self) -> Reply:
        """The answer so far; `finish_reason` is "interrupted" where the endpoint did not end it."""
        calls = tuple(
            ToolCall(
                id=slot.id or call_id(slot.name, "".join(slot.arguments), number),
                name=slot.name or "unknown",
                arguments="".join(slot.arguments) or "{}",
            )
            for number, slot in enumerate(self._slots)
            if slot.name or slot.arguments
        )
        ended = self.finish_reason or ("stop" if self.done else "interrupted")
        return Reply(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            tool_calls=calls,
            finish_reason=ended,
            model=self._model,
            usage=self._usage,
            logprob=sum(self._logprobs) / len(self._logprobs) if self._logprobs else None,
            request_id=self.request_id,
        )

    def _choice(self, choice: Mapping[str, Any]) -> list[TextPiece | ReasoningPiece]:
        self.finish_reason = _string(choice.get("finish_reason")) or self.finish_reason
        self._logprobs += _logprobs(choice.get("logprobs"))
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return []
        pieces: list[TextPiece | ReasoningPiece] = []
        if thought := _content(delta.get("reasoning_content") or delta.get("reasoning")):
            self._reasoning.append(thought)
            pieces.append(ReasoningPiece(text=thought))
        if text := _content(delta.get("content")):
            self._text.append(text)
            pieces.append(TextPiece(text=text))
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict):
                self._call(call)
        return pieces

    def _call(self, call: Mapping[str, Any]) -> None:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        name, identity = _string(function.get("name")), _string(call.get("id"))
        slot = self._slot(call.get("index"), identity, name)
        slot.id = slot.id or identity
        slot.name = slot.name or name
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            if arguments:
                slot.arguments.append(arguments)
        elif arguments is not None:
            slot.arguments = [json.dumps(arguments, ensure_ascii=False)]

    def _slot(self, index: Any, identity: str, name: str) -> _Slot:
        """The call a fragment belongs to: by index, unless its id is another; then by id; then the last."""
        if isinstance(index, int):
            slot = self._by_index.get(index)
            if slot is not None and not (identity and slot.id and identity != slot.id):
                return slot
            self._by_index[index] = self._new()
            return self._by_index[index]
        for slot in self._slots:
            if identity and slot.id == identity:
                return slot
        last = self._slots[-1] if self._slots else None
        if last is None or identity or (name and last.name and (name != last.name or last.complete())):
            return self._new()
        return last

    def _new(self) -> _Slot:
        self._slots.append(_Slot())
        return self._slots[-1]

    def _count(self, chunk: Mapping[str, Any]) -> None:
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._usage = read_usage(usage)
        timings = chunk.get("timings")
        if isinstance(timings, dict) and self._usage.cached is None and self._usage.prompt is not None:
            cached = _tokens(timings.get("cache_n"))
            self._usage = self._usage.model_copy(update={"cached": _part(cached, self._usage.prompt)})


def assemble(events: Iterable[ServerEvent], request_id: str | None = None) -> Reply:
    """A whole answer from its events. Raises BadAnswer where they carry nothing, other ModelErrors as reported."""
    assembly = Assembly(request_id)
    for event in events:
        assembly.feed(event)
    if not assembly.chunks:
        raise nothing(request_id)
    return assembly.reply()


def nothing(request_id: str | None) -> BadAnswer:
    """The error for an answer without a single chunk."""
    return BadAnswer("The endpoint ended the answer before it began; try the turn again.", request_id)


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Tokens as the endpoint reports them; what it does not say, or says absurdly, is None."""
    prompt, output = _tokens(usage.get("prompt_tokens")), _tokens(usage.get("completion_tokens"))
    cached = _tokens(_inner(usage, "prompt_tokens_details", "cached_tokens"))
    if cached is None:
        cached = _tokens(usage.get("prompt_cache_hit_tokens"))
    reasoning = _tokens(_inner(usage, "completion_tokens_details", "reasoning_tokens"))
    return Usage(prompt=prompt, cached=_part(cached, prompt), output=output, reasoning=_part(reasoning, output))


def add_usage(one: Usage, other: Usage) -> Usage:
    """Both calls' tokens; a number unknown in either is unknown."""
    both = {
        name: None if (a := getattr(one, name)) is None or (b := getattr(other, name)) is None else a + b
        for name in ("prompt", "cached", "output", "reasoning")
    }
    return Usage(**both, estimated=one.estimated or other.estimated)


def stream_error(chunk: Mapping[str, Any], request_id: str | None) -> ModelError:
    """The error a chunk reports, of the kind its code says."""
    error = chunk.get("error") or chunk
    told = error if isinstance(error, dict) else {"message": error}
    code = str(told.get("code") or told.get("type") or "")
    identity = _string(told.get("request_id")) or request_id
    said = " ".join(str(told.get("message") or code or "no reason given").split())[:300].rstrip(".")
    kinds: dict[str, type[ModelError]] = {
        "insufficient_quota_error": OutOfCredit,
        "invalid_api_key_error": KeyRejected,
        "rate_limit_exceeded_error": RateLimited,
        "exceed_context_size_error": WindowExceeded,
    }
    where = f" (request {identity})" if identity else ""
    return kinds.get(code, StreamFailed)(f"The endpoint broke off the answer: {said}{where}.", identity)


def _logprobs(value: Any) -> list[float]:
    content = value.get("content") if isinstance(value, dict) else None
    found = [item.get("logprob") for item in content or [] if isinstance(item, dict)] if content else []
    return [float(number) for number in found if isinstance(number, int | float) and not isinstance(number, bool)]


def _content(value: Any) -> str:
    if isinstance(value, list):
        return "".join(_string(part.get("text")) for part in value if isinstance(part, dict))
    return _string(value)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _inner(usage: Mapping[str, Any], outer: str, name: str) -> Any:
    details = usage.get(outer)
    return details.get(name) if isinstance(details, dict) else None


def _tokens(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _part(value: int | None, whole: int | None) -> int | None:
    return None if value is None or (whole is not None and value > whole) else value
