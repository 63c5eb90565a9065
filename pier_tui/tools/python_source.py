"""Python source by its syntax tree: find a function, put another in its place, rename with scopes in mind."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import libcst
from libcst import metadata

from pier_tui.errors import ToolError
from pier_tui.tools import syntax
from pier_tui.tools.ladder import indent_of


@dataclass(frozen=True)
class Place:
    """A function or class: its 1-based first line (decorators included), its last line and its indentation."""

    name: str
    first: int
    last: int
    indent: str


Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def locate(text: str, symbol: str) -> Place:
    """The function, method or class of this qualified name.

    Raises ToolError: the file does not parse, no such name (with the nearest), or several of it.
    """
    every = list(places(text))
    found = [place for place in every if place.name == symbol]
    if not found:
        found = [place for place in every if place.name.endswith(f".{symbol}")]
    if len(found) == 1:
        return found[0]
    if found:
        where = ", ".join(f"{place.name} line {place.first}" for place in found)
        raise ToolError(f"{symbol} is defined more than once: {where}; use edit with the lines themselves.")
    names = ", ".join(place.name for place in every[:30]) or "none"
    raise ToolError(f"There is no function or class {symbol}; the file defines: {names}.")


def places(text: str) -> Iterator[Place]:
    """Every function and class with its qualified name, also nested ones. Raises ToolError: syntax error."""
    lines = text.split("\n")
    for name, node in _defined(_parsed(text).body, ""):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        yield Place(name, first, node.end_lineno or node.lineno, indent_of(lines[first - 1]))


def replace_function(text: str, symbol: str, source: str) -> str:
    """`text` with the definition of `symbol` (decorators and all) replaced by `source`, moved to its indentation.

    Decorators stay when `source` has none of its own. Raises ToolError: see `locate`, or `source` is not one
    definition.
    """
    place = locate(text, symbol)
    fresh = _definition(source, place.name.rsplit(".", 1)[-1])
    lines = text.split("\n")
    end = "\r" if lines[place.first - 1].endswith("\r") else ""
    old = lines[place.first - 1 : place.last]
    if not fresh.lstrip().startswith("@"):
        keep = next(i for i, line in enumerate(old) if re.match(r"\s*(async\s+def|def|class)\b", line))
        kept, old = old[:keep], old[keep:]
    else:
        kept = []
    if not old[0].startswith(place.indent) or ";" in lines[place.last - 1].partition("#")[0]:
        _refuse_shared_line(text, place)
    body = [f"{line}{end}" if line.strip() else line + end for line in _indented(fresh, place.indent)]
    last_has_ending = place.last < len(lines)
    if not last_has_ending:
        body[-1] = body[-1].removesuffix("\r")
    return "\n".join([*lines[: place.first - 1], *kept, *body, *lines[place.last :]])


def _refuse_shared_line(text: str, place: Place) -> None:
    node = next(n for name, n in _defined(_parsed(text).body, "") if name == place.name)
    line = text.split("\n")[place.last - 1]
    rest = line.encode("utf-8", "surrogateescape")[node.end_col_offset or 0 :].decode("utf-8", "replace").strip()
    if rest and not rest.startswith("#"):
        raise ToolError(f"{place.name} shares its last line with other code; use edit with the lines themselves.")


def _indented(source: str, indent: str) -> list[str]:
    """The lines of `source` moved right by `indent`, except those inside strings that span lines."""
    inside = _string_lines(source)
    lines = source.split("\n")
    return [line if not line.strip() or i in inside else indent + line for i, line in enumerate(lines, 1)]


def _string_lines(source: str) -> set[int]:
    """Lines that begin inside a string literal other than a docstring: moving them would change the string."""
    tree = _parsed(source)
    documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    strings: set[int] = set()
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        if (literal or isinstance(node, ast.JoinedStr)) and id(node) not in docstrings:
            first, last = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
            strings |= set(range(first + 1, last + 1)) if _is_one_token(source, first, last) else set()
    return strings


def _is_one_token(source: str, first: int, last: int) -> bool:
    """Whether a literal over several lines is a triple-quoted one, not adjacent literals in brackets."""
    return last > first and re.search(r"\"\"\"|'''", source.split("\n")[first - 1]) is not None


def _definition(source: str, name: str) -> str:
    """`source` without margin. Raises ToolError unless it is exactly one function or class of this name."""
    fresh = textwrap.dedent(
        source.replace("\r\n", "\n").expandtabs() if "\t" not in source else source.replace("\r\n", "\n")
    )
    fresh = fresh.strip("\n").rstrip()
    flaw = syntax.check("source.py", fresh)
    if flaw is not None:
        raise ToolError(f"source does not parse ({flaw}). Nothing was changed.\n{syntax.window(fresh, flaw.line)}")
    body = _parsed(fresh).body
    if len(body) != 1 or not isinstance(body[0], Defined):
        raise ToolError(f"source must be exactly one definition, starting with def {name}(…) or its decorators.")
    return fresh


def rename(text: str, old: str, new: str) -> tuple[str, int]:
    """`text` with the symbol `old` renamed, and how often. `old` may be qualified: `Class.method` or `func.local`.

    A name is renamed in the scope that defines it and wherever that scope is meant; a method is renamed in its
    class and where it is reached through `self`, `cls` or the class. Raises ToolError.
    """
    if not new.isidentifier():
        raise ToolError(f"{new} is not a name.")
    outer, _, name = old.rpartition(".")
    try:
        wrapped = metadata.MetadataWrapper(libcst.parse_module(encodable(text)))
    except libcst.ParserSyntaxError as error:
        raise ToolError(f"The file does not parse (line {error.raw_line}); edit it instead.") from error
    scopes = wrapped.resolve(metadata.ScopeProvider)
    nodes = _targets(wrapped.module, scopes, outer, name)
    if not nodes:
        raise ToolError(f"There is no {old} defined in this file; symbols lists what is.")
    if _taken(nodes, scopes, new):
        raise ToolError(f"{new} is already a name there; renaming would merge the two.")
    changed = wrapped.module.visit(_Rename(nodes, new))
    return changed.code, len(nodes)


def encodable(text: str) -> str:
    """The text, refused where it holds undecodable bytes. Raises ToolError."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolError("The file is not UTF-8; edit it instead.") from error
    return text


