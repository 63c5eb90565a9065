"""Whole requests: the pair over the wire, with the real tools, in a small repository."""

from typing import Any

SHOP = '''"""A shop."""


def total(prices, discount=0):
    """The sum of prices less a discount."""
    if not prices:
        raise ValueError("no prices")
    return sum(prices) - discount


class Cart:
    def __init__(self):
        self.items = []

    def add(self, price, count=1):
        self.items.append((price, count))

    def line(self, price, count):
        return price * count

    def cost(self):
        return total([self.line(p, c) for p, c in self.items])
'''
TESTS = """from unittest import TestCase

from shop import Cart, total


class ShopTest(TestCase):
    def test_total(self):
        self.assertEqual(total([1, 2]), 3)

    def test_cart(self):
        cart = Cart()
        cart.add(2, count=3)
        self.assertEqual(cart.cost(), 6)
"""
FILES = {"shop.py": SHOP, "test_shop.py": TESTS, "README.md": "# Shop\n\nSells.\n"}


async def test_definition_and_uses_are_listed_with_their_lines(ask: Any) -> None:
    session = await ask("where is total used?", FILES)
    assert "`shop.py:4`" in session.said
    assert "`test_shop.py:8`" in session.said
    assert session.text == {}


async def test_a_function_is_explained_from_its_syntax_tree(ask: Any) -> None:
    session = await ask("explain the function total", FILES)
    assert "def total(prices, discount=0)" in session.said
    assert "The sum of prices less a discount." in session.said
    assert "ValueError" in session.said


async def test_a_file_is_explained_by_its_outline(ask: Any) -> None:
    assert "class Cart" in (await ask("explain shop.py", FILES)).said


async def test_the_tests_are_run_and_reported(ask: Any) -> None:
    assert "2 passed" in (await ask("run the tests", FILES)).said


async def test_the_repository_is_described(ask: Any) -> None:
    assert "README.md" in (await ask("what is in this repository?", FILES)).said


async def test_a_symbol_is_renamed_in_one_file(ask: Any) -> None:
    session = await ask("rename line to line_cost in shop.py", FILES)
    assert "self.line_cost(p, c)" in session.text["shop.py"]
    assert "rename_symbol" in session.calls


async def test_a_symbol_is_renamed_across_files_and_the_tests_pass(ask: Any) -> None:
    session = await ask("rename total to grand_total everywhere", FILES)
    assert "def grand_total(" in session.text["shop.py"]
    assert "def test_total" in session.text["test_shop.py"]
    assert "import Cart, grand_total" in session.text["test_shop.py"]
    assert "2 passed" in session.said


async def test_a_failing_test_is_repaired_and_called_no_more_than_passing(ask: Any) -> None:
    session = await ask("fix the failing test", {**FILES, "shop.py": SHOP.replace("price * count", "price + count")})
    assert session.text == {"shop.py": SHOP}
    assert "passes the given tests; please review" in session.said


async def test_a_misspelt_name_is_mended_without_a_search(ask: Any) -> None:
    session = await ask("fix the failing test", {**FILES, "shop.py": SHOP.replace("return total(", "return totl(")})
    assert session.text == {"shop.py": SHOP}
    assert "try_edits" not in session.calls


async def test_text_is_replaced_literally(ask: Any) -> None:
    session = await ask("replace 'Sells.' with 'Sells things.' in README.md", FILES)
    assert session.text["README.md"] == "# Shop\n\nSells things.\n"


async def test_a_parameter_is_removed_with_its_arguments(ask: Any) -> None:
    session = await ask("remove the parameter count from Cart.line", FILES)
    assert "def line(self, price):" in session.text["shop.py"]
    assert "self.line(p)" in session.text["shop.py"]


async def test_a_parameter_is_renamed_with_keyword_arguments(ask: Any) -> None:
    session = await ask("rename the parameter count of Cart.add to number", FILES)
    assert "def add(self, price, number=1):" in session.text["shop.py"]
    assert "(price, number)" in session.text["shop.py"]
    assert "cart.add(2, number=3)" in session.text["test_shop.py"]


async def test_a_parameter_is_added_with_a_default(ask: Any) -> None:
    session = await ask("add a parameter rounded=False to total", FILES)
    assert "def total(prices, discount=0, rounded=False):" in session.text["shop.py"]
    assert list(session.text) == ["shop.py"]


async def test_a_function_moves_with_its_imports(ask: Any) -> None:
    session = await ask("move total from shop.py to sums.py", FILES)
    assert session.text["sums.py"].startswith("def total(")
    assert "from sums import total" in session.text["shop.py"]
    assert "from sums import total" in session.text["test_shop.py"]
    assert "2 passed" in session.said


async def test_a_method_becomes_a_function(ask: Any) -> None:
    request = (
        "Refactor the `line` method in the `Cart` class to be a stand alone, top level function. Name the new "
        "function `line` exactly the same. Update any existing `self.line` calls to work with the new function."
    )
    session = await ask(request, FILES)
    assert "\ndef line(price, count):\n    return price * count\n" in session.text["shop.py"]
    assert "[line(p, c) for p, c" in session.text["shop.py"]
    assert "2 passed" in session.said


async def test_missing_docstrings_are_added_from_the_signature(ask: Any) -> None:
    session = await ask("add docstrings to shop.py", FILES)
    assert '"""Cost."""' in session.text["shop.py"]
    assert session.text["shop.py"].count("The sum of prices") == 1


async def test_what_no_rule_knows_is_said_plainly(ask: Any) -> None:
    session = await ask("write a poem about the sea", FILES)
    assert "No rule matches" in session.said
    assert "--profile" in session.said


async def test_a_name_that_is_not_there_is_said_plainly(ask: Any) -> None:
    assert "Nothing in this repository mentions" in (await ask("where is frobnicate used?", FILES)).said


async def test_an_empty_repository_is_said_to_be_empty(ask: Any) -> None:
    assert (await ask("what is in this repository?", {})).said == "There are no files in this repository yet."


async def test_one_file_in_one_folder_is_said_in_the_singular(ask: Any) -> None:
    said = (await ask("what is in this repository?", {"a.txt": "x\n"})).said
    assert said.startswith("1 file in 1 folder:\n\n- ")


async def test_a_greeting_is_answered_with_what_the_rules_can_do(ask: Any) -> None:
    said = (await ask("hi", FILES)).said
    assert said.startswith("The offline pair are rules, not language models.")
    assert "\n\nFor anything else connect a model: " in said


async def test_a_summary_of_tests_nobody_ran_says_so(ask: Any) -> None:
    assert "No test was run" in (await ask("summarise the last test output", FILES)).said
