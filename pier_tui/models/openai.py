"""A client of any OpenAI-compatible chat endpoint over HTTP; what endpoints differ in is a `Dialect`."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace

import httpx

from pier_tui.errors import BadAnswer, ConfigError, EndpointDown, ModelError, RateLimited
from pier_tui.models.assembly import Assembly, StreamFailed, add_usage, assemble, nothing
from pier_tui.models.cards import ModelCard
from pier_tui.models.dialect import Again, Dialect, Failure, OpenWeights, Plain
from pier_tui.models.draft import CUT_SHORT, clean_id, whole_characters
from pier_tui.models.messages import CallNotice, ChatRequest, Piece, ReasoningPiece, Reply, TextPiece
from pier_tui.models.pacing import Pace
from pier_tui.models.reading import PATIENT, Silence, Waits, additions, reason
from pier_tui.models.text_calls import Gate
from pier_tui.models.usage import Usage
from pier_tui.seams import call

MOST_SENT = 12
"""Times one call is sent at the very most, learning what the endpoint refuses included."""
HEADERS = {
    "accept": "text/event-stream, application/json",
    "accept-encoding": "identity",
    "content-type": "application/json",
}
SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")


@dataclass
class _Tries:
    """What one call has been through."""

    sent: int = 0
    failed: int = 0
    blank: bool = False
    spent: Usage | None = None

    def paid(self, usage: Usage | None) -> None:
        """Book what a sending cost that brought no answer to keep."""
        if usage is not None:
            self.spent = add_usage(self.spent, usage) if self.spent else usage


@dataclass
class _Progress:
    """One sending of a call as it is read."""

    assembly: Assembly
    gate: Gate
    sent: float
    shown: list[str] = field(default_factory=list)
    begun: bool = False

    def show(self, piece: TextPiece | ReasoningPiece) -> list[TextPiece | ReasoningPiece]:
        """What of an addition may be shown now."""
        if isinstance(piece, ReasoningPiece):
            return [piece]
        text = self.gate.feed(piece.text)
        self.shown += [text] if text else []
        return [TextPiece(text=text)] if text else []


class _Refused(Exception):
    """There was no answer; the dialect is asked what to do."""

    def __init__(self, failure: Failure, spent: Usage | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.spent = spent if spent is not None and spent.prompt is not None else None


class OpenAIClient:
    """One model behind one endpoint; `base_url` ends in the API's version, as `http://127.0.0.1:8000/v1`.

    `card` changes when the endpoint has retired the model and its fallback answers instead; `headers` are further
    ones, asked for at every sending. The key is in no message, name or repr. Raises ConfigError for an address or
    key that cannot be used.
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
        headers: Callable[[], dict[str, str]] = dict,
        waits: Waits = PATIENT,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.card = card
        self.dialect: Dialect = dialect or Plain()
        self._url, self._host = _address(base_url)
        self._key = _usable(key)
        self._pace, self._clock, self._now, self._sleep = pace or Pace(), clock, now, sleep
        self._chance, self._waits, self._headers = chance, waits, headers
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(waits.idle, connect=waits.connect, pool=waits.connect),
            headers=HEADERS,
            follow_redirects=False,
            trust_env=self._tunnelled(),
        )

    def _tunnelled(self) -> bool:
        """Whether the environment's proxy may be used: only where all it sees is the host's name, never the key."""
        return self._url.startswith("https:") and self._host.rsplit(":", 1)[0] not in LOOPBACK

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
                tries.paid(refused.spent)
                again = self._advice(replace(refused.failure, chance=self._chance()), tries)
            if again is None:
                break
            request, self.card = again.request or request, again.card or self.card
            yield CallNotice(text=again.notice, wait_seconds=again.wait)
            if again.wait:
                await self._sleep(again.wait)
        usage = add_usage(tries.spent, reply.usage) if tries.spent else reply.usage
        yield reply.model_copy(update={"usage": usage, "seconds": self._clock() - started})

    def _settle(self, request: ChatRequest, reply: Reply, tries: _Tries) -> Again | None:
        """None for an answer to keep; otherwise how to ask again for one that was blank (and is paid for).

        Of an answer of one token nothing was wanted: the call was made for its prompt.
        """
        if reply.text.strip() or reply.tool_calls or request.max_tokens == 1:
            return None
        again = self.dialect.blank(request, reply, self.card, tries.blank)
        if isinstance(again, ModelError):
            raise again
        if again is not None:
            tries.blank = True
            tries.paid(reply.usage)
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
        """Send once. Raises _Refused as long as nothing was shown; what broke later is an interrupted Reply."""
        body = json.dumps(self.dialect.body(request, self.card), ensure_ascii=False, separators=(",", ":"))
        content = body.encode("utf-8", "replace")
        self.dialect.check(len(content))
        schemas = {tool.name: tool.parameters for tool in request.tools}
        progress = _Progress(Assembly(), Gate(schemas), self._clock())
        headers = self._headers() | self.dialect.headers(self._key)
        try:
            async with self._opened(content, headers) as response:
                if not response.is_success:
                    raise _Refused(await self._failure(response))
                progress.assembly.request_id = clean_id(response.headers.get("x-request-id"))
                async with aclosing(self._pieces(response, progress)) as pieces:
                    async for piece in pieces:
                        progress.begun = True
                        yield piece
        except httpx.HTTPError as error:
            if not (progress.begun or progress.assembly.ended):
                raise self._broken(error, progress) from None
            for piece in self._ending(progress, self._why(error, progress.assembly.request_id)):
                yield piece
        except (StreamFailed, RateLimited) as error:
            clean = type(error)(self._scrub(str(error), 600), error.request_id)
            if progress.begun:
                raise clean from None
            failure = Failure(str(clean), request_id=error.request_id, error=clean)
            raise _Refused(failure, progress.assembly.reply().usage) from None
        except ModelError as error:
            raise type(error)(self._scrub(str(error), 600), error.request_id) from None

    def _opened(self, content: bytes, headers: dict[str, str]) -> AbstractAsyncContextManager[httpx.Response]:
        try:
            return call("net.connect", self._http.stream, "POST", self._url, content=content, headers=headers)
        except OSError as error:
            raise httpx.ConnectError(error.strerror or str(error)) from error

    async def _pieces(self, response: httpx.Response, progress: _Progress) -> AsyncGenerator[Piece, None]:
        assembly = progress.assembly
        async with aclosing(additions(response, assembly, self._clock, self._waits)) as pieces:
            async for piece in pieces:
                for shown in progress.show(piece):
                    yield shown
        if not assembly.chunks:
            raise StreamFailed(str(nothing(assembly.request_id)), assembly.request_id)
        why = "The endpoint ended the answer without saying that it was finished."
        for last in self._ending(progress, why):
            yield last

    def _ending(self, progress: _Progress, why: str) -> list[Piece]:
        """What was held back, the sentence `why` where the answer lacks its end, and the reply."""
        assembly = progress.assembly
        pieces: list[Piece] = [shown for piece in assembly.close() for shown in progress.show(piece)]
        first = None if assembly.began is None else assembly.began - progress.sent
        reply = assembly.reply().model_copy(update={"first_token": first})
        cut = reply.finish_reason == "interrupted" or reply.finish_reason in CUT_SHORT
        rest, calls = progress.gate.finish(native=assembly.has_calls, cut=cut)
        if rest:
            pieces.append(TextPiece(text=rest))
        if calls:
            text = "".join([*progress.shown, rest]).rstrip()
            reply = reply.model_copy(update={"text": text, "tool_calls": calls, "finish_reason": "tool_calls"})
        if reply.finish_reason == "interrupted":
            pieces.append(CallNotice(text=why))
        return [*pieces, reply]

    def _why(self, error: httpx.HTTPError, identity: str | None) -> str:
        """How a connection failed, in one sentence."""
        where = f" (request {identity})" if identity else ""
        if isinstance(error, httpx.ReadTimeout):
            seconds = error.seconds if isinstance(error, Silence) else self._waits.idle
            return f"{self._host} said nothing for {seconds:.0f} s{where}."
        return f"The connection to {self._host} broke during the answer{where}."

    def _broken(self, error: httpx.HTTPError, progress: _Progress) -> Exception:
        """What a connection comes to that failed before anything was said; silence is not waited for twice."""
        identity = progress.assembly.request_id
        where = f" (request {identity})" if identity else ""
        if isinstance(error, httpx.ReadTimeout):
            return EndpointDown(f"{self._why(error, identity).rstrip('.')}; try the turn again.", identity)
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            text = f"No connection to {self._host}: check the address and that the server runs."
        else:
            text = f"The connection to {self._host} broke before an answer{where}; try the turn again."
        return _Refused(Failure(text, request_id=identity, error=EndpointDown(text, identity)))

    async def _failure(self, response: httpx.Response) -> Failure:
        """A refusal as read from its status and body, with the key taken out."""
        message, code, identity = await reason(response)
        request_id = clean_id(response.headers.get("x-request-id")) or clean_id(identity)
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
        return SPACE.sub(" ", whole_characters(text)).strip()[:most]


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
