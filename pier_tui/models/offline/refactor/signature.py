"""Changing the parameters of a function and the calls that mean it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, propose, settle
from pier_tui.models.offline.intents import Intent
from pier_tui.models.offline.plan import Call, Stop, Workspace
from pier_tui.models.offline.refactor.splice import source, span, splice


@dataclass(frozen=True)
class Parameter:
    """One parameter as written; `kind` is one of positional, star, keyword, twostar."""

    name: str
    text: str
    kind: str = "positional"
    default: bool = False


def change(work: Workspace, intent: Intent) -> None:
    """Add, remove, rename, reorder or swap parameters, with the callers. Raises Wants, Harder, Stop."""
    name = intent.get("name")
    settle(work, f"Changed the parameters of `{name}` ({intent.rule})")
    work.harder(
        "a signature and its callers change",
        f"Goal: {work.transcript.request}\nNothing was changed yet. Check: run the tests.",
    )
    if intent.kind == "add_parameter" and (intent.get("all") or name.endswith(".py")):
        _everywhere(work, intent)
    path, text, symbol = names.the_function(work, name)
    if isinstance(symbol.node, ast.ClassDef):
        raise Stop(f"`{name}` is a class; name its method, such as `{name}.__init__`.")
    old = parameters(text, symbol.node)
    new = _new(intent, old)
    paths = tuple(dict.fromkeys([path, *(p for p, _, _ in names.uses(work, name) if p.endswith(".py"))]))
    texts = work.texts(paths)
    edits: list[Call] = []
    skipped: list[str] = []
    for each, before in texts.items():
        after, odd = _file(before, symbol, intent, old, new, each == path)
        edits += calls_for(each, before, after) if after != before else ()
        skipped += [f"`{each}:{line}`" for line in odd]
    note = f" Calls with `*` arguments, left as they are: {', '.join(skipped)}." if skipped else ""
    if not edits:
        raise Stop("Nothing would change.")
    shown = ", ".join(p.text for p in new)
    propose(work, tuple(edits), f"`{symbol.name}` becomes `({shown})`.{note}")


def parameters(text: str, function: names.Function) -> list[Parameter]:
    """The parameters in order, with annotations and defaults as written."""
    spec = function.args
    found: list[Parameter] = []
    plain = [*spec.posonlyargs, *spec.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(spec.defaults)), *spec.defaults]
    for index, (arg, default) in enumerate(zip(plain, defaults, strict=True)):
        found.append(_parameter(text, arg, default, "positional"))
        if spec.posonlyargs and index == len(spec.posonlyargs) - 1:
            found.append(Parameter("/", "/", "mark"))
    if spec.vararg:
        found.append(Parameter(spec.vararg.arg, f"*{source(text, spec.vararg)}", "star"))
    elif spec.kwonlyargs:
        found.append(Parameter("*", "*", "star"))
    found += [_parameter(text, a, d, "keyword") for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    if spec.kwarg:
        found.append(Parameter(spec.kwarg.arg, f"**{source(text, spec.kwarg)}", "twostar"))
    return found


def _parameter(text: str, arg: ast.arg, default: ast.expr | None, kind: str) -> Parameter:
    written = source(text, arg)
    if default is not None:
        written += f" = {source(text, default)}" if arg.annotation else f"={source(text, default)}"
    return Parameter(arg.arg, written, kind, default is not None)


def _new(intent: Intent, old: list[Parameter]) -> list[Parameter]:
    names_now = [p.name for p in old]
    wanted = intent.get("old") or intent.get("first")
    if intent.kind != "add_parameter" and wanted and wanted not in names_now:
        raise Stop(f"`{intent.get('name')}` has no parameter `{wanted}`; it has {', '.join(names_now) or 'none'}.")
    match intent.kind:
        case "remove_parameter":
            return [p for p in old if p.name != wanted]
        case "rename_parameter":
            new = intent.get("new")
            if new in names_now:
                raise Stop(f"`{intent.get('name')}` already has a parameter `{new}`.")
            fresh = [replace(p, name=new, text=re.sub(rf"^(\**){wanted}\b", rf"\g<1>{new}", p.text)) for p in old]
            return [f if p.name == wanted else p for p, f in zip(old, fresh, strict=True)]
        case "reorder_parameters":
            return _reordered(intent, old)
        case _:
            return _added(intent, old)


def _added(intent: Intent, old: list[Parameter]) -> list[Parameter]:
    name, given = intent.get("new"), intent.get("given") or intent.get("default") or intent.get("default2")
    if name in [p.name for p in old]:
        raise Stop(f"`{intent.get('name')}` already has a parameter `{name}`.")
    kind = intent.get("type")
    annotation = f": {kind}" if kind else ""
    default = (f" = {given}" if kind else f"={given}") if given else ""
    fresh = Parameter(name, f"{name}{annotation}{default}", default=bool(given))
    at = len([p for p in old if p.kind in ("positional", "mark")])
    if not given:
        at = next((i for i, p in enumerate(old) if p.default and p.kind == "positional"), at)
    return [*old[:at], fresh, *old[at:]]


def _reordered(intent: Intent, old: list[Parameter]) -> list[Parameter]:
    now = [p.name for p in old]
    if intent.get("second"):
        order = list(now)
        a, b = now.index(intent.get("first")), now.index(intent.get("second")) if intent.get("second") in now else -1
        if b < 0:
            raise Stop(f"`{intent.get('name')}` has no parameter `{intent.get('second')}`.")
        order[a], order[b] = order[b], order[a]
    else:
        order = re.findall(r"\w+", intent.get("order"))
        order = [n for n in now if n in ("self", "cls") and n not in order] + [n for n in order if n != "and"]
    if sorted(order) != sorted(now):
        raise Stop(f"The new order must name every parameter once; they are {', '.join(now)}.")
    by_name = {p.name: p for p in old}
    return [by_name[n] for n in order]


def _file(
    text: str, symbol: names.Symbol, intent: Intent, old: list[Parameter], new: list[Parameter], home: bool
) -> tuple[str, list[int]]:
    """One file with its definition and calls changed, and the lines of calls that were left as they are."""
    tree = names.tree_of(text)
    if tree is None:
        return text, []
    edits: list[tuple[int, int, str]] = []
    odd: list[int] = []
    target = next((s.node for s in names.symbols(tree) if home and s.name == symbol.name), None)
    if target is not None and not isinstance(target, ast.ClassDef):
        edits.append((*_brackets(text, target), ", ".join(p.text for p in new)))
        if intent.kind == "rename_parameter":
            edits += _mentions(text, target, intent.get("old"), intent.get("new"))
    bound = bool(symbol.owner) and bool(old) and old[0].name in ("self", "cls")
    last = symbol.node.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _means(node, last, symbol.owner):
            fresh = _call(text, node, intent, old[bound:], new[bound:])
            if fresh is None:
                odd.append(node.lineno)
            elif not any(s <= span(text, node)[0] < e for s, e, _ in edits):
                edits += fresh
    return splice(text, edits), odd


def _means(node: ast.Call, name: str, owner: str) -> bool:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr == name
    wanted = owner.rsplit(".", 1)[-1] if name == "__init__" else name
    return isinstance(node.func, ast.Name) and node.func.id == wanted and (not owner or name == "__init__")


def _brackets(text: str, function: names.Function) -> tuple[int, int]:
    """The bytes between the brackets of a definition's parameters."""
    raw = text.encode()
    start = raw.index(b"(", raw.index(function.name.encode(), span(text, function)[0] + 3)) + 1
    depth, at = 1, start
    while depth:
        depth += {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1}.get(raw[at : at + 1], 0)
        at += 1
    return start, at - 1


