from __future__ import annotations

import ast
import textwrap

import pytest

from pier_tui.errors import ToolError
from pier_tui.tools.python_source import locate, rename, replace_function

SOURCE = textwrap.dedent('''\
    import functools


    @functools.cache
    def plain(x):
        return x  # end


    class A:
        """Doc."""

        @staticmethod
        @functools.wraps(plain)
        async def inner(
            a,
            b=2,
        ):
            def deep():
                return 1

            return deep

        def other(self): return 1


    if True:
        def conditional():
            pass
    ''')


@pytest.mark.parametrize(
    ("symbol", "first", "last"),
    [
        ("plain", "@functools.cache", "    return x  # end"),
        ("A", "class A:", "    def other(self): return 1"),
        ("A.inner", "    @staticmethod", "        return deep"),
        ("inner", "    @staticmethod", "        return deep"),
        ("A.inner.deep", "        def deep():", "            return 1"),
        ("deep", "        def deep():", "            return 1"),
        ("conditional", "    def conditional():", "        pass"),
    ],
)
def test_a_definition_is_found_with_its_decorators(symbol: str, first: str, last: str) -> None:
    place, lines = locate(SOURCE, symbol), SOURCE.split("\n")
    assert (lines[place.first - 1], lines[place.last - 1]) == (first, last)


def test_a_replacement_is_moved_to_the_indentation_and_leaves_the_rest_alone() -> None:
    after = replace_function(SOURCE, "A.inner", "def inner(a):\n    text = '''\nkeep\n  this'''\n    return text")
    assert after.startswith(SOURCE[: SOURCE.index("    async def inner")])
    assert (
        "    @functools.wraps(plain)\n    def inner(a):\n        text = '''\nkeep\n  this'''\n        return text\n"
        in after
    )
    assert after.endswith(SOURCE[SOURCE.index("\n    def other") :])
    ast.parse(after)


def test_decorators_brought_along_replace_the_old_ones() -> None:
    after = replace_function(SOURCE, "plain", "    @other\n    def plain(x):\n        return 2\n")
    assert "@functools.cache" not in after
    assert "@other\ndef plain(x):\n    return 2\n\n\nclass A:" in after


def test_windows_line_endings_are_kept() -> None:
    after = replace_function("def f():\r\n    return 1\r\n\r\nx = 1\r\n", "f", "def f():\n    y = 2\n    return y\n")
    assert after == "def f():\r\n    y = 2\r\n    return y\r\n\r\nx = 1\r\n"


def test_a_file_without_a_last_line_break_keeps_none() -> None:
    assert replace_function("def f():\n    return 1", "f", "def f():\n    return 2\n") == "def f():\n    return 2"


@pytest.mark.parametrize(
    ("text", "symbol", "source", "says"),
    [
        ("def f(:\n", "f", "def f(): pass", "does not parse"),
        ("def f(): pass\n", "g", "def g(): pass", "no function or class g"),
        ("def f(): pass\ndef f(): pass\n", "f", "def f(): pass", "more than once"),
        ("def f(): pass\n", "f", "x = 1", "exactly one definition"),
        ("def f(): pass\n", "f", "def f(): pass\ndef g(): pass", "exactly one definition"),
        ("def f(): pass\n", "f", "def f(", "source does not parse"),
        ("def f(): pass; x = 1\n", "f", "def f(): return 1", ""),
    ],
)
def test_what_is_not_certain_is_refused(text: str, symbol: str, source: str, says: str) -> None:
    if not says:
        assert replace_function(text, symbol, source) == "def f(): return 1\n"
        return
    with pytest.raises(ToolError, match=r".") as caught:
        replace_function(text, symbol, source)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("x = 1\nprint(x, 'x', y.x)\n", "x", "z", "z = 1\nprint(z, 'x', y.x)\n"),
        ("def f(a):\n    return a\nf(a=1)\na = 2\n", "f.a", "b", "def f(b):\n    return b\nf(b=1)\na = 2\n"),
        (
            "class A:\n    def m(self):\n        return self.m() + A.m(self) + other.m()\n",
            "A.m",
            "n",
            "class A:\n    def n(self):\n        return self.n() + A.n(self) + other.m()\n",
        ),
        ("x = 1\ndef f():\n    global x\n    x = 2\n", "x", "y", "y = 1\ndef f():\n    global y\n    y = 2\n"),
        ("import os as o\no.path\n", "o", "p", "import os as p\np.path\n"),
        (
            "def f():\n    t = 1\n    return [t for t in range(t)]\n",
            "f.t",
            "u",
            "def f():\n    u = 1\n    return [t for t in range(u)]\n",
        ),
        ("x = 1\r\nprint(x)\r\n", "x", "y", "y = 1\r\nprint(y)\r\n"),
    ],
)
def test_a_rename_changes_what_means_the_name_and_nothing_else(text: str, old: str, new: str, after: str) -> None:
    assert rename(text, old, new)[0] == after


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        ("x = 1\n", "y", "z", "no y defined"),
        ("x = 1\ny = 2\n", "x", "y", "already a name"),
        ("x = 1\n", "x", "1x", "not a name"),
        ("class A:\n    def f(self, a):\n        return a\nx.f(a=1)\n", "A.f.a", "b", "passed by name"),
        ("import os\n", "os", "o", "imported"),
        ("def f(:\n", "f", "g", "does not parse"),
        ("def f():\n    a = 1\ndef g():\n    a = 2\n", "a", "b", "several scopes"),
    ],
)
def test_a_rename_that_could_go_wrong_is_refused(text: str, old: str, new: str, says: str) -> None:
    with pytest.raises(ToolError, match=r".") as caught:
        rename(text, old, new)
    assert says in str(caught.value)
