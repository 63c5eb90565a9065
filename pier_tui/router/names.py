"""The strategies' names, and reading one; apart from what they are made of, so that settings are checked cheaply."""

from __future__ import annotations

import difflib

from pier_tui.errors import ConfigError

NAMES: tuple[str, ...] = (
    "self-route",
    "cascade",
    "learned",
    "difficulty",
    "self-verify",
    "mixture",
    "speculative",
    "always-30B",
    "always-105B",
    "random@0.5",
)
"""Every strategy, the default first; `random@p` takes any p from 0 to 1."""
DEFAULT = NAMES[0]
VARIANTS: dict[str, tuple[str, ...]] = {
    "learned": ("neighbours", "similarity", "factors"),
    "difficulty": ("deterministic", "probabilistic", "transformed"),
}
"""Ways a score is fitted, the default first: `learned/factors`."""
RANDOM = "random@"


def read(name: str) -> tuple[str, str]:
    """A strategy's name and its variant ('' where it has none). Raises ConfigError naming those there are."""
    if name.startswith(RANDOM):
        share(name)
        return name, ""
    plain, _, variant = name.partition("/")
    variants = VARIANTS.get(plain, ())
    if plain not in NAMES or (variant and not variants):
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? The strategies are" if near else "the strategies are"
        raise ConfigError(f"There is no strategy {name!r}; {hint} {', '.join(NAMES)}.")
    if variant and variant not in variants:
        raise ConfigError(f"{plain} has no variant {variant!r}; its variants are {', '.join(variants)}.")
    return plain, variant or next(iter(variants), "")


def share(name: str) -> float:
    """The p of random@p. Raises ConfigError."""
    try:
        found = float(name.removeprefix(RANDOM))
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise ConfigError(f"{name!r} needs the share of turns for the 105B after the @, from 0 to 1, as in random@0.3.")
    return found
