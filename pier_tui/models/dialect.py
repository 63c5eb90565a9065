"""How endpoints differ: what is sent, and what a refusal means; no networking here.

`Plain` speaks to any OpenAI-compatible endpoint. A dialect belongs to one client and remembers for the
session what its endpoint refused, so that nothing is refused twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pier_tui.errors import (
    BadAnswer,
    EndpointDown,
    KeyRejected,
    ModelError,
    ModelRetired,
    OutOfCredit,
    RateLimited,
    WindowExceeded,
)
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import ChatRequest, Message, Reply, ToolSpec
from pier_tui.models.retry import delay, meaning

NO_OUTPUT = "(no output)"
"""Stands for an empty tool result, which endpoints refuse."""
CONNECT_ATTEMPTS = 3
"""How often a connection is tried before the endpoint counts as down."""
DROPPABLE = ("stream_options", "logprobs", "chat_template_kwargs", "reasoning_effort", "temperature")
"""Fields an endpoint may not know; each is left out for the session once refused by name."""
TAGS = re.compile("[\U000e0000-\U000e007f]")
"""Characters nobody sees and models read: they are left out of every message, as a person cannot check them."""
WINDOW_WORDS = (
    "context window",
    "context length",
    "context_length",
    "context size",
    "exceed_context_size",
    "n_ctx",
    "prompt is too long",
    "request too large",
)
CREDIT_WORDS = ("insufficient_quota", "exceeded your current quota", "insufficient balance", "billing_hard_limit")
SOON = 0.1
"""Seconds to wait at least: an endpoint that asks to come back at once is not rushed."""


@dataclass(frozen=True)
class Failure:
    """A call that brought no answer. `status` is None where there was no response; `error` says so in a sentence."""

    message: str
    status: int | None = None
    code: str = ""
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: ModelError | None = None
    chance: float = 0.0
    """From 0 to 1; spreads the waits of many clients."""

    def sentence(self, text: str) -> str:
        """One sentence with the endpoint's request id, for its support."""
        return f"{text.rstrip('.')} (request {self.request_id})." if self.request_id else f"{text.rstrip('.')}."


@dataclass(frozen=True)
class Again:
    """Advice to send the call again: after a wait (seconds), as a changed request, or to another model."""

    notice: str
    wait: float = 0.0
    card: ModelCard | None = None
    request: ChatRequest | None = None


