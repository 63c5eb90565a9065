"""No text that is not a literal is ever handed to something that would read it as markup."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "pier_tui" / "ui"
MARKUP = {
    "Static",
    "Label",
    "Button",
    "Checkbox",
    "RadioButton",
    "Option",
    "TabPane",
    "Collapsible",
    "notify",
    "ListItem",
}
ATTRIBUTES = {"border_title", "border_subtitle", "tooltip"}
SAFE_CALLS = {"Content", "Text", "assemble", "styled", "join"}


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def safe(value: ast.expr) -> bool:
    """A literal, a Content, or the result of one of our own functions that return Content (checked by mypy)."""
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.IfExp):
        return safe(value.body) and safe(value.orelse)
    return isinstance(value, ast.Call) and (name_of(value.func) in SAFE_CALLS or returns_content(name_of(value.func)))


@cache
def signatures() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, set()).add(ast.unparse(node.returns) if node.returns else "")
    return found


def returns_content(name: str) -> bool:
    return bool(signatures().get(name)) and signatures()[name] <= {"Content", "Text"}


def offences(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in MARKUP and node.args and not safe(node.args[0]):
            off = any(
                k.arg == "markup" and isinstance(k.value, ast.Constant) and not k.value.value for k in node.keywords
            )
            if not off:
                found.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
        if isinstance(node, ast.Assign) and not safe(node.value):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in ATTRIBUTES:
                    found.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
        if isinstance(node, ast.Attribute) and node.attr == "from_markup":
            found.append(f"line {node.lineno}: from_markup")
    return found


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda p: str(p.relative_to(UI)))
def test_text_from_outside_is_never_markup(path: Path) -> None:
    assert not offences(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "code", ["Static(text)", "self.notify(f'{x}')", "box.border_title = name", "Content.from_markup(x)"]
)
def test_the_walk_sees_what_it_looks_for(code: str) -> None:
    assert offences(ast.parse(code))


@pytest.mark.parametrize("code", ["Static(Content(text))", "self.notify(text, markup=False)", "Static('[b]fixed[/b]')"])
def test_the_walk_lets_safe_text_pass(code: str) -> None:
    assert not offences(ast.parse(code))
