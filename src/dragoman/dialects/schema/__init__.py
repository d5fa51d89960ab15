"""The vocabulary of dialect files. Every word has a docstring: the documentation is made from them.

A word that is missing in a file means what it means in the file it extends. Tables are merged, except the ordered
ones (`body`, `headers`, `header`, `claims`), which replace what they extend as a whole.
"""

from __future__ import annotations

from dragoman.dialects.schema import answers, common, endpoints, file, requests
from dragoman.dialects.schema.answers import ErrorsWords, ErrorWords, RefreshTokenWords, ResponseWords, TokenWords
from dragoman.dialects.schema.common import EndpointWords, Names, Ordered, Words
from dragoman.dialects.schema.endpoints import IntrospectionWords, KeyWords, ResourceWords, RevocationWords
from dragoman.dialects.schema.file import ClientDefaults, DialectFile
from dragoman.dialects.schema.requests import (
    BasicWords,
    ClientAuthenticationWords,
    OrderWords,
    RequestWords,
    ScopeWords,
)

MODULES = (common, requests, answers, endpoints, file)
"""Where the words are, in the order in which a reader would want them."""

__all__ = [
    "MODULES",
    "BasicWords",
    "ClientAuthenticationWords",
    "ClientDefaults",
    "DialectFile",
    "EndpointWords",
    "ErrorWords",
    "ErrorsWords",
    "IntrospectionWords",
    "KeyWords",
    "Names",
    "OrderWords",
    "Ordered",
    "RefreshTokenWords",
    "RequestWords",
    "ResourceWords",
    "ResponseWords",
    "RevocationWords",
    "ScopeWords",
    "TokenWords",
    "Words",
]
