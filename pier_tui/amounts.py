"""Amounts as they are typed on the command line and told of sessions, the same way everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from decimal import Decimal, InvalidOperation


def rupees(text: str) -> Decimal:
    """An amount in rupees, 0 or more, with or without the sign. Raises ArgumentTypeError."""
    try:
        amount = Decimal(text.lstrip("₹"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount in rupees")
    return amount


def cost_words(cost: Decimal, unpriced: int, amount: Callable[[Decimal], str]) -> str:
    """What calls cost, so many of them unpriced: `free`, `?` where nothing was priced, `≥` where not everything was.

    `amount` writes rupees.
    """
    if not cost:
        return "?" if unpriced else "free"
    return f"{'≥' if unpriced else ''}{amount(cost)}"
