"""An endpoint on the loopback that answers each request with the next thing it was told to, most of them faults."""

from __future__ import annotations

import asyncio
import gzip
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

Act = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One request being answered. `gone` is set once the other side has hung up."""

    writer: asyncio.StreamWriter
    head: str
    body: dict[str, Any]
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()


@dataclass
class FaultServer:
    """What it was asked, in order. The last act answers every further request."""

    acts: list[Act]
    url: str = ""
    lines: list[Line] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[Any]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            size = int(head.lower().partition("content-length:")[2].split("\r\n")[0])
            line = Line(writer, head, json.loads(await reader.readexactly(size)))
            self.lines.append(line)
            act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
            answering = asyncio.ensure_future(act(line))
            self.asked.set()
            watching = asyncio.ensure_future(reader.read())
            ending = asyncio.ensure_future(self.over.wait())
            await asyncio.wait({answering, watching, ending}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                line.gone.set()
            for part in (answering, watching, ending):
                part.cancel()
            await asyncio.gather(answering, watching, ending, return_exceptions=True)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.serving.discard(task)


@asynccontextmanager
async def serving(*acts: Act) -> AsyncIterator[FaultServer]:
    """A server for these acts, one a request."""
    made = FaultServer(list(acts))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield made
    finally:
        server.close()
        made.over.set()
        await asyncio.gather(*made.serving)


def status(code: int, content: bytes | str = b"", **headers: str) -> Act:
    """A whole answer with a status and body."""
    data = content.encode() if isinstance(content, str) else content

    async def act(line: Line) -> None:
        named = {"content-length": str(len(data)), **{k.replace("_", "-"): v for k, v in headers.items()}}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        await line.send(f"HTTP/1.1 {code} X\r\n{head}connection: close\r\n\r\n".encode(), data)

    return act


def raw(*parts: bytes, then: Act | None = None) -> Act:
    """Bytes as they are."""

    async def act(line: Line) -> None:
        await line.send(*parts)
        await (then or close)(line)

    return act


def stream(*chunks: Any, then: Act | None = None, kind: str = "text/event-stream") -> Act:
    """An event stream, not ended by anything but what comes `then`; a str or bytes is sent as it is."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-request-id: r-1\r\nconnection: close\r\n\r\n".encode()
    return raw(head, *map(event, chunks), then=then)


def event(chunk: Any) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    return chunk.encode() if isinstance(chunk, str) else f"data: {json.dumps(chunk)}\n\n".encode()


async def close(line: Line) -> None:
    """The connection ends in good order."""


async def reset(line: Line) -> None:
    """The connection ends with a TCP reset."""
    line.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    line.writer.transport.abort()


async def stall(line: Line) -> None:
    """Nothing more is ever sent."""
    await asyncio.Event().wait()


def packed(content: bytes) -> Act:
    """An answer that says it is gzip, with these bytes."""
    return status(200, content, content_type="text/event-stream", content_encoding="gzip")


def said(text: str = "", reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk of a chat answer."""
    fields = {**({"content": text} if text else {}), **delta}
    return {"model": "m", "choices": [{"index": 0, "delta": fields, "finish_reason": reason}]}


def call(name: str, arguments: str, index: int = 0, identity: str = "") -> dict[str, Any]:
    """A chunk with a tool call, or a part of one."""
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    return said(tool_calls=[{"index": index, "id": identity or f"call-{index}", "function": function}])


USAGE = {"choices": [], "usage": {"prompt_tokens": 70, "completion_tokens": 7}}
DONE = b"data: [DONE]\n\n"
GZIPPED = gzip.compress(event(said("zipped", "stop")) + DONE)
