"""Records as rows of the conversation. What a row can be clicked for is in the style's meta, never in markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from pier_tui.events import Compacted
from pier_tui.ui.ansi import coloured
from pier_tui.ui.format import BUTTONS, Badge, counted, fit, seconds
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.markdown_live import LiveMarkdown
from pier_tui.ui.widgets.markdown_paint import CONSOLE, MarkdownPaint, indented, wrap
from pier_tui.ui.widgets.transcript_asides import aside
from pier_tui.ui.widgets.transcript_records import NoteRecord, Record, RequestRecord, ToolRecord, TurnRecord
from pier_tui.ui.widgets.transcript_rows import guess
from pier_tui.ui.widgets.transcript_words import CLOSING, closing_words

MOST_LINES = 400
"""Lines of reasoning or output shown when unfolded; the rest is in the turn's detail."""
INDENT = 2
REASONING, COMPACTED = -1, -2
"""The folds of a turn's reasoning and of the compaction after it; its tools are 0, 1, and so on."""
WORDS = {"info": "note", "warning": "warning", "error": "error", "end": "─"}
Look = Callable[[str], Style]


@dataclass(frozen=True)
class Page:
    """What painting depends on besides the record: the styles, the width, and which folds are open."""

    look: Look
    width: int
    open: frozenset[int] = frozenset()


@dataclass
class Live:
    """The state of an answer that is streaming: which call, and how much of it was taken."""

    call: int
    markdown: LiveMarkdown
    taken: int = 0
    closed: list[Strip] = field(default_factory=list)
    """Rows of the part that no longer changes."""


def meta(**what: Any) -> Style:
    """A style that only says what a click means."""
    return Style.from_meta(what)


def markdown(page: Page) -> MarkdownPaint:
    """Markdown in the width of an answer."""
    return MarkdownPaint(page.look, page.width - INDENT)


def strips(lines: list[Text], page: Page) -> list[Strip]:
    """Lines as strips of the full width on the pane's ground."""
    ground = page.look("text")
    found = []
    for line in lines:
        segments = [Segment(text, ground + style if style else ground) for text, style, _ in line.render(CONSOLE)]
        found.append(Strip(segments).adjust_cell_length(page.width, ground))
    return found


def paint(record: Record, page: Page, live: Live | None = None) -> list[Strip]:
    """All rows of a record, the empty one after it included."""
    match record:
        case RequestRecord():
            lines = _request(record, page)
        case NoteRecord():
            lines = _note(record, page)
        case TurnRecord():
            return _turn(record, page, live)
    return strips([*lines, Text(end="")], page)


def estimate(record: Record, width: int) -> int:
    """About how many rows a folded record takes."""
    match record:
        case TurnRecord():
            answer = guess(record.text, width) + 1 if record.text else 0
            return (
                2
                + answer
                + bool(record.reasoning)
                + bool(record.compacted)
                + sum(1 + bool(tool.proposed) for tool in record.tools)
            )
        case _:
            return 1 + guess(record.text, width)


def _request(record: RequestRecord, page: Page) -> list[Text]:
    style = page.look("request")
    lines = wrap(Text(sanitize(record.text.strip()), style=style, end=""), page.width - 2)
    found = indented(lines, Text("❯ ", style=style), Text("  ", style=style))
    for line in found:
        line.append(" " * max(0, page.width - cell_len(line.plain)), style)
    return found


def _note(record: NoteRecord, page: Page) -> list[Text]:
    word = WORDS[record.level]
    text = Text(sanitize(record.text.strip()), style=page.look(record.level), end="")
    mark = Text(f"{word} " if record.level == "end" else f"{word}: ", style=page.look(record.level))
    return indented(wrap(text, page.width - cell_len(mark.plain)), mark, Text(" " * cell_len(mark.plain)))


def _turn(record: TurnRecord, page: Page, live: Live | None) -> list[Strip]:
    rows = [badge_strip(record.badge(), page)]
    if record.reasoning.strip():
        rows += strips(_reasoning(record, page), page)
    rows += _streamed(live, page) if live else _answer(record.text, page)
    for at, tool in enumerate(record.tools):
        if tool.called.name == CLOSING and tool.returned is not None and tool.returned.ok:
            rows += _answer(closing_words(tool.called) or tool.text, page)
        else:
            rows += strips(_tool(tool, at, record, page), page)
    if record.compacted is not None:
        rows += strips(_compacted(record.compacted, record.number, page), page)
    if record.cut:
        rows += strips([Text("  (cut off)", style=page.look("muted"), end="")], page)
    return [*rows, Strip.blank(page.width, page.look("text"))]


def _answer(text: str, page: Page) -> list[Strip]:
    pad = Text(" " * INDENT)
    return strips(indented(markdown(page).lines(text), pad, pad), page) if text.strip() else []


def _streamed(live: Live, page: Page) -> list[Strip]:
    closed, rest = live.markdown.parts()
    pad = Text(" " * INDENT)
    live.closed += strips(indented(closed[len(live.closed) :], pad, pad), page)
    return live.closed + strips(indented(rest, pad, pad), page)


