"""A client against a real socket that misbehaves: what was said is kept, and the end is one clear sentence."""

from __future__ import annotations

import asyncio
import itertools
import sys
from contextlib import aclosing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_server import (
    DONE,
    GZIPPED,
    USAGE,
    Act,
    FaultServer,
    Line,
    call,
    close,
    packed,
    raw,
    reset,
    said,
    serving,
    stall,
    status,
    stream,
)

from pier_tui.errors import BadAnswer, EndpointDown, ModelError, OutOfCredit
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import CallNotice, ChatRequest, Message, Piece, Reply, TextPiece, ToolSpec
from pier_tui.models.openai import OpenAIClient, Waits

KEY = "sk-very-secret"
CARD = ModelCard(label="30B", id="m", window=1000, output_cap=500, as_of=date(2026, 1, 1), source="test")
RUN = ToolSpec(name="run", description="runs", parameters={"properties": {"command": {"type": "string"}}})
ASK = ChatRequest(messages=(Message(role="user", content="hi"),), tools=(RUN,))
GOOD = stream(said("fine", "stop"), DONE)
HALF = '{"command": "rm -r b'


class Asked:
    """What came of one call."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.slept: list[float] = []
        self.error: ModelError | None = None

    @property
    def reply(self) -> Reply:
        assert self.error is None, self.error
        last = self.pieces[-1]
        assert isinstance(last, Reply)
        return last

    @property
    def notices(self) -> list[str]:
        return [piece.text for piece in self.pieces if isinstance(piece, CallNotice)]


async def ask(server: FaultServer | str, *, waits: Waits | None = None, tick: float = 0.0) -> Asked:
    asked, time = Asked(), itertools.count(0.0, tick)

    async def sleep(seconds: float) -> None:
        asked.slept.append(seconds)

    url = server if isinstance(server, str) else server.url
    client = OpenAIClient(
        CARD,
        url,
        KEY,
        waits=waits or Waits(),
        clock=lambda: next(time),
        now=lambda: 0.0,
        sleep=sleep,
        chance=lambda: 0.0,
    )
    try:
        async with asyncio.timeout(20), aclosing(client.stream(ASK)) as pieces:
            async for piece in pieces:
                asked.pieces.append(piece)
    except ModelError as error:
        asked.error = error
    finally:
        await client.aclose()
    return asked


AGAIN: dict[str, Act] = {
    "429": status(429, '{"error": {"message": "slow"}}', retry_after="7"),
    "503": status(503, "<html>down</html>", content_type="text/html"),
    "a date": status(429, "", retry_after="Thu, 01 Jan 1970 00:00:07 GMT"),
    "an absurd wait": status(429, "", retry_after="99999999999999999999"),
    "a nonsense wait": status(429, "", retry_after="-1"),
    "an error body that stalls": raw(b"HTTP/1.1 503 X\r\ncontent-length: 9\r\n\r\n{", then=close),
    "hung up at once": raw(b""),
    "reset at once": raw(b"", then=reset),
    "half a status line": raw(b"HTTP/1.1 2"),
    "no HTTP at all": raw(b"\x16\x03\x01\x00\xa5garbage\r\n\r\n"),
    "a broken header": raw(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
    "an empty stream": stream(),
    "only comments": stream(b": alive\n\n"),
    "only [DONE]": stream(DONE),
    "reset before a piece": stream(b": alive\n\n", then=reset),
    "reset within a call": stream(call("run", HALF), then=reset),
    "an error event": stream(b'event: error\ndata: {"error": {"message": "overloaded"}}\n\n'),
    "no gzip though it says so": packed(b"data: {}\n\n"),
    "an answer shorter than it says": raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 900\r\n\r\n", b": alive\n\n"
    ),
}
WAITS = {"429": 7, "a date": 7, "an absurd wait": 60}


@pytest.mark.parametrize("fault", AGAIN)
async def test_a_fault_before_the_first_piece_is_tried_again_with_a_notice(fault: str) -> None:
    async with serving(AGAIN[fault], GOOD) as server:
        asked = await ask(server)
    assert asked.reply.text == "fine"
    assert asked.reply.tool_calls == ()
    assert asked.slept == [WAITS.get(fault, 1)]
    [notice] = asked.notices
    assert f"trying again in {asked.slept[0]:.0f} s" in notice
    assert len(server.lines) == 2


TEXT_CALL = "<tool_call>run <arg_key>command</arg_key><arg_value>rm"
FINISH = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}'
WHOLE = b'data:{"choices":[{"delta":{"content":"half"},"finish_reason":"stop"}]}'
KEPT: dict[str, tuple[Act, str]] = {
    "reset": (stream(said("half"), then=reset), "interrupted"),
    "hung up": (stream(said("half")), "interrupted"),
    "hung up within an event": (stream(said("half"), b'data: {"choices": [{"del'), "interrupted"),
    "hung up within a call": (stream(said("half"), call("run", HALF)), "interrupted"),
    "reset within a call": (stream(said("half"), call("run", HALF), then=reset), "interrupted"),
    "a whole call but no end": (stream(said("half"), call("run", '{"command": "ls"}'), then=reset), "interrupted"),
    "a limit within a call": (stream(said("half"), call("run", HALF), said(reason="length"), DONE), "length"),
    "half a character": (stream(said("half"), 'data: {"choices": [{"delta": "नम'.encode()[:-1]), "interrupted"),
    "no [DONE]": (stream(said("half", "stop")), "stop"),
    "no [DONE], then a reset": (stream(said("half", "stop"), then=reset), "stop"),
    "no last blank line": (stream(said("half"), FINISH), "stop"),
    "two finishes": (stream(said("half", "stop"), said("", "stop"), DONE, said("more"), DONE), "stop"),
    "another content type": (stream(said("half", "stop"), DONE, kind="text/plain"), "stop"),
    "carriage returns": (stream(WHOLE + b"\r\r"), "stop"),
    "a text call cut off": (stream(said("half"), said(TEXT_CALL)), "interrupted"),
}  # fmt: skip


@pytest.mark.parametrize("fault", KEPT)
async def test_what_was_said_before_a_fault_is_kept_once_and_nothing_incomplete_is_a_call(fault: str) -> None:
    act, ended = KEPT[fault]
    async with serving(act, GOOD) as server:
        asked = await ask(server)
    assert asked.reply.text.partition("<tool_call>")[0] == "half"
    assert (asked.reply.tool_calls, asked.reply.finish_reason) == ((), ended)
    assert len(asked.notices) == (ended == "interrupted")
    assert len(server.lines) == 1
    assert "".join(p.text for p in asked.pieces if isinstance(p, TextPiece)) == asked.reply.text


FINAL: dict[str, tuple[Act, type[ModelError], str]] = {
    "a web page with 200": (status(200, "<html>Welcome</html>", content_type="text/html"), BadAnswer, "a web page"),
    "no credit": (status(429, '{"error": {"code": "insufficient_quota", "message": "no"}}'), OutOfCredit, "credit"),
    "payment required": (status(402, '{"error": {"message": "no"}}'), OutOfCredit, "credit"),
    "another form": (stream({"hello": 1}), BadAnswer, "not read here"),
    "no JSON": (stream(b"data: <html>\n\n"), BadAnswer, "not JSON"),
    "an error after the start": (stream(said("half"), {"error": {"message": f"bad\n{KEY}"}}), BadAnswer, "bad …"),
    "one line without an end": (stream(b"data: " + b"x" * (17 * 1024 * 1024)), BadAnswer, "too long"),
}


@pytest.mark.parametrize("fault", FINAL)
async def test_what_trying_again_cannot_mend_is_one_sentence(fault: str) -> None:
    act, kind, words = FINAL[fault]
    async with serving(act) as server:
        asked = await ask(server)
    assert type(asked.error) is kind or (kind is BadAnswer and isinstance(asked.error, BadAnswer))
    assert words in str(asked.error)
    assert "\n" not in str(asked.error)
    assert KEY not in str(asked.error)
    assert (len(server.lines), asked.slept) == (1, [])


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed_so_no_other_host_sees_the_key(code: int) -> None:
    async with serving(GOOD) as other, serving(status(code, "", location=f"{other.url}/chat/completions")) as server:
        asked = await ask(server)
    assert isinstance(asked.error, BadAnswer)
    assert (len(server.lines), other.lines) == (1, [])


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_the_key_never_goes_through_a_proxy_in_the_clear(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(GOOD) as proxy:
        monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        asked = await ask("http://endpoint.invalid/v1")
    assert isinstance(asked.error, EndpointDown)
    assert proxy.lines == []


async def test_a_port_where_nobody_listens_is_tried_three_times_and_named() -> None:
    async with serving(GOOD) as server:
        url = server.url
    asked = await ask(url)
    assert isinstance(asked.error, EndpointDown)
    assert "No connection to 127.0.0.1" in str(asked.error)
    assert asked.slept == [1, 2]


async def test_an_endpoint_that_asks_to_come_back_at_once_is_not_rushed() -> None:
    async with serving(status(429, "", retry_after="0")) as server:
        asked = await ask(server)
    assert asked.slept == [0.1] * 3
    assert len(server.lines) == 4


@pytest.mark.parametrize("begun", [False, True])
async def test_silence_ends_the_call_with_the_seconds_waited(begun: bool) -> None:
    async with serving(stream(*([said("half")] if begun else []), then=stall)) as server:
        asked = await ask(server, waits=Waits(idle=0.05))
    if begun:
        assert (asked.reply.text, asked.reply.finish_reason) == ("half", "interrupted")
        assert "said nothing for" in asked.notices[0]
    else:
        assert isinstance(asked.error, EndpointDown)
    assert len(server.lines) == 1


async def signs_of_life(line: Line) -> None:
    while not line.gone.is_set():
        await line.send(b": alive\n\n")
        await asyncio.sleep(0)


@pytest.mark.parametrize("begun", [False, True])
async def test_signs_of_life_alone_do_not_keep_a_call_waiting_for_ever(begun: bool) -> None:
    async with serving(stream(*([said("half")] if begun else []), then=signs_of_life)) as server:
        asked = await ask(server, waits=Waits(event=30), tick=1.0)
    sentence = asked.notices[0] if begun else str(asked.error)
    assert "said nothing for 30 s" in sentence
    assert len(server.lines) == 1


async def test_a_finished_answer_is_not_held_up_by_a_connection_that_stays_open() -> None:
    async with serving(stream(said("fine", "stop"), USAGE, then=stall)) as server:
        asked = await ask(server, waits=Waits(tail=0.05))
    assert (asked.reply.text, asked.reply.finish_reason, asked.reply.usage.output) == ("fine", "stop", 7)
    assert asked.notices == []


async def test_what_a_failed_sending_cost_is_counted_where_it_was_said() -> None:
    bad: Any = {"error": {"message": "overloaded"}}
    async with serving(stream(USAGE, bad), stream(said("fine", "stop"), USAGE, DONE)) as server:
        asked = await ask(server)
    assert (asked.reply.usage.prompt, asked.reply.usage.output) == (140, 14)


async def test_gzip_that_is_gzip_is_read() -> None:
    async with serving(packed(GZIPPED)) as server:
        assert (await ask(server)).reply.text == "zipped"
        assert "accept-encoding: identity" in server.lines[0].head.lower()


@pytest.mark.parametrize("act", [stall, stream(then=stall), stream(said("half"), then=stall)])
async def test_leaving_a_stalled_call_hangs_up_and_waits_for_nothing(act: Act) -> None:
    async with serving(act) as server:
        client = OpenAIClient(CARD, server.url, KEY)
        waiting = asyncio.ensure_future(_drained(client))
        await server.asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(server.lines[0].gone.wait(), 5)
        await client.aclose()


async def _drained(client: OpenAIClient) -> None:
    async with aclosing(client.stream(ASK)) as pieces:
        async for _ in pieces:
            pass
