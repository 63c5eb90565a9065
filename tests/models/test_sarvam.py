"""Sarvam's hosted API: each of its ways, over a mock transport."""

from __future__ import annotations

import json
from contextlib import aclosing
from datetime import date
from typing import Any

import httpx
import pytest

from pier_tui.errors import BadAnswer, EndpointDown, KeyRejected, ModelRetired, OutOfCredit, RateLimited, WindowExceeded
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import CallNotice, ChatRequest, Message, Piece, Reply
from pier_tui.models.openai import OpenAIClient
from pier_tui.models.pacing import Pace
from pier_tui.models.sarvam import BODY_LIMIT, Sarvam
from pier_tui.models.usage import Price

CARD = ModelCard(
    label="30B",
    id="sarvam-30b",
    window=64000,
    output_cap=8192,
    price=Price(fresh=1, cached=1, output=1),
    fallback="sarvam-105b",
    as_of=date(2026, 6, 5),
    source="test",
)
ASK = ChatRequest(messages=(Message(role="user", content="hi"),))
OVER_PLAN = "max_tokens (8192) exceeds the maximum allowed for sarvam-105b for your subscription tier (starter): 4096"
RETIRED = "Model 'sarvam-30b' has been deprecated. Please use one of the available models instead: sarvam-105b."


