"""Requests in Indian languages: what goes over the wire, how long it is thought to be, and what it may weigh."""

from __future__ import annotations

import json
import unicodedata
from contextlib import aclosing
from datetime import date

import httpx
import pytest

from pier_tui.errors import WindowExceeded
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import ChatRequest, Message, ToolCall
from pier_tui.models.offline.flow import CAN, ENGLISH_ONLY
from pier_tui.models.offline.flow import plan as offline_plan
from pier_tui.models.offline.transcript import Transcript
from pier_tui.models.openai import OpenAIClient
from pier_tui.models.sarvam import BODY_LIMIT, Sarvam
from pier_tui.models.tokens import count

CARD = ModelCard(label="30B", id="sarvam-30b", window=64_000, output_cap=8_192, as_of=date(2026, 6, 5), source="a test")
QWEN = CARD.model_copy(update={"id": "qwen2.5-coder"})
HINDI = "app.py में size() फ़ंक्शन \u095eिर से ठीक करो; क\u094d\u200dष और श\u094d\u200cय वैसे ही रहें"
TAMIL = "app.py கோப்பில் size() ஐத் திருத்து"
BENGALI = "app.py ফাইলে size() ঠিক করো, ড় আর \u09a1\u09bc দুটোই"
TEXTS = {"Devanagari": HINDI, "Tamil": TAMIL, "Bengali": BENGALI}


async def sent(messages: tuple[Message, ...], card: ModelCard = CARD) -> bytes:
    """The body that went out."""
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        choice = {"index": 0, "finish_reason": "stop", "delta": {"content": "हाँ"}}
        chunk = json.dumps({"id": "1", "model": card.id, "choices": [choice]})
        return httpx.Response(
            200, text=f"data: {chunk}\n\ndata: [DONE]\n\n", headers={"content-type": "text/event-stream"}
        )

    client = OpenAIClient(
        card, "https://api.sarvam.ai/v1", "sk_x", dialect=Sarvam(), transport=httpx.MockTransport(answer)
    )
    async with aclosing(client.stream(ChatRequest(messages=messages))) as pieces:
        said = [piece async for piece in pieces]
    await client.aclose()
    assert getattr(said[-1], "text", "") == "हाँ"
    return bodies[0]


@pytest.mark.parametrize("script", TEXTS)
async def test_a_request_goes_out_byte_for_byte_as_it_was_typed(script: str) -> None:
    text = TEXTS[script]
    call = ToolCall(id="c1", name="search", arguments=json.dumps({"pattern": text}, ensure_ascii=False))
    body = await sent(
        (
            Message(role="user", content=text),
            Message(role="assistant", content=text, tool_calls=(call,)),
            Message(role="tool", content=text, tool_call_id="c1", name="search"),
        )
    )
    assert body.count(text.encode()) == 4, "neither normalised nor escaped"
    assert b"\\u0" not in body
    assert [m["content"] for m in json.loads(body)["messages"]] == [text] * 3


@pytest.mark.parametrize(
    ("text", "rate", "latin"),
    [("नमस्तेदुनिया" * 50, 3.88, 1.07), ("வணக்கம்உலகம்" * 50, 4.22, 0.91), ("বাংলাভাষায়" * 50, 3.9, 0.9)],
)
def test_tokens_are_counted_at_the_rate_of_the_script_and_the_vocabulary(text: str, rate: float, latin: float) -> None:
    assert count(text, CARD) == round(len(text) / rate)
    assert count(text, QWEN) == round(len(text) / latin)


async def test_the_gateways_limit_is_one_of_bytes_not_of_characters() -> None:
    fits, too_long = "न" * 75_000, "न" * 85_000
    assert len(too_long) < BODY_LIMIT < len(too_long.encode())
    assert len(await sent((Message(role="user", content=fits),))) > 225_000
    with pytest.raises(WindowExceeded, match="compact it"):
        await sent((Message(role="user", content=too_long),))


async def test_what_json_adds_counts_towards_the_limit() -> None:
    quotes = '"' * 125_000
    assert len(quotes.encode()) < BODY_LIMIT
    with pytest.raises(WindowExceeded):
        await sent((Message(role="user", content=quotes),))


@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.parametrize("strong", [False, True])
def test_the_offline_pair_says_that_it_reads_english_only(script: str, strong: bool) -> None:
    said, *_ = offline_plan(Transcript(request=TEXTS[script]), strong)
    assert said.text.endswith(ENGLISH_ONLY + CAN)
    assert script.upper() in unicodedata.name(said.text[0]), "first in the language of the request"
    assert "`fix the failing tests`" in said.text.partition("\n")[0], "with what can be typed as it is"
    assert not said.calls


def test_in_another_script_it_says_so_in_english() -> None:
    said, *_ = offline_plan(Transcript(request="почини тесты"), False)
    assert said.text == ENGLISH_ONLY + CAN


def test_an_english_request_no_rule_matches_is_not_told_that() -> None:
    said, *_ = offline_plan(Transcript(request="write a poem"), False)
    assert "English" not in said.text
