"""Characters that pass for others are found where scripts meet, and nowhere in ordinary text of any language."""

from __future__ import annotations

import pytest

from pier_tui.ui.widgets.lookalikes import lookalikes

SUSPECT = [
    ("s\u0430yHello()", [1]),
    ("\u0415xception", [0]),
    ("p\u0430ssw\u043erd = \u03bfpen", [1, 5, 11]),
    ("if user\u01c3= admin", [7]),
    ("a = 1\u037e", [5]),
    ("x\u00a0= 1", [1]),
    ("\U0001d4ee\U0001d4ff\U0001d4ea\U0001d4f5('x')", [0, 1, 2, 3]),
    ("\uff53ystem", [0]),
    ("\u0441\u043e\u0440\u0443 = 1", [0, 1, 2, 3]),
    ("scope\u0455 = ра\u0443load", [5, 9, 10, 11]),
]
ORDINARY = [
    "plain = 'ascii'",
    "# сухо и просто: оса, а не рак",
    "# API-запрос из json_файла, шаг 2",
    "Δx = λ * σ_x + μs",
    "naïve café Ångström straße",
    "变量 = 日本語　全角",
    "नमस्ते दुनिया",
    "‘quoted’ – dash… “text”",
]


@pytest.mark.parametrize(("line", "at"), SUSPECT)
def test_a_character_that_passes_for_another_is_found(line: str, at: list[int]) -> None:
    assert lookalikes(line) == at


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_text_holds_none(line: str) -> None:
    assert lookalikes(line) == []
