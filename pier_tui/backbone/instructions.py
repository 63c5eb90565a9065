"""AGENTS.md as the models read it: context, never permission, with what hides from the eye written out."""

from __future__ import annotations

import unicodedata

from pydantic import BaseModel, ConfigDict

JOINERS = "\u200c\u200d"
"""Spelling in Indic and Arabic text, so they stay."""


class Instructions(BaseModel):
    """The text, None where there is no file, and what the user should be warned of, a sentence each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str | None = None
    warnings: tuple[str, ...] = ()


def read_instructions(found: str | None, *, changed: bool = False) -> Instructions:
    """The project's instructions with invisible and steering characters as badges such as `<U+202E>`.

    `changed`: it is not the file that was read here the last time.
    """
    warnings: list[str] = []
    if changed:
        warnings.append("AGENTS.md was changed since the last session here." if found else "AGENTS.md is gone.")
    if found is None:
        return Instructions(warnings=tuple(warnings))
    hidden = [sign for sign in found if _hides(sign)]
    if hidden:
        kinds = ", ".join(_badge(sign) for sign in sorted(set(hidden))[:4])
        warnings.append(
            f"AGENTS.md holds {len(hidden)} characters that cannot be seen ({kinds}); the models read them as badges."
        )
        found = "".join(_badge(sign) if _hides(sign) else sign for sign in found)
    return Instructions(text=found, warnings=tuple(warnings))


def _hides(sign: str) -> bool:
    if sign.isascii():
        return not sign.isprintable() and sign not in "\t\n\r"
    return sign not in JOINERS and unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")


def _badge(sign: str) -> str:
    return f"<U+{ord(sign):04X}>"
