"""The diff pane driven by keys and clicks in a small app."""

from __future__ import annotations

from diff_patches import NEW, SHOP, TAX, TOTAL, TRICK, change
from textual.app import App, ComposeResult
from textual.message import Message

from pier_tui.events import PatchApplied, PatchProposed, PatchRebased, PatchReviewed, PatchUndone, Verdict
from pier_tui.repo.diff import HunkPick, Patch
from pier_tui.ui.panes.diff import DiffPane


class PaneApp(App[None]):
    def __init__(self, patch: Patch | None = SHOP) -> None:
        super().__init__()
        self.patch = patch
        self.got: list[Message] = []
        self.now = 100.0

    def compose(self) -> ComposeResult:
        yield DiffPane(clock=lambda: self.now)

    def on_mount(self) -> None:
        if self.patch is not None:
            self.pane.show(PatchProposed(patch=self.patch))
        self.pane.view.focus()

    @property
    def pane(self) -> DiffPane:
        return self.query_one(DiffPane)

    @property
    def hint(self) -> str:
        return self.pane.bar.hint

    @property
    def verdicts(self) -> list[Verdict]:
        return [m.verdict for m in self.got if isinstance(m, DiffPane.VerdictGiven)]

    def on_diff_pane_verdict_given(self, message: DiffPane.VerdictGiven) -> None:
        self.got.append(message)

    def on_diff_pane_editor_requested(self, message: DiffPane.EditorRequested) -> None:
        self.got.append(message)

    def on_diff_pane_source_wanted(self, message: DiffPane.SourceWanted) -> None:
        self.got.append(message)

    def on_diff_pane_undo_wanted(self, message: DiffPane.UndoWanted) -> None:
        self.got.append(message)


def pick(path: str, hunk: str, **more: object) -> HunkPick:
    return HunkPick.model_validate({"path": path, "hunk": hunk, **more})


async def test_space_accepts_the_hunk_and_enter_gives_the_verdict() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("n", "space", "n", "x", "enter")
        assert app.hint == "Writing what you accepted…"
    assert app.verdicts == [
        Verdict(accepted=(pick("shop/cart.py", TAX.id),), rejected=(pick("shop/new.py", NEW.hunks[0].id),))
    ]


async def test_enter_with_nothing_accepted_says_what_to_do() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("enter")
        assert app.hint.startswith("Nothing is accepted yet: space takes this hunk, A takes all.")
    assert not app.verdicts
