from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pier_tui.agent.atlas import SMALL_BYTES, SMALL_FILES, Atlas, unshown
from pier_tui.backbone.repo_card import repo_card
from pier_tui.backbone.state import Backbone
from pier_tui.repo.overlay import Overlay
from tests.agent.scripted import Session, repository, say, session

SOURCES = {
    "store/cart.py": "class ShoppingCart:\n    def total(self):\n        return 0\n",
    "store/mail.py": "def send_letter(to):\n    return to\n",
    "README.md": "A shop.\n",
}


def overlay(tmp_path: Path) -> Overlay:
    return Overlay(repository(tmp_path / "shop", SOURCES))


def atlas_of(files: Overlay, budget: int = 400, patience: float = 5.0) -> Atlas:
    return Atlas(files, lambda lines: repo_card(files.list(), None, None, map_lines=lines), budget, patience)


def with_atlas(tmp_path: Path, answers: int, **parts: object) -> Session:
    files = overlay(tmp_path)
    return session(tmp_path, [say("Done.") for _ in range(answers)], atlas=atlas_of(files).started(), **parts)


async def test_the_card_holds_what_is_near_the_request(tmp_path: Path) -> None:
    atlas = atlas_of(overlay(tmp_path)).started()
    card = await atlas.card("the total of the ShoppingCart", Backbone())
    assert "store/cart.py: ShoppingCart (1), total (2)" in card
    assert "files (3):\nREADME.md" in card
    await atlas.aclose()


async def test_without_a_budget_there_is_no_map(tmp_path: Path) -> None:
    assert "map" not in await atlas_of(overlay(tmp_path), 0).card("ShoppingCart", Backbone())


async def test_the_first_request_is_in_the_card_and_a_later_one_appends_what_is_new(tmp_path: Path) -> None:
    s = with_atlas(tmp_path, 3)
    await s.run("the total of the ShoppingCart")
    card = s.agent.backbone.repo_card
    assert "store/cart.py: ShoppingCart (1), total (2)" in card
    (tmp_path / "shop" / "store" / "posts.py").write_text("def new_letter_post():\n    pass\n")
    s.agent._p.atlas.changed(("", "store/posts.py"))  # type: ignore[union-attr]
    await s.run("send a letter by post")
    assert s.agent.backbone.repo_card == card
    first, second = (request.messages for request in s.weak.asked)
    assert second[: len(first) - 1] == first[:-1]
    said = next(m.content for m in second if m.content.startswith("<map>"))
    assert said == "<map>\nstore/posts.py: new_letter_post (1)\n</map>"
    await s.run("the total of the ShoppingCart")
    assert sum(m.content.startswith("<map>") for m in s.weak.asked[-1].messages) == 1


async def test_a_compaction_writes_the_map_of_the_running_request(tmp_path: Path) -> None:
    s = with_atlas(tmp_path, 2, epoch_tokens=10)
    await s.run("the total of the ShoppingCart " + "and more " * 200)
    await s.run("the letter " + "and more " * 200)
    assert s.agent.backbone.epoch
    assert "store/mail.py: send_letter (1)" in s.agent.backbone.repo_card


async def test_pending_edits_are_in_the_map_and_leave_it_when_they_are_dropped(tmp_path: Path) -> None:
    files = overlay(tmp_path)
    atlas = atlas_of(files).started()
    before = files.snapshot()
    files.write("store/cart.py", b"def empty_basket():\n    pass\n")
    assert "empty_basket (1)" in await atlas.card("basket", Backbone())
    files.restore(before)
    assert "empty_basket (1)" not in await atlas.card("basket", Backbone())


async def test_a_request_does_not_wait_for_a_slow_index(tmp_path: Path) -> None:
    files = overlay(tmp_path)
    atlas = atlas_of(files, patience=0.0)
    async with atlas._reading:  # somebody else is reading, for as long as he likes
        card = await atlas.card("the total of the ShoppingCart", Backbone())
    assert "map" not in card
    assert "README.md" in card


async def test_closing_ends_the_reading(tmp_path: Path) -> None:
    atlas = atlas_of(overlay(tmp_path)).started()
    await asyncio.wait_for(atlas.aclose(), 20)
    assert not atlas._tasks


async def test_a_repository_git_cannot_list_just_now_is_read_later(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", SOURCES)
    atlas = atlas_of(Overlay(root))
    (root / ".git").rename(root / "away")
    await asyncio.gather(atlas._refresh())
    (root / "away").rename(root / ".git")
    assert "ShoppingCart (1)" in await atlas.card("ShoppingCart", Backbone())


@pytest.mark.parametrize(
    ("line", "shown", "left"),
    [
        ("a.py: f (1), g (2)", "a.py: f (1)", ("a.py: g (2)",)),
        ("a.py: f (1)", "a.py: f (1), g (2)", ()),
        ("a.py: f (9)", "a.py: f (1)", ("a.py: f (9)",)),
        ("b.py: f (1)", "a.py: f (1)", ("b.py: f (1)",)),
    ],
)
def test_only_names_not_shown_at_that_place_are_added(line: str, shown: str, left: tuple[str, ...]) -> None:
    assert unshown((line,), f"map:\n{shown}\nother text") == left


async def test_a_large_repository_is_read_in_another_process_and_its_index_is_kept(tmp_path: Path) -> None:
    many = {f"part/n{n}.py": f"def name_of_{n}_things():\n    pass\n" for n in range(SMALL_FILES)}
    files = Overlay(repository(tmp_path / "shop", SOURCES | many))
    atlas = Atlas(files, "\n".join, patience=60.0, kept=tmp_path / "kept").started()
    files.write("store/cart.py", b"def empty_basket():\n    pass\n")
    assert "store/cart.py: empty_basket (1)" in await atlas.card("the basket", Backbone())
    files.write("store/cart.py", None)
    assert "store/cart.py" not in await atlas.card("the basket", Backbone())
    assert atlas._beside.pid is not None
    await atlas.aclose()
    assert len(list((tmp_path / "kept").iterdir())) == 1


async def test_a_small_repository_that_grows_goes_to_another_process(tmp_path: Path) -> None:
    files = overlay(tmp_path)
    atlas = atlas_of(files, patience=60.0).started()
    assert "total (2)" in await atlas.card("the total", Backbone())
    assert atlas._beside.pid is None
    files.write("store/long.py", b"def longest_of_all():\n    pass\n" + b"#" * SMALL_BYTES)
    assert "store/long.py: longest_of_all (1)" in await atlas.card("the longest and the total", Backbone())
    assert "total (2)" in await atlas.card("the total", Backbone())
    assert atlas._beside.pid is not None
    await atlas.aclose()
