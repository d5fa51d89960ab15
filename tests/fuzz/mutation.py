"""Bytes that are almost right: seeds, damaged the way fuzzers damage them, the same for the same source of chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

LONGEST = 48 * 1024
"""A little more than the largest body that is read."""
WORDS = tuple(
    word.encode("utf-8", "surrogatepass")
    for word in (
        "", "\0", "\n", "\r\n", "\t", " ", "  ", "%", "%00", "%0d%0a", "%zz", "%e9", "%ED%A0%80", "+", "&", "=", "&&", "==",
        "[]", "[0]", "[", "]", "{", "}", '"', "'", "\\", "\\u0000", "\\ud800", "--", "---", "..", "/", "//", "?", "#", ";",
        ":", "::", ",", "null", "true", "[[[[", '{"a":', "NaN", "-0", "1e400", "-1", "0", "2147483648", "9" * 40,
        "\u0130", "\u00df", "\ufeff", "\u202e", "\U0001f40e", "e\u0301", "\ud800", "\x7f", "grant_type", "client_id",
        "client_secret", "username", "password", "scope", "refresh_token", "token", "access_token", "token_type_hint",
        "client_credentials", "Basic ", "Bearer ", "boundary=", "charset=utf-16", "application/json", "multipart/form-data",
        "application/x-www-form-urlencoded", 'Content-Disposition: form-data; name="a"', "filename=", "$argon2id$", "$2y$",
        "pbkdf2_sha256$", "{bcrypt}", "eyJhbGciOiJub25lIn0", "a" * 300, "é" * 300,
    )
)  # fmt: skip


def mutate(chance: Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """The seed after one to five changes."""
    text = seed
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        text = _change(chance, text, others)
    return text[:LONGEST]


def mutate_parts(chance: Random, seed: bytes, others: Sequence[bytes], separator: bytes) -> bytes:
    """The same, in one part of several: a request whose method is damaged teaches nothing of its body."""
    parts = seed.split(separator)
    place = chance.randrange(len(parts))
    if parts[place]:
        parts[place] = mutate(chance, parts[place], others)
    return separator.join(parts)[:LONGEST]


def mutate_request(chance: Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """A request with most of the damage where most of the reading is: in query and body, and there in one parameter."""
    head, empty_line, body = seed.partition(b"\n\n")
    line, newline, headers = head.partition(b"\n")
    path, mark, query = line.partition(b"?")
    match chance.randrange(10):
        case 0:
            return mutate(chance, seed, others)
        case 1:
            path = mutate(chance, path, others)
        case 2 | 3:
            headers = mutate_parts(chance, headers, others, b"\n")
        case 4 | 5 | 6 if query:
            query = mutate_parts(chance, query, others, b"&")
        case _:
            body = mutate_parts(chance, body, others, chance.choice((b"&", b"\r\n", b'"')))
    return (path + mark + query + newline + headers + empty_line + body)[:LONGEST]


def _change(chance: Random, text: bytes, others: Sequence[bytes]) -> bytes:  # noqa: PLR0911 (a kind each)
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice((0, 1, 1, 2, 4, 8, 32)))
    match chance.randrange(8):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:start] + bytes([chance.randrange(256)]) + text[start + 1 :]
        case 2:
            return text[:start] + chance.randbytes(chance.choice((1, 2, 4, 16))) + text[start:]
        case 3 | 4:
            return text[:start] + chance.choice(WORDS) + text[end:]
        case 5:
            return text[:start] + text[start:end] * chance.choice((2, 2, 3, 10, 100, 1000)) + text[end:]
        case 6:
            other = chance.choice(others)
            cut = chance.randrange(len(other) + 1)
            return text[:start] + other[cut : cut + chance.choice((1, 4, 16, 200))] + text[end:]
        case _:
            flipped = bytes(byte ^ (1 << chance.randrange(8)) for byte in text[start:end])
            return text[:start] + flipped + text[end:]