class _Rename(libcst.CSTTransformer):
    """Gives the chosen name nodes a new value."""

    def __init__(self, nodes: set[libcst.Name], new: str) -> None:
        super().__init__()
        self._nodes, self._new = nodes, new

    def leave_Name(self, original_node: libcst.Name, updated_node: libcst.Name) -> libcst.Name:
        """Rename the node when it was chosen."""
        return updated_node.with_changes(value=self._new) if original_node in self._nodes else updated_node


Scopes = "dict[libcst.CSTNode, metadata.Scope | None]"


def _targets(module: libcst.Module, scopes: object, outer: str, name: str) -> set[libcst.Name]:
    """The name nodes that mean `name` as defined in the scope `outer` (empty: the module, else any one scope)."""
    every = {scope for scope in scopes.values() if scope is not None}  # type: ignore[attr-defined]
    owners = [scope for scope in every if _qualified(scope) == outer and any(_own(scope, name))]
    if not owners and not outer:
        owners = [scope for scope in every if not isinstance(scope, metadata.BuiltinScope) and any(_own(scope, name))]
        if len(owners) > 1:
            where = ", ".join(sorted(f"{_qualified(scope)}.{name}" for scope in owners))
            raise ToolError(f"{name} is defined in several scopes; say which: {where}.")
    nodes: set[libcst.Name] = set()
    for scope in owners:
        for assignment in _own(scope, name):
            nodes |= _names_in(assignment.node, name)
            for access in assignment.references:
                nodes |= _names_in(access.node, name)
        if isinstance(scope, metadata.ClassScope):
            nodes |= _through_self(module, _qualified(scope), name)
        nodes |= _declared(module, scope, name)
        if any(isinstance(assignment.node, libcst.Param) for assignment in _own(scope, name)):
            nodes |= _passed_by_name(module, _qualified(scope), name)
    return nodes


def _own(scope: metadata.Scope, name: str) -> Iterator[metadata.Assignment]:
    """The assignments of a name made in this very scope."""
    for assignment in scope.assignments[name] if not isinstance(scope, metadata.BuiltinScope) else ():
        if isinstance(assignment, metadata.Assignment) and assignment.scope is scope:
            yield assignment


def _qualified(scope: metadata.Scope) -> str:
    parts: list[str] = []
    at: metadata.Scope = scope
    while not isinstance(at, metadata.GlobalScope | metadata.BuiltinScope):
        parts.append(getattr(at, "name", None) or f"<{type(at).__name__}>")
        at = at.parent
    return ".".join(reversed(parts))


def _names_in(node: libcst.CSTNode, name: str) -> set[libcst.Name]:
    """The name node of a definition or a use: never the ones in a function's body, nor another's attribute."""
    if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
        return {node.name} if node.name.value == name else set()
    if isinstance(node, libcst.Param):
        return {node.name}
    if isinstance(node, libcst.Name):
        return {node} if node.value == name else set()
    if isinstance(node, libcst.Attribute):
        return _names_in(node.value, name)
    if isinstance(node, libcst.Import | libcst.ImportFrom):
        return _aliases(node, name)
    raise ToolError(f"{name} is bound by a statement that cannot be renamed safely; edit it instead.")


