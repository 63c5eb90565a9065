"""A walk through every screen with hostile text from every source; run as a program it shows itself in a terminal.

`python hostile_tour.py hostile REPORT` and `... benign REPORT` do the same with texts of one shape.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from kept_sessions import KeptSessions, Line
from pydantic import BaseModel
from rich.segment import Segment
from snapshot_scenes import PlayedWorkbench, finished, tool, turn, until
from textual import events
from textual.color import Color
from textual.pilot import Pilot

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Notice, RepoChanged, RequestFailed
from pier_tui.models.pinning import Destination
from pier_tui.tools.approval import ApprovalRequest, Rule
from pier_tui.ui.app import PierApp
from pier_tui.ui.line_filter import TextGuard
from pier_tui.ui.screens.approval import ApprovalScreen
from pier_tui.ui.screens.ask import AskScreen
from pier_tui.ui.screens.first_start import FirstStartScreen
from pier_tui.ui.screens.trust import DestinationScreen, TrustScreen
from pier_tui.ui.text import control

MARK = "XyZZy"
"""Stands in every payload, and must never stand in a control sequence."""
ST = "\x1b\\"
STRINGS = [
    *(f"\x1b]{code};{MARK}\x07" for code in (0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 22, 50, 52, 66, 99, 104, 133, 777, 1337)),
    f"\x1b]52;c;{MARK}{ST}",
    f"\x1b]8;;http://{MARK}{ST}x\x1b]8;;{ST}",
    f"\x1bP$q{MARK}{ST}",
    f"\x1bP+q{MARK}{ST}",
    f"\x1bPq{MARK}{ST}",
    f"\x1b_G{MARK}{ST}",
    f"\x1b^{MARK}{ST}",
    f"\x1bX{MARK}{ST}",
    f"\x9d52;c;{MARK}\x9c",
    f"\x90$q{MARK}\x9c",
    f"\x9f{MARK}\x9c",
    f"\x9e{MARK}\x9c",
    f"\x98{MARK}\x9c",
    *(f"\x1b[{code}" for code in ("21t", "20t", "14t", "6n", "c", ">c", "=c", ">q", "?1049l", "?1049h", "2J", "3J")),
    *(f"\x1b[{code}" for code in ("!p", "5i", "?2004h", "?1003h", "?9001h", "8m", "5m", "999999999b", "4h", "20h")),
    *(f"\x9b{code}" for code in ("2J", "21t", "?1049l", "9999b")),
    *(f"\x1b{code}" for code in ("c", "7", "8", "D", "E", "M", "N", "O", "Z", "#8", "(0", "%G", "=", ">", "n", "|")),
    *(chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))),
    "\u202eevil\u2066x\u2069\u200b\ufeff\u061c\u200e\u2028\u2029\U000e0041\u00ad\ufff9\u180e",
    "Z" + "\u0301" * 40,
    f"[@click=app.quit]{MARK}[/]",
    f"[link=http://{MARK}]x[/link]",
    "[/]",
    "[/some/path]",
    "[bold",
    "[b + [/x]",
    "$x[",
    "[red]x",
    "\\[",
    "[]",
    "[[",
    "]",
    "[=",
    "[@click=",
    "[$",
]
"""What a hostile text may hold: control sequences and strings of every kind, stray controls, what hides, markup."""
CORE = "\x1b\x9b\u202e"
"""Begins every short text, so that no place is missed because a tame payload was its turn."""
LONG_FIELDS = {"text", "reasoning", "handoff", "section", "arguments"}
KEPT_FIELDS = {"type", "id", "decision", "call_id", "session", "checkpoint", "hunk", "digest", "key", "name", "code"}
"""Fields that other events refer to, or that a machine reads."""


def benign(text: str) -> str:
    """A text of the same shape that steers nothing."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "x" for sign in text).replace("[", "(")


@dataclass
class Poison:
    """Puts payloads into texts: one line of each into long ones, one in turn into short ones."""

    hostile: bool = True
    turn: Iterator[str] = field(default_factory=lambda: cycle(STRINGS))

    def short(self, text: str = "") -> str:
        """A payload and the text, on one line."""
        found = f"{CORE}{next(self.turn)}"
        return (found if self.hostile else benign(found)) + text

    def long(self, text: str = "") -> str:
        """The text and all payloads, a line each."""
        all_of_them = "\n".join(f"{number} {payload}" for number, payload in enumerate(STRINGS))
        return f"{text}\n{all_of_them if self.hostile else benign(all_of_them)}\n"

    def into(self, value: Any, name: str = "") -> Any:
        """The value with payloads in every text of it."""
        if isinstance(value, BaseModel):
            kept = KEPT_FIELDS - (
                {"name"} if type(value).__name__ in ("ToolCalled", "ToolReturned", "Segment") else set()
            )
            fields = type(value).model_fields
            changed = {
                part: self.into(getattr(value, part), part)
                for part in fields
                if part not in kept and "Literal" not in str(fields[part].annotation)
            }
            return value.model_copy(update=changed)
        if isinstance(value, tuple):
            return tuple(self.into(part, name) for part in value)
        if isinstance(value, str):
            if name == "text" and value.endswith("\n") and value.count("\n") == 1:
                return self.short(value)  # a line of a diff
            return self.long(value) if name in LONG_FIELDS else self.short(value)
        return value


MARKDOWN = """# {0}

{0} **{0}** *{0}* `{0}` ~~{0}~~ [{0}](http://{0}) ![{0}](http://{0}) <http://{0}>

- {0}
1. {0}

> {0}

| {0} | {0} |
|---|---|
| {0} | {0} |

```python
{0}
```

```{0}
{0}
```

&#27;]52;c;XyZZy&#7; &#155; &#x202e; &#xE0041;

<b onclick="x">{0}</b>

[ref]: javascript:{0} "{0}"
[ref]
"""


def happenings(poison: Poison) -> list[AnyEvent]:
    """A whole session, with payloads in every text of every event."""
    answers = "\n".join(MARKDOWN.replace("{0}", poison.short().replace("\n", " ")) for _ in range(4))
    output = tool(9, "run", "run", "exit 1", poison.long(), ok=False)
    return [
        *(poison.into(event) for event in finished()),
        *turn(9, answers, output),
        RepoChanged(paths=(poison.short(), poison.short()), branch=poison.short("main"), dirty=3),
        Notice(level="error", text=poison.long("An error.")),
        Notice(level="warning", text=poison.short("A warning.")),
        Notice(level="info", text=poison.short("A notice.")),
        RequestFailed(text=poison.short("It failed.")),
    ]


class HostileShelf(KeptSessions):
    """Sessions with payloads for titles, that cannot be written out."""

    def __init__(self, poison: Poison) -> None:
        super().__init__(*(Line(f"s{number}", poison.short(f"session {number}")) for number in range(20)))
        self.poison = poison

    async def export(self, session_id: str, form: Literal["md", "jsonl"] = "md") -> str:
        raise PierError(self.poison.short(f"{session_id} cannot be written"))


def app_for(poison: Poison) -> tuple[PierApp, PlayedWorkbench]:
    """The app on a workbench of payloads."""
    bench = PlayedWorkbench(events=happenings(poison))
    bench.strategy = poison.short("self-route")
    bench.profile.name = poison.short("profile")
    bench.profile.weak = bench.profile.weak.model_copy(update={"id": poison.short("m"), "label": poison.short("30B")})
    files = [poison.short("a.py"), poison.short("b.py")]

    async def found() -> tuple[str, ...]:
        return tuple(files)

    app = PierApp(
        bench.start,
        repository=poison.short("shop"),
        theme=poison.short("no-theme"),
        keymap={poison.short("no.such.id"): "f2", "show.costs": "ctrl+b"},
        shelf=HostileShelf(poison),
        files=found,
    )
    app.animation_level = "none"
    return app, bench


async def walk(pilot: Pilot[None], bench: PlayedWorkbench, poison: Poison) -> None:
    """Everything there is to see."""
    app = pilot.app
    assert isinstance(app, PierApp)
    await until(pilot, lambda: app.bench.workbench is not None)
    await until(pilot, lambda: app.bench.conversation.prompt.has_focus)
    app.bench.conversation.prompt.cursor_blink = False
    app.bench.request(poison.short("the request"))
    await until(pilot, lambda: bench.shown.is_set() and not app.bench.work.running)
    for keys in (
        ("f4", "escape", "home", "space", "down", "space", "down", "space", "down", "space", "down", "space"),
        ("f8", "home", *["pagedown"] * 6, "f8"),
        ("f3", "f8", "home", *["down"] * 8, "enter", "f3", "f8"),
        ("f5", "f8", "home", *["pagedown"] * 2, "home", "s", *["pagedown"] * 2, "s", "A", "f8"),
        ("f5", "home", "e", "escape", "c", *"note", "escape", "v", "v", "v"),
        ("f4", "f1", "pagedown", "escape"),
        ("ctrl+o", "pagedown", "escape"),
        ("ctrl+b", "pagedown", "escape"),
        ("ctrl+l", "down", "x", "escape"),
        ("ctrl+p", "t", "h", "e", "escape"),
        ("f12", "escape"),
    ):
        await pilot.press(*keys)
        await pilot.pause()
    await dialogs(pilot, poison)
    await prompt(pilot, poison)
    app.exit()


async def dialogs(pilot: Pilot[None], poison: Poison) -> None:
    """Screens that open by themselves, and notices."""
    app = pilot.app
    rule = Rule(argv=(poison.short("make"), poison.short()))
    asked = ApprovalRequest(
        command=poison.long("make"),
        why=poison.short("why"),
        where=poison.short("where"),
        sandbox=poison.short("sandbox"),
        rule=rule,
        reasons=(poison.short("a"), poison.short("b")),
    )

    async def find() -> list[str]:
        return [poison.short("http://localhost:1/v1")]

    first = FirstStartScreen(find, poison.short("wrong"))
    question = AskScreen(poison.long("which?"), (poison.short("a"), poison.short("b")))
    seen = SimpleNamespace(path=poison.short("/repo"), parent=poison.short("/"), noted=[poison.short("AGENTS.md")])
    door = DestinationScreen([Destination(source=poison.short("KEY"), origin=poison.short("https://host:443"))])
    for screen in (ApprovalScreen(asked), question, TrustScreen(seen), door, first):
        app.push_screen(screen)
        await pilot.pause()
        await pilot.press("tab", "down")
        if screen is first:
            await pilot.click("#find")
        await pilot.pause()
        app.pop_screen()
        await pilot.pause()
    for severity in ("information", "warning", "error"):
        app.notify(poison.short("told"), title=poison.short("title"), severity=severity, markup=True)  # type: ignore[arg-type]
        await pilot.pause()
    for number in sorted(app.bench.story.turns):  # type: ignore[attr-defined]
        app.bench.action_show_turn(number)  # type: ignore[attr-defined]
        await pilot.pause()
        await pilot.press(*["pagedown"] * 3, "escape")


async def prompt(pilot: Pilot[None], poison: Poison) -> None:
    """What is pasted, completed, queued and copied."""
    app = pilot.app
    assert isinstance(app, PierApp)
    app.bench.conversation.prompt.focus()
    await pilot.pause()
    for text in (poison.short("pasted"), poison.long("pasted"), poison.short("again")):
        app.screen.post_message(events.Paste(text))
        await pilot.pause()
    await pilot.press("@", "a")
    await pilot.pause()
    app.bench.conversation.set_work([poison.short("queued"), poison.long("queued")], True)
    await pilot.pause()
    app.copy_to_clipboard(poison.long("copied"))
    app.bench.conversation.prompt.select_all()
    await pilot.press("ctrl+c")
    await pilot.pause()


class Watching(TextGuard):
    """Notes what only the last line of defence holds back."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, int] = {}

    def apply(self, segments: Sequence[Segment], background: Color) -> list[Segment]:
        for text, style, codes in segments:
            if (not codes and control().search(text)) or (style is not None and style.link):
                self.held[ascii(text)] = self.held.get(ascii(text), 0) + 1
        return super().apply(segments, background)


def main(kind: str, report: str) -> None:
    """The whole walk, in the terminal this runs in; what the guard had to hold back is written to `report`."""
    poison = Poison(hostile=kind == "hostile")
    app, bench = app_for(poison)
    guard = Watching()
    app._filters[:] = [guard if isinstance(line_filter, TextGuard) else line_filter for line_filter in app._filters]

    async def drive(pilot: Any) -> None:
        await walk(pilot, bench, poison)

    app.run(auto_pilot=drive)
    if app._exception is not None:
        raise app._exception
    Path(report).write_text(json.dumps(guard.held), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
