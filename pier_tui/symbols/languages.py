"""The languages the symbol index reads: grammar, and what in its syntax defines a name or mentions one.

Grammars come as wheels of their own and are loaded with the first file of their language; nothing is fetched.
A capture called `ref` is a mention, any other names the kind of a definition.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

_JAVASCRIPT = """
(class_declaration name: (_) @class)
(function_declaration name: (identifier) @function)
(generator_function_declaration name: (identifier) @function)
(variable_declarator name: (identifier) @function value: [(arrow_function) (function_expression)])
(method_definition name: (property_identifier) @method)
(call_expression function: [(identifier) @ref (member_expression property: (property_identifier) @ref)])
(new_expression constructor: (identifier) @ref)
(import_specifier name: (identifier) @ref)
(import_clause (identifier) @ref)
"""
_TYPESCRIPT = """
(abstract_class_declaration name: (_) @class)
(interface_declaration name: (type_identifier) @interface)
(type_alias_declaration name: (type_identifier) @type)
(enum_declaration name: (identifier) @enum)
(type_annotation (type_identifier) @ref)
(type_arguments (type_identifier) @ref)
(implements_clause (type_identifier) @ref)
"""
_C = """
(struct_specifier name: (type_identifier) @type body: (_))
(union_specifier name: (type_identifier) @type body: (_))
(enum_specifier name: (type_identifier) @type body: (_))
(type_definition declarator: (type_identifier) @type)
(function_declarator declarator: (identifier) @function)
(preproc_def name: (identifier) @macro)
(preproc_function_def name: (identifier) @macro)
(call_expression function: [(identifier) @ref (field_expression field: (field_identifier) @ref)])
(type_identifier) @ref
"""


@dataclass(frozen=True)
class Language:
    """A language: how its files end, the module of its grammar, the query over its syntax, and the function there
    that gives the grammar.
    """

    suffixes: tuple[str, ...]
    module: str
    query: str
    function: str = "language"


LANGUAGES: dict[str, Language] = {
    "python": Language(
        ("py", "pyi"),
        "tree_sitter_python",
        """
        (class_definition name: (identifier) @class)
        (function_definition name: (identifier) @function)
        (module (expression_statement (assignment left: (identifier) @name)))
        (call function: (identifier) @ref)
        (attribute attribute: (identifier) @ref)
        (import_from_statement name: (dotted_name (identifier) @ref))
        (aliased_import name: (dotted_name (identifier) @ref))
        (class_definition superclasses: (argument_list (identifier) @ref))
        (decorator (identifier) @ref)
        (type (identifier) @ref)
        """,
    ),
    "javascript": Language(("js", "jsx", "mjs", "cjs"), "tree_sitter_javascript", _JAVASCRIPT),
    "typescript": Language(
        ("ts", "mts", "cts"), "tree_sitter_typescript", _JAVASCRIPT + _TYPESCRIPT, "language_typescript"
    ),
    "tsx": Language(("tsx",), "tree_sitter_typescript", _JAVASCRIPT + _TYPESCRIPT, "language_tsx"),
    "go": Language(
        ("go",),
        "tree_sitter_go",
        """
        (function_declaration name: (identifier) @function)
        (method_declaration name: (field_identifier) @function)
        (type_spec name: (type_identifier) @type)
        (call_expression function: [(identifier) @ref (selector_expression field: (field_identifier) @ref)])
        (type_identifier) @ref
        """,
    ),
    "rust": Language(
        ("rs",),
        "tree_sitter_rust",
        """
        (function_item name: (identifier) @function)
        (function_signature_item name: (identifier) @function)
        (struct_item name: (type_identifier) @type)
        (enum_item name: (type_identifier) @type)
        (trait_item name: (type_identifier) @type)
        (type_item name: (type_identifier) @type)
        (mod_item name: (identifier) @type)
        (macro_definition name: (identifier) @macro)
        (impl_item type: (type_identifier) @impl)
        (impl_item type: (generic_type type: (type_identifier) @impl))
        (call_expression function: [
          (identifier) @ref
          (field_expression field: (field_identifier) @ref)
          (scoped_identifier name: (identifier) @ref)])
        (macro_invocation macro: (identifier) @ref)
        (type_identifier) @ref
        """,
    ),
    "java": Language(
        ("java",),
        "tree_sitter_java",
        """
        (class_declaration name: (identifier) @type)
        (interface_declaration name: (identifier) @type)
        (enum_declaration name: (identifier) @type)
        (record_declaration name: (identifier) @type)
        (method_declaration name: (identifier) @method)
        (constructor_declaration name: (identifier) @method)
        (method_invocation name: (identifier) @ref)
        (object_creation_expression type: (type_identifier) @ref)
        (type_identifier) @ref
        """,
    ),
    "c": Language(("c", "h"), "tree_sitter_c", _C),
    "cpp": Language(
        ("cc", "cpp", "cxx", "hpp", "hh", "hxx"),
        "tree_sitter_cpp",
        _C
        + """
        (class_specifier name: (type_identifier) @type body: (_))
        (namespace_definition name: (namespace_identifier) @type)
        (function_declarator declarator: (field_identifier) @function)
        (function_declarator declarator: (qualified_identifier name: (identifier) @function))
        (function_declarator
          declarator: (qualified_identifier name: (qualified_identifier name: (identifier) @function)))
        (call_expression function: (qualified_identifier name: (identifier) @ref))
        """,
    ),
    "ruby": Language(
        ("rb",),
        "tree_sitter_ruby",
        """
        (class name: (constant) @class)
        (module name: (constant) @class)
        (method name: (_) @method)
        (singleton_method name: (_) @method)
        (call method: (identifier) @ref)
        (constant) @ref
        """,
    ),
    "shell": Language(
        ("sh", "bash", "zsh"),
        "tree_sitter_bash",
        """
        (function_definition name: (word) @function)
        (command_name (word) @ref)
        """,
    ),
}
_BY_SUFFIX = {suffix: name for name, language in LANGUAGES.items() for suffix in language.suffixes}


@dataclass(frozen=True)
class Reader:
    """A loaded language, for one thread: parser and compiled query."""

    parser: Any
    cursor: Any

    def captures(self, source: bytes) -> dict[str, list[Any]]:
        """The nodes of a text by capture."""
        found: dict[str, list[Any]] = self.cursor.captures(self.parser.parse(source).root_node)
        return found


def language_of(path: str) -> str:
    """The name of a file's language, '' where none is known."""
    name = path.rsplit("/", 1)[-1]
    return _BY_SUFFIX.get(name.rsplit(".", 1)[-1].lower(), "") if "." in name else ""


