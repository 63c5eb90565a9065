"""AutoMix (Madaan et al. 2023) on turns: the weak model answers, then judges its own draft; execution checks go first.

Instead of k sampled verdicts there is one prompt that asks for k short ones from different sides, so the prefix is
read once. A draft that would be refused escalates without any verdict being asked for.
"""

from __future__ import annotations

import re

from pier_tui.models.messages import Reply
from pier_tui.router.confidence import features
from pier_tui.router.decision import ESCALATE, ROUTE
from pier_tui.router.execution import examine
from pier_tui.router.gate import escalation, handed_over, judge, kept, unusable
from pier_tui.router.meta_verifier import VerdictTable
from pier_tui.router.strategy import Answer, Call, Flow, Judgement, TurnState

ASPECTS = (
    "it does what the request asks, no more and no less",
    "the files, names and lines it relies on were seen in this conversation",
    "it will work when it is run: nothing else would have to change",
)
VERDICTS = "verdicts"
"""The feature that holds the share of favourable verdicts."""
SHOWN = 4000
"""Characters of a draft that are put into the verification prompt."""
_VERDICT = re.compile(r"^\W*(\d+)\W+\s*(?:is\s+)?(yes|no|correct|incorrect|wrong)\b", re.MULTILINE | re.IGNORECASE)
_UNABLE = "cannot verify"


class SelfVerify:
    """Draft, check, ask k verdicts at once; the share of favourable ones is the score, or a table's reading of it."""

    name = "self-verify"
    about = (
        "30B answers, then judges its own action in one short call; two 30B calls a turn, 105B on top where doubted; "
        "not where the 30B cannot tell its own mistakes"
    )

    def __init__(self, table: VerdictTable | None = None) -> None:
        self._table = table

    def flow(self, turn: TurnState) -> Flow:
        """A weak call, a weak verification, and a strong call where it is doubted."""
        (weak,) = yield (Call(tier="weak"),)
        found = features(turn, weak)
        checked = examine(weak.reply, turn.known)
        if handed_over(weak) or checked.broken:
            words = weak.decision.reason if weak.decision and handed_over(weak) else checked.first
            judgement = unusable(weak, words, found)
        else:
            (verdicts,) = yield (
                Call(tier="weak", purpose="verify", reason="verdicts", question=question(weak.reply), tools=False),
            )
            judgement = self._judged(turn, weak, verdicts.reply, found)
        if not judgement.escalate:
            return kept(weak, judgement)
        (strong,) = yield (escalation(turn, weak, judgement),)
        return strong

    def _judged(self, turn: TurnState, weak: Answer, said: Reply, found: dict[str, float]) -> Judgement:
        share = verdict(said.text)
        if share is None:
            stated = weak.decision.confidence if weak.decision else None
            words = "it gave no verdict" if _UNABLE not in said.text else "it says it cannot verify"
            return judge(turn, stated if stated is not None else 0.5, reason=words, features=found)
        found = {**found, VERDICTS: share}
        words = f"{round(share * len(ASPECTS))} of {len(ASPECTS)} verdicts in favour"
        score = share if self._table is None else self._table.score(share)
        return judge(turn, score, reason=words, features=found)


def question(reply: Reply) -> str:
    """The verification prompt: the draft, and k statements to answer yes or no."""
    listed = "\n".join(f"{at}. {aspect}" for at, aspect in enumerate(ASPECTS, start=1))
    return (
        f"Verify this drafted next action; do not act.\n<draft>\n{drafted(reply)}\n</draft>\n"
        f"For each statement answer on a line of its own, `1: yes` or `1: no`, and nothing else:\n{listed}"
    )


def drafted(reply: Reply) -> str:
    """A draft as text: what it says and the calls it makes, routing aside."""
    calls = [f"{c.name} {c.arguments}" for c in reply.tool_calls if c.name not in (ROUTE, ESCALATE)]
    text = "\n".join(part for part in (reply.text.strip(), *calls) if part)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def verdict(text: str) -> float | None:
    """The share of the statements answered yes; each counts once, its first answer; None where none was answered."""
    found: dict[str, bool] = {}
    for number, word in _VERDICT.findall(text):
        if 1 <= int(number) <= len(ASPECTS):
            found.setdefault(number, word.lower() in ("yes", "correct"))
    return sum(found.values()) / len(found) if found else None
