"""Which definitions matter for a request: personalised PageRank over files that mention each other's names.

The idea and its first weights are aider's repository map (github.com/Aider-AI/aider, repomap.py); the code is not.
Here a name is a node of its own between the files that mention it and those that define it, so that a pass costs
one step per mention instead of one per pair of files, and a request's plain words count as well as its names.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from typing import NamedTuple

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
PER_FILE = 3
"""Definitions shown of one file."""
LONGEST_NAME = 48
"""Longer names, such as those of tests that are sentences, would fill a slice by themselves."""
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


class Ranking:
    """What ranking needs of an index whatever the request, worked out once. The files must not change meanwhile."""

    def __init__(self, files: Mapping[str, Tags]) -> None:
        self._paths = sorted(files)
        self._definitions = [_distinct(files[path].definitions) for path in self._paths]
        self._graph = _graph(files, self._paths)
        self._size = [1 + math.log(1 + len(files[path].definitions)) for path in self._paths]
        self._words = [
            words(path).union(*(of_name for _, of_name in own))
            for path, own in zip(self._paths, self._definitions, strict=True)
        ]
        frequency = Counter(word for own in self._words for word in own)
        self._rarity = {word: math.log(1 + len(self._paths) / number) for word, number in frequency.items()}
        """How much each word tells: the logarithm of the share of files it is in (inverse document frequency)."""

    def of(self, request: str, seen: Iterable[str] = ()) -> Iterator[Ranked]:
        """All definitions, the weightiest first, for a request's words and the files the task has looked at.

        Equal input gives equal output: order is by weight, then path, then line.
        """
        named, said = frozenset(_NAME.findall(request)), wanted(request)
        telling = sorted(word for word in said if word in self._rarity)
        weights, given = _settle(self._graph, self._wishes(telling, request, frozenset(seen)), named)
        most = sum(self._rarity[word] for word in telling) or 1.0
        found: list[tuple[float, int, int, str, Definition]] = []
        for number, own in enumerate(self._definitions):
            plain = 1.0 if _said(self._paths[number], request) else PLAIN
            mine = weights[number]
            for definition, of_name in own:
                name = definition.name
                worth = plain + (1.0 if name in named else 0.0)
                if not said.isdisjoint(of_name):
                    worth += sum(self._rarity[word] for word in telling if word in of_name) / most
                weight = mine * worth + DAMPING * given.get(name, 0.0)
                found.append((-weight, number, definition.line, name, definition))
        found.sort()
        return (Ranked(self._paths[number], definition, -weight) for weight, number, _, _, definition in found)

    def _wishes(self, telling: Sequence[str], request: str, seen: frozenset[str]) -> list[float]:
        """Where the weight starts: files whose names and definitions share words with the request, and those seen."""
        wish: list[float] = []
        for path, of_file, size in zip(self._paths, self._words, self._size, strict=True):
            stem = words(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
            inside = sum(self._rarity[word] ** 2 for word in telling if word in of_file) / size
            inside += IN_PATH * sum(self._rarity[word] ** 2 for word in telling if word in stem)
            inside += SAID if _said(path, request) else 0.0
            wish.append(inside + (SEEN if path in seen else 0.0) + 0.01)
        total = sum(wish)
        return [w / total for w in wish]


def rank(files: Mapping[str, Tags], request: str, seen: Iterable[str] = ()) -> list[Ranked]:
    """As `Ranking.of`, for one request."""
    return list(Ranking(files).of(request, seen)) if files else []


def showable(ranked: Iterable[Ranked], most: int) -> list[Ranked]:
    """Of ranked definitions those a slice may hold, at most so many: few of each file, with names that can be shown."""
    found: list[Ranked] = []
    of_file: Counter[str] = Counter()
    for item in ranked:
        if len(found) == most:
            break
        if of_file[item.path] < PER_FILE and len(item.definition.name) <= LONGEST_NAME and item.path.isprintable():
            of_file[item.path] += 1
            found.append(item)
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


class _Name(NamedTuple):
    """A name: the files that define it, those that mention it, and the square roots of how often each does."""

    name: str
    homes: list[int]
    sources: list[int]
    roots: list[float]


@dataclass(frozen=True)
class _Graph:
    """The names that are mentioned outside the only file that defines them; per file, what it mentions in all."""

    names: Sequence[_Name]
    totals: Sequence[float]


def _graph(files: Mapping[str, Tags], paths: Sequence[str]) -> _Graph:
    homes: dict[str, list[int]] = {}
    for number, path in enumerate(paths):
        for name in dict.fromkeys(d.name for d in files[path].definitions):
            homes.setdefault(name, []).append(number)
    names: dict[str, _Name] = {}
    for number, path in enumerate(paths):
        for name, count in files[path].mentions.items():
            at = homes.get(name)
            if at and at != [number]:
                known = names.get(name) or names.setdefault(name, _Name(name, at, [], []))
                known.sources.append(number)
                known.roots.append(math.sqrt(count))
    totals = [0.0] * len(paths)
    for one in names.values():
        _add_to(totals, one, _worth(one.name, len(one.homes), named=False))
    return _Graph(list(names.values()), totals)


def _add_to(totals: list[float], name: _Name, worth: float) -> None:
    for number, root in zip(name.sources, name.roots, strict=True):
        totals[number] += worth * root


def _worth(name: str, homes: int, *, named: bool) -> float:
    if homes >= IGNORED_FROM and not named:
        return 0.0
    several = "_" in name.strip("_") or (name != name.lower() and name != name.upper())
    worth = NAMED if named else 1.0
    worth *= TELLING if several and len(name) >= TELLING_LENGTH else 1.0
    worth *= PRIVATE if name.startswith("_") else 1.0
    return worth * (COMMON if homes >= COMMON_FROM else 1.0)


def _said(path: str, request: str) -> bool:
    """Whether a request says a path, or names it as a module."""
    return path in request or path.removesuffix(".py").replace("/", ".") in request


def _settle(graph: _Graph, wish: Sequence[float], named: frozenset[str]) -> tuple[list[float], dict[str, float]]:
    """The weight of each file after the passes: what comes in by mentions, and what is wished for.

    Also what flows into each definition of a name: its share of what the files give it that mention it.
    """
    totals, names = list(graph.totals), []
    for one in graph.names:
        worth = _worth(one.name, len(one.homes), named=False)
        if one.name in named:
            more = _worth(one.name, len(one.homes), named=True)
            _add_to(totals, one, more - worth)
            worth = more
        if worth:
            names.append((one, worth / len(one.homes)))
    weights = list(wish)
    for _ in range(PASSES):
        after = [0.0] * len(weights)
        for (one, _), share in zip(names, _shares(names, weights, totals), strict=True):
            for home in one.homes:
                after[home] += share
        kept = DAMPING * sum(after)
        after = [DAMPING * a + (1 - kept) * w for a, w in zip(after, wish, strict=True)]
        moved = sum(abs(a - b) for a, b in zip(after, weights, strict=True))
        weights = after
        if moved < SETTLED:
            break
    shares = _shares(names, weights, totals)
    return weights, {one.name: share for (one, _), share in zip(names, shares, strict=True)}


def _shares(names: Sequence[tuple[_Name, float]], weights: Sequence[float], totals: Sequence[float]) -> list[float]:
    """What each home of each name is given."""
    each = [weight / total if total else 0.0 for weight, total in zip(weights, totals, strict=True)]
    at = each.__getitem__
    return [worth * sum(map(mul, map(at, one.sources), one.roots)) for one, worth in names]


def _distinct(definitions: Iterable[Definition]) -> list[tuple[Definition, frozenset[str]]]:
    """Each name at its first place, with its words."""
    return [(d, words(d.name)) for d in {d.name: d for d in reversed(tuple(definitions))}.values()]
