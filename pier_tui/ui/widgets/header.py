"""The top line: repository, branch, dirty files · profile · strategy and threshold · session title."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from pier_tui.ui.text import sanitize


class Header(Widget):
    """One line of fixed height; setting a field repaints it and lays nothing out."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    repository: reactive[str] = reactive("")
    branch: reactive[str] = reactive("")
    dirty: reactive[int] = reactive(0)
    latest: reactive[str] = reactive("")
    """What others changed last, such as `app.py and 2 more`."""
    profile: reactive[str] = reactive("")
    strategy: reactive[str] = reactive("")
    session_title: reactive[str] = reactive("")
    others: reactive[int] = reactive(0)
    """Other programs that have this repository open."""
    recording: reactive[str] = reactive("")
    """What the recording mark says, such as `paused 2x`; empty: live."""
    trusted: reactive[bool] = reactive(True)
    """False where the directory is only looked at."""

    def render(self) -> Content:
        """Left: where we are. Right: how turns are routed. The title takes what is left between."""
        left, right = self._left(), self._right()
        if self.latest and left.cell_length + right.cell_length + 1 > self.size.width:
            left = self._left(latest=False)
        room = self.size.width - left.cell_length - right.cell_length - 4
        title = Content(sanitize(self.session_title))
        if room < 12:
            title = Content("")
        middle = title.truncate(max(room, 0), ellipsis=True).stylize("$muted")
        gap = self.size.width - left.cell_length - right.cell_length
        if gap < 1:
            return left.truncate(self.size.width, ellipsis=True)
        pad = max(gap - middle.cell_length - 2, 0)
        filler = Content.assemble("  ", middle, " " * pad) if title else Content(" " * gap)
        return Content.assemble(left, filler, right)

    def _left(self, *, latest: bool = True) -> Content:
        parts: list[Content | tuple[str, str]] = []
        if self.recording:
            parts += [(f" RECORDING {self.recording} ", "bold reverse"), ("  ", "")]
        parts.append((sanitize(self.repository) or "pier-tui", "bold"))
        if not self.trusted:
            parts.append(("  untrusted: only looking", "bold $text-warning"))
        if self.others:
            parts.append((f"  +{self.others} open here", "bold $text-warning"))
        if self.branch:
            parts.append((f"  {sanitize(self.branch)}", "$text-accent"))
        if self.dirty:
            parts.append((f"  {self.dirty} changed", "$muted"))
        if self.latest and latest:
            parts.append((f"  you changed {sanitize(self.latest, keep_newlines=False)}", "$muted"))
        return Content.assemble(*parts)

    def _right(self) -> Content:
        words = [word for word in (sanitize(self.profile), sanitize(self.strategy)) if word]
        return Content.styled(" · ".join(words), "$muted")


def named(paths: Sequence[str]) -> str:
    """`app.py`, `app.py and 2 more`: the first path's name and how many others there are."""
    first = paths[0].rpartition("/")[2]
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
