"""Which definitions matter for a request: personalised PageRank over files that mention each other's names.

The idea and its first weights are aider's repository map (github.com/Aider-AI/aider, repomap.py); the code is not.
Here a name is a node of its own between the files that mention it and those that define it, so that a pass costs
one step per mention instead of one per pair of files, and a request's plain words count as well as its names.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pier_tui.symbols.tags import Definition, Tags

DAMPING, PASSES, SETTLED = 0.3, 12, 1e-6
"""Share that flows on to what a file mentions, most passes, and the change (of 1) at which they end.

On 30 recorded sessions (django, sympy) the file written first was in a slice of 400 tokens in 28 at 0 and at .3, in
27 at .5 and in 20 at .85: a long request says much itself; what flows on serves short ones and files already seen."""
NAMED, TELLING, PRIVATE, COMMON = 10.0, 10.0, 0.1, 0.1
"""Weights of names that the request says, that are long and made of words, that are private, that are everywhere."""
TELLING_LENGTH, COMMON_FROM, IGNORED_FROM = 8, 6, 60
"""From how many letters a name of several words tells something; definitions from which it is common, or noise."""
IN_PATH, SEEN, SAID = 2.0, 12.0, 120.0
"""A request's word in a file's name counts as that many in its definitions; what a file counts for having been seen in
the task, and for being named by the request."""
PLAIN = 0.02
"""What a definition that the request says nothing of gets of its file's weight."""
_NAME = re.compile(r"[^\W\d]\w+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_EMPTY = """the and for with that this from have has had not are was were will would should could can when where which
what who how why then than them they there here into onto about after before while does did doing done been being but
also any all some such only just like make made use used using get set add new now its our your you please need want
see one two file line code def class function method return none true false self test import"""


@dataclass(frozen=True)
class Ranked:
    """A definition in a file, with its share of the whole weight."""

    path: str
    definition: Definition
    weight: float


def rank(files: Mapping[str, Tags], request: str, seen: Iterable[str] = ()) -> list[Ranked]:
    """All definitions, the weightiest first, for a request's words and the files the task has looked at.

    Equal input gives equal output: order is by weight, then path, then line.
    """
    if not files:
        return []
    paths = sorted(files)
    named = frozenset(_NAME.findall(request))
    graph = _graph(files, paths, named)
    said = wanted(request)
    rarity = _rarity(files, paths)
    wish = _wishes(files, paths, said, rarity, request, frozenset(seen))
    weights = _settle(graph, wish)
    flows = _into(graph, weights)
    most = sum(rarity.get(word, 0.0) for word in sorted(said)) or 1.0
    found: list[Ranked] = []
    for number, path in enumerate(paths):
        plain = 1.0 if _said(path, request) else PLAIN
        for definition in _distinct(files[path].definitions):
            hit = sum(rarity.get(word, 0.0) for word in sorted(said & words(definition.name))) / most
            whole = 1.0 if definition.name in named else 0.0
            flow = DAMPING * flows.get((number, definition.name), 0.0)
            found.append(Ranked(path, definition, weights[number] * (plain + hit + whole) + flow))
    found.sort(key=lambda r: (-r.weight, r.path, r.definition))
    return found


def wanted(request: str) -> frozenset[str]:
    """The words of a request that can say what it is about."""
    return frozenset(w for w in words(request) if w not in words(_EMPTY))


@lru_cache(maxsize=65_536)
def words(text: str) -> frozenset[str]:
    """The words a text or a name is made of, in lower case, the commonest endings cut off."""
    return frozenset(_stem(part.lower()) for part in _PARTS.findall(text) if len(part) > 2)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@dataclass(frozen=True)
class _Graph:
    """Per file, the names it mentions with the share of its weight each gets; per name, the files that define it."""

    mentions: Sequence[Sequence[tuple[str, float]]]
    homes: Mapping[str, Sequence[int]]


def _graph(files: Mapping[str, Tags], paths: Sequence[str], named: frozenset[str]) -> _Graph:
    homes: dict[str, list[int]] = {}
    for number, path in enumerate(paths):
        for name in dict.fromkeys(d.name for d in files[path].definitions):
            homes.setdefault(name, []).append(number)
    worth = {name: _worth(name, len(at), name in named) for name, at in homes.items()}
    mentions: list[list[tuple[str, float]]] = []
    for number, path in enumerate(paths):
        out = [
            (name, worth[name] * math.sqrt(count))
            for name, count in files[path].mentions.items()
            if worth.get(name) and homes[name] != [number]
        ]
        total = sum(weight for _, weight in out)
        mentions.append([(name, weight / total) for name, weight in out])
    return _Graph(mentions, homes)


def _worth(name: str, homes: int, named: bool) -> float:
    if homes >= IGNORED_FROM and not named:
        return 0.0
    several = "_" in name.strip("_") or (name != name.lower() and name != name.upper())
    worth = NAMED if named else 1.0
    worth *= TELLING if several and len(name) >= TELLING_LENGTH else 1.0
    worth *= PRIVATE if name.startswith("_") else 1.0
    return worth * (COMMON if homes >= COMMON_FROM else 1.0)


def _rarity(files: Mapping[str, Tags], paths: Sequence[str]) -> dict[str, float]:
    """How much each word tells: the logarithm of the share of files it is in (inverse document frequency)."""
    frequency = Counter(word for path in paths for word in _file_words(path, files[path]))
    return {word: math.log(1 + len(paths) / number) for word, number in frequency.items()}


def _file_words(path: str, tags: Tags) -> frozenset[str]:
    return words(path).union(*(words(d.name) for d in tags.definitions))


def _wishes(
    files: Mapping[str, Tags],
    paths: Sequence[str],
    said: frozenset[str],
    rarity: Mapping[str, float],
    request: str,
    seen: frozenset[str],
) -> list[float]:
    """Where the weight starts: files whose names and definitions share words with the request, and those seen."""
    wish: list[float] = []
    for path in paths:
        inside = sum(rarity[w] ** 2 for w in sorted(said & _file_words(path, files[path])))
        inside /= 1 + math.log(1 + len(files[path].definitions))
        stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        inside += IN_PATH * sum(rarity[w] ** 2 for w in sorted(said & words(stem)))
        inside += SAID if _said(path, request) else 0.0
        wish.append(inside + (SEEN if path in seen else 0.0) + 0.01)
    total = sum(wish)
    return [w / total for w in wish]


def _said(path: str, request: str) -> bool:
    """Whether a request says a path, or names it as a module."""
    return path in request or path.removesuffix(".py").replace("/", ".") in request


def _settle(graph: _Graph, wish: Sequence[float]) -> list[float]:
    """The weight of each file after the passes: what comes in by mentions, and what is wished for."""
    weights = list(wish)
    for _ in range(PASSES):
        after = [0.0] * len(weights)
        for name, amount in _by_name(graph, weights).items():
            share = amount / len(graph.homes[name])
            for home in graph.homes[name]:
                after[home] += share
        kept = DAMPING * sum(after)
        after = [DAMPING * a + (1 - kept) * w for a, w in zip(after, wish, strict=True)]
        moved = sum(abs(a - b) for a, b in zip(after, weights, strict=True))
        weights = after
        if moved < SETTLED:
            break
    return weights


def _by_name(graph: _Graph, weights: Sequence[float]) -> dict[str, float]:
    """What each name is given by the files that mention it."""
    given: dict[str, float] = {}
    for number, out in enumerate(graph.mentions):
        mine = weights[number]
        for name, share in out:
            given[name] = given.get(name, 0.0) + mine * share
    return given


def _into(graph: _Graph, weights: Sequence[float]) -> dict[tuple[int, str], float]:
    """What flows into each definition."""
    given = _by_name(graph, weights)
    return {
        (home, name): amount / len(graph.homes[name]) for name, amount in given.items() for home in graph.homes[name]
    }


def _distinct(definitions: Iterable[Definition]) -> list[Definition]:
    """Each name at its first place."""
    return list({d.name: d for d in reversed(tuple(definitions))}.values())
