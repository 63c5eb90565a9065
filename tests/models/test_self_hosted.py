"""What servers of one's own are told beyond the protocol, and what they count beyond it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from pier_tui.models.connect import connect
from pier_tui.models.messages import ChatRequest, Message, Reply
from pier_tui.models.profiles import load_profile
from pier_tui.models.usage import Usage
from pier_tui.models.wire_chat import timed

ASK = ChatRequest(messages=(Message(role="user", content="hi"),))
SAID = {"model": "m", "choices": [{"index": 0, "delta": {"content": "yes"}, "finish_reason": "stop"}]}


class Box:
    """An endpoint that refuses the fields named, and remembers what it was sent."""

    def __init__(self, *refused: str) -> None:
        self.refused, self.sent = refused, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if unknown := [name for name in self.refused if name in json.loads(request.content)]:
            return httpx.Response(400, json={"error": {"message": f"Extra inputs are not permitted: {unknown[0]}"}})
        return httpx.Response(
            200, headers={"content-type": "text/event-stream"}, content=f"data: {json.dumps(SAID)}\n\ndata: [DONE]\n\n"
        )

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.sent]


async def answers(profile: str, box: Box, session: str = "s-1", calls: int = 1, **changes: Any) -> list[str]:
    loaded = load_profile(profile, changes)
    clients = connect(loaded, "k", httpx.MockTransport(box), session=lambda: session)
    pieces = [piece for _ in range(calls) for tier in clients async for piece in clients[tier].stream(ASK)]
    for client in clients.values():
        await client.aclose()
    return [piece.text for piece in pieces if isinstance(piece, Reply)]


async def test_the_fields_of_a_card_are_sent_with_every_call_and_overrule_nothing_of_ours() -> None:
    box = Box()
    strong = {"fields": {"id_slot": 1, "cache_prompt": True, "model": "another"}}
    assert await answers("local-pair", box, strong=strong) == ["yes", "yes"]
    told = [(body["id_slot"], body["cache_prompt"], body["model"]) for body in box.bodies]
    assert told == [(0, True, "qwen2.5-coder-0.5b"), (1, True, "qwen2.5-coder-1.5b")]


async def test_a_field_that_the_endpoint_refuses_by_name_is_left_out_from_then_on() -> None:
    box = Box("id_slot")
    assert await answers("local-pair", box, calls=2, strong={"fields": {}}) == ["yes"] * 4
    assert ["id_slot" in body for body in box.bodies] == [True, False, False, False, False]
    assert all("cache_prompt" in body for body in (box.bodies[1], box.bodies[3]))


@pytest.mark.parametrize(("profile", "header"), [("open-weights", "s-1"), ("local-pair", None)])
async def test_a_router_of_several_servers_is_told_the_session_where_the_profile_names_a_header(
    profile: str, header: str | None
) -> None:
    box = Box()
    await answers(profile, box)
    assert [request.headers.get("x-session-id") for request in box.sent] == [header, header]


async def test_before_there_is_a_session_no_header_is_sent() -> None:
    box = Box()
    await answers("open-weights", box, session="")
    assert not any("x-session-id" in request.headers for request in box.sent)


@pytest.mark.parametrize(
    ("timings", "read"),
    [
        ({"cache_n": 7, "draft_n": 9, "draft_n_accepted": 4}, (7, 9, 4)),
        ({"cache_n": 11}, (None, None, None)),
        ({"draft_n": 3, "draft_n_accepted": 5}, (None, 3, None)),
        ({"draft_n": True, "draft_n_accepted": 1}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_what_a_server_counts_beside_the_usage_is_read_and_what_cannot_be_is_unknown(
    timings: dict[str, Any], read: tuple[int | None, ...]
) -> None:
    usage = timed(Usage(prompt=10, output=2), timings)
    assert (usage.cached, usage.drafted, usage.accepted) == read


def test_cached_tokens_of_the_usage_itself_win_over_those_beside_it() -> None:
    assert timed(Usage(prompt=10, cached=5), {"cache_n": 7}).cached == 5
