"""The repository card: what both models are told of a repository for as long as an epoch lasts. Text in, text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pier_tui.backbone.prefix import bound
from pier_tui.models.tokens import count

CARD_TOKENS = 1500
"""The usual size of a card."""
MAP_TITLE = "map (definitions near the request, with the lines they had then):"


def repo_card(
    files: Iterable[str],
    agents_md: str | None,
    test_command: str | None,
    budget: int = CARD_TOKENS,
    map_lines: tuple[str, ...] = (),
) -> str:
    """The card within about `budget` tokens: test command, the project's AGENTS.md, map, then what fits of the tree.

    `files` are repository-relative paths with `/`. AGENTS.md gets at most half the budget. The map is what was
    ranked for a request; it takes its room from the tree, which says less.
    """
    head = f"tests: {test_command}" if test_command else "tests: no test command found"
    parts = [head]
    if agents_md and agents_md.strip():
        parts.append("instructions of the project (AGENTS.md):\n" + bound(agents_md.strip(), max(budget * 2, 200)))
    if map_lines:
        parts.append("\n".join((MAP_TITLE, *map_lines)))
    room = budget - sum(count(p) for p in parts)
    parts.append(tree_digest(sorted(set(files)), max(room, 40)))
    return "\n".join(parts)


def tree_digest(paths: list[str], budget: int) -> str:
    """The tree at the greatest depth that fits: all paths, or folders with their number of files."""
    if not paths:
        return "files: none yet"
    title = f"files ({len(paths)}):"
    for depth in range(max(p.count("/") for p in paths) + 1, 0, -1):
        text = "\n".join([title, *_at_depth(paths, depth)])
        if count(text) <= budget:
            return text
    return _cut_to(text, budget)


def _at_depth(paths: list[str], depth: int) -> list[str]:
    """Paths with at most `depth` parts, deeper ones as their folder and its number of files; sorted."""
    folders: Counter[str] = Counter()
    shown: list[str] = []
    for path in paths:
        parts = path.split("/")
        if len(parts) <= depth:
            shown.append(path)
        else:
            folders["/".join(parts[:depth])] += 1
    return sorted([*shown, *(f"{folder}/ ({number} files)" for folder, number in folders.items())])


def _cut_to(text: str, budget: int) -> str:
    lines = text.split("\n")
    kept: list[str] = []
    used = 6
    for line in lines:
        used += count(line) + 1
        if used > budget and len(kept) > 1:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    return "\n".join([*kept, f"… {left} more"] if left else kept)
