"""A name is renamed where it is meant: along imports and scopes, and what is another thing is left alone."""

from typing import Any

FILES = {
    "shop/__init__.py": "from .prices import calc\n\n__all__ = ['calc']\n",
    "shop/prices.py": (
        "def calc(cart):\n    return sum(cart)\n\n\ndef twice(cart, calc=None):\n    return calc or 2\n\n\n"
        "def both(cart):\n    return calc(cart) + sum(calc([p]) for p in cart)\n"
    ),
    "shop/lines.py": "class Line:\n    calc = 3\n\n    def price(self):\n        return self.calc\n",
    "shop/use.py": (
        "import shop.prices\nfrom shop import calc as price_of\n\nTOTAL = shop.prices.calc([1]) + price_of([2])\n"
    ),
    "shop/cli.py": "from shop import calc\n\n\ndef main(other):\n    return calc([1, other.calc])  # calc it\n",
    "test_shop.py": (
        "from unittest import TestCase\n\nfrom shop import calc, use\nfrom shop.prices import both\n\n\n"
        "class ShopTest(TestCase):\n    def test_calc(self):\n        self.assertEqual(calc([1]), 1)\n"
        "        self.assertEqual(both([1]), 2)\n        self.assertEqual(use.TOTAL, 3)\n"
    ),
}


async def test_a_module_level_name_is_renamed_along_its_imports_only(ask: Any) -> None:
    session = await ask("rename calc to quote everywhere", FILES)
    assert session.text["shop/__init__.py"] == "from .prices import quote\n\n__all__ = ['quote']\n"
    assert "def twice(cart, calc=None):\n    return calc or 2" in session.text["shop/prices.py"]
    assert "return quote(cart) + sum(quote([p]) for p in cart)" in session.text["shop/prices.py"]
    assert "shop.prices.quote([1]) + price_of([2])" in session.text["shop/use.py"]
    assert "return quote([1, other.calc])  # calc it" in session.text["shop/cli.py"]
    assert "shop/lines.py" not in session.text
    assert "1 passed" in session.said
    assert "Left alone" in session.said
    assert "`shop/lines.py:2`" in session.said


async def test_a_method_of_one_class_is_renamed_by_its_attribute_accesses(ask: Any) -> None:
    session = await ask(
        "rename price to cost everywhere", {**FILES, "more.py": "def g(line, price):\n    return line.price()\n"}
    )
    assert "def cost(self):" in session.text["shop/lines.py"]
    assert session.text["more.py"] == "def g(line, price):\n    return line.cost()\n"


async def test_a_method_is_named_with_its_class(ask: Any) -> None:
    session = await ask("Rename the method price of Line to cost everywhere", FILES)
    assert "def cost(self):" in session.text["shop/lines.py"]


async def test_a_method_of_two_classes_is_not_renamed_by_guess(ask: Any) -> None:
    more = {"more.py": "class Other:\n    def price(self):\n        return 1\n"}
    session = await ask("rename price to cost everywhere", {**FILES, **more})
    assert session.text == {}
    assert "method of several classes" in session.said


async def test_a_new_name_that_is_taken_where_the_old_one_is_used_is_refused(ask: Any) -> None:
    more = {"more.py": "from shop import calc\n\n\ndef f(x):\n    quote = calc(x)\n    return quote\n"}
    session = await ask("rename calc to quote everywhere", {**FILES, **more})
    assert session.text == {}
    assert "`quote` already means something else where `calc` is used (`more.py:4`)" in session.said
