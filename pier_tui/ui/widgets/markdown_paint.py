"""Markdown as wrapped lines of styled text. Links are shown as text and address, and never act by themselves."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.markdown_code import Look, code_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

CONSOLE = Console(file=io.StringIO(), width=80, color_system="truecolor", legacy_windows=False)
"""Only gives wrapping its defaults; nothing is ever printed to it."""
BOLD, ITALIC, STRIKE = Style(bold=True), Style(italic=True), Style(strike=True)
ANCHOR = "⧘ "
"""Begins the source of a paragraph whose beginning is painted already; it means nothing anywhere else."""
DEEPEST = 12
"""Nesting beyond this is shown as its plain text."""


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """The one parser, made with the first answer: CommonMark with tables and strike-through; HTML is plain text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def wrap(text: Text, width: int) -> list[Text]:
    """The text in lines of at most `width` cells."""
    if "\n" not in text.plain and cell_len(text.plain) <= width:
        return [text]
    lines = list(text.wrap(CONSOLE, max(1, width), overflow="fold", no_wrap=False))
    for line in lines:
        line.end = ""
    return lines or [Text(end="")]


def indented(lines: list[Text], first: Text, rest: Text) -> list[Text]:
    """The lines behind a marker, and the following ones behind another of the same width."""
    return [Text.assemble(rest if index else first, line, end="") for index, line in enumerate(lines)]


@dataclass(frozen=True)
class GoingOn:
    """What a source goes on with, where its beginning is painted already: a line of a paragraph, or a table.

    The paragraph's source begins with ANCHOR, which stands for `line`; the table's begins with its head, which
    is not painted again, and its columns keep their `widths`.
    """

    line: Text | None = None
    widths: tuple[int, ...] = ()


