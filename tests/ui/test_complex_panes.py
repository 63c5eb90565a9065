"""Indian scripts, joined emoji and wide letters in every pane and dialog: all of the text, every line in its column."""

from __future__ import annotations

from collections.abc import Callable

import pyte
import pytest
from diff_patches import change, hunk
from rich.cells import cell_len
from rich.console import Console
from scripted_workbench import ScriptedWorkbench, turn
from test_columns import Screen, letters, narrow, wide
from test_shell_resuming import until
from textual._compositor import LayoutUpdate

from pier_tui.backbone.state import Item
from pier_tui.backbone.updates import Put
from pier_tui.events import AnyEvent, BackboneChanged, PatchProposed, RequestEnded, RequestStarted
from pier_tui.repo.diff import Patch
from pier_tui.tools.approval import ApprovalRequest
from pier_tui.ui.app import PierApp
from pier_tui.ui.columns import aligned
from pier_tui.ui.screens.approval import ApprovalScreen
from pier_tui.ui.widgets.diff_edit import CommentInput, HunkEditor

SIZE = (170, 30)
LINES = frozenset("│┃╎▊▎▌▏")
HINDI = "cart.py में क्षत्रिय, श्री, क्\u200dष और कर्\u200cता"
TAMIL = "cart.py கோப்பில் ஸ்ரீ க்ஷ வணக்கம்"
BENGALI = "cart.py ফাইলে র\u200d্যাব ক্ষ শ্রী"
OTHERS = "世界 e\u0301 👩\u200d💻 done"
ANSWER = f"{HINDI}\n\n| भाषा | text |\n|---|---|\n| {TAMIL} | {OTHERS} |\n\n`{BENGALI}`"
PATCH = Patch(files=(change("दुकान/कार्ट.py", hunk(10, f" # {OTHERS}", f"-{HINDI}", f"+{TAMIL}", f"+{BENGALI}")),))
PAST: tuple[AnyEvent, ...] = (
    RequestStarted(text=HINDI, request=1),
    BackboneChanged(
        updates=(
            Put(item=Item(id="g1", section="goal", key="goal", text="क्षत्रिय श्री", author="you", turn=1)),
            Put(item=Item(id="d1", section="decisions", key="d", text="ஸ்ரீ க்ஷ", author="weak", turn=1)),
        ),
        turn=1,
    ),
    *turn(1, text=ANSWER),
    PatchProposed(patch=PATCH, paths=PATCH.paths, tier="weak", turn=1, request=1),
    RequestEnded(text=BENGALI, request=1),
)


def drawn(app: PierApp, measure: Callable[[str], int], monkeypatch: pytest.MonkeyPatch) -> pyte.Screen:
    """What a terminal shows of the screen that measures text so."""
    monkeypatch.setattr("pyte.screens.wcwidth", measure)
    screen = Screen(*SIZE)
    update = app.screen._compositor.render_update(full=True)
    assert isinstance(update, LayoutUpdate)
    console = Console(force_terminal=True, color_system="truecolor", width=SIZE[0])
    pyte.Stream(screen).feed(aligned(update.render_segments(console)))
    return screen


def in_place(app: PierApp, screen: pyte.Screen) -> bool:
    """Whether every line and every block stands in the column it was meant for, and no more of them."""
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        meant = [cell_len(strip.text[:at]) for at, sign in enumerate(strip.text) if sign in LINES]
        if meant != [x for x in range(SIZE[0]) if screen.buffer[y][x].data in LINES]:
            return False
    return True


def bare(text: str) -> str:
    """The letters without marks and joiners, which the simulation keeps only in part."""
    return letters(text).replace("\u200c", "").replace("\u200d", "")


def seen(screen: pyte.Screen, text: str) -> int:
    """How often all words of a text stand on the screen."""
    everything = bare("".join("".join(screen.buffer[y][x].data for x in range(SIZE[0])) for y in range(SIZE[1])))
    return min(everything.count(bare(word)) for word in text.split())


async def test_panes_and_dialogs_keep_their_columns_and_lose_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    app = PierApp(ScriptedWorkbench(past=PAST).start, repository="दुकान")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.bench.workbench is not None)
        app.bench.conversation.edit(f"{HINDI} {TAMIL}")
        app.bench.diff.view.toggle_wrap()
        app.bench.diff.view.focus()
        await pilot.press("c")
        app.bench.diff.query_one(CommentInput).value = BENGALI
        await pilot.pause()
        for measure in (wide, narrow):
            screen = drawn(app, measure, monkeypatch)
            assert in_place(app, screen), measure.__name__
            assert [seen(screen, text) for text in (HINDI, TAMIL, BENGALI, "done")] == [5, 3, 3, 2], measure.__name__
        await pilot.press("escape", "e")
        assert app.bench.diff.query(HunkEditor)
        request = ApprovalRequest(
            command=f"echo '{TAMIL}'", why=HINDI, where="/दुकान", sandbox="full", policy="untrusted"
        )
        app.push_screen(ApprovalScreen(request))
        await pilot.pause()
        screen = drawn(app, narrow, monkeypatch)
        assert in_place(app, screen)
        assert seen(screen, HINDI) >= 1
        assert seen(screen, TAMIL) >= 1
