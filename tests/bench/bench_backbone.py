"""What a large backbone costs: rendering the prompt, one update, a fact recorded, and the pane's refresh.

    python tests/bench/bench_backbone.py [--items 500] [--rounds 200]

Prints medians in milliseconds of processor time, which a busy machine changes little, and where the slowest twentieth
begins; exits with 1 where a median is over its limit: 5 ms to render the prompt, 10 for an update and for the pane.
Every round also times a fixed piece of plain Python; the figures say how many of those each took, so that runs on
machines of different speed can be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable

from textual.app import App, ComposeResult

from pier_tui.agent.harness import harness
from pier_tui.agent.history import Scribe, turn_messages
from pier_tui.backbone.prefix import Tail, append, render
from pier_tui.backbone.prefix_cache import PrefixCache
from pier_tui.backbone.snapshot import snapshot
from pier_tui.backbone.state import SECTIONS, Backbone, Item
from pier_tui.backbone.updates import Put, apply, next_id
from pier_tui.events import BackboneChanged, BackboneRestored
from pier_tui.models.messages import ToolCall
from pier_tui.models.profiles import load_profile
from pier_tui.tools.tool import FileSeen
from pier_tui.ui.panes.backbone import BackbonePane
from pier_tui.ui.widgets.backbone_tree import BackboneTree

LIMITS = {"render the prompt": 5.0, "one update": 10.0, "record a fact": 10.0, "pane refresh": 10.0}


def large(items: int) -> Backbone:
    """A backbone of so many items, spread over the sections, with 20 exchanges since its snapshot."""
    state = Backbone(repo_card="src/\n" * 200)
    for n in range(items):
        section = SECTIONS[1 + n % (len(SECTIONS) - 1)]
        item = Item(id="", section=section, key=f"src/part{n}.py", text=f"read 1-{n + 1}", turn=n // 8, detail="f (1)")
        state = apply(state, (Put(item=item),))
    state = state.model_copy(update={"snapshot": snapshot(state)})
    for n in range(20):
        call = ToolCall(id=f"c{n}", name="read", arguments='{"path": "a.py"}')
        state = append(state, n, turn_messages("I look.", (call,), {call.id: "def f(x):\n    return x\n" * 40}))
    return state


def plain() -> int:
    """The yardstick: about a millisecond of plain Python."""
    return sum(n % 7 for n in range(20_000))


class Figures:
    """Timings by name."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], object]) -> None:
        """Do it once and remember how long it took."""
        began = time.process_time()
        work()
        self.took.setdefault(name, []).append((time.process_time() - began) * 1000)

    def print(self) -> bool:
        """Print all; whether every limit was kept."""
        yard, kept = statistics.median(self.took["yardstick"]), True
        for name, took in self.took.items():
            middle, slow = statistics.median(took), sorted(took)[len(took) * 19 // 20]
            limit = LIMITS.get(name)
            kept = kept and (limit is None or middle <= limit)
            within = "" if limit is None else f"   limit {limit:.0f} ms"
            print(f"{name:24} {middle:7.2f} ms   slowest 5 % from {slow:7.2f} ms   {middle / yard:6.1f} yards{within}")
        return kept


def without_a_screen(state: Backbone, rounds: int, figures: Figures) -> None:
    """Rendering, predicting, updating, recording."""
    chosen, card = harness("weak", routing=True), load_profile("offline").weak
    cache = PrefixCache(card, lambda: 0.0)
    cache.sent(render(state, "weak", chosen.prompt, chosen.tools, Tail()))

    def once(n: int) -> None:
        prompt = render(state, "weak", chosen.prompt, chosen.tools, Tail(ask=f"Go {n}."))
        new = Put(item=Item(id=next_id(state, "files"), section="files", key=f"new{n}.py", text="read"))
        fact = FileSeen(path=f"src/part{n * 7}.py", role="edited", lines="1-9", symbols=("f (1)",))
        figures.time("yardstick", plain)
        figures.time("render the prompt", lambda: render(state, "weak", chosen.prompt, chosen.tools, Tail(ask="Go.")))
        figures.time("predict the cache", lambda: cache.predict(prompt))
        figures.time("write the snapshot", lambda: snapshot(state))
        figures.time("one update", lambda: apply(state, (new,), turn=9))
        figures.time("record a fact", lambda: Scribe(state, 9).record((fact,)))

    for n in range(rounds):
        once(n)


class Bench(App[None]):
    """The pane alone."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"muted": "ansi_bright_black", "weak": "ansi_cyan", "strong": "ansi_yellow"}

    def compose(self) -> ComposeResult:
        yield BackbonePane()


async def on_a_screen(state: Backbone, rounds: int, figures: Figures) -> None:
    """The pane taking an event in, and drawing what it shows."""
    app = Bench()
    async with app.run_test(size=(80, 48)) as pilot:
        pane, tree = app.query_one(BackbonePane), app.query_one(BackboneTree)
        pane.show(BackboneRestored(backbone=state))
        await pilot.pause()
        for n in range(rounds):
            new = Put(item=Item(id=next_id(pane.backbone, "plan"), section="plan", key=f"step {n}", text=f"step {n}"))

            def refresh(new: Put = new) -> None:
                pane.show(BackboneChanged(updates=(new,), turn=9))
                for y in range(tree.size.height):
                    tree.render_line(y)

            figures.time("pane refresh", refresh)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=500)
    options.add_argument("--rounds", type=int, default=200)
    chosen = options.parse_args()
    state, figures = large(chosen.items), Figures()
    print(f"{len(state.items)} items, {chosen.rounds} rounds")
    without_a_screen(state, chosen.rounds, figures)
    asyncio.run(on_a_screen(state, chosen.rounds, figures))
    return 0 if figures.print() else 1


if __name__ == "__main__":
    sys.exit(main())
