"""Which column of an outcomes file means what: aliases, models by name, several runs, and files of one row per model.

docs/replay.md lists the names. Cells are read by `outcome_values.py`, and made arrays of by `outcomes.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pier_tui.bench import outcome_values as cells
from pier_tui.errors import ConfigError

Row = Mapping[str, object]

ALIASES: dict[str, tuple[str, ...]] = {
    "text": ("prompt", "text", "question", "query", "input", "instruction", "problem", "request", "messages"),
    "domain": ("domain", "category", "subject", "topic", "source", "repo", "repository", "eval_name", "dataset"),
    "id": ("id", "task_id", "row_id", "question_id", "query_id", "prompt_id", "instance_id", "sample_id", "task"),
    "embedding": ("embedding", "embeddings", "vector", "emb"),
    "left_out": ("contaminated", "exclude", "excluded", "skip"),
    "split": ("split", "fold_split", "partition"),
    "confidence": ("weak_confidence", "confidence", "self_confidence"),
    "verifier": ("weak_verifier", "verifier", "verify", "verifier_confidence", "self_verify"),
    "mixture": ("mixture", "mixture_correct", "mixture_score"),
    "mixture_cost": ("mixture_cost",),
}
QUALITY = (
    "", "correct", "score", "quality", "success", "passed", "pass", "reward", "resolved", "outcome", "label",
    "is_correct", "solved", "acc", "accuracy", "f1", "em", "result",
)  # fmt: skip
PARTS: dict[str, tuple[str, ...]] = {
    "response": ("response", "answer", "output", "completion", "text", "prediction", "draft", "model_response"),
    "cost": ("cost", "total_cost", "cost_usd", "usd", "price"),
    "tokens": ("tokens", "total_tokens"),
}
"""What a column can hold of one model beside its outcome."""
NAMES: dict[str, tuple[str, ...]] = {
    "weak": ("weak", "small", "cheap", "weak_model", "slm", "30b"),
    "strong": ("strong", "large", "expensive", "strong_model", "llm", "105b"),
}
MODEL = ("model", "model_name", "model_id", "tier", "llm")
LOOKED_AT = 50
"""Cells of a column from which is told whether it holds outcomes."""
SHOWN = 12
_RUN = re.compile(r"(?:_?(?:run|trial|seed|rep|sample))?_?\d+$")
_VECTOR = re.compile(r"(embeddings?|emb|vector|vec|dim)_?(\d+)$")


def plain(name: str) -> str:
    """A column's name without case, blanks and signs."""
    return re.sub(r"[\s\-|./:]+", "_", name.strip().lower()).strip("_")


@dataclass(frozen=True)
class Columns:
    """Columns by meaning; an outcome may have several, one a run. `scores` are ready-made router scores by name."""

    by_meaning: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, str]
    unused: tuple[str, ...] = ()

    def __contains__(self, meaning: str) -> bool:
        return meaning in self.by_meaning

    def name(self, meaning: str) -> str:
        """The column's name, or the first of several."""
        return self.by_meaning[meaning][0]

    def value(self, row: Row, meaning: str) -> object:
        """A row's cell of this meaning: a list where there are several columns, None where there is none."""
        names = self.by_meaning.get(meaning, ())
        return [row.get(name) for name in names] if len(names) > 1 else row.get(names[0]) if names else None

    def text(self, row: Row, meaning: str) -> str:
        """The cell as text."""
        return cells.text(self.value(row, meaning))


def columns(rows: Sequence[Row], scores: Sequence[str] = (), models: tuple[str, str] = ("", "")) -> Columns:
    """What each column of the rows means. `scores` are wanted as router scores; `models` names weak and strong.

    Raises ConfigError where there is no outcome of one of the models, or no such score.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    by_plain = {plain(name): name for name in reversed(names)}
    filled = {alias: name for alias, name in by_plain.items() if _first(rows, name, 1)}
    found: dict[str, tuple[str, ...]] = {m: (by_plain[alias],) for m, alias in _known(ALIASES, filled)}
    for tier, named in zip(("weak", "strong"), models, strict=True):
        tiers = (plain(named),) if named else NAMES[tier]
        found[tier] = _outcome(rows, by_plain, tiers) or _missing(tier, named, names, rows)
        parts = {f"{tier}_{part}": _joined(tiers, ends) for part, ends in PARTS.items()}
        found |= {meaning: (by_plain[alias],) for meaning, alias in _known(parts, filled)}
    ready = _scores(names, scores)
    used = {name for each in found.values() for name in each} | set(ready.values())
    return Columns(found, ready, tuple(name for name in names if name not in used))


def _known(aliases: Mapping[str, Sequence[str]], by_plain: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for meaning, known in aliases.items():
        if (first := next((alias for alias in known if alias in by_plain), None)) is not None:
            yield meaning, first


def _joined(names: Sequence[str], ends: Sequence[str]) -> list[str]:
    """Every name with every end: `weak_cost`, and `cost_weak`."""
    after = [f"{name}_{end}" if end else name for name in names for end in ends]
    return after + [f"{end}_{name}" for name in names for end in ends if end]


def _outcome(rows: Sequence[Row], by_plain: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    """The column of a model's outcomes, or its columns by run; that it holds outcomes decides between several."""
    aliases = _joined(names, QUALITY)
    there = [by_plain[alias] for alias in aliases if alias in by_plain]
    good = [name for name in there if cells.are_outcomes(_first(rows, name))]
    if there:
        return tuple((good or there)[:1])
    for alias in aliases:
        runs = tuple(by_plain[p] for p in sorted(by_plain) if p.startswith(alias) and _RUN.match(p, len(alias)))
        if runs:
            return runs
    return ()


