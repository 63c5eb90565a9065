"""A simple line plot in block characters: pure, a picture of a few series in the same scale."""

from __future__ import annotations

from decimal import Decimal

from textual.content import Content

from pier_tui.ui.format import money

SIGNS = "●○+"
"""One sign a series, so that they differ without colour."""


def plot(series: list[tuple[str, str, list[Decimal]]], width: int, lines: int) -> Content:
    """Name, style and values of each series; the scale starts at 0 and ends at the highest value."""
    top = max((max(values) for _, _, values in series if values), default=Decimal(0))
    axis = max(len(money(top)), len(money(Decimal(0)))) + 1
    columns = max(width - axis - 2, 10)
    grid: list[list[tuple[str, str]]] = [[(" ", "")] * columns for _ in range(lines)]
    for (_, style, values), sign in reversed(list(zip(series, SIGNS, strict=False))):
        for column in range(columns):
            value = values[min(column * len(values) // columns, len(values) - 1)]
            height = round(float(value / top) * (lines - 1)) if top else 0
            grid[lines - 1 - height][column] = (sign, style)
    parts: list[Content | tuple[str, str]] = []
    for index, row in enumerate(grid):
        label = money(top) if index == 0 else money(Decimal(0)) if index == lines - 1 else ""
        parts.append((f"{label:>{axis}} │", "$muted"))
        parts += _runs(row)
        parts.append(("\n", ""))
    parts.append((" " * axis + " └" + "─" * columns + "\n" + " " * (axis + 2), "$muted"))
    for (name, style, _), sign in zip(series, SIGNS, strict=False):
        parts += [(sign, style), (f" {name}   ", "")]
    return Content.assemble(*parts)


def _runs(row: list[tuple[str, str]]) -> list[Content | tuple[str, str]]:
    """Neighbours of one style as one piece."""
    found: list[Content | tuple[str, str]] = []
    text, style = "", ""
    for sign, its_style in row:
        if its_style != style and text:
            found.append((text, style))
            text = ""
        text, style = text + sign, its_style
    found.append((text, style))
    return found
