"""Our client against a mock endpoint that others wrote, breaks on demand, and judges the client: `make peer`.

Its queued faults of different kinds meet in one request, so one is queued at a time.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from pier_tui.errors import ModelError
from pier_tui.models.connect import connect
from pier_tui.models.messages import CallNotice, ChatRequest, Message, Piece, Reply, TextPiece, ToolSpec
from pier_tui.models.profiles import load_profile

ASK = ChatRequest(messages=(Message(role="user", content="Say something."),))
READ = ToolSpec(
    name="read",
    description="reads a file",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
WITH_TOOLS = ASK.model_copy(update={"tools": (READ,)})
WORDS = "One two three four five six seven eight."


@pytest.fixture(scope="module")
def peer() -> Iterator[httpx.Client]:
    program = shutil.which("llmock", path=f"{Path(sys.executable).parent}") or shutil.which("llmock")
    if program is None:
        pytest.skip("the mock endpoint is not installed: make peer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=6)) as http:
                assert http.get("/_llmock/verdict").is_success
                yield http
        finally:
            process.terminate()


def queue(peer: httpx.Client, fault: dict[str, Any]) -> None:
    """Forget everything, and break the next request like this."""
    peer.post("/_llmock/reset").raise_for_status()
    peer.post("/_llmock/scenario", json={"behaviors": [fault]}).raise_for_status()


def sent(peer: httpx.Client) -> int:
    """Requests that came."""
    return int(peer.get("/_llmock/requests").json()["count"])


async def answer(peer: httpx.Client, fault: dict[str, Any], request: ChatRequest = ASK) -> list[Piece]:
    """The pieces of one call that meets this fault."""
    queue(peer, fault)
    named = {"weak_model": "gpt-4o", "strong_model": "gpt-4o", "weak_url": str(peer.base_url.join("/v1"))}
    clients = connect(load_profile("local", named), "k")
    try:
        async with aclosing(clients["weak"].stream(request)) as pieces:  # type: ignore[type-var]
            return [piece async for piece in pieces]
    finally:
        for client in clients.values():
            await client.aclose()


def found(peer: httpx.Client) -> list[str]:
    """What the peer finds wrong with how the client behaved."""
    return [finding["code"] for finding in peer.get("/_llmock/verdict").json()["findings"]]


def ended(pieces: list[Piece]) -> Reply:
    assert isinstance(pieces[-1], Reply)
    return pieces[-1]


async def test_a_plain_answer_is_read_whole_with_its_usage(peer: httpx.Client) -> None:
    reply = ended(await answer(peer, {"type": "reply", "text": WORDS}))
    assert (reply.text, reply.finish_reason) == (WORDS, "stop")
    assert reply.usage.output
    assert found(peer) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"type": "fail", "status": 429, "retry_after": 1},
        {"type": "fail", "status": 503},
        {"type": "fail", "status": 500, "times": 2},
    ],
    ids=lambda fault: f"{fault['status']}",
)
async def test_what_may_pass_is_waited_for_as_asked_and_said(peer: httpx.Client, fault: dict[str, Any]) -> None:
    pieces = await answer(peer, fault)
    assert ended(pieces).finish_reason == "stop"
    assert [str(fault["status"]) in p.text for p in pieces if isinstance(p, CallNotice)] == [True] * fault.get(
        "times", 1
    )
    assert found(peer) == []


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_what_will_not_pass_is_never_sent_twice(peer: httpx.Client, status: int) -> None:
    with pytest.raises(ModelError):
        await answer(peer, {"type": "fail", "status": status})
    assert sent(peer) == 1
    assert "retried_non_retryable" not in found(peer)


@pytest.mark.parametrize("kind", ["disconnect", "truncate"])
async def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(peer: httpx.Client, kind: str) -> None:
    pieces = await answer(peer, {"type": "stream_fault", "kind": kind, "after_chunks": 3})
    assert any(isinstance(p, TextPiece) for p in pieces)
    assert ended(pieces).finish_reason == "interrupted"
    assert any(isinstance(p, CallNotice) for p in pieces)


async def test_a_chunk_that_is_no_json_is_an_error_or_leaves_the_answer_unfinished(peer: httpx.Client) -> None:
    try:
        pieces = await answer(peer, {"type": "stream_fault", "kind": "malformed", "after_chunks": 2})
    except ModelError:
        return
    assert ended(pieces).finish_reason == "interrupted"


async def test_a_tool_call_arrives_with_its_arguments(peer: httpx.Client) -> None:
    call = {"name": "read", "arguments": {"path": "a.py"}}
    reply = ended(await answer(peer, {"type": "reply", "tool_calls": [call]}, WITH_TOOLS))
    assert [(c.name, c.arguments.replace(" ", "")) for c in reply.tool_calls] == [("read", '{"path":"a.py"}')]
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize("kind", ["malformed_arguments", "unknown_tool"])
async def test_a_broken_tool_call_reaches_the_agent_as_it_is_for_it_to_refuse(peer: httpx.Client, kind: str) -> None:
    reply = ended(await answer(peer, {"type": "tool_fault", "kind": kind}, WITH_TOOLS))
    assert reply.tool_calls or reply.unfinished
