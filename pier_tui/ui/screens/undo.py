"""Undo and rewind: what would change in the files is shown first, then asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pier_tui.errors import PierError
from pier_tui.events import PatchApplied
from pier_tui.repo.diff import HunkPick, Patch
from pier_tui.repo.records import Effects, Written
from pier_tui.ui.screens.dialog import Choices, Dialog
from pier_tui.ui.text import sanitize

LINES_SHOWN = 200
"""Lines of a preview; more are counted, not shown."""
HUNKS_SHOWN = 30
"""A write with more hunks is listed whole; its hunks can be taken back one by one in the diff pane."""


class Checkpoints(Choices):
    """Requests, their turns and their hunks, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "take it back", id="undo.select")]


@dataclass(frozen=True)
class Wanted:
    """What is to be taken back: checkpoints, or (`hunks`) some hunks of one."""

    checkpoints: tuple[str, ...]
    hunks: tuple[HunkPick, ...] | None = None


class UndoScreen(Dialog[Wanted]):
    """Answers with what to take back, or None. What it would do is worked out when a line is reached."""

    TITLE_TEXT = "Take applied changes back"
    WIDE = True
    DEFAULT_CSS = """
    UndoScreen OptionList { height: auto; max-height: 50%; }
    UndoScreen VerticalScroll { height: 1fr; margin-top: 1; background: $panel; padding: 0 1; }
    """

    def __init__(
        self,
        written: Sequence[Written],
        effects: Callable[[tuple[str, ...], tuple[HunkPick, ...] | None], Awaitable[Effects]],
        session: str = "",
    ) -> None:
        super().__init__()
        self._rows = list(rows(written, session))
        self._effects = effects

    def body(self) -> list[Widget]:
        """The list, newest first, and what taking back the marked line would do."""
        if not self._rows:
            return [Static(Content("Nothing that was applied here still stands, so there is nothing to take back."))]
        options = [Option(Content(words)) for words, _ in self._rows]
        return [Checkpoints(*options), VerticalScroll(Static(id="preview"), can_focus=False)]

    @work(exclusive=True)
    async def on_option_list_option_highlighted(self, message: OptionList.OptionHighlighted) -> None:
        """Show what would change."""
        wanted = self._rows[message.option_index][1]
        try:
            shown = effects_preview(await self._effects(wanted.checkpoints, wanted.hunks))
        except PierError as error:
            shown = Content(sanitize(str(error)))
        self.query_one("#preview", Static).update(shown)

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Take it back."""
        self.dismiss(self._rows[message.option_index][1])


def rows(written: Sequence[Written], session: str) -> Iterator[tuple[str, Wanted]]:
    """A line for each request, below it its turns, below them their hunks; a level with one entry is left out."""
    requests: dict[tuple[str, int], list[Written]] = {}
    for one in written:
        requests.setdefault((one.checkpoint.origin.session, one.checkpoint.origin.request), []).append(one)
    for (of, number), ones in requests.items():
        writes = [one for one in ones if not one.checkpoint.aside]
        where = "" if of == session else "earlier session, "
        words = next((one.checkpoint.origin.words for one in ones if one.checkpoint.origin.words), "")
        head = f"{where}request {number}" + (f": {sanitize(words)}" if words else "")
        if writes:
            yield f"{head}  {tally(writes)}", Wanted(tuple(one.checkpoint.id for one in writes))
        turns: dict[int, list[Written]] = {}
        for one in writes:
            turns.setdefault(one.checkpoint.origin.turn, []).append(one)
        for turn, some in turns.items():
            if len(turns) > 1:
                yield f"  turn {turn}  {tally(some)}", Wanted(tuple(one.checkpoint.id for one in some))
            for one in some:
                yield from parts(one, alone=len(some) == 1)
        for one in ones:
            if one.checkpoint.aside:
                names = ", ".join(file.path for file in one.checkpoint.files)
                yield f"  set aside in a conflict: {sanitize(names)}, propose it again", Wanted((one.checkpoint.id,))


def parts(one: Written, *, alone: bool) -> Iterator[tuple[str, Wanted]]:
    """The lines of one write: itself where its turn has several, and its hunks where it has several."""
    if not alone:
        again = "an undo, " if one.checkpoint.undoes else ""
        yield f"    {again}{tally([one])}", Wanted((one.checkpoint.id,))
    hunks = [(file, hunk) for file in one.patch.files for hunk in file.hunks]
    for file, hunk in hunks if 1 < len(hunks) <= HUNKS_SHOWN else ():
        pick = HunkPick(path=file.path, hunk=hunk.id)
        words = f"      {sanitize(file.path)} line {hunk.new_start}  +{hunk.added} -{hunk.removed}"
        yield words, Wanted((one.checkpoint.id,), (pick,))


def tally(writes: Sequence[Written]) -> str:
    """`app.py, util.py  +12 -3`, as it was written."""
    paths = list(dict.fromkeys(path for one in writes for path in one.patch.paths))
    names = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
    added, removed = sum(one.patch.added for one in writes), sum(one.patch.removed for one in writes)
    return f"{sanitize(names)}  +{added} -{removed}"


def effects_preview(effects: Effects) -> Content:
    """The lines that would go and come, file by file, and what stays because it was changed since."""
    parts: list[tuple[str, str]] = []
    for path in effects.conflicts:
        parts.append((f"{sanitize(path)}: some of it was changed since and stays\n", "$text-warning"))
    for file in effects.patch.files:
        what = {"added": "made again", "deleted": "removed"}.get(file.status, "changed back")
        size = f"+{file.added} -{file.removed}" if not file.binary else "as a whole, binary"
        parts.append((f"{sanitize(file.path)}  {what} {size}\n", "bold"))
        for line in (line for hunk in file.hunks for line in hunk.lines if line.kind != " "):
            colour = "$text-error" if line.kind == "-" else "$text-success"
            parts.append((f"  {line.kind} {sanitize(line.text.rstrip(chr(13) + chr(10)))}\n", colour))
    return cut(parts or [("Nothing in the files would change.", "$muted")])


class RewindScreen(Dialog[Literal["talk", "files"]]):
    """Answers whether only the conversation goes back, or the files with it."""

    TITLE_TEXT = "Rewind"
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "answer('talk')", "conversation only", id="rewind.conversation"),
        Binding("f", "answer('files')", "conversation and files", id="rewind.files"),
    ]
    DEFAULT_CSS = """
    RewindScreen .dialog { height: auto; }
    RewindScreen VerticalScroll { height: auto; max-height: 20; margin-top: 1; background: $panel; padding: 0 1; }
    RewindScreen .alone { margin-bottom: 1; }
    """

    def __init__(self, turn: int, applied: Sequence[PatchApplied]) -> None:
        super().__init__()
        self._to = turn
        self._patches = [event.patch for event in reversed(applied) if event.turn >= turn]

    def body(self) -> list[Widget]:
        """What goes, and what would change in the files."""
        text = f"Go back to before turn {self._to}. Later turns are set aside. "
        text += "With the files, these hunks of ours are taken back; anything else in the files stays:"
        if not self._patches:
            text = f"Go back to before turn {self._to}. Later turns are set aside. Nothing was applied since."
            return [Static(Content(text), classes="alone")]
        return [Static(Content(text)), VerticalScroll(Static(reversed_preview(self._patches)), can_focus=False)]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Files only where some would change."""
        return bool(self._patches) if parameters == ("files",) else True

    def action_answer(self, what: Literal["talk", "files"]) -> None:
        """Go."""
        self.dismiss(what)


def reversed_preview(patches: Iterable[Patch]) -> Content:
    """The lines that would go (those added) and come back (those removed)."""
    parts: list[tuple[str, str]] = []
    for patch in patches:
        for file in patch.files:
            parts.append((f"{sanitize(file.path)}\n", "bold"))
            for hunk in file.hunks:
                for line in hunk.lines:
                    text = sanitize(line.text.rstrip("\r\n"))
                    if line.kind == "+":
                        parts.append((f"  - {text}\n", "$text-error"))
                    elif line.kind == "-":
                        parts.append((f"  + {text}\n", "$text-success"))
    return cut(parts)


def cut(parts: list[tuple[str, str]]) -> Content:
    """The first lines, and how many more there are."""
    left = len(parts) - LINES_SHOWN
    if left > 0:
        parts = [*parts[:LINES_SHOWN], (f"and {left} more lines", "$muted")]
    return Content.assemble(*parts)
