"""What the bytes of a response say: pieces of an answer, streamed or whole, or the reason of a refusal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from pier_tui.errors import BadAnswer
from pier_tui.models.assembly import Assembly
from pier_tui.models.messages import ReasoningPiece, TextPiece
from pier_tui.models.sse import Decoder

ERROR_BYTES, ANSWER_BYTES, STREAM_BYTES = 64 * 1024, 16 * 1024 * 1024, 64 * 1024 * 1024
"""How much of an error's body, of an answer that is not streamed or of one event, and of a stream is read."""
DRAIN, REASON = 0.25, 5.0
"""Seconds to wait for the end of a response whose answer is complete, and for an error's body."""


@dataclass(frozen=True)
class Waits:
    """Longest waits in seconds: for a connection, for the next bytes of an answer, for its next event, for its tail."""

    connect: float = 10.0
    idle: float = 120.0
    event: float = 600.0
    tail: float = 5.0
    """For what follows a finish reason, such as the count of tokens."""


PATIENT = Waits()


class Silence(httpx.ReadTimeout):
    """Nothing but signs of life for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__("nothing but signs of life")
        self.seconds = seconds


async def reason(response: httpx.Response) -> tuple[str, str, str | None]:
    """Message, code and request id of a refusal, as much of them as comes in time."""
    read = bytearray()
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(REASON):
            async for chunk in response.aiter_bytes():
                read += chunk[:ERROR_BYTES]
                if len(read) > ERROR_BYTES:
                    break
    return _told(bytes(read))


async def additions(
    response: httpx.Response, assembly: Assembly, clock: Callable[[], float], waits: Waits
) -> AsyncGenerator[TextPiece | ReasoningPiece, None]:
    """What each part of the response adds, whether it is a stream of events or one JSON answer."""
    decoder, whole, told, size = Decoder(), bytearray(), clock(), 0
    streamed: bool | None = True if "event-stream" in response.headers.get("content-type", "") else None
    async with aclosing(_bytes(response)) as chunks:
        while (chunk := await _next(chunks, waits.tail if assembly.ended else None)) is not None:
            part = chunk
            whole += b"" if streamed else chunk
            size += len(chunk)
            if size > STREAM_BYTES or max(len(whole), decoder.held) > ANSWER_BYTES:
                raise BadAnswer("The endpoint's answer is too long to be one.", assembly.request_id)
            if streamed is None:
                streamed, part = _sniff(bytes(whole), assembly.request_id), bytes(whole)
            for event in decoder.feed(part) if streamed else ():
                told = clock()
                pieces = assembly.feed(event)
                if assembly.began is None and (pieces or assembly.has_calls):
                    assembly.began = told
                for piece in pieces:
                    yield piece
            if assembly.done:
                await _drain(chunks)
                return
            if clock() - told > waits.event:
                raise Silence(waits.event)
    if streamed:
        for event in decoder.close(flush=True):
            for piece in assembly.feed(event):
                yield piece
    elif whole.strip():
        for piece in assembly.chunk(_whole(bytes(whole), assembly.request_id)):
            yield piece


async def _next(chunks: AsyncIterator[bytes], patience: float | None) -> bytes | None:
    """The next bytes; None at the end, and where a finished answer is not followed by more in time."""
    try:
        async with asyncio.timeout(patience):
            return await anext(chunks, None)
    except TimeoutError:
        return None


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows the answer, so that the connection can be used again; not for long."""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(DRAIN):
            async for _ in chunks:
                pass


async def _bytes(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    chunks: AsyncIterator[bytes] = response.aiter_bytes()
    async for chunk in chunks:
        yield chunk


def _sniff(start: bytes, request_id: str | None) -> bool | None:
    """Whether a body is a stream (True), JSON (False), or too short to tell (None). Raises BadAnswer otherwise."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return None
    if text.startswith(b"{"):
        return False
    marks = (b":", b"data", b"event", b"id", b"retry")
    if any(text.startswith(mark) for mark in marks):
        return True
    if any(mark.startswith(text) for mark in marks):
        return None
    kind = "a web page" if text.startswith(b"<") else "something that is not a chat answer"
    raise BadAnswer(f"The endpoint answered with {kind}; check that the address ends in /v1.", request_id)


def _whole(content: bytes, request_id: str | None) -> Any:
    try:
        return json.loads(content, strict=False)
    except (ValueError, RecursionError):
        raise BadAnswer("The endpoint's answer is broken JSON; try the turn again.", request_id) from None


def _told(content: bytes) -> tuple[str, str, str | None]:
    """Message, code and request id of an error's body, whichever shape it has."""
    text = content.decode("utf-8", "replace").strip()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ("a web page instead of a reason" if text.startswith("<") else text), "", None
    if not isinstance(body, dict):
        return text, "", None
    error = body.get("error")
    told = error if isinstance(error, dict) else body
    said = error if isinstance(error, str) else told.get("message") or told.get("detail") or ""
    message = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    code = told.get("code")
    named = code if isinstance(code, str) else told.get("type")
    identity = told.get("request_id") or body.get("request_id")
    return message, named if isinstance(named, str) else "", identity if isinstance(identity, str) else None
