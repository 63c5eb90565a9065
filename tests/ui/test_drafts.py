"""What a speculating server counts is shown in a turn's detail and on the Costs screen."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pier_tui.events import CallFinished
from pier_tui.models.usage import Usage
from pier_tui.ui.drafts import Drafts, drafted_words
from pier_tui.ui.screens.costs import CostsScreen
from pier_tui.ui.screens.turn import TurnScreen
from pier_tui.ui.story import Story


def call(number: int, output: int, drafted: int | None, accepted: int | None, writing: float) -> CallFinished:
    usage = Usage(prompt=900, cached=0, output=output, drafted=drafted, accepted=accepted)
    times = {"first_token": 1.0, "seconds": 1.0 + writing}
    return CallFinished(
        decision="d", turn=1, call=number, tier="strong", model="m", usage=usage, cost=Decimal(0), **times
    )


CALLS = [call(1, 101, 84, 61, 2.0), call(2, 51, None, None, 2.5), call(3, 51, 16, 0, 2.5)]


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(output=101, drafted=84, accepted=61), "drafted 84, accepted 61 (73 %), 2.5 tokens a step"),
        (Usage(drafted=84, accepted=61), "drafted 84, accepted 61 (73 %)"),
        (Usage(output=50, drafted=8, accepted=None), ""),
        (Usage(output=50, drafted=0, accepted=0), ""),
        (Usage(output=50), ""),
    ],
)
def test_a_calls_drafts_are_told_in_words_only_where_the_server_said_both_numbers(usage: Usage, words: str) -> None:
    assert drafted_words(usage) == words


def test_speeds_with_accepted_drafts_and_without_are_kept_apart() -> None:
    drafts = Drafts()
    for one in CALLS:
        drafts.add(one)
    assert drafts.row == ("2", "100", "61", "61 %", "1.7", "50.0", "20.0")


def test_both_screens_show_drafts_where_there_were_any() -> None:
    story, silent = Story(), Story()
    story.add_all(CALLS)
    silent.add(CALLS[1])
    detail, costs = TurnScreen(story.turns[1]).text(76).plain, CostsScreen(story).text(76).plain
    assert "1 105B  the server drafted 84, accepted 61 (73 %), 2.5 tokens a step" in detail
    assert "2 105B  the server" not in detail
    assert "Drafts, as the server counts them" in costs
    assert "rafted" not in TurnScreen(silent.turns[1]).text(76).plain + CostsScreen(silent).text(76).plain
    assert max(map(len, detail.splitlines())) <= 76
