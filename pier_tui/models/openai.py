"""A client of any OpenAI-compatible chat endpoint over HTTP; what endpoints differ in is a `Dialect`."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from pier_tui.errors import BadAnswer, ConfigError, EndpointDown, ModelError, RateLimited
from pier_tui.models.assembly import Assembly, StreamFailed, add_usage, assemble, nothing
from pier_tui.models.cards import ModelCard
from pier_tui.models.dialect import Again, Dialect, Failure, OpenWeights, Plain
from pier_tui.models.messages import CallNotice, ChatRequest, Piece, ReasoningPiece, Reply, TextPiece
from pier_tui.models.pacing import Pace
from pier_tui.models.sse import Decoder
from pier_tui.models.text_calls import Gate
from pier_tui.models.usage import Usage

MOST_SENT = 12
"""Times one call is sent at the very most, learning what the endpoint refuses included."""
ERROR_BYTES, ANSWER_BYTES = 64 * 1024, 16 * 1024 * 1024
"""How much of an error's body, and of an answer that is not streamed, is read."""
DRAIN = 0.25
"""Seconds to wait for the end of a response whose answer is complete."""
SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")


@dataclass(frozen=True)
class Waits:
    """Longest waits in seconds: for a connection, and for the next bytes of an answer."""

    connect: float = 10.0
    idle: float = 120.0


@dataclass
class _Tries:
    """What one call has been through."""

    sent: int = 0
    failed: int = 0
    blank: bool = False
    spent: Usage | None = None


@dataclass
class _Progress:
    """One sending of a call as it is read."""

    assembly: Assembly
    gate: Gate
    sent: float
    first: float | None = None
    shown: list[str] = field(default_factory=list)
    begun: bool = False