class Bench:
    """A Sarvam client whose endpoint gives the listed answers in turn, on a clock that only sleeping moves."""

    def __init__(self, *answers: httpx.Response, card: ModelCard = CARD, rpm: int | None = None) -> None:
        self.answers = list(answers)
        self.sent: list[httpx.Request] = []
        self.slept: list[float] = []
        self.client = OpenAIClient(
            card,
            "https://api.sarvam.ai/v1",
            "sk_x",
            dialect=Sarvam(),
            transport=httpx.MockTransport(self.answer),
            pace=Pace(rpm, lambda: sum(self.slept)),
            clock=lambda: sum(self.slept),
            now=lambda: 0.0,
            sleep=self.sleep,
            chance=lambda: 0.0,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.answers.pop(0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def ask(self, request: ChatRequest = ASK) -> list[Piece]:
        async with aclosing(self.client.stream(request)) as pieces:
            return [piece async for piece in pieces]

    def bodies(self, field: str) -> list[Any]:
        return [json.loads(request.content)[field] for request in self.sent]


def said(text: str, **more: Any) -> httpx.Response:
    choice = {"message": {"content": text, **more}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None}
    return httpx.Response(200, json={"model": "sarvam-105b", "choices": [choice], "usage": usage})


def refusal(status: int, message: str = "no", code: str = "") -> httpx.Response:
    body = {"error": {"message": message, "code": code, "request_id": "r-7"}}
    return httpx.Response(status, json=body)


def notices(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces if isinstance(piece, CallNotice)]


async def test_the_key_goes_in_sarvams_header_and_reasoning_off_is_null() -> None:
    bench = Bench(said("x"))
    await bench.ask()
    assert bench.sent[0].headers["api-subscription-key"] == "sk_x"
    assert "authorization" not in bench.sent[0].headers
    assert bench.bodies("reasoning_effort") == [None]


async def test_where_null_is_refused_little_reasoning_is_asked_for_from_then_on() -> None:
    bench = Bench(
        refusal(400, "body.reasoning_effort : Input should be 'low', 'medium' or 'high'"), said("x"), said("y")
    )
    assert len(notices(await bench.ask())) == 1
    assert notices(await bench.ask()) == []
    assert bench.bodies("reasoning_effort") == [None, "low", "low"]


@pytest.mark.parametrize(
    ("message", "cap"),
    [(OVER_PLAN, 4096), ("max_tokens exceeds the maximum output length of 2,048 for sarvam-105b-conversations.", 2048)],
)
async def test_a_cap_is_learned_from_the_refusal_and_kept(message: str, cap: int) -> None:
    bench = Bench(refusal(400, message, "invalid_request_error"), said("x"), said("y"))
    wish = ASK.model_copy(update={"max_tokens": 8192})
    await bench.ask(wish)
    await bench.ask(wish)
    assert bench.bodies("max_tokens") == [8192, cap, cap]


async def test_the_same_cap_refused_again_is_an_error_and_not_a_loop() -> None:
    with pytest.raises(BadAnswer, match=r"4096.*\(request r-7\)"):
        await Bench(refusal(400, OVER_PLAN), refusal(400, OVER_PLAN)).ask(ASK.model_copy(update={"max_tokens": 8192}))


async def test_a_422_on_the_window_says_to_compact() -> None:
    with pytest.raises(WindowExceeded, match="compact"):
        await Bench(refusal(422, "120000 + 9000 exceeds the model context window of 128000 tokens")).ask()


async def test_a_body_the_gateway_would_refuse_is_not_sent() -> None:
    bench = Bench()
    with pytest.raises(WindowExceeded, match="241 KB"):
        await bench.ask(ChatRequest(messages=(Message(role="user", content="x" * (BODY_LIMIT + 1024)),)))
    assert bench.sent == []


async def test_a_403_is_a_bad_key_only_when_its_code_says_so() -> None:
    bench = Bench(refusal(403, "bad key", "invalid_api_key_error"))
    with pytest.raises(KeyRejected):
        await bench.ask()
    assert bench.slept == []


async def test_a_403_without_a_reason_is_tried_again_after_1_3_and_8_seconds() -> None:
    bench = Bench(*(refusal(403) for _ in range(4)))
    with pytest.raises(EndpointDown, match="403"):
        await bench.ask()
    assert bench.slept == [1, 3, 8]


@pytest.mark.parametrize("status", [429, 403])
async def test_no_credit_is_never_tried_again(status: int) -> None:
    bench = Bench(refusal(status, "empty", "insufficient_quota_error"))
    with pytest.raises(OutOfCredit):
        await bench.ask()
    assert len(bench.sent) == 1


async def test_a_rate_limit_is_waited_out_until_tries_run_out() -> None:
    bench = Bench(*(refusal(429, "slow", "rate_limit_exceeded_error") for _ in range(4)))
    with pytest.raises(RateLimited):
        await bench.ask()
    assert bench.slept == [1, 2, 4]


async def test_a_retired_model_falls_back_once_and_its_price_becomes_unknown() -> None:
    bench = Bench(refusal(400, RETIRED, "invalid_request_error"), said("x"), said("y"))
    assert "sarvam-105b answers instead" in notices(await bench.ask())[0]
    await bench.ask()
    assert bench.bodies("model") == ["sarvam-30b", "sarvam-105b", "sarvam-105b"]
    assert (bench.client.card.id, bench.client.card.label, bench.client.card.price) == (
        "sarvam-105b",
        "sarvam-105b",
        Price(),
    )


async def test_a_retired_model_without_fallback_is_an_error() -> None:
    with pytest.raises(ModelRetired, match="does not serve sarvam-30b"):
        await Bench(refusal(400, RETIRED), card=CARD.model_copy(update={"fallback": None})).ask()


async def test_a_blank_answer_is_asked_for_once_more_without_reasoning_and_both_are_billed() -> None:
    bench = Bench(said("", reasoning_content="hm"), said("x"))
    pieces = await bench.ask(ASK.model_copy(update={"reasoning": "high", "max_tokens": 1000}))
    reply = pieces[-1]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.usage.prompt, reply.usage.output, reply.usage.cached) == ("x", 20, 10, None)
    assert bench.bodies("reasoning_effort") == ["high", None]
    assert bench.bodies("max_tokens") == [1000, 2000]
    assert len(notices(pieces)) == 1


async def test_a_second_blank_answer_is_an_error() -> None:
    with pytest.raises(BadAnswer, match="answered nothing twice"):
        await Bench(said(""), said(" \n")).ask()


async def test_requests_are_paced_with_a_notice_for_a_long_wait() -> None:
    bench = Bench(said("a"), said("b"), said("c"), rpm=8)
    assert notices(await bench.ask()) == []
    await bench.ask()
    assert bench.slept == []
    assert notices(await bench.ask()) == ["Waiting 8 s: the account's rate limit."]
    assert bench.slept == [7.5]
