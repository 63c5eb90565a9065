"""Characters that pass for others: letters of another script within a word, and signs and blanks like ASCII's.

After CVE-2021-42694 and Unicode's list of confusables (UTS 39), narrowed to what can pass for source code. Prose in
Russian or Greek holds nothing of the kind; a word is suspect where scripts meet in it, or where every letter of a
word that stands alone among Latin ones could be a Latin letter.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_SIGNS = re.compile(
    "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800"  # blanks that are none to a compiler
    "\u01c0-\u01c3\u037e\u0589\u05c3\u2024\u2044\u2215\u2236\ua789\ua78a\ua78c"  # ! ; : . / '
    "\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7cb]"  # letters that Python reads as ASCII
)
_GUESTS = re.compile(
    "[\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b3\u03b9\u03bd\u03bf\u03c1"
    "\u03c5\u03f2\u03f3\u037f\u0400-\u052f\u1c80-\u1c88\ua640-\ua69d\u0531-\u0587\u13a0-\u13ff\uab70-\uabbf\u2c80-\u2cff]"
)
_ALIKE = re.compile("[АВЕЅІЈКМНОРСТУХҮԌԜавеѕіјкмнорстухүԁԛԝһӏաоսցհոԍ]+")
_OTHERS = re.compile("[\u0400-\u052f]")
SHORTEST = 3
"""Letters from which a word wholly of look-alikes is suspect; shorter ones are prepositions."""


def lookalikes(text: str) -> list[int]:
    """Where characters stand in one line that pass for others, in order."""
    if text.isascii():
        return []
    found = [sign.start() for sign in _SIGNS.finditer(text)]
    words = [word for word in _WORD.finditer(text) if not word[0].isascii()]
    prose = any(
        _OTHERS.search(word[0]) and not _ALIKE.fullmatch(word[0]) and not _LATIN.search(word[0]) for word in words
    )
    for word in words:
        alone = not prose and len(word[0]) >= SHORTEST and _ALIKE.fullmatch(word[0])
        if alone or _LATIN.search(word[0]):
            found += [word.start() + guest.start() for guest in _GUESTS.finditer(word[0])]
    return sorted(found)
