"""Amounts as they are typed on the command line, read the same way by every command."""

from __future__ import annotations

import argparse
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
