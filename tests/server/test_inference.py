"""Our client, prompts and prefix cache against real inference: counters are asserted on, never clocks."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from pier_tui.backbone.prefix import Prefix, Tail, append, render
from pier_tui.backbone.prefix_cache import PrefixCache
from pier_tui.backbone.state import Backbone
from pier_tui.models.cards import ModelCard
from pier_tui.models.client import ModelClient
from pier_tui.models.connect import connect
from pier_tui.models.dialect import Plain
from pier_tui.models.local.servers import Server
from pier_tui.models.messages import CallNotice, ChatRequest, Message, Reply, TextPiece, Tier, ToolSpec
from pier_tui.models.profiles import load_profile

CARD = "\n".join(f"src/part_{n}.py: def total_{n}(items), def price_{n}(item)" for n in range(6))
ECHO = 'def area(width, height):\n    return width * height\n\n\nprint("area", area(3, 4))\n'


def clients(weak: Server, strong: Server, slots: tuple[int, int] = (0, 0)) -> dict[Tier, ModelClient]:
    """Both tiers, each pinned to a slot of its server."""
    pair: list[tuple[Tier, Server, int]] = [("weak", weak, slots[0]), ("strong", strong, slots[1])]
    cards = {
        tier: {"id": server.plan.name, "window": server.plan.window, "fields": {"id_slot": slot, "cache_prompt": True}}
        for tier, server, slot in pair
    }
    urls = {f"{tier}_url": server.url for tier, server, _ in pair}
    made: dict[Tier, ModelClient] = connect(load_profile("local-pair", {**cards, **urls}), weak.key)
    return made


def prompt(name: str, tier: Tier = "weak", turns: int = 0, tail: str = "") -> Prefix:
    """A prompt of ours, whose first byte is the name's; `turns` were appended since."""
    state = Backbone(repo_card=CARD)
    for turn in range(turns):
        said = Message(role="user", content=f"Step {turn}: rename total_{turn} to sum_{turn} in every file.")
        state = append(state, turn, (said, Message(role="assistant", content=f"Renamed total_{turn} to sum_{turn}.")))
    return render(state, tier, f"{name} is a terse programmer.", (), Tail(ask=tail))