def _aliases(node: libcst.Import | libcst.ImportFrom, name: str) -> set[libcst.Name]:
    """The `as` name of an import. Raises ToolError where the imported name itself would have to change."""
    for alias in node.names if not isinstance(node.names, libcst.ImportStar) else ():
        if alias.asname is not None and isinstance(alias.asname.name, libcst.Name) and alias.asname.name.value == name:
            return {alias.asname.name}
    raise ToolError(f"{name} is imported, not defined here; rename it where it is defined.")


def _through_self(module: libcst.Module, owner: str, name: str) -> set[libcst.Name]:
    """`self.name`, `cls.name` inside the class and `Class.name` anywhere."""
    found = _Attributes(owner, name)
    module.visit(found)
    return found.nodes


class _Attributes(libcst.CSTVisitor):
    """Collects the attribute names that certainly mean a member of one class."""

    def __init__(self, owner: str, name: str) -> None:
        super().__init__()
        self.nodes: set[libcst.Name] = set()
        self._owner, self._name, self._stack = owner, name, [""]

    def visit_ClassDef(self, node: libcst.ClassDef) -> None:
        """Enter a class."""
        self._stack.append(f"{self._stack[-1]}.{node.name.value}".lstrip("."))

    def leave_ClassDef(self, original_node: libcst.ClassDef) -> None:
        """Leave it."""
        self._stack.pop()

    def visit_Attribute(self, node: libcst.Attribute) -> None:
        """Take the attribute when what it is reached through is the class or its instance."""
        if node.attr.value != self._name or not isinstance(node.value, libcst.Name):
            return
        through = node.value.value
        inside = self._stack[-1] == self._owner and through in ("self", "cls")
        if inside or through == self._owner:
            self.nodes.add(node.attr)


def _declared(module: libcst.Module, scope: metadata.Scope, name: str) -> set[libcst.Name]:
    """Names in `global` statements, for a module's name."""
    if not isinstance(scope, metadata.GlobalScope):
        return set()
    found: set[libcst.Name] = set()
    for statement in _globals(module):
        found |= {item.name for item in statement.names if item.name.value == name}
    return found


def _passed_by_name(module: libcst.Module, function: str, name: str) -> set[libcst.Name]:
    """The keywords of calls that pass a parameter. Raises ToolError where the function is not certain."""
    calls = _Calls(function.rsplit(".", 1)[-1], name)
    module.visit(calls)
    if calls.uncertain or (calls.keywords and "." in function):
        raise ToolError(f"{name} is passed by name in calls that may mean another function; edit them instead.")
    return calls.keywords


class _Calls(libcst.CSTVisitor):
    """Collects the keywords of one name in calls of a function of one name."""

    def __init__(self, function: str, name: str) -> None:
        super().__init__()
        self.keywords: set[libcst.Name] = set()
        self.uncertain = False
        self._function, self._name = function, name

    def visit_Call(self, node: libcst.Call) -> None:
        """Take the keyword when the function is called by its plain name."""
        for argument in node.args:
            if argument.keyword is None or argument.keyword.value != self._name:
                continue
            if isinstance(node.func, libcst.Name) and node.func.value == self._function:
                self.keywords.add(argument.keyword)
            elif isinstance(node.func, libcst.Attribute) and node.func.attr.value == self._function:
                self.uncertain = True


def _globals(module: libcst.Module) -> list[libcst.Global]:
    collected: list[libcst.Global] = []

    class Collect(libcst.CSTVisitor):
        def visit_Global(self, node: libcst.Global) -> None:
            collected.append(node)

    module.visit(Collect())
    return collected


def _taken(nodes: set[libcst.Name], scopes: object, new: str) -> bool:
    """Whether a scope in which one of the nodes stands knows `new` already."""
    around = {scopes.get(node) for node in nodes}  # type: ignore[attr-defined]
    return any(scope is not None and new in scope and not _is_builtin_only(scope, new) for scope in around)


def _is_builtin_only(scope: metadata.Scope, new: str) -> bool:
    return all(isinstance(a, metadata.BuiltinAssignment) for a in scope[new])


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise ToolError(
            f"The file does not parse (line {error.lineno}: {error.msg}); mend that with edit first."
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ToolError("The file cannot be parsed as Python; edit it instead.") from error


def _defined(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Defined]]:
    for node in body:
        if isinstance(node, Defined):
            yield prefix + node.name, node
            yield from _defined(node.body, f"{prefix}{node.name}.")
        else:
            for part in ("body", "orelse", "finalbody"):
                yield from _defined(getattr(node, part, []), prefix)
            for handler in getattr(node, "handlers", []):
                yield from _defined(handler.body, prefix)
