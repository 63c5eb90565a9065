"""The prefix bar and the turn's detail: the prompt by segment, cached and new, and where the cache broke."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from pier_tui.backbone.prefix import Segment
from pier_tui.events import CallFinished, Compacted, RouteDecided
from pier_tui.models.usage import Usage
from pier_tui.ui.panes.backbone import BackbonePane
from pier_tui.ui.screens.turn import TurnScreen
from pier_tui.ui.story import Turn
from pier_tui.ui.widgets.prefix_bar import PrefixBar, Sent

SIZES = {"harness": 1000, "tools": 2000, "repository": 500, "snapshot": 0, "deltas": 4000, "now": 100}


def route(cached: int | None = 6000, **more: object) -> RouteDecided:
    segments = tuple(Segment(name=n, tokens=t, digest="") for n, t in SIZES.items())
    fields = {"decision": "d", "call": 1, "tier": "weak", "model": "m", "strategy": "s", "route": "self-route"}
    return RouteDecided.model_validate({**fields, "segments": segments, "predicted_cached": cached, **more})


def bill(prompt: int | None, cached: int | None, predicted: int | None = None) -> CallFinished:
    usage = Usage(prompt=prompt, cached=cached, output=1)
    return CallFinished(
        decision="d", call=1, tier="weak", model="m", usage=usage, cost=None, predicted_cached=predicted
    )


def test_what_is_cached_is_the_beginning_of_the_prompt() -> None:
    sent = Sent(tuple(SIZES.items()), 6000)
    assert sent.parts() == (
        ("harness", 1000, 0),
        ("tools", 2000, 0),
        ("repository", 500, 0),
        ("snapshot", 0, 0),
        ("deltas", 2500, 1500),
        ("now", 0, 100),
    )


def test_a_bill_scales_the_segments_to_what_the_endpoint_counted() -> None:
    billed = Sent(tuple(SIZES.items()), 6000).billed(15_200, 12_000, False)
    assert dict(billed.segments)["tools"] == 4000
    assert (billed.total, billed.cached, billed.estimated) == (15_200, 12_000, False)


class Bars(App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "ansi_bright_black"}

    def compose(self) -> ComposeResult:
        yield PrefixBar("30B", "$success")


async def shown(width: int, *happened: RouteDecided | CallFinished, window: int | None = 64_000) -> str:
    app = Bars()
    async with app.run_test(size=(width, 4)) as pilot:
        bar = app.query_one(PrefixBar)
        bar.window = window
        for event in happened:
            bar.sent(event) if isinstance(event, RouteDecided) else bar.billed(event)
        await pilot.pause()
        return "\n".join("".join(s.text for s in bar.render_line(y)).strip() for y in range(2))


async def test_cached_new_and_free_stand_in_words_and_in_signs() -> None:
    wide = await shown(80, route())
    assert "~6.0k cached 1.6k new 56k free (new: deltas 1.5k, now 100)" in wide
    bar = wide.splitlines()[0]
    assert {"█", "▓", "▒", "·"} <= set(bar)
    narrow = await shown(34, route())
    assert narrow.splitlines()[1] == "~6.0k cached 1.6k new 56k free"


async def test_a_part_too_small_for_the_window_is_still_seen() -> None:
    bar = (await shown(34, route(7500), window=1_000_000)).splitlines()[0]
    assert bar.split(maxsplit=1)[1].rstrip("·") in ("█▒", "▓▒", "█░", "▓░")


async def test_what_the_endpoint_did_not_say_is_a_question_mark() -> None:
    assert "7.6k sent, cached ? 56k free" in await shown(80, route(), bill(7600, None))
    assert "not called yet" in await shown(80)
    assert "8.0k cached 1.5k new" in await shown(80, route(), bill(9500, 8000), window=None)


async def test_bills_far_below_the_predictions_are_told_beside_the_bar() -> None:
    calls = [event for _ in range(5) for event in (route(), bill(7600, 1900, 6000))]
    assert "billed only 32 % of what was predicted" in await shown(110, *calls)
    assert "billed only" not in await shown(110, *calls[:8])


BROKEN = "snapshot changed ~3,510 tokens in, at byte 14,100: a compaction wrote it anew\nwas 'a'\nnow 'b'"


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        (route(), ["deltas        4,000    2,500  1,500   appended", "no break: only what is new"]),
        (route(None), ["deltas        4,000        ?     ?   appended"]),
        (
            route(3500, cache_break=BROKEN),
            [
                "first break  snapshot changed ~3,510 tokens in, at byte 14,100",
                "now 'b'",
                "a cache holds whole blocks, so what is cached ends a little before the break",
            ],
        ),
        (route(token_ratio=1.08), ["counts are our estimate x1.08, by what the endpoint reported"]),
    ],
)
def test_the_detail_says_how_much_of_each_segment_was_cached_and_what_broke_it(
    decided: RouteDecided, words: list[str]
) -> None:
    text = TurnScreen(Turn(1, routes=[decided])).text(100).plain
    for expected in words:
        assert expected in text


def test_an_escalated_turn_shows_both_prompts() -> None:
    strong = route(0, tier="strong", call=2, cache_break="nothing was sent to this model yet")
    text = TurnScreen(Turn(1, routes=[route(), strong])).text(100).plain
    assert "Prompt of call 1 to the 30B, by segment" in text
    assert "Prompt of call 2 to the 105B, by segment" in text
    assert "first break  nothing was sent to this model yet" in text


@pytest.mark.parametrize(
    ("gone", "title"),
    [
        ({"merged": ("a",), "dropped": ("b", "c")}, "Backbone · 1 merged, 2 dropped"),
        ({"kept": ("a",)}, "Backbone · compacted"),
    ],
)
def test_the_pane_says_in_its_title_what_a_compaction_took(gone: dict[str, tuple[str, ...]], title: str) -> None:
    pane = BackbonePane()
    pane.show(Compacted(snapshot="", epoch=1, **gone))  # type: ignore[arg-type]
    assert str(pane.border_title) == title
    assert len(title) <= 32, "as wide as the pane at 120 columns"