async def reply(client: ModelClient, prefix: Prefix | tuple[Message, ...], most: int = 4) -> Reply:
    messages = prefix.messages if isinstance(prefix, Prefix) else prefix
    request = ChatRequest(messages=messages, max_tokens=most, temperature=0)
    found: list[Reply] = []
    async with aclosing(client.stream(request)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            if isinstance(piece, Reply):
                found.append(piece)
    return found[0]


async def closed(made: dict[Tier, ModelClient]) -> None:
    for client in made.values():
        await client.aclose()


async def billed(client: ModelClient, cache: PrefixCache, prefix: Prefix) -> tuple[float, float, int]:
    """The share of a prompt expected to be cached, the share billed as cached, and the cached tokens billed."""
    expected = cache.sent(prefix) / cache.tokens(prefix)
    usage = (await reply(client, prefix)).usage
    assert usage.prompt is not None
    assert usage.cached is not None
    assert cache.billed(usage.cached, usage.prompt) == ()
    return expected, usage.cached / usage.prompt, usage.cached


async def test_what_is_cached_is_what_was_predicted_warm_changed_in_its_first_byte_and_appended_to(
    servers: tuple[Server, ...],
) -> None:
    made = clients(*servers)
    client, cache = made["weak"], PrefixCache(made["weak"].card, time.monotonic)
    cold = await billed(client, cache, prompt("Ada"))
    warm = await billed(client, cache, prompt("Ada", tail="Be brief."))
    appended = await billed(client, cache, prompt("Ada", turns=2))
    changed = await billed(client, cache, prompt("Bda", turns=2))
    await closed(made)
    told = (cold, warm, appended, changed)
    assert (cold[0], changed[0]) == (0, pytest.approx(0, abs=0.01)), told
    assert max(cold[2], changed[2]) <= 8, told
    assert warm[1] >= 0.9, told
    assert appended[2] >= 0.9 * warm[2], told
    for expected, said, _ in (warm, appended):
        assert said == pytest.approx(expected, abs=0.1), told


@pytest.mark.parametrize("where", ["two servers", "two slots"])
async def test_two_tiers_keep_two_warm_caches_while_turns_alternate(servers: tuple[Server, ...], where: str) -> None:
    plain, guessing = servers
    made = clients(plain, guessing) if where == "two servers" else clients(plain, plain, (0, 1))
    before: dict[Tier, int] = {}
    shares: list[tuple[Tier, float]] = []
    for turn in range(3):
        for tier in ("weak", "strong"):
            name = f"{'Weak' if tier == 'weak' else 'Strong'} of {where}"
            usage = (await reply(made[tier], prompt(name, tier, turn))).usage
            assert usage.prompt
            assert usage.cached is not None
            shares.append((tier, usage.cached / before.get(tier, usage.prompt)))
            before[tier] = usage.prompt
    await closed(made)
    assert max(share for _, share in shares[:2]) < 0.1, shares
    # What is rewritten at the end of each prompt is never cached.
    assert min(share for _, share in shares[2:]) > 0.85, shares


async def test_a_streamed_answer_is_the_one_that_is_not_streamed(servers: tuple[Server, ...]) -> None:
    made = clients(*servers)
    # Both are read cold: an answer after a cache hit is computed in other batches and may differ in a word.
    card: ModelCard = made["weak"].card.model_copy(update={"fields": {"id_slot": 0, "cache_prompt": False}})
    made["weak"].card = card
    messages = (Message(role="user", content="Name three colours."),)
    streamed = await reply(made["weak"], messages, 16)
    await closed(made)
    body = Plain().body(ChatRequest(messages=messages, max_tokens=16, temperature=0), card)
    whole = await asked(servers[0], "/v1/chat/completions", {**body, "stream": False, "stream_options": None})
    assert streamed.text
    assert streamed.text == whole["choices"][0]["message"]["content"]
    assert streamed.finish_reason == whole["choices"][0]["finish_reason"]
    assert streamed.usage.output == whole["usage"]["completion_tokens"]
    assert streamed.usage.cached == 0


async def test_log_probabilities_come_with_text_and_are_done_without_where_tools_are_offered(
    servers: tuple[Server, ...],
) -> None:
    made = clients(*servers)
    tool = ToolSpec(name="look", description="Look at a file.", parameters={"type": "object", "properties": {}})
    asking = ChatRequest(messages=(Message(role="user", content="Say yes."),), max_tokens=4, logprobs=True)
    text = [piece async for piece in made["weak"].stream(asking)][-1]
    assert isinstance(text, Reply)
    assert text.logprob is not None
    assert text.logprob <= 0
    pieces = [piece async for piece in made["weak"].stream(asking.model_copy(update={"tools": (tool,)}))]
    await closed(made)
    assert [p.text for p in pieces if isinstance(p, CallNotice)] == [
        "The endpoint does not know logprobs; it is left out from now on."
    ]
    assert isinstance(pieces[-1], Reply)
    assert (pieces[-1].logprob, pieces[-1].usage.output) == (None, 4)


async def test_an_answer_that_is_left_frees_its_slot(servers: tuple[Server, ...]) -> None:
    made = clients(*servers)
    # The server may not end the answer before it is left.
    endless = {"fields": {"id_slot": 0, "ignore_eos": True}}
    made["weak"].card = made["weak"].card.model_copy(update=endless)
    request = ChatRequest(messages=(Message(role="user", content="Count to a thousand."),), max_tokens=1500)
    async with aclosing(made["weak"].stream(request)) as pieces:  # type: ignore[type-var]
        assert isinstance(await anext(pieces), TextPiece)
        assert await working(servers[0])
    async with asyncio.timeout(60):
        while await working(servers[0]):
            pass
    assert (await reply(made["weak"], (Message(role="user", content="Say yes."),))).usage.output == 4
    await closed(made)


async def test_speculation_changes_no_word_and_says_what_of_its_drafts_was_right(servers: tuple[Server, ...]) -> None:
    made = clients(*servers)
    text = f"Repeat this program three times, exactly:\n```python\n{ECHO}```"
    messages = (Message(role="user", content=text), Message(role="assistant", content=f"```python\n{ECHO}```"))
    messages = (*messages, Message(role="user", content="Again, the same program."))
    plain = await reply(made["weak"], messages, 40)
    guessed = await reply(made["strong"], messages, 40)
    await closed(made)
    assert guessed.text == plain.text
    assert guessed.usage.drafted
    assert guessed.usage.accepted
    assert guessed.usage.accepted <= guessed.usage.drafted
    assert (plain.usage.drafted, plain.usage.accepted) in ((None, None), (0, 0))


async def asked(server: Server, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the server says without our client."""
    headers = {"authorization": f"Bearer {server.key}"}
    async with httpx.AsyncClient(base_url=server.url.removesuffix("/v1"), headers=headers, timeout=120) as http:
        answer = await (http.get(path) if body is None else http.post(path, json=body))
    assert answer.is_success, answer.text
    return answer.json()


async def working(server: Server) -> list[int]:
    """The slots that are at work."""
    return [slot["id"] for slot in await asked(server, "/slots") if slot["is_processing"]]


async def test_a_server_of_ours_answers_nobody_without_its_key(servers: tuple[Server, ...]) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{servers[0].url}/chat/completions", json={"messages": []})
    assert answer.status_code == 401