def badge_strip(badge: Badge, page: Page, *, selected: bool = False) -> Strip:
    """A turn's badge; the selected one carries the buttons that judge its route."""
    ground = page.look("selected") if selected else page.look("badge")
    buttons = _buttons(badge, page, ground) if selected and page.width >= 44 else []
    used = sum(cell_len(segment.text) for segment in buttons)
    number, name, why, facts = badge.line(page.width - 1)
    if used and cell_len(why) >= used + 8:
        why = fit(why.rstrip(), cell_len(why) - used)
        after = [*buttons, Segment(facts, ground)]
    elif used:
        facts = fit(f"{why.rstrip()}  {facts}" if why.strip() else facts, cell_len(why) + cell_len(facts) - used)
        why, after = "", [Segment(facts, ground), *buttons]
    else:
        after = [Segment(facts, ground)]
    tier = ground + page.look(badge.tier) if not selected else ground + Style(bold=True)
    mark = Segment("▌" if selected else " ", tier)
    clicked = meta(turn=badge.turn)
    parts = [mark, Segment(number, ground), Segment(name, tier), Segment(why, ground), *after]
    line = [Segment(text, clicked + style if style else clicked) for text, style, _ in parts]
    return Strip(line).adjust_cell_length(page.width, ground)


def _buttons(badge: Badge, page: Page, ground: Style) -> list[Segment]:
    found: list[Segment] = []
    for label, word in BUTTONS:
        chosen = badge.label == label
        style = page.look("button") + meta(act=label, turn=badge.turn)
        found.append(Segment(f"[{'✓' if chosen else ''}{word}]", style + Style(reverse=True) if chosen else style))
        found.append(Segment(" ", ground))
    return found


def _fold(page: Page, at: int) -> str:
    return "▾" if at in page.open else "▸"


def _reasoning(record: TurnRecord, page: Page) -> list[Text]:
    text = sanitize(record.reasoning.strip())
    style = page.look("muted")
    count = counted(text.count("\n") + 1, "line")
    head = Text("  ", end="")
    head.append(f"reasoning {count} {_fold(page, REASONING)}", style + meta(fold=REASONING, turn=record.number))
    if REASONING not in page.open:
        return [head]
    pad = Text("  ▏ ", style=style)
    shown = wrap(Text(text[: MOST_LINES * 200], style=style, end=""), page.width - 4)
    return [head, *indented(_limited(shown, page), pad, pad)]


def _tool(tool: ToolRecord, at: int, record: TurnRecord, page: Page) -> list[Text]:
    done, turn = tool.returned, record.number
    line = (done.line if done else "") or tool.called.line or f"{tool.called.name} {tool.called.arguments}"
    line = sanitize(line.strip(), keep_newlines=False)
    style = page.look("tool") + meta(fold=at, turn=turn)
    end = ("  cut off" if record.cut else "  running") if done is None else "" if done.ok else "  failed"
    if done is not None and done.seconds >= 0.1 and not line.endswith(" s"):
        end += f"  {seconds(done.seconds)}"
    room = page.width - 4 - cell_len(end)
    head = Text(f"  {_fold(page, at)} ", style=style, end="")
    head.append(line if cell_len(line) <= room else fit(line, room), style)
    head.append(end, style + page.look("error" if done is not None and not done.ok else "muted"))
    found = [head]
    if tool.proposed:
        found.append(Text("    ", end="").append(tool.proposed, page.look("proposal") + meta(act="diff", turn=turn)))
    return found + _opened(tool, page) if at in page.open else found


def _compacted(event: Compacted, turn: int, page: Page) -> list[Text]:
    """One line, and unfolded what became of each item and how to take it back."""
    muted = page.look("muted")
    head = Text("  ", end="")
    head.append(f"{_fold(page, COMPACTED)} {aside(event)}", muted + meta(fold=COMPACTED, turn=turn))
    if COMPACTED not in page.open:
        return [head]
    pad = Text("    ▏ ", style=muted)
    lines = [Text("/undo-compaction puts all of it back", style=muted, end="")]
    for word, names in (("dropped", event.dropped), ("merged", event.merged), ("kept", event.kept)):
        for name in names:
            text = sanitize(f"{word}  {name}", keep_newlines=False)
            lines.append(Text(fit(text, page.width - 6).rstrip(), style=muted, end=""))
    return [head, *indented(_limited(lines, page), pad, pad)]


def _opened(tool: ToolRecord, page: Page) -> list[Text]:
    muted = page.look("muted")
    pad = Text("    ▏ ", style=muted)
    lines = wrap(Text(sanitize(tool.called.arguments), style=muted, end=""), page.width - 6)
    for line in coloured(tool.text[: MOST_LINES * 400], muted)[: MOST_LINES + 1]:
        lines += wrap(line, page.width - 6) if line.plain else [Text(end="")]
    return indented(_limited(lines, page), pad, pad)


def _limited(lines: list[Text], page: Page) -> list[Text]:
    if len(lines) <= MOST_LINES:
        return lines
    more = Text(f"… {len(lines) - MOST_LINES} more rows: enter shows all", style=page.look("muted"), end="")
    return [*lines[:MOST_LINES], more]
