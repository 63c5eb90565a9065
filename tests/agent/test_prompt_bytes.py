"""What stands above the tail of a prompt only grows, and is the same bytes wherever and whenever it is made."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pier_tui.agent.books import Books, Rates
from pier_tui.agent.harness import harness
from pier_tui.backbone.prefix import Tail, append, message_text
from pier_tui.backbone.state import Backbone, Item
from pier_tui.backbone.updates import Edit, Pin, Put, Remove, SetStatus, Update, admit
from pier_tui.models.messages import ChatRequest, Message, Tier
from pier_tui.session.resume import fold
from pier_tui.tools.approval import PolicyApproval, Rule, Rules
from tests.agent.scripted import PRICE, Scripted, Session, route, say, session

TIERS: tuple[Tier, ...] = ("weak", "strong")
HARNESSES = {tier: harness(tier, routing=True) for tier in TIERS}
words = st.text("abcdé ¶\nअ", max_size=12)
ids = st.sampled_from(["", "p1", "p2", "f1", "g1", "x9"])
items = st.builds(
    Item,
    id=ids,
    section=st.sampled_from(["goal", "plan", "files", "errors"]),
    key=words,
    text=words,
    pinned=st.booleans(),
)
updates: st.SearchStrategy[Update] = st.one_of(
    st.builds(Put, item=items),
    st.builds(Edit, id=ids, text=words),
    st.builds(SetStatus, id=ids, status=st.sampled_from(["open", "done"])),
    st.builds(Pin, id=ids, pinned=st.booleans()),
    st.builds(Remove, id=ids),
)
said = st.builds(lambda role, text: Message(role=role, content=text), st.sampled_from(["user", "assistant"]), words)
tails = st.builds(Tail, budget=words, ask=words, pages=words, errors=st.lists(words, max_size=2).map(tuple))
steps = st.lists(
    st.one_of(st.lists(updates, max_size=3), st.lists(said, min_size=1, max_size=2), tails, st.sampled_from(TIERS)),
    min_size=8,
    max_size=24,
)


def books() -> Books:
    rates = Rates({"weak": PRICE, "strong": PRICE}, {"weak": "30B", "strong": "105B"})
    made = Books({"weak": Scripted("30B", []), "strong": Scripted("105B", [])}, HARNESSES, rates, clock=lambda: 0.0)
    made.backbone = Backbone(repo_card="card", snapshot="## Goal")
    return made


@given(steps)
@settings(max_examples=80, deadline=None)
def test_whatever_happens_each_prompt_begins_with_the_one_before_without_its_tail(happened: list[object]) -> None:
    mine = books()
    last: dict[Tier, tuple[Message, ...]] = {}
    for turn, step in enumerate([*happened, *TIERS, *TIERS]):
        if isinstance(step, Tail):
            mine.tail = step
        elif isinstance(step, str):
            tier: Tier = "weak" if step == "weak" else "strong"
            prompt = mine.prefix(tier, handoff="look" if turn % 3 else "")
            before = last.get(tier, ())
            assert prompt.messages[: len(before)] == before
            last[tier] = prompt.stable
        elif isinstance(step, list):
            messages = tuple(m for m in step if isinstance(m, Message))
            changes = [u for u in step if not isinstance(u, Message)]
            mine.backbone = admit(append(mine.backbone, turn, messages), changes, turn=turn)[0]


def looks() -> list[object]:
    return [
        say("", route("inspect"), ("read", {"path": "app.py"}), ("search", {"pattern": "size"})),
        say("", route("run_test"), ("run", {"command": "pwd; python3 -c 'import nothing_like_it'"})),
        say("", route("edit"), ("edit", {"path": "app.py", "old": "n - 1", "new": "n"})),
        say("Done."),
    ]


async def run_in(folder: Path, moment: float) -> Session:
    s = session(folder, looks(), page_tokens=500)
    desk = s.agent._p.bench._desk
    rules = Rules(rules=(Rule(argv=("pwd",)), Rule(argv=("python3",))))
    desk.approval = PolicyApproval("never", desk.approval._user, rules=rules, sandboxed=True)  # type: ignore[attr-defined]
    s.agent._p.recorder._clock = lambda: moment
    await s.run("make size right")
    return s


def without_durations(request: ChatRequest) -> str:
    text = "".join(message_text(m) for m in request.messages)
    return re.sub(r"\b\d+\.\d s\b", "N s", text)


async def test_the_folder_and_the_clock_leave_no_trace_in_a_prompt(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "deeper").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    one = await run_in(tmp_path / "here", 1.0)
    two = await run_in(tmp_path / "elsewhere" / "deeper", time.time())
    assert len(one.weak.asked) == 4
    told = [without_durations(r) for r in one.weak.asked]
    assert told == [without_durations(r) for r in two.weak.asked]
    assert "ModuleNotFoundError" in told[-1], "the command ran"
    everything = "".join(told)
    for trace in (str(tmp_path), "/tmp", "scratch", str(Path.home()), one.agent.session_id + "-", time.strftime("%Y")):
        assert trace not in everything, trace


def test_the_hash_seed_of_the_process_changes_no_byte_of_a_prompt() -> None:
    code = "from tests.agent.test_prompt_bytes import fingerprint\nprint(fingerprint())"
    root = Path(__file__).resolve().parents[2]
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert printed == {f"{fingerprint()}\n"}


def fingerprint() -> str:
    """A hash of both prompts of a state with every kind of item, tools and harness included."""
    mine = books()
    changes = [
        Put(item=Item(id="", section=s, key=k, text=k)) for s in ("plan", "files", "errors") for k in ("b", "a", "é")
    ]
    mine.backbone = admit(mine.backbone, changes)[0]
    text = "".join(piece.text for tier in TIERS for piece in mine.prefix(tier).pieces)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("window", "most"), [(16_000, 9_600), (64_000, 24_200)])
async def test_one_tool_result_leaves_a_small_window_room_for_the_rest_and_resuming_reads_the_same(
    tmp_path: Path, window: int, most: int
) -> None:
    s = session(tmp_path, [say("", route("inspect"), ("read", {"path": "notes.txt"})), say("done")])
    s.strong.card = s.strong.card.model_copy(update={"window": window, "output_cap": 2000})
    (s.root / "notes.txt").write_text("".join(f"line {n} {n:0300}\n" for n in range(200)))
    await s.run("look")
    results = [m.content for d in s.agent.backbone.deltas for m in d.messages if m.role == "tool"]
    assert most / 2 < max(map(len, results)) <= most
    assert fold(s.journal).backbone.deltas == s.agent.backbone.deltas  # type: ignore[arg-type]