class Dialect(Protocol):
    """What a client asks of its endpoint's dialect."""

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers that carry the key."""
        ...

    def body(self, request: ChatRequest, card: ModelCard) -> dict[str, Any]:
        """The request as the endpoint wants it."""
        ...

    def check(self, size: int) -> None:
        """Refuse a body of so many bytes before it is sent, with WindowExceeded."""
        ...

    def advise(self, failure: Failure, card: ModelCard, attempt: int, now: float) -> Again | ModelError:
        """What to do after failed attempt number `attempt` (from 1) at Unix time `now`."""
        ...

    def blank(self, request: ChatRequest, reply: Reply, card: ModelCard, again: bool) -> Again | ModelError | None:
        """What to do about an answer without text or tool call; `again` where it is the second."""
        ...


class Plain:
    """Any OpenAI-compatible endpoint."""

    def __init__(self) -> None:
        self.dropped: set[str] = set()
        self._tools: tuple[ToolSpec, ...] = ()

    def headers(self, key: str | None) -> dict[str, str]:
        """The key as a bearer token."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, request: ChatRequest, card: ModelCard) -> dict[str, Any]:
        """Tools in the order given; contents are plain strings."""
        tools = self._tools_for(request)
        body: dict[str, Any] = {
            **card.fields,
            "model": card.id,
            "messages": [wire_message(message) for message in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": self.max_tokens(request, card),
            "temperature": request.temperature,
        }
        if tools:
            body["tools"] = [wire_tool(tool) for tool in tools]
            choice = request.tool_choice if request.tools else "none"
            if choice != "auto":
                named = choice not in ("none", "required")
                body["tool_choice"] = {"type": "function", "function": {"name": choice}} if named else choice
        if request.logprobs:
            body["logprobs"] = True
        body |= self.reasoning(request)
        return {name: value for name, value in body.items() if name not in self.dropped}

    def reasoning(self, request: ChatRequest) -> dict[str, Any]:
        """The fields that say how much to reason; off says nothing."""
        return {} if request.reasoning == "off" else {"reasoning_effort": request.reasoning}

    def max_tokens(self, request: ChatRequest, card: ModelCard) -> int:
        """Tokens of reasoning and answer together, at most the model's cap."""
        return max(1, min(request.max_tokens, card.output_cap))

    def check(self, size: int) -> None:
        """No limit is known."""

    def advise(self, failure: Failure, card: ModelCard, attempt: int, now: float) -> Again | ModelError:
        """Wait and try again what may pass; everything else becomes one sentence."""
        if failure.status is None:
            return self._unanswered(failure, attempt, now)
        said = f"{failure.code} {failure.message}".lower()
        kind = meaning(failure.status)
        if kind == "key":
            return key_rejected(failure)
        if kind == "credit" or any(word in said for word in CREDIT_WORDS):
            return out_of_credit(failure)
        if kind == "window" or any(word in said for word in WINDOW_WORDS):
            return window_exceeded(failure)
        if kind == "again":
            return again_later(failure, attempt, now)
        if kind == "missing":
            return retired(failure, card)
        for name in (*DROPPABLE, *card.fields):
            if name in said and name not in self.dropped:
                self.dropped.add(name)
                return Again(f"The endpoint does not know {name}; it is left out from now on.")
        return BadAnswer(failure.sentence(f"The endpoint refused the request: {failure.message}"), failure.request_id)

    def blank(self, request: ChatRequest, reply: Reply, card: ModelCard, again: bool) -> Again | ModelError | None:
        """An empty answer is taken as it is."""
        return None

    def _unanswered(self, failure: Failure, attempt: int, now: float) -> Again | ModelError:
        final = failure.error or EndpointDown(failure.message)
        wait = delay(failure.headers, attempt, now, failure.chance) if attempt < CONNECT_ATTEMPTS else None
        if wait is None:
            return final
        wait = max(SOON, wait)
        why = str(final).split(" (request")[0].partition(": ")[0].partition(". ")[0].rstrip(".")
        return Again(f"{why}; trying again in {wait:.0f} s.", wait)

    def _tools_for(self, request: ChatRequest) -> tuple[ToolSpec, ...]:
        """The tools to send: a history with tool calls needs them again, even where none may be called now."""
        if request.tools:
            self._tools = request.tools
            return request.tools
        called = sorted({call.name for message in request.messages for call in message.tool_calls})
        if not called:
            return ()
        empty = {"type": "object", "properties": {}}
        return self._tools or tuple(ToolSpec(name=n, description=n, parameters=empty) for n in called)


class OpenWeights(Plain):
    """vLLM, SGLang and llama.cpp serving open weights: reasoning is switched in the chat template."""

    def reasoning(self, request: ChatRequest) -> dict[str, Any]:
        """The template's own switch, and the effort where there is one."""
        template = {"chat_template_kwargs": {"enable_thinking": request.reasoning != "off"}}
        return template | super().reasoning(request)


def wire_message(message: Message) -> dict[str, Any]:
    """A message on the wire, without tag characters. Tool results are never empty."""
    content = TAGS.sub("", message.content)
    if message.role == "tool" and not content.strip():
        content = NO_OUTPUT
    wire: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": TAGS.sub("", call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def wire_tool(tool: ToolSpec) -> dict[str, Any]:
    """A tool on the wire."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def again_later(failure: Failure, attempt: int, now: float) -> Again | ModelError:
    """A wait for an overloaded or limiting endpoint, or the sentence when its patience is used up."""
    wait = delay(failure.headers, attempt, now, failure.chance)
    limited = failure.status == 429
    if wait is not None:
        why = "The endpoint asks to slow down" if limited else "The endpoint is in trouble"
        wait = max(SOON, wait)
        return Again(f"{why} ({failure.status}); trying again in {wait:.0f} s.", wait)
    if limited:
        text = f"The endpoint still asks to slow down after {attempt} tries: {failure.message}"
        return RateLimited(failure.sentence(text), failure.request_id)
    text = f"The endpoint failed {attempt} times with status {failure.status}: {failure.message}"
    return EndpointDown(failure.sentence(text), failure.request_id)


def key_rejected(failure: Failure) -> KeyRejected:
    """The sentence for a key that is not accepted."""
    text = f"The endpoint does not accept the key ({failure.message}); set another one"
    return KeyRejected(failure.sentence(text), failure.request_id)


def out_of_credit(failure: Failure) -> OutOfCredit:
    """The sentence for an account without credit, which no waiting fills."""
    text = f"The account has no credit left ({failure.message}); add credit or choose another profile"
    return OutOfCredit(failure.sentence(text), failure.request_id)


def window_exceeded(failure: Failure) -> WindowExceeded:
    """The sentence for a prompt that does not fit."""
    text = f"The conversation no longer fits the model's window ({failure.message}); compact it"
    return WindowExceeded(failure.sentence(text), failure.request_id)


def retired(failure: Failure, card: ModelCard) -> ModelRetired:
    """The sentence for a model that is not served."""
    text = f"The endpoint does not serve {card.id} ({failure.message}); choose another profile or model id"
    return ModelRetired(failure.sentence(text), failure.request_id)
