"""Mixture-of-Agents (Wang et al. 2024) on turns: proposers draft plans, the strong model picks or combines, and acts.

Plans are aggregated, never actions: merging tool calls has no meaning, so proposers are given no tools and only the
aggregator's own calls are run. A quality mode.
"""

from __future__ import annotations

from pier_tui.router.strategies.self_verify import drafted
from pier_tui.router.strategy import Answer, Call, Flow, TurnState

ANGLES = (
    "the smallest change that does what is asked",
    "what could go wrong: edge cases, callers, tests, and how to check it",
    "another way than the first that comes to mind",
)
PLAN = (
    "Draft a plan for the next action of this request, in at most eight short lines; do not act. Look at it from "
    "this side: {angle}. Name files and symbols as they are."
)
AGGREGATE = (
    "Plans for this turn were drafted by another model. They may be wrong or biased, and their order says nothing. "
    "Weigh them, pick one or make a better one of them, and take the next action yourself:\n\n{plans}"
)


class Mixture:
    """A batch of plans from the weak model, then the strong model's turn."""

    name = "mixture"
    about = (
        "quality mode, costs more: the 30B drafts plans, the 105B picks or combines them and acts; n 30B calls and one "
        "105B call every turn; not to save money"
    )

    def __init__(self, proposers: int = 2) -> None:
        self._angles = ANGLES[:proposers]

    def flow(self, turn: TurnState) -> Flow:
        """n weak drafts at once, then one strong call that has read them."""
        drafts = yield tuple(
            Call(tier="weak", purpose="draft", reason=f"plan: {angle}", question=PLAN.format(angle=angle), tools=False)
            for angle in self._angles
        )
        plans = told(drafts)
        (answer,) = yield (
            Call(
                tier="strong",
                purpose="aggregate",
                reason=f"{len(plans)} plans weighed" if plans else "no usable plan was drafted",
                handoff=AGGREGATE.format(plans="\n\n".join(plans)) if plans else "",
            ),
        )
        return answer


def told(drafts: tuple[Answer, ...]) -> list[str]:
    """The plans that say something, numbered; one that repeats another is told once."""
    texts = list(dict.fromkeys(text for draft in drafts if (text := drafted(draft.reply))))
    return [f"Plan {at}:\n{text}" for at, text in enumerate(texts, start=1)]
