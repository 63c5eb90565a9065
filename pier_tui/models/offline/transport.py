"""The wire: an httpx transport that answers chat completions from the rule-based pair, as server-sent events.

`POST …/chat/completions` streams a role chunk, text and tool-call deltas, the finish reason and a usage
chunk; `GET …/models` names the model. Token counts are those of `tokens`, marked nowhere as anything else.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import httpx

from pier_tui.models.offline import strong, tokens, weak
from pier_tui.models.offline.plan import Said
from pier_tui.models.offline.transcript import read_transcript

MODEL_IDS = {"weak": "offline-30b-rules", "strong": "offline-105b-rules"}
_WORDS = re.compile(r"\s*\S+(?:\s+\S+){0,3}|\s+")
_ARGUMENT_PIECE, _MOST_PIECES = 120, 40
"""Characters of a tool call's arguments per delta; longer arguments come in larger pieces, not in more."""


class OfflineTransport(httpx.AsyncBaseTransport):
    """Answers for one tier. `pace` is seconds between deltas; 0 streams at once."""

    def __init__(self, tier: Literal["weak", "strong"], pace: float = 0.0) -> None:
        self.model = MODEL_IDS[tier]
        self._answer = weak.answer if tier == "weak" else strong.answer
        self._pace = pace
        self._memory = tokens.PromptMemory()
        self._calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one HTTP request; unknown paths are 404, an unreadable body is 400."""
        if request.method == "GET" and request.url.path.endswith("/models"):
            listed = {"object": "list", "data": [{"id": self.model, "object": "model", "owned_by": "pier-tui"}]}
            return httpx.Response(200, json=listed, request=request)
        if request.method != "POST" or not request.url.path.endswith("/chat/completions"):
            return _refused(404, f"there is nothing at {request.url.path}", request)
        try:
            body = json.loads(await request.aread())
        except ValueError:
            return _refused(400, "the body is not JSON", request)
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            return _refused(400, "the body has no messages", request)
        self._calls += 1
        identity = f"offline-{self.model.split('-')[1]}-{self._calls}"
        if not body.get("stream"):
            said, usage = await self._plan(body)
            return httpx.Response(200, json=_whole(identity, self.model, said, usage), request=request)
        headers = {"content-type": "text/event-stream", "x-request-id": identity}
        return httpx.Response(200, headers=headers, stream=_Events(self._stream(body, identity)), request=request)

    async def _plan(self, body: dict[str, Any]) -> tuple[Said, dict[str, Any]]:
        prompt = tokens.serialised(body)
        if body.get("max_tokens") == 1:
            # Only the prompt is to be read.
            said = Said(text=".")
        else:
            said = await asyncio.to_thread(lambda: self._answer(read_transcript(body)))
        spoken = said.text + "".join(call.name + json.dumps(call.arguments) for call in said.calls)
        output = tokens.count(spoken.encode("utf-8", "replace"))
        total = tokens.count(prompt)
        cached = min(self._memory.cached(prompt), total)
        usage = {
            "prompt_tokens": total,
            "completion_tokens": output,
            "total_tokens": total + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        return said, usage

    async def _stream(self, body: dict[str, Any], identity: str) -> AsyncIterator[bytes]:
        yield _event(identity, self.model, {"role": "assistant", "content": ""})
        said, usage = await self._plan(body)
        for delta in _deltas(said, identity):
            yield _event(identity, self.model, delta)
            if self._pace:
                await asyncio.sleep(self._pace)
        yield _event(identity, self.model, {}, "tool_calls" if said.calls else "stop")
        last = {"id": identity, "object": "chat.completion.chunk", "model": self.model, "choices": [], "usage": usage}
        yield _line(last)
        yield b"data: [DONE]\n\n"


class _Events(httpx.AsyncByteStream):
    """The body of a streamed answer; closing it closes the generator behind it."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks as they are planned."""
        async for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        """Stop."""
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()


def _deltas(said: Said, identity: str) -> Iterator[dict[str, Any]]:
    for match in _WORDS.finditer(said.text):
        yield {"content": match[0]}
    for index, call in enumerate(said.calls):
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        function = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": f"{identity}-{index}", "type": "function", "function": function}]}
        size = max(_ARGUMENT_PIECE, -(-len(arguments) // _MOST_PIECES))
        for start in range(0, len(arguments), size):
            piece = arguments[start : start + size]
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _event(identity: str, model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _line({"id": identity, "object": "chat.completion.chunk", "model": model, "choices": [choice]})


def _line(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


def _whole(identity: str, model: str, said: Said, usage: dict[str, Any]) -> dict[str, Any]:
    calls = [
        {
            "id": f"{identity}-{index}",
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
        }
        for index, call in enumerate(said.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {"id": identity, "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


def _refused(status: int, message: str, request: httpx.Request) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message}}, request=request)