def _mentions(text: str, function: names.Function, old: str, new: str) -> list[tuple[int, int, str]]:
    found = []
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id == old:
                found.append((*span(text, node), new))
    return found


def _call(
    text: str, node: ast.Call, intent: Intent, old: list[Parameter], new: list[Parameter]
) -> list[tuple[int, int, str]] | None:
    """Edits of one call; None where star arguments hide what is passed."""
    positional = [p for p in old if p.kind == "positional"]
    hidden = any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(positional)
    if intent.kind == "rename_parameter":
        found = [k for k in node.keywords if k.arg == intent.get("old")]
        return [(*span(text, k), f"{intent.get('new')}={source(text, k.value)}") for k in found]
    if intent.kind == "add_parameter" and new and any(p.default and p.name == intent.get("new") for p in new):
        return []
    if hidden:
        return None
    passed = {p.name: source(text, a) for p, a in zip(positional, node.args, strict=False)}
    fresh: list[str] = []
    named = False
    for parameter in [p for p in new if p.kind == "positional"]:
        if parameter.name in passed:
            fresh.append(f"{parameter.name}={passed[parameter.name]}" if named else passed[parameter.name])
        elif parameter.name == intent.get("new") and intent.kind == "add_parameter":
            fresh.append(f"{parameter.name}=None" if named else "None")
        else:
            named = True
    keywords = [k for k in node.keywords if k.arg != intent.get("old") or intent.kind != "remove_parameter"]
    fresh += [source(text, k) for k in keywords]
    start = span(text, node.func)[1]
    raw = text.encode()
    opening = raw.index(b"(", start) + 1
    before = raw[opening : span(text, node)[1] - 1].decode()
    after = ", ".join(fresh)
    return (
        [] if re.sub(r"\s|,$", "", before) == re.sub(r"\s", "", after) else [(opening, span(text, node)[1] - 1, after)]
    )


def _everywhere(work: Workspace, intent: Intent) -> None:
    """Add a parameter with a default to every function of a module. Raises Wants, Stop."""
    path = names.resolve_path(work, intent.get("name"))
    text = work.text(path)
    tree = names.tree_of(text)
    if tree is None:
        raise Stop(f"`{path}` does not parse.")
    edits = []
    for node in tree.body:
        if isinstance(node, names.Function):
            old = parameters(text, node)
            if intent.get("new") not in [p.name for p in old]:
                edits.append((*_brackets(text, node), ", ".join(p.text for p in _added(intent, old))))
    if not any((intent.get("given"), intent.get("default"), intent.get("default2"))):
        raise Stop("Give the parameter a default, so that the callers of these functions still work.")
    after = splice(text, edits)
    if after == text:
        raise Stop("Nothing would change.")
    propose(work, calls_for(path, text, after), f"{len(edits)} functions of `{path}` get the parameter.")