class MarkdownPaint:
    """Paints Markdown in a width with a set of styles. `widths` are the columns of the table painted last."""

    def __init__(self, look: Look, width: int) -> None:
        self._look, self._width = look, max(4, width)
        self._going_on = GoingOn()
        self.widths: tuple[int, ...] = ()

    def lines(self, source: str, going_on: GoingOn | None = None) -> list[Text]:
        """The whole source, one empty line between blocks; its first block may be going on from before."""
        from markdown_it.tree import SyntaxTreeNode

        self._going_on = going_on or GoingOn()
        root = SyntaxTreeNode(parser().parse(sanitize(source)))
        return self._blocks(root.children, self._width, tight=False)

    def _blocks(self, nodes: list[SyntaxTreeNode], width: int, *, tight: bool, depth: int = 0) -> list[Text]:
        found: list[Text] = []
        for node in nodes:
            if found and not tight:
                found.append(Text(end=""))
            found.extend(self._block(node, max(4, width), depth))
        return found

    def _block(self, node: SyntaxTreeNode, width: int, depth: int) -> list[Text]:
        match node.type:
            case "heading":
                return wrap(self._inline(node, self._look("heading")), width)
            case "fence" | "code_block":
                return self._code(node, width)
            case "bullet_list" | "ordered_list" if depth < DEEPEST:
                return self._list(node, width, depth)
            case "blockquote" if depth < DEEPEST:
                bar = Text("▎ ", style=self._look("quote"))
                return indented(self._blocks(node.children, width - 2, tight=False, depth=depth + 1), bar, bar)
            case "table":
                return self._table(node, width)
            case "hr":
                return [Text("─" * width, style=self._look("quote"), end="")]
            case "paragraph":
                return wrap(self._paragraph(node), width)
            case _:
                return wrap(Text(sanitize(node.content or _plain(node)), end=""), width)

    def _paragraph(self, node: SyntaxTreeNode) -> Text:
        text, line = self._inline(node), self._going_on.line
        if line is None or not text.plain.startswith(ANCHOR):
            return text
        self._going_on = GoingOn()
        return Text.assemble(line, text[len(ANCHOR) :], end="")

    def _code(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        language = node.info.split()[0] if node.info.split() else ""
        bar = Text("▏ ", style=self._look("quote"))
        found: list[Text] = []
        for line in code_text(node.content, language, self._look):
            found += indented(wrap(line, width - 2) if cell_len(line.plain) > width - 2 else [line], bar, bar)
        return found

    def _list(self, node: SyntaxTreeNode, width: int, depth: int) -> list[Text]:
        number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else 0
        last = number + len(node.children) - 1
        size = len(f"{last}. ") if node.type == "ordered_list" else 2
        tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
        found: list[Text] = []
        for index, item in enumerate(node.children):
            if found and not tight:
                found.append(Text(end=""))
            marker = f"{number + index}. ".rjust(size) if node.type == "ordered_list" else "• "
            lines = self._blocks(item.children, width - size, tight=tight, depth=depth + 1) or [Text(end="")]
            found += indented(lines, Text(marker, style=self._look("quote")), Text(" " * size))
        return found

    def _table(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        rows = [row.children for part in node.children for row in part.children]
        cells = [[self._inline(cell, BOLD if at == 0 else None) for cell in row] for at, row in enumerate(rows)]
        columns = max((len(row) for row in cells), default=0)
        wanted = [max((cell_len(row[at].plain) for row in cells if at < len(row)), default=1) for at in range(columns)]
        kept, self._going_on = self._going_on.widths, GoingOn()
        widths = list(kept) if len(kept) == columns else shrunk(wanted, width - 3 * (columns - 1))
        self.widths = tuple(widths)
        found: list[Text] = []
        for at, row in enumerate(cells[1:] if kept else cells):
            found += self._row(row, widths)
            if at == 0 and not kept:
                found.append(Text("─┼─".join("─" * size for size in widths), style=self._look("quote"), end=""))
        return [line if cell_len(line.plain) <= width else cut(line, width) for line in found]

    def _row(self, row: list[Text], widths: list[int]) -> list[Text]:
        wrapped = [wrap(cell, size) for cell, size in zip(row, widths, strict=False)]
        found: list[Text] = []
        for at in range(max((len(cell) for cell in wrapped), default=0)):
            line = Text(end="")
            for column, cell in enumerate(wrapped):
                if column:
                    line.append(" │ ", self._look("quote"))
                part = cell[at] if at < len(cell) else Text()
                line.append_text(part)
                line.append(" " * max(0, widths[column] - cell_len(part.plain)))
            found.append(line)
        return found

    def _inline(self, node: SyntaxTreeNode, style: Style | None = None) -> Text:
        text = Text(end="")
        for child in node.children:
            self._span(child, text, style or Style.null())
        return text

    def _span(self, node: SyntaxTreeNode, text: Text, style: Style) -> None:
        match node.type:
            case "softbreak":
                text.append(" ", style)
            case "hardbreak":
                text.append("\n", style)
            case "code_inline":
                text.append(sanitize(node.content), style + self._look("inline"))
            case "link" | "image":
                self._link(node, text, style)
            case "em" | "strong" | "s" | "inline":
                more = {"em": ITALIC, "strong": BOLD, "s": STRIKE}.get(node.type, Style.null())
                for child in node.children:
                    self._span(child, text, style + more)
            case _:
                # Entities are decoded by the parser, so what was harmless in the source may not be so here.
                text.append(sanitize(node.content), style)

    def _link(self, node: SyntaxTreeNode, text: Text, style: Style) -> None:
        address = sanitize(str(node.attrs.get("href") or node.attrs.get("src") or ""), keep_newlines=False)
        words = sanitize(node.content if node.type == "image" else _plain(node), keep_newlines=False)
        text.append(f"image: {words}" if node.type == "image" else words, style + self._look("link"))
        if address not in (words, f"mailto:{words}"):
            text.append(f" ({address})", style + self._look("quote"))


def _plain(node: SyntaxTreeNode) -> str:
    return "".join(_plain(child) for child in node.children) if node.children else node.content


def cut(line: Text, width: int) -> Text:
    """The line cut to a width, saying so."""
    line.truncate(width, overflow="ellipsis")
    return line


def shrunk(wanted: list[int], room: int) -> list[int]:
    """Column widths that fit: the widest give way first, none below 3 cells."""
    widths = [max(1, size) for size in wanted]
    while sum(widths) > room and max(widths, default=0) > 3:
        widest = max(range(len(widths)), key=widths.__getitem__)
        below = sorted(size for size in widths if size < widths[widest])
        floor = max(3, below[-1] if below else 3)
        widths[widest] = max(floor, widths[widest] - (sum(widths) - room)) if floor < widths[widest] else floor - 1
    return widths
