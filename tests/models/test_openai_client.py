"""The client of OpenAI-compatible endpoints, over mock transports and one real loopback server."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from datetime import date
from typing import Any

import httpx
import pytest

from pier_tui.errors import (
    BadAnswer,
    ConfigError,
    EndpointDown,
    KeyRejected,
    ModelError,
    ModelRetired,
    RateLimited,
    WindowExceeded,
)
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import CallNotice, ChatRequest, Message, Piece, Reply, TextPiece, ToolCall, ToolSpec
from pier_tui.models.openai import OpenAIClient, OpenWeights, Waits

KEY = "sk-very-secret"
CARD = ModelCard(label="30B", id="m", window=1000, output_cap=500, as_of=date(2026, 1, 1), source="test")
ASK = ChatRequest(messages=(Message(role="user", content="hi"),))
READ = ToolSpec(name="read", description="reads", parameters={"properties": {"path": {"type": "string"}}})
Answer = httpx.Response | Exception


def sse(*chunks: Any, done: bool = True, **headers: str) -> httpx.Response:
    lines = [f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n" for chunk in chunks]
    body = "".join(lines) + ("data: [DONE]\n\n" if done else "")
    return httpx.Response(200, headers={"content-type": "text/event-stream", **headers}, content=body.encode())


def said(text: str, reason: str | None = "stop") -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}


class Bench:
    """A client whose endpoint gives the listed answers in turn, on a clock that only sleeping moves."""

    def __init__(self, *answers: Answer, **options: Any) -> None:
        self.answers, self.sent, self.slept, self.time = list(answers), [], [], 0.0
        transport = httpx.MockTransport(self.answer)
        options = {"card": CARD, "base_url": "http://box/v1", "key": KEY} | options
        self.client = OpenAIClient(
            **options,
            transport=transport,
            clock=lambda: self.time,
            now=lambda: 0.0,
            sleep=self.sleep,
            chance=lambda: 0.0,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    async def ask(self, request: ChatRequest = ASK) -> list[Piece]:
        async with aclosing(self.client.stream(request)) as pieces:
            return [piece async for piece in pieces]

    async def reply(self, request: ChatRequest = ASK) -> Reply:
        reply = (await self.ask(request))[-1]
        assert isinstance(reply, Reply)
        return reply

    def body(self, number: int = -1) -> dict[str, Any]:
        return json.loads(self.sent[number].content)


def refusal(status: int, message: str = "no", code: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, "code": code}}, headers=headers)


async def test_pieces_come_first_and_one_reply_last() -> None:
    bench = Bench(sse(said("Hel", None), said("lo"), **{"x-request-id": "r-9"}))
    *pieces, reply = await bench.ask()
    assert pieces == [TextPiece(text="Hel"), TextPiece(text="lo")]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.request_id, reply.first_token, reply.finish_reason) == ("Hello", "r-9", 0.0, "stop")
    assert str(bench.sent[0].url) == "http://box/v1/chat/completions"
    assert bench.sent[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_first_token_may_be_a_tool_calls() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "look", "arguments": "{}"}}
    chunk = {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    reply = await Bench(sse(chunk)).reply()
    assert ([c.name for c in reply.tool_calls], reply.first_token) == (["look"], 0.0)


async def test_the_request_is_encoded_with_plain_strings_and_tools_in_the_order_given() -> None:
    bench = Bench(sse(said("x")))
    history = (
        Message(role="assistant", tool_calls=(ToolCall(id="1", name="read", arguments="{}"),)),
        Message(role="tool", content="", tool_call_id="1", name="read"),
        Message(role="user", content="नमस्ते"),
    )
    other = READ.model_copy(update={"name": "ask"})
    await bench.reply(ChatRequest(messages=history, tools=(READ, other), tool_choice="read", max_tokens=9999))
    body = bench.body()
    assert body["messages"][0]["content"] == ""
    assert body["messages"][1]["content"] == "(no output)"
    assert [t["function"]["name"] for t in body["tools"]] == ["read", "ask"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "read"}}
    assert body["max_tokens"] == 500
    assert body["stream_options"] == {"include_usage": True}
    assert "reasoning_effort" not in body
    assert "logprobs" not in body
    assert "नमस्ते".encode() in bench.sent[0].content


async def test_tools_are_sent_again_when_the_history_has_calls() -> None:
    bench = Bench(sse(said("x")), sse(said("y")))
    history = (Message(role="assistant", tool_calls=(ToolCall(id="1", name="read", arguments="{}"),)),)
    await bench.reply(ChatRequest(messages=history))
    assert bench.body()["tools"][0]["function"]["name"] == "read"
    assert bench.body()["tool_choice"] == "none"


async def test_open_weights_switch_reasoning_in_the_template() -> None:
    bench = Bench(sse(said("x")), dialect=OpenWeights())
    await bench.reply()
    assert bench.body()["chat_template_kwargs"] == {"enable_thinking": False}


async def test_a_json_answer_that_is_not_streamed_is_accepted() -> None:
    whole = {"model": "m", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    assert (await Bench(httpx.Response(200, json=whole)).reply()).text == "hi"


async def test_a_last_event_without_its_blank_line_still_counts() -> None:
    content = f"data: {json.dumps(said('x'))}".encode()
    assert (await Bench(httpx.Response(200, content=content)).reply()).text == "x"


@pytest.mark.parametrize("content", [b"<html><body>Welcome</body></html>", b"welcome to the machine", b"[1]"])
async def test_a_200_that_is_no_chat_answer_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        await Bench(httpx.Response(200, content=content, headers={"x-request-id": "r"})).ask()
    assert str(caught.value).count("\n") == 0
    assert "Welcome" not in str(caught.value)


async def test_broken_json_is_refused() -> None:
    with pytest.raises(BadAnswer, match="broken JSON"):
        await Bench(httpx.Response(200, content=b'{"choices": [')).ask()


async def test_an_answer_the_endpoint_left_open_is_marked_and_said() -> None:
    *_, notice, reply = await Bench(sse(said("half", None), done=False)).ask()
    assert isinstance(notice, CallNotice)
    assert isinstance(reply, Reply)
    assert reply.finish_reason == "interrupted"


async def test_written_tool_calls_are_read_and_never_shown() -> None:
    chunks = ["I look ", "<tool", "_call>read <arg_key>path</arg_key>", "<arg_value>a.py</arg_value></tool_call>"]
    bench = Bench(sse(*(said(c, None) for c in chunks), said("")))
    *pieces, reply = await bench.ask(ASK.model_copy(update={"tools": (READ,)}))
    assert "".join(p.text for p in pieces if isinstance(p, TextPiece)) == "I look "
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("I look", "tool_calls")
    assert [(c.name, c.arguments) for c in reply.tool_calls] == [("read", '{"path": "a.py"}')]


async def test_overload_is_waited_out_with_a_notice() -> None:
    bench = Bench(refusal(429, **{"retry-after": "7"}), refusal(503), sse(said("x")))
    pieces = await bench.ask()
    assert [p.wait_seconds for p in pieces if isinstance(p, CallNotice)] == [7, 2]
    assert bench.slept == [7, 2]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, RateLimited), (500, EndpointDown), (401, KeyRejected), (413, WindowExceeded), (404, ModelRetired),
     (400, BadAnswer), (302, BadAnswer)],
)  # fmt: skip
async def test_a_refusal_is_one_sentence_with_its_request_id_and_without_the_key(
    status: int, kind: type[ModelError]
) -> None:
    bench = Bench(*(refusal(status, f"bad\n{KEY}", **{"x-request-id": "r-1"}) for _ in range(4)))
    with pytest.raises(kind) as caught:
        await bench.ask()
    text = str(caught.value)
    assert "(request r-1)" in text
    assert KEY not in text
    assert "\n" not in text
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize(
    "message", ["maximum context length is 4096 tokens", "exceeds the available context size (n_ctx 512)"]
)
async def test_a_prompt_that_does_not_fit_is_told_from_other_refusals(message: str) -> None:
    with pytest.raises(WindowExceeded):
        await Bench(refusal(400, message)).ask()


@pytest.mark.parametrize("body", [b"<html>x", b"", b'"text"', b'{"error": "plain"}', b'{"detail": [1]}'])
async def test_any_shape_of_error_body_is_read(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="refused the request"):
        await Bench(httpx.Response(400, content=body)).ask()


async def test_a_field_the_endpoint_does_not_know_is_left_out_for_the_session() -> None:
    bench = Bench(refusal(400, "unknown field stream_options"), sse(said("x")), sse(said("y")))
    await bench.ask()
    await bench.ask()
    assert ["stream_options" in bench.body(n) for n in range(3)] == [True, False, False]


async def test_a_connection_that_fails_is_tried_again_and_then_given_up() -> None:
    bench = Bench(*(httpx.ConnectError("refused") for _ in range(3)))
    with pytest.raises(EndpointDown, match="No connection to box"):
        await bench.ask()
    assert bench.slept == [1, 2]


class Breaking(httpx.AsyncByteStream):
    """A body that breaks after its first bytes."""

    def __init__(self, content: bytes, error: Exception) -> None:
        self.content, self.error = content, error

    async def __aiter__(self) -> Any:
        yield self.content
        raise self.error


def breaking(error: Exception, content: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Breaking(content, error))


async def test_what_was_shown_before_a_break_is_kept_and_not_asked_for_again() -> None:
    shown = f"data: {json.dumps(said('x', None))}\n\n".encode()
    bench = Bench(breaking(httpx.ReadError("reset"), shown))
    *_, notice, reply = await bench.ask()
    assert isinstance(notice, CallNotice)
    assert "broke during the answer" in notice.text
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("x", "interrupted")
    assert len(bench.sent) == 1


async def test_a_break_after_the_finish_reason_loses_nothing() -> None:
    shown = f"data: {json.dumps(said('x'))}\n\n".encode()
    reply = await Bench(breaking(httpx.ReadError("reset"), shown)).reply()
    assert (reply.text, reply.finish_reason) == ("x", "stop")


async def test_a_stream_that_breaks_before_its_first_piece_is_tried_again() -> None:
    assert (await Bench(breaking(httpx.ReadError("reset"), b": hi\n"), sse(said("x"))).reply()).text == "x"


async def test_a_silent_endpoint_is_reported_with_the_seconds_waited() -> None:
    bench = Bench(breaking(httpx.ReadTimeout("slow"), b": hi\n"), waits=Waits(idle=5))
    with pytest.raises(EndpointDown, match="said nothing for 5 s"):
        await bench.ask()


async def test_an_error_in_the_stream_is_tried_again_only_before_the_first_piece() -> None:
    error = {"error": {"message": f"overloaded {KEY}"}}
    assert (await Bench(sse(error), sse(said("x"))).reply()).text == "x"
    with pytest.raises(BadAnswer, match="overloaded") as caught:
        await Bench(sse(said("x", None), error)).ask()
    assert KEY not in str(caught.value)


async def test_logprobs_are_asked_for_when_wanted() -> None:
    bench = Bench(sse(said("x")))
    await bench.reply(ASK.model_copy(update={"logprobs": True}))
    assert bench.body()["logprobs"] is True


@pytest.mark.parametrize("address", ["box", "ftp://box/v1", "http://user:pw@box/v1", "http://"])
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        OpenAIClient(CARD, address)


def test_a_key_that_cannot_be_a_header_is_refused_without_being_quoted() -> None:
    with pytest.raises(ConfigError) as caught:
        OpenAIClient(CARD, "http://box/v1", "sk-secret\n")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_cancelling_closes_the_connection(how: str) -> None:
    closed, asked = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        writer.write(f"data: {json.dumps(said('x', None))}\n\n".encode())
        await writer.drain()
        while await reader.read(4096):
            pass
        closed.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = OpenAIClient(CARD, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    pieces = client.stream(ASK)
    assert await anext(pieces) == TextPiece(text="x")
    if how == "close":
        await pieces.aclose()
    else:
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await asyncio.wait_for(closed.wait(), 5)
    await client.aclose()
    server.close()
    await server.wait_closed()
