from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pier_tui.agent.harness import harness, labels, problems
from pier_tui.backbone.state import Item
from pier_tui.errors import WindowExceeded
from pier_tui.events import AnyEvent, RequestFailed, RouteDecided
from pier_tui.models.messages import Reply, Tier
from pier_tui.router.strategy import Call
from tests.agent.scripted import Session, card, kinds, route, say, session

TIERS: tuple[Tier, ...] = ("weak", "strong")


def written(tmp_path: Path, text: str, tier: Tier = "weak") -> Path:
    folder = tmp_path / "prompts"
    folder.mkdir(exist_ok=True)
    (folder / f"{tier}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("tier", TIERS)
def test_a_shipped_harness_has_a_version_that_is_not_sent(tier: Tier) -> None:
    shipped = harness(tier, routing=True)
    assert shipped.label
    assert shipped.prompt.startswith("You are the")
    assert shipped.label not in shipped.prompt
    assert "max_tokens" not in shipped.prompt


@pytest.mark.parametrize("tier", TIERS)
def test_both_models_are_told_to_answer_in_the_users_language_and_leave_code_alone(tier: Tier) -> None:
    prompt = harness(tier, routing=True).prompt
    assert "in the language of the request" in prompt
    assert "never translate or transliterate" in prompt


def test_the_weak_model_is_called_fast_and_the_strong_one_with_room_to_think() -> None:
    weak, strong = (harness(tier, routing=True) for tier in TIERS)
    assert (weak.reasoning, strong.reasoning) == ("off", "medium")
    assert weak.max_tokens < strong.max_tokens


def test_the_users_file_replaces_the_prompt_and_what_its_head_says(tmp_path: Path) -> None:
    folder = written(tmp_path, '+++\nversion = "7"\ntemperature = 0.7\ntools = ["read"]\n+++\nBe terse.\n')
    mine = harness("weak", routing=True, folder=folder)
    assert mine.prompt == "Be terse."
    assert (mine.label, mine.temperature, mine.max_tokens) == ("7 (yours)", 0.7, 2048)
    assert [tool.name for tool in mine.tools] == ["finish", "read", "route"]
    assert labels(folder) == {"weak": "7 (yours)", "strong": harness("strong", routing=True).label}
    assert problems(folder) == ()


def test_a_file_without_a_head_is_the_prompt_alone(tmp_path: Path) -> None:
    mine = harness("weak", routing=True, folder=written(tmp_path, "Be terse."))
    assert (mine.prompt, mine.label, mine.max_tokens) == ("Be terse.", "unnamed (yours)", 2048)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("+++\nversion = \n+++\nx", "its head is no TOML"),
        ('+++\nversion = "1"\nheat = 3\n+++\nx', "heat cannot be used"),
        ('+++\nversion = "1"\ntemperature = 9\n+++\nx', "temperature cannot be used"),
        ('+++\nversion = "1"\ntools = ["fly"]\n+++\nx', "fly is no tool of this model; they are "),
        ('+++\nversion = "1"\n+++\n \n', "it holds no prompt"),
        ('+++\nversion = "1"\nnever closed', "its head is no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_in_one_sentence_and_the_shipped_one_stands(
    tmp_path: Path, text: str, reason: str
) -> None:
    folder = written(tmp_path, text)
    (said,) = problems(folder)
    assert reason in said
    assert said.startswith(f"The prompt {folder / 'weak.md'} is not used: ")
    assert "\n" not in said
    assert harness("weak", routing=True, folder=folder) == harness("weak", routing=True)


def test_a_file_that_is_no_text_is_named_too(tmp_path: Path) -> None:
    folder = written(tmp_path, "x")
    (folder / "weak.md").write_bytes(b"\xff\xfe\xff")
    assert "is not used" in problems(folder)[0]


def test_the_models_card_wins_over_the_harness() -> None:
    own = {"reasoning": "low", "temperature": 0.6, "max_tokens": 999, "tools": ("read", "edit")}
    called = harness("strong", routing=True, card=card("105B").model_copy(update=own))
    assert (called.reasoning, called.temperature, called.max_tokens) == ("low", 0.6, 999)
    assert [tool.name for tool in called.tools] == ["edit", "finish", "read"]


def test_without_routing_the_model_is_told_that_it_is_alone() -> None:
    assert harness("weak", routing=False).prompt.endswith("do not hand over.")


def test_a_prompt_leaves_room_for_a_usual_answer_and_for_the_estimates_error() -> None:
    model = card("30B").model_copy(update={"window": 10_000})
    assert harness("weak", routing=True).room(model) == (10_000 - 2048) * 9 // 10


async def test_the_version_in_use_is_on_every_route(tmp_path: Path) -> None:
    events = await session(tmp_path, [say("Hello.")]).run("hi")
    assert {e.harness for e in events if isinstance(e, RouteDecided)} == {harness("weak", routing=True).label}


async def drained(events: AsyncIterator[AnyEvent]) -> list[AnyEvent]:
    return [event async for event in events]


def narrow(s: Session, window: int) -> Session:
    for model in (s.weak, s.strong):
        model.card = model.card.model_copy(update={"window": window})
    return s


def look(first: int) -> Reply:
    return say("", route("inspect"), ("read", {"path": "long.txt", "start": first, "end": first + 99}))


def long_file(s: Session) -> None:
    (s.root / "long.txt").write_text("".join(f"line {n} of a long file with some words in it\n" for n in range(400)))


async def test_a_prompt_that_would_pass_the_window_is_compacted_first(tmp_path: Path) -> None:
    s = narrow(session(tmp_path, [look(1), look(101), look(201), say("Done.")], epoch_tokens=100_000), 9_500)
    long_file(s)
    events = await s.run("read it all")
    assert "compacted" in kinds(events)
    assert events[-1].type == "request_ended"
    assert all(s.agent.books.spare(tier) > 0 for tier in TIERS)


@pytest.mark.parametrize(("window", "whole"), [(64_000, True), (8_000, False)])
async def test_pages_shrink_to_what_the_window_leaves(tmp_path: Path, window: int, whole: bool) -> None:
    s = narrow(session(tmp_path, [], [say("Done.")], page_tokens=8_000), window)
    long_file(s)
    item = Item(id="f1", section="files", key="long.txt", text="read 1-400")
    s.agent.books.backbone = s.agent.books.backbone.model_copy(update={"items": (item,)})
    await drained(s.agent.choose("strong", "next"))
    await s.run("what is in the long file?")
    (sent,) = s.strong.asked
    pages = sent.messages[-1].content.count("\nlong.txt ")
    assert pages > 0
    assert (pages == 7) is whole
    assert s.agent.books.prefix("strong").tokens < window


async def test_what_fits_in_no_window_ends_in_one_clear_sentence(tmp_path: Path) -> None:
    s = narrow(session(tmp_path, []), 9_000)
    events = await s.run("word " * 9_000)
    (failed,) = (e for e in events if isinstance(e, RequestFailed))
    assert "105B reads 9,000" in failed.text
    assert "is deltas: start a new session" in failed.text
    assert not s.weak.asked
    assert not s.strong.asked


async def test_what_only_the_weak_models_window_is_too_small_for_goes_to_the_strong_one(tmp_path: Path) -> None:
    s = session(tmp_path, [], [say("Done.", ("finish", {"summary": "Done."}))])
    s.weak.card = s.weak.card.model_copy(update={"window": 5_000})
    await s.run("word " * 6_000)
    assert len(s.strong.asked) == 1


def test_the_sentence_names_what_fills_the_prompt(tmp_path: Path) -> None:
    s = narrow(session(tmp_path, []), 2_000)
    s.agent.books.backbone = s.agent.books.backbone.model_copy(update={"repo_card": "word " * 9_000})
    with pytest.raises(WindowExceeded, match=r"is repository: shorten AGENTS\.md"):
        s.agent.books.prepare(Call(tier="weak", route="self-route", reason=""))
