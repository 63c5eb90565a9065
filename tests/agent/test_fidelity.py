"""Whoever does a turn, what is known after it is the same: swapping models at every turn changes no fact."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from scripted import Session, say, session

from pier_tui.backbone.prefix import render
from pier_tui.backbone.state import Backbone, Item
from pier_tui.backbone.updates import Edit, Pin, Put, Remove, Update, apply, invert
from pier_tui.events import Compacted, TurnEnded
from pier_tui.models.messages import ChatRequest, Reply, Tier

TURNS = 9
PLACES = [("app.py", 1, 2), ("app.py", 1, 1), ("notes.txt", 1, 2), ("notes.txt", 2, 2)]


def script(seed: int) -> list[Reply]:
    """A session of looking, noting, failing and editing, in an order the seed decides, that ends with a summary."""
    draw = random.Random(seed)
    says: list[Reply] = []
    for n in range(TURNS - 1):
        path, start, end = draw.choice(PLACES)
        kind = draw.choice(("read", "read", "note", "edit", "search", "wrong"))
        words = f"Step {n}. " + "I weigh what I saw. " * draw.randint(1, 60)
        match kind:
            case "note":
                about = {"section": "decisions", "text": f"choice {n}", "why": f"because {draw.random():.3f}"}
                says.append(say(words, ("note", about)))
            case "edit":
                # What the file says now is not looked at: some edits fail, and both models must be told of it alike.
                edit = {"path": "notes.txt", "old": draw.choice(("one", "two")), "new": f"word {n}"}
                says.append(say(words, ("edit", edit)))
            case "search":
                says.append(say(words, ("search", {"pattern": draw.choice(("size", "return", "word"))})))
            case "wrong":
                says.append(say(words, ("read", {"path": f"gone{n}.py"})))
            case _:
                says.append(say(words, ("read", {"path": path, "start": start, "end": end})))
    return [*says, say("", ("finish", {"summary": "All looked at."}))]


async def played(tmp_path: Path, seed: int, choose: Callable[[int], Tier]) -> tuple[Session, list[ChatRequest], int]:
    """The session with each turn on the chosen model; what was asked at each turn, and how often it was compacted."""
    replies, tiers = script(seed), [choose(n) for n in range(TURNS)]
    own = {tier: [r for r, t in zip(replies, tiers, strict=True) if t == tier] for tier in ("weak", "strong")}
    s = session(tmp_path, list(own["weak"]), list(own["strong"]), epoch_tokens=900)
    done, compactions = 0, 0
    await chosen(s, tiers[0])
    async with aclosing(s.agent.run("look at it all")) as events:
        async for event in events:
            compactions += isinstance(event, Compacted)
            if isinstance(event, TurnEnded):
                done += 1
                if done < TURNS:
                    await chosen(s, tiers[done])
    assert done == TURNS
    asked = {"weak": iter(s.weak.asked), "strong": iter(s.strong.asked)}
    return s, [next(asked[tier]) for tier in tiers], compactions


async def chosen(s: Session, tier: Tier) -> None:
    async with aclosing(s.agent.choose(tier, "next")) as events:
        _ = [event async for event in events]


def unsigned(state: Backbone) -> Backbone:
    return state.model_copy(update={"items": tuple(i.model_copy(update={"author": "tool"}) for i in state.items)})


@pytest.mark.parametrize("seed", range(4))
async def test_swapping_models_at_every_turn_changes_no_fact_either_sees(tmp_path: Path, seed: int) -> None:
    weak, weak_asked, compactions = await played(tmp_path / "weak", seed, lambda n: "weak")
    strong, strong_asked, _ = await played(tmp_path / "strong", seed, lambda n: "strong")
    mixed, mixed_asked, _ = await played(tmp_path / "mixed", seed, lambda n: "weak" if n % 2 else "strong")
    assert compactions, "the sessions are long enough that a compaction lies between two swaps"
    # Who noted a decision is the one thing that may differ.
    states = [unsigned(s.agent.backbone) for s in (weak, strong, mixed)]
    assert states[0] == states[1] == states[2]
    for n, asked in enumerate(mixed_asked):
        alone = (weak_asked if n % 2 else strong_asked)[n]
        # The very bytes the model would have been sent had it done every turn before itself.
        assert asked.messages == alone.messages
        assert asked.tools == alone.tools
        # And all but the harness is what the other model would have been told.
        assert asked.messages[1:] == (strong_asked if n % 2 else weak_asked)[n].messages[1:]


async def test_what_the_strong_model_did_is_known_to_the_weak_one_even_after_a_compaction(tmp_path: Path) -> None:
    decision = {"section": "decisions", "text": "size counts every element", "why": "the test says so"}
    edit = {"path": "app.py", "old": "return n - 1", "new": "return n"}
    filler = [say("I look around. " * 80, ("read", {"path": "notes.txt", "start": n, "end": n})) for n in (1, 2)]
    s = session(
        tmp_path,
        [*filler, say("", ("finish", {"summary": "done"}))],
        [say("The last one is left out.", ("note", decision), ("edit", edit))],
        epoch_tokens=400,
    )
    await chosen(s, "strong")
    async with aclosing(s.agent.run("fix size")) as events:
        happened = []
        async for event in events:
            happened.append(event.type)
            if isinstance(event, TurnEnded):
                await chosen(s, "weak")
    assert "compacted" in happened
    told = "\n".join(m.content for m in s.weak.asked[-1].messages)
    assert "I look around" in told
    assert "The last one is left out." not in told, "the strong turn itself is no longer in the prompt"
    assert "size counts every element (why: the test says so)" in told
    assert "app.py: edited" in told
    state = s.agent.backbone
    rendered = render(state, "weak", "", (), s.agent.books.tail)
    assert "size counts every element" in rendered.messages[1].content


async def test_each_edit_of_the_user_is_one_event_that_both_models_are_told_of(tmp_path: Path) -> None:
    s = session(tmp_path, [say("ok")], [say("ok")])
    put = Put(item=Item(id="q1", section="questions", key="why", text="why so?", author="you"))
    steps: list[tuple[Update, str]] = [
        (put, "added in questions: why so?"),
        (Edit(id="q1", text="why not?"), "changed in questions: why so? -> why not?"),
        (Pin(id="q1", pinned=True), "pinned in questions: why not?"),
        (Remove(id="q1"), "removed in questions: why not?"),
    ]
    for update, _ in steps:
        before = s.agent.backbone
        async with aclosing(s.agent.update((update,))) as events:
            assert [event.type async for event in events] == ["backbone_changed"]
        back = invert(before, (update,))
        assert apply(s.agent.backbone, back).items == before.items
    for tier in ("weak", "strong"):
        await chosen(s, tier)
        await s.run("go")
    for model in (s.weak, s.strong):
        told = "\n".join(m.content for m in model.asked[0].messages)
        for _, words in steps:
            assert words in told
