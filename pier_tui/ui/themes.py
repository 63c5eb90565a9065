"""Palettes as files: one TOML file per theme, shipped ones first, the user's own override by name.

A file that cannot be used becomes a sentence to show, never a crash.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from textual.app import App
from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT = "pier-dark"
ANSI_PREFIX = "ansi_"


class ThemeFile(BaseModel):
    """A theme as written in a file. Colours are `#rrggbb` or one of the terminal's, such as `ansi_blue`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    dark: bool = True
    ansi: bool = False
    primary: str
    secondary: str | None = None
    accent: str | None = None
    foreground: str | None = None
    background: str | None = None
    surface: str | None = None
    panel: str | None = None
    boost: str | None = None
    success: str | None = None
    warning: str | None = None
    error: str | None = None
    luminosity_spread: float = 0.15
    text_alpha: float = 0.95
    variables: dict[str, str] = Field(default_factory=dict)

    @field_validator(
        "primary",
        "secondary",
        "accent",
        "foreground",
        "background",
        "surface",
        "panel",
        "boost",
        "success",
        "warning",
        "error",
    )
    @classmethod
    def a_colour(cls, value: str | None) -> str | None:
        """Refuse what is not a colour, with the value in the sentence."""
        try:
            return value if value is None else (Color.parse(value) and value)
        except ColorParseError as wrong:
            raise ValueError(f"{value!r} is not a colour") from wrong

    def theme(self) -> Theme:
        """As Textual takes it; `muted`, `weak` and `strong` always exist."""
        fields = self.model_dump()
        defaults = {
            "muted": self.foreground or "ansi_default",
            "weak": self.secondary or self.primary,
            "strong": self.accent or self.primary,
        }
        if self.ansi:
            # Textual's style sheets name these two, and fail where a theme of terminal colours lacks them.
            defaults["ansi-background"] = "ansi_black" if self.dark else "ansi_white"
            defaults["ansi-foreground"] = "ansi_white" if self.dark else "ansi_black"
        fields["variables"] = {**defaults, **self.variables}
        return Theme(**fields)


def shipped_folder() -> Path:
    """Where the shipped themes are: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load(folders: Iterable[Path]) -> tuple[dict[str, Theme], list[str]]:
    """The themes of all folders, later ones overriding by name, and a sentence for every file that is no use."""
    themes: dict[str, Theme] = {}
    wrong: list[str] = []
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                read = ThemeFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
                themes[read.name] = read.theme()
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                wrong.append(f"The theme {path.name} cannot be read ({error}); it is left out.")
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"]) or "the file"
                wrong.append(f"The theme {path.name} is left out: {place}: {first['msg']}.")
    return themes, wrong


def dress(app: App[None], wanted: str, user_folder: Path | None) -> list[str]:
    """Give the app all themes and put the wanted one on; a sentence for everything that could not be."""
    themes, wrong = load([shipped_folder(), *([user_folder] if user_folder else [])])
    for theme in themes.values():
        app.register_theme(theme)
    app.theme = wanted if wanted in app.available_themes else DEFAULT
    if app.theme != wanted:
        wrong.append(f"There is no theme {wanted!r}; {DEFAULT} is used.")
    return wrong
