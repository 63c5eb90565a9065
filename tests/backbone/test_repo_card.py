from __future__ import annotations

import pytest

from pier_tui.backbone.repo_card import repo_card
from pier_tui.models.tokens import count


def test_a_small_repository_is_listed_whole() -> None:
    card = repo_card(["src/b.py", "a.py"], "Use tabs.", "pytest -q")
    assert card == ("tests: pytest -q\ninstructions of the project (AGENTS.md):\nUse tabs.\nfiles (2):\na.py\nsrc/b.py")


def test_a_large_repository_is_shown_by_folders() -> None:
    files = [f"src/pkg{n % 7}/module_{n}.py" for n in range(3000)]
    card = repo_card(files, None, None, 400)
    assert "tests: no test command found" in card
    assert "src/pkg0/ (429 files)" in card


@pytest.mark.parametrize("budget", [200, 800, 3000])
def test_the_card_keeps_to_its_budget(budget: int) -> None:
    files = [f"folder_{n}/file.py" for n in range(5000)]
    card = repo_card(files, "rule\n" * 9000, "pytest", budget)
    assert count(card) <= budget * 1.2 + 60
    assert "more" in card


def test_an_empty_repository_says_so() -> None:
    assert repo_card([], None, None).endswith("files: none yet")


def test_the_order_of_the_listing_changes_nothing() -> None:
    assert repo_card(["b", "a", "a"], None, "t") == repo_card(["a", "b"], None, "t")