def _first(rows: Sequence[Row], name: str, most: int = LOOKED_AT) -> list[object]:
    """The first cells of a column that are not empty."""
    return list(islice((row[name] for row in rows if not cells.nothing(row.get(name))), most))


def _missing(tier: str, named: str, names: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    seen = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "") or "none"
    column = next((name for name in names if plain(name) in MODEL), None)
    counts = Counter(str(row.get(column)) for row in rows) if column is not None else Counter()
    if 1 < len(counts) < len(rows) or named in counts:
        some = ", ".join(name for name, _ in counts.most_common(SHOWN))
        raise ConfigError(f"Each row is about one {column}; name two of them with --weak and --strong ({some}).")
    if named:
        raise ConfigError(f"There is no column of outcomes for --{tier} {named} (columns found: {seen}).")
    raise ConfigError(
        f"There is no column with the {tier} model's outcome: name it {tier}, {tier}_correct or {tier}_score, "
        f"or say --{tier} COLUMN (columns found: {seen})."
    )


def _scores(names: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    found = {name.split(":", 1)[1]: name for name in names if name.lower().startswith("score:")}
    for name in wanted:
        if name not in names:
            seen = ", ".join(names[:SHOWN])
            raise ConfigError(f"There is no column {name!r} to use as a score (columns found: {seen}).")
        found[name] = name
    return found


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """The columns `emb_0`, `emb_1` and so on of a vector that has one column per number, in order; else none."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        if matched := _VECTOR.match(plain(name)):
            found.setdefault(matched[1], {})[int(matched[2])] = name
    for places in found.values():
        if len(places) > 1 and sorted(places) in (list(range(len(places))), list(range(1, len(places) + 1))):
            return tuple(places[place] for place in sorted(places))
    return ()


def paired(rows: Sequence[Row], best: float, models: tuple[str, str]) -> tuple[Sequence[Row], int]:
    """Rows of both models, of rows that are about one model each; and how many rows were of other models.

    Rows that are about both already stay as they are. Rows are matched by id and text, or by what there is of them;
    several of one model are runs. Raises ConfigError: nothing to match by, a cell that cannot be read.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    by_plain = {plain(name): name for name in reversed(names)}
    named = next((by_plain[alias] for alias in MODEL if alias in by_plain), None)
    if named is None:
        return rows, 0
    wanted = {str(row.get(named)) for row in rows}
    weak, strong = (_called(wanted, name, tier) for name, tier in zip(models, ("weak", "strong"), strict=True))
    quality = _outcome(rows, by_plain, [end for end in QUALITY if end]) if weak and strong else ()
    if not quality:
        return rows, 0
    found = {meaning: (by_plain[alias],) for meaning, alias in _known({**ALIASES, **PARTS}, by_plain)}
    about = Columns({**found, "quality": quality}, {})
    tiers = {weak: "weak", strong: "strong"}
    of_two = [(number, row) for number, row in enumerate(rows, 1) if str(row.get(named)) in tiers]
    merged = _merged(of_two, about, lambda row: tiers[str(row.get(named))], best)
    return merged, len(rows) - len(of_two)


def _called(values: set[str], name: str, tier: str) -> str:
    """The value of the model column that is this tier's; '' where none is."""
    return next((v for v in sorted(values) if (v == name if name else plain(v) in NAMES[tier])), "")


def _merged(rows: Sequence[tuple[int, Row]], about: Columns, tier_of: Callable[[Row], str], best: float) -> list[Row]:
    with_text: dict[object, dict[str, list[Row]]] = {}
    by_id: dict[object, dict[str, list[Row]]] = {}
    for number, row in rows:
        cells.qualities(about.value(row, "quality"), number, about.name("quality"), best)
        for part in ("cost", "tokens"):
            cells.number(about.value(row, part), number, part)
        key, text = mark(row, about), about.text(row, "text")
        if key is None and not text:
            raise ConfigError(f"Row {number} has neither an id nor a prompt, so the other model's row cannot be found.")
        with_text.setdefault((key, text), {}).setdefault(tier_of(row), []).append(row)
        by_id.setdefault(key if key is not None else text, {}).setdefault(tier_of(row), []).append(row)
    # Each model may have been asked in words of its own: then only the id tells what belongs together.
    groups = with_text if any(len(both) == 2 for both in with_text.values()) else by_id
    return [_both(both, about) for both in groups.values()]


def _both(runs: Mapping[str, list[Row]], about: Columns) -> Row:
    first = next(row for tier in NAMES for row in runs.get(tier, ()))
    merged = {about.name(meaning): first.get(about.name(meaning)) for meaning in ALIASES if meaning in about}
    for tier in NAMES:
        merged[tier] = [about.value(row, "quality") for row in runs.get(tier, ())]
        for part in ("cost", "tokens"):
            if part in about:
                merged[f"{tier}_{part}"] = [about.value(row, part) for row in runs.get(tier, ())]
        if "response" in about:
            merged[f"{tier}_response"] = about.value(runs[tier][0], "response") if tier in runs else None
    return merged


def mark(row: Row, about: Columns) -> object:
    """What tells a row's task apart; None where it has no id. Numbers count anew in every domain, names do not."""
    value = about.value(row, "id")
    if cells.nothing(value):
        return None
    written = str(value)
    return (written, about.text(row, "domain")) if written.removesuffix(".0").isdecimal() else written
