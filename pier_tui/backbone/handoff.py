"""What the strong model must be told when a turn is handed over, whatever the weak model wrote.

A hand-over is checked, not trusted: the facts it must hold are read off the backbone, and those its text leaves
out are added as a list. Nothing the weak model said is dropped or changed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.state import Backbone, Item

NeedKind = Literal["changed", "read", "failing", "tried", "demanded", "decided"]
WORDS: dict[NeedKind, str] = {
    "changed": "changed so far",
    "read": "read for this",
    "failing": "failing",
    "tried": "tried and failed",
    "demanded": "the user demands",
    "decided": "decided",
}
MOST: dict[NeedKind, int] = {"changed": 8, "read": 4, "failing": 4, "tried": 4, "demanded": 6, "decided": 4}
"""Facts of each kind, the latest ones."""
RECENT_TURNS = 6
"""Files read in this many last turns belong to what is at hand."""
FACT_CHARS = 240
ADDED = "The record adds what this leaves out:"


class Need(BaseModel):
    """A fact the strong model needs. `name` is what a text must mention to count as having told it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: NeedKind
    name: str
    fact: str


def needs(backbone: Backbone) -> tuple[Need, ...]:
    """The facts a hand-over must hold, in the order they are told."""
    files, errors = backbone.section("files"), backbone.section("errors")
    latest = max((i.turn for i in backbone.items), default=0)
    near = [i for i in files if i.text.startswith("read") and i.turn > latest - RECENT_TURNS]
    failed = [i for i in (*backbone.section("plan"), *backbone.section("commands")) if i.status == "failed"]
    found: dict[NeedKind, list[Item]] = {
        "changed": [i for i in files if i.text.startswith(("edited", "created", "deleted"))],
        "read": near,
        "failing": [i for i in errors if i.status == "open"],
        "tried": sorted(failed, key=lambda i: i.turn),
        "demanded": [i for i in backbone.section("constraints") if i.status == "open"],
        "decided": [i for i in backbone.section("decisions") if i.status != "superseded"],
    }
    return tuple(Need(kind=k, name=_name(i), fact=_fact(i)) for k, items in found.items() for i in items[-MOST[k] :])


def missing(text: str, backbone: Backbone) -> tuple[Need, ...]:
    """What a hand-over text does not mention."""
    said = " ".join(text.split())
    return tuple(need for need in needs(backbone) if need.name not in said)


def complete(text: str, backbone: Backbone) -> str:
    """The hand-over with what it left out added at its end; '' stays ''."""
    left_out = missing(text, backbone) if text else ()
    lines = [f"- {WORDS[need.kind]}: {need.fact}" for need in left_out]
    return "\n".join([text.rstrip(), ADDED, *lines]) if lines else text


def _name(item: Item) -> str:
    """Paths, test ids and commands are named whole; sentences by their beginning, as a model would quote them."""
    sentence = item.section in ("constraints", "decisions", "plan")
    name = " ".join((item.text or item.key if sentence else item.key).split())
    return name[:60] if sentence else name


def _fact(item: Item) -> str:
    match item.section:
        case "files":
            told = f"{item.key}: {item.text}" + (f" | {item.detail}" if item.detail else "")
        case "errors":
            told = f"{item.key}: {item.text}" + (f" ({item.evidence})" if item.evidence else "")
        case "commands":
            told = f"`{item.key}` {item.text}"
        case _:
            told = (item.text or item.key) + (f" (why: {item.why})" if item.why else "")
    line = " ".join(told.split())
    return line if len(line) <= FACT_CHARS else line[: FACT_CHARS - 1] + "…"
