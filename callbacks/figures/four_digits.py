"""A number as people write it."""

from __future__ import annotations


def four_digits(value: float) -> str:
    """Write a number with four digits, and from 10,000 to a trillion without decimals or an exponent: an error may be in dollars.

    Example:
        >>> from practicum.callbacks.figures.four_digits import four_digits
        >>> four_digits(0.123456), four_digits(46186.25), four_digits(3e-05), four_digits(1e30)
        ('0.1235', '46,186', '3e-05', '1e+30')
    """
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.4g}"
