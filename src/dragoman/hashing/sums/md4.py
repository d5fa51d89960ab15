"""MD4 (RFC 1320), which OpenSSL has given up. For hashes that other software left behind, and for nothing else."""

from __future__ import annotations

from struct import Struct
from typing import Final

_MASK: Final = 0xFFFFFFFF
_START: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_WORDS: Final = Struct("<16I")
_ROUNDS: Final = (
    (0x00000000, (3, 7, 11, 19), (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)
"""Of each round what is added, how far is rotated, and which word is read at each step (RFC 1320 §3.4)."""
DIGEST_BYTES: Final = 16


def md4(message: bytes) -> bytes:
    """The digest."""
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (len(message) * 8).to_bytes(8, "little")
    state = _START
    for start in range(0, len(padded), 64):
        state = _compress(state, _WORDS.unpack_from(padded, start))
    return b"".join(word.to_bytes(4, "little") for word in state)


def _compress(state: tuple[int, int, int, int], words: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for number, (added, shifts, order) in enumerate(_ROUNDS):
        for step, place in enumerate(order):
            mixed = a + _mixed(number, b, c, d) + words[place] + added & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, (mixed << shift | mixed >> 32 - shift) & _MASK, b, c
    return a + state[0] & _MASK, b + state[1] & _MASK, c + state[2] & _MASK, d + state[3] & _MASK


def _mixed(number: int, b: int, c: int, d: int) -> int:
    match number:
        case 0:
            return b & c | ~b & d
        case 1:
            return b & c | b & d | c & d
        case _:
            return b ^ c ^ d
