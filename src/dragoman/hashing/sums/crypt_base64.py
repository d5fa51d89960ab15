"""The base64 of crypt(3) and phpass: another alphabet, and the lowest six bits first."""

from __future__ import annotations

_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ZERO = _DIGITS[0]
"""The digit for six bits that are zero."""


def crypt_base64(value: bytes) -> str:
    """Each three bytes as four digits."""
    return "".join(_spell(value[start : start + 3]) for start in range(0, len(value), 3))


def digit_value(digit: str) -> int:
    """What one digit stands for; -1 if it is none."""
    return _DIGITS.find(digit)


def _spell(group: bytes) -> str:
    number = int.from_bytes(group, "little")
    return "".join(_DIGITS[number >> shift & 0x3F] for shift in range(0, 8 * len(group), 6))
