"""No text that is not a literal is ever handed to something that would read it as markup."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "pier_tui" / "ui"
MARKUP: dict[str, tuple[int | str, ...]] = {
    **dict.fromkeys(("Static", "Label", "Button", "Checkbox", "RadioButton", "ToggleButton"), (0, "content", "label")),
    **dict.fromkeys(("Option", "TabPane", "Tab", "ListItem"), (0, "prompt", "title", "label")),
    "Collapsible": ("title",),
    "notify": (0, "message", "title"),
    "Toast": (0,),
    "Input": ("placeholder",),
    "TextArea": ("placeholder",),
    "Select": (0, "prompt", "options"),
    "OptionList": ("*",),
    "SelectionList": ("*",),
    "Selection": (0,),
    "RadioSet": ("*",),
    "Tabs": ("*",),
    **dict.fromkeys(("add_option", "add_options", "set_options", "replace_option_prompt"), ("*",)),
    **dict.fromkeys(("Tree", "add_leaf", "set_label"), (0, "label")),
    **dict.fromkeys(("add_row", "add_column", "add_columns", "update_cell", "update_cell_at"), ("*",)),
    **dict.fromkeys(("update", "log_line", "panic"), (0,)),
    "with_tooltip": (0,),
    "write": (),
    **dict.fromkeys(("DiscoveryHit", "Hit"), ("display", "match_display")),
}
"""What reads a plain string as markup: the places of such arguments; `*` is all of them."""
ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "placeholder", "prompt"}
BANNED = {"from_markup", "render_markup", "Markdown", "MarkdownViewer", "Link"}
"""Read markup by themselves, open links, or trust the escape sequences of a text."""
SAFE_CALLS = {"Content", "Text", "assemble", "styled", "super", "range"}
NO_WIDGETS = ("wanted", "workbench", "__dict__", "marks", "cuts", "found", "seen", "progress")
"""What has an `update` and is no widget."""


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def safe(value: ast.expr, local: dict[str, set[str]]) -> bool:
    """A literal, a Content, or the result of one of our own functions that return Content (checked by mypy)."""
    match value:
        case ast.Constant():
            return True
        case ast.IfExp():
            return safe(value.body, local) and safe(value.orelse, local)
        case ast.Starred(value=inner):
            return safe(inner, local)
        case ast.GeneratorExp() | ast.ListComp():
            return safe(value.elt, local)
        case ast.List() | ast.Tuple():
            return all(safe(part, local) for part in value.elts)
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Call() as maker)):
            return name_of(maker.func) in SAFE_CALLS
        case ast.Call():
            name = name_of(value.func)
            return name in SAFE_CALLS or name in MARKUP or returns_content(name, local)
    return False


def declared(tree: ast.AST) -> dict[str, set[str]]:
    """What the functions of a module return, by name."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, set()).add(ast.unparse(node.returns) if node.returns else "")
    return found


@cache
def signatures() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in UI.rglob("*.py"):
        for name, returned in declared(ast.parse(path.read_text(encoding="utf-8"))).items():
            found.setdefault(name, set()).update(returned)
    return found


def returns_content(name: str, local: dict[str, set[str]]) -> bool:
    returned = local.get(name) or signatures().get(name)
    return bool(returned) and returned <= {"Content", "Text"}


def read_as_markup(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that something would read as markup."""
    places = MARKUP[name_of(call.func)]
    named = [k.value for k in call.keywords if k.arg in places]
    if "*" in places:
        return [*call.args, *named]
    return [*(call.args[place] for place in places if isinstance(place, int) and place < len(call.args)), *named]


def is_off(call: ast.Call) -> bool:
    return any(
        k.arg == "markup" and isinstance(k.value, ast.Constant) and k.value.value is False for k in call.keywords
    )


def receiver(call: ast.Call) -> str:
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def offences(tree: ast.AST) -> list[str]:
    found, local = [], declared(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call() if name_of(node.func) in MARKUP and not is_off(node):
                widget = name_of(node.func) != "update" or not receiver(node).endswith(NO_WIDGETS)
                if widget and not all(safe(value, local) for value in read_as_markup(node)):
                    found.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
            case ast.Assign(targets=targets, value=value) if not safe(value, local):
                for target in targets:
                    whole = ast.unparse(target).lower()
                    button = whole.endswith(".label") and "button" in whole
                    if isinstance(target, ast.Attribute) and (target.attr in ATTRIBUTES or button):
                        found.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
            case ast.Attribute(attr=attr) if attr in BANNED:
                found.append(f"line {node.lineno}: {attr}")
            case ast.ImportFrom() | ast.Import():
                found += [f"line {node.lineno}: {alias.name}" for alias in node.names if alias.name in BANNED]
            case ast.keyword(arg="markup", value=ast.Constant(value=True)):
                found.append("markup=True")
    return found


@pytest.mark.parametrize("path", sorted(UI.rglob("*.py")), ids=lambda p: str(p.relative_to(UI)))
def test_text_from_outside_is_never_markup(path: Path) -> None:
    assert not offences(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "code",
    [
        "Static(text)",
        "Static(content=text)",
        "Label(f'{x}')",
        "Button(label=name)",
        "Checkbox(name)",
        "Option(title)",
        "OptionList(*names)",
        "OptionList('a', *(name for name in names))",
        "menu.add_option(name)",
        "Select([(name, 1)])",
        "SelectionList((name, 1))",
        "Collapsible(title=name)",
        "TabPane(name)",
        "Tree(name)",
        "node.add_leaf(name)",
        "node.set_label(name)",
        "table.add_row('a', name)",
        "table.add_column(name)",
        "self.query_one('#x').update(name)",
        "self.notify(f'{x}')",
        "self.notify('fixed', title=name)",
        "self.notify(Content(x), markup=True)",
        "Input(placeholder=name)",
        "box.border_title = name",
        "box.border_subtitle = f'{x}'",
        "box.tooltip = name",
        "self.query_one('#ok', Button).label = name",
        "Content.from_markup(x)",
        "from textual.widgets import Markdown",
        "from textual.widgets import Link",
        "def about(x) -> str: ...\nStatic(about(x))",
    ],
)
def test_the_walk_sees_what_it_looks_for(code: str) -> None:
    assert offences(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "Static(Content(text))",
        "Static(Content('\\n').join(lines))",
        "self.notify(text, markup=False)",
        "Static('[b]fixed[/b]')",
        "OptionList(*(Option(Content(name)) for name in names))",
        "def about(x) -> Content: ...\nStatic(about(x))",
        "table.add_row('a', Text(name))",
        "marks.update(names)",
    ],
)
def test_the_walk_lets_safe_text_pass(code: str) -> None:
    assert not offences(ast.parse(code))