class _Refused(Exception):
    """There was no answer; the dialect is asked what to do."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class OpenAIClient:
    """One model behind one endpoint; `base_url` ends in the API's version, as `http://127.0.0.1:8000/v1`.

    `card` changes when the endpoint has retired the model and its fallback answers instead. The key is in
    no message, name or repr. Raises ConfigError for an address or key that cannot be used.
    """

    card: ModelCard

    def __init__(
        self,
        card: ModelCard,
        base_url: str,
        key: str | None = None,
        *,
        dialect: Dialect | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: Pace | None = None,
        waits: Waits = Waits(),
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.card = card
        self.dialect: Dialect = dialect or Plain()
        self._url, self._host = _address(base_url)
        self._key = _usable(key)
        self._pace, self._clock, self._now, self._sleep = pace or Pace(), clock, now, sleep
        self._idle = waits.idle
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(waits.idle, connect=waits.connect, pool=waits.connect),
            headers={"accept": "text/event-stream, application/json", "content-type": "application/json"},
            trust_env=self._host.rsplit(":", 1)[0] not in LOOPBACK,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Make one call: pieces as they come, notices of waits and retries, one Reply last. Raises ModelError."""
        tries, reply = _Tries(), Reply()
        started = self._clock()
        while True:
            if (wait := self._pace.reserve()) > 0:
                if wait > 1:
                    yield CallNotice(text=f"Waiting {wait:.0f} s: the account's rate limit.", wait_seconds=wait)
                await self._sleep(wait)
            try:
                async with aclosing(self._send(request)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Reply):
                            reply = piece
                        else:
                            yield piece
                again = self._settle(request, reply, tries)
            except _Refused as refused:
                again = self._advice(refused.failure, tries)
            if again is None:
                break
            request, self.card = again.request or request, again.card or self.card
            yield CallNotice(text=again.notice, wait_seconds=again.wait)
            if again.wait:
                await self._sleep(again.wait)
        usage = add_usage(tries.spent, reply.usage) if tries.spent else reply.usage
        yield reply.model_copy(update={"usage": usage, "seconds": self._clock() - started})

    def _settle(self, request: ChatRequest, reply: Reply, tries: _Tries) -> Again | None:
        """None for an answer to keep; otherwise how to ask again for one that was blank (and is paid for)."""
        if reply.text.strip() or reply.tool_calls:
            return None
        again = self.dialect.blank(request, reply, self.card, tries.blank)
        if isinstance(again, ModelError):
            raise again
        if again is not None:
            tries.blank, tries.spent = True, reply.usage
        return again

    def _advice(self, failure: Failure, tries: _Tries) -> Again:
        tries.sent += 1
        tries.failed += 1
        again = self.dialect.advise(failure, self.card, tries.failed, self._now())
        if isinstance(again, ModelError):
            raise again from None
        if not again.wait:
            tries.failed -= 1
        if tries.sent >= MOST_SENT:
            text = f"The endpoint refused the request {tries.sent} times: {failure.message}"
            raise BadAnswer(failure.sentence(text), failure.request_id) from None
        return again

    async def _send(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Send once. Raises _Refused as long as nothing was shown, ModelError afterwards."""
        body = json.dumps(self.dialect.body(request, self.card), ensure_ascii=False, separators=(",", ":"))
        content = body.encode("utf-8", "replace")
        self.dialect.check(len(content))
        schemas = {tool.name: tool.parameters for tool in request.tools}
        progress = _Progress(Assembly(), Gate(schemas), self._clock())
        headers = self.dialect.headers(self._key)
        try:
            async with self._http.stream("POST", self._url, content=content, headers=headers) as response:
                if not response.is_success:
                    raise _Refused(await self._failure(response))
                progress.assembly.request_id = _clean_id(response.headers.get("x-request-id"))
                async with aclosing(self._pieces(response, progress)) as pieces:
                    async for piece in pieces:
                        progress.begun = True
                        yield piece
        except httpx.HTTPError as error:
            raise self._broken(error, progress) from None
        except (StreamFailed, RateLimited) as error:
            clean = type(error)(self._scrub(str(error), 600), error.request_id)
            if progress.begun:
                raise clean from None
            raise _Refused(Failure(str(clean), request_id=error.request_id, error=clean)) from None
        except ModelError as error:
            raise type(error)(self._scrub(str(error), 600), error.request_id) from None

    async def _pieces(self, response: httpx.Response, progress: _Progress) -> AsyncGenerator[Piece, None]:
        assembly = progress.assembly
        async with aclosing(_additions(response, assembly)) as additions:
            async for piece in additions:
                if progress.first is None:
                    progress.first = self._clock() - progress.sent
                if isinstance(piece, ReasoningPiece):
                    yield piece
                elif text := progress.gate.feed(piece.text):
                    progress.shown.append(text)
                    yield TextPiece(text=text)
        if not assembly.chunks:
            raise StreamFailed(str(nothing(assembly.request_id)), assembly.request_id)
        rest, calls = progress.gate.finish(native=assembly.has_calls)
        if rest:
            yield TextPiece(text=rest)
        reply = assembly.reply().model_copy(update={"first_token": progress.first})
        if calls:
            text = "".join([*progress.shown, rest]).rstrip()
            reply = reply.model_copy(update={"text": text, "tool_calls": calls, "finish_reason": "tool_calls"})
        if reply.finish_reason == "interrupted":
            yield CallNotice(text="The endpoint ended the answer without saying that it was finished.")
        yield reply

    def _broken(self, error: httpx.HTTPError, progress: _Progress) -> Exception:
        """What a connection that failed comes to; tried again only where nothing was said yet."""
        identity = progress.assembly.request_id
        where = f" (request {identity})" if identity else ""
        if isinstance(error, httpx.ReadTimeout):
            silent = f"{self._host} said nothing for {self._idle:.0f} s{where}; try the turn again."
            return BadAnswer(silent, identity) if progress.begun else EndpointDown(silent, identity)
        if progress.begun:
            return BadAnswer(f"The connection to {self._host} broke during the answer{where}; try again.", identity)
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            text = f"No connection to {self._host}: check the address and that the server runs."
        else:
            text = f"The connection to {self._host} broke before an answer{where}; try the turn again."
        return _Refused(Failure(text, request_id=identity, error=EndpointDown(text, identity)))

    async def _failure(self, response: httpx.Response) -> Failure:
        """A refusal as read from its status and body, with the key taken out."""
        read = bytearray()
        async for chunk in response.aiter_bytes():
            read += chunk
            if len(read) > ERROR_BYTES:
                break
        message, code, identity = _told(bytes(read))
        request_id = _clean_id(response.headers.get("x-request-id")) or _clean_id(identity)
        return Failure(
            message=self._scrub(message) or f"status {response.status_code}, no reason given",
            status=response.status_code,
            code=code,
            request_id=request_id,
            headers=dict(response.headers),
        )

    def _scrub(self, text: str, most: int = 300) -> str:
        """Text from the endpoint as part of a sentence: one line, short, without the key."""
        if self._key:
            text = text.replace(self._key, "…")
        return SPACE.sub(" ", text).strip()[:most]


async def _additions(response: httpx.Response, assembly: Assembly) -> AsyncGenerator[TextPiece | ReasoningPiece, None]:
    """What each part of the response adds, whether it is a stream of events or one JSON answer."""
    decoder, whole = Decoder(), bytearray()
    streamed: bool | None = True if "event-stream" in response.headers.get("content-type", "") else None
    async with aclosing(_bytes(response)) as chunks:
        async for chunk in chunks:
            part = chunk
            whole += b"" if streamed else chunk
            if len(whole) > ANSWER_BYTES:
                raise BadAnswer("The endpoint's answer is too long to be one.", assembly.request_id)
            if streamed is None:
                streamed, part = _sniff(bytes(whole), assembly.request_id), bytes(whole)
            if streamed:
                for event in decoder.feed(part):
                    for piece in assembly.feed(event):
                        yield piece
            if assembly.done:
                await _drain(chunks)
                return
    if streamed:
        for event in decoder.close(flush=True):
            for piece in assembly.feed(event):
                yield piece
    elif whole.strip():
        for piece in assembly.chunk(_whole(bytes(whole), assembly.request_id)):
            yield piece


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


def _clean_id(identity: str | None) -> str | None:
    """A request id fit for a sentence."""
    return re.sub(r"[^\w.:-]", "", identity)[:80] or None if identity else None


def _address(base_url: str) -> tuple[str, str]:
    """The chat endpoint's URL, and its host for messages."""
    try:
        url = httpx.URL(base_url.rstrip("/") + "/chat/completions")
    except httpx.InvalidURL:
        raise ConfigError(f"{base_url!r} is not a URL; write it like http://127.0.0.1:8000/v1.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError(f"{base_url!r} is not a URL; write it like http://127.0.0.1:8000/v1.")
    if url.userinfo:
        raise ConfigError("The endpoint's URL holds a name or password; give the key separately.")
    return str(url), url.netloc.decode("ascii")


def _usable(key: str | None) -> str | None:
    if key is None or (key.isascii() and key.isprintable() and key.strip() == key and key):
        return key
    raise ConfigError("The key holds spaces or characters that no key has; copy it again.")


__all__ = ["Again", "Assembly", "Dialect", "Failure", "OpenAIClient", "OpenWeights", "Plain", "Waits", "assemble"]
