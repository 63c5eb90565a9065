"""The wire of the pair: chat-completions events, usage, cached tokens, models."""

import json
from typing import Any

import httpx
import pytest

from pier_tui.models.offline.tokens import BLOCK, PromptMemory, count
from pier_tui.models.offline.transport import OfflineTransport

TOOLS = [
    {"type": "function", "function": {"name": name}} for name in ("route", "run_tests", "search", "list", "finish")
]


def body(request: str, **more: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "harness"},
        {"role": "user", "content": f"<request>\n{request}\n</request>"},
        {"role": "user", "content": "<now>\n</now>"},
    ]
    return {"model": "any", "messages": messages, "tools": TOOLS, "stream": True, **more}


async def events(transport: OfflineTransport, sent: dict[str, Any]) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(transport=transport, base_url="http://offline") as client:
        response = await client.post("/v1/chat/completions", json=sent)
    lines = [line for line in response.text.split("\n") if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


async def test_an_answer_streams_role_calls_reason_and_usage() -> None:
    found = await events(OfflineTransport("weak"), body("run the tests"))
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    heads = [c for e in found for x in e["choices"] for c in x["delta"].get("tool_calls", []) if "id" in c]
    assert [h["function"]["name"] for h in heads] == ["route", "run_tests"]
    assert [h["index"] for h in heads] == [0, 1]
    assert found[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert found[-1]["choices"] == []
    assert found[-1]["usage"]["prompt_tokens"] > found[-1]["usage"]["completion_tokens"] > 0


async def test_the_route_says_which_rule_matched() -> None:
    found = await events(OfflineTransport("weak"), body("run the tests"))
    pieces = [c for e in found for x in e["choices"] for c in x["delta"].get("tool_calls", []) if c["index"] == 0]
    route = json.loads("".join(p["function"]["arguments"] for p in pieces))
    assert route == {"action": "run_test", "confidence": 0.9, "reason": "rule: run the tests"}


async def test_the_same_prompt_again_is_cached_in_whole_blocks() -> None:
    transport = OfflineTransport("strong")
    first = (await events(transport, body("list files")))[-1]["usage"]
    again = (await events(transport, body("list files")))[-1]["usage"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    cached = again["prompt_tokens_details"]["cached_tokens"]
    assert cached % BLOCK == 0
    assert 0 <= again["prompt_tokens"] - cached < BLOCK + 1


async def test_the_same_prompt_gives_the_same_answer() -> None:
    def without_id(found: list[dict[str, Any]]) -> list[Any]:
        return [e["choices"] for e in found]

    asked = body("what can you do?")
    assert without_id(await events(OfflineTransport("weak"), asked)) == without_id(
        await events(OfflineTransport("weak"), asked)
    )


async def test_a_model_without_a_route_tool_just_acts() -> None:
    sent = body("run the tests")
    sent["tools"] = TOOLS[1:]
    found = await events(OfflineTransport("weak"), sent)
    names = [
        c["function"]["name"]
        for e in found
        for x in e["choices"]
        for c in x["delta"].get("tool_calls", [])
        if "id" in c
    ]
    assert names == ["run_tests"]


async def test_the_weak_rules_alone_say_what_they_cannot_do() -> None:
    sent = body("add docstrings to a.py")
    sent["tools"] = TOOLS[1:]
    found = await events(OfflineTransport("weak"), sent)
    text = "".join(x["delta"].get("content", "") for e in found for x in e["choices"])
    assert "needs the strong rules" in text


async def test_models_are_listed_and_other_paths_are_not_found() -> None:
    async with httpx.AsyncClient(transport=OfflineTransport("strong"), base_url="http://offline") as client:
        listed = (await client.get("/v1/models")).json()
        assert [m["id"] for m in listed["data"]] == ["offline-105b-rules"]
        assert (await client.get("/elsewhere")).status_code == 404
        assert (await client.post("/v1/chat/completions", content=b"{")).status_code == 400


@pytest.mark.parametrize(("sent", "tokens"), [(b"", 0), (b"abc", 1), (b"abcde", 2)])
def test_four_bytes_are_a_token(sent: bytes, tokens: int) -> None:
    assert count(sent) == tokens


def test_a_prefix_counts_only_in_whole_blocks() -> None:
    memory = PromptMemory()
    assert memory.cached(b"x" * 130) == 0
    assert memory.cached(b"x" * 130 + b"y") == 32
    assert memory.cached(b"x" * 63) == 0


async def test_asked_for_one_token_the_prompt_is_read_and_kept_and_nothing_planned() -> None:
    transport = OfflineTransport("strong")
    first = await events(transport, body("run the tests") | {"max_tokens": 1})
    assert [c["delta"] for e in first for c in e["choices"] if c["delta"].get("tool_calls")] == []
    usage = (await events(transport, body("run the tests")))[-1]["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] > 0.8 * usage["prompt_tokens"]