_READERS = threading.local()


def reader(name: str) -> Reader:
    """The reader of a language, made once per thread: a parser keeps what it is parsing."""
    mine: dict[str, Reader] = _READERS.__dict__.setdefault("by_name", {})
    if name not in mine:
        import tree_sitter

        grammar, query = _loaded(name)
        mine[name] = Reader(tree_sitter.Parser(grammar), tree_sitter.QueryCursor(query))
    return mine[name]


@lru_cache
def _loaded(name: str) -> tuple[Any, Any]:
    import tree_sitter

    grammar = _grammar(LANGUAGES[name])
    return grammar, tree_sitter.Query(grammar, LANGUAGES[name].query)


def _grammar(language: Language) -> Any:
    import tree_sitter

    return tree_sitter.Language(getattr(import_module(language.module), language.function)())


@lru_cache
def fingerprint(name: str) -> str:
    """What a language's tags depend on besides the text: its query and its grammar; '' where there is no grammar."""
    language = LANGUAGES.get(name)
    if language is None:
        return ""
    try:
        grammar = _grammar(language)
    except (ImportError, OSError, ValueError):
        return ""
    shape = (grammar.abi_version, grammar.node_kind_count, grammar.field_count, grammar.parse_state_count)
    version = getattr(grammar, "semantic_version", None)
    return hashlib.sha256(repr((language, version, shape)).encode()).hexdigest()[:16]
