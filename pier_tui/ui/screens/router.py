"""Router (ctrl+o): the strategy in use, what it does and costs, the threshold, and how far the labels have come."""

from __future__ import annotations

from textual.content import Content

from pier_tui.ui.format import NAMES, money, percent
from pier_tui.ui.screens.dialog import Page, heading, table
from pier_tui.ui.story import Story
from pier_tui.ui.text import sanitize

LABELS_NEEDED = 30
"""Labels below which nothing is said about how well the threshold fits."""

ABOUT = {
    "self-route": "every turn starts on the 30B, which acts or escalates in the same answer; "
    "an escalated turn pays the 30B's decision and the 105B's work",
    "always-weak": "every turn on the 30B: the cheapest, nothing escalates",
    "always-strong": "every turn on the 105B: the dearest, nothing is decided",
}
"""What each strategy does and costs, in one line."""


class RouterScreen(Page):
    """Reads the story; strategy and threshold are the agent's."""

    TITLE_TEXT = "Router"

    def __init__(self, story: Story, strategy: str, threshold: float | None) -> None:
        super().__init__()
        self._story, self._strategy, self._threshold = story, strategy, threshold

    def text(self, width: int) -> Content:
        """Strategy, threshold, what it did so far, labels."""
        name = self._strategy or "not started"
        threshold = "not known" if self._threshold is None else f"{self._threshold:.2f}"
        parts = [
            heading("Strategy"),
            Content.assemble(
                (sanitize(name), "bold"), f": {ABOUT.get(name, 'see the routing page of the manual')}\n\n"
            ),
            heading("Threshold"),
            Content(f"{threshold}: a turn whose stated confidence is below it goes to the 105B\n\n"),
            heading("So far in this session"),
            self._so_far(),
            Content("\n\n"),
            heading("Your labels"),
            self._labels(),
        ]
        return Content.assemble(*parts)

    def _so_far(self) -> Content:
        story = self._story
        if story.escalation_rate is None:
            return Content("No turn was answered yet.")
        answered = [turn for turn in story.turns.values() if turn.answer]
        rows: list[tuple[str, ...]] = [("answered by", "turns", "share")]
        for tier, name in NAMES.items():
            count = sum(turn.answer is not None and turn.answer.tier == tier for turn in answered)
            rows.append((name, str(count), percent(count / len(answered))))
        saved = money(story.saved, estimated=story.saved is not None)
        return Content.assemble(table(rows), f"\n\nsaved against 105B-only: {saved}")

    def _labels(self) -> Content:
        labels = [event.label for event in self._story.labels.values()]
        count = len(labels)
        rows: list[tuple[str, ...]] = [
            ("right call (k)", str(labels.count("keep"))),
            ("should have been 105B (e)", str(labels.count("escalate"))),
            ("should have been 30B (d)", str(labels.count("de-escalate"))),
        ]
        verdict = (
            f"not enough data yet: {count} of {LABELS_NEEDED}"
            if count < LABELS_NEEDED
            else f"{count} labels in this session"
        )
        return Content.assemble(table([("label", "this session"), *rows]), f"\n\n{verdict}")
